"""Reads JavaScript: which assets a script names and where, whether it is a module, whether it parses.

A real parser (tree-sitter) decides what is code, so imports in comments, strings and templates are none. Knows no
files and resolves nothing. The parser is imported on first use: a project without JavaScript does not pay for it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.build.js_tree import Characters, encode, first_error, language, parse
from assetbuild.build.model import Reference, RefKind
from assetbuild.build.urls import is_local, split_suffix

if TYPE_CHECKING:
    from tree_sitter import Node, Query


@dataclass(frozen=True, slots=True)
class Bare:
    """A specifier that only an import map can resolve. `start` and `end` delimit it, without the quotes."""

    specifier: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Script:
    """What a script says about itself. All offsets count characters.

    `references`, `bare` and `computed` (an `import(expr)` that cannot be known) are empty where `error` is set: what a
    text that does not parse means is anybody's guess. `module_syntax` is the first thing that only a module may hold,
    `error` the first place that does not parse. `strict_at` spans the quoted 'use strict' of the script's own directive
    prologue, `map_comments` every source-map comment, local or not. `hashbang_end` is where the line `#!...` ends.
    `blank`: there is no code, only comments and white space.
    """

    references: tuple[Reference, ...] = ()
    bare: tuple[Bare, ...] = ()
    computed: tuple[int, ...] = ()
    module_syntax: int | None = None
    error: int | None = None
    strict_at: tuple[int, int] | None = None
    map_comments: tuple[tuple[int, int], ...] = ()
    hashbang_end: int = 0
    blank: bool = False

    @property
    def module(self) -> bool:
        """Whether the text is an ES module by its syntax; a text without imports and exports may be loaded as one."""
        return self.module_syntax is not None

    @property
    def strict(self) -> bool:
        """Whether the script's own directive prologue has 'use strict'."""
        return self.strict_at is not None


# --- the query --------------------------------------------------------------------------------------------

_QUERY = """
(import_statement) @module
(export_statement) @module
(import_statement source: (string) @static)
(export_statement source: (string) @static)
(call_expression function: (import) arguments: (arguments)) @dynamic
(new_expression constructor: (identifier) @class (#eq? @class "URL") arguments: (arguments)) @url
(meta_property "import") @module
(await_expression) @await
(for_in_statement "await") @await
"""


@functools.cache
def _query() -> Query:
    import tree_sitter

    return tree_sitter.Query(language(), _QUERY)


# --- strings ---------------------------------------------------------------------------------------------

_PIECE = re.compile(
    r"\\(?:u\{(?P<long>[0-9a-fA-F]+)\}|(?:u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2}))"
    r"|(?P<octal>[0-3][0-7]{0,2}|[4-7][0-7]?)|(?P<newline>\r\n|[\n\r\u2028\u2029])|(?P<char>.))|[^\\]",
    re.DOTALL,
)
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _pieces(raw: str) -> Iterator[tuple[str, int]]:
    """Each character that `raw` stands for, with where its spelling ends (ECMA-262, section 12.9.4)."""
    for piece in _PIECE.finditer(raw):
        group, value = piece.lastgroup, piece[0]
        if group is not None:
            value = piece[group]
            if group in ("long", "four", "two"):
                code = int(value, 16)
                value = chr(code) if code <= 0x10FFFF else ""
            elif group == "octal":
                value = chr(int(value, 8))
            elif group == "newline":
                value = ""
            else:
                value = _SIMPLE.get(value, value)
        yield value, piece.end()


def _unescape(raw: str) -> tuple[str, int]:
    """The value of a string's inside, and the length of the spelling of its path: what stands before `?` or `#`."""
    if "\\" not in raw:
        return raw, len(split_suffix(raw)[0])
    value, cut, before = "", -1, 0
    for piece, end in _pieces(raw):
        if cut < 0 and piece in ("?", "#"):
            cut = before
        value += piece
        before = end
    # two \uXXXX escapes may spell the halves of one character
    value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value, cut if cut >= 0 else len(raw)


# --- reading ---------------------------------------------------------------------------------------------


