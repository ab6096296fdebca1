"""Which imports and namespaces count where they stand. `tests/browser/test_css_bundles.py` asks Chromium the same."""

from __future__ import annotations

import pytest

from assetbuild.build.css_roles import Role, placed
from assetbuild.build.css_sheet import read
from assetbuild.build.join_css import found_in, told
from assetbuild.build.model import Severity
from tests.css_chains import bundle
from tests.css_statements import DOUBTFUL, HEEDED, LATE


def roles(text: str) -> list[Role]:
    return [one.role for one in placed(read(text))]


@pytest.mark.parametrize(
    ("before", "role"),
    [
        *((text, Role.IMPORT) for text in HEEDED),
        *((text, Role.LATE) for text in LATE),
        *((text, Role.DOUBTFUL) for text in DOUBTFUL),
    ],
)
def test_an_import_counts_behind_what_every_browser_drops(before: str, role: Role) -> None:
    assert roles(before + '@import "b.css";')[-1] is role


@pytest.mark.parametrize(
    ("before", "role"),
    [
        ("", Role.NAMESPACE),
        ("@import 'x';", Role.NAMESPACE),
        ("@layer a;", Role.NAMESPACE),
        ("@namespace a 'b';", Role.NAMESPACE),
        ("@supports{}", Role.NAMESPACE),
        ("a{}", Role.LATE),
        ("@import 'x';@layer a;", Role.LATE),
        ("@namespace a 'b';@layer a;", Role.LATE),
        ("@namespace a 'b';a|c{}", Role.LATE),
        ("@namespace a 'b';b|c{}", Role.NAMESPACE),
        (":new-thing{}", Role.DOUBTFUL),
        (":new-thing{}a{}", Role.LATE),
    ],
)
def test_a_namespace_counts_before_rules_and_layers(before: str, role: Role) -> None:
    assert roles(before + "@namespace s 's';")[-1] is role


@pytest.mark.parametrize("text", ['@import src("b.css");', '@import url("b.css" x);', "@import url(x 'b.css');"])
def test_a_form_that_browsers_do_not_know_is_not_inlined(text: str) -> None:
    found = bundle({"a.css": f" {text}a{{}}", "b.css": "b{}"}, ["a.css"])
    assert found.text == " a{}\n"
    (problem,) = found.problems if "url(x" not in text else [one for one in found.problems if "import" in one.code]
    assert (problem.code, problem.severity) == ("css-import-ignored", Severity.WARNING)
    assert problem.place is not None
    assert (problem.place.path, problem.place.line, problem.place.column) == ("static/a.css", 1, 2)
    assert problem.text.startswith("browsers ignore an @import without a URL in a string or url()")


def test_a_local_import_with_a_modifier_is_an_error_and_an_external_one_stays() -> None:
    texts = {"a.css": '@import url("b.css" integrity("x"));', "b.css": "b{}"}
    (problem,) = bundle(texts, ["a.css"]).problems
    assert (problem.code, problem.severity) == ("css-import-modifier", Severity.ERROR)
    external = bundle({"a.css": '@import url("//h/b.css" integrity("x")) print;'}, ["a.css"])
    assert (external.text, external.codes) == ('@import url("//h/b.css" integrity("x")) print;\n', [])


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('a b{}\n@import "b.css";', "css-import-ignored", "browsers ignore an @import that stands after other rules"),
        ("a b{}\n@namespace a 'b';", "css-namespace-ignored", "browsers ignore a @namespace that stands after"),
        (
            ":x{}\n@import 'b';",
            "css-import-doubtful",
            "only some browsers heed this @import: others know the rule at 1:1",
        ),
        (":x{}\n@namespace 'b';", "css-namespace-doubtful", "only some browsers heed this @namespace: others know the"),
        ("\n@namespace a;", "css-namespace-ignored", "browsers ignore a @namespace without a URL"),
    ],
)
def test_what_is_done_with_an_import_is_told_at_its_place(text: str, code: str, words: str) -> None:
    (problem,) = told("x.css", text, found_in(read(text)))
    assert problem.code == code
    assert problem.text.startswith(words)
    assert problem.severity is (Severity.ERROR if "doubtful" in code else Severity.WARNING)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (2, 1)
    assert problem.hint


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("@supports{}@import 'b.css';a{}", "@supports{}\nb{}\na{}\n"),
        # the layers that none of them declares must not order those that follow
        ("@layer x, y{}@import 'b.css' layer(y);", "@layer x, y{}\n@layer y {\nb{}\n}\n"),
        ("@import 'b.css';@layer a;@namespace s 's';s|a{}", "b{}\n@layer a;s|a{}\n"),
        ("@namespace;a{}", "a{}\n"),
    ],
)
def test_a_bundle_has_what_browsers_heed(text: str, joined: str) -> None:
    found = bundle({"a.css": text, "b.css": "b{}"}, ["a.css"])
    assert found.text == joined
    assert not [one for one in found.problems if one.severity is Severity.ERROR]
