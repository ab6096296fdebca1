"""`check --unused`: what is published, and named neither by a template nor by an asset that is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.build import inspection
from assetbuild.build.model import Severity
from tests.project import PLAIN, Project, project

TEMPLATES = f'templates = ["templates/*.html"]\n{PLAIN}'
FILES: dict[str, str | bytes] = {
    "css/app.css": '@import "base.css"; a { background: url(../img/a.svg) }',
    "css/base.css": "@font-face { src: url(../fonts/text.woff2) }",
    "css/old.css": "b { background: url(../img/old.svg) }",
    "fonts/text.woff2": "font",
    "img/a.svg": "<svg/>",
    "img/old.svg": "<svg/>",
    "img/logo.svg": "<svg/>",
    "js/main.js": 'import "./util.js"; import("./later.js"); new URL("../img/logo.svg", import.meta.url)',
    "js/util.js": "export {}",
    "js/later.js": 'import "./deep.js"',
    "js/deep.js": "export {}",
    "js/old.js": 'import "./deep.js"; import "./older.js"',
    "js/older.js": "export {}",
    "/templates/a.html": '{{ asset_tags("css/app.css", "js/main.js") }}',
}
OLD = ("css/old.css", "img/old.svg", "js/old.js", "js/older.js")


def unused(made: Project) -> tuple[str, ...] | None:
    return inspection.check_unused(made.config)[1]


@pytest.mark.parametrize("modules", ["rewrite", "importmap"])
def test_unused_is_what_no_template_reaches_through_references(tmp_path: Path, modules: str) -> None:
    made = project(tmp_path, FILES, f'modules = "{modules}"\n{TEMPLATES}')
    made.write({"templates/b.html": "{{ asset_importmap() }}"})
    problems, names = inspection.check_unused(made.config)
    assert names == OLD
    assert [(one.code, one.severity) for one in problems] == [("asset-unused", Severity.WARNING)]
    assert problems[0].text == "4 published assets are named by no template, and by no asset that is"
    assert problems[0].hint == "leave them out with `exclude`, unless the app's code names them"


@pytest.mark.parametrize(
    ("exclude", "also"), [("[]", ("css/app.css", "css/base.css")), ('["css/app.css", "css/base.css"]', ())]
)
def test_what_an_inlined_style_sheet_loads_is_used_and_the_sheet_itself_is_not(
    tmp_path: Path, exclude: str, also: tuple[str, ...]
) -> None:
    made = project(tmp_path, FILES, f'exclude = {exclude}\n{TEMPLATES}[bundles]\n"css/all.css" = ["css/app.css"]\n')
    made.write({"templates/a.html": '{{ asset_tags("css/all.css", "js/main.js") }}'})
    assert unused(made) == (*also, *OLD)


@pytest.mark.parametrize(
    ("config", "files", "wanted"),
    [
        ('stable = ["img/old.svg"]\n', {}, ("css/old.css", "js/old.js", "js/older.js")),
        ("", {"templates/b.html": '{% load static %}{% static "css/old.css" %}'}, ("js/old.js", "js/older.js")),
        ("", {"templates/b.html": '{{ url_for("static", filename="js/old.js") }}'}, ("css/old.css", "img/old.svg")),
        (
            "",
            {"templates/b.html": '{% assets "js/older.js" %}{% endassets %}'},
            ("css/old.css", "img/old.svg", "js/old.js"),
        ),
    ],
)
def test_whatever_names_an_asset_uses_it(
    tmp_path: Path, config: str, files: dict[str, str], wanted: tuple[str, ...]
) -> None:
    made = project(tmp_path, FILES, config + TEMPLATES)
    made.write(files)
    assert unused(made) == wanted


def test_a_bundle_that_is_named_by_another_name_is_used(tmp_path: Path) -> None:
    config = f'{TEMPLATES}[bundles]\n"css/all.css" = {{inputs = ["css/old.css"], names = ["old"]}}\n'
    made = project(tmp_path, FILES, config)
    made.write({"templates/b.html": '{% assets "old" %}{{ ASSET_URL }}{% endassets %}'})
    assert unused(made) == ("css/old.css", "js/old.js", "js/older.js")


def test_licences_that_stand_in_a_file_are_used_with_their_owner(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.js": "/*! licence of a */ let a = 1",
        "b.js": "/*! licence of b */ let b = 1",
        "/templates/a.html": '{{ asset_tags("a.js") }}',
    }
    config = 'licences = "file"\ntemplates = ["templates/*.html"]\ncompress = []\n'
    assert unused(project(tmp_path, files, config)) == ("b.js", "b.js.LICENSE.txt")


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("\n{{ asset_url(name) }}", (2, 14)),
        ("{% load static %}\n{% static name %}", (2, 11)),
        ('{{ url_for("shop.static", filename="x") }}', (1, 12)),
        ("{% x %}", (1, 4)),
    ],
)
def test_look_ups_that_cannot_be_read_weaken_the_answer_and_are_listed(
    tmp_path: Path, template: str, place: tuple[int, int]
) -> None:
    made = project(tmp_path, FILES, TEMPLATES)
    made.write({"templates/b.html": template})
    problems, names = inspection.check_unused(made.config)
    assert names == OLD
    summary = problems[-1]
    assert (summary.code, summary.severity) == ("asset-unused", Severity.NOTE)
    assert summary.notes == (
        "the place that cannot be checked, reported with its line, may name some of what is listed",
    )
    assert [one.place and (one.place.line, one.place.column) for one in problems[:-1]] == [place]


def test_several_such_places_are_counted(tmp_path: Path) -> None:
    made = project(tmp_path, FILES, TEMPLATES)
    made.write({"templates/b.html": "{{ asset_url(x) }}\n" * 12})
    assert inspection.check_unused(made.config)[0][-1].notes == (
        "each of the 12 places that cannot be checked, reported with its line, may name some of what is listed",
    )


def test_what_comes_from_installed_packages_is_counted(tmp_path: Path) -> None:
    admin = '{ package = "django.contrib.admin", path = "static/admin/img", mount = "admin/img" }'
    made = project(tmp_path, FILES, f'sources = ["static", {admin}]\n{TEMPLATES}')
    (problem,), names = inspection.check_unused(made.config)
    count = len(names or ()) - len(OLD)
    assert count > 1
    assert problem.notes == (
        f"{count} of them come from django.contrib.admin, whose own templates and code are not read",
    )


def test_where_all_is_used_there_is_nothing_to_say(tmp_path: Path) -> None:
    made = project(tmp_path, {"a.css": "a{}", "/templates/a.html": '{{ asset_url("a.css") }}'}, TEMPLATES)
    assert inspection.check_unused(made.config) == ((), ())


def test_without_templates_the_question_has_no_answer(tmp_path: Path) -> None:
    problems, names = inspection.check_unused(project(tmp_path, {"a.css": "a{}"}).config)
    assert names is None
    assert [(one.code, one.hint) for one in problems] == [
        ("unused-without-templates", 'add templates = ["templates/**/*.html"]')
    ]


def test_a_build_that_fails_says_only_that(tmp_path: Path) -> None:
    made = project(tmp_path, FILES | {"css/old.css": "@import 'nowhere.css'"}, TEMPLATES)
    problems, names = inspection.check_unused(made.config)
    assert names is None
    assert [one.severity for one in problems] == [Severity.ERROR]
