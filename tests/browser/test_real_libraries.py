"""Libraries as npm has them, minified, in a real browser: each loads without a complaint and does what it is for.

These are the scripts that minifiers are known to damage. The pages come from a plain static server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assetbuild import Assets
from assetbuild.build.protocols import Way
from tests import packages
from tests.browser.conftest import Visit
from tests.browser.serving import served
from tests.project import Project, project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[[str], Visit]
TINYMCE_PARTS = ("tinymce.js", "models/dom/model.js", "themes/silver/theme.js", "icons/default/icons.js")
TINYMCE_SKIN = ("skins/ui/oxide/skin.js", "skins/ui/oxide/content.js", "skins/content/default/content.js")
FILES = (
    "htmx4/dist/htmx.js",
    "@hotwired/turbo/dist/turbo.es2017-umd.js",
    "alpinejs/dist/cdn.js",
    "vue/dist/vue.global.js",
    "jquery/dist/jquery.js",
    "bootstrap/dist/js/bootstrap.bundle.js",
    "bootstrap/dist/css/bootstrap.css",
    "swiper/swiper-bundle.js",
    "swiper/swiper-bundle.css",
    *(f"tinymce/{name}" for name in TINYMCE_PARTS),
    *("tinymce/plugins/lists/plugin.js", "tinymce/skins/ui/oxide/skin.css"),
    *("tinymce/skins/ui/oxide/content.css", "tinymce/skins/content/default/content.css"),
)
NAMES = ("htmx4", "@hotwired/turbo", "alpinejs", "vue", "jquery", "bootstrap", "swiper", "tinymce")
BUNDLE = json.dumps([f"vendor/tinymce/{name}" for name in (*TINYMCE_PARTS, *TINYMCE_SKIN)])


def config(processors: str = "") -> str:
    """What a user writes: files of packages by name, and plain names for what TinyMCE loads by itself."""
    include = json.dumps([f"vendor/{name}" for name in FILES])
    stable = json.dumps(["vendor/tinymce/**/*"])
    top = f"compress = []\ninclude = {include}\nstable = {stable}\n"
    return f'{top}{packages.sources(NAMES)}[bundles]\n"js/editor.js" = {BUNDLE}\n{processors}'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("libraries"), {}, config())
    made.result = made.build()
    return made.write({"public/part.html": "<p>from the server</p>"})


def package_file(name: str) -> Path:
    owner = next(owner for owner in NAMES if name.startswith(owner + "/"))
    return packages.package(owner) / name.removeprefix(owner + "/")


def write_page(built: Project, name: str, body: str, files: Sequence[str]) -> None:
    """Styles and scripts stand behind the body's elements, so that scripts find them, or where `TAGS` is."""
    tags = Assets.load(built.output / "manifest.json", base_url="/assets/").tags(*files)
    page = '<!doctype html><html lang="en"><link rel="icon" href="data:,">'
    page += body.replace("TAGS", str(tags)) if "TAGS" in body else f"<body>{body}\n{tags}"
    built.write({f"public/{name}": page})


@pytest.mark.parametrize("name", [*FILES, "js/editor.js"])
def test_a_library_is_minified_and_its_processor_vouches_for_it(built: Project, name: str) -> None:
    logical = name if name == "js/editor.js" else f"vendor/{name}"
    inputs = [package_file(name)] if name != "js/editor.js" else map(package_file, bundled())
    assert 0 < len(built.read_bytes(logical)) < sum(file.stat().st_size for file in inputs)


def bundled() -> list[str]:
    return [f"tinymce/{name}" for name in (*TINYMCE_PARTS, *TINYMCE_SKIN)]


def test_no_library_is_left_unminified(built: Project) -> None:
    assert built.result is not None
    assert [problem.code for problem in built.result.problems if problem.code == "not-minified"] == []
    assert Way.UNCHANGED.value not in {way for ways in built.result.ways.values() for way in ways}


def use_htmx(page: Page) -> None:
    page.click("button")
    expect(page.locator("#out p")).to_have_text("from the server")


def use_turbo(page: Page) -> None:
    page.evaluate("self.still = 'here'")
    page.click("a")
    expect(page.locator("h1")).to_have_text("Second")
    assert page.url.endswith("/second.html")
    assert page.evaluate("self.still") == "here", "the page was loaded anew: Turbo did not navigate"


def use_alpine(page: Page) -> None:
    expect(page.locator("span")).to_have_text("0")
    page.click("button")
    expect(page.locator("span")).to_have_text("1")
    expect(page.locator("li")).to_have_text(["a", "b"])


def use_vue(page: Page) -> None:
    expect(page.locator("li")).to_have_text(["x", "y"])
    page.click("button")
    expect(page.locator("li")).to_have_text(["x", "y", "z"])


def use_jquery(page: Page) -> None:
    assert page.evaluate("jQuery('li:even').map((_, it) => it.textContent).get().join()") == "a,c"
    page.evaluate("new Promise(done => jQuery('#box').animate({ width: 120 }, 30, done))")
    assert page.evaluate("jQuery('#box').width()") == 120
    assert page.evaluate("jQuery.get('/part.html')") == "<p>from the server</p>"
    page.evaluate("jQuery('#out').load('/part.html p')")
    expect(page.locator("#out p")).to_have_text("from the server")


