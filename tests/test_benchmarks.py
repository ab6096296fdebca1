"""The benchmark's runner, over rows of a few milliseconds: what it shows of rows that fail, lack or are interrupted.

Nothing here looks at a time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import bundlers, cases, large, small, wanted
from benchmarks.cases import Case, Group, Plan
from benchmarks.measure import Failed, Measured, measure, run
from benchmarks.page import demand_table, medians, page, table
from benchmarks.peers import Peers
from benchmarks.wanted import DEMANDS, Judged, Median, Peak, Place, Ratio, judge
from tests.workload import CONFIG

ROW, BASE, START = ("T", "row"), ("T", "base"), ("T", "start")
NOTHING = Peers({}, {"python": "no Python", "npm": "no npm", "hugo": "no hugo", "Sprockets": "no Ruby"}, {})


def python(name: str, folder: Path, code: str, *, heavy: bool = False, removed: tuple[Path, ...] = ()) -> Case:
    return Case(name, folder, (sys.executable, "-I", "-S", "-c", code), folder / "made", removed, heavy=heavy)


def shown(*rows: Case, rounds: int = 1) -> tuple[str, Measured]:
    group = Group("T", "A note.", rows)
    found = measure([Plan("T", lambda: group)], rounds=rounds)
    return table(group, found, medians(found)), found


def runs(process: int) -> bool:
    """Whether it does. One that nobody waited for is there still, but does not run."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
    return bool(said.strip()) and not said.startswith("Z")


def of(clock: float, peak: float = 1) -> Median:
    return Median(clock, clock, peak)


# --- rows ------------------------------------------------------------------------------------------------


def test_the_first_round_does_not_count_and_heavy_rows_are_not_run_in_it(tmp_path: Path) -> None:
    light = python("light", tmp_path, "open('made', 'a').write('l')")
    heavy = python("heavy", tmp_path, "open('made', 'a').write('h')", heavy=True)
    _, found = shown(light, heavy, rounds=2)
    assert (tmp_path / "made").read_text() == "l" + "lh" * 2
    assert [len(found.runs[case]) for case in (light, heavy)] == [2, 2]


def test_a_row_that_fails_is_shown_with_its_reason_and_the_others_are_measured(tmp_path: Path) -> None:
    bad = python("bad", tmp_path, "import sys; sys.exit('no such | luck')")
    none = python("none", tmp_path, "", removed=(tmp_path / "made",))
    good = python("good", tmp_path, "open('made', 'w')")
    text, found = shown(bad, none, good)
    assert "| bad: failed, no such \\| luck |" in text
    assert "| none: failed, it did not make made |" in text
    assert "| good | 0." in text
    assert not found.runs[bad]


def test_a_row_whose_peer_is_missing_says_so_and_is_not_run(tmp_path: Path) -> None:
    text, found = shown(cases.absent("hugo", "`hugo` is not installed"), python("own", tmp_path, "open('made', 'w')"))
    assert "| hugo: missing, `hugo` is not installed |" in text
    assert not found.failed


def test_a_table_that_cannot_be_prepared_leaves_the_others(tmp_path: Path) -> None:
    def broken() -> Group:
        raise OSError("the disk is full")

    good = Group("T", "", (python("own", tmp_path, "open('made', 'w')"),))
    found = measure([Plan("B", broken), Plan("T", lambda: good)], rounds=1)
    assert "**B could not be prepared: the disk is full**" in whole_page(found)
    assert "| own | 0." in whole_page(found)


