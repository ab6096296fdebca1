"""Starlette and FastAPI: a mount that serves the output folder, and whose `url_for` answers the hashed name.

Loads the manifest when it is made, which is before the app starts. What may be cached for ever and which compressed
twins there are is what the manifest says; any other file of the folder, such as one of an earlier one, is sent to be
revalidated. Ranges, comparing validators and paths that lead out of the folder are Starlette's own work.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import anyio.to_thread
from starlette.datastructures import URL, Headers, URLPath
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse
from starlette.staticfiles import StaticFiles as PlainStaticFiles

from assetbuild import encodings, markup
from assetbuild.errors import AssetbuildError
from assetbuild.manifest import is_absolute_url
from assetbuild.runtime import Assets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.applications import Starlette
    from starlette.routing import BaseRoute
    from starlette.templating import Jinja2Templates
    from starlette.types import Scope

    from assetbuild.manifest import Entry

__all__ = ["AssetMount", "StaticFiles", "mount"]

_REVALIDATE = "no-cache"
_CODINGS = frozenset(["gzip", "br", "zstd"])
"""The keys of variants, which are content codings too (RFC 9110, section 8.4.1; RFC 7932; RFC 8878)."""


def mount(
    app: Starlette,
    path: str,
    manifest: str | os.PathLike[str] | Assets,
    *,
    name: str = "static",
    base_url: str | None = None,
    root: str | os.PathLike[str] | None = None,
    reload: bool = False,
    templates: Jinja2Templates | None = None,
) -> Assets:
    """Mount the assets of `manifest` at `path` of a Starlette or FastAPI app; `templates` get the helpers.

    The other arguments and the errors are those of `AssetMount`; `AssetbuildError` too where an earlier mount stands in
    the way.
    """
    made = AssetMount(path, manifest, name=name, base_url=base_url, root=root, reload=reload)
    _check_routes(app.router.routes, made)
    app.router.routes.append(made)
    if templates is not None:
        from assetbuild import jinja

        jinja.install(templates.env, made.assets)
    return made.assets


class AssetMount(Mount):
    """A route: `Starlette(routes=[AssetMount("/static", "public/assets/manifest.json")])`.

    `url_for("static", path="css/app.css")` answers the hashed name, and raises `UnknownAsset`.

    `assets` are its `Assets`.
    """

    def __init__(
        self,
        path: str,
        manifest: str | os.PathLike[str] | Assets,
        *,
        name: str = "static",
        base_url: str | None = None,
        root: str | os.PathLike[str] | None = None,
        reload: bool = False,
    ) -> None:
        """Read `manifest`, or take an `Assets` as it is.

        `base_url` is where the files are asked for, by default at `path` of the app. `root` is the folder to serve, by
        default the manifest's. Raises `ManifestError`, and `AssetbuildError` where `root` lacks the outputs.
        """
        own = f"{path.rstrip('/')}/"
        if isinstance(manifest, Assets):
            assets = manifest
        else:
            assets = Assets.load(manifest, base_url=base_url or own, root=root, reload=reload)
        folder = root if root is not None else _folder_of(manifest)
        super().__init__(path, app=StaticFiles(assets, directory=folder), name=name)
        self.assets = assets
        self._is_own = assets.base_url == own

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        if name != self.name or set(path_params) != set(self.param_convertors):
            return super().url_path_for(name, **path_params)
        logical = path_params["path"].removeprefix("/")  # as Starlette's own mount allows
        if self._is_own:
            output = markup.encode(self.assets.path(logical))
            return super().url_path_for(name, **(path_params | {"path": output}))
        return _URLElsewhere(self.assets.url(logical))


class _URLElsewhere(URLPath):
    """A URL that is no path of the app. Starlette's constructor would take the host in `//host/...` for a path."""

    def __new__(cls, url: str) -> _URLElsewhere:
        return str.__new__(cls, url)

    def __init__(self, url: str) -> None:
        super().__init__(url)

    def make_absolute_url(self, base_url: str | URL) -> URL:
        return URL(urljoin(str(base_url), str(self)))


