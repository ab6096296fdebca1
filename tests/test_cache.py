"""The cache: what comes out is what was put in or nothing, whatever happened to the files; and the build lock."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.cache import Cache, own_files
from assetbuild.build.lock import build_lock
from tests.disks import disk, make_read_only

KEY = hashlib.sha256(b"a step").hexdigest()
OTHER = hashlib.sha256(b"another step").hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / ".assetbuild")


def step(cache: Cache) -> Path:
    return cache.folder / "v1" / "steps" / KEY


def the_object(cache: Cache) -> Path:
    return cache.folder / "v1" / "objects" / hashlib.sha256(b"data").hexdigest()


@given(data=st.binary(), meta=st.dictionaries(st.text(), st.text()))
def test_what_was_put_comes_out(tmp_path_factory: pytest.TempPathFactory, data: bytes, meta: dict[str, str]) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    assert cache.get(KEY) is None
    cache.put(KEY, data, meta)
    cached = cache.get(KEY)
    assert cached is not None
    assert (cached.data, cached.meta) == (data, meta)


def test_a_key_put_again_holds_the_newer_result(cache: Cache) -> None:
    cache.put(KEY, b"old", {"way": "a"})
    cache.put(KEY, b"new", {"way": "b"})
    cached = cache.get(KEY)
    assert cached is not None
    assert (cached.data, cached.meta) == (b"new", {"way": "b"})


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _remove(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


DAMAGES = [_cut, _flip, _empty, _remove, _folder, _dangling]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", [step, the_object])
def test_a_damaged_entry_is_a_miss(
    cache: Cache, which: Callable[[Cache], Path], damage: Callable[[Path], None]
) -> None:
    cache.put(KEY, b"data", {})
    assert cache.get(KEY) is not None
    damage(which(cache))
    assert cache.get(KEY) is None


@pytest.mark.parametrize("damage", [_cut, _flip, _empty, _remove, _dangling])
@pytest.mark.parametrize("which", [step, the_object])
def test_putting_again_repairs_a_damaged_entry(
    cache: Cache, which: Callable[[Cache], Path], damage: Callable[[Path], None]
) -> None:
    cache.put(KEY, b"data", {})
    damage(which(cache))
    cache.put(KEY, b"data", {})
    assert cache.get(KEY) is not None


def _sealed(text: bytes, *, version: int = 1) -> bytes:
    return b"assetbuild-step %d %s\n" % (version, hashlib.sha256(text).hexdigest().encode()) + text


def _record(**changes: object) -> bytes:
    record: dict[str, object] = {"key": KEY, "meta": {}, "object": hashlib.sha256(b"data").hexdigest()}
    return json.dumps(record | changes).encode()


@pytest.mark.parametrize(
    ("content", "hit"),
    [
        pytest.param(_sealed(_record()), True, id="this version"),
        pytest.param(_sealed(_record(), version=2), False, id="another version"),
        pytest.param(_sealed(_record(key=OTHER)), False, id="another key's record"),
        pytest.param(_sealed(_record(object="../../secret")), False, id="an object elsewhere"),
        pytest.param(_sealed(_record(object=None)), False, id="no object"),
        pytest.param(_sealed(_record(meta=["way"])), False, id="meta data of another shape"),
        pytest.param(_sealed(_record(meta={"way": 1})), False, id="meta data of another type"),
        pytest.param(_sealed(b"[]"), False, id="no record"),
        pytest.param(_sealed(b"\xff"), False, id="no JSON"),
        pytest.param(_sealed(b"[" * 100_000), False, id="nested deeply"),
        pytest.param(_record(), False, id="without its seal"),
    ],
)
def test_only_a_record_of_this_key_and_version_is_believed(cache: Cache, content: bytes, *, hit: bool) -> None:
    cache.put(KEY, b"data", {})
    step(cache).write_bytes(content)
    assert (cache.get(KEY) is not None) == hit


def test_a_miss_is_not_remembered(cache: Cache) -> None:
    assert cache.get(KEY) is None
    Cache(cache.folder).put(KEY, b"data", {})
    assert cache.get(KEY) is not None


@pytest.mark.parametrize("key", ["", "short", "../" + "0" * 61, "A" * 64, "0" * 65])
def test_a_key_that_is_no_digest_is_a_mistake_of_the_caller(cache: Cache, key: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        cache.get(key)
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        cache.put(key, b"", {})


def test_the_folder_is_left_out_of_git_and_of_backups(cache: Cache) -> None:
    cache.put(KEY, b"data", {})
    assert (cache.folder / ".gitignore").read_text() == "*\n"
    assert (cache.folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_gitignore_of_the_user_is_left_alone(cache: Cache) -> None:
    cache.folder.mkdir()
    (cache.folder / ".gitignore").write_text("mine")
    cache.put(KEY, b"data", {})
    assert (cache.folder / ".gitignore").read_text() == "mine"
    assert cache.folder / ".gitignore" not in own_files(cache.folder)


def test_every_file_of_the_cache_is_known_as_its_own(cache: Cache) -> None:
    cache.put(KEY, b"data", {})
    cache.write_state(b"state")
    with build_lock(cache.folder, on_wait=pytest.fail):
        pass
    everything = sorted(path for path in cache.folder.rglob("*") if path.is_file())
    assert own_files(cache.folder) == everything
    (cache.folder / "v1" / "steps" / "notes.txt").write_text("foreign")
    (cache.folder / "notes.txt").write_text("foreign")
    assert own_files(cache.folder) == everything


def test_no_file_behind_a_symlink_is_the_caches_own(cache: Cache, tmp_path: Path) -> None:
    cache.put(KEY, b"data", {})
    real = cache.folder.rename(tmp_path / "elsewhere")
    cache.folder.symlink_to(real)
    assert own_files(cache.folder) == []
    cache.folder.unlink()
    cache.folder.mkdir()
    (cache.folder / "v1").symlink_to(real / "v1")
    assert own_files(cache.folder) == []


def test_a_hit_marks_an_old_step_as_used_and_leaves_a_fresh_one(cache: Cache) -> None:
    cache.put(KEY, b"data", {})
    fresh = step(cache).stat().st_mtime_ns
    cache.get(KEY)
    assert step(cache).stat().st_mtime_ns == fresh
    os.utime(step(cache), (0, 0))
    Cache(cache.folder, is_readonly=True).get(KEY)
    assert step(cache).stat().st_mtime_ns == 0
    cache.get(KEY)
    assert step(cache).stat().st_mtime_ns >= fresh


def test_a_cache_that_cannot_be_written_still_answers_and_stays_as_it_is(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        cache = Cache(mounted / ".assetbuild")
        cache.put(KEY, b"data", {})
        cache.write_state(b"state")
        os.utime(step(cache), (0, 0))
        make_read_only(mounted)
        before = sorted(mounted.rglob("*"))
        cache.put(OTHER, b"more", {})
        cache.write_state(b"other")
        cached = cache.get(KEY)
        assert cached is not None
        assert cached.data == b"data"
        assert cache.get(OTHER) is None
        assert cache.read_state() == b"state"
        assert sorted(mounted.rglob("*")) == before
        with build_lock(cache.folder, on_wait=pytest.fail) as held:
            assert not held


def test_a_read_only_folder_without_a_cache_is_a_cache_that_is_off(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        make_read_only(mounted)
        cache = Cache(mounted / ".assetbuild")
        cache.put(KEY, b"data", {})
        assert cache.get(KEY) is None
        with build_lock(cache.folder, on_wait=pytest.fail) as held:
            assert not held


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", kib=64) as mounted:
        cache = Cache(mounted / ".assetbuild")
        cache.put(KEY, b"data", {})
        before = {*mounted.rglob("*"), cache.root / "account"}
        cache.put(OTHER, os.urandom(200_000), {})
        cache.write_state(os.urandom(200_000))
        assert set(mounted.rglob("*")) == before
        assert cache.get(OTHER) is None
        assert cache.get(KEY) is not None


@pytest.mark.parametrize("where", [".assetbuild", ".assetbuild/v1", ".assetbuild/v1/objects", ".assetbuild/v1/tmp"])
def test_a_file_where_a_folder_is_needed_turns_the_cache_off(tmp_path: Path, where: str) -> None:
    (tmp_path / where).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / where).write_text("in the way")
    cache = Cache(tmp_path / ".assetbuild")
    cache.put(KEY, b"data", {})
    cache.write_state(b"state")
    assert cache.get(KEY) is None
    assert (tmp_path / where).read_text() == "in the way"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_none(cache: Cache, damage: Callable[[Path], None]) -> None:
    assert cache.read_state() is None
    cache.write_state(b"first\nsecond\n")
    assert cache.read_state() == b"first\nsecond\n"
    damage(cache.folder / "v1" / "state")
    assert cache.read_state() is None


def test_a_state_of_another_version_is_none(cache: Cache) -> None:
    cache.write_state(b"data")
    state = cache.folder / "v1" / "state"
    state.write_bytes(state.read_bytes().replace(b"assetbuild-state 1", b"assetbuild-state 2"))
    assert cache.read_state() is None


_WRITER = """
import sys
from pathlib import Path
from assetbuild.build.cache import Cache
cache, seed = Cache(Path(sys.argv[1])), sys.argv[2]
for turn in range(60):
    for number in range(5):
        key = f"{number:064x}"
        found = cache.get(key)
        assert found is None or found.data == f"{number} of {found.meta['by']} ".encode() * 500, found
        cache.put(key, f"{number} of {seed} ".encode() * 500, {"by": seed})
