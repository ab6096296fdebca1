"""The processors of our own: minifiers whose result is proven to mean the same, or not used.

Knows nothing of configuration, files or caches: a `Guarded` is an engine with its proof, its way out and its options
bound. The engines are trusted with nothing: not to keep the meaning, the licence comments or their own composure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from assetbuild.build.protocols import Processed, Way

GUARD = "3"
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
    there is one.
    """

    name: str
    version: str
    engine: Callable[[str], str]
    read: Callable[[str], Original]
    prepare: Callable[[str], str] | None = None
    licences: Callable[[str], tuple[str, ...]] | None = None
    safe: Callable[[str], str] | None = None

    def __call__(self, text: str) -> Processed:
        original = self.read(text)
        refusal = original.refusal()
        if refusal:
            return Processed(text, Way.UNCHANGED, refusal)
        prepared = text if self.prepare is None else self.prepare(text)
        result, reason = self._attempt(self.engine, text, prepared, original=original)
        if result is not None:
            return Processed(result)
        if self.safe is None:
            return Processed(text, Way.UNCHANGED, f"{self.name} {reason}")
        result, second = self._attempt(self.safe, text, prepared, original=original)
        if result is not None:
            return Processed(result, Way.FALLBACK, f"{self.name} {reason}")
        return Processed(text, Way.UNCHANGED, f"{self.name} {reason}, and the safe minifier {second}")

    def _attempt(
        self, minify: Callable[[str], str], text: str, prepared: str, *, original: Original
    ) -> tuple[str | None, str]:
        """The result, or None and why there is none. A result that is not shorter is no gain: then it is `text`."""
        try:
            result = minify(prepared)
        except Exception as error:  # noqa: BLE001  whatever a third party's code raises, the build goes on
            return None, f"failed ({type(error).__name__}: {error})"
        if len(result) >= len(text):
            return text, ""
        if not original.same(result):
            return None, "would change its meaning"
        if self.licences is not None and not _in_order(self.licences(prepared), result):
            return None, "would drop a licence comment"
        return result, ""


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


# --- licence comments ------------------------------------------------------------------------------------

_TAG = re.compile(r"@(?:licen[cs]e|preserve)\b", re.IGNORECASE)


def is_licence(comment: str) -> bool:
    """Whether a comment, with its marks, begins with `!` or holds `@license`, `@licence` or `@preserve`."""
    return comment.startswith(("/*!", "//!")) or _TAG.search(comment) is not None


def may_hold_licences(text: str) -> bool:
    """A quick look: False only where no comment of `text` can be a licence."""
    return "/*!" in text or "//!" in text or _TAG.search(text) is not None


# --- JavaScript ------------------------------------------------------------------------------------------


def javascript_licences(text: str) -> str:
    """`text` with every licence comment as `/*! ... */`, the one form that minifiers keep."""
    if not may_hold_licences(text):
        return text
    pieces: list[str] = []
    done = 0
    for start, end in _comments(text):
        comment = text[start:end]
        if not is_licence(comment):
            continue
        pieces += [text[done:start], _kept(comment)]
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _kept(comment: str) -> str:
    if comment.startswith("/*"):
        inside = comment[2:-2].removeprefix("!")
        return f"/*!{inside[1:] if inside.startswith('*') else inside}*/"
    inside = comment[2:].removeprefix("!").rstrip().replace("*/", "* /")
    return f"/*!{inside} */"


def kept_comments(text: str) -> tuple[str, ...]:
    """The `/*! ... */` comments of a script, in order."""
    if "/*!" not in text:
        return ()
    comments = (text[start:end] for start, end in _comments(text))
    return tuple(comment for comment in comments if comment.startswith("/*!"))


def _comments(text: str) -> list[tuple[int, int]]:
    """The spans of the real comments, in characters and in order."""
    from assetbuild.build import js_tree

    data = js_tree.encode(text)
    at = js_tree.Characters(data, len(text))
    return [(at(start), at(end)) for start, end in js_tree.comments(data)]


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


def css_licences(text: str) -> str:
    from assetbuild.build import safe_css

    return safe_css.with_kept_licences(text)


def kept_css_comments(text: str) -> tuple[str, ...]:
    from assetbuild.build import safe_css

    return safe_css.kept_comments(text)


def safe_css_minify(text: str, *, keep_licences: bool) -> str:
    from assetbuild.build import safe_css

    return safe_css.minify(text, keep_licences=keep_licences)
