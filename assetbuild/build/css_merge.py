"""Neighbouring style rules that one rule can say: of two with one selector, and of two with the same declarations.

Knows parts and no grammar: what is a style rule of nothing but declarations, and where it stands, `css_normal` says.
Only neighbours become one, so that no declaration changes its place in the cascade (CSS Cascade 5, section 6.4.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from assetbuild.build.css_tokens import Kind, Part


class Rule(NamedTuple):
    """A style rule among parts: where its selector starts, its `{`, and its `}`.

    `is_read`: every browser is known to read its selector.
    """

    start: int
    brace: int
    end: int
    is_read: bool = False


Rules = list[Rule]
"""The style rules of one block that stand together at its end."""


def add(rule: Rule, rules: Rules, parts: list[Part]) -> None:
    """Add `rule`, which ends `parts`, to its neighbours in `rules`: as it is, or as part of the one before it.

    Afterwards no two of `rules` can become one, so that what has been merged has itself for its normal form.
    """
    if rules and rules[-1].end + 1 != rule.start:
        rules.clear()
    while rules and (merged := _merged(rules[-1], rule, parts)):
        rules.pop()
        rule = merged
    rules.append(rule)


def _merged(one: Rule, two: Rule, parts: list[Part]) -> Rule | None:
    """Make one rule of two neighbours, the last of `parts`; None, and nothing done, where it would say something else.

    One without declarations is left alone, and one that begins with an empty one.
    """
    if any(rule.brace + 1 == rule.end or parts[rule.brace + 1].kind is Kind.SEMICOLON for rule in (one, two)):
        return None
    if _are_equal(parts, (one.start, one.brace), (two.start, two.brace)):
        end = parts[one.end]
        parts[one.end : two.brace + 1] = [Part(Kind.SEMICOLON, ";", gap=False, start=end.start, end=end.end)]
        return one._replace(end=len(parts) - 1)
    if (
        two.brace - two.start + one.brace - one.start <= _MOST
        and _are_equal(parts, (one.brace, one.end), (two.brace, two.end))
        and _is_surely_read(one, parts)
        and _is_surely_read(two, parts)
    ):
        brace = parts[one.brace]
        parts[one.brace : two.start] = [Part(Kind.COMMA, ",", gap=False, start=brace.start, end=brace.end)]
        return Rule(one.start, one.brace + 1 + two.brace - two.start, len(parts) - 1, is_read=True)
    return None


_Span = tuple[int, int]
_FUSING = re.compile(r"[\w#@\\-][\w\\-]")
_MOST = 4096
"""Parts of a selector list that is made here: Chromium heeds no more than 8,192 simple selectors of a rule."""


def _are_equal(parts: list[Part], one: _Span, two: _Span) -> bool:
    if one[1] - one[0] != two[1] - two[0]:
        return False
    pairs = zip(_slice(parts, one), _slice(parts, two), strict=True)
    return all(a.text == b.text and a.kind is b.kind and a.gap == b.gap for a, b in pairs)


def _slice(parts: list[Part], span: _Span) -> Iterator[Part]:
    return iter(parts[slice(*span)])


def _is_surely_read(rule: Rule, parts: list[Part]) -> bool:
    if rule.is_read:
        return True
    selector = list(_slice(parts, (rule.start, rule.brace)))
    # What only a comment keeps apart is two tokens, and would look like one.
    if any(not two.gap and _FUSING.fullmatch(one.text[-1] + two.text[0]) for one, two in pairwise(selector)):
        return False
    return _SURELY_READ.fullmatch("".join(f" {part.text}" if part.gap else part.text for part in selector)) is not None


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
