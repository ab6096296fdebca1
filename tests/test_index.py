"""A build with nothing to do says so from stats alone, at once; and never where anything could be different."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import __version__
from assetbuild.build import index, uptodate
from tests.project import PLAIN, Project, png, project

FILES: dict[str, str | bytes] = {
    "css/a.css": "a { background: url(../img/a.png) }",
    "css/b.css": "b { color: red }",
    "js/a.js": "a ( ) ;",
    "img/a.png": png(),
    "notes/b.txt": "text " * 100,
}
CONFIG = 'compress = ["gzip"]\n'


@pytest.fixture(autouse=True)
def _nothing_is_racy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files made in this moment count as settled, for no test waits three seconds."""
    monkeypatch.setattr(uptodate, "RACY_NS", 0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Project]:
    made = project(tmp_path, FILES, CONFIG)
    made.build()
    with chdir(tmp_path):
        yield made


def ask(*arguments: str) -> str | None:
    return index.answer(arguments or ("build",), version=__version__)


def test_after_a_build_nothing_is_to_do(site: Project) -> None:
    line = f"up to date: 5 assets, build {site.manifest['build'][:8]}"
    assert ask() == line
    assert ask("build", "--jobs", "2") == ask("build", "--jobs=2") == line
    assert ask("build", "--config", "assetbuild.toml") == ask("--config=assetbuild.toml", "build") == line
    with chdir(site.root / "static"):
        assert ask() is None
        assert ask("build", "--config", "../assetbuild.toml") == line
        assert ask("build", "--config", str(site.root / "assetbuild.toml")) == line


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "check",
        "build --force",
        "build --plan",
        "build --check",
        "build --json",
        "build --dev",
        "build --jobs 0",
        "build --jobs x",
        "build --jobs",
        "build --jobs ²",
        "--jobs 2 build",
        "--dev build",
        "build build",
        "build --depfile d",
        "build --config other.toml",
        "build --config",
        "build --config assetbuild.toml --config assetbuild.toml",
        "build --help",
        "--version",
        "build x",
        "ls build",
    ],
)
def test_any_other_command_line_is_not_answered(site: Project, arguments: str) -> None:
    (site.root / "other.toml").write_bytes((site.root / "assetbuild.toml").read_bytes())
    assert ask() is not None
    assert index.answer(arguments.split(), version=__version__) is None


def test_a_build_for_development_has_an_answer_of_its_own(site: Project) -> None:
    site.build(dev=True)
    assert ask("build", "--dev") is not None
    assert ask() is None


def _same_size_and_mtime(path: Path, data: bytes) -> None:
    before = path.stat()
    assert len(data) == before.st_size
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _linked(path: Path, target: Path) -> None:
    path.rename(target)
    path.symlink_to(target)


def _output(site: Project, logical: str) -> Path:
    return site.output / site.path(logical)


