"""`python -m benchmarks`: how long builds take, beside peers on parts of the same work; `--large` for larger sites.

Measures whole processes, interleaved, and shows medians; it is a measurement and never a test. `--write` puts the table
into docs/benchmarks.md, also of a run that was interrupted.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks import large, small
from benchmarks.measure import Measured, measure
from benchmarks.page import medians, page
from benchmarks.peers import Peers, find_peers
from benchmarks.wanted import DEMANDS, RUNTIME, Judged, judge, runtime_calls
from tests.workload import WORK, fetch_s

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SHOWN = ("assetbuild", "brotli", "rcssmin", "rjsmin", "tree-sitter", "whitenoise")
MEMORY = Path("/dev/shm")


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    if options.full and not options.large:
        parser.error("--full is for --large")
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    try:
        site = fetch_s()
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        sys.exit(f"the workload is not there: {missing}")
    peers = find_peers()
    WORK.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    in_memory = MEMORY.is_dir()
    # Two runs at a time do not meet.
    work = Path(tempfile.mkdtemp(prefix="assetbuild-bench-", dir=MEMORY if in_memory else WORK))
    try:
        plans = small.plans(site, work / "S", peers)
        if options.large:
            plans += large.plans(work / "large", peers, full=options.full)
        plans = tuple(plan for plan in plans if options.only in plan.title)
        if not plans and options.only not in RUNTIME:
            parser.error(f"no table has {options.only!r} in its title")
        found = measure(plans, rounds=options.rounds)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    middle = medians(found)
    judged = [judge(demand, middle) for demand in DEMANDS if options.only in demand.row[0]]
    if options.only in RUNTIME and not found.interrupted:
        judged += runtime_calls()
    text = _text(found, judged, peers, load=load, in_memory=in_memory)
    if options.write:
        PAGE.write_text(text, "utf-8")
    print(text, end="")
    sys.exit(130 if found.interrupted else 1 if found.failed or found.unprepared else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each row; 5 by default")
    parser.add_argument("--large", action="store_true", help="the workloads M and L too: many minutes")
    parser.add_argument("--full", action="store_true", help="with --large: all of M minified and compressed, too")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the tables whose title holds this")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    return parser


def _text(found: Measured, judged: Sequence[Judged], peers: Peers, *, load: float, in_memory: bool) -> str:
    theirs = [f"{name} {number}" for name, number in sorted(peers.versions.items()) if name not in SHOWN]
    facts = {
        "place": "in memory, so that the disk is not what is measured" if in_memory else "on the disk",
        "cores": os.cpu_count(),
        "machine": f"{platform.system()} on {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": load,
        "versions": ", ".join([*(f"{name} {version(name)}" for name in SHOWN), *theirs]),
    }
    return page(found, judged, facts)


if __name__ == "__main__":
    main()
