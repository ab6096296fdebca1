"""Adds variants to outputs, through the cache: compressing is most of a full build's work, and is paid once.

Which algorithms and how is `compress`'s; which media types are worth trying is `media`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

from assetbuild.build import compress, keys
from assetbuild.build.cache import Cache
from assetbuild.build.events import Done, Listener, Progress, Work
from assetbuild.build.media import is_compressible
from assetbuild.build.model import Algorithm, Blob, Place, Problem
from assetbuild.build.results import Output, Variant

_NOT_SMALLER = {"smaller": "no"}


def with_variants(
    outputs: Sequence[Output],
    compress_with: Sequence[tuple[Algorithm, int]],
    *,
    cache: Cache | None,
    listener: Listener,
    pool: Executor,
) -> tuple[tuple[Output, ...], list[Problem]]:
    """The outputs with a variant for each algorithm that makes them smaller, and which could not be read again.

    Largest first: a big file that is begun last would leave the other threads idle at the end.
    """
    if not compress_with:
        return tuple(outputs), []
    tasks = [
        (output, algorithm, level)
        for output in sorted(outputs, key=lambda output: (-output.size, output.logical))
        if is_compressible(output.media_type)
        for algorithm, level in compress_with
    ]
    variants: dict[str, list[Variant]] = {}
    problems: list[Problem] = []

    def run(task: tuple[Output, Algorithm, int]) -> Variant | Problem | None:
        output, algorithm, level = task
        return _variant(output, algorithm, level, cache, listener)

    for done, ((output, _, _), variant) in enumerate(zip(tasks, pool.map(run, tasks), strict=True), 1):
        listener(Progress("compress", done, len(tasks)))
        if isinstance(variant, Problem):
            problems.append(variant)
        elif variant is not None:
            variants.setdefault(output.logical, []).append(variant)
    compressed = tuple(replace(output, variants=tuple(variants.get(output.logical, ()))) for output in outputs)
    return compressed, list(dict.fromkeys(problems))


def _variant(
    output: Output, algorithm: Algorithm, level: int, cache: Cache | None, listener: Listener
) -> Variant | Problem | None:
    key = keys.key(
        ((f"compress {algorithm.value}", compress.version(algorithm)), ("level", str(level)), ("bytes", output.sha256))
    )
    path = output.path + algorithm.suffix
    if cache is not None and (cached := cache.get(key)) is not None:
        listener(Done(Work.REUSE, output.logical, algorithm.value))
        return None if dict(cached.meta) == _NOT_SMALLER else Variant(algorithm, path, cached.data)
    content = _bytes(output)
    if isinstance(content, Problem):
        return content
    data = compress.compress(algorithm, level, content)
    listener(Done(Work.COMPRESS, output.logical, algorithm.value))
    is_smaller = len(data) < output.size
    if cache is not None:
        cache.put(key, data if is_smaller else b"", {} if is_smaller else _NOT_SMALLER)
    return Variant(algorithm, path, data) if is_smaller else None


def _bytes(output: Output) -> bytes | Problem:
    """The output's bytes, checked where they are read again, since the key says which bytes were compressed."""
    if isinstance(output.content, bytes):
        return output.content
    blob: Blob = output.content
    try:
        with open(blob.file, "rb") as stream:
            data = stream.read()
    except OSError as error:
        text = f"the file cannot be read any more: {error.strerror}"
        return Problem("unreadable", text, Place(blob.file), hint="run the build again")
    if keys.sha256(data) != blob.sha256:
        text = "the file changed while the build read it"
        return Problem("source-changed", text, Place(blob.file), hint="run the build again")
    return data
