"""The safe minifier: writes the normal form that the proof compares, with no more white space than it needs.

Changes no token, so that what it makes is always proven; it is used where a faster engine's result is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from assetbuild.build.css_normal import Part, normal_form
from assetbuild.build.css_tokens import Kind, Token, tokenize
from assetbuild.build.processors import is_licence, may_hold_licences

_START = re.compile(r"/\*\**(?!/)")
# Nothing that stands before or after these can fuse with them.
_ALONE_BEFORE = frozenset(",;:{}()[]\"'")
_ALONE_AFTER = frozenset(",;:{})]")


def minify(text: str, *, keep_licences: bool = True) -> str:
    """`text` with the same meaning in fewer characters, with its licences or not; unchanged where it does not parse."""
    parts = normal_form(text)
    if parts is None:
        return text
    licences = _licences(text) if keep_licences else []
    starts = [token.start for token in licences]
    done = 0
    written: list[str] = []
    before: Part | None = None
    for part in parts:
        kept = licences[done : bisect_left(starts, part.start, done)]
        done += len(kept)
        written += [text[token.start : token.end] for token in kept]
        written += [" " if part.gap else "" if kept or before is None else _separator(text, before, part), part.text]
        before = part
    written += [text[token.start : token.end] for token in licences[done:]]
    return "".join(written)


def with_kept_licences(text: str) -> str:
    """`text` with every licence comment begun with `/*!`, as minifiers keep it."""
    pieces: list[str] = []
    done = 0
    for token in _licences(text):
        if not text.startswith("/*!", token.start):
            start = _START.match(text, token.start, token.end)
            pieces += [text[done : token.start], "/*!"]
            done = start.end() if start else token.start + 2
    return "".join([*pieces, text[done:]])


def kept_comments(text: str) -> tuple[str, ...]:
    """The `/*! ... */` comments of a style sheet, in order."""
    comments = (text[token.start : token.end] for token in _licences(text))
    return tuple(comment for comment in comments if comment.startswith("/*!"))


def _licences(text: str) -> list[Token]:
    if not may_hold_licences(text):
        return []
    return [
        token for token in tokenize(text) if token.kind is Kind.COMMENT and is_licence(text[token.start : token.end])
    ]


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
