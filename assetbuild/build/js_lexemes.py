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
_COMMENT = r"//[^\r\n\u2028\u2029]*+|/\*(?:.*?\*/|)"
_LEXEME = rf"{_DOUBLE}|{_SINGLE}|{_COMMENT}|/|`|\"|'"
_IN_CODE = re.compile(_LEXEME, re.DOTALL)
_IN_SUBSTITUTION = re.compile(rf"{_LEXEME}|\{{|\}}", re.DOTALL)
_TEMPLATE = re.compile(r"(?:[^`\\$]++|\\.|\$(?!\{))*+(?:`|\$\{)", re.DOTALL)
_REGEX = re.compile(
    r"/(?:[^/\\\[\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029]|\[(?:[^\]\\\r\n\u2028\u2029]++|\\[^\r\n\u2028\u2029])*+\])++/"
    r"[\w$]*+"
)
_NUL = "\0"
_LINE_END = re.compile(r"[\n\r\u2028\u2029]")
_NO_LINE_END = re.compile(r"[^\n\r\u2028\u2029]")
_ARROW = re.compile(r"(?<![\w$)\]])-->")
"""What may be the end of a comment of HTML, and not `n-->0`."""
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STRANGE = re.compile(r"[^\w\s!-~\x00]|[^\S\t\n\r ]")


class Lexeme(NamedTuple):
    """Characters `start` to `end` that are no code; `sign` is the first of them, `{` for the head of a template up to
    its substitution, `*` for a comment."""

    start: int
    end: int
    sign: str


class Code(NamedTuple):
    """A script with its strings blanked between their quotes, and all else that is no code; offsets are the same.

    Of comments the line ends are left, as they count.
    """

    text: str
    lexemes: list[Lexeme]


def lex(text: str) -> Code | None:
    """None where only a parser tells what is code. To be trusted only where the code is not `is_unusual`."""
    lexemes = _Lexer(text).run()
    return None if lexemes is None else Code(_blanked(text, lexemes), lexemes)


def is_unusual(code: str) -> bool:
    """Whether there are escapes of identifiers, white space or characters that are rare in code, byte order marks among
    them, or what may be comments of HTML."""
    if "\\" in code or "<!--" in code or ("-->" in code and _ARROW.search(code) is not None):
        return True
    return (_CONTROL if code.isascii() else _STRANGE).search(code) is not None


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
            has_line_end = text[start + 1] == "*" and _LINE_END.search(text, start, end)
            pieces.append(_NO_LINE_END.sub(" ", text[start:end]) if has_line_end else " " * (end - start))
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
_FOR_AWAIT = frozenset(("await",))
_BEFORE_BLOCK = frozenset(("do", "else", "finally", "try"))
_BEFORE_HEAD_AND_BLOCK = _HEADS | {"catch", "switch"}
_DEEPEST = 400
"""Brackets that are looked at for one slash. Beyond this it is cheaper to parse."""


