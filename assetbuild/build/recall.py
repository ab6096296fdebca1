"""What became of the texts of a step, by the digests of their files: so that a build need not read what did not change.

A processor's own step is keyed by the text that it receives. This is the way there for texts that were not even read:
the same files, cut at the same places and joined in the same order, for the same processors, give the same text to
them. Holds no more than the step does; where it is not known, the step is looked up as ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assetbuild.build import keys
from assetbuild.build.cache import Cache
from assetbuild.build.kept import code_key
from assetbuild.build.keys import Description
from assetbuild.build.model import Licences, Place, Problem, Severity
from assetbuild.build.protocols import Way

MODULES = (
    "assemble",
    "css_parts",
    "css_tokens",
    "edits",
    "encoding",
    "join_js",
    "js_early",
    "js_lexemes",
    "js_names",
    "js_references",
    "js_regex",
    "js_scopes",
    "js_slashes",
    "js_tree",
    "licences",
    "model",
    "other_tools",
    "publish_settings",
    "scan_js",
    "skim_css",
    "skim_js",
    "source_text",
    "urls",
    "webassets_model",
)
"""They decide, of files and the places in them, what processors receive and what is told of that."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A text as its processors left it, with marks that begin with `prefix`; and the way through each of them.

    `licences` are the comments that were taken out of it. `notes` are what joining told; of their places, `path` is
    the number of the input.
    """

    text: str
    prefix: str
    ways: tuple[tuple[Way, str], ...]
    licences: str = ""
    notes: tuple[Problem, ...] = ()


class Recalls:
    """Looks steps up in the cache. `cache`: None knows nothing."""

    def __init__(self, cache: Cache | None) -> None:
        tools = code_key("recall", MODULES) if cache is not None else None
        self._cache, self._tools = (cache, tools) if tools is not None else (None, ())

    def key(self, recipe: str, licences: Licences, identities: Sequence[Description]) -> str | None:
        """`recipe` as `assemble` gives it, `identities` of the processors. None where nothing is known."""
        if self._cache is None:
            return None
        flat = [part for identity in identities for part in identity]
        return keys.key((*self._tools, ("recipe", recipe), ("licences", licences.value), *flat))

    def get(self, key: str | None) -> Recalled | None:
        cached = self._cache.get(key) if self._cache is not None and key is not None else None
        if cached is None:
            return None
        try:
            ways = tuple((Way(way), str(reason)) for way, reason in json.loads(cached.meta["ways"]))
            notes = tuple(_problem(*plain) for plain in json.loads(cached.meta["notes"]))
            text = cached.data.decode("utf-8", "surrogateescape")
            return Recalled(text, cached.meta["prefix"], ways, cached.meta["licences"], notes)
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, key: str | None, recalled: Recalled) -> None:
        if self._cache is not None and key is not None:
            meta = {
                "prefix": recalled.prefix,
                "ways": json.dumps([(way.value, reason) for way, reason in recalled.ways]),
                "licences": recalled.licences,
                "notes": json.dumps([_plain(note) for note in recalled.notes]),
            }
            self._cache.put(key, recalled.text.encode("utf-8", "surrogateescape"), meta)


def numbered(notes: Iterable[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """The notes with the numbers of their files as the paths of their places. Raises ValueError for another file's."""
    return tuple(
        replace(note, place=replace(note.place, path=str(files.index(note.place.path)))) if note.place else note
        for note in notes
    )


def placed(notes: Iterable[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """What `numbered` was given."""
    return tuple(
        replace(note, place=replace(note.place, path=files[int(note.place.path)])) if note.place else note
        for note in notes
    )


def _plain(note: Problem) -> list[object]:
    place = [note.place.path, note.place.line, note.place.column, note.place.source_line] if note.place else None
    return [note.code, note.text, place, note.severity.value, note.notes, note.hint]


def _problem(code: str, text: str, place: list[object] | None, severity: str, notes: list[str], hint: str) -> Problem:
    where = Place(*place) if place is not None else None  # type: ignore[arg-type]
    return Problem(code, text, where, Severity(severity), tuple(notes), hint)
