"""Quart: what `assetbuild.flask` does, with Quart's requests, WebSockets and coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import quart

from assetbuild import AssetbuildError, Assets, ManifestError, UnknownAsset
from assetbuild.quart import Assetbuild
from tests.runtime_helpers import write

T = TypeVar("T")
FILES: dict[str, str | bytes] = {"css/app.css": "a{}", "js/a b&c.js": "1"}
CDN = "https://cdn.example.com/assets/"
IMMUTABLE = "public, max-age=31536000, immutable, no-transform"


def make_app(folder: Path, **config: Any) -> quart.Quart:
    write(folder / "out", FILES, with_files=True)
    app = quart.Quart("page", root_path=str(folder), static_folder="out", static_url_path="/static")
    app.config["ASSETBUILD_MANIFEST"] = "out/manifest.json"
    app.config.update(config)
    Assetbuild(app)

    @app.get("/page")
    async def page() -> str:
        name = quart.request.args["name"]
        return await quart.render_template_string(
            "{{ asset_tags('css/app.css') }} {{ asset_url(name) }} {{ url_for('static', filename=name) }}"
            "{% assets 'css/app.css' %} {{ ASSET_URL }}{% endassets %}",
            name=name,
        )

    return app


def assets_of(app: quart.Quart) -> Assets:
    assets = app.extensions["assetbuild"]
    assert isinstance(assets, Assets)
    return assets


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


async def get(app: quart.Quart, url: str, **headers: str) -> tuple[int, Any, str]:
    answer = await app.test_client().get(url, headers=headers)
    return answer.status_code, answer.headers, await answer.get_data(as_text=True)


async def url_for(app: quart.Quart, **values: Any) -> str:
    async with app.test_request_context("/"):
        return quart.url_for("static", filename="css/app.css", **values)


@pytest.mark.parametrize("base_url", [None, CDN])
def test_a_page_has_hashed_names(tmp_path: Path, base_url: str | None) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
    assets = assets_of(app)
    status, _, text = run(get(app, "/page?name=css/app.css"))
    url = assets.url("css/app.css")
    assert (status, text) == (200, f"{assets.tags('css/app.css')} {url} {url} {url}")


@pytest.mark.parametrize(
    ("base_url", "values", "wanted"),
    [
        (None, {}, "/static/PATH"),
        (None, {"_external": True, "v": 1, "_anchor": "x"}, "http://localhost/static/PATH?v=1#x"),
        (CDN, {"_external": True}, CDN + "PATH"),
        ("/assets", {"_external": True}, "http://localhost/assets/PATH"),
        ("/assets", {"_scheme": "https"}, "https://localhost/assets/PATH"),
        ("/assets", {"v": 1}, "/assets/PATH?v=1"),
    ],
)
def test_url_for_static_answers_the_hashed_name(
    tmp_path: Path, base_url: str | None, values: dict[str, Any], wanted: str
) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
    assert run(url_for(app, **values)) == wanted.replace("PATH", assets_of(app).path("css/app.css"))


def test_what_url_for_answers_is_served_for_ever(tmp_path: Path) -> None:
    app = make_app(tmp_path, SEND_FILE_MAX_AGE_DEFAULT=60)
    for name, content in FILES.items():
        status, headers, text = run(get(app, assets_of(app).url(name)))
        assert (status, text, headers["Cache-Control"]) == (200, content, IMMUTABLE)
        assert "Expires" not in headers
    assert run(get(app, "/static/manifest.json"))[1]["Cache-Control"] == "public, max-age=60"
    assert run(get(app, "/static/css/app.css"))[0] == 404


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(UnknownAsset, match=r"did you mean 'css/app\.css'"):
        run(get(app, "/page?name=css/ap.css"))


def test_in_a_websocket_urls_are_those_of_pages(tmp_path: Path) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL="/assets")

    @app.websocket("/ws")
    async def socket() -> None:
        await quart.websocket.send(quart.url_for("static", filename="css/app.css"))
        await quart.websocket.send(quart.url_for("static", filename="css/app.css", _external=True))

    async def ask() -> list[str]:
        async with app.test_client().websocket("/ws") as connection:
            return [str(await connection.receive()), str(await connection.receive())]

    url = assets_of(app).url("css/app.css")
    assert run(ask()) == [url, f"http://localhost{url}"]


def test_blueprints_are_left_alone(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    shop = quart.Blueprint("shop", "page", root_path=str(tmp_path), static_folder="out", url_prefix="/shop")

    @shop.get("/")
    async def index() -> list[str]:
        return [quart.url_for(".static", filename="x.css"), quart.url_for("static", filename="css/app.css")]

    app.register_blueprint(shop)

    async def ask() -> Any:
        return await (await app.test_client().get("/shop/")).get_json()

    own, apps = run(ask())
    assert own.startswith("/shop/")
    assert own.endswith("/x.css")
    assert apps == assets_of(app).url("css/app.css")


def test_a_missing_manifest_or_setting_fails_at_start(tmp_path: Path) -> None:
    app = quart.Quart("page", root_path=str(tmp_path))
    with pytest.raises(AssetbuildError, match=r"\['ASSETBUILD_MANIFEST'\] is not set"):
        Assetbuild(app)
    app.config["ASSETBUILD_MANIFEST"] = "manifest.json"
    with pytest.raises(ManifestError, match="there is no manifest here; run `assetbuild build`"):
        Assetbuild().init_app(app)
    assert "assetbuild" not in app.extensions
