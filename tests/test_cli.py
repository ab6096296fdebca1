"""The command line with the build half faked: options, exit codes, streams, and what goes wrong."""

from __future__ import annotations

import errno
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from assetbuild import cells, cli
from assetbuild.build import pipeline
from assetbuild.build.model import BuildFailed, Problem, Severity
from assetbuild.build.results import Built
from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset
from tests.cli_seams import (
    BUILD,
    BUILT,
    ERROR,
    EVIL,
    HASH,
    NOTE,
    REPOSITORY,
    USAGE,
    WARNING,
    Ran,
    Runner,
    Seams,
    validate,
)

# --- what each command says ------------------------------------------------------------------------------


def test_build_shows_the_table_and_the_summary(run: Runner) -> None:
    ran = run("build")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[:3] == [
        "asset        output                          size     br",
        f"css/app.css  css/app-{HASH}.css  1.2 kB  321 B",
        "rcssmin: 1 processed",
    ]
    assert re.fullmatch(r"built 1 asset in \d+ ms: 3 files written, build 3f9ab1c2", lines[3])


def test_build_with_nothing_to_do_is_one_line(run: Runner, seams: Seams) -> None:
    seams.values["build"] = Built(BUILD, BUILT.manifest, BUILT.assets, (), up_to_date=True)
    assert run("build") == Ran(0, "up to date: 1 asset, build 3f9ab1c2\n", "")


def test_plan_says_what_would_change_and_exits_0(run: Runner) -> None:
    assert run("build", "--plan") == Ran(
        0,
        f"new      css/app.css  css/app-{HASH}.css\n"
        "           it is not in the manifest\n"
        "would build 3f9ab1c2: 1 new; nothing was written\n",
        "",
    )


@pytest.mark.parametrize(
    ("problems", "code"), [((), 0), ((WARNING,), 1), ((ERROR,), 1), ((replace(WARNING, severity=Severity.NOTE),), 0)]
)
def test_a_strict_check_exits_1_for_warnings_too(
    run: Runner, seams: Seams, problems: tuple[Problem, ...], code: int
) -> None:
    seams.values["check"] = problems
    assert run("check", "--strict").code == code


@pytest.mark.parametrize("command", [("build", "--check"), ("check",), ("verify",)])
def test_checks_say_so_when_all_is_well(run: Runner, command: tuple[str, ...]) -> None:
    assert run(*command) == Ran(0, "no problems\n", "")


@pytest.mark.parametrize(
    ("command", "value"),
    [(("build", "--check"), "check_output"), (("check",), "check"), (("verify",), "verify")],
)
def test_checks_exit_1_for_errors_and_0_for_warnings(
    run: Runner, seams: Seams, command: tuple[str, ...], value: str
) -> None:
    seams.values[value] = (ERROR, WARNING)
    assert run(*command) == Ran(
        1,
        "",
        "warning[external-map]: the map is missing\n"
        "a.css:1:2: error[missing-reference]: x.png does not exist\n"
        "    1 | url(x.png)\n"
        "      |  ^\n"
        "  hint: write y.png\n"
        "1 error, 1 warning\n",
    )
    seams.values[value] = (WARNING,)
    assert run(*command) == Ran(0, "", "warning[external-map]: the map is missing\n")


def test_ls_is_the_manifest_as_a_table(run: Runner) -> None:
    assert run("ls") == Ran(
        0,
        f"asset        output                          size     br\ncss/app.css  css/app-{HASH}.css  1.2 kB  321 B\n",
        "",
    )


def test_ls_names_the_manifest_from_the_current_folder(run: Runner, seams: Seams) -> None:
    run("ls")
    assert seams.calls[-1] == ("read", ("out/manifest.json",), {})


def test_why_is_an_indented_explanation(run: Runner, seams: Seams) -> None:
    assert run("why", "css/app.css") == Ran(0, "css/app.css\n  css/reset.css changed\n", "")
    assert seams.calls[-1][1][1] == "css/app.css"


def test_init_says_what_it_wrote_and_what_comes_next(run: Runner) -> None:
    assert run("init") == Ran(0, "wrote assetbuild.toml\n  a Flask app\\x1b\nnext: assetbuild build\n", "")


@pytest.mark.parametrize("command", ["clean", "clobber"])
def test_a_dry_run_lists_everything_and_removes_nothing(run: Runner, seams: Seams, command: str) -> None:
    assert run(command, "--dry-run") == Ran(
        0,
        "would remove out/a\\x1b.css: needed by no kept release\n"
        "would remove out/r.json: an old release\n"
        "would remove out/css: left empty\n"
        "would remove 2 files and 1 folder\n",
        "",
    )
    assert "apply" not in [name for name, _, _ in seams.calls]


@pytest.mark.parametrize("command", ["clean", "clobber"])
def test_what_went_is_listed_and_counted(run: Runner, seams: Seams, command: str) -> None:
    assert run(command) == Ran(
        0,
        "removed out/r.json: an old release\nremoved out/css: left empty\nremoved 1 file and 1 folder\n",
        "",
    )
    seams.values["apply"] = ()
    assert run(command) == Ran(0, "nothing to remove\n", "")


@pytest.mark.parametrize(("arguments", "keep"), [((), 3), (("--keep", "1"), 1)])
def test_clean_keeps_three_releases_unless_told(
    run: Runner, seams: Seams, tmp_path: Path, arguments: tuple[str, ...], keep: int
) -> None:
    run("clean", *arguments)
    out = tmp_path / "out"
    assert seams.calls[1] == ("plan_clean", (out, out / "manifest.json"), {"keep": keep, "lock_held": False})


