"""The manifest, schema 1: reading it and refusing what is not one.

Knows nothing of URLs, tags and look-ups: it is the one thing that the two halves share. A manifest is checked as a
whole before anything is answered from it, because its paths become URLs and file names.
"""

from __future__ import annotations

import json
import os
import stat

from assetbuild.errors import ManifestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, NoReturn, NotRequired, TypedDict, TypeGuard

    class VariantEntry(TypedDict):
        """A precompressed twin of an output; `size` in bytes."""

        path: str
        size: int

    class Entry(TypedDict):
        """One asset. `path` is its output path, `type` its media type without parameters, `size` in bytes."""

        path: str
        type: str
        size: int
        sha256: str
        integrity: str
        variants: NotRequired[dict[str, VariantEntry]]
        preload: NotRequired[list[str]]
        imports: NotRequired[list[str]]
        css: NotRequired[list[str]]
        module: NotRequired[bool]
        stable: NotRequired[bool]

    class BundleEntry(TypedDict):
        """What `{% assets %}` means by a name: `assets` in order, and the `extra` that webassets has for templates."""

        assets: list[str]
        extra: NotRequired[dict[str, Any]]

    class ManifestDict(TypedDict):
        """A whole manifest; `assets` by logical path."""

        schema: int
        build: str
        assets: dict[str, Entry]
        importmap: NotRequired[dict[str, str]]
        blueprints: NotRequired[dict[str, str]]
        blocks: NotRequired[dict[str, list[str]]]
        bundles: NotRequired[dict[str, BundleEntry]]

else:  # `typing` costs as much to import as all the rest, and a TypedDict is a dict
    VariantEntry = Entry = BundleEntry = ManifestDict = dict

SCHEMA = 1
_REBUILD = "run `assetbuild build` to write it anew"
_HEX = b"0123456789abcdef"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PREFIX = b"sha384-"
_MARKED = bytes(
    0 if char in b":\\" or not 0x20 <= char < 0x7F else ord("/") if char == ord(".") else char for char in range(256)
)
"""What may stand in no path as a null, and a dot as a slash: with both, no segment of a sound path is empty or dots."""
_REQUIRED = 5
"""Members that each asset has."""


