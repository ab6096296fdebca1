"""Answers of servers and CDNs held against a release: what browsers would stumble over, and what they would not."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping

import pytest

from assetbuild.build.ledger import Kept, Release
from assetbuild.build.model import Severity
from assetbuild.build.public_url import ANY_ORIGIN, Answer, Unreachable, look
from assetbuild.build.storage import Headers

BASE = "https://cdn.example/a/"
CACHE = "public, max-age=31536000, immutable, no-transform"
BODY = b"body { margin: 0 }"
PACKED = gzip.compress(BODY, mtime=0)
GOOD = {
    "content-type": "text/css; charset=utf-8",
    "cache-control": CACHE,
    "access-control-allow-origin": "*",
}


def release(kind: str = "text/css; charset=utf-8", encoding: str = "", *, key: str = "app-1.css") -> Release:
    body = PACKED if encoding else BODY
    headers = Headers(kind, CACHE, encoding)
    kept = Kept(len(body), hashlib.sha256(body).hexdigest(), headers, "app.css", variant=bool(encoding))
    manifest = {"assets": {"app.css": {"path": key, "sha256": hashlib.sha256(BODY).hexdigest()}}}
    return Release("0" * 64, {key: kept}, json.dumps(manifest))


def codes(found: Release, answer: Answer, *, origin: str = "") -> list[tuple[str, Severity]]:
    looked = look(found, BASE, origin=origin, ask=lambda url, headers: answer)
    assert all(problem.hint and problem.text.startswith(BASE) for problem in looked.problems)
    return [(problem.code, problem.severity) for problem in looked.problems]


def changed(**fields: str) -> Mapping[str, str]:
    return {**GOOD, **{name.replace("_", "-"): value for name, value in fields.items()}}


ERROR, WARNING = Severity.ERROR, Severity.WARNING


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (Answer(200, GOOD, BODY), []),
        (Answer(200, changed(content_encoding="gzip"), PACKED), []),
        (Answer(200, changed(content_encoding="identity"), BODY), []),
        (Answer(200, changed(cache_control="max-age=31536000,public,no-transform,IMMUTABLE"), BODY), []),
        (Answer(200, changed(content_type='text/css;charset="UTF-8"'), BODY), []),
        (Answer(200, changed(content_type="text/css"), BODY), [("public-type", WARNING)]),
        (Answer(200, changed(content_type="text/css; charset=latin-1"), BODY), [("public-type", ERROR)]),
        (Answer(200, changed(content_type="application/octet-stream"), BODY), [("public-type", ERROR)]),
        (Answer(200, changed(content_type=""), BODY), [("public-type", ERROR)]),
        (Answer(200, changed(cache_control=""), BODY), [("public-cache", ERROR)]),
        (Answer(200, changed(cache_control="public, max-age=60"), BODY), [("public-cache", ERROR)]),
        (Answer(200, GOOD, PACKED), [("public-bytes", ERROR)]),
        (Answer(200, changed(content_encoding="gzip,aws-chunked"), PACKED), [("public-encoding", ERROR)]),
        (Answer(200, changed(content_encoding="gzip"), BODY), [("public-encoding", ERROR)]),
        (Answer(200, changed(content_encoding="gzip"), PACKED[:-9]), [("public-encoding", ERROR)]),
        (Answer(200, GOOD, b"<html>login</html>"), [("public-bytes", ERROR)]),
        (Answer(200, changed(access_control_allow_origin=""), BODY), [("public-cors", WARNING)]),
        (Answer(403, {}, b""), [("public-status", ERROR)]),
        (Answer(404, {}, b""), [("public-status", ERROR)]),
        (Answer(500, {}, b""), [("public-status", ERROR)]),
    ],
)  # fmt: skip
def test_an_answer_is_as_browsers_take_it(answer: Answer, wanted: list[tuple[str, Severity]]) -> None:
    assert codes(release(), answer) == wanted


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        (changed(content_encoding="gzip"), PACKED, []),
        (GOOD, BODY, []),
        (GOOD, PACKED, [("public-encoding", ERROR)]),
        (changed(content_encoding="gzip"), gzip.compress(b"other", mtime=0), [("public-bytes", ERROR)]),
    ],
)
def test_an_object_that_is_stored_packed_has_to_say_so(
    headers: Mapping[str, str], body: bytes, wanted: list[tuple[str, Severity]]
) -> None:
    assert codes(release(encoding="gzip"), Answer(200, headers, body)) == wanted


@pytest.mark.parametrize("kind", ["application/javascript", "application/x-javascript; charset=utf-8"])
def test_the_old_names_of_javascript_are_its_names(kind: str) -> None:
    found = codes(release("text/javascript; charset=utf-8"), Answer(200, changed(content_type=kind), BODY))
    assert ("public-type", ERROR) not in found


@pytest.mark.parametrize(
    ("kind", "allowed", "origin", "wanted"),
    [
        ("font/woff2", "", "", [("public-cors", WARNING)]),
        ("font/woff2", "", "https://www.example", [("public-cors", ERROR)]),
        ("font/woff2", "https://www.example", "https://www.example", []),
        ("font/woff2", "https://other.example", "https://www.example", [("public-cors", ERROR)]),
        ("font/woff2", ANY_ORIGIN, "", []),
        ("image/png", "", "https://www.example", []),
    ],
)
def test_fonts_need_cors_and_images_do_not(
    kind: str, allowed: str, origin: str, wanted: list[tuple[str, Severity]]
) -> None:
    headers = changed(content_type=kind, access_control_allow_origin=allowed)
    assert codes(release(kind), Answer(200, headers, BODY), origin=origin) == wanted


def test_an_address_that_cannot_be_reached_is_a_problem_and_names_are_encoded() -> None:
    def ask(url: str, headers: Mapping[str, str]) -> Answer:
        asked.append((url, headers["Origin"]))
        raise Unreachable("refused")

    asked: list[tuple[str, str]] = []
    looked = look(release(key="ä b-1.css"), BASE, origin="https://www.example", ask=ask)
    assert asked == [(f"{BASE}%C3%A4%20b-1.css", "https://www.example")]
    assert [problem.code for problem in looked.problems] == ["public-unreachable"]
