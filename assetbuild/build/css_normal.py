"""A style sheet without comments and without the white space that means nothing: what a proof compares.

Knows which block stands in which, what may be left out between statements, and which rules stand next to each other;
what a statement says is `css_statements`'. What comes again, whole blocks too, is read once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from assetbuild.build import css_merge, css_split, css_statements
from assetbuild.build.css_keys import Key
from assetbuild.build.css_merge import Body, Rule
from assetbuild.build.css_split import Cut
from assetbuild.build.css_statements import Spelled

# In their blocks every token is read by its value. Others, known or not, may have a reader that looks at the spelling.
_KNOWN_BLOCKS = frozenset(
    {"@media", "@supports", "@container", "@layer", "@page", "@scope", "@starting-style", "@font-face", "@keyframes"}
    | {"@-webkit-keyframes", "@-moz-keyframes", "@-o-keyframes"}
)
# In these, and in the sheet itself, style rules stand as they would without it (CSS Conditional Rules 3, section 2).
_HOLDERS = frozenset({"@media", "@supports", "@container", "@layer"})
_MARGIN_BOX = re.compile(r"@(?:top|bottom|left|right)-[a-z-]+")
_CHARSET = re.compile(r'@charset "[^"]*";')


class Piece(NamedTuple):
    """What is no whole rule: a statement, or the mark behind it or of its block; and where it was read."""

    start: int
    spelled: Spelled


Entry = Piece | Rule


def normal_form(text: str) -> Sequence[Entry] | None:
    """What counts of a style sheet; None where it does not parse: a bracket or string left open, a stray `}`.

    Empty declarations, the semicolon before a `}` or the end, and an `@charset` that browsers do not heed are left out;
    neighbouring rules that one can say are one.
    """
    cuts = css_split.sheet(text)
    if cuts is None:
        return None
    walker = _Walker(_CHARSET.match(text) is not None)
    for cut in cuts:
        walker.take(cut)
    return walker.done()


def keys(entries: Sequence[Entry]) -> list[object]:
    """What is compared of a normal form."""
    return [
        (entry.selector_key, entry.body_keys) if isinstance(entry, Rule) else entry.spelled.key for entry in entries
    ]


_MARKS = {mark: Spelled(mark, mark) for mark in ("{", "}", ";", "<!--", "-->")}


class _Block(NamedTuple):
    """An open block, or the sheet around all."""

    respelled: bool
    """Whether `css_spelling` applies in it."""
    holds_rules: bool
    """Whether the style rules in it stand as they would without it."""
    is_style: bool = False
    """Whether it is a style rule's."""


