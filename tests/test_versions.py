"""The version of a package is the one that `importlib.metadata` finds."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from assetbuild.build import versions

INSTALLED = sorted({str(one.metadata["Name"]) for one in importlib.metadata.distributions()})


@pytest.mark.parametrize("name", INSTALLED)
def test_a_version_is_that_of_the_metadata(name: str) -> None:
    assert versions.installed(name) == importlib.metadata.version(name)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two folders that are searched before all others, after one that is not there."""
    found = tmp_path / "first", tmp_path / "second"
    for folder in found:
        folder.mkdir()
    monkeypatch.setattr("sys.path", [str(tmp_path / "gone"), *map(str, found), *sys.path])
    return found


def installs(folder: Path, stem: str, version: str) -> None:
    metadata = folder / f"{stem}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zqa-pack\nVersion: {version}\n", "utf-8")


def test_the_first_folder_counts_however_the_name_is_spelled(folders: tuple[Path, Path]) -> None:
    installs(folders[0], "Zqa_Pack-1.2.post1+local", "1.2.post1+local")
    installs(folders[1], "zqa_pack-3", "3")
    assert {versions.installed(name) for name in ("zqa-pack", "zqa.pack", "ZQA_pack")} == {"1.2.post1+local"}
    assert importlib.metadata.version("zqa-pack") == "1.2.post1+local"


@pytest.mark.parametrize("stems", [["zqa_pack"], ["zqa_pack-1", "Zqa.Pack-1"]], ids=["without a version", "twice"])
def test_where_names_do_not_tell_the_metadata_is_asked(folders: tuple[Path, Path], stems: list[str]) -> None:
    for stem in stems:
        installs(folders[0], stem, "1")
    installs(folders[1], "zqa_pack-3", "3")
    assert versions.installed("zqa-pack") == importlib.metadata.version("zqa-pack") == "1"


def test_a_package_that_is_not_installed_has_none() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        versions.installed("zqa-pack-that-nobody-has")
