"""What became of a lone text, by the digest of its file: so that a build need not read what has not changed.

A processor's own step is keyed by the text that it receives. This is the way there for a text that was not even read:
the same file, cut at the same places, for the same processors, gives the same text to them. Holds no more than the step
does; where it is not known, the step is looked up as ever.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from assetbuild.build import assemble, edits, encoding, join_js, keys, licences, own_code, source_text
from assetbuild.build.cache import Cache
from assetbuild.build.keys import Description
from assetbuild.build.protocols import Way
from assetbuild.values import dataclass

MODULES = (assemble, edits, encoding, join_js, licences, source_text)
"""They decide, of a file and the places in it, what processors receive."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A text as its processors left it, with marks that begin with `prefix`; and the way through each of them."""

    text: str
    prefix: str
    ways: tuple[tuple[Way, str], ...]


class Recalls:
    """Looks texts up in the cache. `cache`: None knows nothing."""

    def __init__(self, cache: Cache | None) -> None:
        self._code = own_code.digest(MODULES) if cache is not None else None
        self._cache = cache if self._code is not None else None

    def key(self, sha256: str, places: Sequence[tuple[int, int]], identities: Sequence[Description]) -> str | None:
        """`sha256` of the file, `places` where it is cut, in order, `identities` of the processors.

        None where nothing is known. What comes into the places is not in it: processors do not see it.
        """
        if self._code is None:
            return None
        flat = [part for identity in identities for part in identity]
        return keys.key((("recall", self._code), ("file", sha256), ("places", json.dumps(places)), *flat))

    def get(self, key: str | None) -> Recalled | None:
        cached = self._cache.get(key) if self._cache is not None and key is not None else None
        if cached is None:
            return None
        try:
            ways = tuple((Way(way), str(reason)) for way, reason in json.loads(cached.meta["ways"]))
            return Recalled(cached.data.decode("utf-8", "surrogateescape"), cached.meta["prefix"], ways)
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, key: str | None, recalled: Recalled) -> None:
        if self._cache is not None and key is not None:
            ways = json.dumps([(way.value, reason) for way, reason in recalled.ways])
            data = recalled.text.encode("utf-8", "surrogateescape")
            self._cache.put(key, data, {"prefix": recalled.prefix, "ways": ways})
