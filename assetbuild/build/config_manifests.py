"""The settings that name manifests of other tools: those that are written for them, and those whose builds are adopted.

Looks at where paths lead, so that no file is written over another and none is read that a build writes; whether an
adopted build is there is asked when it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from assetbuild.build.config_paths import Root, absolute, contains, manifest_problem, real
from assetbuild.build.config_values import path_string, table, text_problem, unknown_keys, wrong_type
from assetbuild.build.globs import Globs
from assetbuild.build.model import Config, Place, Problem
from assetbuild.build.other_tools import AdoptedBuild, Bundler, Shape
from assetbuild.build.toml_places import Document

_TABLE = "other_manifests"
_USUAL = {
    Shape.DJANGO: "public/assets/staticfiles.json",
    Shape.FLAT: "public/flat.json",
    Shape.VITE: "public/vite.json",
}
_MADE_BY = {Bundler.VITE: "dist/.vite/manifest.json", Bundler.ESBUILD: "meta.json"}


def adopted(document: Document, problems: list[Problem], *, output: Path, manifest: Path) -> tuple[AdoptedBuild, ...]:
    """The builds of other tools that are adopted."""
    base = Path(document.path).parent
    found = []
    for bundler in Bundler:
        if bundler.value not in document.table:
            continue
        example = _MADE_BY[bundler]
        file = absolute(base, path_string(document, problems, bundler.value, default=example, example=example))
        place = document.at_value(bundler.value)
        if real(file) == real(manifest) or contains(real(output), real(file)):
            text = f"`{bundler.value}` names a file that this build writes, or one in its output folder"
            hint = f"let {bundler.value} build into a folder of its own, such as dist"
            problems.append(Problem("config-adopted", text, place, hint=hint))
        found.append(AdoptedBuild(bundler, file, base))
    return tuple(found)


def other_manifests(
    document: Document,
    problems: list[Problem],
    *,
    output: Path,
    manifest: Path,
    roots: Sequence[Root],
    builds: Sequence[AdoptedBuild],
    yaml: Path | None,
) -> tuple[tuple[Shape, Path], ...]:
    """The manifests that are written for other tools, in the order of `Shape`."""
    hint = f'write [{_TABLE}] and below it django = "{_USUAL[Shape.DJANGO]}"'
    entries = table(document, problems, _TABLE, hint=hint)
    problems += unknown_keys(
        document, (_TABLE,), entries, known=[shape.value for shape in Shape], where=f"`[{_TABLE}]`"
    )
    file, base = Path(document.path), Path(document.path).parent
    taken = {real(manifest): "the manifest of this build"}
    taken |= {real(build.file): f"what `{build.bundler.value}` reads" for build in builds}
    taken |= {real(yaml): "the webassets file"} if yaml is not None else {}
    found = []
    for shape in Shape:
        if shape.value not in entries:
            continue
        value, place = entries[shape.value], document.at_value(_TABLE, shape.value)
        hint = f'name a file of its own, such as {shape.value} = "{_USUAL[shape]}"'
        if not isinstance(value, str):
            problems.append(wrong_type(f"{_TABLE}.{shape.value}", value, place, expected="a string", hint=hint))
            continue
        if reason := text_problem(value) or ("ends in `/`, and so names a folder" if value.endswith("/") else ""):
            problems.append(Problem("config-value", f"`{_TABLE}.{shape.value}` {reason}", place, hint=hint))
            continue
        path = absolute(base, value)
        wrong = manifest_problem(place, file=file, base=base, output=output, manifest=path, found=roots, hint=hint)
        problems += [wrong] if wrong else _conflicts(path, place, shape, taken=taken, hint=hint)
        taken.setdefault(real(path), f"`{_TABLE}.{shape.value}`")
        found.append((shape, path))
    return tuple(found)


def template_problems(config: Config) -> Iterator[Problem]:
    """Manifests at places where templates are looked for: each build would read what the last one wrote."""
    globs = Globs(config.templates)
    for shape, path in config.other_manifests:
        inside = path.is_relative_to(config.base) and not path.is_relative_to(config.output)
        if inside and globs.matches(path.relative_to(config.base).as_posix()):
            text = f"`{_TABLE}.{shape.value}` names a file that `templates` matches"
            place = config.place(_TABLE, shape.value)
            yield Problem("config-manifest", text, place, hint="name a file that no glob in `templates` matches")


def _conflicts(path: Path, place: Place, shape: Shape, *, taken: dict[Path, str], hint: str) -> Iterator[Problem]:
    target = real(path)
    for other, what in taken.items():
        if os.path.normcase(target) == os.path.normcase(other):
            text = f"`{_TABLE}.{shape.value}` names the same file as {what}"
            yield Problem("config-manifest", text, place, hint=hint)
        elif contains(target, other) or contains(other, target):
            text = f"`{_TABLE}.{shape.value}` and {what} cannot both be files: one lies below the other"
            yield Problem("config-manifest", text, place, hint=hint)
