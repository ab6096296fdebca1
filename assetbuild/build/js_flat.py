"""A script's tree in flat lists, which compare and are searched without a step of ours for every node.

Knows the parser and no rule of the language. A large script has a million nodes, and its proof flattens two trees: the
loop in `flatten` is most of what a proof costs, so all that can be asked of whole lists is asked elsewhere.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from assetbuild.build.js_tree import language

if TYPE_CHECKING:
    from tree_sitter import Tree

ROOT = -1
"""The kind that stands for the whole text."""

NEWLINE = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")  # ECMA-262, section 12.3


@dataclass(frozen=True, slots=True)
class Flat:
    """A tree without its comments; kinds are the grammar's numbers.

    `kinds` and `parents` are of all nodes in order, a parent as its index; the first is the whole text, its own parent.
    The other lists are of the leaves: where they are in `kinds`, their kinds and texts, where they end in the data, and
    the `gaps` before them, in which a comment is a line end if it holds one, else a space; the last is the text's end.
    """

    kinds: list[int]
    parents: list[int]
    leaves: list[int]
    leaf_kinds: list[int]
    texts: list[bytes]
    ends: list[int]
    gaps: list[bytes]

    def parent(self, leaf: int) -> int:
        """The index of what a leaf is part of."""
        return self.parents[self.leaves[leaf]]


def flatten(data: bytes, tree: Tree) -> Flat:
    comment = kinds_of("comment")
    kinds, parents = [ROOT], [0]
    leaves: list[int] = []
    leaf_kinds: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    comments: dict[int, list[int]] = {}  # by the leaf that they stand before, where they begin and end
    cursor = tree.walk()
    down, right, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
    parent = 0
    more = down()
    while more:
        node = cursor.node
        assert node is not None
        kind = node.kind_id
        if down():
            parents.append(parent)
            parent = len(kinds)
            kinds.append(kind)
            continue
        if kind in comment:
            comments.setdefault(len(leaves), []).extend((node.start_byte, node.end_byte))
        else:
            leaves.append(len(kinds))
            kinds.append(kind)
            parents.append(parent)
            leaf_kinds.append(kind)
            starts.append(node.start_byte)
            ends.append(node.end_byte)
        while not (more := right()) and (more := up()):
            parent = parents[parent]
    gaps = [
        data[end:start] if start > end else b"" for end, start in zip([0, *ends], [*starts, len(data)], strict=True)
    ]
    for leaf, edges in comments.items():
        begin, end = ends[leaf - 1] if leaf else 0, starts[leaf] if leaf < len(leaves) else len(data)
        gaps[leaf] = _gap(data, [begin, *edges, end])
    texts = [data[start:end] for start, end in zip(starts, ends, strict=True)]
    return Flat(kinds, parents, leaves, leaf_kinds, texts, ends, gaps)


def _gap(data: bytes, edges: list[int]) -> bytes:
    """The white space between the edges, with what stands for the comments."""
    pieces = []
    for at, (start, end) in enumerate(pairwise(edges)):
        text = data[start:end]
        pieces.append(text if at % 2 == 0 else b"\n" if NEWLINE.search(text) else b" ")
    return b"".join(pieces)


@functools.cache
def kinds_of(*names: str) -> frozenset[int]:
    """The grammar's numbers of the kinds of these names; a name may have several."""
    grammar = language()
    return frozenset(kind for kind in range(grammar.node_kind_count) if grammar.node_kind_for_id(kind) in names)
