"""Joining style sheets: what is refused, what is dropped, and that no input ever reaches into the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.css_normal import normal_form
from assetbuild.build.join_css import join, problems_of_input
from assetbuild.build.model import Severity


def codes(text: str, *, first: bool = False, only: bool = False) -> list[str]:
    return [problem.code for problem in problems_of_input("a.css", text, first=first, only=only)]


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("a{b:c", "css-unclosed", 2),
        ("@media x{a{b:c}", "css-unclosed", 9),
        ("a{b:calc(1px}", "css-unclosed", 5),
        ("a{b:(}", "css-unclosed", 5),
        ("a[b{c:d}", "css-unclosed", 2),
        ("a{b:c} /* d", "css-unclosed", 8),
        ("a{b:c} /*/", "css-unclosed", 8),
        ("@import 'x", "css-unclosed", 9),
        ("@import url(x", "css-unclosed", 9),
        ("@import url(x y", "css-unclosed", 9),
        ("@import url(x\\)", "css-unclosed", 9),
        ("a{b:'c\n}", "css-bad-string", 5),
        ("a{}}", "css-stray-brace", 4),
        ("}a{}", "css-stray-brace", 1),
        ("a{} }\n", "css-stray-brace", 5),
        ("a{} b", "css-unfinished-rule", 5),
        ("a{};", "css-unfinished-rule", 4),
        ("a{})", "css-unfinished-rule", 4),
        ("@layer a\\", "css-unfinished-escape", 9),
        ("a{}\\", "css-unfinished-escape", 4),
        ("@layer a\\\n", "css-unfinished-escape", 9),
    ],
)
def test_what_would_reach_into_the_next_input_is_an_error_there(text: str, code: str, column: int) -> None:
    problem = next(each for each in problems_of_input("x/a.css", text, first=True) if each.code == code)
    assert problem.severity is Severity.ERROR
    assert problem.place is not None
    assert (problem.place.path, problem.place.line, problem.place.column) == ("x/a.css", 1, column)
    assert problem.place.source_line == text.split("\n", maxsplit=1)[0]
    assert problem.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a{}",
        "a{b:c}\n",
        "@layer a",
        "@layer a;",
        "a{}/* c */",
        "a{b:'\\\n'}",
        "<!-- a{} -->",
        "a{}@media x{b{c:d;}}",
        "a{--b:{c:d};e:[f]}",
        "@charset 'x';a{}",
        "a\\{{}",
        "a{b:url(c d)}",
        "a{b:c)}d){e:f]}",
    ],
)
def test_a_sound_sheet_may_be_any_input(text: str) -> None:
    assert codes(text, first=True) == codes(text) == []


@pytest.mark.parametrize(
    ("text", "first", "later"),
    [
        ("@import 'x';", [], ["css-import-in-later-input"]),
        ("@import url(https://x/y.css) screen", [], ["css-import-in-later-input"]),
        ("@charset 'x';@layer a;@import 'x';@import 'y';", [], ["css-import-in-later-input"] * 2),
        (
            "/**/@import 'x';a{}@import 'y';",
            ["css-import-ignored"],
            ["css-import-in-later-input", "css-import-ignored"],
        ),
        ("a{}@import 'x';", ["css-import-ignored"], ["css-import-ignored"]),
        ("@media x{}@import 'x'", ["css-import-ignored"], ["css-import-ignored"]),
        # Cascade 5: nothing may stand between imports, not even what may stand before them.
        (
            "@import 'x';@layer a;@import 'y';",
            ["css-import-ignored"],
            ["css-import-in-later-input", "css-import-ignored"],
        ),
        (
            "@namespace a 'x';@import 'y';",
            ["css-import-ignored"],
            ["css-namespace-in-later-input", "css-import-ignored"],
        ),
        # Browsers drop rules that they do not know, and heed the import.
        ("@foo;@bar{}@import 'x';", [], ["css-import-in-later-input"]),
        ("@import 'x'{}", [], []),
        ("@media x{@import 'y';}", [], []),
        ("@namespace svg 'x';", [], ["css-namespace-in-later-input"]),
        ("@namespace 'x';", ["css-default-namespace"], ["css-namespace-in-later-input"]),
        ("@namespace url(x);", ["css-default-namespace"], ["css-namespace-in-later-input"]),
        ("a{}@namespace 'x';", [], []),
    ],
)
def test_rules_that_count_only_at_the_start_of_a_sheet(text: str, first: list[str], later: list[str]) -> None:
    assert codes(text, first=True) == first
    assert codes(text) == later


def test_a_default_namespace_may_stand_in_the_only_input() -> None:
    assert codes("@namespace 'x';a{}", first=True, only=True) == []


def test_an_import_in_a_later_input_is_told_with_both_ways_out() -> None:
    (problem,) = problems_of_input("a.css", "/* x */\n  @import 'b.css';\na{}", first=False)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column, problem.place.source_line) == (2, 3, "  @import 'b.css';")
    assert "list the imported file as an input of the bundle before this one" in problem.hint
    assert "move the @import to the top of the first input" in problem.hint


def test_a_dropped_import_is_only_a_warning() -> None:
    (problem,) = problems_of_input("a.css", "a{}@import 'b.css';", first=True)
    assert problem.severity is Severity.WARNING


def test_problems_come_in_the_order_of_their_places() -> None:
    assert codes("@import 'x';}a{b:'c\n}d{") == [
        "css-import-in-later-input",
        "css-stray-brace",
        "css-bad-string",
        "css-unclosed",
    ]


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ([], ""),
        ([""], ""),
        (["a{}", "b{}"], "a{}\nb{}\n"),
        (["a{}\n", "", "\n", "b{}\r\n"], "a{}\nb{}\r\n"),
        (["a{}", "\ufeffb{}"], "a{}\nb{}\n"),
        (['@charset "utf-8";a{}', "@charset 'x';b{}@charset 'y'"], "a{}\nb{}\n"),
        (["@layer a", "b{}"], "@layer a;\nb{}\n"),
        (["@layer a /* x */\n", "b{}"], "@layer a; /* x */\nb{}\n"),
        (["@layer a\\61", "b{}"], "@layer a\\61;\nb{}\n"),
        (["@lay\\65r", "b{}"], "@lay\\65r;\nb{}\n"),
        (["@import 'x'", "b{}"], "@import 'x';\nb{}\n"),
        (["@import 'x';a{}@import 'y';", "b{}@import/*;*/url(z) ;c{}"], "@import 'x';a{}\nb{}c{}\n"),
        (["a{}/*# sourceMappingURL=a.map */", "/*@ sourceMappingURL=data:,x*/b{}"], "a{}\nb{}\n"),
        (["a{b:'/*# sourceMappingURL=x */'}"], "a{b:'/*# sourceMappingURL=x */'}\n"),
        (["a{}@import 'x' /*# sourceMappingURL=a.map */;"], "a{}\n"),
        (["a{} b"], "a{} b\n"),
    ],
)
def test_inputs_are_joined_on_lines_of_their_own(texts: list[str], joined: str) -> None:
    assert join(texts) == joined


RULES = ("a{b:c}", "@layer d;", "@media e{f{g:h}}", "@import 'i';", "/* j */", "@layer k", "\n", " ")
SHEETS = st.lists(st.sampled_from([*RULES, *RULES, *"{}()[]';\\", "/*", "@x"]), max_size=6).map("".join)


@given(SHEETS, SHEETS)
def test_accepted_inputs_keep_their_own_tokens_when_joined(one: str, other: str) -> None:
    problems = [*problems_of_input("a.css", one, first=True), *problems_of_input("b.css", other, first=False)]
    if any(problem.severity is Severity.ERROR for problem in problems):
        return
    alone = [normal_form(join([text])) for text in (one, other)]
    if None in alone:
        return
    together = normal_form(join([one, other]))
    assert together is not None
    parts = [(part.kind, part.text, part.gap) for parts in alone for part in parts or ()]
    # The last statement of an input may lack its semicolon; it gets one where another input follows.
    assert [(part.kind, part.text, part.gap) for part in together if part.text != ";"] == [
        part for part in parts if part[1] != ";"
    ]


def test_a_map_comment_within_a_dropped_import_goes_with_it() -> None:
    text = "a{}@import /*# sourceMappingURL=x */ 'b';c{}/*# sourceMappingURL=y */@layer d/*# sourceMappingURL=z */"
    assert join([text]) == "a{}c{}@layer d;\n"


def test_of_very_many_problems_the_errors_are_told_first() -> None:
    problems = problems_of_input("a.css", "a{}@import 'b';" * 200 + "}\n" + "a{}", first=True)
    assert len(problems) == 100
    assert [problem.code for problem in problems if problem.severity is Severity.ERROR] == ["css-stray-brace"]
    assert [problem.code for problem in problems][-1] == "css-stray-brace"
