"""What a publish or a rollback says before it relies on anything: the keys that no prune may take away meanwhile.

Together with the lock of a prune this is the whole of what keeps them apart: each writes its own mark, and then looks
for the other's. So one of two that start at once always sees the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from assetbuild.build.ledger import Mark
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.remote import INTENT_SECONDS, LOCK_SECONDS, Held, Remote

_POLL_SECONDS = 2.0
_UNSEEN_TRIES = 15
"""How often a listing may be without what was written before it."""
_RENEWED_AFTER = INTENT_SECONDS / 4
_EXPIRED_AFTER = INTENT_SECONDS * 3 / 4
"""A prune may have passed over an intent that was not renewed for longer, as where this machine slept."""


class Intent:
    """The mark of one publish, written again now and then."""

    def __init__(self, remote: Remote, keys: Iterable[str], *, build: str, profile: str) -> None:
        self.key = remote.ledger.intent_key()
        self.profile = profile
        self._remote, self._keys, self._build = remote, frozenset(keys), build
        self._since: float | None = None
        self._elapsed = remote.elapsed()
        self._lock = threading.Lock()

    def write(self) -> None:
        elapsed = self._remote.elapsed()  # from before the request: the storage's clock cannot have been earlier
        ledger = self._remote.ledger
        ledger.put_intent(self.key, keys=self._keys, build=self._build, profile=self.profile, since=self._since)
        self._elapsed = elapsed

    def seen(self, at: float) -> None:
        """Told when it was last written, by the storage's clock."""
        self._since = at if self._since is None else self._since

    def keep(self) -> None:
        """Write it again if that was long ago. Called from any thread. Raises `BuildFailed` where it was too long."""
        with self._lock:
            elapsed = self._elapsed()
            if elapsed > _EXPIRED_AFTER:
                text = "this machine stood still for so long that a prune may have removed what was sent"
                raise BuildFailed([Problem("publish-slow", text, hint="run it again: it goes on from there")])
            if elapsed > _RENEWED_AFTER:
                self.write()

    def remove(self) -> None:
        self._remote.ledger.remove(self.key)


@dataclass(frozen=True, slots=True)
class Others:
    """The intents of other publishes, running or interrupted, and the time by the storage's clock."""

    marks: tuple[Mark, ...]
    now: float

    def abandoned(self) -> list[str]:
        """The keys of those that nobody can be behind any more."""
        return [mark.key for mark in self.marks if self.now - mark.at >= INTENT_SECONDS]


def wait_for_prunes(remote: Remote, intent: Intent) -> Others:
    """Write the intent, and wait while a prune is under way that may have read the intents before it was there."""
    quiet = threading.Condition()
    unseen = 0
    met: dict[str, float] = {}

    def is_over(lock: Mark, own: Mark) -> bool:
        """By the storage's clock, or by this machine's: where the former was put back, a lock seems to be of later."""
        now = remote.clock.monotonic()
        return max(own.at - lock.at, now - met.setdefault(lock.key, now)) >= LOCK_SECONDS

    intent.write()
    while True:
        marks = {mark.key: mark for mark in remote.ledger.intents()}
        own = marks.pop(intent.key, None)
        if own is not None:
            intent.seen(own.at)
            if not [lock for lock in remote.ledger.locks() if not is_over(lock, own)]:
                intent.keep()
                return Others(tuple(marks.values()), own.at)
            remote.listener(Held())
        else:
            unseen += 1
            if unseen >= _UNSEEN_TRIES:
                raise BuildFailed([unlisted(remote)])
        with quiet:
            remote.clock.wait(quiet, _POLL_SECONDS)
        intent.write()


def unlisted(remote: Remote) -> Problem:
    """What is wrong where a mark is not in the listing after it."""
    text = f"{remote.ledger.storage.name} does not list what was written there just now"
    return Problem("storage-lags", text, hint="run `assetbuild doctor`: it finds out what the server does")
