"""How publishing looks: what was sent and what is live, plans, the releases of a target, what was pruned.

Knows no storage and no exit codes, as `report.py`, whose lines these are too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from assetbuild import cells
from assetbuild.build.ledger import Activation, Release
from assetbuild.build.publish import Published
from assetbuild.build.publish_cost import Cost
from assetbuild.build.publish_plan import Reason
from assetbuild.build.remote import Remote
from assetbuild.report import LONG, counted, seconds

if TYPE_CHECKING:
    from assetbuild.build.history import Entry
    from assetbuild.build.prune import Removal


def place(remote: Remote) -> str:
    """`production at s3://bucket/assets`."""
    return cells.safe(f"{remote.environment} at {remote.storage.name}")


def moment(at: float) -> str:
    """Seconds since 1970 for people anywhere: `2026-05-04 12:30:00Z`."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):  # a clock that was far off
        return "?"


# --- publish ---------------------------------------------------------------------------------------------


def published(done: Published, remote: Remote, cost: Cost, *, elapsed: float) -> list[str]:
    """One line: what was sent, how much, how long, and what is live where."""
    where = place(remote)
    if done.was_live:
        return [f"up to date: build {done.build[:8]} is live in {where}"]
    if cost.objects:
        sent = f"sent {counted(cost.objects, 'object')}, {cells.human(cost.size)}, in {seconds(elapsed)}"
    elif not done.steps:
        sent = f"sent nothing, as the build has no assets, in {seconds(elapsed)}"
    else:
        sent = f"sent nothing, as all {counted(len(done.steps), 'object')} were there, in {seconds(elapsed)}"
    if done.retries:
        sent += f", {counted(done.retries, 'request')} repeated"
    return [f"{sent}: {live(done.build, done.live, where)}"]


def live(build: str, winner: Activation | None, where: str) -> str:
    """`build 1a2b3c4d is live in ...`; where another publisher was later, that one won."""
    if winner is None or winner.build == build:
        return f"build {build[:8]} is live in {where}"
    won = f"{winner.build[:8]}, which somebody else {_DONE.get(winner.action, 'published')} later, is live in {where}"
    return f"build {build[:8]} is published whole, but {won}"


_DONE: Mapping[str, str] = {"publish": "published", "rollback": "rolled back to"}


def planned(plan: Published, remote: Remote, cost: Cost) -> list[str]:
    """Every object that would be sent, with its reason, and what that would take."""
    if plan.was_live:
        return [f"up to date: build {plan.build[:8]} is live in {place(remote)}"]
    sent = plan.sent
    keys = [cells.safe(step.wanted.key) for step in sent]
    sizes = [cells.human(step.wanted.kept.size) for step in sent]
    first, second = max(map(cells.width, keys), default=0), max(map(len, sizes), default=0)
    lines = [
        f"send  {cells.pad(key, first)}  {cells.pad_left(size, second)}  {click.style(step.reason.value, dim=True)}"
        for key, size, step in zip(keys, sizes, sent, strict=True)
    ]
    same = sum(step.reason is Reason.SAME for step in plan.steps)
    what = (
        f"{counted(cost.objects, 'object')}, {cells.human(cost.size)}, with about {counted(cost.requests, 'request')}"
    )
    lines.append(f"would send {what}; {same} {'is' if same == 1 else 'are'} there already; nothing was written")
    lines.append(f"would make build {plan.build[:8]} live in {place(remote)}{_instead(plan)}")
    return lines


def _instead(plan: Published) -> str:
    if plan.before is None or plan.before.build == plan.build:
        return ""
    return f" in the place of {plan.before.build[:8]}"


# --- releases --------------------------------------------------------------------------------------------


def releases(found: Sequence[Entry], remote: Remote) -> list[str]:
    """The log, the newest first: which is live, since when each was, and which are pruned."""
    if not found:
        return [f"nothing was published yet in {place(remote)}"]
    lines = [click.style("        build     since                 by", bold=True)]
    for entry in found:
        state = "live" if entry.is_live else "" if entry.is_there else "pruned"
        at, action = moment(entry.activation.at), cells.safe(entry.activation.action)
        lines.append(f"{cells.pad(state, 6)}  {entry.activation.build[:8]}  {at}  {action}")
    return lines


def needed(name: str, builds: Sequence[str], live: Mapping[str, Sequence[str]]) -> list[tuple[int, str]]:
    """Which releases keep an object; `live` has the environments in which a build is."""
    if not builds:
        return [(0, f"no release needs {name}")]
    lines = [(0, f"{name} is needed by {counted(len(builds), 'release')}")]
    for build in builds:
        where = ", ".join(live.get(build, ()))
        lines.append((1, build[:8] + (f", live in {where}" if where else "")))
    return lines


# --- prune -----------------------------------------------------------------------------------------------


def pruned(removal: Removal, *, dry_run: bool, failed: Iterable[str] = ()) -> list[str]:
    """What was removed, or all that would be; of very many only how much."""
    left = frozenset(failed)
    gone = {key: size for key, size in removal.objects.items() if key not in left}
    kept = f"kept {counted(len(removal.kept), 'release')}"
    if not gone and not removal.builds:
        nothing = f"removed nothing of {counted(len(left), 'object')}" if left else "nothing to remove"
        return [f"{nothing}; {kept}"]
    word = "would remove" if dry_run else "removed"
    lines = []
    if dry_run or len(gone) <= LONG:
        lines = [f"{word} {cells.safe(key)} ({cells.human(size)})" for key, size in gone.items()]
    what = f"{counted(len(gone), 'object')}, {cells.human(sum(gone.values()))}"
    return [*lines, f"{word} {what}, of {counted(len(removal.builds), 'release')}; {kept}"]


# --- verify ----------------------------------------------------------------------------------------------


def whole(release: Release, remote: Remote, asked: Sequence[str]) -> list[str]:
    """That a release is at its target as it was published, and how much of it was fetched as browsers do."""
    objects = counted(len(release.objects), "object")
    lines = [f"no problems: build {release.build[:8]}, live in {place(remote)}, {objects}"]
    if asked:
        lines.append(f"fetched {counted(len(asked), 'file')} as browsers do, one of each kind")
    return lines
