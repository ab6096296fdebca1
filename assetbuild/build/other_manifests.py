"""Writes the manifests of other shapes, holds them against ours, and knows which of them are this tool's.

What they say is `manifest_shapes`'. A file is replaced or removed only while it holds bytes that a record below the
output folder has the digest of: their formats are those of other tools, so nothing in the file itself says whose it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assetbuild import manifest as manifests
from assetbuild.build.atomic import replace_file, stat_of, write_problem
from assetbuild.build.manifest_shapes import render
from assetbuild.build.model import Blob, BuildFailed, Config, FileStat, Place, Problem, Severity
from assetbuild.build.output import STATE_FOLDER, folder_problem
from assetbuild.build.releases import is_own_place, manifest_name, manifest_path, own_folder
from assetbuild.build.results import Output
from assetbuild.manifest import ManifestDict

FOLDER = "manifests"
SCHEMA = 1
_RECORD = re.compile(r"[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True)
class Record:
    """What was written to `name`, a path relative to the output folder: the digests that its bytes may have.

    `owner` is the manifest, named likewise, whose build wrote it.
    """

    path: Path
    name: str
    owner: str
    digests: tuple[str, ...]


# --- before and while a build writes ---------------------------------------------------------------------


def contents(config: Config, document: bytes) -> dict[Path, bytes]:
    """What each is to hold, by path; `document` is our own manifest."""
    if not config.other_manifests:
        return {}
    found = manifests.loads(document, name="the new manifest")
    return {path: render(shape, found) for shape, path in config.other_manifests}


def place_problems(config: Config, outputs: Sequence[Output]) -> Iterator[Problem]:
    """Outputs at whose place, or from whose files, another manifest is to be written, or that lie below or above it."""
    if not config.other_manifests:
        return
    taken = {path: output for output in outputs for path in _paths(output)}
    made_of = {os.path.realpath(one.content.file): one for one in outputs if isinstance(one.content, Blob)}
    for shape, path in config.other_manifests:
        if source := made_of.get(os.path.realpath(path)):
            text = f"the manifest for {shape.value} would be written over the file that {source.logical} is made of"
            place = config.place("other_manifests", shape.value)
            yield Problem("config-manifest", text, place, hint="name another file for that manifest")
        name = manifest_name(config.output, path)
        clash = next(
            (one for one in sorted(taken) if f"{one}/".startswith(f"{name}/") or f"{name}/".startswith(f"{one}/")), ""
        )
        if clash:
            text = f"{taken[clash].logical} would be written to {clash}, where the manifest for {shape.value} is to be"
            place = config.place("other_manifests", shape.value)
            yield Problem("output-clash", text, place, hint="name another file for that manifest")


def _paths(output: Output) -> tuple[str, ...]:
    plain = (output.logical,) if output.stable else ()
    return (output.path, *plain, *(variant.path for variant in output.variants))


def check(config: Config, wanted: Mapping[Path, bytes]) -> None:
    """Raise `BuildFailed` where one of them would replace what no build has written."""
    problems = []
    for path, data in wanted.items():
        try:
            found = _bytes_at(path)
        except OSError as error:
            problems.append(_not_a_file(path) if os.path.lexists(path) else write_problem(path, error))
            continue
        if found not in (None, data) and not _is_ours(config, path, found):
            problems.append(_foreign(path))
    if problems:
        raise BuildFailed(problems)


def write(config: Config, wanted: Mapping[Path, bytes]) -> int:
    """Make each hold its bytes, atomically; how many had to be written. Call `check` before. Raises `BuildFailed`."""
    count = 0
    for path, data in wanted.items():
        digest = hashlib.sha256(data).hexdigest()
        try:
            found = _bytes_at(path)
            if found == data:
                if digest not in _record(config, path):
                    _note(config, path, (digest,))
                continue
            present = () if found is None else (hashlib.sha256(found).hexdigest(),)
            _note(config, path, (*present, digest))  # whichever is there when this build dies, is known
            replace_file(path, data, temporary=path.parent, durable=True)  # emptied by a crash, it would be foreign
            _note(config, path, (digest,))
        except OSError as error:
            raise BuildFailed([write_problem(path, error)]) from error
        count += 1
    return count


def remove_former(config: Config, *, written: Collection[str]) -> int:
    """Remove those that are not configured any more and still hold what a build wrote; how many there were.

    `written`: absolute paths of those that the last build wrote. Outside of the output folder no record alone is
    believed, for that folder may come from elsewhere. Raises `BuildFailed`.
    """
    owner, configured = manifest_name(config.output, config.manifest), {path for _, path in config.other_manifests}
    count = 0
    for record in records(config.output):
        path = Path(os.path.normpath(manifest_path(config.output, record.name)))
        if record.owner != owner or path in configured:
            continue
        if path.as_posix() not in written and not is_own_place(config.output, path):
            continue
        try:
            if _holds(path, record.digests):
                path.unlink()
                count += 1
            record.path.unlink()
        except OSError as error:
            raise BuildFailed([write_problem(path, error)]) from error
    return count


def stats(config: Config) -> dict[str, FileStat]:
    """What is there now, by absolute path, for those who compare stats only."""
    found = {}
    for _, path in config.other_manifests:
        with contextlib.suppress(OSError):
            found[path.as_posix()] = stat_of(os.lstat(path))
    return found


# --- looking again ---------------------------------------------------------------------------------------


def problems(config: Config, found: ManifestDict) -> Iterator[Problem]:
    """Which of them do not say what our manifest says."""
    for shape, path in config.other_manifests:
        yield from _differences(config, path, render(shape, found))


def to_be_written(config: Config, wanted: Mapping[Path, bytes]) -> tuple[Problem, ...]:
    """A note for each that a build would write."""
    notes = []
    for path, data in wanted.items():
        if any(_differences(config, path, data)):
            text = "this manifest for another tool would be written"
            notes.append(Problem("other-manifest", text, Place(str(path)), severity=Severity.NOTE))
    return tuple(notes)


def _differences(config: Config, path: Path, wanted: bytes) -> Iterator[Problem]:
    place, hint = Place(str(path)), "run `assetbuild build`"
    try:
        found = _bytes_at(path)
    except OSError as error:
        yield Problem("other-manifest", f"it cannot be read: {error.strerror}", place, hint=hint)
        return
    if found is None:
        yield Problem("other-manifest", "the manifest for another tool is not there", place, hint=hint)
    elif found != wanted:
        if not _is_ours(config, path, found):
            hint = "move it away, then run `assetbuild build`"
        yield Problem("other-manifest", "it does not say what the manifest says", place, hint=hint)


# --- what is ours ----------------------------------------------------------------------------------------


def records(root: Path) -> tuple[Record, ...]:
    """Every record below `root` that can be read, sorted by its name."""
    folder = own_folder(root, FOLDER)
    try:
        names = sorted(name for name in os.listdir(folder) if _RECORD.fullmatch(name)) if folder else []
    except OSError:
        return ()
    return tuple(found for name in names if (found := _parse(root / STATE_FOLDER / FOLDER / name)))


def _holds(path: Path, digests: Iterable[str]) -> bool:
    """Whether a regular file is at `path`, with bytes of one of `digests`."""
    try:
        data = _bytes_at(path)
    except OSError:
        return False
    return data is not None and hashlib.sha256(data).hexdigest() in set(digests)


def removable(
    root: Path, configured: Sequence[Path], *, spared: Collection[str]
) -> tuple[list[Path], list[Path], list[Problem]]:
    """The manifests that a build wrote and that still hold it, their records, and which of `configured` are not ours.

    `spared` are owners whose manifests stay. Outside of `root` no record alone is believed.
    """
    recorded = [record for record in records(root) if record.owner not in spared]
    ours = []
    for record in recorded:
        path = manifest_path(root, record.name)
        if (path in configured or is_own_place(root, path)) and _holds(path, record.digests):
            ours.append(path)
    left = [path for path in sorted(set(configured) - set(ours)) if os.path.lexists(path)]
    return ours, [record.path for record in recorded], [_left(path) for path in left]


def _is_ours(config: Config, path: Path, data: bytes | None) -> bool:
    return data is not None and hashlib.sha256(data).hexdigest() in _record(config, path)


def _record(config: Config, path: Path) -> tuple[str, ...]:
    name = manifest_name(config.output, path)
    return next((one.digests for one in records(config.output) if one.name == name), ())


def _parse(path: Path) -> Record | None:
    """None for what is no record: then the file that it stands for counts as foreign, and nothing is lost."""
    try:
        record = json.loads(manifests.regular_bytes(path))
        digests = tuple(map(str, record["sha256"]))
        known = record["schema"] == SCHEMA and path.name == _record_name(str(record["path"]))
        return Record(path, str(record["path"]), str(record["manifest"]), digests) if known else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _record_name(name: str) -> str:
    return f"{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}.json"


def _note(config: Config, path: Path, digests: tuple[str, ...]) -> None:
    """Record what is, or is about to be, at `path`. Raises `OSError` and `BuildFailed`."""
    root, name = config.output, manifest_name(config.output, path)
    if problem := folder_problem(root, f"{STATE_FOLDER}/{FOLDER}"):
        raise BuildFailed([problem])
    record = {
        "manifest": manifest_name(root, config.manifest),
        "path": name,
        "schema": SCHEMA,
        "sha256": list(dict.fromkeys(digests)),
    }
    data = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    replace_file(
        root / STATE_FOLDER / FOLDER / _record_name(name), data, temporary=root / STATE_FOLDER / "tmp", durable=True
    )


def _bytes_at(path: Path) -> bytes | None:
    """None where nothing is. Raises `OSError`, also for what is no regular file: a link would lead elsewhere."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(mode):
        raise OSError(0, "it is not a regular file", str(path))
    return path.read_bytes()


def _not_a_file(path: Path) -> Problem:
    text = "a manifest for another tool has to be written here, but something that is no readable regular file is there"
    return Problem("foreign-manifest", text, Place(str(path)), hint="remove it, or name another path")


def _foreign(path: Path) -> Problem:
    text = "the manifest for another tool would replace this file, which no build has written"
    hint = "move it away, or name another path in [other_manifests]"
    return Problem("foreign-manifest", text, Place(str(path)), hint=hint)


def _left(path: Path) -> Problem:
    text = "left as it is, for it does not hold what a build wrote there"
    hint = "delete it by hand if it is not needed"
    return Problem("foreign-manifest", text, Place(str(path)), severity=Severity.WARNING, hint=hint)
