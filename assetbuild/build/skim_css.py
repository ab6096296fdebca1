"""The URLs of ordinary style sheets, found several times as fast as from tokens.

Goes from one comment, string, `url()` and at-rule to the next. Where anything stands that could be read otherwise (an
escape that may spell `url`, an import, a broken `url()`), it says so and leaves the sheet to `scan_css`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MORE = re.compile(r"(?i)src\(|image-set\(|@import|@namespace|@document|<!--|-->")
# Before a `url(` that is a token of its own; after these it is the end of a longer name, an id or an at-keyword.
_BEFORE = r"(?<![^\x01-\"$-,./:-?\[-^`{-\x7f])"
_SPACES = r"[ \t\r\n\f]*+"
_DOUBLE = r"\"(?:[^\"\\\r\n\f]++|\\(?:\r\n|(?s:.)))*+\""
_SINGLE = r"'(?:[^'\\\r\n\f]++|\\(?:\r\n|(?s:.)))*+'"
_STRINGS = re.compile(f"{_DOUBLE}|{_SINGLE}")
_PATTERN = re.compile(
    rf"[^\"'/\\@uU]++"
    rf"|{_BEFORE}(?i:url)\({_SPACES}(?:(?P<string>{_DOUBLE}|{_SINGLE}){_SPACES}|(?P<bare>[^\"'()\\\x00-\x20\x7f]*+){_SPACES})\)"
    rf"|{_BEFORE}(?P<broken>(?i:url)\()"
    rf"|[uU]"
    rf"|(?P<comment>/\*(?s:.*?)\*/)"
    rf"|/(?!\*)"
    rf"|{_DOUBLE}|{_SINGLE}"
    rf"|@(?i:charset) \"[^\"\\\r\n\f]*+\";"
    rf"|(?P<prelude>@(?:[^{{}};\"'/\\\[\]]++|/(?!\*)|{_DOUBLE}|{_SINGLE})*+(?=[{{;]|\Z))"
    rf"|\\[^\n\r\f0-9a-fA-FuUrRlL](?!(?i:url)\()"  # an escape that neither spells a letter of `url` nor comes before it
    rf"|(?P<other>(?s:.))"
)


class Found(NamedTuple):
    """A `url()` or comment: characters `start` to `end`; of the URL, with what stands around it, `inner` to `last`."""

    start: int
    end: int
    inner: int
    last: int
    is_comment: bool


def skim(text: str) -> list[Found] | None:
    """Every `url()` that is a value and every comment, in order; None where only tokens tell."""
    if _MORE.search(text):
        return None
    found = []
    for match in _PATTERN.finditer(text):
        which = match.lastgroup
        if which is None:
            continue
        if which == "bare":
            found.append(Found(*match.span(), text.index("(", match.start()) + 1, match.end() - 1, is_comment=False))
        elif which == "string":
            found.append(Found(*match.span(), match.start("string") + 1, match.end("string") - 1, is_comment=False))
        elif which == "comment":
            found.append(Found(*match.span(), *match.span(), is_comment=True))
        elif which != "prelude" or not _is_plain(match[0]):
            return None
    return found


def _is_plain(prelude: str) -> bool:
    """Whether what follows a prelude is out of it: no parenthesis is left open. And that it holds no URL."""
    depth = 0
    for character in _STRINGS.sub("", prelude):
        if character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                return False
    return depth == 0 and "url(" not in prelude.lower()
