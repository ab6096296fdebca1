"""A built file's text inside a page means what it meant outside, or is refused with the reason."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import AssetbuildError, Assets
from assetbuild.inline import _css
from tests.runtime_helpers import output_path, write

FONT = output_path("fonts/i (1).woff2", b"font")
ENCODED = FONT.replace(" ", "%20").replace("(", "%28").replace(")", "%29")


def inlined(folder: Path, name: str, text: str | bytes, *, base_url: str = "/s/") -> str:
    files: dict[str, str | bytes] = {name: text, "fonts/i (1).woff2": b"font", "js/other.js": "other"}
    return Assets.load(write(folder, files, with_files=True), base_url=base_url).inline(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", "a{content:'<!-- <script>'}"),
        ("a.css", "a{background:url(data:image/png;base64,AA==)}b{background:url(#id)}c{background:url(https://x/y)}"),
        ("a.css", "a{background:url(missing.png)}"),
        ("a.css", ""),
        ("a.js", "if(a<b&&c>d)e('</ script>')"),
        ("a.js", "x='<!-- only this'"),
        ("a.js", "import('./elsewhere.js')"),
        ("a.svg", "<svg><style>a{}</style></svg>"),
        ("a.json", '{"a": [1, 2]}'),
    ],
)
def test_text_that_means_the_same_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    html = inlined(tmp_path, name, text)
    assert html == text
    assert hasattr(html, "__html__")


def test_a_byte_order_mark_goes(tmp_path: Path) -> None:
    assert inlined(tmp_path, "a.css", b"\xef\xbb\xbfa{}") == "a{}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a{src:url(../ENCODED)}", "a{src:url(/s/ENCODED)}"),
        ("a{src:URL( '../ENCODED?x#y' )}", "a{src:URL( '/s/ENCODED?x#y' )}"),
        ('a{src:url("../ENCODED")format("woff2")}', 'a{src:url("/s/ENCODED")format("woff2")}'),
        ('@import "../ENCODED" screen;', '@import "/s/ENCODED" screen;'),
        ("a{src:image-set('../ENCODED' 1x)}", "a{src:image-set('/s/ENCODED' 1x)}"),
        ("a{src:url(/ENCODED)}", "a{src:url(/ENCODED)}"),
        ("a{src:url(../../ENCODED)}", "a{src:url(../../ENCODED)}"),
        ("/* url(../ENCODED) */a{}", "/* url(../ENCODED) */a{}"),
        ("a{b:'\\'../ENCODED'}", "a{b:'\\'../ENCODED'}"),
        ("a{b:'x\\'y' '../ENCODED'}", "a{b:'x\\'y' '/s/ENCODED'}"),
        ("a{b:url(", "a{b:url("),
        ("a{b:'x", "a{b:'x"),
        ("/* x", "/* x"),
        ("a\\", "a\\"),
    ],
)
def test_relative_urls_of_a_style_sheet_get_the_base_url(tmp_path: Path, text: str, wanted: str) -> None:
    assert inlined(tmp_path, "css/a.css", text.replace("ENCODED", ENCODED)) == wanted.replace("ENCODED", ENCODED)


def test_a_base_url_needs_no_quotes_in_a_style_sheet(tmp_path: Path) -> None:
    html = inlined(tmp_path, "css/a.css", f"a{{src:url(../{ENCODED})}}", base_url="/a(b)'c/")
    assert html == f"a{{src:url(/a%28b%29%27c/{ENCODED})}}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a{b:url('data:image/svg+xml,<style></style>')}", "a{b:url('data:image/svg+xml,<style><\\/style>')}"),
        ("a{b:url(data:,</STYLE>)}", "a{b:url(data:,<\\/STYLE>)}"),
        ("/* </style> </style */", "/* <\\/style> <\\/style */"),
    ],
)
def test_an_end_tag_in_a_string_url_or_comment_is_escaped(tmp_path: Path, text: str, wanted: str) -> None:
    assert inlined(tmp_path, "a.css", text) == wanted


@pytest.mark.parametrize("text", ["a{--x:</style>}", "a{}</StYlE", "a{b:'x'}</style>c{d:'y'}"])
def test_an_end_tag_elsewhere_in_css_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AssetbuildError, match=r"^'a.css' cannot be written into a page: it has `</style` outside"):
        inlined(tmp_path, "a.css", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x='</script>'", "has `</script` in it, which would end the script element; load it with tags instead, or"),
        ("x=a</SCRIPT/.test(b)", "has `</script` in it"),
        ("x='<!--';y='<script>'", "has `<!--` and then `<script`"),
        ("x='<!--';y='<SCRIPT>'", "has `<!--` and then `<script`"),
        ("import'./OTHER'", "it loads ./OTHER relative to itself"),
        ('import("../js/OTHER")', "it loads ../js/OTHER relative to itself"),
        ("new URL(`./OTHER`,import.meta.url)", "it loads ./OTHER relative to itself"),
    ],
)
def test_a_script_that_would_mean_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    other = output_path("js/other.js", b"other").removeprefix("js/")
    with pytest.raises(AssetbuildError) as caught:
        inlined(tmp_path, "js/a.js", text.replace("OTHER", other))
    assert said.replace("OTHER", other) in str(caught.value)


@pytest.mark.parametrize("text", ["new URL('OTHER',import.meta.url)", 'f("OTHER?x#y")'])
def test_a_script_that_names_an_output_without_dots_is_refused(tmp_path: Path, text: str) -> None:
    text = text.replace("OTHER", output_path("js/other.js", b"other").removeprefix("js/"))
    with pytest.raises(AssetbuildError, match="relative to itself, and inside a page that is another place; load it"):
        inlined(tmp_path, "js/a.js", text)


def mapped(folder: Path, text: str, **members: object) -> str:
    files: dict[str, str | bytes] = {"js/a.js": text, "js/util.js": "util"}
    importmap = {"./js/util.js": "js/util.js", "util": "js/util.js"}
    return Assets.load(write(folder, files, {"js/a.js": members}, importmap, with_files=True)).inline("js/a.js")


@pytest.mark.parametrize("text", ["import './util.js'", 'import("../js/util.js")', "import.meta.resolve(`./util.js`)"])
def test_a_module_that_the_import_map_finds_from_its_url_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AssetbuildError, match=r"it loads \.\S+util\.js relative to itself"):
        mapped(tmp_path, text, module=True)


def test_a_module_that_imports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetbuildError) as caught:
        mapped(tmp_path, "import 'util'", module=True, imports=["js/util.js"])
    assert str(caught.value) == (
        "'js/a.js' cannot be written into a page: it imports modules, which are found from its own URL and not "
        "from the page's; load it with tags"
    )


@pytest.mark.parametrize("text", ["import('util')", "log('util.js')", "import('./else.js')", "f('js/util.js')"])
def test_a_module_that_means_the_same_in_a_page_is_left_alone(tmp_path: Path, text: str) -> None:
    assert mapped(tmp_path, text, module=True) == text


def test_json_cannot_end_its_script_element_and_stays_the_same_value(tmp_path: Path) -> None:
    text = json.dumps({"a": "</script><!--<script>"})
    html = inlined(tmp_path, "a.json", text)
    assert "<" not in html
    assert json.loads(html) == json.loads(text)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", b"png", "its type is image/png, and only CSS, JavaScript, JSON and SVG can be; use its URL"),
        ("a.css", b"a{content:'\xfc'}", "its bytes are not UTF-8, as the page's are; save the source as UTF-8"),
    ],
)
def test_what_is_no_text_of_the_page_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(AssetbuildError) as caught:
        inlined(tmp_path, name, data)
    assert str(caught.value) == f"'{name}' cannot be written into a page: {said}"


def test_the_output_folder_is_root_and_defaults_to_the_manifests(tmp_path: Path) -> None:
    manifest = write(tmp_path / "out", {"a.css": "a{}"}, with_files=True)
    elsewhere = manifest.rename(tmp_path / "manifest.json")
    assert Assets.load(elsewhere, root=tmp_path / "out").inline("a.css") == "a{}"
    with pytest.raises(AssetbuildError, match=r"cannot be read \(.+\); pass the output folder as `root`"):
        Assets.load(elsewhere).inline("a.css")


class _Styles(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.rest, self.inside = "", "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.text += data
        else:
            self.rest += data


@given(st.lists(st.sampled_from(["</style>", "'", '"', "/*", "*/", "url(", ")", "\\", "\n", "a", "<"]), max_size=9))
def test_whatever_the_css_it_stays_inside_its_element(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        html = _css(text, name="a.css", folder="", outputs=frozenset(), base_url="/")
    except AssetbuildError:
        assert "</style" in text
        return
    reader = _Styles()
    reader.feed(f"<style>{html}</style>REST")
    reader.close()
    assert (reader.text, reader.rest) == (html, "REST")
    assert html.replace("<\\/style", "</style") == text.replace("<\\/style", "</style")
