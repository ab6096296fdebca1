"""Blocks of templates as both halves read them: their elements, groups and keys, and what is refused with its place."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild import Assets, blocks, jinja_blocks
from assetbuild.block_parts import Address, Asset, BlockError, Code, Element, Expression, Piece
from assetbuild.build import template_blocks
from assetbuild.jinja import install
from tests.blocks import collected


def one(tmp_path: Path, text: str) -> blocks.Block:
    found, problems = collected(tmp_path, text)
    assert problems == ()
    assert len(found) == 1
    return found[0]


def css(inside: str) -> str:
    return f'{{% bundle "css" %}}{inside}{{% endbundle %}}'


def js(inside: str) -> str:
    return f'{{% bundle "js" %}}{inside}{{% endbundle %}}'


LINK = '<link rel="stylesheet" href="{{ asset_url(\'a.css\') }}">'

# What names an asset; all but the last two for Jinja alone, those for Django alone.
NAMED = [
    '{{ asset_url("css/a.css") }}',
    "{{ asset_url(name='css/a.css') }}",
    '{{ "css/a.css"|asset_url }}',
    '{{ url_for("static", filename="css/a.css") }}',
    '{{ url_for("static", path="/css/a.css") }}',
    '{{ static("css/a.css") }}',
    "{{ STATIC_URL }}css/a.css",
    '{{ asset_url("css/a.css") }}?v=3#x',
    '{% static "css/a.css" %}',
    "{% get_static_prefix %}css/a.css",
]


@pytest.mark.parametrize("url", NAMED)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_literal_name_is_an_asset_however_it_is_written(url: str, quote: str, tmp_path: Path) -> None:
    if not quote and "=" in url.partition("}}")[2]:
        return  # HTML has no such value without quotes
    found = one(tmp_path, css(f"<LINK REL=stylesheet href={quote}{url}{quote}>"))
    assert [element.target for element in found.elements] == [Asset("css/a.css")]


@pytest.mark.parametrize(
    ("element", "target"),
    [
        ('<link rel="stylesheet" href="/static/a.css?v=1">', Address("/static/a.css?v=1")),
        ('<link rel="stylesheet" href=" https://cdn.example.com/a.css?a&amp;b ">', Address("https://cdn.example.com/a.css?a&b")),
        ("<style>\n a{} \r\n b{}</style >", Code("a{} \n b{}")),
        ('<style>a{b:url("{{ asset_url("i ä.png") }}")}</style>', Code('a{b:url("/i%20%C3%A4.png")}')),
        ("<style>a{# x #}{}</style>", Code("a{}")),
        ("<style>a{}\n  {# x #}\n   b{}</style>", Code("a{}\nb{}")),
        ("<style>a {# x #} b{}</style>", Code("a  b{}")),
        ("<style>{% raw %}a{{}}{% endraw %}</style>", Code("a{{}}")),
    ],
)  # fmt: skip
def test_what_an_element_loads_or_holds(element: str, target: object, tmp_path: Path) -> None:
    assert [each.target for each in one(tmp_path, css(element)).elements] == [target]


DEFER = {"defer": None}
N = Expression(0)


@pytest.mark.parametrize(
    ("element", "attributes"),
    [
        ('<script src="/a.js" defer="defer" data-x="1" async></script>', {"async": None, "data-x": ("1",)} | DEFER),
        ('<script type="text/javascript" language="JavaScript" src="/a.js"></script>', {}),
        ('<script type=module defer src=/a.js ></script>', {"type": ("module",)}),
        ('<script type="MODULE" async>x()</script>', {"type": ("module",), "async": None}),
        ("<script async defer>x()</script>", {}),
        ('<script src="/a.js" nonce="{{ n }}" integrity="sha384-x"></script>', {"nonce": (Expression(0),)}),
        ('<script src="/a.js" id="a{{ n }}b" nonce="{{ n }}"></script>', {"id": ("a", N, "b"), "nonce": (N,)}),
        ('<script src="/a.js" data-a=\'"&lt;\' data-a="2"></script>', {"data-a": ('"<',)}),
        ('<script src="//h/a.js" integrity="sha384-x"></script>', {"integrity": ("sha384-x",)}),
    ],
)  # fmt: skip
def test_attributes_are_kept_but_those_that_mean_nothing_for_the_output(
    element: str, attributes: dict[str, object], tmp_path: Path
) -> None:
    assert dict(one(tmp_path, js(element)).elements[0].attributes) == attributes


@pytest.mark.parametrize(
    ("inside", "sizes"),
    [
        ('<script src="/a.js"></script> <!-- {{ x }} --> <script>b()</script><script></script>', [2]),
        ('<script src="/a.js"></script><script defer src="/b.js"></script><script src="/c.js"></script>', [1, 1, 1]),
        ('<script src="/a.js" async defer></script><script src="/b.js" defer async></script>', [2]),
        ('<script src="/a.js" nonce="{{ n }}"></script><script nonce="{{ n }}">b()</script>', [2]),
        ('<script src="/a.js" nonce="{{ n }}"></script><script nonce="{{ m }}">b()</script>', [1, 1]),
        ('<script src="/a.js" nonce="{{ n.m }}"></script><script nonce="{{ n . m }}">b()</script>', [2]),
        ('<script src="/a.js" id="{{ n.m() }}"></script><script id="{{ n.m() }}">b()</script>', [1, 1]),
        ('<script src="/a.js" id="{{ n|f }}"></script><script id="{{ n|f }}">b()</script>', [1, 1]),
        ('<script src="/a.js" id="{{ n().m }}"></script><script id="{{ n().m }}">b()</script>', [1, 1]),
        ('<script src="/a.js" id="{{ 1 }}"></script><script id="{{ true }}">b()</script>', [1, 1]),
        ('<script type="module" src="/a.js"></script><script type="module" src="/b.js"></script>', [1, 1]),
        ('<script src="/a.js"></script><script src="//h/b.js"></script><script src="/c.js"></script>', [1, 1, 1]),
    ],
)
def test_neighbours_of_equal_attributes_are_one_output(inside: str, sizes: list[int], tmp_path: Path) -> None:
    assert [len(group.elements) for group in one(tmp_path, js(inside)).groups()] == sizes


def test_a_block_of_inheritance_is_to_stand_around_blocks(tmp_path: Path) -> None:
    _, problems = collected(tmp_path, css("{% block more %}" + LINK + "{% endblock %}"))
    assert "{% block more" not in problems[0].hint
    assert "{% block ... %}{% bundle" in problems[0].hint


@pytest.mark.parametrize("tag", ["bundle", "compress"])
@pytest.mark.parametrize(
    ("words", "head"),
    [
        ('"css"', ("css", "file", "")),
        ("css", ("css", "file", "")),
        ("css file", ("css", "file", "")),
        ('"CSS" "inline"', ("css", "inline", "")),
        ("css preload head", ("css", "preload", "head")),
    ],
)
def test_kind_mode_and_name_stand_in_the_tag(tag: str, words: str, head: tuple[str, str, str], tmp_path: Path) -> None:
    assert one(tmp_path, f"{{%- {tag} {words} -%}}{LINK}{{%- end{tag} -%}}").head == head


@pytest.mark.parametrize(
    "comment", ["<!-->", "<!--->", "<!---->", "<!-- --!>", "<!----!>", "<!---!> -->", "<!--\n- --->"]
)
def test_a_comment_ends_where_browsers_end_it(comment: str, tmp_path: Path) -> None:
    found = one(tmp_path, css(f"{comment}{LINK}<!-- -->"))
    assert [element.target for element in found.elements] == [Asset("a.css")]


def test_thousands_of_expressions_have_a_number_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To compare every expression with all others takes minutes; here it fails at the first time."""

    def refuse(one: object, other: object) -> bool:
        raise AssertionError("two expressions are compared")

    monkeypatch.setattr(jinja2.nodes.Node, "__eq__", refuse)
    given = "".join(f' data-{number}="{{{{ x{number} }}}}{{{{ f() }}}}"' for number in range(50))
    (element,) = one(tmp_path, css(LINK.replace(" href", f"{given} href"))).elements
    parts = [part for _, value in element.attributes for part in value or ()]
    assert sorted(part.number for part in parts if isinstance(part, Expression)) == list(range(100))


