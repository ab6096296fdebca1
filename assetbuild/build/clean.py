"""What `clean` and `clobber` remove, as a plan: a list of removals with a reason each, and the one place that deletes.

Knows only names that records, a manifest or our own patterns give; what nobody recorded is foreign and stays. A plan is
made from what is on the disk, and each removal is checked once more in the moment it happens.
"""

from __future__ import annotations

import enum
import heapq
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assetbuild import manifest as manifests
from assetbuild.build import other_manifests
from assetbuild.build.atomic import TEMPORARY
from assetbuild.build.cache import CACHE_FOLDERS, own_files
from assetbuild.build.model import BuildFailed, Place, Problem, Severity
from assetbuild.build.output import STATE_FOLDER
from assetbuild.build.releases import (
    Records,
    is_own_place,
    manifest_files,
    manifest_name,
    manifest_path,
    own_folder,
    read_records,
)
from assetbuild.errors import ManifestError

_SHOWN = 12


class RemovalKind(enum.Enum):
    """What is removed, in the order of removal."""

    MANIFEST = "manifest"
    """First, lest it name files that are gone."""
    OUTPUT = "output"
    """A public file: an output, a variant or a stable copy."""
    LEFTOVER = "leftover"
    """A temporary file of a build that died."""
    RECORD = "record"
    """After the files it names: a removal that is cut short can be taken up again."""
    CACHE = "cache"
    FOLDER = "folder"
    """A folder that all this leaves empty."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing to remove, and why."""

    kind: RemovalKind
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Removals in the order in which they happen, and what was found wrong on the way."""

    root: Path
    removals: tuple[Removal, ...]
    problems: tuple[Problem, ...] = ()


def plan_clean(root: Path, manifest: Path, *, keep: int = 3, lock_held: bool = False) -> Plan:
    """What to remove so that the newest `keep` releases stay, and the live one, which is what `manifest` names.

    Where other manifests have releases below `root`, their newest `keep` stay, at least one, and what they name.
    Without the lock a build may be running: then what pending records name is needed, and temporary files are in use.
    A build for another manifest may be running in any case, for its lock is another.
    """
    if keep < 0:
        raise ValueError("keep must not be negative")
    records = read_records(root)
    leftovers = _leftovers(root, manifest) if lock_held else []
    try:
        live = _read(manifest) if os.path.lexists(manifest) else None
    except ManifestError as error:
        return _plan(root, leftovers, (*records.problems, _unknown_live(manifest, error)))
    mine = manifest_name(root, manifest)
    others = _others(records, mine)
    kept = _newest(records, mine, own=mine, count=keep)
    for other in others:
        kept |= _newest(records, other, own=mine, count=max(1, keep))
    served = [live, *(_readable(manifest_path(root, other)) for other in others)]
    kept |= {document["build"][:16] for document in served if document}
    unknown = [entry for entry in records.damaged if entry.sequence and entry.short in kept]
    if unknown:
        return _plan(root, leftovers, (*records.problems, *(_blocked(entry.path) for entry in unknown)))
    needed = {name for document in served if document for name in manifest_files(document)}
    needed.update(*(release.files for release in records.releases if release.short in kept))
    removals: list[Removal] = []
    dead = [entry for entry in records.pending if lock_held and entry.manifest in ("", mine)]
    needed.update(*(entry.files for entry in records.pending if entry not in dead))
    for pending in dead:
        reason = "left by a build that did not finish"
        removals += _outputs(root, manifest, set(pending.files) - needed, reason=reason)
        removals.append(Removal(RemovalKind.RECORD, pending.path, reason))
    for release in records.releases:
        if release.short not in kept:
            reason = f"release {release.build[:_SHOWN]} is neither live nor among the newest {keep}"
            removals += _outputs(root, manifest, release.files - needed, reason=reason)
            removals.append(Removal(RemovalKind.RECORD, release.path, reason))
    return _plan(root, [*removals, *leftovers], records.problems)


def plan_clobber(root: Path, manifest: Path, cache: Path, *, shaped: Sequence[Path] = ()) -> Plan:
    """Everything that this tool wrote, and nothing else: recorded files, the manifest, records and the cache.

    What another manifest below `root` needs stays, as long as that manifest is there: it may be another project's.
    `shaped` are the configured manifests for other tools.
    """
    records = read_records(root)
    mine = manifest_name(root, manifest)
    others = [name for name in _others(records, mine) if _is_file(manifest_path(root, name))]
    problems = [*records.problems, *(_other_manifest(manifest_path(root, name)) for name in others)]
    removals = _leftovers(root, manifest)
    named = [(entry.manifest, entry.build, entry.path, entry.files) for entry in records.releases]
    named += [(entry.manifest, entry.build, entry.path, frozenset(entry.files)) for entry in records.pending]
    needed = {name for owner, _, _, files in named if owner in others for name in files}
    for owner, build, path, files in named:
        if owner not in others:
            removals += _outputs(root, manifest, files - needed, reason=f"written by build {build[:_SHOWN]}")
            removals.append(Removal(RemovalKind.RECORD, path, f"the record of build {build[:_SHOWN]}"))
    unusable = [entry.path for entry in records.damaged if _is_file(entry.path)]
    removals += [Removal(RemovalKind.RECORD, path, "a record that cannot be used") for path in unusable]
    if os.path.lexists(manifest):
        try:
            if not _is_file(manifest):
                raise ManifestError("this is no regular file", name=str(manifest))
            manifests.read(manifest)
            removals.append(Removal(RemovalKind.MANIFEST, manifest, "a manifest of assetbuild"))
        except ManifestError as error:
            problems.append(_foreign_manifest(manifest, error))
    mine_shaped, shape_records, foreign = other_manifests.removable(root, shaped, spared=others)
    removals += [Removal(RemovalKind.MANIFEST, path, "a manifest for another tool") for path in mine_shaped]
    removals += [Removal(RemovalKind.RECORD, path, "a record of one for another tool") for path in shape_records]
    removals += [one for path in shaped for one in _leftovers(root, path)]
    problems += foreign
    removals += [Removal(RemovalKind.CACHE, path, "cache or lock") for path in own_files(cache)]
    return _plan(root, removals, tuple(problems), tops=(root, cache))


def apply(plan: Plan) -> tuple[Path, ...]:
    """Carry out a plan; the paths that were removed. What has gone meanwhile, or has become another thing, is passed
    over. Raises `BuildFailed` with every removal that the system refused; then the records are still there. While the
    manifest is there, nothing that it names is removed.
    """
    removed: list[Path] = []
    problems: list[Problem] = []
    for removal in plan.removals:
        if problems and removal.kind is RemovalKind.RECORD:
            continue
        path = removal.path
        if path.is_relative_to(plan.root) and path != plan.root and not is_own_place(plan.root, path):
            continue
        try:
            if removal.kind is RemovalKind.FOLDER:
                if os.listdir(path):
                    continue
                path.rmdir()
            elif _is_file(path):
                path.unlink()
            else:
                continue
            removed.append(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(_refused(path, error))
            if removal.kind is RemovalKind.MANIFEST:
                break
    if problems:
        raise BuildFailed(problems)
    return tuple(removed)


def _others(records: Records, mine: str) -> list[str]:
    """The other manifests that have releases or running builds below the output folder."""
    names = {release.manifest for release in records.releases} | {pending.manifest for pending in records.pending}
    return sorted(names - {"", mine})


def _newest(records: Records, manifest: str, *, own: str, count: int) -> set[str]:
    """Starts of the build ids of the newest `count` releases of `manifest`.

    A record that does not say whose it is counts as our `own`, and a damaged one as everybody's.
    """
    mine = {entry.sequence for entry in records.releases if (entry.manifest or own) == manifest}
    mine |= {entry.sequence for entry in records.damaged}
    return set(list(dict.fromkeys(short for sequence, short in records.order if sequence in mine))[:count])


def _read(manifest: Path) -> manifests.ManifestDict:
    """The manifest in a file. Raises `ManifestError`, at once also where a FIFO would let us wait."""
    if os.path.exists(manifest) and not os.path.isfile(manifest):
        raise ManifestError("this is no regular file", name=str(manifest))
    return manifests.read(manifest)


def _readable(manifest: Path) -> manifests.ManifestDict | None:
    try:
        return _read(manifest)
    except ManifestError:
        return None


def _outputs(root: Path, manifest: Path, names: Iterable[str], *, reason: str) -> Iterator[Removal]:
    """Those of `names` that are there as plain files. The manifest is not one of them, whatever a record says."""
    spared = os.path.realpath(manifest)
    for name in sorted(names):
        path = root / name
        if _is_file(path) and is_own_place(root, path) and os.path.realpath(path) != spared:
            yield Removal(RemovalKind.OUTPUT, path, reason)


def _leftovers(root: Path, manifest: Path) -> list[Removal]:
    """Temporary files: of outputs and records in the state folder, of the manifest beside it."""
    folders = [own_folder(root, "tmp"), manifest.parent]
    found = [folder / name for folder in folders if folder for name in _names(folder) if TEMPORARY.fullmatch(name)]
    reason = "a temporary file of a build that was killed"
    return [Removal(RemovalKind.LEFTOVER, path, reason) for path in found if _is_file(path)]


def _plan(root: Path, removals: Iterable[Removal], problems: Iterable[Problem], *, tops: tuple[Path, ...] = ()) -> Plan:
    """A plan in order, each path once, with the folders that are left empty: below `root`, and `tops` themselves."""
    rank = {kind: place for place, kind in enumerate(RemovalKind)}
    first: dict[Path, Removal] = {}
    for removal in removals:
        first.setdefault(removal.path, removal)
    ordered = sorted(first.values(), key=lambda removal: (rank[removal.kind], removal.path))
    made = [folder for top in tops for folder in _state_folders(root, top)]
    folders = _emptied({removal.path for removal in ordered}, made, root=root, tops=tops)
    return Plan(root, (*ordered, *folders), tuple(problems))


def _state_folders(root: Path, top: Path) -> list[Path]:
    """The folders that this tool keeps below `top` and that may be empty already."""
    names = (
        [f"{STATE_FOLDER}/{name}" for name in (other_manifests.FOLDER, "pending", "releases", "tmp")]
        if top == root
        else CACHE_FOLDERS
    )
    return [top / name for name in names if is_own_place(top, top / name / "any")]


def _emptied(gone: set[Path], made: Iterable[Path], *, root: Path, tops: tuple[Path, ...]) -> list[Removal]:
    found: list[Removal] = []
    waiting = [(-len(folder.parts), folder) for folder in {*(path.parent for path in gone), *made}]
    heapq.heapify(waiting)  # deepest first, so that a folder is looked at when all below it are decided
    while waiting:
        folder = heapq.heappop(waiting)[1]
        inside = folder in tops or any(folder != top and folder.is_relative_to(top) for top in (root, *tops))
        if folder in gone or not inside or folder.is_symlink() or not folder.is_dir():
            continue
        if all(folder / name in gone for name in _names(folder)):
            gone.add(folder)
            found.append(Removal(RemovalKind.FOLDER, folder, "left empty"))
            heapq.heappush(waiting, (-len(folder.parent.parts), folder.parent))
    return found


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _unknown_live(manifest: Path, error: ManifestError) -> Problem:
    return Problem(
        "unknown-live-release",
        f"which release is live is not known, so no release is removed: {error.fault}",
        Place(str(manifest)),
        severity=Severity.WARNING,
        hint="run `assetbuild build`, then `assetbuild clean`",
    )


def _blocked(path: Path) -> Problem:
    return Problem(
        "unknown-kept-release",
        "no release is removed: this one is among those to keep, and which files it needs is not known",
        Place(str(path)),
        severity=Severity.WARNING,
        hint="restore it, or delete it, then run `assetbuild clean` again",
    )


def _foreign_manifest(manifest: Path, error: ManifestError) -> Problem:
    return Problem(
        "foreign-manifest",
        f"left as it is, for it is not a manifest of assetbuild: {error.fault}",
        Place(str(manifest)),
        severity=Severity.WARNING,
        hint="delete it by hand if it is not needed",
    )


def _other_manifest(manifest: Path) -> Problem:
    return Problem(
        "other-manifest",
        "the files that builds for this manifest wrote into the same output folder are left",
        Place(str(manifest)),
        severity=Severity.WARNING,
        hint="run `assetbuild clobber` in its project, or delete this manifest if it is unused and run it here again",
    )


def _refused(path: Path, error: OSError) -> Problem:
    return Problem(
        "cannot-remove",
        f"cannot be removed: {error.strerror or error}",
        Place(str(path)),
        hint="allow this user to write in its folder, then run the command again",
    )
