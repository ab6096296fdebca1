"""ES modules in a real browser, in both modes: circles, dynamic imports, workers, bare specifiers, integrity."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assetbuild import Assets
from tests.browser.conftest import Visit
from tests.project import project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILES = {
    "js/main.js": """
        import { even } from "./circle/even.js";
        import thing from "thing";
        const { late } = await import("../late/late.js");
        const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
        const answer = await new Promise(done => { worker.onmessage = event => done(event.data); });
        document.title = [even(4), thing, late, answer].join(" ");
    """,
    "js/circle/even.js": 'import { odd } from "./odd.js"; export const even = n => n === 0 || odd(n - 1);',
    "js/circle/odd.js": 'import { even } from "./even.js"; export const odd = n => n !== 0 && even(n - 1);',
    "late/late.js": 'export const late = "late";',
    "js/worker.js": 'import { even } from "./circle/even.js"; postMessage(even(3));',
    "vendor/thing.js": 'export default "thing";',
}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on a free port of the loopback interface."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing: a test's output is its own."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("mode", ["rewrite", "importmap"])
def test_modules_load_and_work(tmp_path: Path, visit: Callable[[str], Visit], mode: str) -> None:
    site = project(tmp_path, dict(FILES), f'modules = "{mode}"\n[importmap]\nthing = "vendor/thing.js"\n')
    assert site.problems() == ()
    assets = Assets.load(site.output / "manifest.json", base_url="/assets/")
    page = f'<!doctype html><link rel="icon" href="data:,">{assets.importmap_tag()}{assets.tags("js/main.js")}'
    (tmp_path / "public/index.html").write_text(page)
    with served(tmp_path / "public") as url:
        seen = visit(f"{url}/index.html")
        seen.page.wait_for_function("document.title !== ''", timeout=10_000)
        assert seen.page.title() == "true thing late false"
        assert seen.complaints == []
    names = [response.url.rpartition("/")[2] for response in seen.responses]
    hashed = [name for name in names if name.endswith(".js")]
    assert {name.rpartition("-")[0] for name in hashed} == {"main", "even", "odd", "thing", "late", "worker"}
