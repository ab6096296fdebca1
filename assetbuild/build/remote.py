"""A target with its state and one environment, as publishing, pruning and looking share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assetbuild.build.ledger import Ledger
from assetbuild.build.model import BuildFailed
from assetbuild.build.storage import ObjectInfo, Storage
from assetbuild.build.transfer import Clock, GaveUp, Patience, Queue, SystemClock, Task

INTENT_SECONDS = 3600.0
"""So long an intent holds after it was last written; a publish writes it again long before."""
LOCK_SECONDS = 600.0
"""So long the lock of a prune holds."""
MANIFEST = "manifest.json"
"""The key of the live release's manifest."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Progress: one object has arrived. `bytes_left` and `left` count what still has to."""

    key: str
    left: int
    bytes_left: int


@dataclass(frozen=True, slots=True)
class Held:
    """Progress: a prune is running, so this publish waits."""


Listener = Callable[[Sent | Held], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """Where objects are, and where what is known of them; `now` is in seconds since 1970, `clock` never set back.

    `patience` is for single requests to `storage`, where `queue` is for many. `plain_names` is the environment that
    writes plain names, '' for any.
    """

    storage: Storage
    ledger: Ledger
    environment: str
    workers: int = 16
    clock: Clock = field(default_factory=SystemClock)
    now: Callable[[], float] = time.time
    listener: Listener = lambda event: None
    plain_names: str = ""
    own_patience: Patience | None = None
    """Where the state may lie at another server: that it has answered says nothing of this one."""

    @property
    def patience(self) -> Patience:
        return self.own_patience or self.ledger.patience

    @property
    def retries(self) -> int:
        """How many single requests were repeated."""
        return self.ledger.patience.retries + (self.own_patience.retries if self.own_patience else 0)

    @property
    def has_own_state(self) -> bool:
        return self.ledger.storage is not self.storage

    @property
    def has_plain_names(self) -> bool:
        """Whether the plain names at the target are this environment's."""
        return self.plain_names in ("", self.environment)

    def reach(self) -> None:
        """One request to a target that no answer has come from yet, so that a wrong one is found out at once."""
        if not self.patience.started:
            self.patience.of(lambda: list(self.storage.list(limit=1)))

    def queue(self) -> Queue:
        return Queue(self.workers, self.clock, started=self.patience.started)

    def elapsed(self) -> Callable[[], float]:
        """A count of the seconds from now on. A machine that sleeps may stop one of its clocks, so both are asked."""
        steady, wall = self.clock.monotonic(), self.now()
        return lambda: max(self.clock.monotonic() - steady, self.now() - wall)

    def listed(self) -> dict[str, ObjectInfo]:
        """What is at the target, but for the state where that lies inside."""
        keep_out = "" if self.has_own_state else self.ledger.prefix
        found = {info.key: info for info in self.patience.of(lambda: list(self.storage.list()))}
        return {key: info for key, info in found.items() if not keep_out or not key.startswith(keep_out)}


def run_all(queue: Queue, tasks: Sequence[Task]) -> None:
    """Do all tasks. Raises `BuildFailed` with every one that failed, `StorageError` where there is no sense in more."""
    try:
        failed = queue.run(tasks)
    except GaveUp as gave_up:
        raise gave_up.error from gave_up
    if failed:
        raise BuildFailed([one.error.problem() for one in failed])
