"""Objects in an S3-compatible bucket, through boto3 with settings that servers other than AWS understand too.

Knows no retries: botocore's are switched off, since they give up within seconds and pause no other worker. Sends no
ACL and never makes a bucket. botocore is imported by `s3_client`, `s3_errors` and `s3_fast` only, so only when needed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from assetbuild.build.s3_client import Checksum, S3Settings, checksum_for, make_client
from assetbuild.build.s3_errors import CAUGHT, Asked, answered, broken_off, classify
from assetbuild.build.s3_fast import FastPuts
from assetbuild.build.storage import (
    SHA256_FIELD,
    Abilities,
    Condition,
    Failure,
    Headers,
    ObjectInfo,
    StorageError,
    Stored,
    check_key,
    check_prefix,
    digest_of,
)

PART = 16 * 1024 * 1024
"""Bytes. A larger body goes in parts of this size, each with its own digest and its own chance to be refused early."""

_BATCH = 1000
"""Keys that one list or delete request can have."""


def open_s3(bucket: str, prefix: str, settings: S3Settings) -> S3Storage:
    """A storage with a client of its own. Raises `StorageError`, and `ValueError` for a broken endpoint or region."""
    try:
        return S3Storage(bucket, prefix, make_client(settings))
    except CAUGHT as error:
        endpoint, region = settings.endpoint_url or "AWS", settings.region or "(not set)"
        raise classify(error, Asked("open", f"s3://{bucket}/{prefix}", bucket, endpoint, region)) from error


class S3Storage:
    """A `Storage` below `prefix` ('' for all) of a bucket, over a client of `make_client`."""

    def __init__(self, bucket: str, prefix: str, client: Any, fast: FastPuts | None = None) -> None:
        self._bucket = bucket
        self._base = f"{check_key(prefix)}/" if prefix else ""
        self._name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._client = client
        self._fast = fast or FastPuts(client)
        self._endpoint, self._region = client.meta.endpoint_url, client.meta.region_name
        self._checksum = checksum_for(self._endpoint)

    def beside(self, bucket: str, prefix: str) -> S3Storage:
        """Another target over the same client: a second one takes 0.1 s to make. Closing one closes both."""
        return S3Storage(bucket, prefix, self._client, self._fast)

    @property
    def name(self) -> str:
        return self._name

    @property
    def endpoint(self) -> str:
        """The server's URL, also where boto3 has it from the environment or a profile."""
        return str(self._endpoint)

    @property
    def abilities(self) -> Abilities:
        return Abilities(conditions=None, lists_headers=False)

    # --- reading ---------------------------------------------------------------------------------------

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        left = limit
        token: dict[str, str] = {}
        while left is None or left > 0:
            with self._asking("list_objects_v2", prefix):
                page = self._client.list_objects_v2(
                    Bucket=self._bucket,
                    Prefix=self._base + prefix,
                    MaxKeys=_BATCH if left is None else min(left, _BATCH),
                    **token,
                )
                found = [self._listed(each) for each in page.get("Contents", ()) if each["Key"] != self._base]
                # An empty answer and a web page lack it, and would pass for a target where nothing is.
                is_last = not page["IsTruncated"]
            yield from found
            left = None if left is None else left - len(found)
            if is_last or left == 0:
                return
            following = {"ContinuationToken": page.get("NextContinuationToken", "")}
            if following == token or not following["ContinuationToken"]:
                # What lies beyond would be taken for absent, and a prune goes by what the log says.
                raise broken_off(self._asked("list_objects_v2", prefix))
            token = following

    def _listed(self, entry: Mapping[str, Any]) -> ObjectInfo:
        key, version = entry["Key"].removeprefix(self._base), _version(entry.get("ETag", ""))
        return ObjectInfo(key, entry["Size"], version, entry["LastModified"].timestamp())

    def head(self, key: str) -> ObjectInfo | None:
        try:
            with self._asking("head_object", check_key(key)):
                return _info(key, self._client.head_object(Bucket=self._bucket, Key=self._base + key))
        except StorageError as error:
            if error.failure is Failure.NOT_FOUND:
                return None
            raise

    def get(self, key: str) -> Stored:
        with self._asking("get_object", check_key(key)):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._base + key)
            with contextlib.closing(answer["Body"]) as stream:
                return Stored(_info(key, answer), stream.read())

    # --- writing ---------------------------------------------------------------------------------------

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        check_key(key)
        digest = digest_of(body, sha256)
        fields = _fields(headers, digest)
        if len(body) > PART:
            version = self._put_in_parts(key, body, fields, condition)
        else:
            with self._asking("put_object", key, conditional=condition is not None):
                said = {**fields, **self._sum(body, digest), **_conditional(condition)}
                tag = self._fast.put(self._bucket, self._base + key, body, said)
                if tag is None:
                    answer = self._client.put_object(Bucket=self._bucket, Key=self._base + key, Body=body, **said)
                    tag = answer.get("ETag", "")
            version = _version(tag)
        return ObjectInfo(key, len(body), version, time.time(), digest, headers)

    def _put_in_parts(self, key: str, body: bytes, fields: Mapping[str, Any], condition: Condition | None) -> str:
        """The version. Aborted on any failure: parts of an unfinished upload cost money, and no listing shows them."""
        where = {"Bucket": self._bucket, "Key": self._base + key}
        algorithm = {"ChecksumAlgorithm": "SHA256"} if self._checksum is Checksum.SHA256 else {}
        with self._asking("create_multipart_upload", key):
            upload = self._client.create_multipart_upload(**where, **fields, **algorithm)["UploadId"]
        try:
            parts = []
            for number, start in enumerate(range(0, len(body), PART), 1):
                part = body[start : start + PART]
                own = self._sum(part)
                with self._asking("upload_part", key):
                    answer = self._client.upload_part(**where, UploadId=upload, PartNumber=number, Body=part, **own)
                known = {name: value for name, value in own.items() if name == "ChecksumSHA256"}
                parts.append({"PartNumber": number, "ETag": answer["ETag"], **known})
            with self._asking("complete_multipart_upload", key, conditional=condition is not None):
                done = self._client.complete_multipart_upload(
                    **where, UploadId=upload, MultipartUpload={"Parts": parts}, **_conditional(condition)
                )
        except BaseException:
            # The failure that led here is the one to tell; what remains, a lifecycle rule of the bucket can remove.
            with contextlib.suppress(StorageError), self._asking("abort_multipart_upload", key):
                self._client.abort_multipart_upload(**where, UploadId=upload)
            raise
        return _version(done.get("ETag", ""))

    def _sum(self, body: bytes, digest: str = "") -> dict[str, str]:
        if self._checksum is Checksum.MD5:
            return {"ContentMD5": _base64(hashlib.md5(body, usedforsecurity=False).digest())}
        return {"ChecksumSHA256": _base64(bytes.fromhex(digest) if digest else hashlib.sha256(body).digest())}

    # --- deleting --------------------------------------------------------------------------------------

    def delete(self, key: str) -> None:
        try:
            with self._asking("delete_object", check_key(key)):
                self._client.delete_object(Bucket=self._bucket, Key=self._base + key)
        except StorageError as error:
            if error.failure is not Failure.NOT_FOUND:
                raise

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        todo = iter([check_key(key) for key in keys])
        failed: list[StorageError] = []
        single = False
        while batch := list(islice(todo, _BATCH)):
            if not single:
                try:
                    failed += self.delete_batch(batch)
                    continue
                except StorageError as error:
                    if error.failure is not Failure.UNSUPPORTED:
                        raise
                    single = True
            failed += self._delete_each(batch)
        return tuple(failed)

    def delete_batch(self, keys: Iterable[str]) -> Sequence[StorageError]:
        """At most 1,000 keys in one request, whose failure is raised; `delete_many` knows what to do then."""
        names = [{"Key": self._base + check_key(key)} for key in keys]
        with self._asking("delete_objects"):
            answer = self._client.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": names, "Quiet": True},
                **({"ChecksumAlgorithm": "SHA256"} if self._checksum is Checksum.SHA256 else {}),
            )
        # Failures of single keys stand inside an answer whose status is 200.
        return [self._undeleted(said) for said in answer.get("Errors", ()) if said.get("Code") != "NoSuchKey"]

    def _undeleted(self, said: Mapping[str, Any]) -> StorageError:
        asked = self._asked("delete_objects", str(said.get("Key", "")).removeprefix(self._base))
        return answered(said, asked, meta={}, now=time.time())

    def _delete_each(self, keys: Iterable[str]) -> Sequence[StorageError]:
        failed = []
        for key in keys:
            try:
                self.delete(key)
            except StorageError as error:
                failed.append(error)
        return failed

    def close(self) -> None:
        self._client.close()

    # --- asking ----------------------------------------------------------------------------------------

    def _asked(self, operation: str, key: str = "", *, conditional: bool = False) -> Asked:
        url = f"s3://{self._bucket}/{self._base}"
        return Asked(operation, url, self._bucket, self._endpoint, self._region, key, conditional)

    @contextlib.contextmanager
    def _asking(self, operation: str, key: str = "", *, conditional: bool = False) -> Iterator[None]:
        """Everything that boto3 raises because of the world leaves as a `StorageError`.

        Keys and digests were checked before, so a `ValueError` is an answer that is not of the form that S3 has. Of a
        bucket that is said to be elsewhere botocore asks for the region, without end where that is said of this too.
        """
        try:
            yield
        except (*CAUGHT, ValueError, OverflowError, RecursionError) as error:
            raise classify(error, self._asked(operation, key, conditional=conditional)) from error


