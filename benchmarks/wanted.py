"""How long a row may take beside others, and how much memory: what is asked of this project, as data.

Judges medians that others took. A row that was not measured leaves its demand open, and is never taken as met.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import bundlers, large, small

Place = tuple[str, str]
"""The title of a table, and the name of a row in it."""


@dataclass(frozen=True, slots=True)
class Median:
    """Of the runs of a row: seconds by the clock, seconds of all threads, MB of all its processes together."""

    clock: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One demand, with what was measured if it was: both are ratios to `against`, or both are in `unit`.

    `why` says why nothing was measured, `reason` why it is missed where it is.
    """

    work: str
    against: str
    wanted: float
    measured: float | None
    unit: str = ""
    why: str = ""
    reason: str = ""

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return f"not measured: {self.why}" if self.why else "not measured"
        if self.measured <= self.wanted:
            return "met"
        return f"missed: {self.reason}" if self.reason else "missed"


@dataclass(frozen=True, slots=True)
class Ratio:
    """`row` takes at most `wanted` times the weighted sum of `base`, which `against` puts into words."""

    work: str
    row: Place
    against: str
    base: tuple[tuple[float, Place], ...]
    wanted: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Peak:
    """All processes of `row` together take at most so many MB at a time."""

    work: str
    row: Place
    wanted: float
    reason: str = ""


def _to(title: str, name: str) -> tuple[tuple[float, Place], ...]:
    return ((1.0, (title, name)),)


_COLD, _CACHED, _NONE = "assetbuild, cold", "assetbuild, outputs deleted, cache kept", "assetbuild, nothing to do"
_M, _L = large.NAMES["M"], large.NAMES["L"]
_WEBASSETS = "webassets, cold"

_READ = (
    "every script is read for what it names, in Python, and every style sheet too; that is most of it, and parsing "
    "takes about four times as long"
)
_BARE = f"what is wanted is what listing, reading, digesting and writing alone take; {_READ}"
_PROVEN = "scanning and proving are the most of it, and the peers do neither; the minifiers take a thirtieth"
_START = "importing the compiler takes 0.2 s of it; the rest is walking, resolving and naming thousands of assets"
_THREADS = "what is wanted is less than compressing alone takes: that peer uses all cores and the same library too"
_TREE = (
    "the manifest of L has 14 MB and is held more than once as it is written; the rest is what is known of its files"
)

