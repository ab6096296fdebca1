"""A whole build in memory: what `pipeline` hands to those who write, compare or explain it. Frozen and without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assetbuild.build.execute import Compiled
from assetbuild.build.graph import Edge
from assetbuild.build.keys import Description
from assetbuild.build.model import Blob, Problem, Source
from assetbuild.build.plan import Step
from assetbuild.build.results import Output
from assetbuild.build.webassets_model import Opened
from assetbuild.manifest import Entry


@dataclass(frozen=True, slots=True)
class Made:
    """A whole build in memory, before anything is written."""

    outputs: tuple[Output, ...]
    manifest: bytes
    build: str
    assets: Mapping[str, Entry]
    """What the manifest says of each."""
    problems: tuple[Problem, ...]
    steps: tuple[Step, ...]
    compiled: Mapping[str, Compiled]
    sources: Mapping[str, Source]
    descriptions: Mapping[str, Description]
    blobs: Mapping[str, Blob]
    """By logical path, the digests of every source whose bytes were needed."""
    mapped: frozenset[str]
    """The scripts with specifiers that only an import map answers."""
    edges: Mapping[str, tuple[Edge, ...]]
    blocks: str
    """Stands for the blocks of the templates."""
    opened: tuple[Opened, ...] = ()
    """What texts depend on besides sources."""
    made_of: Mapping[str, Description] = field(default_factory=dict)
    """Of sources that are no files but were made for this build."""

    def ways(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for compiled in self.compiled.values():
            for passage in compiled.passages:
                ways = counts.setdefault(passage.processor, {})
                ways[passage.way.value] = ways.get(passage.way.value, 0) + 1
        return counts
