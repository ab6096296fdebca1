"""The proof of scripts agrees with a plain walk through both trees, whatever the text and whatever was done to it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import rjsmin
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build.js_flat import flatten
from assetbuild.build.js_tree import encode, parse
from assetbuild.build.prove_js import _is_equal
from assetbuild.build.prove_js import same_tree as same
from tests.hostile_scripts import SCRIPTS
from tests.test_js_proof import two_spellings
from tests.walked_js import same_by_walking

_CHANGES = ["", " ", "\n", ";", "/*c*/", "/*\n*/", "//c\n", "(", "}", "\u2028", "\u200b"]


def edited(random: Random, text: str) -> str:
    """`text` with one character, mostly one between tokens, gone or replaced."""
    places = [at for at, character in enumerate(text) if not character.isalnum()] or [0]
    at = random.choice(places)
    return text[:at] + random.choice(_CHANGES) + text[at + random.randrange(2) :]


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_two_spellings_are_judged_as_by_walking(seed: int) -> None:
    before, after = two_spellings(Random(seed))
    assert same(before, after) == same_by_walking(before, after)


@pytest.mark.parametrize(
    "text",
    [
        "function ( ) { }",
        "class { }",
        "function * ( ) { }",
        "a = b => { c : 1 , d : 2 }",
        "x ( ) ; function ( ) { } . y",
    ],
)
def test_what_browsers_take_for_a_declaration_or_a_block_is_in_doubt(text: str) -> None:
    assert not same_by_walking(text, text)
    assert not same(text, text)


@pytest.mark.parametrize("field", ["kinds", "parents", "leaves", "texts"])
def test_trees_that_differ_anywhere_are_not_equal(field: str) -> None:
    data = encode("a - b - c ; if ( d ) e ( )")
    flat = flatten(data, parse(data))
    other = [*getattr(flat, field)]
    other[3], other[4] = other[4], other[3]
    assert _is_equal(flat, replace(flat))
    assert not _is_equal(flat, replace(flat, **{field: other}))


@pytest.mark.parametrize("text", SCRIPTS)
def test_scripts_and_what_is_one_edit_from_their_minified_form_are_judged_as_by_walking(text: str) -> None:
    random = Random(text)
    results = [text, rjsmin.jsmin(text)]
    results += [edited(random, random.choice(results[:2])) for _ in range(20)]
    judged = [same(text, result) for result in results]
    assert judged == [same_by_walking(text, result) for result in results]
