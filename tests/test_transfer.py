"""The queue of a publish on a clock that only moves when everybody waits: outages take no time here."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.storage import Failure, StorageError
from assetbuild.build.transfer import NO_PROGRESS_SECONDS, GaveUp, Patience, Queue, SystemClock, Task, ranked
from tests.publishing import QuickClock, failure

AGAIN = (Failure.THROTTLED, Failure.TRANSIENT, Failure.UNREACHABLE, Failure.EXPIRED)
PER_KEY = (Failure.NOT_FOUND, Failure.PRECONDITION, Failure.OTHER)
FATAL = tuple(kind for kind in Failure if kind not in AGAIN + PER_KEY)


@dataclass(slots=True)
class SharedClock:
    """Moves to the next moment that somebody waits for, once nobody is at work."""

    time: float = 1000.0
    working: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    moments: dict[int, float] = field(default_factory=dict)

    def monotonic(self) -> float:
        return self.time

    def wait(self, event: threading.Condition, seconds: float) -> None:
        me = threading.get_ident()
        with self.lock:
            self.moments[me] = self.time + seconds
        told = event.wait(0.003)
        with self.lock:
            if not told and not self.working:
                self.time = max(self.time, min(self.moments.values()))
            del self.moments[me]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self.lock:
            self.working += 1
        try:
            yield
        finally:
            with self.lock:
                self.working -= 1


@dataclass(slots=True)
class Server:
    """Answers tasks. `fails` has the time, the number of the request, the task's name and its earlier tries."""

    fails: Callable[[float, int, str, int], StorageError | None]
    clock: SharedClock = field(default_factory=SharedClock)
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    at_once_after: int = 0
    """The most at once while the clock stood where it stands now."""

    def task(self, name: str) -> Task:
        return Task(name, 10, lambda: self.ask(name))

    def ask(self, name: str) -> None:
        with self.clock.at_work():
            with self.lock:
                number, tries = self.count, self.tries[name]
                self.count += 1
                self.tries[name] += 1
                self.moments.append(self.clock.time)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                is_new = len(self.moments) > 1 and self.moments[-2] != self.moments[-1]
                self.at_once_after = self.at_once if is_new else max(self.at_once_after, self.at_once)
            time.sleep(0.0005)  # so that requests overlap
            error = self.fails(self.clock.time, number, name, tries)
            with self.lock:
                self.at_once -= 1
                if error is None:
                    self.answered[name] += 1
            if error is not None:
                raise error

    def run(self, count: int, *, workers: int = 8, started: bool = True) -> tuple[str, ...]:
        queue = Queue(workers, self.clock, started=started)
        return tuple(failed.name for failed in queue.run([self.task(f"{place:03}") for place in range(count)]))


def test_every_task_is_done_once_where_nothing_fails() -> None:
    server = Server(lambda *request: None)
    assert server.run(200) == ()
    assert set(server.answered.values()) == {1}
    assert server.count == 200
    assert server.most_at_once <= 8
    assert server.clock.time == 1000.0


@pytest.mark.parametrize("kind", [Failure.UNREACHABLE, Failure.TRANSIENT, Failure.THROTTLED])
@pytest.mark.parametrize("begin", [0, 1, 50])
def test_an_outage_of_five_seconds_ends_in_success_soon_after_it(kind: Failure, begin: int) -> None:
    down: list[float] = []

    def fails(now: float, number: int, name: str, tries: int) -> StorageError | None:
        if number >= begin and not down:
            down.append(now)
        return failure(kind) if down and now < down[0] + 5.0 else None

    server = Server(fails)
    assert server.run(100) == ()
    assert set(server.answered.values()) == {1}
    assert server.clock.time < 1000 + 5 + 10, "the pause is of the outage's order"
    assert server.count < 100 + 8 * 20, "an outage is not hammered"


def test_a_fifth_of_slow_down_succeeds_within_seconds_and_with_fewer_at_once() -> None:
    server = Server(lambda now, number, name, tries: failure(Failure.THROTTLED) if number % 5 == 0 else None)
    assert server.run(300, workers=16) == ()
    assert set(server.answered.values()) == {1}
    assert server.clock.time < 1000 + 60


