"""The proof accepts what means the same and refuses what node reads otherwise."""

from __future__ import annotations

from random import Random

import pytest
import rjsmin
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build.prove_js import original, same, same_tree
from tests.node import ask_node

_TREES = """
let acorn;
try { acorn = require('internal/deps/acorn/acorn/dist/acorn') } catch { return null }
const places = ['start', 'end'];
const plain = (key, value) => places.includes(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value;
const tree = text => {
    for (const sourceType of ['script', 'module']) {
        try {
            const options = {ecmaVersion: 'latest', sourceType, allowHashBang: true, allowReturnOutsideFunction: false};
            return sourceType + JSON.stringify(acorn.parse(text, options), plain);
        } catch {}
    }
    return null;
};
return input.map(tree);
"""


def trees(texts: list[str]) -> list[str | None]:
    """Each text's tree as node's own copy of the acorn parser has it; None where it does not parse."""
    found = ask_node(_TREES, texts, "--expose-internals")
    if found is None:
        pytest.skip("this node has no acorn inside")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1 ;\n\n b = 2", "a=1;b=2"),
        ("a /* c */ = /* \n */ 1 // d", "a=1"),
        ("// c", ""),
        ("", ""),
        ("\ufeffx", "x"),
        ("if (a)\n  b()", "if(a)b()"),
        ("for (;;)\n  b()", "for(;;)b()"),
        ("if (a) {\n b\n}\nc()", "if(a){b}c()"),
        ("function f()\n{\n}\ng()", "function f(){}g()"),
        ("class A {\n a() {}\n b() {}\n}\nc()", "class A{a(){}b(){}}c()"),
        ("try {\n} catch (e) {\n} finally {\n}\nx", "try{}catch(e){}finally{}x"),
        ("switch (a) {\n case 1:\n b\n}\nc", "switch(a){case 1:b}c"),
        ("import {\n a\n}\nfrom 'x'", "import{a}from'x'"),
        ("a\n&& b\n? c\n: d", "a&&b?c:d"),
        ("a\n.b\n?.c", "a.b?.c"),
        ("x = [\n1,\n2\n]", "x=[1,2]"),
        ("f = function () { return\n}", "f=function(){return}"),
        ("a + +b", "a+ +b"),
        ("a - -b", "a- -b"),
        ("1 .toString()", "1 .toString()"),
        ("a < ! --b", "a<! --b"),
        ("while (n --> 0) x", "while(n-->0)x"),
        ("#!/usr/bin/env node\nx = 1", "#!/usr/bin/env node\nx=1"),
        ("x = `a ${ b } c`", "x=`a ${b} c`"),
        ("s = 'a  b' + /c  d/g", "s='a  b'+/c  d/g"),
        ("s = '\udcff' ; t", "s='\udcff';t"),
    ],
)  # fmt: skip
def test_what_means_the_same_is_accepted(before: str, after: str) -> None:
    assert same(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1", "a = 2"),
        ("a = 1", "a = 1; b"),
        ("a = 1; b", "a = 1"),
        ("a - b - c", "a-(b-c)"),
        ("x = 'a'", 'x = "a"'),
        ("x = `a  b`", "x = `a b`"),
        ("x = `a\nb`", "x = `a b`"),
        ("x = `${a}  b`", "x = `${a} b`"),
        ("x = /a  b/", "x = /a b/"),
        ("class A { #a = 1\n#b = 2 }", "class A { #a = 1 #b = 2 }"),
        ("class A { x = 1\n'y'() {} }", "class A { x = 1 'y'() {} }"),
        ("class A { x\ny }", "class A { x y }"),
        ("class A { get\n*g() {} }", "class A { get*g() {} }"),
        ("class A { x\n['y'] = 1 }", "class A { x['y'] = 1 }"),
        ("class A { x\nstatic y }", "class A { x static y }"),
        ("f = function () { return\n`t` }", "f = function () { return`t` }"),
        ("f = function () { return\n(x) }", "f = function () { return(x) }"),
        ("f = function () { return /*\n*/ (x) }", "f = function () { return (x) }"),
        ("f = function () { return (x) }", "f = function () { return\n(x) }"),
        ("f = function () { return /a/ }", "f = function () { return\n/a/ }"),
        ("for (;;) { break\n(x) }", "for (;;) { break(x) }"),
        ("f = function* () { yield\n[x] }", "f = function* () { yield[x] }"),
        ("f = function () { throw (x) }", "f = function () { throw\n(x) }"),
        ("a\n++b", "a++b"),
        ("a++\n(b)", "a++(b)"),
        ("a\n++\nb", "a++\nb"),
        ("const f = () => {}\n(x)", "const f = () => {}(x)"),
        ("const f = () => {}\n[x]", "const f = () => {}[x]"),
        ("f = () => {}\n/ a /g.test(x)", "f = () => {}\n/a/g.test(x)"),
        ("x => x", "x\n=> x"),
        ("async x => x", "async\nx => x"),
        ("async\nfunction f() {}", "async function f() {}"),
        ("async function f() {}", "async\nfunction f() {}"),
        ("var a\n(b)", "var a(b)"),
        ("let\nb\n/ y /i.test(z)", "let b/y/i.test(z)"),
        ("if (a) b\nelse c", "if (a) b else c"),
        ("a\nb", "a b"),
        ("a--> b", "a\n--> b"),
        ("a\n--> b", "a--> b"),
        ("a < ! --b", "a<!--b"),
        ("a<!--b", "a<!--b"),
        ("x\n<!-- c", "x"),
        ("#!x\ny", "\n#!x\ny"),
        ("#!x\ny", " #!x\ny"),
        ("a = 1 in b", "a = 1in b"),
        ("1 .x", "1.x"),
        ("a + +b", "a++b"),
        ("var a\nexport\n{ a }\nfoo: x", "var a\nexport\n{ a } foo: x"),
        ("if(a)\nb\nc\n{\ngetx\n(\n)\n{\t}\n}", "if(a)\nb\nc\n{\ngetx\n(){\t}\n}"),
        ("'use strict'; x", "('use strict'); x"),
        ("a\u200b = 1", "a = 1"),
        ("a(", "a("),
        ("a(", "a"),
        ("a", "a("),
        ("s = '\udcff'", "s = '\udcfe'"),
    ],
)  # fmt: skip
def test_what_differs_or_is_in_doubt_is_refused(before: str, after: str) -> None:
    assert not same(before, after)


