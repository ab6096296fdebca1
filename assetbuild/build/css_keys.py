"""What a proof compares of a statement: its parts as one text, in which each is spelled in one way.

Two statements have one key exactly if they have the same parts: the key of what would read as other parts is a tuple of
them. Knows no grammar above tokens, and nothing of how a minifier writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from assetbuild.build.css_tokens import ESCAPE, Kind, Part, tokenize, unescape

Key = str | tuple[str, ...]


def key(parts: Sequence[Part]) -> Key:
    """The key of a statement: one text if it reads as just these parts, else a tuple of them."""
    spelled = [f" {_value(part)}" if part.gap else _value(part) for part in parts]
    joined = "".join(spelled)
    return joined if _pieces(joined) == spelled else tuple(spelled)


def _pieces(text: str) -> list[str]:
    """The tokens of `text`, each with the white space before it."""
    tokens = tokenize(text)
    starts = [
        before.start if before.kind is Kind.SPACE else token.start
        for before, token in pairwise([tokens[0], *tokens] if tokens else [])
        if token.kind is not Kind.SPACE
    ]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _value(part: Part) -> str:
    """Of strings and `url()` the value, so that a joined line or white space at the ends is free."""
    if part.exact:
        return part.text
    if part.kind is Kind.STRING:
        return f'"{_escaped(unescape(part.text[1:-1]))}"'
    if part.kind is Kind.URL:
        inner = part.text[part.text.index("(") + 1 : -1]
        return f"url({_escaped(unescape(_BLANK_ENDS.sub('', inner)))})"
    return ESCAPE.sub(_spelled_out, part.text) if "\\" in part.text else part.text


_BLANK_ENDS = re.compile(r"\A[ \t\n\r\f]+|(?<!\\)[ \t\n\r\f]+\Z")
_UNSAFE = re.compile(r"[\x01- \"'()\\\x7f]")


def _escaped(value: str) -> str:
    """`value` in one spelling, which is one token between quotes and in `url()`."""
    return _UNSAFE.sub(lambda found: f"\\{ord(found[0]):06x}", value)


def _spelled_out(escape: re.Match[str]) -> str:
    """One spelling per escape, for the white space that ends a hexadecimal one may be written in several ways."""
    meant = unescape(escape[0])  # nothing where it joins two lines, which it does in a broken `url()` too
    return f"\\{ord(meant[0]):06x}" if len(escape[0]) > 1 and meant else escape[0]
