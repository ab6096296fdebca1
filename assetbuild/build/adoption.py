"""Takes over the outputs of another tool's build: finds its files, and makes outputs of ours of them, byte for byte.

What a build says of itself is `adopted_manifests`'. Nothing in an adopted file is read, so no reference in it is
resolved or rewritten, and its name stays; that is why a file whose name says nothing of its content is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assetbuild import manifest
from assetbuild.build import names, tree
from assetbuild.build.adopted_manifests import AdoptError, Chunk, closure, fonts_of, is_named_by_content, parse
from assetbuild.build.keys import Description
from assetbuild.build.media import media_type
from assetbuild.build.model import Blob, Config, FileStat, Place, Problem, Severity, Source
from assetbuild.build.other_tools import AdoptedBuild, Bundler
from assetbuild.build.results import Output
from assetbuild.errors import ManifestError
from assetbuild.manifest import regular_bytes

ROOT = -1
"""What stands for a root in the records of these files, which lie under none."""
_COMMANDS = {
    Bundler.VITE: "run `vite build`, with `build.manifest` set, before `assetbuild build`",
    Bundler.ESBUILD: "run esbuild with --metafile before `assetbuild build`",
}
_HASHES = {
    Bundler.VITE: "keep [hash] in the names that `build.rollupOptions.output` of vite.config.js gives",
    Bundler.ESBUILD: "add --entry-names=[dir]/[name]-[hash] to esbuild's options",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What an adopted build consists of: `root` is the folder that its chunks' files are named from."""

    build: AdoptedBuild
    root: Path
    chunks: tuple[Chunk, ...]

    def path(self, file: str) -> str:
        return tree.posix(str(self.root / file))

    @property
    def place(self) -> Place:
        return Place(str(self.build.file))


# --- what is there ---------------------------------------------------------------------------------------


def look(builds: Sequence[AdoptedBuild]) -> tuple[tuple[Source, ...], dict[str, FileStat]]:
    """The files of adopted builds that are there, and their folders. Nothing is wrong yet: `adopt` says what is."""
    sources: dict[str, Source] = {}
    folders: dict[str, FileStat] = {}
    for build in builds:
        files = [tree.posix(str(build.file))]
        reading = _read(build)
        if isinstance(reading, Reading):
            files += sorted({reading.path(chunk.file) for chunk in reading.chunks})
        for file in files:
            try:
                info = os.stat(file)
                folders[os.path.dirname(file)] = tree.stat_of(os.stat(os.path.dirname(file)))
            except OSError:
                continue
            if stat.S_ISREG(info.st_mode):
                sources[file] = Source(file, file, tree.stat_of(info), ROOT)
    return tuple(sources[file] for file in sorted(sources)), folders


def with_adopted(found: tree.Tree, builds: Sequence[AdoptedBuild]) -> tree.Tree:
    """What was found under the roots, and beside them the files of adopted builds."""
    if not builds:
        return found
    beside, folders = look(builds)
    return replace(found, beside=beside, folders={**found.folders, **folders})


def names_of(builds: Sequence[AdoptedBuild]) -> list[str]:
    """The logical paths that adopted builds have; none where they cannot be read."""
    readings = [_read(build) for build in builds]
    return [chunk.logical for one in readings if isinstance(one, Reading) for chunk in one.chunks]


def _read(build: AdoptedBuild) -> Reading | Problem:
    place = Place(str(build.file))
    what = "manifest of Vite" if build.bundler is Bundler.VITE else "metafile of esbuild"
    try:
        chunks = parse(build.bundler, regular_bytes(build.file))
    except FileNotFoundError:
        text = f"there is no {what} here, so there is no build to adopt"
        return Problem("adopted-missing", text, place, hint=_COMMANDS[build.bundler])
    except OSError as error:
        return Problem("adopted-unreadable", f"the {what} cannot be read: {error.strerror}", place,
                       hint="make it readable, or correct its path")  # fmt: skip
    except AdoptError as error:
        text = f"the {what} cannot be used: {error}"
        return Problem("adopted-manifest", text, place, hint=error.hint or _COMMANDS[build.bundler])
    return _located(build, chunks)


def _located(build: AdoptedBuild, chunks: tuple[Chunk, ...]) -> Reading:
    """With the folder of the build, and the source maps that lie beside its files.

    Vite names files from `outDir`, which its manifest lies in, or in `.vite` below. esbuild names them from where it
    ran: the nearest folder, from that of the metafile to that of the configuration, that has all of them.
    """
    if build.bundler is Bundler.ESBUILD:
        above = [folder for folder in build.file.parents if folder == build.base or build.base in folder.parents]
        complete = (folder for folder in above if all(os.path.isfile(folder / chunk.file) for chunk in chunks))
        root = next(complete, above[-1] if above else build.file.parent)
        return Reading(build, root, chunks)
    folder = build.file.parent
    root = folder.parent if folder.name == ".vite" else folder
    known = {chunk.file for chunk in chunks}
    maps = sorted({f"{file}.map" for file in known if os.path.isfile(root / f"{file}.map")} - known)
    return Reading(build, root, (*chunks, *(Chunk(name, name) for name in maps)))