def use_bootstrap(page: Page) -> None:
    assert not page.is_visible("#dialog")
    page.click("#open")
    expect(page.locator("#dialog")).to_have_class("modal fade show")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.modal-backdrop')).backgroundColor") == "rgb(0, 0, 0)"
    )
    page.click("#dialog .btn-close")
    expect(page.locator("#dialog")).to_be_hidden()


def use_swiper(page: Page) -> None:
    assert page.evaluate("getComputedStyle(document.querySelector('.swiper-wrapper')).display") == "flex"
    page.click(".swiper-button-next")
    expect(page.locator(".swiper-slide-active")).to_have_text("two")
    page.wait_for_function("document.querySelector('.swiper').swiper.translate === -300")


def use_tinymce(page: Page) -> None:
    page.wait_for_function("tinymce.activeEditor?.initialized")
    editor = page.frame_locator("iframe").locator("body")
    expect(editor).to_have_text("Hello")
    editor.click()
    editor.press("End")
    editor.type(" there")
    page.evaluate("tinymce.activeEditor.execCommand('InsertUnorderedList')")
    content = page.evaluate("tinymce.activeEditor.getContent()")
    assert "".join(content.split()) == "<ul><li>Hellothere</li></ul>"
    assert page.evaluate("getComputedStyle(document.querySelector('.tox-tinymce')).borderRadius") == "10px"
    page.evaluate("tinymce.activeEditor.undoManager.undo()")
    assert "<ul>" not in page.evaluate("tinymce.activeEditor.getContent()")


SLIDES = "".join(f'<div class="swiper-slide">{name}</div>' for name in ("one", "two", "three"))
DIALOG = '<div class="modal-content">Text <button class="btn-close" data-bs-dismiss="modal"></button></div>'
EDITOR = """<textarea id="text">&lt;p&gt;Hello&lt;/p&gt;</textarea>
<script>addEventListener("load", () => tinymce.init({ selector: "#text", license_key: "gpl", promotion: false,
  plugins: PLUGINS, toolbar: "bold" }))</script>"""
LIBRARIES = {
    "htmx 4": (
        '<button hx-get="part.html" hx-target="#out">Load</button><div id="out"></div>',
        ["htmx4/dist/htmx.js"],
        use_htmx,
    ),
    "Turbo 8": (
        'TAGS<body><h1>First</h1><a href="/second.html">On</a>',
        ["@hotwired/turbo/dist/turbo.es2017-umd.js"],
        use_turbo,
    ),
    "Alpine": (
        '<div x-data="{ n: 0, all: [`a`, `b`] }"><button @click="n++">More</button><span x-text="n"></span>'
        '<template x-for="one in all"><li x-text="one"></li></template></div>',
        ["alpinejs/dist/cdn.js"],
        use_alpine,
    ),
    "Vue 3": (
        '<div id="app"><li v-for="one in all" :key="one">{{ one }}</li><button @click="add">More</button></div>'
        "<script>addEventListener('load', () => Vue.createApp({ data: () => ({ all: ['x', 'y'] }),"
        " methods: { add() { this.all.push('z') } } }).mount('#app'))</script>",
        ["vue/dist/vue.global.js"],
        use_vue,
    ),
    "jQuery 4": (
        '<ul><li>a<li>b<li>c</ul><div id="box" style="width: 10px"></div><div id="out"></div>',
        ["jquery/dist/jquery.js"],
        use_jquery,
    ),
    "Bootstrap 5": (
        '<button id="open" data-bs-toggle="modal" data-bs-target="#dialog">Open</button>'
        f'<div id="dialog" class="modal fade"><div class="modal-dialog">{DIALOG}</div></div>',
        ["bootstrap/dist/css/bootstrap.css", "bootstrap/dist/js/bootstrap.bundle.js"],
        use_bootstrap,
    ),
    "Swiper 12": (
        f'<div class="swiper" style="width: 300px"><div class="swiper-wrapper">{SLIDES}</div>'
        '<div class="swiper-button-next"></div></div><script>addEventListener("load", () =>'
        ' new Swiper(".swiper", { speed: 10, navigation: { nextEl: ".swiper-button-next" } }))</script>',
        ["swiper/swiper-bundle.css", "swiper/swiper-bundle.js"],
        use_swiper,
    ),
    "TinyMCE 8, which loads its parts by their plain names": (
        EDITOR.replace("PLUGINS", '"lists"'),
        ["tinymce/tinymce.js"],
        use_tinymce,
    ),
    "TinyMCE 8 in one bundle": (EDITOR.replace("PLUGINS", '""'), ["js/editor.js"], use_tinymce),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_minified_library_works(built: Project, visit: Open, name: str) -> None:
    body, files, use = LIBRARIES[name]
    logical = [file if file == "js/editor.js" else f"vendor/{file}" for file in files]
    write_page(built, "index.html", body, logical)
    write_page(built, "second.html", "TAGS<body><h1>Second</h1>", logical)
    with served(built.root / "public") as url:
        seen = visit(f"{url}/index.html")
        use(seen.page)
        assert seen.complaints == []
        loaded = [response.url.partition("/assets/")[2] for response in seen.responses if "/assets/" in response.url]
    fixed = {asset["path"] for asset in built.manifest["assets"].values()}
    plain = [path for path in loaded if path not in fixed]
    assert {built.path(file) for file in logical} <= set(loaded)
    # Only what TinyMCE looks for by itself comes under its plain name; in a bundle it has all it needs.
    assert bool(plain) == ("plain names" in name)
    assert all(path.startswith("vendor/tinymce/") for path in plain)
