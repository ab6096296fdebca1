"""Joining the inputs of a CSS bundle: what cannot be joined is told, what can is joined without changing its meaning.

Knows the rules of the top level and which of them count only at the start of a sheet (CSS Cascade 5, section 2;
CSS Namespaces 3, section 2); nothing of what the rules say. Files named by `@import` are not read here.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assetbuild.build.css_tokens import CLOSERS, Kind, Token, is_closed, tokenize, unescape
from assetbuild.build.model import Problem, Severity, place_at

_MAP_COMMENT = re.compile(r"/\*[#@]\s*sourceMappingURL=.*", re.DOTALL)
# An at-rule that browsers do not know is dropped by them, and so does not end the part where `@import` counts.
_KNOWN_BLOCKS = frozenset(
    {
        "@-webkit-keyframes",
        "@color-profile",
        "@container",
        "@counter-style",
        "@font-face",
        "@font-feature-values",
        "@font-palette-values",
        "@function",
        "@keyframes",
        "@layer",
        "@media",
        "@page",
        "@position-try",
        "@property",
        "@scope",
        "@starting-style",
        "@supports",
        "@view-transition",
    }
)


class Ending(enum.Enum):
    """What ended a statement of the top level."""

    SEMICOLON = ";"
    """An at-rule without a block."""
    BLOCK = "{}"
    """A rule with its block."""
    TEXT = "end of text"
    """Nothing: the text ended first."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One rule of the top level: characters `start` to `end`. `name` is `@media` and so on, '' for a style rule."""

    name: str
    start: int
    end: int
    ending: Ending
    prelude: tuple[Token, ...]
    """Its tokens up to the block or semicolon, without the keyword, white space and comments."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet as far as joining needs it. `unclosed` are the brackets open at the end, outermost first."""

    text: str
    tokens: tuple[Token, ...]
    statements: tuple[Statement, ...]
    unclosed: tuple[Token, ...]


def read(text: str) -> Sheet:
    """Split a style sheet into the statements of its top level (CSS Syntax 3, section 5.4.1)."""
    tokens = tokenize(text)
    statements: list[Statement] = []
    opened: list[Token] = []
    current: list[Token] = []
    in_block = False

    def finish(end: int, ending: Ending) -> None:
        first = current[0]
        name = unescape(text[first.start : first.end]).lower() if first.kind is Kind.AT else ""
        statements.append(Statement(name, first.start, end, ending, tuple(current[1:] if name else current)))
        current.clear()

    for token in tokens:
        kind = token.kind
        if kind in (Kind.SPACE, Kind.COMMENT) or (kind in (Kind.CDO, Kind.CDC) and not current):
            continue
        if not opened and kind is Kind.OPEN_BRACE:
            in_block = True
            current = current or [token]
        if not in_block:
            current.append(token)
        if kind in CLOSERS:
            opened.append(token)
        elif opened and kind is CLOSERS[opened[-1].kind]:
            opened.pop()
            if in_block and not opened:
                in_block = False
                finish(token.end, Ending.BLOCK)
        elif not opened and kind is Kind.SEMICOLON and current[0].kind is Kind.AT:
            current.pop()
            finish(token.end, Ending.SEMICOLON)
    if current:
        finish(len(text), Ending.BLOCK if in_block else Ending.TEXT)
    return Sheet(text, tuple(tokens), tuple(statements), tuple(opened))


# --- what cannot be joined -------------------------------------------------------------------------------


_MOST = 100
"""So many problems of one file are told, errors first: more help nobody, and each is sought out in the text."""


