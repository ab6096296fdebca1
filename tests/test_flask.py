"""Flask: fails at start or not at all; `url_for("static")` answers the hashed name; other endpoints are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask
import pytest

from assetbuild import AssetbuildError, Assets, ManifestError, UnknownAsset
from assetbuild.flask import Assetbuild
from tests.runtime_helpers import write

FILES: dict[str, str | bytes] = {"css/app.css": "a{}", "js/a b&c.js": "1"}
CDN = "https://cdn.example.com/assets/"


def make_app(folder: Path, **config: Any) -> flask.Flask:
    write(folder / "out", FILES, with_files=True)
    app = flask.Flask("page", root_path=str(folder), static_folder="out", static_url_path="/static")
    app.config["ASSETBUILD_MANIFEST"] = "out/manifest.json"
    app.config.update(config)
    Assetbuild(app)
    return app


def assets_of(app: flask.Flask) -> Assets:
    assets = app.extensions["assetbuild"]
    assert isinstance(assets, Assets)
    return assets


@pytest.fixture
def app(tmp_path: Path) -> flask.Flask:
    return make_app(tmp_path)


def test_the_extension_of_the_app_is_its_assets(app: flask.Flask, tmp_path: Path) -> None:
    loaded = Assets.load(tmp_path / "out" / "manifest.json", base_url="/static/")
    assert assets_of(app).url("css/app.css") == loaded.url("css/app.css")
    assert assets_of(app).build == loaded.build
    assert not assets_of(app).reloads


@pytest.mark.parametrize("how", ["flask.url_for", "app.url_for", "template"])
@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, "/static/PATH"),
        ({"_external": True}, "http://localhost/static/PATH"),
        ({"_scheme": "https"}, "https://localhost/static/PATH"),
        ({"_anchor": "a b"}, "/static/PATH#a%20b"),
        ({"v": 3, "w": None}, "/static/PATH?v=3"),
        ({"v": [1, 2], "_anchor": "x", "_external": True}, "http://localhost/static/PATH?v=1&v=2#x"),
    ],
)
def test_url_for_static_answers_the_hashed_name_everywhere(
    app: flask.Flask, how: str, values: dict[str, Any], wanted: str
) -> None:
    with app.test_request_context("/"):
        if how == "flask.url_for":
            url = flask.url_for("static", filename="css/app.css", **values)
        elif how == "app.url_for":
            url = app.url_for("static", filename="css/app.css", **values)
        else:
            source = "{{ url_for('static', filename='css/app.css', **values)|safe }}"
            url = flask.render_template_string(source, values=values)
    assert url == wanted.replace("PATH", assets_of(app).path("css/app.css"))


def test_a_template_environment_that_was_made_before_gets_the_same_url_for(tmp_path: Path) -> None:
    manifest = write(tmp_path, FILES, with_files=True)
    app = flask.Flask("page", root_path=str(tmp_path))
    assert "url_for" in app.jinja_env.globals
    app.config["ASSETBUILD_MANIFEST"] = str(manifest)
    Assetbuild(app)
    with app.test_request_context("/"):
        page = flask.render_template_string("{{ url_for('static', filename='css/app.css') }}")
    assert page == assets_of(app).url("css/app.css")


def test_what_url_for_answers_is_served_by_the_static_route(app: flask.Flask) -> None:
    for name, content in FILES.items():
        with app.test_request_context("/"):
            urls = {flask.url_for("static", filename=name), assets_of(app).url(name)}
        for url in urls:
            with app.test_client().get(url) as response:
                assert response.status_code == 200
                assert response.get_data(as_text=True) == content


@pytest.mark.parametrize("base_url", [None, "/assets/", CDN])
@pytest.mark.parametrize("name", ["css/ap.css", "css/app.css?v=1", ""])
def test_an_unknown_file_is_never_an_unhashed_url(tmp_path: Path, name: str, base_url: str | None) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
    with app.test_request_context("/"):
        with pytest.raises(UnknownAsset):
            flask.url_for("static", filename=name)
        with pytest.raises(UnknownAsset):
            flask.render_template_string("{{ url_for('static', filename=name) }}", name=name)


@pytest.mark.parametrize(
    ("base_url", "values", "wanted"),
    [
        (CDN, {}, CDN + "PATH"),
        (CDN, {"_external": True}, CDN + "PATH"),
        (CDN, {"_external": False}, CDN + "PATH"),
        (CDN, {"_scheme": "http"}, "http://cdn.example.com/assets/PATH"),
        (CDN, {"v": [1, 2], "w": None, "_anchor": "a b"}, CDN + "PATH?v=1&v=2#a%20b"),
        ("//cdn.example.com", {}, "//cdn.example.com/PATH"),
        ("//cdn.example.com", {"_external": True}, "http://cdn.example.com/PATH"),
        ("//cdn.example.com", {"_scheme": "https"}, "https://cdn.example.com/PATH"),
        ("/assets", {}, "/assets/PATH"),
        ("/assets", {"_external": True}, "http://localhost/assets/PATH"),
        ("/assets", {"_scheme": "https", "_external": True}, "https://localhost/assets/PATH"),
    ],
)
def test_url_for_static_answers_the_configured_base_url(
    tmp_path: Path, base_url: str, values: dict[str, Any], wanted: str
) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
    with app.test_request_context("/"):
        url = flask.url_for("static", filename="css/app.css", **values)
        rendered = flask.render_template_string("{{ asset_url('css/app.css') }}")
    assert url == wanted.replace("PATH", assets_of(app).path("css/app.css"))
    assert rendered == assets_of(app).url("css/app.css")


def test_the_apps_own_route_is_not_another_place(tmp_path: Path) -> None:
    """Named explicitly it is still the route, so the prefix that the app is mounted at counts."""
    for base_url in (None, "/static/", "/static"):
        app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/mounted"}):
            assert flask.url_for("static", filename="css/app.css") == "/mounted" + assets_of(app).url("css/app.css")


def test_the_default_base_url_is_below_the_application_root(tmp_path: Path) -> None:
    app = make_app(tmp_path, APPLICATION_ROOT="/mounted")
    assert assets_of(app).base_url == "/mounted/static/"
    with app.test_request_context("/"):
        assert flask.url_for("static", filename="css/app.css") == assets_of(app).url("css/app.css")


def test_outside_a_request_urls_are_external_as_flasks_are(tmp_path: Path) -> None:
    for base_url in (None, "/assets/", "//cdn.example.com"):
        app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url, SERVER_NAME="example.com", PREFERRED_URL_SCHEME="https")
        with app.app_context():
            url = flask.url_for("static", filename="css/app.css")
        host = "cdn.example.com" if base_url and base_url.startswith("//") else "example.com"
        assert url.startswith(f"https://{host}/")
        assert url.endswith(assets_of(app).path("css/app.css"))


def test_outside_a_request_a_whole_base_url_needs_no_server_name(tmp_path: Path) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=CDN)
    assert app.url_for("static", filename="css/app.css") == assets_of(app).url("css/app.css")
    local = make_app(tmp_path, ASSETBUILD_BASE_URL="/assets/")
    with pytest.raises(RuntimeError, match="SERVER_NAME"):
        local.url_for("static", filename="css/app.css")


def test_a_scheme_without_external_is_refused_as_by_flask(tmp_path: Path) -> None:
    for base_url in (None, "/assets/", CDN):
        app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
        with app.test_request_context("/"), pytest.raises(ValueError, match="_scheme"):
            flask.url_for("static", filename="css/app.css", _scheme="https", _external=False)


@pytest.mark.parametrize("base_url", [None, CDN])
def test_other_endpoints_and_blueprints_are_left_alone(tmp_path: Path, base_url: str | None) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=base_url)
    shop = flask.Blueprint("shop", "page", root_path=str(tmp_path), static_folder="out", url_prefix="/shop")

    @shop.get("/")
    def index() -> dict[str, str]:
        return {
            "own": flask.url_for(".static", filename="x.css"),
            "named": flask.url_for("shop.static", filename="x.css"),
            "app": flask.url_for("static", filename="css/app.css"),
            "page": flask.url_for(".index", filename="x"),
        }

    app.register_blueprint(shop)
    assert app.test_client().get("/shop/").json == {
        "own": "/shop/out/x.css",
        "named": "/shop/out/x.css",
        "app": assets_of(app).url("css/app.css"),
        "page": "/shop/?filename=x",
    }
    with app.test_request_context("/"):
        assert flask.url_for(".static", filename="css/app.css") == assets_of(app).url("css/app.css")


def test_static_without_a_file_is_flasks_own_error(app: flask.Flask) -> None:
    from werkzeug.routing import BuildError

    with app.test_request_context("/"), pytest.raises(BuildError):
        flask.url_for("static")


def test_templates_have_the_helpers_folded(app: flask.Flask) -> None:
    assets = assets_of(app)
    assert assets.url("css/app.css") in str(app.jinja_env.compile("{{ asset_url('css/app.css') }}", raw=True))
    with app.test_request_context("/"):
        page = flask.render_template_string("{{ asset_tags('css/app.css') }} {{ asset_url('js/a b&c.js') }}")
    assert page == f"{assets.tags('css/app.css')} {assets.url('js/a b&c.js').replace('&', '&amp;')}"


def test_several_apps_with_one_extension_keep_apart(tmp_path: Path) -> None:
    extension = Assetbuild()
    apps = []
    for name in ("one", "two"):
        write(tmp_path / name, {"a.css": name}, with_files=True)
        app = flask.Flask(name, root_path=str(tmp_path), static_folder=name, static_url_path="/" + name)
        app.config["ASSETBUILD_MANIFEST"] = str(tmp_path / name / "manifest.json")
        extension.init_app(app)
        apps.append(app)
    for app in apps:
        with app.test_request_context("/"):
            url = flask.url_for("static", filename="a.css")
            assert url == assets_of(app).url("a.css") == flask.render_template_string("{{ asset_url('a.css') }}")
            assert url.startswith(f"/{app.import_name}/a-")


def test_without_a_static_route_a_base_url_is_needed_and_enough(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    for base_url in (None, CDN):
        app = flask.Flask("page", root_path=str(tmp_path), static_folder=None)
        app.config.update(ASSETBUILD_MANIFEST="manifest.json", ASSETBUILD_BASE_URL=base_url)
        if base_url is None:
            with pytest.raises(AssetbuildError, match="no static route; set"):
                Assetbuild(app)
        else:
            Assetbuild(app)
            with app.test_request_context("/"):
                assert flask.url_for("static", filename="css/app.css") == assets_of(app).url("css/app.css")


def test_a_missing_setting_fails_at_start() -> None:
    with pytest.raises(AssetbuildError, match=r"app\.config\['ASSETBUILD_MANIFEST'\] is not set; set it"):
        Assetbuild(flask.Flask("page"))


@pytest.mark.parametrize("content", [None, b"{", b"{}"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_missing_or_broken_manifest_fails_at_start(tmp_path: Path, content: bytes | None, debug: bool) -> None:
    app = flask.Flask("page", root_path=str(tmp_path))
    app.debug = debug
    app.config["ASSETBUILD_MANIFEST"] = "manifest.json"
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest\.json: .*run `assetbuild build`"):
        Assetbuild(app)
    assert "assetbuild" not in app.extensions


def test_setting_up_twice_is_refused(app: flask.Flask) -> None:
    with pytest.raises(AssetbuildError, match="call either"):
        Assetbuild(app)


@pytest.mark.parametrize(
    ("debug", "config", "reloads"),
    [(False, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
def test_a_debug_app_reads_the_manifest_anew_unless_told_otherwise(
    tmp_path: Path, debug: bool, config: bool | None, reloads: bool
) -> None:
    manifest = write(tmp_path, {"a.css": "1"}, with_files=True)
    app = flask.Flask("page", root_path=str(tmp_path))
    app.debug = debug
    app.config.update(ASSETBUILD_MANIFEST=str(manifest), ASSETBUILD_RELOAD=config)
    Assetbuild(app)
    source = "{{ asset_url('a.css') }} {{ url_for('static', filename='a.css') }}"
    with app.test_request_context("/"):
        before = flask.render_template_string(source)
        write(tmp_path, {"a.css": "2"})
        assert (flask.render_template_string(source) != before) == reloads
    assert assets_of(app).reloads == reloads


def test_the_output_folder_for_inlining_may_be_named(tmp_path: Path) -> None:
    write(tmp_path / "out", FILES, with_files=True).rename(tmp_path / "manifest.json")
    app = flask.Flask("page", root_path=str(tmp_path))
    app.config.update(ASSETBUILD_MANIFEST="manifest.json", ASSETBUILD_ROOT="out")
    Assetbuild(app)
    with app.test_request_context("/"):
        assert flask.render_template_string("{{ asset_inline('css/app.css') }}") == "a{}"


def test_two_lines_are_enough_for_an_app_with_flasks_own_static_route(tmp_path: Path) -> None:
    """The route serves the output folder, whatever folder it served before."""
    app = flask.Flask("shop", root_path=str(tmp_path))
    write(tmp_path / "public/assets", {"css/app.css": "a{}"}, with_files=True)
    app.config["ASSETBUILD_MANIFEST"] = "public/assets/manifest.json"
    Assetbuild(app)
    with app.test_request_context():
        url = flask.url_for("static", filename="css/app.css")
    with app.test_client().get(url) as answer:
        assert (answer.status_code, answer.data) == (200, b"a{}")
    assert app.static_folder == str(tmp_path / "public/assets")


def test_an_output_folder_elsewhere_must_be_named(tmp_path: Path) -> None:
    """Pages that answer while every asset is missing are found at start, not by visitors."""
    write(tmp_path / "public/assets", FILES, with_files=True)
    (tmp_path / "public/assets/manifest.json").rename(tmp_path / "public/manifest.json")
    app = flask.Flask("shop", root_path=str(tmp_path))
    app.config["ASSETBUILD_MANIFEST"] = "public/manifest.json"
    with pytest.raises(AssetbuildError, match=r"set app.config\['ASSETBUILD_ROOT'\]"):
        Assetbuild(app)
    app.config["ASSETBUILD_ROOT"] = "public/assets"
    Assetbuild(app)


def cache_control(app: flask.Flask, url: str, **headers: str) -> str | None:
    with app.test_client().get(url, headers=headers) as answer:
        assert answer.status_code in (200, 206, 304)
        return answer.headers["Cache-Control"]


IMMUTABLE = "public, max-age=31536000, immutable, no-transform"


@pytest.mark.parametrize("age", [None, 60])
def test_only_fingerprinted_files_may_be_cached_for_ever(tmp_path: Path, age: int | None) -> None:
    """What is not named by its content keeps what Flask sends: plain copies, the manifest, other releases, others."""
    write(tmp_path / "out", FILES | {"favicon.svg": "x"}, {"favicon.svg": {"stable": True}}, with_files=True)
    app = flask.Flask("page", root_path=str(tmp_path), static_folder="out", static_url_path="/static")
    app.config.update(ASSETBUILD_MANIFEST="out/manifest.json", SEND_FILE_MAX_AGE_DEFAULT=age)
    Assetbuild(app)
    (tmp_path / "out/favicon.svg").write_text("x")
    (tmp_path / "out/css/app-0123456789abcdef.css").write_text("old")
    shop = flask.Blueprint("shop", "page", root_path=str(tmp_path), static_folder="out", url_prefix="/shop")
    app.register_blueprint(shop)
    hashed = assets_of(app).url("css/app.css")
    flasks = "no-cache" if age is None else "public, max-age=60"
    assert cache_control(app, hashed) == IMMUTABLE
    assert cache_control(app, hashed, Range="bytes=0-1") == IMMUTABLE
    assert cache_control(app, assets_of(app).url("favicon.svg")) == IMMUTABLE
    for plain in ("favicon.svg", "manifest.json", "css/app-0123456789abcdef.css"):
        assert cache_control(app, "/static/" + plain) == flasks
    assert cache_control(app, hashed.replace("/static/", "/shop/out/")) == flasks
    assert app.test_client().get("/static/css/app.css").status_code == 404


def test_a_revalidation_is_answered_with_the_same_age(app: flask.Flask) -> None:
    url = assets_of(app).url("css/app.css")
    with app.test_client().get(url) as answer:
        tag = answer.headers["ETag"]
    with app.test_client().get(url, headers={"If-None-Match": tag}) as again:
        assert (again.status_code, again.headers["Cache-Control"]) == (304, IMMUTABLE)


def test_a_static_route_that_is_not_the_output_folder_is_left_alone(tmp_path: Path) -> None:
    app = make_app(tmp_path, ASSETBUILD_BASE_URL=CDN)
    assert cache_control(app, "/static/" + assets_of(app).path("css/app.css")) == "no-cache"


def test_assets_for_tests_stand_in_for_the_manifest(tmp_path: Path) -> None:
    """No build, plain names, the folder that the app serves anyway, and an unknown name is still an error."""
    app = flask.Flask("page", root_path=str(tmp_path))
    (tmp_path / "static/css").mkdir(parents=True)
    (tmp_path / "static/css/app.css").write_text("a{}")
    app.config["ASSETBUILD_MANIFEST"] = Assets.for_tests(tmp_path / "static")
    Assetbuild(app)
    with app.test_request_context("/"):
        url = flask.url_for("static", filename="css/app.css")
        assert flask.render_template_string("{{ asset_url('css/app.css') }}") == url == "/static/css/app.css"
        with pytest.raises(UnknownAsset):
            flask.url_for("static", filename="css/ap.css")
    assert cache_control(app, url) == "no-cache"
