"""Quart: `Assetbuild(app)`, as for Flask: the same settings, the same `url_for("static")`, the same helpers.

What differs is where the current request is found, and that views are coroutines; all else is `flask.py`'s, which Quart
can share because it is built on Flask. Serves no files: Quart's own static route, a front server or a CDN does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import quart

from assetbuild.flask import set_up
from assetbuild.markup import IMMUTABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from assetbuild.runtime import Assets

__all__ = ["Assetbuild"]

_HTTP = {"ws": "http", "wss": "https"}
"""A page's URLs, also those that are made while a WebSocket is served, are HTTP's."""


class Assetbuild:
    """The extension: `Assetbuild(app)`, or `Assetbuild()` and later `init_app(app)`."""

    def __init__(self, app: quart.Quart | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: quart.Quart) -> None:
        """Set `app` up. Raises `AssetbuildError` and `ManifestError` as `assetbuild.flask.Assetbuild.init_app` does."""
        set_up(app, jinja_env=app.jinja_env, current=_current, immutable=_immutable)


def _current() -> tuple[str, str, str | None] | None:
    if quart.has_request_context():
        return quart.request.scheme, quart.request.host, quart.request.blueprint
    if quart.has_websocket_context():
        scheme = quart.websocket.scheme
        return _HTTP.get(scheme, scheme), quart.websocket.host, quart.websocket.blueprint
    return None


def _immutable(view: Callable[..., Any], assets: Assets) -> Callable[..., Any]:
    async def static(filename: str) -> Any:
        response = await view(filename=filename)
        if assets.immutable_file_test("/" + filename, filename):
            response.headers["Cache-Control"] = IMMUTABLE
            response.headers.pop("Expires", None)
        return response

    return static
