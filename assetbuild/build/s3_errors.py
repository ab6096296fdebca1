"""From what boto3 raises to a `StorageError`: the true cause in words, the next action, and how to go on.

Knows no storage and sends nothing. Sources: "Error responses" of the Amazon S3 API reference; answers of SeaweedFS,
rclone, Ceph and MinIO where theirs differ.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from assetbuild.build.storage import Failure, StorageError

CAUGHT = (boto.ClientError, boto.BotoCoreError, ResponseParserError, HTTPError, OSError, KeyError)
"""Everything that a call of a boto3 client raises because of the world, and not because of the caller.

`KeyError` is what reading an answer raises that lacks what every S3 server says.
"""

_SKEW = 900.0
"""Seconds: S3 refuses requests signed more than 15 minutes away from its own clock."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, for messages: boto3's name of it, the bucket's URL, and where it was sent."""

    operation: str
    url: str
    bucket: str
    endpoint: str
    region: str
    key: str = ""
    conditional: bool = False


_ACTIONS = {
    "list_objects_v2": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "get_object": "s3:GetObject",
    "put_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "delete_object": "s3:DeleteObject",
    "delete_objects": "s3:DeleteObject",
}
_VERBS = {"open": "open", "list": "list", "head": "look at", "get": "read", "delete": "delete"}

_CODES: Mapping[str, Failure] = {
    code: failure
    for failure, codes in {
        Failure.NOT_FOUND: "NoSuchKey",
        Failure.NO_BUCKET: "NoSuchBucket InvalidBucketName PermanentRedirect AuthorizationHeaderMalformed"
        " IllegalLocationConstraintException",
        Failure.PRECONDITION: "PreconditionFailed",
        Failure.THROTTLED: "SlowDown SlowDownRead SlowDownWrite Throttling ThrottlingException TooManyRequests Busy"
        " RequestLimitExceeded BandwidthLimitExceeded RequestThrottled ServiceUnavailable",
        # A body damaged on the way, another writer at the same moment, an upload that the server lost.
        Failure.TRANSIENT: "InternalError InternalServerError RequestTimeout BadDigest IncompleteBody OperationAborted"
        " ConditionalRequestConflict XAmzContentSHA256Mismatch XAmzContentChecksumMismatch NoSuchUpload",
        Failure.EXPIRED: "ExpiredToken ExpiredTokenException TokenRefreshRequired",
        Failure.CLOCK: "RequestTimeTooSkewed RequestExpired",
        Failure.CREDENTIALS: "InvalidAccessKeyId SignatureDoesNotMatch InvalidToken InvalidClientTokenId AuthFailure"
        " UnrecognizedClientException InvalidSecurity Unauthorized NotSignedUp MissingAuthenticationToken",
        Failure.DENIED: "AccessDenied AllAccessDisabled AccountProblem Forbidden",
        Failure.FULL: "XMinioStorageFull QuotaExceeded InsufficientStorage",
        Failure.UNSUPPORTED: "NotImplemented MissingContentLength MethodNotAllowed UnsupportedArgument",
    }.items()
    for code in codes.split()
}
_STATUSES = {
    301: Failure.NO_BUCKET,
    307: Failure.NO_BUCKET,
    401: Failure.CREDENTIALS,
    403: Failure.DENIED,
    404: Failure.NOT_FOUND,
    405: Failure.UNSUPPORTED,
    408: Failure.TRANSIENT,
    409: Failure.TRANSIENT,
    411: Failure.UNSUPPORTED,
    412: Failure.PRECONDITION,
    429: Failure.THROTTLED,
    501: Failure.UNSUPPORTED,
    507: Failure.FULL,
    503: Failure.THROTTLED,
}


# --- answers of the server -------------------------------------------------------------------------------


def classify(error: BaseException, asked: Asked, *, now: float | None = None) -> StorageError:
    """The failure behind one of `CAUGHT`. `now` (seconds since 1970) is this machine's clock, for tests."""
    if isinstance(error, boto.ClientError):
        meta = error.response.get("ResponseMetadata", {})
        said = error.response.get("Error", {})
        return answered(said, asked, meta=meta, now=time.time() if now is None else now)
    return _unanswered(error, asked)


