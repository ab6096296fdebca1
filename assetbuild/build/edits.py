"""Replacing parts of a text by position. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Edit = tuple[int, int, str]
"""(start, end, new), in characters of the text before any edit."""


def edited(text: str, edits: Iterable[Edit]) -> str:
    """`text` with every edit made. One that lies inside another, wider one goes with it."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= done:
            pieces += [text[done:start], new]
            done = end
    pieces.append(text[done:])
    return "".join(pieces)
