"""Workload S: a typical site made of real packages as published, 30 files, 2.3 MB.

Fetched once with npm into a folder that git ignores. Nothing of it is ever committed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import filelock
import pytest

WORK = Path(__file__).parent.parent / "benchmarks" / ".work"

PACKAGES = {
    "bootstrap": "5.3.8",
    "jquery": "4.0.0",
    "htmx.org": "2.0.8",
    "leaflet": "1.9.4",
    "select2": "4.1.0-rc.0",
    "moment": "2.30.1",
    "@fortawesome/fontawesome-free": "7.0.1",
    "animate.css": "4.1.1",
}

FILES = {
    "js": [
        "jquery/dist/jquery.js",
        "bootstrap/dist/js/bootstrap.bundle.js",
        "htmx.org/dist/htmx.js",
        "leaflet/dist/leaflet-src.js",
        "select2/dist/js/select2.full.js",
        "moment/moment.js",
    ],
    "js/app": [f"bootstrap/js/dist/{name}.js" for name in ("modal", "tooltip", "tab", "collapse", "dropdown")],
    "css": ["bootstrap/dist/css/bootstrap.css", "leaflet/dist/leaflet.css", "select2/dist/css/select2.css"],
    "css/images": ["leaflet/dist/images/*.png"],
    "webfonts": ["@fortawesome/fontawesome-free/webfonts/*.woff2"],
    "img": [
        f"@fortawesome/fontawesome-free/svgs/brands/{name}.svg"
        for name in ("github", "gitlab", "python", "docker", "linux")
    ],
}
RENAMED = {
    "css/fontawesome.css": "@fortawesome/fontawesome-free/css/all.css",
    "css/app.css": "animate.css/animate.css",
}

CONFIG = """
[bundles]
"bundles/site.css" = [
  "css/bootstrap.css", "css/leaflet.css", "css/select2.css", "css/fontawesome.css", "css/app.css",
]
"bundles/site.js" = [
  "js/jquery.js", "js/bootstrap.bundle.js", "js/htmx.js", "js/leaflet-src.js", "js/select2.full.js", "js/moment.js",
]
"""


def require(tool: str) -> str:
    """The path of a tool that may be missing on a user's machine, but never where CI is set."""
    found = shutil.which(tool)
    if found is None:
        message = f"{tool} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def fetch_s() -> Path:
    """The folder of workload S, fetched if it is not there yet."""
    npm = require("npm")
    WORK.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(WORK / "lock"):
        target = WORK / "S"
        if not target.is_dir():
            modules = _install(npm)
            making = WORK / "S.part"
            shutil.rmtree(making, ignore_errors=True)
            for folder, patterns in FILES.items():
                for pattern in patterns:
                    for source in sorted(modules.glob(pattern)):
                        _copy(source, making / folder / source.name)
            for name, package_file in RENAMED.items():
                _copy(modules / package_file, making / name)
            making.rename(target)
    return target


def _install(npm: str) -> Path:
    root = WORK / "npm"
    root.mkdir(exist_ok=True)
    (root / "package.json").write_text(json.dumps({"name": "workload", "private": True, "version": "0.0.0"}))
    specs = [f"{name}@{version}" for name, version in PACKAGES.items()]
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--legacy-peer-deps"]
    done = subprocess.run([npm, "install", *flags, *specs], cwd=root, capture_output=True, text=True, timeout=600)
    if done.returncode:
        message = f"npm could not fetch the workload: {done.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return root / "node_modules"


def _copy(source: Path, target: Path) -> None:
    """Source maps are not part of the workload, so the comments that point at them go."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix not in (".js", ".css"):
        shutil.copyfile(source, target)
        return
    lines = source.read_text("utf-8").split("\n")
    target.write_text("\n".join(line for line in lines if "# sourceMappingURL=" not in line), "utf-8", newline="")
