"""Publishers, a pruner and rollbacks at one target, interleaved request by request in an order that a seed decides.

Each process is a thread that only moves while the stage lets it; so a seed is a schedule, and a failure can be had
again. Processes die at random requests, lose replies, and sleep so long that locks and intents go stale. After every
request: every key of every record exists, and the live release is whole.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from assetbuild.build.history import rollback
from assetbuild.build.model import BuildFailed
from assetbuild.build.prune import Rules, prune
from assetbuild.build.publish import publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import INTENT_SECONDS, Remote
from assetbuild.build.storage import Failure
from assetbuild.build.storage_memory import MemoryStorage
from tests.publishing import Client, Crash, Effect, Request, failure, remote_over, small, stale_names, violations

BUILDS = 5
EXPECTED = {"publish-lost", "publish-slow", "prune-locked", "prune-slow", "prune-unclear", "release-unknown"}
EXPECTED |= {"release-damaged"}
"""Ends of a command that are right in the middle of such a storm."""
ALWAYS_RIGHT = {"prune-locked", "release-unknown", "release-damaged"}
"""Those that may also come where nobody sleeps."""


@dataclass(frozen=True, slots=True)
class Storm:
    """What may happen at a request, as chances."""

    crash: float = 0.0
    lost: float = 0.0
    sleep: float = 0.0


@dataclass(slots=True)
class Process:
    """A thread that runs one command after another, and stands still at each request until it is told to go on."""

    stage: Stage
    number: int
    random: random.Random
    offset: float
    """How far this machine's clock is off."""
    act: Callable[[Process], None]
    may_go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    pending: Request | None = None
    wakes_at: float = 0.0
    is_over: bool = False
    fate: str = ""

    def monotonic(self) -> float:
        return self.stage.time

    def wait(self, event: threading.Condition, seconds: float) -> None:
        self.wakes_at = self.stage.time + seconds
        self.pending = None
        self.stand_still()
        self.stage.time = max(self.stage.time, self.wakes_at)

    def gate(self, request: Request, effect: Effect) -> object:
        self.pending, self.wakes_at = request, 0.0
        self.stand_still()
        if self.fate == "crash before":
            raise Crash
        found = effect()
        self.stage.check(f"{self.number}: {request}")
        if self.fate == "crash after":
            raise Crash
        if self.fate == "lost":
            raise failure(Failure.TRANSIENT)
        if self.fate == "sleep":
            self.stage.sleep()
        return found

    def stand_still(self) -> None:
        self.stage.has_stopped.release()
        self.may_go.acquire()

    def remote(self) -> Remote:
        client = Client(self.stage.storage, self.gate)
        return remote_over(client, self, self.random, now=lambda: self.stage.time + self.offset)

    def run(self) -> None:
        self.may_go.acquire()
        try:
            self.act(self)
        except BaseException as error:  # noqa: BLE001  told by the stage
            self.stage.failures.append(error)
        self.is_over = True
        self.stage.has_stopped.release()


