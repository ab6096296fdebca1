"""One style sheet of a bundle, cut at its imports into what stays, what is inlined and what is hoisted.

Knows one sheet at a time, and what its imports mean; not under which conditions it is itself imported.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assetbuild.build import css_layers, join_css, urls
from assetbuild.build.css_imports import Condition, url_in
from assetbuild.build.css_parts import PartKind
from assetbuild.build.css_roles import Role, placed
from assetbuild.build.css_sheet import Sheet, Statement, is_statement, read
from assetbuild.build.css_tokens import Kind, Token, tokenize, unescape
from assetbuild.build.edits import Edit
from assetbuild.build.join_css import Found
from assetbuild.build.media import text_kind
from assetbuild.build.model import Problem, RefKind, TextKind

if TYPE_CHECKING:
    from assetbuild.build.graph import Edge, Scanned

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
    """An import of a sheet that is inlined. `offset` is where the statement stands."""

    target: str
    offset: int
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
    """An `@namespace`. `prefix` is '' for the default one."""

    start: int
    end: int
    prefix: str


Piece = Chunk | Local | External | NamespaceRule


@dataclass(frozen=True, slots=True)
class Cut:
    """A sheet cut at its imports."""

    pieces: tuple[Piece, ...]
    edits: tuple[Edit, ...]
    found: tuple[Found, ...]
    has_layers: bool


CutOf = Callable[[str, Mapping[int, str], Callable[[], str]], Cut]
"""Cuts a sheet by its SHA-256, the targets of its imports by their places, and what reads its text: it may be known."""


@dataclass(slots=True)
class Sheets:
    """Every sheet, cut once however many bundles it is part of."""

    scanned: Mapping[str, Scanned]
    edges: Mapping[str, Sequence[Edge]]
    cut_of: CutOf
    known: dict[str, Cut] = field(default_factory=dict)

    def cut(self, name: str) -> Cut:
        if name not in self.known:
            item = self.scanned[name]
            imports = {
                edge.reference.outer_start: edge.target
                for edge in self.edges.get(name, ())
                if edge.reference.kind is RefKind.CSS_IMPORT and edge.target is not None
            }
            self.known[name] = self.cut_of(item.blob.sha256, imports, lambda: item.text)
        return self.known[name]

    def problems(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with the sheet."""
        found, item = self.cut(name).found, self.scanned[name]
        return join_css.told(item.source.file, item.text, found) if found else ()

    def moved(self, name: str, folder: str) -> list[Edit]:
        """The edits that keep URLs which name no asset of ours at what they mean, in a bundle that lies in `folder`."""
        here = urls.folder_of(name)
        return [
            (one.start, one.end, urls.moved(one.path, folder=here, to=folder))
            for one in (edge.reference for edge in self.edges.get(name, ()) if edge.target is None)
            if folder != here and one.kind is not RefKind.SOURCE_MAP and not one.path.startswith("/")
        ]


def cut(text: str, imports: Mapping[int, str]) -> Cut:
    """Cut a sheet. `imports` are the targets of those of its imports that have one, by the place of the statement."""
    sheet = read(text)
    pieces, edits = _cut(sheet, imports)
    found = (*join_css.found_in(sheet), *_modified(sheet, imports), *_not_text(text))
    return Cut(tuple(pieces), tuple(edits), found, css_layers.mentions(sheet))


def used_prefixes(text: str) -> dict[str, int]:
    """The namespace prefixes that selectors and `attr()` of a sheet may use, with their first places: `svg|a`."""
    tokens = [token for token in tokenize(text) if token.kind is not Kind.COMMENT]
    found: dict[str, int] = {}
    for prefix, bar, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if prefix.kind is Kind.IDENT and _is(text, bar, "|") and (name.kind is Kind.IDENT or _is(text, name, "*")):
            found.setdefault(unescape(text[prefix.start : prefix.end]), prefix.start)
    return found


def _is(text: str, token: Token, spelled: str) -> bool:
    return text[token.start : token.end] == spelled


def _not_text(text: str) -> Iterator[Found]:
    """An imported sheet is read like one that is published alone; in a bundle its bytes must make sense."""
    bad = _LONE_SURROGATE.search(text)
    if bad is not None:
        problem = "this style sheet is imported into a bundle, and is not valid utf-8"
        yield Found("not-utf8", bad.start(), problem, "save it as UTF-8")


def _modified(sheet: Sheet, imports: Mapping[int, str]) -> Iterator[Found]:
    """An import that would be inlined, though not all browsers heed it."""
    for one in placed(sheet):
        is_heeded = one.role is Role.IMPORT and one.found is not None and one.found.is_modified
        if is_heeded and text_kind(imports.get(one.statement.start, "")) is TextKind.CSS:
            problem = "only some browsers heed an @import whose url() has a modifier, so it cannot be inlined"
            yield Found(
                "css-import-modifier", one.statement.start, problem, "remove what follows the string within url()"
            )


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

    for one in placed(sheet):
        statement, found = one.statement, one.found
        if one.role is Role.NAMESPACE:
            pieces.append(NamespaceRule(statement.start, statement.end, one.prefix))
            edits.append((statement.start, statement.end, ""))
        elif one.role is Role.IMPORT and found is not None:
            close(statement.start)
            start = statement.end
            target = imports.get(statement.start)
            if _is_itself(sheet.text, found.start, found.end):
                continue
            if target is not None and text_kind(target) is TextKind.CSS:
                pieces.append(Local(target, statement.start, found.condition))
            else:
                pieces.append(External(target, found.start, found.end, statement.start, found.condition))
        else:
            held.append(statement)
    close(len(sheet.text))
    return pieces, sorted(edits)


def _is_itself(text: str, start: int, end: int) -> bool:
    """Whether the URL is empty or a mere fragment: then it is the sheet's own, and no browser loads that again."""
    return url_in(text[start:end]).partition("#")[0] == ""


def _kind(statements: Sequence[Statement], *, commented: bool) -> PartKind | None:
    """None where nothing is left of it."""
    if any(statement.name != "@layer" or not is_statement(statement) for statement in statements):
        return PartKind.RULES
    return PartKind.HEAD if statements or commented else None
