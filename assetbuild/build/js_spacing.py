"""Proves without parsing that two scripts differ in nothing but comments and white space without meaning.

Compares what is left of each when comments, the spaces that part no tokens and the line ends that no statement can end
at are gone. Where a lexer alone does not know what is code, nothing is proven here: `prove_js` parses then. Knows
nothing of minifiers.
"""

from __future__ import annotations

import re

from assetbuild.build.js_lexemes import Lexed, left_open, lex, lex_once
from assetbuild.build.js_slashes import LINE_END, SPACE

# ECMA-262, section 12.10: a semicolon is inserted at a line end before a token that the grammar does not allow there,
# and after some words. No statement ends before an operator that cannot begin one, or behind one that wants an operand.
_MEANINGFUL = re.compile(
    r"\n(?!(?<=[,;(\[{:?=&|*%^~!<>/\x04\x05]\n)|(?<=[^+]\+\n)|(?<=[^-]-\n)|(?<=[^0-9.]\.\n)|(?<=\.\.\.\n)"
    r"|(?<=[)\]]\n)/|[)\]},:?&|%^<>\x05\x06]|=(?!>)|!=|\.(?![0-9])"
    r"|(?<!return\n)(?<!break\n)(?<!continue\n)(?<!throw\n)(?<!yield\n);)"
)
_BEFORE_STAR = re.compile(r"\n(?=\*)")
_OPERAND = re.compile(r"[=(,?:+\-/%&|^<>!~.\[] ?(?!(?:async|yield)\Z)[\w$]++\Z")
"""A word that is no name of a class member: it stands behind an operator."""
_BRACE = re.compile(r"[{}]")
_AT_NUMBER = re.compile(r" (?=[.+\-])(?:(?=\.)|(?<=[0-9.][eE] )[+\-](?: (?=[0-9]))?)")
_NAME_LAST = re.compile(r"(?<![\w$])(?<![0-9]\.)(?:[^\W\d]|\$)[\w$]*+\Z")
_NAME_LENGTH = 64

# A space that parts tokens: without it, its neighbours are other tokens (ECMA-262, section 12.8).
_PARTING = re.compile(
    r" (?![({\[)\]},;:\x01])(?<![({\[)\]},;:\x01-\x06] )"  # most of them, told first
    r"(?=(?<=[\w$] )(?:[\w$.]|[+\-](?:(?<=[0-9][eE] [+\-])|(?<=[0-9]\.[eE] [+\-])))"
    r"|(?<=[.#=!<>*/%&|^?+\-] )(?:"
    r"(?<=\. )[.0-9]|(?<=[0-9]\. )[\w$]|(?<=# )"
    r"|(?<=[0-9][eE][+\-] )[0-9]|(?<=[0-9]\.[eE][+\-] )[0-9]"
    r"|(?<=[=!<>*/%&|^?] )=|(?<=[^+]\+ )=|(?<=[^-]- )="
    r"|(?<=[=>] )>|(?<=- )>(?<![\w$)\]]-- >)(?<![\w$)\]] -- >)|(?<=< )[<!]"
    r"|(?<=\+ )\+|(?<=- )-|(?<=\* )\*|(?<=& )&|(?<=\| )\||(?<=\? )[?.]|(?<=/ )[/*\x02]))"
)
_SPACES = re.compile("  +")

_KEPT_SPACE, _KEPT_LINE_END = "\x07", "\x08"


def same(before: str, after: str) -> bool:
    """Whether it is certain; False where parsing may still tell."""
    one = lex_once(before)
    if one is None or left_open(one.code):
        return False
    other = lex(after, one.slashes)
    if other is None or _kept(before, one) != _kept(after, other):
        return False
    return _packed(one.code) == _packed(other.code)


def _kept(text: str, lexed: Lexed) -> list[str]:
    """The strings, templates and regular expressions, as written."""
    return [text[start:end] for start, end, sign in lexed.lexemes if sign not in (SPACE, LINE_END)]


def _packed(code: str) -> str:
    """The code with marks for the spaces and line ends that mean anything, and no others."""
    marked = _MEANINGFUL.sub(_KEPT_LINE_END, _starred(_on_lines(code))).replace("\n", " ")
    parted = _PARTING.sub(_KEPT_SPACE, _AT_NUMBER.sub(_unless_behind_number, marked))
    return parted.replace(" ", "")


def _on_lines(code: str) -> str:
    """The code with one line feed for each run of white space that has a line end, and one space for each other."""
    plain = code.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    lines = "\n".join(filter(None, map(str.strip, plain.split("\n"))))
    return _SPACES.sub(" ", lines) if "  " in lines else lines


def _starred(code: str) -> str:
    """The code without the line ends before `*` that mean nothing.

    Only generator methods begin with one, and only behind a member that is complete without it does a line end matter:
    a field that is a name, or an arrow function with its body in braces (ECMA-262, section 15.7). Elsewhere it
    multiplies.
    """
    if "\n*" not in code:
        return code
    arrows: set[int] = set()  # where bodies of arrow functions end
    opened: list[bool] = []
    for found in _BRACE.finditer(code):
        at = found.start()
        if code[at] == "{":
            opened.append(code.endswith(("=>", "=> ", "=>\n"), 0, at))
        elif not opened:
            return code
        elif opened.pop():
            arrows.add(at)

    def kept(line_end: re.Match[str]) -> str:
        end = line_end.start()
        last = code[end - 1 : end]
        is_meaningless = last == ")" or (last == "}" and end - 1 not in arrows)
        return " " if is_meaningless or _OPERAND.search(code, max(0, end - _NAME_LENGTH), end) else "\n"

    return _BEFORE_STAR.sub(kept, code)


def _unless_behind_number(found: re.Match[str]) -> str:
    """`a .b` is `a.b`, but `1 .b` is not `1.b`; and `1e +1` is not `1e+1`."""
    end = found.start()
    is_name = _NAME_LAST.search(found.string, max(0, end - _NAME_LENGTH), end) is not None
    return found[0].replace(" ", "") if is_name else found[0]