# --- outputs ---------------------------------------------------------------------------------------------


def adopt(builds: Sequence[AdoptedBuild], blobs: Mapping[str, Blob]) -> tuple[tuple[Output, ...], list[Problem]]:
    """The outputs of adopted builds, without variants; `blobs` has what `look` found, by absolute path."""
    outputs: dict[str, Output] = {}
    problems: list[Problem] = []
    for build in builds:
        reading = _read(build)
        if isinstance(reading, Problem):
            problems.append(reading)
            continue
        wrong = list(_file_problems(reading, blobs))
        problems += wrong
        if wrong:
            continue
        for output in _outputs(reading, blobs):
            if outputs.setdefault(output.logical, output) is not output:
                text = f"{output.logical} is in two adopted builds, or twice in this one"
                problems.append(Problem("adopted-clash", text, reading.place, hint="give one of them another name"))
    return tuple(outputs[name] for name in sorted(outputs)), problems


def _file_problems(reading: Reading, blobs: Mapping[str, Blob]) -> Iterator[Problem]:
    bundler, real = reading.build.bundler, os.path.realpath(reading.root)
    for chunk in sorted({chunk.file: chunk for chunk in reading.chunks}.values(), key=lambda chunk: chunk.file):
        path = reading.path(chunk.file)
        if path not in blobs:
            text = f"{chunk.file} is named here, but there is no such file"
            yield Problem("adopted-missing", text, reading.place, hint=_COMMANDS[bundler])
        elif not Path(os.path.realpath(path)).is_relative_to(real):
            text = f"{chunk.file} is a symbolic link that leaves {reading.root}"
            yield Problem("link-escapes", text, Place(path), hint="copy the file")
        elif not is_named_by_content(chunk):
            text = f"the name of {chunk.file} has no hash, so browsers that have it would not notice another content"
            yield Problem("adopted-not-hashed", text, reading.place, hint=_HASHES[bundler])


def _outputs(reading: Reading, blobs: Mapping[str, Blob]) -> Iterator[Output]:
    by_file: dict[str, Chunk] = {}
    for chunk in reading.chunks:
        by_file.setdefault(chunk.file, chunk)

    def logicals(files: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(by_file[file].logical for file in files))

    for chunk in reading.chunks:
        loaded = closure(chunk, by_file)
        # In the order of the pages that Vite itself writes; its guide has the entry's own first. A cssBundle is whole.
        linked = [*loaded, chunk] if reading.build.bundler is Bundler.VITE else [chunk]
        css = logicals(file for one in linked for file in one.css) if chunk.is_script else ()
        sheets = [by_file[file] for one in linked for file in one.css]
        blob = blobs[reading.path(chunk.file)]
        yield Output(
            logical=chunk.logical,
            path=chunk.file,
            media_type=media_type(chunk.file),
            content=blob,
            size=blob.size,
            sha256=blob.sha256,
            sha384=blob.sha384,
            module=chunk.module,
            imports=logicals(one.file for one in loaded),
            preload=(*css, *logicals(fonts_of(chunk, [*loaded, *sheets]))),
            css=css,
        )


def changed(config: Config, adopted: Sequence[Output]) -> list[Problem]:
    """Warnings for files with a name that the manifest on disk has with other bytes: browsers keep the former ones.

    No error: a bundler in development may name files as it likes, and what is wrong shows only where they are served.
    """
    if not config.adopted:
        return []
    try:
        old = {entry["path"]: entry["sha256"] for entry in manifest.read(config.manifest)["assets"].values()}
    except ManifestError:
        return []
    text = "{} has other bytes than in the last build under the same name, so browsers that have it will not ask for it"
    hint = "let the bundler name files by their content, with [hash], and build again"
    return [
        Problem("adopted-changed", text.format(one.path), Place(one.content.file), severity=Severity.WARNING, hint=hint)
        for one in adopted
        if isinstance(one.content, Blob) and old.get(one.path, one.sha256) != one.sha256
    ]


def clash_problems(builds: Sequence[AdoptedBuild], adopted: Sequence[Output], own: Iterable[str]) -> list[Problem]:
    """Adopted assets with a name that an asset of ours has, or nearly has."""
    files = " and ".join(str(build.file) for build in builds)
    mine = {names.folded(name): name for name in own}
    return [
        Problem(
            "adopted-clash",
            f"the adopted asset {output.logical} ({files}) has the name of our own asset {other}",
            Place(output.content.file) if isinstance(output.content, Blob) else None,
            hint="rename one of them, or take ours out with `exclude`",
        )
        for output in adopted
        if (other := mine.get(names.folded(output.logical)))
    ]


def describe(builds: Sequence[AdoptedBuild], adopted: Iterable[Output]) -> dict[str, Description]:
    """What `why` and `--plan` compare: the file of each, relative to the configuration, with its digest."""
    base = builds[0].base if builds else Path()
    return {
        output.logical: ((f"input {_shown(output.content.file, base)}", output.sha256),)
        for output in adopted
        if isinstance(output.content, Blob)
    }


def _shown(file: str, base: Path) -> str:
    return tree.posix(os.path.relpath(file, base))
