"""The processors of our own: minifiers whose result is proven to mean the same, or not used.

Knows nothing of configuration, files or caches: a `Guarded` is an engine with its proof, its way out and its options
bound. The engines are trusted with nothing: not to keep the meaning, the licence comments or their own composure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assetbuild.build.protocols import Processed, Way

GUARD = "2"
"""The number of the rules by which results are accepted; raised whenever they change, so that no cached result of
the older rules is used."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A minifier under guard.

    `refusal` says why a text is not to be minified at all, or ''. `prepare` marks the licence comments for the engine;
    `licences` lists them, as they must stand in the result. `same` is the proof, `safe` the minifier for what the
    engine damages, where there is one.
    """

    name: str
    version: str
    engine: Callable[[str], str]
    refusal: Callable[[str], str]
    same: Callable[[str, str], bool]
    prepare: Callable[[str], str] | None = None
    licences: Callable[[str], tuple[str, ...]] | None = None
    safe: Callable[[str], str] | None = None

    def __call__(self, text: str) -> Processed:
        prepared = text if self.prepare is None else self.prepare(text)
        result, reason = self._attempt(self.engine, text, prepared)
        if result is not None and result is not text:
            return Processed(result)
        refusal = self.refusal(text)  # a proven result needs no such question, so it is asked late
        if refusal:
            return Processed(text, Way.UNCHANGED, refusal)
        if result is not None:
            return Processed(text)
        if self.safe is None:
            return Processed(text, Way.UNCHANGED, f"{self.name} {reason}")
        result, second = self._attempt(self.safe, text, prepared)
        if result is not None:
            return Processed(result, Way.FALLBACK, f"{self.name} {reason}")
        return Processed(text, Way.UNCHANGED, f"{self.name} {reason}, and the safe minifier {second}")

    def _attempt(self, minify: Callable[[str], str], text: str, prepared: str) -> tuple[str | None, str]:
        """The result, or None and why there is none. A result that is not shorter is no gain: then it is `text`."""
        try:
            result = minify(prepared)
        except Exception as error:  # noqa: BLE001  whatever a third party's code raises, the build goes on
            return None, f"failed ({type(error).__name__}: {error})"
        if len(result) >= len(text):
            return text, ""
        if not self.same(text, result):
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


# --- JavaScript ------------------------------------------------------------------------------------------

_TAG = re.compile(r"@(?:licen[cs]e|preserve)\b")
_MAY_HOLD_LICENCES = re.compile(rf"/[*/]!|{_TAG.pattern}")


def javascript_licences(text: str) -> str:
    """`text` with every licence comment as `/*! ... */`, the one form that minifiers keep.

    Licence comments are those that begin with `!` or hold `@license` or `@preserve`; a line comment becomes a block.
    """
    if not _MAY_HOLD_LICENCES.search(text):
        return text
    pieces: list[str] = []
    done = 0
    for start, end in _comments(text):
        comment = text[start:end]
        if not comment.startswith(("/*!", "//!")) and not _TAG.search(comment):
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


def javascript_refusal(text: str) -> str:
    """Why this script is not to be minified: it does not parse. '' if it does."""
    from assetbuild.build import js_tree
    from assetbuild.build.model import place_at

    data = js_tree.encode(text)
    root = js_tree.parse(data).root_node
    if not root.has_error:
        return ""
    place = place_at("", text, js_tree.Characters(data, len(text))(js_tree.first_error(root)))
    return f"it does not parse at line {place.line}, column {place.column}"


def safe_js_minify(text: str, *, keep_licences: bool) -> str:
    from assetbuild.build import safe_js

    return safe_js.minify(text, keep_licences=keep_licences)


# --- style sheets ----------------------------------------------------------------------------------------


def css_refusal(text: str) -> str:
    """Why this style sheet is not to be minified: nothing can be proven of it. '' if something can."""
    from assetbuild.build import css_normal

    return "" if css_normal.normal_form(text) is not None else "it does not parse"


def css_same(before: str, after: str) -> bool:
    from assetbuild.build import prove_css

    return prove_css.same(before, after)


def css_licences(text: str) -> str:
    from assetbuild.build import safe_css

    return safe_css.with_kept_licences(text)


def safe_css_minify(text: str) -> str:
    from assetbuild.build import safe_css

    return safe_css.minify(text)
