"""The HTML that puts an asset into a page: elements, attribute values, URLs, JSON inside a script element.

Pure text; knows no manifest and no files. Rules: the HTML standard (preload, module scripts, CORS settings attributes),
Subresource Integrity, and RFC 3986 for what stands unencoded in a path.
"""

from __future__ import annotations

import json

from assetbuild.errors import AssetbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assetbuild.manifest import Entry

    Line = tuple[str, str]
    """An element in two pieces; the nonce, where there is one, goes between them."""

IMMUTABLE = "public, max-age=31536000, immutable, no-transform"
"""`Cache-Control` of what is named by its content (RFC 8246); a proxy that transforms it would break its integrity."""

# Every sub-delimiter of RFC 3986 but quotes and parentheses, as in the URLs that a build writes.
_UNENCODED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~!$&*+,;=:@"


class Markup(str):
    """Text that is HTML already: template engines that know `__html__` do not escape it again."""

    __slots__ = ()

    def __html__(self) -> Markup:
        return self


def escape(value: object) -> str:
    """`value` as the text of a double-quoted attribute."""
    text = str(value).replace("&", "&amp;").replace('"', "&#34;").replace("'", "&#39;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def is_unencoded(text: str) -> bool:
    """Whether `encode` would leave `text` as it is."""
    return text.isascii() and not text.encode("ascii").translate(None, _UNENCODED)


def encode(path: str) -> str:
    """A path as it stands in a URL, percent-encoded from its UTF-8 bytes."""
    if is_unencoded(path):
        return path
    return "".join(chr(byte) if byte in _UNENCODED else f"%{byte:02X}" for byte in path.encode("utf-8"))


def decode(path: str) -> str:
    """The inverse of `encode`; an escape that is none stays as it is, bytes that are not UTF-8 become U+FFFD."""
    head, *rest = path.split("%")
    data = bytearray(head.encode("utf-8"))
    for part in rest:
        digits = part[:2]
        if len(digits) == 2 and not digits.strip("0123456789abcdefABCDEF"):
            data += bytes([int(digits, 16)]) + part[2:].encode("utf-8")
        else:
            data += b"%" + part.encode("utf-8")
    return data.decode("utf-8", "replace")


class _BadBaseUrl(AssetbuildError, ValueError):
    """A base URL that nothing can be appended to."""


def checked_base(base_url: object) -> str:
    """The base URL with a slash at its end. Raises `AssetbuildError` for what is none."""
    if not isinstance(base_url, str):
        raise _BadBaseUrl(f"the base URL must be a string like '/static/', found {base_url!r}; pass a string")
    if "?" in base_url or "#" in base_url:
        raise _BadBaseUrl(f"the base URL {base_url!r} has a query or a fragment; give only what stands before")
    if any(char <= " " or char in '\\"<>' for char in base_url):
        raise _BadBaseUrl(f"the base URL {base_url!r} has a character that no URL has; percent-encode it")
    return base_url if base_url.endswith("/") else base_url + "/"


def stylesheet(url: str, integrity: str, *, cors: bool) -> Line:
    return f'<link rel="stylesheet" href="{escape(url)}"{_checks(integrity, cors=cors)}', ">"


def script(url: str, integrity: str, *, cors: bool, module: bool) -> Line:
    kind = ' type="module"' if module else ""
    return f'<script{kind} src="{escape(url)}"{_checks(integrity, cors=cors)}', "></script>"


def modulepreload(url: str, integrity: str, *, cors: bool) -> Line:
    """The preload of a module.

    Modules are always fetched in CORS mode with same-origin credentials, with `crossorigin="anonymous"` and without it
    alike, so this matches the later import whether or not the script element has the attribute.
    """
    return f'<link rel="modulepreload" href="{escape(url)}"{_checks(integrity, cors=cors)}', ">"


def preload_font(url: str, media_type: str) -> Line:
    """Fonts are fetched in anonymous CORS mode even from the page's own origin (CSS Fonts 4, section 4.8.2).

    Without `crossorigin` the browser would fetch the font twice. `integrity` does not apply to fonts.
    """
    return f'<link rel="preload" as="font" type="{escape(media_type)}" href="{escape(url)}" crossorigin', ">"


def preload_style(url: str, integrity: str, *, cross_origin: bool) -> Line:
    """The preload of a style sheet that another one imports.

    `@import` fetches in no-cors mode whatever the importing link says (CSS Cascade 5, section 2.2), so `crossorigin`
    would make a second fetch of it; and the bytes of a no-cors answer from another origin may not be checked, so there
    `integrity` would block it.
    """
    checks = "" if cross_origin else _checks(integrity, cors=False)
    return f'<link rel="preload" as="style" href="{escape(url)}"{checks}', ">"


def importmap(importmap: Mapping[str, str], assets: Mapping[str, Entry], *, base_url: str) -> Line:
    """The import map of a manifest; `base_url` is absolute or `rooted`."""
    imports, integrity = {}, {}
    for specifier, target in importmap.items():
        key = base_url + encode(specifier[2:]) if specifier.startswith("./") else specifier
        entry = assets.get(target)
        if entry is not None:
            imports[key] = base_url + encode(entry["path"])
            integrity[imports[key]] = entry["integrity"]
        else:
            imports[key] = target
    members = {"imports": imports, "integrity": integrity} if integrity else {"imports": imports}
    return '<script type="importmap"', f">{script_json(members)}</script>"


def rooted(base_url: str) -> str:
    """A relative base URL as an import map needs it: without slash or dots it would be a bare specifier (HTML)."""
    return base_url if base_url.startswith(("/", "./", "../")) else "./" + base_url


def script_json(value: object) -> str:
    """JSON that can stand inside a script element: no `<`, `>`, `&`, and nothing outside ASCII (so no U+2028)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def pieces(lines: Iterable[Line]) -> tuple[str, ...]:
    """The elements one below the other, each once, cut where a nonce can stand."""
    text, cut = "", []
    for head, tail in dict.fromkeys(lines):
        cut.append(text + head)
        text = tail + "\n"
    return (*cut, text.removesuffix("\n"))


def with_nonce(cut: tuple[str, ...], nonce: str | None) -> Markup:
    """`pieces` joined. Without a nonce, or with an empty one, there is no attribute."""
    return Markup((f' nonce="{escape(nonce)}"' if nonce else "").join(cut))


def _checks(integrity: str, *, cors: bool) -> str:
    """Integrity of a file from another origin is only checked when it is fetched in CORS mode (SRI, section 3.3)."""
    return f' integrity="{escape(integrity)}"' + (' crossorigin="anonymous"' if cors else "")
