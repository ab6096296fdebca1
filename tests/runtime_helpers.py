"""Manifests made by hand, with correct digests, and the files they name: the run-time half's world in five lines."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "woff2": "font/woff2",
}
SUFFIXES = {"gzip": ".gz", "br": ".br", "zstd": ".zst"}


def output_path(logical: str, content: bytes) -> str:
    folder, slash, name = logical.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f"{folder}{slash}{stem}-{digest}{dot}{suffix}"


def sri(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")


def entry(logical: str, content: bytes, *, variants: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    path = output_path(logical, content)
    made: dict[str, Any] = {
        "path": path,
        "type": TYPES[logical.rpartition(".")[2]],
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "integrity": sri(content),
    }
    if variants:
        made["variants"] = {key: {"path": path + SUFFIXES[key], "size": 1} for key in variants}
    return made | members


def document(
    files: dict[str, str | bytes],
    members: dict[str, dict[str, Any]] | None = None,
    importmap: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A manifest of `files`; `members` are further members of their entries (and `variants`, the keys alone)."""
    assets = {
        logical: entry(logical, _bytes(content), **(members or {}).get(logical, {}))
        for logical, content in sorted(files.items())
    }
    made: dict[str, Any] = {"schema": 1, "assets": assets}
    if importmap:
        made["importmap"] = importmap
    bare = {key: {k: v for k, v in value.items() if k != "variants"} for key, value in assets.items()}
    canonical = json.dumps(made | {"assets": bare}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    made["build"] = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
    return made


def dump(made: dict[str, Any]) -> bytes:
    return (json.dumps(made, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def write(
    folder: Path,
    files: dict[str, str | bytes],
    members: dict[str, dict[str, Any]] | None = None,
    importmap: dict[str, str] | None = None,
    *,
    with_files: bool = False,
) -> Path:
    """Write a manifest of `files` into `folder`, replaced in one step as a build does; with the outputs, if asked."""
    made = document(files, members, importmap)
    folder.mkdir(parents=True, exist_ok=True)
    for logical, content in files.items() if with_files else ():
        target = folder / made["assets"][logical]["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_bytes(content))
    manifest = folder / "manifest.json"
    neighbour = folder / "manifest.json.new"
    neighbour.write_bytes(dump(made))
    neighbour.replace(manifest)
    return manifest


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


# One build with something of everything, for the tests of what is answered from it.

FILES: dict[str, str | bytes] = {
    "css/app.css": "a{}",
    "css/base.css": "b{}",
    "css/Theme.css": "t{}",
    "fonts/inter.woff2": b"font",
    "img/logo.png": b"png",
    "js/app.js": "app",
    "js/data.json": "{}",
    "js/main.js": "main",
    "js/util.js": "util",
    "js/deep.js": "deep",
    "odd name (1)&'ü.css": "odd",
}
MEMBERS: dict[str, dict[str, Any]] = {
    "css/app.css": {"preload": ["fonts/inter.woff2", "css/base.css"], "variants": ("gzip", "zstd")},
    "js/main.js": {"module": True, "imports": ["js/util.js", "js/deep.js", "js/data.json"]},
    "js/util.js": {"module": True, "imports": ["js/deep.js"]},
    "css/base.css": {"stable": True},
}


def path_of(name: str) -> str:
    return output_path(name, _bytes(FILES[name]))


def sri_of(name: str) -> str:
    return sri(_bytes(FILES[name]))
