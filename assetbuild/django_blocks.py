"""A block in Django's syntax: from the tokens behind its tag to the `Block` and the texts of a render's expressions.

Knows kinds of tokens and what stands in them, and nothing of Django: the build, which has no Django, reads with it too.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from assetbuild import blocks
from assetbuild.block_elements import tag_stands
from assetbuild.block_parts import BlockError, Piece, StaticUrl, Where


class Kind(enum.Enum):
    """What a token is; the values are those of Django's `TokenType`."""

    TEXT = 0
    """What is written out as it is."""
    VARIABLE = 1
    """`{{ ... }}`, without the braces and blanks."""
    BLOCK = 2
    """`{% ... %}`, likewise."""
    COMMENT = 3
    """`{# ... #}`."""


class Token(NamedTuple):
    """One token; `at` is where it begins, in whatever way its source counts."""

    kind: Kind
    contents: str
    at: int


class Tag(NamedTuple):
    """A block, and the expressions that its attributes hold, as written between the braces."""

    block: blocks.Block
    expressions: tuple[str, ...]


_WORDS = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")
_STRING = re.compile(r""""([^"\\]*)"|'([^'\\]*)'""")
_LOOKED_UP = re.compile(r"\w+(?:\.\w+)*")
"""A name, or one and attributes, without a filter: what has the same value wherever it stands."""


def parse(opened: Token, tokens: Iterator[Token]) -> Tag:
    """The block whose tag is `opened`; takes `tokens` up to the end of the block. Raises `BlockError`."""
    tag, *words = split(opened.contents)
    head = blocks.read_head(tag, [_unquoted(word) or word for word in words], Where(opened.at, ""))
    pieces, expressions = _body(tokens, end=blocks.TAGS[tag], at=opened.at)
    return Tag(blocks.read(head, pieces), expressions)


def _body(tokens: Iterator[Token], *, end: str, at: int) -> tuple[list[Piece], tuple[str, ...]]:
    pieces: list[Piece] = []
    expressions: dict[str | int, tuple[int, str]] = {}
    is_comment = False
    for token in tokens:
        words = split(token.contents) if token.kind is Kind.BLOCK else []
        if is_comment or words[:1] == ["comment"]:
            is_comment = words[:1] != ["endcomment"]
        elif token.kind is Kind.TEXT:
            pieces.append(Piece(token.contents, token.at))
        elif token.kind is Kind.VARIABLE:
            text = token.contents
            name = text if _LOOKED_UP.fullmatch(text) else ""
            is_static = text == "STATIC_URL"
            found = StaticUrl("") if is_static else blocks.numbered(expressions, text, name=name)
            pieces.append(Piece(found, token.at))
        elif words == [end]:
            return pieces, tuple(text for _, text in expressions.values())
        elif words[:1] in (["verbatim"], ["endverbatim"]):
            continue  # what stands between is text already
        elif token.kind is Kind.BLOCK:
            named = _static_url(words)
            if named is None:
                raise tag_stands(words[0] if words else "", Where(token.at, ""), end=end, contents=token.contents)
            pieces.append(Piece(named, token.at))
    raise BlockError(f"a block that does not end: there is no {{% {end} %}}", hint=f"write {{% {end} %}} "
                     "behind the block's last element", where=Where(at, ""))  # fmt: skip


def split(contents: str) -> list[str]:
    """The words of a tag; a string is one word, blanks and all."""
    return _WORDS.findall(contents)


def _static_url(words: Sequence[str]) -> StaticUrl | None:
    """The asset whose URL a tag writes, where it names it literally."""
    if words == ["get_static_prefix"]:
        return StaticUrl("")
    if len(words) == 2 and words[0] in ("static", "asset_url"):
        name = _unquoted(words[1])
        return StaticUrl(name) if name.strip("/") else None
    return None


def _unquoted(word: str) -> str:
    """What a literal string says; '' for anything else, as a string with a filter or with escapes."""
    found = _STRING.fullmatch(word)
    return found[found.lastindex or 0] if found else ""


_TOKEN = re.compile(r"({%.*?%}|{{.*?}}|{#.*?#})")


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of a whole template, `at` in characters, as Django's lexer has them (`django.template.base`)."""
    position, verbatim = 0, ""
    for number, part in enumerate(_TOKEN.split(text)):
        at, position = position, position + len(part)
        contents = part[2:-2].strip()
        is_end = part.startswith("{%") and contents == verbatim
        if number % 2 == 0 or (verbatim and not is_end):
            kind, contents = Kind.TEXT, part
        elif part.startswith("{%"):
            kind = Kind.BLOCK
            verbatim = f"end{contents}" if not verbatim and contents[:9] in ("verbatim", "verbatim ") else ""
        else:
            kind = Kind.VARIABLE if part.startswith("{{") else Kind.COMMENT
        if part:
            yield Token(kind, contents, at)


def located(tokens: Iterable[Token]) -> Iterator[tuple[Token, Iterator[Token]]]:
    """Every token that opens a block, with all that come behind it; in comments there are none."""
    every, is_comment = list(tokens), False
    for number, token in enumerate(every):
        word = split(token.contents)[:1] if token.kind is Kind.BLOCK else []
        is_comment = word == ["comment"] or (is_comment and word != ["endcomment"])
        if not is_comment and word and word[0] in blocks.TAGS:
            yield token, islice(every, number + 1, None)
