"""`Assets`: answers from a manifest what a page needs to show an asset: its URL, integrity and elements.

Knows nothing of sources, of building and of any web framework. URLs are worked out at load, so that a look-up is a
look-up: no I/O but in `inline`, no locks, no state that a fork or a thread could find half changed.
"""

from __future__ import annotations

import os

from assetbuild import manifest as _manifest
from assetbuild import markup
from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset
from assetbuild.markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from assetbuild.manifest import Entry, ManifestDict
    from assetbuild.markup import Line

    Identity = tuple[int, int, int]
    """Of a file: modification time in nanoseconds, size, inode number."""


class _BadBaseUrl(AssetbuildError, ValueError):
    """A base URL that nothing can be appended to."""


class _Finished:
    """Elements that were made already, per asset; grows at most to the number of assets."""

    __slots__ = ("joined", "lines")

    def __init__(self) -> None:
        self.lines: dict[str, tuple[Line, ...]] = {}
        self.joined: dict[str, Markup] = {}


class _Release:
    """One manifest, ready to answer. Only its caches ever change, and only by growing."""

    __slots__ = ("assets", "base_url", "build", "cors", "file", "importmap", "preloads", "served", "tags", "urls")

    def __init__(self, document: ManifestDict, *, file: str, base_url: str) -> None:
        self.file = file
        self.base_url = base_url
        self.cors = _manifest.is_absolute_url(base_url)
        self.build = document["build"]
        self.assets = document["assets"]
        self.importmap = document.get("importmap", {})
        entries = self.assets.values()
        if markup.is_unencoded("".join([entry["path"] for entry in entries])):
            self.urls = {name: base_url + entry["path"] for name, entry in self.assets.items()}
        else:
            self.urls = {name: base_url + markup.encode(entry["path"]) for name, entry in self.assets.items()}
        self.served: tuple[frozenset[str], frozenset[str]] | None = None  # immutable files, plain copies
        self.tags = _Finished()
        self.preloads = _Finished()


class _Watch:
    """The manifest file of a development server: what was last seen of it, and what it last held that was good."""

    __slots__ = ("base_url", "file", "release", "seen")

    def __init__(self, file: str, base_url: str) -> None:
        self.file = file
        self.base_url = base_url
        self.release, self.seen = _load(file, base_url)

    def current(self) -> _Release:
        try:
            found = os.stat(self.file)
        except OSError:
            return self.release
        if _identity(found) != self.seen:
            try:
                self.release, self.seen = _load(self.file, self.base_url)
            except ManifestError:
                # A build may be writing it with other tools than ours; looked at again when it changes again.
                self.seen = _identity(found)
        return self.release


