"""The plan: one record for each output, saying what it is made of and which processors it goes through.

Pure. Whether a record's work is really done, or its result comes from the cache, is `execute`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assetbuild.build.graph import Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Config, Namespace, ProcessorSpec, TextKind


@dataclass(frozen=True, slots=True)
class CopyStep:
    """An output whose bytes are its source's."""

    logical: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.logical,)


@dataclass(frozen=True, slots=True)
class CompileStep:
    """An output made of text: `inputs` joined in order where it is a bundle, then every processor in order."""

    logical: str
    kind: TextKind
    inputs: tuple[str, ...]
    processors: tuple[ProcessorSpec, ...]
    is_bundle: bool


Step = CopyStep | CompileStep


def make_plan(
    config: Config, namespace: Namespace, scanned: Mapping[str, Scanned], *, minify: bool
) -> tuple[Step, ...]:
    """One step per output, sorted by logical path. `scanned` holds every text source by logical path."""
    specs = {bundle.name: bundle for bundle in config.bundles}
    steps: list[Step] = []
    for logical in sorted({*namespace.published, *namespace.bundles}):
        kind = text_kind(logical)
        inputs = namespace.bundles.get(logical)
        if kind is None or (inputs is None and scanned[logical].broken):
            steps.append(CopyStep(logical))
            continue
        own = specs[logical].processors if inputs is not None else None
        processors = (config.processors.get(kind, ()) if own is None else own) if minify else ()
        steps.append(CompileStep(logical, kind, inputs or (logical,), processors, inputs is not None))
    return tuple(steps)
