"""The releases of a target: which there are, which is live, and going back to one."""

from __future__ import annotations

from dataclasses import dataclass

from assetbuild.build.intent import Intent, wait_for_prunes
from assetbuild.build.ledger import Activation, Release
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.publish import activate
from assetbuild.build.release_record import Kept
from assetbuild.build.remote import Remote
from assetbuild.build.shared_target import check_shared, check_state
from assetbuild.build.storage import ObjectInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """A release as the log of one environment has it. `is_there`: its record is, so that one can go back to it."""

    activation: Activation
    is_live: bool
    is_there: bool


def releases(remote: Remote, *, limit: int | None = None) -> tuple[Entry, ...]:
    """The log of the environment, the newest first."""
    there = remote.ledger.builds()
    found = remote.ledger.activations(remote.environment, limit=limit)
    return tuple(Entry(one, place == 0, one.build in there) for place, one in enumerate(found))


def find(remote: Remote, name: str) -> Release:
    """The release whose build id begins with `name`. Raises `BuildFailed` where there is none, or several."""
    there = sorted(build for build in remote.ledger.builds() if build.startswith(name)) if name else []
    if len(there) != 1:
        wrong = f'several releases begin with "{name}"' if there else f'there is no release "{name}"'
        hint = "give more of the build id" if there else "`assetbuild releases` lists those that there are"
        raise BuildFailed([Problem("release-unknown", f"{wrong} at {remote.storage.name}", hint=hint)])
    release = remote.ledger.release(there[0])
    if release is None:
        text = f"the release {there[0][:8]} was removed just now"
        raise BuildFailed([Problem("release-unknown", text, hint="publish that build again")])
    return release


def rollback(remote: Remote, name: str) -> Activation:
    """Make an older release live again, once all its objects are known to be there. Returns the entry that counts now.

    Raises `BuildFailed` where objects are missing; then nothing has changed.
    """
    release = find(remote, name)
    live = remote.ledger.live(remote.environment)
    check_state(remote, [live] if live is not None else [])
    check_shared(remote, release.build, release.plain)
    remote.reach()
    intent = Intent(remote, release.objects, build=release.build, profile="")
    others = wait_for_prunes(remote, intent)
    there = remote.listed()
    lost = [key for key, kept in sorted(release.objects.items()) if _is_lost(kept, there.get(key))]
    if lost or remote.ledger.release(release.build) is None:
        intent.remove()
        what = f"{len(lost)} of its objects are missing or damaged, such as {lost[0]}" if lost else "it was pruned"
        hint = "publish that build again"
        raise BuildFailed([Problem("release-damaged", f"the release {release.build[:8]}: {what}", hint=hint)])
    intent.keep()
    now_live = activate(remote, release, action="rollback")
    for key in (intent.key, *others.abandoned()):
        remote.ledger.remove(key)
    return now_live


def _is_lost(kept: Kept, info: ObjectInfo | None) -> bool:
    """A twin may be another machine's, of another size."""
    return info is None or (info.size != kept.size and not kept.variant)


def needing(remote: Remote, key: str) -> tuple[str, ...]:
    """The builds whose records name a key, or an asset by its logical path; sorted."""
    found = []
    for build in sorted(remote.ledger.builds()):
        release = remote.ledger.release(build)
        if release is not None and (
            key in release.objects
            or key in release.plain
            or any(one.logical == key for one in release.objects.values())
        ):
            found.append(build)
    return tuple(found)
