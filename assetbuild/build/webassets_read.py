"""A webassets YAML file -> what it declares: its keys and their types, checked, every mistake with its place.

Reads both shapes that webassets has: settings with the bundles below `bundles:`, and bundles alone, as Flask-Assets'
`from_yaml` takes them. What the names and paths mean is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assetbuild.build.config_values import similar, type_name
from assetbuild.build.model import Place, Problem
from assetbuild.build.webassets_model import Declared, File, Word
from assetbuild.build.yaml_places import Path, Spot, YamlDocument

# What webassets does while an app runs: debugging, rebuilding, expiring. None of it is left to do, so it means nothing.
_IDLE = ("auto_build", "cache", "cache_file_mode", "debug", "expire", "manifest", "updater", "url", "url_expire")
_SETTINGS = tuple(sorted(("bundles", "config", "directory", "filters", "load_path", "versions", *_IDLE)))
_BUNDLE = ("config", "contents", "debug", "depends", "extra", "filters", "output")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class _Reader:
    document: YamlDocument
    at: Callable[[Spot], Place]
    problems: list[Problem] = field(default_factory=list)

    def fail(self, text: str, path: Path, *, hint: str, is_key: bool = False) -> None:
        spot = self.document.at_key(*path) if is_key else self.document.at_value(*path)
        self.problems.append(Problem("webassets-value", text, self.at(spot), hint=hint))

    def unknown(self, table: Mapping[str, object], known: tuple[str, ...], path: Path, *, where: str) -> None:
        for key in table:
            if key not in known:
                meant = similar(key, known)
                hint = f"did you mean `{meant}`?" if meant else f"the keys are: {', '.join(known)}"
                place = self.at(self.document.at_key(*path, key))
                self.problems.append(Problem("webassets-key", f"{where} has no key `{key}`", place, hint=hint))

    def table(self, value: object, path: Path, *, what: str, hint: str) -> dict[str, object]:
        if value is None:
            return {}
        if isinstance(value, dict):
            return {str(key): item for key, item in value.items()}
        self.fail(f"{what} must be a mapping, not {_type(value)}", path, hint=hint)
        return {}

    def words(self, value: object, path: Path, *, what: str, is_separated: bool = False) -> tuple[Word, ...]:
        """A string, or a list of them; `is_separated`: one string holds several, with commas between them."""
        listed = value if isinstance(value, list) else [] if value is None else [value]
        found: list[Word] = []
        for index, item in enumerate(listed):
            here = (*path, index) if isinstance(value, list) else path
            if not isinstance(item, str) or not item.strip():
                self.fail(f"{what} must be strings, not {_type(item)}", here, hint="write names, in quotes if need be")
                continue
            parts = item.split(",") if is_separated else [item]
            found += [Word(part.strip(), self.document.at_value(*here)) for part in parts if part.strip()]
        return tuple(found)

    def settings(self, table: Mapping[str, object], name: str, *path: str | int) -> tuple[tuple[str, object], ...]:
        here = (*path, name)
        found = self.table(table.get(name), here, what=f"`{name}`", hint="write one `key: value` a line below it")
        return tuple(sorted(found.items()))

    def extra(self, table: Mapping[str, object], path: Path) -> tuple[tuple[str, object], ...]:
        """What the manifest has to hold, and so only what JSON knows; keys are strings, as in JSON."""
        return tuple(
            (name, self.plain(item, (*path, "extra", name))) for name, item in self.settings(table, "extra", *path)
        )

    def plain(self, value: object, path: Path) -> object:
        if isinstance(value, float) and not math.isfinite(value):
            hint = "write another number, or put it in quotes"
            self.fail(f"`extra` holds {value}, which no manifest can hold", path, hint=hint)
            return None
        if isinstance(value, dict):
            return {str(key): self.plain(item, (*path, str(key))) for key, item in value.items()}
        return (
            [self.plain(item, (*path, index)) for index, item in enumerate(value)] if isinstance(value, list) else value
        )

    # --- bundles -----------------------------------------------------------------------------------------

    def bundles(self, value: object, path: Path) -> tuple[Declared, ...]:
        hint = "write the name of a bundle and, below it, `contents` and `output`"
        table = self.table(value, path, what="`bundles`", hint=hint)
        return tuple(self.bundle(item, (*path, name), name=name) for name, item in table.items())

    def bundle(self, value: object, path: Path, *, name: str) -> Declared:
        what = f'the bundle "{name}"' if name else "a nested bundle"
        table = self.table(value, path, what=what, hint="write `contents` and `output` below its name")
        self.unknown(table, _BUNDLE, path, where=what)
        output = self.words(table.get("output"), (*path, "output"), what=f"the output of {what}")
        return Declared(
            name=name,
            place=self.document.at_key(*path),
            contents=self.contents(table.get("contents"), (*path, "contents"), what=what),
            filters=self.words(
                table.get("filters"), (*path, "filters"), what=f"the filters of {what}", is_separated=True
            ),
            output=output[0] if output else None,
            depends=self.words(table.get("depends"), (*path, "depends"), what=f"what {what} depends on"),
            extra=self.extra(table, path),
            config=self.settings(table, "config", *path),
        )

    def contents(self, value: object, path: Path, *, what: str) -> tuple[Word | Declared, ...]:
        if len(path) > _DEEPEST:
            self.fail("bundles are nested too deeply", path, hint="name the inner ones, and list their names")
            return ()
        if not isinstance(value, list):
            return self.words(value, path, what=f"the contents of {what}")
        found: list[Word | Declared] = []
        for index, item in enumerate(value):
            here = (*path, index)
            if isinstance(item, dict):
                found.append(self.bundle(item, here, name=""))
            else:
                found += self.words(item, here, what=f"the contents of {what}")
        return tuple(found)


def read(document: YamlDocument, *, at: Callable[[Spot], Place]) -> tuple[File, list[Problem]]:
    """What the file declares, and what is wrong with it. `at` gives the place of a line and column."""
    reader = _Reader(document, at)
    table = reader.table(document.value, (), what="the file", hint="write `bundles:` and the bundles below it")
    if not _has_settings(table):
        return File(reader.bundles(table, ())), reader.problems
    reader.unknown(table, _SETTINGS, (), where="a webassets file")
    directory = reader.words(table.get("directory"), ("directory",), what="`directory`")
    return (
        File(
            bundles=reader.bundles(table.get("bundles"), ("bundles",)),
            directory=directory[0] if directory else None,
            load_path=reader.words(table.get("load_path"), ("load_path",), what="`load_path`"),
            custom_filters=reader.words(table.get("filters"), ("filters",), what="`filters`"),
            config=reader.settings(table, "config"),
        ),
        reader.problems,
    )


def _has_settings(table: Mapping[str, object]) -> bool:
    """Whether bundles stand below `bundles:`. A bundle may bear that name too, and has contents then."""
    if "bundles" not in table:
        # A misspelt `bundles` is told from bundles by the settings beside it.
        return any(key in _SETTINGS and not isinstance(value, dict) for key, value in table.items())
    below = table["bundles"]
    return not (isinstance(below, dict) and "contents" in below and not isinstance(below["contents"], dict))


def _type(value: object) -> str:
    if value is None:
        return "nothing"
    return "a mapping" if isinstance(value, dict) else type_name(value)