@dataclass(slots=True)
class Stage:
    """The storage, its clock, and who moves next."""

    seed: int
    storm: Storm
    storage: MemoryStorage = field(init=False)
    random: random.Random = field(init=False)
    time: float = 1000.0
    has_stopped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    processes: list[Process] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    steps: int = 0
    crashes: int = 0
    slept: int = 0
    ended: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.storage = MemoryStorage(clock=lambda: self.time)
        self.random = random.Random(self.seed)

    def add(self, act: Callable[[Process], None]) -> None:
        number = len(self.processes)
        offset = self.random.choice([0.0, -5000.0, 5000.0])
        self.processes.append(Process(self, number, random.Random(f"{self.seed}-{number}"), offset, act))

    def run(self) -> None:
        threads = [threading.Thread(target=process.run, daemon=True) for process in self.processes]
        for thread in threads:
            thread.start()
        while running := [process for process in self.processes if not process.is_over]:
            ready = [process for process in running if process.wakes_at <= self.time]
            chosen = self.random.choice(ready or running)
            chosen.fate = self.fate(chosen)
            self.steps += 1
            self.time += self.random.choice([0.01, 0.1, 1.0])
            chosen.may_go.release()
            self.has_stopped.acquire()
            if self.failures:
                raise self.failures[0]
            assert self.steps < 20_000, "nobody comes to an end"
        for thread in threads:
            thread.join()

    def fate(self, process: Process) -> str:
        if process.pending is None:
            return ""
        dice, storm = self.random.random(), self.storm
        if dice < storm.crash:
            return self.random.choice(["crash before", "crash after"])
        if dice < storm.crash + storm.lost:
            return "lost"
        # Who has sent a request already can no longer look at a clock: servers answer within the margin, or never.
        others = [one for one in self.processes if one is not process and not one.is_over and one.pending is not None]
        if dice < storm.crash + storm.lost + storm.sleep and not any(
            one.pending.is_write for one in others if one.pending is not None
        ):
            return "sleep"
        return ""

    def sleep(self) -> None:
        self.slept += 1
        self.time += self.random.choice([200.0, 700.0, 2000.0, INTENT_SECONDS + 100.0])

    def check(self, what: str) -> None:
        ledger = remote_over(self.storage, self.processes[0], self.random).ledger
        found = violations(self.storage, ledger)
        assert not found, f"seed {self.seed}, step {self.steps}, {what}: {found}"

    def attempt(self, command: Callable[[], object]) -> None:
        try:
            command()
        except Crash:
            self.crashes += 1
        except BuildFailed as failed:
            codes = {problem.code for problem in failed.problems}
            allowed = EXPECTED if self.slept else ALWAYS_RIGHT
            assert codes <= allowed, f"seed {self.seed}: {failed.problems}"
            for code in codes:
                self.ended[code] = self.ended.get(code, 0) + 1


def publisher(process: Process) -> None:
    for _ in range(6):
        local = small(process.random.randrange(BUILDS), salt=str(process.number))
        process.stage.attempt(lambda local=local: publish(process.remote(), local, Policy()))  # type: ignore[misc]


def pruner(process: Process) -> None:
    for _ in range(10):
        rules = Rules(keep=process.random.choice([0, 1, 2]), retention=process.random.choice([0.0, 0.0, 20.0]))
        process.stage.attempt(lambda rules=rules: prune(process.remote(), rules))  # type: ignore[misc]


def returner(process: Process) -> None:
    for _ in range(4):
        build = small(process.random.randrange(BUILDS)).manifest["build"]
        process.stage.attempt(lambda build=build: rollback(process.remote(), build))  # type: ignore[misc]


CASTS = {
    "two publishers": (publisher, publisher),
    "publisher and pruner": (publisher, pruner),
    "all": (publisher, publisher, publisher, pruner, returner),
    "two pruners": (publisher, publisher, pruner, pruner),
}
STORMS = {
    "calm": Storm(),
    "crashes": Storm(crash=0.03, lost=0.03),
    "sleep": Storm(sleep=0.02),
    "everything": Storm(crash=0.02, lost=0.05, sleep=0.02),
}


@pytest.mark.parametrize("storm", STORMS)
@pytest.mark.parametrize("cast", CASTS)
def test_no_order_of_requests_breaks_a_release(cast: str, storm: str) -> None:
    for seed in range(6):
        stage = Stage(seed, STORMS[storm])
        for act in CASTS[cast]:
            stage.add(act)
        stage.run()
        assert stage.steps > 100
        if not stage.crashes and not stage.slept:
            assert_quiet(stage)
        stage.storm, stage.processes = Storm(), []
        stage.add(publish_live)
        stage.run()
        assert_quiet(stage)


def publish_live(process: Process) -> None:
    """One more publish of what is live, as everybody does again after a crash, mends the plain names."""
    ledger = remote_over(process.stage.storage, process, process.random).ledger
    live = ledger.live("production")
    builds = {small(number).manifest["build"]: number for number in range(BUILDS)}
    publish(process.remote(), small(builds[live.build] if live is not None else 0), Policy())


def assert_quiet(stage: Stage) -> None:
    ledger = remote_over(stage.storage, stage.processes[0], stage.random).ledger
    assert violations(stage.storage, ledger) == []
    assert stale_names(stage.storage, ledger) == [], f"seed {stage.seed}"
