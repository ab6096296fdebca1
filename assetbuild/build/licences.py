"""Licence comments: which comments are some, how minifiers are made to keep them, and how they move to a file.

Knows no configuration and no bytes. What is a comment the parsers say, so that the text of a string is never taken for
one. Pure.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from assetbuild.build import js_tree
from assetbuild.build.css_tokens import Kind, tokenize
from assetbuild.build.js_lexemes import lex_once
from assetbuild.build.model import TextKind
from assetbuild.build.skim_css import skim

_TAG = re.compile(r"@(?:licen[cs]e|preserve)\b", re.IGNORECASE)
Span = tuple[int, int]
"""(start, end) in characters."""


def is_licence(comment: str) -> bool:
    """Whether a comment, with its marks, begins with `!` or holds `@license`, `@licence` or `@preserve`."""
    return comment.startswith(("/*!", "//!")) or _TAG.search(comment) is not None


def may_hold_licences(text: str) -> bool:
    """A quick look: False only where no comment of `text` can be a licence."""
    return "/*!" in text or "//!" in text or _TAG.search(text) is not None


# --- JavaScript ------------------------------------------------------------------------------------------


def javascript_licences(text: str) -> str:
    """`text` with every licence comment as `/*! ... */`, the one form that minifiers keep."""
    return _replaced(text, ((span, _kept(text[slice(*span)])) for span in _javascript_spans(text)))


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
    comments = (text[start:end] for start, end in _javascript_comments(text))
    return tuple(comment for comment in comments if comment.startswith("/*!"))


def _javascript_spans(text: str) -> list[Span]:
    if not may_hold_licences(text):
        return []
    return [(start, end) for start, end in _javascript_comments(text) if is_licence(text[start:end])]


def _javascript_comments(text: str) -> list[Span]:
    """The spans of the real comments, in characters and in order."""
    lexed = lex_once(text)
    if lexed is not None:
        return list(lexed.comments)
    data = js_tree.encode(text)
    at = js_tree.Characters(data, len(text))
    return [(at(start), at(end)) for start, end in js_tree.comments(data)]


# --- style sheets ----------------------------------------------------------------------------------------

_CSS_START = re.compile(r"/\*\**(?!/)")


def css_licences(text: str) -> str:
    """`text` with every licence comment begun with `/*!`, as minifiers keep it."""
    edits = []
    for start, end in css_licence_spans(text):
        if not text.startswith("/*!", start):
            begun = _CSS_START.match(text, start, end)
            edits.append(((start, begun.end() if begun else start + 2), "/*!"))
    return _replaced(text, edits)


def kept_css_comments(text: str) -> tuple[str, ...]:
    """The `/*! ... */` comments of a style sheet, in order."""
    comments = (text[start:end] for start, end in css_licence_spans(text))
    return tuple(comment for comment in comments if comment.startswith("/*!"))


@functools.lru_cache(maxsize=4)
def css_licence_spans(text: str) -> tuple[Span, ...]:
    """The licence comments of a style sheet, in order. Minifying asks for those of one text several times in turn."""
    if not may_hold_licences(text):
        return ()
    skimmed = skim(text)
    if skimmed is not None:
        spans = [(found.start, found.end) for found in skimmed if found.is_comment]
    else:
        spans = [(token.start, token.end) for token in tokenize(text) if token.kind is Kind.COMMENT]
    return tuple((start, end) for start, end in spans if is_licence(text[start:end]))


# --- moving them to a file -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """`text` without its licence comments, and what the file of licences holds: '' where there were none."""

    text: str
    licences: str = ""


def file_name(logical: str) -> str:
    """The logical path of the text file that holds the licence comments of `logical`."""
    return f"{logical}.LICENSE.txt"


def moved(text: str, kind: TextKind) -> Moved:
    """Take the licence comments out of `text`: in order, of equal ones the first.

    Each leaves an empty comment of its own kind, which means to every grammar what it meant (ECMA-262, section 12.4: a
    comment with a line end is a line end), and which minifiers drop. A comment that nothing ends stays.
    """
    spans = css_licence_spans(text) if kind is TextKind.CSS else _javascript_spans(text)
    spans = [span for span in spans if not text.startswith("/*", span[0]) or _is_ended(text[slice(*span)])]
    if not spans:
        return Moved(text)
    found = dict.fromkeys(_lines(text[slice(*span)]) for span in spans)
    emptied = _replaced(text, ((span, _empty(text[slice(*span)])) for span in spans))
    return Moved(emptied, "\n\n".join(found) + "\n")


def with_notice(text: str, url: str) -> str:
    """`text`, begun with the comment that names its file of licences by `url`.

    Before it stay what counts only as the very first: a hashbang line (ECMA-262, section 12.5), and the `@charset` of a
    style sheet (CSS Syntax 3, section 3.2).
    """
    first = _FIRST.match(text)
    end = first.end() if first else 0
    head = text[:end]
    if head.startswith("#!") and not head.endswith(("\n", "\r", "\u2028", "\u2029")):
        head += "\n"
    return f"{head}/*! licences: {url} */\n{text[end:]}"


_FIRST = re.compile('#![^\n\r\u2028\u2029]*(?:\r\n|[\n\r\u2028\u2029])?|@charset "[^"]*";')
_JS_LINE_END = re.compile("[\n\r\u2028\u2029]")  # ECMA-262, section 12.3
_LINE_END = re.compile("\r\n|[\n\r\f\u2028\u2029]")


def _is_ended(comment: str) -> bool:
    return len(comment) >= 4 and comment.endswith("*/")


def _lines(comment: str) -> str:
    """The comment with plain line ends and without blanks before them: so that two copies of one are equal."""
    return "\n".join(line.rstrip() for line in _LINE_END.split(comment))


def _empty(comment: str) -> str:
    if comment.startswith("//"):
        return "//"
    return "/*\n*/" if _JS_LINE_END.search(comment) else "/**/"


def _replaced(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    pieces: list[str] = []
    done = 0
    for (start, end), new in edits:
        pieces += [text[done:start], new]
        done = end
    return "".join([*pieces, text[done:]])
