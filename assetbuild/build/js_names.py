"""What a classic script does outside its functions that others feel: the names that it declares and uses.

Knows one script at a time and no messages. It looks into no function: when that runs, if ever, is not known here. Pure.
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assetbuild.build.js_scopes import bound
from assetbuild.build.js_tree import Characters, encode, parse_script

if TYPE_CHECKING:
    from tree_sitter import Node


class Declaring(enum.Enum):
    """How a name of the global scope is declared."""

    LEXICAL = "lexical"
    """`let`, `const` and `class`: once in a scope, and beside nothing else (ECMA-262, section 16.1.1)."""
    VAR = "var"
    """`var`, also inside blocks and loops."""
    FUNCTION = "function"
    """A function at the top: made before the first statement of its script runs (section 16.1.7)."""
    BLOCK_FUNCTION = "block-function"
    """A function in a block of a sloppy script: also a `var`, where no `let` forbids it (annex B.3.2)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A name with the offset, in characters, where it is declared; `source` is the SHA-256 of a function at the top."""

    name: str
    offset: int
    how: Declaring
    source: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """`declared` in order of position; the rest by name or word, with the offset in characters of the first place.

    `used`: what the script uses outside functions and declares nowhere there. `misplaced`: `return`, `break` and
    `continue` where nothing is to return from or to leave, which the parser accepts and no engine does.
    """

    declared: tuple[Declared, ...]
    used: Mapping[str, int]
    misplaced: Mapping[str, int]


def names(text: str, *, strict: bool) -> Names:
    """The names of a script that parses; `strict`: it has 'use strict', so a function in a block is the block's own."""
    data = encode(text)
    at = Characters(data, len(text))
    reader = _Reader(data)
    reader.read(parse_script(data).root_node)
    lexical = {name for name, _, how, _ in reader.declared if how is Declaring.LEXICAL}
    return Names(
        tuple(
            Declared(name, at(start), how, body)
            for name, start, how, body in sorted(reader.declared, key=lambda one: one[1])
            if how is not Declaring.BLOCK_FUNCTION or not (strict or name in lexical)
        ),
        {name: at(start) for name, start in reader.free(hoisting=not strict).items()},
        {word: at(start) for word, start in reader.misplaced.items()},
    )


def current_script(text: str) -> int | None:
    """Where the script first asks for `document.currentScript`, in characters."""
    if "currentScript" not in text:
        return None
    data = encode(text)
    root = parse_script(data).root_node
    for found in re.finditer(rb"\bcurrentScript\b", data):
        node = root.descendant_for_byte_range(found.start(), found.end())
        above = node.parent if node is not None and node.type == "property_identifier" else None
        target = above.child_by_field_name("object") if above is not None else None
        if above is not None and target is not None and target.text == b"document":
            return Characters(data, len(text))(above.start_byte)
    return None


# --- reading ---------------------------------------------------------------------------------------------

_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "class_body",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)
_DECLARED_FUNCTIONS = ("function_declaration", "generator_function_declaration")
_LOOPS = frozenset({"do_statement", "for_in_statement", "for_statement", "while_statement"})
_SCOPES = frozenset({"catch_clause", "class", "for_in_statement", "for_statement", "statement_block", "switch_body"})
_USES = ("identifier", "shorthand_property_identifier")
_ESCAPE = re.compile(r"\\u(?:\{0*([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))")


@dataclass(frozen=True, slots=True)
class _Scope:
    """The names that a block, or the whole script, declares for itself."""

    names: set[str]
    outer: _Scope | None = None

    def binds(self, name: str) -> bool:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True
            scope = scope.outer
        return False


