"""Early errors: programs that the parser accepts and no browser does (ECMA-262, section 17.1).

Says only what is certain, whether the text is loaded as a script or as a module; a text with `import` or `export` can
only be a module. Knows one tree, and no files. What it does not find, a browser may still refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.build.js_regex import fault
from assetbuild.build.js_scopes import Boundary, boundary, declared_twice, is_strict, may_have_super, paths

if TYPE_CHECKING:
    from tree_sitter import Node

PATTERNS: Mapping[str, str] = {
    "": """
(jsx_element) @early.jsx
(jsx_self_closing_element) @early.jsx
(for_in_statement operator: "of" right: (sequence_expression) @early.list)
(yield_expression) @early.yield
(super) @early.super
(regex) @early.regex
(lexical_declaration kind: "const" (variable_declarator !value) @early.const)
(formal_parameters (identifier) @early.first (identifier) @early.twice (#eq? @early.first @early.twice))
""",
    "=>": """
(binary_expression left: (arrow_function body: (statement_block)) @early.arrow)
(ternary_expression condition: (arrow_function body: (statement_block)) @early.arrow)
(member_expression object: (arrow_function body: (statement_block)) @early.arrow)
(call_expression function: (arrow_function body: (statement_block)) @early.arrow)
""",
    "?.": "(optional_chain) @early.chain",
}
"""Patterns of the parser's query language, by a word that is in every text where they find anything; their captures are
what `first_early_error` asks for; `await` is among those of `js_references`."""


@dataclass(frozen=True, slots=True)
class Early:
    """Where a text ceases to be a program, in bytes, and why."""

    start: int
    reason: str


def first_early_error(root: Node, data: bytes, found: Mapping[str, Sequence[Node]], *, module: bool) -> Early | None:
    """The first of all that are certain. `found`: what `PATTERNS` capture in `root`; `module`: it can be no script."""
    text = _Text(root, data, module)
    errors = (
        *text.jsx(found.get("early.jsx", ())),
        *text.awaits(found.get("await", ())),
        *text.yields(found.get("early.yield", ())),
        *text.supers(found.get("early.super", ())),
        *text.expressions(found.get("early.regex", ())),
        *text.arrows(found.get("early.arrow", ())),
        *text.parameters(found.get("early.twice", ())),
        *text.told(found.get("early.const", ()), "a `const` has no value"),  # 14.3.1.1
        *text.chains(found.get("early.chain", ())),
        *text.told(found.get("early.list", ()), "`for ... of` takes one expression, and no list of them"),  # 14.7.5
        *text.names(),
    )
    return min(errors, key=lambda error: error.start, default=None)


_LINKS = ("call_expression", "member_expression", "subscript_expression")
_ASSIGNMENTS = ("assignment_expression", "augmented_assignment_expression")
_NEWLINE = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")  # ECMA-262, section 12.3
_BEHIND_NO_NAME = re.compile(rb"(?!(?:in|instanceof|of)\b)[\w$'\"]")
"""Beginnings of expressions that cannot go on after a name, so that the word before is none."""
_BEHIND_A_WORD = re.compile(rb"\b(?:await|yield)\s*\Z")


@dataclass(frozen=True, slots=True)
class _Text:
    root: Node
    data: bytes
    module: bool

    def told(self, nodes: Sequence[Node], reason: str) -> Iterator[Early]:
        return (Early(node.start_byte, reason) for node in nodes)

    def jsx(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """No expression begins with `<`; what follows a `yield` that is a name is none."""
        for node in nodes:
            if not self._is_behind_a_word(node):
                yield Early(node.start_byte, "JSX is not JavaScript that browsers read: compile it first")

    def awaits(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """At the top it makes a module, which is told elsewhere; in functions that are not async it is a name, and in
        modules none (sections 13.1.1 and 15.8)."""
        for node, path in paths(self.root, nodes):
            is_keyword = self.module or node.type == "for_in_statement" or self._is_keyword(node)
            if is_keyword and boundary(path) in (Boundary.FUNCTION, Boundary.GENERATOR):
                yield Early(self._word(node, "await"), "`await` stands in a function that is not async")

    def yields(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """Outside generators it is a name, and in modules none (sections 13.1.1 and 15.5)."""
        for node, path in paths(self.root, nodes):
            around = boundary(path)
            is_name = around not in (Boundary.GENERATOR, Boundary.ASYNC_GENERATOR, Boundary.UNKNOWN)
            if is_name and (self.module or self._is_keyword(node)):
                yield Early(node.start_byte, "`yield` stands outside generator functions")

    def supers(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """Section 16.1.1 for scripts, 16.2.1.1 for modules, 15.2.1 and 15.5.1 for functions; arrow functions have that
        of what is around them."""
        for node, path in paths(self.root, nodes):
            if not may_have_super(path):
                yield Early(node.start_byte, "`super` stands outside methods and classes")

    def expressions(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """Section 13.2.7.1."""
        for node in nodes:
            pattern, flags = node.child_by_field_name("pattern"), node.child_by_field_name("flags")
            if pattern is None or (flags is not None and flags.start_byte > pattern.end_byte + 1):
                continue  # the parser takes a word behind a comment for flags
            reason = fault(*(b"" if part is None else self._of(part) for part in (pattern, flags)))
            if reason and not self._is_behind_a_word(node):  # behind a name, a slash divides
                yield Early(node.start_byte, reason)

    def chains(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """Nothing is assigned to an optional chain, however long (sections 13.3.1.1, 13.4.1 and 13.15.1)."""
        for _, path in paths(self.root, nodes):
            at = len(path) - 2
            while path[at - 1].type in _LINKS and path[at - 1].start_byte == path[at].start_byte:
                at -= 1
            target, above = path[at], path[at - 1]
            assigned = above.type in _ASSIGNMENTS and above.start_byte == target.start_byte
            if assigned or above.type == "update_expression":
                yield Early(target.start_byte, "nothing can be assigned to an optional chain")

    def arrows(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """An arrow function is no operand (section 15.3); a line end could end a statement before the operator."""
        for node in nodes:
            after = node.next_sibling
            while after is not None and after.type == "comment":
                after = after.next_sibling
            if after is not None and not _NEWLINE.search(self.data, node.end_byte, after.start_byte):
                reason = "an operator follows an arrow function: put that in parentheses"
                yield Early(after.start_byte, reason)

    def parameters(self, nodes: Sequence[Node]) -> Iterator[Early]:
        """Sections 15.1.1, 15.2.1, 15.3.1 and 15.4.1."""
        for node, path in paths(self.root, nodes):
            parameters, function = path[-2], path[-3]
            plain = all(child.type in ("identifier", "comment") for child in parameters.named_children)
            unique = function.type in ("arrow_function", "method_definition")
            if unique or not plain or self.module or is_strict(path, self.data):
                name = self._of(node).decode("utf-8", "replace")
                yield Early(node.start_byte, f"two parameters are named `{name}`")

    def names(self) -> Iterator[Early]:
        """Sections 16.1.1 and 16.2.1.1."""
        again = declared_twice(self.root, self.data, module=self.module)
        if again is not None:
            name = self._of(again).decode("utf-8", "replace")
            yield Early(again.start_byte, f"`{name}` is declared twice")

    def _of(self, node: Node) -> bytes:
        return self.data[node.start_byte : node.end_byte]

    def _is_behind_a_word(self, node: Node) -> bool:
        return _BEHIND_A_WORD.search(self.data, max(0, node.start_byte - 64), node.start_byte) is not None

    def _is_keyword(self, node: Node) -> bool:
        """Whether the word that `node` begins with can be no name there, by what follows it on its line."""
        operand = next((child for child in node.children[1:] if child.type != "comment"), None)
        if operand is None or _NEWLINE.search(self.data, node.children[0].end_byte, operand.start_byte):
            return False
        return _BEHIND_NO_NAME.match(self.data, operand.start_byte) is not None

    def _word(self, node: Node, word: str) -> int:
        return next((child.start_byte for child in node.children if child.type == word), node.start_byte)
