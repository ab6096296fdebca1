"""The record of a release as values and as JSON: which objects a build needs at a target, under which headers.

Knows no storage: `ledger.py` reads and writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assetbuild.build.storage import Headers

BUILD = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of a release: size in bytes, SHA-256 in hexadecimal, headers, and the asset that it belongs to.

    `variant`: a compressed twin, whose bytes may differ between machines and still be the same release's.
    """

    size: int
    sha256: str
    headers: Headers
    logical: str
    variant: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """What a build needs at the target, by key; and its manifest, as text.

    `written`: when the record was, by the storage's clock; 0 for one that has not been read from there.
    """

    build: str
    objects: Mapping[str, Kept]
    manifest: str
    plain: Mapping[str, str] = field(default_factory=dict)
    """Keys under plain names, which every release overwrites: to the immutable key with the same bytes."""
    plain_headers: Mapping[str, Headers] = field(default_factory=dict)
    written: float = field(default=0.0, compare=False)


class DamagedRecord(Exception):
    """A record or log entry that is no such thing: edited by hand, or of a later version."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key, self.reason = key, reason


def release_document(release: Release) -> dict[str, object]:
    """What `release_from` reads."""
    return {
        "build": release.build,
        "manifest": release.manifest,
        "objects": {
            key: {
                "size": kept.size,
                "sha256": kept.sha256,
                "logical": kept.logical,
                "headers": headers_document(kept.headers),
                **({"variant": True} if kept.variant else {}),
            }
            for key, kept in release.objects.items()
        },
        "plain": {
            key: {"from": source, "headers": headers_document(release.plain_headers[key])}
            for key, source in release.plain.items()
        },
    }


def release_from(key: str, document: Mapping[str, Any], written: float) -> Release:
    """The release in a record at `key`, as parsed. Raises `DamagedRecord`."""
    try:
        build = _digest(document["build"])
        objects = {
            name: Kept(
                _whole(one["size"]),
                _digest(one["sha256"]),
                _headers(one["headers"]),
                str(one["logical"]),
                one.get("variant") is True,
            )
            for name, one in document["objects"].items()
        }
        plain = {name: str(one["from"]) for name, one in document["plain"].items()}
        plain_headers = {name: _headers(one["headers"]) for name, one in document["plain"].items()}
        if not set(plain.values()) <= objects.keys():
            raise ValueError("a plain name stands for an object that is not named")
        return Release(build, objects, str(document["manifest"]), plain, plain_headers, written)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedRecord(key, f"it is no release record ({type(error).__name__}: {error})") from None


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no size")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not BUILD.fullmatch(value):
        raise ValueError(f"{value!r} is no SHA-256")
    return value


def headers_document(headers: Headers) -> dict[str, object]:
    """A header profile as JSON; what is empty is left out."""
    found = {
        "type": headers.content_type,
        "cache": headers.cache_control,
        "encoding": headers.content_encoding,
        "metadata": dict(headers.metadata),
    }
    return {name: value for name, value in found.items() if value}


def _headers(document: Mapping[str, Any]) -> Headers:
    metadata = document.get("metadata", {})
    return Headers(
        str(document["type"]),
        str(document.get("cache", "")),
        str(document.get("encoding", "")),
        tuple(sorted((str(name), str(value)) for name, value in metadata.items())),
    )
