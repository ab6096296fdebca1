"""What scanning found, kept from one build to the next by the digest of the file: so only what changed is parsed again.

All of it is one entry of the cache, for there are thousands of small ones. Knows how to write down what scans give, and
nothing of files. JSON and not pickle: whoever can write a cache must not be able to run code.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import fields

from assetbuild.build import scan_css, scan_js
from assetbuild.build.cache import Cache
from assetbuild.build.js_references import Bare, PageUrl
from assetbuild.build.kept import Kept
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
    "css_errors",
    "css_tokens",
    "encoding",
    "js_early",
    "js_lexemes",
    "js_references",
    "js_regex",
    "js_scopes",
    "js_slashes",
    "js_tree",
    "model",
    "other_tools",
    "publish_settings",
    "scan_css",
    "scan_js",
    "skim_css",
    "skim_js",
    "urls",
    "webassets_model",
)
"""The modules that decide what a scan gives, and what they import. Their code is in the key."""


class Scans:
    """The scans of the build before, and those of this one. `cache`: None keeps nothing."""

    def __init__(self, cache: Cache | None) -> None:
        self._kept = Kept(cache, "scans", SCANNERS)

    def get(self, scanner: Scanner, sha256: str) -> Scan | None:
        """What a file with that digest was found to hold."""

        def made(record: object) -> Scan:
            found = _object(record)
            if not isinstance(found, StyleSheet if scanner is Scanner.STYLE_SHEET else Script):
                raise TypeError(f"{type(found)} is no scan of {scanner}")
            return found

        return self._kept.get(f"{scanner.value} {sha256}", made)

    def put(self, scanner: Scanner, sha256: str, scan: Scan) -> None:
        self._kept.put(f"{scanner.value} {sha256}", _plain(scan))

    def save(self) -> None:
        self._kept.save()


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
