"""The manifest in the shapes that other tools read: Django's, a flat map, Vite's.

Pure, and knows only our manifest as it was read: so whoever has that can say what every other one must hold.
"""

from __future__ import annotations

import hashlib
import json

from assetbuild.build.other_tools import Shape
from assetbuild.manifest import Entry, ManifestDict

_LOADED = ("text/css", "text/javascript")


def render(shape: Shape, document: ManifestDict) -> bytes:
    """What `document` says in another shape: sorted keys, UTF-8, one newline at the end."""
    paths = {logical: entry["path"] for logical, entry in document["assets"].items()}
    content: dict[str, object]
    if shape is Shape.DJANGO:
        content = {"version": "1.1", "paths": paths, "hash": _django_hash(paths)}
    elif shape is Shape.FLAT:
        content = dict(paths)
    else:
        content = dict(_vite(document))
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _django_hash(paths: dict[str, str]) -> str:
    """As `ManifestFilesMixin.save_manifest` works it out; it is a version, and nothing is trusted because of it."""
    text = json.dumps(sorted(paths.items())).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()[:12]


def _vite(document: ManifestDict) -> dict[str, dict[str, object]]:
    assets = document["assets"]
    imported = {name for entry in assets.values() for name in entry.get("imports", ())}
    return {
        logical: _chunk(logical, entry, assets, is_entry=entry["type"] in _LOADED and logical not in imported)
        for logical, entry in assets.items()
    }


def _chunk(logical: str, entry: Entry, assets: dict[str, Entry], *, is_entry: bool) -> dict[str, object]:
    """One chunk. `css` asks the page for a link, so it has only what our own tags link. A style sheet that another one
    or a script imports is loaded by that import, and a link would move it to another place in the cascade.

    `integrity` is not Vite's own; plugins write it, and integrations that know it read it.
    """
    chunk: dict[str, object] = {"file": entry["path"], "src": logical, "integrity": entry["integrity"]}
    if is_entry:
        chunk["isEntry"] = True
    if imports := entry.get("imports"):
        chunk["imports"] = list(imports)
    linked = entry.get("css", [])
    if linked:
        chunk["css"] = [assets[name]["path"] for name in linked]
    if loaded := [assets[name]["path"] for name in entry.get("preload", ()) if name not in linked]:
        chunk["assets"] = loaded
    return chunk
