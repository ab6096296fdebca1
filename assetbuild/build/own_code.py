"""The digest of modules of our own: what they made before is of no use once they say otherwise.

A number in their place would have to be thought of.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from types import ModuleType


def digest(modules: Iterable[ModuleType]) -> str | None:
    """64 hex, of their code and the version of Python; None where the code cannot be read, as of a frozen program."""
    code = hashlib.sha256(sys.version.encode())
    for module in modules:
        read = getattr(module.__loader__, "get_data", None)
        if read is None or module.__file__ is None:
            return None
        try:
            code.update(read(module.__file__))
        except OSError:
            return None
    return code.hexdigest()
