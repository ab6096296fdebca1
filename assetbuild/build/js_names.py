"""The names that a classic script declares at its top level: what can clash when scripts share one scope.

`let`, `const` and `class` may be declared once in a scope, `var` and `function` as often as one likes, but not beside
one of the former (ECMA-262, section 16.1.1). Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.build.js_tree import Characters, encode, language, parse

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_QUERY = """
(program (lexical_declaration (variable_declarator name: (_) @lexical)))
(program (class_declaration name: (identifier) @lexical))
(program (function_declaration name: (identifier) @var))
(program (generator_function_declaration name: (identifier) @var))
(program (variable_declaration (variable_declarator name: (_) @var)))
"""

_BOUND = ("identifier", "shorthand_property_identifier_pattern")


@dataclass(frozen=True, slots=True)
class Declared:
    """A name with the offset, in characters, where it is declared; `once` for `let`, `const` and `class`."""

    name: str
    offset: int
    once: bool


def declared(text: str) -> tuple[Declared, ...]:
    """The top-level names of a script that parses, in order of position."""
    import tree_sitter

    data = encode(text)
    at = Characters(data, len(text))
    found: list[Declared] = []
    for kind, nodes in tree_sitter.QueryCursor(_query()).captures(parse(data).root_node).items():
        for node in nodes:
            for bound in _bound(node):
                name = data[bound.start_byte : bound.end_byte].decode()
                found.append(Declared(name, at(bound.start_byte), kind == "lexical"))
    return tuple(sorted(found, key=lambda one: one.offset))


def _bound(pattern: Node) -> Iterator[Node]:
    """The identifiers that a binding pattern declares; default values and computed keys are expressions."""
    waiting = [pattern]
    while waiting:
        node = waiting.pop()
        if node.type in _BOUND:
            yield node
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            left = node.child_by_field_name("left")
            waiting += [left] if left is not None else []
        elif node.type == "pair_pattern":
            value = node.child_by_field_name("value")
            waiting += [value] if value is not None else []
        elif node.type in ("object_pattern", "array_pattern", "rest_pattern"):
            waiting += node.named_children


@functools.cache
def _query() -> Query:
    import tree_sitter

    return tree_sitter.Query(language(), _QUERY)


def clash(names: tuple[Declared, ...], known: dict[str, bool]) -> Declared | None:
    """The first of `names` that cannot stand in one scope with those in `known` (name -> declared once)."""
    return next((one for one in names if one.name in known and (one.once or known[one.name])), None)
