"""Media types by suffix: our own table, so that a build gives the same manifest on every machine.

The standard library's `mimetypes` reads the machine's own tables and so differs between machines. Sources: the IANA
media-type registry; text/javascript per RFC 9239; fonts per RFC 8081.
"""

from __future__ import annotations

from functools import lru_cache

from assetbuild.build.model import TextKind

_TYPES = {
    "avif": "image/avif",
    "bmp": "image/bmp",
    "cjs": "text/javascript",
    "css": "text/css",
    "csv": "text/csv",
    "eot": "application/vnd.ms-fontobject",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "gif": "image/gif",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gz": "application/gzip",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "ttc": "font/collection",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xml": "application/xml",
    "zip": "application/zip",
}

_COMPRESSIBLE = {
    "application/vnd.ms-fontobject",
    "application/wasm",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "model/gltf-binary",
    "application/xml",
}

_KINDS = {"css": TextKind.CSS, "js": TextKind.JS, "mjs": TextKind.JS, "cjs": TextKind.JS}


def _suffix(logical: str) -> str:
    name = logical.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


@lru_cache(maxsize=1 << 16)
def media_type(logical: str) -> str:
    """The media type of a logical path, without parameters; `application/octet-stream` if the suffix is unknown."""
    return _TYPES.get(_suffix(logical), "application/octet-stream")


@lru_cache(maxsize=1 << 16)
def text_kind(logical: str) -> TextKind | None:
    """CSS or JS where the file is one that is read and processed, else None."""
    return _KINDS.get(_suffix(logical))


def is_compressible(kind: str) -> bool:
    """Whether files of this media type are worth trying to compress; formats that compress themselves are not."""
    return kind.startswith("text/") or kind.endswith(("+json", "+xml", "/json")) or kind in _COMPRESSIBLE
