"""What a target should hold for a build, and what has to be sent for that: each object with the reason.

Knows manifests, header profiles, listings and records; sends nothing and opens no file. Nothing is decided by mtime or
ETag: size, digest and header profile decide, and a key that has its bytes' digest in its name cannot hold others. Pure.
"""

from __future__ import annotations

import enum
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assetbuild.build.globs import Globs
from assetbuild.build.ledger import Mark
from assetbuild.build.media import text_kind
from assetbuild.build.release_record import Kept, Release, headers_document
from assetbuild.build.storage import Headers, ObjectInfo
from assetbuild.manifest import Entry, ManifestDict

IMMUTABLE = "public, max-age=31536000, immutable, no-transform"
"""RFC 8246, and RFC 9111 section 5.2.2.6: no proxy may change bytes that a page's integrity names."""
SHORT = "public, max-age=60, no-transform"
"""Of names whose bytes change with a release."""

MANIFEST_HEADERS = Headers("application/json", SHORT)

ENCODINGS: Mapping[str, str] = {"gzip": "gzip", "br": "br", "zstd": "zstd"}
"""The Content-Encoding of each variant of a manifest (RFC 9110, section 8.4.1; RFC 7932; RFC 8878)."""


class Rank(enum.IntEnum):
    """In which order objects are sent; none of a rank before all of the ranks below have arrived."""

    LEAF = 0
    """What names nothing: images, fonts, maps."""
    CODE = 1
    """Style sheets and scripts, which name others."""
    VARIANT = 2
    """The twins of any of these."""


class Reason(enum.Enum):
    """Why an object is sent, or not."""

    SAME = "same"
    """It is there, with these bytes and headers."""
    ABSENT = "absent"
    """There is no object of this key."""
    SIZE = "size differs"
    """There is one of another size."""
    DIGEST = "digest differs"
    """There is one with other bytes."""
    HEADERS = "headers differ"
    """There is one with these bytes, and other headers."""
    UNKNOWN = "not known"
    """There is one of this size that no record tells of: only asking for it can tell."""
    ASKED = "asked for"
    """Everything is sent again, whatever is there."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as it should be. `file` is its path below the output folder."""

    key: str
    file: str
    kept: Kept
    rank: Rank


@dataclass(frozen=True, slots=True)
class Step:
    wanted: Wanted
    reason: Reason


@dataclass(frozen=True, slots=True)
class Policy:
    """`encoding`: '' for plain objects with twins beside them, or the variant that takes the plain one's place.

    `headers`: header fields by glob over logical paths; of several that match the last one counts.
    """

    encoding: str = ""
    headers: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


# --- what should be there --------------------------------------------------------------------------------


def wanted_objects(found: ManifestDict, digests: Mapping[str, str], policy: Policy) -> dict[str, Wanted]:
    """By key, everything of the manifest but plain copies. `digests`: SHA-256 of each variant, by its path."""
    headers = _Overrides(policy)
    objects: dict[str, Wanted] = {}
    for logical, entry in sorted(found["assets"].items()):
        for wanted in _of_asset(logical, entry, digests, policy, headers):
            objects[wanted.key] = wanted
    return objects


def _of_asset(
    logical: str, entry: Entry, digests: Mapping[str, str], policy: Policy, headers: _Overrides
) -> Iterator[Wanted]:
    rank = Rank.LEAF if text_kind(logical) is None else Rank.CODE
    variants = entry.get("variants", {})
    kind, path = entry["type"], entry["path"]
    only = variants.get(policy.encoding) if policy.encoding else None
    if only is not None:
        profile = headers.of(logical, kind, encoding=ENCODINGS[policy.encoding])
        kept = Kept(only["size"], digests[only["path"]], profile, logical, variant=True)
        yield Wanted(path, only["path"], kept, rank)
        return
    yield Wanted(path, path, Kept(entry["size"], entry["sha256"], headers.of(logical, kind), logical), rank)
    if policy.encoding:
        return
    for name, variant in sorted(variants.items()):
        profile = headers.of(logical, kind, encoding=ENCODINGS[name])
        kept = Kept(variant["size"], digests[variant["path"]], profile, logical, variant=True)
        yield Wanted(variant["path"], variant["path"], kept, Rank.VARIANT)


def release_of(found: ManifestDict, text: str, objects: Mapping[str, Kept], policy: Policy) -> Release:
    """The record of a build whose objects are all there."""
    headers = _Overrides(policy)
    stable = {logical: entry["path"] for logical, entry in sorted(found["assets"].items()) if entry.get("stable")}
    profiles = {}
    for logical, path in stable.items():
        encoding = objects[path].headers.content_encoding
        profiles[logical] = headers.of(logical, found["assets"][logical]["type"], encoding=encoding, cache=SHORT)
    return Release(found["build"], dict(objects), text, stable, profiles)


