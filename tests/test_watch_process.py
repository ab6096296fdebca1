"""`assetbuild watch` as a process, with real changes of files. Nothing sleeps: what is to come is waited for."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from assetbuild import Assets
from assetbuild.build.lock import build_lock
from tests.cli_seams import validate
from tests.project import PLAIN, Project, project

DEADLINE = 60.0
"""Seconds after which what was waited for is held not to come; on a machine with nothing else to do it takes 0.2."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to a process are POSIX")


def until(holds: Callable[[], Any], what: Callable[[], object] = lambda: "") -> Any:
    """The first value of `holds` that is true."""
    deadline = time.monotonic() + DEADLINE
    while not (value := holds()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.01)
    return value


@dataclass
class Watch:
    """A running watch. `out` and `err` grow line by line; `shown` is how many lines of `out` a test has taken."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    shown: int = 0
    readers: list[threading.Thread] = field(default_factory=list)

    def read(self) -> None:
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            reader = threading.Thread(target=self._collect, args=(stream, lines))
            reader.start()
            self.readers.append(reader)

    @staticmethod
    def _collect(stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))

    def line(self) -> str:
        """The next line of stdout, without its times."""
        until(lambda: len(self.out) > self.shown, lambda: (self.out, self.err))
        self.shown += 1
        return re.sub(r"\d+(\.\d+)? m?s\b", "T", self.out[self.shown - 1])

    def until_line(self, pattern: str) -> str:
        """The next line of stdout that `pattern` is found in. Builds before it are those of changes half made."""
        while not re.search(pattern, line := self.line()):
            pass
        return line

    def said(self, text: str) -> None:
        until(lambda: any(text in line for line in self.err), lambda: (self.out, self.err))

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(DEADLINE)
        for reader in self.readers:
            reader.join()
        return code


@contextmanager
def watch(made: Project, *arguments: str) -> Iterator[Watch]:
    running = subprocess.Popen(
        [sys.executable, "-m", "assetbuild", "watch", "--jobs", "1", *arguments],
        cwd=made.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASSETBUILD_DEBUG": ""},
    )
    watched = Watch(running)
    watched.read()
    try:
        yield watched
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        watched.ended()
        for stream in (running.stdout, running.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return project(tmp_path, {"css/app.css": "a { color: red }\n"})


BUILT = r"written in T, build [0-9a-f]{8}$"


def rename_over(path: Path, text: str) -> None:
    """As most editors save: a new file under another name, renamed to the old one."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.rename(path)


def as_vim_saves(path: Path, text: str) -> None:
    probe = path.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("save", [in_place, rename_over, as_vim_saves])
def test_a_save_is_built_however_an_editor_does_it(made: Project, save: Callable[[Path, str], None]) -> None:
    with watch(made) as running:
        assert re.match("started: 2 files " + BUILT, running.line())
        save(made.root / "static/css/app.css", "a { color: blue }\n")
        running.until_line("^css/app.css (changed|added): 2 files " + BUILT)
        until(lambda: "blue" in made.read("css/app.css"))
        assert running.end(signal.SIGINT) == 0
    assert running.err == []


def test_an_error_is_shown_and_its_repair_is_built(made: Project) -> None:
    with watch(made) as running:
        running.line()
        before = made.manifest
        rename_over(made.root / "static/css/app.css", "a { background: url(no.png) }\n")
        assert running.line() == "css/app.css changed: 1 error in T; the manifest is as it was"
        running.said("static/css/app.css:1:21: error[missing]: css/no.png does not exist")
        running.said("  hint: ")
        assert made.manifest == before
        rename_over(made.root / "static/css/app.css", "a { color: green }\n")
        assert re.match("css/app.css changed: 2 files " + BUILT, running.line())
    assert not any("Traceback" in line for line in running.err)


def test_a_warning_is_shown_when_it_comes_up_and_counted_afterwards(made: Project) -> None:
    made.write({"static/odd.css": "b { c"})
    with watch(made) as running:
        assert running.line().endswith(", 1 warning")
        rename_over(made.root / "static/css/app.css", "a { color: green }\n")
        assert running.line().endswith(", 1 warning")
        rename_over(made.root / "static/odd.css", "b {} }")
        assert running.line().endswith(", 1 warning")
        running.end(signal.SIGINT)
    assert [line.split(":")[1:4] for line in running.err if "warning[" in line] == [
        ["1", "3", " warning[css-syntax]"],
        ["1", "6", " warning[css-syntax]"],
    ]