DEPENDS = "this block's content depends on the context"
# (block, message, what stands there)
REFUSED = [
    (css('<link rel="stylesheet" href="{{ x }}">'), f"{DEPENDS}: its href is only known at render", "{{ x }}"),
    (css('<link rel="stylesheet" href="{{ asset_url(x) }}">'), f"{DEPENDS}: its href", "{{ asset_url(x) }}"),
    (css("<link rel=\"stylesheet\" href=\"{{ url_for('bp.static', filename='a.css') }}\">"), DEPENDS, "{{ url_for"),
    (css('<link rel="{{ r }}" href="{{ asset_url(\'a.css\') }}">'), f"{DEPENDS}: its rel", "{{ r }}"),
    (css("{{ x }}"), f"{DEPENDS}: an expression stands between its elements", "{{ x }}"),
    (css("{% if x %}" + LINK + "{% endif %}"), f"{DEPENDS}: {{% if %}} stands in it", "if x"),
    (
        "{% block a %}" + css(LINK).replace("{% endbundle %}", "{% endblock %}"),
        "a block that does not end: there is no {% endbundle %} before {% endblock %}",
        "endblock",
    ),
    (css("{% include 'x' %}"), f"{DEPENDS}: {{% include %}}", "include"),
    (css("{% unheard of %}"), f"{DEPENDS}: {{% unheard %}}", "unheard of"),
    (css("<style>a{color:{{ x }}}</style>"), f"{DEPENDS}: an expression stands in its code", "{{ x }}"),
    (js("<script>x({{ y|tojson }})</script>"), f"{DEPENDS}: an expression stands in its code", "{{ y|tojson }}"),
    (js("<script>x('{{ asset_url(\"a.png\") }}')</script>"), "an asset's URL in a script", "{{ asset_url"),
    (js("<script {{ x }} src='/a.js'></script>"), f"{DEPENDS}: an expression is an attribute", "{{ x }}"),
    (js("<script data-{{ x }}='1' src='/a.js'></script>"), f"{DEPENDS}: an expression is part of", "{{ x }}"),
    (js("<script type='{{ x }}' src='/a.js'></script>"), f"{DEPENDS}: its type", "{{ x }}"),
    (css('<link rel="stylesheet" href="a.css">'), 'the href "a.css" is relative to the page', "a.css"),
    (css('<link rel="stylesheet" href="">'), "an empty href", ""),
    (css('<link rel="stylesheet">'), "a <link> without href", "<link"),
    (css('<link rel="preload" href="/a.css">'), "a <link> that is no style sheet", "<link"),
    (css('<link rel="stylesheet" type="text/scss" href="/a.css">'), 'a <link> of the type "text/scss"', "text/scss"),
    (css("<script>a()</script>"), "a <script> in a block of css", "<script>"),
    (js("<style>a{}</style>"), "a <style> in a block of js", "<style>"),
    (css("<meta>"), "a block of css holds <link> and <style> alone, and here stands `<meta>`", "<meta>"),
    (css("a { color: red }"), "a block of css holds", "a {"),
    (css("<style>a{}"), "a <style> that does not end", "<style>"),
    (css("<!-- a"), "a comment that does not end", "<!-- a"),
    (css('<link rel="stylesheet href=x>'), "the tag <link> cannot be read", ""),
    (js('<script type="application/json">{}</script>'), 'a <script> of the type "application/json"', "application"),
    (js('<script src="/a.js">b()</script>'), "a <script> with src, whose own text no browser runs", "<script"),
    (js("<script>'<!--<script>'</script>"), "`<!--` and then `<script`", "<!--"),
    ('{% bundle "js" inline %}<script defer src="/a.js"></script>{% endbundle %}', "would not be deferred", "<script"),
    ("{% bundle %}{% endbundle %}", "a block holds css or js, and this one says nothing", "bundle %}"),
    ('{% bundle "img" %}{% endbundle %}', 'a block holds css or js, and this one says "img"', "bundle"),
    ("{% bundle css now %}{% endbundle %}", 'a block has no mode "now"', "bundle"),
    ("{% bundle css file a/b %}{% endbundle %}", f"{DEPENDS}: its tag", "/b"),
    ("{% bundle css file a b %}{% endbundle %}", "one name", "bundle"),
    ('{% bundle "css" %}' + LINK, "a block that does not end: there is no {% endbundle %}", "bundle"),
    (css("\0"), "a null character", "\0"),
]


