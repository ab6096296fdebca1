"""How the parts of a statement are written: with no more white space than it needs.

Changes nothing, and knows nothing of what the parts say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assetbuild.build.css_tokens import Kind, Part, tokenize

Licence = tuple[int, str]
"""Where a licence comment stands, and how it is to be written."""

# Nothing that stands before or after these can fuse with them.
_ALONE_BEFORE = frozenset(",;:{}()[]\"'")
_ALONE_AFTER = frozenset(",;:{})]")
# The first white space behind such an escape is a part of it (CSS Syntax 3, section 4.3.7).
_ENDS_IN_ESCAPE = re.compile(r"\\[0-9a-fA-F]{1,6}\Z")


def written(text: str, parts: Sequence[Part], licences: Sequence[Licence] = ()) -> str:
    """`parts` of `text`, each behind the licences that stand before it; the last before those that are left."""
    done = 0
    pieces: list[str] = []
    before: Part | None = None
    for part in parts:
        kept = done
        while done < len(licences) and licences[done][0] < part.start:
            pieces.append(licences[done][1])
            done += 1
        separator = "" if done > kept or before is None else _separator(text, before, part)
        pieces += [_gap(before) if part.gap else separator, part.text]
        before = part
    return "".join([*pieces, *(licence for _, licence in licences[done:])])


def _gap(before: Part | None) -> str:
    """White space that does not become a part of `before`, whose text must stay the same where scripts read it."""
    if before is None or not _ENDS_IN_ESCAPE.search(before.text):
        return " "
    return "/**/ " if before.exact else "  "


def _separator(text: str, before: Part, part: Part) -> str:
    """What must stand between two parts lest they read as other tokens (CSS Syntax 3, section 9)."""
    if before.end == part.start and _is_as_read(before) and _is_as_read(part):
        return ""
    if before.text[-1] in _ALONE_BEFORE or part.text in _ALONE_AFTER:
        return ""
    joined = before.text + part.text
    pair = [(before.kind, len(before.text)), (part.kind, len(joined))]
    # `<`, `!` and `--` are three tokens of which only all together make another.
    if [(token.kind, token.end) for token in tokenize(joined)] == pair and not joined.startswith("!--"):
        return ""
    between = tokenize(text[before.end : part.start])
    return " " if any(token.kind is Kind.SPACE for token in between) else "/**/"


def _is_as_read(part: Part) -> bool:
    return len(part.text) == part.end - part.start
