"""Starlette and FastAPI: `url_for` answers the hashed name, which the mount serves for ever and compressed."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
from fastapi import FastAPI
from fastapi import Request as FastAPIRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, NoMatchFound, Route
from starlette.templating import Jinja2Templates

from assetbuild import AssetbuildError, Assets, ManifestError, UnknownAsset
from assetbuild.starlette import AssetMount, mount
from tests.runtime_helpers import dump, output_path, write

CSS = "a{color:red}" * 40
FILES: dict[str, str | bytes] = {"css/app.css": CSS, "js/a b&c.js": "1", "favicon.svg": "<svg/>"}
MEMBERS: dict[str, dict[str, Any]] = {"css/app.css": {"variants": ("gzip", "br")}, "favicon.svg": {"stable": True}}
CDN = "https://cdn.example.com/assets/"
IMMUTABLE = "public, max-age=31536000, immutable, no-transform"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """An output folder with twins, a plain copy, a file of an earlier release and the build's records."""
    out = tmp_path / "out"
    made = write(out, FILES, MEMBERS, with_files=True)
    document = json.loads(made.read_bytes())
    twins = {"gzip": gzip.compress(CSS.encode()), "br": brotli.compress(CSS.encode())}
    for key, variant in document["assets"]["css/app.css"]["variants"].items():
        variant["size"] = len(twins[key])
        (out / variant["path"]).write_bytes(twins[key])
    made.write_bytes(dump(document))
    (out / "favicon.svg").write_text("<svg/>")
    (out / "css/app-0123456789abcdef.css").write_text("old")
    (out / ".assetbuild").mkdir()
    (out / ".assetbuild/releases").write_text("record")
    (tmp_path / "secret.txt").write_text("secret")
    return made


def urls(request: Request) -> Response:
    name = request.query_params["name"]
    return JSONResponse([str(request.url_for("static", path=name)), str(request.app.url_path_for("static", path=name))])


def make_app(manifest: Path, path: str = "/static", **options: Any) -> Starlette:
    return Starlette(routes=[Route("/urls", urls), AssetMount(path, manifest, **options)])


