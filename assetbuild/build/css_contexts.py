"""Where in a style sheet a token stands, as far as the meaning of white space around it goes. Pure tables."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Context(enum.Enum):
    """What the grammar around a token says of white space (CSS Values 4, section 2.1; Selectors 4, section 3)."""

    EXACT = "exact"
    """All white space counts: custom properties, which scripts can read, and whatever is not known."""
    PLAIN = "plain"
    """Only around commas and within brackets, next to these, it does not count."""
    SELECTOR = "selector"
    """Nor around combinators."""
    ATTRIBUTE = "attribute"
    """Within `[...]` of a selector: nor around the operator."""
    VALUE = "value"
    """The value of a property: nor around `/`, `*` and `!`."""
    CONDITION = "condition"
    """The prelude of `@media` and its like, which holds queries in parentheses."""
    QUERY = "query"
    """Within these: nor around comparisons and the colon after the first name."""
    CUSTOM_QUERY = "custom-query"
    """`(--name: value)`: within the parentheses, at both ends and around that colon; all else counts."""
    SCOPE = "scope"
    """The prelude of `@scope`, which holds selectors in parentheses."""


AT_RULES: Mapping[str, Context] = MappingProxyType(
    {
        "@media": Context.CONDITION,
        "@supports": Context.CONDITION,
        "@container": Context.CONDITION,
        "@import": Context.CONDITION,
        "@layer": Context.PLAIN,
        "@page": Context.PLAIN,
        "@font-feature-values": Context.PLAIN,
        "@scope": Context.SCOPE,
    }
)
"""What stands before the block or semicolon of these; of others nothing is known."""

QUERIES = frozenset({"style(", "scroll-state(", "supports(", "media("})
OF_SELECTORS = frozenset(
    {
        "-moz-any(",
        "-webkit-any(",
        "any(",
        "cue(",
        "cue-region(",
        "current(",
        "has(",
        "host(",
        "host-context(",
        "is(",
        "matches(",
        "not(",
        "slotted(",
        "where(",
    }
)
