"""Blocks of templates through whole builds: outputs, manifest, pages, places of problems, what a build looks at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from assetbuild import AssetbuildError, Assets, UnknownAsset, __version__, block_markup, blocks
from assetbuild.build import index, inspection, template_blocks, template_files, templates, uptodate, watching
from assetbuild.build.model import BuildFailed
from assetbuild.build.pipeline import Options
from tests.blocks import collected, environment, load, rendered, site
from tests.project import Project, png

FILES: dict[str, str | bytes] = {
    "css/a.css": "a{b:url(../img/i.png)}\n",
    "css/b.css": '@import "part.css";\nc{}\n',
    "css/part.css": "part{}\n",
    "js/a.js": "var a = 1\n",
    "js/b.js": "b()\n",
    "js/m.js": 'import "./dep.js";\n',
    "js/dep.js": "export {};\n",
    "img/i.png": png(),
}
SRI = r'integrity="sha384-[\w+/]{64}"'


def link(name: str, more: str = "") -> str:
    return f'<link rel="stylesheet"{more} href="{{{{ asset_url(\'{name}\') }}}}">'


def script(name: str, more: str = "") -> str:
    return f"<script{more} src=\"{{{{ url_for('static', filename='{name}') }}}}\"></script>"


def css(inside: str, words: str = '"css"') -> str:
    return f"{{% bundle {words} %}}{inside}{{% endbundle %}}"


def js(inside: str, words: str = '"js"') -> str:
    return css(inside, words)


def page(root: Path, template: str, **changes: str | bytes) -> Project:
    return site(root, {"page.html": template}, FILES | changes)


def outputs(made: Project) -> list[str]:
    """What the blocks made, in the order of the manifest's keys."""
    return [name for names in made.manifest["blocks"].values() for name in names]


# --- what comes out --------------------------------------------------------------------------------------


def test_neighbours_become_one_output_with_imports_and_references_as_in_any_bundle(tmp_path: Path) -> None:
    text = css(link("css/a.css") + "<style>d{e:url(img/i.png)}</style>" + link("css/b.css"))
    made = page(tmp_path, text)
    assert made.build().problems == ()
    (name,) = outputs(made)
    assert re.fullmatch(r"blocks/[0-9a-f]{16}\.css", name)
    image = "../" + made.path("img/i.png")
    assert made.read(name).split() == [f"a{{b:url({image})}}", f"d{{e:url({image})}}", "part{}", "c{}"]
    assert re.fullmatch(rf'<link rel="stylesheet" href="/static/{made.path(name)}" {SRI}>', rendered(made))


def test_attributes_are_written_again_and_values_of_a_render_are_escaped(tmp_path: Path) -> None:
    text = js(
        script("js/a.js", ' nonce="{{ n }}" data-x="1 &amp; {{ x }}" crossorigin=use-credentials')
        + script("js/b.js", " defer")
        + script("js/m.js", " type=module async nonce='{{ n }}'")
    )
    made = page(tmp_path, text)
    made.build()
    found = rendered(made, n=Markup('"><b>'), x="'&")
    url = "/static/" + made.path("js/m.js")
    first, second = (name for name in outputs(made) if name.startswith("blocks/"))
    assert re.sub(f" {SRI}", "", found).split("\n") == [
        f'<script src="/static/{made.path(first)}" crossorigin="use-credentials" data-x="1 &amp; &#39;&amp;"'
        ' nonce="&#34;&gt;&lt;b&gt;"></script>',
        f'<script src="/static/{made.path(second)}" defer></script>',
        f'<link rel="modulepreload" href="/static/{made.path("js/dep.js")}" nonce="&#34;&gt;&lt;b&gt;">',
        f'<script src="{url}" async nonce="&#34;&gt;&lt;b&gt;" type="module"></script>',
    ]


def test_every_expression_but_a_look_up_is_worked_out_at_each_of_its_places(tmp_path: Path) -> None:
    one = link("css/a.css", ' data-a="{{ 1 }}" data-b="{{ true }}" data-c="{{ 1.0 }}" data-d="{{ c.next() }}"')
    made = page(tmp_path, css(one + "".join(link("css/b.css", ' media="{{ c.next() }}"') for _ in range(2))))
    made.build()
    found = rendered(made, c=jinja2.utils.Cycler("x", "y", "z"))
    assert re.findall(r' (?:data-.|media)="([^"]*)"', found) == ["1", "True", "1.0", "x", "y", "z"]


