"""How a watch looks: its lines, which warnings are shown again, and how a stream of outcomes ends."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assetbuild import cli, outcome, watched
from assetbuild.build import pipeline, watcher
from assetbuild.build.model import BuildFailed, Place, Problem, Severity
from assetbuild.build.results import Built
from assetbuild.build.watching import Cause, Kind, Trigger, Turn
from tests.cli_seams import EVIL, NOTE, WARNING, carry_out
from tests.project import project

BUILT = Built("1a2b3c4d" * 8, b'{"assets": {}}', {}, (), written=2)
SAME = Built("1a2b3c4d" * 8, b'{"assets": {}}', {}, (), up_to_date=True)
ERROR = Problem("missing", "text")
FAILED = BuildFailed([ERROR])
APP = Cause("/p/static/css/app.css", Kind.CHANGED, "css/app.css")
NEW = Cause("/p/static/new.css", Kind.ADDED, "new.css")

LINES: list[tuple[Trigger, tuple[Cause, ...], Built | Exception, tuple[Problem, ...], str]] = [
    (Trigger.START, (), BUILT, (), "started: 2 files written in 41 ms, build 1a2b3c4d"),
    (Trigger.RETRY, (), SAME, (), "tried again: nothing to write in 41 ms, build 1a2b3c4d"),
    (Trigger.CHANGE, (APP,), BUILT, (), "css/app.css changed: 2 files written in 41 ms, build 1a2b3c4d"),
    (Trigger.CHANGE, (NEW,), BUILT, (WARNING,), "new.css added: 2 files written in 41 ms, build 1a2b3c4d, 1 warning"),
    (Trigger.CHANGE, (NEW, APP), SAME, (), "new.css and 1 more changed: nothing to write in 41 ms, build 1a2b3c4d"),
    (Trigger.CHANGE, (NEW, NEW), SAME, (), "new.css and 1 more added: nothing to write in 41 ms, build 1a2b3c4d"),
    (
        Trigger.CHANGE,
        (APP,),
        FAILED,
        (ERROR, WARNING),
        "css/app.css changed: 1 error, 1 warning in 41 ms; the manifest is as it was",
    ),
    (
        Trigger.CHANGE,
        (Cause(os.path.abspath("assetbuild.toml"), Kind.REMOVED, ""),),
        FAILED,
        (ERROR,),
        "assetbuild.toml removed: 1 error in 41 ms; the manifest is as it was",
    ),
]


@pytest.mark.parametrize(("trigger", "causes", "result", "problems", "line"), LINES)
def test_a_build_is_one_line(
    trigger: Trigger, causes: tuple[Cause, ...], result: Built | Exception, problems: tuple[Problem, ...], line: str
) -> None:
    assert watched.line(Turn(trigger, causes, None, result, 0.041), problems) == line


def test_a_name_drives_no_terminal() -> None:
    line = watched.line(Turn(Trigger.CHANGE, (Cause("/x", Kind.CHANGED, EVIL),), None, BUILT, 0.0), ())
    assert line.isprintable()


# --- which problems are shown again ----------------------------------------------------------------------


def warned(*problems: Problem) -> Built:
    return Built(BUILT.build, BUILT.manifest, {}, (), problems, written=1)


OTHER = Problem("other", "another", Place("b.css", 1), severity=Severity.WARNING)


@pytest.mark.parametrize(
    ("results", "shown"),
    [
        ([warned(WARNING), warned(WARNING)], [{WARNING}, set()]),
        ([warned(WARNING), warned(WARNING, OTHER)], [{WARNING}, {OTHER}]),
        ([warned(WARNING), warned(), warned(WARNING)], [{WARNING}, set(), {WARNING}]),
        ([warned(WARNING), SAME, warned(WARNING)], [{WARNING}, set(), set()]),
        ([warned(WARNING), FAILED, warned(WARNING)], [{WARNING}, {ERROR}, set()]),
        ([FAILED, FAILED], [{ERROR}, {ERROR}]),
        ([BuildFailed([ERROR, NOTE]), warned(NOTE)], [{ERROR, NOTE}, {NOTE}]),
    ],
)
def test_an_error_is_shown_always_and_a_warning_when_it_is_new(
    results: list[Built | Exception], shown: list[set[Problem]]
) -> None:
    outcomes = watched.outcomes(Turn(Trigger.CHANGE, (APP,), None, result, 0.0) for result in results)
    assert [set(one.problems) - one.known for one in outcomes] == shown


def test_the_traceback_of_a_bug_is_for_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn(Trigger.CHANGE, (APP,), None, ZeroDivisionError("by zero"), 0.0)
    monkeypatch.delenv("ASSETBUILD_DEBUG", raising=False)
    (quiet,) = watched.outcomes([turn])
    monkeypatch.setenv("ASSETBUILD_DEBUG", "1")
    (asked,) = watched.outcomes([turn])
    assert [problem.code for problem in quiet.problems] == ["internal"]
    assert (quiet.trace, asked.trace[-1]) == ((), "ZeroDivisionError: by zero")


# --- how it ends -----------------------------------------------------------------------------------------


def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """A project in the current folder, of which a watch hears once, by calling `event`, and then no more."""

    @contextlib.contextmanager
    def observe(scope: object) -> Iterator[Iterator[tuple[str, ...]]]:
        yield (() for _ in range(1) if event() is None)

    project(tmp_path, {"a.css": "a{}"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watcher, "observe", observe)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_usual_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    running(tmp_path, monkeypatch, lambda: signal.raise_signal(number))
    ran = carry_out(("watch",), capsys)
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert signal.getsignal(number) is before


def test_what_does_not_end_within_a_second_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = threading.Event()
    monkeypatch.setattr(os, "_exit", lambda code: left.set())
    monkeypatch.setattr(outcome, "_GRACE", 0.01)

    def busy(*args: object, **options: object) -> Built:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            assert left.wait(60)
        raise AssertionError("unreachable")

    running(tmp_path, monkeypatch, lambda: None)
    monkeypatch.setattr(pipeline, "build", busy)
    assert carry_out(("watch",), capsys).code == 0


def test_being_told_twice_ends_it_without_delay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        raise KeyboardInterrupt  # the process would be gone

    monkeypatch.setattr(os, "_exit", leave)

    def twice() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)

    running(tmp_path, monkeypatch, twice)
    assert carry_out(("watch",), capsys).code == 0
    assert codes == [0]


def test_it_works_in_a_thread_which_may_handle_no_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(tmp_path, monkeypatch, lambda: None)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(cli.run(["watch"])))
    thread.start()
    thread.join()
    assert codes == [0]
