"""What a publish needs of a place that holds objects: the protocol, its values, and failures sorted by what to do next.

Knows no releases, no plans and no retries: whoever calls decides what a failure means for the rest of the work. The
implementations are `storage_memory`, `storage_directory` and `s3`; `storage_target` makes one from a configuration.
"""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

from assetbuild.build.model import Problem
from assetbuild.errors import AssetbuildError

# --- failures --------------------------------------------------------------------------------------------


class Failure(Enum):
    """Why a storage did not do what it was asked. Each member says what a caller can do about it."""

    NOT_FOUND = "not-found"
    """There is no object of this key. Nothing to repeat."""
    PRECONDITION = "precondition"
    """The object is not as the condition of the write demands: another writer was first. Look again, then decide."""
    DENIED = "denied"
    """These credentials may not do this; `action` names the missing permission. Fatal for every key alike."""
    THROTTLED = "throttled"
    """Asked too often. All workers pause, for `retry_after` seconds where the server said so, and then go slower."""
    TRANSIENT = "transient"
    """Failed on the way or inside the server, and may have been carried out. The same request may succeed at once."""
    UNREACHABLE = "unreachable"
    """No connection, so nothing was carried out. Before the first success the address is wrong; later, an outage."""
    CREDENTIALS = "credentials"
    """There are no credentials, or the server does not accept them. Fatal."""
    EXPIRED = "expired"
    """The credentials were good and have run out. Refresh them, then repeat."""
    CLOCK = "clock"
    """This machine's clock is too far off for signed requests; `offset` says how far. Fatal."""
    NO_BUCKET = "no-bucket"
    """The bucket, or the folder that should hold the target, is not there. Never created. Fatal."""
    TLS = "tls"
    """The server's certificate is not trusted, or one side does not speak TLS. Fatal."""
    UNSUPPORTED = "unsupported"
    """The server does not know this request: batch delete, a condition, a checksum. Do without it, or give up."""
    TARGET = "target"
    """The target, or a setting beside it, cannot be understood or used on this machine. Fatal, before any request."""
    FULL = "full"
    """There is no room left at the target. Fatal, and for every key alike."""
    OTHER = "other"
    """Anything else. Fatal for this key."""


class StorageError(AssetbuildError):
    """A storage did not do what it was asked. Complete in itself; `failure` is what programs look at.

    `text` names the object or target; `hint` is the next action. `retry_after` is in seconds, `offset` in seconds that
    the server's clock is ahead of this machine's, `action` a permission such as `s3:ListBucket`, `code` the server's
    own word and `status` its HTTP status, where there is one.
    """

    def __init__(
        self,
        failure: Failure,
        text: str,
        *,
        hint: str,
        key: str = "",
        action: str = "",
        retry_after: float | None = None,
        offset: float | None = None,
        code: str = "",
        status: int = 0,
    ) -> None:
        super().__init__(f"{text}; {hint}" if hint else text)
        self.failure = failure
        self.text = text
        self.hint = hint
        self.key = key
        self.action = action
        self.retry_after = retry_after
        self.offset = offset
        self.code = code
        self.status = status

    def problem(self) -> Problem:
        """The diagnostic that a user sees."""
        return Problem(f"storage-{self.failure.value}", self.text, hint=self.hint)


# --- values ----------------------------------------------------------------------------------------------

_FIELD_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@functools.cache
def _is_field_value(value: str) -> bool:
    """Thousands of objects have the same few."""
    return _FIELD_VALUE.fullmatch(value) is not None


SHA256_FIELD = "sha256"
"""The metadata entry with the digest of the whole body: all servers keep it, also of a body that came in parts."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What a server says of an object besides its bytes; '' is not sent. `metadata` is sorted, names in lower case.

    Raises `ValueError` for what no server keeps as it was: characters outside ASCII, white space at an end.
    """

    content_type: str = "application/octet-stream"
    cache_control: str = ""
    content_encoding: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for value in (
            self.content_type,
            self.cache_control,
            self.content_encoding,
            *(text for _, text in self.metadata),
        ):
            if value and not _is_field_value(value):
                raise ValueError(
                    f"{value!r} is no header value: printable ASCII is allowed, without white space around it"
                )
        names = [name for name, _ in self.metadata]
        if not self.content_type:
            raise ValueError("without a content type a server makes one up")
        if SHA256_FIELD in names or names != sorted(set(names)) or not all(map(_FIELD_NAME.fullmatch, names)):
            raise ValueError(f"metadata must be sorted, in lower case and without `{SHA256_FIELD}`, not {names}")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object without its bytes.

    `version` is an opaque token for `Condition.unchanged`: other bytes have another one. `sha256` (64 hex) is what was
    recorded when the object was put, None if it was put by another program or if a listing does not say. `headers` is
    None likewise. `modified` is in seconds since 1970 by the storage's own clock.
    """

    key: str
    size: int
    version: str
    modified: float
    sha256: str | None = None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An object with its bytes, exactly as stored: never decoded, and not compared with `info.sha256`."""

    info: ObjectInfo
    body: bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of a key for a write to happen. The storage compares and writes in one step."""

    version: str
    """'' for "there is no object"."""

    @classmethod
    def absent(cls) -> Self:
        """Only if there is no object of this key."""
        return cls("")

    @classmethod
    def unchanged(cls, version: str) -> Self:
        """Only if the object still has this version. Raises `ValueError` for ''."""
        if not version:
            raise ValueError("an object's version is never empty")
        return cls(version)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What may be relied on. `conditions` is None where only `probe_conditions` can tell."""

    conditions: bool | None
    lists_headers: bool
    """Whether listed objects have `sha256` and `headers`, if they were put by this program."""


