"""The bound of the cache: what goes, what never goes, and what finding it out costs; whatever happens meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import atomic, cache_account, cache_bound
from assetbuild.build import cache as cache_module
from assetbuild.build.cache import Cache, own_files
from assetbuild.build.cache_bound import File, Step, keep_within_bound, plan
from assetbuild.build.events import Work
from assetbuild.build.model import BuildFailed
from tests.disks import disk, make_read_only
from tests.project import Project

DAY = 86_400


def key(number: int) -> str:
    return f"{number:064x}"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fill(folder: Path, results: Mapping[int, bytes]) -> None:
    """Keep results under the numbers' keys, the lower the longer ago: at least a day, and a day between two."""
    kept = Cache(folder)
    for number, data in results.items():
        kept.put(key(number), data, {})
    for number, data in results.items():
        then = time.time() - (len(results) - sorted(results).index(number)) * DAY
        for path in (kept.steps / key(number), kept.objects / digest(data)):
            os.utime(path, (then, then))


def files(folder: Path) -> set[str]:
    """Names of all steps and objects."""
    return {path.name for inner in ("steps", "objects") for path in (folder / "v1" / inner).iterdir()}


def kept(folder: Path, results: Mapping[int, bytes]) -> set[int]:
    """The numbers whose results come back; and nothing but what these need is left."""
    found = {number: Cache(folder, is_readonly=True).get(key(number)) for number in results}
    there = {number for number, cached in found.items() if cached is not None and cached.data == results[number]}
    assert files(folder) == {key(number) for number in there} | {digest(results[number]) for number in there}
    return there


def held(folder: Path) -> int:
    return sum(path.stat().st_size for inner in ("steps", "objects") for path in (folder / "v1" / inner).iterdir())