@pytest.mark.parametrize(("text", "message", "at"), REFUSED)
def test_what_cannot_be_compiled_is_told_with_its_place_and_what_to_write(
    text: str, message: str, at: str, tmp_path: Path
) -> None:
    before = "{# ä #}\n  \n<p>"
    _, problems = collected(tmp_path, before + text)
    assert [problem.code for problem in problems] == ["template-block"]
    problem = problems[0]
    assert message in problem.text
    assert problem.hint
    assert problem.place is not None
    assert (problem.place.line, problem.place.source_line) == (3, "<p>" + text)
    assert problem.place.source_line[problem.place.column - 1 :].startswith(at)


@pytest.mark.parametrize(("text", "message", "at"), REFUSED)
def test_the_running_app_refuses_the_same_at_the_same_line(text: str, message: str, at: str) -> None:
    env = jinja2.Environment()
    install(env, Assets.for_tests())
    with pytest.raises(jinja2.TemplateSyntaxError, match="; ") as caught:
        env.from_string("\n\n" + text)
    assert message in str(caught.value)
    assert caught.value.lineno == 3


# --- equal on both sides ---------------------------------------------------------------------------------

BLANKS = st.text(" \t\n", max_size=4)
COMMENTS = st.sampled_from(["", "{# c #}", " {# c #} ", "\n{# c\n c #}\n", "\n  {# c #}\n  ", "{# c #}\n"])
NAMES = st.sampled_from(["a.css", "css/ä b.css", "x'y.css"])
QUOTED = st.sampled_from(["print", "a&amp;b", "{{ n }}", "{{ n.m(1) }}", "x{{ n }}", "ü"])
ATTRIBUTES = st.lists(st.tuples(st.sampled_from(["media", "nonce", "data-x", "title", "id"]), QUOTED), max_size=3)
CODE = st.lists(
    st.one_of(
        st.sampled_from(
            ["a{}", "/* \u2028 */", "b > c { d: 'e' }", "@media x { f{} }", "{% raw %}{{ g }}{% endraw %}"]
        ),
        BLANKS,
        COMMENTS,
    ),
    max_size=6,
).map("".join)


