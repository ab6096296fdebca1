"""From a bundle's style sheets to one: local `@import`s are replaced by what they name, as browsers would apply it.

Pure; knows the order of the cascade, not what rules say. Of a sheet that comes twice under the same conditions only
the last place counts for browsers, so that place is kept. Sheets are gone through from the last to the first: then
whatever was met before comes later, and need not be gone through again.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from assetbuild.build import css_layers, join_css
from assetbuild.build.css_imports import (
    NO_CONDITION,
    Condition,
    has_layer,
    joined,
    layers_only,
    read_import,
    shared,
    wrapping,
)
from assetbuild.build.css_sheet import Sheet, Statement, is_import, is_late_import, read, sections
from assetbuild.build.css_tokens import Kind, unescape
from assetbuild.build.edits import Edit, edited_slice
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Namespace, Problem, RefKind, Severity, TextKind, place_at

_MOST_PARTS = 10_000
_DEEPEST = 100
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class PartKind(enum.Enum):
    """What a part holds; in a style sheet they must stand in this order."""

    HEAD = "head"
    """Comments, and `@layer` statements without conditions."""
    IMPORT = "import"
    """An `@import` of what is not ours."""
    NAMESPACE = "namespace"
    """An `@namespace`."""
    RULES = "rules"
    """Everything else."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a source's text, characters `start` to `end`, with what stands around it in the bundle.

    `edits` are made on the way, in characters of the source's text; sorted.
    """

    kind: PartKind
    source: str
    start: int
    end: int
    edits: tuple[Edit, ...] = ()
    before: str = ""
    after: str = ""


def text_of(parts: Sequence[Part], texts: Mapping[str, str], marks: Mapping[str, Sequence[Edit]]) -> str:
    """The bundle, each part on lines of its own. `marks` are edits by source that put marks in place of references."""
    merged: dict[tuple[str, bool], list[Edit]] = {}
    pieces: list[str] = []
    for part in parts:
        key = (part.source, bool(part.edits))
        if key not in merged:
            merged[key] = sorted({*part.edits, *marks.get(part.source, ())})
        inside = edited_slice(texts[part.source], part.start, part.end, merged[key])
        if part.kind is PartKind.RULES and inside and not inside.endswith("\n"):
            inside += "\n"
        whole = part.before + inside + part.after
        pieces += [whole] if not whole or whole.endswith("\n") else [whole, "\n"]
    return "".join(pieces)


def flatten_bundles(
    namespace: Namespace, scanned: Mapping[str, Scanned], edges: Mapping[str, Sequence[Edge]]
) -> tuple[dict[str, tuple[Part, ...]], list[Problem]]:
    """The parts of every CSS bundle, in order, by the bundle's name; and what cannot be part of a bundle."""
    sheets = _Sheets(scanned, edges)
    flat: dict[str, tuple[Part, ...]] = {}
    problems: dict[Problem, None] = {}
    for name in sorted(namespace.bundles):
        if text_kind(name) is TextKind.CSS:
            walk = _Walk(name, namespace, sheets)
            flat[name] = walk.run()
            problems.update(dict.fromkeys(walk.problems))
    return flat, list(problems)


# --- one sheet -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What stands between two imports. `layers` are those it declares, None where no statement can say them."""

    start: int
    end: int
    kind: PartKind | None
    layers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Local:
    """An import of a sheet that is inlined."""

    target: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class _External:
    """An import that stays one: `start` and `end` delimit its URL. `offset` is where the statement stands."""

    target: str | None
    start: int
    end: int
    offset: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class _Namespace:
    """An `@namespace`. `is_default` has no prefix."""

    start: int
    end: int
    is_default: bool


_Piece = _Chunk | _Local | _External | _Namespace


@dataclass(frozen=True, slots=True)
class _Cut:
    """A sheet cut at its imports."""

    pieces: tuple[_Piece, ...]
    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]
    has_layers: bool


@dataclass(slots=True)
class _Sheets:
    """Every sheet, cut once however many bundles it is part of."""

    scanned: Mapping[str, Scanned]
    edges: Mapping[str, Sequence[Edge]]
    known: dict[str, _Cut] = field(default_factory=dict)

    def cut(self, name: str) -> _Cut:
        if name not in self.known:
            item = self.scanned[name]
            sheet = read(item.text)
            imports = {
                edge.reference.outer_start: edge.target
                for edge in self.edges.get(name, ())
                if edge.reference.kind is RefKind.CSS_IMPORT and edge.target is not None
            }
            pieces, edits = _cut(sheet, imports)
            problems = (*join_css.problems_of_sheet(item.source.file, sheet), *_not_text(item))
            self.known[name] = _Cut(tuple(pieces), tuple(edits), problems, css_layers.mentions(sheet))
        return self.known[name]


