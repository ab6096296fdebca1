"""The state of a target: release records, the log of what went live, intents of running publishes, locks of prunes.

Knows their names and their JSON, and reads and writes them; what may be done when is `publish.py`'s and `prune.py`'s.
Nothing rests on conditional writes: every name but a record's is unique, and two writers of one record write the same.

    releases/<build>.json            what a release needs; it exists only if every key of it does
    retired/<build>.json             the same of one whose objects are being removed
    pins/<build>                     one that is never removed
    log/<environment>/<place>.json   what went live, the newest first in any listing
    intents/<id>.json  locks/<id>.json
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetbuild.build.release_record import (
    BUILD,
    DamagedRecord,
    Kept,
    Release,
    headers_document,
    release_document,
    release_from,
)
from assetbuild.build.storage import Failure, Headers, ObjectInfo, Storage, StorageError, Stored
from assetbuild.build.transfer import Patience

__all__ = ["Activation", "DamagedRecord", "Kept", "Ledger", "Mark", "Release", "headers_document"]

SCHEMA = 1
_LAST = 10**12
_PLACE = re.compile(r"log/(?P<environment>[^/]+)/(?P<left>[0-9]{12})-(?P<id>[0-9a-f]{32})\.json")
_ID = re.compile(r"[0-9a-f]{32}")
_READS = 3
"""How often an object is read whose bytes are not those that its own digest tells of: damaged on the way, or there."""
_HEADERS = Headers(content_type="application/json", cache_control="no-store")


@dataclass(frozen=True, slots=True)
class Activation:
    """One entry of the log: from here on `build` was live in `environment`.

    `at` is when, by the clock of the machine that said so, and `modified` by the storage's; in seconds since 1970.
    """

    key: str
    environment: str
    sequence: int
    build: str
    at: float
    modified: float
    action: str = "publish"
    target: str = ""
    """For which target, where the state may be several targets'; '' where it lies inside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An intent or a lock. `at` is when it was last written and `since` when first, by the storage's clock.

    An intent has the `keys` that it relies on, its builds, and what stands for the objects that it writes. One that
    cannot be read says that somebody is at work, and not at what.
    """

    key: str
    at: float
    since: float = 0.0
    keys: frozenset[str] = frozenset()
    builds: frozenset[str] = frozenset()
    profile: str = ""
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state below `prefix` (empty, or ending in `/`) of a storage. `new_id` gives 32 hexadecimal digits.

    Every method may raise `StorageError`, after every request was tried for as long as `patience` has; those that read
    also `DamagedRecord`. What lies in between and has no name of ours is not there.
    """

    storage: Storage
    prefix: str
    new_id: Callable[[], str]
    patience: Patience = field(default_factory=Patience)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.storage.name.rstrip('/')}/{self.prefix}".rstrip("/")

    # --- releases ---

    def release(self, build: str) -> Release | None:
        """The record of a build, None if there is none."""
        key = self.release_key(build)
        found = self._read(key)
        return release_from(key, *found) if found is not None else None

    def put_release(self, release: Release) -> None:
        self._write(self.release_key(release.build), release_document(release))

    def release_key(self, build: str) -> str:
        return f"{self.prefix}releases/{build}.json"

    def builds(self) -> dict[str, float]:
        """The builds that have a record, and when that was written, by the storage's clock."""
        return {name: info.modified for name, info in self._named("releases", BUILD)}

    def retired(self) -> Iterator[Release]:
        """The records of releases whose objects are being removed."""
        for _, info in self._named("retired", BUILD):
            if (found := self._read(info.key)) is not None:
                yield release_from(info.key, *found)

    def retire(self, release: Release) -> None:
        """Say first that nothing of a release can be relied on any more, and where its objects are to be found."""
        self._write(self.retired_key(release.build), release_document(release))
        self.remove(self.release_key(release.build))

    def retired_key(self, build: str) -> str:
        return f"{self.prefix}retired/{build}.json"

    def pinned(self) -> frozenset[str]:
        """Builds that are never pruned: `pins/<build>` stands for each."""
        start = f"{self.prefix}pins/"
        return frozenset(info.key[len(start) :].removesuffix(".json") for info in self._listed(start))

    # --- the log ---

    def live(self, environment: str) -> Activation | None:
        """The newest entry, from a listing of one key."""
        for limit in (1, None):  # all, where a file manager has left something of its own before it
            found = self._listed(self._log(environment), limit=limit)
            for info in found:
                if self._place(info.key) is not None:
                    return self._activation(info)
            if not found:
                break
        return None

    def activations(self, environment: str = "", *, limit: int | None = None) -> Iterator[Activation]:
        """Of one environment the newest first; of all, environment by environment."""
        start = self._log(environment) if environment else f"{self.prefix}log/"
        entries = [info for info in self._listed(start) if self._place(info.key) is not None]
        for info in entries[:limit]:
            yield self._activation(info)

    def newest(self, *, besides: str) -> list[Activation]:
        """What is live in every other environment; one request, and one for each."""
        first: dict[str, ObjectInfo] = {}
        for info in self._listed(f"{self.prefix}log/"):
            if (match := self._place(info.key)) is not None:
                first.setdefault(match["environment"], info)
        return [self._activation(info) for environment, info in sorted(first.items()) if environment != besides]

    def activate(
        self, build: str, *, environment: str, action: str, after: Activation | None, at: float, target: str = ""
    ) -> Activation:
        """Append to the log; returns the new entry. Which entry is live, `live` tells afterwards."""
        sequence = (after.sequence if after else 0) + 1
        key = f"{self._log(environment)}{_LAST - 1 - sequence:012d}-{self.new_id()}.json"
        whose = {"target": target} if target else {}
        document = {"build": build, "environment": environment, "action": action, "at": round(at, 3), **whose}
        info = self._write(key, document)
        return Activation(key, environment, sequence, build, round(at, 3), info.modified, action, target)

    def _place(self, key: str) -> re.Match[str] | None:
        return _PLACE.fullmatch(key[len(self.prefix) :])

    def _log(self, environment: str) -> str:
        return f"{self.prefix}log/{environment}/"

    def _activation(self, info: ObjectInfo) -> Activation:
        match, found = self._place(info.key), self._read(info.key)
        if match is None or found is None:
            raise DamagedRecord(info.key, "it is gone, or no entry of the log")
        document, _ = found
        build = document.get("build")
        if not isinstance(build, str) or not BUILD.fullmatch(build):
            raise DamagedRecord(info.key, "it names no build")
        at = document.get("at")
        return Activation(
            info.key,
            match["environment"],
            _LAST - 1 - int(match["left"]),
            build,
            float(at) if isinstance(at, int | float) else info.modified,
            info.modified,
            str(document.get("action", "publish")),
            str(document.get("target", "")),
        )

    # --- intents and locks ---

    def put_intent(self, key: str, *, keys: Iterable[str], build: str, profile: str, since: float | None) -> None:
        """`since`: when it was first written, by the storage's clock; None the first time."""
        first = {} if since is None else {"since": since}
        self._write(key, {"keys": sorted(keys), "builds": [build], "profile": profile, **first})

    def put_lock(self, key: str) -> None:
        self._write(key, {})

    def intent_key(self) -> str:
        return f"{self.prefix}intents/{self.new_id()}.json"

    def lock_key(self) -> str:
        return f"{self.prefix}locks/{self.new_id()}.json"

    def is_busy(self) -> bool:
        """Whether any publish is under way, or has ended before its end. One request."""
        return bool(self._named("intents", _ID))

    def intents(self) -> Iterator[Mark]:
        for _, info in self._named("intents", _ID):
            try:
                found = self._read(info.key)
            except DamagedRecord:
                yield Mark(info.key, info.modified, info.modified, is_readable=False)
                continue
            if found is None:
                continue
            document, since = found[0], found[0].get("since")
            yield Mark(
                info.key,
                info.modified,
                float(since) if isinstance(since, int | float) else info.modified,
                _strings(document, "keys"),
                _strings(document, "builds"),
                str(document.get("profile", "")),
                is_readable=isinstance(document.get("keys"), list) and isinstance(document.get("builds"), list),
            )

    def locks(self) -> list[Mark]:
        return [Mark(info.key, info.modified) for _, info in self._named("locks", _ID)]

    def remove(self, key: str) -> None:
        self.patience.of(lambda: self.storage.delete(key))

    # --- requests ---

    def _listed(self, start: str, *, limit: int | None = None) -> list[ObjectInfo]:
        return self.patience.of(lambda: list(self.storage.list(start, limit=limit)))

    def _named(self, folder: str, form: re.Pattern[str]) -> list[tuple[str, ObjectInfo]]:
        """What lies in a folder of ours under `<name>.json` with a name of this form."""
        start = f"{self.prefix}{folder}/"
        found = [(info.key[len(start) :], info) for info in self._listed(start)]
        return [
            (name.removesuffix(".json"), info)
            for name, info in found
            if name.endswith(".json") and form.fullmatch(name.removesuffix(".json"))
        ]

    def _read(self, key: str) -> tuple[dict[str, Any], float] | None:
        """An object's JSON, and when it was written."""
        try:
            stored = self._get(key)
        except StorageError as error:
            if error.failure is Failure.NOT_FOUND:
                return None
            raise
        try:
            document = json.loads(stored.body)
        except (ValueError, RecursionError):
            raise DamagedRecord(key, "it is no JSON") from None
        if not isinstance(document, dict):
            raise DamagedRecord(key, "it is no JSON object")
        if document.get("schema") != SCHEMA:
            raise DamagedRecord(key, f"its schema is {document.get('schema')!r}; this version knows {SCHEMA}")
        return document, stored.info.modified

    def _get(self, key: str) -> Stored:
        for _ in range(_READS):
            stored = self.patience.of(lambda: self.storage.get(key))
            if stored.info.sha256 in (None, hashlib.sha256(stored.body).hexdigest()):
                return stored
        raise DamagedRecord(key, "it does not have the bytes that were written")

    def _write(self, key: str, document: Mapping[str, object]) -> ObjectInfo:
        text = json.dumps({"schema": SCHEMA, **document}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return self.patience.of(lambda: self.storage.put(key, text.encode(), _HEADERS))


def _strings(document: Mapping[str, Any], name: str) -> frozenset[str]:
    found = document.get(name)
    return frozenset(item for item in found if isinstance(item, str)) if isinstance(found, list) else frozenset()
