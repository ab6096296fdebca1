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
    from collections.abc import Mapping
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
HEX = b"0123456789abcdef"
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PREFIX = b"sha384-"
_MARKED = bytes(
    0 if char in b":\\" or not 0x20 <= char < 0x7F else ord("/") if char == ord(".") else char for char in range(256)
)
"""What may stand in no path as a null, and a dot as a slash: with both, no segment of a sound path is empty or dots."""
_REQUIRED = 5
"""Members that each asset has."""
_MEMBERS = ("blueprints", "blocks", "bundles")
"""Few manifests have them."""


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
        _refuse(name, f"expected a JSON object, found {kind(document)}")
    _check_schema(document.get("schema"), name)
    if not is_hex(document.get("build"), 64):
        _refuse(name, '"build" must be 64 hexadecimal digits')
    if not isinstance(document.get("assets"), dict):
        _refuse(name, f'"assets" must be an object, found {kind(document.get("assets"))}')
    if not _is_plainly_sound(document):
        from assetbuild import manifest_faults

        for fault in manifest_faults.faults(document):
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
    """True only for what `manifest_faults` finds nothing wrong with; False means: look closely.

    What is not text where text must be ends in a TypeError, as `join` takes nothing else.
    """
    assets = document["assets"]
    entries = list(assets.values())
    if not entries:
        return not document.keys() & {"importmap", *_MEMBERS}
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
            and all(target in assets or is_absolute_url(target) for target in importmap.values())
            and (document.keys().isdisjoint(_MEMBERS) or _are_sound_members(document))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _are_sound_members(document: dict[str, Any]) -> bool:
    from assetbuild import manifest_faults

    return not any(manifest_faults.member_faults(document))


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
    return set(map(len, digests)) == {64} and consists_of("".join(digests), HEX)


def _are_integrities(integrities: list[str]) -> bool:
    """The hyphens of the prefixes are all that is no base64, and each letter of these is in its place of all 71."""
    text = "".join(integrities)
    if set(map(len, integrities)) != {71} or not text.isascii():
        return False
    joined, count = text.encode("ascii"), len(integrities)
    places = all(joined[at::71] == _PREFIX[at : at + 1] * count for at in range(len(_PREFIX)))
    return places and joined.translate(None, BASE64) == b"-" * count


def _are_known(named: list[list[str]], assets: Mapping[str, Any]) -> bool:
    return set(map(type, named)) <= {list} and assets.keys() >= {name for group in named for name in group}


def consists_of(text: str, chars: bytes) -> bool:
    """Whether no character of `text` is another than those."""
    return text.isascii() and not text.encode("ascii").translate(None, chars)


def is_hex(value: object, length: int) -> TypeGuard[str]:
    """Whether it is a text of so many hexadecimal digits."""
    return isinstance(value, str) and len(value) == length and consists_of(value, HEX)


def kind(value: object) -> str:
    """What JSON calls it, with its article."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")
