"""The JavaScript parser as the build uses it: text in, tree out, and the way back from bytes to characters.

Knows nothing of what is looked for in a tree. The parser (tree-sitter) is imported on first use: a project without
JavaScript does not pay for it.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree


@functools.cache
def language() -> Language:
    """The grammar, loaded once."""
    import tree_sitter
    import tree_sitter_javascript

    return tree_sitter.Language(tree_sitter_javascript.language())


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(text: str) -> bytes:
    """UTF-8 for the parser. A lone surrogate (a byte that was not UTF-8) becomes a private-use character: still one."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub(lambda found: chr(ord(found[0]) + 0x100000), text).encode("utf-8")


@functools.lru_cache(maxsize=2)
def parse(data: bytes) -> Tree:
    """Parse UTF-8. A parser has state, so each call makes its own: builds run in threads.

    The last two trees are kept: looking for licences, proving and minifying ask for the same two texts in turn. Trees
    are never changed.

    Offsets in the tree are those in `data`; in `export { a as null }` the text of a node may not be.
    """
    import tree_sitter

    parser = tree_sitter.Parser(language())
    tree = parser.parse(data)
    if tree.root_node.has_error and _RESERVED_NAME.search(data):
        other = parser.parse(_RESERVED_NAME.sub(lambda found: found[0][:-1] + b"_", data))
        if not other.root_node.has_error:
            return other
    return tree


_HTML_LIKE = re.compile(rb"<!--|-->")
_BEFORE_ON_LINE = re.compile(rb"(?:\A|[\n\r]|\xe2\x80[\xa8\xa9])[ \t]*\Z")
_NO_CODE = frozenset({"comment", "html_comment", "regex_pattern", "string", "string_fragment", "template_string"})


def parse_script(data: bytes) -> Tree:
    """Parse UTF-8 that is a classic script: there `<!--`, and `-->` at the start of a line, begin comments (ECMA-262,
    annex B.1.1). The parser knows them where it expects no operator only, so elsewhere `//` is read instead.

    Where not all of them are certain to be comments, or no code at all, this is what `parse` gives.
    """
    tree = parse(data)
    if not tree.root_node.has_error or (b"<!--" not in data and b"-->" not in data):
        return tree
    found = [(one.start(), one[0]) for one in _HTML_LIKE.finditer(data)]
    first = [(at, sign) for at, sign in found if _BEFORE_ON_LINE.search(data, max(0, at - 256), at)]
    other = bytearray(data)
    for at, _ in first:
        other[at : at + 2] = b"//"
    read = parse(bytes(other))
    root = read.root_node
    if root.has_error or not all(_begins_comment(root, at) for at, _ in first):
        return tree
    is_certain = all(sign == b"-->" or _kind(root, at) in _NO_CODE for at, sign in found)
    return read if is_certain else tree


def _begins_comment(root: Node, at: int) -> bool:
    node = root.descendant_for_byte_range(at, at + 2)
    return node is not None and node.type == "comment" and node.start_byte == at


def _kind(root: Node, at: int) -> str:
    node = root.descendant_for_byte_range(at, at + 3)
    return "" if node is None else node.type


RESERVED = frozenset(
    b"break case catch class const continue debugger default delete do else enum export extends false finally for "
    b"function if import in instanceof let new null return super switch this throw true try typeof var void while "
    b"with".split()
)
"""Words that name no variable (ECMA-262, section 12.7.2); and `let`, which mostly names none."""

# `import` and `export` may say any word beside `as` (ECMA-262, section 16.2.3), but the grammar knows `default` only. A
# name of the same length is read instead. On one line, these are no code anywhere else.
_WORDS = b"|".join(sorted(RESERVED))
_RESERVED_NAME = re.compile(
    rb"""(?<=[ \t*"']as )[ \t]*(?:%b)(?=\s*(?:[,}]|from\b))|[{,]\s*(?:%b)(?=[ \t]+as[ \t])""" % (_WORDS, _WORDS)
)


def first_error(root: Node) -> int:
    """Where the first node stands that the parser had to make up or to skip.

    A root that is an error itself says nothing; then the first error below it counts, or the end of what was made out.
    """
    cursor = root.walk()
    place = root.start_byte
    while cursor.goto_first_child():
        node = cursor.node
        while node is not None and not node.has_error:
            if root.is_error:
                place = node.end_byte
            if not cursor.goto_next_sibling():
                return place
            node = cursor.node
        if node is None or node.is_error or node.is_missing:
            return place if node is None else node.start_byte
    return place


class Characters:
    """Turns the parser's byte offsets into character offsets, one anchor per 4 KiB."""

    def __init__(self, data: bytes, length: int) -> None:
        self._data = data
        self._plain = len(data) == length
        self._starts: list[int] = []
        self._counts: list[int] = []

    def __call__(self, offset: int) -> int:
        if self._plain:
            return offset
        if not self._starts:
            self._anchor()
        at = bisect_right(self._starts, offset) - 1
        start = self._starts[at]
        return self._counts[at] + len(self._data[start:offset].decode("utf-8"))

    def _anchor(self) -> None:
        data, count, start = self._data, 0, 0
        while True:
            self._starts.append(start)
            self._counts.append(count)
            end = start + 4096
            if end >= len(data):
                return
            while data[end] & 0xC0 == 0x80:  # not inside a character
                end -= 1
            count += len(data[start:end].decode("utf-8"))
            start = end


@functools.cache
def _query(source: str) -> Query:
    import tree_sitter

    return tree_sitter.Query(language(), source)


def captures(root: Node, query: str) -> dict[str, list[Node]]:
    """What a query of the parser's query language finds, by the names of its captures. It goes through the whole tree,
    which takes a third of the time of parsing, however many patterns it has: ask all at once."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query(query)).captures(root)


def comments(data: bytes) -> list[tuple[int, int]]:
    """The spans of the comments, in bytes and in order."""
    found = captures(parse(data).root_node, "(comment) @comment")
    return sorted((node.start_byte, node.end_byte) for node in found.get("comment", ()))
