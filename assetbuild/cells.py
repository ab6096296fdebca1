"""Text as cells of a terminal: what is safe to print, how wide it is, and how it is cut.

Knows no colours, streams or diagnostics. File names and source lines come from anywhere, so every text that reaches a
terminal goes through `safe` first: whatever could move the cursor, reorder the line or forge a new one is spelled out.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass

# Controls, format characters (bidirectional ones among them), surrogates, private use, unassigned, separators of lines.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TAB = 4
_CUT = "..."


def _shown(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8 (PEP 383)
        code -= 0xDC00
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _NAMED.get(char) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")


def safe(text: str) -> str:
    """`text` with everything that is not plainly visible written as an escape, as in a Python string."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":  # marks, and jamo that join
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Cells that a safe text takes (UAX #11; ambiguous characters count as narrow)."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _clusters(text: str) -> list[tuple[str, int]]:
    """(text, cells) of each character with the marks that stand on it."""
    found: list[tuple[str, int]] = []
    for char in text:
        cells = _char_width(char)
        if cells == 0 and found:
            found[-1] = (found[-1][0] + char, found[-1][1])
        else:
            found.append((char, cells))
    return found


def _head(pieces: list[tuple[str, int]], limit: int) -> list[str]:
    taken: list[str] = []
    for text, cells in pieces:
        if cells > limit:
            break
        limit -= cells
        taken.append(text)
    return taken


def shorten(text: str, limit: int) -> str:
    """A safe text in at most `limit` cells (not fewer than 5): the middle goes, as names differ at their ends."""
    if width(text) <= limit:
        return text
    room = max(limit, 5) - len(_CUT)
    pieces = _clusters(text)
    head = _head(pieces, room // 2)
    tail = _head(pieces[::-1], room - room // 2)
    return "".join(head) + _CUT + "".join(reversed(tail))


def pad(text: str, to: int) -> str:
    """A safe text followed by blanks up to `to` cells."""
    return text + " " * (to - width(text))


def pad_left(text: str, to: int) -> str:
    """A safe text after as many blanks as make `to` cells: for numbers."""
    return " " * (to - width(text)) + text


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a source line, safe to print, and how many cells stand before the place that is meant."""

    text: str
    caret: int


def _pieces(line: str, at: int) -> tuple[list[tuple[str, int]], int]:
    """(text, cells) of what stands in `line`, tabs as blanks, and the index of the piece that holds character `at`."""
    pieces: list[tuple[str, int]] = []
    before = 0
    caret = -1
    for index, char in enumerate(line):
        text = " " * (_TAB - before % _TAB) if char == "\t" else _shown(char)
        cells = width(text)
        if cells == 0 and pieces:
            pieces[-1] = (pieces[-1][0] + text, pieces[-1][1])
        else:
            pieces.append((text, cells))
        before += cells
        if index == at:
            caret = len(pieces) - 1
    return pieces, caret if caret >= 0 else len(pieces)


def _span(pieces: list[tuple[str, int]], caret: int, room: int) -> tuple[int, int]:
    """The part of `pieces` around `caret` that fills `room` cells, half of them before it where there are so many."""
    ahead = sum(cells for _, cells in pieces[caret:])
    start = caret
    left = max(room // 2, room - ahead)
    while start > 0 and pieces[start - 1][1] <= left:
        start -= 1
        left -= pieces[start][1]
        room -= pieces[start][1]
    end = caret
    while end < len(pieces) and pieces[end][1] <= room:
        room -= pieces[end][1]
        end += 1
    return start, end


def excerpt(line: str, *, column: int, limit: int) -> Excerpt:
    """What to show of a source line, in at most `limit` cells, around the character at `column` (from 1).

    Looks at no more of the line than can be shown: a minified file may be one line of a megabyte. A column on a
    combining mark means the character that bears it.
    """
    at = min(max(column, 1) - 1, len(line))
    low, high = max(0, at - limit), min(len(line), at + limit)
    pieces, caret = _pieces(line[low:high], at - low)
    if low == 0 and high == len(line) and sum(cells for _, cells in pieces) <= limit:
        start, end = 0, len(pieces)
    else:
        start, end = _span(pieces, caret, max(limit - 2 * len(_CUT), 8))
    before = _CUT if low or start else ""
    after = _CUT if end < len(pieces) or high < len(line) else ""
    caret_cells = len(before) + sum(cells for _, cells in pieces[start:caret])
    return Excerpt(before + "".join(text for text, _ in pieces[start:end]) + after, caret_cells)


# --- numbers and names -----------------------------------------------------------------------------------


def human(size: int) -> str:
    """Bytes for people: 1 kB is 1000 B; at most four characters of number."""
    if size < 1000:
        return f"{size} B"
    value = size / 1000
    for unit in ("kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def relative(path: str) -> str:
    """`path` seen from the current folder, where that is the shorter way to say it."""
    if not os.path.isabs(path):
        return path
    try:
        seen = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return seen if len(seen) < len(path) else path


_HASH = re.compile(r"-[0-9a-f]{16}(?=\.[^/]*$|$)")


def hash_span(output: str) -> tuple[int, int] | None:
    """Where in an output path the hash stands, its hyphen included."""
    found = _HASH.search(output)
    return found.span() if found else None
