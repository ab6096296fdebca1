"""The command line over a real project and the real build half."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assetbuild import cells, manifest
from tests.cli_seams import Ran, Runner, carry_out, validate

CONFIG = """
sources = ["static"]
[bundles]
"css/all.css" = ["css/reset.css", "css/*.css"]
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    return lambda *arguments: carry_out(arguments, capsys)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSETBUILD_DEBUG", raising=False)
    write(tmp_path, "assetbuild.toml", CONFIG)
    write(tmp_path, "static/css/reset.css", "* { margin : 0 }\n" * 40)
    write(tmp_path, "static/css/app.css", "a {\n  background : url(../img/x.svg)\n}\n")
    write(tmp_path, "static/js/app.js", "// says\nfunction say ( what ) { return what }\n")
    write(tmp_path, "static/img/x.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def test_from_plan_to_clobber(run: Runner, project: Path) -> None:
    before = everything(project)
    plan = run("build", "--plan")
    assert (plan.code, plan.err) == (0, "")
    assert re.search(r"^would build [0-9a-f]{8}: 5 new; nothing was written$", plan.out, re.M)
    assert not (project / "public").exists()
    built = run("build")
    assert (built.code, built.err) == (0, "")
    assert re.search(r"^built 5 assets in .*: \d+ files written, build [0-9a-f]{8}$", built.out, re.M)
    assert re.search(r"^rcssmin: 3 processed; rjsmin: 1 processed$", built.out, re.M)
    again = run("build")
    assert re.fullmatch(r"up to date: 5 assets, build [0-9a-f]{8}\n", again.out)
    for command in (("build", "--check"), ("check",), ("verify",)):
        assert run(*command) == Ran(0, "no problems\n", "")
    assert run("clobber").code == 0
    assert everything(project) == sorted([*before, "public"])  # a folder around the output is not known to be ours


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_ls_shows_what_the_build_showed(run: Runner, project: Path) -> None:
    built = run("build").out.splitlines()
    listed = run("ls").out.splitlines()
    assert listed == built[: len(listed)]
    assert len(listed) == 7
    assert listed[0].split() == ["asset", "output", "size", "gzip", "br"]
    assert listed[-1].startswith("total, 5 files")


def test_why_tells_of_inputs_and_changes(run: Runner, project: Path) -> None:
    run("build")
    write(project, "static/img/x.svg", "<svg/>")
    why = run("why", "css/all.css")
    assert (why.code, why.err) == (0, "")
    assert why.out.startswith("css/all.css -> css/all-")
    assert "css/reset.css" in why.out
    assert "img/x.svg" in why.out


def test_an_unknown_name_is_an_error_with_a_way_on(run: Runner, project: Path) -> None:
    ran = run("why", "css/al.css")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith('error[unknown-asset]: there is no asset "css/al.css"\n  hint: did you mean css/all.css')


def test_a_missing_reference_is_shown_where_it_stands(run: Runner, project: Path) -> None:
    write(project, "static/css/app.css", "a {\n\tbackground: url(../img/y.svg)\n}\n")
    ran = run("build")
    assert (ran.code, ran.out) == (1, "")
    lines = ran.err.splitlines()
    assert re.match(r"static/css/app\.css:2:18: error\[[a-z-]+\]: ", lines[0])
    assert lines[1:3] == ["    2 |     background: url(../img/y.svg)", "      |                     ^"]
    assert any(line.startswith("  hint: ") for line in lines)
    assert not (project / "public").exists()


def test_a_wrong_config_exits_2_and_names_the_key(run: Runner, project: Path) -> None:
    write(project, "assetbuild.toml", 'sorces = ["static"]\n')
    ran = run("build")
    assert (ran.code, ran.out) == (2, "")
    assert re.match(r"assetbuild\.toml:1:1: error\[[a-z-]+\]: .*sorces", ran.err)


def test_no_config_exits_2(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("build")
    assert (ran.code, ran.out) == (2, "")
    assert "assetbuild init" in ran.err


@pytest.mark.parametrize("before", [True, False])
def test_config_names_a_file_elsewhere(
    run: Runner, project: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    option = ("--config", "../assetbuild.toml")
    assert run(*option, "build").code == 0 if before else run("build", *option).code == 0
    assert (project / "public/assets/manifest.json").is_file()


def test_no_manifest_names_the_file_from_here(run: Runner, project: Path) -> None:
    ran = run("ls")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error[manifest]: public/assets/manifest.json: ")
    assert "assetbuild build" in ran.err


def test_a_truncated_output_is_found_and_repaired(run: Runner, project: Path) -> None:
    run("build")
    path = "public/assets/" + manifest.read("public/assets/manifest.json")["assets"]["css/all.css"]["path"]
    Path(path).write_bytes(b"")
    for command in (("verify",), ("build", "--check")):
        ran = run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert f"{path}: error[output-damaged]: " in ran.err
    assert run("build").code == 0
    assert run("verify").code == 0


def test_a_changed_image_renames_what_shows_it_and_the_table_says_so(run: Runner, project: Path) -> None:
    run("build")
    write(project, "static/img/x.svg", "<svg/>")
    out = run("build").out
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("changed")] == [
        ["changed", "css/all.css"],
        ["changed", "css/app.css"],
        ["changed", "img/x.svg"],
    ]


def test_the_depfile_is_for_the_manifest(run: Runner, project: Path) -> None:
    assert run("build", "--depfile", "build.d").code == 0
    text = (project / "build.d").read_text()
    assert text.startswith("public/assets/manifest.json:")
    assert "static/css/app.css" in text


def test_a_depfile_that_cannot_be_written_is_named(run: Runner, project: Path) -> None:
    write(project, "file", "")
    ran = run("build", "--depfile", "file/build.d")
    assert ran.code == 1
    assert ran.err.startswith("file/build.d: error[cannot-write]: ")


def test_clean_keeps_what_is_live(run: Runner, project: Path) -> None:
    for i in range(3):
        write(project, "static/js/app.js", f"f({i})")
        assert run("build").code == 0
    assert run("clean") == Ran(0, "nothing to remove\n", "")
    dry = run("clean", "--keep", "1", "--dry-run")
    assert "would remove public/assets/js/app-" in dry.out
    ran = run("clean", "--keep", "1")
    assert ran.out == dry.out.replace("would remove", "removed")
    assert run("verify").code == 0


def test_every_json_document_follows_its_schema(run: Runner, project: Path) -> None:
    write(project, "static/js/module.mjs", "import './app.js'")
    commands = [
        ("build", "--plan"), ("build",), ("build",), ("build", "--check"), ("check",), ("ls",), ("why", "css/all.css"),
        ("check", "--unused"), ("verify",), ("clean", "--keep", "1"), ("clobber", "--dry-run"), ("clobber",), ("ls",),
    ]  # fmt: skip
    for command in commands:
        ran = run(*command, "--json")
        assert ran.err == ""
        validate(ran.document, command[0])
        assert ran.document["ok"] is (ran.code == 0)
    assert ran.code == 1
    write(project, "static/css/app.css", "a { background: url(nowhere.png) }")
    ran = run("build", "--json")
    validate(ran.document, "build")
    problem = ran.document["problems"][0]
    assert (ran.code, problem["path"], problem["line"], problem["column"]) == (1, "static/css/app.css", 1, 21)


def test_unused_names_are_data_and_a_warning_that_strict_takes_for_an_error(run: Runner, project: Path) -> None:
    settings = project / "assetbuild.toml"
    settings.write_text('templates = ["templates/*.html"]\n' + settings.read_text("utf-8"), "utf-8")
    write(project, "templates/a.html", '{{ asset_url("css/all.css") }}')
    write(project, "static/js/old one.js", "1")
    ran = run("check", "--unused")
    assert ran.code == 0
    assert "js/old one.js" in ran.out.splitlines()
    assert "css/all.css" not in ran.out.splitlines()
    assert "warning[asset-unused]" in ran.err
    assert run("check", "--unused", "--strict").code == 1
    document = run("check", "--unused", "--json").document
    validate(document, "check")
    assert document["unused"] == ran.out.splitlines()
    assert "unused" not in run("check", "--json").document


@pytest.mark.parametrize("name", ["a\x1b[2Jb.css", "a\u202eb.css", "日本.css", "a b+#%.css"])
def test_a_hostile_or_foreign_name_never_drives_the_terminal(run: Runner, project: Path, name: str) -> None:
    write(project, f"static/css/{name}", 'a { background: url("nowhere.png\x1b]0;owned\x07") }')
    for command in (("build",), ("build", "--json"), ("check",), ("build", "--plan")):
        ran = run(*command)
        for line in (ran.out + ran.err).splitlines():
            assert cells.safe(line) == line
    assert (project / "static/css" / name).is_file()
    assert "\\x1b" in ran.err


def test_a_name_that_stdout_cannot_spell_is_escaped(project: Path) -> None:
    write(project, "static/img/日.svg", "<svg/>")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "assetbuild", "build"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "img/\\u65e5.svg" in ran.stdout


def test_init_then_build(run: Runner, project: Path) -> None:
    (project / "assetbuild.toml").unlink()
    ran = run("init")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("wrote assetbuild.toml\n")
    assert run("build").code == 0
    again = run("init")
    assert again.code in (1, 2)
    assert "error[" in again.err


def test_ls_into_a_reader_that_has_seen_enough_is_quiet(run: Runner, project: Path) -> None:
    for i in range(300):
        write(project, f"static/{'long' * 50}/{i}.txt", "x")
    assert run("build", "--dev").code == 0
    command = [sys.executable, "-m", "assetbuild", "ls"]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}  # else Python itself passes over a write that was cut short
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_json_from_a_process_is_json(project: Path) -> None:
    command = [sys.executable, "-m", "assetbuild", "build", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["command"] == "build"
    assert ran.stderr == ""
