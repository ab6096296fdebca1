"""What goes over the wire to a bucket: how many requests, with which headers. Answers are made up, nothing is sent."""

from __future__ import annotations

import base64
import hashlib
import io
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from assetbuild.build import s3
from assetbuild.build.s3 import S3Storage
from assetbuild.build.s3_client import S3Settings, make_client
from assetbuild.build.storage import Condition, Failure, Headers, StorageError
from tests.storages import REMOTE, rows, world_of

CSS = Headers("text/css; charset=utf-8", "no-cache", "br", (("a", "b"),))
Answer = tuple[int, str]


@dataclass(slots=True)
class Wire:
    """The requests so far, as (method, path with query, lower-case headers, body), and what answers them."""

    answer: Callable[[str, str], Answer] = lambda method, url: (200, "")
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body
        data = body.read() if hasattr(body, "read") else body or b""
        parts = urlsplit(request.url)
        query = "&".join(sorted(parts.query.split("&")))
        url = f"{parts.path}?{query}" if query else parts.path
        self.requests.append((request.method, url, headers, data))
        status, text = self.answer(request.method, url)
        etag = {"etag": '"0123"', "content-length": str(len(text))}
        return AWSResponse(request.url, status, etag, _Raw(text.encode()))

    @property
    def lines(self) -> list[str]:
        return [f"{method} {url}" for method, url, _, _ in self.requests]


class _Raw(io.BytesIO):
    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def opened(monkeypatch: pytest.MonkeyPatch, endpoint: str = "https://s3.example.com") -> tuple[S3Storage, Wire]:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "none")
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = make_client(S3Settings(endpoint, "us-east-1"))
    wire = Wire()
    client.meta.events.register_first("before-send.s3", wire)
    return S3Storage("bucket", "assets", client), wire