class Assets:
    """The assets of one build, by logical path. Made by `Assets.load`; immutable."""

    __slots__ = ("_release", "_root", "_urls", "_watch")

    _release: _Release
    _root: str
    _urls: dict[str, str]
    _watch: _Watch | None

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        base_url: str = "/",
        root: str | os.PathLike[str] | None = None,
        reload: bool = False,
    ) -> Assets:
        """Read the manifest in file `path`. Raises `ManifestError`.

        `base_url` is where the output folder is served: a path or a whole URL. `root` is the output folder itself,
        which only `inline` needs; it defaults to the manifest's folder. `reload` is for development: each look-up
        first asks whether the file has changed; while it is absent or broken, the last good manifest answers.
        """
        file = os.path.abspath(os.fspath(path))
        checked = _checked(base_url)
        watch = _Watch(file, checked) if reload else None
        release = watch.release if watch else _load(file, checked)[0]
        self = cls.__new__(cls)
        for name, value in (
            ("_release", release),
            ("_root", os.path.abspath(os.fspath(root)) if root is not None else os.path.dirname(file)),
            ("_urls", release.urls),
            ("_watch", watch),
        ):
            object.__setattr__(self, name, value)
        return self

    def __init__(self) -> None:
        raise TypeError("an Assets is made by Assets.load(path)")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an Assets is immutable: {name} cannot be set; load another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"an Assets is immutable: {name} cannot be deleted")

    def __repr__(self) -> str:
        release = self._current()
        return f"<Assets {release.file!r}, build {release.build[:12]}, {len(release.assets)} at {release.base_url!r}>"

    def __contains__(self, name: object) -> bool:
        return name in self._current().assets

    def __iter__(self) -> Iterator[str]:
        return iter(self._current().assets)

    def __len__(self) -> int:
        return len(self._current().assets)

    @property
    def build(self) -> str:
        """The build id: 64 hexadecimal digits."""
        return self._current().build

    @property
    def base_url(self) -> str:
        """What every URL begins with; it ends in a slash."""
        return self._release.base_url

    @property
    def reloads(self) -> bool:
        """Whether answers may change during the life of the process, so that nothing may be kept of them."""
        return self._watch is not None

    def url(self, name: str) -> str:
        """The URL of asset `name`. Raises `UnknownAsset`."""
        try:
            return (self._urls if self._watch is None else self._watch.current().urls)[name]
        except KeyError:
            _raise_unknown(name, self._current())

    def path(self, name: str) -> str:
        """The output path of asset `name`, below the output folder. Raises `UnknownAsset`."""
        return _entry(name, self._current())["path"]

    def integrity(self, name: str) -> str:
        """`sha384-...`, as in an `integrity` attribute. Raises `UnknownAsset`."""
        return _entry(name, self._current())["integrity"]

    def tags(self, *names: str, nonce: str | None = None) -> Markup:
        """The elements that load style sheets and scripts: one per name, in order, each element once.

        Before a module come the preloads of what it imports. `nonce` is that of the page's Content-Security-Policy.
        Raises `UnknownAsset`, and `AssetbuildError` for an asset that is neither CSS nor JavaScript.
        """
        release = self._current()
        return _joined(names, nonce, release, release.tags, _tag_lines)

    def preload_tags(self, *names: str, nonce: str | None = None) -> Markup:
        """The preloads of what the assets load in their turn: fonts, style sheets, modules. They go first in `<head>`.

        Empty where there is nothing to preload. Raises `UnknownAsset`.
        """
        release = self._current()
        return _joined(names, nonce, release, release.preloads, _preload_lines)

    def importmap_tag(self, nonce: str | None = None) -> Markup:
        """The import map, '' where the build has none. It must stand before the first module and module preload."""
        release = self._current()
        if not release.importmap:
            return Markup("")
        # An address that is no URL and begins with neither slash nor dots would be a bare specifier (HTML, import maps)
        base = release.base_url
        if not base.startswith(("/", "./", "../")) and not _manifest.is_absolute_url(base):
            base = "./" + base
        imports, integrity = {}, {}
        for specifier, target in release.importmap.items():
            key = base + markup.encode(specifier[2:]) if specifier.startswith("./") else specifier
            entry = release.assets.get(target)
            if entry is not None:
                imports[key] = base + markup.encode(entry["path"])
                integrity[imports[key]] = entry["integrity"]
            else:
                imports[key] = target
        return markup.join([markup.importmap(imports, integrity)], nonce)

    def inline(self, name: str) -> Markup:
        """The text of a small asset, to stand inside `<style>`, `<script>` or, for SVG, in the page. Reads the file.

        A style sheet's relative URLs get the base URL. Raises `UnknownAsset`, and `AssetbuildError` where there is no
        such file below `root` or where its text would not mean the same inside the page.
        """
        from assetbuild import inline

        release = self._current()
        entry = _entry(name, release)
        return inline.text_of(
            os.path.join(self._root, entry["path"]),
            name=name,
            entry=entry,
            outputs=_outputs(release),
            base_url=release.base_url,
        )

    def immutable_file_test(self, path: str, url: str) -> bool:
        """For WhiteNoise (`immutable_file_test`, `WHITENOISE_IMMUTABLE_FILE_TEST`) and ServeStatic.

        True exactly for fingerprinted outputs and their variants, wherever their folder is mounted. It is the manifest
        that says so, never the look of a name: plain copies of `stable` assets and the manifest are not immutable.
        """
        release = self._current()
        if release.served is None:
            plain = frozenset(name for name, entry in release.assets.items() if entry.get("stable"))
            release.served = (_outputs(release), plain)
        fixed, plain = release.served
        tail = path.replace(os.sep, "/")
        while True:
            tail = tail.partition("/")[2]
            if not tail or tail in plain:
                return False
            if tail in fixed:
                return url == tail or url.endswith("/" + tail)

    def _current(self) -> _Release:
        return self._release if self._watch is None else self._watch.current()