def test_an_interrupt_keeps_what_was_measured_and_leaves_no_process(tmp_path: Path) -> None:
    first = python("first", tmp_path, "open('made', 'w')")
    stuck = python(
        "stuck",
        tmp_path,
        f"import os, signal, time; open('pid', 'w').write(str(os.getpid()));"
        f" os.kill({os.getpid()}, signal.SIGTERM); time.sleep(20); open('late', 'w')",
        heavy=True,
    )
    before = signal.getsignal(signal.SIGTERM)
    text, found = shown(first, stuck)
    assert found.interrupted
    assert "| first | 0." in text
    assert "| stuck: not run |" in text
    assert not (tmp_path / "late").exists()
    assert "interrupted" in whole_page(found)
    assert signal.getsignal(signal.SIGTERM) is before
    process, deadline = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while runs(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_before_a_run_folders_go_and_come_and_files_change(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a.js").write_text("1;")
    (tmp_path / "old").mkdir()
    code = "import os; open('made', 'w').write(open('to/a.js').read() + str(os.path.exists('old')))"
    row = python("row", tmp_path, code)
    copied = Case(
        "row",
        tmp_path,
        row.command,
        row.made,
        (tmp_path / "old", tmp_path / "to"),
        ((tmp_path / "from", tmp_path / "to"),),
        (tmp_path / "to" / "a.js",),
    )
    made = []
    for _ in range(2):
        run(copied)
        made.append(row.made.read_text())
    assert made[0].startswith("1;\n// changed at ")
    assert made[0].endswith("\nFalse")
    assert made[0] != made[1]


def test_a_peak_is_of_all_processes_together_and_without_the_runner(tmp_path: Path) -> None:
    big = "b = bytearray(60_000_000); open(sys.argv[1], 'w'); sys.stdin.read()"
    code = (
        "import subprocess, sys, os, time\n"
        f"new = lambda n: subprocess.Popen([sys.executable, '-I', '-S', '-c', {'import sys; ' + big!r}, n],"
        " stdin=subprocess.PIPE)\n"
        "both = [new('a'), new('b')]\n"
        "while not (os.path.exists('a') and os.path.exists('b')): time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "for each in both: each.communicate()\n"
        "open('made', 'w')\n"
    )
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("the system does not tell the children of a process")
    ballast = bytearray(200_000_000)
    assert 120 < run(python("two", tmp_path, code)).peak < 180
    assert run(python("none", tmp_path, "open('made', 'w')")).peak < 60
    del ballast


def test_an_exit_code_of_a_row_is_a_failure_even_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="exit code 3"):
        run(python("row", tmp_path, "raise SystemExit(3)"))


def test_a_row_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.measure.LIMIT", 0.1)
    with pytest.raises(Failed, match="longer than 0 s"):
        run(python("row", tmp_path, "import time; time.sleep(60)"))


def test_a_folder_that_cannot_be_copied_is_a_failure_of_its_row(tmp_path: Path) -> None:
    bad = Case("bad", tmp_path, (sys.executable, "-c", ""), tmp_path, copied=((tmp_path / "no", tmp_path / "to"),))
    text, _ = shown(bad, python("good", tmp_path, "open('made', 'w')"))
    assert "| bad: failed, [Errno 2] No such file or directory" in text
    assert "| good | 0." in text


# --- demands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "medians", "verdict", "measured"),
    [
        (Ratio("w", ROW, "b", ((1, BASE),), 2), {ROW: of(2), BASE: of(1)}, "met", 2),
        (Ratio("w", ROW, "b", ((1, BASE),), 2), {ROW: of(2.1), BASE: of(1)}, "missed", 2.1),
        (Ratio("w", ROW, "b", ((3, BASE), (-1, START)), 1), {ROW: of(5), BASE: of(2), START: of(1)}, "met", 1),
        (Ratio("w", ROW, "b", ((1, BASE),), 2), {ROW: of(2)}, "not measured: no run of base (T)", None),
        (Ratio("w", ROW, "b", ((1, BASE),), 2), {BASE: of(2)}, "not measured: no run of row (T)", None),
        (Peak("w", ROW, 60), {ROW: of(1, 60)}, "met", 60),
        (Peak("w", ROW, 60), {ROW: of(1, 61)}, "missed", 61),
        (Peak("w", ROW, 60, "it is big"), {ROW: of(1, 61)}, "missed: it is big", 61),
        (Peak("w", ROW, 60), {}, "not measured: no run of row (T)", None),
    ],
)  # fmt: skip
def test_a_demand_is_met_missed_or_not_measured(
    demand: Ratio | Peak, medians: dict[Place, Median], verdict: str, measured: float | None
) -> None:
    judged = judge(demand, medians)
    assert judged.verdict == verdict
    assert judged.measured == (None if measured is None else pytest.approx(measured))


def test_wanted_stands_beside_measured() -> None:
    rows = [
        Judged("a", "b", 1 / 40, 0.0196),
        Judged("memory", "", 60, 472.6, "MB"),
        Judged("c", "d", 3, None, why="no e"),
    ]
    assert demand_table(rows).splitlines()[2:] == [
        "| a | b | 0.0196 | 0.025 | met |",
        "| memory |  | 473 MB | 60 MB | missed |",
        "| c | d |  | 3 | not measured: no e |",
    ]


