"""Looking again at a target: before a publish commits, and whenever somebody asks whether a release is whole.

Trusts neither answers to puts nor records: listings, and requests for the objects themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assetbuild.build import publish_plan
from assetbuild.build.ledger import Kept, Release
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.publish_plan import Reason, Step, Wanted
from assetbuild.build.remote import MANIFEST, Remote, run_all
from assetbuild.build.storage import Failure, Headers, ObjectInfo, StorageError
from assetbuild.build.transfer import Queue, Task

_UNTYPED = "application/octet-stream"
_DOCTOR = "run `assetbuild doctor`: it finds out what the server does"
_AGAIN = "publish again; nothing was made live"
_REPAIR = "publish again with --force, which sends every object"


def look_again(remote: Remote, queue: Queue, steps: Sequence[Step]) -> dict[str, Kept]:
    """Every object with its size, and one of each kind that was sent with headers and digest.

    Returns what there is of twins that another machine has sent meanwhile. Raises `BuildFailed`, `StorageError`.
    """
    there = remote.listed()
    doubtful = [step.wanted for step in steps if _is_doubtful(step, there.get(step.wanted.key))]
    sent = [step.wanted for step in steps if step.reason is not Reason.SAME]
    kinds = {(one.kept.headers.content_type, one.kept.headers.content_encoding): one for one in sent}
    asked = {one.key: one for one in (*doubtful, *kinds.values())}
    problems: list[Problem] = []
    theirs: dict[str, Kept] = {}

    def look(wanted: Wanted) -> None:
        info = remote.storage.head(wanted.key)
        if info is None:
            text = f"{remote.storage.name} does not hold what was sent: {wanted.key}"
            problems.append(Problem("publish-lost", text, hint=_AGAIN))
        elif not (reason := _change(wanted.kept, info)):
            theirs.pop(wanted.key, None)
        elif (twin := _twin(remote, wanted)) is not None:
            theirs[wanted.key] = twin
        else:
            text = f"{wanted.key} was stored otherwise than sent: {reason}"
            problems.append(Problem("publish-altered", text, hint=_DOCTOR))

    run_all(queue, [Task(one.key, 0, lambda one=one: look(one)) for one in asked.values()])  # type: ignore[misc]
    if problems:
        raise BuildFailed(sorted(problems, key=lambda problem: problem.text))
    return theirs


def _is_doubtful(step: Step, info: ObjectInfo | None) -> bool:
    """A listing may be without an object that is there, and twins may be of another machine's size."""
    return info is None or (info.size != step.wanted.kept.size and step.reason is not Reason.SAME)


def _twin(remote: Remote, wanted: Wanted) -> Kept | None:
    """A twin of other bytes than ours, if it is as its own publisher sent it: compressors differ between machines."""
    if not wanted.kept.variant:
        return None
    stored = remote.storage.get(wanted.key)
    digest = hashlib.sha256(stored.body).hexdigest()
    if stored.info.sha256 != digest or _headers_change(wanted.kept.headers, stored.info):
        return None
    return replace(wanted.kept, size=len(stored.body), sha256=digest)


def verify_release(remote: Remote, release: Release) -> tuple[Problem, ...]:
    """What of a release is not at the target as its record says: bytes, types, cache headers, encodings.

    Reads every object. Raises `StorageError`, and `BuildFailed` for objects that cannot be read.
    """
    problems: list[Problem] = []

    def look(key: str, kept: Kept) -> None:
        try:
            stored = remote.storage.get(key)
        except StorageError as error:
            if error.failure is not Failure.NOT_FOUND:
                raise
            problems.append(Problem("remote-missing", f"{key} is not there", hint=_REPAIR))
            return
        digest = hashlib.sha256(stored.body).hexdigest()
        if digest != kept.sha256 and not (kept.variant and digest == stored.info.sha256):
            text = f"{key} has other bytes than were published"
            problems.append(Problem("remote-damaged", text, hint=_REPAIR))
        elif reason := _headers_change(kept.headers, stored.info):
            text = f"{key} is served otherwise than published: {reason}"
            problems.append(Problem("remote-headers", text, hint=_REPAIR))

    queue = remote.queue()
    run_all(queue, [
        Task(key, kept.size, lambda key=key, kept=kept: look(key, kept))  # type: ignore[misc]
        for key, kept in release.objects.items()
    ])  # fmt: skip
    plain = [(key, release.objects[source].sha256, release.plain_headers[key]) for key, source in release.plain.items()]
    plain.append((MANIFEST, hashlib.sha256(release.manifest.encode()).hexdigest(), publish_plan.MANIFEST_HEADERS))
    for key, sha256, headers in plain if remote.has_plain_names else ():
        problems += _plain(remote, key, sha256, headers)
    return tuple(sorted(problems, key=lambda problem: problem.text))


def _plain(remote: Remote, key: str, sha256: str, headers: Headers) -> Iterator[Problem]:
    try:
        stored = remote.patience.of(lambda: remote.storage.get(key))
    except StorageError as error:
        if error.failure is not Failure.NOT_FOUND:
            raise
        yield Problem("remote-missing", f"{key} is not there", hint=_REPAIR)
        return
    if hashlib.sha256(stored.body).hexdigest() != sha256:
        yield Problem("remote-stale", f"{key} is not that of the live release", hint=_REPAIR)
    elif reason := _headers_change(headers, stored.info):
        yield Problem("remote-headers", f"{key} is served otherwise than published: {reason}", hint=_REPAIR)


def _change(kept: Kept, info: ObjectInfo) -> str:
    if info.size != kept.size:
        return f"{info.size} bytes for {kept.size}"
    if info.sha256 is not None and info.sha256 != kept.sha256:
        return "other bytes"
    return _headers_change(kept.headers, info)


def _headers_change(sent: Headers, info: ObjectInfo) -> str:
    found = info.headers
    if found is None or found == sent:
        return ""
    is_untyped = sent.content_type == _UNTYPED
    pairs = (
        # Servers may know better what it is that we have no type for.
        ("Content-Type", sent.content_type, sent.content_type if is_untyped else found.content_type),
        ("Cache-Control", sent.cache_control, found.cache_control),
        ("Content-Encoding", sent.content_encoding, found.content_encoding),
        ("metadata", json.dumps(sent.metadata), json.dumps(found.metadata)),
    )
    return "; ".join(f'{name} "{one}" became "{other}"' for name, one, other in pairs if one != other)
