"""Real packages as published, fetched once with npm into a folder that git ignores; nothing of them is committed.

A package of `ASSETBUILD_CORPUS/node_modules` in the very version wanted is taken from there and not fetched.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock
import pytest

from tests.workload import WORK, require

_D3 = {
    "array": "3.2.5",
    "axis": "3.0.1",
    "brush": "3.0.1",
    "chord": "3.0.2",
    "color": "3.1.1",
    "contour": "4.0.3",
    "delaunay": "6.0.6",
    "dispatch": "3.0.2",
    "drag": "3.0.1",
    "dsv": "3.0.2",
    "ease": "3.0.2",
    "fetch": "3.0.2",
    "force": "3.0.1",
    "format": "3.1.3",
    "geo": "3.1.2",
    "hierarchy": "3.1.3",
    "interpolate": "3.0.2",
    "path": "3.1.1",
    "polygon": "3.0.2",
    "quadtree": "3.0.2",
    "random": "3.0.2",
    "scale": "4.0.3",
    "scale-chromatic": "3.1.1",
    "selection": "3.0.1",
    "shape": "3.2.1",
    "time": "3.1.1",
    "time-format": "4.1.1",
    "timer": "3.0.2",
    "transition": "3.0.2",
    "zoom": "3.0.1",
}
D3 = ("d3", *(f"d3-{name}" for name in _D3), "internmap", "delaunator", "robust-predicates")

# By the name of the folder below node_modules: the version, or npm's `npm:package@version` for one under another name.
VERSIONS = {
    "@hotwired/turbo": "8.0.23",
    "@kurkle/color": "0.3.4",
    "alpinejs": "3.15.0",
    "bootstrap": "5.3.8",
    "chart.js": "4.5.1",
    "d3": "7.9.0",
    **{f"d3-{name}": version for name, version in _D3.items()},
    "delaunator": "5.1.0",
    "htmx.org": "2.0.8",
    "htmx4": "npm:htmx.org@4.0.1",
    "internmap": "2.0.3",
    "jquery": "4.0.0",
    "lodash-es": "4.18.1",
    "robust-predicates": "3.0.3",
    "swiper": "12.0.3",
    "three": "0.180.0",
    "tinymce": "8.2.2",
    "vue": "3.5.22",
}


@functools.cache
def package(name: str) -> Path:
    """The folder of a package, with what npm publishes in it."""
    corpus = os.environ.get("ASSETBUILD_CORPUS")
    if corpus is not None:
        folder = Path(corpus) / "node_modules" / name
        if (folder / "package.json").is_file() and _read(folder)["version"] == VERSIONS[name]:
            return folder
    return _fetched() / name


def entry(name: str) -> str:
    """The file that a browser is to load for `import "name"`, relative to the package's folder."""
    about = _read(package(name))
    exported: Any = about.get("exports", {})
    for key in (".", "import", "default"):
        if isinstance(exported, dict):
            exported = exported.get(key, exported)
    chosen = exported if isinstance(exported, str) else about.get("module", about.get("main", "index.js"))
    return str(chosen).removeprefix("./")


def source(name: str, folder: str = "") -> str:
    """An entry of `sources`: the package, or a folder of it, mounted below `vendor/`."""
    path = json.dumps(str(package(name) / folder))
    return f'{{path = {path}, mount = "vendor/{name}"}}'


def sources(names: Sequence[str], *more: str) -> str:
    """The `sources` of a project that has its own files in `static` and packages as npm has put them."""
    entries = ", ".join(['"static"', *map(source, names), *more])
    return f"sources = [{entries}]\n"


def _read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "package.json").read_bytes())
    return found


@functools.cache
def _fetched() -> Path:
    return installed("packages", VERSIONS)


def installed(name: str, versions: Mapping[str, str]) -> Path:
    """The `node_modules` that has packages in these versions, in a folder `name` of what git ignores."""
    npm = require("npm")
    root = WORK / name
    root.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps({"name": name, "private": True, "version": "0.0.0", "dependencies": versions}, indent=1)
    with filelock.FileLock(WORK / f"{name}.lock"):
        done, modules = root / "done.json", root / "node_modules"
        if not done.is_file() or done.read_text() != wanted:
            done.unlink(missing_ok=True)
            shutil.rmtree(modules, ignore_errors=True)
            (root / "package.json").write_text(wanted)
            flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps"]
            run = subprocess.run([npm, "install", *flags], cwd=root, capture_output=True, text=True, timeout=600)
            if run.returncode:
                refuse = pytest.fail if os.environ.get("CI") else pytest.skip
                refuse(f"npm could not fetch the packages: {run.stderr.strip()[-300:]}")
            done.write_text(wanted)
    return modules
