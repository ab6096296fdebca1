"""How many requests and bytes a publish will take, from its plan.

Follows the protocol of `publish.py` by hand, for one publisher alone and objects that go in one piece; so it is about
right, and a test holds it against counted requests. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from assetbuild.build.publish import Published

UP_TO_DATE = 4
"""The newest log entry, found and read; the record; the intents."""
_FIXED = 21
"""Log of this environment and others, records, intent and locks, and the manifest under its plain name."""
_PER_LISTING = 1000
_PLAIN = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """What is sent, in objects and bytes, and about how many requests that and everything around it are."""

    objects: int
    size: int
    requests: int


def cost(plan: Published, *, plain: int) -> Cost:
    """`plain` is how many assets also go under plain names."""
    if not plan.steps:
        return Cost(0, 0, UP_TO_DATE)
    sent = plan.sent
    listings = 2 * -(-len(plan.steps) // _PER_LISTING)
    kinds = {(one.content_type, one.content_encoding) for one in (step.wanted.kept.headers for step in sent)}
    requests = _FIXED + listings + len(sent) + len(kinds) + _PLAIN * plain
    return Cost(len(sent), sum(step.wanted.kept.size for step in sent), requests)
