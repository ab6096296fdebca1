"""One statement of a style sheet in its normal form: a declaration, a selector, or an at-rule up to its block.

Knows where white space separates (a descendant combinator, `and (`, `1px + 2px`) and where it does not; which spellings
mean the same is `css_spelling`'s. In doubt white space counts: then a proof fails, which costs some bytes but harms
nobody. Sheets say the same again and again, so what was read of a short text is kept for the next time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from assetbuild.build import css_plain, css_spelling
from assetbuild.build.css_contexts import AT_RULES, OF_SELECTORS, QUERIES, Context
from assetbuild.build.css_keys import Key, key
from assetbuild.build.css_tokens import CLOSERS, Kind, Part, tokenize, unescape
from assetbuild.build.css_written import written


class Spelled(NamedTuple):
    """A statement. `text`: how it is written; `key`: what is compared of it.

    `is_sound`: it is no declaration that browsers drop for its form. `parts`, by their places in the statement: where
    comments stand among them, else empty.
    """

    text: str
    key: Key
    is_sound: bool = True
    parts: tuple[Part, ...] = ()


KEPT = 1 << 14
LONGEST = 1000
"""Longer statements are read anew each time: what is kept is some megabytes at most."""


def declaration(text: str, *, respelled: bool) -> Spelled:
    """A declaration as a block holds it, without its semicolon. `respelled`: `css_spelling` applies in the block."""
    if not text.startswith("--") and "\\" not in text:
        text = text.rstrip(" \t\n\r\f")
    return _kept_declaration(text, respelled) if len(text) <= LONGEST else _declaration(text, respelled)


def selector(text: str, *, respelled: bool) -> Spelled:
    """The selectors of a style rule."""
    if "\\" not in text:
        text = text.rstrip(" \t\n\r\f")
    return _kept_selector(text, respelled) if len(text) <= LONGEST else _selector(text, respelled)


class AtRule(NamedTuple):
    """An at-rule up to its block or semicolon. `keyword` is in lower case, `name` has its escapes undone, too."""

    spelled: Spelled
    keyword: str
    name: str


def at_rule(text: str) -> AtRule | None:
    """None of a statement that is no at-rule."""
    if text[:1] != "@":
        return None
    return _kept_at_rule(text) if len(text) <= LONGEST else _at_rule(text)


def _at_rule(text: str) -> AtRule | None:
    reader = _Reader.of(text)
    first = reader.atoms[0]
    if first.kind is not Kind.AT:
        return None
    name = unescape(first.text).lower()
    reader.span(0, len(reader.atoms), AT_RULES.get(name, Context.EXACT))
    return AtRule(_spelled(text, reader.parts), first.text.lower(), name)


def _declaration(text: str, respelled: bool) -> Spelled:
    plain = css_plain.declaration(text) if respelled else None
    return declaration_by_tokens(text, respelled=respelled) if plain is None else Spelled(plain, plain)


def declaration_by_tokens(text: str, *, respelled: bool) -> Spelled:
    """Any declaration, and what only stands in the place of one."""
    reader = _Reader.of(text)
    is_sound = reader.declaration(respelled=respelled)
    return _spelled(text, reader.parts, is_sound=is_sound)


def _selector(text: str, respelled: bool) -> Spelled:
    plain = css_plain.selector(text) if respelled else None
    return selector_by_tokens(text, respelled=respelled) if plain is None else Spelled(plain, plain)


def selector_by_tokens(text: str, *, respelled: bool) -> Spelled:
    """Any selectors, and what only stands in the place of some."""
    reader = _Reader.of(text)
    reader.span(0, len(reader.atoms), Context.SELECTOR)
    return _spelled(text, css_spelling.selector(reader.parts) if respelled else reader.parts)


_kept_at_rule = functools.lru_cache(maxsize=KEPT)(_at_rule)
_kept_declaration = functools.lru_cache(maxsize=KEPT)(_declaration)
_kept_selector = functools.lru_cache(maxsize=KEPT)(_selector)


def _spelled(text: str, parts: Sequence[Part], *, is_sound: bool = True) -> Spelled:
    return Spelled(written(text, parts), key(parts), is_sound, tuple(parts) if "/*" in text else ())


_ENDS = frozenset(CLOSERS.values())
_PARENS = (Kind.FUNCTION, Kind.OPEN_PAREN)
_COMBINATORS = (">", "+", "~")
_COMPARISONS = ("<", ">", "=")
_ATTRIBUTE_OPERATORS = ("~", "|", "^", "$", "*")


@dataclass(slots=True)
class _Reader:
    """Reads one statement. `atoms` are its tokens but white space and comments; `gap`: white space stood before.

    `ends` is where each bracket is closed, and `is_gap_last`: white space stands behind all of it.
    """

    atoms: Sequence[Part]
    ends: dict[int, int]
    is_gap_last: bool
    parts: list[Part] = field(default_factory=list)

    @staticmethod
    def of(text: str) -> _Reader:
        atoms: list[Part] = []
        ends: dict[int, int] = {}
        opened: list[int] = []
        gap = False
        for kind, start, end in tokenize(text):
            if kind is Kind.SPACE:
                gap = True
            elif kind is not Kind.COMMENT:
                if kind in CLOSERS:
                    opened.append(len(atoms))
                elif kind in _ENDS and opened and CLOSERS[atoms[opened[-1]].kind] is kind:
                    ends[opened.pop()] = len(atoms)
                atoms.append(Part(kind, text[start:end], gap, start, end))
                gap = False
        return _Reader(atoms, ends, gap)

    def declaration(self, *, respelled: bool) -> bool:
        """`name: value`. Before the name may stand one character, which only some old browsers look past.

        Whether it has that form.
        """
        end = len(self.atoms)
        name = int(self.atoms[0].kind is Kind.DELIM)
        if name + 1 >= end or self.atoms[name].kind not in (Kind.IDENT, Kind.HASH) or not self._is_colon(name + 1):
            self.span(0, end, Context.EXACT)
            return False
        self.span(0, name + 1, Context.EXACT)
        self._add(name + 1)
        value = name + 2
        spelled = self.atoms[name].text
        if not spelled.startswith("--"):
            exact = spelled.lower() == "initial-value"  # of `@property`
            done = len(self.parts)
            self.span(value, end, Context.EXACT if exact else Context.VALUE)
            if not name and respelled:
                self.parts[done:] = css_spelling.value(spelled, self.parts[done:])
        elif value < end:
            self.span(value, end, Context.EXACT)
        elif self.is_gap_last:
            # Not long ago `--x: ;` was an empty value and `--x:;` an error, so the blank counts.
            behind = self.atoms[name + 1].end
            self.parts.append(Part(Kind.SPACE, " ", gap=False, start=behind, end=behind))
        return True

    def span(self, start: int, end: int, context: Context) -> None:
        contexts: list[tuple[int, Context]] = []
        for index in range(start, end):
            atom = self.atoms[index]
            exact = context is Context.EXACT and (atom.kind is Kind.STRING or "\\" in atom.text)
            self._add(index, gap=atom.gap and index > start and self._counts(index, context), exact=exact)
            if atom.kind in CLOSERS:
                contexts.append((self.ends[index], context))
                context = self._within(index, context)
            elif contexts and contexts[-1][0] == index:
                context = contexts.pop()[1]

    def _add(self, index: int, *, gap: bool = False, exact: bool = False) -> None:
        atom = self.atoms[index]
        self.parts.append(atom if atom.gap is gap and not exact else atom._replace(gap=gap, exact=exact))

    def _is_colon(self, index: int) -> bool:
        return 0 <= index < len(self.atoms) and self.atoms[index].kind is Kind.COLON

    def _within(self, opener: int, context: Context) -> Context:
        """The context within a bracket that stands in `context`."""
        atom = self.atoms[opener]
        if context in (Context.EXACT, Context.VALUE, Context.PLAIN):
            return context
        if context is Context.CUSTOM_QUERY:
            return Context.EXACT
        name = unescape(atom.text).lower() if atom.kind is Kind.FUNCTION else atom.text
        if context is Context.SELECTOR:
            if atom.kind is Kind.OPEN_BRACKET:
                return Context.ATTRIBUTE
            return Context.SELECTOR if name in OF_SELECTORS and self._is_colon(opener - 1) else Context.PLAIN
        if context is Context.SCOPE:
            return Context.SELECTOR if atom.kind is Kind.OPEN_PAREN else Context.PLAIN
        if context in (Context.CONDITION, Context.QUERY):
            if atom.kind is Kind.OPEN_PAREN or name in QUERIES:
                custom = self.atoms[opener + 1].text.startswith("--") and self._is_colon(opener + 2)
                return Context.CUSTOM_QUERY if custom else Context.QUERY
            return Context.SELECTOR if name == "selector(" else Context.PLAIN
        return Context.PLAIN

    def _counts(self, index: int, context: Context) -> bool:
        """Whether the white space before the atom at `index` counts."""
        if context is Context.EXACT:
            return True
        before, after = self.atoms[index - 1], self.atoms[index]
        if before.kind is Kind.COMMA and after.kind is Kind.CLOSE_PAREN:
            return True  # `var(--x, )` has an empty fallback; not all browsers take `var(--x,)` for that
        if before.kind in CLOSERS or after.kind in _ENDS:
            return False
        if context is Context.CUSTOM_QUERY:
            return not self._is_first_colon(index)
        if before.kind is Kind.COMMA or after.kind is Kind.COMMA:
            return False
        if context is Context.SELECTOR:
            return (before.text in _COMBINATORS) == (after.text in _COMBINATORS)
        if context is Context.VALUE:
            return before.text not in ("/", "*", "!") and after.text not in ("/", "*", "!")
        if context is Context.QUERY:
            if before.text == "/" or after.text == "/" or self._is_first_colon(index):
                return False
            return (before.text in _COMPARISONS) == (after.text in _COMPARISONS)
        if context is Context.ATTRIBUTE:
            return self._counts_in_attribute(index)
        return True

    def _is_first_colon(self, index: int) -> bool:
        """Whether the atom at `index`, or the one before it, is the colon after the first name in parentheses."""
        for colon in (index, index - 1):
            if colon >= 2 and self.atoms[colon].kind is Kind.COLON and self.atoms[colon - 2].kind in _PARENS:
                return self.atoms[colon - 1].kind is Kind.IDENT
        return False

    def _counts_in_attribute(self, index: int) -> bool:
        before, after = self.atoms[index - 1].text, self.atoms[index].text
        if after == "=":
            return before in _ATTRIBUTE_OPERATORS
        if after in _ATTRIBUTE_OPERATORS:
            following = self.atoms[index + 1]
            return following.text != "=" or following.gap
        return before != "="
