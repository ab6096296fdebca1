"""Finds out what a target can do, with about a dozen requests for new keys below one folder, and removes them again.

Knows no configuration, and decides nothing for a publish: each ability has a finding. What fails is told with the true
cause, which often is another than the server's words: a refused body is no wrong secret where a listing was answered.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar, runtime_checkable

from assetbuild.build import doctor_public
from assetbuild.build.doctor_checks import (
    SHORT,
    Probe,
    bytes_back,
    clock,
    conditions_held,
    far,
    headers_back,
    listed_back,
    probes_in,
    refused_body,
    without_tls,
)
from assetbuild.build.doctor_findings import Finding, Verdict, fine, judged, skipped
from assetbuild.build.doctor_public import Public
from assetbuild.build.model import Problem, Severity
from assetbuild.build.storage import Failure, Headers, Storage, StorageError, probe_conditions

T = TypeVar("T")

PART_BYTES = 16 * 1024 * 1024 + 1
"""A body of this size goes in two parts."""
_PAUSES = (0.3, 1.5)
"""Seconds before a request is sent again that failed by accident."""

_ROWS = (
    *("connection", "tls", "clock", "credentials", "bucket", "listing", "writing", "reading", "framing", "headers"),
    *("order", "conditions", "deleting", "batches", "parts", "public", "permissions"),
)
_OF_SERVERS = frozenset({"connection", "tls", "credentials", "batches", "permissions"})
"""What a folder has no such thing as."""
_STAGES: Sequence[tuple[str, frozenset[Failure]]] = (
    ("connection", frozenset({Failure.UNREACHABLE, Failure.TRANSIENT, Failure.THROTTLED, Failure.OTHER})),
    ("tls", frozenset({Failure.TLS})),
    ("clock", frozenset({Failure.CLOCK})),
    ("credentials", frozenset({Failure.CREDENTIALS, Failure.EXPIRED})),
    ("bucket", frozenset({Failure.NO_BUCKET, Failure.TARGET})),
)
"""What has to be well before anything else can be, in order, and the failures that say that it is not."""


@runtime_checkable
class Server(Protocol):
    """A storage behind a server, which may know no batches of deletions."""

    @property
    def endpoint(self) -> str: ...

    def delete_batch(self, keys: Iterable[str]) -> Sequence[StorageError]: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined. `folder` is new and ends in `/`; `endpoint` is the server's URL, '' for a folder.

    `public` is how it is read by browsers, None where that is not known.
    """

    storage: Storage
    folder: str
    endpoint: str
    public: Public | None = None
    sends_parts: bool = False
    now: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep

    def tried(self, action: Callable[[], T]) -> T | StorageError:
        """What the action returns or fails of; again where that may have been an accident."""
        for pause in _PAUSES:
            try:
                return action()
            except StorageError as error:
                if error.failure not in (Failure.THROTTLED, Failure.TRANSIENT):
                    return error
                self.wait(min(error.retry_after or pause, 5.0))
        try:
            return action()
        except StorageError as error:
            return error


@dataclass(slots=True)
class _Examination:
    """What is known so far: findings by row, and the keys that may be there.

    `may_hold_others`: one may be there whose name nobody here knows.
    """

    subject: Subject
    found: dict[str, Finding] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    may_hold_others: bool = False

    def note(self, finding: Finding) -> None:
        self.found[finding.name] = finding

    def failed(self, name: str, error: StorageError, found: str = "") -> None:
        is_named = error.action and self.subject.endpoint  # a folder has no permissions that one could look up
        words = found or (f"`{error.action}` is not allowed" if is_named else SHORT[error.failure])
        problem = error.problem()
        if error.failure is Failure.UNSUPPORTED:  # its own hint is to run this command
            problem = replace(
                problem, hint="let `endpoint_url` in [publish] name a server that speaks S3, or update it"
            )
        self.note(judged(name, words, problem, action=error.action))

    def is_well(self, name: str) -> bool:
        return name in self.found and not self.found[name].problems


def examine(subject: Subject) -> tuple[Finding, ...]:
    """A finding for each row. Nothing that was written stays, also where this is interrupted or fails."""
    made = _Examination(subject)
    left: Sequence[str] = ()
    try:
        _look(made)
    finally:
        left = _remove(made)
    if left:
        text = f"what was written at {subject.storage.name} to look at it could not be removed: {', '.join(left)}"
        hint = "remove it by hand; it is not part of any release"
        problem = Problem("doctor-left", text, severity=Severity.WARNING, hint=hint)
        made.note(judged("removal", f"left: {len(left)}", problem))
    return tuple(_in_order(made))


