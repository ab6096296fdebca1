"""Reading source roots: the walk, and the bytes of files. The one place that opens sources.

Does not know which files matter (globs, bundles): that is `discover`'s. What is wrong with a file is reported together
with its logical path, so that `discover` can ignore it where the configuration excludes the file.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assetbuild.build.model import Blob, FileStat, Place, Problem, Severity, Source

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that makes the file or folder at `logical` unusable."""

    logical: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything found under the roots, by root and then by logical path.

    `folders` are those that were listed, each with what it was just before. `beside` are files that are read and lie
    under no root, those of adopted builds; `templates` those that may hold blocks.
    """

    sources: tuple[Source, ...]
    flaws: tuple[Flaw, ...]
    folders: Mapping[str, FileStat]
    beside: tuple[Source, ...] = ()
    templates: Mapping[str, FileStat] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Source, ...]:
        return (*self.sources, *self.beside)


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    logical: str
    ancestors: frozenset[str]


def is_ignored(name: str) -> bool:
    """Dotfiles and editors' backups (`x~`, `#x#`) are never assets."""
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def walk(roots: Sequence[Path], mounts: Sequence[str], *, skip: Iterable[Path]) -> Tree:
    """List every file below `roots`; root i's files are named below `mounts[i]`.

    Links inside a root are followed. Paths in `skip` (the output folder, the manifest) and all below them are left out.
    """
    skipped = frozenset(os.path.realpath(path) for path in skip)
    sources: list[Source] = []
    flaws: list[Flaw] = []
    folders: dict[str, FileStat] = {}
    for index, (root, mount) in enumerate(zip(roots, mounts, strict=True)):
        walker = _RootWalk(os.path.realpath(root), index, skipped)
        walker.run(_Folder(os.fspath(root), mount, frozenset()))
        sources += sorted(walker.sources, key=lambda source: source.logical)
        flaws += sorted(walker.flaws, key=lambda flaw: flaw.logical)
        folders |= dict(sorted(walker.folders.items()))
    return Tree(tuple(sources), tuple(flaws), folders)