@st.composite
def elements(draw: st.DrawFn) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in draw(ATTRIBUTES))
    if draw(st.booleans()):
        return f"<style{attributes}>{draw(CODE)}</style>"
    name = draw(NAMES)
    url = draw(st.sampled_from([f'{{{{ asset_url("{name}") }}}}', "/static/plain.css", "https://h/x.css"]))
    return f"<link rel='stylesheet'{attributes} href='{url}'>" if "'" not in url else f"<style>{name}{{}}</style>"


BODIES = st.lists(st.one_of(elements(), BLANKS, COMMENTS), max_size=6).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    body=BODIES,
    trims=st.booleans(),
    strips=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    control=st.sampled_from(["", "-"]),
)
def test_a_running_app_asks_for_a_key_that_the_build_has_whatever_its_environment(
    body: str, trims: bool, strips: bool, newline: str, control: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = f'<p>\n {{% bundle "css" {control}%}}{body}{{%{control} endbundle %}}</p>'
    found, problems = collected(tmp_path_factory.getbasetemp(), text.replace("\n", newline))
    assert problems == ()
    env = jinja2.Environment(trim_blocks=trims, lstrip_blocks=strips, newline_sequence=newline)  # type: ignore[arg-type]
    install(env, Assets.for_tests(names=["a.css", "css/ä b.css", "x'y.css"]))
    asked = blocks_of(env, text)
    assert {block.key for block in asked} <= {block.key for block in found}
    assert len(asked) == 1


def blocks_of(env: jinja2.Environment, text: str) -> list[blocks.Block]:
    """The blocks of a template, as its syntax tree holds them for the code that is generated from it."""
    calls = env.parse(text).find_all(jinja2.nodes.Call)
    return [
        blocks.loads(call.args[0].value)  # type: ignore[attr-defined]
        for call in calls
        if isinstance(call.node, jinja2.nodes.ExtensionAttribute) and call.node.name == "block"
    ]


@settings(max_examples=100, deadline=None)
@given(body=BODIES)
def test_a_block_comes_back_from_its_canonical_json_with_its_key(
    body: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for block in collected(tmp_path_factory.getbasetemp(), css(body))[0]:
        text = blocks.dumps(block)
        assert text.isascii()
        assert blocks.loads(text) == block
        assert blocks.loads(text).key == block.key
        assert len(blocks.loads(text).groups()) == len(block.groups())


def test_the_key_of_a_block_is_fixed() -> None:
    """Another key would take every deployed manifest's blocks away from the app: then `VERSION` is raised."""
    element = Element((("media", ("print", Expression(0))), ("x", None)), Asset("a.css"))
    block = blocks.Block(blocks.Head("css"), (element, Element((), Code("a{}"))))
    assert json.loads(blocks.dumps(block)) == [
        1, "css", "file", "", [["asset", "a.css", [["media", ["print", 0]], ["x", None]]], ["text", "a{}", []]],
    ]  # fmt: skip
    assert block.key == "bbdd484630d08024de1ff84f2d9f04048c191c4eab97674ab21d6e081f07dbdc"


def test_what_a_block_says_decides_on_its_key_and_where_it_stands_does_not(tmp_path: Path) -> None:
    first = one(tmp_path, css(LINK))
    assert one(tmp_path, "\n\n" + css(f"\n  {LINK}\n<!-- c -->")).key == first.key
    assert one(tmp_path, css(LINK.replace("a.css", "b.css"))).key != first.key
    assert one(tmp_path, css(LINK.replace("rel=", "media=print rel="))).key != first.key
    assert one(tmp_path, css(LINK).replace('"css"', '"css" preload')).key != first.key


def test_a_comment_behind_code_gives_a_key_for_environments_that_trim_and_one_for_the_others(tmp_path: Path) -> None:
    found, _ = collected(tmp_path, css("<style>a{} {# x #}\n b{}</style>"))
    assert [element.target for block in found for element in block.elements] == [Code("a{}\nb{}"), Code("a{}  b{}")]


FRAGMENTS = st.sampled_from(
    [
        *(
            "<link",
            "<style",
            "<script",
            "</style>",
            "</script",
            ">",
            "/>",
            "<",
            "<!--",
            "-->",
            "=",
            '"',
            "'",
            "/",
            " ",
            "\n",
        ),
        *(
            " rel=stylesheet",
            ' href="/a.css"',
            " href=/a.css",
            " src='/a.js'",
            " type=module",
            " media=x",
            " a",
            "&quot;",
        ),
        *(
            "{{ n }}",
            "{{ asset_url('a.css') }}",
            "{{ STATIC_URL }}",
            "{# c #}",
            "{{ x",
            "}}",
            "{% raw %}",
            "{% endraw %}",
        ),
        *("{% if x %}", "{% endif %}", "{%", "%}", "{% endbundle %}", '{% bundle "css" %}', "\0", "\r", "ä", "\u2028"),
    ]
)


WHOLE = {
    "css": (LINK, "<style media='{{ m }}'>a{ b: c }</style>", "<link rel=stylesheet href=/a.css>", "{# c #}", "\n"),
    "js": ("<script src='/a.js'></script>", "<script defer>f({# c #}\n1)</script>", "<!-- c -->", "\n"),
}
TAGS = {'bundle "css"': "css", "bundle js": "js", "compress css inline": "css"}


@st.composite
def block_texts(draw: st.DrawFn) -> str:
    """A block of fragments, or of whole elements with few fragments among them."""
    tag = draw(st.sampled_from(sorted(TAGS)))
    few = st.lists(FRAGMENTS, max_size=1)
    whole = st.lists(st.sampled_from(WHOLE[TAGS[tag]]), max_size=3)
    parts = draw(st.lists(FRAGMENTS, max_size=14) | st.tuples(whole, few, whole).map(chain.from_iterable))
    return f"{{% {tag} %}}{''.join(parts)}{{% end{tag.partition(' ')[0]} %}}"


def test_whatever_stands_in_a_block_what_an_app_accepts_the_build_has_compiled(tmp_path: Path) -> None:
    accepted = 0

    @settings(max_examples=400, deadline=None)
    @given(block_texts())
    def law(text: str) -> None:
        nonlocal accepted
        found, problems = collected(tmp_path, text)
        env = jinja2.Environment()
        install(env, Assets.for_tests(names=["a.css"]))
        try:
            asked = blocks_of(env, text)
        except jinja2.TemplateSyntaxError:
            return
        assert problems == ()
        assert {block.key for block in asked} <= {block.key for block in found}
        accepted += bool(asked)

    law()
    assert accepted >= 20, "too few of the blocks were real ones"


# --- where blocks are ------------------------------------------------------------------------------------


def test_blocks_are_found_in_every_branch_and_beside_tags_that_nobody_knows(tmp_path: Path) -> None:
    def link(name: str) -> str:
        return css(f"<link rel=stylesheet href=\"{{{{ asset_url('{name}.css') }}}}\">")

    text = f"""{{% extends base %}}
    {{% if a %}}{link("if")}{{% elif b %}}{link("elif")}{{% else %}}{link("else")}{{% endif %}}
    {{% for x in y %}}{link("for")}{{% else %}}{link("forelse")}{{% endfor %}}
    {{% macro m(n) %}}{link("macro")}{{% endmacro %}}{{% block b %}}{link("block")}{{% endblock %}}
    {{% cache 300, "x" %}}{link("cache")}{{% endcache %}}
    {{# {link("comment").replace("{{", "{").replace("}}", "}")} #}}{{% raw %}}{link("raw")}{{% endraw %}}"""
    found, problems = collected(tmp_path, text)
    assert problems == ()
    named = [element.target.name for block in found for element in block.elements if isinstance(element.target, Asset)]
    assert named == [f"{name}.css" for name in ("if", "elif", "else", "for", "forelse", "macro", "block", "cache")]


def test_a_template_without_blocks_is_not_parsed(tmp_path: Path) -> None:
    assert collected(tmp_path, "{% if %}{{ ") == ([], ())
    assert collected(tmp_path, "the words bundle and compress; {{ bundle }}") == ([], ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{% bundle "css" %}\xff{% endbundle %}', "template-encoding"),
        (b'{% bundle "css" %}{{ "x }}{% endbundle %}', "template-syntax"),
        (b'{% bundle "css" %}{{ 1 2 }}{% endbundle %}', "template-syntax"),
    ],
)
def test_a_template_with_blocks_that_cannot_be_read_is_an_error(data: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(data)
    found = template_blocks.collect([str(tmp_path / "page.html")])
    assert [problem.code for problem in found.problems] == [code]
    assert found.digest == ""


def test_a_template_that_is_gone_is_an_error(tmp_path: Path) -> None:
    assert [one.code for one in template_blocks.collect([str(tmp_path / "x.html")]).problems] == ["template-unreadable"]


def test_a_place_counts_lines_of_what_stands_before() -> None:
    pieces = [Piece("<style>a{}</style>\n\n ", 4), Piece(Expression(0), 6), Piece("\n<b>", 6)]
    with pytest.raises(BlockError) as caught:
        blocks.read(blocks.Head("css"), [pieces[0], pieces[2]])
    assert jinja_blocks.line_of(caught.value.where) == 7