_TOKENS = """
return throw break continue yield await async let of get set static var const class function function* new typeof
if else do while for in instanceof x y f 1 .5 1. 'a' `t` /r/g / ( ) [ ] { } => ++ -- + - * ! ~
# @ ; , : ? ?. . = < > && #p #! <!-- --> export import {a} () {} []
"""
_STATEMENTS = """
return ( x ) | return `t` | return / r / | throw new E | x ++ | ++ x | a = b | ( c ) | [ d ] | `t` | / y /i . test ( z )
x => x | ( ) => { } | async x => x | async function f ( ) { } | function * g ( ) { yield } | class A { x = 1 ; y }
class A { get * g ( ) { } } | class A { static async * m ( ) { } } | class A { [ x ] = 1 ; [ y ] = 2 } | if ( a ) b
if ( a ) b ; else c | do x ; while ( y ) | for ( const k of o ) y | let x = 1 | let b | var a | break | foo : x
a + + b | a < ! -- b | a -- > 0 | o = { a : 1 , get b ( ) { } } | x ?. y | 1 .x | a in b | 'use\\x20strict'
export { a } | { a } | export default x | import x from 'y' | try { } catch { } | yield | async | let | `a ${ x } b`
"""
_PARTS = [_TOKENS.split(), [part.strip() for line in _STATEMENTS.strip().splitlines() for part in line.split(" | ")]]
_GAPS = ["", " ", "\n", "/*c*/", "//c\n", "/*\n*/", "\r\n", "\r", "\u2028", "\t"]


