"""The client of boto3's core: credentials from boto3's own chain, and settings that were measured on real servers.

Knows no objects and sends nothing; every deviation from botocore's defaults has its reason beside it. boto3 itself
would add resources and transfers, which nobody here asks for, and which take a sixth longer to import.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.session import Session
from botocore.utils import parse_timestamp

import assetbuild


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`endpoint_url`, `region` and `profile` of `[publish]`, '' where not set, and how many requests run at once."""

    endpoint_url: str = ""
    region: str = ""
    profile: str = ""
    connections: int = 16


class Checksum(Enum):
    """Which digest goes with every body, for the server to compare."""

    SHA256 = "sha256"
    """`x-amz-checksum-sha256`: AWS and all who follow it."""
    MD5 = "md5"
    """`Content-MD5`: for servers that refuse the other, or ignore it."""


_MD5_HOSTS = ("storage.googleapis.com", "backblazeb2.com")

EXPECT_FROM = 1024 * 1024
"""Bytes. Below, asking for leave first costs a round trip that is longer than sending the body."""


def checksum_for(endpoint: str) -> Checksum:
    """What the server behind this URL compares."""
    host = urlsplit(endpoint).hostname or ""
    known = any(host == each or host.endswith(f".{each}") for each in _MD5_HOSTS)
    return Checksum.MD5 if known else Checksum.SHA256


def make_client(settings: S3Settings) -> Any:
    """One client, which all threads share. Raises what `s3_errors.CAUGHT` names, and `ValueError` for a broken URL.

    The addressing style is left to botocore: with an endpoint it puts the bucket into the path, which every server
    knows, and a profile of the user can ask for the other.
    """
    session = Session(profile=settings.profile or None)
    # Otherwise two walks through the folders of all services, of which there are hundreds, only to find this one.
    session.get_component("data_loader").list_available_services = lambda type_name: ["s3"]
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    client = session.create_client(
        "s3",
        region_name=settings.region or None,
        endpoint_url=settings.endpoint_url or None,
        config=Config(
            # Otherwise bodies over TLS are framed as `aws-chunked` with a trailer: Ceph and rclone answer 411, and
            # SeaweedFS keeps it as the object's content encoding, which browsers refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # Whoever calls repeats, with one pause for all workers.
            retries={"total_max_attempts": 1, "mode": "standard"},
            # A pool smaller than the number of threads closes connections after every request.
            max_pool_connections=settings.connections,
            connect_timeout=10,
            read_timeout=60,
            tcp_keepalive=True,
            user_agent_extra=f"assetbuild/{assetbuild.__version__}",
        ),
    )
    client.meta.events.register_last("before-call.s3", _expect_nothing_of_small_bodies)
    if checksum_for(client.meta.endpoint_url) is Checksum.MD5:
        client.meta.events.register_last("before-call.s3.DeleteObjects", _md5_of_batch)
    return client


def _moment(value: Any) -> datetime:
    """A time of an answer. In listings they are of RFC 3339, which botocore's own parser takes 50 us to find out."""
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found
    except (TypeError, ValueError):
        pass
    return parse_timestamp(value)  # type: ignore[no-any-return]


def _expect_nothing_of_small_bodies(params: dict[str, Any], **_: object) -> None:
    body = params.get("body")
    if isinstance(body, io.BytesIO) and body.getbuffer().nbytes < EXPECT_FROM and "Expect" in params["headers"]:
        del params["headers"]["Expect"]


def _md5_of_batch(params: dict[str, Any], **_: object) -> None:
    """A batch must have a digest; botocore only knows the newer ones, which these servers do not take."""
    # botocore adds its own after this, by what the context says.
    params["context"].pop("checksum", None)
    params["headers"].pop("x-amz-sdk-checksum-algorithm", None)
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode("ascii")