# --- boto3's words ---------------------------------------------------------------------------------------


def _fields(headers: Headers, digest: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "ContentType": headers.content_type,
        "Metadata": {**dict(headers.metadata), SHA256_FIELD: digest},
    }
    if headers.cache_control:
        fields["CacheControl"] = headers.cache_control
    if headers.content_encoding:
        fields["ContentEncoding"] = headers.content_encoding
    return fields


def _info(key: str, answer: Mapping[str, Any]) -> ObjectInfo:
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    digest = metadata.pop(SHA256_FIELD, None)
    return ObjectInfo(
        key,
        answer["ContentLength"],
        _version(answer.get("ETag", "")),
        answer["LastModified"].timestamp(),
        digest,
        _headers(answer, metadata),
    )


def _headers(answer: Mapping[str, Any], metadata: Mapping[str, str]) -> Headers | None:
    """None for what another program put there and this one never would: it differs from anything wanted."""
    try:
        return Headers(
            answer.get("ContentType", ""),
            answer.get("CacheControl", ""),
            answer.get("ContentEncoding", ""),
            tuple(sorted(metadata.items())),
        )
    except ValueError:
        return None


def _conditional(condition: Condition | None) -> dict[str, str]:
    if condition is None:
        return {}
    return {"IfMatch": f'"{condition.version}"'} if condition.version else {"IfNoneMatch": "*"}


def _version(etag: str) -> str:
    """Without the quotes, which some servers leave out of listings."""
    return etag.strip('"')


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
