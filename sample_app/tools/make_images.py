"""Draws the sample app's own PNG files and its icon: `python -m sample_app.tools.make_images`.

Its output is committed; run it again only to change a picture. Standard library only, and the same bytes every time:
no clock, no random numbers but those of a hash.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

IMAGES = Path(__file__).parent.parent / "static"
Colour = tuple[int, int, int]

NIGHT_TOP: Colour = (9, 18, 44)
NIGHT_LOW: Colour = (38, 74, 110)
GLOW: Colour = (236, 150, 96)
SEA: Colour = (8, 34, 58)
DEPTHS: tuple[Colour, ...] = (
    (232, 220, 184),
    (198, 224, 220),
    (160, 206, 214),
    (118, 180, 202),
    (78, 148, 184),
    (46, 112, 158),
    (26, 80, 128),
)
CONTOUR: Colour = (28, 66, 104)


def png(width: int, height: int, rows: list[bytes], *, palette: bytes = b"") -> bytes:
    """A PNG of 8-bit rows: indices where `palette` is given, else RGB (PNG specification, third edition)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 3 if palette else 2, 0, 0, 0)
    raw = b"".join(_filtered(rows, indexed=bool(palette)))
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header)]
    if palette:
        parts.append(chunk(b"PLTE", palette))
    return b"".join([*parts, chunk(b"IDAT", zlib.compress(raw, 9)), chunk(b"IEND", b"")])


def _filtered(rows: list[bytes], *, indexed: bool) -> list[bytes]:
    """Filter type 2 ("up") suits smooth pictures; indices compress best unfiltered."""
    if indexed:
        return [b"\x00" + row for row in rows]
    above = bytes(len(rows[0]))
    out = []
    for row in rows:
        out.append(b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True)))
        above = row
    return out


def mix(low: Colour, high: Colour, share: float) -> Colour:
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


def dots(x: int, y: int) -> float:
    """A number in [0, 1) that belongs to a grid point."""
    return zlib.crc32(struct.pack(">ii", x, y)) / 2**32


def noise(x: float, y: float) -> float:
    """Value noise: grid points' numbers, smoothly blended."""
    left, top = math.floor(x), math.floor(y)
    u, v = (_smooth(x - left), _smooth(y - top))
    upper = dots(left, top) * (1 - u) + dots(left + 1, top) * u
    lower = dots(left, top + 1) * (1 - u) + dots(left + 1, top + 1) * u
    return upper * (1 - v) + lower * v


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def draw(width: int, height: int, colour: Callable[[int, int], Colour]) -> bytes:
    return png(width, height, [bytes(c for x in range(width) for c in colour(x, y)) for y in range(height)])


def night(width: int, height: int) -> bytes:
    """Stars over the sea, and a last glow in the west."""
    horizon = int(height * 0.74)

    def sky(x: int, y: int) -> Colour:
        if dots(x * 7 + 1, y * 13) > 0.9988 and y < horizon - 24:
            return mix((150, 170, 200), (255, 255, 255), dots(y, x))
        glow = math.exp(-(((x - width * 0.7) / (width * 0.34)) ** 2)) * math.exp(-((horizon - y) / (height * 0.16)))
        return mix(mix(NIGHT_TOP, NIGHT_LOW, (y / horizon) ** 1.6), GLOW, glow * 0.85)

    def colour(x: int, y: int) -> Colour:
        if y < horizon:
            return sky(x, y)
        wave = int(5 * math.sin(y * 0.9) + 3 * math.sin(y * 0.37))
        return mix(sky(min(max(x + wave, 0), width - 1), max(2 * horizon - y, 0)), SEA, 0.45 + (y - horizon) / height)

    return draw(width, height, colour)


def depth(x: float, y: float) -> float:
    """0 is dry land, 1 the deepest: a shore in the east, a channel that bends, and uneven ground."""
    channel = 0.5 + 0.22 * math.sin(x * 3.4)
    ground = noise(x * 5, y * 5) * 0.5 + noise(x * 13, y * 13) * 0.2
    dredged = 0.55 * math.exp(-(((y - channel) / 0.12) ** 2)) * (1 - 0.6 * x)
    return 0.62 - 0.62 * math.pow(x, 2.2) + dredged - 0.42 * ground


def soundings(width: int, height: int) -> bytes:
    """A chart of depths in bands with contour lines; an indexed PNG."""
    last = len(DEPTHS) - 1

    def band(x: int, y: int) -> int:
        return min(max(int(depth(x / width, y / height) * 1.25 * last + 1), 0), last)

    bands = [[band(x, y) for x in range(width)] for y in range(height)]
    rows = []
    for y, row in enumerate(bands):
        below = bands[min(y + 1, height - 1)]
        after = [*row[1:], row[-1]]
        three = zip(row, below, after, strict=True)
        rows.append(bytes(own if own == under == right else len(DEPTHS) for own, under, right in three))
    return png(width, height, rows, palette=bytes(c for colour in (*DEPTHS, CONTOUR) for c in colour))


def grain(size: int) -> bytes:
    """A paper-like texture that tiles."""
    return draw(size, size, lambda x, y: mix((246, 243, 236), (252, 250, 246), dots(x, y)))


def icon(size: int) -> bytes:
    """`favicon.ico` that holds one PNG: a sun above two waves."""

    def colour(x: int, y: int) -> Colour:
        u, v = (x + 0.5) / size, (y + 0.5) / size
        if math.hypot(u - 0.5, v - 0.34) < 0.2:
            return (255, 196, 120)
        if v > 0.62 + 0.06 * math.sin(u * 12.6):
            return (118, 200, 206) if v < 0.8 + 0.06 * math.sin(u * 12.6 + 2) else (32, 122, 140)
        return (13, 42, 70)

    image = draw(size, size, colour)
    entry = struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(image), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + image


def main() -> None:
    (IMAGES / "favicon.ico").write_bytes(icon(48))
    (IMAGES / "img/grain.png").write_bytes(grain(64))
    (IMAGES / "img/gallery/night.png").write_bytes(night(640, 420))
    (IMAGES / "img/gallery/soundings.png").write_bytes(soundings(640, 420))


if __name__ == "__main__":
    main()
