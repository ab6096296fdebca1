"""The tokens of a style sheet: CSS Syntax Module Level 3, section 4, as spans that cover the text without a gap.

Knows no grammar above tokens. One compiled pattern does the work, so that a sheet of 300 KB takes tenths of a second;
and spans instead of values, so that whatever is not rewritten keeps its bytes.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


class Kind(enum.Enum):
    """The token types of the standard, and comments, which the standard drops."""

    SPACE = "whitespace"
    """A run of blanks and newlines."""
    COMMENT = "comment"
    """Up to and with its end mark, or the end of the text."""
    IDENT = "ident"
    """A name: `red`, `-webkit-box`, `--my-var`."""
    FUNCTION = "function"
    """A name with its `(`; also `url(` where a quote follows."""
    AT = "at-keyword"
    """`@` with a name."""
    HASH = "hash"
    """`#` with a name: a colour or an id."""
    STRING = "string"
    """With both quotes, or up to the end of the text."""
    BAD_STRING = "bad-string"
    """A string that a newline cut short; the newline is not part of it."""
    URL = "url"
    """`url(...)` without quotes, up to and with its `)`, or the end of the text."""
    BAD_URL = "bad-url"
    """`url(...)` with something in it that only quotes would allow."""
    NUMBER = "number"
    """Without a unit."""
    PERCENTAGE = "percentage"
    """A number with `%`."""
    DIMENSION = "dimension"
    """A number with a unit."""
    CDO = "CDO"
    """`<!--`."""
    CDC = "CDC"
    """`-->`."""
    COLON = ":"
    """Alone."""
    SEMICOLON = ";"
    """Ends a declaration or a statement."""
    COMMA = ","
    """Separates the members of a list."""
    OPEN_PAREN = "("
    """Without a name before it."""
    CLOSE_PAREN = ")"
    """Closes a parenthesis or a function."""
    OPEN_BRACKET = "["
    """Opens an attribute selector or a list of line names."""
    CLOSE_BRACKET = "]"
    """Closes the same."""
    OPEN_BRACE = "{"
    """Opens a block."""
    CLOSE_BRACE = "}"
    """Closes a block."""
    DELIM = "delim"
    """Any other single character."""

    __hash__ = object.__hash__  # Enum's own is a Python function, and tokens are looked up by kind all the time


class Token(NamedTuple):
    """One token: characters `start` to `end` of the text."""

    kind: Kind
    start: int
    end: int


class Part(NamedTuple):
    """A token that counts, with its text. `start` and `end` are where it was read.

    `gap`: white space that counts stands before it. `exact`: its spelling counts, escapes and quotes included.
    """

    kind: Kind
    text: str
    gap: bool
    start: int
    end: int
    exact: bool = False


CLOSERS: Mapping[Kind, Kind] = MappingProxyType(
    {
        Kind.FUNCTION: Kind.CLOSE_PAREN,
        Kind.OPEN_PAREN: Kind.CLOSE_PAREN,
        Kind.OPEN_BRACKET: Kind.CLOSE_BRACKET,
        Kind.OPEN_BRACE: Kind.CLOSE_BRACE,
    }
)
"""What closes each token that opens something."""

# Section 3.3 turns CR, FF and CR LF into LF before tokens are made; here the patterns know all four. It also turns NUL
# and surrogates into U+FFFD, which may stand in a name as every other character above ASCII may.
_NEWLINE = r"(?:\r\n|[\n\r\f])"
_BLANK = r"[ \t\n\r\f]"
_HEX_ESCAPE = rf"\\[0-9a-fA-F]{{1,6}}+(?:\r\n|{_BLANK})?+"
_ESCAPE = rf"(?:{_HEX_ESCAPE}|\\[^\n\r\f0-9a-fA-F]|\\\Z)"
# What is no name stands in the classes: a class up to U+10FFFF takes some twenty times as long to compile.
_NAME = r"[^\x01-,./:-@\[-^`{-\x7f]"
_NAME_START = rf"(?:[^\x01-@\[-^`{{-\x7f]|{_ESCAPE})"
_NAME_REST = rf"(?:{_NAME}++|{_ESCAPE})*+"
_IDENT = rf"(?>(?:--|-?{_NAME_START}){_NAME_REST})"
_NUMBER = r"(?>[+-]?(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)"


def _letter(letter: str) -> str:
    """A pattern of one letter of `url` in any case, also escaped; none of them is a hexadecimal digit."""
    codes = "|".join(f"{ord(char):x}" for char in (letter, letter.upper()))
    return (
        rf"(?:\\?[{letter}{letter.upper()}]"
        rf"|\\(?:0{{4}}(?i:{codes})|0{{0,3}}(?i:{codes})(?![0-9a-fA-F]))(?:\r\n|{_BLANK})?+)"
    )


_URL_START = rf"{_letter('u')}{_letter('r')}{_letter('l')}\({_BLANK}*+(?![\"'])"
_URL_BODY = rf"(?:[^\"'()\\ \t\n\r\f\x01-\x08\x0b\x0e-\x1f\x7f]++|{_ESCAPE})*+"


def _string(quote: str) -> str:
    return rf"{quote}(?:[^{quote}\\\n\r\f]++|\\{_NEWLINE}|{_ESCAPE})*+"


# The order follows the standard where a character can start several tokens (`-` is a number, then `-->`, then a name)
# and frequency where it cannot. The number of the last group that took part tells the kind.
_PATTERN = re.compile(
    rf"({_BLANK}++)"
    rf"|({_URL_START}{_URL_BODY}{_BLANK}*+(?:\)|\Z))"
    rf"|({_URL_START}(?:[^)\\]++|{_ESCAPE}|\\)*+(?:\)|\Z))"
    rf"|(-->)"
    rf"|({_IDENT})(\()?"
    rf"|([:;,(){{}}\[\]])"
    rf"|({_NUMBER})(?:(%)|({_IDENT}))?"
    rf"|(\#(?:{_NAME}|{_ESCAPE}){_NAME_REST})"
    rf"|({_string(chr(34))}(?:\"|\Z)|{_string(chr(39))}(?:'|\Z))"
    rf"|({_string(chr(34))}|{_string(chr(39))})"
    rf"|(/\*(?s:.*?)(?:\*/|\Z))"
    rf"|(@{_IDENT})"
    rf"|(<!--)"
    rf"|((?s:.))"
)
_KINDS = (
    Kind.DELIM,  # there is no group 0
    Kind.SPACE,
    Kind.URL,
    Kind.BAD_URL,
    Kind.CDC,
    Kind.IDENT,
    Kind.FUNCTION,
    None,
    Kind.NUMBER,
    Kind.PERCENTAGE,
    Kind.DIMENSION,
    Kind.HASH,
    Kind.STRING,
    Kind.BAD_STRING,
    Kind.COMMENT,
    Kind.AT,
    Kind.CDO,
    Kind.DELIM,
)
_SINGLE = {kind.value: kind for kind in Kind if len(kind.value) == 1}


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`; each starts where the one before it ended, the last ends with the text."""
    tokens: list[Token] = []
    append = tokens.append
    for match in _PATTERN.finditer(text):
        start, end = match.span()
        append(Token(_KINDS[match.lastindex or 0] or _SINGLE[text[start]], start, end))
    return tokens


