"""Asks for published files as a browser does, through `public_url`, and holds the answers against a release's record.

Only for objects that are known to be at the target: a CDN keeps the answer that something is not there. One of each
kind is fetched, for what is wrong is wrong with servers and their settings, not with single files.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from assetbuild.build import compress, urls
from assetbuild.build.ledger import Kept, Release
from assetbuild.build.model import Algorithm, Problem, Severity

ANY_ORIGIN = "https://app.example"
"""Stands for the app's origin where that is not given (RFC 2606)."""
_TIMEOUT = 30.0
_NEEDS_CORS = ("font/", "text/css", "text/javascript")
"""Fonts and modules are fetched with CORS always, and style sheets and scripts where the tag has `integrity`."""
_SERVER = "correct the settings of the server or CDN behind `public_url`"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Names of `headers` are in lower case; `body` is as it came, not decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """Nothing came back."""


Fetch = Callable[[str, Mapping[str, str]], Answer]
"""Asks for a URL with header fields. Raises `Unreachable`."""


def fetch(url: str, headers: Mapping[str, str]) -> Answer:
    """Over the network, by the proxies that the machine has; redirections are followed, as browsers do."""
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers.items(), b"")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", error))) from error


def _answer(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers}, body)


@dataclass(frozen=True, slots=True)
class Looked:
    """The URLs that were asked for, and what was wrong."""

    urls: tuple[str, ...]
    problems: tuple[Problem, ...]


def look(release: Release, public_url: str, *, origin: str = "", ask: Fetch = fetch) -> Looked:
    """Fetch one object of each kind of a release whose objects are all there.

    `origin` is the app's, such as `https://www.example.com`: without it, missing CORS is only a warning.
    """
    asked, problems, closed = [], list[Problem](), list[str]()
    algorithms = [one.value for one in Algorithm if not compress.missing_package(one)]
    headers = {"Accept-Encoding": ", ".join(algorithms), "Accept": "*/*", "Origin": origin or ANY_ORIGIN}
    for key, kept, sha256 in _one_of_each_kind(release):
        url = public_url + urls.encode(key)
        asked.append(url)
        try:
            answer = ask(url, headers)
        except Unreachable as error:
            text = f"{url} cannot be reached: {error}"
            problems.append(Problem("public-unreachable", text, hint="correct `public_url`, or look at the server"))
            continue
        problems += _compared(url, kept, sha256, answer)
        if answer.status == 200 and not _is_open(kept, answer, headers["Origin"]):
            closed.append(url)
    problems += _closed(closed, origin)
    return Looked(tuple(asked), tuple(problems))


def _one_of_each_kind(release: Release) -> Iterator[tuple[str, Kept, str]]:
    """The smallest of each kind with the SHA-256 of its plain bytes. What pages name, so no twins of it."""
    smallest: dict[tuple[str, str], tuple[int, str, str]] = {}
    for entry in json.loads(release.manifest)["assets"].values():
        kept = release.objects.get(entry["path"])
        if kept is not None:
            kind = (kept.headers.content_type, kept.headers.content_encoding)
            found = (kept.size, str(entry["path"]), str(entry["sha256"]))
            smallest[kind] = min(smallest.get(kind, found), found)
    for _, (_, key, sha256) in sorted(smallest.items()):
        yield key, release.objects[key], sha256


def _compared(url: str, kept: Kept, sha256: str, answer: Answer) -> Iterator[Problem]:
    if answer.status != 200:
        yield Problem("public-status", f"{url} answers {answer.status}", hint=_STATUS.get(answer.status, _SERVER))
        return
    yield from _type(url, kept.headers.content_type, answer.headers.get("content-type", ""))
    cache = answer.headers.get("cache-control", "")
    if _directives(cache) != _directives(kept.headers.cache_control):
        text = f'{url} is served with {_field("Cache-Control", cache)}, not "{kept.headers.cache_control}"'
        yield Problem("public-cache", text, hint=_SERVER)
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    body = _decoded(encoding, answer.body)
    wanted = kept.headers.content_encoding
    if body is not None and hashlib.sha256(body).hexdigest() == sha256:
        return  # also where a server between packed or unpacked it: browsers see the same bytes
    if encoding != wanted or body is None:
        told = f'"{wanted}"' if wanted else "none"
        text = f"{url} is served with {_field('Content-Encoding', encoding)}, not {told}, and browsers cannot read it"
        yield Problem("public-encoding", text, hint=_SERVER)
    else:
        text = f"{url} is served with other bytes than were published"
        yield Problem(
            "public-bytes", text, hint="let the CDN forget what it has of it, and turn off what changes files"
        )


_STATUS = {
    403: "let everybody, or the CDN, read the objects (s3:GetObject), or correct `public_url`",
    404: "correct `public_url`: it must lead to the target; a CDN may also have kept this answer from before",
}
_JAVASCRIPT = ("application/javascript", "application/x-javascript")  # what RFC 9239 made text/javascript of


def _type(url: str, wanted: str, found: str) -> Iterator[Problem]:
    """A charset that is not said is only a warning: browsers take the page's."""
    kind, charset = _split_type(found)
    wanted_kind, wanted_charset = _split_type(wanted)
    text = f'{url} is served with {_field("Content-Type", found)}, not "{wanted}"'
    if ("text/javascript" if kind in _JAVASCRIPT else kind) != wanted_kind:
        yield Problem("public-type", text, hint=_SERVER)
    elif charset != wanted_charset:
        severity = Severity.ERROR if charset else Severity.WARNING
        yield Problem("public-type", text, severity=severity, hint=_SERVER)


def _split_type(value: str) -> tuple[str, str]:
    kind, _, rest = value.lower().partition(";")
    found = re.search(r'charset\s*=\s*"?([^\s";]+)', rest)
    return kind.strip(), found[1] if found else ""


def _field(name: str, value: str) -> str:
    return f'{name} "{value}"' if value else f"no {name}"


def _directives(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(",") if part.strip()}


def _decoded(encoding: str, body: bytes) -> bytes | None:
    if encoding in ("", "identity"):
        return body
    try:
        return compress.decompress(Algorithm(encoding), body)
    except ValueError:  # no such encoding, or damaged
        return None


def _is_open(kept: Kept, answer: Answer, origin: str) -> bool:
    if not kept.headers.content_type.startswith(_NEEDS_CORS):
        return True
    return answer.headers.get("access-control-allow-origin", "") in ("*", origin)


def _closed(found: list[str], origin: str) -> Iterator[Problem]:
    if found:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        text = f"{found[0]}{more}: no Access-Control-Allow-Origin for {origin or 'pages of another origin'}"
        severity = Severity.ERROR if origin else Severity.WARNING
        hint = "allow the app's origin in the CORS rules: fonts, modules and files with integrity need it"
        yield Problem("public-cors", text, severity=severity, hint=hint)
