"""The queue of a publish: requests on several threads, with one pause for all, and failures sorted by what helps.

botocore's own retries lose a deploy in an outage of five seconds, and its adaptive mode turns a fifth of `SlowDown`
into minutes; so nothing is repeated below here. Knows no objects and no releases: a task is a name and a function.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from assetbuild.build.storage import Failure, StorageError

T = TypeVar("T")

NO_PROGRESS_SECONDS = 600.0
"""So long nothing may succeed before all is given up."""

_FOR_ALL = frozenset(
    {
        Failure.DENIED,
        Failure.CREDENTIALS,
        Failure.CLOCK,
        Failure.NO_BUCKET,
        Failure.TLS,
        Failure.UNSUPPORTED,
        Failure.TARGET,
        Failure.FULL,
    }
)
"""What the next request would fail of just so."""
_AGAIN = frozenset({Failure.THROTTLED, Failure.TRANSIENT, Failure.UNREACHABLE, Failure.EXPIRED})
_FEW_TRIES = 4
_FIRST_TRIES = {Failure.UNREACHABLE: _FEW_TRIES, Failure.TRANSIENT: 2 * _FEW_TRIES}
"""How often an address is tried that nothing sensible has ever come from: it is more likely wrong than down."""
_CALM = 8
"""So many successes, at least, before one more request may be under way at once."""
_LONGEST_PAUSE = 20.0
_LONGEST_ASKED_FOR = 120.0
"""Seconds that a server may ask us to wait (RFC 9110, section 10.2.3)."""


class Clock(Protocol):
    """Time as the queue needs it, in seconds."""

    def monotonic(self) -> float: ...

    def wait(self, event: threading.Condition, seconds: float) -> None:
        """Wait until the condition is notified, or so long. The condition is held."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Condition, seconds: float) -> None:
        event.wait(seconds)


