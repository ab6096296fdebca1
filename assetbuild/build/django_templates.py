"""Names of assets in Django templates: `{% static "..." %}` and the tags of `{% load assetbuild %}`.

Django's own lexer is followed (django.template.base: a tag ends on its line, `verbatim` and `comment` hide what is in
them) and nothing else of it: neither Django nor the project's tags are needed, and every branch is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"\{%(.*?)%\}|\{\{.*?\}\}|\{#.*?#\}")
# As django.utils.text.smart_split: words, in which quoted parts may have spaces.
_WORD = re.compile(r"""((?:[^\s'"]*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^\s'"]*)+)|\S+)""")
_STRING = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_KEYWORD = re.compile(r"\w+=")
_ONE_NAME = frozenset(("static", "asset_url", "asset_integrity", "asset_inline"))
_MANY_NAMES = frozenset(("asset_tags", "asset_preload_tags"))
_PREFIX = frozenset(("get_static_prefix",))


@dataclass(frozen=True, slots=True)
class Named:
    """What a tag gives as the name of an asset; `name` is None where only the running app knows it."""

    tag: str
    name: str | None
    offset: int


def names(text: str) -> Iterator[Named]:
    """In the order of the text."""
    hidden_until = ""
    for found in _TAG.finditer(text):
        if found[1] is None:
            continue
        words = [(word[0], found.start(1) + word.start()) for word in _WORD.finditer(found[1])]
        tag = words[0][0] if words else ""
        if hidden_until:
            if " ".join(found[1].split()) == hidden_until or (hidden_until == "endcomment" and tag == hidden_until):
                hidden_until = ""
        elif tag == "comment":
            hidden_until = "endcomment"
        elif tag == "verbatim":
            hidden_until = " ".join(["endverbatim", *(word for word, _ in words[1:])])
        elif tag in _PREFIX:
            yield Named(tag, None, words[0][1])
        elif tag in _ONE_NAME or tag in _MANY_NAMES:
            yield from _given(tag, words[1:])


def _given(tag: str, words: list[tuple[str, int]]) -> Iterator[Named]:
    """The names among a tag's arguments: no keywords but `name=`, and not what stands after `as`."""
    if len(words) >= 2 and words[-2][0] == "as":
        words = words[:-2]
    for number, (word, offset) in enumerate(words):
        keyword = _KEYWORD.match(word)
        if tag in _ONE_NAME and (number > 0 or (keyword and keyword[0] not in ("name=", "path="))):
            continue
        if keyword and tag in _MANY_NAMES:
            continue
        start = keyword.end() if keyword else 0
        yield Named(tag, _literal(word[start:]), offset + start)


def _literal(word: str) -> str | None:
    if not _STRING.fullmatch(word):
        return None
    quote = word[0]
    return word[1:-1].replace("\\" + quote, quote).replace("\\\\", "\\")
