"""Decides that nothing is to do, from stats alone: no source is opened but those modified just before the last build.

When in doubt there is something to do; a build that finds nothing changed costs only time.
"""

from __future__ import annotations

import hashlib
import os

from assetbuild import manifest
from assetbuild.build import compress, tree
from assetbuild.build.atomic import stat_of
from assetbuild.build.keys import key
from assetbuild.build.media import text_kind
from assetbuild.build.model import Config, Source, TextKind
from assetbuild.build.registry import create
from assetbuild.build.state import SourceRecord, State


def state_key(config: Config, *, minify: bool) -> str:
    """Stands for everything but the sources that an output depends on: configuration, options, tool versions."""
    from assetbuild import __version__

    specs = [(kind, spec) for kind in TextKind for spec in config.processors.get(kind, ())]
    for bundle in config.bundles:
        own = text_kind(bundle.name)
        specs += [(own, spec) for spec in bundle.processors or () if own is not None]
    tools = {f"processor {kind.value} {spec}": create(spec, kind).version for kind, spec in specs} if minify else {}
    if minify:
        tools |= {f"compress {one.value}": compress.version(one) for one, _ in config.compress}
    parts = {
        "assetbuild": __version__,
        "config": config.digest,
        "minify": str(minify),
        "output": str(config.output),
        "manifest": str(config.manifest),
        "roots": "\0".join(map(str, config.root_paths)),
        **tools,
    }
    return key(tuple(sorted(parts.items())))


def flaws_key(found: tree.Tree) -> str:
    """Stands for everything unusable under the roots; the build that saw it last has judged it."""
    return key(tuple((flaw.problem.code, flaw.logical) for flaw in found.flaws))


def unchanged(config: Config, found: tree.Tree, last: State) -> bytes | None:
    """The manifest's bytes where sources, outputs and manifest are what the last build left, else None."""
    if flaws_key(found) != last.flaws or len(found.sources) != len(last.sources):
        return None
    if not all(_is_known(source, last) for source in found.sources):
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
