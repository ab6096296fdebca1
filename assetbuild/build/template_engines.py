"""Which engine a template is written for, told from its tags: what `check` and the blocks of a build both go by.

No more of a text is read than the first tag that only one of the engines knows; neither Jinja2 nor Django is imported.
"""

from __future__ import annotations

import enum
import re


class Engine(enum.Enum):
    """The engines whose templates are read."""

    JINJA = "Jinja"
    """Also where nothing tells: plain text is a template of either."""
    DJANGO = "Django"
    """Django's own template language."""


_OPENING = re.compile(r"\{#|\{\{|\{%(?P<sign>[-+]?)\s*(?P<tag>\w+)")
_CLOSING = {"{#": "#}", "{{": "}}"}
# Whatever has a tag that Django does not build in loads it first, unless the engine's options build it in.
_DJANGO = frozenset(
    (
        *("load", "url", "csrf_token", "translate", "blocktranslate", "blocktrans", "comment", "verbatim", "ifchanged"),
        *("regroup", "widthratio", "cycle", "firstof", "now", "spaceless", "templatetag", "querystring", "static"),
        *("get_static_prefix", "asset_url", "asset_integrity", "asset_inline", "asset_tags", "asset_preload_tags"),
    )
)
_JINJA = frozenset(("raw", "set", "macro", "call", "import", "from", "do"))


def engine_of(text: str) -> Engine:
    """Comments say nothing, as does what `{% raw %}` or `{% verbatim %}` hide: these tags themselves tell."""
    position = 0
    while opened := _OPENING.search(text, position):
        position = opened.end()
        tag = opened["tag"]
        if tag is None:
            position = _behind(text, opened[0], position)
            continue
        if tag in _JINJA or opened["sign"]:  # Django has no tags that strip white space
            return Engine.JINJA
        end = text.find("%}", position)
        if end >= 0 and "\n" not in text[opened.start() : end]:  # Django's tags end on their line
            if tag in _DJANGO:
                return Engine.DJANGO
            position = end
    return Engine.JINJA


def _behind(text: str, opening: str, position: int) -> int:
    """Where a comment or an expression ends; one that does not end is text. Comments of Jinja's may have many lines."""
    end = text.find(_CLOSING[opening], position)
    if end < 0 or (opening == "{{" and "\n" in text[position:end]):
        return position
    return end
