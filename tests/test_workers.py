"""Worker processes answer what is called here, and where they do not, the call is made here: with the same result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from assetbuild.build import workers
from assetbuild.build.events import Work
from assetbuild.build.workers import Crew
from tests.project import Project, project

ENOUGH = [10.0] * 4


@pytest.fixture
def crew() -> Iterator[Crew]:
    with Crew(2) as made:
        made.hire(ENOUGH)
        yield made


def processes(crew: Crew, calls: int = 8) -> set[int]:
    """Which processes answered."""
    with ThreadPoolExecutor(2) as pool:
        return {future.result() for future in [pool.submit(crew.run, os.getpid) for _ in range(calls)]}


def fails(text: str) -> str:
    raise ValueError(text)


def dies_elsewhere(here: int) -> int:
    """Ends any process but `here`, as the kernel does when memory runs out."""
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGTERM)
    return os.getpid()


def prints(text: str) -> str:
    print(text, flush=True)
    return text


class Unpicklable:
    def __reduce__(self) -> str:
        raise TypeError("not this one")


def gives_what_cannot_be_sent() -> Unpicklable:
    return Unpicklable()


def test_calls_are_answered_by_other_processes(crew: Crew) -> None:
    assert os.getpid() not in processes(crew)
    assert crew.run(sorted, [2, 1], reverse=False) == [1, 2]


def test_what_is_raised_is_raised_here(crew: Crew) -> None:
    with pytest.raises(ValueError, match="so it is"):
        crew.run(fails, "so it is")
    assert crew.run(len, "abc") == 3


def test_a_worker_that_dies_is_replaced_by_this_process(crew: Crew) -> None:
    here = os.getpid()
    assert [crew.run(dies_elsewhere, here) for _ in range(3)] == [here] * 3
    assert processes(crew) == {here}


def test_what_is_printed_disturbs_nobody(crew: Crew, capfd: pytest.CaptureFixture[str]) -> None:
    assert [crew.run(prints, "x" * size) for size in (1, 100_000)] == ["x", "x" * 100_000]
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_sent_is_made_here(crew: Crew) -> None:
    assert isinstance(crew.run(gives_what_cannot_be_sent), Unpicklable)
    assert crew.run(lambda: 7) == 7


def test_lone_surrogates_come_back_as_they_were(crew: Crew) -> None:
    assert crew.run(str, "a\udcffb\ud800") == "a\udcffb\ud800"


@pytest.mark.parametrize(
    ("size", "seconds"),
    [(1, ENOUGH), (0, ENOUGH), (2, []), (2, [100.0]), (2, [0.01] * 10), (2, [100.0, 0.1]), (8, [0.3, 0.2])],
)
def test_none_are_hired_where_nothing_is_gained(size: int, seconds: list[float]) -> None:
    with Crew(size) as crew:
        crew.hire(seconds)
        assert processes(crew) == {os.getpid()}


@pytest.mark.parametrize("executable", ["", "/usr/bin/uwsgi", "/opt/shop/shop.exe", "/usr/bin/python3-config"])
def test_none_are_hired_where_this_is_no_ordinary_python(executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(workers, "_Worker", fails)
    with Crew(2) as crew:
        crew.hire(ENOUGH)
        assert processes(crew) == {os.getpid()}


def test_where_no_process_can_start_all_is_done_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    with Crew(2) as crew:
        crew.hire(ENOUGH)
        assert processes(crew) == {os.getpid()}


def test_when_a_build_ends_early_its_calls_end_too() -> None:
    script = """
        import threading, time
        from concurrent.futures import CancelledError, ThreadPoolExecutor
        from assetbuild.build.workers import Crew
        with ThreadPoolExecutor(1) as pool:
            with Crew(2) as crew:
                crew.hire([10, 10])
                crew.run(len, "")
                call = pool.submit(crew.run, time.sleep, 600)
                while not call.running(): pass
                while crew._idle.qsize() == 2: pass
            print(type(call.exception()).__name__)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == (f"{CancelledError.__name__}\n", "")


# --- builds with workers ---------------------------------------------------------------------------------

PLAIN = "compress = []\n"
BUNDLES = '[bundles]\n"all.js" = ["a0.js", "a1.js", "a2.js"]\n"all.css" = ["b0.css", "b1.css"]\n'


def site(root: Path) -> Project:
    files = {f"a{number}.js": f"function f{number} ( a )  {{ return  a + 1 }}\n" * 400 for number in range(4)}
    files |= {f"b{number}.css": f".c{number}  >  a {{ color : red ; margin : 0px }}\n" * 200 for number in range(3)}
    files |= {"broken.js": "function (\n" * 800, "m.js": "import './a3.js' ;\n" + "f ( 1 ) ;\n" * 900}
    return project(root, files, PLAIN + BUNDLES)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers whatever it is worth."""
    monkeypatch.setattr(workers, "WORTH_SECONDS", -1.0)


@pytest.mark.usefixtures("eager")
def test_results_do_not_depend_on_who_makes_them(tmp_path: Path) -> None:
    one, many = site(tmp_path / "one"), site(tmp_path / "many")
    alone, shared = one.build(jobs=1), many.build(jobs=3)
    assert one.public() == many.public()
    assert alone.ways == shared.ways
    assert [(problem.code, problem.text) for problem in alone.problems] == [
        (problem.code, problem.text) for problem in shared.problems
    ]
    assert (one.count(Work.SHARE), many.done(Work.PROCESS)) == (0, one.done(Work.PROCESS))
    large = [f"a{number}.js" for number in range(4)] + [f"b{number}.css" for number in range(3)]
    assert many.done(Work.SHARE)["process"] == len(large) + 3  # m.js and both bundles
    assert many.done(Work.SHARE)["read"] == len(large) + 2  # broken.js and m.js


@pytest.mark.usefixtures("eager")
def test_what_is_cached_is_not_shared_out(tmp_path: Path) -> None:
    made = site(tmp_path)
    made.build(jobs=2)
    made.write({"static/new.txt": "x"}).build(jobs=2)
    assert made.count(Work.SHARE) == 0


def test_a_small_build_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_Worker", fails)
    made = project(tmp_path, {f"{name}.js": f"{name} ( ) ;" * 1000 for name in "abcd"}, PLAIN)
    made.build(jobs=4)
    assert made.count(Work.PROCESS) == 4


@pytest.mark.usefixtures("eager")
def test_a_program_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    made = site(tmp_path)
    script = """
        from pathlib import Path
        print("once")
        from assetbuild.build import config, events, pipeline, workers
        workers.WORTH_SECONDS = -1.0
        shared = []
        def listen(event):
            if getattr(event, "work", None) is events.Work.SHARE:
                shared.append(event)
        pipeline.build(config.load(None, folder=Path.cwd()), options=pipeline.Options(jobs=2), listener=listen)
        print(len(shared) > 0)
    """
    program = tmp_path / "build.py"
    program.write_text(textwrap.dedent(script))
    (tmp_path / "pickle.py").write_text("print('shadowed')")  # which a worker must not find before Python's own
    done = subprocess.run([sys.executable, "-P", program], cwd=made.root, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("once\nTrue\n", "", 0)
