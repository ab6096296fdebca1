"""Pages of adopted builds run: one helper links our own style sheet and all that an entry of Vite or esbuild needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assetbuild import Assets
from assetbuild.build.other_tools import Bundler
from tests import bundlers
from tests.browser.conftest import Visit
from tests.browser.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("bundler", Bundler)
def test_a_page_of_an_adopted_build_runs(tmp_path: Path, visit: Callable[[str], Visit], bundler: Bundler) -> None:
    made = bundlers.page(tmp_path, bundler)
    made.build()
    assets = Assets.load(made.output / "manifest.json", base_url="/public/assets/")
    head = assets.tags("own.css", "src/main.js", "src/other.js")
    (tmp_path / "index.html").write_text(f'<!doctype html><link rel="icon" href="data:,"><body>{head}</body>')
    with served(tmp_path) as base:
        visited = visit(f"{base}/")
        body = visited.page.locator("body")
        expect(body).to_have_attribute("data-main", "shared by main")
        expect(body).to_have_attribute("data-other", "shared by other")
        expect(body).to_have_attribute("data-lazy", "came")
        expect(body).to_have_css("margin-left", "11px")
        expect(body).to_have_css("color", "rgb(1, 2, 3)")
        expect(body).to_have_css("border-top-width", "4px")
        if bundler is Bundler.VITE:  # esbuild does not load the style sheets of what is imported later
            expect(body).to_have_css("border-left-width", "7px")
        assert visited.page.evaluate("document.querySelector('img').naturalWidth") == 9
        visited.page.wait_for_load_state("networkidle")
        assert visited.complaints == []
        paths = [response.url.removeprefix(base) for response in visited.responses if response.url.endswith(".js")]
        assert len(paths) == len(set(paths)), "what a preload fetched is what the script asks for"