ESCAPE = re.compile(rf"\\(?:([0-9a-fA-F]{{1,6}})(?:\r\n|{_BLANK})?|{_NEWLINE}|([^\n\r\f0-9a-fA-F])|\Z)")
"""One escape, as it may stand in a name, a string or a `url()`: a code point, a joined line, or a character."""


def _meaning(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return "\ufffd" if code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)
    return match[2] or ""


def unescape(text: str) -> str:
    """A name, the inside of a string or of a `url()` with its escapes undone (sections 4.3.5 and 4.3.7)."""
    return ESCAPE.sub(_meaning, text) if "\\" in text else text


def is_closed(text: str, token: Token) -> bool:
    """Whether a string, comment or `url()` has its end mark, rather than running into the end of the text.

    For any other token: whether it does not end in a `\\` that waits for the character that it escapes.
    """
    if token.end < len(text):
        return True
    body = text[token.start : token.end]
    if token.kind is Kind.COMMENT:
        return len(body) >= 4 and body.endswith("*/")
    unescaped = ESCAPE.sub(lambda match: "x" if len(match[0]) > 1 else "\\", body)
    if token.kind is Kind.STRING:
        return len(unescaped) >= 2 and unescaped[-1] == body[0]
    if token.kind in (Kind.URL, Kind.BAD_URL):
        return unescaped.endswith(")")
    return not unescaped.endswith("\\")


def past_block(tokens: Sequence[Token], index: int) -> int:
    """The index behind what closes the bracket or function at `index`."""
    closers: list[Kind] = []
    for at in range(index, len(tokens)):
        kind = tokens[at].kind
        if kind in CLOSERS:
            closers.append(CLOSERS[kind])
        elif closers and kind is closers[-1]:
            closers.pop()
            if not closers:
                return at + 1
    return len(tokens)
