"""The safe minifier: writes the normal form that the proof compares, with no more white space than it needs.

Changes no token but to the spelling that the normal form has, so that what it makes is always proven.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from assetbuild.build.css_normal import normal_form
from assetbuild.build.css_tokens import Kind, Part, tokenize
from assetbuild.build.licences import css_licence_spans

# Nothing that stands before or after these can fuse with them.
_ALONE_BEFORE = frozenset(",;:{}()[]\"'")
_ALONE_AFTER = frozenset(",;:{})]")


def minify(text: str, *, keep_licences: bool = True) -> str:
    """`text` with the same meaning in fewer characters, with its licences or not; unchanged where it does not parse."""
    return written(text, normal_form(text), keep_licences=keep_licences)


def written(text: str, parts: Sequence[Part] | None, *, keep_licences: bool) -> str:
    """The same of `text` whose normal form is known to be `parts`."""
    if parts is None:
        return text
    licences = css_licence_spans(text) if keep_licences else []
    starts = [start for start, _ in licences]
    done = 0
    written: list[str] = []
    before: Part | None = None
    for part in parts:
        kept = licences[done : bisect_left(starts, part.start, done)]
        done += len(kept)
        written += [text[start:end] for start, end in kept]
        written += [" " if part.gap else "" if kept or before is None else _separator(text, before, part), part.text]
        before = part
    written += [text[start:end] for start, end in licences[done:]]
    return "".join(written)


def _separator(text: str, before: Part, part: Part) -> str:
    """What must stand between two parts lest they read as other tokens (CSS Syntax 3, section 9)."""
    if before.end == part.start and _is_as_read(before) and _is_as_read(part):
        return ""
    if before.text[-1] in _ALONE_BEFORE or part.text in _ALONE_AFTER:
        return ""
    joined = before.text + part.text
    pair = [(before.kind, len(before.text)), (part.kind, len(joined))]
    # `<`, `!` and `--` are three tokens of which only all together make another.
    if [(token.kind, token.end) for token in tokenize(joined)] == pair and not joined.startswith("!--"):
        return ""
    between = tokenize(text[before.end : part.start])
    return " " if any(token.kind is Kind.SPACE for token in between) else "/**/"


def _is_as_read(part: Part) -> bool:
    return len(part.text) == part.end - part.start
