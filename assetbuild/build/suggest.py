"""Near misses: what may have been meant by a name that does not exist.

Same file name elsewhere first, then names that differ in few letters. Bounded: a message is not worth seconds.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 3
_COMPARED = 500


def near(name: str, known: Iterable[str], *, cutoff: float = 0.7) -> tuple[str, ...]:
    """At most three of `known`, likeliest first; paths with another suffix are not considered where there are any."""
    names = sorted(known)
    last = name.rpartition("/")[2]
    same = [other for other in names if last and other.rpartition("/")[2] == last][:_SHOWN]
    suffix = last.rpartition(".")[2] if "." in last else ""
    alike = [other for other in names if other.endswith(f".{suffix}")] if suffix else []
    top = name.partition("/")[0]
    likely = sorted(alike or names, key=lambda other: not other.startswith(top))[:_COMPARED]
    close = difflib.get_close_matches(name, sorted(likely), n=_SHOWN, cutoff=cutoff)
    return tuple(dict.fromkeys([*same, *close]))[:_SHOWN]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean a or b?`, or '' where nothing is near."""
    found = near(name, known)
    return f"did you mean {' or '.join(found)}?" if found else ""
