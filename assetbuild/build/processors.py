"""The processors of our own: minifiers whose result is proven to mean the same, or not used.

Knows nothing of configuration, files or caches: a `Guarded` is an engine with its proof, its way out and its options
bound. The engines are trusted with nothing: not to keep the meaning, the licence comments or their own composure.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from assetbuild.build.protocols import Processed, Way

GUARD = "5"
"""The number of the rules by which results are accepted; raised whenever they change, so that no cached result of
the older rules is used."""


class Original(Protocol):
    """A text, read once, that results are compared with."""

    def refusal(self) -> str:
        """Why the text is not to be minified at all, or ''."""

    def same(self, after: str) -> bool:
        """The proof: whether `after` surely means the same."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A minifier under guard.

    `read` makes of a text what results are proven against. `prepare` marks the licence comments for the engine;
    `licences` lists them, as they must stand in the result. `safe` is the minifier for what the engine damages, where
    there is one; `tighten` one whose result, proven like any, replaces a longer one of the engine.
    """

    name: str
    version: str
    engine: Callable[[str], str]
    read: Callable[[str], Original]
    prepare: Callable[[str], str] | None = None
    licences: Callable[[str], tuple[str, ...]] | None = None
    safe: Callable[[str], str] | None = None
    tighten: Callable[[str], str] | None = None

    def __call__(self, text: str) -> Processed:
        asked = self._asked(text)
        result, reason = self._attempt(self.engine, asked)
        if result is not None and self.tighten is not None:
            tight, _ = self._attempt(self.tighten, replace(asked, limit=len(result)))
            result = result if tight is None else tight
        if result is not None:
            return Processed(result)
        if refusal := asked.original().refusal():
            return Processed(text, Way.UNCHANGED, refusal)
        if self.safe is None:
            return Processed(text, Way.UNCHANGED, f"{self.name} {reason}")
        result, second = self._attempt(self.safe, asked)
        if result is not None:
            return Processed(result, Way.FALLBACK, f"{self.name} {reason}")
        return Processed(text, Way.UNCHANGED, f"{self.name} {reason}, and the safe minifier {second}")

    def _asked(self, text: str) -> _Asked:
        prepared = text if self.prepare is None else self.prepare(text)
        licences = functools.cache(lambda: () if self.licences is None else self.licences(prepared))
        return _Asked(text, prepared, functools.cache(lambda: self.read(text)), licences, len(text))

    def _attempt(self, minify: Callable[[str], str], asked: _Asked) -> tuple[str | None, str]:
        """The result, or None and why there is none. A result that is no gain is proven no further: then it is `text`,
        or None where something shorter is known."""
        try:
            result = minify(asked.prepared)
        except Exception as error:  # noqa: BLE001  whatever a third party's code raises, the build goes on
            return None, f"failed ({type(error).__name__}: {error})"
        unchanged = asked.text if asked.limit == len(asked.text) else None
        if result == asked.text:
            return unchanged, ""
        if asked.original().refusal():
            return None, "would change what cannot be proven"
        if len(result) >= asked.limit:
            return unchanged, ""
        if not asked.original().same(result):
            return None, "would change its meaning"
        if not _in_order(asked.licences(), result):
            return None, "would drop a licence comment"
        return result, ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text to minify, and what results are held against, made when it is first of use: what is minified already needs
    no proof. A result must be shorter than `limit`."""

    text: str
    prepared: str
    original: Callable[[], Original]
    licences: Callable[[], tuple[str, ...]]
    limit: int


def _in_order(needles: tuple[str, ...], text: str) -> bool:
    at = 0
    for needle in needles:
        at = text.find(needle, at)
        if at < 0:
            return False
        at += len(needle)
    return True


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_STAND_IN = re.compile("[\U0010d800-\U0010dfff]")


def for_any_text(engine: Callable[[str], str]) -> Callable[[str], str]:
    """`engine`, kept from lone surrogates (bytes that were not UTF-8): rjsmin and rcssmin 1.3.0 crash on them.

    Meanwhile private-use characters stand in for them.
    """

    def minify(text: str) -> str:
        if not _LONE_SURROGATE.search(text):
            return engine(text)
        if _STAND_IN.search(text):
            raise ValueError("the text has bytes that are not UTF-8, and characters that would stand in for them")
        result = engine(_LONE_SURROGATE.sub(lambda found: chr(ord(found[0]) + 0x100000), text))
        return _STAND_IN.sub(lambda found: chr(ord(found[0]) - 0x100000), result)

    return minify


# --- JavaScript ------------------------------------------------------------------------------------------


def javascript_original(text: str) -> Original:
    from assetbuild.build import prove_js

    return prove_js.original(text)


def safe_js_minify(text: str, *, keep_licences: bool) -> str:
    from assetbuild.build import safe_js

    return safe_js.minify(text, keep_licences=keep_licences)


# --- style sheets ----------------------------------------------------------------------------------------


def css_original(text: str) -> Original:
    from assetbuild.build import prove_css

    return prove_css.original(text)


def safe_css_minify(text: str, *, keep_licences: bool) -> str:
    from assetbuild.build import safe_css

    return safe_css.minify(text, keep_licences=keep_licences)
