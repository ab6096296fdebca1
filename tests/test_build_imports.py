"""What a build imports: what it has no use for costs more than a small build does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.project import Project

ROOT = Path(__file__).parent.parent
RUN = """
import sys
sys.argv[0] = "assetbuild"
from assetbuild.__main__ import main
try:
    main()
except SystemExit as done:
    assert done.code == 0, done.code
print("modules", *sorted(sys.modules))
"""
UNUSED = {
    "assetbuild.build.inspection",
    "assetbuild.build.templates",
    "assetbuild.build.unused",
    "assetbuild.build.verify",
    "assetbuild.build.webassets_bridge",
    "assetbuild.cli_publish",
    "assetbuild.report_publish",
    "boto3",
    "csv",
    "email",
    "importlib.metadata",
    "jinja2",
    "socket",
    "webassets",
    "yaml",
    "zipfile",
}
MOST = 150
"""Modules of our own; there are half as many again."""


def imported(folder: Path, arguments: Sequence[str]) -> set[str]:
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n{RUN}", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("config", ["", "compress = []\n[processors]\ncss = []\njs = []\n"])
def test_a_build_imports_nothing_that_it_has_no_use_for(tmp_path: Path, config: str) -> None:
    site = Project(tmp_path).write({"static/a.css": "a{color:red}", "static/b.js": "b = 1", "assetbuild.toml": config})
    modules = imported(site.root, ["build"])
    assert modules & UNUSED == set()
    own = {name for name in modules if name.partition(".")[0] == "assetbuild"}
    assert len(own) <= MOST, sorted(own)
