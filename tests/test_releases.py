"""Local releases: what is recorded, and that clean and clobber remove what is recorded and unneeded, nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild import manifest as manifests
from assetbuild.build import releases
from assetbuild.build.cache import Cache
from assetbuild.build.clean import Plan, RemovalKind, apply, plan_clean, plan_clobber
from assetbuild.build.lock import build_lock
from assetbuild.build.model import BuildFailed, Place, Severity
from assetbuild.build.releases import Release, begin, commit, manifest_files, read_records
from tests.disks import disk, make_read_only
from tests.small_builds import OLD, Site, hashed, sha256

KEY = sha256(b"a step")
BUILD = sha256(b"a build")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "out")


def version(number: int) -> dict[str, bytes]:
    """Assets of which one is the same in every version, and one is new."""
    return {"same.css": b"same" * 100, "app.css": b"version %d " % number * 50}


def names(number: int) -> set[str]:
    path = hashed("app.css", version(number)["app.css"])
    return {path, f"{path}.gz"}


def records(site: Site) -> Path:
    return site.root / ".assetbuild" / "releases"


def clean(site: Site, *, keep: int = 3, lock_held: bool = True) -> Plan:
    plan = plan_clean(site.root, site.manifest, keep=keep, lock_held=lock_held)
    apply(plan)
    return plan


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- records ----------------------------------------------------------------------------------------------


def test_a_record_names_public_files_and_nothing_of_the_machine_or_the_time(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "elsewhere" / "out")
    for place in (site, other):
        place.build(OLD, stable="favicon.ico")
    [record] = records(site).iterdir()
    build = manifests.read(site.manifest)["build"]
    assert record.name == f"00000001-{build[:16]}.json"
    document = json.loads(record.read_bytes())
    assert sorted(document) == ["build", "files", "manifest", "schema"]
    assert (document["schema"], document["build"], document["manifest"]) == (1, build, "manifest.json")
    assert document["files"] == sorted(site.files()) == sorted(manifest_files(manifests.read(site.manifest)))
    assert snapshot(records(site)).popitem()[1] == snapshot(records(other)).popitem()[1]


def test_releases_are_read_newest_first(site: Site) -> None:
    builds = [site.build(version(number)) for number in range(12)]
    found = read_records(site.root)
    assert [release.build for release in found.releases] == builds[::-1]
    assert (found.pending, found.problems) == ((), ())


def test_a_build_seen_before_moves_to_the_newest_place_and_keeps_its_files(site: Site) -> None:
    first = site.build(version(1))
    second = site.build(version(2))
    commit_with(site, first, "app-1.css.br")
    newest, older = read_records(site.root).releases
    assert (newest.build, older.build) == (first, second)
    assert newest.files == names(1) | set(site.files()) - names(2)
    assert len(list(records(site).iterdir())) == 2


def commit_with(site: Site, build: str, *paths: str) -> None:
    for path in paths:
        (site.root / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / path).write_bytes(b"x")
    commit(begin(site.root, build, paths, manifest=site.manifest))


def test_building_the_newest_release_again_writes_no_new_record(site: Site) -> None:
    site.build(version(1))
    [before] = records(site).iterdir()
    stat = before.stat()
    site.build(version(1))
    assert [path.stat().st_ino for path in records(site).iterdir()] == [stat.st_ino]


def test_a_build_reads_no_record_of_another(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = releases._parse

    def watched(path: Path, short: str) -> object:
        read.append(path.name)
        return parse(path, short)

    monkeypatch.setattr(releases, "_parse", watched)
    for number in (1, 2, 3, 2):
        site.build(version(number))
    assert [name[:8] for name in read] == ["00000002"]
    assert sorted(int(record.name[:8]) for record in records(site).iterdir()) == [1, 3, 4]


def test_a_build_is_pending_until_it_is_committed(site: Site) -> None:
    pending = begin(site.root, BUILD, ["b", "a", "b"])
    found = read_records(site.root)
    assert ([entry.files for entry in found.pending], found.releases) == ([("a", "b")], ())
    for name in "ab":
        (site.root / name).write_bytes(b"x")
    commit(pending)
    found = read_records(site.root)
    assert (found.pending, [release.files for release in found.releases]) == ((), [frozenset("ab")])


def test_a_build_whose_file_was_taken_away_meanwhile_is_no_release(site: Site) -> None:
    pending = begin(site.root, BUILD, ["a"])
    with pytest.raises(BuildFailed) as caught:
        commit(pending)
    [problem] = caught.value.problems
    assert (problem.code, problem.hint) == ("output-changed", "run the build again")
    assert read_records(site.root).releases == ()


@pytest.mark.parametrize("path", ["../x", "/etc/x", ".assetbuild/x"])
def test_a_path_outside_is_not_recorded(site: Site, path: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        begin(site.root, BUILD, ["fine", path])
    assert [problem.code for problem in caught.value.problems] == ["output-path"]
    assert not site.root.exists()


def test_records_are_not_written_through_a_symlink_that_leads_out(site: Site, tmp_path: Path) -> None:
    site.root.mkdir()
    (tmp_path / "other").mkdir()
    (site.root / ".assetbuild").symlink_to(tmp_path / "other")
    with pytest.raises(BuildFailed) as caught:
        begin(site.root, BUILD, ["a"])
    assert [problem.code for problem in caught.value.problems] == ["output-escapes"]
    assert list((tmp_path / "other").iterdir()) == []


def test_a_read_only_folder_is_a_clear_error(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        make_read_only(mounted)
        with pytest.raises(BuildFailed) as caught:
            begin(mounted, BUILD, ["a"])
        assert [problem.code for problem in caught.value.problems] == ["cannot-write"]


# --- clean ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 5, 9])
def test_clean_keeps_the_newest_releases_and_the_live_one(site: Site, keep: int) -> None:
    for number in range(5):
        site.build(version(number))
    plan = clean(site, keep=keep)
    kept = range(5 - max(1, keep), 5) if keep < 5 else range(5)
    assert {name for name in site.files() if name.startswith("app")} == set().union(*(names(n) for n in kept))
    assert len(read_records(site.root).releases) == len(kept)
    assert (site.faults(), plan.problems) == ([], ())


def test_three_releases_are_kept_where_nothing_is_said(site: Site) -> None:
    for number in range(5):
        site.build(version(number))
    apply(plan_clean(site.root, site.manifest))
    assert len(read_records(site.root).releases) == 3


def test_every_removal_has_a_reason_and_records_go_after_their_files(site: Site) -> None:
    first = site.build(version(1))
    site.build(version(2))
    plan = plan_clean(site.root, site.manifest, keep=1)
    assert {(removal.kind, removal.path.name) for removal in plan.removals} == {
        *((RemovalKind.OUTPUT, name) for name in names(1)),
        (RemovalKind.RECORD, f"00000001-{first[:16]}.json"),
    }
    assert [removal.kind for removal in plan.removals][-1] is RemovalKind.RECORD
    assert {removal.reason for removal in plan.removals} == {
        f"release {first[:12]} is neither live nor among the newest 1"
    }
    assert set(site.files()) >= names(1), "a plan removes nothing"


def test_a_rollback_then_clean_costs_the_live_release_nothing(site: Site) -> None:
    site.build(version(0))
    old = site.manifest.read_bytes()
    for number in range(1, 9):
        site.build(version(number))
    site.manifest.write_bytes(old)
    clean(site, keep=2)
    assert site.faults() == []
    assert {name for name in site.files() if name.startswith("app")} == names(0) | names(7) | names(8)


def test_a_live_release_that_nobody_recorded_is_kept(site: Site) -> None:
    site.build(version(0), stable="app.css")
    site.build(version(1))
    # As after a restore: the manifest is of an unrecorded build, whose files an old release has too.
    site.build(version(0), stable="app.css", note="restored")
    restored = site.manifest.read_bytes()
    build = manifests.read(site.manifest)["build"]
    [record] = [release.path for release in read_records(site.root).releases if release.build == build]
    record.unlink()
    site.build(version(2))
    site.manifest.write_bytes(restored)
    clean(site, keep=1)
    assert site.faults() == []
    assert set(site.files()) >= names(0) | {"app.css"}, "outputs, variants and stable copies"
    assert not set(site.files()) & names(1)


def test_keep_counts_builds_not_records(site: Site) -> None:
    site.build(version(1))
    site.build(version(2))
    record = max(records(site).iterdir())
    saved = record.read_bytes()
    site.build(version(3))
    site.build(version(2))
    record.write_bytes(saved)  # as when a build died between writing the new record and removing the old
    clean(site, keep=3)
    assert set(site.files()) >= names(1) | names(2) | names(3)


def test_without_a_manifest_the_newest_releases_are_kept(site: Site) -> None:
    for number in range(3):
        site.build(version(number))
    site.manifest.unlink()
    clean(site, keep=1)
    assert {name for name in site.files() if name.startswith("app")} == names(2)


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 99, "build": "x", "assets": {}}'])
def test_where_the_live_release_is_not_known_nothing_is_removed(site: Site, content: bytes) -> None:
    for number in range(3):
        site.build(version(number))
    site.manifest.write_bytes(content)
    before = snapshot(site.root)
    plan = clean(site, keep=1)
    assert snapshot(site.root) == before
    assert [problem.code for problem in plan.problems] == ["unknown-live-release"]


def test_foreign_files_and_their_folders_stay(site: Site) -> None:
    site.build({"css/a/x.css": b"one", "js/y.js": b"1"})
    site.build({"css/b/x.css": b"two"})
    foreign = [site.root / "css/notes.txt", site.root / "app-0123456789abcdef.css", site.root / "empty/.keep"]
    foreign += [site.root / ".assetbuild/releases/notes.json", site.root / ".assetbuild/tmp/notes"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("foreign")
    (site.root / "bare").mkdir()
    clean(site, keep=1)
    assert [path for path in foreign if not path.exists()] == []
    assert (site.root / "bare").is_dir()
    assert [(site.root / name).exists() for name in ("css/a", "js", "css/b")] == [False, False, True]


def test_what_a_killed_build_left_goes_when_the_lock_is_held(site: Site) -> None:
    site.build(version(1))
    begin(site.root, BUILD, [*names(1), "half/new.css"])
    (site.root / "half").mkdir()
    (site.root / "half/new.css").write_bytes(b"x")
    leftovers = [site.root / ".assetbuild/tmp", site.root]
    for folder in leftovers:
        (folder / ".assetbuild-0123456789abcdef.tmp").write_bytes(b"half")
    before = snapshot(site.root)
    clean(site, lock_held=False)
    assert snapshot(site.root) == before, "another build may be running"
    plan = clean(site)
    assert (site.root / "half").exists() is False
    assert (site.temporary(), read_records(site.root).pending, site.faults()) == ([], (), [])
    kinds = {RemovalKind.OUTPUT, RemovalKind.LEFTOVER, RemovalKind.RECORD, RemovalKind.FOLDER}
    assert {removal.kind for removal in plan.removals} == kinds


def test_a_running_build_keeps_what_only_an_old_release_had(site: Site) -> None:
    site.build(version(1))
    site.build(version(2))
    running = begin(site.root, BUILD, names(1))
    clean(site, keep=1, lock_held=False)
    commit(running)
    assert set(site.files()) >= names(1)


# --- records that cannot be believed ----------------------------------------------------------------------


def _with(**changes: object) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps(json.loads(data) | changes).encode()


DAMAGES = [
    pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
    pytest.param(lambda data: b"", id="empty"),
    pytest.param(lambda data: b"[]", id="no object"),
    pytest.param(lambda data: b"\xff", id="not UTF-8"),
    pytest.param(lambda data: b"[" * 100_000, id="nested deeply"),
    pytest.param(_with(schema=2), id="another schema"),
    pytest.param(_with(build=sha256(b"other")), id="another build"),
    pytest.param(_with(build=1), id="no build"),
    pytest.param(_with(files="app.css"), id="no list"),
    pytest.param(_with(files=[1]), id="no names"),
    pytest.param(_with(manifest=1), id="no name of a manifest"),
    pytest.param(_with(manifest="\0"), id="a manifest that can have no path"),
    pytest.param(_with(manifest="\ud800"), id="a manifest with half a character"),
    pytest.param(_with(files=["../../etc/x"]), id="a path that climbs"),
    pytest.param(_with(files=["/etc/x"]), id="an absolute path"),
    pytest.param(_with(files=["css/../../x"]), id="a path that climbs later"),
    pytest.param(_with(files=[".assetbuild/releases"]), id="our own state"),
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("commands", ["clean", "clobber"])
def test_nothing_is_removed_because_of_a_damaged_record(
    site: Site, tmp_path: Path, commands: str, damage: Callable[[bytes], bytes]
) -> None:
    site.build(version(1))
    [record] = records(site).iterdir()
    record.write_bytes(damage(record.read_bytes()))
    site.build(version(2))
    (tmp_path / "x").write_text("outside")
    if commands == "clean":
        plan = clean(site, keep=1)
        assert record.exists()
    else:
        plan = plan_clobber(site.root, site.manifest, tmp_path / ".assetbuild")
        apply(plan)
        assert not record.exists()
    assert set(site.files()) >= names(1)
    [problem] = plan.problems
    assert (problem.code, problem.severity) == ("damaged-record", Severity.WARNING)
    assert problem.place == Place(str(record))
    assert (tmp_path / "x").exists()


def test_a_damaged_record_does_not_stop_others_from_going(site: Site) -> None:
    for number in range(4):
        site.build(version(number))
    sorted(records(site).iterdir())[1].write_bytes(b"")
    clean(site, keep=2)
    assert {name for name in site.files() if name.startswith("app")} == names(1) | names(2) | names(3)


def test_a_damaged_record_of_a_release_to_keep_stops_all_removals(site: Site) -> None:
    for number in range(4):
        site.build(version(number))
    sorted(records(site).iterdir())[2].write_bytes(b"")
    before = snapshot(site.root)
    plan = clean(site, keep=2)
    assert snapshot(site.root) == before
    assert [problem.code for problem in plan.problems] == ["damaged-record", "unknown-kept-release"]


def test_numbers_go_on_after_a_damaged_record(site: Site) -> None:
    site.build(version(1))
    site.build(version(2))
    max(records(site).iterdir()).write_bytes(b"")
    third = site.build(version(3))
    assert max(records(site).iterdir()).name == f"00000003-{third[:16]}.json"


# --- clobber ----------------------------------------------------------------------------------------------


@pytest.fixture
def used(tmp_path: Path) -> tuple[Site, Path]:
    """A site with everything that we ever write, and its cache folder."""
    site, folder = Site(tmp_path / "public" / "assets"), tmp_path / ".assetbuild"
    for number in range(5):
        site.build(version(number) | OLD, stable="favicon.ico")
    begin(site.root, BUILD, ["half.css"])
    (site.root / "half.css").write_bytes(b"x")
    (site.root / ".assetbuild/tmp/.assetbuild-0123456789abcdef.tmp").write_bytes(b"x")
    cache = Cache(folder)
    cache.put(KEY, b"data", {})
    cache.write_state(b"state")
    with build_lock(folder, on_wait=pytest.fail):
        return site, folder


def test_clobber_removes_all_that_was_written(used: tuple[Site, Path], tmp_path: Path) -> None:
    site, cache = used
    plan = plan_clobber(site.root, site.manifest, cache)
    removed = apply(plan)
    assert list(tmp_path.iterdir()) == [tmp_path / "public"]
    assert list((tmp_path / "public").iterdir()) == []
    assert set(removed) == {removal.path for removal in plan.removals}
    assert (plan.problems, plan.removals[0].kind) == ((), RemovalKind.MANIFEST)


def test_clobber_after_a_build_in_a_held_lock_finds_nothing_more(used: tuple[Site, Path]) -> None:
    site, cache = used
    with build_lock(cache, on_wait=pytest.fail) as held:
        assert held
        apply(plan_clobber(site.root, site.manifest, cache))
    assert plan_clobber(site.root, site.manifest, cache).removals == ()


def test_clobber_leaves_every_foreign_file(used: tuple[Site, Path], tmp_path: Path) -> None:
    site, cache = used
    places = ["robots.txt", "css/mine.css", "app-0123456789abcdef.css", ".assetbuild/notes", ".assetbuild/tmp/notes"]
    foreign = [site.root / place for place in [*places, ".assetbuild/releases/notes.json"]]
    foreign += [cache / place for place in ["notes", "v1/notes", "v1/objects/notes", "v1/steps/notes", "v2/x"]]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("foreign")
    apply(plan_clobber(site.root, site.manifest, cache))
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(foreign)


@pytest.mark.parametrize("content", ["{}", "not ours", '{"name": "a web app", "icons": []}'])
def test_a_manifest_that_is_not_ours_is_left(used: tuple[Site, Path], content: str) -> None:
    site, cache = used
    site.manifest.write_text(content)
    plan = plan_clobber(site.root, site.manifest, cache)
    apply(plan)
    assert site.manifest.read_text() == content
    assert [problem.code for problem in plan.problems] == ["foreign-manifest"]


def test_a_manifest_elsewhere_goes_and_its_folder_stays(used: tuple[Site, Path], tmp_path: Path) -> None:
    site, cache = used
    outside = tmp_path / "conf" / "manifest.json"
    outside.parent.mkdir()
    site.manifest.rename(outside)
    apply(plan_clobber(site.root, outside, cache))
    assert list(outside.parent.iterdir()) == []
    assert not site.root.exists()


def test_an_output_folder_and_a_cache_in_one_place_go_together(tmp_path: Path) -> None:
    site = Site(tmp_path / "project")
    Cache(site.root / ".assetbuild").put(KEY, b"data", {})
    site.build(version(1))
    (site.root / "assetbuild.toml").write_text("")
    apply(plan_clobber(site.root, site.manifest, site.root / ".assetbuild"))
    assert [path.name for path in site.root.iterdir()] == ["assetbuild.toml"]


@pytest.mark.parametrize("what", ["css", ".assetbuild", ".assetbuild/releases", ".assetbuild/tmp"])
def test_nothing_is_removed_through_a_symlink(used: tuple[Site, Path], tmp_path: Path, what: str) -> None:
    site, cache = used
    (site.root / what).rename(tmp_path / "other")
    (site.root / what).symlink_to(tmp_path / "other")
    before = snapshot(tmp_path / "other")
    clean(site, keep=0)
    plan = plan_clobber(site.root, site.manifest, cache)
    assert [removal for removal in plan.removals if removal.path.is_relative_to(site.root / what)] == []
    apply(plan)
    assert snapshot(tmp_path / "other") == before


@pytest.mark.parametrize("what", ["", "v1", "v1/objects"])
def test_nothing_of_a_cache_is_removed_through_a_symlink(used: tuple[Site, Path], tmp_path: Path, what: str) -> None:
    site, cache = used
    (cache / what).rename(tmp_path / "other")
    (cache / what).symlink_to(tmp_path / "other")
    before = snapshot(tmp_path / "other")
    apply(plan_clobber(site.root, site.manifest, cache))
    assert snapshot(tmp_path / "other") == before


def test_a_record_that_names_the_manifest_does_not_remove_it(site: Site) -> None:
    site.build(version(1))
    commit_with(site, BUILD, "extra.css")
    [forged] = [release for release in read_records(site.root).releases if release.build == BUILD]
    record = json.loads(forged.path.read_bytes()) | {"files": ["extra.css", "manifest.json"]}
    forged.path.write_text(json.dumps(record))
    site.build(version(2))
    clean(site, keep=1)
    assert site.manifest.exists()
    assert not (site.root / "extra.css").exists()


# --- one output folder, several manifests -----------------------------------------------------------------


@dataclass(frozen=True)
class Shared(Site):
    """A site whose manifest is beside the output folder, which others have too."""

    name: str = "other.json"

    @property
    def manifest(self) -> Path:
        return self.root.parent / self.name


@pytest.fixture
def other(site: Site) -> Shared:
    return Shared(site.root)


def test_a_record_says_which_manifest_it_belongs_to_and_older_ones_can_be_read(site: Site, other: Shared) -> None:
    site.build(version(1))
    other.build(version(1))
    assert [release.manifest for release in read_records(site.root).releases] == ["../other.json", "manifest.json"]
    for path in records(site).iterdir():
        document = json.loads(path.read_bytes())
        del document["manifest"]
        path.write_text(json.dumps(document))
    found = read_records(site.root)
    assert ([release.manifest for release in found.releases], found.problems) == (["", ""], ())
    site.build(version(1))
    assert [release.manifest for release in read_records(site.root).releases] == ["manifest.json"], "it is our own"


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_clean_keeps_the_releases_of_every_other_manifest_as_it_keeps_ours(
    site: Site, other: Shared, keep: int
) -> None:
    for number in range(5):
        other.build({"other.css": b"%d" % number * 99})
    for number in range(5):
        site.build(version(number))
    clean(site, keep=keep)
    assert (site.faults(), other.faults()) == ([], [])
    owners = [release.manifest for release in read_records(site.root).releases]
    assert owners == ["manifest.json"] * max(1, keep) + ["../other.json"] * max(1, keep)


def test_clean_keeps_what_another_manifest_names_after_a_rollback(site: Site, other: Shared) -> None:
    other.build(version(0))
    old = other.manifest.read_bytes()
    for number in range(1, 4):
        other.build(version(number))
    other.manifest.write_bytes(old)
    site.build(OLD)
    clean(site, keep=1)
    assert other.faults() == []


def test_the_newest_release_of_a_manifest_that_is_away_is_kept(site: Site, other: Shared) -> None:
    other.build(version(1))
    other.build(version(2))
    saved = other.manifest.read_bytes()
    other.manifest.unlink()
    site.build(OLD)
    clean(site, keep=0)
    other.manifest.write_bytes(saved)
    assert other.faults() == []
    assert not names(1) & set(site.files())


def test_clean_leaves_a_running_build_for_another_manifest(site: Site, other: Shared) -> None:
    site.build(version(1))
    site.build(version(2))
    running = begin(other.root, BUILD, names(1), manifest=other.manifest)
    clean(site, keep=1, lock_held=True)
    commit(running)
    assert set(site.files()) >= names(1)


def test_clobber_leaves_what_another_manifest_needs(site: Site, other: Shared, tmp_path: Path) -> None:
    other.build(version(1))
    site.build(version(2))
    plan = plan_clobber(site.root, site.manifest, tmp_path / "cache")
    apply(plan)
    assert [(problem.code, problem.severity) for problem in plan.problems] == [("other-manifest", Severity.WARNING)]
    assert not site.manifest.exists()
    assert set(site.files()) == manifest_files(manifests.read(other.manifest))
    assert (other.faults(), len(read_records(site.root).releases)) == ([], 1)


def test_no_manifest_names_files_that_clobber_removed_after_the_manifest_was_moved(
    site: Site, other: Shared, tmp_path: Path
) -> None:
    other.build(version(1))
    site.build(version(1))
    apply(plan_clobber(site.root, site.manifest, tmp_path / "cache"))
    assert other.faults() == []
    other.manifest.unlink()
    apply(plan_clobber(site.root, site.manifest, tmp_path / "cache"))
    assert not site.root.exists(), "nothing needs its files any more"


def test_a_fifo_in_the_place_of_a_record_or_a_manifest_is_not_waited_for(site: Site, tmp_path: Path) -> None:
    site.build(version(1))
    site.build(version(2))
    saved = min(records(site).iterdir())
    saved.unlink()
    os.mkfifo(saved)
    pending = site.root / ".assetbuild/pending" / f"{'0' * 16}-{'0' * 16}.json"
    os.mkfifo(pending)
    assert [problem.code for problem in clean(site, keep=1).problems] == ["damaged-record"] * 2
    site.manifest.unlink()
    os.mkfifo(site.manifest)
    assert [problem.code for problem in clean(site).problems][2:] == ["unknown-live-release"]
    plan = plan_clobber(site.root, site.manifest, tmp_path / "cache")
    assert not {saved, pending, site.manifest} & {removal.path for removal in plan.removals}


# --- carrying out a plan ----------------------------------------------------------------------------------


def test_what_became_another_thing_since_the_plan_is_passed_over(site: Site, tmp_path: Path) -> None:
    site.build({"css/x.css": b"one", "b.css": b"one", "c.css": b"one"})
    site.build({"d.css": b"two"})
    plan = plan_clean(site.root, site.manifest, keep=1)
    (site.root / "css").rename(tmp_path / "other")
    (site.root / "css").symlink_to(tmp_path / "other")
    (site.root / hashed("b.css", b"one")).unlink()
    (site.root / hashed("c.css", b"one")).unlink()
    (site.root / hashed("c.css", b"one")).mkdir()
    before = snapshot(tmp_path / "other")
    apply(plan)
    assert snapshot(tmp_path / "other") == before
    assert (site.root / hashed("c.css", b"one")).is_dir()


def test_a_folder_that_was_filled_since_the_plan_stays(site: Site) -> None:
    site.build({"css/x.css": b"one"})
    site.build({"d.css": b"two"})
    plan = plan_clean(site.root, site.manifest, keep=1)
    assert RemovalKind.FOLDER in {removal.kind for removal in plan.removals}
    (site.root / "css/mine.css").write_text("foreign")
    apply(plan)
    assert (site.root / "css/mine.css").exists()


def test_what_the_system_refuses_is_reported_and_the_records_stay(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        site = Site(mounted)
        site.build(version(1))
        site.build(version(2))
        make_read_only(mounted)
        with pytest.raises(BuildFailed) as caught:
            clean(site, keep=1)
        assert {problem.code for problem in caught.value.problems} == {"cannot-remove"}
        assert len(caught.value.problems) == len(names(1))
        assert len(read_records(site.root).releases) == 2


def test_while_the_manifest_cannot_be_removed_nothing_else_is(used: tuple[Site, Path], tmp_path: Path) -> None:
    site, cache = used
    with disk(tmp_path / "disk") as mounted:
        outside = mounted / "manifest.json"
        shutil.move(site.manifest, outside)
        make_read_only(mounted)
        before = snapshot(tmp_path)
        with pytest.raises(BuildFailed) as caught:
            apply(plan_clobber(site.root, outside, cache))
        assert [(problem.code, problem.place) for problem in caught.value.problems] == [
            ("cannot-remove", Place(str(outside)))
        ]
        assert snapshot(tmp_path) == before


# --- the law ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("law")


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.one_of(st.integers(0, 6), st.sampled_from(["die", "rollback"])), min_size=1, max_size=12),
    keep=st.integers(0, 4),
    lock_held=st.booleans(),
)
def test_after_clean_every_kept_release_is_whole(
    folder: Path, steps: list[int | str], keep: int, *, lock_held: bool
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    site = Site(folder)
    history: list[tuple[str, bytes]] = []
    for step in steps:
        if isinstance(step, int):
            history.append((site.build(version(step)), site.manifest.read_bytes()))
        elif step == "die":
            begin(site.root, BUILD, names(9) | names(0))
        elif history:
            site.manifest.write_bytes(history[0][1])
    known: tuple[Release, ...] = read_records(site.root).releases
    clean(site, keep=keep, lock_held=lock_held)
    kept = read_records(site.root).releases
    assert list(kept[:keep]) == list(known[:keep]), "the newest"
    for release in kept:
        assert release.files <= set(site.files())
    if history:
        assert site.faults() == []
        assert len(kept) <= keep + 1
        needed = set().union(*(release.files for release in kept))
        if lock_held:
            assert set(site.files()) == needed, "and nothing else"
