"""The proof that a minified style sheet means the same: both have one normal form.

Knows no minifier. What `css_spelling` does not make alike must be spelled alike: an engine that rewrites more is not
proven here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assetbuild.build.css_normal import Entry, keys, normal_form


@dataclass(frozen=True, slots=True)
class Original:
    """A style sheet that others are to be compared with, and its normal form, made once. None: it does not parse."""

    text: str
    entries: Sequence[Entry] | None

    def refusal(self) -> str:
        """Why this style sheet is not to be minified: nothing can be proven of it. '' if something can."""
        return "it does not parse" if self.entries is None else ""

    def same(self, after: str) -> bool:
        """Whether `after` has the same normal form; False if it does not parse."""
        if self.entries is None:
            return False
        entries = normal_form(after)
        return entries is not None and keys(self.entries) == keys(entries)


def original(text: str) -> Original:
    return Original(text, normal_form(text))


def same(before: str, after: str) -> bool:
    """Whether they differ in nothing that counts: see `css_normal`, `css_spelling`. False if either does not parse."""
    return original(before).same(after)
