"""The proof of scripts as a walk, node by node: slow and plain, what the fast one must agree with.

Shares the rule of line ends with it, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from assetbuild.build.js_flat import kinds_of
from assetbuild.build.js_tree import RESERVED, encode, parse
from assetbuild.build.prove_js import _newline_matters
from assetbuild.build.prove_js import _Token as _Judged

if TYPE_CHECKING:
    from tree_sitter import Tree

_ROOT = -1


def same_by_walking(before: str, after: str) -> bool:
    data, other = encode(before), encode(after)
    return _equal(_walk(data, parse(data)), _walk(other, parse(other)))


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


def _short(token: _Token) -> _Judged:
    return _Judged(token.kind, token.text, token.parent, token.grandparent)


class _Doubt(Exception):
    """The text holds something on which the parser and browsers may differ."""


def _equal(before: Iterator[_Branch | _Token], after: Iterator[_Branch | _Token]) -> bool:
    previous = _Token(_ROOT, 0, b";", _ROOT, _ROOT, False)
    try:
        for one, other in zip_longest(before, after):
            if one != other and not (
                isinstance(one, _Token)
                and isinstance(other, _Token)
                and one[:-1] == other[:-1]
                and not _newline_matters(_short(previous), _short(one))
            ):
                return False
            if isinstance(one, _Token):
                previous = one
    except _Doubt:
        return False
    return True


_WORD = re.compile(rb"[\w$\\\x80-\xff]")
_NEWLINE = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")
_SPACE = re.compile(
    rb"(?:[\t\n\v\f\r ]|\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)*"
)  # ECMA-262, sections 12.2 and 12.3


_EXPORTS = ("export_specifier", "import_specifier", "namespace_export")

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
    comment, delicate = kinds_of("comment"), kinds_of("hash_bang_line", "html_comment", "number", "--", "/")
    statement = kinds_of("expression_statement")
    expression = kinds_of("class", "function_expression", "generator_function", "object", "object_pattern")
    identifier = kinds_of("identifier", "shorthand_property_identifier", "statement_identifier")
    generators, others, methods = kinds_of(*_GENERATORS), kinds_of(*_NO_GENERATORS), kinds_of("method_definition")
    exports = kinds_of(*_EXPORTS)
    flags, keyword = kinds_of("regex_flags"), kinds_of("yield")
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
            if kind in identifier and stack[-1] not in exports and (text in RESERVED or text == b"yield"):
                raise _Doubt
            if awaited and text != b"(":
                raise _Doubt  # where `await` is no name, this may begin a regular expression or an object
            awaited = text == b"await" and kind in identifier and stack[-1] not in exports
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
        if last == b"}" and parent in kinds_of("binary_expression"):
            raise _Doubt
    elif text[0] in b"0123456789.":
        # what follows a number must not look like a part of it (ECMA-262, section 12.9.3)
        if _WORD.match(data, start + len(text)):
            raise _Doubt
    elif start not in (0, 3) or not text.startswith(b"#!"):  # 3: after a byte-order mark
        raise _Doubt
