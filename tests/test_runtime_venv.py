"""The run-time half alone, in an environment with Flask and Jinja2 and nothing of the build half, serves a page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime_helpers import write
from tests.runtime_venv import make
from tests.test_runtime_imports import OWN

pytestmark = pytest.mark.slow

GLUE = {"assetbuild.flask", "assetbuild.jinja", "assetbuild.jinja_assets", "assetbuild.placeholders"}

# Run in the other environment. Flask itself imports click; that we do not is seen before Flask is imported.
PAGE = """
import importlib.util, json, sys
from pathlib import Path

import assetbuild, assetbuild.jinja
before_flask = sorted(sys.modules)
import flask
from assetbuild.flask import Assetbuild

app = flask.Flask("page", root_path=sys.argv[1], static_folder="out", static_url_path="/static")
app.config["ASSETBUILD_MANIFEST"] = "out/manifest.json"
Assetbuild(app)

@app.get("/")
def index():
    return flask.render_template_string(
        "{{ asset_tags('css/app.css') }}<img src=\\"{{ url_for('static', filename='img/a.png') }}\\">"
    )

page = app.test_client().get("/").get_data(as_text=True)
url = app.extensions["assetbuild"].url("css/app.css")
unwanted = ["boto3", "webassets", "rcssmin", "rjsmin", "brotli", "tree_sitter", "assetbuild.build", "assetbuild.cli"]
print(json.dumps({
    "page": page,
    "css": app.test_client().get(url).get_data(as_text=True),
    "before_flask": before_flask,
    "importable": [name for name in unwanted if importlib.util.find_spec(name) is not None],
    "imported": [name for name in unwanted if name in sys.modules],
    "own": sorted(name for name in sys.modules if name.partition(".")[0] == "assetbuild"),
    "from": str(Path(assetbuild.__file__).parent),
}))
"""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment: Flask, Jinja2 and the files of the run-time half."""
    return make(tmp_path_factory.mktemp("venv"), "flask>=3.0")


def test_a_flask_page_needs_nothing_of_the_build_half(python: Path, tmp_path: Path) -> None:
    manifest = write(tmp_path / "out", {"css/app.css": "a{}", "img/a.png": b"p"}, with_files=True)
    done = subprocess.run(
        [python, "-I", "-W", "error", "-c", PAGE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assets = json.loads(manifest.read_bytes())["assets"]
    assert f'href="/static/{assets["css/app.css"]["path"]}"' in found["page"]
    assert f'src="/static/{assets["img/a.png"]["path"]}"' in found["page"]
    assert found["css"] == "a{}"
    assert found["importable"] == []
    assert found["imported"] == []
    assert set(found["own"]) == OWN - {"__future__"} | GLUE
    assert not {"click", "flask"} & set(found["before_flask"])
    assert Path(found["from"]).is_relative_to(python.parent.parent)
    assert str(sys.prefix) not in found["from"]
