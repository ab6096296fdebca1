"""Template references: where literal names stand, in every branch, and what is said when they do not exist."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assetbuild.build
from assetbuild.build import inspection
from assetbuild.build.model import Config, Place, Problem, Severity
from assetbuild.build.templates import TemplateFile, TemplateFiles, TemplateReference, check, find, read_all, references
from tests.project import PLAIN, project


def found(text: str) -> list[tuple[str, int, int]]:
    return [(item.name, item.place.line, item.place.column) for item in references("t.html", text)[0]]


def names(text: str) -> list[str]:
    return [item.name for item in references("t.html", text)[0]]


def codes(text: str) -> list[str]:
    return [problem.code for problem in references("t.html", text)[1]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{{ asset_url("a.css") }}', ["a.css"]),
        ("{{ asset_url('a.css') }}", ["a.css"]),
        ('{{ asset_url(name="a.css") }}', ["a.css"]),
        ('{{ asset_tags("a.css", "b.js", nonce=n) }}', ["a.css", "b.js"]),
        ('{{ asset_integrity("a.css") }}', ["a.css"]),
        ('{{ asset_preload_tags("a.css", "b.css") }}', ["a.css", "b.css"]),
        ('{{ asset_inline("a.css") }}', ["a.css"]),
        ('{{ "a.css"|asset_url }}', ["a.css"]),
        ('{{ ("a.css" if x else "b.css")|asset_url }}', ["a.css", "b.css"]),
        ('{% assets "a.css" %}{{ ASSET_URL }}{% endassets %}', ["a.css"]),
        ('{% assets "a.css", "b.css" %}{{ asset_url("c.js") }}{% endassets %}', ["a.css", "b.css", "c.js"]),
        ('{% assets ["a.css", "b.css"] %}{% endassets %}', ["a.css", "b.css"]),
        ('{{ url_for("static", filename="a.css") }}', ["a.css"]),
        ('{{ url_for("static", path="a.css") }}', ["a.css"]),
        ('{{ url_for("admin.static", filename="a.css") }}', []),
        ('{{ url_for("index", filename="a.css") }}', []),
        ('{% if x %}{{ asset_url("a") }}{% elif y %}{{ asset_url("b") }}{% endif %}', ["a", "b"]),
        ('{% if x %}{% else %}{{ asset_url("a") }}{% endif %}', ["a"]),
        ('{% for x in y %}{{ asset_url("a") }}{% else %}{{ asset_url("b") }}{% endfor %}', ["a", "b"]),
        ('{% for x in asset_url("a") if asset_url("b") %}{% endfor %}', ["a", "b"]),
        ('{% macro m(x=asset_url("a")) %}{{ asset_url("b") }}{% endmacro %}', ["a", "b"]),
        ('{% block head %}{{ super() }}{{ asset_tags("a") }}{% endblock %}', ["a"]),
        ('{% call(u) m(asset_url("a")) %}{{ asset_url("b") }}{% endcall %}', ["a", "b"]),
        ('{% set x %}{{ asset_url("a") }}{% endset %}{% set y = asset_url("b") %}', ["a", "b"]),
        ('{% filter upper %}{{ asset_url("a") }}{% endfilter %}', ["a"]),
        ('{% with u = asset_url("a") %}{{ u }}{% endwith %}', ["a"]),
        ('{% do x.append(asset_url("a")) %}', ["a"]),
        ('{% trans u=asset_url("a") %}see {{ u }}{% endtrans %}', ["a"]),
        ("{% for x in y %}{% break %}{% endfor %}{% debug %}{{ asset_url('a') }}", ["a"]),
        ('{{ {"k": [asset_url("a"), (asset_url("b"),)]}["k"][0] ~ f(g(x=asset_url("c"))) }}', ["a", "b", "c"]),
        ('{{ asset_url("a") if asset_url("b") == x else asset_url("c") }}', ["a", "b", "c"]),
        ('{{ x is sameas(asset_url("a")) }}{{ y[asset_url("b"):] }}', ["a", "b"]),
        ('{{ asset_url("a" if x else "b" if y else "c") }}', ["a", "b", "c"]),
        ('{{ asset_url("css/" ~ "a" ~ ".css") }}{{ asset_url("css/" + "b.css") }}', ["css/a.css", "css/b.css"]),
        ('{{ asset_url("a" "b") }}', ["ab"]),
        ('{# {{ asset_url("a") }} #}{% raw %}{{ asset_url("b") }}{% endraw %}', []),
        ('asset_url("a")', []),
        ('{{ assets.asset_url("a") }}{{ my_asset_url("b") }}', []),
        ('{{ asset_url("\\u0061.css") }}', ["a.css"]),
        ('{% extends "base.html" %}{% include "x.html" %}{% import "m.html" as m %}', []),
        ('{% macro asset_url(x) %}{% endmacro %}{{ asset_url("a") }}{{ asset_tags("b") }}', ["b"]),
        ('{% from "m.html" import url as asset_url %}{{ asset_url("a") }}', []),
        ("", []),
    ],
)
def test_literal_names_are_found_in_every_branch(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ asset_url(x) }}", []),
        ('{{ asset_url("a/" ~ x) }}', []),
        ('{{ asset_url("a" if x else y) }}', ["a"]),
        ('{{ asset_url("a" if x) }}', ["a"]),
        ('{{ asset_url(x or "a") }}', ["a"]),
        ('{{ asset_url(x|default("a")) }}', ["a"]),
        ("{{ asset_tags(*x) }}", []),
        ("{{ x|asset_url }}", []),
        ("{% assets x %}{% endassets %}", []),
        ('{{ url_for("static", filename=x) }}', []),
    ],
)
def test_what_is_only_known_at_run_time_is_a_note(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted
    problems = references("t.html", text)[1]
    expected = [] if text == '{{ asset_url("a" if x) }}' else [("template-dynamic-name", Severity.NOTE)]
    assert [(problem.code, problem.severity) for problem in problems] == expected
    assert all(problem.place is not None and problem.place.column > 1 for problem in problems)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('a.css "a.css" {{ asset_url("a.css") }}', [("a.css", 1, 28)]),
        ('{{ f("a") ~ asset_url("a") ~ asset_url("a") }}', [("a", 1, 23), ("a", 1, 40)]),
        ("\r\n\r\n  {{- asset_url(\r\n    'a') -}}  \r\n {{ asset_url('b') }}", [("a", 4, 5), ("b", 5, 15)]),
        ('{# "a" #}{% if x -%}  {{ asset_url("a") }}{% endif %}', [("a", 1, 36)]),
        ('é💡 {{ asset_url("é") }}', [("é", 1, 17)]),
        ('{% raw %}{{ "a" }}{% endraw %}{{ "a"|asset_url }}', [("a", 1, 34)]),
        ('{%- raw -%} "a" {%- endraw -%} {{ "a"|asset_url }}', [("a", 1, 35)]),
    ],
)
def test_a_reference_stands_where_its_string_begins(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert found(text) == wanted


def test_a_reference_carries_its_source_line() -> None:
    text = 'x\n<link href="{{ asset_url("a.css") }}">\ny'
    place = Place("t.html", 2, 26, '<link href="{{ asset_url("a.css") }}">')
    assert references("t.html", text)[0] == [TemplateReference("a.css", "`asset_url`", place)]


BLANKS = st.text(st.sampled_from(" \n\t"), max_size=4)
GAPS = st.text(st.sampled_from(" \n\t\"'xé"), max_size=6)
OPENING, CLOSING = st.sampled_from(["{{", "{{-", "{{+"]), st.sampled_from(["}}", "-}}"])


@given(st.lists(st.tuples(GAPS, OPENING, BLANKS, CLOSING), max_size=6))
def test_every_place_points_at_the_string_itself(parts: list[tuple[str, str, str, str]]) -> None:
    text = "".join(
        f'{gap}{opening}{blanks}asset_url("n{index}"){closing}'
        for index, (gap, opening, blanks, closing) in enumerate(parts)
    )
    items = references("t.html", text)[0]
    assert [item.name for item in items] == [f"n{index}" for index in range(len(parts))]
    for item in items:
        assert item.place.source_line[item.place.column - 1 :].startswith(f'"{item.name}"')


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a\n{% trans %}{% endfor %}", 2, 15),
        ("a\n{% if x %}\n{{ y }}", 3, 6),
        ("a\nb {{ x", 2, 6),
        ("a\n {{ a b }}", 2, 7),
        ("{{ " + "(" * 3000 + ")" * 3000 + " }}", 1, 1),
    ],
)
def test_what_is_no_jinja_is_one_warning_at_its_place(text: str, line: int, column: int) -> None:
    items, problems = references("t.html", text)
    assert items == []
    assert [(problem.code, problem.severity) for problem in problems] == [("template-syntax", Severity.WARNING)]
    place = problems[0].place
    assert place is not None
    assert (place.line, place.column) == (line, column)


@given(st.text(st.sampled_from("{}%#-\"'( )|~ab\n,=") | st.sampled_from("éx"), max_size=40))
def test_any_text_gives_references_or_a_warning(text: str) -> None:
    found, problems = references("t.html", text)
    assert all(one.place.path == "t.html" for one in found)
    assert all(one.severity is not Severity.ERROR for one in problems)


def test_the_output_of_an_assets_tag_is_the_asset_that_it_names() -> None:
    text = '{% assets "a.css", "b.css", filters="cssmin", output="gen/a.%(version)s.css" %}{% endassets %}'
    assert names(text) == ["gen/a.css"]
    assert codes(text) == []


def test_an_option_that_the_assets_tag_has_not_is_reported() -> None:
    assert codes('{% assets "a.css", filtres="cssmin" %}{% endassets %}') == ["template-assets-option"]


def test_a_name_of_bundles_is_known_to_the_assets_tag_and_to_nothing_else() -> None:
    pages = read_all(files({"t.html": '{% assets "site" %}{% endassets %}{{ asset_url("site") }}'}))
    (problem,) = check(["a.css"], pages, bundles=["site"])
    assert "`asset_url`" in problem.text


# --- check -----------------------------------------------------------------------------------------------


def files(texts: Mapping[str, str | bytes]) -> TemplateFiles:
    datas = {path: text if isinstance(text, bytes) else text.encode() for path, text in texts.items()}
    return TemplateFiles(tuple(TemplateFile(path, BytesIO(data).read) for path, data in datas.items()))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("css/ap.css", 'did you mean "css/app.css"?'),
        ("styles/app.css", 'did you mean "css/app.css"?'),
        ("/css/app.css", 'write "css/app.css": a logical path has no leading slash'),
        ("nowhere.png", "correct the name, or add the file to a source root"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_way_out(name: str, hint: str) -> None:
    problems = check(["css/app.css", "img/x.svg"], read_all(files({"t.html": f'\n{{{{ asset_url("{name}") }}}}'})))
    line = f'{{{{ asset_url("{name}") }}}}'
    text = f'there is no asset "{name}", which `asset_url` names'
    assert problems == (Problem("template-unknown-asset", text, Place("t.html", 2, 14, line), hint=hint),)


def test_known_names_are_no_problem_in_either_unicode_form() -> None:
    texts = {"t.html": '{{ asset_url("caf\u00e9.css") }}{{ asset_url("cafe\u0301.css") }}'}
    assert check(["cafe\u0301.css"], read_all(files(texts))) == ()


def test_all_templates_are_read_and_all_problems_reported() -> None:
    def unreadable() -> bytes:
        raise PermissionError(13, "Permission denied")

    templates = TemplateFiles(
        (
            *files({"a.html": '{{ asset_url("a") }}', "b.html": b"\xff", "c.html": "{% x %}"}).files,
            TemplateFile("d.html", unreadable),
        ),
        (Problem("odd", "odd"),),
    )
    assert [(problem.code, problem.place and problem.place.path) for problem in check([], read_all(templates))] == [
        ("odd", None),
        ("template-unknown-asset", "a.html"),
        ("template-encoding", "b.html"),
        ("template-syntax", "c.html"),
        ("template-unreadable", "d.html"),
    ]


def test_without_jinja_one_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("template_calls", "template_syntax"):
        monkeypatch.delitem(sys.modules, f"assetbuild.build.{module}", raising=False)
        monkeypatch.delattr(assetbuild.build, module, raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    problems = check([], read_all(files({"a.html": "", "b.html": ""})))
    assert [(problem.code, problem.hint) for problem in problems] == [
        ("template-engine", "pip install 'assetbuild[build]', or remove `templates`")
    ]


# --- find ------------------------------------------------------------------------------------------------


def config(base: Path, *templates: str) -> Config:
    return Config(base / "assetbuild.toml", (), (), base / "out", base / "out/manifest.json", "", templates=templates)


def test_find_gives_the_matching_files_sorted_once_and_readable(tmp_path: Path) -> None:
    below = ("b.html", "a/c.html", "x.txt", ".e/f.html")
    for name in (*(f"templates/{name}" for name in below), "other/d.html", "g.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    made = find(config(tmp_path, "templates/**/*.html", "templates/b.html", "*.html", "**/templates/*.html"))
    assert [file.path for file in made.files] == [
        str(tmp_path / name) for name in ("g.html", "templates/a/c.html", "templates/b.html")
    ]
    assert [file.read() for file in made.files] == [b"g.html", b"templates/a/c.html", b"templates/b.html"]
    assert made.problems == ()


def test_what_a_build_writes_is_no_template(tmp_path: Path) -> None:
    for name in ("page.html", "out/page-0123456789abcdef.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{{ asset_url('a.css') }}")
    assert [file.path for file in find(config(tmp_path, "**/*.html")).files] == [str(tmp_path / "page.html")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_template_that_may_have_no_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.html")
    (tmp_path / "b.html").symlink_to("/dev/zero")
    (tmp_path / "c.html").symlink_to("d.txt")
    (tmp_path / "d.txt").write_text("{{ asset_url('a.css') }}")
    text = "the template cannot be read: it is a device, a pipe or a socket, not a file"
    hint = "correct its permissions, or leave it out of `templates`"
    assert check(["a.css"], read_all(find(config(tmp_path, "*.html")))) == tuple(
        Problem("template-unreadable", text, Place(str(tmp_path / name)), hint=hint) for name in ("a.html", "b.html")
    )


def test_a_glob_that_matches_no_template_is_an_error(tmp_path: Path) -> None:
    made = find(config(tmp_path, "templates/*.html"))
    assert made.files == ()
    assert [(problem.code, problem.severity) for problem in made.problems] == [("glob-matches-nothing", Severity.ERROR)]
    assert check([], read_all(made)) == made.problems


def test_a_number_too_long_to_read_is_a_warning() -> None:
    found, problems = references("a.html", "{{ " + "1" * 5000 + " }}")
    assert found == []
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert "a number cannot be read" in problems[0].text


@pytest.mark.parametrize(
    ("head", "name", "modules", "codes"),
    [
        ("", "app.js", "rewrite", ["template-without-importmap"]),
        ("", "page.js", "rewrite", ["template-without-importmap"]),
        ("", "plain.js", "rewrite", []),
        ("", "plain.js", "importmap", ["template-without-importmap"]),
        ("{{ asset_importmap() }}", "app.js", "rewrite", []),
        ("{{ assets.importmap_tag(nonce=n) }}", "app.js", "rewrite", []),
        ("{% include 'head.html' %}", "app.js", "rewrite", []),
    ],
)
def test_a_page_that_needs_an_import_map_and_has_none_is_a_warning(
    tmp_path: Path, head: str, name: str, modules: str, codes: list[str]
) -> None:
    files = {
        "app.js": "import 'lib'",
        "page.js": "import './app.js'",
        "plain.js": "import './lib.js'",
        "lib.js": "export {}",
        "/templates/page.html": f'{head}{{{{ asset_tags("{name}") }}}}',
        "/templates/other.html": '{{ asset_url("lib.js") }}',
    }
    if "include" in head:
        files["/templates/head.html"] = "{{ asset_importmap() }}"
    config = f'modules = "{modules}"\ntemplates = ["templates/*.html"]\n{PLAIN}[importmap]\nlib = "lib.js"\n'
    found = inspection.check(project(tmp_path, files, config).config)
    assert [problem.code for problem in found] == codes
    if codes:
        assert found[0].place is not None
        assert found[0].place.path.endswith("page.html")
        assert found[0].severity is Severity.WARNING


# --- static routes of blueprints -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "wanted"),
    [("static", "a.css"), ("admin.static", "vendor/admin/a.css"), ("shop.admin.static", "a.css"), ("api.index", None)],
)
def test_the_static_route_of_a_blueprint_names_files_of_its_source(endpoint: str, wanted: str | None) -> None:
    text = (
        f"{{{{ url_for('{endpoint}', filename='a.css') }}}}{{{{ url_for(endpoint='{endpoint}', filename='a.css') }}}}"
    )
    items, problems = references("t.html", text, {"admin": "vendor/admin", "shop.admin": ""})
    assert [item.name for item in items] == ([wanted] * 2 if wanted else [])
    assert {item.through for item in items} == ({f'`url_for("{endpoint}")`'} if wanted else set())
    assert problems == []


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        ("api.static", 'say which source it is, if it is one: { path = "...", mount = "...", blueprint = "api" }'),
        (".static", "write the blueprint's name before the dot"),
    ],
)
def test_a_static_route_that_no_source_is_said_to_be_is_a_note(endpoint: str, hint: str) -> None:
    items, problems = references("t.html", f"{{{{ url_for('{endpoint}', filename=x) }}}}", {"admin": "admin"})
    assert items == []
    (problem,) = problems
    assert (problem.code, problem.severity, problem.hint) == ("template-blueprint", Severity.NOTE, hint)
    assert problem.place is not None
    assert problem.place.column == 12


def test_check_looks_up_the_files_of_a_blueprint_by_its_source(tmp_path: Path) -> None:
    config = 'sources = ["static", {path = "admin", mount = "adm", blueprint = "admin"}]\ntemplates = ["t/*.html"]\n'
    made = project(tmp_path, {"/admin/a.css": "a{}", "/t/a.html": "", "b.css": "b{}"}, config + PLAIN)
    made.write(
        {"t/a.html": "{{ url_for('admin.static', filename='a.css') }}\n{{ url_for('admin.static', filename='b.css') }}"}
    )
    (problem,) = inspection.check(made.config)
    assert problem.text == 'there is no asset "adm/b.css", which `url_for("admin.static")` names'
    assert problem.place is not None
    assert problem.place.line == 2
