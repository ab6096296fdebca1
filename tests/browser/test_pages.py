"""What a real browser makes of the built sample app: it loads, looks, runs and refuses as it should."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.sample_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[[str], Visit]
PAGES = ["/", "/tides", "/plan", "/plan?draught=1.4&day=2026-06-01", "/gallery", "/legend"]


def style(page: Page, selector: str, name: str) -> str:
    found: str = page.eval_on_selector(selector, "(element, name) => getComputedStyle(element)[name]", name)
    return found


def loaded_fonts(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "document.fonts.ready.then(all => [...all].filter(f => f.status === 'loaded').map(f => f.family))"
    )
    return found


def asset_counts(seen: Visit) -> Counter[str]:
    """How often the page asked for each asset. The tab's icon is not the page's: the browser fetches it by itself."""
    icons = seen.page.eval_on_selector_all("link[rel=icon]", "all => all.map(link => link.href)")
    asked = [
        r for r in seen.responses if "/static/" in r.url and not (r.url in icons and r.request.resource_type == "other")
    ]
    return Counter(urlsplit(response.url).path for response in asked)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_without_a_complaint(path: str, look: Open) -> None:
    seen = look(path)
    assert seen.complaints == []
    assert seen.page.title().endswith("Port Merrow")


@pytest.mark.parametrize("path", PAGES)
def test_every_asset_comes_under_a_fingerprinted_name_and_once(path: str, site: Site, look: Open) -> None:
    counts = asset_counts(look(path))
    assert counts
    assert set(counts) <= {"/static/" + name for name in site.paths().values()}
    assert max(counts.values()) == 1, "a preload that the page cannot use makes the browser ask again"


def test_what_is_preloaded_is_used(look: Open) -> None:
    page = look("/gallery").page
    preloaded = page.eval_on_selector_all("link[rel=preload], link[rel=modulepreload]", "all => all.map(l => l.href)")
    used = page.evaluate(
        """async () => {
          await document.fonts.ready;
          const sheets = [...document.styleSheets].flatMap(sheet =>
            [sheet, ...[...sheet.cssRules].map(rule => rule.styleSheet)]);
          const faces = [...document.styleSheets].flatMap(sheet =>
            [...sheet.cssRules].filter(r => r instanceof CSSFontFaceRule).map(r =>
              new URL(/url\\("?([^")]+)/.exec(r.style.src)[1], sheet.href).href));
          return [...sheets.filter(Boolean).map(sheet => sheet.href), ...faces];
        }"""
    )
    assert preloaded
    assert set(preloaded) <= set(used)


def test_own_styles_and_bootstraps_apply(look: Open) -> None:
    page = look("/").page
    assert style(page, ".site-foot", "backgroundColor") == "rgb(11, 47, 71)"  # own, nested in a layer
    assert style(page, ".tile-icon", "display") == "grid"  # own, nested
    assert style(page, ".visually-hidden, .skip-link", "position") == "absolute"
    assert style(page, ".row", "display") == "flex"  # Bootstrap's
    assert style(page, ".btn-light", "backgroundColor") == "rgb(248, 249, 250)"


def test_a_style_sheet_that_is_imported_into_a_layer_applies(look: Open) -> None:
    page = look("/gallery").page
    assert style(page, ".enlarged", "position") == "relative"
    assert "frame-" in page.evaluate(
        "getComputedStyle(document.querySelector('.enlarged'), '::after').borderImageSource"
    )


def test_the_icon_font_loads(look: Open) -> None:
    page = look("/legend").page
    assert loaded_fonts(page) == ["Font Awesome 6 Free"]
    assert page.evaluate("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")


@pytest.mark.parametrize("path", PAGES)
def test_every_picture_is_decoded(path: str, look: Open) -> None:
    page = look(path).page
    broken = page.evaluate(
        """async () => {
          const shown = [...document.images].filter(image => image.hasAttribute('src'));
          shown.forEach(image => { image.loading = 'eager'; });
          const done = await Promise.allSettled(shown.map(image => image.decode()));
          return shown.filter((image, i) => done[i].status === 'rejected').map(image => image.src);
        }"""
    )
    assert broken == []


def test_background_images_of_the_bundle_are_those_beside_its_sources(site: Site, look: Open) -> None:
    seen = look("/")
    loaded = asset_counts(seen)
    for logical in ("img/waves.svg", "img/grain.png", "img/rule.svg"):
        assert loaded["/static/" + site.paths()[logical]] == 1


def test_the_libraries_of_the_bundle_are_there(look: Open) -> None:
    page = look("/").page
    assert page.evaluate("jQuery.fn.jquery") == "3.7.1"
    assert page.evaluate("bootstrap.Modal.VERSION") == "5.3.8"


def test_own_scripts_change_the_page(url: str, visit: Open) -> None:
    seen = visit(url + "/")
    page = seen.page
    assert page.inner_text("[data-until] >> nth=0").startswith(("in ", "now"))
    page.click("[data-theme-switch]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert page.inner_text("[data-theme-switch]").strip() == "Light"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert seen.complaints == []


def test_jquery_filters_the_legend(url: str, visit: Open) -> None:
    page = visit(url + "/legend").page
    page.fill("#filter", "diesel")
    assert page.inner_text("#filter-count") == "1 sign"
    assert page.locator("#signs > li:visible").count() == 1


def test_a_bootstrap_dialog_opens_on_a_click(url: str, site: Site, visit: Open) -> None:
    seen = visit(url + "/gallery")
    page = seen.page
    page.click(".picture >> nth=1")
    expect(page.locator("#enlarged")).to_be_focused()
    assert page.inner_text("#enlarged-title") == "High water at the moorings"
    assert page.get_attribute("#enlarged img", "src") == "/static/" + site.paths()["img/gallery/moorings.svg"]
    page.keyboard.press("Escape")
    page.wait_for_selector("#enlarged", state="hidden")
    assert seen.complaints == []


def test_bootstraps_menu_opens_on_a_small_screen(url: str, visit: Open) -> None:
    page = visit(url + "/").page
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.is_visible("#menu")
    page.click(".navbar-toggler")
    page.wait_for_selector("#menu.show")
    assert page.is_visible("#menu a >> nth=0")


def test_a_form_is_checked_by_script_before_it_is_sent(url: str, visit: Open) -> None:
    page = visit(url + "/plan").page
    page.fill("#draught", "nine")
    page.click("form button")
    assert page.inner_text("#draught-error").startswith("Enter the draught in metres")
    assert urlsplit(page.url).query == ""
    page.fill("#draught", "1,4")
    page.click("form button")
    page.wait_for_url("**/plan?draught=*")


def test_modules_import_statically_and_on_demand(url: str, site: Site, visit: Open) -> None:
    seen = visit(url + "/")
    page = seen.page
    readout = "/static/" + site.paths()["js/modules/readout.js"]
    page.wait_for_selector("[data-tide-curve][data-ready]")
    assert readout not in asset_counts(seen)
    page.hover("[data-tide-curve] svg")
    expect(page.locator("[data-tide-curve] output")).to_have_text(re.compile(r"\d\d:\d\d · \d\.\d m"))
    assert asset_counts(seen)[readout] == 1
    assert seen.complaints == []


def test_integrity_stands_on_every_tag_and_is_accepted(site: Site, look: Open) -> None:
    seen = look("/gallery")
    tags = seen.page.eval_on_selector_all(
        "link[rel=stylesheet], script[src]", "all => all.map(t => [t.href || t.src, t.integrity])"
    )
    expected = {"/static/" + asset["path"]: asset["integrity"] for asset in site.manifest()["assets"].values()}
    assert len(tags) == 3
    assert {urlsplit(address).path: integrity for address, integrity in tags}.items() <= expected.items()
    assert seen.complaints == []


@pytest.mark.parametrize("logical", ["css/site.css", "js/site.js", "js/modules/tide-curve.js"])
def test_a_file_that_was_tampered_with_is_refused(logical: str, copied: Site, visit: Open) -> None:
    file = copied.output / copied.paths()[logical]
    for twin in file.parent.glob(file.name + ".*"):
        twin.unlink()
    file.write_bytes(file.read_bytes() + b"\n")
    with copied.serve() as url:
        seen = visit(url + "/")
    assert any("integrity" in complaint and file.name in complaint for complaint in seen.complaints), seen.complaints


def test_assets_of_another_origin_load_with_integrity(site: Site, url: str, visit: Open) -> None:
    with site.serve(ASSETS_BASE_URL=url + "/static/") as front:
        for path in PAGES:
            seen = visit(front + path)
            assert seen.complaints == []
            assert max(asset_counts(seen).values()) == 1
            assert {urlsplit(r.url).netloc for r in seen.responses if "/static/" in r.url} == {urlsplit(url).netloc}
            assert loaded_fonts(seen.page) == ["Font Awesome 6 Free"]


def test_fingerprinted_text_comes_compressed_and_immutable(site: Site, look: Open) -> None:
    seen = look("/")
    headers = {urlsplit(r.url).path: r.all_headers() for r in seen.responses}
    for logical in ("css/site.css", "js/site.js"):
        found = headers["/static/" + site.paths()[logical]]
        assert found["content-encoding"] == "br"
        assert "immutable" in found["cache-control"]
    font = headers["/static/" + site.paths()["vendor/font-awesome/webfonts/fa-solid-900.woff2"]]
    assert "content-encoding" not in font
    assert "immutable" in font["cache-control"]
    assert headers["/"]["cache-control"] == "no-cache"
    assert "content-encoding" not in headers["/"]


def test_a_stable_file_is_served_but_never_immutable(url: str) -> None:
    with urllib.request.urlopen(url + "/static/favicon.ico") as response:
        assert response.status == 200
        assert "immutable" not in response.headers["Cache-Control"]


def test_the_manifest_is_not_served(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url + "/static/manifest.json")