def accounted(folder: Path) -> int | None:
    return cache_account.total(cache_account.read(folder / "v1"))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose files were looked at one by one."""
    looked: list[Path] = []
    real = cache_bound._files

    def spy(folder: Path) -> dict[str, File]:
        looked.append(folder)
        return real(folder)

    monkeypatch.setattr(cache_bound, "_files", spy)
    return looked


RESULTS = {number: bytes([number]) * 10_000 for number in range(10)}


# --- what goes --------------------------------------------------------------------------------------------


def test_what_was_not_used_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=51_000))
    assert kept(tmp_path, RESULTS) == {6, 7, 8, 9}  # four of 10 kB and their steps are below nine tenths of the bound


def test_a_hit_makes_an_old_result_a_fresh_one(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    assert Cache(tmp_path).get(key(0)) is not None
    keep_within_bound(Cache(tmp_path, limit=51_000))
    assert kept(tmp_path, RESULTS) == {0, 7, 8, 9}


def test_nothing_goes_that_this_build_used_or_wrote(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    cache = Cache(tmp_path, limit=1)
    assert cache.get(key(3)) is not None
    cache.put(key(1), RESULTS[1], {})
    for number in (1, 3):
        os.utime(cache.steps / key(number), (0, 0))
    keep_within_bound(cache)
    assert kept(tmp_path, RESULTS) == {1, 3}


def test_an_object_stays_as_long_as_a_step_names_it(tmp_path: Path) -> None:
    results = {0: b"same" * 3000, 1: b"other" * 3000, 2: b"same" * 3000}
    fill(tmp_path, results)
    keep_within_bound(Cache(tmp_path, limit=20_000))
    assert kept(tmp_path, results) == {2}


def test_within_the_bound_everything_stays(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=held(tmp_path)))
    assert kept(tmp_path, RESULTS) == set(RESULTS)


def _without_object(cache: Cache) -> None:
    (cache.objects / digest(RESULTS[0])).unlink()


def _torn(cache: Cache) -> None:
    (cache.steps / key(0)).write_bytes(b"assetbuild-step 1 torn")


def _of_other_rules(cache: Cache) -> None:
    path = cache.steps / key(0)
    path.write_bytes(path.read_bytes().replace(b"assetbuild-step 1", b"assetbuild-step 0"))


@pytest.mark.parametrize("change", [_without_object, _torn, _of_other_rules])
def test_what_nothing_can_use_goes_although_there_is_room(change: Callable[[Cache], None], tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    change(Cache(tmp_path))
    keep_within_bound(Cache(tmp_path, limit=1_000_000))  # nothing was counted yet, so it looks
    assert kept(tmp_path, RESULTS) == set(RESULTS) - {0}


def test_an_object_that_a_newer_result_replaced_goes(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    Cache(tmp_path).put(key(0), RESULTS[1], {})
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert kept(tmp_path, RESULTS | {0: RESULTS[1]}) == set(RESULTS)


def test_what_another_build_is_about_to_name_stays(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    fresh = tmp_path / "v1" / "objects" / digest(b"fresh")
    fresh.write_bytes(b"fresh")
    part = tmp_path / "v1" / "tmp" / ".assetbuild-0123456789abcdef.tmp"
    part.write_bytes(b"")
    keep_within_bound(Cache(tmp_path, limit=1))
    assert files(tmp_path) == {fresh.name}
    assert part.exists()


def test_temporary_files_of_killed_builds_go(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    part, foreign = tmp_path / "v1/tmp/.assetbuild-0123456789abcdef.tmp", tmp_path / "v1/tmp/notes.tmp"
    for path in (part, foreign):
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert (part.exists(), foreign.exists()) == (False, True)


def test_other_versions_and_foreign_files_are_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    names = [f"v0/objects/{key(1)}", f"v2/steps/{key(1)}", "v1/objects/notes", "v1/steps/notes", "v1/notes", "notes"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("foreign")
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "v1/objects" / key(77)).mkdir()
    keep_within_bound(Cache(tmp_path, limit=1))
    assert files(tmp_path) == {"notes", key(77)}
    assert all((tmp_path / name).read_text() == "foreign" for name in names)


@pytest.mark.parametrize("what", ["", "v1", "v1/steps", "v1/objects"])
def test_nothing_is_removed_through_a_symlink(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    fill(folder, RESULTS)
    (folder / what).rename(tmp_path / "elsewhere")
    (folder / what).symlink_to(tmp_path / "elsewhere")
    keep_within_bound(Cache(folder, limit=1))
    assert kept(folder, RESULTS) == set(RESULTS)


@pytest.mark.parametrize(("is_readonly", "limit"), [(True, 1), (False, None)])
def test_who_only_looks_or_has_no_bound_removes_nothing(is_readonly: bool, limit: int | None, tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, is_readonly=is_readonly, limit=limit))
    assert kept(tmp_path, RESULTS) == set(RESULTS)


def test_a_bound_of_nothing_keeps_and_uses_no_result(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    cache = Cache(tmp_path, limit=0)
    assert cache.get(key(1)) is None
    cache.put(key(77), b"data", {})
    keep_within_bound(cache)
    assert files(tmp_path) == set()


KEYS = st.integers(0, 9).map(key)
FILES = st.builds(File, st.integers(0, 100), st.integers(0, 5))
OBJECTS = st.dictionaries(KEYS, FILES)
STEPS = st.dictionaries(KEYS, st.tuples(FILES, KEYS | st.just("")))


@given(objects=OBJECTS, steps=STEPS, pinned=st.frozensets(KEYS), limit=st.integers(0, 500))
def test_a_plan_leaves_at_most_the_bound_or_what_is_pinned(
    objects: dict[str, File], steps: dict[str, tuple[File, str]], pinned: frozenset[str], limit: int
) -> None:
    found = [Step(name, file, named) for name, (file, named) in steps.items()]
    trim = plan(found, objects, pinned=pinned, limit=limit, now_ns=DAY * 10**9)
    good = [step for step in found if step.digest in objects]
    left = [step for step in good if step.key not in trim.steps]
    gone = [step for step in good if step.key in trim.steps]
    assert objects.keys() - set(trim.objects) == {step.digest for step in left}
    assert {step.key for step in found} - {step.key for step in good} <= set(trim.steps)
    assert not {step.key for step in gone} & pinned
    size = sum(step.file.size for step in left) + sum(objects[name].size for name in {step.digest for step in left})
    free = [step for step in left if step.key not in pinned]
    assert size <= limit or not free
    assert all(one.file.time_ns <= other.file.time_ns for one in gone for other in free)
    if gone:  # only where it was too much
        all_of_it = sum(step.file.size for step in good)
        assert all_of_it + sum(objects[name].size for name in {step.digest for step in good}) > limit


# --- the account ------------------------------------------------------------------------------------------


def test_once_counted_nothing_is_looked_at_below_the_bound(tmp_path: Path, counted: list[Path]) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert len(counted) == 2
    assert accounted(tmp_path) == held(tmp_path)
    Cache(tmp_path).put(key(20), b"more", {})
    Cache(tmp_path).put(key(21), b"more", {})
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert len(counted) == 2
    assert accounted(tmp_path) == held(tmp_path)


def test_what_exceeds_the_bound_by_a_byte_is_seen_without_looking(tmp_path: Path, counted: list[Path]) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    counted.clear()
    keep_within_bound(Cache(tmp_path, limit=held(tmp_path)))
    assert counted == []
    keep_within_bound(Cache(tmp_path, limit=held(tmp_path) - 1))
    assert counted != []
    assert accounted(tmp_path) == held(tmp_path) < 100_000


@pytest.mark.parametrize(
    "account",
    [b"", b"garbage", b"assetbuild-account 2 0\n", b"assetbuild-account 1 -1\n", b"assetbuild-account 1 0",
     b"assetbuild-account 1 0\n+1", b"assetbuild-account 1 0\n+1+2\n", b"assetbuild-account 1 0\n" + b"+0\n" * 30_000],
)  # fmt: skip
def test_an_account_that_is_torn_or_long_is_counted_anew(account: bytes, tmp_path: Path, counted: list[Path]) -> None:
    fill(tmp_path, RESULTS)
    (tmp_path / "v1/account").write_bytes(account)
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert counted != []
    assert accounted(tmp_path) == held(tmp_path)


def test_an_account_that_is_no_file_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "v1/account").mkdir(parents=True)
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=51_000))
    assert kept(tmp_path, RESULTS) == {6, 7, 8, 9}


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system follows every symlink")
def test_an_account_that_is_a_symlink_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_text("foreign")
    (tmp_path / "cache/v1").mkdir(parents=True)
    (tmp_path / "cache/v1/account").symlink_to(tmp_path / "foreign")
    fill(tmp_path / "cache", RESULTS)
    keep_within_bound(Cache(tmp_path / "cache", limit=51_000))
    assert (tmp_path / "foreign").read_text() == "foreign"
    assert kept(tmp_path / "cache", RESULTS) == {6, 7, 8, 9}


def test_what_is_kept_while_files_are_counted_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, RESULTS)
    real = cache_bound.plan

    def meanwhile(*args: object, **options: object) -> cache_bound.Trim:
        Cache(tmp_path).put(key(50), b"meanwhile" * 1000, {})
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cache_bound, "plan", meanwhile)
    keep_within_bound(Cache(tmp_path, limit=51_000))
    assert accounted(tmp_path) == held(tmp_path)
    assert Cache(tmp_path).get(key(50)) is not None


def test_the_account_is_the_caches_own_file(tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    assert own_files(tmp_path) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


# --- kills, other builds, other disks ---------------------------------------------------------------------

_TRIMMER = """
import os, signal, sys
from pathlib import Path
from assetbuild.build.cache import Cache
from assetbuild.build.cache_bound import keep_within_bound
after, unlink = int(sys.argv[2]), os.unlink
def killed(path):
    global after
    after -= 1
    if after < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    unlink(path)
