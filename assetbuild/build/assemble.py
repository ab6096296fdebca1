"""From scanned inputs to the one text that processors see, and from their result back to pieces between links.

While processors run, every reference is a mark: a word of fixed length that occurs nowhere else in the text and that
needs no quotes or escapes in CSS or JS. So processors see neither names, which are not known yet, nor URLs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assetbuild.build import css_parts, join_js
from assetbuild.build.edits import Edit, edited
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Link, Problem, RefKind, Text, TextKind
from assetbuild.build.plan import CompileStep
from assetbuild.build.scan_js import Script


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with marks; mark number i stands for `links[i]`."""

    text: str
    prefix: str
    links: tuple[Link, ...]

    def linked(self, link: Link) -> tuple[Marked, str]:
        """The same with one more link, and that one's mark."""
        return replace(self, links=(*self.links, link)), f"{self.prefix}{len(self.links):06d}z"

    def pieces(self, processed: str) -> Text:
        """Cut a processor's result at its marks."""
        if not self.links:
            return Text((processed,))
        parts = re.split(rf"{self.prefix}([0-9]{{6}})z", processed)
        pieces: list[str | Link] = []
        for index, part in enumerate(parts):
            if index % 2:
                pieces.append(self.links[int(part)])
            elif part:
                pieces.append(part)
        return Text(tuple(pieces))


def recipe(
    step: CompileStep, scanned: Mapping[str, Scanned], edges: Mapping[str, Sequence[Edge]]
) -> tuple[str, tuple[Link, ...]]:
    """All that decides what `assemble` makes of the step, without reading a text; and what the marks stand for.

    What comes into the places of marks is not in it: processors do not see it. Nor is a lone text's name.
    """
    marks = _Marks("")
    inputs = []
    for name in step.inputs:
        item, found = scanned[name], edges.get(name, ())
        written = [marks.edit(edge)[:2] for edge in found if _is_written(edge, step, keep_map=False)]
        spans = _map_spans(item, found, keep_map=False)
        inputs.append([name if step.is_bundle else "", item.blob.sha256, spans, written])
    parts = [
        [part.kind.value, part.source, part.start, part.end, part.edits, part.before, part.after] for part in step.parts
    ]
    return json.dumps([step.kind.value, step.is_bundle, inputs, parts]), tuple(marks.links)


def is_untouched(step: CompileStep, edges: Sequence[Edge]) -> bool:
    """Whether nothing in a lone text changes that no processor reads."""
    return not any(
        _is_written(edge, step, keep_map=True) or (edge.reference.kind is RefKind.SOURCE_MAP and edge.target is None)
        for edge in edges
    )


def as_written(step: CompileStep, item: Scanned, edges: Sequence[Edge]) -> Text:
    """A lone text that no processor reads, cut at its references; its source-map comment stays."""
    text, done = item.text, 0
    cut: list[tuple[int, int, str | Link]] = [*_map_edits(item, edges, keep_map=True)]
    cut += [
        (edge.reference.start, edge.reference.end, _link(edge))
        for edge in edges
        if _is_written(edge, step, keep_map=True)
    ]
    pieces: list[str | Link] = []
    between: list[str] = []
    for start, end, new in sorted(cut, key=lambda one: one[:2]):
        between.append(text[done:start])
        if isinstance(new, str):
            between.append(new)
        else:
            pieces += ["".join(between), new]
            between = []
        done = end
    pieces.append("".join([*between, text[done:]]))
    return Text(tuple(piece for piece in pieces if piece))


def assemble(
    step: CompileStep,
    scanned: Mapping[str, Scanned],
    edges: Mapping[str, Sequence[Edge]],
    *,
    keep_map: bool,
) -> tuple[Marked, tuple[Problem, ...]]:
    """Join the step's inputs with marks in place of references.

    `keep_map` keeps the source-map comment of a lone text; it is wanted only where no processor changes the text. The
    problems are notes on what joining changed: inputs that cannot be joined have been refused before.
    """
    inputs = [scanned[name] for name in step.inputs]
    marks = _Marks(_unused_prefix([item.text for item in inputs]))
    edits = []
    for item in inputs:
        found = edges.get(item.source.logical, ())
        written = [edge for edge in found if _is_written(edge, step, keep_map=keep_map)]
        edits.append([*_map_edits(item, found, keep_map=keep_map), *map(marks.edit, written)])
    problems: tuple[Problem, ...] = ()
    if not step.is_bundle:
        text = edited(inputs[0].text, edits[0])
    elif step.kind is TextKind.CSS:
        own_edits = dict(zip(step.inputs, edits, strict=True))
        text = css_parts.text_of(step.parts, {item.source.logical: item.text for item in inputs}, own_edits)
    else:
        joined = join_js.join(
            [
                join_js.JoinInput(item.source.file, item.text, item.script or Script(), tuple(own))
                for item, own in zip(inputs, edits, strict=True)
            ]
        )
        text, problems = joined.text, joined.problems
    return Marked(text, marks.prefix, tuple(marks.links)), problems


@dataclass(slots=True)
class _Marks:
    """Hands out marks, in order."""

    prefix: str
    links: list[Link] = field(default_factory=list)

    def edit(self, edge: Edge) -> Edit:
        mark = f"{self.prefix}{len(self.links):06d}z"
        self.links.append(_link(edge))
        return edge.reference.start, edge.reference.end, mark


def _link(edge: Edge) -> Link:
    assert edge.target is not None
    return Link(edge.target, edge.reference.kind.is_module_specifier)


def _is_written(edge: Edge, step: CompileStep, *, keep_map: bool) -> bool:
    """Whether the reference's path becomes its target's output path. A bundle stands elsewhere than its inputs."""
    if edge.target is None:
        return False
    if edge.reference.kind is RefKind.SOURCE_MAP:
        return keep_map
    if edge.reference.kind is RefKind.CSS_IMPORT and step.is_bundle and text_kind(edge.target) is TextKind.CSS:
        return False  # it is inlined
    return not edge.is_mapped or (step.is_bundle and not edge.is_bare)


def _map_edits(item: Scanned, edges: Sequence[Edge], *, keep_map: bool) -> list[Edit]:
    spans = _map_spans(item, edges, keep_map=keep_map)
    if item.script is None:
        return [(start, end, "") for start, end in spans]
    return [(start, end, join_js.remainder(item.text[start:end])) for start, end in spans]


def _map_spans(item: Scanned, edges: Sequence[Edge], *, keep_map: bool) -> list[tuple[int, int]]:
    """Source-map comments that go: all of them, or, where they are kept, those whose map is not there."""
    if item.script is not None and not keep_map:
        return list(item.script.map_comments)
    maps = [edge for edge in edges if edge.reference.kind is RefKind.SOURCE_MAP]
    if keep_map:
        maps = [edge for edge in maps if edge.target is None]
    return [(edge.reference.outer_start, edge.reference.outer_end) for edge in maps]


def _unused_prefix(texts: Sequence[str]) -> str:
    """A word that no text holds, found in a fixed order so that the same inputs always give the same marks."""
    number = 0
    while True:
        prefix = f"assetbuild{number}ref"
        if not any(prefix in text for text in texts):
            return prefix
        number += 1
