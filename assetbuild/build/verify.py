"""Reads the output folder again and holds it against the manifest: bytes, variants, plain copies, references.

Trusts nothing that the build remembers: no cache, no index, no stat.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator, Iterator
from pathlib import Path

from assetbuild import manifest
from assetbuild.build import compress, other_manifests, scan_css, scan_js, urls
from assetbuild.build.encoding import decode_css, decode_js
from assetbuild.build.fingerprint import is_fingerprinted
from assetbuild.build.media import text_kind
from assetbuild.build.model import (
    Algorithm,
    Config,
    Missing,
    Place,
    Problem,
    Reference,
    Severity,
    TextKind,
    place_at,
)
from assetbuild.errors import ManifestError
from assetbuild.manifest import Entry, ManifestDict

_HINT = "run `assetbuild build --force`; it repairs what is damaged"


def verify(config: Config) -> tuple[Problem, ...]:
    """What in the output folder is not as the manifest says, sorted by path."""
    try:
        found = manifest.read(config.manifest)
    except ManifestError as error:
        return (Problem("manifest", error.fault, Place(str(config.manifest))),)
    return (*_problems(config, found), *other_manifests.problems(config, found))


def verify_bytes(config: Config, found: ManifestDict) -> tuple[Problem, ...]:
    """Like `verify`, but for references: bytes that the manifest vouches for name what the build made them name.

    Reading them again for that means to parse every script, which takes twenty times as long as all the rest.
    """
    assets = sorted(found["assets"].items())
    return tuple(problem for logical, entry in assets for problem in _contents(config.output, logical, entry))


def not_up_to_date(config: Config, wanted: bytes) -> tuple[Problem, ...]:
    """Like `verify`, and also that the manifest on disk is exactly `wanted`."""
    try:
        same = manifest.regular_bytes(config.manifest) == wanted
    except OSError as error:
        text = f"the manifest cannot be read: {error.strerror}"
        return (Problem("not-up-to-date", text, Place(str(config.manifest)), hint="run `assetbuild build`"),)
    if not same:
        text = "the manifest is not what a build would write now"
        hint = "run `assetbuild build`; `assetbuild build --plan` says what changes"
        return (Problem("not-up-to-date", text, Place(str(config.manifest)), hint=hint),)
    return verify(config)


def _problems(config: Config, found: ManifestDict) -> Iterator[Problem]:
    paths = {entry["path"] for entry in found["assets"].values()}
    mapped = set(found.get("importmap", {}))
    for logical, entry in sorted(found["assets"].items()):
        data = yield from _contents(config.output, logical, entry)
        if data is not None and is_fingerprinted(logical, entry["path"]):  # what is adopted is not read
            file = config.output / entry["path"]
            yield from _references(file, data, logical, entry, paths, mapped, config.missing)


def _contents(output: Path, logical: str, entry: Entry) -> Generator[Problem, None, bytes | None]:
    """What is wrong with the bytes of an output, its variants and its plain copy. Returns the output's bytes."""
    file = output / entry["path"]
    data = _read(file)
    if isinstance(data, Problem):
        yield data
        return None
    yield from _content(file, data, entry)
    yield from _variants(output, entry)
    if entry.get("stable"):
        yield from _plain_copy(output / logical, entry)
    return data


def _read(file: Path) -> bytes | Problem:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return Problem(
            "output-missing", "the manifest names this file, but it is not there", Place(str(file)), hint=_HINT
        )
    except OSError as error:
        return Problem("output-unreadable", f"cannot be read: {error.strerror}", Place(str(file)), hint=_HINT)


def _content(file: Path, data: bytes, entry: Entry) -> Iterator[Problem]:
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
    if len(data) != entry["size"]:
        text = f"has {len(data)} bytes; the manifest says {entry['size']}"
    elif not _is(data, entry):
        text = "its SHA-256 is not the manifest's"
    elif integrity != entry["integrity"]:
        text = "its integrity value is not the manifest's"
    else:
        return
    yield Problem("output-damaged", text, Place(str(file)), hint=_HINT)


def _variants(output: Path, entry: Entry) -> Iterator[Problem]:
    for name, variant in sorted(entry.get("variants", {}).items()):
        file = output / variant["path"]
        data = _read(file)
        if isinstance(data, Problem):
            yield data
            continue
        place = Place(str(file))
        try:
            algorithm = Algorithm(name)
        except ValueError:
            yield Problem("variant-unknown", f'this version knows no compression "{name}"', place, hint=_HINT)
            continue
        if package := compress.missing_package(algorithm):
            yield Problem("missing-package", f"{name} cannot be read here", place, hint=f"pip install '{package}'")
            continue
        try:
            same = len(data) == variant["size"] and _is(compress.decompress(algorithm, data), entry)
        except ValueError:
            same = False
        if not same:
            yield Problem("variant-damaged", "does not unpack to the output that it is a twin of", place, hint=_HINT)


def _is(data: bytes, entry: Entry) -> bool:
    return hashlib.sha256(data).hexdigest() == entry["sha256"]


def _plain_copy(file: Path, entry: Entry) -> Iterator[Problem]:
    data = _read(file)
    if isinstance(data, Problem):
        yield data
    elif not _is(data, entry):
        yield Problem("stable-damaged", "the plain copy is not the same as its output", Place(str(file)), hint=_HINT)


def _references(
    file: Path, data: bytes, logical: str, entry: Entry, paths: set[str], mapped: set[str], missing: Missing
) -> Iterator[Problem]:
    """Every local reference leads to an output, or goes through the import map. An unparsable script has none."""
    severity = Severity.WARNING if missing is Missing.WARN else Severity.ERROR
    hint = "correct the source, or rebuild" if missing is Missing.ERROR else 'left as it is by missing = "warn"'
    text, references = _scan(logical, data)
    for reference in references:
        path = urls.decode(reference.path) or reference.path
        target = urls.normalise(urls.folder_of(entry["path"]), path)
        if target in paths:
            continue
        if reference.kind.is_module_specifier and f"./{target}" in mapped:
            continue
        message = f"refers to {reference.path}, which is no output"
        place = place_at(str(file), text, reference.start)
        yield Problem("reference-unresolved", message, place, severity=severity, hint=hint)


def _scan(logical: str, data: bytes) -> tuple[str, tuple[Reference, ...]]:
    kind = text_kind(logical)
    if kind is TextKind.CSS:
        text = decode_css(data).text
        return text, scan_css.scan(text)
    if kind is TextKind.JS:
        text = decode_js(data).text
        return text, scan_js.read(text).references
    return "", ()