os.unlink = killed
keep_within_bound(Cache(Path(sys.argv[1]), limit=51_000))
"""


@pytest.mark.parametrize("after", [0, 1, 5, 6, 7, 11])
def test_a_kill_in_the_middle_is_mended_by_the_next_build(after: int, tmp_path: Path) -> None:
    fill(tmp_path, RESULTS)
    keep_within_bound(Cache(tmp_path, limit=1_000_000))
    done = subprocess.run([sys.executable, "-c", _TRIMMER, str(tmp_path), str(after)], check=False)
    assert done.returncode == -signal.SIGKILL
    cache = Cache(tmp_path)
    assert {cache.named(path.name) for path in cache.steps.iterdir()} <= files(tmp_path)  # no step without its object
    assert {number for number in RESULTS if Cache(tmp_path).get(key(number))} >= {6, 7, 8, 9}
    for number in RESULTS:
        if (step := tmp_path / "v1/steps" / key(number)).exists():
            os.utime(step, (number, number))  # the hits above made them fresh
    keep_within_bound(Cache(tmp_path, limit=51_000))
    assert kept(tmp_path, RESULTS) == {6, 7, 8, 9}
    assert accounted(tmp_path) == held(tmp_path)


_BUILDER = """
import sys
from pathlib import Path
from assetbuild.build.cache import Cache
from assetbuild.build.cache_bound import keep_within_bound
seed = sys.argv[2]
for turn in range(40):
    cache = Cache(Path(sys.argv[1]), limit=20_000)
    for number in range(10):
        key = f"{turn % 7 * 10 + number:064x}"
        found = cache.get(key)
        assert found is None or found.data == f"{key} of {found.meta['by']} ".encode() * 20, found
        if found is None or turn % 3 == 0:
            cache.put(key, f"{key} of {seed} ".encode() * 20, {"by": seed})
    keep_within_bound(cache)
