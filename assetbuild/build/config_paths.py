"""The folders of a configuration: which they are on disk, and whether building into them can do harm.

Looks at the disk, but reads no file and no folder. Roots are compared by their real paths, so that a link cannot hide
that one lies inside another.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from assetbuild.build import packages
from assetbuild.build.model import Place, Problem, RootSpec
from assetbuild.build.toml_places import Document

_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What the system says of a path that leads to nothing; whether it may do so is for others to say."""
_WAY = "correct its path, or the permissions on the way to it"


@dataclass(frozen=True, slots=True)
class Root:
    """A source root: as configured, where that is said, and the absolute folder."""

    spec: RootSpec
    place: Place
    folder: Path


def absolute(base: Path, text: str) -> Path:
    """`text` relative to `base`, normalised, links kept as they are."""
    return Path(os.path.abspath(base / text))


def roots(specs: Sequence[tuple[RootSpec, Place]], problems: list[Problem], *, base: Path) -> tuple[Root, ...]:
    """The folders of the source roots, all of which exist and none of which lies in another."""
    found: list[Root] = []
    for spec, place in specs:
        if spec.package:
            try:
                found.append(Root(spec, place, packages.folder(spec.package, spec.path)))
            except packages.PackageError as error:
                problems.append(Problem("source-package", str(error), place, notes=error.notes, hint=error.hint))
            except OSError as error:
                text = f"the source root in the package `{spec.package}` cannot be reached: {error.strerror or error}"
                problems.append(Problem("source-package", text, place, hint=_WAY))
            continue
        folder = absolute(base, spec.path)
        problem = _missing(spec, folder, place)
        if problem is None:
            found.append(Root(spec, place, folder))
        else:
            problems.append(problem)
    problems += _nested(found)
    return tuple(found)


def _missing(spec: RootSpec, folder: Path, place: Place) -> Problem | None:
    if os.path.isdir(folder):
        return None
    if reason := _unreachable(folder):
        text = f"the source root cannot be reached: {reason}"
        return Problem("source-not-found", text, place, hint=_WAY)
    if os.path.lexists(folder):
        what = "is a file, not a folder" if os.path.exists(folder) else "is a link that leads nowhere"
        hint = "name the folder that holds it, and choose files with `include`"
        return Problem("source-not-a-folder", f'the source root "{spec}" {what}', place, hint=hint)
    if spec.path.startswith("~"):
        hint = "write the path out: `~` is not expanded, and another machine's home differs"
    elif near := difflib.get_close_matches(folder.name, _folders(folder.parent), n=1):
        hint = f'did you mean "{os.path.join(os.path.dirname(spec.path.rstrip("/")), near[0])}"?'
    else:
        hint = f"create the folder {spec}, or set `sources` to the folders that hold your assets"
    return Problem("source-not-found", f'the source root "{spec}" does not exist', place, hint=hint)


def _folders(parent: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(parent) if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []


def _nested(found: Sequence[Root]) -> list[Problem]:
    problems = []
    for one, other in combinations(found, 2):
        first, second = real(one.folder), real(other.folder)
        if first == second:
            text = f'the source roots "{one.spec}" and "{other.spec}" are the same folder'
            hint = "remove one of them"
        elif contains(first, second) or contains(second, first):
            outer, inner = (one, other) if contains(first, second) else (other, one)
            text = f'the source root "{inner.spec}" lies inside the source root "{outer.spec}"'
            hint = "name folders beside each other: every file must have one logical path"
        else:
            continue
        problems.append(Problem("source-nested", text, other.place, hint=hint))
    return problems


def output_problems(
    document: Document, *, base: Path, output: Path, manifest: Path, found: Sequence[Root], home: Path | None
) -> list[Problem]:
    """What would let a build overwrite, or take as sources, what is not its own."""
    problem = _output(document.at_value("output"), base=base, output=output, found=found, home=home)
    if problem is None:
        file, place = Path(document.path), document.at_value("manifest")
        problem = manifest_problem(place, file=file, base=base, output=output, manifest=manifest, found=found)
    return [] if problem is None else [problem]


def _output(place: Place, *, base: Path, output: Path, found: Sequence[Root], home: Path | None) -> Problem | None:
    hint = 'name a folder of its own, such as output = "public/assets"'
    if reason := _unreachable(output):
        return Problem("config-output", f"the output folder cannot be made: {reason}", place, hint=hint)
    target = real(output)
    protected = [(real(base), "the folder of the configuration")]
    if home is not None:
        protected.append((real(home), "your home folder"))
    for path, name in protected:
        if target == path or contains(target, path):
            verb = "is" if target == path else "contains"
            return Problem("config-output", f"the output folder {verb} {name}", place, hint=hint)
    if target == real(base / ".assetbuild") or contains(real(base / ".assetbuild"), target):
        return Problem("config-output", "the output folder lies in `.assetbuild`, which is the cache", place, hint=hint)
    for root in found:
        source = real(root.folder)
        if target == source:
            text = f'the output folder is the source root "{root.spec}"'
            return Problem("config-output", text, place, hint=hint)
        if contains(target, source):
            text = f'the source root "{root.spec}" lies inside the output folder'
            return Problem("config-output", text, place, hint=hint)
    blocking = _blocking_file(output)
    if blocking is not None:
        text = f"the output folder cannot be made: {blocking} is a file"
        return Problem("config-output", text, place, hint=hint)
    return None


def manifest_problem(
    place: Place,
    *,
    file: Path,
    base: Path,
    output: Path,
    manifest: Path,
    found: Sequence[Root],
    hint: str = 'name a file, such as manifest = "public/assets/manifest.json"',
) -> Problem | None:
    """Why no manifest can be written to `manifest`, ours or one for another tool."""
    if reason := _unreachable(manifest):
        return Problem("config-manifest", f"the manifest cannot be written: {reason}", place, hint=hint)
    target, folder = real(manifest), real(output)
    if os.path.isdir(manifest) or target == folder or contains(target, folder):
        return Problem("config-manifest", "the manifest's path is a folder", place, hint=hint)
    if target == real(file):
        return Problem("config-manifest", "the manifest would overwrite the configuration", place, hint=hint)
    for cache in (real(base / ".assetbuild"), folder / ".assetbuild"):
        if contains(cache, target):
            text = "the manifest lies in `.assetbuild`, which is safe to delete and never published"
            return Problem("config-manifest", text, place, hint=hint)
    for root in found:
        if contains(real(root.folder), target) and not contains(folder, target):
            text = f'the manifest lies in the source root "{root.spec}", so the next build would take it as a source'
            return Problem("config-manifest", text, place, hint="put it into the output folder or beside the sources")
    blocking = _blocking_file(manifest.parent)
    if blocking is not None:
        text = f"the manifest's folder cannot be made: {blocking} is a file"
        return Problem("config-manifest", text, place, hint=hint)
    return None


def _blocking_file(folder: Path) -> Path | None:
    """The file, if any, that stands where `folder` or one of its parents must be a folder."""
    return next((path for path in (folder, *folder.parents) if os.path.exists(path) and not os.path.isdir(path)), None)


def _unreachable(path: Path) -> str:
    """Why the system cannot even say whether `path` is there, such as a name that is too long; '' where it can."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno not in _ABSENT:
            return error.strerror or str(error)
    for name in path.parts[1:]:  # below a folder that is absent, nothing was said of the length of names
        try:
            os.lstat(os.path.join(path.anchor, name))
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return error.strerror or str(error)
    return ""


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` lies below `outer`; both are real paths, and a path does not contain itself."""
    return outer in inner.parents
