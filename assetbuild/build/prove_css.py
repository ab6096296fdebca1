"""The proof that a minified style sheet means the same: both have one normal form.

Knows no minifier. What `css_spelling` does not make alike must be spelled alike: an engine that rewrites more is not
proven here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assetbuild.build.css_normal import normal_form
from assetbuild.build.css_tokens import ESCAPE, Kind, Part, unescape


@dataclass(frozen=True, slots=True)
class Original:
    """A style sheet that others are to be compared with, and its normal form, made once. None: it does not parse."""

    text: str
    parts: Sequence[Part] | None

    def refusal(self) -> str:
        """Why this style sheet is not to be minified: nothing can be proven of it. '' if something can."""
        return "it does not parse" if self.parts is None else ""

    def same(self, after: str) -> bool:
        """Whether `after` has the same normal form; False if it does not parse."""
        return self.parts is not None and _equal(self.parts, normal_form(after))


def original(text: str) -> Original:
    return Original(text, normal_form(text))


def same(before: str, after: str) -> bool:
    """Whether they differ in nothing that counts: see `css_normal`, `css_spelling`. False if either does not parse."""
    return original(before).same(after)


def _equal(one: Sequence[Part], other: Sequence[Part] | None) -> bool:
    if other is None or len(one) != len(other):
        return False
    return all(a.gap == b.gap and a.kind is b.kind and _same_token(a, b) for a, b in zip(one, other, strict=True))


def _same_token(one: Part, other: Part) -> bool:
    return one.text == other.text or not (one.exact or other.exact or _value(one) != _value(other))


def _value(part: Part) -> str:
    """What is compared. Of strings and `url()` the value, so that a joined line or white space at the ends is free."""
    if part.kind is Kind.STRING:
        return unescape(part.text[1:-1])
    if part.kind is Kind.URL:
        inner = part.text[part.text.index("(") + 1 : -1]
        return unescape(_BLANK_ENDS.sub("", inner))
    return ESCAPE.sub(_spelled_out, part.text) if "\\" in part.text else part.text


_BLANK_ENDS = re.compile(r"\A[ \t\n\r\f]+|(?<!\\)[ \t\n\r\f]+\Z")


def _spelled_out(escape: re.Match[str]) -> str:
    """One spelling per escape, for the white space that ends a hexadecimal one may be written in several ways."""
    meant = unescape(escape[0])  # nothing where it joins two lines, which it does in a broken `url()` too
    return f"\\{ord(meant[0]):06x}" if len(escape[0]) > 1 and meant else escape[0]