def profile_of(wanted: Iterable[Wanted]) -> str:
    """Stands for all objects: two publishes with the same one write the same bytes under the same headers."""
    rows = [[one.key, one.kept.sha256, headers_document(one.kept.headers)] for one in wanted]
    return hashlib.sha256(json.dumps(sorted(rows, key=str)).encode()).hexdigest()


class _Overrides:
    """Header fields by logical path."""

    def __init__(self, policy: Policy) -> None:
        self.rules = [(Globs((pattern,)), fields) for pattern, fields in policy.headers]

    def of(self, logical: str, kind: str, *, encoding: str = "", cache: str = IMMUTABLE) -> Headers:
        fields = {"content-type": _with_charset(kind), "cache-control": cache}
        for globs, own in self.rules:
            if globs.matches(logical):
                fields |= {name.lower(): value for name, value in own}
        content_type, cache_control = fields.pop("content-type"), fields.pop("cache-control")
        metadata = tuple(sorted((name.removeprefix("x-amz-meta-"), value) for name, value in fields.items()))
        return Headers(content_type, cache_control, encoding, metadata)


def _with_charset(kind: str) -> str:
    """Everything that we write as text is UTF-8, and says so (RFC 6657 leaves the default to each type)."""
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


# --- what has to be sent ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the target. `listed` is what is there, `kept` what records say of it, and `begun` since when an
    interrupted publish has been writing the same objects; times are the storage's."""

    listed: Mapping[str, ObjectInfo]
    kept: Mapping[str, Kept]
    begun: Mapping[str, float] = field(default_factory=dict)


def believed(release: Release, listed: Mapping[str, ObjectInfo]) -> dict[str, Kept]:
    """What a record says of objects that nobody has written since it was: another publish may have had other headers,
    and another machine's compressor makes other twins."""
    return {
        key: kept
        for key, kept in release.objects.items()
        if key in listed and not _is_later(listed[key].modified, release.written)
    }


def _is_later(one: float, other: float) -> bool:
    """Listings have whole seconds, and what is in doubt costs one request."""
    return math.floor(one) > math.floor(other)


def plan(wanted: Mapping[str, Wanted], known: Known) -> tuple[Step, ...]:
    """All objects with their reasons, in the order in which they are to be sent: by rank, then the largest first."""
    steps = [Step(one, _reason(one, known)) for one in wanted.values()]
    return tuple(sorted(steps, key=lambda step: (step.wanted.rank, -step.wanted.kept.size, step.wanted.key)))


def _reason(wanted: Wanted, known: Known) -> Reason:
    info = known.listed.get(wanted.key)
    if info is None:
        return Reason.ABSENT
    recorded = _recorded_twin(wanted, known)
    if recorded is not None:
        return _of_headers(wanted, info.headers or recorded.headers)
    if info.size != wanted.kept.size:
        return Reason.SIZE
    if info.sha256 is not None and info.headers is not None:
        return compared(wanted, info.sha256, info.headers)
    kept = known.kept.get(wanted.key)
    if kept is not None and info.size == kept.size:
        return compared(wanted, kept.sha256, kept.headers)
    begun = known.begun.get(wanted.key)
    return Reason.SAME if begun is not None and _is_later(info.modified, begun) else Reason.UNKNOWN


def _recorded_twin(wanted: Wanted, known: Known) -> Kept | None:
    """What was recorded of a twin that another machine's compressor made of the same bytes: it is as good as ours."""
    kept, info = known.kept.get(wanted.key), known.listed.get(wanted.key)
    if kept is None or info is None or not (kept.variant and wanted.kept.variant) or info.size != kept.size:
        return None
    return kept if info.sha256 in (None, kept.sha256) else None


def compared(wanted: Wanted, sha256: str | None, headers: Headers | None) -> Reason:
    """What is known of an object of the right size, held against what should be there."""
    if sha256 != wanted.kept.sha256:
        return Reason.DIGEST
    return _of_headers(wanted, headers)


def _of_headers(wanted: Wanted, headers: Headers | None) -> Reason:
    return Reason.SAME if headers == wanted.kept.headers else Reason.HEADERS


def kept_after(steps: Iterable[Step], known: Known) -> dict[str, Kept]:
    """What the target holds once the plan is carried out: for twins that were left alone, what was recorded of them."""
    after = {}
    for step in steps:
        recorded = _recorded_twin(step.wanted, known) if step.reason is Reason.SAME else None
        after[step.wanted.key] = recorded or step.wanted.kept
    return dict(sorted(after.items()))


def begun_by(marks: Iterable[Mark], profile: str) -> dict[str, float]:
    """Since when each key was being written by interrupted publishes of the same objects."""
    since: dict[str, float] = {}
    for mark in marks:
        if mark.profile == profile:
            since |= {key: min(mark.since, since.get(key, mark.since)) for key in mark.keys}
    return since
