"""The safe minifier for scripts: writes the parser's own tokens again, with no more white space than they need.

Changes no token, so that what it makes is always proven; it is used where a faster engine's result is refused. Where
line ends matter is written down apart from the proof's rule, on purpose: what one overlooks must not pass both.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from assetbuild.build.js_tree import language, parse
from assetbuild.build.protocols import Refused


def minify(text: str, *, keep_licences: bool = True) -> str:
    """`text` with the same meaning in fewer characters. Comments go; those that begin with `/*!` may be kept.

    Raises `Refused` for a text that does not parse, or that has an HTML-like comment or a lone surrogate.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("the script is not valid UTF-8") from error
    rules = _rules()
    pieces: list[bytes] = []
    licences = b""
    before: _Token | None = None
    start = end = 0  # a run of tokens that nothing parts
    for token in _tokens(data, rules):
        if token.kind in rules.comments:
            if keep_licences and data.startswith(b"/*!", token.start):
                licences += data[token.start : token.end]
            continue
        if before is None or token.start > end:
            pieces += (data[start:end], _between(data, before, token, licences, rules))
            licences = b""
            start = token.start
        before, end = token, token.end
    pieces += (data[start:end], _between(data, before, None, licences, rules))
    return b"".join(pieces).decode("utf-8")


class _Token(NamedTuple):
    """A leaf, a whole literal or a comment: its span in bytes, and its place in the tree as the grammar's numbers."""

    start: int
    end: int
    kind: int
    parent: int
    grandparent: int


_TOP = -1
"""The number of the whole text, and of what would be above it."""


def _tokens(data: bytes, rules: _Rules) -> Iterator[_Token]:
    tree = parse(data)
    if tree.root_node.has_error:
        raise Refused("the script does not parse")
    whole, refused = rules.whole, rules.refused
    stack = [_TOP, _TOP]
    cursor = tree.walk()
    down, right, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
    more = down()
    while more:
        node = cursor.node
        if node is None or (kind := node.kind_id) in refused:
            raise Refused("the script has an HTML-like comment, which is none in a module")
        if kind not in whole and down():
            stack.append(kind)
            continue
        yield _Token(node.start_byte, node.end_byte, kind, stack[-1], stack[-2])
        while not (more := right()) and (more := up()):
            stack.pop()


# --- what stands between two tokens ----------------------------------------------------------------------

_NEWLINE = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")  # ECMA-262, section 12.3
_COMMENT = re.compile(rb"/\*.*?\*/|//(?:(?!\xe2\x80[\xa8\xa9])[^\n\r])*", re.DOTALL)
_COMMENT_OR_SPACE = re.compile(_COMMENT.pattern + rb"|[^/]+", re.DOTALL)
_GOING_ON = re.compile(rb"[`*<\[(/;+-]|in(?:stanceof)?[^A-Za-z]")
"""Beginnings of tokens that can continue a statement on another line."""
_IN_WORD = frozenset(rb"$0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\_abcdefghijklmnopqrstuvwxyz" + bytes(range(128, 256)))
_HAZARDS = frozenset(map(tuple, (b"++", b"--", b"//", b"/*", b"</", b"<!", b"!-", b"->", b"..", b"?.")))
"""Last and first bytes of tokens that side by side could be read as another token, a comment (ECMA-262, section 12.4
and annex B.1.1) or a tag."""


def _between(data: bytes, before: _Token | None, after: _Token | None, licences: bytes, rules: _Rules) -> bytes:
    """The least that may stand where the text has white space or comments; None is the start or end of the text."""
    if before is None or (after is None and not licences):
        return licences
    if before.kind in rules.hashbang:
        return b"\n" + licences
    gap = data[before.end : len(data) if after is None else after.start]
    between = licences
    if after is not None:
        if gap != b" " and _NEWLINE.search(gap) and _newline_matters(before, after, rules):
            between = _line_end(data, gap, after, licences)
        elif licences and before.kind in rules.ends and _NEWLINE.search(licences):
            between = _emptied(gap, keep_licences=True)
        elif _must_part(data, before, after, rules) and (not licences or before.kind in rules.open_ended):
            between = licences + (_bare_line_end(gap) or b" ")
    return b" " + between if between.startswith(b"/") and data[before.end - 1] in b"/<" else between


def _line_end(data: bytes, gap: bytes, after: _Token, licences: bytes) -> bytes:
    """`licences` with a line end that browsers and the parser take as they take that of `gap`.

    The parser knows no lone carriage return, and comments keep it from seeing that a statement goes on, or have it see
    that where there is nothing. The trees must be equal all the same; so comments stay, empty, where they could tell.
    """
    line_end = _bare_line_end(gap)
    if b"/" in gap and (line_end != b"\n" or _GOING_ON.match(data, after.start)):
        return _emptied(gap, keep_licences=bool(licences))
    return line_end + licences


def _emptied(gap: bytes, *, keep_licences: bool) -> bytes:
    """`gap` with comments and white space as short as can be, each in its place."""

    def shortest(piece: re.Match[bytes]) -> bytes:
        text = piece[0]
        if not text.startswith(b"/"):
            return _bare_line_end(text) or b" "
        if keep_licences and text.startswith(b"/*!"):
            return text
        return b"//" if text.startswith(b"//") else b"/*\n*/" if _NEWLINE.search(text) else b"/**/"

    return _COMMENT_OR_SPACE.sub(shortest, gap).lstrip(b" ")