def _load(file: str, base_url: str) -> tuple[_Release, Identity]:
    """The identity is taken before reading: a change in between is then seen at the next look-up."""
    try:
        seen = _identity(os.stat(file))
    except OSError:
        seen = (0, 0, 0)  # `read` says what is wrong
    return _Release(_manifest.read(file), file=file, base_url=base_url), seen


def _identity(found: os.stat_result) -> Identity:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _checked(base_url: str) -> str:
    if "?" in base_url or "#" in base_url:
        raise _BadBaseUrl(f"the base URL {base_url!r} has a query or a fragment; give only what stands before")
    if any(char <= " " or char in '\\"<>' for char in base_url):
        raise _BadBaseUrl(f"the base URL {base_url!r} has a character that no URL has; percent-encode it")
    return base_url if base_url.endswith("/") else base_url + "/"


def _entry(name: str, release: _Release) -> Entry:
    try:
        return release.assets[name]
    except KeyError:
        _raise_unknown(name, release)


def _outputs(release: _Release) -> frozenset[str]:
    """The paths of everything that is named by its content: outputs and variants."""
    outputs = {entry["path"] for entry in release.assets.values()}
    outputs.update(twin["path"] for entry in release.assets.values() for twin in entry.get("variants", {}).values())
    return frozenset(outputs)


def _joined(
    names: tuple[str, ...],
    nonce: str | None,
    release: _Release,
    finished: _Finished,
    make: Callable[[str, _Release], Iterator[Line]],
) -> Markup:
    """Elements are made once per asset, and joined once where one asset is asked for without a nonce."""
    if not nonce and len(names) == 1 and names[0] in finished.joined:
        return finished.joined[names[0]]
    lines: list[Line] = []
    for name in names:
        found = finished.lines.get(name)
        if found is None:
            found = finished.lines[name] = tuple(make(name, release))
        lines += found
    html = markup.join(lines, nonce)
    if not nonce and len(names) == 1:
        finished.joined[names[0]] = html
    return html


def _tag_lines(name: str, release: _Release) -> Iterator[Line]:
    entry = _entry(name, release)
    url, integrity, cors = release.urls[name], entry["integrity"], release.cors
    if entry["type"] == "text/css":
        yield markup.stylesheet(url, integrity, cors=cors)
    elif entry["type"] == "text/javascript":
        yield from _module_lines(entry, release)
        yield markup.script(url, integrity, cors=cors, module=entry.get("module", False))
    else:
        raise AssetbuildError(f"{name!r} is of type {entry['type']}, which no tag loads; use its URL")


def _module_lines(entry: Entry, release: _Release) -> Iterator[Line]:
    for imported in entry.get("imports", ()):
        target = release.assets[imported]
        if target["type"] == "text/javascript":  # a preload of a CSS or JSON module would be refused as no script
            yield markup.modulepreload(release.urls[imported], target["integrity"], cors=release.cors)


def _preload_lines(name: str, release: _Release) -> Iterator[Line]:
    entry = _entry(name, release)
    for preloaded in entry.get("preload", ()):
        target = release.assets[preloaded]
        url = release.urls[preloaded]
        if target["type"].startswith("font/"):
            yield markup.preload_font(url, target["type"])
        elif target["type"] == "text/css":
            yield markup.preload_style(url, target["integrity"], cross_origin=release.cors)
    yield from _module_lines(entry, release)


def _raise_unknown(name: object, release: _Release) -> NoReturn:
    from assetbuild import near

    raise UnknownAsset(
        near.explain(name, assets=release.assets, base_url=release.base_url, build=release.build)
    ) from None
