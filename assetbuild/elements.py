"""Which elements load an asset and what it needs: those of one asset of a manifest, in the order of the page.

Knows the manifest's members and nothing of how names are looked up or results kept; how an element is spelled is
markup's.
"""

from __future__ import annotations

from assetbuild import markup
from assetbuild.errors import AssetbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assetbuild.manifest import Entry
    from assetbuild.markup import Line


def tag_lines(name: str, assets: Mapping[str, Entry], urls: Mapping[str, str], *, cors: bool) -> Iterator[Line]:
    """What loads asset `name`; before it the style sheets that it comes with, and the preloads of its modules.

    Raises `AssetbuildError` for any other type.
    """
    entry = assets[name]
    url, integrity = urls[name], entry["integrity"]
    if entry["type"] == "text/css":
        yield markup.stylesheet(url, integrity, cors=cors)
    elif entry["type"] == "text/javascript":
        for sheet in entry.get("css", ()):
            yield markup.stylesheet(urls[sheet], assets[sheet]["integrity"], cors=cors)
        yield from _module_lines(entry, assets, urls, cors=cors)
        yield markup.script(url, integrity, cors=cors, module=entry.get("module", False))
    else:
        raise AssetbuildError(f"{name!r} is of type {entry['type']}, which no tag loads; use its URL")


def preload_lines(name: str, assets: Mapping[str, Entry], urls: Mapping[str, str], *, cors: bool) -> Iterator[Line]:
    """The preloads of what asset `name` loads in its turn."""
    entry = assets[name]
    for preloaded in entry.get("preload", ()):
        target, url = assets[preloaded], urls[preloaded]
        if target["type"].startswith("font/"):
            yield markup.preload_font(url, target["type"])
        elif target["type"] == "text/css":
            yield markup.preload_style(url, target["integrity"], cross_origin=cors)
    yield from _module_lines(entry, assets, urls, cors=cors)


def _module_lines(entry: Entry, assets: Mapping[str, Entry], urls: Mapping[str, str], *, cors: bool) -> Iterator[Line]:
    for imported in entry.get("imports", ()):
        target = assets[imported]
        if target["type"] == "text/javascript":  # a preload of a CSS or JSON module would be refused as no script
            yield markup.modulepreload(urls[imported], target["integrity"], cors=cors)