def read(text: str) -> Script:
    """Everything that the build wants to know of a script, from one parse."""
    data = encode(text)
    root = parse(data).root_node
    at = Characters(data, len(text))
    error = first_error(root) if root.has_error else None
    hashbang, strict = _head(root, data)
    spans = _map_comments(root, text, at) if "sourceMappingURL" in text else ()
    found = _Found(text, at)
    if _WORTH_A_QUERY.search(text):
        found.collect(root)
    if error is None and spans:
        found.source_map(spans[-1])
    keep = error is None
    return Script(
        references=tuple(sorted(found.references, key=lambda reference: reference.start)) if keep else (),
        bare=tuple(sorted(found.bare, key=lambda bare: bare.start)) if keep else (),
        computed=tuple(sorted(found.computed)) if keep else (),
        module_syntax=None if found.module is None else at(found.module),
        error=None if error is None else at(error),
        strict_at=None if strict is None else (at(strict[0]), at(strict[1])),
        map_comments=spans,
        hashbang_end=at(hashbang),
        blank=_is_blank(root),
    )


_SILENT = frozenset({"comment", "hash_bang_line", "html_comment"})
_WORTH_A_QUERY = re.compile(r"\b(?:import|export|await)\b")


def _head(root: Node, data: bytes) -> tuple[int, tuple[int, int] | None]:
    """The end of the hashbang line, and the span of 'use strict' in the directive prologue (ECMA-262, 11.2.1)."""
    hashbang = 0
    if data.startswith((b"#!", b"\xef\xbb\xbf#!")):
        line = re.match(rb"(?:(?!\xe2\x80[\xa8\xa9])[^\r\n])*", data)
        hashbang = line.end() if line else 0
    if b"use strict" not in data:
        return hashbang, None
    cursor = root.walk()
    more = cursor.goto_first_child()
    while more:
        node = cursor.node
        if node is not None and node.type not in _SILENT:
            first = node.child(0) if node.type == "expression_statement" else None
            if first is None or first.type != "string":
                break
            if data[first.start_byte + 1 : first.end_byte - 1] == b"use strict":
                return hashbang, (first.start_byte, first.end_byte)
        more = cursor.goto_next_sibling()
    return hashbang, None


def _is_blank(root: Node) -> bool:
    cursor = root.walk()
    more = cursor.goto_first_child()
    while more:
        if cursor.node is None or cursor.node.type not in _SILENT:
            return False
        more = cursor.goto_next_sibling()
    return not root.is_error


_MAP_COMMENT_START = re.compile(r"(?://[#@][ \t]*|/\*[#@]\s*)sourceMappingURL=")
_MAP_COMMENT = re.compile(
    r"//[#@][ \t]*sourceMappingURL=[ \t]*(?P<line>[^\s'\"]*)[^\S\r\n\u2028\u2029]*(?=[\r\n\u2028\u2029]|\Z)"
    r"|/\*[#@]\s*sourceMappingURL=\s*(?P<block>(?:(?!\*/)[^\s'\"])*)\s*\*/"
)


def _map_comments(root: Node, text: str, at: Characters) -> tuple[tuple[int, int], ...]:
    """The spans of the real comments that name a source map (ECMA-426, section 11.1.2.1)."""
    spans: list[tuple[int, int]] = []
    counted, offset = 0, 0
    for found in _MAP_COMMENT_START.finditer(text):
        start = found.start()
        offset += len(encode(text[counted:start]))
        counted = start
        node = root.descendant_for_byte_range(offset, offset + 2)
        if node is None or node.type != "comment" or node.start_byte != offset:
            continue
        if _MAP_COMMENT.match(text, start):  # asked here only, lest the same text be gone through many times
            spans.append((start, at(node.end_byte)))
    return tuple(spans)


_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "class_static_block",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)


