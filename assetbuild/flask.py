"""Flask: `Assetbuild(app)` reads the manifest at start; templates and `url_for("static")` then answer from it.

Keeps no state of its own, so one instance serves several apps: what belongs to an app stands in
`app.extensions["assetbuild"]`, which is its `Assets`. Serves no files: that is for Flask's own static route, a front
server or a CDN. Of blueprints, those are answered whose static folder is a source that names them, no others.
`quart.py` shares all that does not ask for the current request.

| key of `app.config` | meaning | default |
|---|---|---|
| `ASSETBUILD_MANIFEST` | the manifest, relative to `app.root_path`; or an `Assets`, as in tests | none, required |
| `ASSETBUILD_BASE_URL` | where the output folder is served | the app's static route |
| `ASSETBUILD_ROOT` | the output folder, for `asset_inline`, relative to `app.root_path` | the manifest's folder |
| `ASSETBUILD_RELOAD` | read the manifest anew when it changes | `app.debug` at the time of `init_app` |
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import flask

from assetbuild import jinja
from assetbuild.errors import AssetbuildError
from assetbuild.markup import IMMUTABLE
from assetbuild.runtime import Assets

if TYPE_CHECKING:
    from flask.sansio.app import App
    from jinja2 import Environment

    UrlFor = Callable[..., str]

    View = Callable[..., Any]

    Current = Callable[[], "tuple[str, str, str | None] | None"]
    """Of the request that is being answered: its scheme, host and blueprint."""

__all__ = ["Assetbuild"]


class Assetbuild:
    """The extension: `Assetbuild(app)`, or `Assetbuild()` and later `init_app(app)`."""

    def __init__(self, app: flask.Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Set `app` up.

        Raises `AssetbuildError` where the configuration lacks something, `ManifestError` for a manifest that is missing
        or broken: an app without its assets should not start.
        """
        set_up(app, jinja_env=app.jinja_env, current=_current, immutable=_immutable)


def set_up(app: App, *, jinja_env: Environment, current: Current, immutable: Callable[[View, Assets], View]) -> None:
    """What `init_app` does, for Flask and Quart alike. `immutable` makes the view of the static route say so."""
    if "assetbuild" in app.extensions:
        raise AssetbuildError("assetbuild is set up for this app already; call either Assetbuild(app) or init_app(app)")
    own = _own_base_url(app)
    given = app.config.get("ASSETBUILD_MANIFEST")
    # What is served beside given ones is not changed: those of tests are files of source folders.
    assets = given if isinstance(given, Assets) else _loaded(app, own)
    if assets.base_url == own and "static" in app.view_functions:
        app.view_functions["static"] = immutable(app.view_functions["static"], assets)
    app.extensions["assetbuild"] = assets
    answer = _own_url_for if assets.base_url == own else _elsewhere_url_for
    _replace_url_for(app, jinja_env, assets, current, answer(app, assets, current))
    jinja.install(jinja_env, assets)


def _loaded(app: App, own: str | None) -> Assets:
    base_url = app.config.get("ASSETBUILD_BASE_URL") or own
    if base_url is None:
        raise AssetbuildError("the app has no static route; set app.config['ASSETBUILD_BASE_URL'] to the assets' URL")
    manifest = _manifest_path(app)
    root = os.path.join(app.root_path, app.config.get("ASSETBUILD_ROOT") or os.path.dirname(manifest))
    assets = Assets.load(manifest, base_url=base_url, root=root, reload=_reload(app))
    if assets.base_url == own:
        # The names that it hands out are those of the output folder, so that is what the route has to serve.
        _check_root(root, assets)
        app.static_folder = root
    return assets


def _current() -> tuple[str, str, str | None] | None:
    if not flask.has_request_context():
        return None
    return flask.request.scheme, flask.request.host, flask.request.blueprint


def _immutable(view: View, assets: Assets) -> View:
    """Flask's static route sends `no-cache`, or one age for all files: it cannot know that a name is a hash."""

    def static(filename: str) -> Any:
        response = view(filename=filename)
        if assets.immutable_file_test("/" + filename, filename):
            response.headers["Cache-Control"] = IMMUTABLE
        return response

    return static