def answered(said: Mapping[str, Any], asked: Asked, *, meta: Mapping[str, Any], now: float) -> StorageError:
    """The failure behind an error answer. `said` has `Code` and `Message`, `meta` the status and headers."""
    status = int(meta.get("HTTPStatusCode", 0))
    headers = meta.get("HTTPHeaders", {})
    code = str(said.get("Code", ""))
    offset = _offset(headers, now)
    failure = _CODES.get(code) or _STATUSES.get(status) or (Failure.TRANSIENT if status >= 500 else Failure.OTHER)
    if status == 403 and offset is not None and abs(offset) > _SKEW:
        failure = Failure.CLOCK  # servers word it in many ways; HEAD has no words at all
    if asked.conditional and failure is Failure.NOT_FOUND:
        failure = Failure.PRECONDITION  # AWS says so of If-Match where there is no object
    word = code if code and not code.isdigit() else f"HTTP {status}"
    detail = str(said.get("Message", "")).strip().rstrip(".")
    action = _ACTIONS.get(asked.operation, "") if failure is Failure.DENIED else ""
    text, hint = _words(failure, asked, said=f"{word}: {detail}" if detail else word, offset=offset, headers=headers)
    if failure is Failure.DENIED and asked.operation == "head_object":
        hint = (
            f"allow `s3:GetObject` on it, and `s3:ListBucket` on the bucket {asked.bucket}, without which a missing "
            "object looks forbidden"
        )
    return StorageError(
        failure,
        text,
        hint=hint,
        key=asked.key,
        action=action,
        retry_after=_retry_after(headers, now) if failure in (Failure.THROTTLED, Failure.TRANSIENT) else None,
        offset=offset if failure is Failure.CLOCK else None,
        code=code,
        status=status,
    )


def broken_off(asked: Asked) -> StorageError:
    """A listing that says that it goes on, and not where."""
    text = f"{_failed(asked)}: {asked.endpoint} says that the listing goes on, and not where"
    return StorageError(Failure.OTHER, text, hint=_NO_S3_HINT, key=asked.key)


def _words(
    failure: Failure, asked: Asked, *, said: str, offset: float | None, headers: Mapping[str, str]
) -> tuple[str, str]:
    """What went wrong and the next action."""
    where, at = asked.url + asked.key, f"{asked.endpoint}, region {asked.region}"
    match failure:
        case Failure.NOT_FOUND:
            return f"{where} is not there ({said})", "publish it first, or correct its name"
        case Failure.NO_BUCKET:
            if region := headers.get("x-amz-bucket-region", ""):
                text = f"the bucket {asked.bucket} lies in the region {region}, not in {asked.region} ({said})"
                return text, f'set region = "{region}" in [publish]'
            text = f"there is no bucket {asked.bucket} at {at} ({said})"
            return text, "make the bucket, or correct `target`, `endpoint_url` and `region` in [publish]"
        case Failure.PRECONDITION:
            return f"{where} was written by another writer ({said})", "look at it again, then decide"
        case Failure.DENIED:
            action = _ACTIONS.get(asked.operation, "this request")
            return f"{_failed(asked)}: {said}", f"allow `{action}` for these credentials on {asked.url}"
        case Failure.CLOCK:
            far = "is off" if offset is None else _distance(offset)
            return f"{_failed(asked)}: this machine's clock {far} ({said})", "set the clock, then run the command again"
        case Failure.CREDENTIALS:
            wrong = "secret access key" if "SignatureDoesNotMatch" in said else "access key"
            return f"{at} does not accept the {wrong} ({said})", _CREDENTIALS_HINT
        case Failure.EXPIRED:
            return f"the credentials for {at} have run out ({said})", "sign in again, then run the command again"
        case Failure.UNSUPPORTED:
            text = f"{_failed(asked)}: {asked.endpoint} does not know this request ({said})"
            return text, "run `assetbuild doctor` to see what this server can do"
        case Failure.FULL:
            return f"{_failed(asked)}: there is no room left ({said})", "make room there, then run the command again"
        case Failure.THROTTLED:
            return f"{_failed(asked)}: too many requests ({said})", "set fewer `workers` in [publish]"
    if said.startswith("KeyTooLong"):
        return f"{_failed(asked)}: {said}", "choose a shorter folder in [publish], or give the file a shorter name"
    if said.startswith("HTTP 400") and asked.endpoint.startswith("http:"):
        return (
            f"{_failed(asked)}: {said}",
            "write https:// in `endpoint_url`: servers that speak TLS answer so to http://",
        )
    if said.startswith("HTTP "):
        return f"{_failed(asked)}: {said}", f"{_AGAIN}, or correct `endpoint_url` if this is no S3 server"
    return f"{_failed(asked)}: {said}", _AGAIN


_AGAIN = "run the command again; it goes on where it ended"
_NO_S3_HINT = "correct `endpoint_url` in [publish]: this is no S3 server"
_CREDENTIALS_HINT = (
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `profile` in [publish]: they must be those of this server, "
    "without white space at their ends"
)


def _failed(asked: Asked) -> str:
    verb = _VERBS.get(asked.operation.partition("_")[0], "write")
    return f"cannot {verb} {asked.url}{asked.key}"


def _distance(offset: float) -> str:
    """`is 20 minutes behind the server's`: how far, in one unit."""
    seconds = abs(round(offset))
    amount = next((f"{round(seconds / size)} {unit}" for size, unit in _UNITS if seconds >= 2 * size), f"{seconds} s")
    return f"is {amount} {'behind' if offset > 0 else 'ahead of'} the server's"