class _Found:
    """Collects what one text names; spans are characters, `module` is bytes."""

    def __init__(self, text: str, at: Characters) -> None:
        self.text = text
        self.at = at
        self.references: list[Reference] = []
        self.bare: list[Bare] = []
        self.computed: list[int] = []
        self.module: int | None = None

    def collect(self, root: Node) -> None:
        import tree_sitter

        captures = tree_sitter.QueryCursor(_query()).captures(root)
        starts = [node.start_byte for node in captures.get("module", ())]
        awaits = captures.get("await", ())
        if awaits:
            starts.extend(_top_level(root, [node.start_byte for node in awaits]))
        self.module = min(starts, default=None)
        for node in captures.get("static", ()):
            self._specifier(node, RefKind.JS_IMPORT)
        for node in captures.get("dynamic", ()):
            arguments = _arguments(node)
            first = arguments[0] if arguments else None
            if first is not None and _is_literal(first):
                self._specifier(first, RefKind.JS_DYNAMIC)
            else:
                self.computed.append(self.at(node.start_byte))
        for node in captures.get("url", ()):
            self._new_url(node)

    def source_map(self, span: tuple[int, int]) -> None:
        found = _MAP_COMMENT.match(self.text, span[0])
        if found is None or found.lastgroup is None or not is_local(found[found.lastgroup]):
            return
        start = found.start(found.lastgroup)
        path = split_suffix(found[found.lastgroup])[0]
        self.references.append(Reference(RefKind.SOURCE_MAP, start, start + len(path), path, *span))

    def _inside(self, literal: Node) -> tuple[int, int, str, int]:
        start, end = self.at(literal.start_byte) + 1, self.at(literal.end_byte) - 1
        return start, end, *_unescape(self.text[start:end])

    def _specifier(self, literal: Node, kind: RefKind) -> None:
        start, end, value, cut = self._inside(literal)
        # HTML, "resolve a module specifier": only these beginnings are relative; all else is a URL or bare
        if value.startswith(("./", "../", "/")):
            if is_local(value):
                self._refer(kind, start, value, cut, end)
        elif is_local(value) or not split_suffix(value)[0]:
            self.bare.append(Bare(value, start, end))

    def _new_url(self, node: Node) -> None:
        arguments = _arguments(node)
        if len(arguments) != 2 or not _is_import_meta_url(arguments[1]):
            return
        first = arguments[0]
        if _is_literal(first):
            start, end, value, cut = self._inside(first)
            path = split_suffix(value)[0]
            # a folder (`new URL(".", import.meta.url)`) is a base for other URLs, not an asset
            if is_local(value) and path.rsplit("/", 1)[-1] not in ("", ".", ".."):
                self._refer(RefKind.JS_URL, start, value, cut, end)
        elif _begins_relative(first):
            self.computed.append(self.at(node.start_byte))

    def _refer(self, kind: RefKind, start: int, value: str, cut: int, end: int) -> None:
        path = split_suffix(value)[0]
        self.references.append(Reference(kind, start, start + cut, path, start - 1, end + 1))


def _arguments(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    return [child for child in arguments.named_children if child.type != "comment"] if arguments is not None else []


def _is_literal(node: Node) -> bool:
    """A string, or a template without substitutions."""
    if node.type == "template_string":
        return all(child.type != "template_substitution" for child in node.named_children)
    return node.type == "string"


def _is_import_meta_url(node: Node) -> bool:
    if node.type != "member_expression":
        return False
    target, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    if target is None or name is None or target.type != "meta_property" or name.text != b"url":
        return False
    return (target.text or b"").startswith(b"import")  # and not `new.target`


def _begins_relative(node: Node) -> bool:
    """Whether a computed URL is clearly meant as a neighbour: a concatenation or template that begins with `./`."""
    while node.type == "binary_expression":
        left = node.child_by_field_name("left")
        if left is None:
            return False
        node = left
    return node.type in ("string", "template_string") and (node.text or b"")[1:].startswith((b"./", b"../"))


def _top_level(root: Node, starts: list[int]) -> Iterator[int]:
    """Those of the `await`s that stand in no function: with one of them the text can only be a module."""
    cursor = root.walk()
    passed = 0
    for start in sorted(starts):
        if start < passed:
            continue
        cursor.reset(root)
        while cursor.goto_first_child_for_byte(start) is not None:
            node = cursor.node
            if node is None or node.start_byte >= start:
                yield start
                return
            if node.type in _FUNCTIONS:
                passed = node.end_byte
                break
