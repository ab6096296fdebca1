"""A style sheet without comments and without the white space that means nothing: what a proof compares.

Knows where white space separates (a descendant combinator, `and (`, `1px + 2px`) and where it does not; which spellings
mean the same is `css_spelling`'s. In doubt white space counts: then a proof fails, which costs some bytes but harms
nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assetbuild.build import css_merge, css_spelling
from assetbuild.build.css_contexts import AT_RULES, OF_SELECTORS, QUERIES, Context
from assetbuild.build.css_tokens import CLOSERS, Kind, Part, is_closed, tokenize, unescape

_ENDS = frozenset(CLOSERS.values())
_PARENS = (Kind.FUNCTION, Kind.OPEN_PAREN)
_COMBINATORS = (">", "+", "~")
_COMPARISONS = ("<", ">", "=")
_ATTRIBUTE_OPERATORS = ("~", "|", "^", "$", "*")
# In their blocks every token is read by its value. Others, known or not, may have a reader that looks at the spelling.
_KNOWN_BLOCKS = frozenset(
    {"@media", "@supports", "@container", "@layer", "@page", "@scope", "@starting-style", "@font-face", "@keyframes"}
    | {"@-webkit-keyframes", "@-moz-keyframes", "@-o-keyframes"}
)
# In these, and in the sheet itself, style rules stand as they would without it (CSS Conditional Rules 3, section 2).
_HOLDERS = frozenset({"@media", "@supports", "@container", "@layer"})
_MARGIN_BOX = re.compile(r"@(?:top|bottom|left|right)-[a-z-]+")
_CHARSET = re.compile(r'@charset "[^"]*";')


def normal_form(text: str) -> list[Part] | None:
    """The parts of a style sheet that count; None where it does not parse: a bracket or string left open, a stray `}`.

    Empty declarations, the semicolon before a `}` or the end, and an `@charset` that browsers do not heed are left out;
    neighbouring rules that one can say are one.
    """
    atoms = _atoms(text)
    ends = _matching(atoms) if atoms is not None else None
    if atoms is None or ends is None:
        return None
    walker = _Walker(atoms, ends, heeded_charset=_CHARSET.match(text) is not None)
    walker.run()
    return walker.parts


def _atoms(text: str) -> list[Part] | None:
    """The tokens but white space and comments; `gap` says that white space stood before."""
    atoms: list[Part] = []
    gap = False
    tokens = tokenize(text)
    if tokens and not is_closed(text, tokens[-1]):
        return None
    for kind, start, end in tokens:
        if kind is Kind.SPACE:
            gap = True
        elif kind is not Kind.COMMENT:
            if kind is Kind.BAD_STRING:  # the newline after it is what ends it
                return None
            body = text[start:end]
            if body == "\\":  # before a newline: any other white space would turn it into an escape
                return None
            atoms.append(Part(kind, body, gap, start, end))
            gap = False
    return atoms


def _matching(atoms: Sequence[Part]) -> dict[int, int] | None:
    """Where each bracket is closed; None if one is not, or if a `}` closes nothing. A stray `)` is a mere token."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for index, atom in enumerate(atoms):
        if atom.kind in CLOSERS:
            opened.append(index)
        elif atom.kind in _ENDS:
            if opened and CLOSERS[atoms[opened[-1]].kind] is atom.kind:
                ends[opened.pop()] = index
            elif atom.kind is Kind.CLOSE_BRACE:
                return None
    return None if opened else ends


@dataclass(slots=True)
class _Block:
    """An open block, or the sheet around all. `start`: the part that the statement begins with; `brace`: its `{`."""

    start: int
    brace: int
    respelled: bool
    """Whether `css_spelling` applies in it."""
    holds_rules: bool
    """Whether the style rules in it stand as they would without it."""
    is_plain: bool
    """Whether it is a style rule's, with nothing but declarations."""
    rules: css_merge.Rules = field(default_factory=list)