DEMANDS: tuple[Ratio | Peak, ...] = (
    Ratio("nothing to do, M", (_M, _NONE), large.PYTHON, _to(_M, large.PYTHON), 3),
    Ratio("nothing to do, M", (_M, _NONE), "collectstatic", _to(_M, "collectstatic, nothing to do"), 1 / 40),
    Ratio("nothing to do, L", (_L, _NONE), large.PYTHON, _to(_L, large.PYTHON), 7),
    Ratio("nothing to do, L", (_L, _NONE), large.SCAN, _to(_L, large.SCAN), 2.5),
    Ratio("names only, L, cold", (_L, _COLD), large.COPY, _to(_L, large.COPY), 2.2, _READ),
    Ratio("names only, L, cold", (_L, _COLD), "collectstatic", _to(_L, "collectstatic, cold"), 1 / 12, _BARE),
    Ratio("names only, L, cold", (_L, _COLD), "Flask-Static-Digest", _to(_L, "Flask-Static-Digest"), 1 / 2.5, _BARE),
    Ratio(
        "every file of M minified and named, proofs cached",
        (large.MINIFIED, _CACHED),
        "webassets, unproven",
        _to(large.MINIFIED, "webassets"),
        0.15,
        _START,
    ),
    Ratio(
        "every file of M minified and named, proofs not cached",
        (large.MINIFIED, _COLD),
        "webassets, unproven",
        _to(large.MINIFIED, "webassets"),
        1,
        _PROVEN,
    ),
    Ratio(
        "S in full, cold", (small.IN_FULL, _COLD), small.WHITENOISE, _to(small.IN_FULL, small.WHITENOISE), 0.3, _THREADS
    ),
    Ratio("S in full, cold", (small.IN_FULL, _COLD), small.STORAGE, _to(small.IN_FULL, small.STORAGE), 0.3, _THREADS),
    Ratio("S in full, cold", (small.IN_FULL, _COLD), small.BASELINE, _to(small.IN_FULL, small.BASELINE), 1.2, _PROVEN),
    Ratio(
        "M in full, cold",
        (large.IN_FULL, _COLD),
        small.WHITENOISE,
        _to(large.IN_FULL, small.WHITENOISE),
        0.35,
        _THREADS,
    ),
    Ratio("M in full, cold", (large.IN_FULL, _COLD), small.STORAGE, _to(large.IN_FULL, small.STORAGE), 0.35, _THREADS),
    Ratio(
        "M in full, outputs deleted, cache kept",
        (large.IN_FULL, _CACHED),
        "names only, M, cold",
        _to(_M, _COLD),
        3,
        "names only needs less now; the rest is reading and digesting what the cache holds",
    ),
    Ratio(
        "M in full, one script of 160 KB changed",
        (large.IN_FULL, large.CHANGED),
        "3 x nothing to do + that script alone, without Python's start",
        (
            (3, (large.IN_FULL, _NONE)),
            (1, (large.IN_FULL, large.ALONE)),
            (-1, (_M, large.PYTHON)),
        ),
        1,
        _START,
    ),
    Ratio(
        "names only, M, one script of 160 KB changed",
        (_M, large.CHANGED),
        "3 x nothing to do + that script alone, without Python's start",
        ((3, (_M, _NONE)), (1, (_M, large.ALONE)), (-1, (_M, large.PYTHON))),
        1,
        _START,
    ),
    Ratio(
        "names only, M, one script of 160 KB changed",
        (_M, large.CHANGED),
        "collectstatic",
        _to(_M, "collectstatic, one script changed"),
        1 / 20,
        _START,
    ),
    Ratio("S as two bundles, cold", (bundlers.TITLE, _COLD), "webassets", _to(bundlers.TITLE, _WEBASSETS), 1, _PROVEN),
    Ratio(
        "S as two bundles, cold",
        (bundlers.TITLE, _COLD),
        "esbuild's binary",
        _to(bundlers.TITLE, bundlers.ESBUILD),
        1.3,
        _PROVEN,
    ),
    Ratio("M in full, cold, two jobs", (large.IN_FULL, _COLD), "one job", _to(large.IN_FULL, large.ONE_JOB), 1 / 1.7),
    Peak("memory, names only, L, cold", (_L, _COLD), 60, _TREE),
    Peak(
        "memory, M in full, cold",
        (large.IN_FULL, _COLD),
        160,
        "three processes with compiler and parser, and what brotli needs on two threads",
    ),
)


RUNTIME = "run-time half"


def judge(demand: Ratio | Peak, medians: Mapping[Place, Median]) -> Judged:
    needed = [demand.row] if isinstance(demand, Peak) else [demand.row, *(place for _, place in demand.base)]
    lacking = [f"{name} ({title})" for title, name in needed if (title, name) not in medians]
    why = f"no run of {lacking[0]}" if lacking else ""
    if isinstance(demand, Peak):
        peak = None if lacking else medians[demand.row].peak
        return Judged(demand.work, "", demand.wanted, peak, "MB", why, demand.reason)
    ratio = None
    if not lacking:
        ratio = medians[demand.row].clock / sum(weight * medians[place].clock for weight, place in demand.base)
    return Judged(demand.work, demand.against, demand.wanted, ratio, "", why, demand.reason)


def runtime_calls() -> Sequence[Judged]:
    """The demands of the run-time half, which `rows` of `benchmarks.runtime_calls` measures and judges, if it is there.

    Whatever becomes of it, what was measured before is worth its page.
    """
    try:
        rows: Callable[[], Sequence[Judged]] = importlib.import_module("benchmarks.runtime_calls").rows
        return rows()
    except KeyboardInterrupt:
        why = "interrupted"
    except Exception as error:  # noqa: BLE001
        why = f"{type(error).__name__}: {error}"
    return [Judged(RUNTIME, "", 0, None, why=why)]
