"""The text of a source, read again where it is asked for: a build that held the texts of all files would need their
size in memory many times over, and most are not asked for twice.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

from assetbuild.build import tree
from assetbuild.build.encoding import Decoded, decode_css, decode_js
from assetbuild.build.model import Blob, BuildFailed, Place, Problem, TextKind

_KEPT = 8
"""Texts; what is asked for is mostly asked for several times in turn."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a file that has been read before: of `blob`, decoded as `kind` is. `data`: of what is no file."""

    blob: Blob
    kind: TextKind
    data: bytes | None = None

    def read(self) -> str:
        """Raises `BuildFailed` where the file holds other bytes by now."""
        return self.decoded().text

    def decoded(self) -> Decoded:
        """Raises `BuildFailed` as `read` does."""
        return _decoded(self.blob, self.kind) if self.data is None else decode(self.data, self.kind)


def decode(data: bytes, kind: TextKind) -> Decoded:
    return decode_css(data) if kind is TextKind.CSS else decode_js(data)


@functools.lru_cache(maxsize=_KEPT)
def _decoded(blob: Blob, kind: TextKind) -> Decoded:
    try:
        data = tree.read_blob(blob)
    except OSError as error:
        raise _changed(blob, f"it cannot be read any more: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != blob.sha256:
        raise _changed(blob, "its content is not what it was")
    return decode(data, kind)


def _changed(blob: Blob, how: str) -> BuildFailed:
    text = f"the file changed while the build read it: {how}; nothing of it was published"
    return BuildFailed([Problem("source-changed", text, Place(blob.file), hint="run the build again")])
