"""The processors of our own: minifiers whose result is proven to mean the same, or not used.

Knows nothing of configuration, files or caches: a `Guarded` is an engine with its proof, its way out and its options
bound. The engines are trusted with nothing: not to keep the meaning, the licence comments or their own composure.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from assetbuild.build import licences
from assetbuild.build.protocols import Processed, Refused, Way

if TYPE_CHECKING:
    from assetbuild.build import prove_css

GUARD = "11"
"""The number of the rules by which results are accepted; raised whenever they change, so that no cached result of
the older rules is used."""


class Original(Protocol):
    """A text, read once, that results are compared with."""

    def refusal(self) -> str:
        """Why the text is not to be minified at all, or ''."""

    def same(self, after: str) -> bool:
        """The proof: whether `after` surely means the same."""


class Prefer(enum.Enum):
    """Whose result is proven and used, where both the engine's and the safe minifier's can be."""

    ENGINE = "engine"
    """The engine's: it is as short, and the other takes long to make."""
    SHORTER = "shorter"
    """Whichever is shorter; the other is proven only if this one is refused."""


Read = TypeVar("Read", bound=Original)


@dataclass(frozen=True, slots=True)
class Guarded(Generic[Read]):
    """A minifier under guard.

    `read` makes of a text what results are proven against. `prepare` marks the licence comments for the engine;
    `licences` lists them, as they must stand in the result. `safe` is the minifier for what the engine damages, where
    there is one: it is given the text so prepared, and what was read of the text as it was.
    """

    name: str
    version: str
    engine: Callable[[str], str]
    read: Callable[[str], Read]
    prepare: Callable[[str], str] | None = None
    licences: Callable[[str], tuple[str, ...]] | None = None
    safe: Callable[[str, Read], str] | None = None
    prefer: Prefer = Prefer.ENGINE

    def __call__(self, text: str) -> Processed:
        asked = self._asked(text)
        made = _made(lambda: self.engine(asked.prepared))
        own: _Made | None = None
        if self.prefer is Prefer.SHORTER and not asked.original().refusal():
            own = self._made_safely(asked)
            is_shorter = not own.failure and len(own.text) < (len(text) if made.failure else len(made.text))
            if is_shorter and not _refusal(own, asked):
                way = Way.FALLBACK if made.failure else Way.SHORTER
                return Processed(own.text, way, f"{self.name} {made.failure or 'leaves it longer'}")
        reason = _refusal(made, asked)
        if not reason:
            return Processed(asked.shorter(made.text))
        if refusal := asked.original().refusal():
            return Processed(text, Way.UNCHANGED, refusal)
        if self.safe is None:
            return Processed(text, Way.UNCHANGED, f"{self.name} {reason}")
        own = own or self._made_safely(asked)
        second = _refusal(own, asked)
        if not second:
            return Processed(asked.shorter(own.text), Way.FALLBACK, f"{self.name} {reason}")
        return Processed(text, Way.UNCHANGED, f"{self.name} {reason}, and the safe minifier {second}")

    def _asked(self, text: str) -> _Asked[Read]:
        prepared = text if self.prepare is None else self.prepare(text)
        licences = functools.cache(lambda: () if self.licences is None else self.licences(prepared))
        return _Asked(text, prepared, functools.cache(lambda: self.read(text)), licences)

    def _made_safely(self, asked: _Asked[Read]) -> _Made:
        safe = self.safe
        return _Made(asked.text) if safe is None else _made(lambda: safe(asked.prepared, asked.original()))


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Read]):
    """A text to minify, and what results are held against, made when it is first of use: what an engine leaves as it is
    needs no proof."""

    text: str
    prepared: str
    original: Callable[[], Read]
    licences: Callable[[], tuple[str, ...]]

    def shorter(self, result: str) -> str:
        """A result, or the text itself where the result is no gain."""
        return result if len(result) < len(self.text) else self.text


@dataclass(frozen=True, slots=True)
class _Made:
    """What a minifier made of a text, or how it failed."""

    text: str
    failure: str = ""


def _made(minify: Callable[[], str]) -> _Made:
    try:
        return _Made(minify())
    except Refused as error:
        return _Made("", f"refuses it: {error}")
    except Exception as error:  # noqa: BLE001  whatever a third party's code raises, the build goes on
        return _Made("", f"failed ({type(error).__name__}: {error})")


def _refusal(made: _Made, asked: _Asked[Read]) -> str:
    """Why a result is not to be used, or ''. What is no gain is proven no further: the text is used in its place."""
    if made.failure or made.text == asked.text:
        return made.failure
    is_shorter = len(made.text) < len(asked.text)
    if not (is_shorter and asked.original().same(made.text)):
        if asked.original().refusal():
            return "would change what cannot be proven"
        return "would change its meaning" if is_shorter else ""
    return "" if _in_order(asked.licences(), made.text) else "would drop a licence comment"


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


def safe_js_minify(text: str, _: Original, *, keep_licences: bool) -> str:
    from assetbuild.build import safe_js

    return for_any_text(functools.partial(safe_js.minify, keep_licences=keep_licences))(text)


# --- style sheets ----------------------------------------------------------------------------------------


def css_original(text: str) -> prove_css.Original:
    from assetbuild.build import prove_css

    return prove_css.original(text)


def safe_css_minify(_: str, original: prove_css.Original, *, keep_licences: bool) -> str:
    """The licences as `css_licences` marks them, which is nothing to the normal form that is written."""
    from assetbuild.build import safe_css

    if original.entries is None:
        return original.text
    kept = licences.marked_css_licences(original.text) if keep_licences else ()
    return safe_css.sheet(original.text, original.entries, kept)
