"""The plan: one record for each output, saying what it is made of and which processors it goes through.

Pure. Whether a record's work is really done, or its result comes from the cache, is `execute`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.css_parts import Part
from assetbuild.build.graph import Scanned
from assetbuild.build.licences import file_name
from assetbuild.build.media import text_kind
from assetbuild.build.model import Config, Licences, Namespace, Place, Problem, ProcessorSpec, TextKind


@dataclass(frozen=True, slots=True)
class CopyStep:
    """An output whose bytes are its source's."""

    logical: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.logical,)


@dataclass(frozen=True, slots=True)
class CompileStep:
    """An output made of text: `inputs` joined in order where it is a bundle, then every processor in order.

    A CSS bundle is joined by `parts`; its inputs are then also the sheets that it inlines, each once.
    """

    logical: str
    kind: TextKind
    inputs: tuple[str, ...]
    processors: tuple[ProcessorSpec, ...]
    is_bundle: bool
    licences: Licences = Licences.KEEP
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class LicenceStep:
    """A text file with the licence comments that were taken out of the asset `owner`, which is made of `inputs`."""

    logical: str
    owner: str
    inputs: tuple[str, ...]


Step = CopyStep | CompileStep | LicenceStep


def make_plan(
    config: Config,
    namespace: Namespace,
    scanned: Mapping[str, Scanned],
    flat: Mapping[str, tuple[Part, ...]],
    *,
    minify: bool,
) -> tuple[Step, ...]:
    """One step per output, sorted by logical path.

    `scanned` holds every text source by logical path, `flat` the parts of every CSS bundle.
    """
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
        licences = config.licences if processors else Licences.KEEP
        parts = flat.get(logical, ())
        made_of = (logical,) if inputs is None else tuple(dict.fromkeys((*inputs, *(part.source for part in parts))))
        steps.append(CompileStep(logical, kind, made_of, processors, inputs is not None, licences, parts))
    return tuple(steps)


def licence_steps(
    steps: Sequence[Step], owners: Iterable[str], namespace: Namespace
) -> tuple[tuple[LicenceStep, ...], list[Problem]]:
    """The files for the licence comments of the assets `owners`, in their order; another asset may have such a name."""
    by_name = {step.logical: step for step in steps}
    made = tuple(LicenceStep(file_name(owner), owner, by_name[owner].inputs) for owner in owners)
    problems = []
    for step in made:
        if step.logical in by_name:
            source = namespace.sources.get(step.logical)
            text = f"{step.logical} has the name of the file for the licence comments of {step.owner}"
            hint = 'rename one of them, exclude it, or set licences = "keep"'
            problems.append(Problem("licence-clash", text, Place(source.file) if source else None, hint=hint))
    return made, problems
