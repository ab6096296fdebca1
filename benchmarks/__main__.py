"""`python -m benchmarks`: how long builds take, beside peers on parts of the same work; `--large` for larger sites.

Measures whole processes, interleaved, and shows medians; it is a measurement and never a test. `--write` puts the table
into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks import large
from benchmarks.cases import Case, Group, prepared
from tests.workload import WORK, fetch_s

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PEERS = ("webassets", "rcssmin", "rjsmin", "django", "flask-static-digest")
SHOWN = ("assetbuild", "brotli", "rcssmin", "rjsmin", "tree-sitter", "whitenoise")

TEXT = """# Benchmarks

Written by `python -m benchmarks --write` (`make bench` prints the same). It is a measurement on one machine, no promise
and no test: run it on yours. Ratios are to the first row of each table; less is faster.

{larger}Workload S is a typical site of npm packages: 30 files, 2.3 MB, with Bootstrap, jQuery, htmx, Leaflet, Select2,
Moment, Font Awesome and animate.css, and two bundles of five and six files. Each time is that of a whole process, from
the start of Python to its end; the runs of all rows take turns, and the median of {rounds} is shown. "CPU" is what all
threads used together, also as a median. Other work on the machine, which the load average below tells of, disturbs it
least. "Peak" is the memory of the process itself, without its workers'.

"Cold" is without cache and output. "Cached" has the cache but no output, as in CI with a cache that is kept. "Nothing
to do" has both. What each row does is not quite the same: assetbuild also checks references, names all files and proves
what was minified, which the peers do not do; they are shown because they are what one would use otherwise.

{tables}
## Where

- {cores} cores, {machine}, {python}; load average {load:.1f} at the start
- {versions}
"""


LARGER = """M and L are whole libraries as published: 2,470 files, 54 MB, and 11,007 files, 141 MB. All lies in memory,
so that the disk is not what is measured.

"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each row; 5 by default")
    parser.add_argument("--large", action="store_true", help="the workloads M and L too: many minutes")
    parser.add_argument("--full", action="store_true", help="with --large: all of M minified and compressed, too")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the tables whose title holds this")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    try:
        site = fetch_s()
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        sys.exit(f"the workload is not there: {missing}")
    peer = peer_python()
    work = Path("/dev/shm/assetbuild-bench") if os.path.isdir("/dev/shm") else WORK / "bench"
    groups = prepared(site, work / "S", peer=peer)
    if options.large:
        groups += large.prepared(work / "large", peer=peer, full=options.full)
    groups = tuple(group for group in groups if options.only in group.name)
    load = os.getloadavg()[0]
    runs = measured(groups, rounds=options.rounds)
    text = page(groups, runs, rounds=options.rounds, peer=peer, load=load)
    if options.write:
        PAGE.write_text(text, "utf-8")
    print(text, end="")


def peer_python() -> Path:
    """The interpreter of an environment of its own for webassets."""
    folder = WORK / "peers"
    python = folder / "bin" / "python"
    ready, wanted = folder / ".ready", "\n".join(PEERS)
    if not ready.is_file() or ready.read_text("utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        ready.write_text(wanted, "utf-8")
    return python


# --- measuring -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end, in seconds: by the clock, and of all its threads together; its peak in MB.

    Worker processes count for the time and not for the peak.
    """

    clock: float
    cpu: float
    peak: float


def measured(groups: Sequence[Group], *, rounds: int) -> dict[Case, list[Run]]:
    """Every run of every case. The first round warms the machine's caches and does not count."""
    cases = [case for group in groups for case in group.cases]
    runs: dict[Case, list[Run]] = {case: [] for case in cases}
    for number in range(rounds + 1):
        for case in cases:
            done = run(case)
            if number:
                runs[case].append(done)
        print(f"round {number} of {rounds}", file=sys.stderr)
    return runs


def run(case: Case) -> Run:
    for path in case.removed:
        shutil.rmtree(path, ignore_errors=True)
    for source, target in case.copied:
        shutil.copytree(source, target)
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(case.command, cwd=case.folder, stdout=said, stderr=said, text=True)
        _, status, used = os.wait4(process.pid, 0)
        clock = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{case.name} failed:\n{said.read()}")
    if not case.made.is_file():
        sys.exit(f"{case.name} did not make {case.made}")
    return Run(clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


# --- showing ---------------------------------------------------------------------------------------------


def page(groups: Sequence[Group], runs: Mapping[Case, list[Run]], *, rounds: int, peer: Path, load: float) -> str:
    asked = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found = subprocess.run([peer, "-c", asked, *PEERS], capture_output=True, text=True, check=True).stdout.split()
    theirs = [f"{name} {number}" for name, number in zip(PEERS, found, strict=True) if name not in SHOWN]
    versions = [f"{name} {version(name)}" for name in SHOWN] + theirs
    return TEXT.format(
        tables="\n".join(table(group, runs) for group in groups),
        larger=LARGER if any(group.name[0] in "ML" for group in groups) else "",
        rounds=rounds,
        cores=os.cpu_count(),
        load=load,
        machine=f"{platform.system()} on {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions=", ".join(versions),
    )


def table(group: Group, runs: Mapping[Case, list[Run]]) -> str:
    medians = {
        case: (
            statistics.median(run.clock for run in runs[case]),
            statistics.median(run.cpu for run in runs[case]),
            statistics.median(run.peak for run in runs[case]),
        )
        for case in group.cases
    }
    clock_base, cpu_base, _ = medians[group.cases[0]]
    lines = [f"## {group.name}", "", group.note, ""]
    lines += ["| | time | ratio | CPU | ratio | peak |", "|---|---:|---:|---:|---:|---:|"]
    for case, (clock, cpu, peak) in medians.items():
        ratios = f"{clock:.3f} s | {clock / clock_base:.3g} | {cpu:.3f} s | {cpu / cpu_base:.3g}"
        lines.append(f"| {case.name} | {ratios} | {peak:.0f} MB |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
