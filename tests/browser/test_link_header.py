"""What a `Link` header preloads, Chromium fetches once: elements, `@import` and fonts then use the preload."""

from __future__ import annotations

import functools
import http.server
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from assetbuild import Assets
from tests.browser.conftest import Visit
from tests.project import PLAIN, project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILES: dict[str, str | bytes] = {
    "css/app.css": '@import "base.css"; h1 { color: rgb(1, 2, 3) }',
    "css/base.css": "@font-face { font-family: Own; src: url(../fonts/own.woff2) } h1 { font-family: Own }",
    "fonts/own.woff2": b"no font, but fetched as one",
}


@contextmanager
def counting(folder: Path, asked: Counter[str], links: list[str]) -> Iterator[str]:
    """The folder over HTTP, for every origin; counts, and says the `links` with every page."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            super().do_GET()

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            if self.path.endswith(".html"):
                for link in links:
                    self.send_header("Link", link)
            super().end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing: a test's output is its own."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["own origin", "another origin"])
def test_what_the_header_preloads_is_fetched_once_and_used(
    visit: Callable[[str], Visit], tmp_path: Path, is_elsewhere: bool
) -> None:
    made = project(tmp_path, FILES, PLAIN)
    made.build()
    folder = made.root / "public/assets"
    asked: Counter[str] = Counter()
    links: list[str] = []
    with ExitStack() as stack:
        own = stack.enter_context(counting(folder, asked, links))
        base_url = stack.enter_context(counting(folder, asked, [])) if is_elsewhere else own
        assets = Assets.load(folder / "manifest.json", base_url=base_url if is_elsewhere else "/")
        links.append(assets.link_header("css/app.css"))
        (folder / "page.html").write_text(f"<!doctype html><title>x</title>{assets.tags('css/app.css')}<h1>Text</h1>")
        page = visit(own + "page.html").page
        page.evaluate("document.fonts.ready")
        entries = page.evaluate("performance.getEntriesByType('resource').map(e => [e.name, e.initiatorType])")
    wanted = {"/" + assets.path(name) for name in FILES}
    assert {path: count for path, count in asked.items() if path in wanted} == dict.fromkeys(wanted, 1)
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    by_header = {name for name, kind in entries if kind in ("other", "early-hints", "link")}
    assert by_header >= {assets.url("css/app.css") if is_elsewhere else own[:-1] + assets.url("css/app.css")}
