"""A page with blocks is the page without them, as a browser shows it: document, pixels, order of scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.blocks import environment, load, site
from tests.browser.conftest import Visit
from tests.browser.serving import served
from tests.project import Project, png

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# Sheets and scripts whose order shows, and a reference that has to be right from the page, a folder, and a bundle.
FILES: dict[str, str | bytes] = {
    "css/base.css": "body{margin:0;font:16px/1.5 sans-serif} p{color:red;padding:4px} .b{background:url(../img/i.png)}",
    "css/late.css": "p{color:green} .c{width:60px;height:30px;background:#c40} .c{width:90px}",
    "css/print.css": "p{color:blue;font-size:60px}",
    "js/a.js": "var seen = ['a']; function see(what) { seen.push(what); }",
    "js/b.js": "see('b');",
    "js/later.js": "see('deferred ' + document.querySelectorAll('p').length);",
    "js/m.js": "import { word } from './dep.js'; see('module ' + word);",
    "js/dep.js": "export const word = 'dep';",
    "img/i.png": png(red=200),
}
HEAD = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
{{ START("css") }}
<link rel="stylesheet" href="{{ asset_url('css/base.css') }}">
<style>p{color:orange} .b{width:50px;height:50px}
{# a note #}
.d{width:20px;height:20px;background:url("{{ asset_url('img/i.png') }}")}</style>
<link rel="stylesheet" href="{{ asset_url('css/late.css') }}">
<link rel="stylesheet" media="print" href="{{ asset_url('css/print.css') }}">
<style media="(min-width: 1px)">.c{height:45px}</style>
{{ END }}
{{ START("js") }}
<script src="{{ asset_url('js/a.js') }}"></script>
<script>see('inline ' + document.querySelectorAll('p').length);</script>
<script defer src="{{ asset_url('js/later.js') }}"></script>
<script type="module" src="{{ asset_url('js/m.js') }}"></script>
<script type="module">import { word } from "{{ ROOT }}js/{{ DEP }}"; see('module code ' + word);</script>
<script defer>see('at once');</script>
<script src="{{ asset_url('js/b.js') }}"></script>
{{ END }}
<body><p>some text</p><div class="b"></div><div class="c"></div><div class="d"></div></body></html>"""


def with_blocks(mode: str) -> str:
    """The template; in mode inline, modules with imports cannot be part of a block."""
    return (
        HEAD.replace('{{ START("css") }}', f'{{% bundle "css" {mode} %}}')
        .replace('{{ START("js") }}', '{% bundle "js" %}')
        .replace("{{ END }}", "{% endbundle %}")
        .replace("{{ ROOT }}js/{{ DEP }}", "./js/dep.js")
    )


def without_blocks(made: Project) -> str:
    text = HEAD.replace('{{ START("css") }}', "").replace('{{ START("js") }}', "").replace("{{ END }}", "")
    return text.replace("{{ ROOT }}js/{{ DEP }}", "/" + made.path("js/dep.js"))


def shown(page: Page) -> dict[str, object]:
    page.wait_for_function("seen.length === 7")
    return {
        "document": page.evaluate("document.body.outerHTML"),
        "scripts": page.evaluate("seen"),
        "styles": page.evaluate(
            """[...document.querySelectorAll('body, body *')].map(element => {
              const style = getComputedStyle(element);
              return [...style].map(name => `${name}: ${style[name]}`);
            })"""
        ),
        "pixels": page.screenshot(),
    }


@pytest.mark.parametrize("mode", ["file", "inline"])
@pytest.mark.parametrize("minified", [True, False])
def test_a_page_with_blocks_is_the_page_without_them(
    mode: str, minified: bool, tmp_path: Path, visit: Callable[[str], Visit]
) -> None:
    made = site(
        tmp_path, {"page.html": with_blocks(mode)}, FILES, **({"config": "compress = []\n"} if minified else {})
    )
    assert made.build().problems == ()
    env = environment(load(made, base_url="/"), made.root)
    (made.output / "with.html").write_text(env.get_template("page.html").render(), "utf-8")
    (made.output / "without.html").write_text(env.from_string(without_blocks(made)).render(), "utf-8")
    with served(made.output) as url:
        first, second = visit(f"{url}/with.html"), visit(f"{url}/without.html")
        found, expected = shown(first.page), shown(second.page)
        assert first.complaints == second.complaints == []
        assert found["scripts"] == [
            *("a", "inline 0", "at once", "b", "deferred 1", "module dep", "module code dep"),
        ]
        assert found == expected
        assert first.page.evaluate("getComputedStyle(document.querySelector('p')).color") == "rgb(0, 128, 0)"
