"""Whether a list of selectors is one in every browser, in none, or only in some.

Selectors 4, and what the three engines make of it. Answers with certainty or not at all: what is new, vendor-specific
or merely unusual is left open, for an answer that is wrong would publish other styles than the author wrote.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Sequence

from assetbuild.build.css_tokens import CLOSERS, Kind, Token, past_block, unescape


class Verdict(enum.Enum):
    """What browsers make of a statement."""

    RULE = "rule"
    """All of them take it for a rule."""
    DROPPED = "dropped"
    """None of them does."""
    UNSURE = "unsure"
    """It depends on the browser, or is not known here."""


_DEEPEST = 8
# fmt: off
_CLASSES = frozenset({
    "active", "any-link", "checked", "default", "defined", "disabled", "empty", "enabled", "first-child",
    "first-of-type", "focus", "focus-visible", "focus-within", "host", "hover", "in-range", "indeterminate",
    "invalid", "last-child", "last-of-type", "link", "only-child", "only-of-type", "optional", "out-of-range",
    "placeholder-shown", "read-only", "read-write", "required", "root", "target", "valid", "visited",
})
# fmt: on
_OLD_ELEMENTS = frozenset({"after", "before", "first-letter", "first-line"})
_ELEMENTS = frozenset({*_OLD_ELEMENTS, "backdrop", "marker", "placeholder", "selection"})
_LISTS = frozenset({"is(", "not(", "where("})
_COUNTS = frozenset({"nth-child(", "nth-last-child(", "nth-last-of-type(", "nth-of-type("})
_COUNT = re.compile(r"\s*(?:even|odd|[+-]?\d+|[+-]?\d*n(?:\s*[+-]\s*\d+)?)\s*", re.IGNORECASE)
_ID = re.compile(r"#-?(?:[-_a-zA-Z\\]|[^\x00-\x7f])")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OPERATORS = frozenset({"=", "~=", "|=", "^=", "$=", "*="})


def judge_selectors(text: str, tokens: Sequence[Token], *, prefixes: Collection[str], depth: int = 0) -> Verdict:
    """`tokens` are those of `text` that make the list, without blanks and comments; `prefixes` are the namespaces'."""
    if depth > _DEEPEST:
        return Verdict.UNSURE
    pieces: list[list[Token]] = [[]]
    level = 0
    for token in tokens:
        level += (token.kind in CLOSERS) - (token.kind in (Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET))
        if token.kind is Kind.COMMA and level == 0:
            pieces.append([])
        else:
            pieces[-1].append(token)
    found = {_Complex(text, piece, prefixes, depth).judge() for piece in pieces}
    return next((each for each in (Verdict.DROPPED, Verdict.UNSURE) if each in found), Verdict.RULE)