def test_slow_down_pauses_all_workers_and_halves_them() -> None:
    refused: list[int] = []

    def fails(now: float, number: int, name: str, tries: int) -> StorageError | None:
        if number != 40:
            return None
        refused.append(server.count)
        return failure(Failure.THROTTLED, retry_after=7.0)

    server = Server(fails)
    assert server.run(64) == ()
    later = server.moments[refused[0] + 8 :]
    assert min(later) >= 1007.0, "nobody sends while the server wants to be left alone"
    assert server.at_once_after <= 6, "eight, halved, and come back step by step"


@pytest.mark.parametrize("workers", [1, 4])
def test_a_server_that_allows_only_so_many_at_once_gets_no_more_for_long(workers: int) -> None:
    server = Server(lambda *request: None)
    server.fails = lambda now, number, name, tries: failure(Failure.THROTTLED) if server.at_once > workers else None
    assert server.run(200, workers=16) == ()
    assert server.count < 300


@pytest.mark.parametrize("kind", FATAL)
def test_what_the_next_request_would_fail_of_too_ends_all_at_once(kind: Failure) -> None:
    server = Server(lambda now, number, name, tries: failure(kind) if number == 20 else None)
    with pytest.raises(GaveUp) as caught:
        server.run(1000)
    assert caught.value.error.failure is kind
    assert server.count <= 20 + 8 + 8
    assert server.at_once == 0, "no request is under way any more"


@pytest.mark.parametrize("kind", PER_KEY)
def test_what_is_wrong_with_one_key_ends_that_task_and_is_told_in_order(kind: Failure) -> None:
    bad = {"007", "050", "003"}
    server = Server(lambda now, number, name, tries: failure(kind) if name in bad else None)
    assert server.run(100) == ("003", "007", "050")
    assert {server.tries[name] for name in bad} == {1}
    assert len(server.answered) == 97


@pytest.mark.parametrize(("kind", "most"), [(Failure.UNREACHABLE, 4), (Failure.TRANSIENT, 8)])
def test_an_address_where_nothing_has_ever_answered_is_given_up_after_a_few_tries(kind: Failure, most: int) -> None:
    server = Server(lambda *request: failure(kind))
    with pytest.raises(GaveUp):
        server.run(100, started=False)
    assert server.clock.time < 1060
    alone = Patience(QuickClock())
    asked = [0]

    def ask() -> None:
        asked[0] += 1
        raise failure(kind)

    with pytest.raises(StorageError):
        alone.of(ask)
    assert asked == [most]


def test_an_address_that_says_slow_down_is_the_right_one() -> None:
    server = Server(lambda now, number, name, tries: failure(Failure.THROTTLED) if now < 1100 else None)
    assert server.run(20, started=False) == ()


@pytest.mark.parametrize("kind", [Failure.THROTTLED, Failure.TRANSIENT, Failure.UNREACHABLE])
def test_ten_minutes_without_any_success_are_given_up(kind: Failure) -> None:
    server = Server(lambda now, number, name, tries: failure(kind) if number >= 20 else None)
    with pytest.raises(GaveUp) as caught:
        server.run(100)
    assert caught.value.error.failure is kind
    assert NO_PROGRESS_SECONDS <= server.clock.time - 1000 <= NO_PROGRESS_SECONDS + 60
    assert server.count < 20 + 8 * 60


def test_slow_progress_is_not_given_up() -> None:
    last: list[float] = [1000.0]

    def fails(now: float, number: int, name: str, tries: int) -> StorageError | None:
        if now < last[0] + 300:
            return failure(Failure.THROTTLED)
        last[0] = now
        return None

    server = Server(fails)
    assert server.run(6, workers=2) == ()
    assert server.clock.time > 1000 + 2 * NO_PROGRESS_SECONDS


def test_credentials_that_have_run_out_are_tried_a_few_times_for_somebody_may_refresh_them() -> None:
    server = Server(lambda now, number, name, tries: failure(Failure.EXPIRED) if 20 <= number < 30 else None)
    assert server.run(100) == ()
    server = Server(lambda now, number, name, tries: failure(Failure.EXPIRED) if number >= 20 else None)
    with pytest.raises(GaveUp):
        server.run(100)
    assert server.clock.time < 1060


def test_a_machine_that_slept_has_a_few_tries_more() -> None:
    clock = QuickClock()
    patience, asked = Patience(clock, started=True), [0]

    def ask() -> str:
        asked[0] += 1
        if asked[0] == 1:
            clock.time += 2 * NO_PROGRESS_SECONDS
            raise failure(Failure.TRANSIENT)
        return "answer"

    assert patience.of(ask) == "answer"


