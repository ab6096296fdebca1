"""Other tools read our manifest in their shape: Django's and Pyramid's own code, and Vite's documented fields."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assetbuild.build.manifest_shapes import render
from assetbuild.build.other_tools import Shape
from assetbuild.manifest import ManifestDict, loads


def asset(path: str, **more: object) -> dict[str, object]:
    integrity = "sha384-" + "A" * 64
    return {"path": path, "type": "font/woff2", "size": 1, "sha256": "0" * 64, "integrity": integrity, **more}


def document() -> ManifestDict:
    assets = {
        "js/app.js": asset(
            "js/app-1.js", type="text/javascript", module=True, imports=["js/lib.js"], css=["css/app.css"]
        ),
        "js/lib.js": asset("js/lib-2.js", type="text/javascript", module=True),
        "css/app.css": asset("css/app-3.css", type="text/css", preload=["css/base.css", "fonts/é.woff2"]),
        "css/base.css": asset("css/base-4.css", type="text/css"),
        "fonts/é.woff2": asset("fonts/é-5.woff2"),
    }
    return loads(json.dumps({"schema": 1, "build": "0" * 64, "assets": assets}).encode(), name="m")


DJANGO = """
import sys
from django.conf import settings
storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
settings.configure(STATIC_URL="/static/", STATIC_ROOT=sys.argv[1], STORAGES={"staticfiles": storage},
                   INSTALLED_APPS=["django.contrib.staticfiles"])
import django
django.setup()
from django.contrib.staticfiles.storage import staticfiles_storage as found
from django.templatetags.static import static
print(static("css/app.css"), found.manifest_hash)
try:
    static("css/no.css")
except ValueError:
    print("strict")
found.save_manifest()
print(found.load_manifest()[1])
"""


def test_django_reads_its_shape_and_would_give_it_the_same_hash(tmp_path: Path) -> None:
    data = render(Shape.DJANGO, document())
    (tmp_path / "staticfiles.json").write_bytes(data)
    done = subprocess.run([sys.executable, "-c", DJANGO, tmp_path], capture_output=True, text=True, check=True)
    own = json.loads(data)["hash"]
    assert done.stdout.split() == ["/static/css/app-3.css", own, "strict", own]


PYRAMID = """
import sys
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.static import ManifestCacheBuster
config = Configurator()
config.add_static_view("static", sys.argv[1])
config.add_cache_buster(sys.argv[1], ManifestCacheBuster(sys.argv[2]))
app = config.make_wsgi_app()
request = Request.blank("/")
request.registry = app.registry
print(request.static_path(sys.argv[1] + "css/app.css"))
"""


def test_pyramid_reads_the_flat_shape(tmp_path: Path) -> None:
    flat = tmp_path / "flat.json"
    flat.write_bytes(render(Shape.FLAT, document()))
    command = [sys.executable, "-c", PYRAMID, f"{tmp_path}/", str(flat)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "/static/css/app-3.css\n"


def test_vite_s_shape_has_keys_in_imports_and_files_in_assets() -> None:
    found = json.loads(render(Shape.VITE, document()))
    assert {chunk.pop("integrity") for chunk in found.values()} == {"sha384-" + "A" * 64}
    assert found == {
        "js/app.js": {
            "file": "js/app-1.js",
            "src": "js/app.js",
            "isEntry": True,
            "imports": ["js/lib.js"],
            "css": ["css/app-3.css"],
        },
        "js/lib.js": {"file": "js/lib-2.js", "src": "js/lib.js"},
        "css/app.css": {
            "file": "css/app-3.css",
            "src": "css/app.css",
            "isEntry": True,
            "assets": ["css/base-4.css", "fonts/é-5.woff2"],
        },
        "css/base.css": {"file": "css/base-4.css", "src": "css/base.css", "isEntry": True},
        "fonts/é.woff2": {"file": "fonts/é-5.woff2", "src": "fonts/é.woff2"},
    }


@pytest.mark.parametrize("shape", Shape)
def test_bytes_do_not_depend_on_the_order_of_assets(shape: Shape) -> None:
    turned = document()
    turned["assets"] = dict(reversed(turned["assets"].items()))
    assert render(shape, turned) == render(shape, document())
    assert render(shape, turned).endswith(b"}\n")
