"""Runs the plan's steps: each output's content, through the cache where a step's key is known.

A processor's step is keyed by exactly what the processor receives. Results do not depend on the order in which steps
run, so they may run on any number of threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from assetbuild.build import keys, registry
from assetbuild.build.assemble import Marked, as_written, assemble, is_untouched, recipe
from assetbuild.build.batches import in_batches
from assetbuild.build.cache import Cache
from assetbuild.build.events import Done, Listener, Progress, Work
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.licences import Moved, file_name, moved, with_notice
from assetbuild.build.model import (
    Blob,
    Licences,
    Link,
    Place,
    Problem,
    ProcessorSpec,
    RefKind,
    Severity,
    Text,
    TextKind,
    place_at,
)
from assetbuild.build.plan import CompileStep
from assetbuild.build.protocols import Processed, Processor, ProcessorError, Way
from assetbuild.build.recall import Recalled, Recalls, numbered, placed
from assetbuild.build.workers import SMALL, Crew

Create = Callable[[ProcessorSpec, TextKind], Processor]


@dataclass(frozen=True, slots=True)
class Passage:
    """Which way a text took through one processor; `identity` is what its key holds besides the text."""

    processor: str
    version: str
    identity: keys.Description
    way: Way
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A step's result. `content` is None where the output's bytes are exactly its only source's."""

    content: Text | None
    passages: tuple[Passage, ...] = ()
    problems: tuple[Problem, ...] = ()
    licences: str = ""
    """The licence comments that were taken out of the text, as the text file that `content` names."""


@dataclass(frozen=True, slots=True)
class StepContext:
    """What steps need to run: where scanned texts and edges are, who makes processors, the cache and the listener."""

    scanned: Mapping[str, Scanned]
    edges: Mapping[str, Sequence[Edge]]
    create: Create
    cache: Cache | None
    listener: Listener
    crew: Crew
    recalls: Recalls


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Whether a processor's step is in the cache: where that is known before anything runs, work can be shared out."""

    processor: Processor
    identity: keys.Description
    key: str
    known: Processed | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step up to its first processor."""

    step: CompileStep
    marked: Marked
    taken: Moved
    problems: tuple[Problem, ...]
    first: _Lookup | None

    @property
    def seconds(self) -> float:
        """About how long the first processor, which is the guarded minifier as a rule, will take."""
        rate = {TextKind.CSS: 0.7e-6, TextKind.JS: 0.08e-6}[self.step.kind]
        return 0.0 if self.first is None or self.first.known is not None else rate * len(self.taken.text)


def compile_all(steps: Sequence[CompileStep], context: StepContext, pool: Executor) -> dict[str, Compiled]:
    """Every step's result, by logical path. What is known already comes first, and then the longest.

    A step's text is not held while it waits: it is made once more.
    """
    results: dict[str, Compiled] = {}
    waiting: list[tuple[float, CompileStep]] = []
    for step, begun in zip(steps, in_batches(pool, lambda step: _begin(step, context), steps), strict=True):
        if isinstance(begun, Compiled):
            results[step.logical] = begun
        else:
            waiting.append((begun, step))
    context.crew.hire([seconds for seconds, _ in waiting])
    waiting.sort(key=lambda one: (-one[0], one[1].logical))
    compiled = pool.map(lambda one: _finish(_prepare(one[1], context), context), waiting)
    for (_, step), result in zip(waiting, compiled, strict=True):
        results[step.logical] = result
        context.listener(Progress("compile", len(results), len(steps)))
    return {step.logical: results[step.logical] for step in steps}


def _begin(step: CompileStep, context: StepContext) -> Compiled | float:
    """The step's result where no processor has to run for it, or about how many seconds that will take."""
    if not step.processors and not step.is_bundle:
        edges = context.edges.get(step.logical, ())
        if is_untouched(step, edges):
            return Compiled(None)
        return Compiled(as_written(step, context.scanned[step.logical], edges))
    if (recalled := _recalled(step, context)) is not None:
        return recalled
    prepared = _prepare(step, context)
    return prepared.seconds or _finish(prepared, context)


def _recall_key(step: CompileStep, context: StepContext) -> tuple[str | None, tuple[Link, ...]]:
    made, links = recipe(step, context.scanned, context.edges)
    identities = [_identity(spec, context.create(spec, step.kind)) for spec in step.processors]
    return context.recalls.key(made, step.licences, identities), links


def _files(step: CompileStep, context: StepContext) -> list[str]:
    return [context.scanned[name].source.file for name in step.inputs]


def _keep(step: CompileStep, left: Recalled, problems: Sequence[Problem], context: StepContext) -> None:
    """So that the step can be recalled. `problems`: those of joining."""
    notes = numbered(problems, _files(step, context))
    context.recalls.put(_recall_key(step, context)[0], replace(left, notes=notes))


def _recalled(step: CompileStep, context: StepContext) -> Compiled | None:
    """The step's result where its sources are known to become that."""
    key, links = _recall_key(step, context)
    found = context.recalls.get(key)
    if found is None or len(found.ways) != len(step.processors):
        return None
    place = None if step.is_bundle else Place(context.scanned[step.logical].source.file)
    passages: list[Passage] = []
    problems = placed(found.notes, _files(step, context))
    for spec, (way, reason) in zip(step.processors, found.ways, strict=True):
        processor = context.create(spec, step.kind)
        passages.append(Passage(spec.name, processor.version, _identity(spec, processor), way, reason))
        if way is Way.UNCHANGED and reason:
            problems += (_not_processed(step, spec, reason, place),)
        context.listener(Done(Work.REUSE, step.logical, spec.name))
    if not step.is_bundle:
        problems += _dropped_map(step, context, place)
    links += (Link(file_name(step.logical)),) if found.licences else ()
    content = Marked("", found.prefix, links).pieces(found.text)
    return Compiled(content, tuple(passages), problems, found.licences)