@pytest.fixture(params=["client", "fast"])
def s3_and_wire(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[tuple[S3Storage, Wire]]:
    """Both ways that a small put can take: the first to a bucket goes through the client, and later ones do not."""
    storage, wire = opened(monkeypatch)
    if request.param == "fast":
        storage.put("first", b"1", CSS)
        wire.requests.clear()
    yield storage, wire
    storage.close()


def sha256_header(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def test_a_put_is_one_request_with_its_digest_and_without_framing_or_acl(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire
    storage.put("ü/a b.css", b"a{}", CSS)
    ((method, url, headers, body),) = wire.requests
    assert (method, url, body) == ("PUT", "/bucket/assets/%C3%BC/a%20b.css", b"a{}")
    assert headers["x-amz-checksum-sha256"] == sha256_header(b"a{}")
    assert {name: headers.get(name) for name in ("content-type", "cache-control", "content-encoding")} == {
        "content-type": "text/css; charset=utf-8",
        "cache-control": "no-cache",
        "content-encoding": "br",
    }
    assert headers["content-length"] == "3"
    assert {"transfer-encoding", "x-amz-trailer", "x-amz-acl", "expect", "if-match", "if-none-match"} & set(
        headers
    ) == set()
    assert "STREAMING" not in headers["x-amz-content-sha256"]
    assert {name: value for name, value in headers.items() if name.startswith("x-amz-meta-")} == {
        "x-amz-meta-a": "b",
        "x-amz-meta-sha256": hashlib.sha256(b"a{}").hexdigest(),
    }


@pytest.mark.parametrize(("size", "expects"), [(0, False), (1024 * 1024 - 1, False), (1024 * 1024, True)])
def test_only_a_large_body_waits_for_leave(s3_and_wire: tuple[S3Storage, Wire], size: int, expects: bool) -> None:
    storage, wire = s3_and_wire
    storage.put("a", bytes(size), CSS)
    assert ("expect" in wire.requests[0][2]) is expects


@pytest.mark.parametrize("endpoint", ["https://storage.googleapis.com", "https://s3.us-west-004.backblazeb2.com"])
def test_servers_that_want_md5_get_it_alone(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    storage, wire = opened(monkeypatch, endpoint)
    storage.put("a", b"1", CSS)
    storage.put("a", b"1", CSS)
    wire.answer = lambda method, url: (200, "<DeleteResult/>")
    storage.delete_many(["a"])
    for _, _, headers, body in wire.requests:
        assert headers["content-md5"] == base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        assert not [name for name in headers if "checksum" in name or "trailer" in name]
        assert "aws-chunked" not in headers.get("content-encoding", "")
    storage.close()


@pytest.mark.parametrize(
    ("condition", "header"),
    [(Condition.absent(), ("if-none-match", "*")), (Condition.unchanged("abc"), ("if-match", '"abc"'))],
)
def test_a_condition_is_a_header(
    s3_and_wire: tuple[S3Storage, Wire], condition: Condition, header: tuple[str, str]
) -> None:
    storage, wire = s3_and_wire
    storage.put("a", b"1", CSS, condition=condition)
    assert wire.requests[0][2].get(header[0]) == header[1]


@pytest.mark.parametrize("status", [500, 503, 403, 409])
def test_nothing_is_repeated(s3_and_wire: tuple[S3Storage, Wire], status: int) -> None:
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (status, "")
    for call in (lambda: storage.put("a", b"1", CSS), lambda: storage.head("a"), lambda: list(storage.list())):
        with pytest.raises(StorageError):
            call()
    assert len(wire.requests) == 3


@pytest.mark.parametrize("page", ["<html>a web page</html>", ""])
def test_a_web_server_that_is_no_s3_server_is_a_failure(s3_and_wire: tuple[S3Storage, Wire], page: str) -> None:
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (200, page)
    for call in (lambda: storage.get("a"), lambda: storage.head("a")):
        with pytest.raises(StorageError, match="lacks 'LastModified'") as caught:
            call()
        assert caught.value.failure is Failure.OTHER


# --- parts -----------------------------------------------------------------------------------------------


def parts_answer(method: str, url: str) -> Answer:
    if method == "POST" and "uploads" in url:
        return 200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
    if method == "POST":
        return 200, '<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>'
    return 200, ""


def test_a_large_body_goes_in_parts_each_with_its_digest(
    s3_and_wire: tuple[S3Storage, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PART", 10)
    storage, wire = s3_and_wire
    wire.answer = parts_answer
    info = storage.put("a", b"0123456789abcde", CSS, condition=Condition.absent())
    assert wire.lines == [
        "POST /bucket/assets/a?uploads",
        "PUT /bucket/assets/a?partNumber=1&uploadId=u1",
        "PUT /bucket/assets/a?partNumber=2&uploadId=u1",
        "POST /bucket/assets/a?uploadId=u1",
    ]
    assert [each[3] for each in wire.requests[1:3]] == [b"0123456789", b"abcde"]
    assert [each[2]["x-amz-checksum-sha256"] for each in wire.requests[1:3]] == [
        sha256_header(b"0123456789"),
        sha256_header(b"abcde"),
    ]
    assert wire.requests[0][2]["x-amz-meta-sha256"] == hashlib.sha256(b"0123456789abcde").hexdigest()
    assert wire.requests[3][2]["if-none-match"] == "*"
    assert (info.version, info.size) == ("e-2", 15)


@pytest.mark.parametrize("failing", ["PUT partNumber=1", "PUT partNumber=2", "POST uploadId", "DELETE"])
def test_a_broken_upload_is_aborted_and_the_first_failure_told(
    s3_and_wire: tuple[S3Storage, Wire], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    monkeypatch.setattr(s3, "PART", 10)
    storage, wire = s3_and_wire
    method, _, part = failing.partition(" ")

    def answer(used: str, url: str) -> Answer:
        if used == method and f"{part}" in url:
            return 503, "<Error><Code>SlowDown</Code></Error>"
        return (500, "") if method == "DELETE" and used == "PUT" else parts_answer(used, url)

    wire.answer = answer
    with pytest.raises(StorageError) as caught:
        storage.put("a", b"0123456789abcde", CSS)
    assert caught.value.failure is (Failure.TRANSIENT if method == "DELETE" else Failure.THROTTLED)
    assert wire.lines[-1] == "DELETE /bucket/assets/a?uploadId=u1"


# --- listing and deleting --------------------------------------------------------------------------------


def listing(keys: list[str], token: str = "") -> str:
    found = "".join(
        f"<Contents><Key>{quote(key)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>e</ETag>"
        f"<Size>1</Size></Contents>"
        for key in keys
    )
    more = f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>"
    more += f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return f"<ListBucketResult><EncodingType>url</EncodingType>{more}{found}</ListBucketResult>"


def test_a_listing_takes_one_request_a_page(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire
    pages = {None: (["assets/", "assets/a", "assets/b"], "t1"), "t1": (["assets/c"], "t2"), "t2": (["assets/d"], "")}

    def answer(method: str, url: str) -> Answer:
        token = parse_qs(urlsplit(url).query).get("continuation-token", [None])[0]
        return 200, listing(*pages[token])

    wire.answer = answer
    assert [info.key for info in storage.list()] == ["a", "b", "c", "d"]
    assert len(wire.requests) == 3
    assert "prefix=assets%2F" in wire.lines[0]


@pytest.mark.parametrize(
    "page",
    [
        listing(["assets/b"], "t1"),
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<html><body>Sign in to this network</body></html>",
        "",
    ],
    ids=["goes in circles", "goes on nowhere", "web page", "nothing"],
)
def test_what_breaks_off_is_no_listing(s3_and_wire: tuple[S3Storage, Wire], page: str) -> None:
    storage, wire = s3_and_wire
    pages = iter([listing(["assets/a"], "t1"), page])
    wire.answer = lambda method, url: (200, next(pages))
    with pytest.raises(StorageError, match="cannot list s3://bucket/assets/") as caught:
        list(storage.list())
    assert caught.value.failure is Failure.OTHER


@pytest.mark.parametrize(("said", "told"), [("<Size>1", "<Size>much"), ("2026-01-01T00:00:00Z", "whenever")])
def test_a_listing_that_cannot_be_read_is_a_failure(s3_and_wire: tuple[S3Storage, Wire], said: str, told: str) -> None:
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (200, listing(["assets/a"]).replace(said, told))
    with pytest.raises(StorageError, match=r"cannot list .*: the answer of .* cannot be read: ") as caught:
        list(storage.list())
    assert caught.value.failure is Failure.OTHER


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_server_that_sends_everything_elsewhere_is_no_bug(s3_and_wire: tuple[S3Storage, Wire], status: int) -> None:
    """As one that only leads from http:// to https:// does."""
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (status, "")
    with pytest.raises(StorageError, match="cannot list s3://bucket/assets/") as caught:
        list(storage.list())
    assert caught.value.failure in (Failure.OTHER, Failure.NO_BUCKET)
    assert "endpoint_url" in caught.value.hint


def test_one_key_is_asked_for_where_one_is_wanted(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (200, listing(["assets/log/1"], "more"))
    assert [info.key for info in storage.list("log/", limit=1)] == ["log/1"]
    assert len(wire.requests) == 1
    assert "max-keys=1&" in wire.lines[0] + "&"


def test_batches_have_a_thousand_keys_and_a_digest(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire
    wire.answer = lambda method, url: (200, "<DeleteResult/>")
    assert storage.delete_many(str(number) for number in range(2001)) == ()
    assert [body.count(b"<Key>") for _, _, _, body in wire.requests] == [1000, 1000, 1]
    assert all(headers["x-amz-checksum-sha256"] == sha256_header(body) for _, _, headers, body in wire.requests)


def test_failures_inside_a_good_answer_are_failures(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire
    errors = "".join(
        f"<Error><Key>assets/{key}</Key><Code>{code}</Code><Message>m</Message></Error>"
        for key, code in (("a", "AccessDenied"), ("b", "InternalError"), ("c", "NoSuchKey"), ("d", "SlowDown"))
    )
    wire.answer = lambda method, url: (200, f"<DeleteResult>{errors}</DeleteResult>")
    assert [(error.key, error.failure) for error in storage.delete_many("abcde")] == [
        ("a", Failure.DENIED),
        ("b", Failure.TRANSIENT),
        ("d", Failure.THROTTLED),
    ]


def test_a_server_without_batches_gets_single_deletions_after_one_try(s3_and_wire: tuple[S3Storage, Wire]) -> None:
    storage, wire = s3_and_wire

    def answer(method: str, url: str) -> Answer:
        if method == "POST":
            return 501, "<Error><Code>NotImplemented</Code></Error>"
        return (500, "") if url.endswith("/7") else (204, "")

    wire.answer = answer
    failed = storage.delete_many(str(number) for number in range(1100))
    assert [(error.key, error.failure) for error in failed] == [("7", Failure.TRANSIENT)]
    assert [line.partition(" ")[0] for line in wire.lines].count("POST") == 1
    assert len(wire.requests) == 1101


# --- seen from outside -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", rows(*REMOTE))
def test_a_browser_gets_the_bytes_and_headers_that_were_put(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not through boto3: framing that a server kept as a content encoding would show only here."""
    import ssl

    with world_of(name, request, monkeypatch, tmp_path) as world:
        world.storage.put("a b.css", b"\x1f\x8b not really", CSS)
        assert isinstance(world.storage, S3Storage)
        bucket, _, folder = world.target.removeprefix("s3://").partition("/")
        signed = Config(signature_version="s3v4")
        client = boto3.client("s3", endpoint_url=world.url, region_name="us-east-1", config=signed)
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": f"{folder}/a b.css"})
        client.close()
        assert world.server is not None
        trust = ssl.create_default_context(cafile=str(world.server.ca))
        with urllib.request.urlopen(url, context=trust if url.startswith("https:") else None, timeout=30) as got:
            assert got.read() == b"\x1f\x8b not really"
            assert (got.headers["Content-Encoding"], got.headers["Content-Type"], got.headers["Cache-Control"]) == (
                "br",
                "text/css; charset=utf-8",
                "no-cache",
            )