class _Lexer:
    """Goes through one text, once. `steps` is what may still be spent on looking back, lest that be most of all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes: list[Lexeme] = []
        self.steps = 10_000 + len(text) // 4

    def run(self) -> list[Lexeme] | None:
        """None where only a parser tells."""
        text = self.text
        braces: list[int] = []  # per open substitution, how many braces are open in it
        at = 0
        while (found := (_IN_SUBSTITUTION if braces else _IN_CODE).search(text, at)) is not None:
            start, at = found.span()
            sign = text[start]
            if sign == "/":
                if at - start > 1:
                    if text.startswith("/*", start) and not text.endswith("*/", start + 2, at):
                        return None
                    sign = "*"
                else:
                    is_regex = self._begins_regex(start)
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
            self.lexemes.append(Lexeme(start, at, sign))
        return None if braces else self.lexemes

    def _begins_regex(self, at: int) -> bool | None:
        """Whether the slash at `at` begins a regular expression (ECMA-262, section 12.1); None where it may do either.

        After a line end behind a name or a string it may begin a statement: `var x` is one, and so is `break x`.
        """
        text = self.text
        end, number = self._code_before(at, len(self.lexemes))
        is_next_line = _LINE_END.search(text, end, at) is not None
        if number and self.lexemes[number - 1].end == end:
            sign = self.lexemes[number - 1].sign
            return None if is_next_line and sign in "\"'" else sign == "{"
        before = text[end - 1 : end]
        if before in _BEFORE_REGEX:
            return True
        if before in "+-":
            return None if text[end - 2 : end - 1] == before else True
        if before == "]":
            return False
        if before == ")":
            return self._ends_head(end, number)
        if before == "}":
            return self._ends_block(end, number)
        word = self._word_before(end)
        if not word:
            return None
        if word[0].isdigit():
            return False
        is_property = self._is_property(end - len(word), number)
        if is_property is None or (is_next_line and not (word in _WORDS_BEFORE_REGEX and not is_property)):
            return None
        if is_property:
            return False
        if word in _WORDS_BEFORE_REGEX:
            return True
        return None if word in _EITHER else False

    def _code_before(self, end: int, number: int) -> tuple[int, int]:
        """Where white space and comments before `end` begin, and how many of the first lexemes stand before it."""
        text, lexemes = self.text, self.lexemes
        while True:
            while end and text[end - 1].isspace():
                end -= 1
            if not number or lexemes[number - 1].end != end or lexemes[number - 1].sign != "*":
                return end, number
            number -= 1
            end = lexemes[number].start

    def _word_before(self, end: int) -> str:
        text, start = self.text, end
        while start and (text[start - 1].isalnum() or text[start - 1] in "_$\\" or text[start - 1] > "\x7f"):
            start -= 1
        return text[start:end]

    def _is_property(self, start: int, number: int) -> bool | None:
        """Whether the word at `start` is the name of a property; None where a spread or a number is before it."""
        end, _ = self._code_before(start, number)
        before = self.text[max(0, end - 2) : end]
        if not before.endswith((".", "#")):
            return False
        return None if before == ".." or before[:1].isdigit() else True

    def _is_word(self, end: int, number: int, words: frozenset[str]) -> bool | None:
        """Whether one of `words` ends at `end`, and not as the name of a property."""
        word = self._word_before(end)
        if word not in words:
            return False
        is_property = self._is_property(end - len(word), number)
        return None if is_property is None else not is_property

    def _ends_head(self, end: int, number: int) -> bool | None:
        """Whether the parenthesis before `end` closes the head of a statement, which an expression may follow."""
        opening = self._opening(end, number, "()")
        if opening is None:
            return None
        end, number = self._code_before(*opening)
        if number and self.lexemes[number - 1].end == end:
            return False
        return None if self._is_word(end, number, _FOR_AWAIT) else self._is_word(end, number, _HEADS)

    def _ends_block(self, end: int, number: int) -> bool | None:
        """Whether the brace before `end` closes a statement, which another one may follow; None where it may not."""
        opening = self._opening(end, number, "{}")
        if opening is None:
            return None
        end, number = self._code_before(*opening)
        if number and self.lexemes[number - 1].end == end:
            return None
        if self.text[end - 1 : end] in ("", "{"):
            return True
        if self.text[end - 1] != ")":
            return self._is_word(end, number, _BEFORE_BLOCK) or None
        opening = self._opening(end, number, "()")
        if opening is None:
            return None
        end, number = self._code_before(*opening)
        if number and self.lexemes[number - 1].end == end:
            return None
        return self._is_word(end, number, _BEFORE_HEAD_AND_BLOCK) or None

    def _opening(self, end: int, number: int, kind: str) -> tuple[int, int] | None:
        """The bracket that the one before `end` closes, and how many lexemes stand before it; None if it is far."""
        text, lexemes = self.text, self.lexemes
        opens, closes = kind[0], kind[1]
        depth = 0
        for _ in range(_DEEPEST):
            self.steps -= 1
            if self.steps < 0:
                return None
            start = lexemes[number - 1].end if number else 0
            at = max(text.rfind(opens, start, end), text.rfind(closes, start, end))
            if at >= 0:
                depth += 1 if text[at] == closes else -1
                if not depth:
                    return at, number
                end = at
                continue
            if not number or lexemes[number - 1].sign == "{" or text[lexemes[number - 1].start] == "}":
                return None
            number -= 1
            end = lexemes[number].start
        return None