def _in_order(made: _Examination) -> Iterator[Finding]:
    errors = (name for name in _ROWS if name in made.found and made.found[name].verdict is Verdict.ERROR)
    failed = next(errors, "")
    if failed == "bucket" and not made.subject.endpoint:
        failed = "folder"
    why = f"not tried, because of {failed}" if failed else "not tried"
    for name in _ROWS:
        if name in _OF_SERVERS and not made.subject.endpoint:
            continue
        finding = made.found.get(name) or skipped(name, why)
        yield finding if made.subject.endpoint or name != "bucket" else replace(finding, name="folder")
    yield from (finding for name, finding in made.found.items() if name not in _ROWS)


def _remove(made: _Examination) -> list[str]:
    """The keys that may still be there."""
    storage, keys, left = made.subject.storage, list(made.written), []
    if made.may_hold_others:
        with contextlib.suppress(StorageError):
            keys += [info.key for info in storage.list(made.subject.folder)]
    for key in dict.fromkeys(keys):
        try:
            storage.delete(key)
        except StorageError:
            # Once more, for there is nobody to try it later; what is denied stays.
            with contextlib.suppress(StorageError):
                storage.delete(key)
                continue
            left.append(key)
    return left


# --- the requests, in order ------------------------------------------------------------------------------


def _look(made: _Examination) -> None:
    subject = made.subject
    folder = subject.folder
    if not subject.sends_parts:
        made.note(skipped("parts", "only with --parts, as it sends 16 MiB"))
    if subject.public is None:
        made.note(skipped("public", "no `public_url`"))
    first = subject.tried(lambda: list(subject.storage.list(folder, limit=1)))
    if not _reached(made, first if isinstance(first, StorageError) else None):
        return
    # Before anything is written: whoever may not delete leaves one object behind rather than all.
    removal = subject.tried(lambda: subject.storage.delete(f"{folder}0.txt"))
    may_delete = not isinstance(removal, StorageError)
    probes = probes_in(folder)
    # The last first, so that an order of arrival is none by bytes.
    sent = [one for one in reversed(probes[: None if may_delete else 1]) if _is_written(made, one)]
    _read(made, probes[0], is_there=probes[0] in sent)
    if sent:
        _list(made, sent)
        if subject.public is not None:
            # Only now: a CDN keeps the answer that something is not there.
            whole = [(one.key, one.body, one.headers) for one in sent if one.is_for_browsers]
            made.note(doctor_public.examine(subject.public, whole))
    if isinstance(removal, StorageError):
        made.failed("deleting", removal)
    elif made.is_well("writing"):
        _conditions(made)
        _parts(made)
        _delete(made, sent)
    else:
        made.note(fine("deleting", "allowed"))
    _permissions(made)


def _reached(made: _Examination, error: StorageError | None) -> bool:
    """Whether anything else makes sense, by the first request."""
    endpoint = made.subject.endpoint
    is_tls = not endpoint.startswith("http:")
    words = {"connection": endpoint, "tls": "trusted", "credentials": "accepted", "bucket": "there"}
    for row, failures in _STAGES:
        if error is not None and error.failure in failures:
            row = "bucket" if row in _OF_SERVERS and not endpoint else row
            made.failed(row, error, far(error.offset) if error.offset is not None else "")
            return False
        if row in words and not (error is not None and _is_unsent(error)):
            made.note(fine(row, words[row]))
    if not is_tls and endpoint:
        made.note(without_tls(endpoint))
    if error is None:
        made.note(fine("listing", "allowed"))
    else:
        made.failed("listing", error)
        if error.failure is Failure.DENIED:  # which some say of buckets that are not there
            del made.found["bucket"]
    return True


def _is_unsent(error: StorageError) -> bool:
    """Whether no server was asked: without credentials, or with settings that mean nothing, there is no request."""
    return not error.status and error.failure in (Failure.CREDENTIALS, Failure.EXPIRED, Failure.TARGET)


def _is_written(made: _Examination, probe: Probe) -> bool:
    """Whether an object was put. Says what is wrong with writing the first time that it is."""
    if "writing" in made.found and not made.is_well("writing"):
        return False
    made.written.append(probe.key)
    storage = made.subject.storage
    done = made.subject.tried(lambda: storage.put(probe.key, probe.body, probe.headers))
    if not isinstance(done, StorageError):
        made.note(fine("writing", "allowed"))
        made.found.setdefault("bucket", fine("bucket", "there"))
        return True
    if done.failure in (Failure.DENIED, Failure.NO_BUCKET, Failure.TARGET):
        made.written.remove(probe.key)
    if done.failure is Failure.NO_BUCKET:
        made.failed("bucket", done)
    if done.failure in (Failure.CREDENTIALS, Failure.UNSUPPORTED):
        cause = refused_body(made.subject.endpoint or storage.name, done)
        made.note(judged("writing", "a body with a checksum is refused", cause))
    else:
        made.failed("writing", done)
    return False


