"""Small puts on their own way: the same on the wire as through boto3's client, and the same failures."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

from assetbuild.build.s3 import S3Storage
from assetbuild.build.s3_client import S3Settings, make_client
from assetbuild.build.storage import Condition, Failure, Headers, StorageError
from tests.servers import ACCESS_KEY, BUCKET, ON_ONE_WORKER, READ_ONLY, SECRET_KEY, Server, free_ports

CSS = Headers("text/css; charset=utf-8", "no-cache", "br", (("a", "b c"),))
EACH_TIME = re.compile(rb"(?<=^amz-sdk-invocation-id: )[^\n]*|(?<=^X-Amz-Date: )[^\n]*|(?<=Signature=)\w*| m/\S+", re.M)
"""What two requests of the client itself differ in; ` m/` are features that it used, in no order."""
Said = tuple[int, bytes, dict[str, str]]


@dataclass(slots=True)
class Recorder:
    """A server that keeps each request, head and body, and gives the next of its answers, or 200."""

    url: str = ""
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    kept = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            lines = [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items())]
            head = "\n".join(lines).encode("latin-1")
            kept.requests.append((head, self.rfile.read(int(self.headers.get("Content-Length") or 0))))
            status, body, headers = kept.answers.pop(0) if kept.answers else (200, b"", {"ETag": '"e"'})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_HEAD = do_GET = _do

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_EC2_METADATA_DISABLED": "true"}
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in (names | files).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def opened() -> Iterator[Callable[[str], S3Storage]]:
    made: list[S3Storage] = []

    def make(url: str, *, bucket: str = BUCKET) -> S3Storage:
        made.append(S3Storage(bucket, "fast", make_client(S3Settings(url, "us-east-1"))))
        return made[-1]

    yield make
    for storage in made:
        storage.close()


def count_calls(storage: S3Storage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the puts that go through the client from now on."""
    client: Any = storage._client
    seen: list[str] = []
    real = client.put_object

    def put_object(**arguments: Any) -> object:
        seen.append(arguments["Key"])
        return real(**arguments)

    monkeypatch.setattr(client, "put_object", put_object)
    return seen


def same(request: tuple[bytes, bytes]) -> tuple[bytes, list[bytes], bytes]:
    """A request without what differs from one to the next: its line, its header lines sorted, its body."""
    line, *headers = EACH_TIME.sub(b"", request[0]).split(b"\n")
    return line, sorted(headers), request[1]


@pytest.mark.parametrize("token", ["", "session-token"])
@pytest.mark.parametrize("condition", [None, Condition.absent(), Condition.unchanged("abc")])
@pytest.mark.parametrize(
    ("key", "body"), [("ü/a b+~(1).css", b"a{}"), ("empty", b""), ("large", bytes(1024 * 1024 - 1))]
)
def test_both_ways_send_the_same(
    recorder: Recorder,
    opened: Callable[[str], S3Storage],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    body: bytes,
    condition: Condition | None,
    token: str,
) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    storage = opened(recorder.url)
    through_client = count_calls(storage, monkeypatch)
    infos = [storage.put(key, body, CSS, condition=condition) for _ in range(2)]
    client, fast = map(same, recorder.requests)
    assert fast == client
    assert through_client == [f"fast/{key}"]
    assert len({dataclasses.replace(info, modified=0) for info in infos}) == 1
    assert (b"x-amz-security-token: session-token" in recorder.requests[1][0].lower()) is bool(token)


