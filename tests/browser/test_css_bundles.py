"""CSS bundles in a real browser: a page with the bundle looks like the page with the chain of `@import`s.

The chain is the same project built without bundles, so that both go through the same hands but for the joining.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from assetbuild.build.model import Severity
from tests.browser.conftest import Visit
from tests.browser.serving import served
from tests.css_statements import HEEDED, LATE
from tests.project import project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BOXES = "".join(f'<div class="b{number}"><i class="i">x</i></div>' for number in range(6))
PROPERTIES = ("color", "background-color", "margin-top", "border-top-width", "padding-left", "opacity", "z-index")
READ = """() => [...document.querySelectorAll("div, i")].map(each => {
  const style = getComputedStyle(each);
  return %s.map(name => style.getPropertyValue(name));
})""" % list(PROPERTIES)  # noqa: UP031  braces are JavaScript's


def looks(
    tmp_path: Path, visit: Callable[[str], Visit], files: Mapping[str, str], inputs: list[str]
) -> dict[str, object]:
    """The computed styles of a page with the inputs one by one, with their bundle, and with that not minified."""
    site = project(
        tmp_path,
        dict(files),
        "compress = []\n[bundles]\n"
        f'"bundle.css" = {{ inputs = {list(inputs)} }}\n"plain.css" = {{ inputs = {list(inputs)}, processors = [] }}\n',
    )
    assert [one for one in site.problems() if one.severity is Severity.ERROR] == []
    tags = {
        "chain": "".join(f'<link rel="stylesheet" href="assets/{site.path(name)}">' for name in inputs),
        "bundle": f'<link rel="stylesheet" href="assets/{site.path("bundle.css")}">',
        "plain": f'<link rel="stylesheet" href="assets/{site.path("plain.css")}">',
    }
    found = {}
    for name, tag in tags.items():
        (tmp_path / f"public/{name}.html").write_text(f"<!doctype html>{tag}<body>{BOXES}")
    with served(tmp_path / "public") as url:
        for name in tags:
            seen = visit(f"{url}/{name}.html")
            found[name] = seen.page.evaluate(READ)
            seen.page.close()
    return found


RED, BLUE, GREEN = "div{color:red}", "div{color:blue}", "div{color:green}"


@pytest.mark.parametrize(
    ("files", "inputs"),
    [
        pytest.param(
            {
                "a.css": '@import "b.css";@import "c.css";' + RED,
                "b.css": BLUE,
                "c.css": '@supports{}.x > {}@namespace;@import src("e.css");@import url("e.css" x);@import "d.css";',
                "d.css": ".b1{opacity:.5}",
                "e.css": ".b2{opacity:.5}",
            },
            ["a.css"],
            id="plain, and behind what browsers drop",
        ),
        pytest.param({"a.css": '@import "b.css" screen;', "b.css": BLUE}, ["a.css"], id="media"),
        pytest.param(
            {"a.css": '@import "b.css" print;' + RED, "b.css": "div{color:blue!important}"}, ["a.css"], id="print"
        ),
        pytest.param(
            {"a.css": '@import "b.css" supports(display: grid) screen and (min-width: 1px);', "b.css": BLUE},
            ["a.css"],
            id="supports",
        ),
        pytest.param({"a.css": '@import "b.css" supports(not (display: grid));', "b.css": BLUE}, ["a.css"], id="not"),
        pytest.param({"a.css": '@import "b.css" supports(selector(a > b));', "b.css": BLUE}, ["a.css"], id="selector"),
        pytest.param(
            {"a.css": '@import "b.css" layer(x);div{color:red}', "b.css": ".b1{color:blue}"}, ["a.css"], id="layer"
        ),
        pytest.param(
            {
                "a.css": '@layer y, x;@import "b.css" layer(x);@import "c.css" layer(y);',
                "b.css": BLUE,
                "c.css": ".b1{color:red}",
            },
            ["a.css"],
            id="order of layers",
        ),
        pytest.param(
            {"a.css": '@import "b.css" layer;@import "c.css" layer;', "b.css": ".b1{color:red}", "c.css": BLUE},
            ["a.css"],
            id="nameless layers",
        ),
        pytest.param(
            {
                "a.css": '@import "b.css" layer;',
                "b.css": '@import "c.css";div{color:red;opacity:.5!important}',
                "c.css": ".b1.b1{color:blue}div{opacity:.7!important}",
            },
            ["a.css"],
            id="one nameless layer for all that an import brings in",
        ),
        pytest.param(
            {
                "a.css": '@import "b.css" layer(x) screen;',
                "b.css": '@import "c.css" layer(y) (min-width: 1px);.b1{color:red}',
                "c.css": ".b1.b1{color:blue}",
            },
            ["a.css"],
            id="nested",
        ),
        pytest.param(
            {
                "a.css": '@import "b.css" layer(x) print;@import "c.css" layer(y);@import "d.css" layer(x);',
                "b.css": BLUE,
                "c.css": GREEN,
                "d.css": RED,
            },
            ["a.css"],
            id="a layer under a condition that does not hold comes later",
        ),
        pytest.param(
            {"a.css": '@import "b.css";@import "c.css";@import "b.css";', "b.css": BLUE, "c.css": RED},
            ["a.css"],
            id="twice",
        ),
        pytest.param(
            {
                "a.css": '@import "data:text/css,@layer d{div{opacity:.5}}";'
                '@import "data:text/css,@layer e{div{opacity:.7}}";@import "data:text/css,@layer d{div{opacity:.5}}";'
                '@import "b.css";@import "c.css";@import "b.css";',
                "b.css": "@layer b{div{color:blue}}",
                "c.css": "@layer c{div{color:red}}",
            },
            ["a.css"],
            id="twice with layers: the first place makes their order",
        ),
        pytest.param(
            {"a.css": '@import "b.css" print;@import "c.css";@import "b.css" screen;', "b.css": BLUE, "c.css": RED},
            ["a.css"],
            id="twice under two conditions",
        ),
        pytest.param({"a.css": '@import "b.css";' + RED, "b.css": '@import "a.css";' + BLUE}, ["a.css"], id="circle"),
        pytest.param({"a.css": '@import "a.css";' + RED}, ["a.css"], id="itself"),
        pytest.param(
            {"a.css": RED, "b.css": '@import "c.css";div{opacity:.5}', "c.css": BLUE}, ["a.css", "b.css"], id="later"
        ),
        pytest.param(
            {"a.css": BLUE, "b.css": '@import "a.css";', "c.css": RED}, ["a.css", "c.css", "b.css"], id="input again"
        ),
        pytest.param({"a.css": RED + '@import "b.css";', "b.css": BLUE}, ["a.css"], id="after rules"),
        pytest.param(
            {"a.css": '@import "b.css" layer(x);', "b.css": ";div{color:red}.b1{color:blue}--a:b{}.b2{color:red}"},
            ["a.css"],
            id="rules that only a block would save",
        ),
        pytest.param(
            {"a.css": '@import "b.css" screen;', "b.css": "<!-- div{color:red} -->.b2{color:blue}"}, ["a.css"], id="CDO"
        ),
        pytest.param(
            {"a.css": '@import "b.css" screen;div{margin-top:1px}', "b.css": "@layer q"}, ["a.css"], id="no semicolon"
        ),
        pytest.param(
            {
                "a.css": '@import "b.css" layer(x);@import "c.css" layer(y);',
                "b.css": "",
                "c.css": '@import "d.css" layer(x);',
                "d.css": BLUE,
            },
            ["a.css"],
            id="an empty layer",
        ),
    ],
)
def test_a_page_looks_the_same_with_the_bundle(
    tmp_path: Path, visit: Callable[[str], Visit], files: dict[str, str], inputs: list[str]
) -> None:
    found = looks(tmp_path, visit, files, inputs)
    assert found["bundle"] == found["plain"] == found["chain"]


COUNT = """rows => rows.map(css => {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = css + '@import "data:text/css,asked";';
  const found = [...style.sheet.cssRules].some(rule => rule.href === "data:text/css,asked");
  style.remove();
  return found;
})"""


def test_chromium_heeds_an_import_where_it_is_said_to(browser: Browser) -> None:
    page = browser.new_page()
    found = page.evaluate(COUNT, [*HEEDED, *LATE])
    page.close()
    assert found == [*(True for _ in HEEDED), *(False for _ in LATE)]


CONDITIONS = (
    "",
    "",
    "",
    " screen",
    " print",
    " (min-width: 1px)",
    " not screen",
    " layer",
    " layer(x)",
    " layer(y)",
    " layer(x.y)",
    " layer(x) print",
    " layer(y) screen",
    " supports(display: grid)",
    " layer(z) supports(display: nonsense)",
    " supports(not (display: nonsense)) screen and (min-width: 2px), print",
)


def _sheet(chance: random.Random, names: list[str]) -> str:
    rules = []
    for _ in range(chance.randint(0, 3)):
        selector = chance.choice(["div", ".b1", ".b2", ".b3", "i", ".b4 i", ":where(div)"])
        important = chance.choice(["", "", "!important"])
        value = chance.choice(
            [
                f"color:rgb({chance.randint(0, 255)} 0 0)",
                f"margin-top:{chance.randint(0, 9)}px",
                f"z-index:{chance.randint(0, 9)}",
            ]
        )
        rule = f"{selector}{{{value}{important}}}"
        rules.append(
            chance.choice(
                ["%s", "%s", "@layer x{%s}", "@layer y{%s}", "@layer{%s}", "@media screen{%s}", "@layer z;%s"]
            )
            % rule
        )
    imports = [
        f'@import "{name}"{chance.choice(CONDITIONS)};'
        for name in chance.sample(names, chance.randint(0, min(3, len(names))))
    ]
    head = chance.choice(["", "", "@layer y, x;", "@layer z;", ".b1 > {}@supports{}@layer y, x;@layer a b;"])
    return head + "".join(imports) + "".join(rules)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.lab) for seed in range(5, 30))])
def test_random_chains_look_the_same_with_the_bundle(tmp_path: Path, visit: Callable[[str], Visit], seed: int) -> None:
    chance = random.Random(seed)
    names = [f"{letter}.css" for letter in "abcde"]
    files = {name: _sheet(chance, [*names, "b.css"]) for name in names}
    found = looks(tmp_path, visit, files, ["a.css", "b.css"] if seed % 2 else ["a.css"])
    assert found["bundle"] == found["plain"] == found["chain"]
