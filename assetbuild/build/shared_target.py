"""What others rely on that a publish would take from them: environments at one target, targets with one state.

Hashed names are anybody's, and plain names can only be one environment's. Nothing here is decided by who was first or
last: two machines would see that differently. A configuration decides, and where it says nothing, nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable

from assetbuild.build.ledger import Activation
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.remote import MANIFEST, Remote


def check_shared(remote: Remote, build: str, plain: Iterable[str]) -> None:
    """Look who else is live in this state, before a build with these plain names becomes so.

    One request, and one for every other environment. Raises `BuildFailed` where their plain names would be replaced,
    or where the state is another target's.
    """
    others = remote.ledger.newest(besides=remote.environment)
    check_state(remote, others)
    if remote.plain_names:
        return
    robbed = [entry.environment for entry in others if entry.build != build]
    if robbed:
        raise BuildFailed([_robbed(remote, robbed, sorted(plain))])


def check_state(remote: Remote, entries: Iterable[Activation]) -> None:
    """Raises `BuildFailed` where one of these entries of the log was made for another target."""
    for entry in entries:
        if remote.has_own_state and entry.target not in ("", own_name(remote)):
            text = (
                f"the state {remote.ledger.place} is that of the target {entry.target}, and [publish] names "
                f"{remote.storage.name}: what is kept and removed there would be wrong here"
            )
            hint = "correct `target`, or give `state` another place: each target needs one of its own"
            raise BuildFailed([Problem("publish-state", text, hint=hint)])


def own_name(remote: Remote) -> str:
    """What entries of a state elsewhere call this target; '' for a folder, which other machines see at other places."""
    return remote.storage.name if remote.has_own_state and not remote.storage.name.startswith("file:") else ""


def _robbed(remote: Remote, others: list[str], plain: list[str]) -> Problem:
    shown = [*plain[:2], *([f"{len(plain) - 2} more"] if len(plain) > 2 else []), MANIFEST]
    names = f"{', '.join(shown[:-1])} and {MANIFEST}" if len(shown) > 1 else MANIFEST
    whose = " and ".join(f'"{name}"' for name in others)
    text = (
        f'"{remote.environment}" would replace {names} of {whose} at {remote.storage.name}: by the state '
        f"{remote.ledger.place} both are live there"
    )
    hint = (
        f'give "{remote.environment}" a target of its own, or write plain_names = "{others[0]}" below [publish]: the '
        "environment that they belong to"
    )
    return Problem("publish-shared", text, hint=hint)
