"""Looks, before a build writes anything, whether it would replace a file that no build has written.

Knows records and the manifest, and believes only these: a file is not ours because it has the name that we want. Names
with a fingerprint are not looked at: other bytes under such a name are a leftover, and writing repairs them.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from assetbuild import manifest as manifests
from assetbuild.build.atomic import write_problem
from assetbuild.build.model import BuildFailed, Place, Problem
from assetbuild.build.output import File, holds
from assetbuild.build.releases import is_own_place, manifest_files, manifest_name, read_records
from assetbuild.errors import ManifestError


def check_manifest_place(root: Path, manifest: Path) -> None:
    """Raise `BuildFailed` where `manifest` is something that the manifest of a build must not replace.

    A damaged manifest can be replaced: a release below `root` says that it was ours.
    """
    try:
        found = os.lstat(manifest)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise BuildFailed([write_problem(manifest, error)]) from error
    if not stat.S_ISREG(found.st_mode):
        raise BuildFailed([_not_a_file(manifest)])
    if not found.st_size or _looks_like_manifest(manifest):
        return
    own = ("", manifest_name(root, manifest))
    if not any(release.manifest in own for release in read_records(root).releases):
        raise BuildFailed([_foreign_manifest(manifest)])


def check_plain_copies(root: Path, plain: Iterable[File], *, manifest: Path) -> None:
    """Raise `BuildFailed` where other bytes are at the place of one of `plain` and neither a record below `root` nor
    the `manifest` names it. Call it before `begin`, whose record names them all.
    """
    foreign = [file.path for file in plain if _is_foreign(root, file)]
    if foreign and (unknown := set(foreign) - _known_files(root, manifest)):
        raise BuildFailed(_foreign(root, name) for name in sorted(unknown))


def _is_foreign(root: Path, file: File) -> bool:
    """Whether other bytes than those of `file` are at its place. What cannot be written at all is not found here."""
    path = root / file.path
    return is_own_place(root, path) and os.path.lexists(path) and not holds(root, file)


def _known_files(root: Path, manifest: Path) -> set[str]:
    """Every public path that was written before as far as records, or else the manifest, say."""
    records = read_records(root)
    known = {name for release in records.releases for name in release.files}
    known.update(*(pending.files for pending in records.pending))
    # An output folder that was restored or checked out may be without its records.
    with contextlib.suppress(ManifestError):
        known |= manifest_files(manifests.read(manifest))
    return known


def _looks_like_manifest(path: Path) -> bool:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    members = {"schema": int, "build": str, "assets": dict}
    return isinstance(document, dict) and all(type(document.get(name)) is kind for name, kind in members.items())


def _foreign(root: Path, name: str) -> Problem:
    return Problem(
        "output-foreign",
        f"the plain copy of {name} would replace what is here, which no build has written",
        Place(str(root / name)),
        hint="move it away, or take the asset out of `stable`",
    )


def _not_a_file(manifest: Path) -> Problem:
    return Problem(
        "manifest-not-a-file",
        "the manifest has to be written here, but something that is not a regular file is there",
        Place(str(manifest)),
        hint="remove it, or set `manifest` to another path",
    )


def _foreign_manifest(manifest: Path) -> Problem:
    return Problem(
        "foreign-manifest",
        "the manifest would replace this file, which is not a manifest of assetbuild",
        Place(str(manifest)),
        hint="move it away, or set `manifest` to another path",
    )
