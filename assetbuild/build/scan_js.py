"""Reads JavaScript: whether it parses, whether it is a module, its head and its source-map comments, what it names.

A real parser (tree-sitter) decides what is code, so imports in comments, strings and templates are none. Knows no
files and resolves nothing; what counts as naming an asset is `js_references.py`'s. The parser is imported on first
use: a project without JavaScript does not pay for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.build import js_early, js_references, skim_js
from assetbuild.build.js_early import Early, first_early_error
from assetbuild.build.js_references import Bare, PageUrl, find
from assetbuild.build.js_tree import Characters, captures, encode, first_error, parse, parse_script
from assetbuild.build.model import Reference, RefKind
from assetbuild.build.urls import is_local, split_suffix

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Script:
    """What a script says about itself. All offsets count characters.

    `references`, `bare` and `computed` (an `import(expr)` that cannot be known) are empty where `error` is set: what a
    text that does not parse means is anybody's guess. `module_syntax` is the first thing that only a module may hold,
    `error` the first place that does not parse, `reason` why in words, where known. `page_urls` are URLs of workers
    that a browser resolves against the page. `strict_at` spans the quoted 'use strict' of the script's own directive
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
    reason: str = ""
    page_urls: tuple[PageUrl, ...] = ()

    @property
    def module(self) -> bool:
        """Whether the text is an ES module by its syntax; a text without imports and exports may be loaded as one."""
        return self.module_syntax is not None

    @property
    def strict(self) -> bool:
        """Whether the script's own directive prologue has 'use strict'."""
        return self.strict_at is not None


_PATTERNS = (*js_references.PATTERNS.items(), *js_early.PATTERNS.items())


# --- reading ---------------------------------------------------------------------------------------------


def read(text: str) -> Script:
    """Everything that the build wants to know of a script, from one parse."""
    data = encode(text)
    root = parse_script(data).root_node
    at = Characters(data, len(text))
    hashbang, strict = _head(root, data)
    spans = _map_comments(root, text, at) if "sourceMappingURL" in text else ()
    captured = captures(root, "".join(patterns for word, patterns in _PATTERNS if word in text))
    found = find(root, captured, text, at)
    error = _first_error(root, data, hashbang, captured)
    references = [*found.references, *_source_map(text, spans[-1])] if spans else found.references
    keep = error is None
    return Script(
        references=tuple(sorted(references, key=lambda reference: reference.start)) if keep else (),
        bare=tuple(sorted(found.bare, key=lambda bare: bare.start)) if keep else (),
        computed=tuple(sorted(found.computed)) if keep else (),
        module_syntax=None if found.module is None else at(found.module),
        error=None if error is None else at(error.start),
        strict_at=None if strict is None else (at(strict[0]), at(strict[1])),
        map_comments=spans,
        hashbang_end=at(hashbang),
        blank=_is_blank(root),
        reason="" if error is None else error.reason,
        page_urls=tuple(sorted(found.page_urls, key=lambda url: url.start)) if keep else (),
    )


def skim(text: str) -> Script:
    """What a script names, and not whether it parses: where that can be told without parsing, `error` is None."""
    found = skim_js.skim(text)
    if found is None:
        return read(text)
    maps = tuple(
        span for span in found.comments if _MAP_COMMENT_START.match(text, span[0]) and _MAP_COMMENT.match(text, span[0])
    )
    references = [*found.references, *_source_map(text, maps[-1])] if maps else found.references
    return Script(
        references=tuple(sorted(references, key=lambda reference: reference.start)),
        bare=found.bare,
        module_syntax=found.module_syntax,
        strict_at=found.strict_at,
        map_comments=maps,
        blank=found.blank,
    )


def _first_error(root: Node, data: bytes, hashbang: int, captured: Mapping[str, Sequence[Node]]) -> Early | None:
    """The first place that does not parse; where all does, the first early error."""
    module = "module" in captured
    if module and not root.has_error:
        root = parse(data).root_node  # without the comments that only classic scripts have
    start = first_error(root) if root.has_error else _misread_hashbang(root, data, hashbang)
    return first_early_error(root, data, captured, module=module) if start is None else Early(start, "")


_SILENT = frozenset({"comment", "hash_bang_line", "html_comment"})


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


def _misread_hashbang(root: Node, data: bytes, end: int) -> int | None:
    """Where the parser takes something for a hashbang line, or for a part of it, that is none; `end` is where it ends.

    The parser has it end at a line feed only, and stand after white space and comments too (ECMA-262, section 12.5).
    """
    cursor = root.walk()
    more = b"#!" in data and cursor.goto_first_child()
    while more and (node := cursor.node) is not None:
        if node.type == "hash_bang_line":
            if not end:
                return node.start_byte
            return None if data[end : node.end_byte] in (b"", b"\r") else end
        more = node.type in _SILENT and cursor.goto_next_sibling()
    return None


def _is_blank(root: Node) -> bool:
    cursor = root.walk()
    more = cursor.goto_first_child()
    while more:
        if cursor.node is None or cursor.node.type not in _SILENT:
            return False
        more = cursor.goto_next_sibling()
    return not root.is_error


_MAP_COMMENT_START = re.compile(r"(?://[#@][ \t]*+|/\*[#@]\s*+)sourceMappingURL=")
_MAP_COMMENT = re.compile(
    r"//[#@][ \t]*+sourceMappingURL=[ \t]*+(?P<line>[^\s'\"]*+)[^\S\r\n\u2028\u2029]*+(?=[\r\n\u2028\u2029]|\Z)"
    r"|/\*[#@]\s*+sourceMappingURL=\s*+(?P<block>(?:(?!\*/)[^\s'\"])*+)\s*+\*/"
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


def _source_map(text: str, span: tuple[int, int]) -> tuple[Reference, ...]:
    found = _MAP_COMMENT.match(text, span[0])
    if found is None or found.lastgroup is None or not is_local(found[found.lastgroup]):
        return ()
    start = found.start(found.lastgroup)
    path = split_suffix(found[found.lastgroup])[0]
    return (Reference(RefKind.SOURCE_MAP, start, start + len(path), path, *span),)
