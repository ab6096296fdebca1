"""One spelling for what the standards say is the same: numbers, hexadecimal colours, repeated sides, pseudo-elements.

Knows which properties and functions read a token only by its value. Whatever is not known to do so keeps its spelling:
custom properties, unknown functions, hacks for one browser, and whatever holds `var()`, whose text scripts can read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from assetbuild.build.css_tokens import Kind, Part


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERS = (Kind.NUMBER, Kind.PERCENTAGE, Kind.DIMENSION)
# A property as the standards spell them; not one with an underscore or escape, which are hacks, nor `--custom`.
_PROPERTY = re.compile(r"-?[a-z][a-z-]*")
# These are read digit by digit (CSS Syntax 3, section 7), or by Internet Explorer in its own way, or kept as written.
_READ_AS_TEXT = _words("unicode-range -ms-filter behavior initial-value")
_DELIMS = frozenset("/*+-!")
_STOPS = (Kind.COLON, Kind.AT, Kind.OPEN_BRACE, Kind.BAD_URL, Kind.CDO, Kind.CDC)
_FUNCTIONS = frozenset(
    name + "("
    for name in _words(
        """
        blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia url src format local
        tech calc clamp max min circle ellipse inset polygon path fit-content minmax repeat counter counters
        color color-mix hsl hsla hwb lab lch light-dark oklab oklch rgb rgba image-set -webkit-image-set
        conic-gradient linear-gradient radial-gradient -webkit-linear-gradient -webkit-radial-gradient
        repeating-conic-gradient repeating-linear-gradient repeating-radial-gradient -webkit-repeating-linear-gradient
        -moz-linear-gradient -moz-radial-gradient -moz-repeating-linear-gradient -o-linear-gradient
        matrix matrix3d perspective rotate rotate3d rotateX rotateY rotateZ rotatex rotatey rotatez
        scale scale3d scaleX scaleY scaleZ scalex scaley scalez skew skewX skewY skewx skewy
        translate translate3d translateX translateY translateZ translatex translatey translatez
        cubic-bezier linear steps
        """
    )
)
_EDGES = _words("top right bottom left block-start block-end inline-start inline-end")
_CORNERS = _words("top-left top-right bottom-right bottom-left start-start start-end end-start end-end")
# Here a zero can be nothing but a length, which needs no unit (CSS Values 4, section 6.1). `line-height`, `tab-size`
# and `flex` are not among them, for they take numbers too. Other units than px stay, for scripts can tell `0em` from 0.
_ZEROS = (
    frozenset(
        f"{start}-{edge}" for start in _words("margin padding border scroll-margin scroll-padding") for edge in _EDGES
    )
    | frozenset(f"border-{edge}-width" for edge in _EDGES)
    | frozenset(f"border-{corner}-radius" for corner in _CORNERS)
    | _words(
        """
        top right bottom left inset margin padding border border-width border-radius border-spacing outline
        outline-width outline-offset width height min-width min-height max-width max-height background
        background-position background-size box-shadow text-shadow letter-spacing word-spacing text-indent
        gap row-gap column-gap vertical-align transform-origin perspective-origin -webkit-box-shadow
        -webkit-border-radius -webkit-transform-origin -moz-border-radius
        """
    )
)
# Left out sides are those across, so what repeats them may go (CSS Box 4, section 3.2; CSS Backgrounds 3, section 5.1).
_FOUR_SIDES = _words(
    "margin padding inset scroll-margin scroll-padding border-width border-style border-color border-radius"
)
# CSS Flexible Box Layout 1, section 7.1.1.
_FLEX = {"0 0 auto": "none", "1 1 auto": "auto"}
_WHOLE_VALUES = _words("inherit initial unset revert revert-layer default")
# Here a hash can be nothing but a colour. Elsewhere it may be an id, as in the `nav-up` of old.
_COLOURED = re.compile(
    r"(?:-(?:webkit|moz|ms|o)-)?(?:[a-z-]*color|background(?:-image)?|border(?:-[a-z-]+)?|outline|column-rule"
    r"|(?:box|text)-shadow|fill|stroke|mask(?:-image)?|text-decoration|text-emphasis|text-stroke)"
)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_PAIRED = re.compile(r"#(?:(.)\1)(?:(.)\2)(?:(.)\3)(?:(.)\4)?")
_NUMBER = re.compile(r"([+-]?)([0-9]*+)(?:\.([0-9]++))?+(?![eE][+-]?[0-9])(.*)", re.DOTALL)
_PLAIN_IDENT = re.compile(r"-?[a-zA-Z_][a-zA-Z0-9_-]*")
_ONE_COLON = _words("before after first-line first-letter")


def number(text: str) -> str:
    """A number without the zeros that say nothing, in the same type: `1.0` is no integer (CSS Syntax 3, 4.3.12)."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    sign, whole, fraction, rest = match.groups()
    whole = whole.lstrip("0")
    if fraction is not None:
        short = fraction.rstrip("0")
        if not short and rest:
            return f"{sign}{whole or '0'}{rest}"
        return f"{sign}{whole}.{short}{rest}" if short else text
    return f"{sign}{whole or '0'}{rest}"


def colour(text: str) -> str:
    """A hexadecimal colour in lower case, with one digit for two where that is the same (CSS Color 4, section 5.2)."""
    if not _HEX.fullmatch(text):
        return text
    text = text.lower()
    paired = _PAIRED.fullmatch(text)
    return "#" + "".join(digit or "" for digit in paired.groups()) if paired else text