class _Complex:
    """One member of a selector list, read from left to right; `at` is the next token."""

    __slots__ = ("at", "depth", "is_element", "prefixes", "text", "tokens")

    def __init__(self, text: str, tokens: Sequence[Token], prefixes: Collection[str], depth: int) -> None:
        self.text, self.tokens, self.prefixes, self.depth = text, tokens, prefixes, depth
        self.at = 0
        self.is_element = False

    def judge(self) -> Verdict:
        while True:
            start = self.at
            while self.at < len(self.tokens) and not self._is_combinator() and (self.at == start or not self._gap()):
                if self.is_element:
                    return Verdict.UNSURE
                verdict = self._simple(is_first=self.at == start)
                if verdict is not Verdict.RULE:
                    return verdict
            if self.at == start:
                return Verdict.DROPPED
            if self.at == len(self.tokens):
                return Verdict.RULE
            if self.is_element or (not self._is_combinator() and not _COMMENT.sub("", self._gap())):
                return Verdict.UNSURE
            self.at += self._is_combinator()

    def _simple(self, *, is_first: bool) -> Verdict:
        token = self.tokens[self.at]
        kind, spelled = token.kind, self._spelled(self.at)
        self.at += 1
        if kind is Kind.HASH:
            return Verdict.RULE if _ID.match(spelled) else Verdict.DROPPED
        if kind is Kind.COLON:
            return self._pseudo()
        if kind is Kind.OPEN_BRACKET:
            return self._attribute()
        if spelled == ".":
            return self._next_is(Kind.IDENT) or self._taken()
        if spelled == "&":
            return Verdict.UNSURE
        if spelled == "|" or (self.at < len(self.tokens) and self._spelled(self.at) == "|" and not self._gap()):
            return self._namespaced(token) if is_first else Verdict.UNSURE
        return Verdict.RULE if is_first and (kind is Kind.IDENT or spelled == "*") else Verdict.DROPPED

    def _namespaced(self, prefix: Token) -> Verdict:
        """`p|a`, `*|a` or `|a`: a prefix that was not declared spoils the selector (Selectors 4, section 5.3)."""
        self.at += self._spelled(self.at - 1) != "|"
        if self.at == len(self.tokens) or self._gap():
            return Verdict.UNSURE
        if self.tokens[self.at].kind is not Kind.IDENT and self._spelled(self.at) != "*":
            return Verdict.UNSURE
        self.at += 1
        spelled = self.text[prefix.start : prefix.end]
        is_known = spelled in ("*", "|") or (prefix.kind is Kind.IDENT and unescape(spelled) in self.prefixes)
        return Verdict.RULE if is_known else Verdict.DROPPED

    def _attribute(self) -> Verdict:
        end = past_block(self.tokens, self.at - 1)
        inside = self.tokens[self.at : end - 1]
        self.at = end
        if not inside:
            return Verdict.DROPPED
        if inside[0].kind is not Kind.IDENT:
            return Verdict.UNSURE
        value = next((at for at, one in enumerate(inside) if at and one.kind in (Kind.IDENT, Kind.STRING)), len(inside))
        operator = self.text[inside[0].end : inside[value].start].strip() if value < len(inside) else ""
        rest = [self.text[one.start : one.end] for one in inside[value + 1 :]]
        sound = len(inside) == 1 or (operator in _OPERATORS and rest in ([], ["i"], ["I"]))
        return Verdict.RULE if sound else Verdict.UNSURE

    def _pseudo(self) -> Verdict:
        if (self._next_is(Kind.COLON)) is None:
            self.at += 1
            other = self._next_is(Kind.IDENT, Kind.FUNCTION)
            if other is not None:
                return other
            name = self._name()
            is_known = name in _ELEMENTS or (name.startswith("-webkit-") and not name.endswith("("))
            self.is_element = True
            return self._taken() if is_known and not self.depth else Verdict.UNSURE
        other = self._next_is(Kind.IDENT, Kind.FUNCTION)
        if other is not None:
            return other
        name = self._name()
        if name.endswith("("):
            return self._function(name)
        self.is_element = name in _OLD_ELEMENTS
        return self._taken() if name in _CLASSES or (self.is_element and not self.depth) else Verdict.UNSURE

    def _function(self, name: str) -> Verdict:
        end = past_block(self.tokens, self.at)
        inside = self.tokens[self.at + 1 : end - 1]
        spelled = self.text[self.tokens[self.at].end : self.tokens[end - 1].start]
        self.at = end
        if name in _LISTS:
            found = judge_selectors(self.text, inside, prefixes=self.prefixes, depth=self.depth + 1)
            sound = found is Verdict.RULE
        elif name in _COUNTS:
            sound = _COUNT.fullmatch(spelled) is not None
        else:
            sound = name == "lang(" and [one.kind for one in inside] == [Kind.IDENT]
        return Verdict.RULE if sound else Verdict.UNSURE

    # --- what stands where -------------------------------------------------------------------------------

    def _next_is(self, *kinds: Kind) -> Verdict | None:
        """None where the next token is one of `kinds` and joins on; what that means for the selector otherwise."""
        if self.at < len(self.tokens) and self.tokens[self.at].kind in kinds:
            gap = self._gap()
            if not gap:
                return None
            return Verdict.DROPPED if _COMMENT.sub("", gap) else Verdict.UNSURE
        return Verdict.DROPPED

    def _taken(self) -> Verdict:
        self.at += 1
        return Verdict.RULE

    def _is_combinator(self) -> bool:
        return self.at < len(self.tokens) and self._spelled(self.at) in (">", "+", "~")

    def _gap(self) -> str:
        return self.text[self.tokens[self.at - 1].end : self.tokens[self.at].start] if self.at else ""

    def _spelled(self, at: int) -> str:
        return self.text[self.tokens[at].start : self.tokens[at].end]

    def _name(self) -> str:
        return unescape(self._spelled(self.at)).lower()