@dataclass(slots=True)
class _Walker:
    """Follows CSS Syntax 3, section 5.4, with nesting: a block holds declarations, at-rules and rules alike.

    `blocks` are the open ones, and the sheet around them.
    `ended`: the last part is a semicolon that ended a declaration or an at-rule, so another would end nothing.
    """

    atoms: Sequence[Part]
    ends: dict[int, int]
    heeded_charset: bool
    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    blocks: list[_Block] = field(
        default_factory=lambda: [_Block(0, 0, respelled=True, holds_rules=True, is_plain=False)]
    )

    def run(self) -> None:
        index = 0
        while index < len(self.atoms):
            kind = self.atoms[index].kind
            depth = len(self.blocks) - 1
            if kind is Kind.CLOSE_BRACE:
                self._drop_semicolon()
                self._add(index)
                self._close(self.blocks.pop())
                index += 1
            elif not depth and kind in (Kind.CDO, Kind.CDC):
                self._add(index)
                index += 1
            elif kind is Kind.SEMICOLON and depth:
                # Elsewhere an extra one counts: before nesting was known, browsers read `@media x{a{};b{}}` otherwise.
                if not self.ended:
                    self._add(index)
                index += 1
            else:
                first, start = self.atoms[index], len(self.parts)
                index = self._statement(index, nested=depth > 0)
                if index < len(self.atoms) and self.atoms[index].kind is Kind.OPEN_BRACE:
                    self._add(index)
                    self._open(first, start)
                    index += 1
        self._drop_semicolon()

    def _statement(self, start: int, *, nested: bool) -> int:
        """Take a declaration with its semicolon, or what stands before a block; returns the next index."""
        first = self.atoms[start]
        custom = nested and first.text.startswith("--") and self._is_colon(start + 1)
        end = start
        while end < len(self.atoms):
            kind = self.atoms[end].kind
            if kind is Kind.OPEN_BRACE and not custom:
                break
            if kind is Kind.CLOSE_BRACE or (kind is Kind.SEMICOLON and (nested or first.kind is Kind.AT)):
                break
            end = self.ends.get(end, end) + 1
        semicolon = end < len(self.atoms) and self.atoms[end].kind is Kind.SEMICOLON
        block = end < len(self.atoms) and self.atoms[end].kind is Kind.OPEN_BRACE
        if first.kind is Kind.AT:
            self.blocks[-1].is_plain = False
            name = unescape(first.text).lower()
            if name == "@charset" and not block:
                self._charset(start, end)
                return end + semicolon
            self._span(start, end, AT_RULES.get(name, Context.EXACT))
        elif block or not nested:
            self._selector(start, end)
        else:
            self._declaration(start, end)
        if semicolon:
            self._add(end)
            self.ended = True
        return end + semicolon

    def _open(self, first: Part, start: int) -> None:
        """Enter the block of the statement that begins with `first`, the part at `start`."""
        around = self.blocks[-1]
        around.is_plain = False
        brace = len(self.parts) - 1
        if first.kind is not Kind.AT:
            block = _Block(start, brace, around.respelled, holds_rules=False, is_plain=around.holds_rules)
        else:
            name = first.text.lower()
            known = name in _KNOWN_BLOCKS or _MARGIN_BOX.fullmatch(name) is not None
            holds_rules = around.holds_rules and name in _HOLDERS
            block = _Block(start, brace, around.respelled and known, holds_rules, is_plain=False)
        self.blocks.append(block)

    def _close(self, block: _Block) -> None:
        if block.is_plain:
            end = len(self.parts) - 1
            css_merge.add(css_merge.Rule(block.start, block.brace, end), self.blocks[-1].rules, self.parts)

    def _selector(self, start: int, end: int) -> None:
        done = len(self.parts)
        self._span(start, end, Context.SELECTOR)
        if self.blocks[-1].respelled:
            self.parts[done:] = css_spelling.selector(self.parts[done:])

    def _charset(self, start: int, end: int) -> None:
        """Keep it as it is if browsers heed it: only these exact bytes at the start of the file (section 3.2)."""
        if start == 0 and self.heeded_charset and end == 2 and self.atoms[1].kind is Kind.STRING:
            label = self.atoms[1]
            self.parts.append(Part(Kind.AT, f"@charset {label.text};", gap=False, start=0, end=self.atoms[end].end))

    def _declaration(self, start: int, end: int) -> None:
        """`name: value`. Before the name may stand one character, which only some old browsers look past."""
        name = start + (self.atoms[start].kind is Kind.DELIM)
        if name + 1 >= end or self.atoms[name].kind not in (Kind.IDENT, Kind.HASH) or not self._is_colon(name + 1):
            self._span(start, end, Context.EXACT)
            self.blocks[-1].is_plain = False
            return
        self._span(start, name + 1, Context.EXACT)
        self._add(name + 1)
        value = name + 2
        spelled = self.atoms[name].text
        if not spelled.startswith("--"):
            exact = spelled.lower() == "initial-value"  # of `@property`
            done = len(self.parts)
            self._span(value, end, Context.EXACT if exact else Context.VALUE)
            if name == start and self.blocks[-1].respelled:
                self.parts[done:] = css_spelling.value(spelled, self.parts[done:])
        elif value < end:
            self._span(value, end, Context.EXACT)
        elif self.atoms[end].gap:
            # Not long ago `--x: ;` was an empty value and `--x:;` an error, so the blank counts.
            colon = self.atoms[name + 1]
            self.parts.append(Part(Kind.SPACE, " ", gap=False, start=colon.end, end=self.atoms[end].start))

    def _span(self, start: int, end: int, context: Context) -> None:
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
        self.ended = False

    def _drop_semicolon(self) -> None:
        if self.ended:
            self.parts.pop()
            self.ended = False

    def _is_colon(self, index: int) -> bool:
        return index < len(self.atoms) and self.atoms[index].kind is Kind.COLON

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
