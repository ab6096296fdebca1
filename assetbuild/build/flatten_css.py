"""From a bundle's style sheets to one: local `@import`s are replaced by what they name, as browsers would apply it.

Pure; knows the order of the cascade, not what rules say. Of a sheet that comes twice under the same conditions only
the last place counts for browsers, so that place is kept. Sheets are gone through from the last to the first: then
whatever was met before comes later, and need not be gone through again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from assetbuild.build.css_cut import Chunk, CutOf, External, Local, NamespaceRule, Sheets, used_prefixes
from assetbuild.build.css_imports import (
    NO_CONDITION,
    Condition,
    has_layer,
    joined,
    layers_only,
    shared,
    url_in,
    wrapping,
)
from assetbuild.build.css_parts import Part, PartKind
from assetbuild.build.edits import Edit, edited_slice
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Namespace, Place, Problem, Severity, TextKind, place_at
from assetbuild.build.urls import folder_of, is_local

_MOST_PARTS = 10_000
_DEEPEST = 100


def flatten_bundles(
    namespace: Namespace, scanned: Mapping[str, Scanned], edges: Mapping[str, Sequence[Edge]], *, cut_of: CutOf
) -> tuple[dict[str, tuple[Part, ...]], list[Problem]]:
    """The parts of every CSS bundle, in order, by the bundle's name; and what cannot be part of a bundle."""
    sheets = Sheets(scanned, edges, cut_of)
    flat: dict[str, tuple[Part, ...]] = {}
    problems: dict[Problem, None] = {}
    for name in sorted(namespace.bundles):
        if text_kind(name) is TextKind.CSS:
            walk = _Walk(name, namespace, sheets)
            flat[name] = walk.run()
            problems.update(dict.fromkeys(walk.problems))
    return flat, list(problems)


_Key = tuple[str, tuple[Condition, ...]]


@dataclass(frozen=True, slots=True)
class _Met:
    """A part as met on the way; `offset` is where an `@import` stands, `conditions` what is wrapped around rules.

    `key` is the same for external imports of one URL under the same conditions.
    """

    part: Part
    has_layers: bool = False
    offset: int = 0
    conditions: tuple[Condition, ...] = ()
    key: _Key | None = None


