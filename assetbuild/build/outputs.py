"""From named content to outputs, and from outputs to the files of a release.

Pure. Two outputs for one path are found here, before anything is compressed or written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assetbuild.build.fingerprint import Named
from assetbuild.build.globs import Globs
from assetbuild.build.media import media_type
from assetbuild.build.model import Blob, Config, Problem
from assetbuild.build.names import clashes
from assetbuild.build.output import File
from assetbuild.build.related import Relations
from assetbuild.build.results import Output


def make_outputs(config: Config, named: Mapping[str, Named], relations: Relations) -> tuple[Output, ...]:
    """One output for each named content, sorted by logical path, without variants."""
    stable = Globs(config.stable)
    return tuple(
        Output(
            logical=logical,
            path=name.path,
            media_type=media_type(logical),
            content=name.content,
            size=name.size,
            sha256=name.sha256,
            sha384=name.sha384,
            stable=stable.matches(logical),
            module=logical in relations.modules,
            preload=relations.preload(logical),
            imports=relations.imports(logical),
        )
        for logical, name in sorted(named.items())
    )


def merged(own: Sequence[Output], adopted: Sequence[Output]) -> tuple[Output, ...]:
    """Both, sorted by logical path."""
    return tuple(sorted((*own, *adopted), key=lambda output: output.logical))


def path_problems(outputs: Sequence[Output], manifest_path: str) -> Iterator[Problem]:
    """Two outputs for one path, also on file systems that ignore case; an output where the manifest is to be.

    `manifest_path` is relative to the output folder.
    """
    owners: dict[str, str] = {}
    files: dict[str, str | None] = {}
    for output in outputs:
        file = output.content.file if isinstance(output.content, Blob) else None
        for path in (output.path, *((output.logical,) if output.stable else ())):
            other = owners.setdefault(path, output.logical)
            # An adopted build may have several names for one file.
            if other != output.logical and (file is None or files.setdefault(path, file) != file):
                text = f"{other} and {output.logical} would both be written to {path}"
                yield Problem("output-clash", text, hint="rename one of them")
    for first, second in clashes(owners):
        text = f"the outputs {first} and {second} differ only in case or Unicode form"
        yield Problem("output-clash", text, hint="rename one of them")
    if manifest_path in owners:
        text = f"{owners[manifest_path]} would be written to {manifest_path}, which is the manifest's place"
        yield Problem("output-clash", text, hint="move the manifest, or take the asset out of `stable`")


def published_files(outputs: Sequence[Output]) -> list[File]:
    """Every file that a release is made of: outputs, their variants, plain copies of stable ones."""
    files = []
    for output in outputs:
        files.append(File(output.path, output.content, output.size, output.sha256))
        if output.stable:
            files.append(replace(files[-1], path=output.logical))
        for variant in output.variants:
            digest = hashlib.sha256(variant.data).hexdigest()
            files.append(File(variant.path, variant.data, len(variant.data), digest))
    return files
