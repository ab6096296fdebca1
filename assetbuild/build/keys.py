"""Step keys, and why they change: one description with two readers.

A description is the list of what a step's result depends on. Its hash is the step's key; the difference of two
descriptions is the reason, in words, why a step runs again. Not in a description: times, absolute paths, the output
folder, the base URL.
"""

from __future__ import annotations

import hashlib

Description = tuple[tuple[str, str], ...]
"""(what, value) pairs: `("input css/a.css", "<sha256>")`, `("processor rcssmin", "1.3.0 ...")`."""


def key(description: Description) -> str:
    """64 hex. Every part goes in with its length, so that two descriptions never read alike."""
    digest = hashlib.sha256()
    for what, value in description:
        for part in (what, value):
            data = part.encode("utf-8", "surrogateescape")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return digest.hexdigest()


def explain(old: Description, new: Description) -> tuple[str, ...]:
    """What differs, in words, in the order of `new` and then what is gone. Empty where nothing does."""
    before = dict(old)
    reasons = []
    for what, value in new:
        if what not in before:
            reasons.append(f"{what} is new")
        elif before[what] != value:
            reasons.append(_changed(what, before[what], value))
    now = {what for what, _ in new}
    reasons += [f"{what} is gone" for what in before if what not in now]
    if not reasons and [what for what, _ in old] != [what for what, _ in new]:
        reasons.append("the order of inputs changed")
    return tuple(reasons)


def _changed(what: str, old: str, new: str) -> str:
    kind = what.partition(" ")[0]
    return f"{what} changed" if kind in ("files", "input") else f"{what} changed from {old} to {new}"


def sha256(data: bytes) -> str:
    """64 hex."""
    return hashlib.sha256(data).hexdigest()
