"""webassets' placeholder `%(version)s` in an output: its own fingerprint stood there, and none is written here.

Apart from all else, as templates are read by builds and at run time, and an output must be the same asset to both.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"[.\-_]?%\(version\)s")


def without_version(output: str) -> str:
    """An output without the placeholder and the mark before it: names are fingerprinted anyway."""
    return _VERSION.sub("", output)