CHANGES: dict[str, Callable[[Project], object]] = {
    "a source grew": lambda site: (site.root / "static/css/b.css").write_text("b { color: blue }"),
    "a source with its old size and mtime": lambda site: _same_size_and_mtime(
        site.root / "static/css/b.css", b"b { color: tan }"
    ),
    "a source was replaced": lambda site: _replaced(site.root / "static/css/b.css"),
    "a source was touched": lambda site: (site.root / "static/css/b.css").touch(),
    "a source is gone": lambda site: (site.root / "static/css/b.css").unlink(),
    "a source is new": lambda site: (site.root / "static/css/c.css").write_text("c{}"),
    "a source has another name": lambda site: (site.root / "static/css/b.css").rename(site.root / "static/css/c.css"),
    "a new folder": lambda site: (site.root / "static/new").mkdir(),
    "a folder has another name": lambda site: (site.root / "static/notes").rename(site.root / "static/other"),
    "the root is gone": lambda site: (site.root / "static").rename(site.root / "elsewhere"),
    "the config": lambda site: (site.root / "assetbuild.toml").write_text(CONFIG + "\n"),
    "the config was replaced": lambda site: _replaced(site.root / "assetbuild.toml"),
    "the config is gone": lambda site: (site.root / "assetbuild.toml").unlink(),
    "an output is gone": lambda site: _output(site, "css/a.css").unlink(),
    "an output was cut": lambda site: _output(site, "css/a.css").write_bytes(b""),
    "an output was edited": lambda site: _output(site, "css/a.css").write_text("x{}"),
    "an output was replaced": lambda site: _replaced(_output(site, "img/a.png")),
    "an output is a link": lambda site: _linked(_output(site, "css/a.css"), site.root / "x"),
    "a variant is gone": lambda site: Path(f"{_output(site, 'notes/b.txt')}.gz").unlink(),
    "the manifest is gone": lambda site: (site.output / "manifest.json").unlink(),
    "the manifest was edited": lambda site: (site.output / "manifest.json").write_text("{}"),
    "the output folder is gone": lambda site: site.output.rename(site.root / "x"),
    "the index is gone": lambda site: (site.root / ".assetbuild/v1/index").unlink(),
    "the index is empty": lambda site: (site.root / ".assetbuild/v1/index").write_bytes(b""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_any_change_the_build_looks_for_itself(site: Project, change: Callable[[Project], object]) -> None:
    assert ask() is not None
    change(site)
    assert ask() is None


@pytest.mark.parametrize("change", [name for name in CHANGES if "root" not in name and "config is" not in name])
def test_what_the_build_then_leaves_is_what_a_build_without_any_index_leaves(
    site: Project, tmp_path_factory: pytest.TempPathFactory, change: str
) -> None:
    CHANGES[change](site)
    site.build()
    twin = project(tmp_path_factory.mktemp("twin"), FILES, CONFIG)
    for name in (site.root / "static").rglob("*"):
        if name.is_file():
            twin.write({name.relative_to(site.root).as_posix(): name.read_bytes()})
    for name in (twin.root / "static").rglob("*"):
        if name.is_file() and not (site.root / name.relative_to(twin.root)).exists():
            name.unlink()
    twin.build()
    assert site.manifest == twin.manifest
    assert ask() is not None


def test_another_environment_is_another_answer(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.answer(["build"], version="0") is None
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, "/elsewhere"])
        assert ask() is None
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", "4.0")
        assert ask() is None
    assert ask() is not None


def test_a_tool_that_was_installed_anew_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("")
    made = project(tmp_path / "site", FILES, CONFIG)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(uptodate, "TOOLS", ("tool",))
    made.build()
    with chdir(made.root):
        assert ask() is not None
        _replaced(tool)
        assert ask() is None


def test_a_config_that_comes_to_stand_before_the_one_in_use_is_noticed(site: Project) -> None:
    (site.root / "assetbuild.toml").rename(site.root / "x")
    (site.root / "pyproject.toml").write_text('[tool.assetbuild]\ncompress = ["gzip"]\n')
    site.build()
    assert ask() is not None
    (site.root / "x").rename(site.root / "assetbuild.toml")
    assert ask() is None


def test_what_changed_in_the_last_moment_is_not_recorded(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "static/css/b.css").touch()
    monkeypatch.setattr(uptodate, "RACY_NS", 3_000_000_000)
    site.build()
    assert not (site.root / ".assetbuild/v1/index").exists()


def test_what_is_wrong_with_a_file_is_told_again_by_every_build(site: Project) -> None:
    os.mkfifo(site.root / "static/pipe")
    assert [problem.code for problem in site.build().problems] == ["special-file"]
    assert ask() is None


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("recorded"), FILES, PLAIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uptodate, "RACY_NS", 0)
        made.build()
    return made


@given(data=st.data())
def test_a_damaged_index_is_none(recorded: Project, data: st.DataObject) -> None:
    path = recorded.root / ".assetbuild/v1/index"
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.sampled_from(
            [whole[:at], whole[:at] + whole[at + 1 :], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]]
        )
        | st.binary(max_size=99).map(lambda end: index.MAGIC + end)
        | st.binary(max_size=99)
    )
    try:
        path.write_bytes(damaged)
        with chdir(recorded.root):
            assert ask() is None
    finally:
        path.write_bytes(whole)


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
            st.tuples(*[st.integers(-9, 2**63 - 1)] * 4),
        )
    ),
)
def test_what_is_written_is_read(line: str, rows: list[tuple[str, index.Stat]]) -> None:
    outputs = [(name, stat[:3]) for name, stat in rows]
    data = index.dumps("here", line, rows, outputs)
    assert data is not None
    names = [name for name, _ in rows]
    numbers = [number for _, stat in rows for number in stat]
    assert index._parse(data) == ("here", line, names, numbers, names, [n for _, stat in outputs for n in stat])


def test_an_inode_of_64_bits_is_not_written_down() -> None:
    assert index.dumps("", "x", [("a", (1, 1, 2**63, 1))], []) is None


WATCHED = """
import sys
opened = []
sys.dont_write_bytecode = True
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
sys.argv = ["assetbuild", "build"]
before = set(sys.modules)
del opened[:]
from assetbuild.__main__ import main
try:
    main()
except SystemExit as done:
    assert done.code == 0, done.code
modules = sorted(set(sys.modules) - before)
import json
files = [name for name in opened if not name.endswith((".py", ".so")) and "__pycache__" not in name]
print(json.dumps([files, modules]))
"""
FELT = {"click", "re", "tomllib", "logging", "pathlib", "typing", "dataclasses", "enum", "hashlib", "subprocess"}


def test_nothing_to_do_opens_one_file_and_imports_next_to_nothing(site: Project) -> None:
    code = f"import sys; sys.path[:] = {['', *sys.path[1:]]!r}\n{WATCHED}"
    run = [sys.executable, "-I", "-c", code]
    done = subprocess.run(run, cwd=site.root, capture_output=True, text=True, check=True, timeout=60)
    line, printed = done.stdout.splitlines()
    assert line == ask()
    files, modules = json.loads(printed)
    assert files == [".assetbuild/v1/index"]
    assert FELT.isdisjoint(modules)
