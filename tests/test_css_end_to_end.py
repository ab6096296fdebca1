"""HARD CASES "CSS references", end to end: a style sheet in, the published style sheet out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assetbuild.build.model import Severity
from tests.project import PLAIN, Project, png, project

FILES: dict[str, str | bytes] = {
    "css/f.jpg": b"beside",
    "f.jpg": b"root",
    "img/f.jpg": b"in img",
    "css/x(1).png": b"1",
    "css/my file.png": b"2",
    "css/a b.png": b"3",
    "css/f.eot": b"4",
    "css/sprite.svg": "<svg/>",
    "css/f.png": b"5",
    "css/database.jpg": b"6",
    "css/http-diagram.jpg": b"7",
    "css/b.png": b"8",
    "css/a.png": b"9",
    "css/a.css": "a{}",
    "css/naïve.png": b"10",
}

HASH = r"-[0-9a-f]{16}"


def sheet(tmp_path: Path, css: str) -> Project:
    return project(tmp_path, {**FILES, "css/deep/x.png": b"11", "css/app.css": css})


def unhashed(css: str) -> str:
    return re.sub(HASH, "-#", css)


@pytest.mark.parametrize(
    ("css", "wanted"),
    [
        # every spelling
        ("a{b:url(f.jpg)}", "a{b:url(f-#.jpg)}"),
        ("a{b:url( f.jpg )}", "a{b:url( f-#.jpg )}"),
        ('a{b:url("f.jpg")}', 'a{b:url("f-#.jpg")}'),
        ("a{b:url( 'f.jpg' )}", "a{b:url( 'f-#.jpg' )}"),
        ("a{b:URL(f.jpg)}", "a{b:URL(f-#.jpg)}"),
        (r"a{b:\75rl(f.jpg)}", r"a{b:\75rl(f-#.jpg)}"),
        # relative to the original file; a leading / is the root of the namespace
        ("a{b:url(./f.jpg)}", "a{b:url(f-#.jpg)}"),
        ("a{b:url(../f.jpg)}", "a{b:url(../f-#.jpg)}"),
        ("a{b:url(../css/deep/../f.jpg)}", "a{b:url(f-#.jpg)}"),
        ("a{b:url(../img/f.jpg)}", "a{b:url(../img/f-#.jpg)}"),
        ("a{b:url(/f.jpg)}", "a{b:url(../f-#.jpg)}"),
        ("a{b:url(/css/f.jpg)}", "a{b:url(f-#.jpg)}"),
        # escapes and percent-encoding
        ('a{b:url("x(1).png")}', 'a{b:url("x%281%29-#.png")}'),
        ('a{b:url("my file.png")}', 'a{b:url("my%20file-#.png")}'),
        (r"a{b:url(my\ file.png)}", "a{b:url(my%20file-#.png)}"),
        ("a{b:url(a%20b.png)}", "a{b:url(a%20b-#.png)}"),
        ("a{b:url(naïve.png)}", "a{b:url(na%C3%AFve-#.png)}"),
        # suffixes survive
        ("a{b:url(f.eot?#iefix)}", "a{b:url(f-#.eot?#iefix)}"),
        ("a{b:url('sprite.svg#icon')}", "a{b:url('sprite-#.svg#icon')}"),
        ("a{b:url(f.png?v=3)}", "a{b:url(f-#.png?v=3)}"),
        # names that look like schemes are files
        ("a{b:url(database.jpg)}", "a{b:url(database-#.jpg)}"),
        ("a{b:url(http-diagram.jpg)}", "a{b:url(http-diagram-#.jpg)}"),
        # several, nested
        ("a{b:image(url(f.jpg), rgba(0,0,0,.5))}", "a{b:image(url(f-#.jpg), rgba(0,0,0,.5))}"),
        ("a{b:url(a.png),url(b.png)}", "a{b:url(a-#.png),url(b-#.png)}"),
        ('a{b:image-set("a.png" 1x, url(b.png) 2x)}', 'a{b:image-set("a-#.png" 1x, url(b-#.png) 2x)}'),
        # imports: only the path changes
        ('@import "a.css";', '@import "a-#.css";'),
        ("@import 'a.css';", "@import 'a-#.css';"),
        ("@import url(a.css);", "@import url(a-#.css);"),
        ('@import/**/"a.css";', '@import/**/"a-#.css";'),
        (
            '@import "a.css" layer(x) supports(display: grid) screen and (min-width: 9em);',
            '@import "a-#.css" layer(x) supports(display: grid) screen and (min-width: 9em);',
        ),
    ],
)
def test_a_local_reference_is_rewritten_and_nothing_else(tmp_path: Path, css: str, wanted: str) -> None:
    built = sheet(tmp_path, css)
    assert built.problems() == ()
    assert unhashed(built.read("css/app.css")) == wanted


@pytest.mark.parametrize(
    "css",
    [
        "a{b:url(https://h/f.jpg)}",
        "a{b:url(HTTPS://h/f.jpg)}",
        "a{b:url(//cdn/f.jpg)}",
        "a{b:url(blob:x)}",
        "a{b:url(#id)}",
        "a{b:url()}",
        'a{b:url("")}',
        "a{behavior:url(#default#VML)}",
        "a{b:url(\"data:image/svg+xml;utf8,<svg fill='url(%23g)'/>\")}",
        "a{b:url(\"data:image/svg+xml,<svg fill='url(g.svg)'/>\")}",
        "/* url(missing.png) */a{}",
        "a{}/* url(missing.png) */",
        "a{}/* url(missing.png) *//* url(missing.png) */",
        "/* one\n url(missing.png)\n */\na{}",
        'a{content: "url(x.png)"}',
        "a{b:my-url(x.png)}",
        r".tw\:bg-\[url\(\'x\'\)\]{}",
        "@namespace url(http://www.w3.org/1999/xhtml);",
        "@namespace svg url(nowhere.svg);",
    ],
)
def test_what_is_no_local_reference_is_left_alone(tmp_path: Path, css: str) -> None:
    built = sheet(tmp_path, css)
    assert built.problems() == ()
    assert built.read("css/app.css") == css


def test_a_missing_file_is_an_error_at_its_place_with_near_names(tmp_path: Path) -> None:
    (problem,) = sheet(tmp_path, "a{}\n.b { c: url(sprit.svg) }\n").problems()
    assert (problem.code, problem.severity) == ("missing", Severity.ERROR)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column, problem.place.source_line) == (2, 13, ".b { c: url(sprit.svg) }")
    assert problem.place.path.endswith("static/css/app.css")
    assert problem.text == "css/sprit.svg does not exist"
    assert problem.hint == "did you mean css/sprite.svg?"


def test_a_missing_file_with_no_near_name_says_how_to_leave_it(tmp_path: Path) -> None:
    (problem,) = sheet(tmp_path, "a{b:url(zzzzzz.woff9)}").problems()
    assert 'missing = "warn"' in problem.hint


def test_missing_warn_leaves_the_bytes_and_warns(tmp_path: Path) -> None:
    css = "a{b:url(zzz.png)}"
    built = project(tmp_path, {"css/app.css": css}, f'missing = "warn"\n{PLAIN}')
    assert [(one.code, one.severity) for one in built.problems()] == [("missing", Severity.WARNING)]
    assert built.read("css/app.css") == css


def test_a_file_outside_the_roots_gets_another_message(tmp_path: Path) -> None:
    (problem,) = project(tmp_path, {"css/app.css": "a{b:url(../../other/x.png)}", "/other/x.png": b"x"}).problems()
    assert problem.code == "outside-roots"
    assert problem.hint == "add its folder to `sources`"


def test_an_excluded_file_gets_another_message(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"css/app.css": "a{b:url(x.png)}", "css/x.png": b"x"}
    (problem,) = project(tmp_path, files, f'exclude = ["**/*.png"]\n{PLAIN}').problems()
    assert problem.code == "not-published"
    assert "`exclude`" in problem.hint


def test_an_import_of_an_input_that_is_published_by_itself_too_says_so(tmp_path: Path) -> None:
    files = {"css/first.css": "a{}", "css/main.css": "@import 'parts/reset.css';b{}", "css/parts/reset.css": "c{}"}
    config = f'exclude = ["css/parts/*"]\n{PLAIN}[bundles]\n"css/site.css" = ["css/first.css", "css/main.css"]\n'
    (problem,) = project(tmp_path, files, config).problems()
    assert (problem.code, problem.severity) == ("not-published", Severity.ERROR)
    assert problem.text.endswith("css/main.css is not only part of css/site.css, but published by itself too")
    assert problem.hint == "exclude css/main.css, or publish css/parts/reset.css as well"


def test_a_name_that_differs_only_in_case_is_an_error_everywhere(tmp_path: Path) -> None:
    (problem,) = project(tmp_path, {"app.css": "a{b:url(logo.png)}", "Logo.png": b"x"}).problems()
    assert (problem.code, problem.severity, problem.hint) == ("case-differs", Severity.ERROR, "write Logo.png")


def test_a_static_url_prefix_gets_a_hint(tmp_path: Path) -> None:
    (problem,) = project(tmp_path, {"app.css": "a{b:url(/static/img/x.png)}", "img/x.png": b"x"}).problems()
    assert problem.hint == "a leading / is the root of the namespace: write /img/x.png"


def test_a_self_reference_and_a_cycle_of_imports_end(tmp_path: Path) -> None:
    built = project(
        tmp_path,
        {
            "self.css": '@import "self.css";',
            "a.css": '@import "b.css";',
            "b.css": '@import "a.css";',
        },
    )
    assert built.problems() == ()
    assert built.read("self.css") == f'@import "{built.path("self.css")}";'
    assert built.read("a.css") == f'@import "{built.path("b.css")}";'
    assert built.read("b.css") == f'@import "{built.path("a.css")}";'


def test_a_changed_image_renames_every_style_sheet_that_reaches_it_and_nothing_else(tmp_path: Path) -> None:
    built = project(
        tmp_path,
        {
            "img/deep.png": png(),
            "img/other.png": png(red=9),
            "css/low.css": "a{b:url(../img/deep.png)}",
            "css/mid.css": '@import "low.css";',
            "css/top.css": '@import "mid.css";',
            "css/apart.css": "a{b:url(../img/other.png)}",
        },
    )
    built.build()
    before = {name: entry["path"] for name, entry in built.manifest["assets"].items()}
    built.write({"static/img/deep.png": png(red=1)})
    built.build()
    after = {name: entry["path"] for name, entry in built.manifest["assets"].items()}
    renamed = {name for name in before if before[name] != after[name]}
    assert renamed == {"img/deep.png", "css/low.css", "css/mid.css", "css/top.css"}


def test_a_reference_across_a_mount_finds_the_files_real_neighbour(tmp_path: Path) -> None:
    config = f'sources = [{{path = "lib/css", mount = "vendor"}}, {{path = "lib/fonts", mount = "f"}}]\n{PLAIN}'
    built = project(tmp_path, {"/lib/css/l.css": "a{b:url(../fonts/x.woff2)}", "/lib/fonts/x.woff2": b"x"}, config)
    assert built.problems() == ()
    assert built.read("vendor/l.css") == f"a{{b:url(../{built.path('f/x.woff2')})}}"


def test_names_are_looked_up_by_nfc_and_encoded_as_on_disk(tmp_path: Path) -> None:
    decomposed = "cafe\u0301.png"
    built = project(tmp_path, {decomposed: b"x", "a.css": "a{b:url(caf\u00e9.png)}"})
    assert built.problems() == ()
    assert "cafe%CC%81-" in built.read("a.css")


def test_a_bundle_in_another_folder_gets_urls_relative_to_itself(tmp_path: Path) -> None:
    config = f'{PLAIN}[bundles]\n"site/all.css" = ["css/one.css", "x/two.css"]\n'
    files: dict[str, str | bytes] = {
        "css/one.css": "a{b:url(i.png)}",
        "x/two.css": "a{b:url(i.png)}",
        "css/i.png": b"1",
        "x/i.png": b"2",
    }
    built = project(tmp_path, files, config)
    assert built.problems() == ()
    assert built.read("site/all.css") == (
        f"a{{b:url(../{built.path('css/i.png')})}}\na{{b:url(../{built.path('x/i.png')})}}\n"
    )


@pytest.mark.parametrize(
    ("spelled", "wanted"),
    [
        ("url(gone.png)", "url(../css/gone.png)"),
        ("url( 'gone.png?v=1#x' )", "url( '../css/gone.png?v=1#x' )"),
        ("url(../img/gone.png)", "url(../img/gone.png)"),
        ("url(../site/gone.png)", "url(gone.png)"),
        ("url(../site/a:b)", "url(./a:b)"),
        ("url(deep/../gone.png)", "url(../css/gone.png)"),
        ("url(%2E%2e/./gone.png)", "url(../gone.png)"),
        ("url(../../up/gone.png)", "url(../../up/gone.png)"),
        ("url(a%2fb//c/../)", "url(../css/a%2fb//)"),
        (r"url(my\ \(file\).png)", "url(../css/my%20%28file%29.png)"),
        ("url(naïve.png)", "url(../css/na%C3%AFve.png)"),
        ("url(/gone.png)", "url(/gone.png)"),
        ("url(https://h/x.png)", "url(https://h/x.png)"),
        ("url(f.jpg) url(gone.png)", "url(../css/f-#.jpg) url(../css/gone.png)"),
    ],
)
def test_an_unresolved_url_means_the_same_from_a_bundle(tmp_path: Path, spelled: str, wanted: str) -> None:
    config = f'missing = "warn"\n{PLAIN}[bundles]\n"site/all.css" = ["css/one.css"]\n'
    built = project(tmp_path, {"css/one.css": f"a{{b:{spelled}}}", "css/f.jpg": b"1"}, config)
    assert not [one for one in built.problems() if one.severity is Severity.ERROR]
    assert unhashed(built.read("site/all.css")) == f"a{{b:{wanted}}}\n"
    assert unhashed(built.read("css/one.css")) == f"a{{b:{spelled.replace('f.jpg', 'f-#.jpg')}}}"


def test_an_unresolved_import_means_the_same_from_a_bundle(tmp_path: Path) -> None:
    config = f'missing = "warn"\n{PLAIN}[bundles]\n"all.css" = ["css/a.css", "x/b.css"]\n'
    files = {"css/a.css": "@import 'gone.css' print;a{}", "x/b.css": "@import url( gone.css );b{}"}
    built = project(tmp_path, files, config)
    assert sorted(built.codes()) == ["missing", "missing"]
    assert built.read("all.css") == "@import 'css/gone.css' print;\n@import url( x/gone.css );\na{}\nb{}\n"


def test_a_style_sheet_that_does_not_parse_is_published_with_a_warning_at_its_place(tmp_path: Path) -> None:
    css = "a{b:url(f.jpg)}\n/* c"
    built = project(tmp_path, {**FILES, "css/app.css": css}, "compress = []\n")
    warning = next(problem for problem in built.problems() if problem.code == "css-syntax")
    assert warning.severity is Severity.WARNING
    assert warning.place is not None
    assert (warning.place.line, warning.place.column) == (2, 1)
    assert unhashed(built.read("css/app.css")) == "a{b:url(f-#.jpg)}\n/* c"


def test_what_a_bundle_imports_need_not_be_published(tmp_path: Path) -> None:
    files = {
        "css/app.css": '@import "parts/_a.css" screen;\n.app{b:url(f.jpg)}',
        "css/parts/_a.css": '@import "deep/_b.css";\n.a{b:url(../f.jpg)}',
        "css/parts/deep/_b.css": ".b{b:url(/img/f.jpg)}",
    }
    config = f'exclude = ["**/_*"]\n{PLAIN}[bundles]\n"css/app.css" = ["css/app.css"]\n'
    built = project(tmp_path, {**FILES, **files}, config)
    assert built.problems() == ()
    assert unhashed(built.read("css/app.css")) == (
        "@media screen {\n.b{b:url(../img/f-#.jpg)}\n}\n@media screen {\n\n.a{b:url(f-#.jpg)}\n}\n"
        "\n.app{b:url(f-#.jpg)}\n"
    )
    assert not any("_a" in name for name in built.manifest["assets"])
    before = built.path("css/app.css")
    built.write({"static/css/parts/deep/_b.css": ".c{}"}).build()
    assert built.path("css/app.css") != before


def test_a_sheet_published_by_itself_may_not_import_what_is_not_published(tmp_path: Path) -> None:
    files = {"css/app.css": '@import "_a.css";', "css/_a.css": "a{}"}
    config = f'exclude = ["**/_*"]\n{PLAIN}[bundles]\n"all.css" = ["css/app.css"]\n'
    assert project(tmp_path, files, config).codes() == ["not-published"]


def test_an_imported_sheet_with_a_missing_picture_is_an_error_there(tmp_path: Path) -> None:
    files = {"css/app.css": '@import "_a.css";', "css/_a.css": "a{b:url(gone.png)}"}
    config = f'exclude = ["**/_*"]\n{PLAIN}[bundles]\n"css/app.css" = ["css/app.css"]\n'
    (problem,) = project(tmp_path, files, config).problems()
    assert problem.code == "missing"
    assert problem.place is not None
    assert problem.place.path.endswith("css/_a.css")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbf.b{}", ".b{}\n"),
        ('@charset "utf-16";.b{content:"é"}'.encode("utf-16"), '.b{content:"é"}\n'),
        ('@charset "latin-1";.b{content:"é"}'.encode("latin-1"), '.b{content:"é"}\n'),
        ('@charset "utf-8";.b{content:"é"}'.encode(), '.b{content:"é"}\n'),
    ],
)
@pytest.mark.parametrize("imported", [True, False])
def test_every_encoding_is_utf8_in_a_bundle(tmp_path: Path, data: bytes, text: str, imported: bool) -> None:
    files: dict[str, str | bytes] = {"a.css": '@import "b.css";' if imported else "", "b.css": data}
    inputs = '["a.css"]' if imported else '["a.css", "b.css"]'
    built = project(tmp_path, files, f'exclude = ["?.css"]\n{PLAIN}[bundles]\n"all.css" = {inputs}\n')
    assert built.problems() == ()
    assert built.read("all.css") == text


def test_fonts_of_an_inlined_sheet_are_preloaded_and_the_sheet_is_not(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "css/app.css": '@import "_a.css";', "css/_a.css": "@font-face{src:url(f.woff2)}", "css/f.woff2": b"f"
    }  # fmt: skip
    config = f'exclude = ["**/_*"]\n{PLAIN}[bundles]\n"css/app.css" = ["css/app.css"]\n'
    built = project(tmp_path, files, config)
    assert built.problems() == ()
    assert built.manifest["assets"]["css/app.css"]["preload"] == ["css/f.woff2"]