def _bare_line_end(gap: bytes) -> bytes:
    """The line end of `gap` that is in no comment, if there is one; a lone carriage return stays one."""
    bare = _COMMENT.sub(b"", gap) if b"/" in gap else gap
    found = _NEWLINE.search(bare)
    return b"" if found is None else b"\r" if found[0] == b"\r" and b"\n" not in bare else b"\n"


def _must_part(data: bytes, before: _Token, after: _Token, rules: _Rules) -> bool:
    """Whether two tokens that the text parts could be read otherwise side by side, by a browser or a plain tool."""
    if before.parent in rules.jsx or after.parent in rules.jsx:
        return True
    last, first = data[before.end - 1], data[after.start]
    if first in _IN_WORD:
        return last in _IN_WORD or before.kind in rules.open_ended
    return (last, first) in _HAZARDS or (first in b"." and before.kind in rules.open_ended)


# --- where line ends matter ------------------------------------------------------------------------------


def _newline_matters(before: _Token, after: _Token, rules: _Rules) -> bool:
    """Whether a line end here may end a statement or a class member, or be forbidden (ECMA-262, section 12.10)."""
    if after.kind in rules.arrow or before.parent in rules.jsx or after.parent in rules.jsx:
        return True
    return (
        before.kind in rules.ends
        and (after.kind in rules.begins or after[2:4] in rules.beginning)
        and before[2:4] not in rules.closing
        and before[2:5] not in rules.closing_in
        and after[2:4] not in rules.continuing
    )


_ENDS = frozenset((")", "]", "}", "++", "--", "`"))
_BEGINS = frozenset("`([{+-!~/#@<*")
"""The punctuators that can end or begin a statement or a class member, the latter by their first characters."""

_OPERATORS = "in instanceof"
_OPEN_WORDS = """case catch class const default delete do else export extends finally for function if import in
instanceof new switch try typeof var void while with"""
"""Keywords that end nothing, and before whose next token no production forbids a line end."""

_CLOSING = {
    ")": "catch_clause for_in_statement for_statement formal_parameters",
    "}": "named_imports switch_body",
}
"""Brackets after which there is no statement to end, by what they belong to."""

_CLOSING_IN = {
    (")", "parenthesized_expression"): "if_statement switch_statement while_statement with_statement",
    ("}", "class_body"): "class_declaration",
    ("}", "statement_block"): """catch_clause class_static_block else_clause finally_clause for_in_statement
        for_statement function_declaration generator_function_declaration if_statement labeled_statement
        method_definition statement_block switch_case switch_default try_statement while_statement with_statement""",
}
"""The same where only the grandparent tells: the header of a statement, the end of a block and not of an expression."""

_CONTINUING = {"*": "binary_expression", "<": "binary_expression", "{": "class_body switch_body"}
_BEGINNING = {";": "empty_statement"}
"""Tokens that could begin something, but do not where they belong to this; and the other way round."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """The above as numbers of kinds. Each field is a set of kinds, or of a kind with its parent and grandparent."""

    comments: frozenset[int]
    refused: frozenset[int]
    hashbang: frozenset[int]
    whole: frozenset[int]
    """Literals whose parts are of no concern."""
    open_ended: frozenset[int]
    """Literals whose last character does not tell that they end: `1.`, `/x/`."""
    jsx: frozenset[int]
    arrow: frozenset[int]
    ends: frozenset[int]
    """What can end an expression, a statement or a class member."""
    begins: frozenset[int]
    """What can begin a statement or a class member, or must not stand on another line than what is before."""
    closing: frozenset[tuple[int, ...]]
    closing_in: frozenset[tuple[int, ...]]
    continuing: frozenset[tuple[int, ...]]
    beginning: frozenset[tuple[int, ...]]


@functools.cache
def _rules() -> _Rules:
    grammar = language()
    kinds: dict[str, list[int]] = {}
    ends, begins, operators, open_words = set(), set(), _OPERATORS.split(), _OPEN_WORDS.split()
    for kind in range(grammar.node_kind_count):
        name = grammar.node_kind_for_id(kind) or ""
        kinds.setdefault(name, []).append(kind)
        anonymous = not grammar.node_kind_is_named(kind)
        word = anonymous and name.isalpha()
        if not anonymous or name in _ENDS or (word and name not in open_words):
            ends.add(kind)
        if name != "optional_chain" and (not anonymous or name[:1] in _BEGINS or (word and name not in operators)):
            begins.add(kind)

    def of(*names: str) -> frozenset[int]:
        return frozenset(kind for name in names for kind in kinds.get(name, ()))

    def placed(table: Mapping[str, str]) -> frozenset[tuple[int, ...]]:
        return frozenset(pair for name, parents in table.items() for pair in product(of(name), of(*parents.split())))

    return _Rules(
        comments=of("comment"),
        refused=of("html_comment"),
        hashbang=of("hash_bang_line"),
        whole=of("string", "regex"),
        open_ended=of("number", "regex"),
        jsx=of(*(name for name in kinds if name.startswith("jsx_"))),
        arrow=of("=>"),
        ends=frozenset(ends),
        begins=frozenset(begins),
        closing=placed(_CLOSING),
        closing_in=frozenset(
            (kind, parent, grandparent)
            for (bracket, around), names in _CLOSING_IN.items()
            for kind, parent, grandparent in product(of(bracket), of(around), (*of(*names.split()), _TOP))
        ),
        continuing=placed(_CONTINUING),
        beginning=placed(_BEGINNING),
    )
