"""Where the parser and browsers may read a script otherwise: there its tree proves nothing.

The parser accepts more than ECMAScript does, and takes for a name what is none where nothing else fits. Knows one text
at a time, and errs on the side of doubt.
"""

from __future__ import annotations

import re

from assetbuild.build.js_flat import NEWLINE, Flat, kinds_of
from assetbuild.build.js_tree import RESERVED

_NO_NAMES = RESERVED | {b"yield"}
"""Names that nothing has but exports; where nothing else fits, the parser takes these words for one."""

_EXPORTS = ("export_specifier", "import_specifier", "namespace_export")

_WORD = re.compile(rb"[\w$\\\x80-\xff]")
_SPACE = re.compile(
    rb"(?:[\t\n\v\f\r ]|\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)*"
)  # ECMA-262, sections 12.2 and 12.3


_NAMES = ("identifier", "shorthand_property_identifier", "statement_identifier")

_JSX = ("jsx_element", "jsx_self_closing_element")
"""No ECMAScript, and comments are none between its tags."""

_EXPRESSIONS = ("class", "function_expression", "generator_function", "object", "object_pattern")
"""What begins like a declaration or a block."""

_GENERATORS = ("generator_function", "generator_function_declaration")

_NO_GENERATORS = (
    "arrow_function",
    "class_static_block",
    "computed_property_name",  # of a method it belongs to what is around the method; in doubt none
    "function_declaration",
    "function_expression",
    "method_definition",  # until its `*` is met
)


def has_doubtful_text(data: bytes, flat: Flat) -> bool:
    """Whether the parser and browsers may differ on where tokens begin and end, or on what is a comment."""
    if not all(map(_SPACE.fullmatch, set(flat.gaps))):
        return True  # the parser skipped what is no white space in ECMAScript
    flags = kinds_of("regex_flags")
    if any(gap and kind in flags for kind, gap in zip(flat.leaf_kinds, flat.gaps, strict=False)):
        return True  # a word that stands apart from the regular expression, behind a comment
    return _has_doubtful_punctuator(data, flat)


def has_doubtful_tree(flat: Flat) -> bool:
    """Whether the parser and browsers may differ on what the tokens are, however they are spaced."""
    words = set(flat.texts)
    return (
        _has_doubtful_name(flat)
        or (b"await" in words and _has_doubtful_await(flat))
        or (b"yield" in words and _has_doubtful_yield(flat))
        or _has_doubtful_statement(flat)
        or not kinds_of(*_JSX).isdisjoint(flat.kinds)
        or (b"=>" in words and _has_doubtful_body(flat))
    )


def _has_doubtful_name(flat: Flat) -> bool:
    names, exports = kinds_of(*_NAMES), kinds_of(*_EXPORTS)
    return any(
        text in _NO_NAMES and kind in names and flat.kinds[flat.parent(leaf)] not in exports
        for leaf, (kind, text) in enumerate(zip(flat.leaf_kinds, flat.texts, strict=True))
    )


def _has_doubtful_await(flat: Flat) -> bool:
    """Whether what stands behind an `await` that the parser takes for a name could, where it is none, begin a regular
    expression or an object."""
    names, exports = kinds_of(*_NAMES), kinds_of(*_EXPORTS)
    return any(
        text == b"await" and kind in names and after != b"(" and flat.kinds[flat.parent(leaf)] not in exports
        for leaf, (text, kind, after) in enumerate(zip(flat.texts, flat.leaf_kinds, flat.texts[1:], strict=False))
    )


def _has_doubtful_yield(flat: Flat) -> bool:
    """Whether a `yield` outside generators is no name to the parser: behind one a slash divides (ECMA-262, 13.1)."""
    keyword, generators, others = kinds_of("yield"), kinds_of(*_GENERATORS), kinds_of(*_NO_GENERATORS)
    methods = kinds_of("method_definition")
    stars: set[int] = set()  # the methods whose `*` was met
    for leaf, (kind, text) in enumerate(zip(flat.leaf_kinds, flat.texts, strict=True)):
        if text == b"*" and flat.kinds[flat.parent(leaf)] in methods:
            stars.add(flat.parent(leaf))
        elif kind in keyword:
            around = flat.parent(leaf)
            while around and flat.kinds[around] not in generators and flat.kinds[around] not in others:
                around = flat.parents[around]
            if flat.kinds[around] not in generators and around not in stars:
                return True
    return False


def _has_doubtful_statement(flat: Flat) -> bool:
    """Whether a statement begins with what a browser takes for a declaration or a block (ECMA-262, section 14.5)."""
    kinds, parents = flat.kinds, flat.parents
    statement, expression = kinds_of("expression_statement"), kinds_of(*_EXPRESSIONS)
    for node in [node for node, kind in enumerate(kinds) if kind in statement]:
        first = node
        while first + 1 < len(parents) and parents[first + 1] == first:
            first += 1
        if kinds[parents[first]] in expression:
            return True
    return False


def _has_doubtful_body(flat: Flat) -> bool:
    """Whether an object is the body of an arrow function, which a browser takes for a block (ECMA-262, 15.3)."""
    expression = kinds_of(*_EXPRESSIONS)
    return any(
        text == b"=>" and flat.texts[leaf] == b"{" and flat.kinds[flat.parent(leaf)] in expression
        for leaf, text in enumerate(flat.texts[:-1], 1)
    )


def _has_doubtful_punctuator(data: bytes, flat: Flat) -> bool:
    delicate, divisions = kinds_of("hash_bang_line", "html_comment", "number", "--", "/"), kinds_of("binary_expression")
    for leaf in [leaf for leaf, kind in enumerate(flat.leaf_kinds) if kind in delicate]:
        text, end = flat.texts[leaf], flat.ends[leaf]
        if text == b"--":
            # comments in classic scripts, operators in modules (ECMA-262, annex B.1.1)
            if data[end - 4 : end - 2] == b"<!" or (data[end : end + 1] == b">" and _begins_line(flat, leaf)):
                return True
        elif text == b"/":
            # after the body of an arrow function a line end inserts a semicolon, and this begins a regular expression
            if flat.kinds[flat.parent(leaf)] in divisions and flat.texts[leaf - 1] == b"}" and _begins_line(flat, leaf):
                return True
        elif text[0] in b"0123456789.":
            # what follows a number must not look like a part of it (ECMA-262, section 12.9.3)
            if _WORD.match(data, end):
                return True
        elif end - len(text) not in (0, 3) or not text.startswith(b"#!"):  # 3: after a byte-order mark
            return True
    return False


def _begins_line(flat: Flat, leaf: int) -> bool:
    return leaf == 0 or NEWLINE.search(flat.gaps[leaf]) is not None
