"""What `doctor` makes of the answers of a target: the probes, and a finding for how each came back.

Sends nothing: what was asked, and in which order, is `doctor_target.py`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from assetbuild.build import compress
from assetbuild.build.doctor_findings import Finding, fine, judged, skipped
from assetbuild.build.model import Algorithm, Problem, Severity
from assetbuild.build.publish_plan import IMMUTABLE
from assetbuild.build.storage import ConditionsProbe, Failure, Headers, StorageError, Stored, key_order

_SIGNED_WITHIN = 900.0
_CLOSE = 60.0
"""Seconds that a clock may be off before that is worth a word, and before servers refuse what is signed by it."""


SHORT = {
    Failure.NOT_FOUND: "what was written is not there",
    Failure.PRECONDITION: "refused by a condition that holds",
    Failure.DENIED: "not allowed",
    Failure.THROTTLED: "too many requests",
    Failure.TRANSIENT: "failed three times",
    Failure.UNREACHABLE: "no connection",
    Failure.CREDENTIALS: "not accepted",
    Failure.EXPIRED: "run out",
    Failure.CLOCK: "too far off",
    Failure.NO_BUCKET: "not there",
    Failure.TLS: "not trusted",
    Failure.UNSUPPORTED: "not known to this server",
    Failure.TARGET: "cannot be used",
    Failure.FULL: "no room left",
    Failure.OTHER: "failed",
}
"""Failures in a few words, for a line of a table."""


@dataclass(frozen=True, slots=True)
class Probe:
    """An object that is written, read and removed."""

    key: str
    body: bytes
    headers: Headers
    is_for_browsers: bool = True
    """Whether it is of a kind that has to be readable by pages of another origin."""


def probes_in(folder: str) -> tuple[Probe, ...]:
    """A packed module, a font, and a third, so that an order by numbers or of arrival is not one by bytes."""
    script = f"// A probe of `assetbuild doctor`, {folder}\nexport default 1;\n".encode()
    cache, metadata = IMMUTABLE, (("logical", "probe.js"),)
    packed = compress.compress(Algorithm.GZIP, 9, script)
    return (
        Probe(f"{folder}1.js", packed, Headers("text/javascript; charset=utf-8", cache, "gzip", metadata)),
        Probe(f"{folder}2.woff2", b"wOF2 probe", Headers("font/woff2", cache)),
        Probe(f"{folder}10.txt", b"probe", Headers("text/plain; charset=utf-8", cache), is_for_browsers=False),
    )


# --- the server -------------------------------------------------------------------------------------------


def without_tls(endpoint: str) -> Finding:
    host = endpoint.partition("://")[2].partition("/")[0].rpartition(":")[0] or endpoint.partition("://")[2]
    if host in ("127.0.0.1", "localhost", "[::1]"):
        return skipped("tls", "none: plain HTTP on this machine")
    text = f"{endpoint} is asked over plain HTTP: whoever listens can read and change what is sent"
    hint = "write https:// in `endpoint_url` of [publish], and run this again: some faults show only then"
    return judged("tls", "none", Problem("doctor-no-tls", text, severity=Severity.WARNING, hint=hint))


def refused_body(where: str, error: StorageError) -> Problem:
    """The true cause where a body is refused of somebody whose listing was answered."""
    text = (
        f"{where} answers a listing and refuses a body with these credentials, so "
        f"they are right: it cannot take the checksum of the body, or a proxy in between changes it ({error.text})"
    )
    return Problem("doctor-framing", text, hint="let `endpoint_url` in [publish] name the server itself, or update it")


# --- objects ----------------------------------------------------------------------------------------------


def clock(modified: float, *, now: float, signs: bool) -> Finding:
    """By when the server says that the object was written, which was just before `now`. S3 leaves parts of seconds."""
    offset = round(modified - now)
    if abs(offset) <= 2:
        return fine("clock", "within 2 s of the server's" if signs else "within 2 s")
    found = far(offset)
    if abs(offset) <= _CLOSE:
        return fine("clock", found)
    text = f"this machine's clock is {abs(offset)} s {'behind' if offset > 0 else 'ahead of'} that of the target"
    severity = Severity.ERROR if abs(offset) > _SIGNED_WITHIN and signs else Severity.WARNING
    hint = "set the clock by the network: servers refuse requests that are signed 15 minutes off"
    return judged("clock", found, Problem("doctor-clock", text, severity=severity, hint=hint))


def far(offset: float) -> str:
    return f"the server is {abs(round(offset))} s {'ahead' if offset > 0 else 'behind'}"


def bytes_back(probe: Probe, stored: Stored) -> Finding:
    headers = stored.info.headers
    encoding = headers.content_encoding if headers is not None else ""
    if stored.body != probe.body:
        is_framed = probe.body in stored.body
        text = f"{probe.key} comes back with {'its framing around it' if is_framed else 'other bytes than were sent'}"
    elif "aws-chunked" in encoding:
        text = f'{probe.key} comes back with the Content-Encoding "{encoding}", which no browser reads'
    else:
        return fine("framing", "the bytes come back as they were sent")
    hint = "let `endpoint_url` in [publish] name the server itself, without a proxy, or update the server"
    return judged("framing", "the bytes or their encoding are changed", Problem("doctor-framing", text, hint=hint))


def headers_back(probe: Probe, stored: Stored) -> Finding:
    sent = probe.headers
    found = stored.info.headers
    if found is None:
        text = "the headers that come back are not those of an object that this program wrote"
        return judged("headers", "not kept", Problem("doctor-headers", text, hint=_KEEPS_HEADERS))
    encoding = ",".join(part for part in found.content_encoding.split(",") if part.strip() != "aws-chunked")
    pairs = (
        ("Content-Type", sent.content_type, found.content_type),
        ("Cache-Control", sent.cache_control, found.cache_control),
        ("Content-Encoding", sent.content_encoding, encoding),
        ("the metadata", str(dict(sent.metadata)), str(dict(found.metadata))),
    )
    lost = [(name, one, other) for name, one, other in pairs if one != other]
    problems = [
        Problem("doctor-headers", f'{name} was sent as "{one}" and comes back as "{other}"', hint=_KEEPS_HEADERS)
        for name, one, other in lost
    ]
    if not problems and stored.info.sha256 != hashlib.sha256(probe.body).hexdigest():
        text = "the digest that is sent as metadata does not come back"
        problems = [Problem("doctor-headers", text, severity=Severity.WARNING, hint=_KEEPS_HEADERS)]
    names = ", ".join(name for name, _, _ in lost) or "the digest"
    return judged("headers", f"{names}: not kept" if problems else "kept, and metadata too", *problems)


_KEEPS_HEADERS = "choose a target that keeps what it is told, or take the proxy in between out of `endpoint_url`"


def listed_back(where: str, listed: Sequence[str], written: Sequence[str]) -> list[Finding]:
    """Whether what was written is listed at once, and by the bytes of its names."""
    wanted = sorted(written, key=key_order)
    if sorted(listed, key=key_order) != wanted:
        text = f"{where}: {len(listed)} of {len(wanted)} objects are listed right after they were written"
        hint = "point `endpoint_url` at a server that lists what it holds, not at a cache or a replica"
        return [judged("listing", "late", Problem("doctor-late", text, severity=Severity.WARNING, hint=hint))]
    at_once = fine("listing", "allowed, and shows at once what was written")
    if listed == wanted:
        return [at_once, fine("order", "by the bytes of names")]
    names = ", ".join(key.rpartition("/")[2] for key in listed)
    text = f"{where} lists keys in another order than that of their bytes: {names}"
    hint = "choose another target, or give `state` one: the release that is live is the first in a listing"
    return [at_once, judged("order", "not by bytes", Problem("doctor-order", text, hint=hint))]


def conditions_held(where: str, found: ConditionsProbe) -> Finding:
    which = [name for name, holds in (("If-None-Match", found.absent), ("If-Match", found.unchanged)) if not holds]
    if not which:
        return fine("conditions", "hold")
    text = f"{where} does not hold the conditions of writes: {' and '.join(which)}"
    problem = Problem("doctor-conditions", text, severity=Severity.NOTE, hint="nothing to set: publishing needs none")
    return judged("conditions", "not held; nothing rests on them", problem)
