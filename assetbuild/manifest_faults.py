"""What is wrong with a manifest: the rules of `manifest`, one asset after the other, to say which one breaks which.

Imported where something is wrong, and for the members that few manifests have.
"""

from __future__ import annotations

from assetbuild.manifest import BASE64, consists_of, is_absolute_url, is_hex, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


def faults(document: dict[str, Any]) -> Iterator[str]:
    """All of them, of a document whose `assets` is an object."""
    assets = document["assets"]
    for logical, entry in assets.items():
        fault = path_fault(logical)
        if fault:
            yield f"asset {logical!r} {fault}"
        if not isinstance(entry, dict):
            yield f"asset {logical!r} must be an object, found {kind(entry)}"
            return
        for fault in _entry_faults(entry, assets):
            yield f"asset {logical!r}: {fault}"
    yield from _importmap_faults(document.get("importmap", {}), assets)
    yield from member_faults(document)


def member_faults(document: dict[str, Any]) -> Iterator[str]:
    """Those of `blueprints`, `blocks` and `bundles`."""
    assets = document["assets"]
    yield from _blueprint_faults(document.get("blueprints", {}))
    yield from _blocks_faults(document.get("blocks", {}), assets)
    yield from _bundles_faults(document.get("bundles", {}), assets)


def _entry_faults(entry: dict[str, Any], assets: Iterable[str]) -> Iterator[str]:
    yield from _file_faults(entry)
    if not isinstance(entry.get("type"), str) or not entry["type"]:
        yield f'"type" must be a media type, found {kind(entry.get("type"))}'
    if not is_hex(entry.get("sha256"), 64):
        yield '"sha256" must be 64 hexadecimal digits'
    if not _is_integrity(entry.get("integrity")):
        yield '"integrity" must be "sha384-" and 64 characters of base64'
    for flag in ("module", "stable"):
        if not isinstance(entry.get(flag, True), bool):
            yield f'"{flag}" must be true or absent, found {kind(entry.get(flag))}'
    for member in ("preload", "imports", "css"):
        references = entry.get(member, [])
        if not isinstance(references, list):
            yield f'"{member}" must be an array, found {kind(references)}'
            continue
        for reference in references:
            if not isinstance(reference, str) or reference not in assets:
                yield f'"{member}" names {reference!r}, which is not in "assets"'
    variants = entry.get("variants", {})
    if not isinstance(variants, dict):
        yield f'"variants" must be an object, found {kind(variants)}'
        return
    for key, variant in variants.items():
        if not isinstance(variant, dict):
            yield f'variant "{key}" must be an object, found {kind(variant)}'
            return
        for fault in _file_faults(variant):
            yield f'variant "{key}": {fault}'


def _file_faults(file: dict[str, Any]) -> Iterator[str]:
    path = file.get("path")
    if not isinstance(path, str):
        yield f'"path" must be a string, found {kind(path)}'
    elif fault := path_fault(path):
        yield f"the path {path!r} {fault}"
    size = file.get("size")
    if type(size) is not int or size < 0:
        yield '"size" must be a number of bytes'


def _importmap_faults(importmap: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(importmap, dict):
        yield f'"importmap" must be an object, found {kind(importmap)}'
        return
    for specifier, target in importmap.items():
        if specifier.startswith("./") and (fault := path_fault(specifier[2:])):
            yield f"the import map's key {specifier!r} {fault}"
        if not isinstance(target, str) or not (target in assets or is_absolute_url(target)):
            yield f'the import map sends {specifier!r} to {target!r}, which is neither in "assets" nor an absolute URL'


def _blueprint_faults(blueprints: object) -> Iterator[str]:
    if not isinstance(blueprints, dict):
        yield f'"blueprints" must be an object, found {kind(blueprints)}'
        return
    for name, folder in blueprints.items():
        if not isinstance(folder, str):
            yield f"the blueprint {name!r} must have a folder of logical paths, found {kind(folder)}"
        elif folder and (fault := path_fault(folder)):
            yield f"the folder {folder!r} of the blueprint {name!r} {fault}"


def _blocks_faults(blocks: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(blocks, dict):
        yield f'"blocks" must be an object, found {kind(blocks)}'
        return
    for key, names in blocks.items():
        if not is_hex(key, 64):
            yield f"the key {key!r} of a block must be 64 hexadecimal digits"
        if not isinstance(names, list):
            yield f"block {key!r} must be an array, found {kind(names)}"
            continue
        for name in names:
            if not isinstance(name, str) or name not in assets:
                yield f'block {key!r} names {name!r}, which is not in "assets"'


def _bundles_faults(bundles: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(bundles, dict):
        yield f'"bundles" must be an object, found {kind(bundles)}'
        return
    for name, bundle in bundles.items():
        if not isinstance(bundle, dict) or not isinstance(bundle.get("assets"), list):
            yield f'bundle {name!r} must be an object with an array "assets"'
            continue
        for asset in bundle["assets"]:
            if not isinstance(asset, str) or asset not in assets:
                yield f'bundle {name!r} names {asset!r}, which is not in "assets"'
        if not isinstance(bundle.get("extra", {}), dict):
            yield f'"extra" of bundle {name!r} must be an object, found {kind(bundle["extra"])}'


def path_fault(path: str) -> str:
    """What keeps `path` from being a relative POSIX path inside its folder, on any platform; '' for nothing."""
    if path.startswith(("/", "\\")) or (path[1:2] == ":" and path[0].isascii() and path[0].isalpha()):
        return "is absolute"
    if "\\" in path:
        return "has a backslash in it"
    if any(char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in path):
        return "has a control character in it"
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            return f"has the segment {segment!r} in it"
    return ""


def _is_integrity(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) == 71 and value.startswith("sha384-") and consists_of(value[7:], BASE64)
    )
