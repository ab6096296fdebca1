"""What the system tells of real changes, and that a system that tells of nothing, or no more, does no harm."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from assetbuild.build.watcher import observe
from assetbuild.build.watching import Scope

DEADLINE = 60.0  # seconds


def is_told(sets: Iterator[Collection[str]], path: Path) -> bool:
    """Whether the path comes before the deadline; where nothing changes there are empty sets."""
    deadline = time.monotonic() + DEADLINE
    return any(str(path) in found for found in takewhile(lambda _: time.monotonic() < deadline, sets))


def test_a_change_is_told_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real/css").mkdir(parents=True)
    (tmp_path / "linked").symlink_to("real")
    with observe(Scope((), (tmp_path / "linked",), ("",))) as sets:
        (tmp_path / "real/css/a.css").write_text("a{}")
        assert is_told(sets, (tmp_path / "real").resolve() / "css/a.css")


def test_a_folder_that_is_made_later_is_watched(tmp_path: Path) -> None:
    with observe(Scope((), (tmp_path,), ("",))) as sets:
        (tmp_path / "new").mkdir()
        assert is_told(sets, tmp_path.resolve() / "new")
        (tmp_path / "new/a.css").write_text("a{}")
        assert is_told(sets, tmp_path.resolve() / "new/a.css")


def test_a_root_that_is_removed_is_told_itself(tmp_path: Path) -> None:
    root = tmp_path / "static"
    root.mkdir()
    with observe(Scope((), (root,), ("",))) as sets:
        root.rmdir()
        assert is_told(sets, tmp_path.resolve() / "static")


@pytest.mark.parametrize("roots", [(), ("absent",), ("file",)])
def test_where_there_is_nothing_to_watch_there_are_quiet_sets(tmp_path: Path, roots: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    with observe(Scope((), tuple(tmp_path / name for name in roots), ("",) * len(roots))) as sets:
        assert [len(next(sets)) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    "error", [OSError("watch limit reached"), RuntimeError("no inotify"), FileNotFoundError("gone")]
)
@pytest.mark.parametrize("already", [0, 2])
def test_where_no_more_can_be_watched_the_roots_are_told_and_then_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, already: int
) -> None:
    def watch(*folders: str, **options: Any) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        for _ in range(already):
            yield set()
        raise error

    monkeypatch.setattr(watchfiles, "watch", watch)
    with observe(Scope((), (tmp_path,), ("",))) as sets:
        found = [next(sets) for _ in range(already + 3)]
    assert found == [*[frozenset()] * already, frozenset({str(tmp_path.resolve())}), frozenset(), frozenset()]