def get(app: Any, url: str, method: str = "GET", root_path: str = "", **headers: str) -> httpx.Response:
    """One request; without an `Accept-Encoding` of its own, as httpx sends one."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://example.com") as client:
            return await client.request(method, url, headers={"Accept-Encoding": "identity"} | headers)

    return asyncio.run(ask())


def hashed(name: str) -> str:
    content = FILES[name]
    return output_path(name, content.encode() if isinstance(content, str) else content)


HASHED = "/static/" + hashed("css/app.css")


# --- URLs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "absolute", "path"),
    [
        (None, "http://example.com/static/PATH", "/static/PATH"),
        ("/static/", "http://example.com/static/PATH", "/static/PATH"),
        ("/assets", "http://example.com/assets/PATH", "/assets/PATH"),
        (CDN, CDN + "PATH", CDN + "PATH"),
        ("//cdn.example.com", "http://cdn.example.com/PATH", "//cdn.example.com/PATH"),
    ],
)
@pytest.mark.parametrize("name", ["css/app.css", "/css/app.css", "js/a b&c.js"])
def test_url_for_answers_the_hashed_name_at_the_base_url(
    manifest: Path, base_url: str | None, absolute: str, path: str, name: str
) -> None:
    app = make_app(manifest, base_url=base_url)
    output = hashed(name.removeprefix("/")).replace(" ", "%20")
    found = get(app, "/urls?name=" + name.replace("&", "%26")).json()
    assert found == [absolute.replace("PATH", output), path.replace("PATH", output)]


def test_what_url_for_answers_is_served(manifest: Path) -> None:
    app = make_app(manifest)
    for name, content in FILES.items():
        answer = get(app, str(app.url_path_for("static", path=name)))
        assert (answer.status_code, answer.text) == (200, content)


def test_an_unknown_name_is_never_a_url(manifest: Path) -> None:
    for base_url in (None, CDN):
        app = make_app(manifest, base_url=base_url)
        for name in ("css/ap.css", hashed("css/app.css"), "", "//css/app.css"):
            with pytest.raises(UnknownAsset):
                app.url_path_for("static", path=name)


def test_other_routes_and_names_are_starlettes(manifest: Path) -> None:
    app = make_app(manifest, name="files")
    assert app.url_path_for("files", path="css/app.css") == HASHED
    assert app.url_path_for("urls") == "/urls"
    for name, values in (("static", {"path": "css/app.css"}), ("files", {}), ("files", {"path": "x", "y": "z"})):
        with pytest.raises(NoMatchFound):
            app.url_path_for(name, **values)


def test_a_prefix_of_a_proxy_and_an_outer_mount_count(manifest: Path) -> None:
    app = make_app(manifest)
    assert get(app, "/urls?name=css/app.css", root_path="/shop").json()[0] == f"http://example.com/shop{HASHED}"
    outer = Starlette(routes=[Mount("/v1", routes=[AssetMount("/static", manifest)], name="v1")])
    assert outer.url_path_for("v1:static", path="css/app.css") == "/v1" + HASHED
    assert get(outer, "/v1" + HASHED).text == CSS


def test_a_page_of_fastapi_has_hashed_names_everywhere(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "{{ asset_tags('css/app.css') }} {{ asset_url(name) }} {{ url_for('static', path=name) }}"
    )
    app = FastAPI()
    templates = Jinja2Templates(tmp_path)
    assets = mount(app, "/static", manifest, templates=templates)

    @app.get("/")
    def page(request: FastAPIRequest, name: str) -> Response:
        return templates.TemplateResponse(request, "page.html", {"name": name})

    url = assets.url("css/app.css")
    answer = get(app, "/?name=css/app.css")
    assert answer.text == f"{assets.tags('css/app.css')} {url} http://example.com{url}"
    assert get(app, url).text == CSS
    with pytest.raises(UnknownAsset, match=r"did you mean 'css/app\.css'"):
        get(app, "/?name=css/ap.css")


# --- serving -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None), ("zstd", None), ("", None)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_twin_that_the_client_asks_for_is_sent(
    manifest: Path, method: str, accepted: str, coding: str | None
) -> None:
    answer = get(make_app(manifest), HASHED, method, **{"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    assert answer.headers["Vary"] == "Accept-Encoding"
    file = manifest.parent / (hashed("css/app.css") + {"gzip": ".gz", "br": ".br", None: ""}[coding])
    assert int(answer.headers["Content-Length"]) == file.stat().st_size
    assert answer.text == (CSS if method == "GET" else "")


def test_a_file_without_twins_does_not_vary(manifest: Path) -> None:
    answer = get(make_app(manifest), "/static/" + hashed("favicon.svg"), **{"Accept-Encoding": "gzip, br"})
    assert answer.headers["Cache-Control"] == IMMUTABLE
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert {"Vary", "Content-Encoding"} & {name.title() for name in answer.headers} == set()


def test_a_twin_that_is_not_there_is_not_missed(manifest: Path) -> None:
    (manifest.parent / (hashed("css/app.css") + ".br")).unlink()
    answer = get(make_app(manifest), HASHED, **{"Accept-Encoding": "br"})
    assert (answer.text, answer.headers.get("Content-Encoding"), answer.headers["Vary"]) == (
        CSS,
        None,
        "Accept-Encoding",
    )


def test_each_representation_has_a_validator_of_its_own(manifest: Path) -> None:
    app = make_app(manifest)
    tags = {}
    for coding in ("identity", "gzip", "br"):
        tags[coding] = get(app, HASHED, **{"Accept-Encoding": coding}).headers["ETag"]
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():
        again = get(app, HASHED, **{"Accept-Encoding": coding, "If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["ETag"], again.headers["Cache-Control"]) == (tag, IMMUTABLE)
        assert again.headers["Vary"] == "Accept-Encoding"
        other = get(app, HASHED, **{"Accept-Encoding": "br" if coding != "br" else "gzip", "If-None-Match": tag})
        assert other.status_code == 200


def test_a_validator_is_of_the_bytes_and_not_of_the_machine(manifest: Path) -> None:
    first = get(make_app(manifest), HASHED).headers["ETag"]
    (manifest.parent / hashed("css/app.css")).touch()
    assert get(make_app(manifest), HASHED).headers["ETag"] == first


def test_ranges_are_of_the_representation_that_is_sent(manifest: Path) -> None:
    app = make_app(manifest)
    part = get(app, HASHED, Range="bytes=2-6")
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, CSS[2:7], f"bytes 2-6/{len(CSS)}")
    twin = (manifest.parent / (hashed("css/app.css") + ".gz")).read_bytes()

    async def ask() -> tuple[int, str, bytes]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://example.com") as client:
            headers = {"Accept-Encoding": "gzip", "Range": "bytes=2-6"}
            async with client.stream("GET", HASHED, headers=headers) as answer:
                raw = b"".join([piece async for piece in answer.aiter_raw()])
                return answer.status_code, answer.headers["Content-Range"], raw

    assert asyncio.run(ask()) == (206, f"bytes 2-6/{len(twin)}", twin[2:7])
    tag = get(app, HASHED, **{"Accept-Encoding": "gzip"}).headers["ETag"]
    whole = get(app, HASHED, **{"Range": "bytes=2-6", "If-Range": tag})
    assert (whole.status_code, whole.text) == (200, CSS)


@pytest.mark.parametrize(
    "path", ["favicon.svg", "manifest.json", "css/app-0123456789abcdef.css", hashed("css/app.css") + ".gz"]
)
def test_what_the_manifest_does_not_call_fixed_is_revalidated(manifest: Path, path: str) -> None:
    answer = get(make_app(manifest), "/static/" + path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    again = get(make_app(manifest), "/static/" + path, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize(
    "path",
    ["css/app.css", ".assetbuild/releases", "css/../.assetbuild/releases", "%2e%2e/secret.txt", "..%2fsecret.txt", ""],
)
def test_what_is_not_to_be_served_is_not(manifest: Path, path: str) -> None:
    assert get(make_app(manifest), "/static/" + path).status_code == 404


def test_another_method_is_refused(manifest: Path) -> None:
    answer = get(make_app(manifest), HASHED, "POST")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(("base_url", "origin"), [(None, None), ("/assets/", None), (CDN, "*")])
def test_a_cdn_may_pass_on_what_is_loaded_with_crossorigin(
    manifest: Path, base_url: str | None, origin: str | None
) -> None:
    app = make_app(manifest, base_url=base_url)
    for path in (HASHED, "/static/favicon.svg"):
        assert get(app, path).headers.get("Access-Control-Allow-Origin") == origin


def test_while_assets_reload_the_mount_follows(manifest: Path) -> None:
    app = make_app(manifest, reload=True)
    assert get(app, HASHED).headers["Cache-Control"] == IMMUTABLE
    write(manifest.parent, {"css/app.css": "b{}"}, with_files=True)
    url = str(app.url_path_for("static", path="css/app.css"))
    assert url != HASHED
    assert get(app, url).headers["Cache-Control"] == IMMUTABLE
    assert get(app, HASHED).headers["Cache-Control"] == "no-cache"


# --- at start ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, b"{", b"{}"])
def test_a_missing_or_broken_manifest_fails_at_start(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest\.json: .*run `assetbuild build`"):
        AssetMount("/static", tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("/static", "old", "another mount, at '/static', answers what is asked for at '/static'; remove it"),
        ("/", "pages", "another mount, at '/', answers"),
        ("/files", "static", "another mount, at '/files', has the name 'static'"),
        ("/static/old", "old", ""),
        ("/stat", "old", ""),
    ],
)
def test_a_mount_that_would_never_answer_is_refused(manifest: Path, path: str, name: str, message: str) -> None:
    app = FastAPI()
    app.mount(path, Starlette(), name=name)
    try:
        mount(app, "/static", manifest)
    except AssetbuildError as error:
        assert message
        assert str(error).startswith(message)
    else:
        assert not message


def test_an_output_folder_elsewhere_must_be_named(manifest: Path, tmp_path: Path) -> None:
    moved = manifest.rename(tmp_path / "manifest.json")
    with pytest.raises(AssetbuildError, match="the outputs of the manifest are not in this folder; pass"):
        AssetMount("/static", moved)
    with pytest.raises(AssetbuildError, match="there is no such folder; pass"):
        AssetMount("/static", moved, root=tmp_path / "nowhere")
    app = make_app(moved, root=tmp_path / "out")
    assert get(app, HASHED).text == CSS
    assert get(app, "/static/manifest.json").status_code == 404


def test_assets_for_tests_serve_the_sources_under_plain_names(tmp_path: Path) -> None:
    (tmp_path / "static/css").mkdir(parents=True)
    (tmp_path / "static/css/app.css").write_text("a{}")
    assets = Assets.for_tests(tmp_path / "static", names=["css/bundle.css"])
    app = FastAPI()
    assert mount(app, "/static", assets, root=tmp_path / "static") is assets
    assert app.url_path_for("static", path="css/bundle.css") == "/static/css/bundle.css"
    answer = get(app, str(app.url_path_for("static", path="css/app.css")))
    assert (answer.text, answer.headers["Cache-Control"]) == ("a{}", "no-cache")
    with pytest.raises(UnknownAsset):
        app.url_path_for("static", path="css/ap.css")
    with pytest.raises(AssetbuildError, match="pass the folder as `root`"):
        AssetMount("/static", assets)