@pytest.fixture(scope="module")
def everything() -> Iterator[tuple[Group, ...]]:
    """Every table, its folders made of a few empty files; nothing of it is run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in [*bundlers.STYLES, *bundlers.SCRIPTS, "css/images/a.png", "webfonts/a.woff2"]:
            (root / "S" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "S" / name).touch()
        for name in ("vue/vue.global.prod.js", "three/three.js"):
            (root / "corpus" / "L" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "corpus" / "L" / name).touch()
        there = {name: root / name for name in ("python", "esbuild", "vite", "hugo", "ruby")}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ASSETBUILD_CORPUS", str(root / "corpus"))
            groups = []
            for number, peers in enumerate((Peers(there, {}, {}), NOTHING)):
                plans = small.plans(root / "S", root / str(number) / "s", peers)
                plans += large.plans(root / str(number) / "l", peers, full=True)
                groups += [plan.prepare() for plan in plans]
            yield tuple(groups)


def test_every_row_that_a_demand_names_is_in_a_table(everything: tuple[Group, ...]) -> None:
    rows = {(group.title, case.name) for group in everything for case in group.cases if not case.missing}
    named = {demand.row for demand in DEMANDS}
    named |= {place for demand in DEMANDS if isinstance(demand, Ratio) for _, place in demand.base}
    assert named - rows == set()


def test_each_peer_that_is_missing_has_a_row_that_says_so(everything: tuple[Group, ...]) -> None:
    bundles = [group for group in everything if group.title == bundlers.TITLE][1]
    assert {case.name: case.missing for case in bundles.cases if case.missing} == {
        "webassets": "no Python",
        "esbuild": "no npm",
        "vite": "no npm",
        "django-compressor": "no Python",
        "hugo": "no hugo",
        "Sprockets": "no Ruby",
    }


def test_titles_of_rows_differ_within_a_table(everything: tuple[Group, ...]) -> None:
    for group in everything:
        names = [case.name for case in group.cases]
        assert len(names) == len(set(names)), group.title


def test_rows_of_the_run_time_half_are_those_of_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Judged("url()", "a dict hit", 3, 2.5)
    module = ModuleType("benchmarks.runtime_calls")
    monkeypatch.setattr(module, "rows", lambda: [row], raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert wanted.runtime_calls() == [row]


@pytest.mark.parametrize(
    ("error", "said"), [(ValueError("no manifest"), "ValueError: no manifest"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_run_time_half_that_fails_costs_no_other_row(
    error: BaseException, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> list[Judged]:
        raise error

    module = ModuleType("benchmarks.runtime_calls")
    monkeypatch.setattr(module, "rows", rows, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert [each.verdict for each in wanted.runtime_calls()] == [f"not measured: {said}"]


def test_a_run_time_half_that_is_not_there_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.runtime_calls", None)
    (row,) = wanted.runtime_calls()
    assert row.verdict.startswith("not measured: ModuleNotFoundError")


# --- baselines -------------------------------------------------------------------------------------------


def test_the_baseline_of_compression_makes_the_variants_that_a_manifest_names(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("a { color: red }\n" * 200)
    (tmp_path / "static" / "b.svg").write_text("<svg>" + "<g/>" * 200 + "</svg>")
    (tmp_path / "assetbuild.toml").write_text("")
    subprocess.run(cases.BUILD, cwd=tmp_path, check=True, capture_output=True)
    said = subprocess.run(small.compressed_again(tmp_path).command, check=True, capture_output=True, text=True).stdout
    twins = [path for suffix in ("gz", "br") for path in (tmp_path / "public" / "assets").glob(f"*.{suffix}")]
    assert len(twins) == 4
    assert int(said) == sum(path.stat().st_size for path in twins)


def test_the_lists_of_the_peers_are_those_of_the_workload() -> None:
    source = (cases.HERE / "webassets_build.py").read_text("utf-8")
    assert all(f'"{name}"' in source and f'"{name}"' in CONFIG for name in [*bundlers.STYLES, *bundlers.SCRIPTS])


def whole_page(found: Measured) -> str:
    facts = {"place": "", "cores": 1, "machine": "", "python": "", "load": 0.0, "versions": ""}
    return page(found, [], facts)
