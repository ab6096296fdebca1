"""Decides that nothing is to do, from stats alone: no source is opened but those modified just before the last build.

When in doubt there is something to do; a build that finds nothing changed costs only time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from assetbuild import __version__, manifest
from assetbuild.build import compress, index, template_blocks, tree, webassets_includes, webassets_texts
from assetbuild.build.atomic import stat_of
from assetbuild.build.keys import key
from assetbuild.build.media import text_kind
from assetbuild.build.model import Config, FileStat, ProcessorSpec, Source, TextKind
from assetbuild.build.registry import REGISTERED, create
from assetbuild.build.results import Built
from assetbuild.build.state import RACY_NS, SourceRecord, State

TOOLS = ("tree_sitter", "tree_sitter_javascript")
"""The modules that every build rests on."""


def state_key(config: Config, *, minify: bool) -> str:
    """Stands for everything but the sources that an output depends on: configuration, options, tool versions."""
    tools = {}
    if minify:
        tools = {f"processor {kind.value} {spec}": create(spec, kind).version for kind, spec in _specs(config)}
    if minify:
        tools |= {f"compress {one.value}": compress.version(one) for one, _ in config.compress}
    if config.webassets.translations:
        tools["webassets"] = webassets_texts.version(config)
    parts = {
        "assetbuild": __version__,
        "config": config.digest,
        "minify": str(minify),
        "output": str(config.output),
        "manifest": str(config.manifest),
        "others": "\0".join(f"{shape.value} {path}" for shape, path in config.other_manifests),
        "adopted": "\0".join(f"{one.bundler.value} {one.file}" for one in config.adopted),
        "roots": "\0".join(map(str, config.root_paths)),
        **tools,
    }
    return key(tuple(sorted(parts.items())))


def _specs(config: Config) -> list[tuple[TextKind, ProcessorSpec]]:
    specs = [(kind, spec) for kind in TextKind for spec in config.processors.get(kind, ())]
    for bundle in config.bundles:
        own = text_kind(bundle.name)
        specs += [(own, spec) for spec in bundle.processors or () if own is not None]
    return specs


def flaws_key(found: tree.Tree) -> str:
    """Stands for everything unusable under the roots; the build that saw it last has judged it."""
    return key(tuple((flaw.problem.code, flaw.logical) for flaw in found.flaws))


def unchanged(config: Config, found: tree.Tree, last: State) -> bytes | None:
    """The manifest's bytes where sources, outputs and manifest are what the last build left, else None."""
    if flaws_key(found) != last.flaws or len(found.files) != len(last.sources):
        return None
    if not all(_is_known(source, last) for source in found.files) or not webassets_texts.is_unchanged(last.opened):
        return None
    known = {path for path, _ in last.opened} | {source.file for source in found.sources}
    if not known.issuperset(map(tree.posix, webassets_includes.files(config))) or not _same_blocks(found, last):
        return None
    for path, recorded in last.outputs.items():
        try:
            info = os.lstat(config.output / path)
        except OSError:
            return None
        if stat_of(info) != recorded:
            return None
    try:
        data = manifest.regular_bytes(config.manifest)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == last.manifest_sha256 else None


def _is_known(source: Source, last: State) -> bool:
    record = last.sources.get((source.root, source.logical))
    if record is None or record.stat != source.stat:
        return False
    return not (record.sha256 and last.is_racy(record)) or _same_bytes(source, record)


def _same_bytes(source: Source, record: SourceRecord) -> bool:
    try:
        return tree.digest(source).sha256 == record.sha256
    except OSError:
        return False


def _same_blocks(found: tree.Tree, last: State) -> bool:
    """Whether templates hold the blocks that the last build found; most changes of a template are none of a block."""
    if found.templates == last.templates and not any(map(last.is_racy_at, found.templates.values())):
        return True
    return template_blocks.collect(found.templates).digest == last.blocks != ""


# --- the index -------------------------------------------------------------------------------------------


def index_of(
    config: Config, found: tree.Tree, left: State, built: Built, *, minify: bool, started_ns: int
) -> bytes | None:
    """The index with which the next build knows at once that nothing is to do.

    `left` is what this build leaves, `built` its result. None where something changed so late that it may change
    again without a trace, or is wrong and so to be told again.
    """
    if config.problems or found.flaws:
        return None
    try:
        manifest_stat = stat_of(os.lstat(config.manifest))
        is_another = manifest.regular_bytes(config.manifest) != built.manifest
        own = _own_files(config, left, minify=minify)
    except OSError:
        return None
    times = [max(stat.mtime_ns, stat.ctime_ns) for stat in own.values()]
    times += [stat.mtime_ns for stat in found.folders.values()]
    times += [source.stat.mtime_ns for source in found.files]
    times += [stat.mtime_ns for stat in found.templates.values()]
    if is_another or max(times) >= started_ns - RACY_NS:
        return None
    line = index.up_to_date(len(built.assets), left.build)
    start = f"{tree.posix(str(config.base))}/"

    def paths() -> Iterator[tuple[str, index.Stat]]:
        for path, stat in (*own.items(), *found.folders.items(), *found.templates.items()):
            yield path.removeprefix(start), _numbers(stat)
        for source in found.files:
            yield source.file.removeprefix(start), _numbers(source.stat)

    def outputs() -> Iterator[tuple[str, index.OutputStat]]:
        output = tree.posix(str(config.output)).removeprefix(start)
        yield tree.posix(str(config.manifest)).removeprefix(start), _numbers(manifest_stat)[:3]
        for path, stat in left.outputs.items():
            yield path.removeprefix(start) if os.path.isabs(path) else f"{output}/{path}", _numbers(stat)[:3]

    return index.dumps(index.environment(__version__, minify=minify), line, paths(), outputs())


def _numbers(stat: FileStat) -> index.Stat:
    return stat.size, stat.mtime_ns, stat.inode, stat.ctime_ns


def files_beside(config: Config, left: State) -> tuple[str, ...]:
    """What outputs depend on besides the configuration and the sources; what is not there is not named."""
    yaml = [str(config.webassets.file)] if config.webassets.file is not None else []
    return (*yaml, *(path for path, digest in left.opened if digest))


def _own_files(config: Config, left: State, *, minify: bool) -> Mapping[str, FileStat]:
    """The configuration, first, and the files by which a tool of another version would be known."""
    modules = set(TOOLS)
    if minify:
        modules |= {module for _, spec in _specs(config) for module in REGISTERED[spec.name].modules}
        modules |= {module for algorithm, _ in config.compress for module in compress.modules(algorithm)}
    paths = [str(config.file), *files_beside(config, left), *webassets_includes.folders(config)]
    # A file that was looked for in vain shows in its folder when it comes to be.
    paths += sorted({found for path, digest in left.opened if not digest and (found := _nearest_folder(path))})
    if config.webassets.translations:
        modules |= set(webassets_texts.MODULES)
    for module in sorted(modules):
        spec = find_spec(module)
        if spec is not None and spec.origin and os.path.isabs(spec.origin):
            paths.append(spec.origin)
    if any(spec.package for spec in config.sources):  # it may come to lie in a folder that is looked in earlier
        paths += [path for path in sys.path[1:] if os.path.isdir(path) and os.path.isabs(path)]
    return {tree.posix(path): tree.stat_of(os.stat(path)) for path in paths}


def _nearest_folder(path: str) -> str:
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder) and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
