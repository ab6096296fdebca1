"""The proof and the safe minifier: what may go from a style sheet, and what may not."""

from __future__ import annotations

import pytest
import rcssmin
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.css_normal import normal_form
from assetbuild.build.licences import css_licences, kept_css_comments
from assetbuild.build.prove_css import same
from assetbuild.build.safe_css import minify

SAME = [
    ("a { b : c ; }", "a{b:c}"),
    ("a{b:c;;}", "a{b:c}"),
    ("a{b:c;d:e}", "a{b:c;d:e;}"),
    ("/* x */a/* y */{b:c/* z */}", "a{b:c}"),
    ("a /**/ b{}", "a b{}"),
    ("a\n>\tb + c ~ d , e{}", "a>b+c~d,e{}"),
    ("> a{}", ">a{}"),
    (".a/**/.b{}", ".a.b{}"),
    (":is( a , b > c ):not( .d ){}", ":is(a,b>c):not(.d){}"),
    ("x{:has( > a ) , & > b{}}", "x{:has(>a),&>b{}}"),
    (':nth-child( 2n + 1 ){}a[ b ~= "c" i ]{}', ':nth-child(2n + 1){}a[b~="c" i]{}'),
    ("a[ ns|b = c ]{}", "a[ns|b=c]{}"),
    ("a{b:rgba( 1 , 2 , 3 ) , url( x.png ) / 2}", "a{b:rgba(1,2,3),url(x.png)/2}"),
    ("a{b:calc( 1px + 2px * 3 / 4 )}", "a{b:calc(1px + 2px*3/4)}"),
    ("a{b:c !important}", "a{b:c!important}"),
    ("a{b:c ! important}", "a{b:c!important}"),
    ("a{*zoom : 1;_x:y\\9 ;}", "a{*zoom:1;_x:y\\9}"),
    ("a{b:'x\\\ny'}", "a{b:'xy'}"),
    ("a{b:\\61\n c}", "a{b:\\61  c}"),
    ("a{--b:  c  d ; --e : f}", "a{--b:c d;--e:f}"),
    ("a{ b:c; d:e; f { g:h } }", "a{b:c;d:e;f{g:h}}"),
    ("@media screen and ( min-width : 1px ) , print { a{} }", "@media screen and (min-width:1px),print{a{}}"),
    ("@media ( 1px <= width < 2px ) and (aspect-ratio: 1 / 2){}", "@media (1px<=width<2px) and (aspect-ratio:1/2){}"),
    ("@supports not ( ( a : b ) or selector( c > d ) ){}", "@supports not ((a:b) or selector(c>d)){}"),
    ("@supports ( --css : variables ){}", "@supports (--css:variables){}"),
    ("@container x style( --a : b ){}", "@container x style(--a:b){}"),
    ("@layer a , b ;", "@layer a,b"),
    ("@import url( x ) layer( a.b ) supports( c : d ) e;", "@import url(x) layer(a.b) supports(c:d) e"),
    ("@scope ( a > b ) to ( .c , .d ){}", "@scope (a>b) to (.c,.d){}"),
    ("@keyframes a { from , 50% { b:c } }", "@keyframes a{from,50%{b:c}}"),
    ("@font-face { src : url( 'x y' ) format( 'z' ) }", "@font-face{src:url('x y') format('z')}"),
    ("@page :first { @top-left { content : 'x' } }", "@page :first{@top-left{content:'x'}}"),
    ('@charset "x"; a{}', '@charset "x";a{}'),
    ('/**/@charset "x"; a{}', "a{}"),
    ("a{b:c } )d{}", "a{b:c})d{}"),
    ("a{b:url(it's) ;}", "a{b:url(it's)}"),
    ("a{b:url(c d\\\ne) ;}", "a{b:url(c d\\\ne)}"),
]
DIFFERENT = [
    (".f :hover{}", ".f:hover{}"),
    ("@layer x{.f :hover{a:b}}", "@layer x{.f:hover{a:b}}"),
    ("@container x{.f :hover{a:b}}", "@container x{.f:hover{a:b}}"),
    (".f{ & :hover{a:b}}", ".f{ &:hover{a:b}}"),
    (".f{ a :hover{a:b}}", ".f{ a:hover{a:b}}"),
    (".f{ x:y;a :hover{a:b}}", ".f{ x:y;a:hover{a:b}}"),
    ('a{b:url("My Font.woff2")}', 'a{b:url("MyFont.woff2")}'),
    ("a{b:url(My\\ Font.woff2)}", "a{b:url(MyFont.woff2)}"),
    ("a{b:url(a\\ )}", "a{b:url(a)}"),
    (".a/**/.b{}", ".a .b{}"),
    (".a .b{}", ".a.b{}"),
    ("a{b:c/**/d}", "a{b:cd}"),
    ("a{b:c/**/d}", "a{b:c d}"),
    ("a{--b:c/**/d}", "a{--b:cd}"),
    ("a{--b:c/**/d}", "a{--b:c d}"),
    (".\\31  .b{}", ".\\31 .b{}"),
    ("a{b:'\\61\\\nb'}", "a{b:'\\61b'}"),
    ("a{b:'x  y'}", "a{b:'x y'}"),
    ("a{b:'c'}", "a{b:c}"),
    (":nth-child(2n + 1){}", ":nth-child(2n+ 1){}"),
    ("a *{}", "a*{}"),
    ("* a{}", "*a{}"),
    (":is(a) b{}", ":is(a)b{}"),
    (":is(a b){}", ":is(ab){}"),
    (":not(.a .b){}", ":not(.a.b){}"),
    ("a [b]{}", "a[b]{}"),
    ("a[b|c]{}", "a[b |c]{}"),
    ("a[b~ =c]{}", "a[b~=c]{}"),
    ("a{b:calc(1px + 2px)}", "a{b:calc(1px+2px)}"),
    ("a{b:calc(1px - 2px)}", "a{b:calc(1px -2px)}"),
    ("a{b:c d}", "a{b:c  e}"),
    ("a{b:1px -2px}", "a{b:1px-2px}"),
    ("a{b:c (d)}", "a{b:c(d)}"),
    ("a{b:var(--c, )}", "a{b:var(--c,)}"),
    ("a{--b: ;}", "a{--b:;}"),
    ("a{--b: }", "a{--b:}"),
    ("a{--b:c, d}", "a{--b:c,d}"),
    ("a{--b:{c: d}}", "a{--b:{c:d}}"),
    ("a{--b:( c )}", "a{--b:(c)}"),
    ("@container style(--a: b, c){}", "@container style(--a:b,c){}"),
    ("@property --a{syntax:'*';initial-value:b , c}", "@property --a{syntax:'*';initial-value:b,c}"),
    ("@media x and (y){}", "@media x and(y){}"),
    ("@supports not (a:b){}", "@supports not(a:b){}"),
    ("@media (a) and (b){}", "@media (a)and (b){}"),
    ("@media (1px < =width){}", "@media (1px<=width){}"),
    ("@page toc :first{}", "@page toc:first{}"),
    ("@foo a , b;", "@foo a,b;"),
    ("a{};b{}", "a{}b{}"),
    ("a{};", "a{}"),
    ("@media x{a{};b{}}", "@media x{a{}b{}}"),
    ("@media x{;a{}}", "@media x{a{}}"),
    ("a{}", ""),
    ("a{b:c}", "a{b:C}"),
    ("a{b:0px}", "a{b:0}"),
    ("a{b:\\31 23}", "a{b:123}"),
    ("a{b:\\63 }", "a{b:c}"),
    ('/**/@charset "x";a{}', '@charset "x";a{}'),
    ('@charset "x";a{}', "a{}"),
    ("@media x{<!-- a{}}", "@media x{<!--a{}}"),
    ("@import 'x';", "@import 'y';"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_comments_and_white_space_without_meaning_are_free(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_whatever_may_change_the_meaning_is_refused(one: str, other: str) -> None:
    assert same(one, one)
    assert same(other, other)
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize("text", ["a{", "a{b:(c}", "a}", "a{b:'c\n}", "a{b:'c", "/* a", "a{b:url(c", "a\\", "a{\\\n}"])
def test_what_does_not_parse_is_never_proven_and_never_touched(text: str) -> None:
    assert normal_form(text) is None
    assert not same(text, text)
    assert minify(text) == text


REAL = """\
@charset "utf-8";
/*! Licence */
@import url("theme.css") layer(theme) screen and (min-width: 40em);
@font-face { font-family: "My Font"; src: url("a.woff2") format("woff2"), url(b.woff) format("woff"); }
*, *::before { box-sizing: border-box; }
.nav > li + li ~ .x:not(.y, .z) a[href^="http"]::after { content: "\\2192 " !important }
.x { margin: -1px auto 0 calc(50% - 1rem); }
@media (min-width: 576px) and (max-width: 1px), print { .a .b:hover { color: RGBA(0, 0, 0, .5); } }
@keyframes spin { from { transform: rotate(0deg) } to { transform: rotate(360deg) } }
@supports (display: grid) and (not (display: inline-grid)) { a { grid-area: 1 / 2 / 3 / 4; } }
"""


def test_what_rcssmin_does_right_is_proven() -> None:
    minified = rcssmin.cssmin(REAL, keep_bang_comments=True)
    assert len(minified) < len(REAL)
    assert same(REAL, minified)


@pytest.mark.parametrize(
    "text",
    [
        "@layer x{.f :hover{a:b}}",
        "@container x{.f :hover{a:b}}",
        ".f{.g :hover{a:b}}",
        '@font-face{src:url( "My Font.woff2" )}',
        ".a/**/.b{c:d}",
        "a{--b: ;}",
    ],
)
def test_what_rcssmin_damages_is_refused_and_done_safely(text: str) -> None:
    assert not same(text, rcssmin.cssmin(text, keep_bang_comments=True))
    assert same(text, minify(text))


@pytest.mark.parametrize(
    ("text", "minified"),
    [
        ("a  >  b , c { d : e ; }", "a>b,c{d:e}"),
        ("a /* x */ b{}", "a b{}"),
        ("a{b:c/**/d}", "a{b:c/**/d}"),
        ("a{b:c/**/(d)}", "a{b:c/**/(d)}"),
        ("a{b:#/**/c}", "a{b:#/**/c}"),
        ("-- > a{}", "-- >a{}"),
        ("--/**/> a{}", "--/**/>a{}"),
        ("a{b:1/**/2}", "a{b:1/**/2}"),
        ("a{b:1/**/%}", "a{b:1/**/%}"),
        ("a{b:c / * d}", "a{b:c/ *d}"),
        ("a{b:< ! --c}", "a{b:<! --c}"),
        ("a{--b: ;c:d}", "a{--b: ;c:d}"),
        ("a{--b:  c,  d ; }", "a{--b:c, d}"),
        ("/*! x */ a { /*! y */ b : c } /*! z */", "/*! x */a{/*! y */b:c}/*! z */"),
        ("a/*! x */ b{}", "a/*! x */ b{}"),
        ("a{b:c/*! x */d}", "a{b:c/*! x */d}"),
        ("/* @license x */a{}/** @preserve\ny*//* z */", "/* @license x */a{}/** @preserve\ny*/"),
        ("a{b:c}\n\n", "a{b:c}"),
        ("<!-- a{} -->", "<!--a{}-->"),
        ("", ""),
    ],
)
def test_the_safe_minifier_writes_the_least_that_reads_the_same(text: str, minified: str) -> None:
    assert minify(text) == minified


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/* @license x */a{}", "/*! @license x */a{}"),
        ("/** @preserve x */a{}", "/*! @preserve x */a{}"),
        ("/*\n * x\n * @license MIT\n */", "/*!\n * x\n * @license MIT\n */"),
        ("/*! @license x */", "/*! @license x */"),
        ("/*@license**/", "/*!@license**/"),
        ("/* licence */a{}/* @licensed */", "/* licence */a{}/* @licensed */"),
        ("a{b:'/* @license */'}/* c */", "a{b:'/* @license */'}/* c */"),
    ],
)
def test_licence_comments_get_the_mark_that_minifiers_heed(text: str, kept: str) -> None:
    assert css_licences(text) == kept


WORDS = ("url(", "url(a b)", ":is(", ":not(", "calc(", "var(--a", "--b", "@media ", "@layer ", "@scope ", "!important")
PIECES = st.sampled_from([*WORDS, "/**/", "/*!x*/", "\\61 ", "-->", "<!--", *"abn12.#:;,>+~*/-!=|'\"{}()[] \n%@\\<"])
BALANCED = st.recursive(
    st.lists(PIECES, max_size=5).map("".join),
    lambda inner: st.tuples(
        st.sampled_from(
            ["a{%s}", "{%s}", "(%s)", "[%s]", "@media (%s){}", "a{b:%s;}", "a{--b:%s}", ":is(%s){}", "%s "]
        ),
        st.lists(inner, max_size=3).map("".join),
    ).map(lambda pair: pair[0].replace("%s", pair[1])),
    max_leaves=8,
)


@given(BALANCED)
def test_what_the_safe_minifier_writes_is_always_proven(text: str) -> None:
    minified = minify(text)
    assert len(minified) <= len(text)
    if normal_form(text) is not None:
        assert same(text, minified)
        assert minify(minified) == minified


@given(BALANCED, st.data())
def test_a_character_that_counts_cannot_go_unnoticed(text: str, data: st.DataObject) -> None:
    """Removing anything but white space, comments and needless semicolons from a minified text is refused."""
    minified = minify(text)
    if normal_form(minified) is None or "/*" in minified or "\\" in minified or not minified:
        return
    at = data.draw(st.integers(0, len(minified) - 1))
    if minified[at] not in " \n;":
        assert not same(minified, minified[:at] + minified[at + 1 :])


def test_the_safe_minifier_drops_licences_when_asked() -> None:
    assert minify("/*! l */ a { b : c } /* @license */", keep_licences=False) == "a{b:c}"


def test_the_kept_comments_are_the_real_ones_in_order() -> None:
    assert kept_css_comments("/*! a */ b{c:'/*! d */'} /* e */ /*! f */") == ("/*! a */", "/*! f */")