def test_the_configuration_is_loaded_anew_and_a_broken_one_changes_nothing(made: Project) -> None:
    made.write({"more/b.css": "b {}\n"})
    config = made.root / "assetbuild.toml"
    with watch(made) as running:
        running.line()
        rename_over(config, "sources =")
        assert running.line() == "assetbuild.toml changed: 1 error in T; the manifest is as it was"
        running.said("error[config-syntax]")
        assert list(made.manifest["assets"]) == ["css/app.css"]
        rename_over(config, "sources = ['static', 'more']\n" + PLAIN)
        assert re.match("assetbuild.toml changed: 2 files " + BUILT, running.line())
        assert list(made.manifest["assets"]) == ["b.css", "css/app.css"]
        rename_over(made.root / "more/b.css", "b { color: blue }\n")
        assert re.match("b.css changed: 2 files " + BUILT, running.line())


def test_a_configuration_that_appears_beside_another_is_used(made: Project) -> None:
    config = made.root / "assetbuild.toml"
    config.unlink()
    made.write({"pyproject.toml": "[tool.assetbuild]\ncompress = []\n"})
    with watch(made) as running:
        running.line()
        assert made.read("css/app.css") == "a{color:red}"
        rename_over(config, PLAIN)
        running.until_line("^assetbuild.toml added: 2 files ")
        assert made.read("css/app.css") == "a { color: red }\n"


def test_a_named_configuration_is_watched(made: Project) -> None:
    (made.root / "assetbuild.toml").rename(made.root / "other.toml")
    with watch(made, "--config", "other.toml") as running:
        running.line()
        rename_over(made.root / "other.toml", PLAIN + "[bundles]\n'all.css' = ['css/*.css']\n")
        running.until_line("^other.toml changed: 2 files ")
        assert list(made.manifest["assets"]) == ["all.css", "css/app.css"]


def test_a_root_may_go_and_come_back(made: Project) -> None:
    with watch(made) as running:
        running.line()
        shutil.rmtree(made.root / "static")
        running.until_line("1 error in T; the manifest is as it was$")
        running.said("error[source-not-found]")
        assert list(made.manifest["assets"]) == ["css/app.css"]
        made.write({"static/b.css": "b {}\n"})
        running.until_line(BUILT)
        until(lambda: list(made.manifest["assets"]) == ["b.css"])
        rename_over(made.root / "static/b.css", "b { color: red }\n")
        running.until_line("^b.css changed: 2 files ")
    assert not any("Traceback" in line for line in running.err)


def test_a_root_that_is_replaced_by_another_folder_is_watched(made: Project) -> None:
    made.write({"new/b.css": "b {}\n"})
    with watch(made) as running:
        running.line()
        (made.root / "static").rename(made.root / "away")
        (made.root / "new").rename(made.root / "static")
        running.until_line(BUILT)
        until(lambda: list(made.manifest["assets"]) == ["b.css"])
        rename_over(made.root / "static/b.css", "b { color: red }\n")
        running.until_line("^b.css changed: 2 files ")
        assert made.read("b.css") == "b { color: red }\n"


def test_a_burst_is_one_build(made: Project) -> None:
    with watch(made) as running:
        running.line()
        for number in range(400):
            made.write({f"static/many/{number}.css": f"a {{ order: {number} }}\n"})
        running.until_line(BUILT)
        until(lambda: len(made.manifest["assets"]) == 401, lambda: running.out)
        assert running.end(signal.SIGTERM) == 0
    assert len(running.out) <= 3  # the first, and one more where the machine stood still for a third of a second


