"""The JSON of the commands that work at a target: `publish`, `releases`, `rollback`, `prune`, `verify`, `why --remote`.

The shapes are those of docs/schemas, as in `documents.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assetbuild.build.ledger import Activation, Release
from assetbuild.build.publish import Published
from assetbuild.build.publish_cost import Cost
from assetbuild.build.remote import Remote
from assetbuild.documents import Document

if TYPE_CHECKING:
    from assetbuild.build.history import Entry
    from assetbuild.build.prune import Removal


def where(remote: Remote) -> Document:
    return {"target": remote.storage.name, "environment": remote.environment}


def activation(value: Activation | None) -> Document | None:
    """An entry of the log. `at` is in seconds since 1970."""
    if value is None:
        return None
    return {"build": value.build, "at": value.at, "action": value.action}


def published(done: Published, remote: Remote, cost: Cost, *, dry_run: bool) -> Document:
    """What `publish` sent, or would send."""
    return {
        **where(remote),
        "dry_run": dry_run,
        "build": done.build,
        "up_to_date": done.was_live,
        "live": activation(done.live),
        "before": activation(done.before),
        "won": not dry_run and done.live is not None and done.live.build == done.build,
        "objects": [
            {
                "key": step.wanted.key,
                "logical": step.wanted.kept.logical,
                "size": step.wanted.kept.size,
                "sha256": step.wanted.kept.sha256,
                "reason": step.reason.value,
            }
            for step in done.steps
        ],
        "sent": {"objects": cost.objects, "bytes": cost.size},
        "requests": cost.requests,
        "repeated": done.retries,
    }


def releases(found: Sequence[Entry], remote: Remote) -> Document:
    rows = [{**(activation(entry.activation) or {}), "live": entry.is_live, "there": entry.is_there} for entry in found]
    return {**where(remote), "releases": rows}


def rolled_back(build: str, now: Activation | None, remote: Remote) -> Document:
    won = now is not None and now.build == build
    return {**where(remote), "build": build, "live": activation(now), "won": won}


def pruned(removal: Removal, remote: Remote, *, dry_run: bool, failed: Iterable[str] = ()) -> Document:
    """What `prune` removed, or would remove."""
    left = frozenset(failed)
    return {
        "target": remote.storage.name,
        "dry_run": dry_run,
        "removed": [{"key": key, "size": size} for key, size in removal.objects.items() if key not in left],
        "builds": list(removal.builds),
        "kept": list(removal.kept),
    }


def verified(release: Release, remote: Remote, asked: Sequence[str]) -> Document:
    """Which release was looked at, and the URLs that were asked for."""
    return {"remote": {**where(remote), "build": release.build, "objects": len(release.objects), "public": list(asked)}}


def needed(builds: Sequence[str], live: Mapping[str, Sequence[str]]) -> Document:
    return {"releases": [{"build": build, "live": list(live.get(build, ()))} for build in builds]}
