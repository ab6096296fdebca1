"""The digest of modules of our own: what they made before is of no use once they say otherwise.

A number in their place would have to be thought of. They are not imported: what is kept may make that needless.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable


def digest(modules: Iterable[str]) -> str | None:
    """64 hex, of the code of modules of this package and the version of Python.

    None where the code cannot be read, as of a frozen program.
    """
    code = hashlib.sha256(sys.version.encode())
    read = getattr(__spec__.loader, "get_data", None)
    if read is None:
        return None
    folder = __file__.removesuffix("own_code.py")
    for module in modules:
        try:
            code.update(read(f"{folder}{module}.py"))
        except OSError:
            return None
    return code.hexdigest()