def two_spellings(random: Random) -> tuple[str, str]:
    """The same words twice, with other white space and comments here and there."""
    parts = [random.choice(random.choice(_PARTS)) for _ in range(random.choice((1, 2, 2, 3, 3, 4)))]
    around = random.choice(("", "", "async function * w ( ) { for ( ; ; ) {|} }", "class W {|}"))
    head, _, tail = around.partition("|")
    words = " ".join([head, *parts, tail]).split()
    gaps = [random.choice(_GAPS) if random.random() < 0.4 else random.choice(" \n") for _ in words]
    changed = [random.choice(_GAPS) if random.random() < 0.25 else gap for gap in gaps]
    before, after = (
        "".join(word + gap for word, gap in zip(words, spelling, strict=True)) for spelling in (gaps, changed)
    )
    return before, after


@settings(deadline=None, max_examples=25)  # each example starts a node
@given(st.integers(0, 2**32))
def test_whatever_is_accepted_has_one_tree_in_node(seed: int) -> None:
    random = Random(seed)
    accepted = [pair for pair in (two_spellings(random) for _ in range(400)) if same(*pair)]
    found = trees([text for pair in accepted for text in pair])
    for pair, before, after in zip(accepted, found[::2], found[1::2], strict=True):
        assert before is None or before == after, pair


@pytest.mark.parametrize(
    "text",
    [
        "x = `${ a ? ` b  c` : '' }`  ;",
        "f = c => /^[ a]  $/ . test ( c )",
        "switch ( a ) { case /a  b/ . test ( c ) : }",
        "class A { #a = 1\n#b = 2 }",
        "class A { x = 1\n'y'() {} }",
        "f = function () { return\n`t` }",
    ],
)
def test_what_rjsmin_damages_is_refused(text: str) -> None:
    result = rjsmin.jsmin(text)
    before, after = trees([text, result])
    assert before is not None
    assert before != after, "rjsmin does not damage this any more: the row is of no use"
    assert not same(text, result)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/=//*c*/instanceof\na", "/=/instanceof\na"),
        ("await /a/\n1", "await/a/1"),
        ("await /a/\n1", "await/a/\n1"),
        ("async function f(){await /a/\n1}", "async function f(){await/a/1}"),
        ("await\n{}\n/a/g ; b", "await\n{}\n/a/g;b"),
        ("yield/*c*//a///c\n", "yield/a/"),
        ("yield /*c*/ (a)", "yield(a)"),
        ("function f(){ yield /a/ }", "function f(){yield/a/}"),
        ("function* g(){ () => yield /a/ }", "function*g(){()=>yield/a/}"),
        ("x = { *[yield /a/](){ } }", "x={*[yield/a/](){}}"),
        ("x = { m(){ yield /a/ } }", "x={m(){yield/a/}}"),
        ("x = <a></a> /* b */", "x=<a></a>"),
        ("x = <a />\ny", "x=<a/>\ny"),
    ],
)
def test_what_browsers_may_read_otherwise_is_in_doubt(before: str, after: str) -> None:
    assert not same_tree(before, after)
    assert not same_tree(before, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("async () => { await (e => e) (1) }", "async()=>{await(e=>e)(1)}"),
        ("async () => { await a / b }", "async()=>{await a/b}"),
        ("function* g(){ yield /a/ ; if (x) { yield * h() } }", "function*g(){yield/a/;if(x){yield*h()}}"),
        ("x = { async * m(){ yield /a/ } }", "x={async*m(){yield/a/}}"),
        ("class A { *m(){ yield /a/ } }", "class A{*m(){yield/a/}}"),
        ("x = { yield : 1 , await : a.yield / 2 }", "x={yield:1,await:a.yield/2}"),
        ("x = /a/g /* c */ / 2", "x=/a/g/2"),
    ],
)
def test_await_yield_and_flags_where_they_are_certain_are_no_doubt(before: str, after: str) -> None:
    assert same(before, after)


def test_an_original_is_compared_many_times() -> None:
    script = original("a ( )")
    assert (script.refusal(), script.same("a()"), script.same("b()"), script.same("a()")) == ("", True, False, True)
