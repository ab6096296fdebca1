"""What Vite and esbuild really write is adopted whole, and readers of Vite's manifest find it in the one of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assetbuild import Assets
from assetbuild.build.other_tools import Bundler
from assetbuild.build.verify import verify
from tests import bundlers
from tests.project import project

PAGES = (("a", "main"), ("b", "other"))

pytestmark = pytest.mark.xdist_group("bundlers")


@pytest.mark.parametrize("bundler", Bundler)
def test_all_that_a_real_build_made_is_adopted_byte_for_byte(tmp_path: Path, bundler: Bundler) -> None:
    made = bundlers.page(tmp_path, bundler)
    made.build()
    dist = tmp_path / "dist"
    kept = dist if bundler is Bundler.VITE else tmp_path
    wanted = {file.relative_to(kept).as_posix(): file.read_bytes() for file in dist.rglob("*") if file.is_file()}
    wanted = {name: data for name, data in wanted.items() if not name.endswith(("manifest.json", "meta.json"))}
    assert len(wanted) > 10
    assert wanted.items() <= made.public().items()
    assert verify(made.config) == ()
    main, shared = made.manifest["assets"]["src/main.js"], made.manifest["assets"]["src/other.js"]["imports"]
    assert main["module"] is True
    assert set(shared) <= set(main["imports"])
    assert len(main["css"]) == (2 if bundler is Bundler.VITE else 1)
    assert made.build().up_to_date


@pytest.mark.parametrize("bundler", Bundler)
def test_a_new_build_of_the_tool_is_noticed_with_all_that_it_renamed(tmp_path: Path, bundler: Bundler) -> None:
    made = bundlers.page(tmp_path, bundler)
    made.build()
    before = made.path("src/main.js"), made.path("src/logo.svg")
    made.write({"src/lazy.js": 'export const lazy = () => { document.body.dataset.lazy = "later"; };'})
    bundlers.run(made, bundler)
    made.build()
    assert made.path("src/main.js") != before[0], "it names the script that changed"
    assert made.path("src/logo.svg") == before[1]
    assert verify(made.config) == ()


def test_style_sheets_are_linked_in_the_order_of_vite_s_own_pages(tmp_path: Path) -> None:
    made = project(tmp_path, bundlers.SOURCES, bundlers.CONFIGS[Bundler.VITE])
    config = str(bundlers.SOURCES["/vite.config.js"]).replace('"src/main.js", "src/other.js"', '"a.html", "b.html"')
    pages = {f"{name}.html": f'<script type="module" src="/src/{script}.js"></script>' for name, script in PAGES}
    made.write({"vite.config.js": config, **pages})
    bundlers.run(made, Bundler.VITE)
    made.build()
    own = re.findall(r'"stylesheet" crossorigin href="\./(.*?)"', (tmp_path / "dist/a.html").read_text())
    tags = Assets.load(made.output / "manifest.json").tags("a.html")
    assert len(own) == 2
    assert re.findall(r'"stylesheet" href="/(.*?)"', tags) == own


DJANGO_VITE = """
import sys
from django.conf import settings
settings.configure(
    STATIC_URL="/static/", INSTALLED_APPS=["django.contrib.staticfiles", "django_vite"],
    DJANGO_VITE={"default": {"manifest_path": sys.argv[1]}},
)
import django
django.setup()
from django_vite.templatetags.django_vite import vite_asset, vite_asset_url
print(vite_asset("src/main.js"))
print(vite_asset_url("own.css"))
"""


def test_django_vite_finds_what_a_page_needs_in_our_vite_manifest(tmp_path: Path) -> None:
    made = bundlers.page(tmp_path, Bundler.VITE)
    made.build()
    command = [sys.executable, "-c", DJANGO_VITE, str(tmp_path / "public/vite.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *tags, own = done.stdout.split("\n")[:-1]
    main = made.manifest["assets"]["src/main.js"]
    for name in ("src/main.js", *main["css"]):
        assert f"/static/{made.path(name)}" in "".join(tags)
    assert "".join(tags).count('rel="stylesheet"') == len(main["css"]) == 2
    assert own == f"/static/{made.path('own.css')}"
    assert "integrity" in json.loads((tmp_path / "public/vite.json").read_bytes())["src/main.js"]
