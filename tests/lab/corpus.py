"""Workload L: the browser-served files of 28 packages as published, 11,007 files, 141 MB.

Fetched once with npm into a folder that git ignores, exact versions, so that counts can be asserted. A corpus that is
there already (`L` and `node_modules` in the folder that ASSETBUILD_CORPUS names) is used as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import filelock
import pytest

from tests.workload import FILES, RENAMED, WORK, require

PACKAGES: Mapping[str, str] = {
    "@fortawesome/fontawesome-free": "7.0.1",
    "ace-builds": "1.43.4",
    "alpinejs": "3.15.0",
    "animate.css": "4.1.1",
    "bootstrap": "5.3.8",
    "bootstrap-icons": "1.13.1",
    "bulma": "1.0.4",
    "chart.js": "4.5.1",
    "codemirror": "5.65.20",
    "d3": "7.9.0",
    "datatables.net": "2.3.4",
    "flag-icons": "7.5.0",
    "foundation-sites": "6.9.0",
    "htmx.org": "2.0.8",
    "ionicons": "8.0.13",
    "jquery": "4.0.0",
    "leaflet": "1.9.4",
    "lodash-es": "4.18.1",
    "material-icons": "1.13.14",
    "moment": "2.30.1",
    "monaco-editor": "0.54.0",
    "react-dom-umd": "npm:react-dom@18.3.1",
    "react-umd": "npm:react@18.3.1",
    "select2": "4.1.0-rc.0",
    "swiper": "12.0.3",
    "three": "0.180.0",
    "tinymce": "8.2.2",
    "vue": "3.5.22",
}

ESBUILD: Mapping[str, str] = {"esbuild": "0.28.2"}
"""The printer that scripts are compared with: it reads and writes JavaScript with no code of ours or of rjsmin's."""

SERVED = frozenset(
    (".css", ".gif", ".ico", ".jpg", ".js", ".mjs", ".png", ".svg", ".ttf", ".wasm", ".webp", ".woff", ".woff2")
)
"""What browsers load; no source maps, typings or docs."""

_AWESOME = "@fortawesome/fontawesome-free"

TREES: Mapping[str, str] = {
    "ace": "ace-builds/src-noconflict",
    "alpine": "alpinejs/dist",
    "animate": "animate.css",
    "bootstrap": "bootstrap/dist",
    "bootstrap-icons": "bootstrap-icons/font",
    "bootstrap-icons/icons": "bootstrap-icons/icons",
    "bootstrap-js": "bootstrap/js/dist",
    "bulma": "bulma/css",
    "chart.js": "chart.js/dist",
    "codemirror": "codemirror",
    "d3": "d3/dist",
    "datatables": "datatables.net/js",
    "flag-icons/css": "flag-icons/css",
    "flag-icons/flags": "flag-icons/flags",
    "fontawesome/css": f"{_AWESOME}/css",
    "fontawesome/js": f"{_AWESOME}/js",
    "fontawesome/sprites": f"{_AWESOME}/sprites",
    "fontawesome/svgs": f"{_AWESOME}/svgs",
    "fontawesome/webfonts": f"{_AWESOME}/webfonts",
    "foundation": "foundation-sites/dist",
    "htmx": "htmx.org/dist",
    "ionicons": "ionicons/dist/svg",
    "jquery": "jquery/dist",
    "leaflet": "leaflet/dist",
    "lodash-es": "lodash-es",
    "material-icons": "material-icons/iconfont",
    "moment": "moment/dist",
    "monaco/esm": "monaco-editor/esm",
    "monaco/min": "monaco-editor/min",
    "react": "react-umd/umd",
    "react-dom": "react-dom-umd/umd",
    "select2": "select2/dist",
    "swiper": "swiper",
    "three/build": "three/build",
    "three/examples": "three/examples",
    "tinymce": "tinymce",
    "vue": "vue/dist",
}
"""Folders of workload L, and the folders of packages whose served files they hold."""


def fetch_l() -> Path:
    """The folder of workload L, fetched if it is not there yet."""
    given = os.environ.get("ASSETBUILD_CORPUS")
    if given:
        return Path(given) / "L"
    target = WORK / "L"
    WORK.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(WORK / "lock-L"):
        if not target.is_dir():
            making = WORK / "L.part"
            shutil.rmtree(making, ignore_errors=True)
            _copy_all(_install("npm-L", PACKAGES), making)
            making.rename(target)
    return target


def fetch_modules() -> Path:
    """The packages of workload L as published: a `node_modules`, fetched if it is not there yet."""
    given = os.environ.get("ASSETBUILD_CORPUS")
    return Path(given) / "node_modules" if given else install("npm-L", PACKAGES)


def install(name: str, packages: Mapping[str, str]) -> Path:
    """The `node_modules` with these packages, in a folder of that name; the same packages are fetched once."""
    WORK.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(WORK / "lock-L"):
        return _install(name, packages)


def _install(name: str, packages: Mapping[str, str]) -> Path:
    root = WORK / name
    stamp = root / "installed.json"
    wanted = json.dumps(dict(packages), indent=1)
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return root / "node_modules"
    npm = require("npm")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    (root / "package.json").write_text(json.dumps({"name": "workload", "private": True, "version": "0.0.0"}), "utf-8")
    specs = [f"{package}@{version}" for package, version in packages.items()]
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--legacy-peer-deps"]
    done = subprocess.run([npm, "install", *flags, *specs], cwd=root, capture_output=True, text=True, timeout=900)
    if done.returncode:
        message = f"npm could not fetch {name}: {done.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    stamp.write_text(wanted, "utf-8")
    return root / "node_modules"


# --- the choice of files ---------------------------------------------------------------------------------

# Source maps are not part of the workload, so the comments that point at them go: at most one a line.
_LINE_COMMENT = re.compile(rb"^[\t\v\f\r ]*//[#@] sourceMappingURL=\S+[\t\v\f\r ]*(?:\n|\Z)", re.MULTILINE)
_BLOCK_COMMENT = re.compile(rb"/\*[#@] sourceMappingURL=[^*]*\*/")


def _copy_all(modules: Path, target: Path) -> None:
    for folder, package in TREES.items():
        source = modules / package
        for file in sorted(source.rglob("*")):
            if file.suffix in SERVED and file.is_file() and not file.is_symlink():
                _copy(file, target / folder / file.relative_to(source))
    for folder, patterns in FILES.items():
        for pattern in patterns:
            for file in sorted(modules.glob(pattern)):
                _copy(file, target / "app" / folder / file.name)
    for name, package_file in RENAMED.items():
        _copy(modules / package_file, target / "app" / name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    data = source.read_bytes()
    if b"sourceMappingURL" in data and target.suffix in (".css", ".js", ".mjs"):
        data = _BLOCK_COMMENT.sub(b"", _LINE_COMMENT.sub(b"", data))
    target.write_bytes(data)