# --- the protocol ----------------------------------------------------------------------------------------


class Storage(Protocol):
    """Objects by key, below one target. Safe to share between threads. Every method may raise `StorageError`.

    Keys are relative to the target, in the form that `check_key` accepts; another one raises `ValueError`. Nothing is
    repeated here: one call is one request, or one per 1,000 keys, or one per part of a body above 16 MiB.
    """

    @property
    def name(self) -> str:
        """The target as messages show it: `s3://bucket/prefix`. Never holds credentials."""

    @property
    def abilities(self) -> Abilities: ...

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Objects whose key begins with `prefix`, which may end within a segment; see `check_prefix`.

        Names in one folder come by their bytes; servers differ in where they put a folder among its neighbours. `limit`
        asks for the first few only, and saves the server the rest. Keys of other programs come as they are.
        """

    def head(self, key: str) -> ObjectInfo | None:
        """The object without its bytes, None if there is none. S3 says "none" of a missing bucket too."""

    def get(self, key: str) -> Stored:
        """The whole object. Raises `StorageError` with `NOT_FOUND` if there is none."""

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        """Write an object: readers see the old or the new one, whole. `sha256` (64 hex) spares hashing `body` again.

        SeaweedFS puts a type of its own in the place of `application/octet-stream` where it knows the key's suffix.

        With a condition that does not hold, raises `PRECONDITION` and changes nothing; `UNSUPPORTED` where the storage
        says that it knows none. One that ignores conditions writes, which is why nothing may rest on them unprobed.
        """

    def delete(self, key: str) -> None:
        """Remove an object. That there is none is no error."""

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        """Remove objects in batches; the failures of single keys, in order. Raises where a whole batch failed."""

    def close(self) -> None:
        """Give back connections. The storage is not used afterwards."""


# --- keys ------------------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\ufffe\uffff]")
KEY_MAX = 1024
"""Bytes of UTF-8; "Creating object key names" of the S3 user guide."""


def check_key(key: str) -> str:
    """`key` itself. Raises `ValueError` for one that servers fold, refuse, or that could leave a folder."""
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            raise ValueError(f"{key!r} is no key: it has an empty, `.` or `..` segment")
    if found := _CONTROL.search(key):
        raise ValueError(f"{key!r} is no key: it holds U+{ord(found[0]):04X}")
    if len(key.encode()) > KEY_MAX:
        raise ValueError(f"{key[:40]!r}... is no key: it has more than {KEY_MAX} bytes")
    return key


def check_prefix(prefix: str) -> str:
    """`prefix` itself. Raises `ValueError` where no key begins with it: some servers list another folder then."""
    folder, _, rest = prefix.rpartition("/")
    if folder or prefix.startswith("/"):
        check_key(folder)
    if rest.strip("."):
        check_key(rest)
    return prefix


def key_order(key: str) -> bytes:
    """What listings are sorted by: UTF-8 bytes, not the code units or the locale of some platform."""
    return key.encode("utf-8", "surrogateescape")


# --- conditions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConditionsProbe:
    """What a storage did with conditional writes, one after the other; says nothing of races."""

    absent: bool
    unchanged: bool


def probe_conditions(storage: Storage, folder: str) -> ConditionsProbe:
    """Try conditional writes on one new key below `folder`, and remove it: six requests.

    A storage that ignores conditions, or does not know them, has False. Raises `StorageError` for other failures.
    """
    key = check_key(f"{folder}/probe-{secrets.token_hex(8)}")
    storage.put(key, b"1", _PROBE_HEADERS)
    try:
        absent = _put_fails(storage, key, Condition.absent()) is Failure.PRECONDITION
        stale = _put_fails(storage, key, Condition.unchanged("0" * 32)) is Failure.PRECONDITION
        now = storage.head(key)
        fresh = now is not None and _put_fails(storage, key, Condition.unchanged(now.version)) is None
        return ConditionsProbe(absent=absent, unchanged=stale and fresh)
    finally:
        storage.delete(key)


def _put_fails(storage: Storage, key: str, condition: Condition) -> Failure | None:
    try:
        storage.put(key, b"2", _PROBE_HEADERS, condition=condition)
    except StorageError as error:
        if error.failure in (Failure.PRECONDITION, Failure.UNSUPPORTED):
            return error.failure
        raise
    return None


_PROBE_HEADERS = Headers(content_type="text/plain")


# --- digests ---------------------------------------------------------------------------------------------


def digest_of(body: bytes, known: str) -> str:
    """64 hex: `known` where it is given. Raises `ValueError` where that is no such digest."""
    if not known:
        return hashlib.sha256(body).hexdigest()
    if not re.fullmatch(r"[0-9a-f]{64}", known):
        raise ValueError(f"{known!r} is no SHA-256 in hexadecimal")
    return known
