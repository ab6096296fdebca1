"""Small sites of our own as other asset libraries serve them, and the steps that `assetbuild init` reports, followed.

Each is written into a folder and served by a process of its own, before and after. What the report says to write is
written as it stands there, so that a report that is wrong makes a site that is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

_LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#{color}" d="M1 2h5v4H1z"/></svg>\n'

ASSETS = {
    "css/reset.css": "* { margin: 0; padding: 0; box-sizing: border-box }\nhtml { background: #fdf6e3 }\n",
    "css/page.css": (
        "/* the page */\nbody { font: 16px/1.5 sans-serif; color: #234; max-width: 40em }\n"
        "header { display: flex; gap: 1em; background: #0b2f47 url( '../img/wave.svg' ) repeat-x; color: white }\n"
        "header img { width: 4em; height: 4em }\n.menu > li + li { border-left: 2px solid #cb4b16 }\n"
        "nav ul { display: flex; list-style: none } nav li { padding: 0 1em }\n"
    ),
    "css/parts/card.css": ".card { margin: 1em; padding: 1em; background: url(../../img/wave.svg) }\n",
    "css/print.css": "@media print { nav { display: none } }\nnav { color: red }\n",
    "js/menu.js": (
        "var menu = (function () {\n  // builds the list\n  return { items: ['Tides', 'Piers', 'Boats'] };\n})();\n"
    ),
    "js/app.js": (
        "(function () {\n  var list = document.querySelector('nav ul');\n"
        "  menu.items.forEach(function (name) {\n    var item = document.createElement('li');\n"
        "    item.textContent = name;\n    list.appendChild(item);\n  });\n"
        "  list.className = 'menu';\n})();\n"
    ),
    "js/late.js": "document.body.dataset.late = document.querySelectorAll('nav li').length;\n",
    "img/logo.svg": _LOGO.replace("{color}", "cb4b16"),
    "img/wave.svg": _LOGO.replace("{color}", "268bd2"),
}

_PAGE = """\
{% extends "base.html" %}
{% block main %}<main class="card"><h1>Harbour</h1><p>All about the tides.</p></main>{% endblock %}
"""

# --- Flask-Assets ----------------------------------------------------------------------------------------

_FLASK_BASE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harbour</title>
<link rel="icon" href="data:,">
{% assets "site-css" %}<link rel="stylesheet" href="{{ ASSET_URL }}">{% endassets %}
{% assets "paper" %}<link rel="stylesheet" href="{{ ASSET_URL }}" media="{{ EXTRA.media }}">{% endassets %}
</head><body>
<header><img src="{{ url_for('static', filename='img/logo.svg') }}" alt="A cup"><nav><ul></ul></nav></header>
{% block main %}{% endblock %}
{% assets "js/menu.js", "js/app.js", filters="rjsmin", output="gen/app.%(version)s.js" %}
<script src="{{ ASSET_URL }}"></script>
{% endassets %}
{% assets "late" %}<script src="{{ ASSET_URL }}" defer></script>{% endassets %}
</body></html>
"""

_FLASK_APP = """\
import sys

from flask import Flask, jsonify, render_template
{head}
app = Flask(__name__)
{setup}

@app.get("/")
def home():
    return render_template("home.html")


@app.get("/modules")
def modules():
    return jsonify(sorted(sys.modules))
"""

_PYTHON = """\
assets = Environment(app)
page = Bundle("css/page.css", "css/parts/*.css", filters="cssrewrite")
assets.register("site-css", Bundle("css/reset.css", page, filters="rcssmin", output="gen/site.%(version)s.css"))
assets.register("late", "js/late.js", filters="rjsmin", output="gen/late.js")
assets.register("paper", "css/print.css", output="gen/print.css")
"""

