"""Which logical paths can be published: names that every file system, URL and object storage takes.

Pure. Sources: "Naming Files, Paths, and Namespaces" (Windows), NAME_MAX of Linux (255 bytes), and the key rules of
S3-compatible stores (no control characters, no backslash, no empty or dot segments).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from assetbuild.build.fingerprint import DIGEST_LENGTH

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE | re.DOTALL)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
NAME_MAX = 255
_ADDED = 1 + DIGEST_LENGTH + len(".zst")


def unportable(logical: str) -> str:
    """Why `logical` cannot be an output's name, in words, or ''."""
    for segment in logical.split("/"):
        if found := _FORBIDDEN.search(segment):
            return f"the name holds {_shown(found[0])}, which Windows, URLs or object storages do not take"
        if segment.endswith((".", " ")):
            return "a name that ends in a dot or a space cannot exist on Windows"
        if _RESERVED.fullmatch(segment):
            return f'"{segment}" is a reserved device name on Windows'
    length = len(logical.rpartition("/")[2].encode("utf-8", "surrogateescape")) + _ADDED
    if length > NAME_MAX:
        return f"the output's name would take {length} bytes; file systems take {NAME_MAX}"
    return ""


def _shown(character: str) -> str:
    return f"the control character U+{ord(character):04X}" if ord(character) < 0x20 else f'"{character}"'


def nfc(logical: str) -> str:
    """The form under which names are looked up; file systems and editors differ in how they compose."""
    return logical if logical.isascii() else unicodedata.normalize("NFC", logical)


def folded(logical: str) -> str:
    """Two names with the same folded form are one file on a file system that ignores case or Unicode form."""
    if logical.isascii():
        return logical.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", logical).casefold())


def clashes(logicals: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names that differ only in case or Unicode form, sorted."""
    seen: dict[str, str] = {}
    pairs = []
    for logical in sorted(set(logicals)):
        other = seen.setdefault(folded(logical), logical)
        if other != logical:
            pairs.append((other, logical))
    return pairs
