"""ES modules in a real browser, in both modes: circles, dynamic imports, workers, bare specifiers, integrity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild import Assets
from assetbuild.build.verify import verify
from tests.browser.conftest import Visit
from tests.browser.serving import served
from tests.project import png, project

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
    "js/circle/odd.js": 'import { even } from "./even.js"; import * as own from "./odd.js";'
    "export const odd = n => own.odd === odd && n !== 0 && even(n - 1);",
    "late/late.js": 'export const late = "late";',
    "js/worker.js": 'import { even } from "./circle/even.js"; postMessage(even(3));',
    "vendor/thing.js": 'export default "thing";',
}


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


FORMS: dict[str, str | bytes] = {
    "js/main.js": """
        import "./forms/effect.js";
        import { default as fallback, "a name" as named } from "./forms/names.js";
        import * as again from "./forms/again.js";
        import data from "./data.json" with { type: "json" };
        import sheet from "../css/sheet.css" with { type: "css" };
        const one = await import("./forms/one.js", { with: {} },);
        const two = await import(`./forms/two.js`);
        const three = await import("./late.json", { with: { type: "json" } });
        document.adoptedStyleSheets = [sheet];
        const said = worker => new Promise(done => { worker.onmessage = event => done(event.data); });
        const image = new window.URL("../img/dot.png", import.meta.url);
        const same = [new self.URL(`../img/dot.png`, import.meta.url), import.meta.resolve("../img/dot.png")];
        self.found = {
          effect: self.effect, fallback, named, again: again.inner.x, data: data.n, late: three.default.n,
          dynamic: [one.x, two.x], colour: getComputedStyle(document.body).color,
          bare: import.meta.resolve("thing") === import.meta.resolve("../vendor/thing.js"),
          same: same.map(url => String(url) === image.href), dot: (await fetch(image)).status,
        };
        self.work = async () => {
          const shared = new SharedWorker(new URL("./workers/shared.js", import.meta.url), { type: "module" });
          return {
            module: await said(new Worker(new URL("./workers/module.js", import.meta.url), { type: "module" })),
            resolved: await said(new Worker(import.meta.resolve("./workers/module.js"), { type: "module" })),
            classic: await said(new Worker(new URL("./workers/classic.js", import.meta.url))),
            shared: await said(shared.port),
          };
        };
    """,
    "js/forms/effect.js": "self.effect = 1;",
    "js/forms/names.js": 'const x = "named"; export { x as "a name" }; export default "default";',
    "js/forms/again.js": 'export * as inner from "./inner.js"; export { default as y } from "./names.js";',
    "js/forms/inner.js": "export const x = 'inner';",
    "js/forms/one.js": "export const x = 1;",
    "js/forms/two.js": "export const x = 2;",
    "js/data.json": '{"n": 3}',
    "js/late.json": '{"n": 4}',
    "css/sheet.css": "body { color: rgb(1, 2, 3); background: url(../img/dot.png) }",
    "js/workers/module.js": 'import thing from "thing"; import { x } from "../forms/inner.js"; postMessage(thing + x);',
    "js/workers/shared.js": "onconnect = event => event.ports[0].postMessage(new URL(import.meta.url).protocol);",
    "js/workers/classic.js": 'importScripts("parts/first.js", `./parts/second.js`); postMessage(first + second);',
    "js/workers/parts/first.js": "self.first = 1;",
    "js/workers/parts/second.js": "self.second = 2;",
    "vendor/thing.js": 'export default "thing";',
    "img/dot.png": png(),
}
FOUND: dict[str, object] = {
    "effect": 1,
    "fallback": "default",
    "named": "named",
    "again": "inner",
    "data": 3,
    "late": 4,
    "dynamic": [1, 2],
    "colour": "rgb(1, 2, 3)",
    "bare": True,
    "same": [True, True],
    "dot": 200,
}
WORK = {"module": "thinginner", "resolved": "thinginner", "classic": 3, "shared": "http:"}


@pytest.mark.parametrize("mode", ["rewrite", "importmap"])
def test_every_form_in_which_a_module_names_an_asset_works(
    tmp_path: Path, visit: Callable[[str], Visit], mode: str
) -> None:
    site = project(tmp_path, FORMS, f'modules = "{mode}"\ncompress = []\n[importmap]\nthing = "vendor/thing.js"\n')
    assert site.problems() == ()
    assert verify(site.config) == ()
    assets = Assets.load(site.output / "manifest.json", base_url="/assets/")
    head = assets.importmap_tag() + assets.preload_tags("js/main.js") + assets.tags("js/main.js")
    site.write({"public/index.html": f'<!doctype html><link rel="icon" href="data:,">{head}<body>'})
    with served(tmp_path / "public") as url:
        seen = visit(f"{url}/index.html")
        seen.page.wait_for_function("self.found", timeout=10_000)
        assert seen.page.evaluate("self.found") == FOUND
        assert seen.page.evaluate("self.work()") == WORK
        assert seen.complaints == []
    asked = {response.url.partition("/assets/")[2] for response in seen.responses if "/assets/" in response.url}
    outputs = {site.path(name) for name in FORMS}
    assert asked <= outputs
    for name in ("css/sheet.css", "js/forms/names.js", "js/data.json"):
        fetches = [response for response in seen.responses if response.url.endswith(site.path(name))]
        assert len(fetches) == 1, f"{name}: its preload and its import are two requests"
