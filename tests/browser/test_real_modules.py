"""Packages as npm has them, loaded as ES modules by a real browser: 679 modules, each under its fingerprinted name.

One page for all, in both modes, from the page's origin and from another, with integrity, from a plain static server.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assetbuild import Assets
from assetbuild.build.protocols import Way
from assetbuild.build.verify import verify
from assetbuild.elements import MODULE_PRELOADS
from tests import packages
from tests.browser.conftest import Visit
from tests.browser.serving import served
from tests.project import Project, project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAMES = ("lodash-es", *packages.D3, "three", "chart.js", "@kurkle/color", "htmx.org")
INCLUDE = [
    *("js/*", "vendor/lodash-es/**/*.js", "vendor/d3/src/*.js", "vendor/d3-*/dist/*.mjs"),
    *("vendor/internmap/src/*.js", "vendor/delaunator/index.js"),
    *("vendor/robust-predicates/index.js", "vendor/robust-predicates/esm/*.js"),
    *("vendor/three/build/three.module.js", "vendor/three/build/three.core.js"),
    "vendor/three/examples/jsm/controls/OrbitControls.js",
    *("vendor/chart.js/dist/chart.js", "vendor/chart.js/dist/chunks/*.js", "vendor/@kurkle/color/dist/color.esm.js"),
    *("vendor/htmx.org/dist/htmx.js", "vendor/htmx.org/dist/htmx.esm.js"),
]
PAGE = """
import { chunk, template } from "lodash-es";
import * as d3 from "d3";
import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { Chart, registerables } from "chart.js";
import htmx from "htmx.org";

const camera = new THREE.PerspectiveCamera(60, 1, 0.1, 100);
camera.position.set(0, 0, 5);
const controls = new OrbitControls(camera, document.querySelector("#three"));
controls.target.set(0, 0, 1);
controls.update();
const mesh = new THREE.Mesh(new THREE.BoxGeometry(1, 1, 1), new THREE.MeshBasicMaterial());
const hits = new THREE.Raycaster(camera.position, new THREE.Vector3(0, 0, -1)).intersectObject(mesh);

d3.select("#d3").selectAll("circle").data(d3.range(1, 4)).join("circle").attr("r", 0)
  .transition().duration(10).attr("r", value => value * 10);
const triangles = d3.Delaunay.from([[0, 0], [1, 0], [0, 1], [1, 1]]).triangles.length / 3;

Chart.register(...registerables);
const chart = new Chart("chart", {
  type: "bar",
  data: { labels: ["a"], datasets: [{ data: [1], backgroundColor: "rgb(255, 0, 0)" }] },
  options: { animation: false, responsive: false, plugins: { legend: { display: false } },
             scales: { x: { display: false }, y: { display: false, min: 0 } } },
});

