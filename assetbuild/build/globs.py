"""Globs over logical paths: `**/`, `*`, `?` and `[...]`, as docs/configuration.md pins them.

Knows no files. `fnmatch`, `glob` and `pathlib` differ between Python versions and platforms, and their regular
expressions can take exponential time; here a match costs at most pattern length times path length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_SPECIAL = re.compile(r"[*?\[]")

# A segment of a logical path that may match: not empty, and no dotfile.
_OPENS = r"(?=[^./])"
_CLOSES = r"(?![^/])"
_SKIPPED = rf"(?:{_OPENS}[^/]++/)*?"
_NOTHING = re.compile(r"(?!)")


def is_glob(text: str) -> bool:
    """Whether `text` holds a character that is special in globs: `*`, `?` or `[`."""
    return _SPECIAL.search(text) is not None


def compile_glob(pattern: str) -> re.Pattern[str]:
    """The expression that matches exactly the logical paths (in Unicode form NFC) that `pattern` means.

    `**/` is zero or more folders, `**` at the end everything below, `*` and `?` stop at `/`, `[a-z]` and `[!a-z]` are
    classes in which `]` may stand first. Case counts, and a path with a segment that starts with a dot never matches.
    Raises ValueError with a plain reason, without the pattern, where it is invalid.
    """
    return re.compile(_expression(pattern))


@dataclass(frozen=True, slots=True)
class Globs:
    """Several globs as one question. Raises ValueError, like `compile_glob`, when one is invalid."""

    patterns: tuple[str, ...]
    _expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __init__(self, patterns: Iterable[str]) -> None:
        object.__setattr__(self, "patterns", tuple(patterns))
        joined = "|".join(_expression(pattern) for pattern in dict.fromkeys(self.patterns))
        object.__setattr__(self, "_expression", re.compile(joined) if joined else _NOTHING)

    def matches(self, path: str) -> bool:
        """Whether any of the patterns matches this logical path; no pattern matches nothing."""
        known = path if path.isascii() else unicodedata.normalize("NFC", path)
        return self._expression.match(known) is not None


def _expression(pattern: str) -> str:
    """The regular expression, anchored at both ends.

    What stands between two `**` is looked for at the first place where it fits, and so is what stands between two `*`:
    taking the first fit is never wrong when only the last part is anchored, so each is an atomic group that is never
    tried again. That is what keeps hostile patterns cheap.
    """
    segments = _segments(unicodedata.normalize("NFC", pattern))
    if segments[-1] == "**":
        segments.append("*")
    anchored: list[str] = []
    floating: list[list[str]] = []  # what follows each `**`
    for segment in segments:
        if segment != "**":
            (floating[-1] if floating else anchored).append(_segment(segment))
        elif not floating or floating[-1]:
            floating.append([])
    parts = anchored + [rf"(?>{_SKIPPED}{'/'.join(group)})" for group in floating[:-1]]
    if floating:
        parts.append(rf"(?>{_SKIPPED}{'/'.join(floating[-1])}\Z)")
    return rf"\A{'/'.join(parts)}\Z"


def no_match_hint(pattern: str) -> str:
    """What to do about a glob that matches nothing."""
    if "{" in pattern:
        return "write one glob for each name: braces have no meaning in globs"
    return "correct the glob, or remove it"


def _segments(pattern: str) -> list[str]:
    if not pattern:
        raise ValueError("a glob may not be empty")
    if "\\" in pattern:
        raise ValueError("a backslash has no meaning in globs: separate folders with `/`, and write `[*]` for a star")
    if pattern.startswith("/"):
        raise ValueError("a glob may not start with `/`: it is relative to the root of the namespace")
    if pattern.endswith("/"):
        raise ValueError("a glob may not end in `/`: add `**` for everything below that folder")
    segments = pattern.split("/")
    for segment in segments:
        if segment == "":
            raise ValueError("a glob may not hold `//`")
        if segment in (".", ".."):
            raise ValueError(f"a glob may not hold the segment `{segment}`")
    return segments


def _segment(segment: str) -> str:
    """One segment as an expression that matches all of it, up to the next `/` or the end, in exactly one way."""
    runs: list[list[str]] = [[]]
    position = 0
    while position < len(segment):
        character = segment[position]
        if character == "[":
            expression, position = _class(segment, position)
            runs[-1].append(expression)
            continue
        if character == "*":
            if position and segment[position - 1] == "*" and not runs[-1]:
                raise ValueError("`**` must stand alone between slashes: use `*` inside a name, `**/` for folders")
            runs.append([])
        else:
            runs[-1].append("[^/]" if character == "?" else re.escape(character))
        position += 1
    first, *rest = ["".join(run) for run in runs]
    inner = "".join(f"(?>[^/]*?{run})" for run in rest[:-1])
    last = "".join(f"(?>[^/]*{run}{_CLOSES})" for run in rest[-1:])
    return f"{_OPENS}{first}{inner}{last}{_CLOSES}"


def _class(segment: str, start: int) -> tuple[str, int]:
    """The class that opens at `start`, and the position after it."""
    position = start + 1
    negated = segment.startswith("!", position)
    position += negated
    end = segment.find("]", position + 1)  # a `]` that stands first is a member
    if end < 0:
        raise ValueError("`[` is not closed in its segment: write `[[]` for the character itself")
    members: list[str] = []
    while position < end:
        low = segment[position]
        if position + 2 < end and segment[position + 1] == "-":
            high = segment[position + 2]
            if low > high:
                raise ValueError(f"the range `{low}-{high}` is empty: its ends are the wrong way round")
            members.append(f"{re.escape(low)}-{re.escape(high)}")
            position += 3
        else:
            members.append(re.escape(low))
            position += 1
    listed = "".join(members)
    return (f"[^/{listed}]" if negated else f"(?!/)[{listed}]"), end + 1
