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
    stand_in = rf'"{mark}w([0-9]+)"|"{mark}h([0-9]+)"\(|\)"{mark}m([0-9]+)"\(|\)"{mark}t([0-9]+)"'
    for found in re.finditer(stand_in, result):
        if found[found.lastindex or 0] != str(number):
            return None
        before, literal = result[at : found.start()], literals[number]
        if literal[0] == "/" and before.endswith(("/", "<")):
            literal = f" {literal}"
        at = found.end()
        if literal.lstrip()[0] == "/" and _IN_WORD.match(result, at):
            literal += " "  # what follows would be flags
        pieces += (before, literal)
        number += 1
    pieces.append(result[at:])
    return "".join(pieces) if number == len(literals) else None