"""


def test_two_processes_at_once_never_see_anothers_half(cache: Cache) -> None:
    command = [sys.executable, "-c", _WRITER, str(cache.folder)]
    both = [subprocess.Popen([*command, seed]) for seed in ("a", "b")]
    assert [process.wait() for process in both] == [0, 0]
    assert list((cache.folder / "v1" / "tmp").iterdir()) == []


# --- the lock ---------------------------------------------------------------------------------------------

_HOLDER = """
import sys
from pathlib import Path
from assetbuild.build.lock import build_lock
with build_lock(Path(sys.argv[1]), on_wait=lambda: print("waits", flush=True)) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_build_waits_for_the_first(cache: Cache) -> None:
    with hold(cache.folder) as first:
        assert line(first) == "True"
        with hold(cache.folder) as second:
            assert line(second) == "waits"
            assert second.poll() is None
            first.communicate("")
            assert line(second) == "True"
            second.communicate("")
    assert (first.returncode, second.returncode) == (0, 0)


def test_the_lock_of_a_killed_build_is_free(cache: Cache) -> None:
    with hold(cache.folder) as first:
        assert line(first) == "True"
        first.send_signal(signal.SIGKILL)
        first.wait()
    with build_lock(cache.folder, on_wait=pytest.fail) as held:
        assert held


def test_a_build_that_waited_long_enough_goes_on_without(cache: Cache) -> None:
    waits: list[str] = []
    with hold(cache.folder) as first:
        assert line(first) == "True"
        with build_lock(cache.folder, timeout=0.05, on_wait=lambda: waits.append("once")) as held:
            assert not held
        first.communicate("")
    assert waits == ["once"]


def test_an_error_of_the_build_goes_through_and_frees_the_lock(cache: Cache) -> None:
    def build() -> None:
        with build_lock(cache.folder, on_wait=pytest.fail) as held:
            assert held
            raise OSError("of the build")

    with pytest.raises(OSError, match="of the build"):
        build()
    with build_lock(cache.folder, on_wait=pytest.fail) as held:
        assert held


def test_the_lock_alone_makes_a_folder_that_git_leaves_out(cache: Cache) -> None:
    with build_lock(cache.folder, on_wait=pytest.fail):
        assert (cache.folder / ".gitignore").read_text() == "*\n"
