"""Manifests for other tools: written with ours, compared with it, and never over a file that is not this tool's."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from assetbuild import __version__
from assetbuild.build import clean, depfile, index, inspection, other_manifests, uptodate
from assetbuild.build.atomic import replace_file
from assetbuild.build.model import BuildFailed, FileStat
from assetbuild.build.pipeline import Options
from assetbuild.build.verify import verify
from tests.doc_sessions import blocks
from tests.project import PLAIN, Project, project

ALL = f"""{PLAIN}[other_manifests]
django = "public/assets/staticfiles.json"
flat = "public/flat.json"
vite = "elsewhere/vite.json"
"""
PATHS = ("public/assets/staticfiles.json", "public/flat.json", "elsewhere/vite.json")


def built(tmp_path: Path) -> Project:
    made = project(tmp_path, {"app.css": "a { color: red }"}, ALL)
    made.build()
    return made


def contents(made: Project) -> list[bytes]:
    return [(made.root / path).read_bytes() for path in PATHS]


def test_every_configured_shape_is_written_and_says_what_the_manifest_says(tmp_path: Path) -> None:
    made = built(tmp_path)
    django, flat, vite = map(json.loads, contents(made))
    path = made.path("app.css")
    assert (django["paths"], flat, vite["app.css"]["file"]) == ({"app.css": path}, {"app.css": path}, path)
    assert verify(made.config) == ()


PYRAMID = """
import json
import sys
sys.path.insert(0, ".")
from pyramid.request import Request
from pyramid_app import application
app = application()
request = Request.blank("/")
request.registry = app.registry
url = request.static_path("public/assets/app.css")
answer = Request.blank(url).get_response(app)
print(json.dumps([url, answer.status_int, answer.content_type, answer.text, answer.cache_control.max_age]))
"""


def test_the_pyramid_app_of_the_docs_serves_what_its_static_urls_name(tmp_path: Path) -> None:
    made = built(tmp_path)
    page = blocks((Path(__file__).parent.parent / "docs/howto-vite.md").read_text("utf-8"))
    app = next(block.text for block in page if block.file == "pyramid_app.py")
    made.write({"pyramid_app.py": app})
    command = [sys.executable, "-c", PYRAMID.replace('"public', f'"{tmp_path}/public')]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    path = made.path("app.css")
    assert json.loads(done.stdout) == [f"/static/{path}", 200, "text/css", made.read("app.css"), 31536000]


def test_a_change_rewrites_them_and_no_change_leaves_them(tmp_path: Path) -> None:
    made = built(tmp_path)
    before = contents(made)
    assert made.build().up_to_date
    assert made.build(force=True).written == 0
    made.write({"static/app.css": "a { color: blue }"}).build()
    after = contents(made)
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert json.loads(after[1]) == {"app.css": made.path("app.css")}


@pytest.mark.parametrize("path", PATHS)
def test_one_that_is_gone_is_noticed_planned_and_written_again(tmp_path: Path, path: str) -> None:
    made = built(tmp_path)
    wanted = (made.root / path).read_bytes()
    (made.root / path).unlink()
    plan = made.plan()
    assert not plan.up_to_date
    assert [problem.code for problem in plan.problems] == ["other-manifest"]
    checked = inspection.check_output(made.config, options=Options(jobs=1))
    assert [problem.code for problem in checked] == ["other-manifest"]
    assert made.build().written == 1
    assert (made.root / path).read_bytes() == wanted


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_no_build_wrote_is_never_replaced(tmp_path: Path, path: str) -> None:
    made = built(tmp_path)
    old = made.manifest
    (made.root / path).write_text('{"mine": 1}')
    found = verify(made.config)
    assert [(problem.code, "move it away" in problem.hint) for problem in found] == [("other-manifest", True)]
    made.write({"static/app.css": "a { color: blue }"})
    with pytest.raises(BuildFailed) as failed:
        made.build()
    assert [problem.code for problem in failed.value.problems] == ["foreign-manifest"]
    assert failed.value.problems[0].place is not None
    assert failed.value.problems[0].place.path == str(made.root / path)
    assert (made.root / path).read_text() == '{"mine": 1}'
    assert made.manifest == old


@pytest.mark.parametrize("path", PATHS)
def test_an_empty_file_that_no_build_wrote_is_never_replaced_or_removed(tmp_path: Path, path: str) -> None:
    made = project(tmp_path, {"app.css": "a { color: red }", f"/{path}": ""}, ALL)
    assert made.codes() == ["foreign-manifest"]
    clean.apply(removals(made))
    assert (made.root / path).read_bytes() == b""


def test_no_manifest_is_written_over_a_file_of_an_adopted_build(tmp_path: Path) -> None:
    chunk = {"file": "assets/main-UnNt__Xt.js", "src": "main.js", "isEntry": True}
    files: dict[str, str | bytes] = {
        "/dist/manifest.json": json.dumps({"main.js": chunk}), "/dist/assets/main-UnNt__Xt.js": ""
    }  # fmt: skip
    config = f'vite = "dist/manifest.json"\n{PLAIN}[other_manifests]\nflat = "dist/assets/main-UnNt__Xt.js"\n'
    (problem,) = project(tmp_path, files, config).problems()
    assert (problem.code, problem.place and problem.place.line) == ("config-manifest", 7)
    assert (tmp_path / "dist/assets/main-UnNt__Xt.js").read_bytes() == b""


def test_a_folder_or_a_link_at_its_place_is_an_error(tmp_path: Path) -> None:
    made = built(tmp_path)
    (made.root / "public/flat.json").unlink()
    (made.root / "public/flat.json").symlink_to(made.root / "elsewhere/other.json")
    assert made.codes() == ["foreign-manifest"]
    (made.root / "public/flat.json").unlink()
    (made.root / "public/flat.json").mkdir()
    assert made.codes() == ["config-manifest"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_build_that_died_while_it_wrote_one_the_next_goes_on(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = built(tmp_path)

    def dies(path: Path, data: bytes, *, temporary: Path, durable: bool = False) -> FileStat:
        if path.name == "flat.json" and moment == "before":
            raise KeyboardInterrupt
        written = replace_file(path, data, temporary=temporary, durable=durable)
        if path.name == "flat.json":
            raise KeyboardInterrupt
        return written

    for color in ("blue", "green"):
        made.write({"static/app.css": f"a {{ color: {color} }}"})
        with monkeypatch.context() as patched:
            patched.setattr(other_manifests, "replace_file", dies)
            with pytest.raises(KeyboardInterrupt):
                made.build()
    made.write({"static/app.css": "a { color: black }"}).build()
    assert json.loads(contents(made)[1]) == {"app.css": made.path("app.css")}


def test_what_a_build_wrote_long_ago_is_not_what_it_wrote_last(tmp_path: Path) -> None:
    made = built(tmp_path)
    old = contents(made)
    made.write({"static/app.css": "a { color: blue }"}).build()
    (made.root / PATHS[1]).write_bytes(old[1])
    assert made.codes() == ["foreign-manifest"]


def test_without_records_the_bytes_that_are_wanted_are_as_good_as_one(tmp_path: Path) -> None:
    made = built(tmp_path)
    (made.output / ".assetbuild" / "manifests").rename(made.root / "records")
    made.build(force=True)
    made.write({"static/app.css": "a { color: green }"})
    assert made.codes() == []


@pytest.mark.parametrize("path", PATHS)
def test_one_that_is_no_longer_named_goes_with_the_next_build_unless_it_was_edited(tmp_path: Path, path: str) -> None:
    edited = built(tmp_path / "edited")
    (edited.root / path).write_text("mine")
    made = built(tmp_path / "made")
    for one in (edited, made):
        one.write({"assetbuild.toml": ALL.replace(path, f"{path}.new")}).build()
        assert (one.root / f"{path}.new").exists()
    assert (edited.root / path).read_text() == "mine"
    assert not (made.root / path).exists()
    assert [record.name for record in other_manifests.records(made.output)].count(path) == 0
    made.write({"assetbuild.toml": PLAIN}).build()
    assert not any((made.root / name).exists() for name in (*PATHS, f"{path}.new"))
    assert other_manifests.records(made.output) == ()


def test_a_record_alone_lets_no_build_remove_what_lies_outside_of_the_output(tmp_path: Path) -> None:
    made = built(tmp_path)
    made.config.cache.rename(tmp_path / "gone")
    made.write({"assetbuild.toml": PLAIN}).build()
    assert [(made.root / path).exists() for path in PATHS] == [False, True, True]


def removals(made: Project) -> clean.Plan:
    config = made.config
    shaped = [path for _, path in config.other_manifests]
    return clean.plan_clobber(config.output, config.manifest, config.cache, shaped=shaped)


def test_clobber_removes_them_and_leaves_nothing(tmp_path: Path) -> None:
    made = built(tmp_path)
    clean.apply(removals(made))
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"assetbuild.toml", "static/app.css"}
    assert not made.output.exists()


def test_clobber_leaves_one_that_was_edited_and_one_outside_that_is_not_configured(tmp_path: Path) -> None:
    made = built(tmp_path)
    (made.root / PATHS[1]).write_text("mine")
    made.write({"assetbuild.toml": ALL.replace('vite = "elsewhere/vite.json"\n', "")})
    plan = removals(made)
    clean.apply(plan)
    assert [problem.code for problem in plan.problems] == ["foreign-manifest"]
    assert [(made.root / path).exists() for path in PATHS] == [False, True, True]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ('flat = "public/assets/manifest.json"', "same file as the manifest of this build"),
        ('flat = "x.json"\nvite = "x.json"', "same file as `other_manifests.flat`"),
        ('flat = "x.json"\nvite = "x.json/y.json"', "one lies below the other"),
        ('flat = "assetbuild.toml"', "overwrite the configuration"),
        ('flat = "static/flat.json"', "lies in the source root"),
        ('flat = ".assetbuild/flat.json"', "lies in `.assetbuild`"),
        ('flat = "public/assets/.assetbuild/flat.json"', "lies in `.assetbuild`"),
        ('flat = "public/assets"', "is a folder"),
        ('flat = "public/"', "ends in `/`"),
        ('flat = ""', "may not be empty"),
        ("flat = 1", "must be a string"),
        ('flat = "pages/flat.html"', "names a file that `templates` matches"),
        ('flat = "assets.yml"', "same file as the webassets file"),
        ('flat = "assets.yml/x.json"', "is a file"),
        ('flatt = "x.json"', "has no key `flatt`"),
    ],
)
def test_conflicting_places_are_config_errors_with_their_place(tmp_path: Path, table: str, text: str) -> None:
    settings = f'templates = ["pages/*.html"]\nwebassets = "assets.yml"\n{PLAIN}'
    made = project(tmp_path, {"app.css": "", "/assets.yml": "{}\n"}, f"{settings}[other_manifests]\n{table}\n")
    with pytest.raises(BuildFailed) as failed:
        _ = made.config
    assert failed.value.exit_code == 2
    assert text in failed.value.problems[0].text
    place = failed.value.problems[0].place
    assert place is not None
    assert place.line >= 6
    assert failed.value.problems[0].hint


def test_no_manifest_is_written_where_an_output_goes(tmp_path: Path) -> None:
    config = f'stable = ["data.json"]\n{PLAIN}[other_manifests]\nflat = "public/assets/data.json"\n'
    made = project(tmp_path, {"data.json": "{}"}, config)
    with pytest.raises(BuildFailed) as failed:
        made.build()
    assert [problem.code for problem in failed.value.problems] == ["output-clash"]
    assert not (made.output / "data.json").exists()


@pytest.mark.parametrize("path", PATHS)
def test_the_index_answers_only_while_they_are_untouched(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uptodate, "RACY_NS", 0)
    made = built(tmp_path)
    with chdir(tmp_path):
        assert index.answer(("build",), version=__version__) is not None
        (made.root / path).unlink()
        assert index.answer(("build",), version=__version__) is None


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_depfile_is_not_written_over_one(tmp_path: Path, path: str) -> None:
    made = built(tmp_path)
    with pytest.raises(BuildFailed) as failed:
        depfile.check_place(made.root / path, made.config)
    assert "this is the manifest for" in failed.value.problems[0].text


def test_clobber_leaves_those_of_another_project_in_the_same_output_folder(tmp_path: Path) -> None:
    shared = (
        'output = "../public"\nmanifest = "../public/{0}.json"\n'
        + PLAIN
        + '[other_manifests]\nflat = "../public/{0}-flat.json"\n'
    )
    one = project(tmp_path / "one", {"one.css": ""}, shared.format("one"))
    other = project(tmp_path / "other", {"other.css": ""}, shared.format("other"))
    one.build()
    other.build()
    clean.apply(removals(one))
    assert not (tmp_path / "public/one-flat.json").exists()
    assert (tmp_path / "public/other-flat.json").exists()
    assert verify(other.config) == ()
    clean.apply(removals(other))
    assert not (tmp_path / "public").exists()
