"""What the normal form spells in one way because a standard says that it is the same, and what it leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetbuild.build.css_errors import first_error
from assetbuild.build.css_normal import normal_form
from assetbuild.build.prove_css import same
from assetbuild.build.safe_css import minify
from tests.test_css_proof import BALANCED, PIECES

SPELLED = [
    ("margin:0.50em -0.5px +0.5px 01px", "margin:.5em -.5px +.5px 1px"),
    ("width:1.0px", "width:1px"),
    ("width:1.0\\65 3", "width:1.0\\65 3"),
    ("width:1.0ex", "width:1ex"),
    ("width:1e3px", "width:1e3px"),
    ("width:1.0e3px", "width:1.0e3px"),
    ("z-index:1.0", "z-index:1.0"),
    ("z-index:01", "z-index:1"),
    ("opacity:0.0", "opacity:0.0"),
    ("width:calc(0.5px + 0px)", "width:calc(.5px + 0px)"),
    ("color:#AABBCC", "color:#abc"),
    ("color:#AABBCCDD", "color:#abcd"),
    ("color:#AABBCD", "color:#aabbcd"),
    ("color:#AABBC", "color:#AABBC"),
    ("color:#ABCX", "color:#ABCX"),
    ("background:linear-gradient(#FFFFFF,#000)", "background:linear-gradient(#fff,#000)"),
    ("nav-up:#AABBCC", "nav-up:#AABBCC"),
    ("margin:0px 0.0PX", "margin:0"),
    ("margin:0em 0.0rem", "margin:0em 0rem"),
    ("margin:-0px", "margin:-0px"),
    ("margin:0%", "margin:0%"),
    ("transition-delay:0s", "transition-delay:0s"),
    ("line-height:0px", "line-height:0px"),
    ("flex:1 1 0px", "flex:1 1 0px"),
    ("box-shadow:0px 0px 1px #FFF", "box-shadow:0 0 1px #fff"),
    ("margin:1px 2px 1px 2px", "margin:1px 2px"),
    ("margin:1px 2px 3px 2px!important", "margin:1px 2px 3px!important"),
    ("margin:1px 1px 1px 2px", "margin:1px 1px 1px 2px"),
    ("margin:inherit inherit", "margin:inherit inherit"),
    ("margin:calc(1px) calc(1px)", "margin:calc(1px)calc(1px)"),
    ("margin:1px 1px 1px 1px 1px", "margin:1px 1px 1px 1px 1px"),
    ("border-radius:1px 1px/2px 2px", "border-radius:1px 1px/2px 2px"),
    ("border-radius:1px 1px 1px 1px", "border-radius:1px"),
    ("flex:0 0 auto", "flex:none"),
    ("flex:1 1 auto!important", "flex:auto!important"),
    ("flex:1 1 auto 2", "flex:1 1 auto 2"),
    ("transform:scale(1) rotate(2deg)", "transform:scale(1)rotate(2deg)"),
    ("margin:calc(1px) + 1px", "margin:calc(1px) + 1px"),
    ("margin:0px.5px", "margin:0/**/.5px"),
    ("margin:calc((1px) + (2px))", "margin:calc((1px) + (2px))"),
    ('src:url(a) format("b"),local("c d")', 'src:url(a)format("b"),local("c d")'),
    ("quotes:'a' 'b'", "quotes:'a''b'"),
    # Not respelled: what scripts see as text, what is not known, and the hacks of one browser.
    ("--a:0.5 #AABBCC 'x' 0px", "--a:0.5 #AABBCC 'x' 0px"),
    ("margin:var(--a,0.5px) 0px", "margin:var(--a,0.5px) 0px"),
    ("margin:foo(0.5) 0px", "margin:foo(0.5) 0px"),
    ("margin:0px\\9", "margin:0px\\9"),
    ("*margin:0px", "*margin:0px"),
    ("_margin:0px", "_margin:0px"),
    ("filter:progid:x(a=0.5,b=#AABBCC)", "filter:progid:x(a=0.5,b=#AABBCC)"),
    ("unicode-range:U+0025-00FF", "unicode-range:U+0025-00FF"),
    ("unicode-range:U+0025-00FF,u+4??", "unicode-range:U+0025-00FF,u+4??"),
    ("content:'0.5' \"#AABBCC\"", "content:'0.5'\"#AABBCC\""),
]


@pytest.mark.parametrize(("declaration", "spelled"), SPELLED)
def test_a_value_is_spelled_shorter_only_where_a_standard_says_that_it_is_the_same(
    declaration: str, spelled: str
) -> None:
    for around in ("a{%s}", "@media x{a{%s}}", "a{&:b{%s}}", "@font-face{%s}", "@keyframes x{to{%s}}"):
        text = around % declaration
        assert minify(text) == around % spelled
        assert same(text, around % spelled)


@pytest.mark.parametrize(
    "around",
    [
        "@foo{%s}",
        "@foo{a{%s}}",
        "@foo{@media x{a{%s}}}",
        "@property --a{%s}",
        "@counter-style a{%s}",
        "@font-palette-values --a{%s}",
    ],
)
def test_within_an_at_rule_that_may_have_its_own_reader_nothing_is_respelled(around: str) -> None:
    text = around % "margin:0px 0.50em;color:#AABBCC"
    assert minify(text) == text
    assert not same(text, around % "margin:0 .5em;color:#abc")


@pytest.mark.parametrize(
    ("selector", "spelled"),
    [
        ("a::before", "a:before"),
        ("a::first-letter:hover", "a:first-letter:hover"),
        ("a::marker", "a::marker"),
        ("a: :before", "a: :before"),
        ('[a="b"]', "[a=b]"),
        ("[a='b c']", "[a='b c']"),
        ('[a=""]', '[a=""]'),
        ('[a="1"]', '[a="1"]'),
        ('[a="--b"]', '[a="--b"]'),
        ('[a="b"i]', "[a=b i]"),
        ('[a="b" i]', "[a=b i]"),
        ("[a='b c' i]", "[a='b c'i]"),
        ('[a|b~="c"]', "[a|b~=c]"),
        ('[a="\\62"]', '[a="\\62"]'),
        (":not([a='b'])", ":not([a=b])"),
        ("#AABBCC", "#AABBCC"),
        (":nth-child(01n + 2)", ":nth-child(01n + 2)"),
    ],
)
def test_a_selector_is_spelled_shorter_only_where_selectors_4_says_that_it_is_the_same(
    selector: str, spelled: str
) -> None:
    assert minify(selector + "{}") == spelled + "{}"
    assert same(selector + "{}", spelled + "{}")
    assert same(minify(selector + "{}"), selector + "{}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a{z-index:1.0}", "a{z-index:1}"),
        ("a{--b:'c'}", 'a{--b:"c"}'),
        ("a{--b:\\61 }", "a{--b:\\000061 }"),
        ("@foo 'c';", '@foo "c";'),
        ("a{color:#ABC}", "a{color:#AABBCD}"),
        ("a{margin:1px 2px}", "a{margin:2px 1px}"),
        ("a{margin:inherit}", "a{margin:inherit inherit}"),
        ("a{flex:1}", "a{flex:1 1 auto}"),
        ("a{line-height:0}", "a{line-height:0px}"),
        ("a{margin:.5px}", "a{margin:.05px}"),
        ("a{margin:-.5px}", "a{margin:.5px}"),
        ('[a="b"]{}', "[a=B]{}"),
        ("[a=b i]{}", "[a=b]{}"),
        ("a:before{}", "a:after{}"),
        ("a{content:'::before'}", "a{content:':before'}"),
    ],
)
def test_what_only_looks_alike_is_not_the_same(one: str, other: str) -> None:
    assert same(one, one)
    assert not same(one, other)
    assert not same(other, one)


NAMES = st.sampled_from(["margin", "width", "color", "flex", "box-shadow", "background", "--x", "*zoom", "transform"])
_LEFT = ("0.50px", "0px", "1.0", "-0.5em", "#AABBCC", "auto", "inherit", "scale(1.0)", "var(--x)", "'a'", "url('b')")
_JOINED = (" ", "  ", "/", ",", "/**/", "!important", "1.0e", "+.50", "00", "(", ")", "\\9", "0.0", "1", "none")
VALUES = st.lists(st.sampled_from([*_LEFT, *_JOINED]), max_size=7)


@given(NAMES, VALUES)
@example("margin", ["\\9", "/**/", " ", "0.50px"])
@example("--x", ["\\9", "/**/", " ", "0.50px"])
def test_one_spelling_is_reached_at_once_and_proven(name: str, pieces: list[str]) -> None:
    text = f"a{{{name}:{''.join(pieces)}}}"
    minified = minify(text)
    if normal_form(text) is not None:
        assert same(text, minified)
        assert minify(minified) == minified


# --- where a style sheet breaks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a{}", None),
        ("", None),
        (".a\\:b{c:d\\9;e:url(x'y) )", 2 + 4 - 1),
        ("a{b:url(it's)}", None),
        ("a{b:c)}", None),
        ("a{b:URL(d'e)}", None),
        ("a{b:my-url('{')}", None),
        ("a{b:\\:url({)}", 4),
        ("ok{}a{", 5),
        ("ok{}a{b{c:d}", 5),
        ("ok{}a{b:(c}d{}", 8),
        ("ok{}}a{}", 4),
        ("ok{}a{b:'c\n}", 8),
        ("ok{}a{b:'c", 8),
        ("ok{}/* a", 4),
        ("ok{}a{b:url(c", 8),
        ("ok{}a\\", 4),
        ("a{\\\n}", 2),
    ],
)
def test_the_first_error_is_at_what_is_never_closed_or_closes_nothing(text: str, at: int | None) -> None:
    assert first_error(text) == at


@given(BALANCED | st.lists(PIECES, max_size=9).map("".join))
def test_there_is_a_place_exactly_where_a_style_sheet_does_not_parse(text: str) -> None:
    at = first_error(text)
    assert (at is None) == (normal_form(text) is not None)
    assert at is None or 0 <= at < len(text)
