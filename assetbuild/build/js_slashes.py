"""Whether a slash in a script divides or begins a regular expression: told by what stands before it, without parsing.

Where that may be either, the answer is that only a parser knows. Brackets are followed from the start of the script,
and only as far as they are asked for: so what a bracket closes is known however far that is. Whether the code makes a
program is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assetbuild.build.js_tree import RESERVED

STRING, REGEX, TEMPLATE = "\x01", "\x02", "\x03"
HEAD, MIDDLE, TAIL = "\x04", "\x05", "\x06"
"""The parts of a template: up to its first substitution, between two, and behind the last."""
SPACE, LINE_END = " ", "\n"
"""Comments: without a line end, which count as a space (ECMA-262, section 12.4), and with one."""

Lexeme = tuple[int, int, str]
"""What is no code: from where, up to where, and which of the signs above it is."""

_BEFORE_REGEX = frozenset("(,=:[!&|?{;*%~^<>/")
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

_NEXT_LINE = re.compile(r"[\n\r\u2028\u2029]")
_BRACKET = re.compile(r"[()\[\]{}]")
_OPENING = {")": "(", "]": "[", "}": "{"}
_NEAR = 16
"""Brackets that are looked at going back. What lies farther is looked up among all brackets."""
_NEAR_LENGTH = 512
_NOWHERE = (-1, -1, 0)


class Slashes:
    """Of one text, gone through from its start: `lexemes` are those found so far, and the caller adds to them."""

    def __init__(self, text: str, lexemes: Sequence[Lexeme]) -> None:
        self.text = text
        self.lexemes = lexemes
        self._brackets = _Brackets(text, lexemes)

    def begins_regex(self, at: int) -> bool | None:
        """Whether the slash at `at` begins a regular expression (ECMA-262, section 12.1); None where it may do either.

        After a line end behind a name or a string it may begin a statement: `var x` is one, and so is `break x`.
        """
        text = self.text
        end, number = self._code_before(at, len(self.lexemes))
        is_next_line = _NEXT_LINE.search(text, end, at) is not None
        if number and self.lexemes[number - 1][1] == end:
            sign = self.lexemes[number - 1][2]
            return None if is_next_line and sign == STRING else sign in (HEAD, MIDDLE)
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
            if not number or lexemes[number - 1][1] != end or lexemes[number - 1][2] not in (SPACE, LINE_END):
                return end, number
            number -= 1
            end = lexemes[number][0]

    def _word_before(self, end: int) -> str:
        text, start = self.text, end
        while start and (text[start - 1].isalnum() or text[start - 1] in "_$\\" or text[start - 1] > "\x7f"):
            start -= 1
        return text[start:end]

    def _is_property(self, start: int, number: int) -> bool | None:
        """Whether the word at `start` is the name of a property; None where a spread or a number is before it."""
        end, _ = self._code_before(start, number)
        before = self.text[end - 1 : end]
        if before != ".":
            return before == "#"
        if self.text[end - 2 : end - 1] == "." or self._word_before(end - 1)[:1].isdigit():
            return None
        return True

    def _is_word(self, end: int, number: int, words: frozenset[str]) -> bool | None:
        """Whether one of `words` ends at `end`, and not as the name of a property."""
        word = self._word_before(end)
        if word not in words:
            return False
        is_property = self._is_property(end - len(word), number)
        return None if is_property is None else not is_property

    def _ends_head(self, end: int, number: int) -> bool | None:
        """Whether the parenthesis before `end` closes the head of a statement, which an expression may follow."""
        opening = self._near(end, number, "()") or self._brackets.closed(end, number)
        if opening is None:
            return None
        end, number = self._code_before(*opening)
        if number and self.lexemes[number - 1][1] == end:
            return False
        return None if self._is_word(end, number, _FOR_AWAIT) else self._is_word(end, number, _HEADS)

    def _ends_block(self, end: int, number: int) -> bool | None:
        """Whether the brace before `end` closes a statement, which another one may follow; None where it may not."""
        opening = self._near(end, number, "{}") or self._brackets.closed(end, number)
        if opening is None:
            return None
        head, before = self._code_before(*opening)
        if before and self.lexemes[before - 1][1] == head:
            return None
        if self.text[head - 1 : head] in ("", "{"):
            return True
        if self.text[head - 1] != ")":
            return self._is_word(head, before, _BEFORE_BLOCK) or None
        opening = self._near(head, before, "()") or self._brackets.closed_before(end, number, head)
        if opening is None:
            return None
        end, number = self._code_before(*opening)
        if number and self.lexemes[number - 1][1] == end:
            return None
        return self._is_word(end, number, _BEFORE_HEAD_AND_BLOCK) or None

    def _near(self, end: int, number: int, kind: str) -> tuple[int, int] | None:
        """The bracket that the one before `end` closes, and how many lexemes stand before it; None if it is far."""
        text, lexemes = self.text, self.lexemes
        floor = max(0, end - _NEAR_LENGTH)
        depth = 0
        for _ in range(_NEAR):
            start = max(floor, lexemes[number - 1][1] if number else 0)
            at = max(text.rfind(kind[0], start, end), text.rfind(kind[1], start, end))
            if at >= 0:
                depth += 1 if text[at] == kind[1] else -1
                if not depth:
                    return at, number
                end = at
                continue
            if start == floor or lexemes[number - 1][2] in (HEAD, MIDDLE, TAIL):
                return None
            number -= 1
            end = lexemes[number][0]
        return None


class _Brackets:
    """Which bracket opens what each closes, up to where it was last asked. Asked in order, it goes on from there."""

    def __init__(self, text: str, lexemes: Sequence[Lexeme]) -> None:
        self._text = text
        self._lexemes = lexemes
        self._at = 0
        self._number = 0
        self._open: list[tuple[str, int, int, tuple[int, int, int]]] = []
        self._last = _NOWHERE  # of the last pair: where it closes, where it opens, the lexemes before that
        self._before = _NOWHERE  # the pair that was the last where that opened
        self._is_balanced = True

    def closed(self, end: int, number: int) -> tuple[int, int] | None:
        """The bracket that the one before `end` closes, and how many lexemes stand before it; None if they do not
        balance. `number` of lexemes stand before `end`."""
        if self._at < end:
            self._go_on(end, number)
        return self._last[1:] if self._is_balanced and self._last[0] == end - 1 else None

    def closed_before(self, end: int, number: int, head: int) -> tuple[int, int] | None:
        """The same for the bracket before `head`, where that is the last one before what `closed` tells of `end`."""
        if self.closed(end, number) is None or self._before[0] != head - 1:
            return None
        return self._before[1:]

    def _go_on(self, end: int, number: int) -> None:
        for at in range(self._number, number):
            start, stop, sign = self._lexemes[at]
            self._follow(self._at, start, at)
            if sign in (MIDDLE, TAIL):
                self._close("`", start)
            if sign in (HEAD, MIDDLE):
                self._open.append(("`", start, at, self._last))
            self._at = stop
        self._number = number
        self._follow(self._at, end, number)
        self._at = end

    def _follow(self, at: int, end: int, number: int) -> None:
        text, brackets = self._text, self._open
        for found in _BRACKET.finditer(text, at, end):
            place = found.start()
            sign = text[place]
            if sign in "([{":
                brackets.append((sign, place, number, self._last))
            else:
                self._close(_OPENING[sign], place)

    def _close(self, sign: str, place: int) -> None:
        if not self._open or self._open[-1][0] != sign:
            self._is_balanced = False
            return
        _, start, number, self._before = self._open.pop()
        self._last = (place, start, number)
