"""Runs the plan's steps: each output's content, through the cache where a step's key is known.

A processor's step is keyed by exactly what the processor receives. Results do not depend on the order in which steps
run, so they may run on any number of threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from assetbuild.build import keys
from assetbuild.build.assemble import assemble
from assetbuild.build.cache import Cache
from assetbuild.build.events import Done, Listener, Progress, Work
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.model import (
    Blob,
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


@dataclass(frozen=True, slots=True)
class StepContext:
    """What steps need to run: where scanned texts and edges are, who makes processors, the cache and the listener."""

    scanned: Mapping[str, Scanned]
    edges: Mapping[str, Sequence[Edge]]
    create: Create
    cache: Cache | None
    listener: Listener


def compile_all(steps: Sequence[CompileStep], context: StepContext, pool: Executor) -> dict[str, Compiled]:
    """Every step's result, by logical path."""
    results: dict[str, Compiled] = {}
    for step, compiled in zip(steps, pool.map(lambda step: _compile(step, context), steps), strict=True):
        results[step.logical] = compiled
        context.listener(Progress("compile", len(results), len(steps)))
    return results


def _compile(step: CompileStep, context: StepContext) -> Compiled:
    marked, problems = assemble(step, context.scanned, context.edges, keep_map=False)
    place = None if step.is_bundle else Place(context.scanned[step.logical].source.file)
    text = marked.text
    passages: list[Passage] = []
    for spec in step.processors:
        processor = context.create(spec, step.kind)
        try:
            result, passage = _process(step.logical, text, spec, processor, context)
        except ProcessorError as error:
            where = place if place is None or error.offset is None else place_at(place.path, text, error.offset)
            failed = Problem("processor-failed", f"{spec.name} refused {step.logical}: {error}", where,
                             hint="correct the file, or leave the processor out")  # fmt: skip
            return Compiled(None, tuple(passages), (*problems, failed))
        passages.append(passage)
        if result.way is Way.UNCHANGED and result.reason:
            problems += (_not_processed(step, spec, result, place),)
        text = result.text
    if step.is_bundle:
        return Compiled(marked.pieces(text), tuple(passages), problems)
    if text.strip() == marked.text.strip():
        # No processor changed anything that matters, so the author's text goes out, with its source-map comment.
        marked, _ = assemble(step, context.scanned, context.edges, keep_map=True)
        text = marked.text
    else:
        problems += _dropped_map(step, context, place)
    if not marked.links and text == context.scanned[step.logical].text:
        return Compiled(None, tuple(passages), problems)
    return Compiled(marked.pieces(text), tuple(passages), problems)


def _process(
    logical: str, text: str, spec: ProcessorSpec, processor: Processor, context: StepContext
) -> tuple[Processed, Passage]:
    data = text.encode("utf-8", "surrogateescape")
    identity = (
        (f"processor {spec.name}", processor.version),
        (f"options of {spec.name}", json.dumps(dict(spec.options), sort_keys=True, default=str)),
    )
    key = keys.key((*identity, ("text", keys.sha256(data))))
    cached = context.cache.get(key) if context.cache is not None else None
    if cached is not None:
        context.listener(Done(Work.REUSE, logical, spec.name))
        way = Way(cached.meta.get("way", Way.PROCESSED.value))
        result = Processed(cached.data.decode("utf-8", "surrogateescape"), way, cached.meta.get("reason", ""))
    else:
        result = processor(text)
        context.listener(Done(Work.PROCESS, logical, spec.name))
        if context.cache is not None:
            meta = {"way": result.way.value, "reason": result.reason}
            context.cache.put(key, result.text.encode("utf-8", "surrogateescape"), meta)
    return result, Passage(spec.name, processor.version, identity, result.way, result.reason)


def _not_processed(step: CompileStep, spec: ProcessorSpec, result: Processed, place: Place | None) -> Problem:
    text = f"{step.logical} is published as {spec.name} found it: {result.reason}"
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
    for logical, result in zip(logicals, pool.map(digest, logicals), strict=True):
        if isinstance(result, Blob):
            blobs[logical] = result
        else:
            problems.append(result)
    return blobs, problems
