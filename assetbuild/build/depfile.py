"""Dependencies for make and ninja: what the manifest was made from, so that `make` need not even start Python.

The target is the manifest. An empty rule for every file lets make go on where one was deleted, and the folders that
were listed are named too, since a new file moves its folder's mtime. The manifest gets the time at which the build
began to look, so that whatever changed later, also while it ran, is newer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from assetbuild.build.atomic import replace_file, write_problem
from assetbuild.build.model import BuildFailed, Config, Place, Problem

_NOT_FOR_MAKE = (";", "=", "|", "&")
"""GNU make has no way to write a name that begins with one of these; such files are left out."""

_CLOCK_TICK_NS = 10_000_000
"""File systems stamp with a clock that can lag behind by a tick of the kernel's, at most 10 ms."""


def check_place(file: Path, config: Config) -> None:
    """Refuse a place where a depfile would be in the way of something else. Raises `BuildFailed`, exit code 2."""
    real = Path(os.path.realpath(file))
    taken = {config.file: "the configuration", config.manifest: "the manifest"}
    taken |= {path: f"the manifest for {shape.value}" for shape, path in config.other_manifests}
    folders = {config.output: "the output folder", config.cache / "v1": "the cache"}
    folders |= dict.fromkeys(config.root_paths, "a source root")
    what = next((what for path, what in taken.items() if real == Path(os.path.realpath(path))), "")
    what = what or next(
        (f"in {what}" for path, what in folders.items() if real.is_relative_to(os.path.realpath(path))), ""
    )
    if what:
        text = f"a depfile cannot be written here: this is {what}"
        problem = Problem(
            "depfile-place", text, Place(str(file)), hint="name a file of its own, like .assetbuild/make.d"
        )
        raise BuildFailed([problem], exit_code=2)


def write(file: Path, text: str, *, manifest: Path, started_ns: int) -> None:
    """Write a depfile and date the manifest. Raises `BuildFailed`.

    A file that says the same already is left alone: it may lie in a folder that it names, whose mtime would move. What
    is no file (`/dev/stdout`) is written to, never replaced, and a link stays a link.
    """
    data = text.encode("utf-8", "surrogateescape")
    real = Path(os.path.realpath(file))
    try:
        if real.exists() and not real.is_file():
            with open(real, "wb") as stream:
                stream.write(data)
        elif not real.is_file() or real.read_bytes() != data:
            replace_file(real, data, temporary=real.parent)
    except OSError as error:
        raise BuildFailed([write_problem(file, error)]) from error
    with suppress(OSError):  # where the time cannot be set, make only builds once more
        os.utime(manifest, ns=(started_ns - _CLOCK_TICK_NS, started_ns - _CLOCK_TICK_NS))


def render(target: str, files: Iterable[str], folders: Iterable[str]) -> str:
    """The text of a depfile; paths as make is to see them, relative to where it runs or absolute."""
    names = sorted(name for name in {*files, *folders} if not name.startswith(_NOT_FOR_MAKE))
    rule = " \\\n  ".join([f"{escape(target)}:", *(escape(name) for name in names)])
    return f"{rule}\n\n" + "".join(f"{escape(name)}:\n" for name in names)


def escape(path: str) -> str:
    """As GCC's -MD writes names: `$` doubled; white space, `#` and backslashes before them escaped.

    Make cannot name a path with a newline at all; such names are refused before.
    """
    out = []
    backslashes = 0
    for character in path:
        if character in " \t#":
            out.append("\\" * backslashes + "\\" + character)
        elif character == "$":
            out.append("$$")
        elif character == ":":
            out.append("\\:")
        else:
            out.append(character)
        backslashes = backslashes + 1 if character == "\\" else 0
    return "".join(out)
