"""Flask: `Assetbuild(app)` reads the manifest at start; templates and `url_for("static")` then answer from it.

Keeps no state of its own, so one instance serves several apps: what belongs to an app stands in
`app.extensions["assetbuild"]`, which is its `Assets`. Serves no files: that is for Flask's own static route, a front
server or a CDN. Endpoints other than the app's own `static`, such as a blueprint's static files, are left alone.

| key of `app.config` | meaning | default |
|---|---|---|
| `ASSETBUILD_MANIFEST` | the manifest, relative to `app.root_path` | none, required |
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
from assetbuild.runtime import Assets

if TYPE_CHECKING:
    UrlFor = Callable[..., str]

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
        if "assetbuild" in app.extensions:
            raise AssetbuildError(
                "assetbuild is set up for this app already; call either Assetbuild(app) or init_app(app)"
            )
        own = _own_base_url(app)
        base_url = app.config.get("ASSETBUILD_BASE_URL") or own
        if base_url is None:
            raise AssetbuildError(
                "the app has no static route; set app.config['ASSETBUILD_BASE_URL'] to the assets' URL"
            )
        manifest = _manifest_path(app)
        root = os.path.join(app.root_path, app.config.get("ASSETBUILD_ROOT") or os.path.dirname(manifest))
        assets = Assets.load(manifest, base_url=base_url, root=root, reload=_reload(app))
        if assets.base_url == own:
            # The names that it hands out are those of the output folder, so that is what the route has to serve.
            _check_root(root, assets)
            app.static_folder = root
        app.extensions["assetbuild"] = assets
        answer = _own_url_for if assets.base_url == own else _elsewhere_url_for
        _replace_url_for(app, answer(app, assets))
        jinja.install(app.jinja_env, assets)


def _check_root(root: str, assets: Assets) -> None:
    """One look at start, lest every page answer and every asset be missing."""
    first = next(iter(assets), None)
    if first is not None and not os.path.isfile(os.path.join(root, *assets.path(first).split("/"))):
        raise AssetbuildError(
            f"{root}: the outputs of the manifest are not in this folder; set app.config['ASSETBUILD_ROOT'] to the "
            "output folder, or run `assetbuild build`"
        )


def _manifest_path(app: flask.Flask) -> str:
    path = app.config.get("ASSETBUILD_MANIFEST")
    if not path:
        raise AssetbuildError("app.config['ASSETBUILD_MANIFEST'] is not set; set it to the path of the manifest")
    return os.path.join(app.root_path, path)


def _reload(app: flask.Flask) -> bool:
    reload = app.config.get("ASSETBUILD_RELOAD")
    return app.debug if reload is None else bool(reload)


def _own_base_url(app: flask.Flask) -> str | None:
    """Where the app's static route is, as far as can be known before a request: below APPLICATION_ROOT."""
    if not app.has_static_folder or app.static_url_path is None:
        return None
    return f"{app.config['APPLICATION_ROOT'].rstrip('/')}{app.static_url_path.rstrip('/')}/"


def _replace_url_for(app: flask.Flask, answer: UrlFor) -> None:
    """`flask.url_for` and the template global both call `app.url_for`, "allowing an app to override the behavior"."""
    original = app.url_for

    def url_for(endpoint: str, **values: Any) -> str:
        if "filename" in values and _is_static(endpoint):
            return answer(original, **values)
        return original(endpoint, **values)

    app.url_for = url_for  # type: ignore[method-assign]
    app.jinja_env.globals["url_for"] = url_for


def _is_static(endpoint: str) -> bool:
    """In a blueprint's request `.static` means the blueprint's own."""
    if endpoint == ".static":
        return not (flask.has_request_context() and flask.request.blueprint is not None)
    return endpoint == "static"


def _own_url_for(app: flask.Flask, assets: Assets) -> UrlFor:
    """The app's static route serves the output folder: Flask builds the URL, of the output path."""

    def answer(original: UrlFor, *, filename: str, **values: Any) -> str:
        return original("static", filename=assets.path(filename), **values)

    return answer


def _elsewhere_url_for(app: flask.Flask, assets: Assets) -> UrlFor:
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
        in_request = flask.has_request_context()
        external = _external if _external is not None else _scheme is not None or not in_request
        if _scheme is not None and not external:
            raise ValueError("When specifying '_scheme', '_external' must be True.")  # as Flask does
        if external:
            url = _with_origin(app, url, scheme=_scheme)
        query = urlencode({key: value for key, value in values.items() if value is not None}, doseq=True)
        anchor = f"#{quote(_anchor, safe='%!#$&()*+,/:;=?@' + chr(39))}" if _anchor is not None else ""
        return url + (f"?{query}" if query else "") + anchor

    return answer


def _with_origin(app: flask.Flask, url: str, *, scheme: str | None) -> str:
    parts = urlsplit(url)
    if parts.scheme and scheme is None:
        return url
    if parts.netloc:
        host = parts.netloc
    elif flask.has_request_context():
        host = flask.request.host
    elif app.config["SERVER_NAME"]:
        host = app.config["SERVER_NAME"]
    else:
        raise RuntimeError(
            "Unable to build URLs outside an active request without 'SERVER_NAME' configured; "
            "set it, or give ASSETBUILD_BASE_URL a host"
        )
    if scheme is None:
        scheme = flask.request.scheme if flask.has_request_context() else app.config["PREFERRED_URL_SCHEME"]
    return parts._replace(scheme=scheme, netloc=host).geturl()
