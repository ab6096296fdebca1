"""A style sheet, or what a block holds, cut into its statements: CSS Syntax 3, section 5.4, with nesting.

One pattern cuts what is ordinary, a whole rule at a time; whatever it may read otherwise than the standard is left to
the tokens. Knows where a statement ends and nothing of what it says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from assetbuild.build.css_tokens import CLOSERS, Kind, Token, is_closed, tokenize


class Cut(NamedTuple):
    """A statement and what ended it: `text` from `start` on, with the comments and white space behind it.

    `mark`, at `end`: `;`, or `{` of a block; `{}` if that holds no other, and `body` is what it holds; '' where the
    block or text ended; or it is no statement, but a `}` with nothing before it, a `<!--` or a `-->`.
    """

    start: int
    text: str
    mark: str
    end: int
    body: str = ""

    @property
    def closed(self) -> int:
        """Where the `}` of a `{}` stands."""
        return self.end + 1 + len(self.body)


def sheet(text: str) -> Sequence[Cut] | None:
    """The statements of a style sheet; None where it does not parse: a bracket or string left open, a stray `}`."""
    cuts = sheet_by_pattern(text)
    return by_tokens(text, nested=False) if cuts is None else cuts


def block(text: str) -> Sequence[Cut]:
    """The statements of a block that holds no other: the `body` of a cut."""
    cuts = block_by_pattern(text)
    return (by_tokens(text, nested=True) or ()) if cuts is None else cuts


# --- by one pattern --------------------------------------------------------------------------------------

_BLANK = r"[ \t\n\r\f]"
_STRING = r"\"(?:[^\"\\\n\r\f]++|\\(?:\r\n|(?s:.)))*+\"|'(?:[^'\\\n\r\f]++|\\(?:\r\n|(?s:.)))*+'"
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"
_ESCAPE = rf"\\(?:[0-9a-fA-F]{{1,6}}+(?:\r\n|{_BLANK})?+|[^\n\r\f0-9a-fA-F])"
# A name with an escape in it, which may spell `url` and then must not stand before a parenthesis.
_ESCAPED = rf"{_ESCAPE}(?:[^\x01-,./:-@\[-^`{{-\x7f]++|{_ESCAPE})*+(?!\()"
_WITHIN = rf"[^{{}}\"'/\\()\[\]]++|{_STRING}|{_COMMENT}|/(?!\*)|{_ESCAPED}|\[(?:[^{{}}\"'/\\()\[\]]++|{_STRING})*+\]"
# Without quotes, parentheses and comments in it, it ends at the same `)` whether it is a `url()` or another function.
_URL = r"(?<=[uU][rR][lL])\((?:[^\"'()\\\[\]{}/]++|/(?!\*))*+\)"
_OPENING = rf"(?:(?<![uU][rR][lL])\(|(?<=[uU][rR][lL])\({_BLANK}*+(?=[\"']))"


def _nested(deep: int) -> str:
    """Whatever stands in parentheses, and the parentheses."""
    return rf"{_URL}|{_OPENING}(?:{_WITHIN}|{_nested(deep - 1)})*+\)" if deep else _URL


_DEEPEST = 6
_PIECE = (
    rf"[^{{}};\"'/\\()\[\]]++|{_STRING}|{_COMMENT}|/(?!\*)|{_ESCAPED}"
    rf"|\[(?:[^{{}}\"'/\\()\[\]]++|{_STRING})*+\]|{_nested(_DEEPEST)}"
)
_SHEET = re.compile(
    rf"(?:{_BLANK}++|{_COMMENT})*+((?:{_PIECE})*+)(?:(\{{)(?:((?:{_PIECE}|;)*+)\}})?|([;}}])|\Z)|((?s:.))"
)
_BLOCK = re.compile(rf"(?:{_BLANK}++|{_COMMENT})*+((?:{_PIECE})*+)(?:(;)|\Z)|((?s:.))")
_AT = re.compile(r"@-?[a-zA-Z_]")
_PLAIN_BLOCK = re.compile(r"[^\"'/\\(){}\[\]@]*+")


def sheet_by_pattern(text: str) -> list[Cut] | None:
    """None where only tokens tell."""
    if "<!--" in text or "-->" in text:
        return None
    cuts: list[Cut] = []
    depth = 0
    for match in _SHEET.finditer(text):
        statement, brace, body, mark, other = match.groups()
        if other:
            return None
        if statement[:1] in ("@", "-") and not _is_plainly_begun(statement):
            return None
        if brace:
            start, end = match.start(1), match.start(2)
            if body is None:
                depth += 1
                cuts.append(Cut(start, statement, "{", end))
            else:
                cuts.append(Cut(start, statement, "{}", end, body))
        elif mark == ";":
            if not depth and statement[:1] != "@":
                return None
            cuts.append(Cut(match.start(1), statement, ";", match.start(4)))
        elif mark:
            depth -= 1
            if depth < 0:
                return None
            if statement:
                cuts.append(Cut(match.start(1), statement, "", match.start(4)))
            cuts.append(Cut(match.start(4), "", "}", match.start(4)))
        elif statement:
            if statement[0] != "@" or depth:
                return None
            cuts.append(Cut(match.start(1), statement, "", len(text)))
    return None if depth else cuts


def _is_plainly_begun(statement: str) -> bool:
    """Whether it is surely an at-rule, or surely no declaration of a custom property, which may hold braces."""
    return _AT.match(statement) is not None if statement[0] == "@" else not statement.startswith("--")


def block_by_pattern(text: str) -> list[Cut] | None:
    """None where only tokens tell."""
    cuts: list[Cut] = []
    if _PLAIN_BLOCK.fullmatch(text):
        start = 0
        *ended, last = text.split(";")
        for statement in ended:
            end = start + len(statement)
            cuts.append(Cut(start, statement.lstrip(" \t\n\r\f"), ";", end))
            start = end + 1
        return [*cuts, Cut(start, last, "", len(text))] if (last := last.lstrip(" \t\n\r\f")) else cuts
    for match in _BLOCK.finditer(text):
        statement, mark, other = match.groups()
        if other:
            return None
        if mark or statement:
            cuts.append(Cut(match.start(1), statement, mark or "", match.end(1)))
    return cuts


# --- by tokens -------------------------------------------------------------------------------------------

_ENDS = frozenset(CLOSERS.values())


def by_tokens(text: str, *, nested: bool) -> list[Cut] | None:
    """The statements of any text; None where it does not parse. `nested`: it stands in a block."""
    tokens = _sound(text)
    ends = _matching(tokens) if tokens is not None else None
    if tokens is None or ends is None:
        return None
    cuts: list[Cut] = []
    opened: list[int] = []  # the cuts whose blocks are open; behind a block that is none of the innermost's, nothing
    at = 0
    while at < len(tokens):
        kind, start, end = tokens[at]
        depth = len(opened) + nested
        if kind is Kind.CLOSE_BRACE:
            cuts.append(Cut(start, "", "}", start))
            _close(text, cuts, opened.pop())
            at += 1
        elif (kind is Kind.SEMICOLON and depth) or (kind in (Kind.CDO, Kind.CDC) and not depth):
            mark = text[start:end]
            cuts.append(Cut(start, "", mark, start))
            at += 1
        else:
            at = _end_of_statement(text, tokens, ends, at, nested=depth > 0)
            follows = tokens[at] if at < len(tokens) else None
            mark = text[follows.start] if follows is not None else ""
            last = follows.start if follows is not None else len(text)
            if mark == "{":
                opened.append(len(cuts))
            cuts.append(Cut(start, text[start:last], "" if mark == "}" else mark, last))
            at += mark in ("{", ";")
    return cuts


def _close(text: str, cuts: list[Cut], opened: int) -> None:
    """Make one of a block that holds no other."""
    one = cuts[opened]
    if all(cut.mark != "{" and cut.mark != "{}" for cut in cuts[opened + 1 :]):
        cuts[opened:] = [one._replace(mark="{}", body=text[one.end + 1 : cuts[-1].start])]


def _sound(text: str) -> list[Token] | None:
    """The tokens but white space and comments; None where one of them is broken."""
    tokens = tokenize(text)
    if tokens and not is_closed(text, tokens[-1]):
        return None
    for kind, start, end in tokens:
        # The newline after a bad string is what ends it; so it is with a `\`, which else would begin an escape.
        if kind is Kind.BAD_STRING or (kind is Kind.DELIM and text[start:end] == "\\"):
            return None
    return [token for token in tokens if token.kind is not Kind.SPACE and token.kind is not Kind.COMMENT]


def _matching(tokens: Sequence[Token]) -> dict[int, int] | None:
    """Where each bracket is closed; None if one is not, or if a `}` closes nothing. A stray `)` is a mere token."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind in CLOSERS:
            opened.append(index)
        elif token.kind in _ENDS:
            if opened and CLOSERS[tokens[opened[-1]].kind] is token.kind:
                ends[opened.pop()] = index
            elif token.kind is Kind.CLOSE_BRACE:
                return None
    return None if opened else ends


def _end_of_statement(text: str, tokens: Sequence[Token], ends: dict[int, int], start: int, *, nested: bool) -> int:
    """The index of what ends the statement that begins at `start`: a `;`, `{` or `}`, or the end of the tokens."""
    first = tokens[start]
    custom = nested and text.startswith("--", first.start)
    custom = custom and start + 1 < len(tokens) and tokens[start + 1].kind is Kind.COLON
    end = start
    while end < len(tokens):
        kind = tokens[end].kind
        if kind is Kind.OPEN_BRACE and not custom:
            break
        if kind is Kind.CLOSE_BRACE or (kind is Kind.SEMICOLON and (nested or first.kind is Kind.AT)):
            break
        end = ends.get(end, end) + 1
    return end