@dataclass(slots=True)
class _Walk:
    """Goes through a bundle's sheets from the last to the first."""

    bundle: str
    namespace: Namespace
    sheets: Sheets
    problems: list[Problem] = field(default_factory=list)
    met: list[_Met] = field(default_factory=list)
    seen: set[tuple[str, tuple[Condition, ...]]] = field(default_factory=set)
    layered: dict[str, bool] = field(default_factory=dict)
    edits: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    declared: dict[str, Place] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    nameless: int = 0
    entered: int = 0
    is_given_up: bool = False

    def run(self) -> tuple[Part, ...]:
        self._enter_bundle(self.bundle, (), None)
        self._borrowed_prefixes()
        return tuple(_ordered(self))

    def _enter_bundle(self, bundle: str, conditions: tuple[Condition, ...], importer: tuple[str, int] | None) -> None:
        for name in reversed(self.namespace.bundles[bundle]):
            self._enter(name, conditions, importer)

    def _enter(self, name: str, conditions: tuple[Condition, ...], importer: tuple[str, int] | None) -> None:
        """`importer` is the sheet with the `@import` that leads here, and its place there; None for an input."""
        if name in self.stack or name not in self.sheets.scanned or self._is_too_much(importer or (name, 0)):
            return
        again = self._is_known(name, conditions)
        if again and not has_layer(conditions) and not self._has_layers(name):
            return
        self.seen.add((name, conditions))
        self.entered += 1
        cut = self.sheets.cut(name)
        self.problems += self.sheets.problems(name)
        self.stack.append(name)
        before = len(self.met)
        for piece in reversed(cut.pieces):
            if isinstance(piece, Local):
                self._import(name, piece, conditions)
            elif isinstance(piece, External):
                self._external(name, piece, conditions)
            elif isinstance(piece, NamespaceRule):
                self._namespace(name, piece, conditions)
            else:
                self._chunk(name, piece, conditions, again=again)
        self.stack.pop()
        if all(met.part.kind is PartKind.HEAD and not met.has_layers for met in self.met[before:]):
            self._layers(name, (), conditions)

    def _import(self, name: str, piece: Local, conditions: tuple[Condition, ...]) -> None:
        inner = conditions if piece.condition == NO_CONDITION else (*conditions, self._numbered(piece.condition))
        if piece.target == self.bundle or piece.target not in self.namespace.bundles:
            self._enter(piece.target, inner, (name, piece.offset))
        elif piece.target not in self.stack:
            self.stack.append(piece.target)
            self._enter_bundle(piece.target, inner, (name, piece.offset))
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
        """Whether the sheet, or what it imports, has to do with layers: then its first place has a meaning too.

        What comes from other hosts may have layers.
        """
        if name not in self.layered:
            self.layered[name] = False
            waiting, reached = [name], {name}
            while waiting:
                for each in self._resolved(waiting.pop()):
                    if each not in self.sheets.scanned:
                        continue
                    cut = self.sheets.cut(each)
                    targets = {piece.target for piece in cut.pieces if isinstance(piece, Local)} - reached
                    conditions = [piece.condition for piece in cut.pieces if isinstance(piece, Local)]
                    is_open = any(isinstance(piece, External) for piece in cut.pieces)
                    if is_open or cut.has_layers or has_layer(conditions):
                        self.layered[name] = True
                        return True
                    reached |= targets
                    waiting += sorted(targets)
        return self.layered[name]

    def _resolved(self, name: str) -> tuple[str, ...]:
        return (name,) if name in self.sheets.scanned else self.namespace.bundles.get(name, ())

    def _chunk(self, name: str, piece: Chunk, conditions: tuple[Condition, ...], *, again: bool) -> None:
        if again and piece.layers is not None:
            if piece.layers:
                self._layers(name, piece.layers, conditions)
            return
        edits = self._edits(name)
        # A comment stays within a layer without a name, which would end before it otherwise.
        is_nameless = any(each.layer == "" for each in conditions)
        if piece.kind is PartKind.RULES or (piece.kind is not None and (is_nameless or (piece.layers and conditions))):
            self._meet(PartKind.RULES, name, piece.start, piece.end, edits=edits, conditions=conditions,
                       has_layers=bool(piece.layers) or piece.layers is None or has_layer(conditions))  # fmt: skip
            return
        if piece.kind is not None:
            self._meet(piece.kind, name, piece.start, piece.end, edits=edits, has_layers=bool(piece.layers))

    def _edits(self, name: str) -> tuple[Edit, ...]:
        """What is changed in the sheet: what does not go in a bundle, and URLs that mean something else from there."""
        if name not in self.edits:
            moved = self.sheets.moved(name, folder_of(self.bundle))
            self.edits[name] = tuple(sorted([*self.sheets.cut(name).edits, *moved]))
        return self.edits[name]

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

    def _external(self, name: str, piece: External, conditions: tuple[Condition, ...]) -> None:
        item = self.sheets.scanned[name]
        chain = (*conditions, self._numbered(piece.condition))
        edits = self._edits(name)
        words = joined(chain)
        if words is None:
            problem = "the conditions around this external @import cannot be said in one @import"
            hint = "move it to an input of the bundle, outside of the layer or condition"
            place = place_at(item.source.file, item.text, piece.offset)
            self.problems.append(Problem("css-import-conditions", problem, place, hint=hint))
            return
        after = f" {words};" if words else ";"
        key = (piece.target or edited_slice(item.text, piece.start, piece.end, edits), chain)
        self._meet(PartKind.IMPORT, name, piece.start, piece.end, edits=edits, before="@import ", after=after,
                   offset=piece.offset, key=key)  # fmt: skip

    def _namespace(self, name: str, piece: NamespaceRule, conditions: tuple[Condition, ...]) -> None:
        item = self.sheets.scanned[name]
        hint = "leave this file out of the bundle and load it by itself"
        place = place_at(item.source.file, item.text, piece.start)
        inputs = self.namespace.bundles[self.bundle]
        if name != inputs[0] or conditions:
            text = (
                "only the first input of a bundle may hold @namespace: it would not count for this file's rules alone"
            )
            self.problems.append(Problem("css-namespace-in-later-input", text, place, hint=hint))
        elif not piece.prefix and (len(inputs) > 1 or any(isinstance(p, Local) for p in self.sheets.cut(name).pieces)):
            text = "a default @namespace would also change which elements the other inputs of the bundle select"
            self.problems.append(Problem("css-default-namespace", text, place, hint=hint))
        else:
            text = item.text[piece.start : piece.end]
            self._meet(PartKind.NAMESPACE, name, piece.start, piece.end, after="" if text.endswith(";") else ";")
            self.declared[piece.prefix] = place

    def _borrowed_prefixes(self) -> None:
        """Selectors with a prefix that only the first input declares: browsers drop them, but not in the bundle."""
        first = self.namespace.bundles[self.bundle][:1]
        others = sorted({name for name, _ in self.seen} - {*first}) if self.declared else []
        for item in map(self.sheets.scanned.__getitem__, others):
            used = used_prefixes(item.text)
            for prefix in sorted(self.declared.keys() & used.keys(), key=used.__getitem__):
                there = self.declared[prefix]
                text = (
                    f'the namespace prefix "{prefix}" is declared in {there.path}, not in this file: browsers drop '
                    "the rule that uses it here, and would heed it in the bundle"
                )
                hint = "remove the rule, or leave this file out of the bundle"
                place = place_at(item.source.file, item.text, used[prefix])
                self.problems.append(Problem("css-namespace-prefix", text, place, hint=hint))

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
        key: _Key | None = None,
    ) -> None:
        part = Part(kind, source, start, end, edits, before, after)
        self.met.append(_Met(part, has_layers, offset, conditions, key))

    def _is_too_much(self, importer: tuple[str, int]) -> bool:
        if self.is_given_up:
            return True
        if len(self.stack) >= _DEEPEST:
            most = f"are more than {_DEEPEST} deep"
        elif self.entered + len(self.met) >= _MOST_PARTS:
            most = f"make more than {_MOST_PARTS} parts"
        else:
            return False
        self.is_given_up = True
        item = self.sheets.scanned[importer[0]]
        place = place_at(item.source.file, item.text, importer[1])
        text = f"with this @import, those of {self.bundle} {most}"
        hint = "import each style sheet once, under one condition"
        self.problems.append(Problem("css-imports-too-many", text, place, hint=hint))
        return True