_YAML = """\
site-css:
  contents:
    - css/reset.css
    - contents:
        - css/page.css
        - css/parts/*.css
        - contents: scss/site.scss
          filters: libsass
          depends: scss/*.scss
  filters: [cssrewrite, rcssmin]
  output: gen/site.%(version)s.css
paper:
  contents: css/print.css
  output: gen/print.css
  extra: { media: print }
late:
  contents: [js/late.js]
  filters: rjsmin
  output: gen/late.js
app:
  contents: [js/menu.js, js/app.js]
  filters: rjsmin
  output: gen/app.%(version)s.js
"""

_SASS = {
    "scss/_colours.scss": "$sand: #b58900;\n",
    "scss/site.scss": (
        '@import "colours";\nmain { h1 { color: $sand; } p { background: url("../img/wave.svg"); padding: 2em } }\n'
    ),
}

_BY_ITSELF = '{% assets "app" %}<script src="{{ ASSET_URL }}"></script>{% endassets %}\n'


def flask_assets(root: Path, *, yaml: bool) -> Path:
    """A Flask app whose bundles are declared in Python, or in a YAML file with a Sass filter."""
    base = _FLASK_BASE
    setup = _PYTHON
    files = {f"harbour/static/{name}": text for name, text in ASSETS.items()}
    if yaml:
        setup = 'assets = Environment(app)\nassets.from_yaml(app.root_path + "/assets.yml")\n'
        files |= {f"harbour/static/{name}": text for name, text in _SASS.items()} | {"harbour/assets.yml": _YAML}
        base = re.sub(r'\{% assets "js/menu.js".*?endassets %\}\n', _BY_ITSELF, base, flags=re.DOTALL)
    else:
        base = base.replace(' media="{{ EXTRA.media }}"', ' media="print"')
    head = "from flask_assets import Bundle, Environment\n"
    files |= {
        "harbour/__init__.py": _FLASK_APP.format(head=head, setup=setup),
        "harbour/templates/base.html": base,
        "harbour/templates/home.html": _PAGE,
    }
    return _lay(root, files)


def follow_flask(root: Path, notes: Sequence[str]) -> None:
    """The report's lines in the place of those of Flask-Assets; templates stay as they are."""
    start = next(index for index, note in enumerate(notes) if note.startswith("in the app: "))
    lines = [line.removeprefix("in the app: ").strip() for line in notes[start : start + 3]]
    app = root / "harbour/__init__.py"
    app.write_text(_FLASK_APP.format(head=lines[0] + "\n", setup="\n".join(lines[1:]) + "\n"), encoding="utf-8")


# --- django-compressor -----------------------------------------------------------------------------------

_SETTINGS = """\
from pathlib import Path

BASE_DIR = Path(__file__).parent.parent
SECRET_KEY = "of tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "harbour.urls"
INSTALLED_APPS = ["compressor", "harbour", "django.contrib.staticfiles"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "collected"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "compressor.finders.CompressorFinder",
]
COMPRESS_ENABLED = True
COMPRESS_FILTERS = {
    "css": ["compressor.filters.css_default.CssAbsoluteFilter", "compressor.filters.cssmin.rCSSMinFilter"],
    "js": ["compressor.filters.jsmin.rJSMinFilter"],
}
"""

_DJANGO_BASE = """\
{% load static compress %}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harbour</title>
<link rel="icon" href="data:,">
{% compress css %}
<link rel="stylesheet" href="{% static 'css/reset.css' %}">
<link rel="stylesheet" href="{% static 'css/page.css' %}">
<link rel="stylesheet" href="{% static 'css/parts/card.css' %}">
<link rel="stylesheet" href="{% static 'css/print.css' %}" media="print">
{% endcompress %}
</head><body>
<header><img src="{% static 'img/logo.svg' %}" alt="A cup"><nav><ul></ul></nav></header>
{% block main %}{% endblock %}
{% compress js %}
<script src="{% static 'js/menu.js' %}"></script>
<script src="{% static 'js/app.js' %}"></script>
<script src="{% static 'js/late.js' %}" defer></script>
{% endcompress %}
</body></html>
"""

