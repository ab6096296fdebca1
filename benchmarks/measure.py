"""Runs rows in turns and keeps what each took; says what it is doing while it does.

One row that fails, or an interrupt, leaves all other measurements as they are. Knows nothing of tables or demands.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import HERE, Case, Group, Plan

Say = Callable[[str], None]
LIMIT = 600.0
"""Seconds after which a row is given up."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end, in seconds: by the clock, and of all its processes and threads; its peak in MB."""

    clock: float
    cpu: float
    peak: float


@dataclass(slots=True)
class Measured:
    """What there is so far. `failed` has the reason for each row that was given up."""

    groups: list[Group] = field(default_factory=list)
    unprepared: dict[str, str] = field(default_factory=dict)
    runs: dict[Case, list[Run]] = field(default_factory=dict)
    failed: dict[Case, str] = field(default_factory=dict)
    interrupted: bool = False


class Failed(Exception):
    """A row did not do what it is there for."""


def measure(plans: Sequence[Plan], *, rounds: int) -> Measured:
    """All that could be measured. The first round warms the machine's caches and does not count."""
    found, began = Measured(), time.monotonic()

    def say(text: str) -> None:
        seconds = time.monotonic() - began
        print(f"{seconds // 60:3.0f}:{seconds % 60:04.1f}  {text}", file=sys.stderr, flush=True)

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _prepare(plans, found, say=say)
        for number in range(rounds + 1):
            _round(number, found, rounds=rounds, say=say)
    except KeyboardInterrupt:
        found.interrupted = True
        say("interrupted")
    finally:
        signal.signal(signal.SIGTERM, previous)
    return found


def _prepare(plans: Sequence[Plan], found: Measured, *, say: Say) -> None:
    for plan in plans:
        say(f"preparing {plan.title}")
        try:
            group = plan.prepare()
        except (OSError, subprocess.SubprocessError) as error:
            say(f"{plan.title} could not be prepared: {error}")
            found.unprepared[plan.title] = str(error)
            continue
        found.groups.append(group)
        found.runs |= {case: [] for case in group.cases}


def _round(number: int, found: Measured, *, rounds: int, say: Say) -> None:
    for group in found.groups:
        for case in group.cases:
            if case.missing or case in found.failed or (case.heavy and not number):
                continue
            try:
                done = run(case)
            except (Failed, OSError) as error:
                found.failed[case] = (str(error).splitlines() or [type(error).__name__])[-1]
                say(f"{group.title}: {case.name} failed:\n{error}")
                continue
            say(f"round {number} of {rounds}: {group.title}: {case.name}: {done.clock:.3f} s, {done.peak:.0f} MB")
            if number:
                found.runs[case].append(done)


def run(case: Case) -> Run:
    for path in case.removed:
        shutil.rmtree(path, ignore_errors=True)
    for source, target in case.copied:
        shutil.copytree(source, target)
    for path in case.changed:
        with path.open("a", encoding="utf-8") as text:
            text.write(f"\n// changed at {time.time_ns()}\n")
    with tempfile.TemporaryDirectory() as scratch:
        report, log = Path(scratch) / "report", Path(scratch) / "log"
        code = _launched(case, report, log)
        if code:
            said = log.read_text("utf-8", "replace").strip() if log.is_file() else ""
            raise Failed(said[-2000:] or f"it ended with exit code {code}")
        if not case.made.exists():
            raise Failed(f"it did not make {case.made.name}")
        return Run(*map(float, report.read_text("utf-8").split()))


def _launched(case: Case, report: Path, log: Path) -> int:
    """The exit code. In a session of its own, so that nothing of it outlives an interrupt."""
    launcher = (sys.executable, "-I", "-S", str(HERE / "launcher.py"), str(report))
    with log.open("wb") as said:
        process = subprocess.Popen(
            (*launcher, *case.command),
            cwd=case.folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"it took longer than {LIMIT:.0f} s") from None
        finally:
            # Nothing is left of a row that ended as it should: then there is no such group.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
