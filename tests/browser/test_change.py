"""What changes in the browser when one source does: exactly the names that reach it, and the page shows the new one."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.sample_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PICTURE = "img/gallery/moorings.svg"
PIXEL = """async source => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  canvas.drawImage(image, 0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}"""
RED = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="red"/></svg>'


def pixel(page: Page, source: str) -> list[int]:
    found: list[int] = page.evaluate(PIXEL, source)
    return found


@pytest.mark.parametrize(
    ("changed", "renamed"),
    [
        (PICTURE, {PICTURE}),
        ("img/waves.svg", {"img/waves.svg", "css/site.css"}),
        # Two levels below: gallery.css imports gallery/frames.css, which shows the frame.
        ("img/frame.svg", {"img/frame.svg", "css/gallery/frames.css", "css/gallery.css"}),
    ],
)
def test_a_changed_image_renames_what_reaches_it_and_the_page_shows_it(
    changed: str, renamed: set[str], copied: Site, visit: Callable[[str], Visit]
) -> None:
    before = copied.paths()
    (copied.app / "static" / changed).write_text(RED, encoding="utf-8")
    copied.build()
    after = copied.paths()
    assert {logical for logical in after if after[logical] != before.get(logical)} == renamed
    assert before.keys() == after.keys()

    with copied.serve() as url:
        seen = visit(url + ("/" if "waves" in changed else "/gallery"))
        loaded = {r.url.partition("/static/")[2] for r in seen.responses}
        assert seen.complaints == []
        assert pixel(seen.page, f"/static/{after[changed]}") == [255, 0, 0, 255]
        assert {after[logical] for logical in renamed if not logical.endswith("frame.svg")} <= loaded
        assert loaded.isdisjoint(before[logical] for logical in renamed)
        # A page that somebody opened before the release still finds what it names.
        assert pixel(seen.page, f"/static/{before[changed]}") != [255, 0, 0, 255]
        for logical in renamed:
            with urllib.request.urlopen(f"{url}/static/{before[logical]}") as response:
                assert response.status == 200
