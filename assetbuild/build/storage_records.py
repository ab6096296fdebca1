"""What a folder remembers of an object and a file system cannot keep: its headers, and the digest it was put with.

Pure: texts and names. When a record is believed, and in which order it is written, `storage_directory` says.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from assetbuild.build.storage import Headers


@dataclass(frozen=True, slots=True)
class Record:
    """What was said of a body when it was put. It is believed of a file with this stat, or with this digest.

    The stat only spares hashing: a copied folder has other times and inodes, and is still known.
    """

    size: int
    mtime_ns: int
    inode: int
    sha256: str
    headers: Headers


def record_name(key: str) -> str:
    """Where the record of a key lies: by digest, so that no key is too long, and none is the folder of another."""
    name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name[:2]}/{name[2:]}.json"


def dump(key: str, record: Record) -> bytes:
    said = {
        "key": key,
        "size": record.size,
        "mtime_ns": record.mtime_ns,
        "inode": record.inode,
        "sha256": record.sha256,
        "type": record.headers.content_type,
        "cache_control": record.headers.cache_control,
        "encoding": record.headers.content_encoding,
        "metadata": record.headers.metadata,
    }
    return json.dumps(said, sort_keys=True).encode()


def parse(data: bytes) -> Record | None:
    """None for what is no record: another program damaged it, and nothing is known then."""
    try:
        said = json.loads(data)
        metadata = tuple((str(name), str(value)) for name, value in said["metadata"])
        headers = Headers(said["type"], said["cache_control"], said["encoding"], metadata)
        return Record(int(said["size"]), int(said["mtime_ns"]), int(said["inode"]), str(said["sha256"]), headers)
    except (ValueError, KeyError, TypeError):
        return None
