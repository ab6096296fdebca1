"""The JSON that `--json` prints: the shapes of docs/schemas, from the values that the build half gives back.

Knows no terminal. Every document has `command`, `ok` and `problems`; the other members are there when `ok` is true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assetbuild import cells
from assetbuild.build.model import Problem
from assetbuild.build.results import Built, Change

if TYPE_CHECKING:
    from assetbuild.build.clean import Removal

Document = dict[str, object]

STREAMED = frozenset({"watch"})
"""Commands that print any number of documents, each on a line of its own (JSON Lines)."""

_LONE = re.compile("[\ud800-\udfff]")


def _clean(value: object) -> object:
    """Names that are not UTF-8 hold lone surrogates, which many JSON readers refuse: those bytes become `\\xNN`."""
    match value:
        case str():
            return _LONE.sub(lambda found: cells.safe(found[0]), value)
        case Mapping():
            return {_clean(key): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
    return value


def dump(document: Mapping[str, object]) -> str:
    """One document, ASCII only: what a file is called cannot drive the terminal that shows it.

    It is indented where it is the only one.
    """
    indent = None if document.get("command") in STREAMED else 2
    return json.dumps(_clean(document), indent=indent, ensure_ascii=True)


def wanted(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON; known before it is parsed, as it holds for a wrong one as well."""
    arguments = list(arguments)
    return "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)


def envelope(command: str, problems: Iterable[Problem], *, ok: bool) -> Document:
    """What every document has. `command` is '' where none was recognised."""
    return {"command": command, "ok": ok, "problems": [_problem(problem) for problem in problems]}


def _problem(value: Problem) -> Document:
    """A diagnostic; what is not known of its place is null."""
    place = value.place
    return {
        "severity": value.severity.value,
        "code": value.code,
        "text": value.text,
        "path": cells.relative(place.path) if place else None,
        "line": place.line or None if place else None,
        "column": place.column or None if place else None,
        "notes": list(value.notes),
        "hint": value.hint,
    }


def built(result: Built, *, mode: str) -> Document:
    """What `build` and `build --plan` made or would make."""
    return {
        "mode": mode,
        "build": result.build,
        "up_to_date": result.up_to_date,
        "written": result.written,
        "assets": _listed(result.assets),
        "changes": [_change(change) for change in result.changes],
        "ways": {name: dict(sorted(counts.items())) for name, counts in sorted(result.ways.items())},
    }


def _change(change: Change) -> Document:
    return {
        "kind": change.kind.value,
        "logical": change.logical,
        "old": change.old or None,
        "new": change.new or None,
        "reasons": list(change.reasons),
    }


def listing(
    *, build: str, entries: Mapping[str, Mapping[str, object]], importmap: Mapping[str, str] | None
) -> Document:
    """A manifest as a list of assets."""
    return {"build": build, "assets": _listed(entries), "importmap": dict(importmap or {})}


_OPTIONAL: Mapping[str, object] = {
    "variants": {},
    "preload": [],
    "imports": [],
    "css": [],
    "stable": False,
    "module": False,
}


def _listed(entries: Mapping[str, Mapping[str, object]]) -> list[Document]:
    """The entries of a manifest in order of logical path; members that it leaves out when empty are always there."""
    return [{"logical": logical, **_OPTIONAL, **entry} for logical, entry in sorted(entries.items())]


def lines(values: Sequence[tuple[int, str]]) -> list[Document]:
    """Indented lines, as `depth` and `text`."""
    return [{"depth": depth, "text": text} for depth, text in values]


def removed(removals: Sequence[Removal], *, dry_run: bool) -> Document:
    """What `clean` and `clobber` removed, or would remove."""
    return {
        "dry_run": dry_run,
        "removed": [
            {"kind": removal.kind.value, "path": cells.relative(str(removal.path)), "reason": removal.reason}
            for removal in removals
        ],
    }
