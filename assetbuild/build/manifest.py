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
    document["build"] = _digest(document)
    for output in outputs:
        if output.variants:
            assets[output.logical]["variants"] = {
                variant.algorithm.value: {"path": variant.path, "size": len(variant.data)}
                for variant in output.variants
            }
    return Rendered(f"{indented(document)}\n".encode(), document["build"], assets)


def _digest(document: Mapping[str, object]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


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


def indented(value: object) -> str:
    """JSON with sorted keys, each member on its own line and two spaces per level, as `json.dumps` indents it.

    Its own indenting is in Python up to 3.14, and takes longer than all else of a manifest with thousands of entries;
    here what holds no other containers is left to the encoder in C. All keys must be strings.
    """
    pieces: list[str] = []
    _indent(value, 0, pieces)
    return "".join(pieces)


def _indent(value: object, level: int, pieces: list[str]) -> None:
    if not isinstance(value, dict | list | tuple) or not value:
        pieces.append(_encoder(0).encode(value))
        return
    start, end = "{}" if isinstance(value, dict) else "[]"
    margin = "\n" + "  " * (level + 1)
    pieces += [start, margin]
    if not any(isinstance(member, dict | list | tuple) for member in _members(value)):
        pieces.append(_encoder(level + 1).encode(value)[1:-1])
    else:
        for number, member in enumerate(sorted(value) if isinstance(value, dict) else value):
            if number:
                pieces += [",", margin]
            if isinstance(value, dict):
                pieces += [encode_basestring(member), ": "]
                member = value[member]
            _indent(member, level + 1, pieces)
    pieces += [margin[:-2], end]


def _members(value: dict[str, object] | Sequence[object]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value


@cache
def _encoder(level: int) -> json.JSONEncoder:
    separators = (",\n" + "  " * level, ": ")
    return json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=separators)
