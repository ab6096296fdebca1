"""Sites of Flask-Assets and django-compressor, converted with `assetbuild init`: the pages stay as they were.

Equal are the documents, but for the URLs of assets, what scripts made of them, the style of every element, and every
pixel; and in the process that answers there is nothing of the former library.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import old_apps
from tests.browser.conftest import Visit, fresh

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# URLs of assets become their suffix; integrity goes with them, and a type that is the one that there is anyway.
_DOCUMENT = r"""
() => {
  const page = document.documentElement.cloneNode(true);
  const kind = url => url.replace(/^(?:https?:\/\/[^/]*)?\/static\/.*?(\.\w+)(?:\?.*)?$/, '/static/*$1');
  for (const element of page.querySelectorAll('[href], [src]')) {
    for (const name of ['href', 'src']) {
      if (element.hasAttribute(name)) element.setAttribute(name, kind(element.getAttribute(name)));
    }
    element.removeAttribute('integrity');
    if (element.getAttribute('type') === 'text/css') element.removeAttribute('type');
    element.removeAttribute('crossorigin');
  }
  return page.outerHTML.replace(/>\s+</g, '><');
}
"""
_STYLES = r"""
() => [...document.querySelectorAll('*')].map(element => {
  const style = getComputedStyle(element);
  const value = name => style.getPropertyValue(name).replace(/url\("[^"]*?(\.\w+)(?:\?[^"]*)?"\)/g, 'url(*$1)');
  return element.tagName + [...style].map(name => name + ':' + value(name)).join(';');
})
"""
_SHEETS = "() => [...document.styleSheets].map(sheet => [sheet.media.mediaText, sheet.cssRules.length])"


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as a browser has it."""

    document: str
    styles: list[str]
    sheets: list[Any]
    pixels: bytes
    assets: list[str]
    modules: frozenset[str]


def see(browser: Browser, url: str) -> Seen:
    with fresh(browser) as context:
        visit = Visit(context.new_page()).open(url + "/")
        page = visit.page
        assert visit.complaints == []
        assert page.evaluate("document.body.dataset.late") == "3"
        asked = [one.url for one in visit.responses if "/static/" in one.url]
        with urllib.request.urlopen(f"{url}/modules", timeout=20) as answer:
            modules = frozenset(json.load(answer))
        return Seen(
            page.evaluate(_DOCUMENT),
            page.evaluate(_STYLES),
            page.evaluate(_SHEETS),
            page.screenshot(full_page=True),
            asked,
            modules,
        )


def flask_python(root: Path) -> Path:
    return old_apps.flask_assets(root, yaml=False)


def flask_yaml(root: Path) -> Path:
    return old_apps.flask_assets(root, yaml=True)


@pytest.mark.parametrize(
    ("lay", "kind", "follow", "old"),
    [
        (flask_python, "flask", old_apps.follow_flask, "flask_assets"),
        (flask_yaml, "flask", old_apps.follow_flask, "flask_assets"),
        (old_apps.django_compressor, "django", old_apps.follow_django, "compressor"),
        (old_apps.django_compressor, "django", old_apps.follow_django_but_for_blocks, "compressor"),
    ],
    ids=[
        "Flask-Assets, Python",
        "Flask-Assets, YAML with Sass",
        "django-compressor",
        "django-compressor, blocks as they are",
    ],
)
def test_a_converted_site_is_the_same_in_every_pixel_and_element(
    browser: Browser,
    tmp_path: Path,
    lay: Callable[[Path], Path],
    kind: str,
    follow: Callable[[Path, list[str]], None],
    old: str,
) -> None:
    before_root, after_root = lay(tmp_path / "before"), lay(tmp_path / "after")
    if kind == "django":
        old_apps.run(before_root, "manage.py", "collectstatic", "--noinput")
    with old_apps.serving(before_root, kind, static="collected") as url:
        before = see(browser, url)
    said = old_apps.run(after_root, "-m", "assetbuild", "init").splitlines()
    old_apps.run(after_root, "-m", "assetbuild", "build")
    follow(after_root, [line[2:] for line in said if line.startswith("  ")])
    with old_apps.serving(after_root, kind, static="public/assets") as url:
        after = see(browser, url)
    assert old in before.modules
    assert not {old, "webassets", "yaml", "assetbuild.build"} & after.modules
    assert after.document == before.document
    assert after.sheets == before.sheets
    assert after.styles == before.styles
    assert after.pixels == before.pixels
    assert set(before.assets).isdisjoint(after.assets)
    assert len(after.assets) == len(before.assets)


def test_the_comparison_sees_one_pixel_of_another_colour(browser: Browser, tmp_path: Path) -> None:
    first, second = flask_python(tmp_path / "a"), flask_python(tmp_path / "b")
    sheet = second / "harbour/static/css/parts/card.css"
    sheet.write_text(sheet.read_text() + "h1 { border-left: 1px solid #fdf6e4 }\n")
    with old_apps.serving(first, "flask") as url:
        one = see(browser, url)
    with old_apps.serving(second, "flask") as url:
        two = see(browser, url)
    assert one.document == two.document
    assert one.styles != two.styles
    assert one.pixels != two.pixels
