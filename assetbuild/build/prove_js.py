"""Proves that two JavaScript texts mean the same: equal tokens, equal trees, and line ends where they can matter.

Knows nothing of minifiers. The parser's tree alone is no proof: semicolons that a line end inserts do not show in it,
and it accepts more than ECMAScript does. So a line end that is on one side only must be at a place where the standard
gives it no meaning. A doubt is a refusal.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from assetbuild.build.js_tree import Characters, encode, first_error, language, parse
from assetbuild.build.model import place_at

if TYPE_CHECKING:
    from tree_sitter import Tree


class _Branch(NamedTuple):
    """A node with children, on the way down."""

    kind: int
    depth: int


class _Token(NamedTuple):
    """A leaf. `newline`: a line end stands between it and the token before (ECMA-262, section 12.3)."""

    kind: int
    depth: int
    text: bytes
    parent: int
    grandparent: int
    newline: bool


class _Doubt(Exception):
    """The text holds something on which the parser and browsers may differ."""


@dataclass(frozen=True, slots=True)
class Original:
    """A script that others are to be compared with, parsed once."""

    text: str
    data: bytes
    tree: Tree

    def refusal(self) -> str:
        """Why this script is not to be minified: it does not parse. '' if it does."""
        root = self.tree.root_node
        if not root.has_error:
            return ""
        place = place_at("", self.text, Characters(self.data, len(self.text))(first_error(root)))
        return f"it does not parse at line {place.line}, column {place.column}"

    def same(self, after: str) -> bool:
        """Whether `after` is this text apart from comments and white space without meaning; False when in doubt.

        A text that does not parse is never the same as another.
        """
        data = encode(after)
        return _equal(_walk(self.data, self.tree), _walk(data, parse(data)))


def original(text: str) -> Original:
    data = encode(text)
    return Original(text, data, parse(data))


def same(before: str, after: str) -> bool:
    """Whether the texts differ in nothing but comments and white space without meaning; False when in doubt."""
    return original(before).same(after)


def _equal(before: Iterator[_Branch | _Token], after: Iterator[_Branch | _Token]) -> bool:
    previous = _Token(_ROOT, 0, b";", _ROOT, _ROOT, False)
    try:
        for one, other in zip_longest(before, after):
            if one != other and not (
                isinstance(one, _Token)
                and isinstance(other, _Token)
                and one[:-1] == other[:-1]
                and not _newline_matters(previous, one)
            ):
                return False
            if isinstance(one, _Token):
                previous = one
    except _Doubt:
        return False
    return True


_ROOT = -1
"""The kind that stands for the whole text."""

# --- one text as a stream --------------------------------------------------------------------------------

_RESERVED = frozenset(
    b"break case catch class const continue debugger default delete do else enum export extends false finally for "
    b"function if import in instanceof let new null return super switch this throw true try typeof var void while "
    b"with".split()
)
"""Names that nothing has; where nothing else fits, the parser takes these words for one (and so `let`, mostly)."""

_WORD = re.compile(rb"[\w$\\\x80-\xff]")
_NEWLINE = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")
_SPACE = re.compile(
    rb"(?:[\t\n\v\f\r ]|\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)*"
)  # ECMA-262, sections 12.2 and 12.3


_GENERATORS = ("generator_function", "generator_function_declaration")

_NO_GENERATORS = (
    "arrow_function",
    "class_static_block",
    "computed_property_name",  # of a method it belongs to what is around the method; in doubt none
    "function_declaration",
    "function_expression",
    "method_definition",  # until its `*` is met
)


def _walk(data: bytes, tree: Tree) -> Iterator[_Branch | _Token]:
    """The tree below the root in order, without comments. Raises `_Doubt`."""
    if tree.root_node.has_error:
        raise _Doubt
    comment, delicate = _kinds("comment"), _kinds("hash_bang_line", "html_comment", "number", "--", "/")
    statement = _kinds("expression_statement")
    expression = _kinds("class", "function_expression", "generator_function", "object", "object_pattern")
    identifier = _kinds("identifier", "shorthand_property_identifier", "statement_identifier")
    generators, others, methods = _kinds(*_GENERATORS), _kinds(*_NO_GENERATORS), _kinds("method_definition")
    flags, keyword = _kinds("regex_flags"), _kinds("yield")
    cursor = tree.walk()
    down, right, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
    stack = [_ROOT, _ROOT]
    yields = [False, False]  # beside `stack`: whether this is within a generator
    end = 0
    token_end = 0
    awaited = False  # the token before is an `await` that the parser takes for a name
    newline = True  # the start of the text counts as the start of a line
    last = b""
    fresh = False  # the next token begins an expression statement
    more = down()
    while more:
        node = cursor.node
        if node is None:
            raise _Doubt
        kind = node.kind_id
        if down():
            fresh = fresh or kind in statement
            yield _Branch(kind, len(stack))
            stack.append(kind)
            yields.append(kind in generators or (yields[-1] and kind not in others))
            continue
        start = node.start_byte
        if start > end and _has_newline(data[end:start]):
            newline = True
        if start > token_end and kind in flags:
            raise _Doubt  # a word that stands apart from the regular expression, behind a comment
        end = node.end_byte
        text = data[start:end]
        if kind in comment:
            newline = newline or _NEWLINE.search(text) is not None
        else:
            if kind in identifier and (text in _RESERVED or text == b"yield"):
                raise _Doubt
            if awaited and text != b"(":
                raise _Doubt  # where `await` is no name, this may begin a regular expression or an object
            awaited = text == b"await" and kind in identifier
            if text == b"yield" and not yields[-1] and kind in keyword:
                raise _Doubt  # a name, behind which a slash divides (ECMA-262, section 13.1)
            if text == b"*" and stack[-1] in methods:
                yields[-1] = True
            if stack[-1] in expression and (fresh or (last == b"=>" and text == b"{")):
                raise _Doubt  # a browser takes it for a declaration or a block (ECMA-262, sections 14.5 and 15.3)
            if kind in delicate:
                _check(data, start, text, parent=stack[-1], last=last if newline else None)
            yield _Token(kind, len(stack), text, stack[-1], stack[-2], newline)
            newline = fresh = False
            last, token_end = text, end
        while not (more := right()) and (more := up()):
            stack.pop()
            yields.pop()
    _has_newline(data[end:])


def _has_newline(gap: bytes) -> bool:
    if gap == b" ":
        return False
    if not _SPACE.fullmatch(gap):
        raise _Doubt  # the parser skipped what is no white space in ECMAScript
    return _NEWLINE.search(gap) is not None


def _check(data: bytes, start: int, text: bytes, *, parent: int, last: bytes | None) -> None:
    """Raises `_Doubt` where the parser may have read something else than a browser. `last`: the token before, where
    this one begins a line, else None."""
    if text == b"--":
        # comments in classic scripts, operators in modules (ECMA-262, annex B.1.1)
        if data[start - 2 : start] == b"<!" or (last is not None and data[start + 2 : start + 3] == b">"):
            raise _Doubt
    elif text == b"/":
        # after the body of an arrow function a line end inserts a semicolon, and this begins a regular expression
        if last == b"}" and parent in _kinds("binary_expression"):
            raise _Doubt
    elif text[0] in b"0123456789.":
        # what follows a number must not look like a part of it (ECMA-262, section 12.9.3)
        if _WORD.match(data, start + len(text)):
            raise _Doubt
    elif start not in (0, 3) or not text.startswith(b"#!"):  # 3: after a byte-order mark
        raise _Doubt


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
        return token.kind not in _kinds(*_OPEN_WORDS)
    return token.text in _ENDS or (token.text == b"/" and token.parent in _kinds("regex"))


def _can_begin(token: _Token) -> bool:
    if token.kind in _named():
        return token.kind not in _kinds("optional_chain")
    if token.text.isalpha():
        return token.kind not in _kinds("in", "instanceof")
    if token.text in (b"<", b"*"):  # no statement begins so: it is an operator, JSX or a generator method
        return token.parent not in _kinds("binary_expression")
    if token.text == b"{":
        return token.parent not in _kinds("class_body", "switch_body")
    return token.text[0] in _STARTS


def _surely_ends(token: _Token) -> bool:
    """Whether the token closes a statement's header, or a block that ends without a semicolon."""
    if token.text == b")":
        return token.parent in _kinds("catch_clause", "for_in_statement", "for_statement", "formal_parameters") or (
            token.parent in _kinds("parenthesized_expression") and token.grandparent in _kinds(*_HEADERS)
        )
    if token.text != b"}":
        return False
    if token.parent in _kinds("statement_block"):
        return token.grandparent == _ROOT or token.grandparent in _kinds(*_BLOCKS)
    if token.parent in _kinds("class_body"):
        return token.grandparent in _kinds("class_declaration")
    return token.parent in _kinds("named_imports", "switch_body")


# --- node kinds ------------------------------------------------------------------------------------------


@functools.cache
def _kinds(*names: str) -> frozenset[int]:
    """The grammar's numbers of the kinds of these names; a name may have several."""
    grammar = language()
    return frozenset(kind for kind in range(grammar.node_kind_count) if grammar.node_kind_for_id(kind) in names)


@functools.cache
def _named() -> frozenset[int]:
    """The kinds that are no punctuators and no keywords."""
    grammar = language()
    return frozenset(kind for kind in range(grammar.node_kind_count) if grammar.node_kind_is_named(kind))
