"""What a build gives: outputs with their twins, what changed, and the whole of it. Frozen and without I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from assetbuild.build.model import Algorithm, Blob, Problem
from assetbuild.manifest import Entry


@dataclass(frozen=True, slots=True)
class Variant:
    """A precompressed twin of an output, in memory."""

    algorithm: Algorithm
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Output:
    """Final bytes under a fingerprinted path. `content` is the bytes, or the file that holds them."""

    logical: str
    path: str
    media_type: str
    content: bytes | Blob
    size: int
    sha256: str
    sha384: str
    """Hexadecimal, like `sha256`."""
    stable: bool = False
    module: bool = False
    preload: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    css: tuple[str, ...] = ()
    """The style sheets that a page has to link with it."""
    variants: tuple[Variant, ...] = ()


class ChangeKind(enum.Enum):
    """What a build does to one logical path, compared with the manifest on disk."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. `old` and `new` are output paths ('' where there is none); `reasons` say why, in words."""

    kind: ChangeKind
    logical: str
    old: str
    new: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a build or of a plan. `assets` is what `manifest` says of each.

    `up_to_date` means that nothing was to do (then `changes` is empty). `written` counts the files that were written;
    a plan writes none. `files` and `folders` are what was looked at, `started_ns` when that began (nanoseconds).
    `beside` is what outputs depend on outside the sources, by absolute path, with SHA-256, '' for what is not there.
    `ways` counts, per processor name, which way texts took: `{"rjsmin": {"processed": 12}}`.
    """

    build: str
    manifest: bytes
    assets: Mapping[str, Entry]
    outputs: tuple[Output, ...]
    problems: tuple[Problem, ...] = ()
    changes: tuple[Change, ...] = ()
    ways: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    written: int = 0
    up_to_date: bool = False
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    started_ns: int = 0
    beside: tuple[tuple[str, str], ...] = ()
