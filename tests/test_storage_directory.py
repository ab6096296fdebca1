"""What only a folder can get wrong: links, crashes between two files, other processes, other programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from assetbuild.build import storage_directory
from assetbuild.build.storage import Condition, Failure, Headers, StorageError
from assetbuild.build.storage_directory import OWN_FOLDER, DirectoryStorage

CSS = Headers("text/css; charset=utf-8", "no-cache")
JS = Headers("text/javascript")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture
def storage(root: Path) -> DirectoryStorage:
    return DirectoryStorage(root)


def own_files(root: Path) -> list[str]:
    """The storage's own files besides its lock, without their digests."""
    found = (path.relative_to(root / OWN_FOLDER) for path in (root / OWN_FOLDER).rglob("*") if path.is_file())
    return sorted(path.parts[0] for path in found if path.name != "lock")


def test_a_body_is_a_plain_file_under_its_key(storage: DirectoryStorage, root: Path) -> None:
    storage.put("css/a b.css", b"a{}", CSS)
    assert (root / "css" / "a b.css").read_bytes() == b"a{}"
    assert own_files(root) == ["objects"]


def test_what_is_deleted_leaves_neither_records_nor_folders(storage: DirectoryStorage, root: Path) -> None:
    storage.put("css/deep/a.css", b"a{}", CSS)
    storage.put("css/b.css", b"a{}", CSS)
    storage.delete("css/deep/a.css")
    assert sorted(path.name for path in (root / "css").iterdir()) == ["b.css"]
    storage.delete("css/b.css")
    assert [path.name for path in root.iterdir()] == [OWN_FOLDER]
    assert own_files(root) == []


# --- places ----------------------------------------------------------------------------------------------


def test_the_target_is_made_but_not_the_folder_above_it(tmp_path: Path) -> None:
    """As a bucket: what is not mounted must not be written beside its mount point."""
    storage = DirectoryStorage(tmp_path / "not mounted" / "assets")
    for call in (
        lambda: storage.put("a", b"", CSS),
        lambda: list(storage.list()),
        lambda: storage.delete("a"),
    ):
        with pytest.raises(StorageError, match="not mounted, which should hold the target, is not there") as caught:
            call()
        assert caught.value.failure is Failure.NO_BUCKET
    assert list(tmp_path.iterdir()) == []


def test_reading_makes_nothing(storage: DirectoryStorage, root: Path) -> None:
    assert (list(storage.list()), storage.head("a")) == ([], None)
    storage.delete("a")
    assert not root.exists()


@pytest.mark.parametrize("key", [f"{OWN_FOLDER}/lock", OWN_FOLDER, f"a/{OWN_FOLDER}/b"])
def test_the_own_folder_is_no_key(storage: DirectoryStorage, key: str) -> None:
    with pytest.raises(ValueError, match="is the storage's own"):
        storage.put(key, b"", CSS)


