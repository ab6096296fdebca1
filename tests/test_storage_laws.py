"""Laws over random keys and random histories: what a folder does is what memory does, and nothing leaves the folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from assetbuild.build.storage import (
    Condition,
    Headers,
    ObjectInfo,
    Storage,
    StorageError,
    Stored,
    check_key,
    check_prefix,
)
from assetbuild.build.storage_directory import DirectoryStorage
from assetbuild.build.storage_memory import MemoryStorage

TEXT = st.text(st.sampled_from("./\\:ab~ \0\n\u00e9"), max_size=8)
KEYS = st.sampled_from(["a", "b", "c/d", "c/e", "c/f/g", "é", "z"])
PREFIXES = st.sampled_from(["", "a", "c", "c/", "c/f", "c/f/", "é", "none/"])
HEADERS = st.sampled_from([Headers(), Headers("text/css", "no-cache", "br", (("a", "1"),))])
BODIES = st.binary(max_size=2)
CONDITIONS = st.sampled_from(["none", "absent", "current", "other"])
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, BODIES, HEADERS, CONDITIONS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("delete_many"), st.lists(KEYS, max_size=3)),
    st.tuples(st.just("list"), PREFIXES, st.none() | st.integers(0, 3)),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("head"), KEYS),
)


def said(action: Callable[[], Any]) -> object:
    """What came back, without what may differ between storages: times, versions and the words of failures."""
    try:
        value = action()
    except StorageError as error:
        return error.failure, error.key
    if isinstance(value, list):
        return [_same(each) for each in value]
    return replace(value, info=_same(value.info)) if isinstance(value, Stored) else _same(value)


def _same(value: Any) -> Any:
    return replace(value, version="", modified=0) if isinstance(value, ObjectInfo) else value


def done(storage: Storage, step: tuple[Any, ...]) -> object:
    match step:
        case ("put", key, body, headers, wanted):
            return said(lambda: storage.put(key, body, headers, condition=_condition(storage, key, wanted)))
        case ("list", prefix, limit):
            return said(lambda: list(storage.list(prefix, limit=limit)))
        case (name, argument):
            return said(lambda: getattr(storage, name)(argument))
    raise AssertionError(step)


def _condition(storage: Storage, key: str, wanted: str) -> Condition | None:
    if wanted == "none":
        return None
    if wanted == "absent":
        return Condition.absent()
    standing = storage.head(key)
    return Condition.unchanged(standing.version if standing and wanted == "current" else "0" * 32)


@given(st.lists(STEPS, max_size=30))
def test_a_folder_does_what_memory_does(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, directory = MemoryStorage(), DirectoryStorage(Path(folder) / "target")
        for step in steps:
            assert done(directory, step) == done(memory, step), step
        assert done(directory, ("list", "", None)) == done(memory, ("list", "", None))


@given(TEXT)
@example("..\\a")
@example("a/../../b")
def test_no_key_leaves_the_folder(key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder) / "outer"
        outer.mkdir()
        storage = DirectoryStorage(outer / "target")
        try:
            storage.put(key, b"1", Headers())
        except ValueError:
            assert os.listdir(outer) == []
            return
        assert os.listdir(outer) == ["target"]
        assert [info.key for info in storage.list()] == [key]


@given(TEXT, st.integers(0, 8))
def test_every_beginning_of_a_key_can_be_listed(key: str, length: int) -> None:
    try:
        check_key(key)
    except ValueError:
        return
    assert check_prefix(key[:length]) == key[:length]
