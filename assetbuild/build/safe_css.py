"""The safe minifier: writes the normal form that the proof compares, with no more white space than it needs.

Changes no token, so that what it makes is always proven; it is used where a faster engine's result is refused.
"""

from __future__ import annotations

import re

from assetbuild.build.css_normal import Part, normal_form
from assetbuild.build.css_tokens import Kind, Token, tokenize

_LICENCE = re.compile(r"/\*!|/\*.*@(?:license|licence|preserve)\b", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"/\*\**(?!/)")
# Nothing that stands before or after these can fuse with them.
_ALONE_BEFORE = frozenset(",;:{}()[]\"'")
_ALONE_AFTER = frozenset(",;:{})]")


def minify(text: str) -> str:
    """`text` with the same meaning in fewer characters, licence comments kept; unchanged where it does not parse."""
    parts = normal_form(text)
    if parts is None:
        return text
    licences = [token for token in tokenize(text) if _is_licence(text, token)]
    written: list[str] = []
    before: Part | None = None
    for part in parts:
        kept = _take(licences, part.start)
        written += [text[token.start : token.end] for token in kept]
        written += [" " if part.gap else "" if kept or before is None else _separator(text, before, part), part.text]
        before = part
    written += [text[token.start : token.end] for token in licences]
    return "".join(written)


def with_kept_licences(text: str) -> str:
    """`text` with every comment that holds `@license` or `@preserve` begun with `/*!`, which minifiers keep."""
    if not _LICENCE.search(text):
        return text
    pieces: list[str] = []
    done = 0
    for token in tokenize(text):
        if _is_licence(text, token) and not text.startswith("/*!", token.start):
            start = _START.match(text, token.start, token.end)
            pieces += [text[done : token.start], "/*!"]
            done = start.end() if start else token.start + 2
    return "".join([*pieces, text[done:]])


def _is_licence(text: str, token: Token) -> bool:
    return token.kind is Kind.COMMENT and _LICENCE.match(text, token.start, token.end) is not None


def _take(licences: list[Token], offset: int) -> list[Token]:
    """Remove and return the comments that stand before `offset`."""
    count = 0
    while count < len(licences) and licences[count].start < offset:
        count += 1
    taken = licences[:count]
    del licences[:count]
    return taken


def _separator(text: str, before: Part, part: Part) -> str:
    """What must stand between two parts lest they read as other tokens (CSS Syntax 3, section 9)."""
    if before.end == part.start or before.text[-1] in _ALONE_BEFORE or part.text in _ALONE_AFTER:
        return ""
    joined = before.text + part.text
    pair = [(before.kind, len(before.text)), (part.kind, len(joined))]
    # `<`, `!` and `--` are three tokens of which only all together make another.
    if [(token.kind, token.end) for token in tokenize(joined)] == pair and not joined.startswith("!--"):
        return ""
    between = tokenize(text[before.end : part.start])
    return " " if any(token.kind is Kind.SPACE for token in between) else "/**/"
