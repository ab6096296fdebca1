"""What is wrong with roots, globs and bundles is said at its line of the configuration, with an action."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.build.model import Severity
from tests.project import PLAIN, project

FILES: dict[str, str | bytes] = {"css/a.css": "a{}", "css/b.css": "b{}", "js/c.js": "c()", "img/d.png": b"d"}

BAD = [
    ('[bundles]\n"x.css" = ["css/c.css"]', "unknown-input", 2, "did you mean css/b.css or css/a.css?"),
    (
        '[bundles]\n"x.css" = [\n  "css/a.css",\n  "less/*.css",\n]',
        "glob-matches-nothing",
        4,
        "correct the glob, or remove it",
    ),
    (
        '[bundles]\n"x.css" = {inputs = ["css/a.css", "js/c.js"]}',
        "input-of-another-type",
        2,
        "take it out: a bundle joins",
    ),
    ('[bundles]\n"x.css" = ["y.css"]\n"y.css" = ["x.css"]', "bundle-cycle", 3, "take one of them out of the other"),
    ('[bundles]\n"css/a.css" = ["css/b.css"]', "bundle-shadows-source", 2, 'add "css/a.css" to its inputs'),
    ('stable = [\n  "favicon.ico",\n]', "glob-matches-nothing", 2, "correct the glob, or remove it"),
    ('include = ["css/*.css", "fonts/*"]', "glob-matches-nothing", 1, "correct the glob, or remove it"),
    ('[importmap]\nthing = "js/d.js"', "importmap-target", 2, "did you mean js/c.js?"),
]


@pytest.mark.parametrize(("config", "code", "line", "hint"), BAD, ids=[row[1] for row in BAD])
def test_what_is_wrong_is_said_at_its_line(tmp_path: Path, config: str, code: str, line: int, hint: str) -> None:
    (problem,) = project(tmp_path, FILES, config).problems()
    assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert problem.place is not None
    assert (problem.place.path, problem.place.line) == (str(tmp_path / "assetbuild.toml"), line)
    assert problem.place.column > 0
    assert problem.hint.startswith(hint)


def test_a_bundle_of_bundles_and_globs_keeps_first_places(tmp_path: Path) -> None:
    config = f'{PLAIN}[bundles]\n"inner.css" = ["css/b.css"]\n"x.css" = ["inner.css", "css/*.css"]\n'
    built = project(tmp_path, FILES, config)
    built.build()
    assert built.read("x.css") == "b{}\na{}\n"


def test_inputs_may_be_excluded_from_being_published_alone(tmp_path: Path) -> None:
    built = project(tmp_path, FILES, f'exclude = ["css/*.css"]\n{PLAIN}[bundles]\n"x.css" = ["css/*.css"]\n')
    built.build()
    assert sorted(built.manifest["assets"]) == ["img/d.png", "js/c.js", "x.css"]


def test_roots_are_merged_below_their_mounts(tmp_path: Path) -> None:
    config = f'sources = ["static", {{path = "lib", mount = "vendor/lib"}}]\n{PLAIN}'
    built = project(tmp_path, {**FILES, "/lib/x.css": "x{}"}, config)
    built.build()
    assert "vendor/lib/x.css" in built.manifest["assets"]


@pytest.mark.parametrize(
    ("first", "second", "clashing"),
    [
        ("const re = 1;", "let re = 2;", "re"),
        ("class A {}", "var A;", "A"),
        ("function f() {}", "const f = 1;", "f"),
        ("const { a, b: [c = 1], ...d } = {};", "let c;", "c"),
        ("let d;", "const { x: { d } } = { x: {} };", "d"),
        ("var v; function w() {}", "var v; function w() {}", None),
        ("{ const inner = 1; }", "const inner = 2;", None),
        ("(() => { const inner = 1; })()", "let inner;", None),
        ("const { key: value } = {};", "let key;", None),
    ],
)
def test_names_that_may_be_declared_once_are_declared_once_in_a_bundle(
    tmp_path: Path, first: str, second: str, clashing: str | None
) -> None:
    config = f'{PLAIN}[bundles]\n"all.js" = ["a.js", "b.js"]\n'
    problems = project(tmp_path, {"a.js": first, "b.js": f"\n{second}"}, config).problems()
    assert [problem.code for problem in problems] == (["name-declared-twice"] if clashing else [])
    if clashing:
        assert problems[0].text.startswith(f"`{clashing}` is declared by a.js too")
        assert problems[0].place is not None
        assert problems[0].place.line == 2


@pytest.mark.parametrize("imported", ["b.css", "all.css"])
def test_an_import_of_what_the_bundle_holds_adds_nothing(tmp_path: Path, imported: str) -> None:
    files = {"a.css": f'@import "{imported}";a{{}}', "b.css": "b{}"}
    config = f'exclude = ["?.css"]\n{PLAIN}[bundles]\n"all.css" = ["a.css", "b.css"]\n'
    site = project(tmp_path, files, config)
    assert site.problems() == ()
    assert site.read("all.css") == "a{}\nb{}\n"


def test_a_bare_specifier_that_lacks_its_dot_is_told_so(tmp_path: Path) -> None:
    (problem,) = project(tmp_path, {"a.js": 'import "b.js"', "b.js": "export {}"}).problems()
    assert problem.hint == 'write "./b.js": without the dot it is a bare specifier'


def test_every_bundle_is_told_its_own_clash(tmp_path: Path) -> None:
    files = {"a.js": "let a", "b.js": "let a", "c.js": "let c", "d.js": "let c"}
    config = f'{PLAIN}[bundles]\n"one.js" = ["a.js", "b.js"]\n"two.js" = ["c.js", "d.js"]\n'
    assert project(tmp_path, files, config).codes() == ["name-declared-twice"] * 2
