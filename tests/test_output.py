"""Writing outputs: whole or not at all, only where needed, never outside, and clear errors."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild.build.events import Done, Event, Progress, Work
from assetbuild.build.foreign import check_manifest_place
from assetbuild.build.model import Blob, BuildFailed, Place, Problem
from assetbuild.build.output import File, is_public_path, write_manifest
from tests.disks import disk, make_read_only
from tests.project import PLAIN, Project, project
from tests.small_builds import NEW, OLD, Site, file, sha256


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "out")


def blob(path: Path, *, digest: str = "") -> Blob:
    data = path.read_bytes()
    return Blob(str(path), len(data), digest or sha256(data), "")


def refusal(act: Callable[[], object]) -> Problem:
    """The one problem with which `act` fails."""
    with pytest.raises(BuildFailed) as caught:
        act()
    [problem] = caught.value.problems
    assert problem.hint
    assert not (problem.text + problem.hint).endswith(".")
    return problem


def test_files_are_written_with_their_folders(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "logo.png"
    source.write_bytes(os.urandom(3_000_000))
    image = File("img/logo-1.png", blob(source), 3_000_000, sha256(source.read_bytes()))
    done = site.write(file("css/app-1.css", b"a {}"), file("x.txt", b""), image)
    assert done.written == ("css/app-1.css", "img/logo-1.png", "x.txt")
    assert site.files() == {"css/app-1.css": b"a {}", "img/logo-1.png": source.read_bytes(), "x.txt": b""}
    assert site.temporary() == []


@pytest.mark.parametrize("jobs", [0, 1, 4])
def test_any_number_of_jobs_writes_the_same(site: Site, jobs: int) -> None:
    files = [file(f"d{number % 7}/f{number}", b"%d" % number) for number in range(100)]
    done = site.write(*files, jobs=jobs)
    assert done.written == tuple(sorted(done.stats)) == tuple(sorted(file.path for file in files))
    assert site.files() == {file.path: file.content for file in files}


def test_a_second_build_writes_nothing_and_needs_no_write_access(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        site = Site(mounted)
        first = site.write(file("a/b.css", b"a {}"), file("c", b""))
        make_read_only(mounted)
        second = site.write(file("a/b.css", b"a {}"), file("c", b""))
        assert (second.written, second.stats) == ((), first.stats)


def test_a_trusted_file_is_not_read(site: Site) -> None:
    wanted = file("a.css", b"right")
    stats = site.write(wanted).stats
    path = site.root / "a.css"
    before = path.stat()
    path.write_bytes(b"wrong")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert site.write(wanted, trusted=stats).written == (), "believed, because its stat is that of the right bytes"
    assert site.write(wanted).written == ("a.css",), "not believed, so read, and found wrong"


def test_what_is_trusted_by_mistake_is_at_least_of_the_right_size(site: Site) -> None:
    stats = site.write(file("app.css.br", b"as level 11 packs it")).stats
    assert site.write(file("app.css.br", b"as level 5"), trusted=stats).written == ("app.css.br",)


def test_a_symlink_to_the_right_bytes_is_not_an_output(site: Site) -> None:
    site.write(file("other", b"bytes"))
    (site.root / "a").symlink_to("other")
    assert (site.root / "a").lstat().st_size == len(b"bytes")
    assert site.write(file("a", b"bytes")).written == ("a",)
    assert not (site.root / "a").is_symlink()


def _to_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b"righ"), id="truncated"),
        pytest.param(lambda path: path.write_bytes(b"wrong"), id="same size, other bytes"),
        pytest.param(lambda path: path.unlink(), id="removed"),
        pytest.param(lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), id="a symlink out of the folder"),
        pytest.param(lambda path: (path.unlink(), path.symlink_to("a.css")), id="a symlink to itself"),
        pytest.param(_to_fifo, id="a FIFO"),
    ],
)
def test_a_file_damaged_by_hand_is_repaired(site: Site, damage: Callable[[Path], object]) -> None:
    stats = site.write(file("a.css", b"right")).stats
    damage(site.root / "a.css")
    assert site.write(file("a.css", b"right"), trusted=stats).written == ("a.css",)
    assert not (site.root / "a.css").is_symlink()
    assert (site.root / "a.css").read_bytes() == b"right"


def test_what_was_written_is_what_listeners_hear(site: Site) -> None:
    events: list[Event] = []
    site.write(file("a", b"1"))
    site.write(file("a", b"1"), file("b", b"2"), listener=events.append)
    assert [event.subject for event in events if isinstance(event, Done) and event.work is Work.WRITE] == ["b"]
    assert [(event.done, event.total) for event in events if isinstance(event, Progress)] == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_what_the_umask_says(site: Site, mask: int, mode: int) -> None:
    old = os.umask(mask)
    try:
        site.write(file("a", b"1"))
        write_manifest(site.manifest, b"{}")
    finally:
        os.umask(old)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (site.root / "a", site.manifest)] == [mode, mode]


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *[
            "",
            "/etc/x",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/",
            ".",
            "a/.",
            "c:/x",
            "a\\b",
            "a\nb",
            "a\0b",
            "a\ud800",
        ],
        *[".assetbuild", ".assetbuild/releases/x.json"],
    ],
)
def test_a_path_that_no_manifest_may_name_is_refused(site: Site, path: str) -> None:
    assert not is_public_path(path)
    assert refusal(lambda: site.write(file(path, b"x"))).code == "output-path"
    assert not site.root.exists()


@pytest.mark.parametrize("path", ["a", "a.b/c d", ".well-known/x", "ü/ñ.css", "..a/b..", "a/.assetbuild", "x:y"])
def test_a_path_that_is_odd_but_sound_is_written(site: Site, path: str) -> None:
    if path == "x:y":
        assert not is_public_path(path), "as a Windows drive it would be absolute"
    else:
        assert site.write(file(path, b"x")).written == (path,)


@pytest.mark.parametrize("deep", ["", "/deeper"])
def test_nothing_is_written_through_a_symlink_that_leads_out(site: Site, tmp_path: Path, deep: str) -> None:
    site.root.mkdir()
    (tmp_path / "other").mkdir()
    (site.root / "css").symlink_to(tmp_path / "other")
    problem = refusal(lambda: site.write(file(f"css{deep}/app.css", b"x"), file("fine", b"x")))
    assert problem.code == "output-escapes"
    assert problem.place == Place(str(site.root / "css"))
    assert str(tmp_path / "other") in problem.text
    assert list((tmp_path / "other").iterdir()) == []
    assert site.files() == {}, "all is checked before anything is written"


def test_temporary_files_do_not_leave_either(site: Site, tmp_path: Path) -> None:
    site.root.mkdir()
    (tmp_path / "other").mkdir()
    (site.root / ".assetbuild").symlink_to(tmp_path / "other")
    assert refusal(lambda: site.write(file("a", b"x"))).code == "output-escapes"
    assert list((tmp_path / "other").iterdir()) == []


def test_symlinks_that_stay_inside_and_an_output_folder_that_is_one_are_followed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    site.root.symlink_to("real")
    (tmp_path / "real" / "styles").mkdir()
    (tmp_path / "real" / "css").symlink_to("styles")
    assert site.write(file("css/app.css", b"x")).written == ("css/app.css",)
    assert (tmp_path / "real" / "styles" / "app.css").read_bytes() == b"x"


def test_an_output_is_never_written_over_a_folder(site: Site) -> None:
    (site.root / "app.css").mkdir(parents=True)
    assert refusal(lambda: site.write(file("app.css", b"x"), file("b", b"x"))).code == "output-is-folder"
    assert refusal(lambda: write_manifest(site.root / "app.css", b"x")).code == "output-is-folder"
    assert site.files() == {}


@pytest.mark.parametrize("path", ["css/app.css", "css/deep/app.css"])
def test_a_file_where_a_folder_is_needed_is_named(site: Site, path: str) -> None:
    site.root.mkdir()
    (site.root / "css").write_text("a file")
    problem = refusal(lambda: site.write(file(path, b"x")))
    assert (problem.code, problem.hint) == ("output-folder-is-file", "remove or rename that file")
    assert problem.place == Place(str(site.root / "css"))
    assert (site.root / "css").read_text() == "a file"


def test_an_output_folder_that_is_a_file_is_named(site: Site) -> None:
    site.root.write_text("a file")
    assert refusal(lambda: site.write(file("a", b"x"))).code == "output-folder-is-file"
    problem = refusal(lambda: write_manifest(site.manifest, b"x"))
    assert problem.code == "cannot-write"
    assert "folder" in problem.hint


def test_two_different_files_for_one_path_are_an_error_and_twice_the_same_is_one(site: Site) -> None:
    assert refusal(lambda: site.write(file("a", b"1"), file("a", b"2"))).code == "output-clash"
    assert site.write(file("a", b"1"), file("a", b"1")).written == ("a",)


def test_all_that_cannot_be_written_is_reported_at_once(site: Site) -> None:
    (site.root / "x").mkdir(parents=True)
    (site.root / "y").write_text("")
    with pytest.raises(BuildFailed) as caught:
        site.write(file("x", b""), file("y/a", b""), file("y/b", b""), file("../z", b""))
    assert sorted(problem.code for problem in caught.value.problems) == [
        "output-folder-is-file",
        "output-is-folder",
        "output-path",
    ]


# --- sources that change ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["other bytes", "shorter", "gone"])
@pytest.mark.parametrize("jobs", [1, 4])
def test_a_source_that_changed_while_the_build_read_it_is_not_published(
    site: Site, tmp_path: Path, change: str, jobs: int
) -> None:
    source = tmp_path / "logo.png"
    source.write_bytes(b"before")
    image = File("logo.png", blob(source), 6, sha256(b"before"))
    source.unlink()
    if change != "gone":
        source.write_bytes({"other bytes": b"after!", "shorter": b"bef"}[change])
    problem = refusal(lambda: site.write(file("fine", b"x"), image, jobs=jobs))
    assert (problem.code, problem.hint) == ("source-changed", "run the build again")
    assert problem.place == Place(str(source))
    assert site.files() == {"fine": b"x"}
    assert site.temporary() == []


def test_nothing_is_replaced_while_something_new_fails(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "logo.png"
    source.write_bytes(b"before")
    site.write(file("a-stable.css", b"old"))
    broken = File("z-new.png", blob(source, digest="0" * 64), 6, "0" * 64)
    assert refusal(lambda: site.write(file("a-stable.css", b"new"), broken)).code == "source-changed"
    assert site.files() == {"a-stable.css": b"old"}


# --- disks that fail --------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_full_disk_costs_nothing_that_is_served(tmp_path: Path, jobs: int) -> None:
    with disk(tmp_path / "disk", kib=256) as mounted:
        site = Site(mounted)
        site.build(OLD, stable="favicon.ico")
        before, manifest = site.files(), site.manifest.read_bytes()
        big = [file(f"new/{number}", os.urandom(300_000)) for number in range(9)]
        with pytest.raises(BuildFailed) as caught:
            site.write(*big, file("favicon.ico", b"a new icon"), jobs=jobs)
        problem = caught.value.problems[0]
        assert problem.code == "cannot-write"
        assert problem.place is not None
        assert problem.place.path.startswith(str(mounted / "new"))
        assert "free some space" in problem.hint
        assert (site.files(), site.manifest.read_bytes(), site.faults()) == (before, manifest, [])
        assert site.temporary() == []


def test_a_full_disk_keeps_the_old_manifest(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", kib=64) as mounted:
        path = mounted / "manifest.json"
        assert write_manifest(path, b"old")
        assert refusal(lambda: write_manifest(path, os.urandom(200_000))).code == "cannot-write"
        assert [entry.name for entry in mounted.iterdir()] == ["manifest.json"]
        assert path.read_bytes() == b"old"


def test_a_read_only_folder_is_a_clear_error_for_the_first_file_alone(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as mounted:
        site = Site(mounted)
        site.build(OLD)
        before = site.files()
        make_read_only(mounted)
        problem = refusal(lambda: site.write(*(file(f"{number}", b"x") for number in range(20))))
        assert problem.code == "cannot-write"
        assert problem.text == "cannot be written: Read-only file system"
        assert "`output`" in problem.hint
        assert refusal(lambda: site.build(NEW)).code == "cannot-write"
        assert refusal(lambda: write_manifest(site.manifest, b"new")).code == "cannot-write"
        assert (site.files(), site.faults()) == (before, [])


def test_the_longest_name_that_a_file_system_takes_is_written(site: Site) -> None:
    name = "é" * 125 + ".font"
    assert len(name.encode()) == 255
    assert site.write(file(name, b"x")).written == (name,)


def test_a_name_that_is_too_long_is_named(site: Site) -> None:
    site.root.mkdir()
    problem = refusal(lambda: site.write(file("a" * 256, b"x"), file("fine", b"x")))
    assert problem.code == "cannot-write"
    assert "256 bytes" in problem.hint
    assert site.files() == {}


def test_stale_temporary_files_do_no_harm(site: Site) -> None:
    stale = site.root / ".assetbuild" / "tmp" / ".assetbuild-0123456789abcdef.tmp"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"half")
    site.build(OLD)
    assert site.faults() == []
    assert site.temporary() == [stale]


def test_a_temporary_file_that_another_cleaned_away_is_written_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = os.replace, []

    def once_too_late(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 1:
            Path(source).unlink()
            Path(source).parent.rmdir()
        replace(source, target)

    monkeypatch.setattr(os, "replace", once_too_late)
    site.write(file("a", b"x"))
    assert len(calls) > 1
    assert site.files() == {"a": b"x"}


# --- the manifest -----------------------------------------------------------------------------------------


def test_the_same_manifest_is_only_touched(site: Site) -> None:
    assert write_manifest(site.manifest, b"one")
    os.utime(site.manifest, (0, 0))
    before = site.manifest.stat()
    assert not write_manifest(site.manifest, b"one")
    after = site.manifest.stat()
    assert (after.st_ino, after.st_mtime_ns > before.st_mtime_ns) == (before.st_ino, True)
    assert write_manifest(site.manifest, b"two")
    assert site.manifest.read_bytes() == b"two"
    assert site.temporary() == []


def test_a_manifest_that_is_a_symlink_becomes_a_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"one")
    site.root.mkdir()
    site.manifest.symlink_to(tmp_path / "elsewhere")
    assert write_manifest(site.manifest, b"one")
    assert not site.manifest.is_symlink()


# --- what no build has written ----------------------------------------------------------------------------

STABLE = f'stable = ["robots.txt"]\n{PLAIN}'


@pytest.fixture
def plain(tmp_path: Path) -> Project:
    """A project with one plain copy, not built yet; its output folder is there."""
    made = project(tmp_path, {"robots.txt": "ours"}, STABLE)
    made.output.mkdir(parents=True)
    return made


def _listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda path: path.write_bytes(b"theirs, by hand"), id="another size"),
        pytest.param(lambda path: path.write_bytes(b"hers"), id="the same size"),
        pytest.param(lambda path: path.symlink_to("/etc/hostname"), id="a symlink"),
        pytest.param(os.mkfifo, id="a FIFO"),
        pytest.param(os.mkdir, id="a folder"),
    ],
)
def test_a_plain_copy_replaces_nothing_that_no_build_has_written(plain: Project, put: Callable[[Path], object]) -> None:
    path = plain.output / "robots.txt"
    put(path)
    before = os.lstat(path)
    for _ in range(2):
        problem = refusal(plain.build)
        assert (problem.code, problem.place) == ("output-foreign", Place(str(path)))
        assert str(plain.root) not in problem.text
    assert os.lstat(path) == before
    assert _listing(plain.output) == ["robots.txt"], "nothing was written, not even a record"


def test_a_plain_copy_with_the_wanted_bytes_is_taken_over(plain: Project) -> None:
    (plain.output / "robots.txt").write_text("ours")
    assert plain.codes() == []


@pytest.mark.parametrize("known", ["by a release", "by a build that died", "by the manifest"])
def test_a_plain_copy_that_something_of_ours_names_is_replaced(plain: Project, known: str) -> None:
    plain.build()
    state = plain.output / ".assetbuild"
    if known == "by the manifest":
        shutil.rmtree(state)
    else:
        (plain.output / "manifest.json").unlink()
    if known == "by a build that died":
        [record] = (state / "releases").iterdir()
        record.rename(state / "pending" / f"{record.stem[9:]}-{'0' * 16}.json")
    plain.write({"static/robots.txt": "new"})
    assert plain.codes() == []
    assert (plain.output / "robots.txt").read_text() == "new"


def test_other_bytes_under_a_name_with_a_fingerprint_are_repaired(plain: Project) -> None:
    plain.build()
    path = plain.output / plain.path("robots.txt")
    shutil.rmtree(plain.output / ".assetbuild")
    path.write_bytes(b"ou")
    assert plain.codes() == []
    assert path.read_text() == "ours"


def _at_manifest(root: Path) -> tuple[Project, Path]:
    made = project(root, {"a.css": "a {}"}, f'manifest = "package.json"\n{PLAIN}')
    return made, root / "package.json"


@pytest.mark.parametrize(
    "put",
    [
        pytest.param(os.mkfifo, id="a FIFO"),
        pytest.param(lambda path: path.symlink_to("/dev/null"), id="a symlink"),
    ],
)
def test_a_manifest_replaces_nothing_but_a_regular_file(tmp_path: Path, put: Callable[[Path], object]) -> None:
    made, path = _at_manifest(tmp_path)
    put(path)
    before = os.lstat(path)
    problem = refusal(lambda: check_manifest_place(made.output, path))
    assert (problem.code, problem.place) == ("manifest-not-a-file", Place(str(path)))
    assert refusal(made.build) == problem
    assert os.lstat(path) == before
    assert not made.output.exists()


@pytest.mark.parametrize(
    "content",
    ['{"name": "site"}', "text", "[1]", '{"schema": true, "build": "1", "assets": {}}', "[" * 9999, " "],
)
def test_a_manifest_does_not_replace_a_file_of_someone_else(tmp_path: Path, content: str) -> None:
    made, path = _at_manifest(tmp_path)
    path.write_text(content)
    problem = refusal(made.build)
    assert (problem.code, problem.place) == ("foreign-manifest", Place(str(path)))
    assert path.read_text() == content
    assert not made.output.exists()


@pytest.mark.parametrize("content", ["", '{"schema": 9, "build": "of a later version", "assets": {}}'])
def test_a_manifest_replaces_an_empty_file_and_a_manifest(tmp_path: Path, content: str) -> None:
    made, path = _at_manifest(tmp_path)
    path.write_text(content)
    assert made.codes() == []
    assert "a.css" in path.read_text()


def test_a_damaged_manifest_of_ours_is_replaced_and_a_foreign_file_is_not_ours_because_of_other_releases(
    tmp_path: Path,
) -> None:
    made, path = _at_manifest(tmp_path)
    made.build()
    path.write_bytes(path.read_bytes()[:50])
    assert made.codes() == []
    made.write({"assetbuild.toml": f'manifest = "composer.json"\n{PLAIN}', "composer.json": "{}"})
    assert made.codes() == ["foreign-manifest"]


# --- processes --------------------------------------------------------------------------------------------


def test_a_build_killed_at_any_moment_leaves_a_whole_release_and_the_next_one_repairs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.small_builds", "die", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    reports = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [report for report in reports if report["faults"] or report["repaired"] or report["strange"]] == []
    assert [report for report in reports if report["temporary"]] == []
    assert [report["killed"] for report in reports[-2:]] == [True, False], "killed before every effect, then not at all"
    assert len(reports) > 20
    assert {report["was"] for report in reports} == {"old", "new"}
    assert any(report["left"] for report in reports), "some of them died in the middle of a file"


def test_two_builds_at_once_never_show_a_broken_release(site: Site) -> None:
    site.build(OLD, stable="favicon.ico")
    command = [sys.executable, "-m", "tests.small_builds", "build", str(site.root)]
    both = [subprocess.Popen(command) for _ in range(2)]
    looks = 0
    while any(process.poll() is None for process in both):
        assert site.faults() == []
        looks += 1
    assert [process.wait() for process in both] == [0, 0]
    assert looks > 10
    assert (site.faults(), site.temporary()) == ([], [])
