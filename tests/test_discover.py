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