self.found = {
  lodash: [chunk([1, 2, 3], 2), template("<%- who %>!")({ who: "<b>" })],
  d3: [d3.timeFormat("%Y-%j")(new Date(2026, 1, 1)), d3.scaleLinear([0, 10], ["red", "blue"])(5), triangles],
  three: [hits[0].distance, controls.getDistance()],
  chart: [...chart.ctx.getImageData(50, 50, 1, 1).data],
  htmx: htmx.version,
};
"""
FOUND = {
    "lodash": [[[1, 2], [3]], "&lt;b&gt;!"],
    "d3": ["2026-032", "rgb(128, 0, 128)", 2],
    "three": [4.5, 4],
    "chart": [255, 0, 0, 255],
    "htmx": "2.0.8",
}
BODY = """<svg id="d3"></svg><div id="three"></div><canvas id="chart" width="100" height="100"></canvas>
<button hx-get="part.html" hx-target="#part">Load</button><div id="part"></div>"""


@pytest.fixture(scope="module", params=["rewrite", "importmap"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    mapped = {name: f"vendor/{name}/{packages.entry(name)}" for name in NAMES}
    mapped["three/addons/"] = "vendor/three/examples/jsm/"
    config = [
        f'modules = "{request.param}"\ncompress = []\ninclude = {json.dumps(INCLUDE)}\n',
        packages.sources(NAMES),
        "[importmap]\n",
        *(f'"{name}" = "{target}"\n' for name, target in mapped.items()),
    ]
    made = project(tmp_path_factory.mktemp("modules"), {"js/page.js": PAGE}, "".join(config))
    made.build()
    made.write({"public/part.html": "<p>from the server</p>"})
    return made


@pytest.fixture(scope="module")
def origins(built: Project) -> Iterator[tuple[str, str]]:
    """The folder `public`, served twice."""
    with served(built.root / "public") as first, served(built.root / "public") as second:
        yield first, second


def write_page(built: Project, name: str, head: Callable[[Assets], str], *, base_url: str) -> Assets:
    assets = Assets.load(built.output / "manifest.json", base_url=base_url)
    page = f'<!doctype html><link rel="icon" href="data:,">{head(assets)}<body>{BODY}'
    built.write({f"public/{name}": page})
    return assets


@pytest.mark.parametrize("base_url", ["/assets/", "{second}/assets/"], ids=["same origin", "another origin"])
def test_packages_load_as_modules_and_work(
    built: Project, origins: tuple[str, str], visit: Callable[[str], Visit], base_url: str
) -> None:
    first, second = origins
    base = base_url.format(second=second)
    assets = write_page(built, "index.html", lambda it: it.importmap_tag() + it.tags("js/page.js"), base_url=base)
    seen = visit(f"{first}/index.html")
    seen.page.wait_for_function("self.found")
    assert seen.page.evaluate("self.found") == FOUND
    expect(seen.page.locator("circle >> nth=2")).to_have_attribute("r", "30")
    seen.page.click("button")
    expect(seen.page.locator("#part p")).to_have_text("from the server")
    assert seen.complaints == []

    # Of every module one request, under its fingerprinted name, and just those were announced by a preload.
    requests = Counter(r.url for r in seen.responses if r.request.resource_type == "script")
    paths = {name: asset["path"] for name, asset in built.manifest["assets"].items()}
    where = first + base if base.startswith("/") else base
    loaded = {name for name, path in paths.items() if where + path in requests}
    assert len(requests) == len(loaded) > 650
    assert set(requests.values()) == {1}
    preloads = seen.page.eval_on_selector_all("link[rel=modulepreload]", "all => all.map(link => link.href)")
    assert set(preloads) | {where + paths["js/page.js"]} <= set(requests)
    assert len(set(preloads)) == len(preloads) == MODULE_PRELOADS  # all of them would hold back the page
    assert {"vendor/d3/src/index.js", "vendor/three/build/three.core.js", "vendor/@kurkle/color/dist/color.esm.js"} <= (
        loaded
    )
    assert assets.preload_tags("js/page.js").count("modulepreload") == len(preloads)


def test_integrity_stands_in_the_import_map_and_on_every_preload(built: Project) -> None:
    assets = Assets.load(built.output / "manifest.json", base_url="/assets/")
    table = json.loads(assets.importmap_tag().partition(">")[2].partition("<")[0])
    known = {f"/assets/{asset['path']}": asset["integrity"] for asset in built.manifest["assets"].values()}
    assert table["integrity"].keys() == set(table["imports"].values())
    assert table["integrity"].items() <= known.items()
    lines = assets.tags("js/page.js").splitlines()
    assert all(' integrity="sha384-' in line for line in lines)


def test_a_module_that_was_tampered_with_is_refused(
    built: Project, origins: tuple[str, str], visit: Callable[[str], Visit]
) -> None:
    write_page(built, "index.html", lambda it: it.importmap_tag() + it.tags("js/page.js"), base_url="/assets/")
    file = built.output / built.path("vendor/lodash-es/chunk.js")
    before = file.read_bytes()
    try:
        file.write_bytes(before + b"\n")
        seen = visit(f"{origins[0]}/index.html")
        assert any("integrity" in complaint and file.name in complaint for complaint in seen.complaints)
        assert seen.page.evaluate("self.found") is None
    finally:
        file.write_bytes(before)


def test_htmx_works_as_a_classic_script_too(
    built: Project, origins: tuple[str, str], visit: Callable[[str], Visit]
) -> None:
    write_page(built, "classic.html", lambda it: it.tags("vendor/htmx.org/dist/htmx.js"), base_url="/assets/")
    seen = visit(f"{origins[0]}/classic.html")
    seen.page.click("button")
    expect(seen.page.locator("#part p")).to_have_text("from the server")
    assert seen.page.evaluate("htmx.version") == "2.0.8"
    assert seen.complaints == []


def test_every_module_was_minified_and_every_reference_leads_to_an_output(built: Project) -> None:
    ways = built.build(force=True).ways
    assert set(ways["rjsmin"]) <= {Way.PROCESSED.value, Way.FALLBACK.value}
    for name in ("lodash-es/chunk.js", "three/build/three.core.js", "d3-array/dist/d3-array.mjs"):
        source = packages.package(name.split("/")[0]) / name.split("/", 1)[1]
        assert 0 < len(built.read_bytes(f"vendor/{name}")) < Path(source).stat().st_size
    assert verify(built.config) == ()
