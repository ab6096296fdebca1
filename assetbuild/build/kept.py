"""Records that stay from one build to the next as one JSON entry of the cache, for there are thousands of small ones.

They hold for the code that made them: its digest is the key. Knows names and plain values, not what they say. JSON and
not pickle: whoever can write a cache must not be able to run code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from assetbuild.build import keys, own_code, versions
from assetbuild.build.cache import Cache

PARSER = ("tree-sitter", "tree-sitter-javascript")
"""The packages whose versions decide, besides our own code, what is read of a script."""

_BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a wrong record raises where it is read."""

T = TypeVar("T")


def code_key(label: str, modules: Iterable[str]) -> keys.Description | None:
    """Stands for the code of `modules` of this package and for the parser; None where that code cannot be read."""
    code = own_code.digest(modules)
    return None if code is None else ((label, code), *((name, versions.installed(name)) for name in PARSER))


class Kept:
    """The records of the build before, and those of this one. `cache`: None keeps nothing."""

    def __init__(self, cache: Cache | None, label: str, modules: Iterable[str]) -> None:
        parts = code_key(label, modules) if cache is not None else None
        self._cache, self._key = (cache, keys.key(parts)) if parts is not None else (None, "")
        self._old = _loaded(self._cache, self._key)
        self._new: dict[str, object] = {}

    def get(self, name: str, made: Callable[[Any], T]) -> T | None:
        """What `made` makes of the record; None where there is none, or a wrong one."""
        if name not in self._old:
            return None
        try:
            found = made(self._old[name])
        except _BROKEN:
            return None
        self._new[name] = self._old[name]
        return found

    def put(self, name: str, record: object) -> None:
        self._new[name] = record

    def save(self) -> None:
        """Keep what this build has asked for and put, and nothing else: so what is kept does not grow."""
        if self._cache is not None and self._new.keys() != self._old.keys():
            data = json.dumps(self._new, sort_keys=True, separators=(",", ":")).encode()
            self._cache.put(self._key, data, {})
        self._old, self._new = {}, {}  # large, and asked no more


def _loaded(cache: Cache | None, key: str) -> Mapping[str, Any]:
    cached = cache.get(key) if cache is not None else None
    try:
        found = json.loads(cached.data) if cached is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
