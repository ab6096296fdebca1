"""What is no code in a script is told as node's own parser tells it, or not at all."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assetbuild.build import js_slashes
from assetbuild.build.js_lexemes import Lexed, lex
from assetbuild.build.js_slashes import LINE_END, REGEX, SPACE, STRING
from tests.node import ask_node

_TOKENS = """
let acorn;
try { acorn = require('internal/deps/acorn/acorn/dist/acorn') } catch { return null }
const tokens = text => {
    for (const sourceType of ['script', 'module']) {
        const found = [];
        const onToken = ({type, start, end}) => found.push([type.label, start, end]);
        const onComment = (block, text, start, end) => found.push(['comment', start, end]);
        try {
            const also = {allowReturnOutsideFunction: true, onToken, onComment};
            acorn.parse(text, {ecmaVersion: 'latest', sourceType, ...also});
            return found;
        } catch {}
    }
    return null;
};
return input.map(tokens);
"""
_LABELS = {"string": "string", "regexp": "regex", "template": "template", "comment": "comment"}
_SIGNS = {STRING: "string", REGEX: "regex", SPACE: "comment", LINE_END: "comment"}

_OPERANDS = ("a", "1", "2.", "b1.c", "x.if", '"\'"', "/[/'`]/g", "`'`", "this", "f(a)", "[a]", "a++", "c--", "{}")
_OPERATORS = ("/", " / ", "\n/", "/*'*/ /", "?.a /", "+", ",", "=", " in ", "&&", "*", "-")
_HEADS = ("if", "while", "for", "with", "x.if", "switch", "f")
_BLOCKS = (
    *("if(a){", "for(;;){", "else{", "do{", "try{", "finally{", "function f(){", "class A{"),
    *("x={", "()=>{", "{", "b:{", "switch(a){case b:"),
)


def _expression(random: Random, depth: int) -> str:
    if depth <= 0 or random.random() < 0.25:
        return random.choice(_OPERANDS)
    inside = _expression(random, depth - 1)
    if random.random() < 0.4:
        return inside + random.choice(_OPERATORS) + _expression(random, depth - 1)
    first, last = random.choice(
        [("(", ")"), ("[", "]"), ("`'${", "}'`"), ("({a:", "})"), ("typeof ", ""), ("!", ""), ("a=>", ""), ("", "?b:c")]
    )
    return first + inside + last


def _statement(random: Random, depth: int) -> str:
    if depth <= 0 or random.random() < 0.3:
        return _expression(random, depth) + random.choice([";", "\n", ""])
    inside, end = _statement(random, depth - 1), random.choice(["", "\n", " /*'*/"])
    way = random.randrange(4)
    if way == 0:
        return f"{random.choice(_HEADS)}({_expression(random, depth)}){end}{inside}"
    if way == 1:
        return random.choice(_BLOCKS) + inside + "}" + end
    if way == 2:
        return f"return {inside}"
    return inside + _statement(random, depth - 1)


def _script(random: Random) -> str:
    return _statement(random, random.randrange(1, 5)) + random.choice(["", "/'/", " / b / c", "\n/'/.d"])


def _theirs(tokens: list[tuple[str, int, int]]) -> list[tuple[int, int, str]]:
    """Of a template, acorn tells what is between its marks."""
    return sorted((start, end, _LABELS[label]) for label, start, end in tokens if label in _LABELS)


def _ours(lexed: Lexed, text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for start, end, sign in lexed.lexemes:
        if sign in _SIGNS:
            found.append((start, end, _SIGNS[sign]))
        else:
            found.append((start + 1, end - (1 if text[end - 1] == "`" else 2), "template"))
    return sorted(found)


@settings(deadline=None, max_examples=3, phases=(Phase.generate,))  # each example starts a node
@given(st.integers(0, 2**32), st.sampled_from([0, 2, 16]))
def test_what_is_no_code_is_told_as_node_tells_it(seed: int, near: int) -> None:
    random = Random(seed)
    texts = [_script(random) for _ in range(2000)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(js_slashes, "_NEAR", near)  # what lies farther is looked up among all brackets
        told = [(text, lexed) for text in texts if (lexed := lex(text)) is not None]
    found = ask_node(_TOKENS, [text for text, _ in told], "--expose-internals")
    if found is None:
        pytest.skip("this node has no acorn inside")
    assert isinstance(found, list)
    read = [(text, lexed, tokens) for (text, lexed), tokens in zip(told, found, strict=True) if tokens is not None]
    wrong = [text for text, lexed, tokens in read if _ours(lexed, text) != _theirs(tokens)]
    assert wrong == []
    assert len(read) > 500


@pytest.mark.parametrize(
    ("text", "slashes"),
    [
        ("a / b; x = /c/", [False, True]),
        ("if (a) { b } /c/.test(d) / e", [True, False]),
        ("f(" + "(a), " * 900 + "b) / c", [False]),
        ("if (" + "(a), " * 900 + "b) /c/.test(d)", [True]),
        ("`${" + "(a), " * 900 + "b}` / c", [False]),
        ("if (a) { `${" + "{}, " * 900 + "b}` } /c/.test(d)", [True]),
        ("// a / b\n'/' / /* / */ c", [False]),
    ],
)
def test_slashes_are_told_however_far_the_bracket_is_that_opens(text: str, slashes: list[bool]) -> None:
    lexed = lex(text)
    assert lexed is not None
    assert lexed.slashes == slashes


def test_a_script_with_other_tokens_is_not_read_by_the_slashes_of_another() -> None:
    assert lex("a / b", [True]) is None
    assert lex("a / b / c", [False]) is None
    found = lex("{} / b / c", [False, False])
    assert found is not None
    assert found.code == "{} / b / c"
