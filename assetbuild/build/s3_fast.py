"""Small puts without what boto3 does around each: most of its time, which several threads have to take turns for.

Decides nothing that the client has decided: the first put of a bucket goes through the client, and its URL, signer and
headers are what every later one follows. So this knows no credentials, regions, proxies or certificates.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.awsrequest import AWSRequest
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import ClientError
from botocore.hooks import first_non_none_response
from botocore.parsers import create_parser

from assetbuild.build.s3_client import EXPECT_FROM
from assetbuild.build.s3_wire import exchange

_OPERATION = "PutObject"
_FIELDS = {
    "ContentType": "Content-Type",
    "CacheControl": "Cache-Control",
    "ContentEncoding": "Content-Encoding",
    "ContentMD5": "Content-MD5",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "IfMatch": "If-Match",
    "IfNoneMatch": "If-None-Match",
}
"""boto3's words for header fields."""
_META = "x-amz-meta-"
_OF_EACH = frozenset(name.lower() for name in _FIELDS.values()) | {
    *("content-length", "expect", "host", "authorization", "x-amz-date", "x-amz-content-sha256"),
    *("x-amz-security-token", "amz-sdk-invocation-id"),
}
"""What is made anew for every request, here or by the signer."""
_OF_ALL = frozenset({"user-agent", "amz-sdk-request"})
_CONTEXT = ("client_config", "has_streaming_input", "signing", "auth_type", "unsigned_payload")
"""What signers look at."""
_ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
"""Said of a bucket in another region."""


@dataclass(frozen=True, slots=True)
class _Route:
    """How the client sends to a bucket. `url` ends before the quoted key; `headers` are those that every put has."""

    url: str
    signer: Any
    signing_name: str
    region: str
    context: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class FastPuts:
    """Puts through the connections of one client of `make_client`. Safe to share between threads."""

    def __init__(self, client: Any) -> None:
        self._events = client.meta.events
        self._operation = client.meta.service_model.operation_model(_OPERATION)
        self._parser = create_parser(client.meta.service_model.metadata["protocol"])
        # Not public; without it, the client does everything.
        self._session: Any = getattr(getattr(client, "_endpoint", None), "http_session", None)
        self._routes: dict[str, _Route] = {}
        self._pools: dict[str, Any] = {}
        self._signed = threading.local()
        self._events.register_last(f"before-sign.s3.{_OPERATION}", self._before_sign)
        self._events.register_last(f"before-send.s3.{_OPERATION}", self._before_send)

    # --- learning ---

    def _before_sign(self, request: Any, signing_name: str, region_name: str, **more: Any) -> None:
        """Called by the client, and followed by `_before_send` in the same thread."""
        self._signed.found = None
        context, asked = request.context, request.context.get("input_params", {})
        signing = context.get("signing", {})
        name, region = signing.get("signing_name") or signing_name, signing.get("region") or region_name
        ending = _quoted(asked.get("Key", ""))
        usual = (
            more["signature_version"] == "s3v4"
            and name == "s3"
            and signing.keys() <= {"region", "signing_name", "disableDoubleEncoding"}
            and not context.get("checksum")
            and request.url.endswith(f"/{ending}")
            and bool(ending)
        )
        if usual:
            kept = {each: context[each] for each in _CONTEXT if each in context}
            route = _Route(request.url.removesuffix(ending), more["request_signer"], name, region, kept)
            self._signed.found = (asked["Bucket"], route)

    def _before_send(self, request: Any, **_: Any) -> None:
        found = getattr(self._signed, "found", None)
        self._signed.found = None
        if found is None:
            return
        bucket, route = found
        headers = {name: _text(value) for name, value in request.headers.items()}
        names = {name.lower() for name in headers if not name.lower().startswith(_META)}
        if names <= _OF_EACH | _OF_ALL:
            shared = {name: value for name, value in headers.items() if name.lower() in _OF_ALL}
            self._routes[bucket] = _Route(
                route.url, route.signer, route.signing_name, route.region, route.context, shared
            )

    # --- sending ---

    def put(self, bucket: str, key: str, body: bytes, said: Mapping[str, Any]) -> str | None:
        """The entity tag; None where the client has to do it. `said` are the other arguments of its `put_object`.

        Raises what the client would: `s3_errors.CAUGHT`.
        """
        route = self._routes.get(bucket)
        if route is None or self._session is None or len(body) >= EXPECT_FROM:
            return None
        if not said.keys() <= _FIELDS.keys() | {"Metadata"}:
            return None
        request = self._prepared(route, key, body, said)
        answer = first_non_none_response(self._events.emit(f"before-send.s3.{_OPERATION}", request=request))
        if answer is None:
            answer = self._sent(route, request)
        if answer.status_code == 200 and not answer.content:
            return str(answer.headers.get("etag", ""))
        if 300 <= answer.status_code < 400:
            return self._forgotten(bucket)
        parsed = self._parsed(answer)
        if parsed.get("Error", {}).get("Code") in _ELSEWHERE:
            return self._forgotten(bucket)
        if parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            raise ClientError(parsed, _OPERATION)
        return str(parsed.get("ETag", ""))

    def _sent(self, route: _Route, request: Any) -> Any:
        """The answer, over a connection that the client has opened, or else as the client sends."""
        pool = self._pool(route)
        answer = exchange(pool, _head(request), request.body or b"") if pool is not None else None
        return answer if answer is not None else self._session.send(request)

    def _pool(self, route: _Route) -> Any:
        """The client's direct connections to a server: it has none where there is a proxy."""
        if route.url not in self._pools:
            manager = getattr(self._session, "_manager", None)  # not public either
            self._pools[route.url] = manager and manager.connection_from_url(route.url)
        return self._pools[route.url]

    def _forgotten(self, bucket: str) -> str | None:
        """None, so that the client finds out where the bucket really is; its next request tells."""
        self._routes.pop(bucket, None)
        return None

    def _prepared(self, route: _Route, key: str, body: bytes, said: Mapping[str, Any]) -> Any:
        headers = {_FIELDS[name]: value for name, value in said.items() if name != "Metadata"}
        headers |= {f"{_META}{name}": value for name, value in said.get("Metadata", {}).items()}
        request = AWSRequest(method="PUT", url=route.url + _quoted(key), headers=headers, data=body)
        request.context.update(route.context)
        # Asked for each time, as credentials may have been refreshed.
        auth = route.signer.get_auth_instance(route.signing_name, route.region, signature_version="s3v4")
        auth.add_auth(request)
        # Not signed, as the client does not sign them: proxies may change them.
        request.headers["amz-sdk-invocation-id"] = str(uuid.uuid4())
        for name, value in route.headers.items():
            request.headers[name] = value
        return request.prepare()

    def _parsed(self, answer: Any) -> dict[str, Any]:
        """What the client makes of an answer, also of an error in one whose status is 200."""
        found: dict[str, Any] = convert_to_response_dict(answer, self._operation)
        extra: dict[str, Any] = {}
        self._events.emit(
            f"before-parse.s3.{_OPERATION}",
            operation_model=self._operation,
            response_dict=found,
            customized_response_dict=extra,
        )
        return {**self._parser.parse(found, self._operation.output_shape), **extra}


def _head(request: Any) -> bytes:
    """A prepared request without its body, as it goes over the wire (RFC 9112, section 3)."""
    parts = urlsplit(request.url)
    lines = [f"{request.method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Accept-Encoding: identity"]
    lines += [f"{name}: {_text(value)}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _quoted(key: str) -> str:
    return quote(key, safe="/~")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
