"""A storage in this process's memory: the double that tests put in the place of a real one.

As strict as the strictest server: conditions hold between threads, listings are sorted by bytes. Nothing is kept.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from assetbuild.build.storage import (
    Abilities,
    Condition,
    Failure,
    Headers,
    ObjectInfo,
    StorageError,
    Stored,
    check_key,
    check_prefix,
    digest_of,
    key_order,
)


class MemoryStorage:
    """A `Storage`. `clock` gives the seconds since 1970 that `modified` has."""

    def __init__(self, *, name: str = "memory:", clock: Callable[[], float] = time.time) -> None:
        self._name = name
        self._clock = clock
        self._objects: dict[str, Stored] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._name

    @property
    def abilities(self) -> Abilities:
        return Abilities(conditions=True, lists_headers=True)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        with self._lock:
            found = [stored.info for key, stored in self._objects.items() if key.startswith(prefix)]
        yield from sorted(found, key=lambda info: key_order(info.key))[:limit]

    def head(self, key: str) -> ObjectInfo | None:
        with self._lock:
            stored = self._objects.get(check_key(key))
        return stored.info if stored else None

    def get(self, key: str) -> Stored:
        with self._lock:
            stored = self._objects.get(check_key(key))
        if stored is None:
            text = f"{self._name}{key} is not there"
            raise StorageError(Failure.NOT_FOUND, text, hint="publish it first", key=key)
        return stored

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        check_key(key)
        digest = digest_of(body, sha256)
        # Content alone, as an ETag is: the same bytes written twice are the same version.
        version = hashlib.md5(body, usedforsecurity=False).hexdigest()
        with self._lock:
            standing = self._objects.get(key)
            if condition is not None and condition.version != (standing.info.version if standing else ""):
                text = f"{self._name}{key} was written by another writer"
                raise StorageError(Failure.PRECONDITION, text, hint="look at it again, then decide", key=key)
            info = ObjectInfo(key, len(body), version, self._clock(), digest, headers)
            self._objects[key] = Stored(info, body)
        return info

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(check_key(key), None)

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        for key in keys:
            self.delete(key)
        return ()

    def close(self) -> None:
        """Nothing is open."""