@dataclass(frozen=True, slots=True)
class _Around:
    """What encloses a node: a scope; nothing but labels, a loop, a switch."""

    scope: _Scope
    top: bool = True
    loop: bool = False
    switch: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks one tree; all places are in bytes."""

    data: bytes
    declared: list[tuple[str, int, Declaring, str]] = field(default_factory=list)
    used: list[tuple[str, int, _Scope]] = field(default_factory=list)
    top: _Scope = field(default_factory=lambda: _Scope(set()))
    misplaced: dict[str, int] = field(default_factory=dict)

    def read(self, root: Node) -> None:
        waiting = [(child, _Around(self.top)) for child in reversed(root.children)]
        while waiting:
            node, around = waiting.pop()
            kind = node.type
            if kind in _USES:
                self.used.append((self._name(node), node.start_byte, around.scope))
                continue
            if kind in _FUNCTIONS:
                self._function(node, around)
                continue
            scope = _Scope(set(), around.scope) if kind in _SCOPES else around.scope
            self._declare(node, around, scope)
            self._leave(node, around)
            inside = _Around(
                scope,
                around.top and kind == "labeled_statement",
                around.loop or kind in _LOOPS,
                around.switch or kind == "switch_statement",
            )
            waiting += [(child, inside) for child in reversed(node.children)]

    def free(self, *, hoisting: bool) -> dict[str, int]:
        """The first use of each name that no scope around it declares; `hoisting`: functions in blocks are `var`s."""
        hoisted = {name for name, _, how, _ in self.declared if how is Declaring.BLOCK_FUNCTION and hoisting}
        found: dict[str, int] = {}
        for name, start, scope in self.used:
            if name not in hoisted and not scope.binds(name):
                found.setdefault(name, start)
        return found

    def _declare(self, node: Node, around: _Around, inside: _Scope) -> None:
        """`inside`: the scope that the node opens, or the one that it stands in."""
        kind = node.type
        if kind == "variable_declaration":
            self._bind(node, Declaring.VAR, self.top)
        elif kind == "lexical_declaration":
            self._bind(node, Declaring.LEXICAL if around.top else None, around.scope)
        elif kind == "class_declaration":
            how = Declaring.LEXICAL if around.top else None
            self._bind_pattern(node.child_by_field_name("name"), how, around.scope)
        elif kind == "class":
            self._bind_pattern(node.child_by_field_name("name"), None, inside)
        elif kind == "for_in_statement":
            word = node.child_by_field_name("kind")
            if word is not None:
                is_var = word.text == b"var"
                how, scope = (Declaring.VAR, self.top) if is_var else (None, inside)
                self._bind_pattern(node.child_by_field_name("left"), how, scope)
        elif kind == "catch_clause":
            self._bind_pattern(node.child_by_field_name("parameter"), None, inside)

    def _bind(self, declaration: Node, how: Declaring | None, scope: _Scope) -> None:
        for child in declaration.named_children:
            if child.type == "variable_declarator":
                self._bind_pattern(child.child_by_field_name("name"), how, scope)

    def _bind_pattern(self, pattern: Node | None, how: Declaring | None, scope: _Scope) -> None:
        for node in bound(pattern):
            name = self._name(node)
            scope.names.add(name)
            if how is not None:
                self.declared.append((name, node.start_byte, how, ""))

    def _function(self, node: Node, around: _Around) -> None:
        name = node.child_by_field_name("name")
        if node.type not in _DECLARED_FUNCTIONS or name is None:
            return
        around.scope.names.add(self._name(name))
        if around.top:
            source = hashlib.sha256(self.data[node.start_byte : node.end_byte]).hexdigest()
            self.declared.append((self._name(name), name.start_byte, Declaring.FUNCTION, source))
        elif node.type == "function_declaration" and not self.data.startswith(b"async", node.start_byte):
            self.declared.append((self._name(name), name.start_byte, Declaring.BLOCK_FUNCTION, ""))

    def _leave(self, node: Node, around: _Around) -> None:
        kind = node.type
        labelled = node.child_by_field_name("label") is not None
        if (
            kind == "return_statement"
            or (kind == "continue_statement" and not (around.loop or labelled))
            or (kind == "break_statement" and not (around.loop or around.switch or labelled))
        ):
            self.misplaced.setdefault(kind.removesuffix("_statement"), node.start_byte)

    def _name(self, node: Node) -> str:
        spelled = self.data[node.start_byte : node.end_byte].decode()
        return _ESCAPE.sub(_character, spelled) if "\\" in spelled else spelled


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1] or escape[2], 16)
    return chr(code) if code <= 0x10FFFF else escape[0]