def _not_text(item: Scanned) -> Iterator[Problem]:
    """An imported sheet is read like one that is published alone; in a bundle its bytes must make sense."""
    bad = _LONE_SURROGATE.search(item.text)
    if bad is not None:
        text = "this style sheet is imported into a bundle, and is not valid utf-8"
        yield Problem("not-utf8", text, place_at(item.source.file, item.text, bad.start()), hint="save it as UTF-8")


def _cut(sheet: Sheet, imports: Mapping[int, str]) -> tuple[list[_Piece], list[Edit]]:
    edits = join_css.cuts(sheet)
    gone = {edit[:2] for edit in edits if not edit[2]}
    comments = [one.start for one in sheet.comments if (one.start, one.end) not in gone]
    pieces: list[_Piece] = []
    held: list[Statement] = []
    start = 0

    def close(end: int) -> None:
        kept = [each for each in held if (each.start, each.end) not in gone]
        commented = bisect_left(comments, start) < bisect_left(comments, end)
        pieces.append(_Chunk(start, end, _kind(kept, commented=commented), css_layers.declared(sheet, kept)))
        held.clear()

    for statement, part in sections(sheet.statements):
        if statement.name == "@namespace" and part <= part.NAMESPACES and is_statement(statement):
            first = statement.prelude[0] if statement.prelude else None
            pieces.append(_Namespace(statement.start, statement.end, first is None or first.kind is not Kind.IDENT))
            edits.append((statement.start, statement.end, ""))
        elif is_import(statement) and not is_late_import(statement, part):
            close(statement.start)
            start = statement.end
            found = read_import(sheet.text, statement)
            target = imports.get(statement.start)
            if found is None or _is_itself(sheet.text, found.start, found.end):
                continue
            if target is not None and text_kind(target) is TextKind.CSS:
                pieces.append(_Local(target, found.condition))
            else:
                pieces.append(_External(target, found.start, found.end, statement.start, found.condition))
        else:
            held.append(statement)
    close(len(sheet.text))
    return pieces, sorted(edits)


def is_statement(statement: Statement) -> bool:
    """Whether it has no block."""
    return statement.ending is not statement.ending.BLOCK


def _is_itself(text: str, start: int, end: int) -> bool:
    """Whether the URL is empty or a mere fragment: then it is the sheet's own, and no browser loads that again."""
    url = unescape(text[start:end])
    inside = url[url.index("(") + 1 :].rstrip(")") if not url.startswith(("'", '"')) else url
    return inside.strip(" \t\r\n\f'\"").partition("#")[0] == ""


def _kind(statements: Sequence[Statement], *, commented: bool) -> PartKind | None:
    """None where nothing is left of it."""
    if any(statement.name != "@layer" or not is_statement(statement) for statement in statements):
        return PartKind.RULES
    return PartKind.HEAD if statements or commented else None


# --- one bundle ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Met:
    """A part as met on the way; `offset` is where an `@import` stands, `conditions` what is wrapped around rules."""

    part: Part
    has_layers: bool = False
    offset: int = 0
    conditions: tuple[Condition, ...] = ()


