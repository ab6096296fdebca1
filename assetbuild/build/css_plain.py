"""The normal form of the most ordinary statements, which patterns know for certain, many times as fast as from tokens.

Says of nothing else what its normal form is: functions with spaces, strings, escapes and comments are left to
`css_statements`, whose answer this is where there is one.
"""

from __future__ import annotations

import functools
import re

from assetbuild.build import css_spelling

_BLANK = r"[ \t\n\r\f]"
_NAME = r"-?[a-zA-Z_][a-zA-Z0-9_-]*+"

# --- selectors -------------------------------------------------------------------------------------------

_ATTRIBUTE = rf"\[{_NAME}(?:[~|^$*]?=(?:{_NAME}|\"{_NAME}\"|'{_NAME}'))?\]"
_COUNT = r"(?:odd|even|[0-9]++|-?[0-9]*n(?:\+[0-9]++)?)"
_SIMPLE = rf"(?:\.{_NAME}|\#{_NAME}|{_ATTRIBUTE}|:nth-(?:last-)?(?:child|of-type)\({_COUNT}\)|::?{_NAME}(?!\())"
_SUBCLASS = rf"(?:{_SIMPLE}|:(?:not|is|where)\((?:{_NAME}|{_SIMPLE})\))"
_COMPOUND = rf"(?:(?:{_NAME}|[*&]){_SUBCLASS}*+|{_SUBCLASS}++)"
_COMPLEX = rf"{_COMPOUND}(?:{_BLANK}*+[>+~]{_BLANK}*+{_COMPOUND}|{_BLANK}++{_COMPOUND})*+"
_STEP = r"(?:[0-9]++(?:\.[0-9]++)?%)"
_SELECTOR = re.compile(rf"(?:{_STEP}|{_COMPLEX})(?:{_BLANK}*+,{_BLANK}*+(?:{_STEP}|{_COMPLEX}))*+")
_QUOTES = re.compile("[\"']")
_TWO_COLONS = re.compile(r"::(?=(?:before|after|first-line|first-letter)(?![a-zA-Z0-9_-]))")


def selector(text: str) -> str | None:
    """A list of selectors, or of the steps of `@keyframes`, as it is written and compared."""
    if not _SELECTOR.fullmatch(text):
        return None
    text = " ".join(text.split())
    for mark in ",>+~":
        if mark in text:
            text = text.replace(f"{mark} ", mark).replace(f" {mark}", mark)
    if '"' in text or "'" in text:
        text = _QUOTES.sub("", text)
    return _TWO_COLONS.sub(":", text) if "::" in text else text


# --- declarations ----------------------------------------------------------------------------------------

_WORD = (
    rf"(?:{_NAME}(?!\()|[+-]?+(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:%|(?![eE][+-]?[0-9])[a-zA-Z]++)?+(?![a-zA-Z0-9_.%-])"
    rf"|\#[0-9a-zA-Z]++)"
)
_DECLARATION = re.compile(
    rf"(-?[a-z][a-z-]*+){_BLANK}*+:{_BLANK}*+({_WORD}(?:(?:{_BLANK}*+[,/]{_BLANK}*+|{_BLANK}++){_WORD})*+)"
    rf"(?:{_BLANK}*+(!{_NAME}))?{_BLANK}*+"
)
_AROUND = re.compile(" ?([,/]) ?")
_BETWEEN = re.compile("([ ,/])")
# All white space in a custom property counts, but for how much of it there is.
_CUSTOM = re.compile(
    rf"(--[a-zA-Z0-9_-]*+){_BLANK}*+:{_BLANK}*+"
    rf"(?:(\"(?:[^\"\\\n\r\f]++|\\[^\n\r\f])*+\")|([!#%()*+,.0-9a-zA-Z_ \t\n\r\f-]+)){_BLANK}*+"
)
# What holds `var()` is as custom properties are, but for the white space that no value needs.
_HOLDING = re.compile(
    rf"(-?[a-z][a-z-]*+){_BLANK}*+:{_BLANK}*+((?:[a-zA-Z0-9_ \t\n\r\f()*.%+-]|,(?!{_BLANK}*+\)))+)"
    rf"(?:(!{_NAME}){_BLANK}*+)?"
)


def declaration(text: str) -> str | None:
    """`name: value` as it is written and compared where values are respelled."""
    match = _DECLARATION.fullmatch(text)
    if match is None:
        return _custom(text) if text.startswith("--") else _holding(text) if _VAR.search(text) else None
    name, value, important = match.groups("")
    reading = css_spelling.reading(name)
    if reading is None:
        return None
    words = value.split()
    if "," in value or "/" in value:
        joined = _AROUND.sub(r"\1", " ".join(words))
        value = "".join(_word(word, reading) for word in _BETWEEN.split(joined))
    else:
        value = " ".join(css_spelling.words(name, [_word(word, reading) for word in words]))
    return f"{name}:{value}{important}"


def _custom(text: str) -> str | None:
    match = _CUSTOM.fullmatch(text)
    if match is None:
        return None
    name, string, value = match.groups()
    if string is not None:
        return f"{name}:{string}"
    words = value.split()
    return f"{name}:{' '.join(words)}" if words and not _URL.search(value) else None


def _holding(text: str) -> str | None:
    match = _HOLDING.fullmatch(text)
    if match is None or match[1] == "initial-value" or _URL.search(match[2]):
        return None
    value = " ".join(match[2].split())
    for mark in ",*":
        if mark in value:
            value = value.replace(f"{mark} ", mark).replace(f" {mark}", mark)
    return f"{match[1]}:{value.replace('( ', '(').replace(' )', ')')}{match[3] or ''}"


_URL = re.compile(r"(?i:url)\(")
_VAR = re.compile(r"(?<=[ \t\n\r\f:,(*])var\(")


@functools.lru_cache(maxsize=1 << 12)
def _word(word: str, reading: css_spelling.Reading) -> str:
    """A name, number or colour."""
    if word[0] == "#":
        return css_spelling.colour(word) if reading.coloured else word
    if word[0] not in "+-.0123456789" or (word[0] == "-" and word[1] not in ".0123456789"):
        return word
    word = css_spelling.number(word)
    return "0" if reading.zeros and word.lower() == "0px" else word
