"""Replacing parts of a text by position. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Edit = tuple[int, int, str]
"""(start, end, new), in characters of the text before any edit."""


def edited(text: str, edits: Iterable[Edit]) -> str:
    """`text` with every edit made. One that lies inside another, wider one goes with it."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[0] != edit[1], -edit[1])):
        if start >= done:
            pieces += [text[done:start], new]
            done = end
    pieces.append(text[done:])
    return "".join(pieces)


def edited_slice(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """Characters `start` to `end` of `text`, with those of the sorted `edits` made that lie wholly within."""
    first, last = bisect_left(edits, (start,)), bisect_left(edits, (end + 1,))
    return edited(text[start:end], [(one - start, to - start, new) for one, to, new in edits[first:last] if to <= end])
