"""Django templates in `check`: every literal name of every branch, where it stands, as Django's own parser sees it."""

from __future__ import annotations

from pathlib import Path

import django.template
import pytest
from django.conf import settings
from django.template import Engine
from django.templatetags.static import StaticNode
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import django_templates, inspection
from assetbuild.build.model import Severity
from assetbuild.build.templates import references
from tests.project import PLAIN, project


def named(text: str) -> list[tuple[str, int, int]]:
    return [
        (one.name, one.place.line, one.place.column) for one in references("t.html", "{% load static %}\n" + text)[0]
    ]


def dynamic(text: str) -> list[tuple[str, int]]:
    problems = references("t.html", "{% load static %}\n" + text)[1]
    assert {(one.code, one.severity) for one in problems} <= {("template-dynamic-name", Severity.NOTE)}
    return [(one.text.split("`")[1], one.place.column) for one in problems if one.place is not None]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{% static 'a.css' %}", [("a.css", 2, 11)]),
        ('<link href="{%static "a b.css"%}">', [("a b.css", 2, 22)]),
        ('{% static "a.css" as url %}{{ url }}', [("a.css", 2, 11)]),
        ('{% static "a.svg#icon" %}{% static "b.css?v=1" %}', [("a.svg", 2, 11), ("b.css", 2, 36)]),
        (r"{% static 'it\'s.css' %}", [("it's.css", 2, 11)]),
        ("{% if x %}{% static 'a' %}{% elif y %}{% static 'b' %}{% else %}{% static 'c' %}{% endif %}", "abc"),
        ("{% for x in y %}{% static 'a' %}{% empty %}{% static 'b' %}{% endfor %}", "ab"),
        ("{% block head %}{{ block.super }}{% static 'a' %}{% endblock %}", "a"),
        ("{% with u='x' %}{% static 'a' %}{% endwith %}{% filter upper %}{% static 'b' %}{% endfilter %}", "ab"),
        ("{% extends 'b.html' %}{% include 'c.html' with d='e' %}{% static 'a' %}", "a"),
        ("{% load assetbuild %}{% asset_url 'a' %}{% asset_integrity name='b' %}{% asset_inline 'c' as d %}", "abc"),
        ("{% asset_tags 'a' 'b' nonce=n media='print' %}{% asset_preload_tags 'c' as d %}", "abc"),
        ("{# {% static 'a' %} #}{% comment 'x' %}{% static 'b' %}{% endcomment %}{% static 'c' %}", "c"),
        ("{% verbatim %}{% static 'a' %}{% endverbatim %}{% verbatim x %}{% endverbatim %}{% static 'b' %}", "a"),
        ("{% verbatim x %}{% static 'a' %}{% endverbatim %}{% static 'b' %}{% endverbatim x %}{% static 'c' %}", "c"),
        ("{% static\n'a' %}{% other 'b' %}{% staticx 'c' %}{{ 'd'|static }}", ""),
    ],
)
def test_literal_names_are_found_in_every_branch(text: str, wanted: str | list[tuple[str, int, int]]) -> None:
    if text.startswith("{% verbatim %}"):  # the second block is never ended, and Django reads no further either
        assert named(text) == []
    elif isinstance(wanted, str):
        assert [name for name, _, _ in named(text)] == list(wanted)
    else:
        assert named(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{% static name %}", [("{% static %}", 11)]),
        ("{% static 'a'|add:x %}", [("{% static %}", 11)]),
        ("{% static _('a') %}", [("{% static %}", 11)]),
        ("{% asset_tags 'a' b 'c' %}", [("{% asset_tags %}", 19)]),
        ("{% asset_url name=x %}", [("{% asset_url %}", 19)]),
        ("{% get_static_prefix %}a.css", [("{% get_static_prefix %}", 4)]),
        ("{% get_static_prefix as p %}", [("{% get_static_prefix %}", 4)]),
        ("{% static 'a' %}{% asset_importmap nonce=n %}", []),
    ],
)
def test_what_is_only_known_at_run_time_is_a_note_at_its_place(text: str, wanted: list[tuple[str, int]]) -> None:
    assert dynamic(text) == wanted


PIECES = st.sampled_from(
    [
        *("{% static 'a' %}", '{% static "b c" %}', "{% static 'd' as e %}", "{%static 'f'%}", "{% static g %}"),
        *("{% if x %}{% static 'h' %}{% else %}{% static 'i' %}{% endif %}", "{# {% static 'j' %} #}", "{% now 'Y' %}"),
        *("{% comment %}{% static 'k' %}{% endcomment %}", "{% verbatim %}{% static 'l' %}{% endverbatim %}"),
        *("{% verbatim v %}{% endverbatim %}{% static 'm' %}{% endverbatim v %}", "\n", "{", "%}", "{{ x }}", "'", '"'),
        *(
            "{% for x in y %}{% static 'n' %}{% empty %}{% static 'o' %}{% endfor %}",
            "{% static \n 'p' %}",
            "{{ '{%' }}",
        ),
    ]
)


@given(st.lists(PIECES, max_size=8))
def test_the_names_are_those_that_django_itself_finds(pieces: list[str]) -> None:
    if not settings.configured:
        settings.configure()
    text = "".join(pieces)
    engine = Engine(builtins=["django.templatetags.static"])
    try:
        found = django.template.Template(text, engine=engine).nodelist.get_nodes_by_type(StaticNode)
    except django.template.TemplateSyntaxError:
        return
    paths = [node.path.var for node in found if isinstance(node, StaticNode)]
    theirs = [path if isinstance(path, str) else None for path in paths]
    assert [one.name for one in django_templates.names(text)] == theirs


def test_a_name_that_is_not_built_is_an_error_in_a_django_template(tmp_path: Path) -> None:
    files = {
        "css/app.css": "a{}",
        "/templates/a.html": "{% load static %}\n{% if x %}{% static 'css/ap.css' %}{% endif %}",
    }
    made = project(tmp_path, files, f'templates = ["templates/*.html"]\n{PLAIN}')
    (problem,) = inspection.check(made.config)
    assert (problem.code, problem.hint) == ("template-unknown-asset", 'did you mean "css/app.css"?')
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (2, 21)