@pytest.mark.parametrize("kind", Failure)
def test_patience_repeats_exactly_what_the_queue_repeats(kind: Failure) -> None:
    asked = [0]

    def ask() -> str:
        asked[0] += 1
        if asked[0] == 1:
            raise failure(kind)
        return "answer"

    patience = Patience(QuickClock())
    if kind in AGAIN:
        assert patience.of(ask) == "answer"
        assert patience.retries == 1
    else:
        with pytest.raises(StorageError):
            patience.of(ask)
        assert asked == [1]


@pytest.mark.parametrize("where", ["task", "done"])
def test_what_is_no_failure_of_a_storage_ends_all_and_comes_out(where: str) -> None:
    ran: list[str] = []

    def act(name: str) -> None:
        ran.append(name)
        if where == "task" and name == "20":
            raise ZeroDivisionError

    def done(task: Task) -> None:
        if where == "done" and task.name == "20":
            raise ZeroDivisionError

    queue = Queue(4, SharedClock(), done)
    with pytest.raises(ZeroDivisionError):
        queue.run([Task(f"{place:02}", 1, lambda place=place: act(f"{place:02}")) for place in range(5000)])  # type: ignore[misc]
    assert len(ran) < 5000
    assert not [one for one in threading.enumerate() if one.name.startswith("send-") and one.is_alive()]


def test_ctrl_c_ends_all_threads_and_comes_through() -> None:
    """The real clock, and a real signal while workers are in a pause of minutes and in requests."""
    begun = threading.Barrier(6)
    release = threading.Event()

    def slow() -> None:
        begun.wait(10)
        release.wait(10)

    def refused() -> None:
        begun.wait(10)
        raise failure(Failure.THROTTLED, retry_after=100.0)

    def interrupt() -> None:
        begun.wait(10)
        os.kill(os.getpid(), signal.SIGINT)
        release.set()

    # Where tests run in the background, a shell may have switched the signal off.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt).start()
    queue = Queue(5, SystemClock())
    try:
        with pytest.raises(KeyboardInterrupt):
            queue.run(
                [
                    *(Task(f"{number}", 1, slow) for number in range(4)),
                    Task("x", 1, refused),
                    *(Task("y", 1, slow) for _ in range(50)),
                ]
            )
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [one for one in threading.enumerate() if one.name.startswith("send-") and one.is_alive()]


def test_a_thread_that_cannot_be_started_leaves_no_other_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, [0]

    def failing(thread: threading.Thread) -> None:
        started[0] += 1
        if started[0] == 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    with pytest.raises(RuntimeError):
        Queue(8, SharedClock()).run([Task(str(number), 1, lambda: None) for number in range(50)])
    monkeypatch.undo()
    assert not [one for one in threading.enumerate() if one.name.startswith("send-") and one.is_alive()]


@given(
    st.lists(st.lists(st.sampled_from([Failure.TRANSIENT, Failure.THROTTLED, Failure.UNREACHABLE]), max_size=3)),
    st.sets(st.integers(0, 20)),
    st.integers(1, 6),
)
def test_what_comes_out_does_not_depend_on_scheduling(
    failures: list[list[Failure]], bad: set[int], workers: int
) -> None:
    def fails(now: float, number: int, name: str, tries: int) -> StorageError | None:
        place = int(name)
        if tries < len(failures[place]):
            return failure(failures[place][tries])
        return failure(Failure.OTHER) if place in bad else None

    server = Server(fails)
    wanted = tuple(f"{place:03}" for place in sorted(bad) if place < len(failures))
    assert server.run(len(failures), workers=workers) == wanted
    assert {name: server.tries[name] for name in server.tries} == {
        f"{place:03}": len(kinds) + 1 for place, kinds in enumerate(failures)
    }


def test_no_task_is_no_work() -> None:
    assert Queue(4).run([]) == ()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())))
def test_ranks_come_in_order_and_keep_the_order_within(tasks: list[tuple[int, int]]) -> None:
    made = [(rank, Task(str(number), number, lambda: None)) for rank, number in tasks]
    flat = [task for batch in ranked(made) for task in batch]
    assert flat == [task for _, task in sorted(made, key=lambda pair: pair[0])]
    assert len(ranked(made)) == len({rank for rank, _ in tasks})
