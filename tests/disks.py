"""File systems that fail: a small one and a read-only one. Skips, visibly, where this user may mount nothing."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _mount(*arguments: str) -> bool:
    if shutil.which("mount") is None:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def disk(path: Path, *, kib: int = 1024) -> Iterator[Path]:
    """A file system of `kib` KiB at `path`, or, for a user who may not mount, a limit on the size of each file."""
    path.mkdir(parents=True)
    if _mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(path)):
        try:
            yield path
        finally:
            subprocess.run(["umount", str(path)], check=True)
        return
    resource = pytest.importorskip("resource", reason="neither a small file system nor a limit on file sizes here")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kib * 1024, hard))
    try:
        yield path
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def make_read_only(path: Path) -> None:
    """Let nobody, not even root, write to the file system that `disk` mounted at `path`."""
    if not _mount("-o", "remount,ro", str(path)):
        pytest.skip("this user may not mount a file system read-only")
