"""Whether a statement of the top level is a rule in every browser, in none, or only in some.

What browsers drop does not end the part of a style sheet where `@import` counts, so a bundle must know. Knows the
preludes of rules and not their declarations; where these decide, or browsers differ, it says that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from assetbuild.build.css_layers import layer_names
from assetbuild.build.css_selectors import Verdict, judge_selectors
from assetbuild.build.css_sheet import Ending, Statement, is_unsound
from assetbuild.build.css_tokens import Kind, Token, past_block, unescape

_RESERVED = frozenset({"default", "inherit", "initial", "none", "revert", "revert-layer", "unset"})
"""Words that some rules cannot have for a name, in some browsers."""


_DECLARED = frozenset(
    {Kind.IDENT, Kind.NUMBER, Kind.DIMENSION, Kind.PERCENTAGE, Kind.HASH, Kind.FUNCTION, Kind.COMMA, Kind.CLOSE_PAREN}
)
"""Of these tokens a declaration may be made that parses in every browser, known or not."""


def judge(text: str, statement: Statement, *, prefixes: Collection[str]) -> Verdict:
    """Of any statement but `@import`. `prefixes` are those of the namespaces declared before it."""
    if not statement.name:
        if statement.ending is not Ending.BLOCK or is_unsound(statement):
            return Verdict.DROPPED
        return judge_selectors(text, statement.prelude, prefixes=prefixes)
    rules = _BLOCKS if statement.ending is Ending.BLOCK else _STATEMENTS
    if statement.name in rules:
        return rules[statement.name](text, statement.prelude)
    # Names with a vendor's prefix that browsers of today know are those of WebKit and Gecko.
    vendors = statement.ending is Ending.BLOCK and statement.name.startswith(("@-webkit-", "@-moz-"))
    return Verdict.UNSURE if vendors else Verdict.DROPPED


def namespace_prefix(text: str, prelude: Sequence[Token]) -> str | None:
    """The prefix that an `@namespace` declares, '' for the default one; None where no browser heeds it."""
    prefix = ""
    if prelude and prelude[0].kind is Kind.IDENT:
        prefix, prelude = unescape(text[prelude[0].start : prelude[0].end]), prelude[1:]
    kinds = [token.kind for token in prelude]
    if kinds in ([Kind.STRING], [Kind.URL]):
        return prefix
    is_url = kinds == [Kind.FUNCTION, Kind.STRING, Kind.CLOSE_PAREN] and _word(text, prelude[0]) == "url("
    return prefix if is_url else None


# --- by name ---------------------------------------------------------------------------------------------

_Judge = Callable[[str, Sequence[Token]], Verdict]


def _media(_text: str, _prelude: Sequence[Token]) -> Verdict:
    return Verdict.RULE  # a query that does not parse is one that never matches (Media Queries 4, section 3.2)


def _nothing(_text: str, prelude: Sequence[Token]) -> Verdict:
    return Verdict.DROPPED if prelude else Verdict.RULE


def _unless_nothing(_text: str, prelude: Sequence[Token]) -> Verdict:
    return Verdict.UNSURE if prelude else Verdict.DROPPED


def _perhaps_nothing(_text: str, prelude: Sequence[Token]) -> Verdict:
    return Verdict.DROPPED if prelude else Verdict.UNSURE


def _dashed(text: str, prelude: Sequence[Token]) -> Verdict:
    """A name that begins with `--`; whether the rule counts, depends on its declarations or on the browser."""
    is_name = len(prelude) == 1 and prelude[0].kind is Kind.IDENT
    return Verdict.UNSURE if is_name and _word(text, prelude[0]).startswith("--") else Verdict.DROPPED


def _named(_text: str, prelude: Sequence[Token]) -> Verdict:
    return Verdict.UNSURE if [token.kind for token in prelude] == [Kind.IDENT] else Verdict.DROPPED


def _keyframes(text: str, prelude: Sequence[Token]) -> Verdict:
    kinds = [token.kind for token in prelude]
    if kinds == [Kind.IDENT]:
        return Verdict.UNSURE if _word(text, prelude[0]) in _RESERVED else Verdict.RULE
    return Verdict.UNSURE if kinds == [Kind.STRING] else Verdict.DROPPED


def _page(text: str, prelude: Sequence[Token]) -> Verdict:
    selector = text[prelude[0].start : prelude[-1].end].lower() if prelude else ""
    return Verdict.RULE if selector in ("", ":first", ":left", ":right") else Verdict.UNSURE


def _scope(text: str, prelude: Sequence[Token]) -> Verdict:
    begins = not prelude or prelude[0].kind is Kind.OPEN_PAREN or _word(text, prelude[0]) == "to"
    return Verdict.UNSURE if begins else Verdict.DROPPED


def _supports(text: str, prelude: Sequence[Token]) -> Verdict:
    """Sure of one declaration or several, with `and` or `or` between: `not (a: b)`, `(a: b) and (c: d)`."""
    if not prelude or not (prelude[0].kind in (Kind.OPEN_PAREN, Kind.FUNCTION) or _word(text, prelude[0]) == "not"):
        return Verdict.DROPPED
    at, words = 0, []
    if prelude[0].kind is Kind.IDENT:
        at, words = 1, ["not"]
    while at < len(prelude):
        end = past_block(prelude, at)
        if [token.kind for token in prelude[at : at + 3]] != [Kind.OPEN_PAREN, Kind.IDENT, Kind.COLON]:
            return Verdict.UNSURE
        if not _DECLARED.issuperset(token.kind for token in prelude[at + 3 : end]) or end - at < 5:
            return Verdict.UNSURE
        if end == len(prelude):
            return Verdict.RULE if len({*words}) <= 1 else Verdict.UNSURE
        words.append(_word(text, prelude[end]))
        if words[-1] not in ("and", "or") or words[0] == "not":
            return Verdict.UNSURE
        at = end + 1
    return Verdict.UNSURE


def _container(text: str, prelude: Sequence[Token]) -> Verdict:
    """Sure of a size in parentheses, with a name before it or without."""
    if not prelude or prelude[0].kind not in (Kind.IDENT, Kind.OPEN_PAREN, Kind.FUNCTION):
        return Verdict.DROPPED
    is_named = prelude[0].kind is Kind.IDENT and _word(text, prelude[0]) not in {*_RESERVED, "and", "not", "or"}
    query = prelude[is_named:]
    is_size = [token.kind for token in query[:3]] == [Kind.OPEN_PAREN, Kind.IDENT, Kind.COLON] and len(query) == 5
    features = ("min-width", "max-width", "min-height", "max-height", "width", "height")
    sure = is_size and _word(text, query[1]) in features and query[3].kind is Kind.DIMENSION
    return Verdict.RULE if sure else Verdict.UNSURE


def _layers(text: str, prelude: Sequence[Token]) -> Verdict:
    """A statement: CSS-wide keywords are no names (CSS Cascade 5, section 6.4.1), but to Chromium they are."""
    names = layer_names(text, prelude)
    if not names:
        return Verdict.DROPPED
    return Verdict.UNSURE if any(_is_reserved(name) for name in names) else Verdict.RULE


def _layer(text: str, prelude: Sequence[Token]) -> Verdict:
    """A block, which has one name at most."""
    if not prelude:
        return Verdict.RULE
    return _layers(text, prelude) if len(layer_names(text, prelude)) == 1 else Verdict.DROPPED


def _is_reserved(name: str) -> bool:
    # With a backslash, a dot may be part of a name and a word be written in escapes.
    return "\\" in name or any(part.lower() in _RESERVED - {"none"} for part in name.split("."))


def _namespace(text: str, prelude: Sequence[Token]) -> Verdict:
    return Verdict.DROPPED if namespace_prefix(text, prelude) is None else Verdict.RULE


def _word(text: str, token: Token) -> str:
    return unescape(text[token.start : token.end]).lower()


_BLOCKS: Mapping[str, _Judge] = MappingProxyType(
    {
        "@-webkit-keyframes": _keyframes,
        "@color-profile": _unless_nothing,
        "@container": _container,
        "@counter-style": _named,
        "@font-face": _nothing,
        "@font-feature-values": _unless_nothing,
        "@font-palette-values": _dashed,
        "@function": _unless_nothing,
        "@keyframes": _keyframes,
        "@layer": _layer,
        "@media": _media,
        "@page": _page,
        "@position-try": _dashed,
        "@property": _dashed,
        "@scope": _scope,
        "@starting-style": _perhaps_nothing,
        "@supports": _supports,
        "@view-transition": _perhaps_nothing,
    }
)
_STATEMENTS: Mapping[str, _Judge] = MappingProxyType(
    {"@custom-media": _unless_nothing, "@layer": _layers, "@namespace": _namespace}
)
