"""Keeps from a minifier what of a script it may misread: strings stand in for templates and regular expressions.

Substitutions stand in parentheses between them. Nothing is proven here, and nothing needs to be true of the minifier:
where a stand-in is lost, it gets the script as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assetbuild.build.js_lexemes import Lexed, lex_once
from assetbuild.build.js_slashes import HEAD, MIDDLE, REGEX, TAIL, TEMPLATE

_MARKS = tuple(map(chr, range(1, 9)))
"""What stand-ins begin with: one that the script does not hold."""
_AROUND = {REGEX: ("", ""), TEMPLATE: ("", ""), HEAD: ("", "("), MIDDLE: (")", "("), TAIL: (")", "")}
_KINDS = {REGEX: "w", TEMPLATE: "w", HEAD: "h", MIDDLE: "m", TAIL: "t"}
_IN_WORD = re.compile(r"[\w$]")


def with_stand_ins(minify: Callable[[str], str]) -> Callable[[str], str]:
    """`minify`, given strings in the place of templates and regular expressions, where a lexer tells them."""

    def run(text: str) -> str:
        lexed, mark = lex_once(text), next((mark for mark in _MARKS if mark not in text), None)
        if lexed is None or mark is None:
            return minify(text)
        given, literals = _replaced(text, lexed, mark)
        restored = _restored(minify(given), literals, mark) if literals else None
        return minify(text) if restored is None else restored

    return run


def _replaced(text: str, lexed: Lexed, mark: str) -> tuple[str, list[str]]:
    pieces: list[str] = []
    literals: list[str] = []
    at = 0
    for start, end, sign in lexed.lexemes:
        if sign in _KINDS:
            first, last = _AROUND[sign]
            pieces += (text[at:start], f'{first}"{mark}{_KINDS[sign]}{len(literals)}"{last}')
            literals.append(text[start:end])
            at = end
    pieces.append(text[at:])
    return "".join(pieces), literals


def _restored(result: str, literals: list[str], mark: str) -> str | None:
    """`result` with each literal in its place again; None where one is missing, or not in its turn."""
    pieces: list[str] = []
    at = number = 0
    for found in re.finditer(rf'{mark}([whmt])([0-9]+)"(\(?)', result):
        kind, turn, opening = found.groups()
        before = result[at : found.start()]
        begun = ')"' if kind in "mt" else '"'
        if turn != str(number) or not before.endswith(begun) or (kind in "hm" and not opening):
            return None
        before, literal = before[: -len(begun)], literals[number]
        at = found.start(3) + (kind in "hm")
        if kind == "w" and literal[0] == "/":
            literal = _apart(before, literal, result[at : at + 1])
        pieces += (before, literal)
        number += 1
    pieces.append(result[at:])
    return "".join(pieces) if number == len(literals) else None


def _apart(before: str, regex: str, after: str) -> str:
    """The regular expression, with the spaces that keep it from being a comment, a tag or one with other flags."""
    return f"{' ' if before.endswith(('/', '<')) else ''}{regex}{' ' if _IN_WORD.match(after) else ''}"