def read(path: str | os.PathLike[str]) -> ManifestDict:
    """The manifest in file `path`. Raises `ManifestError`, also where there is no such file."""
    name = os.fspath(path)
    try:
        data = regular_bytes(name)
    except FileNotFoundError:
        raise ManifestError(
            "there is no manifest here; run `assetbuild build`, or correct the path", name=name
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null character, which no file name has
        reason = getattr(error, "strerror", None) or error
        raise ManifestError(
            f"the manifest cannot be read ({reason}); make it readable, or correct the path", name=name
        ) from error
    return loads(data, name=name)


def regular_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of the regular file `path`, be it through links. Raises `OSError`, and ValueError for a null character.

    A pipe has nobody who writes to it and a device may have no end: reading one would never come back.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening says of a folder what it is
        raise OSError(22, "it is a device, a pipe or a socket, not a file", os.fspath(path))
    with open(path, "rb") as file:
        return file.read()


def loads(data: bytes, *, name: str) -> ManifestDict:
    """The manifest in `data`; `name` is what messages call the file. Raises `ManifestError`.

    Members that schema 1 does not know are left in and not looked at.
    """
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        _refuse(name, f"byte {error.start} is not UTF-8")
    except (ValueError, RecursionError) as error:
        _refuse(name, f"not JSON, or only a part of it ({error})")
    if not isinstance(document, dict):
        _refuse(name, f"expected a JSON object, found {_kind(document)}")
    _check_schema(document.get("schema"), name)
    if not _is_hex(document.get("build"), 64):
        _refuse(name, '"build" must be 64 hexadecimal digits')
    if not isinstance(document.get("assets"), dict):
        _refuse(name, f'"assets" must be an object, found {_kind(document.get("assets"))}')
    if not _is_plainly_sound(document):
        for fault in _faults(document):
            _refuse(name, fault)
    return document  # type: ignore[return-value]  # this is the check that makes it one


def outputs(assets: Mapping[str, Entry]) -> frozenset[str]:
    """The paths of everything that is named by its content: outputs and variants."""
    paths = {entry["path"] for entry in assets.values()}
    paths.update(twin["path"] for entry in assets.values() for twin in entry.get("variants", {}).values())
    return frozenset(paths)


def is_absolute_url(text: str) -> bool:
    """Whether `text` has a host or a scheme (RFC 3986, section 3.1) and so names nothing of ours."""
    scheme, colon, _ = text.partition(":")
    return text.startswith("//") or bool(colon and scheme[:1].isalpha() and not set(scheme) & set("/?#"))


def _refuse(name: str, fault: str) -> NoReturn:
    raise ManifestError(f"this is no usable manifest: {fault}; {_REBUILD}", name=name)


def _check_schema(schema: object, name: str) -> None:
    if type(schema) is not int or schema < 1:
        _refuse(name, f'"schema" must be the number {SCHEMA}, found {json.dumps(schema)[:40]}')
    if schema != SCHEMA:
        from assetbuild import __version__

        raise ManifestError(
            f"the manifest has schema {schema}, and assetbuild {__version__} reads schema {SCHEMA}; install "
            "the version of assetbuild that built it, or a later one",
            name=name,
        )


# --- the whole at once: a few passes in C instead of one in Python per asset ------------------------------


def _is_plainly_sound(document: dict[str, Any]) -> bool:
    """True only for what `_faults` finds nothing wrong with; False means: look closely.

    What is not text where text must be ends in a TypeError, as `join` takes nothing else.
    """
    assets = document["assets"]
    entries = list(assets.values())
    if "bundles" in document and any(_bundles_faults(document["bundles"], assets)):
        return False
    if not entries:
        return "importmap" not in document and not document.keys() & {"blueprints", "blocks"}
    try:
        longer = [entry for entry in entries if len(entry) > _REQUIRED]
        groups = [entry["variants"] for entry in longer if "variants" in entry]
        twins = [twin for group in groups for twin in group.values()]
        more = [entry for entry in longer if len(entry) > _REQUIRED + ("variants" in entry)]
        sizes = [entry["size"] for entry in entries] + [twin["size"] for twin in twins]
        paths = [entry["path"] for entry in entries] + [twin["path"] for twin in twins]
        importmap = document.get("importmap", {})
        mapped = [specifier[2:] for specifier in importmap if specifier.startswith("./")]
        return (
            _are_plain_paths([*assets, *paths, *mapped])
            and set(map(type, sizes)) == {int}
            and min(sizes) >= 0
            and _are_digests([entry["sha256"] for entry in entries])
            and _are_integrities([entry["integrity"] for entry in entries])
            and set(map(type, types := {entry["type"] for entry in entries})) == {str}
            and "" not in types
            and {type(entry["module"]) for entry in more if "module" in entry} <= {bool}
            and {type(entry["stable"]) for entry in more if "stable" in entry} <= {bool}
            and _are_known([entry["preload"] for entry in more if "preload" in entry], assets)
            and _are_known([entry["imports"] for entry in more if "imports" in entry], assets)
            and _are_known([entry["css"] for entry in more if "css" in entry], assets)
            and not any(_blocks_faults(document.get("blocks", {}), assets))
            and all(target in assets or is_absolute_url(target) for target in importmap.values())
            and not any(_blueprint_faults(document.get("blueprints", {})))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _are_plain_paths(paths: list[str]) -> bool:
    """All segments stand between slashes. One search in them is felt: so a dot is looked for as if it were a slash,
    and as a rule that is all.
    """
    text = "/" + "/".join(paths) + "/"
    if text.isascii():
        marked = text.encode("ascii").translate(_MARKED)
        if b"\0" in marked:
            return False
        if b"//" not in marked:
            return True
    elif "\\" in text or ":" in text or not text.isprintable():
        return False
    return not ("//" in text or "/./" in text or "/../" in text)


def _are_digests(digests: list[str]) -> bool:
    return set(map(len, digests)) == {64} and _consists_of("".join(digests), _HEX)


def _are_integrities(integrities: list[str]) -> bool:
    """The hyphens of the prefixes are all that is no base64, and each letter of these is in its place of all 71."""
    text = "".join(integrities)
    if set(map(len, integrities)) != {71} or not text.isascii():
        return False
    joined, count = text.encode("ascii"), len(integrities)
    places = all(joined[at::71] == _PREFIX[at : at + 1] * count for at in range(len(_PREFIX)))
    return places and joined.translate(None, _BASE64) == b"-" * count


def _are_known(named: list[list[str]], assets: Mapping[str, Any]) -> bool:
    return set(map(type, named)) <= {list} and assets.keys() >= {name for group in named for name in group}


def _consists_of(text: str, chars: bytes) -> bool:
    return text.isascii() and not text.encode("ascii").translate(None, chars)


# --- looking closely: the same rules, one asset after the other, to say which one breaks which ------------


def _faults(document: dict[str, Any]) -> Iterator[str]:
    assets = document["assets"]
    for logical, entry in assets.items():
        fault = path_fault(logical)
        if fault:
            yield f"asset {logical!r} {fault}"
        if not isinstance(entry, dict):
            yield f"asset {logical!r} must be an object, found {_kind(entry)}"
            return
        for fault in _entry_faults(entry, assets):
            yield f"asset {logical!r}: {fault}"
    yield from _importmap_faults(document.get("importmap", {}), assets)
    yield from _blueprint_faults(document.get("blueprints", {}))
    yield from _blocks_faults(document.get("blocks", {}), assets)
    yield from _bundles_faults(document.get("bundles", {}), assets)


def _entry_faults(entry: dict[str, Any], assets: Iterable[str]) -> Iterator[str]:
    yield from _file_faults(entry)
    if not isinstance(entry.get("type"), str) or not entry["type"]:
        yield f'"type" must be a media type, found {_kind(entry.get("type"))}'
    if not _is_hex(entry.get("sha256"), 64):
        yield '"sha256" must be 64 hexadecimal digits'
    if not _is_integrity(entry.get("integrity")):
        yield '"integrity" must be "sha384-" and 64 characters of base64'
    for flag in ("module", "stable"):
        if not isinstance(entry.get(flag, True), bool):
            yield f'"{flag}" must be true or absent, found {_kind(entry.get(flag))}'
    for member in ("preload", "imports", "css"):
        references = entry.get(member, [])
        if not isinstance(references, list):
            yield f'"{member}" must be an array, found {_kind(references)}'
            continue
        for reference in references:
            if not isinstance(reference, str) or reference not in assets:
                yield f'"{member}" names {reference!r}, which is not in "assets"'
    variants = entry.get("variants", {})
    if not isinstance(variants, dict):
        yield f'"variants" must be an object, found {_kind(variants)}'
        return
    for key, variant in variants.items():
        if not isinstance(variant, dict):
            yield f'variant "{key}" must be an object, found {_kind(variant)}'
            return
        for fault in _file_faults(variant):
            yield f'variant "{key}": {fault}'


def _file_faults(file: dict[str, Any]) -> Iterator[str]:
    path = file.get("path")
    if not isinstance(path, str):
        yield f'"path" must be a string, found {_kind(path)}'
    elif fault := path_fault(path):
        yield f"the path {path!r} {fault}"
    size = file.get("size")
    if type(size) is not int or size < 0:
        yield '"size" must be a number of bytes'


def _importmap_faults(importmap: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(importmap, dict):
        yield f'"importmap" must be an object, found {_kind(importmap)}'
        return
    for specifier, target in importmap.items():
        if specifier.startswith("./") and (fault := path_fault(specifier[2:])):
            yield f"the import map's key {specifier!r} {fault}"
        if not isinstance(target, str) or not (target in assets or is_absolute_url(target)):
            yield f'the import map sends {specifier!r} to {target!r}, which is neither in "assets" nor an absolute URL'


def _blueprint_faults(blueprints: object) -> Iterator[str]:
    if not isinstance(blueprints, dict):
        yield f'"blueprints" must be an object, found {_kind(blueprints)}'
        return
    for name, folder in blueprints.items():
        if not isinstance(folder, str):
            yield f"the blueprint {name!r} must have a folder of logical paths, found {_kind(folder)}"
        elif folder and (fault := path_fault(folder)):
            yield f"the folder {folder!r} of the blueprint {name!r} {fault}"


def _blocks_faults(blocks: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(blocks, dict):
        yield f'"blocks" must be an object, found {_kind(blocks)}'
        return
    for key, names in blocks.items():
        if not _is_hex(key, 64):
            yield f"the key {key!r} of a block must be 64 hexadecimal digits"
        if not isinstance(names, list):
            yield f"block {key!r} must be an array, found {_kind(names)}"
            continue
        for name in names:
            if not isinstance(name, str) or name not in assets:
                yield f'block {key!r} names {name!r}, which is not in "assets"'


def _bundles_faults(bundles: object, assets: Iterable[str]) -> Iterator[str]:
    if not isinstance(bundles, dict):
        yield f'"bundles" must be an object, found {_kind(bundles)}'
        return
    for name, bundle in bundles.items():
        if not isinstance(bundle, dict) or not isinstance(bundle.get("assets"), list):
            yield f'bundle {name!r} must be an object with an array "assets"'
            continue
        for asset in bundle["assets"]:
            if not isinstance(asset, str) or asset not in assets:
                yield f'bundle {name!r} names {asset!r}, which is not in "assets"'
        if not isinstance(bundle.get("extra", {}), dict):
            yield f'"extra" of bundle {name!r} must be an object, found {_kind(bundle["extra"])}'


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


def _is_hex(value: object, length: int) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) == length and _consists_of(value, _HEX)


def _is_integrity(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) == 71 and value.startswith("sha384-") and _consists_of(value[7:], _BASE64)
    )


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")
