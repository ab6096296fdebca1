"""HARD CASES "Output and state" and "Source maps and names": what builds leave behind, and what they refuse."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from assetbuild.build import gather, inspection, pipeline, processors, registry
from assetbuild.build.discover import discover
from assetbuild.build.events import Work
from assetbuild.build.fingerprint import link
from assetbuild.build.model import BuildFailed, Severity
from assetbuild.build.releases import begin
from assetbuild.build.verify import verify
from assetbuild.build.why import explain
from tests.project import PLAIN, Project, project

MINIFIED = ""
"""An empty configuration: everything as by default."""

SITE: dict[str, str | bytes] = {
    "css/base.css": "/* base */\nbody { color: red; background: url(../img/b.svg) }\n" * 20,
    "css/app.css": "/* app */\nmain { color: blue }\n" * 20,
    "js/a.js": "// a\nvar a = 1;\n" * 30,
    "js/b.js": "// b\nvar b = 2;\n" * 30,
    "img/b.svg": "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g/>" * 100 + "</svg>",
}
BUNDLES = '[bundles]\n"css/all.css" = ["css/base.css", "css/app.css"]\n"js/all.js" = ["js/*.js"]\n'


@pytest.fixture
def site(tmp_path: Path) -> Project:
    return project(tmp_path, SITE, BUNDLES)


# --- building again --------------------------------------------------------------------------------------


def test_building_twice_gives_the_same_files_and_no_twin_of_a_twin(site: Project) -> None:
    site.build()
    before = site.public()
    site.build(force=True)
    assert site.public() == before
    assert not [name for name in before if name.endswith((".gz.gz", ".br.br", ".gz.br", ".br.gz"))]


def test_the_same_sources_in_two_folders_give_the_same_tree(tmp_path: Path) -> None:
    one, other = project(tmp_path / "a", SITE, BUNDLES), project(tmp_path / "much" / "deeper", SITE, BUNDLES)
    one.build(jobs=1)
    other.build(jobs=4)
    assert one.public() == other.public()


def test_nothing_to_do_opens_no_source_and_runs_no_step(site: Project) -> None:
    site.build()
    age_everything(site)
    site.build()
    built = site.build()
    assert built.up_to_date
    assert site.work == []


def age_everything(site: Project) -> None:
    """Make every source old enough to be believed by its stat."""
    for path in (site.root / "static").rglob("*"):
        if path.is_file():
            os.utime(path, (1_700_000_000, 1_700_000_000))


def test_an_output_folder_inside_a_source_root_is_never_read(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{}"}, f'output = "static/out"\n{PLAIN}')
    for _ in range(3):
        built.write({"assetbuild.toml": f'output = "static/out"\nexclude = ["x{_}"]\n{PLAIN}'})
        built.build()
    manifest = json.loads((tmp_path / "static/out/manifest.json").read_text())
    assert list(manifest["assets"]) == ["a.css"]


def test_a_variant_that_is_not_smaller_is_not_written(tmp_path: Path) -> None:
    built = project(tmp_path, {"tiny.css": "a{b:c}", "big.css": "a{b:c}\n" * 500}, "[processors]\ncss = []\n")
    built.build()
    assert "variants" not in built.manifest["assets"]["tiny.css"]
    assert sorted(built.manifest["assets"]["big.css"]["variants"]) == ["br", "gzip"]
    assert not list(built.output.glob("tiny*.gz"))


def test_a_file_that_was_truncated_by_hand_is_reported_and_repaired(site: Project) -> None:
    site.build()
    whole = site.public()
    victims = [site.path("css/all.css"), site.path("img/b.svg"), site.path("css/all.css") + ".br"]
    for victim in victims:
        (site.output / victim).write_bytes(whole[victim][:10])
    reported = {problem.place.path for problem in verify(site.config) if problem.place}
    assert reported == {str(site.output / victim) for victim in victims}
    site.build()
    assert site.public() == whole
    assert verify(site.config) == ()


def test_a_file_of_the_same_size_with_other_bytes_is_repaired(site: Project) -> None:
    site.build()
    whole = site.public()
    victim = site.output / site.path("css/all.css")
    victim.write_bytes(bytes(reversed(victim.read_bytes())))
    site.build()
    assert site.public() == whole


@pytest.mark.parametrize("what", ["manifest", "variant", "stable", "output"])
def test_check_sees_what_is_missing(tmp_path: Path, what: str) -> None:
    built = project(tmp_path, {**SITE, "favicon.ico": b"icon"}, f'stable = ["favicon.ico"]\n{BUNDLES}')
    built.build()
    options = pipeline.Options()
    assert inspection.check_output(built.config, options=options) == ()
    victims = {
        "manifest": "manifest.json",
        "variant": built.path("css/all.css") + ".gz",
        "stable": "favicon.ico",
        "output": built.path("favicon.ico"),
    }
    (built.output / victims[what]).unlink()
    assert inspection.check_output(built.config, options=options) != ()


# --- what makes steps run again --------------------------------------------------------------------------


def test_a_new_mtime_alone_rebuilds_nothing(site: Project) -> None:
    site.build()
    before = site.public()
    for path in (site.root / "static").rglob("*.css"):
        os.utime(path)
    built = site.build()
    assert site.count(Work.PROCESS) == site.count(Work.COMPRESS) == site.count(Work.WRITE) == 0
    assert built.up_to_date
    assert site.public() == before


def test_other_content_of_the_same_size_and_mtime_is_noticed(site: Project) -> None:
    site.build()
    path = site.root / "static/js/a.js"
    info = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"7"))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    site.build()
    assert "7" in site.read("js/a.js")
    assert "1" not in site.read("js/all.js")


def test_one_changed_file_runs_its_own_steps_only(site: Project) -> None:
    site.build()
    site.write({"static/js/a.js": "// new\nvar a = 100;\n" * 30})
    site.build()
    assert site.done(Work.PROCESS) == {"js/a.js rjsmin": 1, "js/all.js rjsmin": 1}
    assert {name.split()[0] for name in site.done(Work.COMPRESS)} == {"js/a.js", "js/all.js"}


def test_another_level_runs_exactly_that_compression_again(site: Project) -> None:
    site.build()
    site.write({"assetbuild.toml": f"compress = {{gzip = 6, br = 11}}\n{BUNDLES}"})
    site.build()
    assert site.count(Work.PROCESS) == 0
    assert {name.split()[1] for name in site.done(Work.COMPRESS)} == {"gzip"}


def test_another_tool_version_runs_exactly_its_steps_again(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    site.build()

    def newer(module: object, *proof: str) -> str:
        return "99.0" if getattr(module, "__name__", "") == "rcssmin" else original(module, *proof)  # type: ignore[arg-type]

    original = registry._version
    monkeypatch.setattr(registry, "_version", newer)
    site.build()
    assert {name.split()[1] for name in site.done(Work.PROCESS)} == {"rcssmin"}
    assert site.count(Work.PROCESS) == 3


def test_another_guard_version_runs_its_steps_again(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    site.build()
    monkeypatch.setattr(processors, "GUARD", 999)
    site.build()
    assert site.count(Work.PROCESS) == 6


def test_a_removed_source_leaves_the_manifest_but_its_file_stays_until_clean(site: Project) -> None:
    site.build()
    old = site.path("js/b.js")
    (site.root / "static/js/b.js").unlink()
    site.build()
    assert "js/b.js" not in site.manifest["assets"]
    assert (site.output / old).is_file()


# --- the cache is a convenience --------------------------------------------------------------------------


def _each_cache_file(site: Project) -> list[Path]:
    return [path for path in (site.root / ".assetbuild").rglob("*") if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 100, b"{}"])
def test_a_corrupt_cache_is_a_miss_and_never_a_wrong_output(site: Project, damage: bytes) -> None:
    site.build()
    whole = site.public()
    for path in _each_cache_file(site):
        path.chmod(0o644)
        path.write_bytes(damage)
    shutil.rmtree(site.output)
    site.build()
    assert site.public() == whole
    assert site.count(Work.REUSE) == 0


def test_swapped_cache_objects_are_a_miss(site: Project) -> None:
    site.build()
    whole = site.public()
    objects = sorted(path for path in (site.root / ".assetbuild").rglob("objects/**/*") if path.is_file())
    contents = [path.read_bytes() for path in objects]
    for path, content in zip(objects, contents[1:] + contents[:1], strict=True):
        path.chmod(0o644)
        path.write_bytes(content)
    shutil.rmtree(site.output)
    site.build()
    assert site.public() == whole


def test_a_cache_of_another_version_is_not_read(site: Project) -> None:
    site.build()
    whole = site.public()
    (site.root / ".assetbuild/v1").rename(site.root / ".assetbuild/v0")
    shutil.rmtree(site.output)
    site.build()
    assert site.public() == whole
    assert site.count(Work.REUSE) == 0


def test_with_the_cache_no_step_runs_again(site: Project) -> None:
    site.build()
    shutil.rmtree(site.output)
    site.build()
    assert site.count(Work.PROCESS) == site.count(Work.COMPRESS) == 0


def test_variants_are_whole(site: Project) -> None:
    site.build()
    entry = site.manifest["assets"]["css/all.css"]
    twin = (site.output / entry["variants"]["br"]["path"]).read_bytes()
    assert brotli.decompress(twin) == site.read_bytes("css/all.css")
    assert entry["variants"]["br"]["size"] == len(twin)


# --- failures leave everything as it was -----------------------------------------------------------------


def test_an_error_leaves_the_previous_release_untouched(site: Project) -> None:
    site.build()
    before = site.public()
    site.write({"static/css/app.css": "a{b:url(missing.png)}"})
    with pytest.raises(BuildFailed):
        site.build()
    assert site.public() == before


def test_all_problems_of_a_run_are_reported_at_once(tmp_path: Path) -> None:
    files = {"a.css": "a{b:url(x.png);c:url(y.png)}", "b.css": '@import "z.css";'}
    assert project(tmp_path, files).codes() == ["missing", "missing", "missing"]


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "with space.css",
        "plus+.css",
        "hash#.css",
        "percent%.css",
        "percent%20.css",
        "non-ascii-é.css",
        "decomposed-e\u0301.css",
        "日本語.css",
        "several.dots.in.name.css",
        "jquery.min.js",
        "my-component.js",
        "x-0123456789abcdef.css",
        "quote'.css",
        "paren(1).css",
        "n" * 230 + ".css",
    ],
)
def test_an_unusual_name_works(tmp_path: Path, name: str) -> None:
    content = "a{}" if name.endswith(".css") else "a"
    built = project(tmp_path, {name: content, "main.css": f"a{{b:url('{urlquote(name)}')}}"})
    assert built.problems() == ()
    assert built.read(name) == content
    assert verify(built.config) == ()


def urlquote(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("new\nline.css", "control character U+000A"),
        ("back\\slash.css", '"\\"'),
        ("con.css", "reserved device name"),
        ("LPT1", "reserved device name"),
        ("a/aux/x.css", "reserved device name"),
        ("trailing.", "ends in a dot"),
        ("trailing ", "ends in a dot or a space"),
        ("question?.css", '"?"'),
        ("colon:.css", '":"'),
        ("n" * 251 + ".css", "276 bytes"),
    ],
)
def test_a_name_that_cannot_be_published_everywhere_is_an_error(tmp_path: Path, name: str, words: str) -> None:
    built = project(tmp_path, {name: "a{}"})
    (problem,) = built.problems()
    assert problem.code == "name-not-portable"
    assert words in problem.text
    assert not built.output.exists()


def test_a_name_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    built = project(tmp_path, {})
    Path(os.fsdecode(os.fsencode(tmp_path / "static") + b"/caf\xe9.css")).write_text("a{}")
    assert built.codes() == ["name-not-utf8"]


@pytest.mark.parametrize("pair", [("a.png", "A.png"), ("é.png", "e\u0301.png"), ("x/İ.png", "x/i\u0307.png")])
def test_names_that_differ_only_in_case_or_unicode_form_are_an_error_naming_both(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    (problem,) = project(tmp_path, dict.fromkeys(pair, b"x")).problems()
    assert problem.code == "name-clash"
    assert all(name in problem.text for name in pair)
    assert all(any(name in note for note in problem.notes) for name in pair)


@pytest.mark.parametrize("name", [".hidden.css", ".git/x.css", "x.css~", "#x.css#", ".#x.css"])
def test_dotfiles_and_editors_backups_are_never_published(tmp_path: Path, name: str) -> None:
    built = project(tmp_path, {name: "a{}", "a.css": "a{}"})
    built.build()
    assert list(built.manifest["assets"]) == ["a.css"]


def test_a_folder_named_like_a_style_sheet_is_a_folder(tmp_path: Path) -> None:
    built = project(tmp_path, {"x.css/y.css": "a{}"})
    built.build()
    assert list(built.manifest["assets"]) == ["x.css/y.css"]


# --- links and special files -----------------------------------------------------------------------------


def test_a_link_inside_its_root_is_followed(tmp_path: Path) -> None:
    built = project(tmp_path, {"real/a.css": "a{}"})
    (tmp_path / "static/linked").symlink_to("real")
    built.build()
    assert sorted(built.manifest["assets"]) == ["linked/a.css", "real/a.css"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("../../outside.css", "link-escapes"),
        ("nowhere.css", "dangling-link"),
        ("..", "link-loop"),
        ("x.css", "dangling-link"),
    ],
)
def test_a_link_that_leaves_its_root_or_leads_nowhere_or_loops_is_an_error(
    tmp_path: Path, target: str, code: str
) -> None:
    built = project(tmp_path / "p", {"css/a.css": "a{}"})
    (tmp_path / "outside.css").write_text("secret")
    (tmp_path / "p/outside.css").write_text("secret")
    (tmp_path / "p/static/css/x.css").symlink_to(target)
    (problem,) = built.problems()
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.path.endswith("css/x.css")


def test_a_bad_link_that_is_excluded_does_not_matter(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{}"}, f'exclude = ["broken/**", "gone.css"]\n{PLAIN}')
    (tmp_path / "static/gone.css").symlink_to("nowhere")
    (tmp_path / "static/broken").symlink_to("nowhere")
    assert built.problems() == ()


def test_a_socket_or_fifo_is_skipped_with_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = project(tmp_path, {"a.css": "a{}"})
    os.mkfifo(tmp_path / "static/pipe.css")
    monkeypatch.chdir(tmp_path / "static")  # a socket's path is limited to about 100 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock.css")
        problems = built.problems()
    assert [(one.code, one.severity) for one in problems] == [("special-file", Severity.WARNING)] * 2


def test_a_file_that_vanishes_while_the_build_reads_is_an_error(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    site.build()
    before = site.public()
    path = site.root / "static/css/app.css"

    def vanish(*args: object) -> object:
        path.unlink(missing_ok=True)
        return discover(*args)  # type: ignore[arg-type]

    path.write_text("b{}")
    monkeypatch.setattr(gather, "discover", vanish)
    (problem,) = site.problems()
    assert problem.code == "unreadable"
    assert site.public() == before


def test_a_file_that_changes_while_the_build_reads_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = project(tmp_path, {"a.bin": b"one" * 100})

    def change(*args: object, **options: object) -> object:
        (tmp_path / "static/a.bin").write_bytes(b"two" * 100)
        return begin(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "begin", change)
    assert built.codes() == ["source-changed"]
    assert not (built.output / "manifest.json").exists()


# --- clashes ---------------------------------------------------------------------------------------------


def test_of_two_roots_with_one_name_the_first_wins_and_the_loser_is_reported(tmp_path: Path) -> None:
    built = project(
        tmp_path, {"a.css": "first{}", "/vendor/a.css": "second{}"}, f'sources = ["static", "vendor"]\n{PLAIN}'
    )
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("shadowed", Severity.NOTE)
    assert built.read("a.css") == "first{}"


def test_a_bundle_named_like_a_source_that_is_not_its_input_is_an_error(tmp_path: Path) -> None:
    config = f'{PLAIN}[bundles]\n"a.css" = ["b.css"]\n'
    assert project(tmp_path, {"a.css": "a{}", "b.css": "b{}"}, config).codes() == ["bundle-shadows-source"]


def test_a_bundle_may_bear_the_name_of_one_of_its_inputs(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{}", "b.css": "b{}"}, f'{PLAIN}[bundles]\n"a.css" = ["b.css", "a.css"]\n')
    built.build()
    assert built.read("a.css") == "b{}\na{}\n"


def test_a_stable_copy_that_takes_another_outputs_place_is_an_error(tmp_path: Path) -> None:
    files = {"x.css": "a{}"}
    built = project(tmp_path, files)
    built.build()
    built.write({f"static/{built.path('x.css')}": "stable{}"})
    built.write({"assetbuild.toml": f'stable = ["{built.path("x.css")}"]\n{PLAIN}'})
    assert built.codes() == ["output-clash"]


def test_a_stable_manifest_json_is_an_error(tmp_path: Path) -> None:
    assert project(tmp_path, {"manifest.json": "{}"}, f'stable = ["manifest.json"]\n{PLAIN}').codes() == [
        "output-clash"
    ]


# --- source maps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a()\n//# sourceMappingURL=app.js.map", "a()\n//# sourceMappingURL=app-#.js.map"),
        ("a() //# sourceMappingURL=app.js.map  \n", "a() //# sourceMappingURL=app-#.js.map  \n"),
        ("a()\n//@ sourceMappingURL=app.js.map\n", "a()\n//@ sourceMappingURL=app-#.js.map\n"),
        ('a("//# sourceMappingURL=app.js.map")', 'a("//# sourceMappingURL=app.js.map")'),
        ("a()\n//# sourceMappingURL=data:application/json,{}", "a()\n//# sourceMappingURL=data:application/json,{}"),
    ],
)
def test_a_scripts_map_comment_follows_the_map(tmp_path: Path, text: str, wanted: str) -> None:
    built = project(tmp_path, {"app.js": text, "app.js.map": "{}"})
    assert built.problems() == ()
    assert re.sub("-[0-9a-f]{16}", "-#", built.read("app.js")) == wanted
    assert re.fullmatch(r"app-[0-9a-f]{16}\.js\.map", built.path("app.js.map"))
    assert built.read("app.js.map") == "{}"


def test_a_style_sheets_map_comment_follows_the_map_and_stays_closed(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{}/*# sourceMappingURL=a.css.map */", "a.css.map": "{}"})
    assert built.problems() == ()
    assert built.read("a.css") == f"a{{}}/*# sourceMappingURL={built.path('a.css.map')} */"


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.js", "a()\n//# sourceMappingURL=gone.js.map\n", "a()\n\n"),
        ("a.css", "a{}/*# sourceMappingURL=gone.css.map */b{}", "a{}b{}"),
    ],
)
def test_a_comment_naming_a_missing_map_goes_with_a_warning(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    built = project(tmp_path, {name: text})
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("no-source-map", Severity.WARNING)
    assert built.read(name) == wanted


def test_when_processors_change_a_text_its_map_comment_goes_with_a_note(tmp_path: Path) -> None:
    files = {"a.js": "var a  =  1\n//# sourceMappingURL=a.js.map\n", "a.js.map": "{}"}
    built = project(tmp_path, files, MINIFIED)
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("source-map-dropped", Severity.NOTE)
    assert built.read("a.js").strip() == "var a=1"


def test_an_already_minified_text_keeps_its_map_comment(tmp_path: Path) -> None:
    files = {"a.min.js": "var a=1\n//# sourceMappingURL=a.js.map\n", "a.js.map": "{}"}
    built = project(tmp_path, files, MINIFIED)
    assert built.problems() == ()
    assert built.read("a.min.js") == f"var a=1\n//# sourceMappingURL={built.path('a.js.map')}\n"


# --- texts that do not parse -----------------------------------------------------------------------------


def test_a_lone_script_that_does_not_parse_is_shipped_byte_for_byte_with_a_warning(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbffunction ( { \xff not javascript\n//# sourceMappingURL=x.map"
    built = project(tmp_path, {"bad.js": text}, MINIFIED)
    assert "js-syntax" in built.codes()
    assert all(problem.severity is Severity.WARNING for problem in built.problems())
    assert built.read_bytes("bad.js") == text


def test_as_a_bundle_input_it_is_an_error_at_its_place(tmp_path: Path) -> None:
    config = f'{PLAIN}[bundles]\n"all.js" = ["bad.js"]\n'
    (problem,) = project(tmp_path, {"bad.js": "a();\nfunction ( {\n"}, config).problems()
    assert (problem.code, problem.severity) == ("js-syntax", Severity.ERROR)
    assert problem.place is not None
    assert problem.place.line == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa{b:c}\r\n",
        b'@charset "latin1";\na{content:"\xe9"}',
        "a{content:'ü'}".encode("utf-16"),
        b"a{}\xff",
    ],
)
def test_a_lone_style_sheet_in_which_nothing_has_to_change_keeps_its_bytes(tmp_path: Path, data: bytes) -> None:
    built = project(tmp_path, {"a.css": data})
    built.build()
    assert built.read_bytes("a.css") == data


def test_a_lone_style_sheet_in_another_encoding_becomes_utf8_when_something_changes(tmp_path: Path) -> None:
    data = b'@charset "latin1";\na{content:"\xe9";b:url(x.png)}'
    built = project(tmp_path, {"a.css": data, "x.png": b"x"})
    built.build()
    text = built.read("a.css")
    assert "é" in text
    assert "latin1" not in text


def test_the_maps_of_bundle_inputs_are_of_no_interest(tmp_path: Path) -> None:
    config = 'include = ["x.css"]\n[bundles]\n"all.js" = ["a.js"]\n"all.css" = ["a.css"]\n'
    files = {
        "x.css": "a{}",
        "a.js": "a();\n//# sourceMappingURL=gone.js.map\n",
        "a.css": "a{b:c}/*# sourceMappingURL=gone.css.map */",
    }
    built = project(tmp_path, files, config)
    assert built.problems() == ()
    assert "sourceMappingURL" not in built.read("all.js") + built.read("all.css")


# --- what a build says of itself -------------------------------------------------------------------------


def test_a_plan_tells_of_new_variants_plain_copies_and_lost_files(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{b:c}\n" * 99, "b.svg": "<svg/>"}, "compress = []\n")
    built.build()
    assert built.plan().up_to_date
    built.write({"assetbuild.toml": 'compress = ["gzip"]\nstable = ["b.svg"]\n'})
    plain, gone = (tmp_path / "public/assets/b.svg").is_file(), built.path("b.svg")
    (built.output / gone).unlink()
    reasons = {change.logical: change.reasons for change in built.plan().changes}
    assert not plain
    assert reasons["a.css"][0] == "variant gzip is new"
    assert reasons["b.svg"][:2] == ("the plain copy is new", f"{gone} is not in the output folder as it was written")


def test_a_changed_option_is_named_as_the_reason(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "/*! l */a { b : c }"}, "")
    built.build()
    built.write({"assetbuild.toml": '[processors]\ncss = [{name = "rcssmin", keep_licences = false}]\n'})
    (change,) = built.plan().changes
    assert change.reasons == ('options of rcssmin changed from {} to {"keep_licences": false}',)


def test_a_changed_reference_is_named_as_the_reason(site: Project) -> None:
    site.build()
    old = site.path("img/b.svg")
    site.write({"static/img/b.svg": "<svg/>"})
    reasons = {change.logical: change.reasons for change in site.plan().changes if change.reasons}
    assert reasons["img/b.svg"] == ("input img/b.svg changed",)
    assert reasons["css/base.css"][0].startswith(f"reference img/b.svg changed from {old} to img/b-")
    assert set(reasons) == {"img/b.svg", "css/base.css", "css/all.css"}


def test_what_only_looks_writes_nothing_at_all(site: Project) -> None:
    before = sorted(site.root.rglob("*"))
    inspection.plan(site.config, options=pipeline.Options())
    inspection.check(site.config)
    inspection.check_output(site.config, options=pipeline.Options())
    assert sorted(site.root.rglob("*")) == before


def test_check_reads_the_templates_also_where_references_are_wrong(tmp_path: Path) -> None:
    files = {"a.css": "a{b:url(gone.png)}", "/t/x.html": "{{ asset_url('nowhere.css') }}"}
    built = project(tmp_path, files, 'templates = ["t/*.html"]\n')
    assert sorted(problem.code for problem in inspection.check(built.config)) == ["missing", "template-unknown-asset"]


def test_a_text_that_changes_between_reading_and_writing_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = project(tmp_path, {"a.css": "a{b:url(x.png)}", "x.png": b"x", "b.css": "b{}"})

    def change(*args: object) -> object:
        (tmp_path / "static/b.css").write_text("b{c:url(x.png)}")
        return link(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "link", change)
    assert built.codes() == ["source-changed"]


def test_a_bundle_may_have_processors_of_its_own_whatever_the_case_of_its_suffix(tmp_path: Path) -> None:
    built = project(
        tmp_path, {"a.css": "a { b : c }"}, '[bundles]\n"X.CSS" = {inputs = ["a.css"], processors = ["rcssmin"]}\n'
    )
    assert built.problems() == ()
    assert built.read("X.CSS") == "a{b:c}"


def test_what_a_dynamic_import_names_is_a_module(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.js": "import('./b.js')", "b.js": "self.b = 1"})
    built.build()
    assert built.manifest["assets"]["b.js"]["module"] is True
    assert "module" not in built.manifest["assets"]["a.js"]
    assert built.read("a.js") == f"import('./{built.path('b.js')}')"


def test_import_map_mode_leaves_specifiers_alone_and_lists_them(tmp_path: Path) -> None:
    files = {
        "js/a.js": "import './b.js'; import 'thing'; new Worker(new URL('./w.js', import.meta.url))",
        "js/b.js": "export {}",
        "js/w.js": "self.w = 1",
        "t.js": "export {}",
    }
    built = project(tmp_path, files, f'modules = "importmap"\n{PLAIN}[importmap]\nthing = "t.js"\n')
    assert built.problems() == ()
    assert built.read("js/a.js").startswith("import './b.js'; import 'thing'; new Worker(new URL('w-")
    assert built.manifest["importmap"] == {"./js/b.js": "js/b.js", "thing": "t.js"}
    assert built.manifest["assets"]["js/a.js"]["imports"] == ["js/b.js", "t.js"]
    assert verify(built.config) == ()


def test_what_an_entry_loads_is_in_the_manifest(tmp_path: Path) -> None:
    files = {
        "a.css": '@import "b.css";@font-face{src:url(f.woff2),url(f.woff),url(g.ttf)}',
        "b.css": "@font-face{src:url(h.woff2)}",
        **dict.fromkeys(("f.woff2", "f.woff", "g.ttf", "h.woff2"), "font"),
    }
    built = project(tmp_path, files)
    built.build()
    assert built.manifest["assets"]["a.css"]["preload"] == ["b.css", "f.woff2", "g.ttf", "h.woff2"]


def test_earlier_warnings_are_not_lost_when_writing_fails(tmp_path: Path) -> None:
    built = project(tmp_path, {"bad.js": "function ( {"})
    built.build()
    (built.output / "js").write_text("a file where a folder is needed")
    built.write({"static/js/b.js": "b()"})
    assert built.codes() == ["js-syntax", "output-folder-is-file"]


def test_something_unusable_that_is_excluded_is_no_reason_to_build_again(tmp_path: Path) -> None:
    built = project(tmp_path, {"a.css": "a{}"}, f'exclude = ["gone.css"]\n{PLAIN}')
    (tmp_path / "static/gone.css").symlink_to("nowhere")
    built.build()
    assert built.build().up_to_date
    assert built.work == []
    (tmp_path / "static/more.css").symlink_to("nowhere")
    assert built.codes() == ["dangling-link"]


def test_why_tells_what_the_last_change_was(site: Project) -> None:
    site.build()
    site.write({"static/js/a.js": "var a = 9"})
    site.build()
    site.write({"static/js/b.js": "var b = 9"})
    site.build()
    lines = [text for _, text in explain(site.config, "js/a.js").lines]
    assert lines[-2:] == ["the manifest on disk has this output; it was last changed because:", "input js/a.js changed"]


def test_a_copy_that_brings_its_old_mtime_along_is_noticed(tmp_path: Path) -> None:
    built = project(tmp_path, {"lib.js": 'var v="1.0.1";'})
    file = tmp_path / "static/lib.js"
    os.utime(file, (500_000_000, 500_000_000))
    built.build()
    file.write_text('var v="1.0.2";')
    os.utime(file, (500_000_000, 500_000_000))
    built.build()
    assert built.read("lib.js") == 'var v="1.0.2";'


def test_a_maze_of_links_ends(tmp_path: Path) -> None:
    built = project(tmp_path, {"d9/x.css": "a{}"})
    for level in range(9):
        (tmp_path / f"static/d{level}").mkdir()
        for name in "ab":
            (tmp_path / f"static/d{level}/{name}").symlink_to(f"../d{level + 1}")
    assert set(built.codes()) == {"link-maze"}


def test_a_long_chain_of_bundles_ends(tmp_path: Path) -> None:
    chain = "".join(f'"b{number}.css" = ["b{number + 1}.css"]\n' for number in range(1500))
    built = project(tmp_path, {"b1500.css": "a{}"}, f"{PLAIN}[bundles]\n{chain}")
    assert "bundle-depth" in built.codes()


@pytest.mark.parametrize(
    ("specifier", "wanted"),
    [
        ("./util.js", "./util.js"),
        ("../js/util.js", "../js/util.js"),
        ("./util.js?v=2", "./util-#.js?v=2"),
        ("/js/util.js", "./util-#.js"),
        ("./%75til.js", "./util-#.js"),
        ("./caf\u00e9.js", "./cafe%CC%81-#.js"),
        ("../b/y.js", "../other/y-#.js"),
    ],
)
def test_import_map_mode_rewrites_what_no_map_entry_would_match(tmp_path: Path, specifier: str, wanted: str) -> None:
    files = {
        "/lib/js/a.js": f'import "{specifier}"',
        "/lib/js/util.js": "export {}",
        "/lib/js/cafe\u0301.js": "export {}",
        "/lib/b/y.js": "export {}",
    }
    roots = 'sources = [{path = "lib/js", mount = "js"}, {path = "lib/b", mount = "other"}]\n'
    built = project(tmp_path, files, f'modules = "importmap"\n{roots}{PLAIN}')
    assert built.problems() == ()
    assert re.sub("-[0-9a-f]{16}", "-#", built.read("js/a.js")) == f'import "{wanted}"'
    assert verify(built.config) == ()


def test_in_workers_there_is_no_import_map(tmp_path: Path) -> None:
    files = {
        "a.js": "new Worker(new URL('./w.js', import.meta.url), {type: 'module'}); import './u.js'",
        "w.js": "import './u.js'",
        "u.js": "import './v.js'",
        "v.js": "export {}",
    }
    built = project(tmp_path, files, f'modules = "importmap"\n{PLAIN}')
    assert built.problems() == ()
    assert built.read("w.js") == f"import './{built.path('u.js')}'"
    assert built.read("u.js") == f"import './{built.path('v.js')}'"
    assert built.read("a.js").endswith("import './u.js'")
    assert built.manifest["importmap"] == {"./u.js": "u.js"}


def test_hash_seed_locale_umask_and_jobs_change_no_byte(tmp_path: Path) -> None:
    """Each build runs in a process and a folder of its own, over files that were made in another order."""
    trees = []
    for number, (seed, language, jobs, mask) in enumerate(
        [("0", "C", "1", 0o022), ("1", "C.UTF-8", "4", 0o077), ("4294967295", "C", "2", 0o002)]
    ):
        site = project(tmp_path / str(number), dict(sorted(SITE.items(), reverse=number % 2 == 1)), BUNDLES)
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": language, "TZ": f"UTC{number}"}
        command = [sys.executable, "-m", "assetbuild", "build", "--jobs", jobs]
        done = subprocess.run(
            command, cwd=site.root, env=environment, umask=mask, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        trees.append(site.public())
    assert trees[0] == trees[1] == trees[2]
