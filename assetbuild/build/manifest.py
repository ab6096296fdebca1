"""The manifest as bytes: schema 1, the same on every machine for the same outputs.

Reading it is `assetbuild.manifest`'s, in the run-time half.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from json.encoder import encode_basestring
from typing import Any, cast

from assetbuild.build.results import Output
from assetbuild.manifest import Entry

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifest's bytes, its build id, and what it says of each asset by logical path."""

    data: bytes
    build: str
    assets: Mapping[str, Entry]


def render(
    outputs: Iterable[Output],
    importmap: Mapping[str, str],
    *,
    bundles: Mapping[str, Mapping[str, object]],
    blocks: Mapping[str, Sequence[str]],
    blueprints: Mapping[str, str],
) -> Rendered:
    """The manifest of `outputs`. Its build id is the SHA-256 of its canonical JSON without `build` and variants.

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
    return Rendered((indented(document) + "\n").encode(), document["build"], assets)


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


def indented(value: object, level: int = 0) -> str:
    """JSON with sorted keys, each member on its own line and two spaces per level, as `json.dumps` indents it.

    Its own indenting is in Python up to 3.14, and takes longer than all else of a manifest with thousands of entries;
    here what holds no other containers is left to the encoder in C. All keys must be strings.
    """
    if not isinstance(value, dict | list | tuple) or not value:
        return _encoder(0).encode(value)
    members = value.values() if isinstance(value, dict) else value
    start, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    margin = "\n" + "  " * (level + 1)
    if any(isinstance(member, dict | list | tuple) for member in members):
        if isinstance(value, dict):
            lines = [f"{encode_basestring(key)}: {indented(value[key], level + 1)}" for key in sorted(value)]
        else:
            lines = [indented(member, level + 1) for member in value]
        inner = f",{margin}".join(lines)
    else:
        inner = _encoder(level + 1).encode(value)[1:-1]
    return f"{start}{margin}{inner}{margin[:-2]}{end}"


@cache
def _encoder(level: int) -> json.JSONEncoder:
    separators = (",\n" + "  " * level, ": ")
    return json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=separators)
