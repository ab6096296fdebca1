"""What ordinary scripts name, found several times as fast as by parsing; it does not judge whether they parse.

Where brackets do not balance, or anything stands that could be read otherwise (an `import` of an unusual shape, a
slash that only a parser understands), it says so and leaves the script to `scan_js`. Knows no files; made for builds in
which no processor reads scripts, where parsing would be most of the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assetbuild.build.js_lexemes import blanked, left_open, lex
from assetbuild.build.js_references import Bare, specifier
from assetbuild.build.model import Reference, RefKind

_WORTH_READING = ("import", "export", "await", "serviceWorker", "Worker", "use strict", "sourceMappingURL", "<!--")
"""One of them is in every script of which there is more to say than that it is one."""
_WORDS = ("import", "export", "await", "importScripts", "serviceWorker", "Worker", "SharedWorker")
_RESERVED = ("import", "export", "await")
_NAME = re.compile(r"[\w$]")
_NAMES = r"\{[\w$\s,]*+\}"
_STAR = r"\*\s*+as\s++[\w$]++\s++"
_STRING = r"\s*+(?P<source>\"\0*+\"|'\0*+')"
_IMPORT = re.compile(
    rf"import(?:\s*+{_NAMES}\s*+from|\s*+{_STAR}from|\s++[\w$]++(?:\s*+,\s*+{_NAMES}\s*+|\s*+,\s*+{_STAR}|\s++)from)?{_STRING}"
)
_REEXPORT = re.compile(rf"export\s*+(?:{_NAMES}\s*+|\*\s*+|{_STAR})from{_STRING}")
_EXPORT = re.compile(
    rf"export(?:\s*+{_NAMES}(?!\s*+from(?![\w$]))|\s++(?:default|const|let|var|function|class|async)(?![\w$]))"
)
_DYNAMIC = re.compile(r"import\s*+\(\s*+(?P<source>\"\0*+\"|'\0*+'|`\0*+`)\s*+[,)]")
_CALLED = re.compile(
    r"importScripts\s*+(?:\?\.\s*+)?\((?!\s*+[\w$.]++\s*+\))|\w+Worker\s*+\(\s*+[\"'`]|Worker\s*+\(\s*+[\"'`]"
)
_KEY = re.compile(r"\w+\s*+:")
_ASYNC = re.compile(
    r"(?<![\w$.])async(?:[ \t]++(?P<function>function)[ \t]*+\*?[ \t]*+[\w$]*+|[ \t]*+\*[ \t]*+[\w$#]++"
    r"|[ \t]++[\w$#]++)[ \t]*\Z"
)
_ASYNC_LENGTH = 128
_ENDS_ARROW = re.compile(r"[,;:\n\r\u2028\u2029]")
"""The body of an arrow function that is an expression surely goes on up to one of these."""
_FAR = 1 << 13
_DEEPEST = 64
_LOOKS = 20_000
"""Brackets that are looked at for all `await`s of a script. Beyond this it is cheaper to parse."""
_DIRECTIVE = re.compile(r"(?P<quoted>\"\0*+\"|'\0*+')\s*+;\s*+")


@dataclass(frozen=True, slots=True)
class Skimmed:
    """What `scan_js.Script` has too, in characters; `comments` are all comments, in order."""

    references: tuple[Reference, ...] = ()
    bare: tuple[Bare, ...] = ()
    module_syntax: int | None = None
    strict_at: tuple[int, int] | None = None
    comments: tuple[tuple[int, int], ...] = ()
    blank: bool = False


class _OnlyParsing(Exception):
    """The script may be read otherwise."""


def skim(text: str) -> Skimmed | None:
    """What an ordinary script names; None where only a parser tells."""
    if not any(word in text for word in _WORTH_READING) and not left_open(text):
        start = text.lstrip()[:1]
        if start not in ("/", "#", "-", "\ufeff"):
            return Skimmed(blank=not start)
    lexed = lex(text)
    if lexed is None or left_open(lexed.code):
        return None
    code = blanked(text, lexed.lexemes)
    try:
        strict = _directive(code, text)
        starts, named = _named(code, text)
    except _OnlyParsing:
        return None
    return Skimmed(
        references=tuple(one for one in named if isinstance(one, Reference)),
        bare=tuple(one for one in named if isinstance(one, Bare)),
        module_syntax=min(starts, default=None),
        strict_at=strict,
        comments=lexed.comments,
        blank=not code.strip(),
    )


def _words(code: str) -> list[tuple[int, str]]:
    """The places of `_WORDS`, in order."""
    found: list[tuple[int, str]] = []
    for word in _WORDS:
        at = code.find(word)
        while at >= 0:
            end = at + len(word)
            if not (at and _NAME.match(code, at - 1)) and not _NAME.match(code, end):
                found.append((at, word))
            at = code.find(word, end)
    return sorted(found)


def _directive(code: str, text: str) -> tuple[int, int] | None:
    """The span of a 'use strict' that the script begins with (ECMA-262, section 11.2.1). Raises `_OnlyParsing`."""
    if "use strict" not in text:
        return None
    at = len(code) - len(code.lstrip())
    while code[at : at + 1] in ("'", '"'):
        found = _DIRECTIVE.match(code, at)
        if found is None:
            raise _OnlyParsing
        start, end = found.span("quoted")
        if text[start + 1 : end - 1] == "use strict":
            return start, end
        at = found.end()
    return None


def _named(code: str, text: str) -> tuple[list[int], list[Reference | Bare]]:
    """Where module syntax begins, and what is named. Raises `_OnlyParsing`."""
    starts: list[int] = []
    named: list[Reference | Bare] = []
    passed = depth = 0
    looks = _LOOKS + len(text) // 8
    for start, word in _words(code):
        if word in _RESERVED and (_is_property(code, start) or _KEY.match(code, start)):
            continue
        kind = RefKind.JS_IMPORT
        if word in ("import", "export"):
            found = _DYNAMIC.match(code, start)
            if found is not None:
                kind = RefKind.JS_DYNAMIC
            else:
                depth += left_open(code, passed, start)
                passed = start
                found = (_IMPORT if word == "import" else _REEXPORT).match(code, start)
                found = found or _EXPORT.match(code, start)
                if depth or found is None:
                    raise _OnlyParsing
                starts.append(start)
            if "source" in found.re.groupindex:
                one = specifier(kind, text, found.start("source") + 1, found.end("source") - 1)
                named += () if one is None else (one,)
        elif word == "await":
            if not starts:  # a module, where no function is around it
                looks = _looks_left_within_function(code, start, looks)
        elif word == "serviceWorker" or _CALLED.match(code, start):
            raise _OnlyParsing
    return starts, named


def _is_property(code: str, end: int) -> bool:
    """Whether the word at `end` is the name of a property. Raises `_OnlyParsing` behind spreads, numbers and hashes."""
    while end and code[end - 1].isspace():
        end -= 1
    before = code[end - 1 : end]
    if before == "#":
        raise _OnlyParsing
    if before != ".":
        return False
    start = end - 1
    while start and _NAME.match(code, start - 1):
        start -= 1
    if code[end - 2 : end - 1] == "." or code[start].isdigit():
        raise _OnlyParsing
    return True


def _looks_left_within_function(code: str, at: int, looks: int) -> int:
    """`looks`, without the brackets that were looked at to see that a function is surely around `at`.

    One with a body in braces, or an arrow function. Raises `_OnlyParsing` in doubt.
    """
    depth, end, last, may_be_arrow = 0, at, at, True
    while looks:
        looks -= 1
        here = max(code.rfind(bracket, max(0, last - _FAR), last) for bracket in "()[]{}")
        if not depth and may_be_arrow:  # what is between the brackets at the depth of `at`, or around it
            _, arrow, body = code[here + 1 : end].rpartition("=>")
            may_be_arrow = _ENDS_ARROW.search(body) is None
            if arrow and may_be_arrow:
                return looks
        if here < 0:
            break
        last = here
        if code[here] in ")]}":
            may_be_arrow = may_be_arrow and (depth > 0 or code[here] != "}")
            depth += 1
        elif depth:
            depth -= 1
            end = here
        elif code[here] == "{" and _begins_body(code, here):
            return looks
        else:
            end, may_be_arrow = here, True
    raise _OnlyParsing


def _begins_body(code: str, brace: int) -> bool:
    """Whether the brace is surely that of an arrow function, or of an async one, with its parameters on one line."""
    end = brace
    while end and code[end - 1].isspace():
        end -= 1
    is_next_line = _ENDS_ARROW.search(code, end, brace) is not None
    if code.endswith("=>", 0, end):
        return True
    if not code.endswith(")", 0, end):
        return False
    depth = 0
    for _ in range(_DEEPEST):
        end = max(code.rfind("(", max(0, brace - _FAR), end), code.rfind(")", max(0, brace - _FAR), end))
        if end < 0:
            return False
        depth += 1 if code[end] == ")" else -1
        if not depth:
            found = _ASYNC.search(code[max(0, end - _ASYNC_LENGTH) : end])
            return found is not None and (not is_next_line or found["function"] is not None)
    return False
