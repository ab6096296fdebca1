"""What a build tells whoever watches it: the progress bar, `why`, and tests that count work done.

A listener is a function; it must not raise, and it may be called from any worker thread.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Work(enum.Enum):
    """The kinds of work that a test may want to count."""

    READ = "read"
    """A source file was opened and read."""
    PROCESS = "process"
    """A processor ran."""
    COMPRESS = "compress"
    """A compression ran."""
    WRITE = "write"
    """A file was written to the output folder."""
    REUSE = "reuse"
    """A cached step's result was used instead of running it."""
    SHARE = "share"
    """A worker process answered a call."""


@dataclass(frozen=True, slots=True)
class Done:
    """One piece of work that is finished. `subject` is a path or a logical path, `detail` the tool's name."""

    work: Work
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase has come: of `total` pieces of work, `done` are finished. `left` says more of the others."""

    phase: str
    done: int
    total: int
    left: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another build holds the lock; this one goes on when that ends."""


Event = Done | Progress | Waiting
Listener = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The listener of a build that nobody watches."""
