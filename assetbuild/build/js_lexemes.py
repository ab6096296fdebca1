"""What of a script is code, and what a string, comment, template or regular expression: told without parsing.

All of it hangs on what a slash begins, which `js_slashes` tells as a rule; where it does not, the answer is that only a
parser knows. Whether the code makes a program is not looked at.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assetbuild.build.js_slashes import (
    HEAD,
    LINE_END,
    MIDDLE,
    REGEX,
    SPACE,
    STRING,
    TAIL,
    TEMPLATE,
    Lexeme,
    Slashes,
)


class _Patterns(NamedTuple):
    """What is searched for: in code, and where a brace may close a substitution."""

    in_code: re.Pattern[str]
    in_substitution: re.Pattern[str]


def _patterns(line_ends: str) -> _Patterns:
    """For texts that have no other line ends than those."""
    double = r'"(?:[^"\\\r\n]++|\\(?:\r\n|.))*+"'
    single = double.replace('"', "'")
    comment = rf"//[^{line_ends}]*+|/\*[^*]*+\*++(?:[^*/][^*]*+\*++)*+/"
    lexeme = rf"{double}|{single}|{comment}|/|`|\"|'"
    return _Patterns(re.compile(lexeme, re.DOTALL), re.compile(rf"{lexeme}|\{{|\}}", re.DOTALL))


_ANY = _patterns(r"\r\n\u2028\u2029")
_LINE_FEEDS = _patterns(r"\n")  # goes faster
_TEMPLATE = re.compile(r"(?:[^`\\$]++|\\.|\$(?!\{))*+(?:`|\$\{)", re.DOTALL)
_REGEX = re.compile(
    r"/(?:[^/\\\[\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029]|\[(?:[^\]\\\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029])*+\])++/"
    r"[\w$]*+"
)
_LINE_END = re.compile(r"[\n\r\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Lexed:
    """A script with what is no code told apart.

    `slashes`: of each slash outside comments, whether it begins a regular expression. `code` is the script with one
    character, its sign, in the place of each lexeme.
    """

    lexemes: Sequence[Lexeme]
    slashes: Sequence[bool]
    code: str

    @property
    def comments(self) -> tuple[tuple[int, int], ...]:
        """The spans of the comments, in order."""
        return tuple((start, end) for start, end, sign in self.lexemes if sign in (SPACE, LINE_END))


def lex(text: str, slashes: Sequence[bool] | None = None) -> Lexed | None:
    """None where only a parser tells what is code, or where there are escapes of identifiers, white space or characters
    that are rare in code, byte order marks among them, or what may be comments of HTML.

    `slashes` are those of another script: what is told is right if the code turns out to have the same tokens, and a
    line end wherever that one has one that means anything.
    """
    if text.startswith("#!"):
        return None
    lexemes: list[Lexeme] = []
    told = Slashes(text, lexemes).begins_regex if slashes is None else _in_turn(slashes)
    found = _slashes(text, lexemes, told)
    if found is None:
        return None
    code = _code(text, lexemes)
    literals = sum(sign not in (SPACE, LINE_END) for _, _, sign in lexemes)
    return None if _is_unusual(code, literals) else Lexed(lexemes, found, code)


lex_once = functools.lru_cache(maxsize=2)(lex)
"""The same, and the last two are kept: looking for licences, minifying and proving ask for the same two in turn."""


def blanked(text: str, lexemes: Sequence[Lexeme]) -> str:
    """`text` with its strings blanked between their quotes, and all else that is no code; offsets are the same.

    Of a comment that has one, a line end is left, as it counts. Substitutions stand in parentheses, so that brackets
    balance where they do in the script.
    """
    pieces: list[str] = []
    at = 0
    for start, end, sign in lexemes:
        pieces.append(text[at:start])
        if sign in _BLANKED:
            first, last = _BLANKED[sign]
            pieces.append(f"{first or text[start]}{_NUL * (end - start - 2)}{last or text[start]}")
        else:
            pieces.append(sign + " " * (end - start - 1))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def left_open(code: str, start: int = 0, end: int = sys.maxsize) -> int:
    """Of the kind of bracket that differs most, how many more open than close in code from `start` to `end`."""
    counts = [code.count(one, start, end) - code.count(other, start, end) for one, other in ("()", "[]", "{}")]
    return max(counts, key=abs)


_NUL = "\0"
_BLANKED = {STRING: ("", ""), REGEX: "//", TEMPLATE: "``", HEAD: "`(", MIDDLE: ")(", TAIL: ")`"}


def _in_turn(slashes: Sequence[bool]) -> Callable[[int], bool | None]:
    given = iter(slashes)
    return lambda _: next(given, None)


def _slashes(text: str, lexemes: list[Lexeme], begins_regex: Callable[[int], bool | None]) -> list[bool] | None:
    """Adds all lexemes of the text, and gives what slashes begin; None where only a parser tells."""
    is_plain = not ("\r" in text or "\u2028" in text or "\u2029" in text)
    patterns = _LINE_FEEDS if is_plain else _ANY
    slashes: list[bool] = []
    braces: list[int] = []  # per open substitution, how many braces are open in it
    at = 0
    while True:
        for found in (patterns.in_substitution if braces else patterns.in_code).finditer(text, at):
            start, at = found.span()
            sign = text[start]
            if sign in "\"'":
                if at - start == 1:  # it does not end
                    return None
                lexemes.append((start, at, STRING))
            elif sign == "/" and at - start > 1:
                has_line_end = text.find("\n", start, at) >= 0 if is_plain else _LINE_END.search(text, start, at)
                lexemes.append((start, at, LINE_END if has_line_end else SPACE))
            elif sign == "/":
                is_regex = None if text.startswith("/*", start) else begins_regex(start)
                if is_regex is None:
                    return None
                slashes.append(is_regex)
                if not is_regex:
                    continue
                regex = _REGEX.match(text, start)
                if regex is None:
                    return None
                at = regex.end()
                lexemes.append((start, at, REGEX))
                break
            elif sign == "{":
                braces[-1] += 1
            elif sign == "}" and braces[-1]:
                braces[-1] -= 1
            else:
                part = _TEMPLATE.match(text, at)
                if part is None:
                    return None
                at = part.end()
                lexemes.append((start, at, _part(text, start, at, braces)))
                break
        else:
            return None if braces else slashes


def _part(text: str, start: int, end: int, braces: list[int]) -> str:
    """The sign of a part of a template; `braces` are of the substitutions that are open before it, and then behind."""
    if text[start] == "`":
        if text[end - 1] == "`":
            return TEMPLATE
        braces.append(0)
        return HEAD
    if text[end - 1] == "`":
        braces.pop()
        return TAIL
    return MIDDLE


def _code(text: str, lexemes: Sequence[Lexeme]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, sign in lexemes:
        pieces += (text[at:start], sign)
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


_SIGNS = bytes(map(ord, (STRING, REGEX, TEMPLATE, HEAD, MIDDLE, TAIL)))
_USUAL = b"\t\n\r " + bytes(set(range(0x21, 0x7F)) - set(b"\\"))
_STRANGE = re.compile(r"[^\w\s!-~\x01-\x06]|[^\S\t\n\r ]|\\")


def _is_unusual(code: str, literals: int) -> bool:
    """Whether anything stands in the code that is rare; the signs are as many as `literals`, if they are no code."""
    if code.isascii():
        rest = code.encode("ascii").translate(None, _USUAL)
        if len(rest) != literals or rest.translate(None, _SIGNS):
            return True
    elif _STRANGE.search(code) or sum(code.count(chr(sign)) for sign in _SIGNS) != literals:
        return True
    return "<!--" in code or ("-->" in code and _begins_line(code, "-->"))


def _begins_line(code: str, sign: str) -> bool:
    """Whether `sign` stands first on a line: there `-->` may begin a comment (ECMA-262, annex B.1.1)."""
    at = code.find(sign)
    while at >= 0:
        end = at
        while end and code[end - 1].isspace():
            end -= 1
        if not end or _LINE_END.search(code, end, at):
            return True
        at = code.find(sign, at + len(sign))
    return False
