"""Depfiles: what make is told, and where they may be written."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from assetbuild.build import depfile
from assetbuild.build.model import BuildFailed
from tests.project import project
from tests.workload import require


@pytest.mark.parametrize(
    "name", ["plain.css", "with space.css", "dollar$x.css", "hash#x.css", "colon:x.css", "back\\ slash.css", "ü%x.css"]
)
def test_make_reads_every_name_as_it_is(tmp_path: Path, name: str) -> None:
    make = require("make")
    (tmp_path / name).write_text("")
    (tmp_path / "d").write_text(depfile.render("target", [name], []))
    (tmp_path / "Makefile").write_text("include d\ntarget: ; @printf '%s' '$(subst $$,$$,$^)' && touch target\n")
    first = subprocess.run([make, "target"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    again = subprocess.run([make, "target"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "up to date" in again.stdout


@pytest.mark.parametrize("name", [";.css", "=.css", "|x.css"])
def test_a_name_that_make_cannot_have_is_left_out(name: str) -> None:
    assert depfile.render("target", [name, "a.css"], []) == "target: \\\n  a.css\n\na.css:\n"


@pytest.mark.parametrize(
    "place", ["assetbuild.toml", "public/assets/manifest.json", "public/assets/d", "static/a.css", "static/d", "link"]
)
def test_a_depfile_never_takes_the_place_of_something_else(tmp_path: Path, place: str) -> None:
    built = project(tmp_path, {"a.css": "a{}"})
    built.build()
    (tmp_path / "link").symlink_to("assetbuild.toml")
    with pytest.raises(BuildFailed) as caught:
        depfile.check_place(tmp_path / place, built.config)
    assert (caught.value.exit_code, caught.value.problems[0].code) == (2, "depfile-place")


@pytest.mark.parametrize("place", ["make.d", ".assetbuild/make.d", "public/make.d"])
def test_a_file_of_its_own_is_a_good_place(tmp_path: Path, place: str) -> None:
    depfile.check_place(tmp_path / place, project(tmp_path, {}).config)
    assert not (tmp_path / place).exists()


def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    null = tmp_path / "null"
    made = subprocess.run([shutil.which("mknod") or "mknod", null, "c", "1", "3"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("devices can be made by root only")
    depfile.write(null, "x: y\n", manifest=tmp_path / "m", started_ns=0)
    assert stat.S_ISCHR(null.stat().st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    depfile.write(tmp_path / "link", "x: y\n", manifest=tmp_path / "m", started_ns=0)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x: y\n"
