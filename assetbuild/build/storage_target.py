"""From the target of `[publish]` to a storage: `s3://bucket/prefix`, `file:///folder`, and `memory:` in tests.

Sends nothing, and imports boto3 only for an `s3:` target. Reads no configuration: its caller has the settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from assetbuild.build.storage import Failure, Storage, StorageError, check_key

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_EXAMPLE = 'write target = "s3://bucket/folder" or target = "file:///folder"'


def open_storage(
    target: str,
    *,
    endpoint_url: str = "",
    region: str = "",
    profile: str = "",
    connections: int = 16,
    beside: Storage | None = None,
) -> Storage:
    """The storage of a target. Raises `StorageError`, mostly with `TARGET`, for what cannot be one.

    `endpoint_url`, `region` and `profile` are those of `[publish]`, '' where not set; `connections` is how many
    requests the caller makes at once. `beside` is a storage that was opened with the same settings, whose connections
    are shared where both are on S3. The caller closes the storage.
    """
    if not _SCHEME.match(target):
        raise _wrong(f'the target "{target}" is no URL', _meant(target))
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise _wrong(f'the target "{target}" is no URL: {error}', _EXAMPLE) from None
    if parts.username is not None or parts.password is not None:
        # Not shown: it may hold a secret.
        raise _wrong("the target holds credentials", "take them out; boto3 finds them in the environment or a profile")
    match parts.scheme.lower():
        case "s3":
            settings = {"endpoint_url": endpoint_url, "region": region, "profile": profile}
            return _s3(target, parts, settings, connections, beside)
        case "file":
            return _directory(target, parts)
        case "memory":
            from assetbuild.build.storage_memory import MemoryStorage

            return MemoryStorage()
        case "http" | "https":
            hint = f'write target = "s3://bucket/folder" and endpoint_url = "{parts.scheme}://{parts.netloc}"'
            raise _wrong(f'the target "{target}" is a web address, not a bucket', hint)
        case "gs":
            hint = f'write target = "s3{target[2:]}" and endpoint_url = "https://storage.googleapis.com"'
            raise _wrong(f'the target "{target}" has a scheme that is not known here', hint)
    raise _wrong(f'the target "{target}" has the unknown scheme "{parts.scheme}:"', _EXAMPLE)


def _s3(target: str, parts: SplitResult, settings: dict[str, str], connections: int, beside: Storage | None) -> Storage:
    bucket = parts.netloc
    # `?` and `#` mean something in URLs, and nobody means them in the name of a folder.
    if parts.query or parts.fragment:
        raise _wrong(f'the target "{target}" holds "?" or "#"', "leave it out: a bucket and a folder are all it takes")
    if bucket and not _BUCKET.fullmatch(bucket):
        text = f'the target "{target}" names the bucket "{bucket}", which no store can have'
        raise _wrong(text, "correct it: 3 to 255 letters, digits, `.`, `_` and `-`, the first and last no sign")
    if not bucket:
        raise _wrong(f'the target "{target}" names no bucket', 'write target = "s3://bucket/folder"')
    prefix = _checked_prefix(target, parts.path.strip("/"))
    endpoint = settings["endpoint_url"]
    if endpoint and not re.match(r"https?://[^/?#@\s]+(?:/[^?#\s]*)?$", endpoint):
        raise _wrong(f'`endpoint_url` is no web address: "{endpoint}"', 'write endpoint_url = "https://host"')
    try:
        from assetbuild.build.s3 import S3Storage, open_s3
        from assetbuild.build.s3_client import S3Settings
    except ImportError as error:
        hint = "pip install 'assetbuild[s3]'"
        raise _wrong(f'the target "{target}" needs boto3, which is not installed ({error.name})', hint) from None
    if isinstance(beside, S3Storage):
        return beside.beside(bucket, prefix)
    try:
        return open_s3(bucket, prefix, S3Settings(**settings, connections=connections))
    except ValueError as error:
        raise _wrong(f"boto3 cannot use [publish]: {error}", "correct `endpoint_url` and `region`") from None


def _checked_prefix(target: str, prefix: str) -> str:
    try:
        return check_key(prefix) if prefix else ""
    except ValueError as error:
        raise _wrong(f'the folder in the target "{target}" cannot be used: {error}', "choose a plain folder") from None


def _directory(target: str, parts: SplitResult) -> Storage:
    from assetbuild.build.storage_directory import DirectoryStorage

    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        path = f"{parts.netloc}{parts.path}".lstrip("/")
        raise _wrong(
            f'the target "{target}" is no absolute path', f'write target = "file:///{path}" with three slashes'
        )
    if parts.query or parts.fragment:
        raise _wrong(f'the target "{target}" holds "?" or "#"', 'write "%3F" or "%23" for it, or choose another folder')
    from urllib.request import url2pathname  # loads HTTP too

    path = url2pathname(parts.path)
    if "\0" in path or path.rstrip("/\\") == "":
        raise _wrong(f'the target "{target}" names no folder', 'write target = "file:///srv/assets"')
    return DirectoryStorage(Path(path))


def _meant(target: str) -> str:
    if target.startswith("/"):
        return f'write target = "file://{target}"'
    return _EXAMPLE


def _wrong(text: str, hint: str) -> StorageError:
    return StorageError(Failure.TARGET, text, hint=hint)
