"""The cache: `v1/steps/<key>` -> `v1/objects/<sha256>`, and beside them the state that one build leaves to the next.

Holds nothing that a build needs to be right, so nothing here raises for the state of the disk: whatever cannot be read
and proven is a miss, and where nothing can be written the cache is off. What a key stands for it does not know, nor
what has to go: that is `cache_bound.py`'s.

The state is one file, `v1/state`: a line of `assetbuild-state 1 <sha256>`, and then the data with that digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assetbuild.build import cache_account, index
from assetbuild.build.atomic import TEMPORARY, replace_file

_VERSION = "v1"
KEY = re.compile(r"[0-9a-f]{64}")
_USED_AGAIN_AFTER = 3600.0  # seconds; a hit sooner than this leaves the mtime alone, so that reading stays reading

_STEP_MAGIC = b"assetbuild-step 1 "
_STATE_MAGIC = b"assetbuild-state 1 "

_IGNORE = b"*\n"
_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This file marks the folder as a cache that assetbuild made, so that backups can leave it out.\n"
    b"# For information about cache directory tags see https://bford.info/cachedir/\n"
)
_MARKS = {".gitignore": _IGNORE, "CACHEDIR.TAG": _TAG}

LOCK_NAME = "lock"

CACHE_FOLDERS = (f"{_VERSION}/objects", f"{_VERSION}/steps", f"{_VERSION}/tmp")


@dataclass(frozen=True, slots=True)
class Cached:
    """A step's result, proven to be the bytes that were put in."""

    data: bytes
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache in `folder`. Any number of threads and processes may use one folder at once.

    `is_readonly`: for commands that only look; nothing is kept, and no time of use is noted. `limit`: the bytes that
    `keep_within_bound` leaves; with 0 no result is kept or used, with None there is no bound.
    """

    folder: Path
    is_readonly: bool = False
    limit: int | None = None
    used: set[str] = field(default_factory=set, compare=False)
    """The keys of what was used or kept through this object; `add` may come from any thread."""

    def get(self, key: str) -> Cached | None:
        """The result under `key` (64 hex), or None where there is none that can be proven right."""
        step = self._step(key)
        record = self._record(key) if self.limit != 0 else None
        if record is None:
            return None
        digest, meta = record
        data = _read(self.objects / digest)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            return None
        self.used.add(key)
        if not self.is_readonly:
            # The mtime of a step is when it was last of use. A file system that cannot be written keeps the old one.
            with contextlib.suppress(OSError):
                if abs(time.time() - os.stat(step).st_mtime) > _USED_AGAIN_AFTER:
                    os.utime(step)
        return Cached(data, meta)

    def put(self, key: str, data: bytes, meta: Mapping[str, str]) -> None:
        """Keep a result under `key` (64 hex), if the folder can be written."""
        if self.is_readonly or self.limit == 0:
            return
        self.used.add(key)
        digest = hashlib.sha256(data).hexdigest()
        record = {"key": key, "meta": dict(meta), "object": digest}
        body = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
        step, sealed = self._step(key), _sealed(_STEP_MAGIC, body)
        try:
            make_folder(self.folder)
            has_object = _read(self.objects / digest) == data
            cache_account.note(self.root, len(sealed) + (0 if has_object else len(data)))
            # The object first: a step never names one that was not written. An object that was damaged on the disk is
            # replaced here, which is why its presence alone is not enough.
            if not has_object:
                self._replace(self.objects / digest, data)
            self._replace(step, sealed)
        except OSError:
            return

    def named(self, key: str) -> str:
        """The digest of the object that the step `key` names; '' where there is no whole step."""
        record = self._record(key)
        return record[0] if record is not None else ""

    def read_state(self) -> bytes | None:
        """What `write_state` wrote last, or None where it is missing, torn, edited or of another version."""
        return _proven(self.root / "state", _STATE_MAGIC)

    def write_index(self, data: bytes | None) -> None:
        """Leave the index to the next build, or none; if the folder can be written. It proves itself whole."""
        path = self.root / index.NAME
        with contextlib.suppress(OSError):
            if data is None:
                path.unlink(missing_ok=True)
            elif not self.is_readonly and _read(path) != data:
                self._replace(path, data)

    def write_state(self, data: bytes) -> None:
        """Leave `data` to the next build, if the folder can be written."""
        try:
            make_folder(self.folder)
            self._replace(self.root / "state", _sealed(_STATE_MAGIC, data))
        except OSError:
            return

    @property
    def root(self) -> Path:
        return self.folder / _VERSION

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def steps(self) -> Path:
        return self.root / "steps"

    def _step(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(f"a cache key is 64 hexadecimal digits, not {key!r}")
        return self.steps / key

    def _record(self, key: str) -> tuple[str, dict[str, str]] | None:
        body = _proven(self._step(key), _STEP_MAGIC)
        return _parse_record(body, key) if body is not None else None

    def _replace(self, path: Path, data: bytes) -> None:
        replace_file(path, data, temporary=self.root / "tmp")


def make_folder(folder: Path) -> None:
    """Make the cache folder, marked as one that git and backups leave out. Raises `OSError`."""
    for name, content in _MARKS.items():
        if not os.path.lexists(folder / name):
            replace_file(folder / name, content, temporary=folder)


def own_files(folder: Path) -> list[Path]:
    """Every file in a cache folder that this module or the lock made, sorted. Symlinks are not followed."""
    root = folder / _VERSION
    found = [folder / LOCK_NAME, root / "state", root / index.NAME, root / cache_account.NAME]
    found += [folder / name for name, content in _MARKS.items() if _read(folder / name) == content]
    places = ((folder, TEMPORARY), (root / "tmp", TEMPORARY), (root / "steps", KEY), (root / "objects", KEY))
    for inner, pattern in places:
        if all(_is(stat.S_ISDIR, above) for above in (folder, root, inner)):
            found += [inner / name for name in os.listdir(inner) if pattern.fullmatch(name)]
    folders = {path for path in (folder, root, *(place for place, _ in places)) if _is(stat.S_ISDIR, path)}
    return sorted(path for path in found if {folder, path.parent} <= folders and _is(stat.S_ISREG, path))


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    try:
        return kind(os.lstat(path).st_mode)
    except OSError:
        return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _sealed(magic: bytes, body: bytes) -> bytes:
    return magic + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _proven(path: Path, magic: bytes) -> bytes | None:
    """The body of a sealed file, if it is whole and of this version."""
    data = _read(path) or b""
    body = data.partition(b"\n")[2]
    return body if data == _sealed(magic, body) else None


def _parse_record(body: bytes, key: str) -> tuple[str, dict[str, str]] | None:
    """The object's digest and the meta data of a step's record; None where it is not one, or is another key's."""
    try:
        record = json.loads(body)
        digest, meta = record["object"], record["meta"]
        if record["key"] != key or not KEY.fullmatch(digest):
            return None
        if not all(isinstance(value, str) for value in meta.values()):
            return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return digest, meta