def _read(made: _Examination, probe: Probe, *, is_there: bool) -> None:
    subject = made.subject
    before = subject.now()
    stored = subject.tried(lambda: subject.storage.get(probe.key))
    if not isinstance(stored, StorageError):
        made.note(fine("reading", "allowed"))
        made.note(clock(stored.info.modified, now=before, signs=bool(subject.endpoint)))
        made.note(bytes_back(probe, stored))
        made.note(headers_back(probe, stored))
    elif stored.failure is Failure.NOT_FOUND and not is_there:
        made.note(fine("reading", "allowed"))
    elif stored.failure is Failure.DENIED and not is_there and not made.is_well("listing"):
        made.note(skipped("reading", "not known: without `s3:ListBucket` a missing object looks forbidden"))
    else:
        made.failed("reading", stored)


def _list(made: _Examination, sent: Sequence[Probe]) -> None:
    """What was written is listed at once, and by the bytes of its names."""
    subject = made.subject
    if not made.is_well("listing"):
        return
    listed = subject.tried(lambda: [info.key for info in subject.storage.list(subject.folder)])
    if isinstance(listed, StorageError):
        made.failed("listing", listed)
        return
    for finding in listed_back(subject.storage.name, listed, [one.key for one in sent]):
        made.note(finding)


def _conditions(made: _Examination) -> None:
    subject = made.subject
    made.may_hold_others = True
    found = subject.tried(lambda: probe_conditions(subject.storage, subject.folder.rstrip("/")))
    if isinstance(found, StorageError):
        made.failed("conditions", found)
        return
    made.may_hold_others = False
    made.note(conditions_held(subject.storage.name, found))


def _parts(made: _Examination) -> None:
    subject = made.subject
    if not subject.sends_parts:
        return
    key, body = f"{subject.folder}parts.bin", bytes(PART_BYTES)
    made.written.append(key)
    done = subject.tried(lambda: subject.storage.put(key, body, Headers()))
    stored = done if isinstance(done, StorageError) else subject.tried(lambda: subject.storage.get(key))
    if isinstance(stored, StorageError):
        made.failed("parts", stored)
    elif stored.body != body:
        text = f"{key} was sent in parts and comes back as other bytes"
        made.note(judged("parts", "damaged", Problem("doctor-parts", text, hint="update the server")))
    else:
        made.note(fine("parts", "a body of 16 MiB comes back whole"))


def _delete(made: _Examination, sent: Sequence[Probe]) -> None:
    """One by a request of its own, and the rest in a batch."""
    subject, storage = made.subject, made.subject.storage
    single, *others = [one.key for one in sent]
    done = subject.tried(lambda: storage.delete(single))
    if isinstance(done, StorageError):
        made.failed("deleting", done)
        return
    made.note(fine("deleting", "allowed"))
    made.written.remove(single)
    batch = storage.delete_batch if isinstance(storage, Server) else storage.delete_many
    failed = subject.tried(lambda: batch(others))
    if isinstance(failed, StorageError) and failed.failure is Failure.UNSUPPORTED:
        text = f"{storage.name} deletes no batches of objects, so `assetbuild prune` sends a request for each"
        problem = Problem("doctor-batches", text, severity=Severity.NOTE, hint="nothing to set: it takes longer")
        made.note(judged("batches", "not known to this server", problem))
    elif isinstance(failed, StorageError) or failed:
        made.failed("batches", failed if isinstance(failed, StorageError) else failed[0])
    else:
        made.note(fine("batches", "deleted"))
        made.written[:] = [key for key in made.written if key not in others]


def _permissions(made: _Examination) -> None:
    missing = sorted({finding.action for finding in made.found.values() if finding.action})
    if missing:
        found = f"missing: {', '.join(missing)}"
        needed = " and ".join(f"`{action}`" for action in missing)
        text = f"these credentials may not do all that publishing does at {made.subject.storage.name}: {needed}"
        hint = f"allow {needed} for them; `s3:ListBucket` is one of the bucket, the others are of its objects"
        made.note(judged("permissions", found, Problem("doctor-permissions", text, hint=hint)))
    elif all(made.is_well(name) for name in ("listing", "writing", "reading", "deleting")):
        made.note(fine("permissions", "s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject"))