# --- options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), pipeline.Options()),
        (("--dev", "--force", "--jobs", "3"), pipeline.Options(dev=True, force=True, jobs=3)),
    ],
)
def test_options_reach_the_build(
    run: Runner, seams: Seams, arguments: tuple[str, ...], options: pipeline.Options
) -> None:
    run("build", *arguments)
    assert seams.calls[-1][2]["options"] == options


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("ls",), None),
        (("--config", "a.toml", "ls"), "a.toml"),
        (("ls", "--config", "a.toml"), "a.toml"),
        (("--config", "a.toml", "ls", "--config", "b.toml"), "b.toml"),
    ],
)
def test_config_stands_before_or_after_the_command(
    run: Runner, seams: Seams, tmp_path: Path, arguments: tuple[str, ...], file: str | None
) -> None:
    run(*arguments)
    assert seams.calls[0] == ("load", (Path(file) if file else None,), {"folder": tmp_path})


def test_no_depfile_after_a_failed_build(run: Runner, seams: Seams, tmp_path: Path) -> None:
    seams.values["build"] = BuildFailed([ERROR])
    assert run("build", "--depfile", "d").code == 1
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(("arguments", "text", "path"), USAGE)
def test_wrong_usage_exits_2_with_a_hint(run: Runner, arguments: tuple[str, ...], text: str, path: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(text)
    assert ran.err.endswith(f"  hint: run '{path} --help'\n")


def test_an_unknown_command_lists_the_known_ones(run: Runner) -> None:
    assert "  note: the commands are build, check," in run("frob").err


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("build", "--help"), ("--version",)])
def test_help_and_version_go_to_stdout(run: Runner, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out


def test_version_is_the_package_s(run: Runner) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert run("--version").out == f"assetbuild {version}\n"


# --- what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize("exit_code", [1, 2])
def test_a_failed_build_shows_its_problems_and_gives_its_code(run: Runner, seams: Seams, exit_code: int) -> None:
    seams.problems = (NOTE,)
    seams.values["build"] = BuildFailed([ERROR, NOTE], exit_code=exit_code)
    ran = run("build")
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.err.count("note[two-configs]") == 1
    assert ran.err.endswith("1 error, 1 note\n")


def test_a_wrong_config_exits_2(run: Runner, seams: Seams) -> None:
    seams.values["load"] = BuildFailed([Problem("unknown-key", "output_ is no key")], exit_code=2)
    assert run("ls") == Ran(2, "", "error[unknown-key]: output_ is no key\n")


def test_what_the_config_warns_of_is_shown_by_every_command(run: Runner, seams: Seams) -> None:
    seams.problems = (WARNING,)
    for command in (
        ("build",),
        ("build", "--plan"),
        ("check",),
        ("ls",),
        ("why", "x"),
        ("verify",),
        ("clean",),
        ("clobber",),
    ):
        assert "warning[external-map]: the map is missing\n" in run(*command).err


RAISED: list[tuple[BaseException, int, str]] = [
    (
        ManifestError("no manifest here: run assetbuild build"),
        1,
        "error[manifest]: no manifest here: run assetbuild build\n",
    ),
    (UnknownAsset("no css/x.css"), 1, "error[unknown-asset]: no css/x.css\n"),
    (AssetbuildError("odd"), 1, "error[failed]: odd\n"),
    (AssetbuildError(EVIL), 1, "error[failed]: \\x1b]0;owned\\x07\\n::add-mask::\\u202e\n"),
    (
        KeyboardInterrupt(),
        130,
        "error[interrupted]: stopped from the keyboard; the previous release is as it was\n",
    ),
    (
        OSError(errno.ENOSPC, "No space left on device", "out/a.css"),
        1,
        "out/a.css: error[system]: No space left on device\n"
        "  hint: look at the permissions and at the free space there, then run it again\n",
    ),
    (
        OSError("odd"),
        1,
        "error[system]: odd\n  hint: look at the permissions and at the free space there, then run it again\n",
    ),
    (
        KeyError("x"),
        1,
        "error[internal]: KeyError: 'x'\n"
        "  hint: this is a bug in assetbuild: run it again with ASSETBUILD_DEBUG=1 and report the traceback\n",
    ),
    (
        RecursionError(),
        1,
        "error[internal]: RecursionError\n"
        "  hint: this is a bug in assetbuild: run it again with ASSETBUILD_DEBUG=1 and report the traceback\n",
    ),
]


@pytest.mark.parametrize(("error", "code", "text"), RAISED, ids=lambda value: type(value).__name__)
def test_no_traceback_reaches_a_user(run: Runner, seams: Seams, error: BaseException, code: int, text: str) -> None:
    seams.values["build"] = error
    assert run("build") == Ran(code, "", text)
    ran = run("build", "--json")
    assert (ran.code, ran.err, ran.document["ok"]) == (code, "", False)
    validate(ran.document, "build")


def test_debug_shows_the_traceback_safely(run: Runner, seams: Seams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSETBUILD_DEBUG", "1")
    seams.values["build"] = RuntimeError(EVIL)
    ran = run("build")
    assert ran.code == 1
    assert ran.err.startswith("Traceback (most recent call last):\n")
    assert all(cells.safe(line) == line for line in ran.err.splitlines())


def test_a_missing_package_is_left_to_the_entry(seams: Seams) -> None:
    seams.values["build"] = ModuleNotFoundError("No module named 'brotli'", name="brotli")
    with pytest.raises(ModuleNotFoundError):
        cli.run(["build"])
