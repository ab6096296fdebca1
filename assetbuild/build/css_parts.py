"""What a CSS bundle is made of: stretches of its sources with what stands around them, and the text they make together.

Knows neither sheets nor imports: which parts there are, and in which order, is `flatten_css`'s.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.edits import Edit, edited_slice


class PartKind(enum.Enum):
    """What a part holds; in a style sheet they must stand in this order."""

    HEAD = "head"
    """Comments, and `@layer` statements without conditions."""
    IMPORT = "import"
    """An `@import` of what is not ours."""
    NAMESPACE = "namespace"
    """An `@namespace`."""
    RULES = "rules"
    """Everything else."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a source's text, characters `start` to `end`, with what stands around it in the bundle.

    `edits` are made on the way, in characters of the source's text; sorted.
    """

    kind: PartKind
    source: str
    start: int
    end: int
    edits: tuple[Edit, ...] = ()
    before: str = ""
    after: str = ""


def text_of(parts: Sequence[Part], texts: Mapping[str, str], marks: Mapping[str, Sequence[Edit]]) -> str:
    """The bundle, each part on lines of its own. `marks` are edits by source that put marks in place of references."""
    merged: dict[tuple[str, bool], list[Edit]] = {}
    pieces: list[str] = []
    for part in parts:
        key = (part.source, bool(part.edits))
        if key not in merged:
            merged[key] = sorted({*part.edits, *marks.get(part.source, ())})
        inside = edited_slice(texts[part.source], part.start, part.end, merged[key])
        if part.kind is PartKind.RULES and inside and not inside.endswith("\n"):
            inside += "\n"
        whole = part.before + inside + part.after
        pieces += [whole] if not whole or whole.endswith("\n") else [whole, "\n"]
    return "".join(pieces)
