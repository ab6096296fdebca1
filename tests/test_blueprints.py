"""Static routes of blueprints, in Flask and Quart: hashed where the configuration says which source is whose folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
import quart

import assetbuild.flask
import assetbuild.quart
from assetbuild import AssetbuildError, Assets, UnknownAsset
from assetbuild.build.model import BuildFailed
from tests.project import PLAIN, Project, project

CONFIG = f"""sources = [
  "static",
  {{ path = "admin/static", mount = "adm", blueprint = "admin" }},
  {{ path = "child/static", mount = "kid", blueprint = "admin.child" }},
  {{ path = "flat/static", blueprint = "flat" }},
]
{PLAIN}"""
FILES: dict[str, str | bytes] = {
    "css/app.css": "a{}",
    "/admin/static/a.css": "b{}",
    "/child/static/c.css": "c{}",
    "/flat/static/f.css": "d{}",
    "/api/static/x.css": "e{}",
}
FRAMEWORKS = [
    pytest.param(flask.Flask, flask.Blueprint, assetbuild.flask.Assetbuild, id="flask"),
    pytest.param(quart.Quart, quart.Blueprint, assetbuild.quart.Assetbuild, id="quart"),
]
PAGE = """{{ url_for(endpoint, filename=name) }}"""


@pytest.fixture
def built(tmp_path: Path) -> Project:
    made = project(tmp_path, FILES, CONFIG)
    made.build()
    return made


def shop(built: Project, framework: Any, blueprint: Any, extension: Any, **config: Any) -> Any:
    """An app with four blueprints, each with a page that says what `url_for` answers inside of it."""
    app = framework("shop", root_path=str(built.root))
    app.config.update(ASSETBUILD_MANIFEST="public/assets/manifest.json", **config)
    extension(app)

    def add(name: str, parent: Any, folder: str) -> Any:
        made = blueprint(
            name, "shop", root_path=str(built.root / folder), static_folder="static", url_prefix=f"/{name}"
        )
        made.add_url_rule("/say/<endpoint>/<path:name>", "say", _say(framework))
        return made

    admin, child = add("admin", app, "admin"), add("child", None, "child")
    admin.register_blueprint(child)
    for one in (admin, add("flat", app, "flat"), add("api", app, "api")):
        app.register_blueprint(one)
    app.add_url_rule("/say/<endpoint>/<path:name>", "say", _say(framework))
    return app


def _say(framework: Any) -> Callable[..., Any]:
    def say(endpoint: str, name: str) -> str:
        return flask.render_template_string(PAGE, endpoint=endpoint, name=name)

    async def say_async(endpoint: str, name: str) -> str:
        return await quart.render_template_string(PAGE, endpoint=endpoint, name=name)

    return say if framework is flask.Flask else say_async


def get(app: Any, path: str) -> tuple[int, str]:
    if isinstance(app, flask.Flask):
        with app.test_client().get(path) as answer:
            return answer.status_code, answer.get_data(as_text=True)

    async def ask() -> tuple[int, str]:
        answer = await app.test_client().get(path)
        return answer.status_code, str(await answer.get_data(as_text=True))

    return asyncio.run(ask())


@pytest.mark.parametrize(("framework", "blueprint", "extension"), FRAMEWORKS)
@pytest.mark.parametrize(
    ("page", "asset"),
    [
        ("/say/static/css/app.css", "css/app.css"),
        ("/say/admin.static/a.css", "adm/a.css"),
        ("/admin/say/admin.static/a.css", "adm/a.css"),
        ("/admin/say/.static/a.css", "adm/a.css"),
        ("/admin/child/say/.static/c.css", "kid/c.css"),
        ("/say/admin.child.static/c.css", "kid/c.css"),
        ("/flat/say/.static/f.css", "f.css"),
        ("/admin/say/static/css/app.css", "css/app.css"),
        ("/say/.static/css/app.css", "css/app.css"),
    ],
)
def test_the_hashed_name_is_answered_and_served(
    built: Project, framework: Any, blueprint: Any, extension: Any, page: str, asset: str
) -> None:
    app = shop(built, framework, blueprint, extension)
    assets = app.extensions["assetbuild"]
    assert get(app, page) == (200, assets.url(asset))
    assert get(app, assets.url(asset)) == (200, built.read(asset))


@pytest.mark.parametrize(("framework", "blueprint", "extension"), FRAMEWORKS)
def test_a_blueprint_that_no_source_names_keeps_its_own_route(
    built: Project, framework: Any, blueprint: Any, extension: Any
) -> None:
    app = shop(built, framework, blueprint, extension)
    assert get(app, "/api/say/.static/x.css") == get(app, "/say/api.static/x.css") == (200, "/api/static/x.css")
    assert get(app, "/api/static/x.css") == (200, "e{}")


@pytest.mark.parametrize(("framework", "blueprint", "extension"), FRAMEWORKS)
def test_with_a_base_url_blueprints_are_served_there_too(
    built: Project, framework: Any, blueprint: Any, extension: Any
) -> None:
    app = shop(built, framework, blueprint, extension, ASSETBUILD_BASE_URL="https://cdn.example.com/")
    url = app.extensions["assetbuild"].url("adm/a.css")
    assert url.startswith("https://cdn.example.com/adm/a-")
    assert get(app, "/admin/say/.static/a.css") == (200, url)


def test_an_unknown_file_of_such_a_blueprint_is_never_an_unhashed_url(built: Project) -> None:
    app = shop(built, flask.Flask, flask.Blueprint, assetbuild.flask.Assetbuild)
    with app.test_request_context(), pytest.raises(UnknownAsset, match=r"adm/b\.css"):
        flask.url_for("admin.static", filename="b.css")


def test_the_manifest_says_it_and_an_unnamed_blueprint_changes_no_manifest(built: Project, tmp_path: Path) -> None:
    assets = Assets.load(built.root / "public/assets/manifest.json")
    assert assets.blueprints == {"admin": "adm", "admin.child": "kid", "flat": ""}
    plain = project(tmp_path / "plain", {"a.css": "a{}"})
    plain.build()
    assert b"blueprints" not in (plain.root / "public/assets/manifest.json").read_bytes()


def test_one_blueprint_for_two_sources_is_an_error_naming_both(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"/one/a.css": "", "/two/b.css": ""}
    config = "sources = [{path = 'one', blueprint = 'x'}, {path = 'two', mount = 'y', blueprint = 'x'}]\n"
    with pytest.raises(BuildFailed) as failed:
        _ = project(tmp_path, files, config).config
    (problem,) = failed.value.problems
    assert problem.text == 'the sources "one" and "two" are both said to be the static folder of `x`'
    assert problem.place is not None
    assert problem.place.line == 1


@pytest.mark.parametrize("value", [[], {"x": 1}, {"x": "../y"}, {"x": "/y"}, None])
def test_a_manifest_with_odd_blueprints_is_refused(built: Project, value: object) -> None:
    import json

    manifest = built.root / "public/assets/manifest.json"
    document = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps(document | {"blueprints": value}))
    with pytest.raises(AssetbuildError, match="blueprint"):
        Assets.load(manifest)
