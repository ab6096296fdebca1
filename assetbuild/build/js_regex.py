"""What is certainly wrong with a regular expression: groups, quantifiers and flags (ECMA-262, section 22.2.1).

Knows no classes and escapes but how far they reach; what it cannot judge (the `v` flag's nested classes) is right.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    rb"(?P<escape>\\.)|(?P<set>\[(?:[^\\\]]|\\.)*\])|(?P<look>\(\?(?:[=!]|<[=!]))"
    rb"|(?P<open>\((?:\?(?::|<[^>=!][^>]*>|[ims]*(?:-[ims]*)?:))?)|(?P<close>\))|(?P<bar>\|)"
    rb"|(?P<quantifier>[*+?]|\{\d+(?:,\d*)?\})|(?P<anchor>[\^$])|(?P<other>.)",
    re.DOTALL,
)
_SUSPECT = re.compile(rb"[()*+?{]")
_NOT_REPEATABLE = frozenset(("", "open", "look", "bar"))


def fault(pattern: bytes, flags: bytes) -> str:
    """Why no browser reads `/pattern/flags`, or ''."""
    if not frozenset(flags) <= frozenset(b"dgimsuvy") or len(frozenset(flags)) < len(flags):
        return "the regular expression has an unknown flag, or one twice"
    if b"v" in flags or not _SUSPECT.search(pattern):
        return ""
    return _fault(pattern)


def _fault(pattern: bytes) -> str:
    depth, before, lazy = 0, "", False
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup or ""
        if kind in ("open", "look"):
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                return "the regular expression has a `)` that closes no group"
        elif kind == "quantifier":
            if before == "quantifier" and piece[0] == b"?" and not lazy:
                lazy = True
                continue
            if before in _NOT_REPEATABLE or before == "quantifier":
                return "the regular expression has a quantifier with nothing before it"
        lazy = False
        before = kind
    return "the regular expression has a group that is not closed" if depth else ""
