"""Which version of a package is installed, by the name of the folder with its metadata.

`importlib.metadata` finds the same, for which it imports `email` and `csv` and parses a file: that takes longer than
many a build. It is asked where a folder's name does not tell. Knows nothing of what the versions are for.
"""

from __future__ import annotations

import os
import re
import sys

_SUFFIX = ".dist-info"
_SEPARATORS = re.compile(r"[-_.]+")


def installed(package: str) -> str:
    """The version of a distribution. Raises `importlib.metadata.PackageNotFoundError`.

    The folder is `<name>-<version>.dist-info`, with no hyphen in either (the standard "Recording installed projects").
    """
    wanted = _plain(package)
    for folder in sys.path:
        try:
            names = [name.removesuffix(_SUFFIX) for name in os.listdir(folder or ".") if name.endswith(_SUFFIX)]
        except OSError:  # not there, or an archive
            continue
        found = [version for name, _, version in (name.partition("-") for name in names) if _plain(name) == wanted]
        if len(found) == 1 and found[0]:
            return found[0]
        if found:
            break
    from importlib.metadata import version

    return version(package)


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()
