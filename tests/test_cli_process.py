"""The command line in a process of its own: on a terminal, without its packages, with a reader that goes away."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from assetbuild import __main__, cli, cli_shared
from assetbuild.build import pipeline
from assetbuild.build.events import Progress
from assetbuild.build.model import Config
from assetbuild.build.results import Built
from tests.cli_seams import (
    ASSET,
    BUILT,
    HASH,
    MANIFEST,
    REPOSITORY,
    Seams,
    validate,
)

# --- the terminal ----------------------------------------------------------------------------------------

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")


def in_terminal(patch: pytest.MonkeyPatch, *arguments: str, columns: int = 80) -> tuple[int, str]:
    """Exit code and output of a command line whose stdout and stderr are a terminal."""
    import fcntl
    import struct
    import termios

    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # Linux says so when the other side is closed
            while data := os.read(ours, 65536):
                shown.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(terminal, "w", encoding="utf-8") as stream, patch.context() as inner:
        inner.setattr(sys, "stdout", stream)
        inner.setattr(sys, "stderr", stream)
        code = cli.run(arguments)
    reader.join()
    os.close(ours)
    return code, b"".join(shown).decode()


def test_colours_and_progress_come_on_a_terminal(
    seams: Seams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(cli_shared, "Bar", lambda stream, width: cli_bar(stream, width))

    def slow(config: Config, *, options: object, listener: Callable[[Progress], None]) -> Built:
        listener(Progress("compress", 1, 2))
        return BUILT

    monkeypatch.setattr(pipeline, "build", slow)
    code, shown = in_terminal(monkeypatch, "build")
    assert code == 0
    assert "compress  [##########..........]  1/2" in shown
    assert "\x1b[2m" in shown
    cleared = shown.index("\r" + " " * len("compress  [##########..........]  1/2") + "\r")
    assert cleared < shown.index("css/app.css")
    assert cli.run(["build"]) == 0  # the same, but captured
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == ""


def cli_bar(stream: Any, width: int | None) -> Any:
    from assetbuild.progress import Bar

    return Bar(stream, width, after=0)


def test_no_color_is_honoured_on_a_terminal(seams: Seams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    _, shown = in_terminal(monkeypatch, "build")
    assert "css/app.css" in shown
    assert "\x1b" not in shown


def test_names_fit_the_terminal(
    seams: Seams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "deep/" * 30 + "app.css"
    seams.values["read"] = MANIFEST | {"assets": {name: ASSET | {"path": f"{name[:-4]}-{HASH}.css"}}}
    _, shown = in_terminal(monkeypatch, "ls", columns=70)
    lines = [click.unstyle(line) for line in shown.splitlines()]
    assert max(map(len, lines)) == 70
    assert cli.run(["ls"]) == 0
    assert name in capsys.readouterr().out


# --- the process -----------------------------------------------------------------------------------------


def process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise {error}
sys.meta_path.insert(0, Block())
sys.argv = ["assetbuild", {arguments}]
from assetbuild.__main__ import main
main()
"""


@pytest.mark.parametrize("package", ["click"])
def test_a_missing_compiler_is_one_line_and_exit_2(package: str) -> None:
    code = BLOCK.format(name=package, error="ModuleNotFoundError('No', name=name)", arguments="'build'")
    ran = process(code)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "assetbuild: the compiler is not installed here: pip install 'assetbuild[build]'\n"


def test_a_missing_compiler_is_json_too() -> None:
    code = BLOCK.format(name="click", error="ModuleNotFoundError('No', name=name)", arguments="'build', '--json'")
    ran = process(code)
    document = json.loads(ran.stdout)
    validate(document, "failure")
    assert (ran.returncode, document["problems"][0]["code"]) == (2, "not-installed")


@pytest.mark.parametrize("error", ["ImportError('cannot import name x')", "ModuleNotFoundError('No', name=name)"])
def test_a_broken_import_of_ours_is_not_taken_for_a_missing_compiler(error: str) -> None:
    code = BLOCK.format(name="assetbuild.report", error=error, arguments="'build'")
    ran = process(code, ASSETBUILD_DEBUG="")
    assert ran.returncode == 1
    assert "not installed" not in ran.stderr
    assert ran.stderr.startswith("assetbuild: ImportError: cannot import name ")
    assert ran.stderr.count("\n") == 1
    assert "Traceback" in process(code, ASSETBUILD_DEBUG="1").stderr


def test_the_packages_of_the_extra_are_those_of_pyproject() -> None:
    extra = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]["build"]
    names = {re.split(r"[><=~\[; ]", line)[0].replace("-", "_") for line in extra}
    assert names == __main__.BUILD_PACKAGES


@pytest.mark.parametrize("unbuffered", ["", "1"])  # an unbuffered stdout holds nothing back for the interpreter's end
def test_a_reader_that_goes_away_is_no_error(unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "assetbuild", "--help"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    ran = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (141, "")


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", line.replace("assetbuild", f"'{sys.executable}' -m assetbuild")]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=60)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_text("a{}")
    (tmp_path / "assetbuild.toml").write_text("sources = ['static']\n")
    assert shell("assetbuild build", tmp_path).returncode == 0
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(("command", "code"), [("build", 0), ("ls --json", 0), ("--help", 0), ("nonsense", 2)])
def test_a_closed_stream_is_no_error(project: Path, closed: str, command: str, code: int) -> None:
    ran = shell(f"assetbuild {command} {closed}", project)
    assert ran.returncode == code
    assert (ran.stderr == "") == (code == 0 or "2>" in closed)
    assert (ran.stdout == "") == (code != 0 or closed.startswith(">"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
def test_a_missing_compiler_is_never_said_on_stdout(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        BLOCK.format(name="click", error="ModuleNotFoundError('No', name=name)", arguments="")
    )
    ran = shell(f"PYTHONPATH='{REPOSITORY}' '{sys.executable}' run.py 2>&-", tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", ["ls", "ls --json", "build"])
def test_a_full_disk_behind_stdout_is_one_line_and_exit_1(project: Path, command: str) -> None:
    ran = shell(f"assetbuild {command} >/dev/full", project)
    said = "assetbuild: the result cannot be written: No space left on device: make room, or write elsewhere\n"
    assert (ran.returncode, ran.stderr) == (1, said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("line", ["--help >/dev/full", "nonsense 2>/dev/full", "ls >/dev/full 2>/dev/full"])
def test_a_full_disk_behind_any_stream_is_exit_1_without_a_traceback(project: Path, line: str) -> None:
    ran = shell(f"assetbuild {line}", project)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
@pytest.mark.parametrize("command", ["ls", "verify"])
def test_a_pipe_for_a_manifest_is_said(project: Path, command: str) -> None:
    manifest = project / "public/assets/manifest.json"
    manifest.unlink()
    os.mkfifo(manifest)
    ran = shell(f"assetbuild {command}", project)
    assert ran.returncode == 1
    assert "it is a device, a pipe or a socket, not a file" in ran.stderr


def test_names_that_the_terminal_cannot_spell_are_escaped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "assetbuild", "日"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert ran.returncode == 2
    assert "No such command '\\u65e5'" in ran.stderr
