"""The values: a row, a table of rows, and how long a row may take beside others.

Knows nothing of what is measured, nor of measuring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BUILD = (sys.executable, "-m", "assetbuild", "build")


@dataclass(frozen=True, slots=True)
class Case:
    """One row. Before a run `removed` goes, `copied` (from, to) is put there, and a comment is added to `changed`.

    After it there must be `made`. A row with `missing`, which says why, is shown and not run. A `heavy` one takes so
    long that a run only to warm up is not worth its time.
    """

    name: str
    folder: Path
    command: tuple[str, ...]
    made: Path
    removed: tuple[Path, ...] = ()
    copied: tuple[tuple[Path, Path], ...] = ()
    changed: tuple[Path, ...] = ()
    missing: str = ""
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One table; its first row that was run is what the others are compared with. `title` is what others call it."""

    title: str
    note: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A table to be. `prepare` makes its folders, which takes time, and gives it."""

    title: str
    prepare: Callable[[], Group]


def absent(name: str, why: str) -> Case:
    return Case(name, HERE, (), HERE, missing=why)


def states(folder: Path, name: str, *, heavy: bool = False) -> tuple[Case, ...]:
    """Cold, cached and up to date, in the order in which each leaves what the next one needs."""
    made, output = folder / "public" / "assets" / "manifest.json", folder / "public"
    return (
        Case(f"{name}, cold", folder, BUILD, made, (folder / ".assetbuild", output), heavy=heavy),
        Case(f"{name}, outputs deleted, cache kept", folder, BUILD, made, (output,), heavy=heavy),
        Case(f"{name}, nothing to do", folder, BUILD, made, heavy=heavy),
    )
