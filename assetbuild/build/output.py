"""Writes outputs and the manifest: a temporary file first, then a rename, and nothing where the same bytes are there.

Knows paths, bytes and digests, not assets: which files make a release is the caller's. A process that reads the folder
meanwhile sees each file whole, old or new; a build that dies leaves at most temporary files, which `releases` removes.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import io
import os
import re
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assetbuild.build.atomic import Fill, replace_file, stat_of, write_problem, write_whole
from assetbuild.build.batches import in_batches
from assetbuild.build.events import Done, Listener, Progress, Work, nobody
from assetbuild.build.model import Blob, BuildFailed, FileStat, Place, Problem

STATE_FOLDER = ".assetbuild"
"""Below the output folder: records of releases and temporary files; never published."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CHUNK = 1 << 20
_HOPELESS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # what fails one file for these reasons fails every file


@dataclass(frozen=True, slots=True)
class File:
    """A file to publish. `path` is relative to the output folder, POSIX; `sha256` is hexadecimal."""

    path: str
    content: bytes | Blob
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_files` did: the paths that it wrote, sorted, and for every file its stat, for the index."""

    written: tuple[str, ...]
    stats: Mapping[str, FileStat]


@dataclass(frozen=True, slots=True)
class _Target:
    """A file to publish, the path it goes to, and what is there already."""

    file: File
    path: str
    found: os.stat_result | None


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one target; without a stat when it failed or was not tried."""

    stat: FileStat | None = None
    wrote: bool = False
    problems: tuple[Problem, ...] = ()


def is_public_path(path: object) -> bool:
    """Whether `path` can be that of a published file: what a manifest may name, and not in the state folder."""
    if not isinstance(path, str) or "\\" in path or path[1:2] == ":" or _UNPRINTABLE.search(path):
        return False
    parts = path.split("/")
    return parts[0] != STATE_FOLDER and all(part not in ("", ".", "..") for part in parts)


def write_files(
    root: Path,
    files: Sequence[File],
    *,
    listener: Listener = nobody,
    trusted: Mapping[str, FileStat],
    jobs: int = 1,
) -> Written:
    """Make each of `files` stand below `root`.

    `trusted[path]` is the stat at which that path was seen to hold exactly the bytes that are wanted now: a file that
    still has it is not read. Files that are not there yet are written first, and those that replace another only when
    all of these succeeded, so that a full disk costs nothing that is being served.

    Raises `BuildFailed`, before anything is written where a path cannot be written at all.
    """
    targets = _targets(root, files)
    stop = threading.Event()
    temporary = root / STATE_FOLDER / "tmp"
    stats: dict[str, FileStat] = {}
    written: list[str] = []

    def publish(target: _Target) -> _Result:
        if stop.is_set():
            return _Result()
        present = _same(target, trusted.get(target.file.path))
        if present:
            return _Result(present)
        try:
            made = replace_file(target.path, _content(target.file), temporary=temporary)
        except OSError as error:
            if error.errno in _HOPELESS:
                stop.set()
            return _Result(problems=(write_problem(target.path, error),))
        except BuildFailed as failure:
            return _Result(problems=failure.problems)
        listener(Done(Work.WRITE, target.file.path))
        return _Result(made, wrote=True)

    absent = [target for target in targets if target.found is None]
    present = [target for target in targets if target.found is not None]
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="write") as pool:
        for group in (absent, present):
            problems: list[Problem] = []
            results = in_batches(pool, publish, group) if jobs > 1 else map(publish, group)
            for target, result in zip(group, results, strict=True):
                problems.extend(result.problems)
                if result.stat:
                    stats[target.file.path] = result.stat
                if result.wrote:
                    written.append(target.file.path)
                listener(Progress("write", len(stats), len(targets)))
            if problems:
                raise BuildFailed(problems)
    return Written(tuple(sorted(written)), stats)


def holds(root: Path, file: File) -> bool:
    """Whether `file` stands below `root` with its bytes already. Raises nothing."""
    path = f"{root}/{file.path}"
    try:
        return _same(_Target(file, path, _lstat(path)), None) is not None
    except OSError:
        return False


def write_manifest(path: Path, data: bytes) -> bool:
    """Make `path` hold `data` and survive a power failure; whether it had to be written.

    Where it holds `data` already only its mtime moves: make and ninja compare it with those of the sources. Raises
    `BuildFailed`; then the old manifest is as it was.
    """
    try:
        found = _lstat(path)
        if found and stat.S_ISDIR(found.st_mode):
            raise BuildFailed([_is_folder(path, what="the manifest", hint="remove it, or set `manifest`")])
        if found and stat.S_ISREG(found.st_mode) and found.st_size == len(data) and path.read_bytes() == data:
            touch(path)
            return False
        replace_file(path, data, temporary=path.parent, durable=True)
    except OSError as error:
        raise BuildFailed([write_problem(path, error)]) from error
    return True


def touch(path: Path) -> None:
    """Move the mtime of `path` to now, for make and ninja; where it cannot be moved they only build once more."""
    with contextlib.suppress(OSError):
        os.utime(path)


def folder_problem(root: Path, folder: str) -> Problem | None:
    """Why nothing may be written below `root`/`folder`: a file is in the way, or a symlink leads out of `root`."""
    here = root
    for part in ["", *(part for part in folder.split("/") if part)]:
        here = here / part
        found = _lstat(here)
        if found is None:
            return None
        if here != root and stat.S_ISLNK(found.st_mode):
            real = os.path.realpath(here)
            if not Path(real).is_relative_to(os.path.realpath(root)):
                return Problem(
                    "output-escapes",
                    f"a symlink to {real}, outside the output folder: nothing is written through it",
                    Place(str(here)),
                    hint="remove the symlink, or set `output` to the folder that the files belong in",
                )
        if not here.is_dir():
            return Problem(
                "output-folder-is-file",
                "a folder is needed here, but a file is there",
                Place(str(here)),
                hint="remove or rename that file",
            )
    return None


def _targets(root: Path, files: Iterable[File]) -> list[_Target]:
    """`files` sorted and without duplicates, with what is at their places. Raises `BuildFailed`."""
    problems: list[Problem] = []
    targets: list[_Target] = []
    wanted: dict[str, File] = {}
    folders: dict[str, Problem | None] = {}
    prefix = os.fspath(root)
    state = folder_problem(root, f"{STATE_FOLDER}/tmp")
    if state:
        problems.append(state)
    for file in sorted(files, key=lambda file: file.path):
        path = f"{prefix}/{file.path}"
        other = wanted.setdefault(file.path, file)
        if not is_public_path(file.path):
            problems.append(not_public(file.path))
        elif other is not file:
            if other.sha256 != file.sha256:
                problems.append(_clash(file.path, path))
        else:
            folder = file.path.rpartition("/")[0]
            try:
                if folder not in folders:
                    folders[folder] = folder_problem(root, folder)
                    problems.extend(filter(None, [folders[folder]]))
                if folders[folder] is None:
                    targets.append(_Target(file, path, _lstat(path)))
            except OSError as error:
                problems.append(write_problem(path, error))
    for target in targets:
        if target.found and stat.S_ISDIR(target.found.st_mode):
            problems.append(_is_folder(target.path, what="an output", hint="remove it, or rename the source"))
    if problems:
        raise BuildFailed(dict.fromkeys(problems))
    return targets


def _lstat(path: str | Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _same(target: _Target, trusted: FileStat | None) -> FileStat | None:
    """The stat of what is at the target's place, where it is exactly the wanted bytes."""
    found, file = target.found, target.file
    if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
        return None
    if stat_of(found) == trusted:
        return trusted
    try:
        with io.FileIO(target.path) as stream:
            before = stat_of(os.fstat(stream.fileno()))
            digest = hashlib.sha256()
            while chunk := stream.read(min(file.size + 1, _CHUNK)):
                digest.update(chunk)
    except OSError:
        return None  # gone in this moment, or not readable: the right bytes will replace it
    return before if digest.hexdigest() == file.sha256 else None


def _content(file: File) -> bytes | Fill:
    content = file.content
    return functools.partial(_copy, content) if isinstance(content, Blob) else content


def _copy(blob: Blob, stream: io.FileIO) -> None:
    """Copy the file of `blob`. Raises `BuildFailed` where its bytes are not those that gave the output its name."""
    digest = hashlib.sha256()
    for chunk in _chunks(blob):
        digest.update(chunk)
        write_whole(stream, chunk)
    if digest.hexdigest() != blob.sha256:
        raise BuildFailed([_source_changed(blob, "its content is not what it was")])


def _chunks(blob: Blob) -> Iterator[bytes]:
    """The bytes of the file of `blob`. Its errors become `BuildFailed` here, lest the target be blamed for them."""
    try:
        with io.FileIO(blob.file) as source:
            while chunk := source.read(min(blob.size + 1, _CHUNK)):
                yield chunk
    except OSError as error:
        raise BuildFailed([_source_changed(blob, f"it cannot be read any more: {error.strerror}")]) from error


def _source_changed(blob: Blob, how: str) -> Problem:
    return Problem(
        "source-changed",
        f"the file changed while the build read it: {how}; nothing of it was published",
        Place(blob.file),
        hint="run the build again",
    )


def not_public(path: str) -> Problem:
    return Problem(
        "output-path",
        f"{path!r} is no path that can be published: it must be relative, without empty, `.` or `..` parts, without "
        f"backslashes and control characters, and not in {STATE_FOLDER}",
        hint="rename the source or the bundle",
    )


def _clash(shown: str, path: str) -> Problem:
    return Problem(
        "output-clash",
        f"two different files would be written to {shown}",
        Place(path),
        hint="rename one of the sources, or take one of them out of `stable`",
    )


def _is_folder(path: str | Path, *, what: str, hint: str) -> Problem:
    return Problem(
        "output-is-folder",
        f"{what} has to be written here, but a folder is there",
        Place(str(path)),
        hint=hint,
    )
