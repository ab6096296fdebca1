"""What the last build left behind, so that the next one can see that nothing is to do, or what changed and why.

A convenience and never a truth: whatever here is damaged, old or missing only makes the next build slower. It lies in
the cache folder and holds stats and digests, so it is of use on this machine only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetbuild.build.keys import Description
from assetbuild.build.model import Blob, FileStat, Source

RACY_NS = 3_000_000_000
"""A file modified less than 3 s before it was recorded may have changed since without a new mtime."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One file under a root as it was; the digests are '' where nobody needed them."""

    stat: FileStat
    sha256: str = ""
    sha384: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """`key` stands for configuration, options and tool versions; sources by (root, logical path), outputs by path."""

    key: str
    recorded_ns: int
    manifest_sha256: str
    build: str
    sources: Mapping[tuple[int, str], SourceRecord] = field(default_factory=dict)
    outputs: Mapping[str, FileStat] = field(default_factory=dict)
    output_digests: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, Description] = field(default_factory=dict)
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why the last build that changed an output did so, by logical path."""
    flaws: str = ""
    """Stands for what was unusable under the roots, and did not matter."""
    templates: Mapping[str, FileStat] = field(default_factory=dict)
    blocks: str = ""
    """Stands for the blocks that the templates held."""
    opened: tuple[tuple[str, str], ...] = ()
    """Files outside the roots that outputs depend on, by absolute path, with their SHA-256; '' where there is none."""

    def known(self, source: Source) -> SourceRecord | None:
        """The record of `source` where it can be believed: same stat, and not modified just before it was recorded."""
        record = self.sources.get((source.root, source.logical))
        if record is None or record.stat != source.stat or self.is_racy(record):
            return None
        return record

    def is_racy(self, record: SourceRecord) -> bool:
        return self.is_racy_at(record.stat)

    def is_racy_at(self, stat: FileStat) -> bool:
        return self.recorded_ns - stat.mtime_ns < RACY_NS

    def blob(self, source: Source) -> Blob | None:
        """The source's digests, if they are known without reading it."""
        record = self.known(source)
        if record is None or not record.sha384:
            return None
        return Blob(source.file, record.stat.size, record.sha256, record.sha384)

    def left_as(self, wanted: Mapping[str, str]) -> dict[str, FileStat]:
        """The stats of those outputs that the last build left with exactly the wanted bytes: SHA-256, by path."""
        return {
            path: self.outputs[path]
            for path, sha256 in wanted.items()
            if path in self.outputs and self.output_digests.get(path) == sha256
        }


EMPTY = State(key="", recorded_ns=0, manifest_sha256="", build="")


def now_ns() -> int:
    return time.time_ns()


def dumps(state: State) -> bytes:
    document = {
        "key": state.key,
        "recorded_ns": state.recorded_ns,
        "manifest_sha256": state.manifest_sha256,
        "build": state.build,
        "sources": [
            [root, logical, *_stat(record.stat), record.stat.ctime_ns, record.sha256, record.sha384]
            for (root, logical), record in sorted(state.sources.items())
        ],
        "outputs": [
            [path, *_stat(stat), state.output_digests.get(path, "")] for path, stat in sorted(state.outputs.items())
        ],
        "descriptions": dict(sorted(state.descriptions.items())),
        "reasons": dict(sorted(state.reasons.items())),
        "flaws": state.flaws,
        "templates": [[path, *_stat(stat), stat.ctime_ns] for path, stat in sorted(state.templates.items())],
        "blocks": state.blocks,
        "opened": state.opened,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def loads(data: bytes | None) -> State:
    """The state, or an empty one where `data` is none or not a state."""
    if data is None:
        return EMPTY
    try:
        document: dict[str, Any] = json.loads(data)
        return State(
            key=document["key"],
            recorded_ns=int(document["recorded_ns"]),
            manifest_sha256=document["manifest_sha256"],
            build=document["build"],
            sources={
                (root, logical): SourceRecord(FileStat(size, mtime_ns, inode, ctime_ns), sha256, sha384)
                for root, logical, size, mtime_ns, inode, ctime_ns, sha256, sha384 in document["sources"]
            },
            outputs={path: FileStat(size, mtime_ns, inode) for path, size, mtime_ns, inode, _ in document["outputs"]},
            output_digests={path: sha256 for path, _, _, _, sha256 in document["outputs"]},
            descriptions={
                logical: tuple((what, value) for what, value in pairs)
                for logical, pairs in document["descriptions"].items()
            },
            reasons={logical: tuple(map(str, reasons)) for logical, reasons in document["reasons"].items()},
            flaws=str(document["flaws"]),
            templates={path: FileStat(*map(int, stat)) for path, *stat in document["templates"]},
            blocks=str(document["blocks"]),
            opened=tuple((str(path), str(digest)) for path, digest in document.get("opened", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return EMPTY


def _stat(stat: FileStat) -> tuple[int, int, int]:
    return stat.size, stat.mtime_ns, stat.inode


def records(sources: Iterable[Source], blobs: Mapping[str, Blob], old: State) -> dict[tuple[int, str], SourceRecord]:
    """Records of every file found. `blobs`: the digests of files that were needed, by absolute path."""
    found = {}
    for source in sources:
        blob, known = blobs.get(source.file), old.known(source)
        if blob is not None:
            record = SourceRecord(source.stat, blob.sha256, blob.sha384)
        else:
            record = known or SourceRecord(source.stat)
        found[source.root, source.logical] = record
    return found
