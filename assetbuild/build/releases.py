"""Records of local releases: which files each needs, so that old ones can go and nothing else ever does.

Knows names of files, no content and no times: the order of releases is a number in the record's name. What a record
says is not believed further than the output folder: whoever can edit a record must not choose what we delete. Projects
may share an output folder, so a record says which manifest it belongs to.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assetbuild import manifest as manifests
from assetbuild.build.atomic import replace_file, write_problem
from assetbuild.build.model import BuildFailed, Place, Problem, Severity
from assetbuild.build.output import STATE_FOLDER, folder_problem, is_public_path, not_public

SCHEMA = 1

_RELEASE = re.compile(r"(?P<sequence>[0-9]{8,})-(?P<build>[0-9a-f]{16})\.json")
_PENDING = re.compile(r"(?P<build>[0-9a-f]{16})-[0-9a-f]{16}\.json")
_BUILD = re.compile(r"[0-9a-f]{64}")
_NO_PATH = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Release:
    """A build that was written whole, and the public paths it needs. A higher `sequence` is newer.

    `manifest` is what `manifest_name` says of its manifest; empty in records of versions that did not write it.
    """

    path: Path
    build: str
    files: frozenset[str]
    sequence: int
    manifest: str = ""

    @property
    def short(self) -> str:
        return self.build[:16]


@dataclass(frozen=True, slots=True)
class Pending:
    """A build that is being written, or that died while it was."""

    root: Path
    path: Path
    build: str
    files: tuple[str, ...]
    manifest: str = ""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that cannot be believed. `short` is the start of its build id, `sequence` is 0 for a pending one."""

    path: Path
    short: str
    sequence: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Records:
    """Everything recorded below one output folder; releases newest first."""

    releases: tuple[Release, ...] = ()
    pending: tuple[Pending, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    @property
    def order(self) -> tuple[tuple[int, str], ...]:
        """(sequence, start of the build id) of every release, newest first; a damaged record still has its name."""
        known = [(release.sequence, release.short) for release in self.releases]
        unknown = [(damaged.sequence, damaged.short) for damaged in self.damaged if damaged.sequence]
        return tuple(sorted(known + unknown, reverse=True))

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(damaged.problem for damaged in self.damaged)


@dataclass(frozen=True, slots=True)
class _Record:
    """What a record says."""

    build: str
    files: tuple[str, ...]
    manifest: str


def manifest_name(root: Path, manifest: Path) -> str:
    """What records below `root` call `manifest`: its path relative to `root`, POSIX, so that both can be moved."""
    name = os.path.relpath(manifest, root).replace(os.sep, "/")
    return name.encode(errors="backslashreplace").decode()


def manifest_path(root: Path, name: str) -> Path:
    """The manifest that records below `root` call `name`."""
    return Path(os.path.normpath(root / name))


def begin(root: Path, build: str, files: Iterable[str], *, manifest: Path | None = None) -> Pending:
    """Record what is about to be written below `root`, so that the files of a build that dies are known.

    `files` are all public paths of the build, those of variants and stable copies too; `manifest` is what will name
    them. Raises `BuildFailed`.
    """
    names = tuple(sorted(set(files)))
    refused = [name for name in names if not is_public_path(name)]
    if refused:
        raise BuildFailed(not_public(name) for name in refused)
    path = _folder(root, "pending") / f"{build[:16]}-{os.urandom(8).hex()}.json"
    owner = manifest_name(root, manifest) if manifest else ""
    _write(root, path, _Record(build, names, owner))
    return Pending(root, path, build, names, owner)


def commit(pending: Pending) -> None:
    """Make a written build the newest release; call it before the manifest is written.

    A build that was a release before moves to the newest place, and its record keeps every file that it ever had: its
    variants may be others by now. Raises `BuildFailed`, also where a file of it is gone again.
    """
    root = pending.root
    prefix = os.fspath(root)
    for name in pending.files:
        # Without the lock a `clean` may run at the same time and take a file that only an old release had.
        if not os.path.lexists(f"{prefix}/{name}"):
            raise BuildFailed([_gone(root / name)])
    # Their names tell which records are of this build; of the others nothing but the number counts here.
    entries = _entries(root, "releases", _RELEASE)
    own = [_release(path, match) for path, match in entries if pending.build.startswith(match["build"])]
    same = [entry for entry in own if isinstance(entry, Release) and entry.build == pending.build]
    same = [entry for entry in same if entry.manifest in ("", pending.manifest)]
    same.sort(key=_age, reverse=True)
    files = frozenset(pending.files).union(*(release.files for release in same))
    newest = max((int(match["sequence"]) for _, match in entries), default=0)
    wanted = (newest, files, pending.manifest)
    if [(entry.sequence, entry.files, entry.manifest) for entry in same] != [wanted]:
        path = _folder(root, "releases") / f"{newest + 1:08}-{pending.build[:16]}.json"
        _write(root, path, _Record(pending.build, tuple(sorted(files)), pending.manifest))
        for release in same:
            _forget(release.path)
    _forget(pending.path)


def read_records(root: Path) -> Records:
    """What is recorded below `root`. Names that are not a record's are left alone; nothing is raised."""
    releases: list[Release] = []
    pending: list[Pending] = []
    damaged: list[Damaged] = []
    for path, match in _entries(root, "releases", _RELEASE):
        release = _release(path, match)
        if isinstance(release, Damaged):
            damaged.append(release)
        elif release:
            releases.append(release)
    for path, match in _entries(root, "pending", _PENDING):
        found = _parse(path, match["build"])
        if isinstance(found, Problem):
            damaged.append(Damaged(path, match["build"], 0, found))
        elif found:
            pending.append(Pending(root, path, found.build, found.files, found.manifest))
    releases.sort(key=_age, reverse=True)
    return Records(tuple(releases), tuple(pending), tuple(damaged))


def _release(path: Path, match: re.Match[str]) -> Release | Damaged | None:
    """What the record of a release says; None where it has just gone."""
    sequence, short = int(match["sequence"]), match["build"]
    found = _parse(path, short)
    if isinstance(found, Problem):
        return Damaged(path, short, sequence, found)
    return Release(path, found.build, frozenset(found.files), sequence, found.manifest) if found else None


def _age(release: Release) -> tuple[int, str]:
    return release.sequence, release.path.name


def manifest_files(manifest: manifests.ManifestDict) -> frozenset[str]:
    """Every public path that a manifest names: outputs, their variants, and stable copies under their plain names."""
    files: set[str] = set()
    for logical, entry in manifest["assets"].items():
        files.add(entry["path"])
        files.update(variant["path"] for variant in entry.get("variants", {}).values())
        if entry.get("stable"):
            files.add(logical)
    return frozenset(files)


def own_folder(root: Path, name: str) -> Path | None:
    """The folder `name` of the state of `root`, if it is there and no symlink stands in the way."""
    folder = _folder(root, name)
    return folder if _is_plain_folder(root, folder) else None


def is_own_place(root: Path, path: Path) -> bool:
    """Whether `path` really lies where it says, below `root`: no symlink and no `..` among its folders."""
    return path.is_relative_to(root) and path != root and _is_plain_folder(root, path.parent)


def _is_plain_folder(root: Path, folder: Path) -> bool:
    real = Path(os.path.realpath(root)) / folder.relative_to(root)
    return ".." not in folder.relative_to(root).parts and real.is_dir() and Path(os.path.realpath(folder)) == real


def _folder(root: Path, name: str) -> Path:
    return root / STATE_FOLDER / name


def _entries(root: Path, name: str, pattern: re.Pattern[str]) -> list[tuple[Path, re.Match[str]]]:
    folder = own_folder(root, name)
    try:
        names = sorted(os.listdir(folder)) if folder else []
    except OSError:
        return []
    return [(_folder(root, name) / entry, match) for entry in names if (match := pattern.fullmatch(entry))]


def _write(root: Path, path: Path, what: _Record) -> None:
    record: dict[str, object] = {"build": what.build, "files": what.files, "schema": SCHEMA}
    if what.manifest:
        record["manifest"] = what.manifest
    data = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    problem = folder_problem(root, path.parent.relative_to(root).as_posix())
    if problem:
        raise BuildFailed([problem])
    try:
        replace_file(path, data, temporary=_folder(root, "tmp"))
    except OSError as error:
        raise BuildFailed([write_problem(path, error)]) from error


def _forget(path: Path) -> None:
    # A record that stays is one too many, and the next clean takes it: no reason to fail a build that is written.
    with contextlib.suppress(OSError):
        path.unlink()


def _parse(path: Path, short: str) -> _Record | Problem | None:
    """What a record says, or why it cannot be believed; None where it has just gone."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return _damage(path, "it is not a regular file")
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None  # another build has moved its release to the newest place in this moment
    except OSError as error:
        return _damage(path, f"it cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        return _damage(path, "it is not JSON, or only a part of it")
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        return _damage(path, f"it is not a record of schema {SCHEMA}")
    build, files = record.get("build"), record.get("files")
    if not isinstance(build, str) or not _BUILD.fullmatch(build) or not build.startswith(short):
        return _damage(path, "its build id is not that of its name")
    if not isinstance(files, list):
        return _damage(path, "it has no list of files")
    for name in files:
        if not is_public_path(name):
            return _damage(path, f"it names {name!r}, which is no path of a public file")
    manifest = record.get("manifest", "")
    if not isinstance(manifest, str) or _NO_PATH.search(manifest):
        return _damage(path, "what it names as its manifest is no path")
    return _Record(build, tuple(files), manifest)


def _damage(path: Path, why: str) -> Problem:
    return Problem(
        "damaged-record",
        f"the record of a release cannot be used: {why}; its files are not known and are kept",
        Place(str(path)),
        severity=Severity.WARNING,
        hint="restore it, or delete it and remove the files that only it needed by hand",
    )


def _gone(path: Path) -> Problem:
    return Problem(
        "output-changed",
        "the file was removed by someone else while the build ran",
        Place(str(path)),
        hint="run the build again",
    )
