"""Objects as files below a folder, for a web server or a CDN that reads it: the storage of `file://` targets.

Every body is a plain file under its own key. What a file system cannot keep of an object (headers, digest) lies in
records in `.assetbuild-storage`, a name that is therefore no part of any key.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assetbuild.build.atomic import TEMPORARY, replace_file
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
from assetbuild.build.storage_records import Record, dump, parse, record_name

OWN_FOLDER = ".assetbuild-storage"
"""Holds the lock, the records and files that are being written. Also skipped below the root: targets may be nested."""

_LOCK_WAIT = 60.0
_LOCK_POLL = 0.005
_LEFT_BEHIND = 86400.0
"""Seconds after which a temporary file has no living writer."""


class DirectoryStorage:
    """A `Storage` below the folder `root`, which is made when it is first written to, and the folder above it never.

    Nothing is forced to the disk: after a power failure a body can be short, which its record then shows.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))
        self._own = self._root / OWN_FOLDER
        self._threads = threading.Lock()

    @property
    def name(self) -> str:
        return self._root.as_uri()

    @property
    def abilities(self) -> Abilities:
        return Abilities(conditions=True, lists_headers=True)

    # --- reading ---------------------------------------------------------------------------------------

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        with self._failing("list", prefix):
            self._demand_parent()
            keys = sorted((key for key in _keys(self._root, prefix) if key.startswith(prefix)), key=key_order)
        for key in keys[:limit]:
            with self._failing("list", key):
                info = self._info(key, self._root / key)
            if info is not None:
                yield info

    def head(self, key: str) -> ObjectInfo | None:
        with self._failing("look at", key):
            return self._info(key, self._path(key))

    def get(self, key: str) -> Stored:
        with self._failing("read", key):
            stored = self._stored(key, self._path(key))
        if stored is None:
            text = f"{self.name}/{key} is not there"
            raise StorageError(Failure.NOT_FOUND, text, hint="publish it first, or correct its name", key=key)
        return stored

    def _stored(self, key: str, path: Path) -> Stored | None:
        found = self._stored_once(key, path)
        if found is not None and found.info.headers is None and self._record_path(key).exists():
            with self._settled():
                found = self._stored_once(key, path)
        return found

    def _stored_once(self, key: str, path: Path) -> Stored | None:
        if not path.is_file():  # nor a pipe, which would be waited for
            return None
        try:
            with open(path, "rb") as stream:
                found = os.fstat(stream.fileno())
                body = stream.read()
        except FileNotFoundError:  # deleted meanwhile
            return None
        record, digest = self._record(key), hashlib.sha256(body).hexdigest()
        info = ObjectInfo(key, len(body), digest, found.st_mtime_ns / 1e9)
        if record is not None and record.sha256 == digest:
            info = replace(info, sha256=digest, headers=record.headers)
        return Stored(info, body)

    def _info(self, key: str, path: Path) -> ObjectInfo | None:
        info = self._info_once(key, path)
        if info is not None and info.headers is None and self._record_path(key).exists():
            with self._settled():
                info = self._info_once(key, path)
        return info

    def _info_once(self, key: str, path: Path) -> ObjectInfo | None:
        try:
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode):
                return None
            record = self._record(key)
            modified = found.st_mtime_ns / 1e9
            if record is not None and record.size == found.st_size:
                known = (record.mtime_ns, record.inode) == (found.st_mtime_ns, found.st_ino)
                if known or _sha256_of(path) == record.sha256:
                    return ObjectInfo(key, found.st_size, record.sha256, modified, record.sha256, record.headers)
            return ObjectInfo(key, found.st_size, _sha256_of(path), modified)
        except (FileNotFoundError, NotADirectoryError):  # perhaps deleted meanwhile
            return None

    # --- writing ---------------------------------------------------------------------------------------

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        digest = digest_of(body, sha256)
        with self._failing("write", key):
            path = self._path(key)
            self._demand_parent()
            staged = self._own / "tmp" / f"{digest_of(key.encode(), '')}-{threading.get_ident()}-{os.getpid()}"
            made = replace_file(staged, body, temporary=self._own / "tmp")
            try:
                with self._locked():
                    if condition is not None:
                        self._demand(condition, key, path)
                    if path.is_dir():
                        raise IsADirectoryError(errno.EISDIR, "a folder stands there")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    record = Record(made.size, made.mtime_ns, made.inode, digest, headers)
                    # The record first: a crash after it leaves a body that the record does not describe, and which
                    # the next publish therefore writes again.
                    replace_file(self._record_path(key), dump(key, record), temporary=self._own / "tmp")
                    os.replace(staged, path)
            finally:
                staged.unlink(missing_ok=True)
        return ObjectInfo(key, len(body), digest, made.mtime_ns / 1e9, digest, headers)

    def _demand(self, condition: Condition, key: str, path: Path) -> None:
        standing = self._info_once(key, path)
        if condition.version != (standing.version if standing is not None else ""):
            text = f"{self.name}/{key} was written by another writer"
            raise StorageError(Failure.PRECONDITION, text, hint="look at it again, then decide", key=key)

    def delete(self, key: str) -> None:
        with self._failing("delete", key):
            path = self._path(key)
            self._demand_parent()
            if not self._own.is_dir() and not path.exists():
                return
            with self._locked():
                if path.is_file():
                    path.unlink()
                    self._remove_empty(path.parent)
                self._record_path(key).unlink(missing_ok=True)

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        failed = []
        for key in keys:
            try:
                self.delete(key)
            except StorageError as error:
                failed.append(error)
        self._remove_left_behind()
        return tuple(failed)

    def close(self) -> None:
        """Nothing is open."""

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:  # not empty
                return
            folder = folder.parent

    def _remove_left_behind(self) -> None:
        """Temporary files of writers that were killed. Where objects are deleted, nobody minds that these go too."""
        with contextlib.suppress(OSError):
            for entry in sorted((self._own / "tmp").iterdir()):
                if time.time() - entry.lstat().st_mtime > _LEFT_BEHIND:
                    entry.unlink(missing_ok=True)

    # --- records ---------------------------------------------------------------------------------------

    def _record_path(self, key: str) -> Path:
        return self._own / "objects" / record_name(key)

    def _record(self, key: str) -> Record | None:
        try:
            return parse(self._record_path(key).read_bytes())
        except FileNotFoundError:
            return None

    # --- paths and the lock ----------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        """The file of a key. Raises `StorageError` where it could lie outside the root."""
        check_key(key)
        segments = key.split("/")
        if OWN_FOLDER in segments:
            raise ValueError(f"{key!r} is no key here: {OWN_FOLDER} is the storage's own")
        path = self._root
        for segment in segments:
            path = path / segment
            # A segment that is more than a name, such as `C:` on Windows, moves the path elsewhere.
            if not path.is_relative_to(self._root):
                raise ValueError(f"{key!r} is no key here: it leaves the folder")
            if path.is_symlink():
                text = f"{path} is a symbolic link, and nothing is read or written through one"
                raise StorageError(
                    Failure.OTHER, text, hint="remove the link, or let the target be its folder", key=key
                )
        return path

    def _demand_parent(self) -> None:
        if not self._root.parent.is_dir():
            text = f"the folder {self._root.parent}, which should hold the target, is not there"
            hint = "make it, or correct `target` in [publish]; what is not mounted is not created"
            raise StorageError(Failure.NO_BUCKET, text, hint=hint)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, of all threads and processes; the operating system drops it when its holder dies."""
        import filelock

        # The lock of the file would do for threads too, but it can only be asked for again and again.
        with self._threads:
            self._own.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._own / "lock", timeout=_LOCK_WAIT, poll_interval=_LOCK_POLL)
            try:
                lock.acquire()
            except filelock.Timeout:
                text = f"{self.name}: another process has been writing for {_LOCK_WAIT:.0f} seconds"
                raise StorageError(Failure.TRANSIENT, text, hint="wait for it to end, then run again") from None
            try:
                yield
            finally:
                lock.release()

    @contextlib.contextmanager
    def _settled(self) -> Iterator[None]:
        """A record that does not fit its body may mean a writer between the two: wait for it, where one can."""
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError, NotImplementedError):  # a folder that this user may only read
                held.enter_context(self._locked())
            yield

    @contextlib.contextmanager
    def _failing(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
            raise _classified(error, f"cannot {verb} {self.name}/{key}", key) from error


def _keys(root: Path, prefix: str) -> Iterator[str]:
    """Keys of all files that may begin with `prefix`; neither symbolic links nor what lies below them."""
    todo = [prefix.rpartition("/")[0]]
    while todo:
        folder = todo.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False) and entry.name != OWN_FOLDER:
                todo.append(key)
            elif entry.is_file(follow_symlinks=False) and not TEMPORARY.fullmatch(entry.name):
                yield key


def _sha256_of(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY: Sequence[int] = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)


def _classified(error: OSError | NotImplementedError, what: str, key: str) -> StorageError:
    text = f"{what}: {getattr(error, 'strerror', None) or error}"
    number = getattr(error, "errno", None)
    if isinstance(error, NotImplementedError) or number == errno.ENOLCK:
        return StorageError(Failure.UNSUPPORTED, text, hint="choose a file system that has locks", key=key)
    if number in _FORBIDDEN:
        hint = "allow this user to read and write in the target's folder"
        return StorageError(Failure.DENIED, text, hint=hint, key=key, action="file permission")
    if number in _FULL:
        return StorageError(Failure.FULL, text, hint="free some space, then run the command again", key=key)
    if number in _IN_THE_WAY:
        hint = "remove what stands there: a file where a folder is needed, or the other way round"
        return StorageError(Failure.OTHER, text, hint=hint, key=key)
    return StorageError(Failure.OTHER, text, hint="remove the cause, then run the command again", key=key)
