"""Which engine a template is written for: `check` and the blocks of a build ask the same function."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.block_parts import Asset
from assetbuild.build import inspection
from assetbuild.build.template_engines import Engine, engine_of
from assetbuild.build.templates import references
from tests.blocks import collected, site

BLOCK = '{% bundle "css" %}<link rel="stylesheet" href="{{ asset_url(\'a.css\') }}">{% endbundle %}'
TAGS = ("load static", "static 'a.css'", "url 'home'", "translate 'x'", "now 'Y'", "comment", "verbatim", "csrf_token")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p>load static</p>",
        "{# was {% load static %} #}",
        "{# was\n{% load static %}\n#}",
        "{% raw %}{% load static %}{% endraw %}",
        "{%- raw -%}{% load static %}{%- endraw -%}",
        "{{ '{% load static %}' }}",
        "{% set page = 'x' %}{% now 'utc' %}",
        "{% from 'x.html' import y %}{% url 'home' %}",
        "{%- if x -%}{% url 'home' %}{%- endif -%}",
        "{% load\nstatic %}",
        "{% load static",
        "{% loaded %}{% cache 'load' %}",
        "{# does not end {% if x %}{% endif %}",
    ],
)
def test_a_template_without_a_tag_that_django_alone_reads_is_jinjas(text: str) -> None:
    assert engine_of(text) is Engine.JINJA


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "{# a comment #}\n",
        "{{ x }}",
        "{% extends 'x' %}{% if y %}",
        "{% note\n",
        "a = {{b: {\n",
        "{#",
        "{{ x {% block c %}\n",
    ],
)
def test_the_first_tag_that_django_alone_has_tells(before: str, tag: str) -> None:
    assert engine_of(f"{before}{{% {tag} %}}") is Engine.DJANGO


def test_what_django_hides_is_no_sign_of_jinja() -> None:
    assert engine_of("{% verbatim %}{% set x = 1 %}{% raw %}{% endverbatim %}") is Engine.DJANGO


@pytest.mark.parametrize("before", ["{# was {% load static %} #}", "{% raw %}{% load static %}{% endraw %}"])
def test_a_block_behind_what_looks_like_djangos_is_read_as_jinja_has_it(before: str, tmp_path: Path) -> None:
    found, problems = collected(tmp_path, before + BLOCK)
    assert problems == ()
    assert [element.target for block in found for element in block.elements] == [Asset("a.css")]


@pytest.mark.parametrize("tag", TAGS[:4])
def test_check_and_build_agree_about_a_template_of_djangos(tag: str, tmp_path: Path) -> None:
    text = f"{{% {tag} %}}" + BLOCK.replace("{{ asset_url('a.css') }}", "{% static 'a.css' %}")
    made = site(tmp_path, {"page.html": text}, {"a.css": "a{}"})
    assert inspection.check(made.config) == ()
    assert made.build().problems == ()


def test_a_text_that_is_neither_is_told_as_jinja_has_it() -> None:
    found, problems = references("a.html", "{# was {% load static %} #}{% if %}{% cache %}")
    assert found == []
    assert [problem.code for problem in problems] == ["template-syntax"]
