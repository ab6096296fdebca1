"""`Assets.for_tests`: a manifest of plain names, made of what lies in source folders and never written.

Imported by tests only. It knows no configuration: which files are excluded and what bundles are made of is the build
half's to say, so bundles are named by the caller, and nothing of a file is looked at but its name.
"""

from __future__ import annotations

import os

from assetbuild import near
from assetbuild.errors import AssetbuildError
from assetbuild.manifest_faults import path_fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assetbuild.manifest import Entry, ManifestDict

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".cjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""The types on which an answer depends; what is of any other has a URL and nothing else."""

_INTEGRITY = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"
_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Those of no bytes: well-formed, the same in every run, so that a page in a test changes only with its template."""


def document(folders: Sequence[str], names: Iterable[str]) -> ManifestDict:
    """A manifest whose output paths are the logical paths. Raises `AssetbuildError` for what is no folder or name."""
    found = {name for folder in folders for name in _names_below(folder)}
    for name in [names] if isinstance(names, str) else names:
        fault = path_fault(name)
        if fault:
            raise AssetbuildError(f"the name {name!r} {fault}; write a logical path like 'css/app.css'")
        found.add(name)
    assets = {name: _entry(name) for name in sorted(found)}
    return {"schema": 1, "build": near.FOR_TESTS, "assets": assets}


def _names_below(folder: str) -> Iterator[str]:
    if not os.path.isdir(folder):
        raise AssetbuildError(f"{folder}: there is no such folder; pass the folders of `sources`")
    for place, subfolders, files in os.walk(folder, followlinks=True):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        for name in sorted(files):
            if not name.startswith("."):  # a build never publishes those
                yield name if below == "." else f"{below}/{name}"


def _entry(name: str) -> Entry:
    suffix = os.path.splitext(name)[1].lower()
    entry: Entry = {
        "path": name,
        "type": _TYPES.get(suffix, "application/octet-stream"),
        "size": 0,
        "sha256": _SHA256,
        "integrity": _INTEGRITY,
        "stable": True,  # a plain name: nothing may be cached for ever
    }
    if suffix == ".mjs":
        entry["module"] = True
    return entry