def _prepare(step: CompileStep, context: StepContext) -> _Prepared:
    marked, problems = assemble(step, context.scanned, context.edges, keep_map=False)
    taken = moved(marked.text, step.kind) if step.licences is Licences.FILE else Moved(marked.text)
    first = _look_up(taken.text, step.processors[0], step.kind, context) if step.processors else None
    return _Prepared(step, marked, taken, problems, first)


def _finish(prepared: _Prepared, context: StepContext) -> Compiled:
    step, marked, taken, problems = prepared.step, prepared.marked, prepared.taken, prepared.problems
    place = None if step.is_bundle else Place(context.scanned[step.logical].source.file)
    text = taken.text
    passages: list[Passage] = []
    for number, spec in enumerate(step.processors):
        lookup = prepared.first if number == 0 and prepared.first else _look_up(text, spec, step.kind, context)
        try:
            result, passage = _process(step, text, spec, lookup, context)
        except ProcessorError as error:
            where = place if place is None or error.offset is None else place_at(place.path, text, error.offset)
            failed = Problem("processor-failed", f"{spec.name} refused {step.logical}: {error}", where,
                             hint="correct the file, or leave the processor out")  # fmt: skip
            return Compiled(None, tuple(passages), (*problems, failed))
        passages.append(passage)
        if result.way is Way.UNCHANGED and result.reason:
            problems += (_not_processed(step, spec, result.reason, place),)
        text = result.text
    if taken.licences and text == taken.text:  # nothing was minified, so the author's text goes out whole
        text, taken = marked.text, Moved(marked.text)
    if taken.licences:
        marked, mark = marked.linked(Link(file_name(step.logical)))
        text = with_notice(text, mark)
    ways = tuple((passage.way, passage.reason) for passage in passages)
    left = Recalled(text, marked.prefix, ways, taken.licences)
    if step.is_bundle:
        _keep(step, left, prepared.problems, context)
        return Compiled(marked.pieces(text), tuple(passages), problems, taken.licences)
    if text.strip() == marked.text.strip():
        # No processor changed anything that matters, so the author's text goes out, with its source-map comment.
        marked, _ = assemble(step, context.scanned, context.edges, keep_map=True)
        text = marked.text
    else:
        problems += _dropped_map(step, context, place)
        _keep(step, left, prepared.problems, context)
    if not marked.links and text == context.scanned[step.logical].text:
        return Compiled(None, tuple(passages), problems)
    return Compiled(marked.pieces(text), tuple(passages), problems, taken.licences)


def _look_up(text: str, spec: ProcessorSpec, kind: TextKind, context: StepContext) -> _Lookup:
    processor = context.create(spec, kind)
    identity = _identity(spec, processor)
    key = keys.key((*identity, ("text", keys.sha256(text.encode("utf-8", "surrogateescape")))))
    cached = context.cache.get(key) if context.cache is not None else None
    known = None
    if cached is not None:
        way = Way(cached.meta.get("way", Way.PROCESSED.value))
        known = Processed(cached.data.decode("utf-8", "surrogateescape"), way, cached.meta.get("reason", ""))
    return _Lookup(processor, identity, key, known)


def _identity(spec: ProcessorSpec, processor: Processor) -> keys.Description:
    return (
        (f"processor {spec.name}", processor.version),
        (f"options of {spec.name}", json.dumps(dict(spec.options), sort_keys=True, default=str)),
    )


def _process(
    step: CompileStep, text: str, spec: ProcessorSpec, lookup: _Lookup, context: StepContext
) -> tuple[Processed, Passage]:
    result = lookup.known
    if result is not None:
        context.listener(Done(Work.REUSE, step.logical, spec.name))
    else:
        if context.create is registry.create and len(text) >= SMALL:
            result = context.crew.run(registry.process, spec, step.kind, text)
        else:
            result = lookup.processor(text)
        context.listener(Done(Work.PROCESS, step.logical, spec.name))
        if context.cache is not None:
            meta = {"way": result.way.value, "reason": result.reason}
            context.cache.put(lookup.key, result.text.encode("utf-8", "surrogateescape"), meta)
    return result, Passage(spec.name, lookup.processor.version, lookup.identity, result.way, result.reason)


def _not_processed(step: CompileStep, spec: ProcessorSpec, reason: str, place: Place | None) -> Problem:
    text = f"{step.logical} is published as {spec.name} found it: {reason}"
    return Problem("not-minified", text, place, severity=Severity.NOTE)


def _dropped_map(step: CompileStep, context: StepContext, place: Place | None) -> tuple[Problem, ...]:
    maps = [
        edge
        for edge in context.edges.get(step.logical, ())
        if edge.reference.kind is RefKind.SOURCE_MAP and edge.target is not None
    ]
    if not maps:
        return ()
    text = f"{step.logical} was changed by processors, so the comment that names its source map is removed"
    return (Problem("source-map-dropped", text, place, severity=Severity.NOTE),)


def digest_all(
    logicals: Sequence[str], digest: Callable[[str], Blob | Problem], pool: Executor
) -> tuple[dict[str, Blob], list[Problem]]:
    """The blobs of all sources that are shipped as they are; `digest` may know them without reading."""
    blobs: dict[str, Blob] = {}
    problems: list[Problem] = []
    for logical, result in zip(logicals, in_batches(pool, digest, logicals), strict=True):
        if isinstance(result, Blob):
            blobs[logical] = result
        else:
            problems.append(result)
    return blobs, problems