@dataclass(frozen=True, slots=True)
class Task:
    """One request. `run` may be called again after a failure; it raises `StorageError`. `size` is in bytes."""

    name: str
    size: int
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that did not succeed, and what it last failed of."""

    name: str
    error: StorageError


class GaveUp(Exception):
    """The queue ended before its end: of the first failure that holds for all, or without progress for too long."""

    def __init__(self, error: StorageError) -> None:
        super().__init__(str(error))
        self.error = error


def _is_end(error: StorageError, *, started: bool, tries: int, idle: float) -> bool:
    """Whether no request has to be tried any more. `tries` counts those since the last success, and those of several
    threads at once as one; `idle` is the seconds since then."""
    if error.failure in _FOR_ALL:
        return True
    if error.failure is Failure.EXPIRED and tries >= _FEW_TRIES:  # nothing has refreshed them
        return True
    if not started and tries >= _FIRST_TRIES.get(error.failure, tries + 1):
        return True
    # A machine that slept has been idle for long too, and then deserves a few tries.
    return error.failure in _AGAIN and idle >= NO_PROGRESS_SECONDS and tries >= _FEW_TRIES


def _is_answer(error: StorageError) -> bool:
    """Whether a server of the right kind said this."""
    return error.failure not in _FIRST_TRIES


def _pause(error: StorageError, tries: int) -> float:
    """Seconds; doubling, and spread so that publishers that failed together do not come back together."""
    if error.retry_after is not None:
        return min(error.retry_after, _LONGEST_ASKED_FOR)
    longest = min(_LONGEST_PAUSE, 0.1 * float(1 << min(tries, 8)))
    return longest * random.uniform(0.5, 1.0)


@dataclass(slots=True)
class Patience:
    """Single requests, each repeated for as long as that makes sense. `started`: whether any has ever been answered."""

    clock: Clock = field(default_factory=SystemClock)
    started: bool = False
    retries: int = 0

    def of(self, action: Callable[[], T]) -> T:
        """What the action returns. It may be carried out more than once. Raises the `StorageError` that ends it."""
        began, tries, quiet = self.clock.monotonic(), 0, threading.Condition()
        while True:
            try:
                result = action()
            except StorageError as error:
                tries += 1
                self.started = self.started or _is_answer(error)
                idle = self.clock.monotonic() - began
                if error.failure not in _AGAIN or _is_end(error, started=self.started, tries=tries, idle=idle):
                    raise
                self.retries += 1
                with quiet:
                    self.clock.wait(quiet, _pause(error, tries))
            else:
                self.started = True
                return result


@dataclass(slots=True)
class Queue:
    """Runs tasks on up to `workers` threads. `done` is told of each success, from any thread.

    `started`: whether the target has ever answered; set by this queue's own requests too.
    """

    workers: int
    clock: Clock = field(default_factory=SystemClock)
    done: Callable[[Task], None] = lambda task: None
    started: bool = False
    retries: int = 0
    _state: threading.Condition = field(default_factory=threading.Condition)

    def run(self, tasks: Iterable[Task]) -> tuple[Failed, ...]:
        """Do all tasks, and return those that failed for reasons of their own. Raises `GaveUp`, and whatever a task
        or `done` raises that is no `StorageError`; then no request is under way any more."""
        batch = _Batch(deque(tasks), max(1, self.workers), self.clock.monotonic())
        threads = [
            threading.Thread(target=self._work, args=(batch,), name=f"send-{number}", daemon=True)
            for number in range(min(batch.allowed, len(batch.waiting)))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)  # so that Ctrl-C comes through
        except BaseException:
            with self._state:
                batch.is_over = True
                self._state.notify_all()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            raise
        if batch.crash is not None:
            raise batch.crash
        if batch.fatal is not None:
            raise GaveUp(batch.fatal)
        return tuple(sorted(batch.failed, key=lambda failed: failed.name))

    # --- one thread ---

    def _work(self, batch: _Batch) -> None:
        while (task := self._take(batch)) is not None:
            try:
                task.run()
            except StorageError as error:
                self._settle(batch, task, error)
                continue
            except BaseException as error:  # noqa: BLE001  it is raised again by `run`
                self._crash(batch, error, running=1)
                continue
            self._succeed(batch)
            try:
                self.done(task)
            except BaseException as error:  # noqa: BLE001  likewise
                self._crash(batch, error, running=0)

    def _take(self, batch: _Batch) -> Task | None:
        """The next task, once the pause is over and fewer than the allowed number are running; None at the end."""
        with self._state:
            while True:
                now = self.clock.monotonic()
                if batch.is_over or (not batch.waiting and not batch.running):
                    self._state.notify_all()
                    return None
                if now >= batch.paused_until and batch.waiting and batch.running < batch.allowed:
                    batch.running += 1
                    return batch.waiting.popleft()
                pause = batch.paused_until - now
                self.clock.wait(self._state, pause if pause > 0 and batch.waiting else 1.0)

    def _crash(self, batch: _Batch, error: BaseException, *, running: int) -> None:
        with self._state:
            batch.crash = batch.crash or error
            batch.is_over = True
            batch.running -= running
            self._state.notify_all()

    def _succeed(self, batch: _Batch) -> None:
        with self._state:
            self.started = True
            batch.running -= 1
            batch.last_success = self.clock.monotonic()
            batch.failures = batch.pauses = 0
            batch.calm += 1
            if batch.calm >= max(batch.allowed, _CALM) and batch.allowed < self.workers:
                batch.allowed, batch.calm = batch.allowed + 1, 0  # as TCP does: halve at once, come back step by step
            self._state.notify_all()

    def _settle(self, batch: _Batch, task: Task, error: StorageError) -> None:
        """Decide what a failure means for its task and for all others."""
        with self._state:
            now = self.clock.monotonic()
            batch.running -= 1
            batch.failures += 1
            self.started = self.started or _is_answer(error)
            idle = now - batch.last_success
            if _is_end(error, started=self.started, tries=batch.pauses + (now >= batch.paused_until), idle=idle):
                batch.fatal = batch.fatal or error
                batch.is_over = True
            elif error.failure in _AGAIN:
                self._again(batch, task, error, now)
            else:
                batch.failed.append(Failed(task.name, error))
            self._state.notify_all()

    def _again(self, batch: _Batch, task: Task, error: StorageError, now: float) -> None:
        """Put the task back, and hold all workers for a while: what one was told holds for the others too."""
        self.retries += 1
        batch.waiting.append(task)
        batch.calm = 0
        if error.failure is Failure.TRANSIENT and error.retry_after is None and batch.failures <= batch.allowed:
            return  # single ones come and go
        if now < batch.paused_until:  # one of a burst, for which all are waiting already
            if error.retry_after is not None:
                batch.paused_until = max(batch.paused_until, now + _pause(error, batch.pauses))
            return
        batch.pauses += 1
        batch.paused_until = now + _pause(error, batch.pauses)
        if error.failure is Failure.THROTTLED:
            batch.allowed = max(1, batch.allowed // 2)


@dataclass(slots=True)
class _Batch:
    """What the threads of one `run` share, under the queue's condition."""

    waiting: deque[Task]
    allowed: int
    last_success: float
    running: int = 0
    paused_until: float = 0.0
    pauses: int = 0
    """Since the last success."""
    failures: int = 0
    """Likewise."""
    calm: int = 0
    is_over: bool = False
    fatal: StorageError | None = None
    crash: BaseException | None = None
    failed: list[Failed] = field(default_factory=list)


def ranked(tasks: Iterable[tuple[int, Task]]) -> Sequence[tuple[Task, ...]]:
    """Tasks by rank, in order: a barrier stands between two ranks."""
    by_rank: dict[int, list[Task]] = {}
    for rank, task in tasks:
        by_rank.setdefault(rank, []).append(task)
    return [tuple(by_rank[rank]) for rank in sorted(by_rank)]
