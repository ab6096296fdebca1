"""What encloses a place of a script: functions of which kind, strict code; and names that one scope declares twice.

Knows one tree at a time and no messages. It goes down to the places that it is asked for, and never through a whole
tree, which would take longer than parsing does.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


class Boundary(enum.Enum):
    """What the code of a place runs in, which decides whether `await` and `yield` are keywords there."""

    TOP = "top"
    """No function."""
    FUNCTION = "function"
    """A function that is neither async nor a generator."""
    ASYNC = "async"
    """An async function."""
    GENERATOR = "generator"
    """A generator that is not async."""
    ASYNC_GENERATOR = "async-generator"
    """An async generator."""
    UNKNOWN = "unknown"
    """A part of a class outside its methods: not asked here."""


_GENERATORS = ("generator_function", "generator_function_declaration")
_FUNCTIONS = ("arrow_function", "function_declaration", "function_expression", "method_definition", *_GENERATORS)
_CLASS_PARTS = ("class_static_block", "decorator", "field_definition")
_OUTSIDE_METHODS = ("computed_property_name", "decorator")
"""Parts of a member that do not run in it."""


def paths(root: Node, nodes: Sequence[Node]) -> Iterator[tuple[Node, list[Node]]]:
    """Each node with what leads from below `root` to it, both of these included: one way down for all of them.

    The list is another one after each step. A node's own `parent` would be looked for from the root each time.
    """
    cursor = root.walk()
    path: list[Node] = []
    for node in sorted(nodes, key=lambda one: (one.start_byte, -one.end_byte)):
        while path and path[-1].end_byte <= node.start_byte:
            cursor.goto_parent()
            path.pop()
        while not path or path[-1] != node:
            if cursor.goto_first_child_for_byte(node.start_byte) is None or cursor.node is None:
                break
            path.append(cursor.node)
        if path and path[-1] == node:
            yield node, path


def boundary(path: Sequence[Node]) -> Boundary:
    """What the last node of `path` runs in."""
    for at in range(len(path) - 2, -1, -1):
        node, below = path[at], path[at + 1].type
        kind = node.type
        if kind in _CLASS_PARTS or below in _OUTSIDE_METHODS:
            return Boundary.UNKNOWN
        if kind in _FUNCTIONS:
            words = [child.type for child in node.children if not child.is_named]
            is_generator = kind in _GENERATORS or "*" in words
            if "async" in words:
                return Boundary.ASYNC_GENERATOR if is_generator else Boundary.ASYNC
            return Boundary.GENERATOR if is_generator else Boundary.FUNCTION
    return Boundary.TOP


def may_have_super(path: Sequence[Node]) -> bool:
    """Whether the last node of `path` is part of a member of a class or object; in doubt it is."""
    for at in range(len(path) - 2, -1, -1):
        kind = path[at].type
        if kind == "method_definition" or kind in _CLASS_PARTS or path[at + 1].type in _OUTSIDE_METHODS:
            return True
        if kind in _FUNCTIONS and kind != "arrow_function":
            return False
    return False


_USE_STRICT = re.compile(rb"""\s*(?:'use strict'|"use strict")\s*(?:[;}]|[\r\n]\s*(?!in\b|instanceof\b)[\w$])""")
_BLOCKS = ("function_declaration", "function_expression", *_GENERATORS)


def is_strict(path: Sequence[Node], data: bytes) -> bool:
    """Whether a class or a 'use strict' that comes first of its text or function certainly encloses the last node."""
    if _USE_STRICT.match(data):
        return True
    for node in path:
        if node.type == "class_body":
            return True
        body = node.child_by_field_name("body") if node.type in _BLOCKS else None
        if body is not None and _USE_STRICT.match(data, body.start_byte + 1):
            return True
    return False


# --- names -------------------------------------------------------------------------------------------------

_DECLARED_FUNCTIONS = ("function_declaration", "generator_function_declaration")


def declared_twice(root: Node, data: bytes, *, module: bool) -> Node | None:
    """The first name that the top of a text declares again where that is an error; blocks are not looked into.

    `let`, `const`, `class` and imports stand beside nothing of their name, and in modules functions neither (ECMA-262,
    sections 16.1.1 and 16.2.1.1). A name that is spelled with an escape is another one here.
    """
    lexical: set[bytes] = set()
    others: set[bytes] = set()
    for node, is_lexical in _declarations(root, module=module):
        for name in bound(node):
            spelled = data[name.start_byte : name.end_byte]
            if spelled in lexical or (is_lexical and spelled in others):
                return name
            (lexical if is_lexical else others).add(spelled)
    return None


def _declarations(root: Node, *, module: bool) -> Iterator[tuple[Node | None, bool]]:
    """What holds the names that the top of a text declares, and whether they may stand beside no other."""
    cursor = root.walk()
    more = cursor.goto_first_child()
    while more:
        node = cursor.node
        if node is not None and node.type == "export_statement":
            node = node.child_by_field_name("declaration")
        kind = node.type if node is not None else ""
        if node is None:
            pass
        elif kind in ("lexical_declaration", "variable_declaration", "using_declaration"):
            for child in node.named_children:
                if child.type == "variable_declarator":
                    yield child.child_by_field_name("name"), kind != "variable_declaration"
        elif kind == "class_declaration":
            yield node.child_by_field_name("name"), True
        elif kind in _DECLARED_FUNCTIONS:
            yield node.child_by_field_name("name"), module
        elif kind == "import_statement":
            yield from ((name, True) for name in _imported(node))
        more = cursor.goto_next_sibling()


def _imported(statement: Node) -> Iterator[Node]:
    """`a`, `b`, `c` and `d` of `import a, * as b from "x"` and `import { c, x as d } from "x"`."""
    waiting = [child for child in statement.named_children if child.type == "import_clause"]
    while waiting:
        node = waiting.pop()
        if node.type == "identifier":
            yield node
        elif node.type == "import_specifier":
            name = node.child_by_field_name("alias") or node.child_by_field_name("name")
            waiting += [name] if name is not None else []
        else:
            waiting += reversed(node.named_children)


_BOUND = ("identifier", "shorthand_property_identifier_pattern")


def bound(pattern: Node | None) -> Iterator[Node]:
    """The identifiers that a binding pattern declares; default values and computed keys are expressions."""
    waiting = [pattern]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        if node.type in _BOUND:
            yield node
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            waiting.append(node.child_by_field_name("left"))
        elif node.type == "pair_pattern":
            waiting.append(node.child_by_field_name("value"))
        elif node.type in ("object_pattern", "array_pattern", "rest_pattern"):
            waiting += node.named_children
