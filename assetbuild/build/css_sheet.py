"""A style sheet as the statements of its top level.

CSS Syntax 3, section 5.4.1. Knows nothing of what the rules say or whether browsers heed them, and nothing of other
sheets.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from assetbuild.build.css_tokens import CLOSERS, Kind, Token, tokenize, unescape


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
    is_custom: bool = False
    """Whether it begins like the declaration of a custom property: `--a:`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet as far as joining needs it.

    `unclosed` are the brackets open at the end, outermost first; `marks` every `<!--` and `-->` without a meaning.
    """

    text: str
    tokens: tuple[Token, ...]
    statements: tuple[Statement, ...]
    unclosed: tuple[Token, ...]
    marks: tuple[Token, ...] = ()

    @property
    def comments(self) -> Iterator[Token]:
        return (token for token in self.tokens if token.kind is Kind.COMMENT)


def read(text: str) -> Sheet:
    """Split a style sheet into the statements of its top level (CSS Syntax 3, section 5.4.1)."""
    tokens = tokenize(text)
    statements: list[Statement] = []
    opened: list[Token] = []
    marks: list[Token] = []
    current: list[Token] = []
    in_block = False

    def finish(end: int, ending: Ending) -> None:
        first = current[0]
        name = unescape(text[first.start : first.end]).lower() if first.kind is Kind.AT else ""
        custom = first.kind is Kind.IDENT and text.startswith("--", first.start) and len(current) > 1
        custom = custom and current[1].kind is Kind.COLON
        statements.append(Statement(name, first.start, end, ending, tuple(current[1:] if name else current), custom))
        current.clear()

    for token in tokens:
        kind = token.kind
        if kind in (Kind.SPACE, Kind.COMMENT):
            continue
        if kind in (Kind.CDO, Kind.CDC) and not current and not in_block:
            marks.append(token)
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
    return Sheet(text, tuple(tokens), tuple(statements), tuple(opened), tuple(marks))


def is_import(statement: Statement) -> bool:
    """Whether the statement is an `@import`; with a block it is none."""
    return statement.name == "@import" and statement.ending is not Ending.BLOCK


def is_unsound(statement: Statement) -> bool:
    """Whether it is a rule that browsers drop whole, but would read otherwise inside a block: `; a {}`, `--a:b {}`.

    CSS Syntax 3, sections 5.5.3 and 5.5.5: within a block both may be declarations.
    """
    tokens = statement.prelude
    if statement.name or statement.ending is not Ending.BLOCK or not tokens:
        return False
    depth = 0
    for token in tokens:
        depth += (token.kind in CLOSERS) - (token.kind in (Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET))
        if token.kind is Kind.SEMICOLON and depth == 0:
            return True
    return statement.is_custom


def is_statement(statement: Statement) -> bool:
    """Whether it has no block."""
    return statement.ending is not Ending.BLOCK
