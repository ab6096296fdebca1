"""Whether two scripts have the same tokens is told without parsing, and only where parsing would not deny it."""

from __future__ import annotations

from random import Random

import pytest
import rjsmin
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build import js_spacing
from tests.hostile_scripts import SCRIPTS
from tests.test_js_proof import trees
from tests.test_js_proof_walk import edited
from tests.test_skim_js import PIECES

_SAME = [
    ("a = b + + c - - d ;", "a=b+ +c- -d;"),
    ("a ++ + b ; c-- > 0", "a++ +b;c-->0"),
    ("a\n.b\n .c()", "a.b.c()"),
    ("a1\n.b", "a1.b"),
    ("a.e + b.e - c", "a.e+b.e-c"),
    ("1 .b ; 1.5.c", "1 .b;1.5.c"),
    ("f ( ) // c\n/* d */\ng ( )", "f()\ng()"),
    ("if (a) {\n  b\n} else\n  c", "if(a){b}else\nc"),
    ("return\na", "return\na"),
    ("x = {\n a : 1 ,\n b\n}", "x={a:1,b}"),
    ("`a ${ b + c } d`", "`a ${b+c} d`"),
    ("a = /[/ ]/g . test ( b )", "a=/[/ ]/g.test(b)"),
    ("a ? b : c ; a ?. b", "a?b:c;a?.b"),
    ("import { a } from 'b'", "import{a}from'b'"),
    ("f(...\nargs)", "f(...args)"),
    ("while (i --> 0) ; n -- > 0", "while(i-->0);n-->0"),
    ("M.LOG10E + 1 - M.a1e - 1", "M.LOG10E+1-M.a1e-1"),
    ("class A { a() { if (b) { c } }\n *d() {} }", "class A{a(){if(b){c}}*d(){}}"),
    ("class A { static {}\n *[b]() {} }", "class A{static{}*[b](){}}"),
    ("a = b\n * c", "a = b\n*c"),
    ("a = b.c\n * d + e ( 1 )\n * f, 2\n * g", "a=b.c*d+e(1)*f,2*g"),
    ("x = (a)\n/ b + c[0]\n/ d", "x=(a)/b+c[0]/d"),
    ("if (a) { " + "b(); " * 600 + "} /'  '/.test(c)", "if(a){" + "b();" * 600 + "}/'  '/.test(c)"),
    ("a1.b2 / (c)", "a1.b2/(c)"),
]
_OTHER = [
    ("return\na", "return a"),
    ("a\n(b)", "a(b)"),
    ("a\n[b]", "a[b]"),
    ("a\n++\nb", "a++b"),
    ("a\n++b", "a++\nb"),
    ("a\n/b/g", "a/b/g"),
    ("f ( )\n{ }", "f(){}"),
    ("x\n=> y", "x=>y"),
    ("a + +b", "a++b"),
    ("a - -b", "a--b"),
    ("1 .a", "1.a"),
    ("1. in a", "1.in a"),
    ("a\n.5", "a.5"),
    ("/a/ in b", "/a/in b"),
    ("var x\n/ a/.test(y)", "var x\n/a/.test(y)"),
    ("import 'x'\n/ a/.test(y)", "import 'x'\n/a/.test(y)"),
    ("let x\n/a  b/.test(y)", "let x\n/a b/.test(y)"),
    ("a:for(;;){break a\n/ a/.test(y)}", "a:for(;;){break a\n/a/.test(y)}"),
    ('a. in/"/2  ;  "//"', 'a. in/"/2;"//"'),
    ("for(;{}/'/  -  '||n;'//'\n)b", "for(;{}/'/ -'||n;'//')b"),
    ("x=class extends class{} {} /'/  -  '+y//'", "x=class extends class{}{}/'/ -'+y//'"),
    ("1e+1", "1e +1"),
    ("1E-1", "1E- 1"),
    (".1e+1", ".1e/**/+1"),
    ("1.e+1", "1.e +1"),
    ("1.e+1", "1.e+ 1"),
    ("a.#b", "a.# b"),
    ("a?.b", "a? .b"),
    ("[...a]", "[.. .a]"),
    ("a>>>=b", "a>> >=b"),
    ("a=>b", "a= >b"),
    ("a**b", "a* *b"),
    ("a??=b", "a? ?=b"),
    ("10n", "10 n"),
    ("a / /b/", "a//b/"),
    ("'a b'", "'a  b'"),
    ("`a ${ b }`", "`a  ${b}`"),
    ("class A { a\n*b() {} }", "class A{a*b(){}}"),
    ("break\n;a", "break;a"),
    ("var ab", "varab"),
    ("a = b", "a == b"),
    ("a b", "a;b"),
    ("a(", "a("),
    ("#!/a\nb", "#!/a\nb"),
    ("a\n--> b\nc", "a-->b\nc"),
    ("a /*\n*/ --> b\nc", "a-->b\nc"),
    ("class A { x = () => {}\n *b() {} }", "class A{x=()=>{}*b(){}}"),
    ("class A { x = async a =>\n {}\n *b() {} }", "class A{x=async a=>{}*b(){}}"),
    ("class A { x = a++\nb\n*c() {} }", "class A{x=a++\nb*c(){}}"),
    ("class A { [a]\n*b() {} }", "class A{[a]*b(){}}"),
    ("class A { 'a'\n*b() {} }", "class A{'a'*b(){}}"),
    ("function* f() { x = yield* y }", "function*f(){x=yield\n*y}"),
    ("x = { a, async *b() {} }", "x={a,async\n*b(){}}"),
    ("a = 1e + 1", "a=1e+1"),
    ("a = 1.5e+ 1", "a=1.5e+1"),
    ("x = \x01", "x = ''"),
    ("a = /b/", "a = /b/ / c /"),
    ("a = b / c", "a = /c/"),
]


@pytest.mark.parametrize(("before", "after"), _SAME)
def test_what_differs_in_spacing_without_meaning_is_the_same(before: str, after: str) -> None:
    assert js_spacing.same(before, after)
    assert js_spacing.same(after, before)


@pytest.mark.parametrize(("before", "after"), _OTHER)
def test_what_may_be_another_program_is_not_called_the_same(before: str, after: str) -> None:
    assert not js_spacing.same(before, after)
    assert not js_spacing.same(after, before)


def _spaced(pieces: list[str], random: Random) -> str:
    return "".join(piece + random.choice(["", "", " ", "\n", "/**/", "/*\n*/", "//\n"]) for piece in pieces)


def _pairs(random: Random) -> list[tuple[str, str]]:
    pieces = [*PIECES, *"abc+-.=<>?!*&|1/"]
    found = []
    for _ in range(2000):
        words = random.choices(pieces, k=random.randrange(1, 9))
        found.append((_spaced(words, random), _spaced(words, random)))
    for text in random.sample(SCRIPTS, 40):
        results = [text, rjsmin.jsmin(text)]
        found += [(text, edited(random, random.choice(results))) for _ in range(40)]
    return [pair for pair in found if js_spacing.same(*pair)]


@settings(deadline=None, max_examples=3)  # each example starts a node
@given(st.integers(0, 2**32))
def test_what_is_called_the_same_has_the_same_tree_in_node(seed: int) -> None:
    pairs = _pairs(Random(seed))
    found = trees([text for pair in pairs for text in pair])
    read = [(pair, *both) for pair, both in zip(pairs, zip(found[::2], found[1::2], strict=True), strict=True)]
    assert [row for row in read if row[1] is not None and row[1] != row[2]] == []
    assert len([row for row in read if row[1] is not None]) > 100