"""


def test_builds_that_end_at_once_never_give_a_wrong_result(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", _BUILDER, str(tmp_path), seed]) for seed in ("a", "b")]
    assert [process.wait() for process in both] == [0, 0]
    for path in (tmp_path / "v1" / "objects").iterdir():
        os.utime(path, (0, 0))
    (tmp_path / "v1/account").unlink()
    keep_within_bound(Cache(tmp_path, limit=20_000))
    assert held(tmp_path) <= 20_000
    assert accounted(tmp_path) == held(tmp_path)


def test_a_cache_that_cannot_be_written_is_not_counted(tmp_path: Path, counted: list[Path]) -> None:
    with disk(tmp_path / "disk") as mounted:
        fill(mounted / ".assetbuild", RESULTS)
        make_read_only(mounted)
        keep_within_bound(Cache(mounted / ".assetbuild", limit=1))
        assert kept(mounted / ".assetbuild", RESULTS) == set(RESULTS)
    assert counted == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EBUSY, errno.ENOENT])
def test_what_cannot_be_removed_stays_and_counts(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, RESULTS)

    def refused(path: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refused)
        keep_within_bound(Cache(tmp_path, limit=51_000))
    assert kept(tmp_path, RESULTS) == set(RESULTS)
    if number != errno.ENOENT:  # that says that it is gone
        assert accounted(tmp_path) == held(tmp_path)


# --- builds -----------------------------------------------------------------------------------------------


def site(root: Path, config: str = "") -> Project:
    css = "".join(f".a{number} {{ color: red; margin: 1px 2px }}\n" for number in range(200))
    js = "".join(f"function f{number}(first) {{ return first + {number} }}\n" for number in range(200))
    return Project(root).write({"assetbuild.toml": config, "static/a.css": css, "static/b.js": js})


def public(made: Project) -> dict[str, bytes]:
    """All that is published."""
    found = (path for path in made.output.rglob("*") if path.is_file() and ".assetbuild" not in path.parts)
    return {str(path.relative_to(made.output)): path.read_bytes() for path in found}


def _each(pattern: str, change: Callable[[Path], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for path in sorted(folder.glob(pattern)):
            change(path)

    return damage


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _overwrite(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


DAMAGES = {
    "a corrupt step": _each("v1/steps/*", _overwrite),
    "a truncated step": _each("v1/steps/*", _cut),
    "a corrupt object": _each("v1/objects/*", _overwrite),
    "a truncated object": _each("v1/objects/*", _cut),
    "a step that names a missing object": _each("v1/objects/*", Path.unlink),
    "a corrupt account": _each("v1/account", _overwrite),
    "no steps": lambda folder: shutil.rmtree(folder / "v1/steps"),
    "no cache": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_cache_gives_a_slower_build_and_the_same_bytes(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    made = site(tmp_path)
    made.build()
    whole = public(made)
    damage(tmp_path / ".assetbuild")
    shutil.rmtree(made.output)
    made.build()
    assert public(made) == whole
    shutil.rmtree(made.output)
    made.build()
    assert (made.count(Work.PROCESS), made.count(Work.COMPRESS)) == (0, 0)  # and it is mended


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_cache_that_cannot_be_written_gives_the_same_bytes(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal, full = site(tmp_path / "normal"), site(tmp_path / "full")
    normal.build()
    real = atomic.replace_file

    def refused(path: Path, data: bytes | atomic.Fill, *, temporary: Path, durable: bool = False) -> object:
        if "v1" in path.parts:
            raise OSError(number, os.strerror(number))
        return real(path, data, temporary=temporary, durable=durable)

    for module in (cache_module, cache_bound):
        monkeypatch.setattr(module, "replace_file", refused)
    for _ in range(2):
        assert full.build().problems == ()
        assert public(full) == public(normal)
        assert full.count(Work.REUSE) == 0
        shutil.rmtree(full.output)


def test_a_full_disk_under_the_cache_gives_the_same_bytes(tmp_path: Path) -> None:
    normal, full = site(tmp_path / "normal"), site(tmp_path / "full")
    normal.build()
    with disk(tmp_path / "full/.assetbuild", kib=12):
        assert full.build().problems == ()
        assert public(full) == public(normal)
        shutil.rmtree(full.output)
        full.build()
        assert public(full) == public(normal)


def test_a_read_only_cache_is_used_and_gives_the_same_bytes(tmp_path: Path) -> None:
    made = site(tmp_path, "cache_size = 1")
    with disk(tmp_path / ".assetbuild") as mounted:
        made.build()
        whole, before = public(made), files(mounted)
        make_read_only(mounted)
        shutil.rmtree(made.output)
        assert made.build().problems == ()
        assert public(made) == whole
        assert (made.count(Work.PROCESS), made.count(Work.COMPRESS)) == (0, 0)
        assert files(mounted) == before


def test_after_the_outputs_were_deleted_every_step_comes_from_the_cache(tmp_path: Path) -> None:
    made = site(tmp_path)
    made.build()
    first = (made.done(Work.PROCESS), made.done(Work.COMPRESS))
    assert (first[0].total(), first[1].total()) == (2, 4)
    shutil.rmtree(made.output)
    made.build()
    assert (made.count(Work.PROCESS), made.count(Work.COMPRESS)) == (0, 0)
    assert made.done(Work.REUSE) == first[0] + first[1]


def test_of_an_incremental_build_only_the_changed_steps_run_again(tmp_path: Path) -> None:
    made = site(tmp_path)
    made.build()
    shutil.rmtree(made.output)
    made.write({"static/c.css": "p { color: blue }"}).build()
    assert made.done(Work.PROCESS) == {"c.css rcssmin": 1}
    assert {name.split()[0] for name in made.done(Work.COMPRESS)} == {"c.css"}


def _age(made: Project) -> None:
    for path in own_files(made.root / ".assetbuild"):
        if path.parent.name in ("steps", "objects"):
            os.utime(path, (1, 1))


def test_a_build_keeps_what_it_used_and_drops_what_older_ones_did(tmp_path: Path) -> None:
    made = site(tmp_path, "cache_size = 1")
    made.build()
    _age(made)
    before = files(tmp_path / ".assetbuild")
    old = {path.name for path in tmp_path.glob(".assetbuild/v1/steps/*")}
    made.write({"static/b.js": "let changed = 1"}).build()
    after = files(tmp_path / ".assetbuild")
    assert before - after
    assert old & after  # those of a.css
    shutil.rmtree(made.output)
    made.build()
    assert (made.count(Work.PROCESS), made.count(Work.COMPRESS)) == (0, 0)
    assert accounted(tmp_path / ".assetbuild") == held(tmp_path / ".assetbuild")


def test_a_build_that_fails_removes_nothing(tmp_path: Path) -> None:
    made = site(tmp_path, "cache_size = 1")
    made.build()
    _age(made)
    before = files(tmp_path / ".assetbuild")
    with pytest.raises(BuildFailed):
        made.write({"static/a.css": "a { background: url(missing.png) }"}).build()
    assert before <= files(tmp_path / ".assetbuild")


def test_a_build_with_nothing_to_do_looks_at_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = site(tmp_path)
    made.build()
    monkeypatch.setattr(cache_account, "read", pytest.fail)
    assert made.build().up_to_date


def test_without_a_cache_every_step_runs_in_every_build(tmp_path: Path) -> None:
    made = site(tmp_path, "cache_size = 0")
    made.build()
    whole = public(made)
    shutil.rmtree(made.output)
    made.build()
    assert made.count(Work.REUSE) == 0
    assert public(made) == whole
    assert list(tmp_path.glob(".assetbuild/v1/[so]*/*")) == []
    assert made.build().up_to_date


def test_the_bound_changes_no_output(tmp_path: Path) -> None:
    digests = {site(tmp_path, f"cache_size = {size}").config.digest for size in ("0", "1", "'1 GiB'")}
    assert len(digests) == 1