@dataclass(slots=True)
class _Walker:
    """Follows the statements: a block holds declarations, at-rules and rules alike.

    `blocks` are the open ones, and the sheet around them; `neighbours` the style rules that stand together at the end.
    `ended`: the last entry is a semicolon that ended a statement, so another would end nothing.
    """

    heeded_charset: bool
    entries: list[Entry] = field(default_factory=list)
    neighbours: list[Rule] = field(default_factory=list)
    ended: bool = False
    blocks: list[_Block] = field(default_factory=lambda: [_Block(respelled=True, holds_rules=True)])

    def take(self, cut: Cut) -> None:
        around = self.blocks[-1]
        if cut.mark == "{}":
            self._rule(cut, around)
        elif cut.mark == "}":
            self._drop_semicolon()
            self._add(cut.start, _MARKS["}"])
            self.blocks.pop()
        elif cut.mark == "{":
            block, spelled = _begun(cut.text, around)
            if cut.text:
                self._add(cut.start, spelled)
            self._add(cut.end, _MARKS["{"])
            self.blocks.append(block)
        elif cut.text:
            self._statement(cut, around)
        # Elsewhere than behind a semicolon an extra one counts: before nesting was known, browsers read
        # `@media x{a{};b{}}` otherwise.
        elif not (cut.mark == ";" and self.ended):
            self._add(cut.start, _MARKS[cut.mark])

    def done(self) -> Sequence[Entry]:
        self._drop_semicolon()
        self.entries += self.neighbours
        return self.entries

    def _rule(self, cut: Cut, around: _Block) -> None:
        block, prelude = _begun(cut.text, around)
        held = body(cut.body, respelled=block.respelled)
        preludes, bodies = ((cut.start, prelude),), ((cut.end + 1, held),)
        rule = Rule(prelude.text, held.text, preludes, bodies, cut.end, cut.closed)
        if held.is_plain and around.holds_rules and block.is_style:
            css_merge.add(rule, self.neighbours)
        else:
            self._end_neighbours()
            self.entries.append(rule)
        self.ended = False

    def _statement(self, cut: Cut, around: _Block) -> None:
        at_rule = css_statements.at_rule(cut.text)
        if at_rule is not None and at_rule.name == "@charset":
            # Kept as it is if browsers heed it: only these exact bytes at the start of the file (section 3.2).
            if not cut.start and self.heeded_charset:
                written = f"{cut.text};"
                self._add(0, Spelled(written, written))
            return
        if at_rule is not None:
            spelled = at_rule.spelled
        elif len(self.blocks) > 1:
            spelled = css_statements.declaration(cut.text, respelled=around.respelled)
        else:
            spelled = css_statements.selector(cut.text, respelled=around.respelled)
        self._add(cut.start, spelled)
        if cut.mark == ";":
            self._add(cut.end, _MARKS[";"])
            self.ended = True

    def _add(self, start: int, spelled: Spelled) -> None:
        self._end_neighbours()
        self.entries.append(Piece(start, spelled))
        self.ended = False

    def _end_neighbours(self) -> None:
        if self.neighbours:
            self.entries += self.neighbours
            self.neighbours.clear()

    def _drop_semicolon(self) -> None:
        if self.ended:
            self.entries.pop()
            self.ended = False


def _begun(text: str, around: _Block) -> tuple[_Block, Spelled]:
    """The block that `text` stands before, and its normal form."""
    at_rule = css_statements.at_rule(text)
    if at_rule is None:
        spelled = css_statements.selector(text, respelled=around.respelled)
        return _Block(around.respelled, holds_rules=False, is_style=True), spelled
    known = at_rule.keyword in _KNOWN_BLOCKS or _MARGIN_BOX.fullmatch(at_rule.keyword) is not None
    holds_rules = around.holds_rules and at_rule.keyword in _HOLDERS
    return _Block(around.respelled and known, holds_rules), at_rule.spelled


# --- blocks that hold no other ---------------------------------------------------------------------------


def body(text: str, *, respelled: bool) -> Body:
    """What a block holds. `respelled`: `css_spelling` applies in it."""
    return _kept_body(text, respelled) if len(text) <= css_statements.LONGEST else _body(text, respelled)


def _body(text: str, respelled: bool) -> Body:
    members: list[tuple[int, Spelled]] = []
    stray = 0
    is_plain = True
    for cut in css_split.block(text):
        if not cut.text:
            stray += not members
            continue
        at_rule = css_statements.at_rule(cut.text)
        if at_rule is None:
            spelled = css_statements.declaration(cut.text, respelled=respelled)
            is_plain = is_plain and spelled.is_sound
            members.append((cut.start, spelled))
        else:
            is_plain = False
            if at_rule.name != "@charset":
                members.append((cut.start, at_rule.spelled))
    written = ";" * stray + ";".join([spelled.text for _, spelled in members])
    compared: list[Key] = [";"] * stray
    for index, (_, spelled) in enumerate(members):
        compared += (";", spelled.key) if index else (spelled.key,)
    return Body(written, tuple(compared), tuple(members), is_plain)


_kept_body = functools.lru_cache(maxsize=css_statements.KEPT)(_body)
