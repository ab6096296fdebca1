"""Proves without parsing that two scripts differ in nothing but comments and white space without meaning.

Compares what is left of each when comments, the spaces that part no tokens and the line ends that no statement can end
at are gone. Where a lexer alone does not know what is code, nothing is proven here: `prove_js` parses then. Knows
nothing of minifiers.
"""

from __future__ import annotations

import re

from assetbuild.build.js_lexemes import Code, is_unusual, left_open, lex

_NEWLINE = re.compile(r"[\n\r\u2028\u2029]")

# ECMA-262, section 12.10: a semicolon is inserted at a line end before a token that the grammar does not allow there,
# and after some words. No statement ends before an operator that cannot begin one, or behind one that wants an operand.
_MEANINGLESS = re.compile(
    r"\n(?:(?<=[,;(\[{:?=&|*%^~!<>/\x04\x05]\n)|(?<=[^+]\+\n)|(?<=[^-]-\n)|(?<=[^0-9.]\.\n)|(?<=\.\.\.\n)"
    r"|(?=[)\]},:?&|%^<>\x05\x06]|=(?!>)|!=|\.(?![0-9]))"
    r"|(?<!return\n)(?<!break\n)(?<!continue\n)(?<!throw\n)(?<!yield\n)(?=;))"
)
_BEFORE_DOT = re.compile(r" (?=\.)")
_NAME_LAST = re.compile(r"(?<![\w$])(?<![0-9]\.)(?:[^\W\d]|\$)[\w$]*+\Z")
_NAME_LENGTH = 64

# A space that parts no tokens: without it, its neighbours are no other tokens (ECMA-262, section 12.8).
_BETWEEN = re.compile(
    r" (?!(?<=[\w$] )[\w$.])(?!(?<=\. )[.0-9])(?!(?<=[0-9]\. )[\w$])"
    r"(?!(?<=[0-9][eE] )[+\-])(?!(?<=[0-9]\.[eE] )[+\-])"
    r"(?!(?<=[0-9][eE][+\-] )[0-9])(?!(?<=[0-9]\.[eE][+\-] )[0-9])(?!(?<=# ))"
    r"(?!(?<=[=!<>*/%&|^?] )=)(?!(?<=[^+]\+ )=)(?!(?<=[^-]- )=)"
    r"(?!(?<=[=>] )>)(?!(?<=- )>(?<![\w$)\]]-- >))(?!(?<=< )[<!])"
    r"(?!(?<=\+ )\+)(?!(?<=- )-)(?!(?<=\* )\*)(?!(?<=& )&)(?!(?<=\| )\|)(?!(?<=\? )[?.])(?!(?<=/ )[/*\x02])"
)

_STAND_INS = {"'": "\x01", '"': "\x01", "/": "\x02", "`": "\x03"}


def same(before: str, after: str) -> bool:
    """Whether it is certain; False where parsing may still tell."""
    one, other = (None if text.startswith("#!") else lex(text) for text in (before, after))
    if one is None or other is None or is_unusual(one.text) or is_unusual(other.text) or left_open(one.text):
        return False
    if _kept(before, one) != _kept(after, other):
        return False
    return _packed(_flat(before, one)) == _packed(_flat(after, other))


def _kept(text: str, code: Code) -> list[str]:
    """The strings, templates and regular expressions, as written."""
    return [text[start:end] for start, end, sign in code.lexemes if sign != "*"]


def _flat(text: str, code: Code) -> str:
    """The code, with one character for each lexeme: for a comment a space, or a line end where it holds one."""
    pieces: list[str] = []
    at = 0
    for start, end, sign in code.lexemes:
        pieces.append(text[at:start])
        if sign == "*":
            pieces.append("\n" if _NEWLINE.search(text, start, end) else " ")
        elif text[start] == "}":
            pieces.append("\x05" if sign == "{" else "\x06")
        else:
            pieces.append("\x04" if sign == "{" else _STAND_INS[sign])
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _packed(flat: str) -> str:
    lines = (" ".join(line.split()) for line in flat.splitlines())
    needed = _MEANINGLESS.sub(" ", "\n".join(filter(None, lines)))
    return _BETWEEN.sub("", _BEFORE_DOT.sub(_unless_behind_number, needed))


def _unless_behind_number(space: re.Match[str]) -> str:
    """`a .b` is `a.b`; but `1 .b` is not `1.b`."""
    end = space.start()
    return "" if _NAME_LAST.search(space.string, max(0, end - _NAME_LENGTH), end) else " "