class StaticFiles(PlainStaticFiles):
    """Starlette's `StaticFiles` for an output folder, with the caching and the twins that the manifest knows of."""

    def __init__(self, assets: Assets, *, directory: str | os.PathLike[str]) -> None:
        """Raises `AssetbuildError` where `directory` does not hold the outputs."""
        folder = os.path.abspath(os.fsdecode(directory))
        _check_folder(folder, assets)
        super().__init__(directory=folder)
        self.assets = assets
        self._known: tuple[object, Mapping[str, Entry]] = (None, {})

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.partition(os.sep)[0] == ".assetbuild":  # the build's own records
            raise HTTPException(status_code=404)
        entry = self._outputs().get(path.replace(os.sep, "/"))
        if entry is None or scope["method"] not in ("GET", "HEAD"):
            response = await super().get_response(path, scope)
            response.headers.setdefault("Cache-Control", _REVALIDATE)
        else:
            response = await self._output(entry, scope)
        if is_absolute_url(self.assets.base_url):  # the elements have `crossorigin`, and a CDN passes this on
            response.headers.setdefault("Access-Control-Allow-Origin", "*")
        return response

    async def _output(self, entry: Entry, scope: Scope) -> Response:
        """An output, or the twin of it that suits the client.

        A twin is another representation: with a validator of its own, and ranges that count its bytes (RFC 9110,
        sections 8.8.3.3 and 14.1). One that was not deployed is not there, and the plain file is sent.
        """
        request = Headers(scope=scope)
        twins = {key: twin for key, twin in entry.get("variants", {}).items() if key in _CODINGS}
        sizes = {key: twin["size"] for key, twin in twins.items()}
        coding = encodings.best(",".join(request.getlist("accept-encoding")), sizes) if twins else None
        headers = {"Cache-Control": markup.IMMUTABLE}
        if twins:
            headers["Vary"] = "Accept-Encoding"
        file, found = await self._file(twins[coding]["path"]) if coding else ("", None)
        if coding and found is not None:
            headers["Content-Encoding"] = coding
            headers["ETag"] = f'"{entry["sha256"][:32]}-{coding}-{found.st_size}"'
        else:
            file, found = await self._file(entry["path"])
            headers["ETag"] = f'"{entry["sha256"][:32]}"'
        if found is None:
            raise HTTPException(status_code=404)
        response = FileResponse(file, stat_result=found, media_type=entry["type"], headers=headers)
        if self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response

    async def _file(self, path: str) -> tuple[str, os.stat_result | None]:
        file, found = await anyio.to_thread.run_sync(self.lookup_path, path.replace("/", os.sep))
        return file, found if found is not None and stat.S_ISREG(found.st_mode) else None

    def _outputs(self) -> Mapping[str, Entry]:
        """The manifest's entries by output path; made anew where it was read anew."""
        assets = self.assets._current().assets
        if self._known[0] is not assets:
            # A plain copy is named in the manifest and not by its content: `Assets.for_tests` has only such.
            self._known = assets, {entry["path"]: entry for name, entry in assets.items() if entry["path"] != name}
        return self._known[1]


def _check_routes(routes: Iterable[BaseRoute], made: AssetMount) -> None:
    """Starlette asks the first route that matches, and `url_for` the first of a name: no asset would be found."""
    for route in routes:
        if not isinstance(route, Mount):
            continue
        if f"{made.path}/".startswith(f"{route.path}/"):
            raise AssetbuildError(
                f"another mount, at {route.path or '/'!r}, answers what is asked for at {made.path or '/'!r}; remove "
                "it if it served the files until now, or mount the assets before it"
            )
        if route.name == made.name:
            raise AssetbuildError(
                f"another mount, at {route.path!r}, has the name {made.name!r}, so `url_for` would answer its plain "
                "names; remove it if it served the files until now, or pass another `name`"
            )


def _check_folder(folder: str, assets: Assets) -> None:
    """One look at start, lest every page answer and every asset be missing."""
    if not os.path.isdir(folder):
        raise AssetbuildError(f"{folder}: there is no such folder; pass the output folder as `root`")
    for name in assets:
        path = assets.path(name)
        if path != name and not os.path.isfile(os.path.join(folder, *path.split("/"))):
            raise AssetbuildError(
                f"{folder}: the outputs of the manifest are not in this folder; pass the output folder as `root`, or "
                "run `assetbuild build`"
            )
        return


def _folder_of(manifest: str | os.PathLike[str] | Assets) -> str:
    if isinstance(manifest, Assets):
        raise AssetbuildError("an `Assets` does not say which folder to serve; pass the folder as `root`")
    return os.path.dirname(os.path.abspath(os.fsdecode(manifest)))
