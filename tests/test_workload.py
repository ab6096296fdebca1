"""Workload S, real packages as published: it builds, verifies, and survives kill -9 at any moment."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assetbuild import manifest
from assetbuild.build.compress import decompress
from assetbuild.build.model import Algorithm
from assetbuild.build.verify import verify
from tests.project import Project
from tests.workload import CONFIG, fetch_s

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workload")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    site = Project(tmp_path_factory.mktemp("s"))
    shutil.copytree(fetch_s(), site.root / "static")
    site.write({"assetbuild.toml": CONFIG})
    site.result = site.build(jobs=2)
    return site


def test_it_builds_with_two_bundles_and_verifies(built: Project) -> None:
    assert built.result is not None
    assert len(built.manifest["assets"]) == 32
    assert verify(built.config) == ()


def test_every_file_is_minified_and_proven(built: Project) -> None:
    assert built.result is not None
    assert [problem for problem in built.result.problems if problem.code == "not-minified"] == []
    assert built.result.ways["rjsmin"] == {"processed": 12}
    assert sum(built.result.ways["rcssmin"].values()) == 6


def test_another_folder_and_another_number_of_jobs_give_the_same_bytes(built: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "elsewhere")
    shutil.copytree(built.root / "static", other.root / "static")
    other.write({"assetbuild.toml": CONFIG})
    other.build(jobs=1)
    assert other.public() == built.public()


@pytest.mark.parametrize("times", [25, pytest.param(100, marks=pytest.mark.lab)])
def test_killed_at_random_moments_the_manifest_is_always_one_whole_build(
    built: Project, tmp_path: Path, times: int
) -> None:
    """Each build has one more rule in one style sheet, so each has new names to write; the cache makes it short."""
    site = Project(tmp_path)
    for folder in ("static", ".assetbuild"):
        shutil.copytree(built.root / folder, site.root / folder)
    config = CONFIG.replace("[bundles]", "compress = {gzip = 9, br = 4}\n[processors]\ncss = []\n[bundles]")
    site.write({"assetbuild.toml": config})
    site.build(jobs=2)
    sheet = site.root / "static/css/app.css"
    dice = random.Random(20261124)
    started = time.monotonic()
    _run(site, sheet, "unhurried").wait(timeout=120)
    usual = time.monotonic() - started
    builds: set[str] = set()
    killed = 0
    for number in range(times):
        started = time.monotonic()
        process = _run(site, sheet, f"r{number}")
        try:
            process.wait(timeout=dice.uniform(0, usual * 1.1))
            usual = min(usual, time.monotonic() - started)  # the machine may have been busy the first time
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
            killed += 1
        builds.add(_whole_build(site))
    assert killed >= times // 2
    assert len(builds) >= 2
    site.build(jobs=2)
    assert verify(site.config) == ()
    assert not list((site.output / ".assetbuild").rglob("*.tmp"))


def _whole_build(site: Project) -> str:
    """The build id of the manifest on disk, every file of which is there to the last byte."""
    found = manifest.read(site.config.manifest)
    for entry in found["assets"].values():
        data = (site.output / entry["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        for name, variant in entry.get("variants", {}).items():
            assert decompress(Algorithm(name), (site.output / variant["path"]).read_bytes()) == data
    return found["build"]


def _run(site: Project, sheet: Path, rule: str) -> subprocess.Popen[bytes]:
    sheet.write_text(f"{sheet.read_text()}.{rule}{{color:red}}\n")
    command = [sys.executable, "-m", "assetbuild", "build"]
    return subprocess.Popen(command, cwd=site.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