_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


def _offset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server is ahead, by its `Date` (RFC 9110, section 6.6.1)."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).timestamp() - now
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait: RFC 9110, section 10.2.3, which allows a number of seconds or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


# --- no answer -------------------------------------------------------------------------------------------

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
)
_NOT_CONNECTED = (boto.EndpointConnectionError, boto.ConnectTimeoutError)
_PROXY_HINT = "correct HTTP_PROXY or HTTPS_PROXY, or name this host in NO_PROXY"
_REFUSED_HEADER = re.compile(r"Invalid header value b?['\"](AWS4-HMAC)?")
"""What `http.client` says of a value with a line break, and then the value, which nobody may see."""
_ON_THE_WAY = (
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.FlexibleChecksumError,
    ResponseParserError,
    HTTPError,
    OSError,
)


def _unanswered(error: BaseException, asked: Asked) -> StorageError:
    def made(failure: Failure, text: str, hint: str) -> StorageError:
        return StorageError(failure, text, hint=hint, key=asked.key)

    said = _one_line(error)
    if refused := _REFUSED_HEADER.search(said):
        return made(Failure.CREDENTIALS, *_unsendable(refused, asked))
    if isinstance(error, boto.SSLError):
        if found := _tls_words(said, asked):
            return made(Failure.TLS, *found)
        return made(Failure.TRANSIENT, f"{_failed(asked)}: {said}", _AGAIN)
    if isinstance(error, _NO_CREDENTIALS):
        text = f"there are no usable credentials for {asked.endpoint}: {said}"
        return made(
            Failure.CREDENTIALS, text, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `profile` in [publish]"
        )
    if isinstance(error, boto.ProxyConnectionError):
        text = f"no connection to {asked.endpoint}: {said[:1].lower()}{said[1:]}"
        return made(Failure.UNREACHABLE, text, _PROXY_HINT)
    if isinstance(error, _NOT_CONNECTED):
        text = f"no connection to {asked.endpoint}, region {asked.region}: {said}"
        return made(Failure.UNREACHABLE, text, "check `endpoint_url` and `region` in [publish], and the network")
    if isinstance(error, _ON_THE_WAY):
        return made(Failure.TRANSIENT, f"{_failed(asked)}: {said}", _AGAIN)
    if isinstance(error, KeyError):
        text = f"{_failed(asked)}: the answer of {asked.endpoint} lacks {said}"
        return made(Failure.OTHER, text, _NO_S3_HINT)
    if isinstance(error, RecursionError):
        text = f"{_failed(asked)}: {asked.endpoint} redirects every request, and does not say to which region"
        return made(Failure.OTHER, text, "write in `endpoint_url` the address that it leads to, perhaps https://")
    if isinstance(error, (ValueError, OverflowError)) and not isinstance(error, boto.BotoCoreError):
        text = f"{_failed(asked)}: the answer of {asked.endpoint} cannot be read: {said}"
        return made(Failure.OTHER, text, _NO_S3_HINT)
    failure = Failure.TARGET if asked.operation == "open" else Failure.OTHER
    return made(failure, f"{_failed(asked)}: {said}", "correct [publish], then run the command again")


def _unsendable(refused: re.Match[str], asked: Asked) -> tuple[str, str]:
    """Of all header values only these are not this program's own. A secret from a file often ends in a line break."""
    what, name = ("access key", "AWS_ACCESS_KEY_ID") if refused[1] else ("session token", "AWS_SESSION_TOKEN")
    text = f"there are no usable credentials for {asked.endpoint}: the {what} holds a line break"
    return text, f"set {name}, or `profile` in [publish], without one"


def _one_line(error: BaseException) -> str:
    # botocore hides the password of a proxy only where the same letters do not stand before it.
    shown = re.sub(r"(?<=://)[^/\s]*@", "***@", " ".join(str(error).split()))
    return shown[:300].rstrip(".") or type(error).__name__


def _tls_words(said: str, asked: Asked) -> tuple[str, str] | None:
    """None for a TLS connection that broke, which is an accident of the network."""
    if "CERTIFICATE_VERIFY_FAILED" in said or "doesn't match" in said:
        reason = said.partition("certificate verify failed:")[2].partition(" (_ssl")[0].strip() or said
        text = f"the certificate of {asked.endpoint} is not trusted: {reason}"
        return text, "set AWS_CA_BUNDLE to the file of the authority that signed it, or correct `endpoint_url`"
    if "[Errno 2]" in said or "[X509:" in said:
        text = f"{_failed(asked)}: the file of trusted certificate authorities is missing or empty"
        return text, "let AWS_CA_BUNDLE, or `ca_bundle` of the profile, name a file of certificates"
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said or "HTTP_REQUEST" in said:
        text = f"{asked.endpoint} does not speak TLS"
        return text, "write http:// in `endpoint_url`, or the port that speaks TLS"
    return None