_URLS = """\
import sys

from django.http import JsonResponse
from django.shortcuts import render
from django.urls import path

urlpatterns = [
    path("", lambda request: render(request, "home.html")),
    path("modules", lambda request: JsonResponse(sorted(sys.modules), safe=False)),
]
"""

_MANAGE = """\
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "harbour.settings"
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""


def django_compressor(root: Path) -> Path:
    files = {f"harbour/static/{name}": text for name, text in ASSETS.items()}
    files |= {
        "harbour/__init__.py": "",
        "harbour/settings.py": _SETTINGS,
        "harbour/urls.py": _URLS,
        "harbour/templates/base.html": _DJANGO_BASE,
        "harbour/templates/home.html": _PAGE,
        "manage.py": _MANAGE,
    }
    return _lay(root, files)


def follow_django(root: Path, notes: Sequence[str]) -> None:
    """The report's template lines and settings in the place of those of django-compressor."""
    for note in reversed(notes):
        if match := re.fullmatch(r"(\S+?):(\d+)(?:-\d+)?: instead of \{% compress .*? write (.*)", note):
            _replace(root / match[1], int(match[2]), r"\{% compress .*?\{% endcompress %\}", match[3])
        elif match := re.fullmatch(r"(\S+?):(\d+): load `(\w+)` instead of `(\w+)`", note):
            _replace(
                root / match[1], int(match[2]), rf" {match[4]}\b", "" if f" {match[3]} " in _DJANGO_BASE else match[3]
            )
    _set_up_django(root, notes)


def follow_django_but_for_blocks(root: Path, notes: Sequence[str]) -> None:
    """The report's settings, and the templates as they are, as the report allows."""
    assert any(note.startswith("the {% compress %} blocks may also stay as they are") for note in notes)
    _set_up_django(root, notes)


def _set_up_django(root: Path, notes: Sequence[str]) -> None:
    start = next(index for index, note in enumerate(notes) if note.startswith("in settings: "))
    end = next(index for index, note in enumerate(notes) if note.strip().startswith("and run"))
    lines = [line.removeprefix("in settings: ").strip() for line in notes[start:end]]
    settings = root / "harbour/settings.py"
    kept = settings.read_text(encoding="utf-8").replace('"compressor", ', "").partition("STATICFILES_FINDERS")[0]
    kept = kept.replace('BASE_DIR / "collected"', 'BASE_DIR / "public/assets"')
    settings.write_text(kept + "\n".join(lines) + "\n", encoding="utf-8")


def _replace(file: Path, line: int, pattern: str, text: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    before, after = "".join(lines[: line - 1]), "".join(lines[line - 1 :])
    changed, count = re.subn(pattern, lambda _: text, after, count=1, flags=re.DOTALL)
    assert count == 1, f"{file}:{line} has no {pattern}"
    file.write_text(before + changed, encoding="utf-8")


# --- serving ---------------------------------------------------------------------------------------------

_SERVE = """\
import sys
import warnings

warnings.simplefilter("ignore")  # the old libraries' own
sys.path.insert(0, ".")
kind, static = sys.argv[1:]
if kind == "django":
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "harbour.settings"
    from django.core.wsgi import get_wsgi_application
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    app = SharedDataMiddleware(get_wsgi_application(), {"/static": os.path.abspath(static)})
else:
    from harbour import app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def serving(root: Path, kind: str, *, static: str = "") -> Iterator[str]:
    """The site in `root`, in a process of its own, on a free port."""
    command = [sys.executable, "-c", _SERVE, kind, static]
    log = root / "server.log"
    with open(log, "wb") as stderr:
        process = subprocess.Popen(command, cwd=root, env=_environment(), stdout=subprocess.PIPE, stderr=stderr)
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            assert port, log.read_text(encoding="utf-8")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate()


def run(root: Path, *command: str) -> str:
    """What `python command` prints in `root`; it has to succeed."""
    ran = subprocess.run([sys.executable, *command], cwd=root, env=_environment(), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}


def _lay(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root
