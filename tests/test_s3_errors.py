"""What a server says, in words: the cause, the next action, and how to go on."""

from __future__ import annotations

import email.utils
import ssl
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from assetbuild.build.s3_client import Checksum, checksum_for
from assetbuild.build.s3_errors import CAUGHT, Asked, classify
from assetbuild.build.storage import Failure, StorageError

NOW = 1_800_000_000.0
URL = "https://s3.example.com"


def asked(operation: str = "put_object", *, conditional: bool = False) -> Asked:
    return Asked(operation, "s3://bucket/assets/", "bucket", URL, "eu-west-1", "a.css", conditional)


def answer(
    code: str = "", status: int = 400, *, operation: str = "put_object", conditional: bool = False, **headers: str
) -> StorageError:
    """What is made of an error answer; header names are written with underscores."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Any = {
        "Error": {"Code": code or str(status), "Message": "It failed."},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": said},
    }
    return classify(boto.ClientError(response, "X"), asked(operation, conditional=conditional), now=NOW)


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        ("NoSuchKey", 404, Failure.NOT_FOUND),
        ("", 404, Failure.NOT_FOUND),
        ("NoSuchBucket", 404, Failure.NO_BUCKET),
        ("PreconditionFailed", 412, Failure.PRECONDITION),
        ("ConditionalRequestConflict", 409, Failure.TRANSIENT),
        ("", 409, Failure.TRANSIENT),
        ("BadDigest", 400, Failure.TRANSIENT),
        ("IncompleteBody", 400, Failure.TRANSIENT),
        ("RequestTimeout", 400, Failure.TRANSIENT),
        ("InternalError", 500, Failure.TRANSIENT),
        ("InternalError", 200, Failure.TRANSIENT),
        ("", 502, Failure.TRANSIENT),
        ("", 504, Failure.TRANSIENT),
        ("SlowDown", 503, Failure.THROTTLED),
        ("", 503, Failure.THROTTLED),
        ("", 429, Failure.THROTTLED),
        ("AccessDenied", 403, Failure.DENIED),
        ("", 403, Failure.DENIED),
        ("InvalidAccessKeyId", 403, Failure.CREDENTIALS),
        ("SignatureDoesNotMatch", 403, Failure.CREDENTIALS),
        ("", 401, Failure.CREDENTIALS),
        ("ExpiredToken", 400, Failure.EXPIRED),
        ("RequestTimeTooSkewed", 403, Failure.CLOCK),
        ("MissingContentLength", 411, Failure.UNSUPPORTED),
        ("", 411, Failure.UNSUPPORTED),
        ("NotImplemented", 501, Failure.UNSUPPORTED),
        ("", 405, Failure.UNSUPPORTED),
        ("PermanentRedirect", 301, Failure.NO_BUCKET),
        ("XMinioStorageFull", 507, Failure.FULL),
        ("", 507, Failure.FULL),
        ("EntityTooLarge", 400, Failure.OTHER),
    ],
)
def test_an_answer_says_how_to_go_on(code: str, status: int, failure: Failure) -> None:
    error = answer(code, status)
    assert (error.failure, error.status, error.key) == (failure, status, "a.css")
    assert "bucket" in error.text or URL in error.text
    assert (code or f"HTTP {status}") in error.text
    assert error.text[0].islower()
    assert error.hint[0].islower()
    assert not error.hint.endswith(".")


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("list_objects_v2", "s3:ListBucket"),
        ("get_object", "s3:GetObject"),
        ("head_object", "s3:GetObject"),
        ("put_object", "s3:PutObject"),
        ("upload_part", "s3:PutObject"),
        ("delete_object", "s3:DeleteObject"),
        ("delete_objects", "s3:DeleteObject"),
        ("abort_multipart_upload", "s3:AbortMultipartUpload"),
    ],
)
def test_a_denial_names_the_permission(operation: str, action: str) -> None:
    error = answer("AccessDenied", 403, operation=operation)
    assert (error.action, f"`{action}`" in error.hint) == (action, True)


def test_a_forbidden_head_may_be_a_missing_object() -> None:
    error = answer("", 403, operation="head_object")
    assert (error.failure, "`s3:ListBucket`" in error.hint) == (Failure.DENIED, True)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (3600 * 5, "5 hours behind"),
        (-3600 * 24 * 3, "3 days ahead of"),
        (1000, "17 minutes behind"),
        (-901, "15 minutes ahead of"),
    ],
)
@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "AccessDenied", "SignatureDoesNotMatch", ""])
def test_a_clock_that_is_off_is_the_cause_whatever_the_server_calls_it(ahead: int, words: str, code: str) -> None:
    error = answer(code, 403, date=email.utils.formatdate(NOW + ahead, usegmt=True))
    assert (error.failure, error.offset) == (Failure.CLOCK, ahead)
    assert f"clock is {words} the server's" in error.text


def test_a_clock_that_is_right_is_no_cause() -> None:
    assert answer("AccessDenied", 403, date=email.utils.formatdate(NOW + 600, usegmt=True)).failure is Failure.DENIED


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (email.utils.formatdate(NOW + 30, usegmt=True), 30.0),
        (email.utils.formatdate(NOW - 30, usegmt=True), 0.0),
        ("soon", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("", None),
    ],
)
def test_a_throttled_request_says_when_to_come_again(value: str, seconds: float | None) -> None:
    assert answer("SlowDown", 503, retry_after=value).retry_after == seconds


def test_the_region_of_a_bucket_elsewhere_is_named() -> None:
    error = answer("PermanentRedirect", 301, x_amz_bucket_region="ap-south-1")
    assert "ap-south-1" in error.text
    assert error.hint == 'set region = "ap-south-1" in [publish]'


def test_a_missing_object_under_a_condition_is_a_condition_that_does_not_hold() -> None:
    assert answer("NoSuchKey", 404, conditional=True).failure is Failure.PRECONDITION


def test_a_setting_that_boto3_cannot_use_is_a_wrong_target() -> None:
    found = classify(boto.InvalidRegionError(region_name="eu west 1"), asked("open"))
    assert (found.failure, found.text.startswith("cannot open s3://bucket/")) == (Failure.TARGET, True)


def test_a_key_that_is_too_long_is_not_tried_again() -> None:
    error = answer("KeyTooLongError", 400)
    assert (error.failure, "shorter folder" in error.hint) == (Failure.OTHER, True)


def test_a_plain_400_over_http_may_be_a_server_that_speaks_tls() -> None:
    asked_over_http = Asked("put_object", "s3://b/", "b", "http://h", "us-east-1", "a")
    response: Any = {"Error": {"Code": "400"}, "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}}}
    assert "https://" in classify(boto.ClientError(response, "X"), asked_over_http, now=NOW).hint
    assert "https://" not in answer("", 400).hint


SELF_SIGNED = (
    "SSL validation failed: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1)"
)


@pytest.mark.parametrize(
    ("error", "failure", "text"),
    [
        (boto.NoCredentialsError(), Failure.CREDENTIALS, "no usable credentials"),
        (boto.ProfileNotFound(profile="p"), Failure.CREDENTIALS, "(p)"),
        (boto.SSLError(endpoint_url=URL, error=ssl.SSLError(SELF_SIGNED)), Failure.TLS, "is not trusted: self-signed"),
        (boto.SSLError(endpoint_url=URL, error="[SSL: WRONG_VERSION_NUMBER]"), Failure.TLS, "does not speak TLS"),
        (boto.SSLError(endpoint_url=URL, error="EOF occurred"), Failure.TRANSIENT, "EOF occurred"),
        (boto.SSLError(endpoint_url=URL, error="[Errno 2] No such file"), Failure.TLS, "is missing or empty"),
        (
            boto.SSLError(endpoint_url=URL, error="[X509: NO_CERTIFICATE_OR_CRL_FOUND]"),
            Failure.TLS,
            "is missing or empty",
        ),
        (KeyError("ContentLength"), Failure.OTHER, "lacks 'ContentLength'"),
        (boto.EndpointConnectionError(endpoint_url=URL), Failure.UNREACHABLE, "no connection to"),
        (boto.ConnectTimeoutError(endpoint_url=URL), Failure.UNREACHABLE, "no connection to"),
        (boto.ReadTimeoutError(endpoint_url=URL), Failure.TRANSIENT, "cannot write s3://bucket/assets/a.css"),
        (boto.ConnectionClosedError(endpoint_url=URL), Failure.TRANSIENT, "Connection was closed"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Failure.TRANSIENT, "1 read"),
        (ResponseParserError("not XML\n\n at all"), Failure.TRANSIENT, "not XML at all"),
        (ConnectionResetError("reset"), Failure.TRANSIENT, "reset"),
        (boto.ParamValidationError(report="bad"), Failure.OTHER, "bad"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_no_answer_says_how_to_go_on(error: Exception, failure: Failure, text: str) -> None:
    assert isinstance(error, CAUGHT)
    found = classify(error, asked())
    assert (found.failure, found.key) == (failure, "a.css")
    assert text in found.text
    assert "\n" not in str(found)
    assert found.hint


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (b"AWS4-HMAC-SHA256 Credential=secretid\n/20260101, Signature=secret", "the access key holds a line break"),
        (b"secrettoken\n", "the session token holds a line break"),
        (b"secret'token\n", "the session token holds a line break"),
    ],
)
def test_credentials_that_no_header_can_hold_are_named_and_not_shown(value: bytes, what: str) -> None:
    found = classify(boto.HTTPClientError(error=ValueError(f"Invalid header value {value!r}")), asked())
    assert (found.failure, what in found.text) == (Failure.CREDENTIALS, True)
    assert "secret" not in str(found)


def test_an_unreachable_proxy_is_the_cause() -> None:
    found = classify(boto.ProxyConnectionError(proxy_url="http://me:htt@127.0.0.1:1"), asked())
    assert "htt@" not in found.text
    assert found.failure is Failure.UNREACHABLE
    assert "proxy URL" in found.text
    assert "NO_PROXY" in found.hint


@pytest.mark.parametrize(
    ("url", "checksum"),
    [
        ("https://s3.eu-west-1.amazonaws.com", Checksum.SHA256),
        ("https://storage.googleapis.com", Checksum.MD5),
        ("https://s3.us-west-004.backblazeb2.com", Checksum.MD5),
        ("https://notbackblazeb2.com", Checksum.SHA256),
        ("http://127.0.0.1:9000", Checksum.SHA256),
    ],
)
def test_the_server_decides_which_digest_goes_with_a_body(url: str, checksum: Checksum) -> None:
    assert checksum_for(url) is checksum
