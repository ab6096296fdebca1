"""The quick ways to a normal form say what the tokens say, and what a style sheet says again costs nothing again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetbuild.build import css_normal, css_plain, css_split, css_statements, css_tokens
from assetbuild.build.css_keys import key
from assetbuild.build.css_tokens import Kind, Part
from assetbuild.build.prove_css import original, same
from assetbuild.build.safe_css import minify
from tests.test_css_proof import BALANCED, PIECES

NAMES = (
    "margin",
    "color",
    "flex",
    "background",
    "--x",
    "unicode-range",
    "initial-value",
    "-webkit-transform",
    "z-index",
)
WORDS = (
    "0px",
    "0.50em",
    "-.5px",
    "+1",
    "01",
    "1.0",
    "1e3",
    "1e-3px",
    "#AABBCC",
    "a",
    "-b",
    "--c",
    "auto",
    "inherit",
    "0",
)
OTHERS = (
    "var(--a)", "var( --a ,b )", "var(--a, )", "calc(1px * 2)", "url( a b )", '"c"', '"\\61"', "U+26", "é", "\\9",
)  # fmt: skip
JOINS = (
    " ",
    "\n\t",
    ",",
    " , ",
    "/",
    " / ",
    "*",
    " * ",
    "+",
    " + ",
    "- ",
    "!",
    " !important",
    "! important",
    "",
    "(",
    ")",
)
VALUES = st.lists(st.sampled_from([*WORDS, *WORDS, *OTHERS, *JOINS, *JOINS]), max_size=7).map("".join)
DECLARATIONS = st.tuples(st.sampled_from(NAMES), st.sampled_from([":", " : ", ":\n"]), VALUES).map("".join)

SIMPLE = (
    "a",
    ".b",
    "#c",
    "*",
    "&",
    "::before",
    ":after",
    "::before-x",
    ":hover",
    ":not(.a)",
    ":not(::before)",
    ":is( a )",
)
MORE = (
    "[a=b]",
    "[a='b']",
    '[a~="b"]',
    "[a='b c']",
    "[a = b]",
    ":nth-child(2n+1)",
    ":nth-child(2n + 1)",
    "50%",
    "12.5%",
)
COMBINED = (" ", " > ", ">", "+", " + ", "~", ",", " ,\n", "", "\\31 ", "--", "-->", "/**/", "|", "1", ".5")
SELECTORS = st.lists(st.sampled_from([*SIMPLE, *MORE, *COMBINED, *COMBINED]), max_size=7).map("".join)


def is_whole(text: str) -> bool:
    """Whether `text` is one statement, of which nothing is left open."""
    cuts = css_split.by_tokens(text, nested=True)
    return cuts is not None and len(cuts) == 1 and cuts[0].text == text and cuts[0].mark == ""


@given(DECLARATIONS)
@example("margin:0px 0px!important")
@example("--a: b  c")
@example("margin:0.50emvar(--a)")
@example("margin:0.50em var(--a, )")
def test_a_declaration_read_by_a_pattern_is_what_its_tokens_say(text: str) -> None:
    plain = css_plain.declaration(text)
    if plain is not None and is_whole(text):
        spelled = css_statements.declaration_by_tokens(text, respelled=True)
        assert (spelled.text, spelled.key, spelled.is_sound) == (plain, plain, True)


@given(SELECTORS)
@example("a > b,\n.c::before")
@example("a::before-x")
@example("a:: before")
def test_a_selector_read_by_a_pattern_is_what_its_tokens_say(text: str) -> None:
    plain = css_plain.selector(text)
    if plain is not None:
        spelled = css_statements.selector_by_tokens(text, respelled=True)
        assert (spelled.text, spelled.key) == (plain, plain)


STATEMENTS = (
    "a{b:c}",
    "a{b:c;}",
    "@media x{",
    "}",
    "@import 'y';",
    ";",
    "--a:{b:c}",
    "d:e;",
    "url(",
    "'f'",
    '"',
    "\\72l(",
)
TEXTS = st.lists(
    st.sampled_from([*STATEMENTS, "x", "{", "(", ")", "[", "]", "\\", "/*;*/", "@", "\n"]) | PIECES, max_size=9
)


@given(BALANCED | TEXTS.map("".join))
@example("a{b:c;d:e}/*x*/@media y{f{g:url(h;i)} ;}@layer j")
@example("a{--b:{c:d;e:f};g:h}")
@example("a{b:\\75rl(x'y)}d{e:'f'}")
def test_a_style_sheet_cut_by_the_pattern_is_cut_as_the_tokens_say(text: str) -> None:
    cuts = css_split.sheet_by_pattern(text)
    assert cuts is None or cuts == css_split.by_tokens(text, nested=False)
    for cut in css_split.sheet(text) or ():
        if cut.mark == "{}" and (inner := css_split.block_by_pattern(cut.body)) is not None:
            assert inner == css_split.by_tokens(cut.body, nested=True)


@pytest.mark.parametrize("text", ["a{b:c;d:url(e;f)}", "@media x{a{}}", "@import 'x';a{}", ".a\\:b{c:'d'}/* e */"])
def test_ordinary_style_sheets_are_cut_by_the_pattern(text: str) -> None:
    assert css_split.sheet_by_pattern(text) is not None


MEANINGS = {
    "a": "a",
    "aa": "aa",
    "'b'": "string b",
    '"b"': "string b",
    "'\\62'": "string b",
    "'\\22 '": "string quote",
    "\\61 ": "escape 61",
    "\\000061": "escape 61",
    "url( c )": "url c",
    "URL(c)": "url c",
    "url(": "url(",
    "1": "1",
    "/": "/",
    "*": "*",
    "-": "-",
    "--": "--",
}
PARTS = st.lists(st.tuples(st.sampled_from(list(MEANINGS)), st.booleans()), max_size=3)


def parts_of(spelled: list[tuple[str, bool]]) -> list[Part]:
    kinds = {"url(": Kind.FUNCTION}
    kind_of = {text: kinds.get(text) or css_tokens.tokenize(text)[0].kind for text, _ in spelled}
    return [Part(kind_of[text], text, gap, 0, 0) for text, gap in spelled]


@given(PARTS, PARTS)
@example([("'b'", False)], [('"b"', False)])
@example([("a", False), ("a", False)], [("aa", False)])
@example([("/", False), ("*", False)], [("/", False), ("*", True)])
@example([("\\61 ", False), ("a", True)], [("\\000061", False), ("a", True)])
@example([("\\61 ", False), ("a", True)], [("\\000061", False), ("a", False)])
def test_statements_have_one_key_exactly_if_their_parts_mean_the_same(
    one: list[tuple[str, bool]], other: list[tuple[str, bool]]
) -> None:
    meant = [[(MEANINGS[text], gap) for text, gap in each] for each in (one, other)]
    assert (key(parts_of(one)) == key(parts_of(other))) == (meant[0] == meant[1])


@pytest.fixture
def tokenized(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are read by their tokens from now on."""
    found: list[str] = []
    for kept in (
        css_normal._kept_body,
        css_statements._kept_at_rule,
        css_statements._kept_declaration,
        css_statements._kept_selector,
    ):
        kept.cache_clear()

    def counting(read: Callable[[str], object]) -> Callable[[str], object]:
        def counted(text: str) -> object:
            found.append(text)
            return read(text)

        return counted

    monkeypatch.setattr(css_statements._Reader, "of", staticmethod(counting(css_statements._Reader.of)))
    monkeypatch.setattr(css_split, "tokenize", counting(css_tokens.tokenize))
    return found


