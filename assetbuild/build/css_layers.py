"""Which cascade layers a style sheet declares, as far as one `@layer` statement can say it again.

Of two copies of a style sheet browsers heed the last, but the order of layers comes from the first (CSS Cascade 5,
section 6.4.3). Knows one sheet, and neither its imports nor their conditions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from assetbuild.build.css_sheet import Ending, Sheet, Statement
from assetbuild.build.css_tokens import Kind, Token, unescape


def mentions(sheet: Sheet) -> bool:
    """Whether there is an `@layer` anywhere in it."""
    return any(
        token.kind is Kind.AT and unescape(sheet.text[token.start : token.end]).lower() == "@layer"
        for token in sheet.tokens
    )


def declared(sheet: Sheet, statements: Sequence[Statement]) -> tuple[str, ...] | None:
    """The names of the layers that `statements` of `sheet` declare, in order.

    None where a layer has no name, stands in another one, or exists under a condition only.
    """
    if not statements:
        return ()
    names: list[str] = []
    for statement in statements:
        if statement.name == "@layer":
            if not statement.prelude:
                return None
            found = layer_names(sheet.text, statement.prelude)
            names += found if statement.ending is not Ending.BLOCK or len(found) == 1 else ()
        if statement.ending is Ending.BLOCK and _holds_layer(sheet, statement):
            return None
    return tuple(dict.fromkeys(names))


def layer_name(text: str, tokens: Sequence[Token]) -> str | None:
    """The layer's name that `tokens` spell, without comments; None where they are no name of one.

    Names with dots between; no white space, but comments, may stand beside these (CSS Cascade 5, section 6.4.1).
    """
    names, dots = tokens[::2], tokens[1::2]
    beside = all(not _COMMENT.sub("", text[one.end : other.start]) for one, other in pairwise(tokens))
    kinds = all(token.kind is Kind.IDENT for token in names) and all(text[token.start] == "." for token in dots)
    if not (beside and kinds and len(tokens) % 2 == 1):
        return None
    return "".join(text[token.start : token.end] for token in tokens)


_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def layer_names(text: str, prelude: Sequence[Token]) -> list[str]:
    """Those that an `@layer` names; none where one of them is no name, so that browsers drop the whole statement."""
    commas = [at for at, token in enumerate(prelude) if token.kind is Kind.COMMA]
    pieces = [prelude[start:end] for start, end in pairwise([0, *(at + 1 for at in commas), len(prelude) + 1])]
    names = [layer_name(text, piece[: len(piece) - (at < len(commas))]) for at, piece in enumerate(pieces)]
    return [] if None in names else [name for name in names if name is not None]


def _holds_layer(sheet: Sheet, statement: Statement) -> bool:
    first = bisect_left(sheet.tokens, statement.start + 1, key=lambda token: token.start)
    last = bisect_left(sheet.tokens, statement.end, key=lambda token: token.start)
    return any(
        token.kind is Kind.AT and unescape(sheet.text[token.start : token.end]).lower() == "@layer"
        for token in sheet.tokens[first:last]
    )