def test_a_proxy_gets_both_ways_alike(
    recorder: Recorder, opened: Callable[[str], S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", recorder.url)
    monkeypatch.setenv("http_proxy", recorder.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    storage = opened("http://s3.example.com")
    through_client = count_calls(storage, monkeypatch)
    for _ in range(3):
        storage.put("a", b"1", CSS)
    client, *fast = map(same, recorder.requests)
    assert client[0].startswith(b"PUT http://s3.example.com/")
    assert fast == [client, client]
    assert through_client == ["fast/a"]


def test_later_puts_share_the_client_s_connection(
    recorder: Recorder, opened: Callable[[str], S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = opened(recorder.url)
    storage.put("a", b"1", CSS)
    monkeypatch.setattr(storage._fast._session, "send", None)  # it would be called where none is open
    for key in "bcd":
        assert storage.put(key, b"1", CSS).version == "e"
    assert len(recorder.requests) == 4


def test_a_connection_that_the_server_has_closed_is_opened_again_by_the_client(
    recorder: Recorder, opened: Callable[[str], S3Storage]
) -> None:
    storage = opened(recorder.url)
    recorder.answers = [(200, b"", {"ETag": '"e"', "Connection": "close"})] * 2
    for key in "abc":
        assert storage.put(key, b"1", CSS).version == "e"
    assert len(recorder.requests) == 3


def test_a_body_that_waits_for_leave_goes_through_the_client(
    recorder: Recorder, opened: Callable[[str], S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = opened(recorder.url)
    through_client = count_calls(storage, monkeypatch)
    for size in (1, 1024 * 1024, 1024 * 1024 - 1):
        storage.put(str(size), bytes(size), CSS)
    assert through_client == ["fast/1", "fast/1048576"]


def test_a_bucket_beside_has_a_way_of_its_own(recorder: Recorder, opened: Callable[[str], S3Storage]) -> None:
    storage = opened(recorder.url)
    other = storage.beside("other", "")
    for each in (storage, other, storage, other):
        each.put("a", b"1", CSS)
    assert [head.split(b" ")[1] for head, _ in recorder.requests] == [b"/assets/fast/a", b"/other/a"] * 2


def test_refreshed_credentials_are_used(recorder: Recorder, opened: Callable[[str], S3Storage]) -> None:
    import datetime

    storage = opened(recorder.url)
    given = iter("ABCDEFGH")

    def refresh() -> dict[str, str]:
        name = next(given)
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)  # so they are always nearly over
        return {"access_key": name, "secret_key": "s", "token": f"token-{name}", "expiry_time": until.isoformat()}

    client: Any = storage._client
    client._request_signer._credentials = RefreshableCredentials.create_from_metadata(refresh(), refresh, "test")
    for _ in range(3):
        storage.put("a", b"1", CSS)
    said = [
        re.search(rb"Credential=(\w)/(?s:.*)token-(\w)|token-(\w)(?s:.*)Credential=(\w)/", head)
        for head, _ in recorder.requests
    ]
    letters = [tuple(letter for letter in found.groups() if letter) for found in said if found]
    assert len(letters) == len({one for one, _ in letters}) == 3
    assert all(key == token for key, token in letters)


@pytest.mark.parametrize("case", ["anonymous", "old signature", "unknown header", "no pool"])
def test_what_is_unusual_goes_through_the_client(
    recorder: Recorder, opened: Callable[[str], S3Storage], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    from assetbuild.build import s3_client

    signatures = {"anonymous": UNSIGNED, "old signature": "s3"}
    if case in signatures:
        monkeypatch.setattr(s3_client, "Config", lambda **more: Config(signature_version=signatures[case], **more))
    storage = opened(recorder.url)
    client: Any = storage._client
    if case == "unknown header":
        client.meta.events.register(
            "before-call.s3.PutObject", lambda params, **_: params["headers"].update({"x-amz-storage-class": "IA"})
        )
    if case == "no pool":
        monkeypatch.setattr(storage._fast, "_session", None)
    through_client = count_calls(storage, monkeypatch)
    for key in "abc":
        storage.put(key, b"1", CSS)
    assert through_client == ["fast/a", "fast/b", "fast/c"]


def error_page(code: str) -> bytes:
    region = "<Region>eu-north-1</Region>" if code == "AuthorizationHeaderMalformed" else ""
    return f"<Error><Code>{code}</Code><Message>said so.</Message>{region}</Error>".encode()


def told(error: StorageError) -> tuple[object, ...]:
    offset = error.offset and round(error.offset / 60)
    return (error.failure, str(error), error.key, error.action, error.retry_after, offset, error.code, error.status)


def failure_of(storage: S3Storage, **more: Any) -> StorageError:
    with pytest.raises(StorageError) as caught:
        storage.put("a", b"1", CSS, **more)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ((503, error_page("SlowDown"), {"Retry-After": "7"}), Failure.THROTTLED),
        ((503, b"", {}), Failure.THROTTLED),
        ((500, b"<html>no XML", {}), Failure.TRANSIENT),
        ((400, error_page("BadDigest"), {}), Failure.TRANSIENT),
        ((400, error_page("ExpiredToken"), {}), Failure.EXPIRED),
        ((403, error_page("AccessDenied"), {}), Failure.DENIED),
        ((404, error_page("NoSuchBucket"), {}), Failure.NO_BUCKET),
        ((411, b"", {}), Failure.UNSUPPORTED),
        ((412, error_page("PreconditionFailed"), {}), Failure.PRECONDITION),
        ((200, error_page("InternalError"), {}), Failure.TRANSIENT),
        ((200, b"<html>a web page", {}), Failure.TRANSIENT),
    ],
)
def test_an_answer_that_is_no_success_is_the_same_failure(
    recorder: Recorder,
    opened: Callable[[str], S3Storage],
    monkeypatch: pytest.MonkeyPatch,
    answer: Said,
    failure: Failure,
) -> None:
    storage = opened(recorder.url)
    through_client = count_calls(storage, monkeypatch)
    recorder.answers = [answer, answer]
    client, fast = failure_of(storage), failure_of(storage)
    assert told(fast) == told(client)
    assert (fast.failure, through_client, len(recorder.requests)) == (failure, ["fast/a"], 2)
    storage.put("a", b"1", CSS)


@pytest.mark.parametrize(
    "answer",
    [
        (307, b"", {"x-amz-bucket-region": "eu-north-1"}),
        (301, error_page("PermanentRedirect"), {"x-amz-bucket-region": "eu-north-1"}),
        (400, error_page("AuthorizationHeaderMalformed"), {"x-amz-bucket-region": "eu-north-1"}),
    ],
)
def test_a_bucket_elsewhere_is_found_by_the_client_and_then_followed(
    recorder: Recorder, opened: Callable[[str], S3Storage], monkeypatch: pytest.MonkeyPatch, answer: Said
) -> None:
    storage = opened(recorder.url)
    storage.put("a", b"1", CSS)
    through_client = count_calls(storage, monkeypatch)
    recorder.answers = [answer, answer]
    for key in "bcd":
        storage.put(key, b"1", CSS)
    regions = [re.findall(rb"/([a-z0-9-]+)/s3/aws4_request", head)[0] for head, _ in recorder.requests]
    assert regions == [b"us-east-1"] * 3 + [b"eu-north-1"] * 3
    assert through_client == ["fast/b"]


@ON_ONE_WORKER
@pytest.mark.parametrize("case", ["secret", "key", "read only", "bucket", "digest", "trust", "no TLS", "nobody"])
def test_a_server_refuses_both_ways_in_the_same_words(
    seaweedfs: Server, opened: Callable[..., S3Storage], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    more = {"digest": {"sha256": "0" * 64}}.get(case, {})
    identities = {"secret": (ACCESS_KEY, "wrong"), "key": ("nobody", "wrong"), "read only": READ_ONLY}
    access, secret = identities.get(case, (ACCESS_KEY, SECRET_KEY))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    if case != "trust":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(seaweedfs.ca))
    else:
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    other = {"no TLS": seaweedfs.http.replace("http:", "https:"), "nobody": f"http://127.0.0.1:{free_ports(1)[0]}"}
    storage = opened(other.get(case, seaweedfs.https), bucket="missing-bucket" if case == "bucket" else BUCKET)
    through_client = count_calls(storage, monkeypatch)
    client, fast = told(failure_of(storage, **more)), told(failure_of(storage, **more))
    hide = re.compile(r"0x[0-9a-f]+|RequestId\S*|[0-9A-F]{16,}")
    assert [hide.sub("", str(each)) for each in fast] == [hide.sub("", str(each)) for each in client]
    assert through_client == ["fast/a"]
