"""Proves that two JavaScript texts mean the same: equal tokens, equal trees, and line ends where they can matter.

Knows nothing of minifiers. Where `js_spacing` sees that the tokens are equal, and the line ends that may end a
statement, the trees are: what ECMAScript makes of a text depends on nothing else. Elsewhere both texts are parsed. The
parser's tree alone is no proof: semicolons that a line end inserts do not show in it, and it accepts more than
ECMAScript does. So a line end that is on one side only must be at a place where the standard gives it no meaning.
A doubt is a refusal.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from assetbuild.build import js_spacing
from assetbuild.build.js_doubts import has_doubtful_text, has_doubtful_tree
from assetbuild.build.js_flat import NEWLINE, ROOT, Flat, flatten, kinds_of
from assetbuild.build.js_tree import Characters, encode, first_error, language, parse
from assetbuild.build.model import place_at

if TYPE_CHECKING:
    from tree_sitter import Tree


class _Token(NamedTuple):
    """A leaf: its text and kind, and the kinds of what it is part of."""

    kind: int
    text: bytes
    parent: int
    grandparent: int


@dataclass(frozen=True, slots=True)
class Original:
    """A script that others are to be compared with; parsed once, where a look at the spacing does not tell."""

    text: str
    parsed: Callable[[], tuple[bytes, Tree]]

    def refusal(self) -> str:
        """Why this script is not to be minified: it does not parse. '' if it does."""
        data, tree = self.parsed()
        root = tree.root_node
        if not root.has_error:
            return ""
        place = place_at("", self.text, Characters(data, len(self.text))(first_error(root)))
        return f"it does not parse at line {place.line}, column {place.column}"

    def same(self, after: str) -> bool:
        """Whether `after` is this text apart from comments and white space without meaning; False when in doubt.

        Where the tokens alone do not tell, a text that does not parse is never the same as another.
        """
        return js_spacing.same(self.text, after) or self.same_tree(after)

    def same_tree(self, after: str) -> bool:
        """The same by parsing; a text that does not parse is never the same as another."""
        own, tree = self.parsed()
        data = encode(after)
        other = parse(data)
        if tree.root_node.has_error or other.root_node.has_error:
            return False
        before, changed = flatten(own, tree), flatten(data, other)
        if not _is_equal(before, changed) or has_doubtful_tree(before):
            return False
        return not (has_doubtful_text(own, before) or has_doubtful_text(data, changed))


def original(text: str) -> Original:
    @functools.cache
    def parsed() -> tuple[bytes, Tree]:
        data = encode(text)
        return data, parse(data)

    return Original(text, parsed)


def same(before: str, after: str) -> bool:
    """Whether the texts differ in nothing but comments and white space without meaning; False when in doubt."""
    return original(before).same(after)


def same_tree(before: str, after: str) -> bool:
    """The same as `same`, told by parsing alone."""
    return original(before).same_tree(after)


def _is_equal(one: Flat, other: Flat) -> bool:
    if one.kinds != other.kinds or one.parents != other.parents or one.texts != other.texts:
        return False
    if one.leaves != other.leaves:
        return False
    texts, kinds, open_ended, closing = one.texts, one.leaf_kinds, _open_ended(), _closing()
    return not any(
        _newline_matters(_token(one, at - 1), _token(one, at))
        for at in _newlines(one) ^ _newlines(other)
        if texts[at] == b"=>" or not (kinds[at - 1] in open_ended or kinds[at] in closing)
    )


def _newlines(flat: Flat) -> set[int]:
    """The leaves before which a line end stands. The start of the text counts as the start of a line."""
    with_newline = {gap for gap in set(flat.gaps) if NEWLINE.search(gap)}
    return {0, *(at for at, gap in enumerate(flat.gaps[:-1]) if gap in with_newline)}


def _token(flat: Flat, leaf: int) -> _Token:
    parent = flat.parent(leaf)
    return _Token(flat.leaf_kinds[leaf], flat.texts[leaf], flat.kinds[parent], flat.kinds[flat.parents[parent]])


# --- where line ends matter ------------------------------------------------------------------------------

_STARTS = b"\"'`([{+-!~/#@<*"
"""First bytes of the punctuators that can begin a statement or a class member, or that the parser takes for an operator
where browsers do not."""

_ENDS = frozenset({b")", b"]", b"}", b"++", b"--", b'"', b"'", b"`"})
"""The punctuators that can end an expression or a statement."""

_OPEN_WORDS = (
    "case",
    "catch",
    "class",
    "const",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "new",
    "switch",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
)
"""Keywords that end nothing and after which no production restricts a line end, by the names of their nodes."""

_HEADERS = ("if_statement", "switch_statement", "while_statement", "with_statement")

_BLOCKS = (
    "catch_clause",
    "class_static_block",
    "else_clause",
    "finally_clause",
    "for_in_statement",
    "for_statement",
    "function_declaration",
    "generator_function_declaration",
    "if_statement",
    "labeled_statement",
    "method_definition",
    "statement_block",
    "switch_case",
    "switch_default",
    "try_statement",
    "while_statement",
    "with_statement",
)
"""What a block can belong to so that it ends there, whatever follows."""


def _newline_matters(before: _Token, after: _Token) -> bool:
    """Whether a line end between two tokens could have a meaning (ECMA-262, section 12.10).

    It has none if the first can end neither an expression nor a statement, or surely ends one; nor if the second can
    begin neither a statement nor a class member and no production restricts a line end before it.
    """
    if after.text == b"=>":
        return True
    return _can_end(before) and _can_begin(after) and not _surely_ends(before)


def _can_end(token: _Token) -> bool:
    if token.kind in _named():
        return True
    if token.text.isalpha():
        return token.kind not in kinds_of(*_OPEN_WORDS)
    return token.text in _ENDS or (token.text == b"/" and token.parent in kinds_of("regex"))


def _can_begin(token: _Token) -> bool:
    if token.kind in _named():
        return token.kind not in kinds_of("optional_chain")
    if token.text.isalpha():
        return token.kind not in kinds_of("in", "instanceof")
    if token.text in (b"<", b"*"):  # no statement begins so: it is an operator, JSX or a generator method
        return token.parent not in kinds_of("binary_expression")
    if token.text == b"{":
        return token.parent not in kinds_of("class_body", "switch_body")
    return token.text[0] in _STARTS


def _surely_ends(token: _Token) -> bool:
    """Whether the token closes a statement's header, or a block that ends without a semicolon."""
    if token.text == b")":
        return token.parent in kinds_of("catch_clause", "for_in_statement", "for_statement", "formal_parameters") or (
            token.parent in kinds_of("parenthesized_expression") and token.grandparent in kinds_of(*_HEADERS)
        )
    if token.text != b"}":
        return False
    if token.parent in kinds_of("statement_block"):
        return token.grandparent == ROOT or token.grandparent in kinds_of(*_BLOCKS)
    if token.parent in kinds_of("class_body"):
        return token.grandparent in kinds_of("class_declaration")
    return token.parent in kinds_of("named_imports", "switch_body")


# --- node kinds ------------------------------------------------------------------------------------------


@functools.cache
def _named() -> frozenset[int]:
    """The kinds that are no punctuators and no keywords."""
    grammar = language()
    return frozenset(kind for kind in range(grammar.node_kind_count) if grammar.node_kind_is_named(kind))


@functools.cache
def _open_ended() -> frozenset[int]:
    """The kinds of the punctuators and keywords behind which a line end never matters, unless `=>` follows."""
    return frozenset(token.kind for token in _fixed() if token.text != b"/" and not _can_end(token))


@functools.cache
def _closing() -> frozenset[int]:
    """The kinds of the punctuators and keywords before which a line end never matters."""
    return frozenset(token.kind for token in _fixed() if token.text not in _OF_PARENTS and not _can_begin(token))


_OF_PARENTS = (b"<", b"*", b"{", b"=>")
"""Of these it depends on what they are part of, or what stands before them."""


def _fixed() -> Iterator[_Token]:
    """A token of each kind that always has the same text."""
    grammar = language()
    for kind in range(grammar.node_kind_count):
        text = (grammar.node_kind_for_id(kind) or "").encode()
        if text and not grammar.node_kind_is_named(kind):
            yield _Token(kind, text, ROOT, ROOT)