@dataclass(slots=True)
class _Walk:
    """Goes through a bundle's sheets from the last to the first."""

    bundle: str
    namespace: Namespace
    sheets: _Sheets
    problems: list[Problem] = field(default_factory=list)
    met: list[_Met] = field(default_factory=list)
    seen: set[tuple[str, tuple[Condition, ...]]] = field(default_factory=set)
    layered: dict[str, bool] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    nameless: int = 0
    entered: int = 0

    def run(self) -> tuple[Part, ...]:
        self._enter_bundle(self.bundle, ())
        return tuple(_ordered(self))

    def _enter_bundle(self, bundle: str, conditions: tuple[Condition, ...]) -> None:
        for name in reversed(self.namespace.bundles[bundle]):
            self._enter(name, conditions)

    def _enter(self, name: str, conditions: tuple[Condition, ...]) -> None:
        if name in self.stack or name not in self.sheets.scanned or self._is_too_much(name):
            return
        again = self._is_known(name, conditions)
        if again and not has_layer(conditions) and not self._has_layers(name):
            return
        self.seen.add((name, conditions))
        self.entered += 1
        cut = self.sheets.cut(name)
        self.problems += cut.problems
        self.stack.append(name)
        before = len(self.met)
        for piece in reversed(cut.pieces):
            if isinstance(piece, _Local):
                self._import(piece, conditions)
            elif isinstance(piece, _External):
                self._external(name, piece, conditions)
            elif isinstance(piece, _Namespace):
                self._namespace(name, piece, conditions)
            else:
                self._chunk(name, piece, conditions, again=again)
        self.stack.pop()
        if all(met.part.kind is PartKind.HEAD and not met.has_layers for met in self.met[before:]):
            self._layers(name, (), conditions)

    def _import(self, piece: _Local, conditions: tuple[Condition, ...]) -> None:
        inner = conditions if piece.condition == NO_CONDITION else (*conditions, self._numbered(piece.condition))
        if piece.target == self.bundle or piece.target not in self.namespace.bundles:
            self._enter(piece.target, inner)
        elif piece.target not in self.stack:
            self.stack.append(piece.target)
            self._enter_bundle(piece.target, inner)
            self.stack.pop()

    def _numbered(self, condition: Condition) -> Condition:
        if condition.layer != "":
            return condition
        self.nameless += 1
        return replace(condition, number=self.nameless)

    def _is_known(self, name: str, conditions: tuple[Condition, ...]) -> bool:
        """Whether the sheet comes later under these conditions, or none."""
        return (name, conditions) in self.seen or ((name, ()) in self.seen and not has_layer(conditions))

    def _has_layers(self, name: str) -> bool:
        """Whether the sheet, or what it imports, has to do with layers: then its first place has a meaning too."""
        if name not in self.layered:
            self.layered[name] = False
            waiting, reached = [name], {name}
            while waiting:
                for each in self._resolved(waiting.pop()):
                    if each not in self.sheets.scanned:
                        continue
                    cut = self.sheets.cut(each)
                    targets = {piece.target for piece in cut.pieces if isinstance(piece, _Local)} - reached
                    conditions = [p.condition for p in cut.pieces if isinstance(p, _Local | _External)]
                    if cut.has_layers or has_layer(conditions):
                        self.layered[name] = True
                        return True
                    reached |= targets
                    waiting += sorted(targets)
        return self.layered[name]

    def _resolved(self, name: str) -> tuple[str, ...]:
        return (name,) if name in self.sheets.scanned else self.namespace.bundles.get(name, ())

    def _chunk(self, name: str, piece: _Chunk, conditions: tuple[Condition, ...], *, again: bool) -> None:
        if again and piece.layers is not None:
            if piece.layers:
                self._layers(name, piece.layers, conditions)
            return
        edits = self.sheets.cut(name).edits
        # A comment stays within a layer without a name, which would end before it otherwise.
        is_nameless = any(each.layer == "" for each in conditions)
        if piece.kind is PartKind.RULES or (piece.kind is not None and (is_nameless or (piece.layers and conditions))):
            self._meet(PartKind.RULES, name, piece.start, piece.end, edits=edits, conditions=conditions,
                       has_layers=bool(piece.layers) or piece.layers is None or has_layer(conditions))  # fmt: skip
            return
        if piece.kind is not None:
            self._meet(piece.kind, name, piece.start, piece.end, edits=edits, has_layers=bool(piece.layers))

    def _layers(self, name: str, names: Sequence[str], conditions: tuple[Condition, ...]) -> None:
        """Only the layers of a text that has no rules, or whose rules come later (CSS Cascade 5, section 6.4.4)."""
        outer = layers_only(conditions)
        if outer is None:
            if not names and not has_layer(conditions):
                return
            inside = f"@layer {', '.join(names)};\n" if names else ""
            self._meet(PartKind.RULES, name, 0, 0, before=inside, conditions=conditions, has_layers=True)
            return
        full = [".".join(filter(None, (outer, each))) for each in names] or ([outer] if outer else [])
        if full:
            self._meet(PartKind.HEAD, name, 0, 0, before=f"@layer {', '.join(full)};\n", has_layers=True)

    def _external(self, name: str, piece: _External, conditions: tuple[Condition, ...]) -> None:
        item = self.sheets.scanned[name]
        chain = (*conditions, self._numbered(piece.condition))
        key = (piece.target or item.text[piece.start : piece.end], chain)
        if key in self.seen and not has_layer(chain):
            return
        self.seen.add(key)
        words = joined(chain)
        if words is None:
            problem = "the conditions around this external @import cannot be said in one @import"
            hint = "move it to an input of the bundle, outside of the layer or condition"
            place = place_at(item.source.file, item.text, piece.offset)
            self.problems.append(Problem("css-import-conditions", problem, place, hint=hint))
            return
        after = f" {words};" if words else ";"
        self._meet(PartKind.IMPORT, name, piece.start, piece.end, before="@import ", after=after, offset=piece.offset)

    def _namespace(self, name: str, piece: _Namespace, conditions: tuple[Condition, ...]) -> None:
        item = self.sheets.scanned[name]
        hint = "leave this file out of the bundle and load it by itself"
        place = place_at(item.source.file, item.text, piece.start)
        inputs = self.namespace.bundles[self.bundle]
        if name != inputs[0] or conditions:
            text = (
                "only the first input of a bundle may hold @namespace: it would not count for this file's rules alone"
            )
            self.problems.append(Problem("css-namespace-in-later-input", text, place, hint=hint))
        elif piece.is_default and (len(inputs) > 1 or any(isinstance(p, _Local) for p in self.sheets.cut(name).pieces)):
            text = "a default @namespace would also change which elements the other inputs of the bundle select"
            self.problems.append(Problem("css-default-namespace", text, place, hint=hint))
        else:
            text = item.text[piece.start : piece.end]
            self._meet(PartKind.NAMESPACE, name, piece.start, piece.end, after="" if text.endswith(";") else ";")

    def _meet(
        self,
        kind: PartKind,
        source: str,
        start: int,
        end: int,
        *,
        edits: tuple[Edit, ...] = (),
        before: str = "",
        after: str = "",
        has_layers: bool = False,
        offset: int = 0,
        conditions: tuple[Condition, ...] = (),
    ) -> None:
        self.met.append(_Met(Part(kind, source, start, end, edits, before, after), has_layers, offset, conditions))

    def _is_too_much(self, name: str) -> bool:
        if len(self.stack) < _DEEPEST and self.entered + len(self.met) < _MOST_PARTS:
            return False
        text = f"the @imports of {self.bundle} lead too deep or to too many style sheets"
        file = self.sheets.scanned[name].source.file
        hint = "import each style sheet once, under one condition"
        self.problems.append(Problem("css-imports-too-many", text, place_at(file, "", 0), hint=hint))
        return True


