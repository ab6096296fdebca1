"""Neighbouring style rules become one where that says the same, and only there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.prove_css import same
from assetbuild.build.safe_css import minify

MERGED = [
    ("a{b:c}a{d:e}", "a{b:c;d:e}"),
    ("a , b{c:d}a,b{e:f;}", "a,b{c:d;e:f}"),
    (".a:foo{b:c}.a:foo{d:e}", ".a:foo{b:c;d:e}"),
    ("a{b:c}/* x */ a{d:e}a{f:g}", "a{b:c;d:e;f:g}"),
    ("a{b:c}a{b:c}", "a{b:c;b:c}"),
    ("a{--x:{b:c}}a{d:e}", "a{--x:{b:c};d:e}"),
    ("a{--x: }a{d:e}", "a{--x: ;d:e}"),
    ("a{*zoom:1}a{_b:c}", "a{*zoom:1;_b:c}"),
    ("a{b:c}d{b:c}", "a,d{b:c}"),
    ("a{b:c}d{b:c}e{b:c}", "a,d,e{b:c}"),
    (".a > b{c:d}#e[f^='g']:hover{c:d}", ".a>b,#e[f^=g]:hover{c:d}"),
    ("a:not(.b){c:d}li:nth-child(2n+1)::before{c:d}", "a:not(.b),li:nth-child(2n+1):before{c:d}"),
    ("a{b:c;d:e}f{b:c}f{d:e}", "a,f{b:c;d:e}"),
    ("a{b:c}a{d:e}f{b:c}f{d:e}", "a,f{b:c;d:e}"),
    ("@media x{a{b:c}a{d:e}}", "@media x{a{b:c;d:e}}"),
    ("@supports (a:b){@layer c{@container (width>1px){a{b:c}d{b:c}}}}",
     "@supports (a:b){@layer c{@container (width>1px){a,d{b:c}}}}"),
]  # fmt: skip
APART = [
    "a{b:c}d{e:f}a{g:h}",
    "a{b:c}@media x{d{e:f}}a{g:h}",
    "a{b:c}@layer x;a{d:e}",
    "a{b:c}a{}a{d:e}",
    "a{}d{}",
    "a{b{c:d}b{e:f}}",
    "a{b:c}a{d:e;&:hover{f:g}}",
    "a{&:hover{b:c}}a{d:e}",
    "a{b:c}a{d;e:f}",
    "a{@foo;b:c}a{d:e}",
    "@keyframes a{from{b:c}from{d:e}}",
    "@keyframes a{from{b:c}to{b:c}}",
    "@scope (a){b{c:d}b{e:f}}",
    "@foo{a{b:c}a{d:e}}",
    "@media x{@foo{a{b:c}a{d:e}}}",
    "@font-face{a:b}@font-face{c:d}",
    "@page{a:b}@page{c:d}",
    "a{b:c}<!--a{d:e}",
    # One selector that is not read would take the other with it.
    "a{b:c}d:focus-visible{b:c}",
    "a{b:c}::-moz-selection{b:c}",
    "a{b:c}d:hover-x{b:c}",
    "a{b:c}d:not(.e .f){b:c}",
    "a{b:c}d:nth-child(2 n){b:c}",
    "a{b:c}[d=e i]{b:c}",
    "a{b:c}x|d{b:c}",
    "a{b:c}#1d{b:c}",
    "a{b:c}.1d{b:c}",
    "a{b:c}d..e{b:c}",
    "a{b:c}>d{b:c}",
    "a{b:c}d>{b:c}",
    "a{b:c}d:before:hover{b:c}",
    "a{b:c}d:before e{b:c}",
    "a{b:c}d,{b:c}",
    "a{b:c}.d\\:e{b:c}",
    "a{b:c}d/**/e{b:c}",
    "d/**/e{b:c}a{b:c}",
    "a{b:c}.d/**/-e{b:c}",
    "a{b:c}#d/**/e{b:c}",
    "a{b:c}#/**/e{b:c}",
    "a{;b:c}a{;b:c}",
    "a{;b:c}d{;b:c}",
    "a{b:c}.é{b:c}",
    "a{b:c};d{b:c}",
    "a{b:c}d{b:c!important}",
    "a{b:'c'}d{b:c}",
    "a{--b:c}d{--b:'c'}",
]


@pytest.mark.parametrize(("text", "merged"), MERGED)
def test_neighbours_with_one_selector_or_one_body_are_one_rule(text: str, merged: str) -> None:
    assert minify(text) == merged
    assert minify(merged) == merged
    assert same(text, merged)


def test_no_rule_gets_more_selectors_than_browsers_heed() -> None:
    merged = minify("".join(f".c{number} .d:hover{{e:f}}" for number in range(9000)))
    rules = merged.split("}")[:-1]
    assert 2 < len(rules) < 20
    assert max(len(re.findall(r"[.:]", rule)) for rule in rules) < 8192
    assert minify(merged) == merged


@pytest.mark.parametrize("text", APART)
def test_what_might_say_something_else_stays_apart(text: str) -> None:
    assert minify(text) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a{b:c}a{d:e}", "a{d:e;b:c}"),
        ("a{b:c}d{b:c}", "d,a{b:c}"),
        ("a{b:c}d{b:c}", "a d{b:c}"),
        ("a{b:c}d{b:e}a{b:c}", "a,d{b:c}"),
        ("a{b:c}a{d:e}", "a{b:c}"),
        ("@media x{a{b:c}}a{b:c}", "@media x{a{b:c}a{b:c}}"),
    ],
)
def test_a_merge_that_changes_the_order_or_place_of_anything_is_not_proven(one: str, other: str) -> None:
    assert not same(one, other)


NAMES = st.sampled_from(["a", ".b", "a:hover", "c:new"])
DECLARATIONS = st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])).map(":".join)
RULES = st.tuples(
    st.lists(NAMES, min_size=1, max_size=3).map(",".join), st.lists(DECLARATIONS, max_size=3).map(";".join)
).map("{0[0]}{{{0[1]}}}".format)
BLOCKS = st.lists(RULES, max_size=9).map("".join)


def styles(sheet: str, *, reads_new: bool) -> dict[frozenset[str], dict[str, str]]:
    """What each kind of element gets, all selectors being of one specificity: the last declaration counts."""
    found: dict[frozenset[str], dict[str, str]] = {}
    for matched in subsets(["a", ".b", "a:hover", "c:new"]):
        got = found.setdefault(matched, {})
        for rule in sheet.split("}")[:-1]:
            selector, _, body = rule.partition("{")
            selectors = selector.split(",")
            if not reads_new and "c:new" in selectors:
                continue
            if matched.intersection(selectors):
                for declaration in filter(None, body.split(";")):
                    name, _, value = declaration.partition(":")
                    got[name] = value
    return found


def subsets(names: list[str]) -> Iterator[frozenset[str]]:
    for bits in range(2 ** len(names)):
        yield frozenset(name for place, name in enumerate(names) if bits >> place & 1)


@given(BLOCKS)
def test_every_element_gets_the_same_in_browsers_that_read_all_selectors_and_in_those_that_do_not(sheet: str) -> None:
    merged = minify(sheet)
    for reads_new in (True, False):
        assert styles(merged, reads_new=reads_new) == styles(sheet, reads_new=reads_new)
    assert minify(merged) == merged


@given(
    st.lists(RULES | BLOCKS.map("@media x{{{}}}".format) | BLOCKS.map("@layer{{{}}}".format), max_size=5).map("".join)
)
def test_what_was_merged_is_its_own_normal_form(sheet: str) -> None:
    merged = minify(sheet)
    assert minify(merged) == merged
    assert same(sheet, merged)
