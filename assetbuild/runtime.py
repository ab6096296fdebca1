"""`Assets`: answers from a manifest what a page needs to show an asset: its URL, integrity and elements.

Knows nothing of sources, of building and of any web framework. URLs are worked out at load, so that a look-up is a
look-up: no I/O but in `inline`, no locks, no state that a fork or a thread could find half changed.
"""

from __future__ import annotations

import os

from assetbuild import elements, markup
from assetbuild import manifest as _manifest
from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset
from assetbuild.markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, NoReturn

    from assetbuild.elements import Finished, Make
    from assetbuild.manifest import BundleEntry, Entry, ManifestDict

    Identity = tuple[int, int, int]
    """Of a file: modification time in nanoseconds, size, inode number."""

_UNSEEN = (0, 0, 0)


class _Release:
    """One manifest, ready to answer. Only its caches ever change, and only by growing."""

    __slots__ = ("assets", "base_url", "composed", "cors", "document", "file", "preloads", "served", "tags", "urls")

    def __init__(self, document: ManifestDict, *, file: str, base_url: str) -> None:
        self.document = document
        self.file = file
        self.base_url = base_url
        self.cors = _manifest.is_absolute_url(base_url)
        self.assets = document["assets"]
        self.urls = elements.Urls(self.assets, base_url)
        self.served: tuple[frozenset[str], frozenset[str]] | None = None  # immutable files, plain copies
        self.composed: dict[str, str] | None = None  # names in their form NFC
        self.tags = elements.Finished()
        self.preloads = elements.Finished()


class _Watch:
    """The manifest file of a development server: what was last seen of it, and what it last held that was good."""

    __slots__ = ("release", "seen")

    def __init__(self, release: _Release, seen: Identity) -> None:
        self.release, self.seen = release, seen

    def current(self) -> _Release:
        try:
            found = os.stat(self.release.file)
        except OSError:
            return self.release
        if _identity(found) != self.seen:
            try:
                self.release, self.seen = _load(self.release.file, self.release.base_url)
            except ManifestError:
                # A build may be writing it with other tools than ours; looked at again when it changes again.
                self.seen = _identity(found)
        return self.release


