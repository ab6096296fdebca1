"""The index: stats of all that a build with nothing to do would look at, so that it knows before it imports anything.

Imports next to nothing and opens one file. Knows no configuration: a build that did wrote it, for one command line, one
environment and one state of the disk. In doubt it says nothing, and the build looks for itself.

The file: `MAGIC`; three numbers (checksum, how many paths, how many outputs); four for each path (size, mtime, inode,
ctime) and three for each output (size, mtime, inode), in nanoseconds; and the texts, of which each ends in a NUL:
environment, answer, paths, outputs. The first path is the configuration; relative ones start at its folder.
"""

from __future__ import annotations

import os
import sys
from zlib import ZLIB_RUNTIME_VERSION, crc32

TYPE_CHECKING = False  # `typing` itself is one of the imports that would be felt
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOLDER, NAME = ".assetbuild/v1", "index"
MAGIC = b"assetbuild-index 1\n"

Stat = tuple[int, int, int, int]
OutputStat = tuple[int, int, int]

_CONFIG, _OTHER_CONFIG = "assetbuild.toml", "pyproject.toml"
_HEAD = len(MAGIC) + 3 * 8


def up_to_date(assets: int, build: str) -> str:
    """What a build says that has nothing to do."""
    return f"up to date: {assets} {'asset' if assets == 1 else 'assets'}, build {build[:8]}"


def environment(version: str, *, minify: bool) -> str:
    """What the answer depends on besides files: programs, where they find packages, and the options.

    `sys.path` begins with the place that the program was started from, which says nothing about packages.
    """
    programs = (version, sys.version, ZLIB_RUNTIME_VERSION, sys.prefix)
    return "\n".join((*programs, "minified" if minify else "as written", *sys.path[1:]))


# --- asking ----------------------------------------------------------------------------------------------


def answer(arguments: Sequence[str], *, version: str) -> str | None:
    """The line that a build says which has nothing to do; None where it may have, or where another command is asked."""
    asked = _asked(arguments)
    if asked is None or os.name == "nt":  # there a folder's times do not move with every change in it
        return None
    config, minify = asked
    folder, name = os.path.split(config)
    base = f"{folder}/" if folder else ""
    try:
        with open(f"{base}{FOLDER}/{NAME}", "rb", buffering=0) as stream:
            made_in, line, paths, numbers, outputs, output_numbers = _parse(stream.read())
        if made_in != environment(version, minify=minify) or not _is_chosen(paths[0], name):
            return None
        four, three = iter(numbers), iter(output_numbers)
        stat, lstat = os.stat, os.lstat
        for path, size, mtime, inode, ctime in zip(paths, four, four, four, four, strict=True):
            found = stat(path if path[0] == "/" else base + path)
            if (
                found.st_mtime_ns != mtime
                or found.st_size != size
                or found.st_ino != inode
                or found.st_ctime_ns != ctime
            ):
                return None
        for path, size, mtime, inode in zip(outputs, three, three, three, strict=True):
            found = lstat(path if path[0] == "/" else base + path)
            if found.st_mtime_ns != mtime or found.st_size != size or found.st_ino != inode:
                return None
    except (OSError, ValueError, IndexError):
        return None
    return line


def _asked(arguments: Sequence[str]) -> tuple[str, bool] | None:
    """(config, whether to minify) of a plain `build`, with `--config`, `--dev` and `--jobs` or without; else None."""
    waiting = list(reversed(arguments))
    config, minify, command = "", True, ""
    while waiting:
        word = waiting.pop()
        option, is_joined, value = word.partition("=")
        if option == "--config" or (option == "--jobs" and command):
            value = value if is_joined else (waiting.pop() if waiting else "")
            if option == "--config" and value and not config:
                config = value
            elif option == "--config" or not (value.isascii() and value.isdigit() and int(value)):
                return None
        elif word == "--dev" and command:
            minify = False
        elif word == "build" and not command:
            command = word
        else:
            return None
    return (config, minify) if command else None


def _is_chosen(recorded: str, asked: str) -> bool:
    """Whether the recorded configuration is the one that is asked for, or, by '', that a build would find."""
    if asked:
        return recorded == asked
    return recorded == _CONFIG or (recorded == _OTHER_CONFIG and not os.path.lexists(_CONFIG))


def _parse(data: bytes) -> tuple[str, str, list[str], list[int], list[str], list[int]]:
    """Raises ValueError where it is no index, or a damaged one."""
    if not data.startswith(MAGIC) or len(data) < _HEAD:
        raise ValueError("no index of this version")
    checksum, count, output_count = memoryview(data)[len(MAGIC) : _HEAD].cast("q").tolist()
    middle, end = _HEAD + count * 32, _HEAD + count * 32 + output_count * 24
    if checksum != crc32(data[len(MAGIC) + 8 :]) or not _HEAD <= middle <= end <= len(data):
        raise ValueError("a damaged index")
    made_in, line, *names, _ = data[end:].decode("utf-8", "surrogateescape").split("\0")
    numbers = memoryview(data)[_HEAD:middle].cast("q").tolist()
    output_numbers = memoryview(data)[middle:end].cast("q").tolist()
    return made_in, line, names[:count], numbers, names[count:], output_numbers


# --- recording -------------------------------------------------------------------------------------------


def dumps(
    made_in: str, line: str, paths: Iterable[tuple[str, Stat]], outputs: Iterable[tuple[str, OutputStat]]
) -> bytes | None:
    """The index; None where something in it cannot be written down."""
    from array import array

    names, numbers, count = [made_in, line], array("q"), [0, 0]
    try:
        for which, rows in enumerate((paths, outputs)):
            for name, stat in rows:
                names.append(name)
                numbers.extend(stat)
                count[which] += 1
    except OverflowError:  # an inode of 64 bits
        return None
    if any("\0" in name or not name for name in names):
        return None
    body = array("q", count).tobytes() + numbers.tobytes()
    body += "".join(f"{name}\0" for name in names).encode("utf-8", "surrogateescape")
    return MAGIC + array("q", [crc32(body)]).tobytes() + body
