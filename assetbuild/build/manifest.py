"""The manifest as bytes: schema 1, the same on every machine for the same outputs.

Reading it is `assetbuild.manifest`'s, in the run-time half.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from assetbuild.build.results import Output
from assetbuild.manifest import Entry

SCHEMA = 1


def render(
    outputs: Iterable[Output],
    importmap: Mapping[str, str],
    *,
    bundles: Mapping[str, Mapping[str, object]],
    blocks: Mapping[str, Sequence[str]],
    blueprints: Mapping[str, str],
) -> tuple[bytes, str]:
    """The manifest's bytes and its build id: SHA-256 of its canonical JSON without `build` and without variants.

    `blocks`: the outputs of each block in a template, by its key.
    """
    assets = {output.logical: entry(output) for output in outputs}
    document: dict[str, Any] = {"schema": SCHEMA, "assets": assets}
    if importmap:
        document["importmap"] = dict(importmap)
    if blueprints:
        document["blueprints"] = dict(blueprints)
    if bundles:
        document["bundles"] = {name: dict(bundle) for name, bundle in bundles.items()}
    if blocks:
        document["blocks"] = {key: list(names) for key, names in blocks.items()}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    build = hashlib.sha256(canonical.encode())
    document["build"] = build.hexdigest()
    for output in outputs:
        if output.variants:
            assets[output.logical]["variants"] = {
                variant.algorithm.value: {"path": variant.path, "size": len(variant.data)}
                for variant in output.variants
            }
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode(), document["build"]


def entry(output: Output) -> Entry:
    """What the manifest says of an output, but for its variants."""
    found: dict[str, Any] = {
        "path": output.path,
        "type": output.media_type,
        "size": output.size,
        "sha256": output.sha256,
        "integrity": "sha384-" + base64.b64encode(bytes.fromhex(output.sha384)).decode(),
    }
    for name, value in (("preload", output.preload), ("imports", output.imports), ("css", output.css)):
        if value:
            found[name] = list(value)
    for name, flag in (("stable", output.stable), ("module", output.module)):
        if flag:
            found[name] = True
    return cast(Entry, found)