def _check_root(root: str, assets: Assets) -> None:
    """One look at start, lest every page answer and every asset be missing."""
    first = next(iter(assets), None)
    if first is not None and not os.path.isfile(os.path.join(root, *assets.path(first).split("/"))):
        raise AssetbuildError(
            f"{root}: the outputs of the manifest are not in this folder; set app.config['ASSETBUILD_ROOT'] to the "
            "output folder, or run `assetbuild build`"
        )


def _manifest_path(app: App) -> str:
    path = app.config.get("ASSETBUILD_MANIFEST")
    if not path:
        raise AssetbuildError("app.config['ASSETBUILD_MANIFEST'] is not set; set it to the path of the manifest")
    return os.path.join(app.root_path, path)


def _reload(app: App) -> bool:
    reload = app.config.get("ASSETBUILD_RELOAD")
    return app.debug if reload is None else bool(reload)


def _own_base_url(app: App) -> str | None:
    """Where the app's static route is, as far as can be known before a request: below APPLICATION_ROOT."""
    if not app.has_static_folder or app.static_url_path is None:
        return None
    return f"{app.config['APPLICATION_ROOT'].rstrip('/')}{app.static_url_path.rstrip('/')}/"


def _replace_url_for(app: Any, jinja_env: Environment, assets: Assets, current: Current, answer: UrlFor) -> None:
    """`flask.url_for` and the template global both call `app.url_for`, "allowing an app to override the behavior"."""
    original: UrlFor = app.url_for

    def url_for(endpoint: str, **values: Any) -> str:
        if "filename" in values and (endpoint == "static" or endpoint.endswith(".static")):
            folder = _folder(endpoint, assets, current)
            if folder is not None:
                if folder:
                    values["filename"] = f"{folder}{values['filename']}"
                return answer(original, **values)
        return original(endpoint, **values)

    app.url_for = url_for
    jinja_env.globals["url_for"] = url_for


def _folder(endpoint: str, assets: Assets, current: Current) -> str | None:
    """What stands before the file names of a static route, '' for the app's own; None for what was not built.

    In a blueprint's request `.static` means the blueprint's own.
    """
    blueprint = endpoint.removesuffix("static").removesuffix(".")
    if endpoint == ".static":
        request = current()
        blueprint = (request[2] if request is not None else None) or ""
    if not blueprint:
        return ""
    mount = assets.blueprints.get(blueprint)
    return f"{mount}/" if mount else mount


def _own_url_for(app: App, assets: Assets, current: Current) -> UrlFor:
    """The app's static route serves the output folder: Flask builds the URL, of the output path."""

    def answer(original: UrlFor, *, filename: str, **values: Any) -> str:
        return original("static", filename=assets.path(filename), **values)

    return answer


def _elsewhere_url_for(app: App, assets: Assets, current: Current) -> UrlFor:
    """The output folder is served elsewhere than at the static route: the asset's URL, with the same options."""

    def answer(
        original: UrlFor,
        *,
        filename: str,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str:
        url = assets.url(filename)
        external = _external if _external is not None else _scheme is not None or current() is None
        if _scheme is not None and not external:
            raise ValueError("When specifying '_scheme', '_external' must be True.")  # as Flask does
        if external:
            url = _with_origin(app, url, scheme=_scheme, request=current())
        query = urlencode({key: value for key, value in values.items() if value is not None}, doseq=True)
        anchor = f"#{quote(_anchor, safe='%!#$&()*+,/:;=?@' + chr(39))}" if _anchor is not None else ""
        return url + (f"?{query}" if query else "") + anchor

    return answer


def _with_origin(app: App, url: str, *, scheme: str | None, request: tuple[str, str, str | None] | None) -> str:
    parts = urlsplit(url)
    if parts.scheme and scheme is None:
        return url
    if parts.netloc:
        host = parts.netloc
    elif request is not None:
        host = request[1]
    elif app.config["SERVER_NAME"]:
        host = app.config["SERVER_NAME"]
    else:
        raise RuntimeError(
            "Unable to build URLs outside an active request without 'SERVER_NAME' configured; "
            "set it, or give ASSETBUILD_BASE_URL a host"
        )
    if scheme is None:
        scheme = request[0] if request is not None else app.config["PREFERRED_URL_SCHEME"]
    return parts._replace(scheme=scheme, netloc=host).geturl()