class _RootWalk:
    """One root's walk. Folders wait on a list, not on the call stack: a deep tree must not end in RecursionError."""

    MOST_PATHS = 64
    """To one folder, by way of links. Links that lead to links double the paths with each level."""

    def __init__(self, real_root: str, index: int, skipped: frozenset[str]) -> None:
        self.real_root, self.index, self.skipped = real_root, index, skipped
        self.skipped_names = {os.path.basename(path).casefold() for path in skipped}
        self.sources: list[Source] = []
        self.flaws: list[Flaw] = []
        self.folders: dict[str, FileStat] = {}
        self.listed: Counter[str] = Counter()

    def run(self, start: _Folder) -> None:
        waiting = [start]
        while waiting:
            waiting += self._list(waiting.pop())

    def _list(self, folder: _Folder) -> list[_Folder]:
        real = os.path.realpath(folder.path) if folder.ancestors else self.real_root
        if real in self.skipped:
            return []
        self.listed[real] += 1
        if self.listed[real] > self.MOST_PATHS:
            text = f"a folder that symbolic links lead to by more than {self.MOST_PATHS} paths"
            self._flaw(folder.logical, folder.path, "link-maze", text, hint="remove links, or exclude them")
            return []
        try:
            before = os.stat(folder.path)
            with os.scandir(folder.path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._flaw(folder.logical, folder.path, "unreadable", f"the folder cannot be read: {error.strerror}")
            return []
        self.folders[posix(folder.path)] = stat_of(before)
        below = folder.ancestors | {real}
        inner: list[_Folder] = []
        for entry in found:
            if is_ignored(entry.name):
                continue
            logical = f"{folder.logical}/{entry.name}" if folder.logical else entry.name
            try:
                child = self._entry(entry, logical, below)
            except OSError as error:
                self._flaw(logical, entry.path, "unreadable", f"the file cannot be read: {error.strerror}")
                continue
            if child is not None:
                inner.append(child)
        return inner

    def _entry(self, entry: os.DirEntry[str], logical: str, ancestors: frozenset[str]) -> _Folder | None:
        """Record one entry; returns the folder to go on with where it is one."""
        try:
            logical.encode("utf-8")
        except UnicodeEncodeError:
            shown = os.fsencode(logical).decode("utf-8", "backslashreplace")
            self._flaw(shown, shown, "name-not-utf8", "the file's name is not valid UTF-8", hint="rename the file")
            return None
        if entry.is_symlink() and not self._may_follow(entry, logical, ancestors):
            return None
        info = entry.stat()
        if stat.S_ISDIR(info.st_mode):
            return _Folder(entry.path, logical, ancestors)
        if not stat.S_ISREG(info.st_mode):
            self._flaw(logical, entry.path, "special-file", "not a regular file; skipped", severity=Severity.WARNING)
        elif not self._is_skipped(entry):
            self.sources.append(Source(logical, posix(entry.path), stat_of(info), self.index))
        return None

    def _is_skipped(self, entry: os.DirEntry[str]) -> bool:
        # Names first: to ask the file system for the real path of every file takes as long as listing them.
        may_be = entry.is_symlink() or entry.name.casefold() in self.skipped_names
        return may_be and os.path.realpath(entry.path) in self.skipped

    def _may_follow(self, entry: os.DirEntry[str], logical: str, ancestors: frozenset[str]) -> bool:
        real = os.path.realpath(entry.path)
        if not os.path.exists(real):
            self._flaw(logical, entry.path, "dangling-link", "a symbolic link to nothing", hint="remove the link")
        elif real != self.real_root and not real.startswith(self.real_root.rstrip(os.sep) + os.sep):
            text = f"a symbolic link that leaves its source root: it leads to {real}"
            hint = "copy the file, or make the link's target a source root of its own"
            self._flaw(logical, entry.path, "link-escapes", text, hint=hint)
        elif real in ancestors:
            text = "a symbolic link to a folder that it lies in, which would never end"
            self._flaw(logical, entry.path, "link-loop", text, hint="remove the link")
        else:
            return True
        return False

    def _flaw(
        self, logical: str, path: str, code: str, text: str, *, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        hint = hint or ("" if severity is Severity.WARNING else f'mend it, or add "{logical}" to `exclude`')
        self.flaws.append(Flaw(logical, Problem(code, text, Place(posix(path)), severity=severity, hint=hint)))


def stat_of(info: os.stat_result) -> FileStat:
    return FileStat(info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)


def posix(path: str) -> str:
    return path if os.sep == "/" else path.replace(os.sep, "/")


def read(source: Source) -> bytes:
    """The whole file. Raises OSError."""
    if source.data is not None:
        return source.data
    with io.FileIO(source.file) as stream:
        return stream.readall()


def read_blob(blob: Blob) -> bytes:
    """The whole file again. Raises OSError."""
    with io.FileIO(blob.file) as stream:
        return stream.readall()


def digest(source: Source) -> Blob:
    """The file as a blob: its size and digests from one streaming read. Raises OSError."""
    short, long = hashlib.sha256(), hashlib.sha384()
    size = 0
    with io.FileIO(source.file) as stream:
        while chunk := stream.read(min(source.stat.size + 1, _CHUNK)):
            short.update(chunk)
            long.update(chunk)
            size += len(chunk)
    return Blob(source.file, size, short.hexdigest(), long.hexdigest())


def unreadable(source: Source, error: OSError) -> Problem:
    """What to say of a source that could be listed but not read."""
    text = f"the file cannot be read: {error.strerror}"
    return Problem("unreadable", text, Place(source.file), hint=f'mend it, or add "{source.logical}" to `exclude`')


def exists(path: str) -> bool:
    """Whether there is a file at `path`: tells "outside the roots" from "nowhere"."""
    return os.path.isfile(path)