def _ordered(walk: _Walk) -> Iterator[Part]:
    """The parts in the order in which browsers heed them; what is hoisted over something else is told."""
    parts: dict[PartKind, list[_Met]] = {kind: [] for kind in PartKind}
    over = None
    for met in _without_repeats(walk.met[::-1]):
        part, kind = met.part, met.part.kind
        if kind is PartKind.HEAD and (parts[PartKind.RULES] or (parts[PartKind.IMPORT] and met.has_layers)):
            kind = PartKind.RULES
        if kind is not PartKind.IMPORT or [one.key for one in parts[kind][-1:]] != [met.key]:
            parts[kind].append(met)
        if kind is PartKind.RULES and (part.kind is PartKind.RULES or met.has_layers):
            over = over or part
        item = walk.sheets.scanned[part.source]
        # A local one that still is an import leads to nothing, which is told where it is resolved.
        if kind is PartKind.IMPORT and over is not None and not is_local(url_in(item.text[part.start : part.end])):
            text = f"this external @import stands first in {walk.bundle}, before rules of {over.source} that it follows"
            place = place_at(item.source.file, item.text, met.offset)
            hint = (
                "list the file that holds it first in the bundle, or load the external style sheet by a tag of its own"
            )
            walk.problems.append(Problem("css-import-hoisted", text, place, Severity.WARNING, hint=hint))
    for kind in PartKind:
        yield from _wrapped(parts[kind])


def _without_repeats(found: Sequence[_Met]) -> Iterator[_Met]:
    """All but those places of an external import that are neither its first nor its last.

    The sheet may have layers, whose order comes from the first; its rules count at the last (CSS Cascade 5, section 6).
    """
    last = {met.key: at for at, met in enumerate(found)}
    met_before: set[_Key] = set()
    for at, met in enumerate(found):
        if met.key is None or met.key not in met_before or last[met.key] == at:
            yield met
        met_before |= {met.key} if met.key is not None else set()


def _wrapped(found: Sequence[_Met]) -> Iterator[Part]:
    """The parts within their conditions; those that share a layer without a name, within the same one."""
    shares = [shared(one.conditions, other.conditions) for one, other in pairwise(found)]
    for met, earlier, later in zip(found, [0, *shares], [*shares, 0], strict=False):
        before, after = wrapping(met.conditions[earlier:])[0], wrapping(met.conditions[later:])[1]
        yield replace(met.part, before=before + met.part.before, after=met.part.after + after)