def _ordered(walk: _Walk) -> Iterator[Part]:
    """The parts in the order in which browsers heed them; what is hoisted over something else is told."""
    parts: dict[PartKind, list[_Met]] = {kind: [] for kind in PartKind}
    over = None
    for met in reversed(walk.met):
        part, kind = met.part, met.part.kind
        if kind is PartKind.HEAD and (parts[PartKind.RULES] or (parts[PartKind.IMPORT] and met.has_layers)):
            kind = PartKind.RULES
        parts[kind].append(met)
        if kind is PartKind.RULES and (part.kind is PartKind.RULES or met.has_layers):
            over = over or part
        if kind is PartKind.IMPORT and over is not None:
            item = walk.sheets.scanned[part.source]
            text = f"this external @import stands first in {walk.bundle}, before rules of {over.source} that it follows"
            place = place_at(item.source.file, item.text, met.offset)
            hint = (
                "list the file that holds it first in the bundle, or load the external style sheet by a tag of its own"
            )
            walk.problems.append(Problem("css-import-hoisted", text, place, Severity.WARNING, hint=hint))
    for kind in PartKind:
        yield from _wrapped(parts[kind])


def _wrapped(found: Sequence[_Met]) -> Iterator[Part]:
    """The parts within their conditions; those that share a layer without a name, within the same one."""
    shares = [shared(one.conditions, other.conditions) for one, other in pairwise(found)]
    for met, earlier, later in zip(found, [0, *shares], [*shares, 0], strict=False):
        before, after = wrapping(met.conditions[earlier:])[0], wrapping(met.conditions[later:])[1]
        yield replace(met.part, before=before + met.part.before, after=met.part.after + after)
