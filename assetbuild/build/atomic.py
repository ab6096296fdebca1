"""Writes one file so that whoever looks sees it whole, old or new: a temporary file first, then a rename.

Knows neither outputs nor the cache: what is written, and where, is the caller's, and so is what a failure means.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

from assetbuild.build.model import FileStat, Place, Problem

TEMPORARY = re.compile(r"\.assetbuild-[0-9a-f]{16}\.tmp")
"""The name of every temporary file: short, so that the longest legal name can be written, and surely ours."""

_ATTEMPTS = 3

Fill = Callable[[io.FileIO], None]
"""What writes a file's bytes itself: unbuffered, with `write_whole`."""


def stat_of(found: os.stat_result) -> FileStat:
    return FileStat(found.st_size, found.st_mtime_ns, found.st_ino)


def replace_file(path: str | Path, data: bytes | Fill, *, temporary: Path, durable: bool = False) -> FileStat:
    """Write `data`, or let it write itself, to a new file in the folder `temporary`, then rename that to `path`.

    Missing folders are made. `temporary` must be on the file system of `path`. `durable` asks that it survives a power
    failure. The stat returned is that of the file which was filled: if another build replaces it in the same moment,
    it does not match and nobody trusts it. Raises `OSError` and whatever `data` raises; then no temporary file is left.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _replace_once(path, data, temporary=temporary, durable=durable)
        except FileNotFoundError:
            # There is no such folder yet; or another process is cleaning: it may take an empty one, or our file.
            temporary.mkdir(parents=True, exist_ok=True)
    return _replace_once(path, data, temporary=temporary, durable=durable)


def _replace_once(path: str | Path, data: bytes | Fill, *, temporary: Path, durable: bool) -> FileStat:
    part = f"{temporary}/.assetbuild-{os.urandom(8).hex()}.tmp"
    try:
        # Opened by the plain call and not by `tempfile`, whose files only their owner can read: a web server is
        # another user, and the umask says what it may do.
        with io.FileIO(part, "x") as stream:
            if isinstance(data, bytes):
                write_whole(stream, data)
            else:
                data(stream)
            if durable:
                os.fsync(stream.fileno())
            made = stat_of(os.fstat(stream.fileno()))
        try:
            os.replace(part, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    if durable:
        _sync_folder(os.path.dirname(path))
    return made


def write_whole(stream: io.FileIO, data: bytes) -> None:
    """Write all of `data`: the system may take only a part of it at a time. Raises `OSError`."""
    written = stream.write(data)
    if written < len(data):
        rest = memoryview(data)
        while written < len(rest):
            written += stream.write(rest[written:])


def _sync_folder(folder: str) -> None:
    # A rename is kept by the folder, so the folder has to reach the disk too. Not every system can sync one.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_problem(path: str | Path, error: OSError) -> Problem:
    """The diagnostic for an operating-system error while `path` was written."""
    cause = error.strerror or str(error)
    return Problem("cannot-write", f"cannot be written: {cause}", Place(str(path)), hint=_hint(path, error.errno))


def _hint(path: str | Path, number: int | None) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space or raise the limit, then run the build again; the previous release is intact"
    if number == errno.EROFS:
        return "mount the file system writable, or set `output` to a folder that is"
    if number in (errno.EACCES, errno.EPERM):
        return "allow this user to write in its folder, or set `output` to another folder"
    if number == errno.ENAMETOOLONG:
        length = len(os.fsencode(os.path.basename(path)))
        return f"give the source a shorter name: with its fingerprint the name has {length} bytes"
    if number in (errno.EEXIST, errno.ENOTDIR):
        return "make its folder a folder: a file stands where one is needed"
    if number == errno.EXDEV:
        return "let its folder be on the same file system as the output folder: files are renamed into it"
    return "remove the cause, then run the build again; the previous release is intact"
