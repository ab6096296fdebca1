"""How much the cache holds, without looking at its files: one count, and behind it a line for each result kept since.

A line is appended before the result is written, so a build that is killed has counted too much, never too little. Two
builds may append at once. What cannot be read is not known, and then the files are counted (`cache_bound.py`).
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

NAME = "account"

_WHOLE = re.compile(rb"assetbuild-account 1 (\d{1,18})\n((?:\+\d{1,18}\n)*)")
_LONG = 1 << 16
"""An account of more bytes is not believed: counting anew shortens it, and corrects what it has wrong."""


def note(root: Path, size: int) -> None:
    """Count `size` bytes that are about to be kept below `root`, if that can be written."""
    with contextlib.suppress(OSError), open(root / NAME, "ab", buffering=0, opener=_opened) as stream:
        stream.write(b"+%d\n" % size)


def _opened(path: str, flags: int) -> int:
    # Every other file of the cache is replaced by a rename. This one is appended to, so a symlink here could lead out.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def read(root: Path) -> bytes:
    """The account below `root`; empty where there is none."""
    try:
        with open(root / NAME, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def total(account: bytes) -> int | None:
    """The bytes that the cache holds at most; None where they have to be counted."""
    found = _WHOLE.fullmatch(account) if len(account) <= _LONG else None
    return int(found[1]) + sum(map(int, found[2].split())) if found else None


def counted(size: int, *, since: bytes) -> bytes:
    """The account of a cache that was found to hold `size` bytes; `since` are the lines that came meanwhile."""
    return b"assetbuild-account 1 %d\n" % size + since
