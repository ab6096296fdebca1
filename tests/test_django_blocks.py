"""Blocks in Django's templates: the same blocks as in Jinja's, read without Django by the build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError, engines
from django.template.base import Lexer
from django.test import override_settings
from django.utils.safestring import mark_safe
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild import Assets, UnknownAsset, blocks, django_blocks
from tests import test_django  # noqa: F401  # sets Django up
from tests.blocks import collected, environment, load, site
from tests.project import Project, png

FILES: dict[str, str | bytes] = {"css/a.css": "a{b:url(../img/i.png)}", "js/a.js": "a()", "img/i.png": png()}
HEAD = """{% load assetbuild static %}
{% comment %}{% bundle "css" %}{{ x }}{% endbundle %}{% endcomment %}
{% if x %}
{% bundle "css" %}
  {% comment "why" %} <meta> {% endcomment %}{# c #}
  <link rel="stylesheet" href="{% static 'css/a.css' %}" media="{{ media }}">
  <style media="{{ media }}">{% verbatim %}.z{b:'{{c}}'}{% endverbatim %}
  .y{b:url("{% static "img/i.png" %}")}</style>
{% endbundle %}
{% endif %}"""


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return site(tmp_path, {"page.html": HEAD}, FILES)


@pytest.fixture
def built(made: Project) -> Iterator[Project]:
    made.build()
    with override_settings(ASSETBUILD_MANIFEST=made.output / "manifest.json", STATIC_URL="/static/"):
        yield made


def render(text: str, **context: object) -> str:
    return str(engines["django"].from_string(text).render(context))


def test_a_block_becomes_its_outputs_with_values_of_the_render_escaped(built: Project) -> None:
    (name,) = (each for names in built.manifest["blocks"].values() for each in names)
    assert built.read(name).count(built.path("img/i.png")) == 2
    found = render(HEAD, x=1, media='"><b>').strip()
    assert re.fullmatch(
        rf'<link rel="stylesheet" href="/static/{built.path(name)}" integrity="[^"]+" media="&#34;&gt;&lt;b&gt;">',
        found,
    )
    assert 'media="a&amp;b"' in render(HEAD, x=1, media=mark_safe("a&amp;b"))
    assert render(HEAD).strip() == ""


def test_djangos_and_jinjas_templates_have_the_same_blocks(built: Project) -> None:
    text = """{% bundle "css" %}
<link rel="stylesheet" href="{{ asset_url('css/a.css') }}" media="{{ m }}">
<style media="{{ m }}">{% raw %}.z{b:'{{c}}'}{% endraw %}
   .y{b:url("{{ asset_url('img/i.png') }}")}</style>{% endbundle %}"""
    env = environment(load(built))
    assert env.from_string(text).render(m="all").strip() == render(HEAD, x=1, media="all").strip()


def test_a_filter_is_called_at_each_of_its_places(tmp_path: Path) -> None:
    element = """<link rel="stylesheet" href="{% static 'css/a.css' %}" media="{{ m.pop|default:'all' }}">"""
    text = f'{{% load assetbuild static %}}{{% bundle "css" %}}{element}{element}{{% endbundle %}}'
    made = site(tmp_path, {"page.html": text}, FILES)
    made.build()
    with override_settings(ASSETBUILD_MANIFEST=made.output / "manifest.json", STATIC_URL="/static/"):
        found = render(text, m=["print", "screen"])
    assert re.findall('media="([^"]*)"', found) == ["screen", "print"]


def test_templates_of_django_compressor_stay_as_they_are(tmp_path: Path) -> None:
    text = """{% load compress %}
{% compress js inline %}<script src="{{ STATIC_URL }}js/a.js"></script>{% endcompress %}
{% compress css file head %}<link rel="stylesheet" href="/static/css/a.css" type="text/css">{% endcompress %}"""
    made = site(tmp_path, {"page.html": text}, FILES)
    made.build()
    with override_settings(ASSETBUILD_MANIFEST=made.output / "manifest.json", STATIC_URL="/static/"):
        first, second = render(text).strip().split("\n")
    assert first == "<script>a()</script>"
    assert re.match('<link rel="stylesheet" href="/static/blocks/head-', second)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{% bundle "css" %}<link rel="stylesheet" href="{% static x %}">{% endbundle %}',
            "{% static x %} stands in it",
        ),
        (
            """{% bundle "css" %}<link rel="stylesheet" href='{% static "css/a"|add:".css" %}'>{% endbundle %}""",
            '{% static "css/a"|add:".css" %} stands in it',
        ),
        ('{% bundle "css" %}{% if x %}{% endif %}{% endbundle %}', "{% if x %} stands in it"),
        (
            "{% block a %}{% compress css %}{% endblock %}",
            "a block that does not end: there is no {% endcompress %} before {% endblock %}",
        ),
        ('{% bundle "css" %}{% block a %}{% endblock %}{% endbundle %}', "{% block a %} stands in it"),
        ('{% bundle "css" %}{% static "a.css" as u %}{% endbundle %}', "stands in it"),
        ('{% bundle "css" %}<link rel="stylesheet" href="{{ x }}">{% endbundle %}', "its href is only known at render"),
        ("{% bundle %}{% endbundle %}", "a block holds css or js"),
        ('{% bundle "css" %}', "a block that does not end"),
    ],
)
def test_what_depends_on_the_context_is_refused_by_both_sides_at_its_line(
    text: str, message: str, tmp_path: Path, built: Project
) -> None:
    text = "{% load assetbuild static %}\n\n" + text
    _, problems = collected(tmp_path, text)
    assert [problem.code for problem in problems] == ["template-block"]
    assert message in problems[0].text
    assert problems[0].place is not None
    assert problems[0].place.line == 3
    with pytest.raises(TemplateSyntaxError, match="line 3: ") as caught:
        render(text)
    assert message in str(caught.value)


def test_an_unknown_block_fails_when_the_template_is_compiled_in_whatever_branch(built: Project) -> None:
    text = '{% load assetbuild %}{% if x %}\n{% bundle "css" %}<style>new{}</style>{% endbundle %}{% endif %}'
    with pytest.raises(TemplateSyntaxError, match=r"line 2: this block is not in build.*run `assetbuild build`$"):
        render(text)


def test_tests_of_an_app_need_no_build_and_are_as_strict(made: Project) -> None:
    with override_settings(ASSETBUILD_MANIFEST=Assets.for_tests(made.root / "static")):
        found = render(HEAD, x=1)
        assert 'href="/static/css/a.css"' in found
        assert ".z{b:'{{c}}'}" in found
        with pytest.raises(TemplateSyntaxError) as caught:
            render(HEAD.replace("a.css", "x.css"), x=1)
    assert isinstance(caught.value.__cause__, UnknownAsset)


def test_a_new_manifest_answers_for_a_template_that_was_compiled_before(built: Project) -> None:
    with override_settings(ASSETBUILD_RELOAD=True):
        template = engines["django"].from_string(HEAD)
        before = template.render({"x": 1})
        built.write({"static/css/a.css": "other{}"}).build()
        assert template.render({"x": 1}) not in ("", before)


PARTS = st.sampled_from(
    [
        *("a", " ", "\n", "ä", "<b>", "{", "}", "%}", "{%", "{{", "}}", "{#", "#}"),
        *("{% x %}", "{{ y }}", "{# z #}", "{{y}}", "{%x%}", "{% if a b %}", "{{ '%}' }}", "{{ \n }}"),
        *(
            "{% verbatim %}",
            "{% endverbatim %}",
            "{% verbatim v %}",
            "{% endverbatim v %}",
            "{% verbatimx %}",
            "{% verbatim\t%}",
            "{% verbatim\tv %}",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=12).map("".join))
def test_tokens_are_those_of_djangos_lexer(text: str) -> None:
    expected = [(token.token_type.value, token.contents) for token in Lexer(text).tokenize()]
    found = list(django_blocks.tokens_of(text))
    assert [(token.kind.value, token.contents) for token in found] == expected
    for token in found:
        start = token.contents if token.kind is django_blocks.Kind.TEXT else "{"
        assert text.startswith(start, token.at)


@settings(max_examples=100, deadline=None)
@given(
    body=st.lists(
        st.sampled_from(
            [
                *("{# c #}", " {# c #}\n", "{% comment %}<meta>{% endcomment %}", "\n", "  ", "<!-- c -->"),
                '<link rel="stylesheet" href="{% static "css/a.css" %}" media="{{ m }}" title="{{ m|f }}">',
                "<style nonce='{{ n }}'>a{}{# c #}\n  b{}</style>",
                "<style>{% verbatim %}{{ x }}\n{% endverbatim %}\n a{}</style>",
            ]
        ),
        max_size=6,
    ).map("".join)
)
def test_a_running_app_asks_for_a_key_that_the_build_has(body: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    from assetbuild.django import blocks as glue

    text = f'{{% load assetbuild %}}{{% bundle "css" %}}{body}{{% endbundle %}}'
    found, problems = collected(tmp_path_factory.getbasetemp(), text)
    assert problems == ()
    parser_tokens = Lexer(text).tokenize()
    opened = glue._token(parser_tokens[1])
    asked = django_blocks.parse(opened, map(glue._token, parser_tokens[2:])).block
    assert [asked.key] == [block.key for block in found]
    assert blocks.loads(blocks.dumps(asked)) == asked
