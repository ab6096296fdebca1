"""An environment with the run-time half of assetbuild and nothing of the build half, as a web server has it.

Knows no test: packages come from an index through this interpreter's pip, which the new environment does not get.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_BUILD_HALF = ("build", "cli*.py", "report*.py", "__main__.py", "__pycache__")


def make(folder: Path, *requirements: str) -> Path:
    """The interpreter of a new environment in `folder`. `requirements` are what one would tell `pip install`."""
    venv.create(folder, with_pip=False)
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "--disable-pip-version-check", "install", "-q"]
    done = subprocess.run([*pip, *requirements], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        reason = "pip could not fill a new environment: " + done.stderr.strip()[-300:]
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    paths = [str(interpreter), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(paths, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    shutil.copytree(ROOT / "assetbuild", Path(packages) / "assetbuild", ignore=shutil.ignore_patterns(*_BUILD_HALF))
    return interpreter
