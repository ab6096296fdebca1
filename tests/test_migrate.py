"""`assetbuild init` on projects that other asset libraries served: what is taken over, and what the report says."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import bundle_calls, config, django_setups, pipeline
from assetbuild.build.django_setups import Template
from assetbuild.build.scaffold import init, write

SOURCES = {
    "static/css/a.css": "a { color: red }\n",
    "static/css/b.css": "b { color: red }\n",
    "static/js/a.js": "var a;\n",
    "static/js/b.js": "var b;\n",
    "static/s.scss": "$c: red; i { color: $c }\n",
}


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in {**SOURCES, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return root


def converted(root: Path) -> tuple[dict[str, tuple[tuple[str, ...], tuple[str, ...]]], str]:
    """The bundles that are configured after `init`, which a build made, as (inputs, names); and the report."""
    made = init(root)
    write(made)
    loaded = config.load(None, folder=root)
    pipeline.build(loaded, options=pipeline.Options(jobs=1))
    return {bundle.name: (bundle.inputs, bundle.names) for bundle in loaded.bundles}, "\n".join(made.notes)


# --- Flask-Assets and webassets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "assets.register('site', Bundle('css/a.css', 'css/b.css', filters='cssmin', output='gen/s.css'))",
        "assets.register('site', 'css/a.css', 'css/b.css', filters='cssmin', output='gen/s.%(version)s.css')",
        "css = Bundle('css/a.css', 'css/b.css', output='gen/s.css')\nassets.register('site', css)",
        "FILES = ['css/a.css']\nassets.register('site', Bundle(*FILES, 'css/b.css', output='gen/' + 's.css'))",
        "assets.register({'site': Bundle('css/a.css', Bundle('css/b.css', filters=['jsmin']), output='gen/s.css')})",
        "bundles = {'site': Bundle('css/a.css', 'css/b.css', output='gen/s.css')}\nassets.register(bundles)",
        "site = Bundle('css/a.css', 'css/b.css', output='gen/s.css')",
        "def make(app):\n    a = Bundle('css/a.css')\n    b = Bundle(a, 'css/b.css', output='gen/s.css')\n"
        "    Environment(app).register('site', b)",
        "assets.register('part', 'css/a.css')\nassets.register('site', 'part', 'css/b.css', output='gen/s.css')",
    ],
)
def test_bundles_that_are_written_out_in_python_are_taken_over(tmp_path: Path, text: str) -> None:
    head = "from flask_assets import Bundle, Environment\nraise RuntimeError('init ran it')\n"
    bundles, _ = converted(lay(tmp_path, {"app/assets.py": head + text + "\n"}))
    assert bundles == {"gen/s.css": (("css/a.css", "css/b.css"), ("site",))}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("register(name, Bundle('css/a.css', output='x.css'))", "2: the name of a bundle is computed"),
        ("register('x', Bundle(find(), output='x.css'))", '2: the bundle "x" is computed'),
        ("register('x', Bundle('css/a.css', output=path()))", '2: the bundle "x" is computed'),
        ("register('x', Bundle('css/a.css', **options))", '2: the bundle "x" is computed'),
        ("register('x', Bundle('s.scss', filters='libsass', output='x.css'))", "the filters libsass; write it"),
        ("register('x', Bundle('js/a.js', filters=[get_filter('babel', presets='env')], output='x.js'))",
         "it uses the filters get_filter('babel', presets='env'); write it into a webassets YAML file"),
        ("register('x', Bundle('js/a.js', filters='jsmin,uglifyjs', output='x.js'))", "the filters uglifyjs; write it"),
        ("register('x', Bundle('js/a.js', filters='csscompressor', output='x.js'))", "the filters csscompressor;"),
        ("register('x', Bundle('css/c.css', output='x.css'))", "css/c.css is not below a static folder"),
        ("register('x', Bundle('css/a.css'))", "it has no output"),
        ("register('x', y); y = Bundle('css/a.css', output='a.css'); y = Bundle('css/b.css', output='b.css')",
         '2: the bundle "x" is computed'),
    ],
)  # fmt: skip
def test_what_is_computed_or_needs_webassets_is_reported_with_its_line(tmp_path: Path, text: str, note: str) -> None:
    root = lay(tmp_path, {"assets.py": f"from webassets import Bundle\nenv.{text}\n"})
    bundles, notes = converted(root)
    assert bundles == {}
    assert note in notes
    assert "assets.py:2: " in notes


BLUEPRINT = "from flask import Blueprint\nraise RuntimeError('init ran it')\n"
APP = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("module", "call", "is_mounted"),
    [
        ("shop/admin/__init__.py", "Blueprint('admin', __name__, static_folder='static')", True),
        ("shop/admin/views.py", "Blueprint('admin', __name__, 'static')", True),
        ("shop/views.py", "flask.Blueprint(name='admin', import_name=__name__, static_folder='admin/static')", True),
        ("shop/admin/views.py", "Blueprint('admin', __name__)", False),
        ("shop/admin/views.py", "Blueprint(name(), __name__, static_folder='static')", False),
        ("shop/admin/views.py", "Blueprint('admin', __name__, static_folder=find())", False),
        ("shop/admin/views.py", "Blueprint('admin', __name__, 'static'); Blueprint('b', __name__, 'static')", False),
        ("shop/admin/views.py", "Blueprint('admin', __name__, 'static'); Flask(__name__)", False),
        ("shop/views.py", "Blueprint('admin', __name__, static_folder='static')", False),
    ],
)
def test_the_static_folder_of_a_blueprint_is_mounted_under_its_name(
    tmp_path: Path, module: str, call: str, *, is_mounted: bool
) -> None:
    bundle = "from flask_assets import Bundle\na = Bundle('css/a.css', 'admin/css/b.css', output='gen/s.css')\n"
    root = lay(tmp_path, {
        "shop/__init__.py": APP, module: f"{BLUEPRINT}{call}\n", "shop/bundles.py": bundle,
        "shop/static/css/a.css": "a{}", "shop/admin/static/css/b.css": "b{}",
    })  # fmt: skip
    bundles, notes = converted(root)
    loaded = config.load(None, folder=root)
    assert [(spec.mount, spec.blueprint) for spec in loaded.sources if spec.path == "shop/admin/static"] == [
        ("admin", "admin") if is_mounted else ("", "")
    ]
    assert ("shop/admin/static is the static folder of the blueprint admin" in notes) == is_mounted
    assert bundles == ({"gen/s.css": (("css/a.css", "admin/css/b.css"), ("a",))} if is_mounted else {})


def test_a_yaml_file_with_filters_that_need_webassets_is_named_and_not_converted(tmp_path: Path) -> None:
    yaml = """\
    directory: static
    bundles:
      site: { contents: [s.scss], filters: libsass, output: gen/s.css }
      app: { contents: "js/*.js", filters: jsmin, output: gen/a.js }
    """
    bundles, notes = converted(lay(tmp_path, {"assets.yml": yaml}))
    assert sorted(bundles) == ["gen/a.js", "gen/s.css"]
    assert 'webassets = "assets.yml"' in (tmp_path / "assetbuild.toml").read_text()
    assert "assets.yml: named by `webassets`, as filters in it need webassets to run" in notes


def test_a_yaml_file_is_named_also_where_a_bundle_is_only_part_of_others(tmp_path: Path) -> None:
    yaml = """\
    bundles:
      site: { contents: [s.scss], filters: libsass, output: gen/s.css }
      lib: { contents: "js/*.js" }
      app: { contents: [lib], output: gen/a.js }
    """
    _, notes = converted(lay(tmp_path, {"assets.yml": yaml}))
    assert "assets.yml: named by `webassets`, as filters in it" in notes


def test_a_yaml_file_that_cannot_be_named_as_it_is_is_told_of(tmp_path: Path) -> None:
    yaml = """\
    bundles:
      site: { contents: [s.scss], filters: libsass, output: gen/s.css }
      lib: { contents: "js/gone.js", output: gen/a.js }
    """
    made = init(lay(tmp_path, {"assets.yml": yaml}))
    assert 'once the rest is mended, name it by webassets = "assets.yml"' in "\n".join(made.notes)


def test_extra_that_templates_ask_for_is_kept_or_told_of(tmp_path: Path) -> None:
    python = "from flask_assets import Bundle\na = Bundle('css/a.css', output='gen/a.css', extra={'media': 'print'})\n"
    yaml = "bundles:\n  b: { contents: css/b.css, output: gen/b.css, extra: { media: print } }\n"
    made = init(lay(tmp_path, {"assets.yml": yaml, "shop.py": python}))
    notes = "\n".join(made.notes)
    assert "assets.yml: named by `webassets`, as templates may ask for the `extra` of its bundles" in notes
    assert "shop.py:2: EXTRA of a is empty from now on: write {'media': 'print'} into the templates' elements" in notes
    assert '"gen/a.css" = { inputs = ["css/a.css"], names = ["a"] }' in made.text


def test_a_yaml_file_that_nothing_can_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    made = init(lay(tmp_path, {"assets.yml": "a:\n  contents: css/a.css\n  output: gen/a.css\n"}))
    (note,) = [note for note in made.notes if note.startswith("assets.yml")]
    assert "assets.yml was not taken over" in note
    assert "pip install 'assetbuild[build,webassets]'" in note


@pytest.mark.parametrize(("name", "is_named"), [("rjsmin", False), ("gzip", False), ("uglifyjs", True)])
def test_init_keeps_every_filter_that_a_build_would_have_webassets_run(
    tmp_path: Path, name: str, *, is_named: bool
) -> None:
    yaml = f"directory: static\nbundles:\n  a:\n    contents: js/a.js\n    filters: {name}\n    output: gen/a.js\n"
    made = init(lay(tmp_path, {"assets.yml": yaml}))
    write(made)
    assert ('webassets = "assets.yml"' in (tmp_path / "assetbuild.toml").read_text()) == is_named
    translated = config.load(None, folder=tmp_path).webassets.translations
    assert [word.text for one in translated for word in one.run.words()] == ["uglifyjs"] * is_named


def test_a_yaml_file_of_bundles_alone_is_converted_with_their_names(tmp_path: Path) -> None:
    yaml = "site:\n  contents:\n    - contents: css/a.css\n    - css/b.css\n  filters: cssmin\n  output: gen/s.css\n"
    bundles, _ = converted(lay(tmp_path, {"assets.yaml": yaml}))
    assert bundles == {"gen/s.css": (("css/a.css", "css/b.css"), ("site",))}


def test_tags_that_join_files_become_bundles_and_two_of_one_output_are_one(tmp_path: Path) -> None:
    page = """
    {% assets "js/a.js", "js/b.js", filters="jsmin", output="gen/app.js" %}{{ ASSET_URL }}{% endassets %}
    {% assets "js/a.js", output=place() %}{% endassets %}
    """
    files = {"templates/a.html": page, "templates/b.html": page.splitlines()[1], "requirements.txt": "flask\n"}
    bundles, notes = converted(lay(tmp_path, files))
    assert bundles == {"gen/app.js": (("js/a.js", "js/b.js"), ())}
    assert "templates/a.html:3: {% assets %} is computed" in notes


PARTS = ["'a'", "a", "*a", "['a', b]", "'a' + 'b'", "Bundle('a')", "Bundle(b, output='b')", "{'a': 'b'}", "{a: b}",
         "output='b'", "output=a()", "filters=b", "\n"]  # fmt: skip
python = st.text(st.sampled_from("abr.=()[]{}'\",* \n"), max_size=40)
arguments = st.lists(st.sampled_from(PARTS), max_size=4).map(", ".join)


@given(python | arguments)
def test_any_python_is_read_or_left_alone_and_nothing_is_made_up(text: str) -> None:
    whole = f"from webassets import Bundle\nx.register({text})\n"
    found = bundle_calls.read(whole, path="a.py")
    try:
        ast.parse(whole)
    except SyntaxError:
        assert found == bundle_calls.Found()
    else:
        places = [re.match(r"a\.py:(\d+): .", note) for note in found.notes]
        assert all(place is not None and 1 < int(place[1]) <= whole.count("\n") for place in places)
        written = {char for bundle in found.bundles for name in (bundle.output, *bundle.contents) for char in name}
        assert written <= set("ab")


# --- django-compressor -----------------------------------------------------------------------------------

BASE = """\
{% load static compress %}
{% compress css %}
  <link rel="stylesheet" href="{% static 'css/a.css' %}">
  <!-- then --> <link href='{% static "css/b.css" %}' rel='stylesheet' />
{% endcompress %}
{% compress js file %}<script src="/static/js/a.js"></script><script src="{{ STATIC_URL }}js/b.js" defer></script>
{% endcompress %}
"""
DJANGO = {"manage.py": "import django\n", "shop/templates/base.html": BASE}


def test_blocks_of_local_files_become_bundles_and_the_report_says_what_to_write_instead(tmp_path: Path) -> None:
    bundles, notes = converted(lay(tmp_path, DJANGO))
    assert bundles == {
        "css/base.css": (("css/a.css", "css/b.css"), ()),
        "js/base.js": (("js/a.js",), ()),
        "js/base-2.js": (("js/b.js",), ()),
    }
    assert "shop/templates/base.html:1: load `static` instead of `compress`" in notes
    assert (
        "shop/templates/base.html:2-5: instead of {% compress css %}...{% endcompress %} write "
        '<link rel="stylesheet" href="{% static \'css/base.css\' %}" type="text/css">' in notes
    )
    assert (
        "shop/templates/base.html:6-7: instead of {% compress js %}...{% endcompress %} write "
        "<script src=\"{% static 'js/base.js' %}\"></script> "
        "<script src=\"{% static 'js/base-2.js' %}\" defer></script>" in notes
    )
    assert "the {% compress %} blocks may also stay as they are" in notes


def test_a_run_of_one_medium_is_one_bundle_and_no_name_is_taken_twice() -> None:
    links = "".join(
        f"<link rel=stylesheet href=\"{{% static '{name}.css' %}}\"{media}>"
        for name, media in (("a", ""), ("b", ' media="print"'), ("c", ' media="print"'), ("d", ""))
    )
    text = f"{{% compress css %}}{links}{{% endcompress %}}"
    found = django_setups.read_templates([Template("x/page.html", text)], groups=(), taken={"css/page.css"})
    assert {bundle.output: bundle.contents for bundle in found.bundles} == {
        "css/page-2.css": ("a.css",),
        "css/page-3.css": ("b.css", "c.css"),
        "css/page-4.css": ("d.css",),
    }
    assert 'css/page-3.css\' %}" type="text/css" media="print">' in found.notes[0]


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (
            "{% compress js %}<script>f()</script>{% endcompress %}",
            "it holds `<script>f()</script>`; put the code into",
        ),
        (
            "{% compress js %}{% if x %}<script src='/static/a.js'></script>{% endif %}{% endcompress %}",
            "; write the block inside the tag",
        ),
        ("{% compress css %}<link rel=stylesheet href='{{ x }}'>{% endcompress %}", "{{ x }} is no local file"),
        ("{% compress css %}<link rel=stylesheet href='//x.org/a.css'>{% endcompress %}", "//x.org/a.css is no local"),
        ("{% compress js %}<script type=module src='/static/a.js'></script>{% endcompress %}", "it holds an ES module"),
        (
            "{% compress js %}<link rel=stylesheet href='/static/a.css'>{% endcompress %}",
            "an element that is no script",
        ),
        ("{% compress css %}{% endcompress %}", "it is empty"),
        ("{% compress css inline %}<link href='/static/a.css'>{% endcompress %}", "the mode inline of {% compress %}"),
    ],
)
def test_every_block_that_cannot_carry_over_is_named_with_the_reason(block: str, why: str) -> None:
    found = django_setups.read_templates([Template("t.html", "\n" + block)], groups=(), taken=())
    assert found.bundles == ()
    (note,) = found.notes
    assert note.startswith("t.html:2: ")
    assert why in note


def test_settings_that_have_no_counterpart_are_named_with_what_to_do(tmp_path: Path) -> None:
    settings = """\
    raise RuntimeError("init ran the settings")
    INSTALLED_APPS = ["compressor"]
    STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder", "compressor.finders.CompressorFinder"]
    COMPRESS_ENABLED = True
    COMPRESS_URL = "https://cdn.example.org/"
    COMPRESS_PRECOMPILERS = (("text/x-scss", "django_libsass.SassCompiler"),)
    COMPRESS_FILTERS = {"css": ["compressor.filters.css_default.CssAbsoluteFilter", "compressor.filters.datauri.Uri"],
                        "js": ["compressor.filters.jsmin.rJSMinFilter"]}
    COMPRESS_SOMETHING = 1
    """
    _, notes = converted(lay(tmp_path, {**DJANGO, "shop/conf/settings.py": settings}))
    said = [line for line in notes.splitlines() if line.startswith("shop/conf/settings.py")]
    assert [line.split(": ")[0].rpartition(":")[2] for line in said] == ["7", "6", "9", "5", "2", "3"]
    assert "the filter compressor.filters.datauri.Uri has no counterpart" in said[0]
    assert "run the compilers before `assetbuild build`" in said[1]
    assert "COMPRESS_SOMETHING has no counterpart" in said[2]
    assert "set STATIC_URL to it" in said[3]
    assert said[4].endswith(": remove compressor from INSTALLED_APPS")
    assert said[5].endswith(": remove compressor.finders.CompressorFinder from STATICFILES_FINDERS")


# --- django-pipeline -------------------------------------------------------------------------------------


def test_groups_of_django_pipeline_become_bundles_and_tags_get_their_lines(tmp_path: Path) -> None:
    settings = """\
    CSS = ("css/a.css", "css/b.css")
    PIPELINE = {
        "STYLESHEETS": {
            "site": {"source_filenames": CSS, "output_filename": "css/site.css", "extra_context": {"media": "print"}},
            "sass": {"source_filenames": ["s.scss"], "output_filename": "css/s.css"},
        },
        "JAVASCRIPT": {
            "app": {"source_filenames": ["js/*.js"], "output_filename": "js/app.js"},
            "odd": {"source_filenames": find(), "output_filename": "js/odd.js"},
        },
        "COMPILERS": ("pipeline.compilers.sass.SASSCompiler",),
    }
    """
    page = "{% load pipeline %}{% stylesheet 'site' %}\n{% javascript \"app\" %}{% javascript 'none' %}\n"
    files = {**DJANGO, "shop/settings.py": settings, "shop/templates/base.html": page}
    bundles, notes = converted(lay(tmp_path, files))
    assert bundles == {"css/site.css": (("css/a.css", "css/b.css"), ()), "js/app.js": (("js/*.js",), ())}
    for note in (
        'shop/settings.py:2: the group "odd" of JAVASCRIPT is computed; write it into [bundles] yourself',
        "nothing compiles while an app runs: run what pipeline.compilers.sass.SASSCompiler run",
        "shop/settings.py:2: sass is a comment: it is made of .scss files, which have to be compiled",
        "shop/templates/base.html:1: load `static` instead of `pipeline`",
        "instead of {% stylesheet 'site' %} write <link rel=\"stylesheet\" href=\"{% static 'css/site.css' %}\" "
        'type="text/css" media="print">',
        'instead of {% javascript "app" %} write <script src="{% static \'js/app.js\' %}"></script>',
        'shop/templates/base.html:2: there is no group "none" in PIPELINE',
    ):
        assert note in notes
