"""One `@import` statement: its URL and conditions, and how both are said elsewhere.

Knows the grammar of CSS Cascade 5, section 2, and Media Queries 4; not what the URL names. The conditions of an import
hold for all that it brings in, so they are wrapped around a text, or joined with those of an import inside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assetbuild.build.css_layers import layer_name
from assetbuild.build.css_sheet import Statement
from assetbuild.build.css_tokens import Kind, Token, past_block, unescape


@dataclass(frozen=True, slots=True)
class Condition:
    """What one `@import` asks for. `layer`: None for none, '' for one without a name. `supports` has no parentheses.

    `number` tells the layers without a name apart: no two are the same.
    """

    layer: str | None = None
    supports: str = ""
    media: str = ""
    number: int = 0


NO_CONDITION = Condition()


@dataclass(frozen=True, slots=True)
class Import:
    """A readable `@import`. `start` and `end` delimit its URL: the string, or the whole `url()`.

    `is_modified`: the `url()` holds more than a string, `url("a.css" integrity("..."))`, which not all browsers know.
    """

    start: int
    end: int
    condition: Condition
    is_modified: bool = False


def url_in(written: str) -> str:
    """The URL in a string or `url()`, with its escapes undone."""
    url = unescape(written)
    inside = url[url.index("(") + 1 :].rstrip(")") if not url.startswith(("'", '"')) else url
    return inside.strip(" \t\r\n\f'\"")


def read_import(text: str, statement: Statement) -> Import | None:
    """None where the statement names no URL in a form that browsers know, so that they ignore it.

    `src()` is none yet, and `url("a.css" name)` has a modifier that no standard has (CSS Values 4, section 4.5.4).
    """
    tokens = statement.prelude
    if not tokens:
        return None
    first = tokens[0]
    if first.kind in (Kind.STRING, Kind.URL):
        return Import(first.start, first.end, _condition(text, tokens[1:]))
    if first.kind is not Kind.FUNCTION or _name(text, first) != "url(":
        return None
    after = past_block(tokens, 0)
    inside = tokens[1 : after - 1]
    if not inside or inside[0].kind is not Kind.STRING or not _are_modifiers(inside[1:]):
        return None
    return Import(first.start, tokens[after - 1].end, _condition(text, tokens[after:]), len(inside) > 1)


def _are_modifiers(tokens: Sequence[Token]) -> bool:
    """Whether they are functions, one behind the other."""
    at = 0
    while at < len(tokens) and tokens[at].kind is Kind.FUNCTION:
        at = past_block(tokens, at)
    return at == len(tokens)


def _condition(text: str, tokens: Sequence[Token]) -> Condition:
    """`[layer | layer(<name>)]? supports(...)? <media-query-list>?`, in this order only."""
    layer, supports = None, ""
    if tokens and tokens[0].kind is Kind.IDENT and _name(text, tokens[0]) == "layer":
        layer, tokens = "", tokens[1:]
    elif tokens and tokens[0].kind is Kind.FUNCTION and _name(text, tokens[0]) == "layer(":
        end = past_block(tokens, 0)
        name = layer_name(text, tokens[1 : end - 1])
        if name is not None:
            layer, tokens = name, tokens[end:]
    if tokens and tokens[0].kind is Kind.FUNCTION and _name(text, tokens[0]) == "supports(":
        end = past_block(tokens, 0)
        inside = tokens[1 : end - 1]
        # Empty parentheses are a condition that never holds, on whatever side of others.
        supports = text[inside[0].start : inside[-1].end] if inside else "()"
        tokens = tokens[end:]
    media = text[tokens[0].start : tokens[-1].end] if tokens else ""
    return Condition(layer, supports, "" if media.lower() == "all" else media)


def _name(text: str, token: Token) -> str:
    return unescape(text[token.start : token.end]).lower()


# --- conditions, said elsewhere --------------------------------------------------------------------------


def wrapping(conditions: Sequence[Condition]) -> tuple[str, str]:
    """What stands before and after a text that is imported under `conditions`, outermost first.

    The layer is innermost: it exists only where its import's other conditions hold (CSS Cascade 5, section 6.4.4).
    """
    before: list[str] = []
    for each in conditions:
        if each.supports:
            before.append(f"@supports ({each.supports}) {{\n")
        if each.media:
            before.append(f"@media {each.media} {{\n")
        if each.layer is not None:
            before.append(f"@layer {each.layer} {{\n" if each.layer else "@layer {\n")
    return "".join(before), "}\n" * len(before)


def shared(conditions: Sequence[Condition], others: Sequence[Condition]) -> int:
    """How many of the outer conditions of two texts must be said only once around both.

    They do where both texts are in one layer without a name: said twice, it would be two layers.
    """
    count = 0
    for number, (one, other) in enumerate(zip(conditions, others, strict=False), start=1):
        if one != other:
            break
        if one.layer == "":
            count = number
    return count


def layers_only(conditions: Sequence[Condition]) -> str | None:
    """The name of the layer that `conditions` amount to, '' for none; None where they ask for more than that."""
    if any(each.supports or each.media or each.layer == "" for each in conditions):
        return None
    return ".".join(each.layer for each in conditions if each.layer)


def has_layer(conditions: Sequence[Condition]) -> bool:
    """Whether any of them puts what is imported into a layer."""
    return any(each.layer is not None for each in conditions)


def joined(conditions: Sequence[Condition]) -> str | None:
    """All of `conditions`, outermost first, in the words of a single `@import`; None where there are none.

    A layer without a name is one only where it stands alone: two imports into it would be two layers.
    """
    layers = [each.layer for each in conditions if each.layer is not None]
    if "" in layers and (len(layers) > 1 or conditions[-1].layer is None):
        return None
    words = ["layer" if layers == [""] else f"layer({'.'.join(layers)})"] if layers else []
    supports = [each.supports for each in conditions if each.supports]
    if supports:
        words.append(f"supports({supports[0] if len(supports) == 1 else ' and '.join(f'({one})' for one in supports)})")
    media = ""
    for each in conditions:
        if each.media:
            both = _both(media, each.media) if media else each.media
            if both is None:
                return None
            media = both
    return " ".join([*words, media] if media else words)


_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TYPED = re.compile(
    r"(?:(?P<modifier>only|not)\s+)?(?P<type>(?!not\b|only\b|and\b|or\b)[-\w]+)(?:\s+and\s+(?P<rest>.+))?",
    re.IGNORECASE | re.DOTALL,
)


def _both(outer: str, inner: str) -> str | None:
    """The media query list that matches where `outer` and `inner` do; None where no list can say it.

    With a backslash any word may be written in escapes, `not` too.
    """
    if "\\" in outer + inner:
        return None
    pairs = [(one, other) for one in _queries(outer) for other in _queries(inner)]
    found = [_both_queries(one, other) for one, other in pairs]
    return None if None in found else ", ".join(each for each in found if each is not None)


def _queries(media: str) -> list[str]:
    """The members of a media query list, without comments."""
    queries, depth = [""], 0
    for char in _COMMENT.sub(" ", media):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            queries.append("")
        else:
            queries[-1] += char
    return [query.strip() for query in queries]


def _both_queries(outer: str, inner: str) -> str | None:
    first, second = _TYPED.fullmatch(outer), _TYPED.fullmatch(inner)
    if any(one and (one["modifier"] or "").lower() == "not" for one in (first, second)):
        return None
    if first and second:
        types = {first["type"].lower(), second["type"].lower()} - {"all"}
        if len(types) > 1:
            return "not all"
        conditions = [one["rest"] for one in (first, second) if one["rest"]]
        return " and ".join([next(iter(types), "all"), *map(_operand, conditions)])
    typed = second or first
    if typed is None:
        return f"{_operand(inner)} and {_operand(outer)}"
    return f"{typed[0]} and {_operand(outer if typed is second else inner)}"


def _operand(condition: str) -> str:
    """A condition as it may stand beside `and`: in parentheses where `or` or `not` stands outside of any."""
    depth, outside = 0, ""
    for char in condition:
        depth += (char in "([{") - (char in ")]}")
        outside += char if depth == 0 else ""
    return f"({condition})" if re.search(r"\b(?:or|not)\b", outside, re.I) else condition