class Assets:
    """The assets of one build, by logical path. Made by `Assets.load`; immutable."""

    __slots__ = ("_release", "_roots", "_urls", "_watch")

    _release: _Release
    _roots: tuple[str, ...]
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
        file = os.path.abspath(os.fsdecode(path))
        folder = os.path.abspath(os.fsdecode(root)) if root is not None else os.path.dirname(file)
        release, seen = _load(file, markup.checked_base(base_url))
        return _assets(cls, release, roots=(folder,), watch=_Watch(release, seen) if reload else None)

    @classmethod
    def for_tests(
        cls, *folders: str | os.PathLike[str], names: Iterable[str] = (), base_url: str = "/static/"
    ) -> Assets:
        """For tests of an app, without a build: plain names, and as strict as a build about which there are.

        Known are the files below `folders`, which are those of `sources`, and `names`, for bundles and for what lies
        under a mount. Integrity is well-formed and that of no file. Raises `AssetbuildError` for what is no folder.
        """
        from assetbuild import fortests

        roots = tuple(os.path.abspath(os.fsdecode(folder)) for folder in folders)
        document = fortests.document(roots, names)
        release = _Release(document, file="Assets.for_tests", base_url=markup.checked_base(base_url))
        return _assets(cls, release, roots=roots, watch=None)

    def __init__(self) -> None:
        raise TypeError("an Assets is made by Assets.load(path)")

    def __reduce__(self) -> tuple[Callable[..., Assets], tuple[object, ...]]:
        """For copies and other processes: plain data, so that they answer alike whatever became of the file."""
        release = self._current()
        return _restored, (type(self), release.document, release.file, release.base_url, self._roots, self.reloads)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an Assets is immutable: {name} cannot be set; load another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"an Assets is immutable: {name} cannot be deleted")

    def __repr__(self) -> str:
        release, build = self._current(), self.build[:12]
        return f"<Assets {release.file!r}, build {build}, {len(release.assets)} at {release.base_url!r}>"

    def __contains__(self, name: object) -> bool:
        return _key(name, self._current()) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._current().assets)

    def __len__(self) -> int:
        return len(self._current().assets)

    @property
    def build(self) -> str:
        """The build id: 64 hexadecimal digits."""
        return self._current().document["build"]

    @property
    def base_url(self) -> str:
        """What every URL begins with; it ends in a slash."""
        return self._release.base_url

    @property
    def blueprints(self) -> dict[str, str]:
        """Of the blueprints whose static files were built: their name -> the folder of logical paths, '' for all."""
        return dict(self._current().document.get("blueprints", {}))

    @property
    def reloads(self) -> bool:
        """Whether answers may change during the life of the process, so that nothing may be kept of them."""
        return self._watch is not None

    def url(self, name: str) -> str:
        """The URL of asset `name`. Raises `UnknownAsset`."""
        try:
            return self._urls[name]
        except (KeyError, TypeError):
            release = self._current()
            return release.urls[_known(name, release)]

    def path(self, name: str) -> str:
        """The output path of asset `name`, below the output folder. Raises `UnknownAsset`."""
        return _entry(name, self._current())["path"]

    def integrity(self, name: str) -> str:
        """`sha384-...`, as in an `integrity` attribute. Raises `UnknownAsset`."""
        return _entry(name, self._current())["integrity"]

    def bundle(self, name: str) -> BundleEntry:
        """What `{% assets %}` means by a name: a bundle that goes by it, or that asset. Raises `UnknownAsset`."""
        release = self._current()
        bundles = release.document.get("bundles", {})
        if name in bundles:
            return bundles[name]
        return {"assets": [_known(name, release, bundles)]}

    def tags(self, *names: str, nonce: str | None = None, attributes: Mapping[str, object] | None = None) -> Markup:
        """The elements that load style sheets and scripts: one per name, in order, each element once.

        Before a module come the preloads of what it imports. `nonce` is that of the page's Content-Security-Policy;
        `attributes` are added to the elements that load, such as `{"media": "print"}` or `{"defer": True}`.
        Raises `UnknownAsset`, and `AssetbuildError` for an asset that is neither CSS nor JavaScript.
        """
        release = self._release if self._watch is None else self._watch.current()
        if not attributes:
            return _joined(names, nonce, release, release.tags, elements.tag_lines)
        from assetbuild import attributes as adding

        keys = tuple([_known(name, release) for name in names])
        return adding.tags(keys, nonce, attributes, release.assets, release.urls, cors=release.cors)

    def preload_tags(self, *names: str, nonce: str | None = None) -> Markup:
        """The preloads of what the assets load in their turn: fonts, style sheets, modules. They go first in `<head>`.

        Empty where there is nothing to preload. Raises `UnknownAsset`.
        """
        release = self._current()
        return _joined(names, nonce, release, release.preloads, elements.preload_lines)

    def link_header(self, *names: str) -> str:
        """The value of a `Link` header, or of an answer 103 (Early Hints): preloads of style sheets and fonts.

        Never of modules. '' where there is nothing to preload. Raises `UnknownAsset`.
        """
        from assetbuild import hints

        release = self._current()
        keys = [_known(name, release) for name in names]
        return hints.link_header(keys, release.assets, release.urls, cors=release.cors)

    def importmap_tag(self, nonce: str | None = None) -> Markup:
        """The import map, '' where the build has none. It must stand before the first module and module preload."""
        release = self._current()
        importmap = release.document.get("importmap")
        if not importmap:
            return Markup("")
        base_url = release.base_url if release.cors else markup.rooted(release.base_url)
        line = markup.importmap(importmap, release.assets, base_url=base_url)
        return markup.with_nonce(markup.pieces([line]), nonce)

    def inline(self, name: str) -> Markup:
        """The text of a small asset, to stand inside `<style>`, `<script>` or, for SVG, in the page. Reads the file.

        A style sheet's relative URLs get the base URL. Raises `UnknownAsset`, and `AssetbuildError` where there is no
        such file below `root` or where its text would not mean the same inside the page.
        """
        from assetbuild import inline

        release = self._current()
        entry = _entry(name, release)
        return inline.text_of(
            _first_file(self._roots, entry["path"]),
            name=name,
            entry=entry,
            outputs=_manifest.outputs(release.assets),
            importmap=release.document.get("importmap", {}),
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
            release.served = (_manifest.outputs(release.assets), plain)
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


def _assets(kind: type[Assets], release: _Release, *, roots: tuple[str, ...], watch: _Watch | None) -> Assets:
    made = kind.__new__(kind)
    urls = release.urls.made if watch is None else {}  # while the assets reload, every look-up looks at the file first
    for name, value in (("_release", release), ("_roots", roots), ("_urls", urls), ("_watch", watch)):
        object.__setattr__(made, name, value)
    return made


def _restored(
    kind: type[Assets], document: ManifestDict, file: str, base_url: str, roots: tuple[str, ...], reload: bool
) -> Assets:
    release = _Release(document, file=file, base_url=base_url)
    return _assets(kind, release, roots=roots, watch=_Watch(release, _UNSEEN) if reload else None)


def _first_file(roots: tuple[str, ...], path: str) -> str:
    """Where output `path` is: in the first of `roots` that has it. Only `Assets.for_tests` gives none or several."""
    if not roots:
        raise AssetbuildError("there is no folder to read files from; pass those of `sources` to Assets.for_tests")
    files = [os.path.join(root, path) for root in roots]
    return next((file for file in files[:-1] if os.path.isfile(file)), files[-1])


def _load(file: str, base_url: str) -> tuple[_Release, Identity]:
    """The identity is taken before reading: a change in between is then seen at the next look-up."""
    try:
        seen = _identity(os.stat(file))
    except (OSError, ValueError):
        seen = _UNSEEN  # `read` says what is wrong
    return _Release(_manifest.read(file), file=file, base_url=base_url), seen


def _identity(found: os.stat_result) -> Identity:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _entry(name: str, release: _Release) -> Entry:
    return release.assets[_known(name, release)]


def _known(name: str, release: _Release, bundles: Iterable[str] = ()) -> str:
    """The key of asset `name`. Raises `UnknownAsset`; `bundles` are other names that were possible."""
    key = _key(name, release)
    if key is not None:
        return key
    from assetbuild import near

    build, base_url = release.document["build"], release.base_url
    said = near.explain(name, assets=release.assets, base_url=base_url, build=build, bundles=bundles)
    raise UnknownAsset(said) from None


def _key(name: Any, release: _Release) -> str | None:
    """What the manifest calls `name`; a name beyond ASCII may have another Unicode form there, as `check` allows."""
    try:
        if name in release.assets:
            return name  # type: ignore[no-any-return]  # only strings are equal to the keys
    except TypeError:  # what cannot be a key, such as a list
        return None
    if not isinstance(name, str) or name.isascii():
        return None
    from assetbuild import near

    if release.composed is None:
        release.composed = near.by_composed(release.assets)
    return release.composed.get(near.composed(name))


def _joined(names: tuple[str, ...], nonce: str | None, release: _Release, finished: Finished, make: Make) -> Markup:
    try:
        if not nonce:
            return finished.joined[names]
        return markup.with_nonce(finished.pieces[names], nonce)
    except (KeyError, TypeError):  # TypeError: what cannot be a key, such as a list
        pass
    keys = tuple([_known(name, release) for name in names])
    return elements.finish(keys, nonce, finished, make, release.assets, release.urls, cors=release.cors)
