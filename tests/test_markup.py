"""The elements that put assets into a page: what a browser fetches by them, it fetches once and checked."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from assetbuild import AssetbuildError, Assets
from assetbuild.elements import MODULE_PRELOADS
from tests.runtime_helpers import FILES, MEMBERS, path_of, sri_of, write

CDN = "https://cdn.example.com/assets/"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write(tmp_path, FILES, MEMBERS)


# --- style sheets, scripts and preloads ------------------------------------------------------------------


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    reader = Reader()
    reader.feed(html)
    reader.close()
    return found


def test_tags_of_a_style_sheet_and_a_classic_script_are_plain_and_checked(manifest: Path) -> None:
    assert Assets.load(manifest, base_url="/s/").tags("css/app.css", "js/app.js") == (
        f'<link rel="stylesheet" href="/s/{path_of("css/app.css")}" integrity="{sri_of("css/app.css")}">\n'
        f'<script src="/s/{path_of("js/app.js")}" integrity="{sri_of("js/app.js")}"></script>'
    )


def test_a_module_is_typed_and_its_imports_are_preloaded_before_it(manifest: Path) -> None:
    found = elements(Assets.load(manifest).tags("js/main.js"))
    assert found == [
        ("link", {"rel": "modulepreload", "href": "/" + path_of(name), "integrity": sri_of(name)})
        for name in ("js/util.js", "js/deep.js")
    ] + [("script", {"type": "module", "src": "/" + path_of("js/main.js"), "integrity": sri_of("js/main.js")})]


@pytest.mark.parametrize("base_url", [CDN, "//cdn.example.com/", "HTTPS://cdn/"])
def test_with_a_host_everything_that_is_checked_is_fetched_in_cors_mode(manifest: Path, base_url: str) -> None:
    found = elements(Assets.load(manifest, base_url=base_url).tags("css/app.css", "js/app.js", "js/main.js"))
    assert len(found) == 5
    assert all(attrs["crossorigin"] == "anonymous" and attrs["integrity"] for _, attrs in found)


def test_a_module_and_its_preload_say_the_same_of_cors(manifest: Path) -> None:
    """Otherwise the browser fetches it twice."""
    for base_url in ("/", CDN):
        assets = Assets.load(manifest, base_url=base_url)
        preloads = {attrs["href"]: attrs for _, attrs in elements(assets.tags("js/main.js")) if "href" in attrs}
        [(_, script)] = [found for found in elements(assets.tags("js/util.js")) if found[0] == "script"]
        assert preloads[script["src"]].get("crossorigin") == script.get("crossorigin")
        assert preloads[script["src"]]["integrity"] == script["integrity"]


def test_preloads_are_the_fonts_and_style_sheets_of_the_manifest(manifest: Path) -> None:
    assert Assets.load(manifest).preload_tags("css/app.css") == (
        f'<link rel="preload" as="font" type="font/woff2" href="/{path_of("fonts/inter.woff2")}" crossorigin>\n'
        f'<link rel="preload" as="style" href="/{path_of("css/base.css")}" integrity="{sri_of("css/base.css")}">'
    )


def test_an_imported_style_sheet_of_another_origin_is_preloaded_as_import_fetches_it(manifest: Path) -> None:
    """Without CORS, so it may not be checked either."""
    found = elements(Assets.load(manifest, base_url=CDN).preload_tags("css/app.css"))
    assert found[0][1]["crossorigin"] is None  # present, without a value
    assert found[1] == ("link", {"rel": "preload", "as": "style", "href": CDN + path_of("css/base.css")})


def test_preloads_of_a_module_are_its_imports(manifest: Path) -> None:
    found = elements(Assets.load(manifest).preload_tags("js/main.js"))
    assert [attrs["rel"] for _, attrs in found] == ["modulepreload"] * 2
    assert Assets.load(manifest).preload_tags("js/app.js") == ""


def test_each_element_stands_once_where_it_first_was(manifest: Path) -> None:
    assets = Assets.load(manifest)
    found = elements(assets.tags("js/util.js", "js/main.js", "js/util.js", "css/base.css"))
    sources = [attrs.get("src") or attrs.get("href") for _, attrs in found]
    wanted = ["js/deep.js", "js/util.js", "js/util.js", "js/main.js", "css/base.css"]  # script, then the preload
    assert sources == ["/" + path_of(name) for name in wanted]
    assert assets.tags() == ""


def test_a_nonce_stands_on_every_element_and_is_escaped(manifest: Path) -> None:
    assets = Assets.load(manifest)
    for _ in range(2):  # what is kept of the first call must not show in the next
        for nonce in ("n1", 'a"><b', None):
            for html in (assets.tags("css/app.css", "js/main.js", nonce=nonce), assets.tags("js/main.js", nonce=nonce)):
                assert {attrs.get("nonce") for _, attrs in elements(html)} == {nonce}
    assert "nonce" not in assets.tags("js/app.js", nonce="")
    assert {attrs.get("nonce") for _, attrs in elements(assets.preload_tags("css/app.css", nonce="n"))} == {"n"}


def test_attribute_values_are_escaped(manifest: Path) -> None:
    html = Assets.load(manifest, base_url="/a&b'c/").tags("odd name (1)&'ü.css")
    assert 'href="/a&amp;b&#39;c/odd%20name%20%281%29&amp;%27%C3%BC-' in html


def test_tags_are_safe_markup_and_urls_are_not(manifest: Path) -> None:
    assets = Assets.load(manifest)
    for html in (assets.tags("css/app.css"), assets.preload_tags("css/app.css"), assets.importmap_tag()):
        assert html.__html__() is html
    assert not hasattr(assets.url("css/app.css"), "__html__")


def test_an_asset_that_no_tag_loads_is_an_error(manifest: Path) -> None:
    with pytest.raises(AssetbuildError, match=r"'img/logo\.png' is of type image/png, which no tag loads; use its URL"):
        Assets.load(manifest).tags("img/logo.png")


# --- import map ------------------------------------------------------------------------------------------


def importmap_of(html: str) -> Any:
    match = re.fullmatch(r'<script type="importmap"(?: nonce="[^"]*")?>(.*)</script>', html)
    assert match
    return json.loads(match[1])


def test_an_import_map_sends_names_to_urls_and_carries_their_integrity(tmp_path: Path) -> None:
    mapped = {"u": "js/util.js", "htmx": "https://esm.sh/htmx?a&b", "./js/deep.js": "js/deep.js"}
    assets = Assets.load(write(tmp_path, FILES, MEMBERS, mapped), base_url="/s/")
    util, deep = "/s/" + path_of("js/util.js"), "/s/" + path_of("js/deep.js")
    assert importmap_of(assets.importmap_tag()) == {
        "imports": {"u": util, "htmx": "https://esm.sh/htmx?a&b", "/s/js/deep.js": deep},
        "integrity": {util: sri_of("js/util.js"), deep: sri_of("js/deep.js")},
    }
    assert assets.importmap_tag(nonce='"').startswith('<script type="importmap" nonce="&#34;">{')


def test_an_import_map_of_foreign_modules_has_no_integrity(tmp_path: Path) -> None:
    assets = Assets.load(write(tmp_path, FILES, MEMBERS, {"htmx": "https://esm.sh/htmx"}))
    assert importmap_of(assets.importmap_tag()) == {"imports": {"htmx": "https://esm.sh/htmx"}}


@pytest.mark.parametrize(
    ("base_url", "start"), [("static", "./static/"), ("../s", "../s/"), ("//h/", "//h/"), (CDN, CDN)]
)
def test_every_address_of_an_import_map_is_one_that_browsers_take(tmp_path: Path, base_url: str, start: str) -> None:
    assets = Assets.load(write(tmp_path, FILES, MEMBERS, {"./js/util.js": "js/util.js"}), base_url=base_url)
    assert importmap_of(assets.importmap_tag())["imports"] == {start + "js/util.js": start + path_of("js/util.js")}


def test_nothing_in_an_import_map_can_end_its_script_element(tmp_path: Path) -> None:
    nasty = "</script><!--\u2028\u2029&'\""
    assets = Assets.load(write(tmp_path, FILES, MEMBERS, {nasty: "https://x/" + nasty}))
    html = assets.importmap_tag()
    assert html.count("<") == 2
    assert html.isascii()
    assert importmap_of(html)["imports"] == {nasty: "https://x/" + nasty}


def test_of_many_modules_those_are_preloaded_that_a_browser_finds_first(tmp_path: Path) -> None:
    names = [f"js/m{number}.js" for number in range(MODULE_PRELOADS + 5)]
    files: dict[str, str | bytes] = {name: name for name in (*names, "js/main.js")}
    assets = Assets.load(write(tmp_path, files, {"js/main.js": {"module": True, "imports": names}}))
    for html in (assets.tags("js/main.js"), assets.preload_tags("js/main.js")):
        hrefs = [attrs["href"] for _, attrs in elements(html) if "href" in attrs]
        assert hrefs == [assets.url(name) for name in names[:MODULE_PRELOADS]]
