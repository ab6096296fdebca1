"""What a webassets YAML file says, as values: what was declared, what its names mean, what has to be run.

Knows neither YAML nor webassets, so that a configuration can hold it and the run of its filters can be described.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assetbuild.build.yaml_places import Spot

INSTALL = "pip install 'assetbuild[webassets]'"
"""What brings all that such a file may need."""
REWRITING = "cssrewrite"
IDLE = frozenset(("cleancss", "css_slimmer", "cssmin", "gzip", "jsmin", "rcssmin", "rjsmin", "yui_css", "yui_js"))
"""Filters that never run: the guarded minifiers of `[processors]` do their work, and twins are what `compress` says."""
OURS = frozenset((*IDLE, REWRITING))
"""Filters that do no more than we do: a bundle that has no other is a plain one. What else there is webassets runs."""


@dataclass(frozen=True, slots=True)
class Word:
    """A string of the file, and where it stands."""

    text: str
    place: Spot


@dataclass(frozen=True, slots=True)
class Declared:
    """A bundle as it was written. `name` is '' where it is nested; `contents` are files, globs, names and bundles."""

    name: str
    place: Spot
    contents: tuple[Word | Declared, ...] = ()
    filters: tuple[Word, ...] = ()
    output: Word | None = None
    depends: tuple[Word, ...] = ()
    extra: tuple[tuple[str, object], ...] = ()
    config: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A whole YAML file. `directory` and `load_path` are as written, with their places; None where they are not."""

    bundles: tuple[Declared, ...]
    directory: Word | None = None
    load_path: tuple[Word, ...] = ()
    custom_filters: tuple[Word, ...] = ()
    config: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A bundle that webassets makes: `contents` are logical globs and bundles, `filters` those that it has to apply."""

    contents: tuple[Word | Run, ...]
    filters: tuple[Word, ...] = ()
    depends: tuple[Word, ...] = ()
    config: tuple[tuple[str, object], ...] = ()

    def words(self) -> Iterator[Word]:
        """Every filter of it and of what it holds."""
        yield from self.filters
        for item in self.contents:
            if isinstance(item, Run):
                yield from item.words()


@dataclass(frozen=True, slots=True)
class Translation:
    """The text of the bundle `logical`, which webassets makes by `run`."""

    logical: str
    run: Run
    place: Spot


@dataclass(frozen=True, slots=True)
class Named:
    """What a name of webassets means in a template: assets in order, and their `extra`, as JSON."""

    name: str
    assets: tuple[str, ...]
    extra: str = "{}"


@dataclass(frozen=True, slots=True)
class Webassets:
    """All that a configuration takes from a YAML file, besides bundles. `file` is None where it names none.

    `outputs` are the paths, as regular expressions, at which webassets itself wrote what bundles are now.
    """

    file: Path | None = None
    names: tuple[Named, ...] = ()
    translations: tuple[Translation, ...] = ()
    outputs: tuple[str, ...] = ()
    custom_filters: tuple[Word, ...] = ()
    config: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A `Run` with files for globs: absolute paths and jobs, in order. `filters` are names."""

    contents: tuple[str | Job, ...]
    filters: tuple[str, ...] = ()
    config: tuple[tuple[str, object], ...] = ()

    def files(self) -> Iterator[str]:
        """Every file, in order."""
        for item in self.contents:
            if isinstance(item, Job):
                yield from item.files()
            else:
                yield item

    def names(self) -> Iterator[str]:
        """Every filter of it and of what it holds."""
        yield from self.filters
        for item in self.contents:
            if isinstance(item, Job):
                yield from item.names()


Opened = tuple[str, str]
"""A file that a filter opened, or looked for in vain, by absolute path, and its SHA-256; '' where it was not there."""
