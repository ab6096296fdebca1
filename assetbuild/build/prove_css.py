"""The proof that a minified style sheet means the same: both have one normal form.

Knows no minifier. Names, numbers and colours must be spelled alike: an engine that rewrites them is not proven here.
"""

from __future__ import annotations

import re

from assetbuild.build.css_normal import Part, normal_form
from assetbuild.build.css_tokens import ESCAPE, Kind, unescape


def same(before: str, after: str) -> bool:
    """Whether they differ in nothing but comments and white space without meaning. False if either does not parse."""
    one, other = normal_form(before), normal_form(after)
    if one is None or other is None or len(one) != len(other):
        return False
    return all(a.gap == b.gap and a.kind is b.kind and _same_token(a, b) for a, b in zip(one, other, strict=True))


def _same_token(one: Part, other: Part) -> bool:
    return one.text == other.text or _value(one) == _value(other)


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
    return f"\\{ord(unescape(escape[0])[0]):06x}" if len(escape[0]) > 1 else escape[0]
