"""`assetbuild init`: whatever project is there, the configuration it writes loads and builds as it is."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import config as configuration
from assetbuild.build import pipeline
from assetbuild.build.model import BuildFailed, BundleSpec, Config
from assetbuild.build.scaffold import Scaffold, init, literal_glob, quoted, write
from assetbuild.build.webassets_yaml import NotPlain, OldBundle, OldConfig, read

BOMB = "raise RuntimeError('init ran the app')\n"


def lay(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = {".css": "a { color: red }\n", ".js": "f();\n"}.get(path.suffix, "")
        path.write_text(texts.get(path.name.replace(".", "_"), text), encoding="utf-8")
    return root


def written(root: Path) -> Config:
    write(init(root))
    return configuration.load(None, folder=root)


FLASK = (
    "requirements.txt",
    "shop/__init__.py",
    "shop/static/css/a.css",
    "shop/static/js/b.js",
    "shop/templates/x.html",
)
PROJECTS = {
    "flask": (FLASK, {"requirements_txt": "Flask==3.0\n", "__init___py": BOMB}),
    "flask by import": (FLASK, {"__init___py": "from flask import Flask\n" + BOMB}),
    "django": (
        (
            "manage.py",
            "shop/static/shop/a.css",
            "blog/static/blog/b.js",
            "blog/templates/b.html",
            "staticfiles/x/static/a.css",
        ),
        {"manage_py": "import django\n" + BOMB},
    ),
    "fastapi": (
        ("pyproject.toml", "app/main.py", "static/app.css", "templates/i.jinja"),
        {"pyproject_toml": '[project]\ndependencies = ["fastapi[standard]>=0.110"]\n', "main_py": BOMB},
    ),
    "starlette": (("requirements/base.txt", "static/app.css"), {"base_txt": "starlette\nuvicorn\n"}),
    "generic": (("assets/site.css", "assets/site.js"), {}),
    "output taken": (("public/assets/site.css",), {}),
    "sass": (("static/_x.scss", "static/a.scss", "static/a.css", "static/favicon.ico"), {}),
    "names that need quotes": (("static/a\"b[1]'*.css", "static/é ü.css", "static/#.js", "static/%.js"), {}),
    "modules": (("static/a.js", "static/b.js"), {"a_js": 'import "./b.js";\n', "b_js": "export const b = 1;\n"}),
    "nothing": ((), {}),
    "both": (("static/a.css", "shop/static/a.css", "shop/static/b.css"), {}),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_what_init_writes_loads_and_builds_as_it_is(tmp_path: Path, name: str) -> None:
    files, texts = PROJECTS[name]
    config = written(lay(tmp_path, *files, **texts))
    if name not in ("names that need quotes",):
        assert pipeline.build(config, options=pipeline.Options()).build


@pytest.mark.parametrize("name", [name for name in PROJECTS if name not in ("nothing", "modules")])
def test_what_init_suggests_loads_once_the_comment_signs_are_gone(tmp_path: Path, name: str) -> None:
    files, texts = PROJECTS[name]
    scaffold = init(lay(tmp_path, *files, **texts))
    head, tail = scaffold.text.split("[bundles]\n")
    head = re.sub(r"(?m)^# (?=\[publish\]|target =)", "", head)
    scaffold.path.write_text(f"{head}[bundles]\n" + re.sub(r"(?m)^# ", "", tail), encoding="utf-8")
    config = configuration.load(None, folder=tmp_path)
    assert config.bundles
    assert config.publish.target == "s3://my-bucket/assets"


@pytest.mark.parametrize(
    ("name", "sources", "templates", "first"),
    [
        ("flask", ["shop/static"], ("shop/templates/**/*.html",), "found a Flask project"),
        ("flask by import", ["shop/static"], ("shop/templates/**/*.html",), "found a Flask project"),
        ("django", ["blog/static", "shop/static"], ("blog/templates/**/*.html",), "found a Django project"),
        ("fastapi", ["static"], ("templates/**/*.jinja",), "found a FastAPI project"),
        ("starlette", ["static"], (), "found a Starlette project"),
        ("generic", ["assets"], (), "sources: assets (2 files)"),
        ("both", ["static", "shop/static"], (), "sources: static, shop/static (3 files)"),
        ("nothing", ["static"], (), "found no static folder, so there is a new one: put your assets into static/"),
    ],
)
def test_the_project_is_recognised(
    tmp_path: Path, name: str, sources: list[str], templates: tuple[str, ...], first: str
) -> None:
    files, texts = PROJECTS[name]
    scaffold = init(lay(tmp_path, *files, **texts))
    write(scaffold)
    config = configuration.load(None, folder=tmp_path)
    assert [spec.path for spec in config.sources] == sources
    assert config.templates == templates
    assert scaffold.notes[0] == first


def test_a_commented_requirement_is_none(tmp_path: Path) -> None:
    lay(tmp_path, "requirements.txt", "static/a.css", requirements_txt="# flask\nflask-like\nmy-django\n")
    assert init(tmp_path).notes[0] == "sources: static (1 file)"


def test_found_files_become_suggestions(tmp_path: Path) -> None:
    lay(tmp_path, "static/css/b.css", "static/css/a.css", "static/css/site.css", "static/j.js", "static/k[1].js")
    text = init(tmp_path).text
    assert '# "css/app.css" = ["css/a.css", "css/b.css", "css/site.css"]\n' in text
    assert '# "js/site.js" = ["j.js", "k[[]1].js"]\n' in text


def test_es_modules_are_not_suggested_for_a_bundle(tmp_path: Path) -> None:
    files, texts = PROJECTS["modules"]
    assert '"js/site.js"' not in init(lay(tmp_path, *files, **texts)).text


def test_sources_of_compilers_are_excluded_and_a_favicon_is_stable(tmp_path: Path) -> None:
    files, texts = PROJECTS["sass"]
    config = written(lay(tmp_path, *files, **texts))
    assert (config.exclude, config.stable) == (("**/*.scss",), ("favicon.ico",))


@pytest.mark.parametrize("built", ["static/dist", "dist", "frontend/dist"])
def test_a_build_of_vite_is_adopted_and_none_of_its_files_is_a_source(tmp_path: Path, built: str) -> None:
    manifest = '{"src/main.js": {"file": "assets/main-B1c2D3e4.js", "isEntry": true}}'
    lay(tmp_path, "static/css/a.css", f"{built}/.vite/manifest.json", f"{built}/assets/main-B1c2D3e4.js",
        manifest_json=manifest)  # fmt: skip
    made = init(tmp_path)
    config = written(tmp_path)
    assert f'vite = "{built}/.vite/manifest.json"' in made.text
    assert any(note.startswith(f"{built}/.vite/manifest.json: a build of Vite") for note in made.notes)
    assert "sources: static (1 file)" in made.notes
    build = pipeline.build(config, options=pipeline.Options()).build
    assert build
    assert sorted(json.loads(config.manifest.read_bytes())["assets"]) == ["css/a.css", "src/main.js"]


def test_the_output_folder_is_never_a_source_root(tmp_path: Path) -> None:
    files, texts = PROJECTS["output taken"]
    config = written(lay(tmp_path, *files, **texts))
    assert config.output not in config.root_paths
    assert config.root_paths == (tmp_path / "public",)


@pytest.mark.parametrize(
    ("name", "text"), [("assetbuild.toml", ""), ("pyproject.toml", "[tool.assetbuild]\nsources = ['x']\n")]
)
def test_an_existing_configuration_is_never_overwritten(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BuildFailed) as caught:
        write(init(tmp_path))
    problem = caught.value.problems[0]
    assert (problem.code, caught.value.exit_code) == ("config-exists", 2)
    assert problem.place is not None
    assert problem.place.path == str(tmp_path / name)
    assert problem.hint.startswith(f"change {name}")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == text


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(BuildFailed) as caught:
        write(Scaffold(tmp_path / "x.toml", "ours", ()))
    assert caught.value.problems[0].code == "config-unwritable"
    assert (tmp_path / "x.toml").read_text(encoding="utf-8") == "mine"


def test_init_writes_nothing_and_imports_nothing(tmp_path: Path) -> None:
    files, texts = PROJECTS["flask"]
    lay(tmp_path, *files, **texts)
    before, modules = sorted(tmp_path.rglob("*")), set(sys.modules)
    init(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert "shop" not in set(sys.modules) - modules


def test_what_git_should_ignore_is_said_once(tmp_path: Path) -> None:
    assert "add to .gitignore: .assetbuild/ public/" in init(tmp_path).notes
    (tmp_path / ".gitignore").write_text(".assetbuild\n/public/\n", encoding="utf-8")
    assert not [note for note in init(tmp_path).notes if "gitignore" in note]


def test_links_are_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "static/a.css")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "static/loop").symlink_to(tmp_path)
    assert [spec.path for spec in written(tmp_path).sources] == ["static"]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=10))
def test_any_printable_name_survives_toml(name: str) -> None:
    import tomllib

    assert tomllib.loads(f"x = {quoted(name)}")["x"] == name


@given(st.text(st.sampled_from("ab*?[]!-^"), min_size=1, max_size=8))
def test_a_literal_glob_matches_its_name_alone(name: str) -> None:
    from assetbuild.build.globs import Globs

    globs = Globs((literal_glob(name),))
    assert globs.matches(name)
    assert not globs.matches(name + "a")
    assert not globs.matches("b" + name)


# --- webassets -------------------------------------------------------------------------------------------

YAML = """\
# our assets
directory: ./shop/static
url: /static
bundles:
    all-css:
        filters: cssmin
        output: gen/all.%(version)s.css
        contents:
            - css/a.css
            - 'css/b.css'   # second
    all-js:
        filters: [jsmin]
        output: gen/all.js
        contents: js/*.js
    styles:
        filters: scss,cssmin
        output: gen/s.css
        contents:
        - s.scss
    old:
        output: gen/old.css
        contents: [css/a.css]
    gone:
        output: gen/gone.js
        contents: nowhere.js
    modules:
        output: gen/m.js
        contents: m/m.js
"""


def test_plain_bundles_of_webassets_are_taken_over_and_the_rest_stay_comments(tmp_path: Path) -> None:
    names = [
        f"shop/static/{name}" for name in ("css/a.css", "css/b.css", "js/x.js", "js/y.js", "s.scss", "gen/old.css")
    ]
    lay(tmp_path, *names, "shop/static/m/m.js", "assets.yml", assets_yml=YAML, m_js="export default 1;\n")
    scaffold = init(tmp_path)
    config = written(tmp_path)
    assert config.bundles == (
        BundleSpec("gen/all.css", ("css/a.css", "css/b.css"), names=("all-css",)),
        BundleSpec("gen/all.js", ("js/*.js",), names=("all-js",)),
    )
    for comment in (
        "# styles: it uses the filters scss\n",
        "# old: delete the file gen/old.css, which webassets made, and remove the `#`\n",
        '# "gen/old.css" = { inputs = ["css/a.css"], names = ["old"] }\n',
        "# gone: nowhere.js is not below a static folder\n",
        "# modules: it joins ES modules, which are published one by one\n",
    ):
        assert comment in scaffold.text
    pipeline.build(config, options=pipeline.Options())


def test_yaml_that_is_not_plain_is_left_to_the_user_where_nothing_can_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    lay(tmp_path, "static/a.css", "a.yaml", a_yaml="bundles:\n  x: &anchor\n    contents: a.css\n")
    (note,) = [note for note in init(tmp_path).notes if note.startswith("a.yaml")]
    assert note.startswith(
        "a.yaml was not taken over: line 2 is more than plain webassets YAML; to have all of it read,"
    )
    assert written(tmp_path).bundles == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x: 1\n", None),
        ("bundles:\n", OldConfig("", ())),
        ("---\ndirectory: .\nbundles:\n  a:\n    output: a.js\n", OldConfig("", (OldBundle("a", "a.js", (), ()),))),
        (
            "bundles:\n  a:\n    contents:\n    - x.js\n    - y.js\n  b:\n    contents: z.js, w.js\n",
            OldConfig("", (OldBundle("a", "", ("x.js", "y.js"), ()), OldBundle("b", "", ("z.js", "w.js"), ()))),
        ),
        ("bundles:\n  a:\n    filters: [scss, cssmin]\n", OldConfig("", (OldBundle("a", "", (), ("scss",)),))),
    ],
)
def test_plain_yaml_is_read_as_webassets_reads_it(text: str, wanted: OldConfig | None) -> None:
    assert read(text) == wanted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bundles:\n\ta: 1\n", 2),
        ("bundles:\n  a: {contents: x}\n", 2),
        ("bundles:\n  a:\n    contents:\n      x: y\n", 3),
        ("bundles:\n  a:\n    contents: |\n      x.js\n", 3),
        ("bundles:\n  a:\n    contents: *x\n", 3),
        ("bundles:\n  - a\n", 2),
        ("bundles:\n    a:\n      output: x\n  b:\n", 4),
    ],
)
def test_anything_else_says_the_line(text: str, line: int) -> None:
    with pytest.raises(NotPlain) as caught:
        read(text)
    assert caught.value.line == line


@given(st.text(st.sampled_from("ab:- \n#[]{}'\",&*|\t.%")))
def test_any_text_is_read_or_not_plain(text: str) -> None:
    try:
        found = read("bundles:\n" + text)
    except NotPlain as error:
        assert error.line >= 1
    else:
        assert found is None or all(bundle.name for bundle in found.bundles)


def test_what_it_says_next_fits_the_output_folder_and_the_apps_package(tmp_path: Path) -> None:
    for name, text in {
        "requirements.txt": "flask\n",
        "shop/__init__.py": "from flask import Flask\napp = Flask(__name__)\n",
        "shop/static/a.css": "a{}",
        "public/assets/own.css": "own{}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = init(tmp_path)
    notes = "\n".join(made.notes)
    assert "../" in notes
    output = configuration.load(None, folder=_written(made)).output.relative_to(tmp_path).as_posix()
    assert f"../{output}/manifest.json" in notes


@pytest.mark.parametrize("settings", ["", "STORAGES = {}\nMIDDLEWARE = ['x']\n"])
def test_what_it_says_of_django_settings_runs_and_loses_no_storage(tmp_path: Path, settings: str) -> None:
    lay(
        tmp_path,
        "manage.py",
        "shop/static/a.css",
        "shop/settings.py",
        manage_py="import django\n",
        settings_py=settings,
    )
    notes = init(tmp_path).notes
    first = next(index for index, note in enumerate(notes) if note.startswith("in settings: "))
    lines = [note.removeprefix("in settings: ").removeprefix(" " * 13) for note in notes[first:]]
    known: dict[str, Any] = {"INSTALLED_APPS": [], "BASE_DIR": tmp_path}
    exec("\n".join([settings, *lines[:-1]]), known)
    assert known["STORAGES"]["staticfiles"] == {"BACKEND": "assetbuild.django.staticfiles.AssetbuildStorage"}
    assert ("default" in known["STORAGES"]) == (not settings)
    assert known["STATIC_ROOT"] == known["ASSETBUILD_MANIFEST"].parent
    assert known["MIDDLEWARE"] == ["assetbuild.django.AssetsAtStart", *(["x"] if settings else [])]


def _written(made: Scaffold) -> Path:
    write(made)
    return made.path.parent
