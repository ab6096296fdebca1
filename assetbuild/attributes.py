"""Attributes that a page adds to the elements of `Assets.tags`: `media`, `defer`, `async`, `type="module"`, `data-...`.

Imported when a call gives some and never before. Knows which attribute belongs to which element, and what a build says
itself and nobody may say otherwise; values are text, so that whatever stands in them stays inside its quotes.
"""

from __future__ import annotations

from assetbuild import elements, markup
from assetbuild.errors import AssetbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assetbuild.elements import Names, Urls
    from assetbuild.manifest import Entry
    from assetbuild.markup import Line, Markup

_OF = {
    **dict.fromkeys(("media", "title", "disabled"), "text/css"),
    **dict.fromkeys(("async", "defer", "nomodule", "type"), "text/javascript"),
}
"""Attributes that only one kind of asset has; of a call with both kinds, only that kind gets them."""
_KINDS = {"text/css": "style sheet", "text/javascript": "script"}
_TAKEN = {
    "href": "the manifest says it",
    "src": "the manifest says it",
    "rel": "the manifest says it",
    "name": "names of assets are given without a keyword",
    "integrity": "the manifest says it",
    "crossorigin": "the base URL decides it",
    "nonce": "it has an argument of its own, which preloads get as well",
}
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-.:"


def tags(
    keys: Names,
    nonce: str | None,
    attributes: Mapping[str, object],
    assets: Mapping[str, Entry],
    urls: Urls,
    *,
    cors: bool,
) -> Markup:
    """As `Assets.tags`, of known names. Raises `AssetbuildError` for attributes that would not do what they say."""
    given = _checked(attributes)
    found = {assets[key]["type"] for key in keys}
    for name in given:
        kind = _OF.get(name)
        if kind is not None and kind not in found:
            raise AssetbuildError(f"the attribute `{name}` is for a {_KINDS[kind]}, and there is none here; remove it")
    lines: list[Line] = []
    for key in keys:
        lines += _lines(key, given, assets, urls, cors=cors)
    return markup.with_nonce(markup.pieces(lines), nonce)


def _lines(
    key: str, given: Mapping[str, str | None], assets: Mapping[str, Entry], urls: Urls, *, cors: bool
) -> Iterator[Line]:
    """Those of `elements`; the last one loads the asset and so gets the attributes."""
    entry = assets[key]
    *before, (head, tail) = elements.tag_lines(key, assets, urls, cors=cors)
    if "type" in given and entry["type"] == "text/javascript":
        head, tail = markup.script(urls[key], entry["integrity"], cors=cors, module=True)
    yield from before
    own = {name: value for name, value in given.items() if name != "type" and _OF.get(name) in (None, entry["type"])}
    yield head + "".join(f" {name}" if value is None else f' {name}="{value}"' for name, value in own.items()), tail


def _checked(attributes: Mapping[str, object]) -> dict[str, str | None]:
    """Name as HTML writes it -> escaped value, None for an attribute without one. False and None leave one out.

    Python and template engines have no hyphens in names, and Python has a keyword `async`: `data_id` is `data-id`, and
    `async_` is `async`.
    """
    given: dict[str, str | None] = {}
    if not hasattr(attributes, "items"):
        raise AssetbuildError(f"`attributes` must be a mapping, such as {{'media': 'print'}}, found {attributes!r}")
    for spelled, value in attributes.items():
        if not isinstance(spelled, str):
            raise AssetbuildError(f"{spelled!r} is no name of an attribute; write a string")
        name = spelled.rstrip("_").replace("_", "-").lower()
        if not name[:1].isalpha() or name.strip(_NAME):
            raise AssetbuildError(f"{spelled!r} is no name of an attribute; write letters, digits and hyphens")
        if name in _TAKEN:
            raise AssetbuildError(f"the attribute `{name}` cannot be given: {_TAKEN[name]}; remove it")
        if name == "type" and value not in ("module", None, False):
            raise AssetbuildError(f'the attribute `type` can only be "module" here, found {value!r}; remove it')
        if value is not None and value is not False:
            given[name] = None if value is True else markup.escape(value)
    return given
