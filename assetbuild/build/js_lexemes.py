"""What of a script is code, and what a string, comment, template or regular expression: told without parsing.

All of it hangs on what a slash begins, which its neighbours tell as a rule; where they do not, the answer is that only
a parser knows. Whether the code makes a program is not looked at.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from assetbuild.build.js_tree import RESERVED

_DOUBLE = r'"(?:[^"\\\r\n]++|\\(?:\r\n|.))*+"'
_SINGLE = r"'(?:[^'\\\r\n]++|\\(?:\r\n|.))*+'"
_COMMENT = r"//[^\r\n\u2028\u2029]*+|/\*.*?\*/"
_LEXEME = rf"{_DOUBLE}|{_SINGLE}|{_COMMENT}|/|`|\"|'"
_IN_CODE = re.compile(_LEXEME, re.DOTALL)
_IN_SUBSTITUTION = re.compile(rf"{_LEXEME}|\{{|\}}", re.DOTALL)
_TEMPLATE = re.compile(r"(?:[^`\\$]++|\\.|\$(?!\{))*+(?:`|\$\{)", re.DOTALL)
_REGEX = re.compile(
    r"/(?:[^/\\\[\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029]|\[(?:[^\]\\\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029])*+\])++/"
    r"[\w$]*+"
)


_NUL = "\0"


BYTE_ORDER_MARK = "\ufeff"
_ARROW = re.compile(r"(?<![\w$)\]])-->")
"""What may be the end of a comment of HTML, and not `n-->0`."""


class Lexeme(NamedTuple):
    """Characters `start` to `end` that are no code; `sign` is the first of them, `{` for the head of a template up to
    its substitution, `*` for a comment."""

    start: int
    end: int
    sign: str


class Code(NamedTuple):
    """A script with its strings blanked between their quotes, and all else that is no code; offsets are the same."""

    text: str
    lexemes: list[Lexeme]


def lex(text: str) -> Code | None:
    """None where only a parser tells what is code."""
    lexemes: list[Lexeme] = []
    braces: list[int] = []  # per open substitution, how many braces are open in it
    at = 0
    while (found := (_IN_SUBSTITUTION if braces else _IN_CODE).search(text, at)) is not None:
        start, at = found.span()
        sign = text[start]
        if sign == "/":
            if at - start > 1:
                sign = "*"
            else:
                is_regex = _begins_regex(text, start, lexemes)
                if is_regex is None:
                    return None
                if not is_regex:
                    continue
                regex = _REGEX.match(text, start)
                if regex is None:
                    return None
                at = regex.end()
        elif sign == "{":
            braces[-1] += 1
            continue
        elif sign == "}" and braces[-1]:
            braces[-1] -= 1
            continue
        elif sign in "`}":
            part = _TEMPLATE.match(text, at)
            if part is None:
                return None
            at = part.end()
            if sign == "}":
                braces.pop()
            if text[at - 1] == "{":
                braces.append(0)
            sign = text[at - 1]
        elif at - start == 1:  # a string that does not end
            return None
        lexemes.append(Lexeme(start, at, sign))
    return None if braces else Code(_blanked(text, lexemes), lexemes)


def is_unusual(code: str) -> bool:
    """Whether there are escapes of identifiers, byte order marks, or what may be comments of HTML."""
    return (
        "\\" in code or BYTE_ORDER_MARK in code or "<!--" in code or ("-->" in code and _ARROW.search(code) is not None)
    )


def left_open(code: str, start: int = 0, end: int = sys.maxsize) -> int:
    """Of the kind of bracket that differs most, how many more open than close in code from `start` to `end`."""
    counts = [code.count(one, start, end) - code.count(other, start, end) for one, other in ("()", "[]", "{}")]
    return max(counts, key=abs)


def _blanked(text: str, lexemes: list[Lexeme]) -> str:
    """Substitutions stand in parentheses, so that brackets balance where they do in the script."""
    pieces: list[str] = []
    at = 0
    for start, end, sign in lexemes:
        pieces.append(text[at:start])
        if sign == "*":
            pieces.append(" " * (end - start))
        else:
            first = ")" if text[start] == "}" else text[start]
            last = "(" if sign == "{" else text[start] if sign == "/" else sign
            pieces.append(f"{first}{_NUL * (end - start - 2)}{last}")
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


# --- slashes ---------------------------------------------------------------------------------------------

_BEFORE_REGEX = frozenset("(,=:[!&|?{;*%~^<>")
_WORDS_BEFORE_REGEX = frozenset(
    [
        "case",
        "default",
        "delete",
        "do",
        "else",
        "extends",
        "in",
        "instanceof",
        "new",
        "return",
        "throw",
        "typeof",
        "void",
    ]
)
_VALUES = frozenset(["false", "null", "super", "this", "true"])
_EITHER = (
    frozenset(["as", "async", "await", "from", "get", "let", "of", "set", "static", "yield"])
    | {word.decode() for word in RESERVED}
) - _VALUES
"""Words that are names somewhere; or where a line may end, so that a regular expression begins the next."""
_HEADS = frozenset(("for", "if", "while", "with"))
_BEFORE_BLOCK = frozenset(("do", "else", "finally", "try"))
_BEFORE_HEAD_AND_BLOCK = _HEADS | {"catch", "switch"}
_PARENTHESIS = re.compile(r"[()]")
_BRACE = re.compile(r"[{}]")
_FAR = 1 << 12
_FARTHER = 1 << 16


def _begins_regex(text: str, at: int, lexemes: list[Lexeme]) -> bool | None:
    """Whether the slash at `at` begins a regular expression (ECMA-262, section 12.1); None where it may do either."""
    end, number = _code_before(text, at, lexemes, len(lexemes))
    if number and lexemes[number - 1].end == end:
        return lexemes[number - 1].sign == "{"
    if not end:
        return True
    before = text[end - 1]
    if before in _BEFORE_REGEX:
        return True
    if before in "+-":
        return None if text[end - 2 : end - 1] == before else True
    if before == "]":
        return False
    if before in ")}":
        return (_ends_head if before == ")" else _ends_block)(text, end, lexemes, number)
    word = _word_before(text, end)
    if not word:
        return None
    if word[0].isdigit():
        return False
    if text[end - len(word) - 1 : end - len(word)] in (".", "#"):
        return None if text[end - len(word) - 2 : end - len(word)] == ".." else False
    if word in _WORDS_BEFORE_REGEX:
        return True
    return None if word in _EITHER else False


def _code_before(text: str, end: int, lexemes: list[Lexeme], number: int) -> tuple[int, int]:
    """Where white space and comments before `end` begin, and how many of the first `number` lexemes stand before it."""
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        if not number or lexemes[number - 1].end != end or lexemes[number - 1].sign != "*":
            return end, number
        number -= 1
        end = lexemes[number].start


def _word_before(text: str, end: int) -> str:
    start = end
    while start and (text[start - 1].isalnum() or text[start - 1] in "_$\\" or text[start - 1] > "\x7f"):
        start -= 1
    return text[start:end]


def _ends_head(text: str, end: int, lexemes: list[Lexeme], number: int) -> bool | None:
    """Whether the parenthesis before `end` closes the head of a statement, which an expression may follow."""
    opening = _opening(text, end, lexemes, number, _PARENTHESIS)
    return None if opening is None else _is_head(text, opening[0], lexemes, opening[1])


def _ends_block(text: str, end: int, lexemes: list[Lexeme], number: int) -> bool | None:
    """Whether the brace before `end` closes a statement, which another one may follow."""
    opening = _opening(text, end, lexemes, number, _BRACE)
    if opening is None:
        return None
    end, number = _code_before(text, opening[0], lexemes, opening[1])
    if number and lexemes[number - 1].end == end:
        return None
    if text[end - 1 : end] in ("", ";", "{", "}"):
        return True
    if text[end - 1] != ")":
        return True if _is_word(text, end, _BEFORE_BLOCK) else None
    opening = _opening(text, end, lexemes, number, _PARENTHESIS)
    if opening is None:
        return None
    end, number = _code_before(text, opening[0], lexemes, opening[1])
    if number and lexemes[number - 1].end == end:
        return None
    return True if _is_word(text, end, _BEFORE_HEAD_AND_BLOCK) else None


def _opening(text: str, end: int, lexemes: list[Lexeme], number: int, kind: re.Pattern[str]) -> tuple[int, int] | None:
    """The bracket that the one before `end` closes, and how many lexemes stand before it; None where that is far."""
    depth = 0
    least = max(0, end - (_FAR if kind is _PARENTHESIS else _FARTHER))
    while end > least:
        start = lexemes[number - 1].end if number else 0
        for found in reversed([*kind.finditer(text, max(start, least), end)]):
            depth += 1 if found[0] in ")}" else -1
            if not depth:
                return found.start(), number
        if not number or lexemes[number - 1].sign == "{" or text[lexemes[number - 1].start] == "}":
            return None
        number -= 1
        end = lexemes[number].start
    return None


def _is_word(text: str, end: int, words: frozenset[str]) -> bool:
    """Whether one of `words` ends at `end`, and not as the name of a property."""
    word = _word_before(text, end)
    return word in words and text[end - len(word) - 1 : end - len(word)] not in (".", "#")


def _is_head(text: str, end: int, lexemes: list[Lexeme], number: int) -> bool | None:
    end, number = _code_before(text, end, lexemes, number)
    if number and lexemes[number - 1].end == end:
        return False
    word = _word_before(text, end)
    if word == "await":
        return None
    return _is_word(text, end, _HEADS)
