"""What scanning found, kept from one build to the next by the digest of the file: so only what changed is parsed again.

All of it is one entry of the cache, for there are thousands of small ones. Knows how to write down what scans give, and
nothing of files. JSON and not pickle: whoever can write a cache must not be able to run code.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import fields

from assetbuild.build import (
    css_errors,
    css_tokens,
    encoding,
    js_early,
    js_lexemes,
    js_references,
    js_regex,
    js_scopes,
    js_slashes,
    js_tree,
    keys,
    model,
    other_tools,
    own_code,
    publish_settings,
    scan_css,
    scan_js,
    skim_css,
    skim_js,
    urls,
    versions,
    webassets_model,
)
from assetbuild.build.cache import Cache
from assetbuild.build.js_references import Bare, PageUrl
from assetbuild.build.model import Reference, RefKind
from assetbuild.build.scan_css import StyleSheet
from assetbuild.build.scan_js import Script

Scan = Script | StyleSheet


class Scanner(enum.Enum):
    """How a text is read."""

    STYLE_SHEET = "css"
    SCRIPT = "js"
    SKIM = "js skimmed"
    """A script of which it is only asked what it names, and not whether it parses."""

    @property
    def scan(self) -> Callable[[str], Scan]:
        return SCANS[self]

    @property
    def rate(self) -> float:
        """About how many seconds a character takes."""
        return {Scanner.STYLE_SHEET: 0.4e-6, Scanner.SCRIPT: 0.12e-6, Scanner.SKIM: 0.025e-6}[self]


SCANS: dict[Scanner, Callable[[str], Scan]] = {
    Scanner.STYLE_SHEET: scan_css.read,
    Scanner.SCRIPT: scan_js.read,
    Scanner.SKIM: scan_js.skim,
}

SCANNERS = (
    css_errors,
    css_tokens,
    encoding,
    js_early,
    js_lexemes,
    js_references,
    js_regex,
    js_scopes,
    js_slashes,
    js_tree,
    model,
    other_tools,
    publish_settings,
    scan_css,
    scan_js,
    skim_css,
    skim_js,
    urls,
    webassets_model,
)
"""The modules that decide what a scan gives, and what they import. Their code is in the key."""

_PACKAGES = ("tree-sitter", "tree-sitter-javascript")


class Scans:
    """The scans of the build before, and those of this one. `cache`: None keeps nothing."""

    def __init__(self, cache: Cache | None) -> None:
        self._key = _key() if cache is not None else None
        self._cache = cache if self._key is not None else None
        self._old = _loaded(cache, self._key) if cache is not None and self._key is not None else {}
        self._new: dict[str, object] = {}

    def get(self, scanner: Scanner, sha256: str) -> Scan | None:
        """What a file with that digest was found to hold."""
        name = f"{scanner.value} {sha256}"
        if name not in self._old:
            return None
        try:
            found = _object(self._old[name])
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        if not isinstance(found, StyleSheet if scanner is Scanner.STYLE_SHEET else Script):
            return None
        self._new[name] = self._old[name]
        return found

    def put(self, scanner: Scanner, sha256: str, scan: Scan) -> None:
        self._new[f"{scanner.value} {sha256}"] = _plain(scan)

    def save(self) -> None:
        """Keep what this build has asked for and put, and nothing else: so what is kept does not grow."""
        if self._cache is not None and self._key is not None and self._new.keys() != self._old.keys():
            data = json.dumps(self._new, sort_keys=True, separators=(",", ":")).encode()
            self._cache.put(self._key, data, {})
        self._old, self._new = {}, {}  # large, and asked no more


def _key() -> str | None:
    code = own_code.digest(SCANNERS)
    if code is None:
        return None
    return keys.key((("scans", code), *((name, versions.installed(name)) for name in _PACKAGES)))


def _loaded(cache: Cache, key: str) -> Mapping[str, object]:
    cached = cache.get(key)
    try:
        found = json.loads(cached.data) if cached is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# --- values as JSON --------------------------------------------------------------------------------------

_CLASSES: Mapping[str, Callable[..., object]] = {
    cls.__name__: cls for cls in (Bare, PageUrl, Reference, Script, StyleSheet)
}


def _plain(value: object) -> object:
    """Tuples as lists, other values as an object with one member: its class, with its fields."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, RefKind):
        return {"RefKind": value.value}
    if isinstance(value, Bare | PageUrl | Reference | Script | StyleSheet):
        return {type(value).__name__: [_plain(getattr(value, field.name)) for field in fields(value)]}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"a scan holds a {type(value).__name__}")


def _object(plain: object) -> object:
    """The value again. Raises what a wrong one makes of it."""
    if isinstance(plain, list):
        return tuple(map(_object, plain))
    if isinstance(plain, dict):
        ((name, inside),) = plain.items()
        return RefKind(inside) if name == "RefKind" else _CLASSES[name](*map(_object, inside))
    return plain