def test_what_a_build_writes_causes_no_build(made: Project) -> None:
    """The output lies in the root and the root beside the cache: that it does not go on for ever is what is tested."""
    made.write({"assetbuild.toml": "sources = ['static']\noutput = 'static/out'\n" + PLAIN})
    with watch(made) as running:
        running.line()
        for colour in ("blue", "green"):
            rename_over(made.root / "static/css/app.css", f"a {{ color: {colour} }}\n")
            assert running.line().startswith("css/app.css changed: 2 files ")
            (made.root / "static/out/own.css").write_text("own")
            (made.root / "static/.hidden").write_text(colour)
            (made.root / "static/css/app.css~").write_text(colour)
        (made.root / "static/last.css").write_text("b {}\n")
        assert running.line().startswith("last.css added: 2 files ")
        running.end(signal.SIGINT)
    assert len(running.out) == 4


def test_json_is_one_document_of_its_schema_per_line(made: Project) -> None:
    app = made.root / "static/css/app.css"
    with watch(made, "--json") as running:
        running.line()
        rename_over(app, "a { background: url(no.png) }\n")
        running.line()
        rename_over(app, "a { color: blue }\n")
        running.line()
        assert running.end(signal.SIGINT) == 0
    assert running.err == []
    started, failed, repaired = map(json.loads, running.out)
    for document in (started, failed, repaired):
        validate(document, "watch")
    assert (started["trigger"], started["changed"], started["ok"], started["written"]) == ("start", [], True, 2)
    changed = [{"kind": "changed", "path": "static/css/app.css", "logical": "css/app.css"}]
    assert (failed["trigger"], failed["changed"], failed["ok"]) == ("change", changed, False)
    assert [problem["code"] for problem in failed["problems"]] == ["missing"]
    assert (repaired["changed"], repaired["ok"], repaired["mode"]) == (changed, True, "build")
    assert repaired["changes"][0]["logical"] == "css/app.css"


def test_wrong_usage_is_a_line_of_json_and_exit_2(made: Project) -> None:
    with watch(made, "--json", "--nonsense") as running:
        assert running.ended() == 2
    (line,) = running.out
    validate(json.loads(line), "watch")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_build_at_once_and_leaves_the_release_before(made: Project, number: signal.Signals) -> None:
    made.build()
    before = made.public()
    text = " ".join(map(str, range(1_500_000)))  # brotli, which nothing interrupts, takes many seconds for it
    made.write({"assetbuild.toml": "compress = ['br']\n" + PLAIN.partition("\n")[2], "static/large.txt": text})
    with watch(made) as running:
        until(lambda: list(made.root.glob(".assetbuild/v1/*")))
        until(lambda: _uses_processor(running.process.pid))
        told = time.monotonic()
        assert running.end(number) == 0
        assert time.monotonic() - told < DEADLINE / 4
    assert (running.out, running.err) == ([], [])
    assert made.public() == before


def _uses_processor(pid: int) -> bool:
    """Whether the process has computed for so long that it must be compressing."""
    if not Path(f"/proc/{pid}/stat").exists():
        pytest.skip("needs Linux's /proc")
    user = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
    return user / os.sysconf("SC_CLK_TCK") > 1.2


def test_it_waits_for_another_build(made: Project) -> None:
    made.build()
    app = made.root / "static/css/app.css"
    with watch(made) as running:
        running.line()
        with build_lock(made.root / ".assetbuild", on_wait=lambda: None) as held:
            assert held
            rename_over(app, "a { color: blue }\n")
            running.said("waiting for another build to end")
            assert len(running.out) == 1
        assert re.match("css/app.css changed: 2 files " + BUILT, running.line())


def test_a_reader_that_goes_away_ends_it(made: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "assetbuild", "watch"]
    ran = subprocess.run(command, cwd=made.root, stdout=write, stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_a_running_app_gets_the_new_names(made: Project) -> None:
    with watch(made, "--dev") as running:
        running.line()
        assets = Assets.load(made.output / "manifest.json", base_url="/static/", reload=True)
        before = assets.url("css/app.css")
        rename_over(made.root / "static/css/app.css", "a { color: blue }\n")
        running.line()
        after = assets.url("css/app.css")
        assert before != after
        assert (made.output / after.removeprefix("/static/")).read_text() == "a { color: blue }\n"
        rename_over(made.root / "static/css/app.css", "a { background: url(no.png) }\n")
        running.line()
        assert assets.url("css/app.css") == after
