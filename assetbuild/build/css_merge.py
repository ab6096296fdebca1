"""Neighbouring style rules that one rule can say: of two with one selector, and of two with the same declarations.

Knows rules and no grammar: what is a style rule of nothing but declarations, and where it stands, `css_normal` says.
Only neighbours become one, so that no declaration changes its place in the cascade (CSS Cascade 5, section 6.4.4).
"""

from __future__ import annotations

import re
from itertools import chain
from typing import NamedTuple

from assetbuild.build.css_keys import Key
from assetbuild.build.css_statements import Spelled
from assetbuild.build.css_tokens import Kind, tokenize


class Body(NamedTuple):
    """What a block holds, if no other block, with a semicolon between its statements.

    `members`: these, each with its place in the block. `is_plain`: they are nothing but declarations.
    """

    text: str
    keys: tuple[Key, ...]
    members: tuple[tuple[int, Spelled], ...]
    is_plain: bool


class Rule(NamedTuple):
    """A rule whose block holds no other: how its selector and its declarations are written, and what these are.

    `preludes` and `bodies` are as they were read, each with its place in the text, several where rules have become one.
    """

    selector: str
    body: str
    preludes: tuple[tuple[int, Spelled], ...]
    bodies: tuple[tuple[int, Body], ...]
    brace: int
    """Where its `{` stands."""
    end: int
    """Where its `}` stands."""
    size: int = 0
    """Of how many tokens the selector is made, where it was made here: every browser is known to read it then."""

    @property
    def selector_key(self) -> Key:
        """What is compared of its selector."""
        if len(self.preludes) == 1:
            return self.preludes[0][1].key
        return ",".join([str(spelled.key) for _, spelled in self.preludes])

    @property
    def body_keys(self) -> tuple[Key, ...]:
        """What is compared of its declarations."""
        first, *others = (body.keys for _, body in self.bodies)
        return (*first, *chain.from_iterable((";", *keys) for keys in others)) if others else first


def add(rule: Rule, rules: list[Rule]) -> None:
    """Add `rule` to its neighbours: as it is, or as part of the one before it.

    Afterwards no two of them can become one, so that what has been merged has itself for its normal form.
    """
    while rules and (merged := _merged(rules[-1], rule)):
        rules.pop()
        rule = merged
    rules.append(rule)


def _merged(one: Rule, two: Rule) -> Rule | None:
    """One rule for two neighbours; None where it would say something else.

    One without declarations is left alone, and one that begins with an empty one.
    """
    same_selector, same_body = one.selector == two.selector, one.body == two.body
    if not (same_selector or same_body) or any(not rule.body or rule.body[0] == ";" for rule in (one, two)):
        return None
    if same_selector and one.selector_key == two.selector_key:
        body, bodies = f"{one.body};{two.body}", one.bodies + two.bodies
        return Rule(one.selector, body, one.preludes, bodies, one.brace, two.end, one.size)
    sizes = [_size(rule) for rule in (one, two)]
    if not same_body or 0 in sizes or sum(sizes) > _MOST or one.body_keys != two.body_keys:
        return None
    selector, preludes = f"{one.selector},{two.selector}", one.preludes + two.preludes
    return Rule(selector, two.body, preludes, two.bodies, one.brace, two.end, sum(sizes) + 1)


_MOST = 4096
"""Tokens of a selector list that is made here: Chromium heeds no more than 8,192 simple selectors of a rule."""


def _size(rule: Rule) -> int:
    """The tokens of a selector that every browser reads; 0 for another."""
    if rule.size or not isinstance(rule.selector_key, str) or not _SURELY_READ.fullmatch(rule.selector):
        return rule.size
    return sum(token.kind is not Kind.SPACE for token in tokenize(rule.selector))


# One selector that a browser does not know makes it drop the whole list (Selectors 4, section 18), so a list is only
# made of what each reads: CSS 2.1, and what Selectors 3 had when all came to read it.
_NAME = r"-?[a-zA-Z_][a-zA-Z0-9_-]*+"
_ATTRIBUTE = rf"\[{_NAME}(?:[~|^$*]?=(?:{_NAME}|\"[^\"\\\n]*\"|'[^'\\\n]*'))?\]"
_PSEUDO_CLASS = (
    r":(?:active|checked|disabled|empty|enabled|first-child|first-of-type|focus|hover|last-child|last-of-type|link"
    r"|only-child|only-of-type|root|target|visited|nth-child\((?:odd|even|[0-9]++|[0-9]*n(?:[+-][0-9]++)?)\))(?![\w(-])"
)
_SIMPLE = rf"(?:\.{_NAME}|\#{_NAME}|{_ATTRIBUTE}|{_PSEUDO_CLASS})"
_SUBCLASS = rf"(?:{_SIMPLE}|:not\((?:{_NAME}|{_SIMPLE})\))"
_COMPOUND = rf"(?:(?:{_NAME}|\*){_SUBCLASS}*+|{_SUBCLASS}++)"
_PSEUDO_ELEMENT = r":(?:before|after|first-line|first-letter)(?![\w(-])"
_COMPLEX = rf"{_COMPOUND}(?:[ >+~]{_COMPOUND})*+(?:{_PSEUDO_ELEMENT})?"
_SURELY_READ = re.compile(rf"{_COMPLEX}(?:,{_COMPLEX})*+")
