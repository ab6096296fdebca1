"""Where a style sheet first fails to parse: a bracket, comment or string left open, or a `}` that closes nothing.

Knows neither rules nor properties: browsers forgive all else, and what they would forgive here they forgive by dropping
or swallowing what follows. Called for every sheet, so that a quick look decides for all but the unusual ones.
"""

from __future__ import annotations

import re

from assetbuild.build.css_tokens import CLOSERS, Kind, is_closed, tokenize

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_ENDS = frozenset(CLOSERS.values())
# Brackets, and what holds brackets that are none. Whatever is left open, an escape that may spell a letter of `url`,
# and a `url(` after a character that may make it another token are left to the tokens: the last group takes them.
_QUICK = re.compile(
    r"[^\"'/\\(){}\[\]]++"
    r"|\"(?:[^\"\\\n\r\f]++|\\(?:\r\n|(?s:.)))*+\""
    r"|'(?:[^'\\\n\r\f]++|\\(?:\r\n|(?s:.)))*+'"
    r"|/\*(?s:.*?)\*/"
    r"|/(?!\*)"
    r"|\\(?:[^\n\r\f0-9a-fA-FuUrRlL]|9(?![0-9a-fA-F]|[ \t\n\r\f][uU]))(?![uU][rR][lL]\()"
    r"|(?<=[ \t\n\r\f:,(]url)\([ \t\n\r\f]*+[^\"'()\\\x00-\x20\x7f]*+[ \t\n\r\f]*+\)"
    r"|(?<=[ \t\n\r\f:,(]url)\((?=[ \t\n\r\f]*+[\"'])"
    r"|(?<![uU][rR][lL])\("
    r"|[{}\[\])]"
    r"|((?s:.))"
)


def first_error(text: str) -> int | None:
    """The character at which `text` stops being a style sheet; None where it parses, as far as `normal_form` asks.

    That is the opening mark of what is never closed, a `}` that closes nothing, or a string that its line cuts short.
    """
    return None if _is_plainly_sound(text) else _search(text)


def _is_plainly_sound(text: str) -> bool:
    opened: list[str] = []
    for match in _QUICK.finditer(text):
        if match.lastindex:
            return False
        piece = match[0]
        if piece in _PAIRS:
            opened.append(_PAIRS[piece])
        elif piece in (")", "]", "}"):
            if opened and opened[-1] == piece:
                opened.pop()
            elif piece == "}":
                return False
    return not opened


def _search(text: str) -> int | None:
    tokens = tokenize(text)
    opened: list[tuple[Kind, int]] = []
    for kind, start, end in tokens:
        if kind in CLOSERS:
            opened.append((CLOSERS[kind], start))
        elif kind in _ENDS:
            if opened and opened[-1][0] is kind:
                opened.pop()
            elif kind is Kind.CLOSE_BRACE:
                return opened[-1][1] if opened else start
        elif kind is Kind.BAD_STRING or (kind is Kind.DELIM and text[start:end] == "\\"):
            return start
    if tokens and not is_closed(text, tokens[-1]):
        return tokens[-1].start
    return opened[-1][1] if opened else None