def test_what_a_style_sheet_says_again_is_read_once(tokenized: list[str]) -> None:
    rules = [
        f".c{number}{{transform:rotate(  {number % 7}deg);width:calc({number % 3}px + 77em)}}" for number in range(900)
    ]
    text = "".join(rules)
    assert original(text).same(minify(text))
    assert len(tokenized) == len({*tokenized}) == 2 * 7 + 3


def test_an_ordinary_style_sheet_is_not_read_by_tokens_at_all(tokenized: list[str]) -> None:
    text = ".a > .b:hover,\n#c::before { margin: 0px auto; color: #AABBCC !important; --d: 1px; top: var(--d) }" * 2
    assert same(text, minify(text))
    assert tokenized == []


@pytest.mark.parametrize(
    ("text", "minified"),
    [
        ("a{b:c/*! x */}", "a{b:c/*! x */}"),
        ("a{/*! x */b:c; /*! y */ d:e /*! z */}f{}", "a{/*! x */b:c;/*! y */d:e/*! z */}f{}"),
        ("a{b:c/*! x */d;e:f}", "a{b:c/*! x */d;e:f}"),
        ("a{b:c}/*! x */a{d:e}", "a{b:c;/*! x */d:e}"),
        ("a{/*! x */b:c}d{b:c}", "a,/*! x */d{b:c}"),
        ("@media/*! x */ y{/*! z */a{b{c:d}}}/*! e */", "@media/*! x */ y{/*! z */a{b{c:d}}}/*! e */"),
    ],
)
def test_a_licence_stays_before_what_it_stood_before(text: str, minified: str) -> None:
    assert minify(text) == minified
    assert same(text, minified)
