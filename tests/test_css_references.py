"""What `scan_css.scan` finds and what it leaves: each row is a spelling that some pipeline gets wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.css_tokens import Token, tokenize
from assetbuild.build.model import RefKind
from assetbuild.build.scan_css import _Scanner, scan
from assetbuild.build.urls import is_local

ROOT = Path(__file__).parent.parent


def cut(text: str) -> list[str]:
    """The slices that would be replaced."""
    return [text[reference.start : reference.end] for reference in scan(text)]


@pytest.mark.parametrize(
    ("value", "slices"),
    [
        ("url(f.jpg)", ["f.jpg"]),
        ("url( f.jpg )", ["f.jpg"]),
        ("url(\n\tf.jpg\r\n)", ["f.jpg"]),
        ('url("f.jpg")', ["f.jpg"]),
        ("url( 'f.jpg' )", ["f.jpg"]),
        ("url( 'f.jpg' /* why */ )", ["f.jpg"]),
        ("url('')", []),
        ("URL(f.jpg)", ["f.jpg"]),
        ('Url("f.jpg")', ["f.jpg"]),
        (r"\75rl(f.jpg)", ["f.jpg"]),
        (r"u\52 L('f.jpg')", ["f.jpg"]),
        ('src("f.jpg")', ["f.jpg"]),
        ("src(var(--f))", []),
        ("url(./f.jpg)", ["./f.jpg"]),
        ("url(../../f.jpg)", ["../../f.jpg"]),
        ("url(/f.jpg)", ["/f.jpg"]),
        ("url(database.jpg)", ["database.jpg"]),
        ("url(http-diagram.jpg)", ["http-diagram.jpg"]),
        ("url(f.eot?#iefix)", ["f.eot"]),
        ("url(sprite.svg#icon)", ["sprite.svg"]),
        ("url('f.png?v=3#x')", ["f.png"]),
        (r"url('f.png\?v')", ["f.png"]),
        (r"url('f.png\3f v')", ["f.png"]),
        ("url(' f.jpg ')", ["f.jpg"]),
        ("url(a.png) 0 0, url(b.png)", ["a.png", "b.png"]),
        ("image(url(f.jpg), rgba(0,0,0,.5))", ["f.jpg"]),
        ('image-set("a.png" 1x, url(b.png) 2x)', ["a.png", "b.png"]),
        ("-webkit-image-set('a.png' 1x)", ["a.png"]),
        ('IMAGE-SET("a.png" type("image/png"), "b.png" 2x)', ["a.png", "b.png"]),
        ('cross-fade(image-set("a.png" 1x), "b.png")', ["a.png"]),
        ("url(f.jpg", ["f.jpg"]),
        ("url('f.jpg", ["f.jpg"]),
    ],
)
def test_every_spelling_of_a_local_url_is_found(value: str, slices: list[str]) -> None:
    assert cut("a{b:" + value) == slices
    assert cut("@media x{a{b:c}d{--e:" + value) == slices


@pytest.mark.parametrize(
    "text",
    [
        "a{b:url(https://x/y.png)}",
        "a{b:url(HTTPS://x/y.png)}",
        "a{b:url(//cdn/y.png)}",
        "a{b:url(blob:x)}",
        "a{b:url(#id)}",
        "a{b:url(?v)}",
        "a{b:url()}",
        "a{b:url(  )}",
        'a{b:url("")}',
        "a{b:url(#default#VML)}",
        "a{b:url(\"data:image/svg+xml;utf8,<svg fill='url(%23g)'/>\")}",
        "a{b:url(\"data:image/svg+xml;utf8,<svg fill='url(g.svg)'/>\")}",
        "a{b:url(data:image/svg+xml;base64,AAAA)}",
        "a{b:url(DATA:,url\\(x.png\\))}",
        "a{b:url(a b.png)}",
        "/* url(missing.png) */",
        "a{}/* url(missing.png) *//* @import 'x'; */",
        "/*\nurl(missing.png)\n@import 'x';\n*/a{}",
        'a{content:"url(x.png)"}',
        "a{content:'image-set(\"x.png\" 1x)'}",
        "a{b:my-url(x.png)}",
        "a{b:url-prefix(x.png) xurl(y)}",
        r".tw\:bg-\[url\(\'x\'\)\]{}",
        ".a\\{url\\(x\\){}",
        "@namespace url(http://www.w3.org/1999/xhtml);",
        "@namespace url(x.dtd);@namespace svg 'x.dtd';",
        "@charset 'x.css';",
        "@supports (background:url(x.png)){}",
        "@media x{@import url(x.css);}",
        "@media x{@import 'x.css';}",
        "@import 'x.css'{}",
        "a @import 'x.css';{}",
        "@import foo 'x.css';",
        "a;@import 'x.css';b{}",
        "@font-face{font-family:'x.woff'}",
        'a{background:type("x.png")}',
        "a{b:image-set(type('image/png') 1x)}",
        "/*# sourceMappingURL=data:application/json;base64,AAAA */",
        "/*# sourceMappingURL=https://x/y.map */",
        "/* sourceMappingURL=x.map */",
        'a{content:"/*# sourceMappingURL=x.map */"}',
        "",
    ],
)
def test_what_names_no_file_of_ours_is_left(text: str) -> None:
    assert scan(text) == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (r'a{b:url("x(1).png")}', "x(1).png"),
        (r'a{b:url("my file.png")}', "my file.png"),
        (r"a{b:url(my\ file.png)}", "my file.png"),
        (r"a{b:url(a%20b.png)}", "a%20b.png"),
        (r"a{b:url(\66 \.png)}", "f.png"),
        ("a{b:url('a\\\nb.png')}", "ab.png"),
        ("a{b:url('a\\\r\nb.png')}", "ab.png"),
        ("a{b:url('\\000066f.png')}", "ff.png"),
        ("a{b:url(é.png)}", "é.png"),
        ("/*# sourceMappingURL=a\\62.map */", "a\\62.map"),
        ("/*# sourceMappingURL=a\\?v */", "a\\"),
    ],
)
def test_escapes_are_undone_and_percent_encoding_is_kept(text: str, path: str) -> None:
    assert [reference.path for reference in scan(text)] == [path]


@pytest.mark.parametrize(
    ("text", "outer"),
    [
        ('@import "a.css";b{}', '@import "a.css";'),
        ("@import 'a.css' ;", "@import 'a.css' ;"),
        ("@IMPORT url(a.css);", "@IMPORT url(a.css);"),
        (r"@\69mport url('a.css');", r"@\69mport url('a.css');"),
        ('@import/**/"a.css"', '@import/**/"a.css"'),
        ('@import"a.css"\n', '@import"a.css"\n'),
        ("@import src('a.css');", "@import src('a.css');"),
        (
            "@charset 'x';@import url( 'a.css' ) layer(x) supports(b: url(c.png)) screen and (d:e;f);g{}",
            "@import url( 'a.css' ) layer(x) supports(b: url(c.png)) screen and (d:e;f);",
        ),
        ("<!-- @import 'a.css'; -->", "@import 'a.css';"),
        ("@layer x;@import 'a.css?v';", "@import 'a.css?v';"),
        ("@media x{}@import 'a.css';", "@import 'a.css';"),
    ],
)
def test_an_import_spans_up_to_and_with_its_semicolon(text: str, outer: str) -> None:
    (reference,) = scan(text)
    assert reference.kind is RefKind.CSS_IMPORT
    assert reference.path == "a.css"
    assert text[reference.start : reference.end] == "a.css"
    assert text[reference.outer_start : reference.outer_end] == outer


@pytest.mark.parametrize(
    ("text", "outer", "kind"),
    [
        ("a{b:url( 'f.jpg?x' ) c}", "url( 'f.jpg?x' )", RefKind.CSS_URL),
        ("a{b:url(f.jpg)}", "url(f.jpg)", RefKind.CSS_URL),
        ("a{b:image-set('f.jpg' 1x)}", "'f.jpg'", RefKind.CSS_URL),
        ("a{}\n/*# sourceMappingURL=f.jpg */\n", "/*# sourceMappingURL=f.jpg */", RefKind.SOURCE_MAP),
        ("a{}/*@ sourceMappingURL=f.jpg*/b{}", "/*@ sourceMappingURL=f.jpg*/", RefKind.SOURCE_MAP),
        ("/*# sourceMappingURL=f.jpg?v */", "/*# sourceMappingURL=f.jpg?v */", RefKind.SOURCE_MAP),
    ],
)
def test_the_outer_span_is_the_whole_construct(text: str, outer: str, kind: RefKind) -> None:
    (reference,) = scan(text)
    assert reference.kind is kind
    assert text[reference.start : reference.end] == "f.jpg"
    assert text[reference.outer_start : reference.outer_end] == outer


def test_an_import_after_a_stray_brace_belongs_to_the_rule_that_begins_there() -> None:
    assert cut("a{}}@import 'x.css';b{c:url(d.png)}") == ["d.png"]


def test_references_come_in_the_order_of_their_places() -> None:
    text = "@import 'a';b{c:url(d) url('e')}@font-face{src:url(f)}/*# sourceMappingURL=g */"
    assert cut(text) == ["a", "d", "e", "f", "g"]


WORDS = ("url(", "a.png", "@import ", "image-set(", "/*", "*/", "/*# ", "sourceMappingURL=", "data:", "//", "\\61 ")
PIECES = st.sampled_from([*WORDS, *"'\"(){};\\?#:,a \n"])


@given(st.lists(PIECES, max_size=20).map("".join))
def test_spans_lie_in_order_within_the_text_and_name_local_paths(text: str) -> None:
    done = 0
    for reference in scan(text):
        assert done <= reference.start < reference.end <= reference.outer_end <= len(text)
        assert reference.outer_start <= reference.start
        assert is_local(reference.path)
        done = reference.end


@given(st.lists(PIECES, max_size=20).map("".join))
def test_the_quick_refusal_refuses_nothing_that_would_be_found(text: str) -> None:
    # A backslash makes sure that the text is read in full; in front, in a comment, it only moves places.
    comment = "/*\\*/"
    moved = [(each.kind, each.start - len(comment), each.path) for each in scan(comment + text)]
    assert moved == [(each.kind, each.start, each.path) for each in scan(text)]


def test_a_token_is_looked_at_a_few_times_only_however_many_references_there_are() -> None:
    class Counted(list[Token]):
        looks = 0

        def __getitem__(self, index: Any) -> Any:
            Counted.looks += 1
            return super().__getitem__(index)

        def __iter__(self) -> Iterator[Token]:
            for token in super().__iter__():
                Counted.looks += 1
                yield token

    for unit in ('url("', 'url("a" ', 'a{b:url("f.png")}', '@import "a.css";', '@import url("a.css");'):
        Counted.looks = 0
        text = unit * 500
        scanner = _Scanner(text, Counted(tokenize(text)))
        scanner.run()
        assert Counted.looks < 8 * len(scanner.tokens), unit


def test_blanks_around_a_url_are_dropped_in_one_step() -> None:
    blanks = " " * 400_000
    assert cut(f"a{{b:url('{blanks}f.jpg{blanks}')}}") == ["f.jpg"]


@pytest.mark.parametrize(
    ("text", "outer"),
    [
        ('a{b:url("f" g("h") (i)) c}', 'url("f" g("h") (i))'),
        ('a{b:) url("f") )}', 'url("f")'),
        ('a{b:url("f" (}', 'url("f" (}'),
    ],
)
def test_a_function_is_replaced_up_to_the_parenthesis_that_closes_it(text: str, outer: str) -> None:
    (reference,) = scan(text)
    assert text[reference.outer_start : reference.outer_end] == outer


@pytest.mark.parametrize(
    "unit",
    [
        'url("',
        "url(",
        'a{b:url("f")}',
        "@import url('a') (",
        'a{}@import "";/*#sourceMappingURL=*/',
        '@import "";/* x */',
        '@import "//x/y";/*! x */',
        "a{b:c}/* x */",
        "/* @license */a{b:c}",
        "/*# sourceMappingURL=",
        "/*# sourceMappingURL=*/",
        '"\n',
        "}",
    ],
)
def test_a_hostile_style_sheet_takes_seconds_not_hours(unit: str) -> None:
    script = (
        "import sys\n"
        "from assetbuild.build import licences, safe_css, scan_css\n"
        "from tests.css_chains import bundle\n"
        f"text = {unit!r} * (400_000 // {len(unit)})\n"
        "scan_css.scan(text), safe_css.minify(text), licences.css_licences(text)\n"
        "bundle({'a': text, 'b.css': '@import \"a\" layer(x);'}, ['b.css', 'a'])\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=ROOT)
