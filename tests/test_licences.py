"""Licence comments move to a file of their own, and the text that they left means what it meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import inspection, pipeline, prove_css, prove_js, why
from assetbuild.build.licences import Moved, file_name, moved, with_notice
from assetbuild.build.model import BuildFailed, TextKind
from assetbuild.build.verify import verify
from tests.project import Project, project

CSS, JS = TextKind.CSS, TextKind.JS
FILE = 'licences = "file"\ncompress = []\n'


@pytest.mark.parametrize(
    ("kind", "text", "left", "licences"),
    [
        (JS, "/*! a */ x()", "/**/ x()", "/*! a */\n"),
        (JS, "/*! a\n*/x()", "/*\n*/x()", "/*! a\n*/\n"),
        (JS, "return_ = 1/*! a\x0cb */+2", "return_ = 1/**/+2", "/*! a\nb */\n"),
        (JS, "x() // @license MIT\ny()", "x() //\ny()", "// @license MIT\n"),
        (JS, "/*! a */x()/* no */;/*! b */y();/*! a */", "/**/x()/* no */;/**/y();/**/", "/*! a */\n\n/*! b */\n"),
        (JS, "/*! a \r\n b */x()/*! a\n b */", "/*\n*/x()/*\n*/", "/*! a\n b */\n"),
        (JS, "/** @preserve é */'é'", "/**/'é'", "/** @preserve é */\n"),
        (JS, "x = '/*! a */' + `// @license`", None, ""),
        (JS, "/*! a */x()\n/*! open", "/**/x()\n/*! open", "/*! a */\n"),
        (JS, "x() // none", None, ""),
        (CSS, "/*! a */ b { c: d }", "/**/ b { c: d }", "/*! a */\n"),
        (CSS, "a/* @license */b{}/*! c\n*/", "a/**/b{}/*\n*/", "/* @license */\n\n/*! c\n*/\n"),
        (CSS, "b { c: '/*! d */' }", None, ""),
        (CSS, "b{}/*! open", None, ""),
        (CSS, "b{}/*!/", None, ""),
    ],
)
def test_licence_comments_leave_an_empty_one_of_their_kind(
    kind: TextKind, text: str, left: str | None, licences: str
) -> None:
    assert moved(text, kind) == Moved(text if left is None else left, licences)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x()", "/*! licences: u */\nx()"),
        ("'use strict';x()", "/*! licences: u */\n'use strict';x()"),
        ("", "/*! licences: u */\n"),
        ("#!/bin/node\nx()", "#!/bin/node\n/*! licences: u */\nx()"),
        ("#!/bin/node\r\nx()", "#!/bin/node\r\n/*! licences: u */\nx()"),
        ("#!/bin/node", "#!/bin/node\n/*! licences: u */\n"),
        ("--> c\nx()", "/*! licences: u */\n--> c\nx()"),
        ('@charset "utf-8";a{}', '@charset "utf-8";/*! licences: u */\na{}'),
        ('a{}@charset "utf-8";', '/*! licences: u */\na{}@charset "utf-8";'),
    ],
)
def test_the_notice_stands_first_but_for_what_counts_only_there(text: str, result: str) -> None:
    assert with_notice(text, "u") == result


_PIECES = st.lists(
    st.sampled_from(
        ["/*! a */", "/*! b\n*/", "// @license\n", "/* c */", "x", "\n", ";", "(", ")", "++", "return ",
         "`", "'", "/", "a{b:c}"]
    ),
    max_size=12,
)  # fmt: skip


@given(_PIECES)
def test_what_parses_means_the_same_without_its_licences(pieces: list[str]) -> None:
    text = "".join(pieces)
    script, sheet = moved(text, JS), moved(text, CSS)
    if not prove_js.original(text).refusal() and prove_js.same(text, text):
        assert prove_js.same(text, script.text)
        assert not moved(script.text, JS).licences
    if not prove_css.original(text).refusal():
        assert prove_css.same(text, sheet.text)
        assert not moved(sheet.text, CSS).licences


def built(root: Path, files: dict[str, str | bytes], config: str = FILE) -> Project:
    made = project(root, files, config)
    made.result = made.build()
    return made


@pytest.mark.parametrize(
    ("name", "text", "rest", "licences"),
    [
        ("js/a.js", "/*! l */ x ( )", "/*! licences: URL */\nx()", "/*! l */\n"),
        ("js/a.js", "'use strict' ;\n// @license MIT\nx ( )",
         "/*! licences: URL */\n'use strict';x()", "// @license MIT\n"),
        ("js/a.js", "#!/bin/node\n/*! l */ x ( )", "#!/bin/node\n/*! licences: URL */\nx()", "/*! l */\n"),
        ("js/a.js", "/*! l */x()", "/*! licences: URL */\nx()", "/*! l */\n"),
        ("js/a.js", "/*! l */", "/*! licences: URL */\n", "/*! l */\n"),
        ("js/a.mjs", "/*! l */ export  {}", "/*! licences: URL */\nexport{}", "/*! l */\n"),
        ("a b/é.css", "/*! l */ b { c : d }", "/*! licences: URL */\nb{c:d}", "/*! l */\n"),
        ("a.css", '@charset "utf-8";\n/*! l */ b { c : "é" }',
         '@charset "utf-8";/*! licences: URL */\nb{c:"é"}', "/*! l */\n"),
        ("a.css", '/*! l */ @import "b.css" ;', '/*! licences: URL */\n@import "B"', "/*! l */\n"),
    ],
)  # fmt: skip
def test_a_minified_text_names_the_hashed_file_of_its_licences(
    tmp_path: Path, name: str, text: str, rest: str, licences: str
) -> None:
    made = built(tmp_path, {name: text, "b.css": ""})
    url = re.search(r"/\*! licences: (\S+) \*/", made.read(name))
    assert url is not None
    assert made.read(name) == rest.replace("URL", url[1]).replace('"B"', f'"{made.path("b.css")}"')
    entry = made.manifest["assets"][file_name(name)]
    assert entry["path"].rpartition("/")[2].replace("é", "%C3%A9") == url[1]
    assert entry["type"] == "text/plain"
    assert made.read(file_name(name)) == licences
    assert verify(made.config) == ()


def test_a_bundle_has_one_file_of_licences(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.js": "/*! l */ a ( )",
        "b.js": "/*! m */ b ( ) /*! l */",
        "c.css": "/*! l */ a { }",
    }
    made = built(tmp_path, files, FILE + '[bundles]\n"d/app.js" = ["a.js", "b.js"]\n"d/app.css" = ["c.css"]\n')
    assert made.read("d/app.js.LICENSE.txt") == "/*! l */\n\n/*! m */\n"
    assert made.read("d/app.js").endswith(" */\na();b()")
    assert made.read("d/app.css").endswith(" */\na{}")
    assert [name for name in made.manifest["assets"] if name.startswith("d/")] == [
        "d/app.css", "d/app.css.LICENSE.txt", "d/app.js", "d/app.js.LICENSE.txt",
    ]  # fmt: skip


def test_a_change_of_a_licence_renames_the_text_and_a_change_of_the_text_leaves_the_licences(tmp_path: Path) -> None:
    made = built(tmp_path, {"a.js": "/*! l */ x ( )"})
    text, licence = made.path("a.js"), made.path("a.js.LICENSE.txt")
    made.write({"static/a.js": "/*! l */ y ( )"}).build()
    assert made.path("a.js") != text
    assert made.path("a.js.LICENSE.txt") == licence
    text = made.path("a.js")
    made.write({"static/a.js": "/*! m */ y ( )"}).build()
    assert made.path("a.js") != text
    assert made.path("a.js.LICENSE.txt") != licence
    again = made.build()
    assert again.up_to_date


@pytest.mark.parametrize(
    ("config", "dev"), [(FILE, True), (FILE + "[processors]\njs = []\n", False), ("compress = []", False)]
)
def test_without_processors_or_without_the_key_comments_stay(tmp_path: Path, config: str, dev: bool) -> None:
    made = project(tmp_path, {"a.js": "/*! l */x()"}, config)
    made.build(dev=dev)
    assert list(made.manifest["assets"]) == ["a.js"]
    assert made.read("a.js") == "/*! l */x()"


def test_what_cannot_be_minified_keeps_its_comments(tmp_path: Path) -> None:
    made = built(tmp_path, {"a.css": "/*! l */ a { b : c", "b.js": "/*! l */ y = = 1"})
    assert list(made.manifest["assets"]) == ["a.css", "b.js"]
    assert made.read("a.css") == "/*! l */ a { b : c"


@pytest.mark.parametrize("bundled", [False, True])
def test_another_asset_with_the_name_of_such_a_file_is_an_error_that_names_both(tmp_path: Path, bundled: bool) -> None:
    files: dict[str, str | bytes] = {"a.js": "/*! l */ x ( )", "a.js.LICENSE.txt": "mine"}
    config = FILE + ('[bundles]\n"a.js" = ["a.js"]\n' if bundled else "")
    made = project(tmp_path, files, config)
    with pytest.raises(BuildFailed) as failed:
        made.build()
    (problem,) = failed.value.problems
    assert problem.code == "licence-clash"
    assert problem.text == "a.js.LICENSE.txt has the name of the file for the licence comments of a.js"
    assert problem.place is not None
    assert problem.place.path.endswith("a.js.LICENSE.txt")
    assert inspection.check(made.config) == (problem,)
    made.write({"assetbuild.toml": config.replace("compress", 'exclude = ["*.txt"]\ncompress')}).build()
    assert made.read("a.js.LICENSE.txt") == "/*! l */\n"


def test_why_and_plan_and_check_know_the_file(tmp_path: Path) -> None:
    made = project(tmp_path, {"a.js": "/*! l */ x ( )"}, FILE + 'templates = ["*.html"]\nstable = ["a.js*"]\n')
    made.write({"t.html": "{{ asset_url('a.js.LICENSE.txt') }}"})
    assert {change.logical for change in made.plan().changes} == {"a.js", "a.js.LICENSE.txt"}
    assert inspection.check(made.config) == ()
    made.build()
    lines = [text for _, text in why.explain(made.config, "a.js.LICENSE.txt").lines]
    assert "the licence comments of a.js" in lines
    assert "a.js (from static)" in lines
    assert f"a.js.LICENSE.txt -> {made.path('a.js.LICENSE.txt')}" in [
        text for _, text in why.explain(made.config, "a.js").lines
    ]
    assert (made.output / "a.js.LICENSE.txt").read_text() == "/*! l */\n"
    assert inspection.check_output(made.config, options=pipeline.Options()) == ()
    made.write({"static/a.js": "x = = 1"})
    made.write({"assetbuild.toml": FILE + 'templates = ["*.html"]\n[bundles]\n"b.js" = ["a.js"]\n'})
    assert [problem.code for problem in inspection.check(made.config)] == ["js-syntax"]


def test_a_licence_that_is_not_utf8_keeps_its_bytes(tmp_path: Path) -> None:
    made = built(tmp_path, {"a.css": b"/*! \xff */ a { b : c }"})
    assert made.read_bytes("a.css.LICENSE.txt") == b"/*! \xff */\n"
