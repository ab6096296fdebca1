"""Keeps the cache within its bound: when a build has ended, what was not of use for the longest time goes.

Decides from names, sizes and times; what a key stands for it does not know. Another build may read and write meanwhile:
what is removed under its hands is a miss there. As in all of the cache, nothing is raised for the state of the disk.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assetbuild.build import cache_account
from assetbuild.build.atomic import TEMPORARY, replace_file
from assetbuild.build.cache import KEY, Cache

_FRESH_NS = 60_000_000_000
"""What nothing names and is younger than a minute may be what another build is just about to name."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the cache: its size in bytes, and its mtime, which for a step is when it was last of use."""

    size: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step's file, by key, and the digest of the object that it names; '' where it is no whole step."""

    key: str
    file: File
    digest: str


@dataclass(frozen=True, slots=True)
class Trim:
    """What has to go: keys of steps, and digests of objects that then nothing names. Sorted."""

    steps: tuple[str, ...]
    objects: tuple[str, ...]


def keep_within_bound(cache: Cache) -> None:
    """Remove what is too much, and what nothing can use; but nothing that was used or written through `cache`.

    Reads one small file where the account says that all is well. To be called when a build has ended.
    """
    if cache.limit is None or cache.is_readonly:
        return
    before = cache_account.read(cache.root)
    held = cache_account.total(before)
    if held is not None and held <= cache.limit:
        return
    folders = (cache.root, cache.steps, cache.objects)
    if not all(_is_own_folder(folder) and os.access(folder, os.W_OK) for folder in (cache.folder, *folders)):
        return
    # Steps are listed before objects: one that is put in between is then not seen, rather than seen without its object.
    steps, objects = _steps(cache), _files(cache.objects)
    now_ns = time.time_ns()
    trim = plan(steps, objects, pinned=cache.used, limit=cache.limit, now_ns=now_ns)
    # Steps go before their objects, so that a kill in between leaves objects that nothing names, which the next finds.
    gone = _remove(cache.steps, trim.steps, {step.key: step.file for step in steps})
    gone += _remove(cache.objects, trim.objects, objects)
    _remove_leftovers(cache.root / "tmp", now_ns=now_ns)
    left = sum(step.file.size for step in steps) + sum(file.size for file in objects.values()) - gone
    since = cache_account.read(cache.root)[len(before) :]
    with contextlib.suppress(OSError):
        account = cache_account.counted(left, since=since)
        replace_file(cache.root / cache_account.NAME, account, temporary=cache.root / "tmp")


def plan(
    steps: Iterable[Step], objects: Mapping[str, File], *, pinned: Collection[str], limit: int, now_ns: int
) -> Trim:
    """What has to go so that at most `limit` bytes are left, besides what `pinned` keys need.

    Steps that are not whole or name no object go always, and so do objects that nothing names. Where the rest is too
    much it is brought to nine tenths of `limit`, so that not every build has to.
    """
    good = [step for step in steps if step.digest in objects]
    out = {step.key for step in steps} - {step.key for step in good}
    users = Counter(step.digest for step in good)
    unnamed = {
        digest for digest, file in objects.items() if digest not in users and abs(now_ns - file.time_ns) >= _FRESH_NS
    }
    held = sum(step.file.size for step in good) + sum(objects[digest].size for digest in objects.keys() - unnamed)
    goal = held if held <= limit else limit * 9 // 10
    for step in sorted(good, key=lambda step: (step.file.time_ns, step.key)):
        if held <= goal:
            break
        if step.key in pinned:
            continue
        out.add(step.key)
        held -= step.file.size
        users[step.digest] -= 1
        if not users[step.digest]:
            unnamed.add(step.digest)
            held -= objects[step.digest].size
    return Trim(tuple(sorted(out)), tuple(sorted(unnamed)))


def _steps(cache: Cache) -> list[Step]:
    return [Step(key, file, cache.named(key)) for key, file in sorted(_files(cache.steps).items())]


def _files(folder: Path) -> dict[str, File]:
    """The cache's own files in `folder`, by name."""
    found: dict[str, File] = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not KEY.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(info.st_mode):
                    found[entry.name] = File(info.st_size, info.st_mtime_ns)
    return found


def _remove(folder: Path, names: Iterable[str], files: Mapping[str, File]) -> int:
    """Remove files; how many bytes are gone now."""
    gone = 0
    for name in names:
        try:
            os.unlink(folder / name)
        except FileNotFoundError:  # another build has done the same
            pass
        except OSError:
            continue
        gone += files[name].size
    return gone


def _remove_leftovers(folder: Path, *, now_ns: int) -> None:
    """Temporary files of builds that were killed. A writer that loses a file to this begins it again."""
    if not _is_own_folder(folder):
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                age_ns = now_ns - entry.stat(follow_symlinks=False).st_mtime_ns
                if TEMPORARY.fullmatch(entry.name) and abs(age_ns) >= _FRESH_NS:
                    os.unlink(entry.path)


def _is_own_folder(folder: Path) -> bool:
    """Whether it is a folder and no symlink: nothing is ever removed through one."""
    try:
        return stat.S_ISDIR(os.lstat(folder).st_mode)
    except OSError:
        return False