def test_a_value_that_is_html_already_is_not_escaped_again_and_cannot_end_its_attribute(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css", ' data-a="{{ v|e }}" data-b="{{ w }}" data-c="{{ w|safe }}"')))
    made.build()
    found = rendered(made, v='a & "b"', w='&amp;"><b')
    assert re.findall(r' data-.="([^"]*)"', found) == [
        "a &amp; &#34;b&#34;",
        "&amp;amp;&#34;&gt;&lt;b",
        "&amp;&#34;&gt;&lt;b",
    ]


def test_what_is_elsewhere_stays_as_it_is_and_in_its_place(tmp_path: Path) -> None:
    far = '<script integrity="sha384-x" src="https://cdn.example.com/x.js?a&amp;b" async></script>'
    made = page(tmp_path, js(script("js/a.js") + far + script("js/b.js")))
    made.build()
    lines = rendered(made).split("\n")
    assert lines[1] == '<script src="https://cdn.example.com/x.js?a&amp;b" async integrity="sha384-x"></script>'
    assert [made.read(name) for name in outputs(made)] == ["var a = 1\n", "b()\n"]


def test_code_of_a_module_is_published_by_itself_and_imports_from_the_root(tmp_path: Path) -> None:
    made = page(tmp_path, js('<script type="module">import "./js/m.js";</script>'))
    made.build()
    (name,) = outputs(made)
    assert re.fullmatch(r"block-[0-9a-f]{16}\.mjs", name)
    assert made.read(name) == f'import "./{made.path("js/m.js")}";'
    assert made.manifest["assets"][name]["imports"] == ["js/m.js", "js/dep.js"]
    assert rendered(made).count("modulepreload") == 2


def test_code_of_a_module_that_nothing_changes_is_written_too(tmp_path: Path) -> None:
    made = page(tmp_path, js('<script type="module">a();</script>'))
    made.build()
    assert made.read(*outputs(made)) == "a();"


def test_mode_inline_writes_the_text_with_urls_that_count_from_the_page(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css", ' media="print" nonce="{{ n }}"'), "css inline"))
    made.build()
    url = "/static/" + made.path("img/i.png")
    assert rendered(made, n="n") == f'<style media="print" nonce="n">a{{b:url({url})}}\n</style>'


def test_mode_preload_writes_preloads_of_the_same_outputs(tmp_path: Path) -> None:
    text = css(link("css/a.css", ' media="print" title="t"'), "css preload")
    text += js(script("js/a.js") + script("js/m.js", " type=module"), "js preload")
    made = page(tmp_path, text)
    made.build()
    found = re.sub(f" {SRI}", "", rendered(made)).replace("/static/", "")
    sheet, classic = (made.path(name) for name in outputs(made) if name.startswith("blocks/"))
    if sheet.endswith(".js"):
        sheet, classic = classic, sheet
    assert found.replace("><", ">\n<").split("\n") == [
        f'<link rel="preload" as="style" href="{sheet}" media="print">',
        f'<link rel="preload" as="script" href="{classic}">',
        f'<link rel="modulepreload" href="{made.path("js/dep.js")}">',
        f'<link rel="modulepreload" href="{made.path("js/m.js")}">',
    ]


def test_from_another_origin_outputs_are_fetched_with_cors(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css")))
    made.build()
    env = environment(load(made, base_url="https://cdn.example.com/x"), made.root)
    assert 'crossorigin="anonymous"' in env.get_template("page.html").render()


def test_a_block_that_is_one_configured_bundle_is_that_bundle(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/app.css")) + css(link("css/app.css") + "<style>x{}</style>"))
    made.write(
        {"assetbuild.toml": (made.root / "assetbuild.toml").read_text() + '[bundles]\n"css/app.css" = ["css/*.css"]\n'}
    )
    made.build()
    names = outputs(made)
    assert "css/app.css" in names
    (other,) = (name for name in names if name != "css/app.css")
    assert made.read(other) == made.read("css/app.css") + "x{}\n"


def test_equal_content_is_one_output_whatever_its_attributes_and_template(tmp_path: Path) -> None:
    made = site(tmp_path, {"a.html": css(link("css/a.css")), "b/c.html": css(link("css/a.css", " media=print"))}, FILES)
    made.build()
    assert len(made.manifest["blocks"]) == 2
    assert len(set(outputs(made))) == 1


def test_a_sheet_that_is_linked_twice_counts_at_its_last_place(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/part.css") + "<style>x{}</style>" + link("css/part.css")))
    made.build()
    assert made.read(*outputs(made)).split() == ["x{}", "part{}"]


def test_code_has_the_encoding_of_its_template_whatever_it_says(tmp_path: Path) -> None:
    made = page(tmp_path, css('<style>@charset "iso-8859-1";a{b:"ä"}</style>'))
    made.build()
    assert made.read(*outputs(made)).strip() == 'a{b:"ä"}'


def test_a_name_in_the_tag_begins_the_names_of_outputs(tmp_path: Path) -> None:
    made = page(tmp_path, "{% compress css file head %}" + link("css/a.css") + "{% endcompress %}")
    made.build()
    assert re.fullmatch(r"blocks/head-[0-9a-f]{16}\.css", outputs(made)[0])


def test_inputs_need_not_be_published_and_plain_paths_are_found_below_static(tmp_path: Path) -> None:
    text = css('<link rel="stylesheet" href="/static/css/_x.css?v=1"><link rel="stylesheet" href="/css/%5fx.css">')
    made = page(tmp_path, text, **{"css/_x.css": "x{}\n"})
    made.write(
        {
            "assetbuild.toml": (made.root / "assetbuild.toml")
            .read_text()
            .replace("compress", 'exclude = ["**/_*"]\ncompress', 1)
        }
    )
    assert made.build().problems == ()
    assert made.read(*outputs(made)) == "x{}\n"


def test_the_same_templates_give_the_same_manifest_wherever_they_lie(tmp_path: Path) -> None:
    made = [page(tmp_path / name, css("<style>a{}</style>") + js(script("js/a.js"))) for name in ("one", "two")]
    first, second = (each.build() for each in made)
    assert first.manifest == second.manifest


def test_a_project_without_blocks_has_the_manifest_that_it_had(tmp_path: Path) -> None:
    with_templates = page(tmp_path / "one", "<p>{{ asset_url('css/a.css') }}")
    without = page(tmp_path / "two", "")
    without.write({"assetbuild.toml": (without.root / "assetbuild.toml").read_text().partition("\n")[2]})
    assert with_templates.build().manifest == without.build().manifest
    assert "blocks" not in with_templates.manifest


# --- what is wrong, and where ----------------------------------------------------------------------------

# (template, code, what stands there)
WRONG = [
    (css(link("css/x.css")), "template-unknown-asset", "<link"),
    (css('<link rel="stylesheet" href="/css/x.css">'), "template-unknown-asset", "<link"),
    (css('<link rel="stylesheet" href="/%ff.css">'), "bad-url", "<link"),
    (css(link("js/a.js")), "input-of-another-type", "<link"),
    (css("<style>\n\n  a { b: url(img/none.png) }\n</style>"), "missing", "img/none.png"),
    (css('<style>a{b:url("{{ asset_url("img/none.png") }}")}</style>'), "missing", "{{ asset_url"),
    (css("<style>x{}{# c #}\n  a{b:url(img/none.png)}</style>"), "missing", "img/none.png"),
    (css('<style>a{}</style><style>b{}@import "css/none.css";</style>'), "missing", "css/none.css"),
    (js("<script>ok();\n  var = 1</script>"), "js-syntax", ""),
    (js("<script>\nimport './js/dep.js'</script>"), "module-in-bundle", "import"),
    (js('<script type="module">\n  let = = 1</script>'), "js-syntax", ""),
    (js('<script type="module">import "./none.js"</script>'), "missing", "./none.js"),
    (js(script("js/a.js") + script("js/a.js")), "block-repeats", "<script"),
    (js(script("js/m.js", " type=module"), "js inline"), "block-not-inline", "bundle"),
    (js(script("js/end.js"), "js inline"), "block-not-inline", "bundle"),
    (css("{{ x }}"), "template-block", "{{ x }}"),
]


@pytest.mark.parametrize(("text", "code", "at"), WRONG)
def test_what_is_wrong_is_told_at_its_line_and_column_in_the_template(
    text: str, code: str, at: str, tmp_path: Path
) -> None:
    made = page(tmp_path, "<p>ä</p>\n  " + text, **{"js/end.js": "a = '</script>'"})
    with pytest.raises(BuildFailed) as caught:
        made.build()
    problem = caught.value.problems[0]
    assert problem.hint
    assert problem.place is not None
    assert problem.place.path == str(made.root / "templates" / "page.html")
    assert problem.code == code
    lines = ("<p>ä</p>\n  " + text).split("\n")
    assert lines[problem.place.line - 1] == problem.place.source_line
    assert lines[problem.place.line - 1][problem.place.column - 1 :].startswith(at)
    assert not made.output.exists()


def test_a_module_that_a_block_loads_has_to_be_published(tmp_path: Path) -> None:
    made = page(tmp_path, js(script("js/_m.js", " type=module")), **{"js/_m.js": "export {}"})
    made.write({"assetbuild.toml": 'exclude = ["**/_*"]\n' + (made.root / "assetbuild.toml").read_text()})
    assert made.codes() == ["not-published"]


def test_all_blocks_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    made = site(tmp_path, {"a.html": css("{{ x }}") + css("<meta>"), "b.html": css(link("none.css"))}, FILES)
    assert made.codes() == ["template-block", "template-block", "template-unknown-asset"]


def test_check_tells_of_blocks_and_reads_templates_that_have_them(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/_x.css")) + "{{ asset_url('none.png') }}", **{"css/_x.css": "x{}"})
    made.write({"assetbuild.toml": 'exclude = ["**/_*"]\n' + (made.root / "assetbuild.toml").read_text()})
    assert [problem.code for problem in inspection.check(made.config)] == ["template-unknown-asset"]
    made.write({"templates/page.html": css(link("none.css"))})
    assert "there is no source" in inspection.check(made.config)[0].text
    made.write({"templates/page.html": css("{{ x }}") + "{{ asset_url('none.png') }}"})
    assert [problem.code for problem in inspection.check(made.config)] == ["template-block", "template-unknown-asset"]


# --- at run time -----------------------------------------------------------------------------------------


def test_a_literal_block_costs_nothing_per_render(tmp_path: Path) -> None:
    made = page(tmp_path, "")
    made.write({"templates/page.html": css(link("css/a.css"))}).build()
    code = str(environment(load(made)).compile(css(link("css/a.css")), raw=True))
    assert made.path(*outputs(made)) in code
    assert "block" not in code.replace("blocks/", "").replace("blocks = {}", "").replace("debug_info", "")


@pytest.mark.parametrize(
    "options", [{"bytecode_cache": True}, {"enable_async": True}, {"autoescape": False}, {"trim_blocks": True}]
)
def test_a_block_is_the_same_in_every_environment(options: dict[str, Any], tmp_path: Path) -> None:
    text = css(link("css/a.css") + "<style>\n  {# c #}\n x{}\n</style>" + link("css/b.css", ' nonce="{{ n }}"'))
    made = page(tmp_path, text)
    made.build()
    if "bytecode_cache" in options:
        options = {"bytecode_cache": jinja2.FileSystemBytecodeCache(str(tmp_path))}
    for assets in (load(made), load(made, reload=True)):
        env = environment(assets, made.root, **options)
        assert env.get_template("page.html").render(n='"') == rendered(made, n='"')


def test_a_manifest_that_is_read_anew_answers_for_a_block_that_was_compiled_before(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css")))
    made.build()
    template = environment(load(made, reload=True), made.root).get_template("page.html")
    before = template.render()
    made.write({"static/css/a.css": "other{}"}).build()
    assert template.render() == rendered(made) != before


def test_an_unknown_block_fails_when_the_template_is_compiled_with_its_line_and_the_command(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css")))
    made.build()
    for reload in (False, True):
        with pytest.raises(jinja2.TemplateAssertionError, match=r"`templates`.*and run `assetbuild build`$") as caught:
            environment(load(made, reload=reload)).from_string(
                "\n{% if x %}\n" + css(link("css/b.css")) + "{% endif %}"
            )
        assert caught.value.lineno == 3


def test_tests_of_an_app_need_no_build_and_are_as_strict_about_assets(tmp_path: Path) -> None:
    made = page(tmp_path, "")
    env = environment(Assets.for_tests(made.root / "static"))
    text = css(link("css/a.css", ' media="{{ m }}"') + "<style>x{}</style>") + js(script("js/a.js", " defer"))
    found = re.sub(f" {SRI}", "", env.from_string(text).render(m="print"))
    assert found == (
        '<link rel="stylesheet" href="/static/css/a.css" media="print">\n<style>x{}</style>'
        '<script src="/static/js/a.js" defer></script>'
    )
    with pytest.raises(jinja2.TemplateAssertionError) as caught:
        env.from_string(css(link("css/x.css")))
    assert isinstance(caught.value.__cause__, UnknownAsset)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=20), nonce=st.text(max_size=20))
def test_no_value_breaks_out_of_its_attribute(value: str, nonce: str, built: Project) -> None:
    from html.parser import HTMLParser

    seen: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_starttag = lambda tag, attrs: seen.append((tag, dict(attrs)))  # type: ignore[method-assign]
    parser.feed(rendered(built, v=value, n=nonce))
    parser.close()
    assert [tag for tag, _ in seen] == ["script"]
    assert seen[0][1]["data-v"] == f"<{value}>"
    assert seen[0][1]["nonce"] == nonce


def test_no_text_breaks_out_of_its_element(tmp_path: Path) -> None:
    text = css(link("css/x.css"), "css inline")
    made = page(tmp_path, text, **{"css/x.css": "a{b:'</style><script>x()</script>'} /* </STYLE> */"})
    made.build()
    found = rendered(made)
    assert found.lower().count("</style") == 1
    assert found.endswith("</style>")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    text = js(script("js/a.js", ' data-v="&lt;{{ v }}>" nonce="{{ n }}"'))
    made = page(tmp_path_factory.mktemp("built"), text)
    made.build()
    return made


def test_an_environment_without_assets_says_so_when_a_block_is_rendered() -> None:
    env = jinja2.Environment(extensions=["assetbuild.jinja.AssetsExtension"])
    with pytest.raises(AssetbuildError, match="has no assets yet"):
        env.from_string(css(link("css/a.css"))).render()


# --- what a build looks at -------------------------------------------------------------------------------


def aged(made: Project) -> Project:
    """Everything as if it were older than what a build distrusts."""
    for path in [made.root, *made.root.rglob("*")]:
        if "public" not in path.parts and ".assetbuild" not in path.parts:
            os.utime(path, (1, 1))
    return made


def test_a_change_of_a_block_is_a_change_and_one_beside_it_is_none(tmp_path: Path) -> None:
    made = aged(page(tmp_path, css(link("css/a.css"))))
    assert not made.build().up_to_date
    assert made.build().up_to_date
    made.write({"templates/page.html": "<p>" + css(link("css/a.css"))})
    assert made.build().up_to_date
    made.write({"templates/page.html": css(link("css/b.css"))})
    assert not made.build().up_to_date
    made.write({"templates/more/x.html": css(link("css/a.css"))})
    assert len(made.build().outputs) == len(FILES) + 2
    (made.root / "templates" / "more" / "x.html").unlink()
    assert len(made.build().outputs) == len(FILES) + 1
    (made.root / "templates" / "page.html").unlink()
    assert "blocks" not in made.build().manifest.decode()


CHANGES: list[Callable[[Path], object]] = [
    lambda folder: (folder / "page.html").write_text(css(link("css/b.css"))),
    lambda folder: (folder / "new.html").touch(),
    lambda folder: (folder / "page.html").unlink(),
    lambda folder: (folder / "deep" / "new").mkdir(),
    lambda folder: (folder / "deep" / "new.html").touch(),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_the_index_knows_of_templates(
    change: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uptodate, "RACY_NS", 0)
    made = site(tmp_path, {"page.html": css(link("css/a.css")), "deep/x.html": ""}, FILES)
    made.build()
    monkeypatch.chdir(made.root)
    assert index.answer(["build"], version=__version__) is not None
    change(made.root / "templates")
    assert index.answer(["build"], version=__version__) is None


def test_a_block_that_is_wrong_is_told_again_by_every_build(tmp_path: Path) -> None:
    made = aged(page(tmp_path, ""))
    made.build()
    made.write({"templates/page.html": css("{{ x }}")})
    assert made.codes() == ["template-block"]
    assert made.codes() == ["template-block"]


def test_a_plan_tells_of_a_block_that_changes_no_output(tmp_path: Path) -> None:
    made = page(tmp_path, css(link("css/a.css")))
    made.build()
    assert made.plan().up_to_date
    made.write({"templates/page.html": css(link("css/a.css"), "css preload")})
    assert not made.plan().up_to_date
    assert inspection.check_output(made.config, options=Options(jobs=1))[0].code == "not-up-to-date"


def test_a_block_is_looked_up_in_the_release_that_is_given_and_kept_there(tmp_path: Path) -> None:
    made = site(tmp_path, {"page.html": ""}, FILES)
    made.build()
    old = load(made)
    made.write({"templates/page.html": css(link("css/a.css"))})
    made.build()
    new = load(made)
    text = blocks.dumps(collected(tmp_path, css(link("css/a.css")))[0][0])
    with pytest.raises(AssetbuildError, match="this block is not in build"):
        block_markup.pieces(text, new, old._current())
    parts = block_markup.pieces(text, new, new._current())
    assert new._current().tags.blocks == {text: parts}
    assert old._current().tags.blocks == {}


def test_templates_and_their_folders_are_among_what_a_build_depends_on(tmp_path: Path) -> None:
    made = site(tmp_path, {"a/page.html": css(link("css/a.css")), "plain.html": "", "a/x.txt": ""}, FILES)
    built = made.build()
    below = made.root / "templates"
    assert {str(below / "a" / "page.html"), str(below / "plain.html")} <= set(built.files)
    assert str(below / "a" / "x.txt") not in built.files
    assert {str(below), str(below / "a")} <= set(built.folders)


def test_watch_sees_templates_that_hold_blocks_and_no_others(tmp_path: Path) -> None:
    made = site(tmp_path, {"page.html": css(link("css/a.css")), "plain.html": ""}, FILES)
    scope = watching.scope_of(made.config, ())
    assert made.root / "templates" in scope.folders
    before = watching.look(scope)
    made.write({"templates/plain.html": "other", "templates/new.html": "<p>"})
    assert watching.causes_between(before, watching.look(scope)) == ()
    made.write({"templates/page.html": css(link("css/b.css")), "templates/plain.html": css("")})
    causes = watching.causes_between(before, watching.look(scope))
    assert [(cause.kind.value, cause.logical) for cause in causes] == [
        ("changed", "templates/page.html"),
        ("added", "templates/plain.html"),
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_watch_sees_that_a_template_can_be_read_again(tmp_path: Path) -> None:
    made = site(tmp_path, {"page.html": ""}, FILES)
    page = made.root / "templates" / "page.html"
    page.unlink()
    os.mkfifo(page)
    scope = watching.scope_of(made.config, ())
    before = watching.look(scope)
    page.unlink()
    page.write_text("without blocks")
    assert [cause.logical for cause in watching.causes_between(before, watching.look(scope))] == ["templates/page.html"]


def test_a_look_reads_only_templates_that_it_does_not_know_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = site(tmp_path, {"page.html": css(link("css/a.css")), "a.html": "", "b.html": ""}, FILES)
    scope = watching.scope_of(made.config, ())
    read: list[str] = []
    bytes_of = template_files.read

    def noted(path: str) -> bytes:
        read.append(Path(path).name)
        return bytes_of(path)

    monkeypatch.setattr(template_files, "read", noted)
    known: template_blocks.Known = {}
    first = watching.look(scope, known)
    assert sorted(read) == ["a.html", "b.html", "page.html"]
    read.clear()
    (made.root / "templates" / "a.html").unlink()
    made.write({"templates/b.html": "other"})
    assert watching.look(scope, known) == first
    assert read == ["b.html"]
    assert sorted(Path(path).name for path in known) == ["b.html", "page.html"]


def test_a_folder_of_templates_that_is_not_there_yet_is_looked_for(tmp_path: Path) -> None:
    where = template_files.Places(tmp_path, ("deep/er/*.html",))
    assert list(template_files.look(where).folders) == [str(tmp_path)]
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.html").touch()
    assert list(template_files.look(where).files) == [str(tmp_path / "deep" / "er" / "x.html")]


@pytest.mark.parametrize("target", ["elsewhere", "site/elsewhere"])
def test_templates_behind_a_link_to_a_folder_are_seen_and_so_are_their_changes(target: str, tmp_path: Path) -> None:
    made = site(tmp_path / "site", {"page.html": css(link("css/a.css"))}, FILES)
    folder = tmp_path / target / "deep"
    folder.mkdir(parents=True)
    (folder / "x.html").write_text(css(link("css/b.css")))
    (made.root / "templates" / "linked").symlink_to(folder.parent, target_is_directory=True)
    aged(made)
    name = "templates/linked/deep/x.html"
    assert len(made.build().manifest and made.manifest["blocks"]) == 2
    assert str(made.root / name) in [file.path for file in templates.find(made.config).files]
    scope = watching.scope_of(made.config, ())
    before = watching.look(scope)
    (folder / "x.html").write_text(css(link("css/b.css", " media=print")) + css(link("css/b.css")))
    assert [cause.logical for cause in watching.causes_between(before, watching.look(scope))] == [name]
    made.build()
    assert len(made.manifest["blocks"]) == 3
    (made.root / "templates" / "linked").unlink()
    made.build()
    assert len(made.manifest["blocks"]) == 1


def test_links_among_folders_of_templates_come_to_an_end(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(8)]
    for name in names:
        (tmp_path / "t" / name).mkdir(parents=True)
        (tmp_path / "t" / name / "x.html").touch()
        for other in names:
            (tmp_path / "t" / name / f"to-{other}").symlink_to(tmp_path / "t" / other, target_is_directory=True)
        (tmp_path / "t" / name / "up").symlink_to(tmp_path / "t", target_is_directory=True)
        (tmp_path / "t" / name / "root").symlink_to("/", target_is_directory=True)
    seen = template_files.look(template_files.Places(tmp_path, ("t/**/*.html",))).files
    assert {f"{tmp_path}/t/f0/x.html", f"{tmp_path}/t/f7/to-f0/x.html"} <= set(seen)
    assert len(seen) <= len(names) * len(names) + len(names)


def test_a_link_to_what_the_build_writes_is_not_followed(tmp_path: Path) -> None:
    made = site(tmp_path, {}, FILES)
    made.write({"public/assets/deep/page.html": css("{{ x }}")})
    (made.root / "templates").mkdir(exist_ok=True)
    for name, target in (("a", made.output), ("b", made.output / "deep")):
        (made.root / "templates" / name).symlink_to(target, target_is_directory=True)
    assert made.codes() == []


@pytest.mark.parametrize(
    ("patterns", "folders"),
    [
        (("templates/**/*.html",), ["templates"]),
        (("**/*.html", "templates/*.html"), [""]),
        (("a/*.html", "a/b/**", "ab/*.html", "c/d.html"), ["a", "ab", "c"]),
        ((), []),
    ],
)
def test_each_folder_of_templates_is_walked_once(patterns: tuple[str, ...], folders: list[str], tmp_path: Path) -> None:
    assert template_files.Places(tmp_path, patterns).folders == tuple(tmp_path / folder for folder in folders)


def test_what_the_build_writes_is_no_template(tmp_path: Path) -> None:
    made = site(tmp_path, {}, FILES)
    made.write({"assetbuild.toml": (made.root / "assetbuild.toml").read_text().replace("templates/**", "public/**")})
    made.write({"public/assets/page.html": css("{{ x }}")})
    assert made.codes() == []
