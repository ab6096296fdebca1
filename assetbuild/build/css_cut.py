"""One style sheet of a bundle, cut at its imports into what stays, what is inlined and what is hoisted.

Knows one sheet at a time, and what its imports mean; not under which conditions it is itself imported.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assetbuild.build import css_layers, join_css
from assetbuild.build.css_imports import Condition, read_import
from assetbuild.build.css_parts import PartKind
from assetbuild.build.css_sheet import Sheet, Statement, is_import, is_late_import, is_statement, read, sections
from assetbuild.build.css_tokens import Kind, unescape
from assetbuild.build.edits import Edit
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Problem, RefKind, TextKind, place_at

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What stands between two imports. `layers` are those it declares, None where no statement can say them."""

    start: int
    end: int
    kind: PartKind | None
    layers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Local:
    """An import of a sheet that is inlined."""

    target: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class External:
    """An import that stays one: `start` and `end` delimit its URL. `offset` is where the statement stands."""

    target: str | None
    start: int
    end: int
    offset: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class NamespaceRule:
    """An `@namespace`. `is_default` has no prefix."""

    start: int
    end: int
    is_default: bool


Piece = Chunk | Local | External | NamespaceRule


@dataclass(frozen=True, slots=True)
class Cut:
    """A sheet cut at its imports."""

    pieces: tuple[Piece, ...]
    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]
    has_layers: bool


@dataclass(slots=True)
class Sheets:
    """Every sheet, cut once however many bundles it is part of."""

    scanned: Mapping[str, Scanned]
    edges: Mapping[str, Sequence[Edge]]
    known: dict[str, Cut] = field(default_factory=dict)

    def cut(self, name: str) -> Cut:
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
            self.known[name] = Cut(tuple(pieces), tuple(edits), problems, css_layers.mentions(sheet))
        return self.known[name]


def _not_text(item: Scanned) -> Iterator[Problem]:
    """An imported sheet is read like one that is published alone; in a bundle its bytes must make sense."""
    bad = _LONE_SURROGATE.search(item.text)
    if bad is not None:
        text = "this style sheet is imported into a bundle, and is not valid utf-8"
        yield Problem("not-utf8", text, place_at(item.source.file, item.text, bad.start()), hint="save it as UTF-8")


def _cut(sheet: Sheet, imports: Mapping[int, str]) -> tuple[list[Piece], list[Edit]]:
    edits = join_css.cuts(sheet)
    gone = {edit[:2] for edit in edits if not edit[2]}
    comments = [one.start for one in sheet.comments if (one.start, one.end) not in gone]
    pieces: list[Piece] = []
    held: list[Statement] = []
    start = 0

    def close(end: int) -> None:
        kept = [each for each in held if (each.start, each.end) not in gone]
        commented = bisect_left(comments, start) < bisect_left(comments, end)
        pieces.append(Chunk(start, end, _kind(kept, commented=commented), css_layers.declared(sheet, kept)))
        held.clear()

    for statement, part in sections(sheet.statements):
        if statement.name == "@namespace" and part <= part.NAMESPACES and is_statement(statement):
            first = statement.prelude[0] if statement.prelude else None
            pieces.append(NamespaceRule(statement.start, statement.end, first is None or first.kind is not Kind.IDENT))
            edits.append((statement.start, statement.end, ""))
        elif is_import(statement) and not is_late_import(statement, part):
            close(statement.start)
            start = statement.end
            found = read_import(sheet.text, statement)
            target = imports.get(statement.start)
            if found is None or _is_itself(sheet.text, found.start, found.end):
                continue
            if target is not None and text_kind(target) is TextKind.CSS:
                pieces.append(Local(target, found.condition))
            else:
                pieces.append(External(target, found.start, found.end, statement.start, found.condition))
        else:
            held.append(statement)
    close(len(sheet.text))
    return pieces, sorted(edits)


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
