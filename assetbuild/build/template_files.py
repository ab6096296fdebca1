"""The templates of a project as files: which there are, and their bytes.

Knows patterns and stats, and nothing of what is in a template.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assetbuild.build.globs import Globs, is_glob
from assetbuild.build.model import Config, FileStat
from assetbuild.build.tree import posix, stat_of
from assetbuild.manifest import regular_bytes


@dataclass(frozen=True, slots=True)
class Places:
    """What is looked at: files below `base` that `patterns` match, but for those in the folders `skip`."""

    base: Path
    patterns: tuple[str, ...]
    skip: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the patterns begin with; no one of them lies in another."""
        found = sorted({_fixed_folder(pattern) for pattern in self.patterns})
        kept = [each for each in found if not any(each != other and _is_below(each, other) for other in found)]
        return tuple(self.base / each for each in kept)


NOWHERE = Places(Path(), ())
"""A project without templates."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The templates, sorted, and the folders that were listed for them, each with what it was just before."""

    files: Mapping[str, FileStat] = field(default_factory=dict)
    folders: Mapping[str, FileStat] = field(default_factory=dict)


def of(config: Config) -> Places:
    return Places(config.base, config.templates, (config.output, config.cache))


def look(places: Places) -> Seen:
    """Every template with its stat, by absolute path. What cannot be listed or looked at is none."""
    if not places.patterns:
        return Seen()
    globs = Globs(places.patterns)
    skipped = {os.path.realpath(path) for path in places.skip}
    files: dict[str, FileStat] = {}
    folders: dict[str, FileStat] = {}
    for start in places.folders:
        folders |= _above(start)
        for parent, stat, names in _walk(start, skipped):
            folders[posix(parent)] = stat
            relative = Path(parent).relative_to(places.base).as_posix()
            for name in names:
                if globs.matches(name if relative == "." else f"{relative}/{name}"):
                    files |= _stated(os.path.join(parent, name))
    return Seen(dict(sorted(files.items())), dict(sorted(folders.items())))


def _above(folder: Path) -> dict[str, FileStat]:
    """Where a folder is missing, the one in which it would appear, or one on the way to that."""
    if folder.is_dir():
        return {}
    return next((_stated(str(parent)) for parent in folder.parents if parent.is_dir()), {})


def _stated(path: str) -> dict[str, FileStat]:
    try:
        return {posix(path): stat_of(os.stat(path))}
    except OSError:  # a link to nothing, or a file that has just gone
        return {}


def read(path: str) -> bytes:
    """Raises OSError."""
    return regular_bytes(path)


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    real: str
    is_linked: bool
    """Whether a link leads to it, or to a folder above it."""


def _walk(start: Path, skipped: Collection[str]) -> Iterator[tuple[str, FileStat, list[str]]]:
    """Every folder from `start` on, with its stat and the names of its files; `skipped` are real paths.

    Folders that start with a dot can match no glob, and are not entered. Links to folders are: but none to a folder
    that it lies in, and of those below a link one to each folder, so that links among each other come to an end.
    """
    waiting = [_Folder(os.fspath(start), os.path.realpath(start), is_linked=False)]
    entered: set[str] = set()
    while waiting:
        folder = waiting.pop()
        try:
            before = stat_of(os.stat(folder.path))
            with os.scandir(folder.path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        inner = [entry for entry in found if entry.is_dir() and not entry.name.startswith(".")]
        waiting += [each for entry in reversed(inner) for each in _entered(entry, folder, skipped, entered)]
        yield folder.path, before, [entry.name for entry in found if not entry.is_dir()]


def _entered(
    entry: os.DirEntry[str], parent: _Folder, skipped: Collection[str], entered: set[str]
) -> Iterator[_Folder]:
    """The folder, if it is to be entered; `entered` are those that links lead to."""
    is_link = entry.is_symlink()
    real = os.path.realpath(entry.path) if is_link else os.path.join(parent.real, entry.name)
    if any(_lies_in(real, folder) for folder in skipped):
        return
    if is_link:
        if _lies_in(parent.real, real) or (parent.is_linked and real in entered):
            return
        entered.add(real)
    yield _Folder(entry.path, real, is_linked=is_link or parent.is_linked)


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _fixed_folder(pattern: str) -> str:
    """The folders that a pattern starts with, up to the first that is not named literally."""
    fixed: list[str] = []
    for segment in pattern.split("/")[:-1]:
        if is_glob(segment):
            break
        fixed.append(segment)
    return "/".join(fixed)


def _is_below(folder: str, other: str) -> bool:
    return other == "" or folder.startswith(other + "/")