def test_a_target_inside_a_target_shows_its_objects_and_not_its_records(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a", b"", CSS)
    DirectoryStorage(root / "inner").put("b", b"", CSS)
    assert [info.key for info in storage.list()] == ["a", "inner/b"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_nothing_is_read_written_or_listed_through_a_symbolic_link(
    storage: DirectoryStorage, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    storage.put("a", b"", CSS)
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    (root / "dangling").symlink_to(outside / "new")
    assert [info.key for info in storage.list()] == ["a"]
    for key in ("folder/secret", "file", "dangling", "folder/new"):
        for call in (
            lambda key=key: storage.put(key, b"x", CSS),
            lambda key=key: storage.get(key),
            lambda key=key: storage.head(key),
            lambda key=key: storage.delete(key),
        ):
            with pytest.raises(StorageError, match="is a symbolic link"):
                call()
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"secret": b"secret"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_the_target_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    DirectoryStorage(tmp_path / "link").put("a", b"1", CSS)
    assert DirectoryStorage(tmp_path / "real").get("a").info.headers == CSS


# --- records ---------------------------------------------------------------------------------------------


def test_a_copied_folder_keeps_what_is_known_of_its_objects(
    storage: DirectoryStorage, root: Path, tmp_path: Path
) -> None:
    before = storage.put("css/a.css", b"a{}", CSS)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    (copy / "css" / "a.css").touch()
    found = DirectoryStorage(copy).head("css/a.css")
    assert found is not None
    assert (found.sha256, found.headers, found.version) == (before.sha256, CSS, before.version)


@pytest.mark.parametrize("body", [b"b{}", b"longer"], ids=["same size", "other size"])
def test_nothing_is_said_of_a_file_that_another_program_changed(
    storage: DirectoryStorage, root: Path, body: bytes
) -> None:
    before = storage.put("a.css", b"a{}", CSS)
    (root / "a.css").unlink()
    (root / "a.css").write_bytes(body)
    (listed,) = storage.list()
    assert listed == storage.head("a.css") == storage.get("a.css").info
    assert (listed.sha256, listed.headers, listed.size) == (None, None, len(body))
    assert listed.version != before.version
    with pytest.raises(StorageError) as caught:
        storage.put("a.css", b"", CSS, condition=Condition.unchanged(before.version))
    assert caught.value.failure is Failure.PRECONDITION


def test_a_file_of_another_program_is_an_object_of_which_little_is_known(storage: DirectoryStorage, root: Path) -> None:
    root.mkdir()
    (root / "a.txt").write_bytes(b"1")
    (info,) = storage.list()
    assert (info.key, info.size, info.sha256, info.headers) == ("a.txt", 1, None, None)
    storage.put("a.txt", b"2", CSS, condition=Condition.unchanged(info.version))
    assert storage.get("a.txt").info.headers == CSS


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"size": "x"}', b"\xff"])
def test_a_damaged_record_is_as_none(storage: DirectoryStorage, root: Path, text: bytes) -> None:
    storage.put("a", b"1", CSS)
    (record,) = (root / OWN_FOLDER / "objects").rglob("*.json")
    record.write_bytes(text)
    assert [(info.sha256, info.headers) for info in (*storage.list(), storage.get("a").info)] == [(None, None)] * 2


def test_a_writer_that_dies_between_record_and_body_leaves_the_old_body_and_no_false_word_of_it(
    storage: DirectoryStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put("a", b"old", CSS)
    real = os.replace

    def dies(source: Path, target: Path) -> None:
        if Path(target) == root / "a":
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        storage.put("a", b"new", JS)
    monkeypatch.undo()
    stored = storage.get("a")
    assert (stored.body, stored.info.headers) == (b"old", None)
    assert own_files(root) == ["objects"]
    storage.put("a", b"new", JS)
    assert (storage.get("a").body, storage.get("a").info.headers) == (b"new", JS)


def test_temporary_files_of_dead_writers_go_when_something_is_deleted(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a", b"1", CSS)
    folder = root / OWN_FOLDER / "tmp"
    (folder / "old").write_bytes(b"x")
    os.utime(folder / "old", (1, 1))
    (folder / "young").write_bytes(b"x")
    storage.delete_many(["none"])
    assert [path.name for path in folder.iterdir()] == ["young"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_what_is_no_file_is_no_object(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a/b", b"1", CSS)
    os.mkfifo(root / "pipe")
    assert [info.key for info in storage.list()] == ["a/b"]
    assert [storage.head(key) for key in ("pipe", "a")] == [None, None]
    with pytest.raises(StorageError) as caught:
        storage.get("pipe")
    assert caught.value.failure is Failure.NOT_FOUND


def test_objects_may_go_while_they_are_listed(storage: DirectoryStorage) -> None:
    for key in ("a", "b", "c"):
        storage.put(key, b"1", CSS)
    listing = storage.list()
    assert next(listing).key == "a"
    storage.delete("b")
    assert [info.key for info in listing] == ["c"]


# --- failures --------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may do everything")
def test_a_folder_that_may_only_be_read_is_read_and_the_denial_of_a_write_is_named(
    storage: DirectoryStorage, root: Path
) -> None:
    storage.put("a", b"1", CSS)
    for path in (root, root / OWN_FOLDER, root / OWN_FOLDER / "tmp"):
        path.chmod(0o555)
    assert storage.get("a").body == b"1"
    with pytest.raises(StorageError) as caught:
        storage.put("b", b"1", CSS)
    assert (caught.value.failure, caught.value.action) == (Failure.DENIED, "file permission")


@pytest.mark.parametrize(
    ("number", "failure", "hint"),
    [("EACCES", Failure.DENIED, "allow"), ("EROFS", Failure.DENIED, "allow"), ("ENOSPC", Failure.FULL, "free some")],
)
def test_an_error_of_the_system_is_said_in_words(
    storage: DirectoryStorage, monkeypatch: pytest.MonkeyPatch, number: str, failure: Failure, hint: str
) -> None:
    import errno

    def fails(*_: object, **__: object) -> None:
        value = getattr(errno, number)
        raise OSError(value, os.strerror(value))

    monkeypatch.setattr(storage_directory, "replace_file", fails)
    with pytest.raises(StorageError, match=r"cannot write file:///.*/target/a: ") as caught:
        storage.put("a", b"1", CSS)
    assert (caught.value.failure, caught.value.hint.startswith(hint)) == (failure, True)


def test_a_folder_in_the_way_of_an_object_is_said_and_kept(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a/b", b"1", CSS)
    with pytest.raises(StorageError, match="a folder stands there; remove what stands there"):
        storage.put("a", b"2", CSS)
    assert [info.key for info in storage.list()] == ["a/b"]
    assert own_files(root) == ["objects"]


# --- processes -------------------------------------------------------------------------------------------

RACER = """
import sys
from pathlib import Path
from assetbuild.build.storage import Condition, Failure, Headers, StorageError
from assetbuild.build.storage_directory import DirectoryStorage

root, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
storage = DirectoryStorage(root)
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
for number in range(rounds):
    try:
        storage.put(f"new/{number}", name.encode() * 1000, Headers("text/plain", name), condition=Condition.absent())
        print("new", number)
    except StorageError as error:
        assert error.failure is Failure.PRECONDITION, error
added = 0
while added < rounds:
    before = storage.get("count")
    body = b"%d" % (int(before.body) + 1)
    try:
        storage.put("count", body, Headers("text/plain"), condition=Condition.unchanged(before.info.version))
        added += 1
    except StorageError as error:
        assert error.failure is Failure.PRECONDITION, error
"""


def test_of_racing_processes_exactly_one_wins_and_no_update_is_lost(storage: DirectoryStorage, root: Path) -> None:
    processes, rounds = 3, 60
    storage.put("count", b"0", Headers("text/plain"))
    command = [sys.executable, "-c", RACER, str(root)]
    running = [
        subprocess.Popen(
            [*command, f"w{number}", str(rounds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(processes)
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=60)[0] for each in running]
    assert [each.returncode for each in running] == [0] * processes
    wins = Counter(line for text in said for line in text.split("\n") if line)
    assert wins == {f"new {number}": 1 for number in range(rounds)}
    assert storage.get("count").body == b"%d" % (processes * rounds)
    for winner, text in enumerate(said):
        for line in filter(None, text.split("\n")):
            stored = storage.get(line.replace(" ", "/"))
            assert (stored.body, stored.info.headers) == (b"w%d" % winner * 1000, Headers("text/plain", f"w{winner}"))