class Reading(NamedTuple):
    """How a property reads its value: whether a hash is a colour, and whether a zero needs no unit."""

    coloured: bool
    zeros: bool


@functools.lru_cache(maxsize=1024)
def reading(name: str) -> Reading | None:
    """Of the property of this name, in lower case; None where it may look at the spelling."""
    if not _PROPERTY.fullmatch(name) or name in _READ_AS_TEXT:
        return None
    return Reading(_COLOURED.fullmatch(name) is not None, name in _ZEROS)


def value(name: str, parts: list[Part]) -> list[Part]:
    """The value of property `name`, spelled as this module spells it; as it is where anything in it is not known."""
    name = name.lower()
    read = reading(name)
    if read is None or not _is_known(parts):
        return parts
    coloured, zeros = read
    spelled: list[Part] = []
    depth = 0
    for part in parts:
        kind, text = part.kind, part.text
        gap = part.gap and (depth > 0 or not spelled or _is_needed(spelled[-1], part))
        if kind in _NUMBERS:
            text = number(text)
            if zeros and not depth and kind is Kind.DIMENSION and text.lower() == "0px":
                kind, text = Kind.NUMBER, "0"
        elif kind is Kind.HASH and coloured:
            text = colour(text)
        elif kind in (Kind.FUNCTION, Kind.OPEN_PAREN, Kind.OPEN_BRACKET):
            depth += 1
        elif kind in (Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET):
            depth -= 1
        same = kind is part.kind and text == part.text and gap == part.gap
        spelled.append(part if same else Part(kind, text, gap, part.start, part.end))
    if name in _FOUR_SIDES:
        return _fewer_sides(spelled)
    return _flex(spelled) if name == "flex" else spelled


def _is_known(parts: Sequence[Part]) -> bool:
    return not any(
        kind in _STOPS
        or (kind is Kind.FUNCTION and text not in _FUNCTIONS)
        or (kind is Kind.DELIM and text not in _DELIMS)
        or ("\\" in text and kind not in (Kind.STRING, Kind.URL))
        for kind, text, *_ in parts
    )


def _is_needed(before: Part, after: Part) -> bool:
    """Whether the white space between two parts of a value, outside of functions, tells them apart or is an operand's.

    What a bracket or quote ends needs none: juxtaposed components are tokens (CSS Values 4, section 2.1).
    """
    if after.kind is Kind.DELIM or before.kind is Kind.DELIM:
        return True
    return before.kind not in (Kind.CLOSE_PAREN, Kind.URL, Kind.STRING) and after.kind is not Kind.STRING


def _fewer_sides(parts: list[Part]) -> list[Part]:
    end = next((index for index, part in enumerate(parts) if part.text == "!"), len(parts))
    sides = parts[:end]
    if any(part.kind not in (*_NUMBERS, Kind.IDENT, Kind.HASH) for part in sides):
        return parts
    return parts[: _sides([part.text for part in sides])] + parts[end:]


def _sides(texts: Sequence[str]) -> int:
    """How many of the sides of a box must be written."""
    count = len(texts)
    if not 2 <= count <= 4 or any(text.lower() in _WHOLE_VALUES for text in texts):
        return count
    while count > 1 and texts[count - 1] == texts[0 if count == 2 else count - 3]:
        count -= 1
    return count


def words(name: str, texts: list[str]) -> list[str]:
    """The same as `value` of nothing but words and numbers, each spelled already."""
    if name in _FOUR_SIDES:
        return texts[: _sides(texts)]
    word = _FLEX.get(" ".join(texts)) if name == "flex" else None
    return texts if word is None else [word]


def _flex(parts: list[Part]) -> list[Part]:
    word = _FLEX.get(" ".join(part.text for part in parts[:3]))
    if word is None or (len(parts) > 3 and parts[3].text != "!"):
        return parts
    return [Part(Kind.IDENT, word, parts[0].gap, parts[0].start, parts[2].end), *parts[3:]]


def selector(parts: list[Part]) -> list[Part]:
    """A selector with attribute values unquoted, where they are identifiers, and CSS 2's pseudo-elements as there.

    Selectors 4, section 6.4: a value is an identifier or a string; section 3.6: one colon is to be read as two.
    """
    spelled: list[Part] = []
    brackets = 0
    for index, part in enumerate(parts):
        kind = part.kind
        if kind is Kind.OPEN_BRACKET:
            brackets += 1
        elif kind is Kind.CLOSE_BRACKET:
            brackets -= 1
        elif brackets and kind is Kind.STRING and parts[index - 1].text == "=":
            inner = part.text[1:-1]
            if _PLAIN_IDENT.fullmatch(inner):
                part = part._replace(kind=Kind.IDENT, text=inner)
        elif brackets and kind is Kind.IDENT and parts[index - 2].text == "=":
            part = part._replace(gap=spelled[-1].kind is Kind.IDENT)
        elif not brackets and kind is Kind.IDENT and part.text in _ONE_COLON and _follows_two_colons(spelled, part):
            spelled[-2:] = [spelled[-2]._replace(end=spelled[-1].end)]
        spelled.append(part)
    return spelled


def _follows_two_colons(spelled: Sequence[Part], part: Part) -> bool:
    if len(spelled) < 2 or part.gap or spelled[-1].gap:
        return False
    return spelled[-1].kind is Kind.COLON and spelled[-2].kind is Kind.COLON
