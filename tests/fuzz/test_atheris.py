"""Coverage-guided fuzzing of every reader, a few seconds each; skips visibly where atheris is not installed."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS, Reader

SECONDS = [1, pytest.param(20, marks=pytest.mark.lab)]
"""For each reader."""

ROOT = Path(__file__).parent.parent.parent


def require_atheris() -> None:
    """atheris has wheels for CPython 3.11 to 3.13 on Linux, x86_64; where CI runs one of them it must be there."""
    if importlib.util.find_spec("atheris") is None:
        message = "atheris is not installed"
        if (
            os.environ.get("CI")
            and (sys.platform, platform.machine()) == ("linux", "x86_64")
            and sys.version_info < (3, 14)
        ):
            pytest.fail(message)
        pytest.skip(message)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@pytest.mark.parametrize("seconds", SECONDS)
def test_coverage_guided_fuzzing_breaks_no_law(reader: Reader, seconds: int, tmp_path: Path) -> None:
    require_atheris()
    command = [sys.executable, "-m", "tests.fuzz.run_atheris", reader.name, str(seconds), str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds + 120
    )
    broken = [path.read_bytes() for path in sorted(tmp_path.glob("*-*")) if path.is_file()]
    assert (done.returncode, broken) == (0, []), done.stdout[-3000:] + done.stderr[-2000:]
