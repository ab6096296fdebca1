"""Removing what no kept release needs. Counts releases, from when they were retired; never looks at names or mtimes.

Only keys that records of retired releases name are ever removed: what others put at the target is out of reach. A lock
and the intents of publishes see to it that nothing goes which a running publish relies on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.intent import unlisted
from assetbuild.build.ledger import Activation, Ledger, Mark, Release
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.remote import INTENT_SECONDS, LOCK_SECONDS, Remote
from assetbuild.build.shared_target import check_state
from assetbuild.build.storage import StorageError

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept, and how much may go.

    `keep`: how many of the builds that were live last in every environment are kept. `retention`: seconds after a
    release was retired in which pages of old servers may still ask for its files. `most`: more objects than that are
    not removed.
    """

    keep: int = 5
    retention: float = 7 * 86400.0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """What a prune removes: keys with their sizes in bytes, and the releases that go with them."""

    objects: Mapping[str, int]
    builds: tuple[str, ...]
    kept: tuple[str, ...]
    entries: tuple[str, ...] = ()
    """Entries of the log that tell of releases which are gone."""

    @property
    def size(self) -> int:
        return sum(self.objects.values())


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that a plan rests on, read in this order: intents, log, records."""

    now: float
    intents: tuple[Mark, ...]
    log: tuple[Activation, ...]
    written: Mapping[str, float]
    pinned: frozenset[str]


def plan_prune(remote: Remote, rules: Rules) -> Removal:
    """What `prune` would remove now. Writes nothing. Raises `StorageError`, `DamagedRecord`."""
    newest = max((mark.at for mark in remote.ledger.intents()), default=remote.now())
    return _planned(remote, rules, _look(remote, max(newest, remote.now()))).removal


def prune(remote: Remote, rules: Rules) -> tuple[Removal, tuple[StorageError, ...]]:
    """Remove what nothing needs; returns what was removed and what could not be.

    Raises `BuildFailed` where another prune is running, where more than `rules.most` would go, and where it took so
    long that the lock might not hold any more; `StorageError` and `DamagedRecord` too. Running it again goes on.
    """
    ledger = remote.ledger
    lock = ledger.lock_key()
    elapsed = remote.elapsed()
    ledger.put_lock(lock)
    try:
        locks = {mark.key: mark for mark in ledger.locks()}
        if lock not in locks:
            raise BuildFailed([unlisted(remote)])
        now = locks.pop(lock).at
        # One of much later is as old as one of much earlier: the storage's clock was put back since.
        if any(abs(now - mark.at) < LOCK_SECONDS for mark in locks.values()):
            text = f"another prune of {remote.storage.name} is running, or was interrupted"
            raise BuildFailed([Problem("prune-locked", text, hint="wait until it has ended, at most ten minutes")])
        planned = _planned(remote, rules, _look(remote, now))
        removal = planned.removal
        if rules.most is not None and len(removal.objects) > rules.most:
            text = f"{len(removal.objects)} objects would be removed, and --max-delete allows {rules.most}"
            raise BuildFailed([Problem("prune-too-many", text, hint="look at --dry-run, then allow more")])
        failed = _remove(remote, planned, elapsed)
        for key in sorted(locks):
            ledger.remove(key)
    except BaseException:
        with contextlib.suppress(StorageError):  # it goes stale by itself, and what led here is what has to be told
            ledger.storage.delete(lock)
        raise
    ledger.remove(lock)
    return removal, failed


def _look(remote: Remote, now: float) -> _Seen:
    ledger = remote.ledger
    intents = tuple(ledger.intents())
    log = tuple(ledger.activations())
    check_state(remote, log)
    return _Seen(now, intents, log, ledger.builds(), ledger.pinned())


@dataclass(frozen=True, slots=True)
class _Planned:
    """A removal, and the records that it needs: of releases that go, and of such as were going when a prune ended."""

    removal: Removal
    going: tuple[Release, ...]
    gone: tuple[str, ...]


def _planned(remote: Remote, rules: Rules, seen: _Seen) -> _Planned:
    fresh = [mark for mark in seen.intents if seen.now - mark.at < INTENT_SECONDS]
    if any(not mark.is_readable for mark in fresh):
        text = f"{remote.storage.name}: a publish is running whose intent cannot be read"
        raise BuildFailed([Problem("prune-unclear", text, hint="wait until it has ended, at most an hour")])
    kept = _kept(rules, seen) | {build for mark in fresh for build in mark.builds}
    needed = {key for mark in fresh for key in mark.keys}
    retired = {release.build: release for release in remote.ledger.retired()}
    for build in sorted(kept):
        release = (remote.ledger.release(build) if build in seen.written else None) or retired.get(build)
        if release is not None:
            needed |= release.objects.keys()
        elif any(entry.build == build for entry in _live(seen.log)):
            text = f"{remote.storage.name} has no record of the release {build[:8]}, which is live"
            raise BuildFailed([Problem("prune-unclear", text, hint="publish that build again, then prune")])
    going = tuple(_releases(remote.ledger, [build for build in sorted(seen.written) if build not in kept]))
    gone = [release for build, release in sorted(retired.items()) if build not in kept or build in seen.written]
    doomed: dict[str, int] = {}
    for release in (*going, *gone):
        doomed |= {key: one.size for key, one in release.objects.items() if key not in needed}
    there = remote.listed() if doomed else {}
    objects = {key: size for key, size in sorted(doomed.items()) if key in there}
    entries = tuple(entry.key for entry in seen.log if entry.build not in kept)
    removal = Removal(
        objects, tuple(release.build for release in going), tuple(sorted(kept & seen.written.keys())), entries
    )
    return _Planned(removal, going, tuple(release.build for release in gone))


def _releases(ledger: Ledger, builds: Sequence[str]) -> Iterator[Release]:
    for build in builds:
        if (release := ledger.release(build)) is not None:
            yield release


def _kept(rules: Rules, seen: _Seen) -> set[str]:
    """The builds that are live, were among the last to be, or ceased to be not long ago; and those that are pinned.

    A release that never went live, because its publish was interrupted, counts from when its record was written.
    """
    kept = set(seen.pinned)
    for entries in _by_environment(seen.log).values():
        last: dict[str, None] = {}  # going back and forth between two releases counts as two
        for place, entry in enumerate(entries):
            last[entry.build] = None
            retired = entries[place - 1].modified if place else seen.now
            if place == 0 or len(last) <= rules.keep or seen.now - retired < rules.retention:
                kept.add(entry.build)
    activated = {entry.build for entry in seen.log}
    young = {build for build, at in seen.written.items() if seen.now - at < rules.retention}
    return kept | (young - activated)


def _by_environment(log: Iterable[Activation]) -> dict[str, list[Activation]]:
    """The entries of each, the newest first."""
    found: dict[str, list[Activation]] = {}
    for entry in sorted(log, key=lambda entry: entry.key):
        found.setdefault(entry.environment, []).append(entry)
    return found


def _live(log: Iterable[Activation]) -> list[Activation]:
    return [entries[0] for entries in _by_environment(log).values()]


def _remove(remote: Remote, planned: _Planned, elapsed: Callable[[], float]) -> tuple[StorageError, ...]:
    """The records first, so that none ever names an object that is gone; their copies last: none is forgotten."""
    ledger, removal = remote.ledger, planned.removal

    def in_time() -> None:
        if elapsed() >= LOCK_SECONDS / 2:
            text = "this prune took so long that its lock may not hold any more, so it ended half way"
            raise BuildFailed([Problem("prune-slow", text, hint="run it again: it goes on from there")])

    def delete(batch: Sequence[str]) -> tuple[StorageError, ...]:
        in_time()  # before every try
        return remote.storage.delete_many(batch)

    for release in planned.going:
        in_time()
        ledger.retire(release)
    failed: list[StorageError] = []
    keys = list(removal.objects)
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        failed += remote.patience.of(lambda batch=batch: delete(batch))  # type: ignore[misc]
    for entry in removal.entries:
        in_time()
        ledger.remove(entry)
    if not failed:
        for build in sorted({*removal.builds, *planned.gone}):
            in_time()
            ledger.remove(ledger.retired_key(build))
    return tuple(failed)
