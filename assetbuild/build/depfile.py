"""Dependencies for make and ninja: what the manifest was made from, so that `make` need not even start Python.

The target is the manifest. An empty rule for every file lets make go on where one was deleted, and the folders that
were listed are named too, since a new file moves its folder's mtime.
"""

from __future__ import annotations

from collections.abc import Iterable


def render(target: str, files: Iterable[str], folders: Iterable[str]) -> str:
    """The text of a depfile; paths as make is to see them, relative to where it runs or absolute."""
    names = sorted({*files, *folders})
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
