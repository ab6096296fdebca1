"""Which elements load an asset and what it needs: those of one asset of a manifest, in the order of the page.

Knows the manifest's members and nothing of how names are looked up; how an element is spelled is markup's. What was
made once is kept in pieces between which a nonce goes, as the nonce is another for each page.
"""

from __future__ import annotations

from assetbuild import markup
from assetbuild.errors import AssetbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from assetbuild.manifest import Entry
    from assetbuild.markup import Line, Markup

    Make = Callable[..., Iterator[Line]]

    Names = tuple[str, ...]

MODULE_PRELOADS = 100
"""How many modules an entry preloads at most: those that a browser would find first.

Each is some 200 bytes of the page, digests that do not compress, and asks for its file before any style sheet that
stands below. Beyond about a hundred modules a page needs a bundle rather than more preloads (v8.dev/features/modules).
"""
_KEPT = 1000
"""Combinations of names whose elements are kept; templates have few, and names that come from a request may be many."""


class Urls:
    """URLs by name, each made when it is first asked for: of thousands a process needs few."""

    __slots__ = ("assets", "base_url", "made")

    def __init__(self, assets: Mapping[str, Entry], base_url: str) -> None:
        self.assets, self.base_url = assets, base_url
        self.made: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        url = self.made.get(name)
        if url is None:
            url = self.made[name] = self.base_url + markup.encode(self.assets[name]["path"])
        return url


class Finished:
    """Elements that were made already, by the names that were asked for, and of blocks of templates.

    Only ever grows, of the names up to a bound; there are no more blocks than the templates hold.
    """

    __slots__ = ("blocks", "joined", "pieces")

    def __init__(self) -> None:
        self.joined: dict[Names, Markup] = {}
        self.pieces: dict[Names, Names] = {}
        self.blocks: dict[str, tuple[str | int, ...]] = {}  # of templates, by what they say


def finish(
    keys: Names,
    nonce: str | None,
    finished: Finished,
    make: Make,
    assets: Mapping[str, Entry],
    urls: Urls,
    *,
    cors: bool,
) -> Markup:
    """The elements that `make` gives for the assets `keys`, each once, with the nonce."""
    pieces = finished.pieces.get(keys)
    if pieces is None:
        pieces = markup.pieces(line for name in keys for line in make(name, assets, urls, cors=cors))
        if len(finished.pieces) < _KEPT:
            finished.pieces[keys] = pieces
    html = markup.with_nonce(pieces, nonce)
    if not nonce and len(finished.joined) < _KEPT:
        finished.joined[keys] = html
    return html


def tag_lines(name: str, assets: Mapping[str, Entry], urls: Urls, *, cors: bool) -> Iterator[Line]:
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


def preload_lines(name: str, assets: Mapping[str, Entry], urls: Urls, *, cors: bool) -> Iterator[Line]:
    """The preloads of what asset `name` loads in its turn."""
    entry = assets[name]
    for preloaded in entry.get("preload", ()):
        target, url = assets[preloaded], urls[preloaded]
        if target["type"].startswith("font/"):
            yield markup.preload_font(url, target["type"])
        elif target["type"] == "text/css":
            yield markup.preload_style(url, target["integrity"], cross_origin=cors)
    yield from _module_lines(entry, assets, urls, cors=cors)


def _module_lines(entry: Entry, assets: Mapping[str, Entry], urls: Urls, *, cors: bool) -> Iterator[Line]:
    for imported in entry.get("imports", ())[:MODULE_PRELOADS]:
        target = assets[imported]
        if target["type"] == "text/javascript":  # a preload of a CSS or JSON module would be refused as no script
            yield markup.modulepreload(urls[imported], target["integrity"], cors=cors)
