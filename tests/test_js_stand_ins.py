"""A minifier that knows no templates and no regular expressions leaves them as they are."""

from __future__ import annotations

from random import Random

import pytest
import rjsmin
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.build import js_spacing
from assetbuild.build.js_lexemes import lex
from assetbuild.build.js_stand_ins import with_stand_ins
from tests.hostile_scripts import SCRIPTS


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a = `b  ${ c ( ` d  e` ) }  ${ f }  g` ;", "a=`b  ${c(` d  e`)}  ${f}  g`;"),
        ("f`a  b` ( c )", "f`a  b`(c)"),
        ("f`a  ${ b }` ( c ) [ d ]", "f`a  ${b}`(c)[d]"),
        ("a => /[ '  \\/ ]/g . test ( b )", "a=>/[ '  \\/ ]/g.test(b)"),
        ("return /a  b/ in c", "return/a  b/ in c"),
        ("a / /b  c/ . d", "a/ /b  c/.d"),
        ("a < /b  c/ . d", "a< /b  c/.d"),
        ("a = `\n  b` ; c = '\x01w0' + \"\x01w0\"", "a=`\n  b`;c='\x01w0'+\"\x01w0\""),
        ("a ( b )", "a(b)"),
    ],
)
def test_templates_and_regular_expressions_stay_as_they_are(text: str, result: str) -> None:
    assert with_stand_ins(rjsmin.jsmin)(text) == result
    assert js_spacing.same(text, result)


@pytest.mark.parametrize(
    "loses",
    [
        lambda text: text.replace("\x01", ""),
        lambda text: text.replace("w0", "w1"),
        lambda text: f"{text};{text}",
        lambda text: text.split(";")[0],
    ],
)
def test_a_minifier_that_loses_a_stand_in_gets_the_script_itself(loses: object) -> None:
    given: list[str] = []

    def minify(text: str) -> str:
        assert callable(loses)
        given.append(text)
        return loses(text) if "`" not in text else "itself"

    assert with_stand_ins(minify)("a = `b`; c = `d`") == "itself"
    assert len(given) == 2


@pytest.mark.parametrize("text", ["x = {} / `a  b` / c", "`a", "#!/b  c/\n`a`"])
def test_what_no_lexer_tells_is_given_as_it_is(text: str) -> None:
    assert with_stand_ins(lambda given: given + given)(text) == text + text


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_minifier_that_does_nothing_gives_every_script_back(seed: int) -> None:
    random = Random(seed)
    pieces = random.choice(SCRIPTS).split("\n")
    start = random.randrange(len(pieces))
    text = "\n".join(pieces[start : start + random.randrange(1, 40)])
    result = with_stand_ins(lambda given: given)(text)
    assert result == text or (lex(text) is not None and js_spacing.same(text, result))
