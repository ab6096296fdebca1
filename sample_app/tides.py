"""Tide heights of Port Merrow: the harmonic method, which is how printed tide tables are made.

Pure functions of time. Knows nothing of pages, time zones (all times are UTC) or weather; the harbour is invented, the
speeds of the constituents are the astronomical ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MEAN_LEVEL = 2.9
"""Metres above chart datum, like every height here."""

# (name, speed in degrees an hour, amplitude in metres, phase in degrees)
CONSTITUENTS = (
    ("M2", 28.9841042, 1.62, 141.0),
    ("S2", 30.0000000, 0.58, 188.0),
    ("N2", 28.4397295, 0.33, 122.0),
    ("K1", 15.0410686, 0.12, 101.0),
    ("O1", 13.9430356, 0.09, 334.0),
)
STEP = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment of high or low water."""

    when: datetime
    height: float
    high: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which the water stands at or above a wanted height."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        return round((self.end - self.start) / MINUTE)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def height(when: datetime) -> float:
    hours = (when - EPOCH).total_seconds() / 3600
    return MEAN_LEVEL + sum(
        amplitude * math.cos(math.radians(speed * hours - phase)) for _, speed, amplitude, phase in CONSTITUENTS
    )


def rate(when: datetime) -> float:
    """Metres an hour; positive while the tide rises."""
    hours = (when - EPOCH).total_seconds() / 3600
    return -sum(
        amplitude * math.radians(speed) * math.sin(math.radians(speed * hours - phase))
        for _, speed, amplitude, phase in CONSTITUENTS
    )


def turns(start: datetime, end: datetime) -> list[Turn]:
    """Every high and low water in `[start, end)`, in order."""
    return [Turn(when, height(when), high=not upwards) for when, upwards in _crossings(rate, start, end)]


def windows(start: datetime, end: datetime, *, least: float) -> list[Window]:
    """When the water stands at least `least` metres above chart datum, cut to `[start, end]`."""

    def spare(when: datetime) -> float:
        return height(when) - least

    opened = start if spare(start) >= 0 else None
    found: list[Window] = []
    for when, upwards in _crossings(spare, start, end):
        if upwards:
            opened = when
        elif opened is not None:
            found.append(Window(opened, when))
            opened = None
    return [*found, Window(opened, end)] if opened is not None else found


def curve(day: date) -> list[tuple[int, float]]:
    """(minute of the day, height), every quarter of an hour, both midnights included."""
    start = midnight(day)
    return [(i * 15, height(start + i * STEP)) for i in range(24 * 4 + 1)]


def _crossings(value: Callable[[datetime], float], start: datetime, end: datetime) -> list[tuple[datetime, bool]]:
    """Where `value` passes zero, with whether it does so upwards; half a minute exact."""
    found = []
    here, before = start, value(start)
    while here < end:
        there = min(here + STEP, end)
        after = value(there)
        if (before < 0) != (after < 0):
            found.append((_bisect(value, here, there, upwards=before < 0), before < 0))
        here, before = there, after
    return found


def _bisect(value: Callable[[datetime], float], low: datetime, high: datetime, *, upwards: bool) -> datetime:
    while high - low > MINUTE / 2:
        middle = low + (high - low) / 2
        if (value(middle) < 0) == upwards:
            low = middle
        else:
            high = middle
    return low