def problems_of_input(path: str, text: str, *, first: bool, only: bool = False) -> tuple[Problem, ...]:
    """Why the style sheet `text`, read from `path`, cannot be an input, and what will be dropped from it.

    `first` says that it is the bundle's first input, `only` that there is no other.
    """
    sheet = read(text)
    found = [*_broken(sheet), *_misplaced(sheet, first=first, only=only)]
    if len(found) > _MOST:
        found = sorted(found, key=lambda each: (each.severity is not Severity.ERROR, each.offset))[:_MOST]
    return tuple(
        Problem(each.code, each.text, place_at(path, text, each.offset), each.severity, hint=each.hint)
        for each in sorted(found, key=lambda each: each.offset)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    code: str
    offset: int
    text: str
    hint: str
    severity: Severity = Severity.ERROR


_SWALLOWS = "in a bundle it would swallow the next input"
_UNCLOSED = {
    Kind.COMMENT: ("comment", "end the comment with */"),
    Kind.STRING: ("string", "end the string with its quote"),
    Kind.URL: ("url(", "end it with )"),
    Kind.BAD_URL: ("url(", "end it with )"),
}


def _broken(sheet: Sheet) -> Iterator[_Found]:
    """What a browser would repair in a file of its own, but only by swallowing whatever follows."""
    text = sheet.text
    for token in sheet.tokens:
        if token.kind is Kind.BAD_STRING:
            hint = "close the string on the line where it begins, or end that line with a backslash"
            yield _Found("css-bad-string", token.start, "the line ends within this string", hint)
    last = sheet.tokens[-1] if sheet.tokens else None
    counting = [token for token in sheet.tokens if token.kind not in (Kind.SPACE, Kind.COMMENT)]
    if last is not None and last.kind in _UNCLOSED and not is_closed(text, last):
        what, hint = _UNCLOSED[last.kind]
        yield _Found("css-unclosed", last.start, f"this {what} is never closed: {_SWALLOWS}", hint)
    elif counting and not is_closed(text[: counting[-1].end], counting[-1]):
        # Also before a newline, for `;` or the next input may come to stand directly after it.
        problem = "the last statement ends in a backslash, which would escape the character that follows in a bundle"
        yield _Found("css-unfinished-escape", counting[-1].end - 1, problem, "remove the backslash")
    if sheet.unclosed:
        opener = sheet.unclosed[-1]
        shown = text[opener.start : opener.end]
        closer = CLOSERS[opener.kind].value
        hint = f"add the missing {closer}"
        yield _Found("css-unclosed", opener.start, f"this {shown} is never closed: {_SWALLOWS}", hint)
    for statement in sheet.statements:
        for token in statement.prelude:
            if token.kind is Kind.CLOSE_BRACE:
                problem = "this } closes nothing, and spoils the rule after it"
                yield _Found("css-stray-brace", token.start, problem, "remove the }")
        if statement.ending is Ending.TEXT and not statement.name and not sheet.unclosed:
            yield _Found(
                "css-unfinished-rule",
                statement.start,
                "this rule has no block: in a bundle it would swallow the first rule of the next input",
                "complete the rule with { ... }, or remove it",
            )


class _Part(enum.IntEnum):
    """The parts of a style sheet, in the only order in which browsers heed them."""

    LAYERS = 0
    """`@layer` statements before any `@import`."""
    IMPORTS = 1
    """`@import` rules."""
    NAMESPACES = 2
    """`@namespace` rules, and `@layer` statements again."""
    RULES = 3
    """Everything else."""


def _parts(statements: Sequence[Statement]) -> Iterator[tuple[Statement, _Part]]:
    """Every statement with the part that the sheet had reached before it."""
    part = _Part.LAYERS
    for statement in statements:
        yield statement, part
        if statement.ending is Ending.BLOCK:
            if not statement.name or statement.name in _KNOWN_BLOCKS:
                part = _Part.RULES
        elif statement.name == "@import":
            part = max(part, _Part.IMPORTS)
        elif statement.name == "@namespace" or (statement.name == "@layer" and part is _Part.IMPORTS):
            part = max(part, _Part.NAMESPACES)


def _is_late_import(statement: Statement, part: _Part) -> bool:
    return statement.name == "@import" and statement.ending is not Ending.BLOCK and part > _Part.IMPORTS


def _misplaced(sheet: Sheet, *, first: bool, only: bool) -> Iterator[_Found]:
    """Rules that count only at the start of a sheet."""
    for statement, part in _parts(sheet.statements):
        if statement.ending is Ending.BLOCK:
            continue
        if _is_late_import(statement, part):
            yield _Found(
                "css-import-ignored",
                statement.start,
                "browsers ignore an @import that stands after other rules, so it is dropped from the bundle",
                "move it to the top of the file, or remove it",
                Severity.WARNING,
            )
        elif statement.name == "@import" and not first:
            yield _Found(
                "css-import-in-later-input",
                statement.start,
                "only the first input of a bundle may hold @import: after the rules of another, browsers ignore it",
                "list the imported file as an input of the bundle before this one and remove the @import, "
                "or move the @import to the top of the first input",
            )
        elif statement.name == "@namespace" and part <= _Part.NAMESPACES:
            yield from _namespace(statement, first=first, only=only)


def _namespace(statement: Statement, *, first: bool, only: bool) -> Iterator[_Found]:
    hint = "leave this file out of the bundle and load it by itself"
    if not first:
        text = "only the first input of a bundle may hold @namespace: after the rules of another, browsers ignore it"
        yield _Found("css-namespace-in-later-input", statement.start, text, hint)
    elif not only and statement.prelude and statement.prelude[0].kind is not Kind.IDENT:
        text = "a default @namespace would also change which elements the other inputs of the bundle select"
        yield _Found("css-default-namespace", statement.start, text, hint)


# --- joining ---------------------------------------------------------------------------------------------


def join(texts: Sequence[str]) -> str:
    """The inputs in order, each on lines of its own. `problems_of_input` must have found no error in any.

    Byte-order marks, `@charset`, source-map comments and every `@import` that browsers would ignore are left out; a
    last statement without its semicolon gets one.
    """
    pieces: list[str] = []
    for text in texts:
        piece = _prepared(text.removeprefix("\ufeff"))
        if piece:
            pieces += [piece] if piece.endswith("\n") else [piece, "\n"]
    return "".join(pieces)


def _prepared(text: str) -> str:
    sheet = read(text)
    edits = [
        (token.start, token.end, "")
        for token in sheet.tokens
        if token.kind is Kind.COMMENT and _MAP_COMMENT.fullmatch(text, token.start, token.end)
    ]
    for statement, part in _parts(sheet.statements):
        charset = statement.name == "@charset" and statement.ending is not Ending.BLOCK
        if charset or _is_late_import(statement, part):
            edits.append((statement.start, statement.end, ""))
        elif statement.ending is Ending.TEXT and statement.name:
            at = max(token.end for token in sheet.tokens if token.kind not in (Kind.SPACE, Kind.COMMENT))
            edits.append((at, at, ";"))
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits):
        if start >= done:  # else it is a comment within a rule that goes as a whole
            pieces += (text[done:start], new)
            done = end
    text = "".join([*pieces, text[done:]])
    return text if text.strip() else ""
