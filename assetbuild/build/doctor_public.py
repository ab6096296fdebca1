"""Whether objects that are at a target can be read through `public_url` as browsers read them, for `doctor`.

What an answer should be, `public_url.py` decides. The state's folder may be closed to the public on purpose, so where
the probes are refused the live release is asked for, and without one nothing is concluded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build import compress, public_url
from assetbuild.build.doctor_findings import Finding, judged
from assetbuild.build.ledger import Kept, Release
from assetbuild.build.model import Algorithm, Problem, Severity
from assetbuild.build.public_url import Answer, Fetch
from assetbuild.build.storage import Headers

_REFUSED = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class Public:
    """`url` ends in `/`; `origin` is the app's, '' where not known; `live` gives the release that is live, if any."""

    url: str
    origin: str = ""
    live: Callable[[], Release | None] = lambda: None
    ask: Fetch = public_url.fetch


def examine(public: Public, probes: Sequence[tuple[str, bytes, Headers]]) -> Finding:
    """`probes` are (key, bytes as stored, headers) of objects that are known to be there."""
    statuses: list[int] = []

    def ask(url: str, headers: Mapping[str, str]) -> Answer:
        answer = public.ask(url, headers)
        statuses.append(answer.status)
        return answer

    looked = public_url.look(_release(probes), public.url, origin=public.origin, ask=ask)
    if not (statuses and _REFUSED.issuperset(statuses)):
        return _finding(len(looked.urls), looked.problems, public.url)
    release = public.live()
    if release is not None:
        looked = public_url.look(release, public.url, origin=public.origin, ask=public.ask)
        return _finding(len(looked.urls), looked.problems, public.url)
    text = f"{looked.urls[0]} answers {statuses[0]}, as it should where the folder of the state is closed to the public"
    hint = "publish, then run this again; if it stays so, correct `public_url` in [publish], which has to lead there"
    problem = Problem("doctor-public", text, severity=Severity.WARNING, hint=hint)
    return judged("public", f"answers {statuses[0]}", problem)


def _finding(count: int, problems: tuple[Problem, ...], url: str) -> Finding:
    found = f"{url}: {count} files came as browsers need them"
    return judged("public", f"{url}: not as browsers need it" if problems else found, *problems)


def _release(probes: Iterable[tuple[str, bytes, Headers]]) -> Release:
    """The probes as a release that was never published."""
    objects, assets = {}, {}
    for key, body, headers in probes:
        plain = compress.decompress(Algorithm.GZIP, body) if headers.content_encoding else body
        objects[key] = Kept(len(body), hashlib.sha256(body).hexdigest(), headers, key)
        assets[key] = {"path": key, "sha256": hashlib.sha256(plain).hexdigest()}
    return Release("", objects, json.dumps({"assets": assets}))
