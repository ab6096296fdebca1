"""Joining style sheets: what is refused, what is dropped, and that no input ever reaches into the next."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.css_normal import keys, normal_form
from assetbuild.build.css_sheet import read
from assetbuild.build.join_css import found_in, told
from assetbuild.build.model import Problem, Severity
from tests.css_chains import bundle


def problems_of(text: str, path: str = "a.css") -> tuple[Problem, ...]:
    return told(path, text, found_in(read(text)))


def codes(text: str) -> list[str]:
    return [problem.code for problem in problems_of(text)]


def join(texts: Sequence[str]) -> str:
    names = [f"{number}.css" for number in range(len(texts))]
    return bundle(dict(zip(names, texts, strict=True)), names).text


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
    problem = next(each for each in problems_of(text, "x/a.css") if each.code == code)
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
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@import 'x';", []),
        ("@charset 'x';@layer a;@import 'x';@import 'y';", []),
        ("/**/@import 'x';a{}@import 'y';", ["css-import-ignored"]),
        ("a{}@import 'x';", ["css-import-ignored"]),
        ("@media x{}@import 'x'", ["css-import-ignored"]),
        # Cascade 5: nothing may stand between imports, not even what may stand before them.
        ("@import 'x';@layer a;@import 'y';", ["css-import-ignored"]),
        ("@namespace a 'x';@import 'y';", ["css-import-ignored"]),
        # Browsers drop rules that they do not know, and heed the import.
        ("@foo;@bar{}@import 'x';", []),
        ("@import 'x'{}", []),
        ("@media x{@import 'y';}", []),
        ("@import;", ["css-import-ignored"]),
        ("@import x;", ["css-import-ignored"]),
        (";a{}", ["css-rule-ignored"]),
        (";a{}--a:b{}@import 'y';", ["css-rule-ignored", "css-rule-ignored"]),
        ("a:b;c{}d{}", ["css-rule-ignored"]),
        ("--a:b{}c{}", ["css-rule-ignored"]),
        ("a:is(;){}", []),
    ],
)
def test_what_browsers_ignore_is_told(text: str, wanted: list[str]) -> None:
    assert codes(text) == wanted


def test_a_dropped_import_is_only_a_warning() -> None:
    (problem,) = problems_of("a{}@import 'b.css';")
    assert problem.severity is Severity.WARNING


def test_problems_come_in_the_order_of_their_places() -> None:
    assert codes("@import;}a{b:'c\n}d{") == ["css-import-ignored", "css-stray-brace", "css-bad-string", "css-unclosed"]


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ([], ""),
        ([""], ""),
        (["a{}", "b{}"], "a{}\nb{}\n"),
        (["a{}\n", "", "\n", "b{}\r\n"], "a{}\nb{}\r\n"),
        (['@charset "utf-8";a{}', "@charset 'x';b{}@charset 'y'"], "a{}\nb{}\n"),
        (["@layer a", "b{}"], "@layer a;\nb{}\n"),
        (["@layer a /* x */\n", "b{}"], "@layer a; /* x */\nb{}\n"),
        (["@layer a\\61", "b{}"], "@layer a\\61;\nb{}\n"),
        (["@lay\\65r", "b{}"], "@lay\\65r;\nb{}\n"),
        (["@import 'x'", "b{}"], "@import 'x';\nb{}\n"),
        (["@import 'x';a{}@import 'y';", "b{}@import/*;*/url(z) ;c{}"], "@import 'x';\na{}\nb{}c{}\n"),
        (["a{}/*# sourceMappingURL=a.map */", "/*@ sourceMappingURL=data:,x*/b{}"], "a{}\nb{}\n"),
        (["a{b:'/*# sourceMappingURL=x */'}"], "a{b:'/*# sourceMappingURL=x */'}\n"),
        (["a{}@import 'x' /*# sourceMappingURL=a.map */;"], "a{}\n"),
        (["a{} b"], "a{} b\n"),
    ],
)
def test_inputs_are_joined_on_lines_of_their_own(texts: list[str], joined: str) -> None:
    assert join(texts) == joined


RULES = ("a{b:c}", "@layer d;", "@media e{f{g:h}}", "@font-face{}", "/* j */", "@layer k", "\n", " ")
SHEETS = st.lists(st.sampled_from([*RULES, *RULES, *"{}()[]';\\", "/*", "@x"]), max_size=6).map("".join)


@given(SHEETS, SHEETS)
def test_accepted_inputs_keep_their_own_tokens_when_joined(one: str, other: str) -> None:
    problems = [*problems_of(one), *problems_of(other)]
    if any(problem.severity is Severity.ERROR for problem in problems):
        return
    between = "z{}"  # without it two rules of which each ends an input could become one
    alone = [normal_form(join([text])) for text in (one, between, other)]
    if None in alone:
        return
    together = normal_form(join([one, between, other]))
    assert together is not None
    compared = [key for entries in alone for key in keys(entries or ())]
    # The last statement of an input may lack its semicolon; it gets one where another input follows.
    assert [key for key in keys(together) if key != ";"] == [key for key in compared if key != ";"]


def test_a_map_comment_within_a_dropped_import_goes_with_it() -> None:
    text = "a{}@import /*# sourceMappingURL=x */ 'b';c{}/*# sourceMappingURL=y */@layer d/*# sourceMappingURL=z */"
    assert join([text]) == "a{}c{}@layer d;\n"


def test_of_very_many_problems_the_errors_are_told_first() -> None:
    problems = problems_of("a{}@import 'b';" * 200 + "}\n" + "a{}")
    assert len(problems) == 100
    assert [problem.code for problem in problems if problem.severity is Severity.ERROR] == ["css-stray-brace"]
    assert [problem.code for problem in problems][-1] == "css-stray-brace"


# --- @import ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ({"a": "@import 'b';a{}", "b": "b{}"}, "b{}\na{}\n"),
        ({"a": "@import 'b' screen;", "b": "b{}"}, "@media screen {\nb{}\n}\n"),
        ({"a": "@import 'b' all;", "b": "b{}"}, "b{}\n"),
        ({"a": "@import 'b' layer;", "b": "b{}"}, "@layer {\nb{}\n}\n"),
        ({"a": "@import 'b' LAYER( x.y );", "b": "b{}"}, "@layer x.y {\nb{}\n}\n"),
        # what is no name of a layer is a media query, and one that never matches
        ({"a": "@import 'b' layer(x y);", "b": "b{}"}, "@media layer(x y) {\nb{}\n}\n"),
        (
            {"a": "@import 'b' layer(x) supports(c: d) screen and (e: f), print;", "b": "b{}"},
            "@supports (c: d) {\n@media screen and (e: f), print {\n@layer x {\nb{}\n}\n}\n}\n",
        ),
        (
            {"a": "@import 'b' print;", "b": "@import 'c' layer(x);", "c": "c{}"},
            "@media print {\n@layer x {\nc{}\n}\n}\n",
        ),
        # each once, at the last place
        ({"a": "@import 'b';@import 'c';@import 'b';", "b": "b{}", "c": "c{}"}, "c{}\nb{}\n"),
        ({"a": "@import 'b' print;@import 'c';@import 'b';", "b": "b{}", "c": "c{}"}, "c{}\nb{}\n"),
        (
            {"a": "@import 'b';@import 'c';@import 'b' print;", "b": "b{}", "c": "c{}"},
            "b{}\nc{}\n@media print {\nb{}\n}\n",
        ),
        (
            {"a": "@import 'b';@import 'c';@import 'b';", "b": "@layer x{b{}}", "c": "c{}"},
            "@layer x;\nc{}\n@layer x{b{}}\n",
        ),
        (
            {"a": "@import 'b' layer(x);@import 'c';@import 'b' layer(x);", "b": "@layer y{b{}}", "c": "c{}"},
            "@layer x.y;\nc{}\n@layer x {\n@layer y{b{}}\n}\n",
        ),
        # a layer without a name is another one each time
        ({"a": "@import 'b' layer;@import 'b' layer;", "b": "b{}"}, "@layer {\nb{}\n}\n" * 2),
        # but the same one for all that an import brings in
        (
            {"a": "@import 'b' layer;", "b": "@layer x;@import 'c' print;b{}", "c": "c{}"},
            "@layer {\n@layer x;\n@media print {\nc{}\n}\nb{}\n}\n",
        ),
        ({"a": "@import 'b' layer;", "b": "@import 'c';@import 'c';", "c": "c{}"}, "@layer {\nc{}\n}\n"),
        (
            {
                "a": "@import 'b' layer screen;",
                "b": "@import 'c' layer;b{}",
                "c": "/* c */@import 'b';@import 'd.css';c{}",
                "d": "d{}",
            },
            "@media screen {\n@layer {\n@layer {\n/* c */\nd{}\nc{}\n}\nb{}\n}\n}\n",
        ),
        ({"a": "@import 'b' layer(x);a{}", "b": "/* b */"}, "@layer x;\n/* b */\na{}\n"),
        (
            {"a": "@import 'b';@import 'c';@import 'b';", "b": "@layer x y;@layer z,;@layer v{}", "c": "c{}"},
            "@layer v;\nc{}\n@layer x y;@layer z,;@layer v{}\n",
        ),
        # names and conditions as written, up to the blanks that escapes hold
        ({"a": "@import 'b' layer(x/**/.\\61  );", "b": "b{}"}, "@layer x.\\61  {\nb{}\n}\n"),
        ({"a": "@import 'b' layer(x\u00a0);", "b": "b{}"}, "@layer x\u00a0 {\nb{}\n}\n"),
        ({"a": "@import 'b' supports(--x:\\ );", "b": "b{}"}, "@supports (--x:\\ ) {\nb{}\n}\n"),
        ({"a": "@import 'b' supports( );", "b": "b{}"}, "@supports (()) {\nb{}\n}\n"),
        # a rule without a selector is dropped by browsers and ends nothing
        ({"a": "{}@import 'b';", "b": "b{}"}, "{}\nb{}\n"),
        ({"a": "@import 'b' layer(x);a{}", "b": ""}, "@layer x;\na{}\n"),
        ({"a": "@import 'b' layer(x) print;a{}", "b": ""}, "@media print {\n@layer x {\n}\n}\na{}\n"),
        # circles end
        ({"a": "@import 'b';a{}", "b": "@import 'a';b{}"}, "b{}\na{}\n"),
        ({"a": "@import 'a';@import '';@import url();@import '#x';a{}"}, "a{}\n"),
        # comments stay where they are, and layers before imports before rules
        (
            {"a": "/*! a */@layer y,x;@import 'b' layer(x);a{}", "b": "/*! b */b{}"},
            "/*! a */@layer y,x;\n@layer x {\n/*! b */b{}\n}\na{}\n",
        ),
        ({"a": "@namespace s url(s);a{}@import 'b';", "b": "b{}"}, "@namespace s url(s);\na{}\n"),
        # a suffix is of no use to what is inlined
        ({"a": "@import 'b?v=1#x';", "b": "b{}"}, "b{}\n"),
    ],
)
def test_imports_are_replaced_by_what_they_name(texts: dict[str, str], joined: str) -> None:
    named = {
        f"{name}.css": text.replace("'b", "'b.css").replace("'c", "'c.css").replace("'a'", "'a.css'")
        for name, text in texts.items()
    }
    found = bundle(named, ["a.css"])
    assert found.text == joined
    assert [code for code in found.codes if code != "css-import-ignored"] == []


def test_an_input_that_a_later_one_imports_stands_where_that_one_has_it() -> None:
    assert bundle(
        {"a.css": "a{}", "b.css": "b{}", "c.css": "@import 'a.css';c{}"}, ["a.css", "b.css", "c.css"]
    ).text == ("b{}\na{}\nc{}\n")


def test_an_imported_bundle_is_inlined_whole() -> None:
    texts = {"a.css": "@import 'theme.css' print;a{}", "b.css": "b{}", "c.css": "c{}"}
    assert bundle(texts, ["a.css"], theme=["b.css", "c.css"]).text == (
        "@media print {\nb{}\n}\n@media print {\nc{}\n}\na{}\n"
    )


def test_inside_a_bundle_its_own_name_means_the_source() -> None:
    texts = {"bundle.css": "a{}", "b.css": "@import 'bundle.css';b{}"}
    assert bundle(texts, ["b.css"]).text == "a{}\nb{}\n"


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ({"a": "@import 'https://h/x.css';a{}"}, "@import 'https://h/x.css';\na{}\n"),
        ({"a": "@import url( //h/x.css )print;a{}"}, "@import url( //h/x.css ) print;\na{}\n"),
        (
            {"a": "@import 'b' (min-width:25em);", "b": "@import 'https://c' screen;"},
            "@import 'https://c' screen and (min-width:25em);\n",
        ),
        (
            {"a": "@import 'b' screen;", "b": "@import 'https://c' (min-width:25em);"},
            "@import 'https://c' screen and (min-width:25em);\n",
        ),
        (
            {"a": "@import 'b' (a),(b);", "b": "@import 'https://c' only screen and (x), print;"},
            "@import 'https://c' only screen and (x) and (a), print and (a), "
            "only screen and (x) and (b), print and (b);\n",
        ),
        (
            {"a": "@import 'b' (a) or (b);", "b": "@import 'https://c' not (c);"},
            "@import 'https://c' (not (c)) and ((a) or (b));\n",
        ),
        ({"a": "@import 'b' screen;", "b": "@import 'https://c' print;"}, "@import 'https://c' not all;\n"),
        (
            {"a": "@import 'b' layer(x) supports(d: e);", "b": "@import 'https://c' layer(y) supports(f: g) print;"},
            "@import 'https://c' layer(x.y) supports((d: e) and (f: g)) print;\n",
        ),
        ({"a": "@import 'https://c' layer;"}, "@import 'https://c' layer;\n"),
        # at its first place, for its layers, and at its last, for its rules; once where that is the same
        (
            {"a": "@import 'https://c';@import 'https://d';@import 'https://c';"},
            "@import 'https://c';\n@import 'https://d';\n@import 'https://c';\n",
        ),
        (
            {"a": "@import 'https://c';@import 'https://d';" * 3},
            "@import 'https://c';\n@import 'https://d';\n@import 'https://c';\n@import 'https://d';\n",
        ),
        ({"a": "@import 'https://c';@import 'https://c';"}, "@import 'https://c';\n"),
        (
            {"a": "@import 'b';@import 'https://d';@import 'b';", "b": "@import 'https://c';b{}"},
            "@import 'https://c';\n@import 'https://d';\n@import 'https://c';\nb{}\n",
        ),
        (
            {"a": "@layer x;@import 'https://c';@import 'b';", "b": "@import 'https://d';b{}"},
            "@layer x;\n@import 'https://c';\n@import 'https://d';\nb{}\n",
        ),
        (
            {"a": "@import 'https://c' layer(x);@import 'https://d' layer(y);@import 'https://c' layer(x);"},
            "@import 'https://c' layer(x);\n@import 'https://d' layer(y);\n@import 'https://c' layer(x);\n",
        ),
    ],
)
def test_external_imports_stand_first_in_order(texts: dict[str, str], joined: str) -> None:
    named = {f"{name}.css": text.replace("'b'", "'b.css'") for name, text in texts.items()}
    found = bundle(named, ["a.css"])
    assert found.text == joined
    assert found.codes == []


@pytest.mark.parametrize(
    ("texts", "inputs", "path", "column"),
    [
        ({"a.css": "a{}", "b.css": " @import 'https://c';"}, ["a.css", "b.css"], "static/b.css", 2),
        ({"a.css": "@import 'b.css';@import 'https://c';", "b.css": "b{}"}, ["a.css"], "static/a.css", 17),
        (
            {"a.css": "@import 'https://c';@import 'b.css';", "b.css": "@layer x;@import 'https://d';"},
            ["a.css"],
            "static/b.css",
            10,
        ),
    ],
)
def test_an_external_import_that_passes_over_rules_is_a_warning_at_its_place(
    texts: dict[str, str], inputs: list[str], path: str, column: int
) -> None:
    (problem,) = bundle(texts, inputs).problems
    assert (problem.code, problem.severity) == ("css-import-hoisted", Severity.WARNING)
    assert problem.place is not None
    assert (problem.place.path, problem.place.column) == (path, column)
    assert problem.hint


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("not print", "screen"),
        ("screen", "not print"),
        ("screen", "n\\6ft print"),
        ("layer", ""),
        ("layer", "layer(x)"),
        ("layer(x)", "layer"),
    ],
)
def test_conditions_that_one_import_cannot_say_are_an_error(outer: str, inner: str) -> None:
    texts = {"a.css": f"@import 'b.css' {outer};", "b.css": f"@import 'https://c' {inner};"}
    (problem,) = bundle(texts, ["a.css"]).problems
    assert (problem.code, problem.severity) == ("css-import-conditions", Severity.ERROR)
    assert problem.place is not None
    assert problem.place.path == "static/b.css"


@pytest.mark.parametrize(
    ("texts", "inputs", "codes"),
    [
        ({"a.css": "a{}", "b.css": "@namespace s 's';"}, ["a.css", "b.css"], ["css-namespace-in-later-input"]),
        ({"a.css": "@import 'b.css';", "b.css": "@namespace s 's';"}, ["a.css"], ["css-namespace-in-later-input"]),
        ({"a.css": "@namespace s 's';", "b.css": "b{}"}, ["a.css", "b.css"], []),
        ({"a.css": "@namespace 's';", "b.css": "b{}"}, ["a.css", "b.css"], ["css-default-namespace"]),
        ({"a.css": "@import 'b.css';@namespace 's';", "b.css": "b{}"}, ["a.css"], ["css-default-namespace"]),
        ({"a.css": "@namespace 's';a{}"}, ["a.css"], []),
        ({"a.css": "a{}@namespace 's';"}, ["a.css"], ["css-namespace-ignored"]),
        # a prefix is valid in the whole bundle, and was not in the other sheets
        ({"a.css": "@namespace s 's';", "b.css": "s|a{}"}, ["a.css", "b.css"], ["css-namespace-prefix"]),
        (
            {"a.css": "@import 'b.css';@namespace s 's';", "b.css": "@media x{a s|*{}}"},
            ["a.css"],
            ["css-namespace-prefix"],
        ),
        ({"a.css": "@namespace s 's';", "b.css": "a{b:attr(\\73|c)}"}, ["a.css", "b.css"], ["css-namespace-prefix"]),
        ({"a.css": "@namespace s 's';s|a{}", "b.css": "t|a{}*|s{}[s|='x']{}s||a{}/*s|a*/"}, ["a.css", "b.css"], []),
        ({"a.css": "s|a{}", "b.css": "s|a{}"}, ["a.css", "b.css"], []),
        ({"a.css": "@import 'b.css';", "b.css": "b{"}, ["a.css"], ["css-unclosed"]),
        ({"a.css": "@import 'b.css';", "b.css": "b{}\udcff"}, ["a.css"], ["css-unfinished-rule", "not-utf8"]),
    ],
)
def test_what_no_part_of_a_bundle_may_hold(texts: dict[str, str], inputs: list[str], codes: list[str]) -> None:
    assert bundle(texts, inputs).codes == codes


def test_a_maze_of_imports_ends_with_an_error() -> None:
    count = 40
    texts = {
        f"{number}.css": f"@import '{number + 1}.css' print;@import '{number + 1}.css' screen;"
        for number in range(count)
    }
    (problem,) = bundle({**texts, f"{count}.css": "a{}"}, ["0.css"]).problems
    assert (problem.code, problem.text) == (
        "css-imports-too-many", "with this @import, those of bundle.css make more than 10000 parts"
    )  # fmt: skip
    assert problem.place is not None
    assert problem.place.source_line.startswith("@import", problem.place.column - 1)


def test_a_tower_of_imports_ends_with_an_error_at_the_import_that_goes_too_deep() -> None:
    texts = {f"{number}.css": f"/* x */\n @import '{number + 1}.css';" for number in range(150)}
    (problem,) = bundle(texts, ["0.css"]).problems
    assert (problem.code, problem.text) == (
        "css-imports-too-many", "with this @import, those of bundle.css are more than 100 deep"
    )  # fmt: skip
    assert problem.place is not None
    assert (problem.place.path, problem.place.line, problem.place.column) == ("static/99.css", 2, 2)


def test_a_borrowed_prefix_is_told_where_it_is_used() -> None:
    texts = {"a.css": "@namespace s 's';", "b.css": "a{}\n s|a{} s|b{}"}
    (problem,) = bundle(texts, ["a.css", "b.css"]).problems
    assert problem.place is not None
    assert (problem.place.path, problem.place.line, problem.place.column) == ("static/b.css", 2, 2)
    assert '"s" is declared in static/a.css' in problem.text


@pytest.mark.parametrize("last", ["@import 'https://x' layer(y);", "--a:b{@layer x{}}", "@layer a b;", "@layer a{}"])
def test_a_maze_whose_layers_come_to_nothing_ends_too(last: str) -> None:
    texts = {f"{number}.css": f"@import '{number + 1}.css';@import '{number + 1}.css';" for number in range(60)}
    assert "css-imports-too-many" in bundle({**texts, "60.css": last}, ["0.css"]).codes


def test_a_diamond_of_imports_is_gone_through_once() -> None:
    count = 60
    texts = {f"{number}.css": f"@import '{number + 1}.css';@import '{number + 1}.css';" for number in range(count)}
    assert bundle({**texts, f"{count}.css": "a{}"}, ["0.css"]).text == "a{}\n"
