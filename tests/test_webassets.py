"""webassets YAML files: what becomes of bundles and filters, what the bridge runs and when again, what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import __version__
from assetbuild.build import (
    filter_modules,
    index,
    inspection,
    pipeline,
    uptodate,
    watching,
    webassets_bridge,
    webassets_read,
    why,
    yaml_places,
)
from assetbuild.build.events import Work
from assetbuild.build.model import BuildFailed, Place, Problem, Severity
from assetbuild.build.webassets_model import IDLE, REWRITING
from tests.project import PLAIN, Project, png, project

FILES: dict[str, str | bytes] = {
    "css/a.css": "a { color: red }\n",
    "css/b.css": "b { background: url(../img/i.png) }\n",
    "js/a.js": "var a = 1;\n",
    "js/b.js": "var b = 2;\n",
    "scss/site.scss": '@import "part";\n.x { .y { color: $c; background: url(../img/i.png) } }\n',
    "scss/_part.scss": "$c: blue;\n",
    "img/i.png": png(),
}
CONFIG = f'webassets = "assets.yml"\nexclude = ["**/*.scss"]\n{PLAIN}'


def yaml_project(
    root: Path, yaml: str, files: Mapping[str, str | bytes] | None = None, config: str = CONFIG
) -> Project:
    return project(root, {**FILES, **(files or {}), "/assets.yml": textwrap.dedent(yaml)}, config)


def errors(made: Project) -> list[Problem]:
    try:
        return [problem for problem in made.build().problems if problem.severity is Severity.ERROR]
    except BuildFailed as failed:
        return [problem for problem in failed.problems if problem.severity is Severity.ERROR]


# --- bundles ---------------------------------------------------------------------------------------------


def test_bundles_with_filters_that_only_minify_need_no_webassets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "webassets", None)
    made = yaml_project(
        tmp_path,
        """
        directory: static
        url: /static
        debug: true
        bundles:
          site:
            contents: [css/a.css, css/b.css]
            filters: cssrewrite, cssmin
            output: gen/site.%(version)s.css
          app:
            contents:
              - js/*.js
            filters: [jsmin, gzip]
            output: gen/app.js
        """,
    )
    made.build()
    image = made.path("img/i.png")
    assert made.read("gen/site.css") == f"a {{ color: red }}\nb {{ background: url(../{image}) }}\n"
    assert made.read("gen/app.js") == "var a = 1;\n\n;\nvar b = 2;\n"
    assert made.manifest["bundles"] == {"app": {"assets": ["gen/app.js"]}, "site": {"assets": ["gen/site.css"]}}


def test_both_shapes_of_the_file_mean_the_same(tmp_path: Path) -> None:
    bundles = "site:\n  contents: css/a.css\n  output: gen/site.css\n"
    alone = yaml_project(tmp_path / "alone", bundles).build()
    below = yaml_project(tmp_path / "below", "bundles:\n" + textwrap.indent(bundles, "  ")).build()
    assert alone.build == below.build


@pytest.mark.parametrize(
    ("directory", "content"),
    [("static", "css/a.css"), ("static/css", "a.css"), (".", "static/css/a.css"), ("./static/", "./css/../css/a.css")],
)
def test_paths_start_in_the_directory_wherever_that_lies(tmp_path: Path, directory: str, content: str) -> None:
    made = yaml_project(tmp_path, f"directory: {directory}\nbundles: {{x: {{contents: [{content}], output: x.css}}}}\n")
    made.build()
    (found,) = made.manifest["bundles"]["x"]["assets"]
    assert made.read(found) == "a { color: red }\n"


def test_bundles_hold_bundles_by_name_and_in_place_and_containers_have_several_assets(tmp_path: Path) -> None:
    made = yaml_project(
        tmp_path,
        """
        bundles:
          part: { contents: [js/b.js] }
          one: { contents: [part, { contents: js/a.js }], output: gen/one.js }
          two: { contents: [js/b.js], output: gen/two.js, extra: { defer: true } }
          all: { contents: [two, one] }
          again: { contents: [all], extra: { own: 1 } }
        """,
    )
    made.build()
    assert made.read("gen/one.js").index("var b") < made.read("gen/one.js").index("var a")
    names = made.manifest["bundles"]
    assert sorted(names) == ["again", "all", "one", "two"], "a part has no URL, so its name means nothing in a template"
    assert names["all"] == {"assets": ["gen/two.js", "gen/one.js"], "extra": {"defer": True}}
    assert names["again"]["extra"] == {"own": 1}


def test_what_webassets_made_before_is_no_source(tmp_path: Path) -> None:
    old = {"css/all.1a2b3c4d.css": "old {}\n", "js/all.1a2b3c4d.js": "old();\n", "js/all.min.js": "var mine;\n"}
    made = yaml_project(
        tmp_path,
        """
        directory: .
        bundles:
          css: { contents: "static/css/*.css", output: "./static/img/../css/all.%(version)s.css" }
          js: { contents: "static/js/*.js", output: "static/./js/all.%(version)s.js" }
        """,
        old,
    )
    notes = [problem for problem in made.build().problems if problem.code == "webassets-output"]
    assert "old" not in made.read("css/all.css") + made.read("js/all.js")
    assert "js/all.1a2b3c4d.js" not in made.manifest["assets"]
    assert "var mine" in made.read("js/all.js")
    assert [(note.severity, note.hint) for note in notes] == [(Severity.NOTE, "delete the file")] * 2


@pytest.mark.parametrize("filters", ["cssmin", "libsass"])
@pytest.mark.parametrize(
    ("contents", "output"),
    [("css/a.css", "css/b.css"), ("css/*.css", "css/b.css"), ("css/a.css", "css/b.%(version)s.css")],
)
def test_an_output_never_takes_the_place_of_a_source_that_may_be_hand_written(
    tmp_path: Path, filters: str, contents: str, output: str
) -> None:
    if filters == "libsass":
        contents = f"{contents}, scss/site.scss"
    made = yaml_project(tmp_path, f"x: {{contents: [{contents}], filters: {filters}, output: {output}}}\n")
    (problem,) = errors(made)
    assert (problem.code, problem.place and problem.place.line) == ("bundle-shadows-source", 1)
    assert "css/b.css" in problem.text
    assert problem.hint


def test_the_hint_at_a_shadowed_source_says_what_to_do_with_what_webassets_made(tmp_path: Path) -> None:
    (problem,) = errors(yaml_project(tmp_path, "x: {contents: css/a.css, output: css/b.css}\n"))
    assert str(tmp_path / "static/css/b.css") in problem.text
    assert problem.hint == "delete css/b.css if webassets made it, or give the bundle another `output`"


def test_keys_of_extra_are_strings_as_in_json(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, "x: {contents: css/a.css, output: x.css, extra: {d: {2: a, b: 2.5, yes: [~]}}}\n")
    made.build()
    assert made.manifest["bundles"]["x"]["extra"] == {"d": {"2": "a", "b": 2.5, "True": [None]}}


def test_an_output_may_be_one_of_its_own_contents_unless_webassets_makes_it(tmp_path: Path) -> None:
    yaml = "x: {contents: [css/a.css], filters: cssmin, output: css/a.css}\n"
    made = yaml_project(tmp_path, yaml)
    made.build()
    assert made.read("css/a.css") == "a { color: red }\n"
    made.write({"assets.yml": yaml.replace("cssmin", "libsass")})
    assert [problem.code for problem in errors(made)] == ["bundle-shadows-source"], "webassets leaves the file out"


def test_what_bundles_in_one_bundle_name_twice_is_a_warning(tmp_path: Path) -> None:
    made = yaml_project(
        tmp_path, "a: {contents: [css/a.css, css/a.css, b, b], output: x.css}\nb: {contents: [css/b.css, css/a.css]}\n"
    )
    twice = [problem for problem in made.build().problems if problem.code == "webassets-twice"]
    assert [(one.severity, one.place.line if one.place else 0) for one in twice] == [(Severity.WARNING, 2)] * len(twice)
    assert "css/a.css twice" in twice[0].text
    assert made.read("x.css") == "a { color: red }\nb { background: url(" + made.path("img/i.png") + ") }\n"


NAMES = ["css/a.css", "css/b.css", "css/c.css"]
contents = st.recursive(
    st.lists(st.sampled_from([*NAMES, "css/*.css"]), min_size=1, max_size=3),
    lambda inner: st.lists(
        st.sampled_from(NAMES) | inner.map(lambda found: {"contents": found}), min_size=1, max_size=3
    ),
    max_leaves=6,
)


@given(st.tuples(contents, contents).map(lambda both: [*both[0], "p", *both[1]]) | contents, contents)
def test_inputs_are_joined_in_the_order_of_webassets_each_at_its_first_place(whole: list[Any], part: list[Any]) -> None:
    from webassets.loaders import YAMLLoader

    from assetbuild.build.discover import discover
    from assetbuild.build.pipeline import walk

    text = json.dumps(
        {"directory": "static", "bundles": {"x": {"contents": whole, "output": "gen/x.css"}, "p": {"contents": part}}}
    )
    with tempfile.TemporaryDirectory() as folder:
        made = yaml_project(Path(folder), text, {name: f"{name} " for name in NAMES})
        namespace, _ = discover(made.config, walk(made.config))
        environment = YAMLLoader(f"{folder}/assets.yml").load_environment()
        environment.cache = environment.manifest = environment.versions = environment.updater = False
        stream = io.StringIO()
        environment["x"].build(force=True, output=stream)
    assert list(namespace.bundles["gen/x.css"]) == list(dict.fromkeys(stream.getvalue().split()))


def test_names_in_the_configuration_are_in_the_manifest_too(tmp_path: Path) -> None:
    made = project(tmp_path, FILES, PLAIN + '[bundles]\n"x.js" = { inputs = ["js/*.js"], names = ["app", "js"] }\n')
    made.build()
    assert made.manifest["bundles"] == {"app": {"assets": ["x.js"]}, "js": {"assets": ["x.js"]}}


# --- the bridge ------------------------------------------------------------------------------------------

SASS = """
directory: static
bundles:
  site:
    contents:
      - css/b.css
      - contents: scss/site.scss
        filters: libsass
        config: { LIBSASS_STYLE: compressed }
    filters: [cssrewrite, cssmin]
    output: gen/site.css
"""


def test_other_filters_are_run_by_webassets_and_their_text_goes_on_like_a_source(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, SASS)
    made.build()
    image = made.path("img/i.png")
    assert made.read("gen/site.css") == (
        f"b {{ background: url(../{image}) }}\n\n.x .y{{color:blue;background:url(../{image})}}\n"
    )
    assert made.count(Work.PROCESS) == 1


def test_the_text_is_the_one_that_webassets_makes_by_itself(tmp_path: Path) -> None:
    from webassets.loaders import YAMLLoader

    from assetbuild.build.events import nobody
    from assetbuild.build.pipeline import walk
    from assetbuild.build.webassets_texts import with_texts

    made = yaml_project(tmp_path, SASS.replace("[cssrewrite, cssmin]", "cssrewrite") + "url: /assets\n")
    texts = with_texts(made.config, walk(made.config), cache=None, listener=nobody)
    (text,) = [source.data for source in texts.found.sources if source.data is not None]
    environment = YAMLLoader(str(tmp_path / "assets.yml")).load_environment()
    environment.cache = environment.manifest = environment.versions = environment.updater = False
    stream = io.StringIO()
    environment["site"].build(force=True, output=stream)
    assert text.decode() == stream.getvalue()


def test_a_build_with_nothing_to_do_runs_no_filter_and_a_new_output_folder_takes_it_from_the_cache(
    tmp_path: Path,
) -> None:
    made = yaml_project(tmp_path, SASS)
    first = made.build()
    assert made.build().up_to_date
    assert made.work == []
    (tmp_path / "static/js/a.js").write_text("var other;\n")
    made.build()
    assert made.done(Work.PROCESS) == {}
    assert made.done(Work.REUSE)["gen/site.css webassets"] == 1
    assert made.build(force=True).build != first.build
    assert made.done(Work.PROCESS)["gen/site.css webassets"] == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("static/scss/_part.scss", "$c: green;\n"),
        ("static/scss/site.scss", "a { b { c: d } }\n"),
        ("static/css/b.css", "z {}\n"),
        ("package.json", "{}\n"),
        ("assets.yml", SASS.replace("compressed", "expanded")),
    ],
)
def test_a_change_of_whatever_a_text_is_made_of_makes_it_again(tmp_path: Path, name: str, text: str) -> None:
    made = yaml_project(tmp_path, SASS)
    made.build()
    (tmp_path / name).write_text(text)
    made.build()
    assert made.done(Work.PROCESS)["gen/site.css webassets"] == 1


def test_a_file_that_a_filter_opened_outside_the_sources_is_listed_and_part_of_its_text(
    tmp_path: Path,
) -> None:
    filter_module = """
    import os
    from webassets.filter import Filter

    class Prefix(Filter):
        name = "prefix_of_tests"

        def input(self, _in, out, **kw):
            here = os.path.dirname(__file__)
            for name in ("licence.txt", "notice.txt"):
                try:
                    with open(os.path.join(here, name)) as file:
                        out.write(file.read())
                except FileNotFoundError:
                    pass
            out.write(_in.read())
    """
    module = f"filter_of_{tmp_path.name.replace('-', '_')}"
    yaml = f"""
    directory: static
    filters: ["{module}.Prefix"]
    bundles:
      app: {{ contents: "js/*.js", filters: prefix_of_tests, output: app.js }}
    """
    files = {f"/lib/{module}.py": textwrap.dedent(filter_module), "/lib/licence.txt": "/* 1 */\n"}
    made = yaml_project(tmp_path, yaml, files)
    sys.path.insert(0, str(tmp_path / "lib"))
    try:
        built = made.build()
        assert made.read("app.js").startswith("/* 1 */\n")
        assert str(tmp_path / "lib/licence.txt") in built.files
        assert str(tmp_path / "assets.yml") in built.files
        assert made.build().up_to_date
        for name, text in (("licence.txt", "/* 2 */\n"), ("notice.txt", "/* found */\n")):
            (tmp_path / "lib" / name).write_text(text)
            made.build()
            assert text in made.read("app.js")
    finally:
        sys.path.remove(str(tmp_path / "lib"))


FILTER = """
from webassets.filter import Filter
{imports}

class Mark(Filter):
    name = "mark_of_tests"

    def output(self, _in, out, **kw):
        {lazily}
        out.write({text} + _in.read())
"""


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Project]:
    """A project with a custom filter, made of modules in `lib/`; each call writes them anew."""
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    name = f"filter_of_{tmp_path.name.replace('-', '_')}"
    yaml = f"""
    directory: static
    filters: ["{name}.Mark"]
    bundles:
      app: {{ contents: js/a.js, filters: mark_of_tests, output: app.js }}
    """
    made = yaml_project(tmp_path, yaml, {"/lib/of_tests/x.txt": ""})

    def lay(text: str, *, imports: str = "", lazily: str = "", **modules: str) -> Project:
        code = FILTER.format(imports=imports, lazily=lazily, text=text)
        for module, content in {name: code, **{f"of_tests/{module}": text for module, text in modules.items()}}.items():
            (tmp_path / f"lib/{module}.py").write_text(content)
        return made

    return lay


def test_a_custom_filter_that_is_edited_while_a_process_runs_is_imported_anew(marked: Callable[..., Project]) -> None:
    made = marked("'/* 1 */'")
    made.build()
    marked("'/* 2 */'").build()
    assert made.read("app.js") == "/* 2 */var a = 1;\n"
    marked("'/* 1 */'").build()
    assert made.read("app.js") == "/* 1 */var a = 1;\n"
    marked("'/* 2 */'").build()
    assert made.read("app.js") == "/* 2 */var a = 1;\n"


@pytest.mark.parametrize("where", ["imports", "lazily"])
def test_a_module_that_a_custom_filter_imports_is_part_of_what_a_text_depends_on(
    marked: Callable[..., Project], where: str
) -> None:
    code = {where: "from of_tests import helper"}
    made = marked("helper.MARK", helper="MARK = '/* 1 */'\n", **code)
    built = made.build()
    assert str(made.root / "lib/of_tests/helper.py") in built.files
    assert made.build().up_to_date
    made = marked("helper.MARK", helper="MARK = '/* 2 */'\n", **code)
    assert not made.build().up_to_date
    assert made.read("app.js") == "/* 2 */var a = 1;\n"
    filter_modules.renew(())  # as in another process
    assert made.build().up_to_date
    made = marked("helper.MARK", helper="MARK = '/* 3 */'\n", **code)
    filter_modules.renew(())
    made.build()
    assert made.read("app.js") == "/* 3 */var a = 1;\n"


def test_a_custom_filter_that_is_broken_by_an_edit_is_an_error_with_its_place(marked: Callable[..., Project]) -> None:
    made = marked("''")
    loaded = made.config
    pipeline.build(loaded, options=pipeline.Options(jobs=1))
    marked("''", imports="x ==")
    (problem,) = errors(made)
    assert (problem.code, problem.place and Path(problem.place.path).name) == ("webassets-filter", "assets.yml")
    with pytest.raises(BuildFailed, match="cannot be had: invalid syntax"):
        pipeline.build(loaded, options=pipeline.Options(jobs=1))
    marked("'/* 3 */'").build()
    assert made.read("app.js").startswith("/* 3 */")


@pytest.mark.parametrize("place", ["whole", "bundle"])
def test_a_file_in_a_folder_of_includes_is_what_a_text_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(uptodate, "RACY_NS", 0)
    own = "{ LIBSASS_INCLUDES: [vendor, missing] }"
    bundle = (
        f"{{contents: scss/v.scss, filters: libsass, output: v.css{f', config: {own}' if place == 'bundle' else ''}}}"
    )
    yaml = f"bundles:\n  v: {bundle}\n" + (f"config: {own}\n" if place == "whole" else "")
    files = {"scss/v.scss": '@import "colors";\na { color: $c }\n', "/vendor/deep/colors.scss": "$c: red;\n"}
    made = yaml_project(tmp_path, yaml, files | {"/vendor/_colors.scss": '@import "deep/colors";\n'})
    made.build()
    assert "red" in made.read("v.css")
    made.build()
    assert index.answer(["build"], version=__version__) is not None
    assert made.build().up_to_date
    made.write({"vendor/deep/colors.scss": "$c: green;\n"})
    assert index.answer(["build"], version=__version__) is None
    (change,) = [change for change in made.plan().changes if change.logical == "v.css"]
    assert change.reasons == ("files below vendor changed",)
    made.build()
    assert "green" in made.read("v.css")
    made.build()
    made.write({"vendor/deep/_none.scss": "$d: 1;\n"})
    assert index.answer(["build"], version=__version__) is None
    made.build()
    assert made.done(Work.PROCESS)["v.css webassets"] == 1


def test_environment_variables_are_no_part_of_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = SASS.replace("        config: { LIBSASS_STYLE: compressed }\n", "")
    first = yaml_project(tmp_path / "a", plain).build()
    monkeypatch.setenv("LIBSASS_STYLE", "compressed")
    assert yaml_project(tmp_path / "b", plain).build().build == first.build


def test_a_program_is_part_of_what_a_text_depends_on(tmp_path: Path) -> None:
    tool = tmp_path / "babel"
    tool.write_text('#!/bin/sh\nprintf "/* v1 */"; cat\n')
    tool.chmod(0o755)
    yaml = f"""
    directory: static
    config: {{ BABEL_BIN: {tool} }}
    bundles:
      app: {{ contents: [js/a.js], filters: babel, output: app.js }}
    """
    made = yaml_project(tmp_path / "p", yaml)
    made.build()
    assert made.read("app.js") == "/* v1 */var a = 1;\n"
    assert made.build().up_to_date
    tool.write_text('#!/bin/sh\nprintf "/* v2 */"; cat\n')
    made.build()
    assert made.read("app.js") == "/* v2 */var a = 1;\n"


def test_jinja_templates_of_scripts_are_rendered_with_the_context_of_the_file(tmp_path: Path) -> None:
    yaml = """
    directory: static
    bundles:
      app:
        contents: [js/t.js]
        filters: jinja2
        config: { JINJA2_CONTEXT: { name: "Ann" } }
        output: app.js
    """
    made = yaml_project(tmp_path, yaml, {"js/t.js": "var who = '{{ name }}';\n"})
    made.build()
    assert made.read("app.js") == "var who = 'Ann';"


# --- looking without building ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("assets.yml", SASS + "\n"),
        ("package.json", "{}\n"),
        ("static/scss/_part.scss", "$c: green;\n"),
    ],
)
def test_the_index_knows_that_nothing_is_to_do_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setattr(uptodate, "RACY_NS", 0)
    made = yaml_project(tmp_path, SASS)
    made.build()
    made.build()  # the cache's folder, made by the first, moved the time of the project's folder
    monkeypatch.chdir(tmp_path)
    assert index.answer(["build"], version=__version__) is not None
    (tmp_path / name).write_text(text)
    assert index.answer(["build"], version=__version__) is None


def test_the_yaml_file_is_watched_like_the_configuration(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, SASS)
    scope = watching.scope_of(made.config, (tmp_path / "assetbuild.toml",))
    before = watching.look(scope)
    (tmp_path / "assets.yml").write_text(SASS + "\n")
    changed = watching.causes_between(before, watching.look(scope))
    assert [(cause.logical, cause.kind) for cause in changed] == [("", watching.Kind.CHANGED)]


def test_commands_that_only_look_write_nothing_and_know_names_of_templates(tmp_path: Path) -> None:
    pages = {"/templates/a.html": '{% assets "site" %}{{ ASSET_URL }}{% endassets %}{% assets "sit" %}{% endassets %}'}
    made = yaml_project(tmp_path, SASS, pages, f'templates = ["templates/*.html"]\n{CONFIG}')
    before = sorted(tmp_path.rglob("*"))
    (problem,) = inspection.check(made.config)
    assert (problem.code, problem.hint) == ("template-unknown-asset", 'did you mean "site"?')
    assert made.plan().changes
    assert sorted(tmp_path.rglob("*")) == before


def test_why_and_plan_tell_the_files_behind_a_text(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, SASS)
    made.build()
    lines = [text for _, text in why.explain(made.config, "gen/site.css").lines]
    start = lines.index("gen/site.css (made by webassets, of what follows)")
    assert lines[start + 1 : start + 4] == ["input css/b.css", "input scss/_part.scss", "input scss/site.scss"]
    (tmp_path / "static/scss/_part.scss").write_text("$c: green;\n")
    (change,) = [change for change in made.plan().changes if change.logical == "gen/site.css"]
    assert change.reasons == ("input scss/_part.scss changed",)
    (tmp_path / "assets.yml").write_text(SASS.replace("filters: libsass", "filters: libsass, cssrewrite"))
    (change,) = [change for change in made.plan().changes if change.logical == "gen/site.css"]
    assert "filters changed from cssrewrite, libsass to cssrewrite, libsass, cssrewrite" in change.reasons


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaml", "line", "text", "hint"),
    [
        ("bundles:\n  a:\n    contentz: css/a.css\n    output: a.css\n", 3, "has no key `contentz`", "`contents`"),
        ("bundels:\n  a: {contents: css/a.css}\nurl: /\n", 1, "has no key `bundels`", "did you mean `bundles`?"),
        ("bundles:\n  a: {contents: 3, output: a.css}\n", 2, "must be strings, not an integer", "write names"),
        ("bundles: [a]\n", 1, "`bundles` must be a mapping, not a list", "the name of a bundle"),
        ("- a\n", 1, "the file must be a mapping, not a list", "write `bundles:`"),
        ("bundles:\n  a: {contents: css/a.css, output: a.css}\n  a: {}\n", 3, "`a` is there twice", "correct the YAML"),
        ("a: [\n", 2, "not valid YAML", "correct the YAML"),
        ("a: &x [*x]\n", 1, "endless", "correct the YAML"),
        ("a: !!python/object:os.system {}\n", 1, "could not determine a constructor", "correct the YAML"),
        ("bundles:\n  a:\n    contents: https://x.org/a.js\n    output: a.js\n", 3, "is a URL", "download the file"),
        ("directory: /elsewhere\nbundles:\n  a: {contents: a.js, output: a.js}\n", 3, "in no source root", "`sources`"),
        ("load_path: [other]\nbundles: {}\n", 1, '"other" of `load_path` is no source root', "`sources`"),
        ("a: {contents: css/a.css, output: a.txt}\n", 1, "is neither CSS nor JavaScript", "let it end in .css"),
        ("a: {contents: css/a.css, output: 'a.%(x)s.css'}\n", 1, "a placeholder other", "write a path"),
        ("a: {contents: css/a.css, output: a.css}\nb: {contents: css/b.css, output: a.css}\n", 2, "of two", "give"),
        ("a: {contents: [b], output: a.css}\nb: {contents: [a]}\n", 2, "bundles that hold each other", "take one"),
        ("a:\n contents: css/a.css\n output: a.css\n extra: {x: .nan}\n", 4, "`extra` holds nan", "another number"),
        ("a:\n contents: css/a.css\n output: a.css\n extra:\n  x:\n  - 1\n  - {1: 1, y: -.inf}\n", 7,
         "`extra` holds -inf", "another number"),
        ("a: {output: a.css}\n", 1, 'the bundle "a" is empty', "below `contents`"),
        ("a: {contents: css/no.css, output: a.css}\n", 1, 'there is no source or bundle "css/no.css"', ""),
        ("a: {contents: css/c.css, output: x.css, filters: libsass}\n", 1, 'no source "css/c.css"', "did you mean"),
        ("a: {contents: scss/site.scss, output: a.css, filters: libsas}\n", 1, 'no filter "libsas"', '"libsass"?'),
        ("a: {contents: [b], filters: libsass}\nb: {contents: css/a.css, output: b.css}\n", 1, "hand its", "each"),
        ("filters: [no.such.Filter]\nbundles:\n  a: {contents: js/a.js, output: a.js, filters: babel}\n", 3,
         'the filter class "no.such.Filter" cannot be had', "PYTHONPATH"),
        ("a: {contents: js/a.js, output: a.js, filters: babel, config: {BABEL_BIN: /no/babel}}\n", 1,
         "Program file not found: /no/babel", "install the tool"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over_is_an_error_with_its_line_and_a_way_out(
    tmp_path: Path, yaml: str, line: int, text: str, hint: str
) -> None:
    found = errors(yaml_project(tmp_path, yaml))
    problem = next((one for one in found if text in one.text), None)
    assert problem is not None, [one.text for one in found]
    assert problem.place is not None
    assert (Path(problem.place.path).name, problem.place.line) == ("assets.yml", line)
    assert hint in problem.hint
    assert problem.hint


def test_what_a_compiler_complains_of_is_shown_where_it_stands(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, SASS, {"scss/_part.scss": "$c: blue;\n\n.x { color red }\n"})
    (problem,) = errors(made)
    assert problem.code == "webassets-failed"
    assert problem.place is not None
    assert (Path(problem.place.path).name, problem.place.line) == ("_part.scss", 3)
    assert 'the filter "libsass" failed at the bundle "gen/site.css"' in problem.text
    assert problem.place.source_line == ".x { color red }"
    assert problem.notes == ("the filter is named in line 8 of assets.yml",)


FAILING = """
import os, subprocess, sys
from webassets.filter import Filter

class Odd(Filter):
    name = "{name}"

    def input(self, _in, out, **kw):
        {body}
"""


def odd_project(root: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a filter of its own, in which `body` is done."""
    module = "odd_" + hashlib.sha256(str(root).encode()).hexdigest()[:12]
    yaml = f"filters: [{module}.Odd]\nbundles:\n  a: {{contents: js/a.js, output: x.js, filters: {module}}}\n"
    monkeypatch.syspath_prepend(str(root / "lib"))
    return yaml_project(root, yaml, {f"/lib/{module}.py": FAILING.format(name=module, body=body)})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("sys.exit(0)", "it ended the program, with exit status 0"),
        ("sys.exit('enough')", "it ended the program, with exit status enough"),
        ("raise BaseException('whatever')", "whatever"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("out.write(chr(0xd800))", "its text has the lone surrogate U+D800"),
        ("out.write(chr(0xdcff))", "its text has the lone surrogate U+DCFF"),
        ("input()", "EOF"),
    ],
)
def test_whatever_a_filter_does_the_build_fails_with_its_name(
    tmp_path: Path, body: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", open(0, closefd=False))  # noqa: SIM115  pytest's own reads nothing
    (problem,) = errors(odd_project(tmp_path, body, monkeypatch))
    assert (problem.code, text in problem.text, 'the filter "odd_' in problem.text) == ("webassets-failed", True, True)


def test_an_interrupt_in_a_filter_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        odd_project(tmp_path, "raise KeyboardInterrupt", monkeypatch).build()


def test_a_filter_that_ends_the_program_when_imported_is_an_error_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = odd_project(tmp_path, "pass\n\nsys.exit(0)", monkeypatch)
    assert "cannot be had: it ended the program, with exit status 0" in errors(made)[0].text


def test_what_a_filter_writes_to_standard_output_is_no_part_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    body = "os.write(1, b'spoken'); subprocess.run(['echo', 'told'], check=True); out.write(_in.read())"
    odd_project(tmp_path, body, monkeypatch).build()
    print("ours", flush=True)
    found = capfd.readouterr()
    assert (found.out, "spoken" in found.err, "told" in found.err) == ("ours\n", True, True)


def test_a_reference_that_a_compiler_wrote_and_nobody_has_is_an_error(tmp_path: Path) -> None:
    made = yaml_project(tmp_path, SASS, {"scss/_part.scss": "$c: red;\ni { background: url(../img/no.png) }\n"})
    (problem,) = errors(made)
    assert (problem.code, "img/no.png" in problem.text) == ("missing", True)
    assert problem.place is not None
    assert problem.place.path.endswith("gen/site.css (made by webassets)")


def test_a_bundle_of_both_files_and_two_meanings_of_a_name_are_errors(tmp_path: Path) -> None:
    bundles = '[bundles]\n"a.css" = ["css/*.css"]\n"b.css" = { inputs = ["css/*.css"], names = ["a"] }\n'
    made = yaml_project(tmp_path, "a: {contents: css/a.css, output: a.css}\n", config=CONFIG + bundles)
    texts = {problem.text for problem in errors(made)}
    assert 'the bundle "a.css" is in `[bundles]` and in the webassets file' in texts
    assert 'the name "a" of the bundle "b.css" is also that of a bundle of assets.yml' in texts


@pytest.mark.parametrize("package", ["yaml", "webassets"])
def test_a_package_that_is_missing_is_named_with_the_command_to_install_it(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    webassets_bridge._builtin.cache_clear()
    (problem,) = errors(yaml_project(tmp_path, SASS))
    assert problem.hint == "pip install 'assetbuild[webassets]'"
    webassets_bridge._builtin.cache_clear()


def test_the_filters_that_never_run_exist_in_webassets_or_did() -> None:
    known = set(webassets_bridge._filters(()))
    assert IDLE - known == {"gzip"}
    assert REWRITING in known


def at(spot: tuple[int, int]) -> Place:
    return Place("assets.yml", *spot)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["css/a.css", "a", "", "*.js", "x,y", "%(version)s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bundles", "contents", "filters", "output", "a", "b", "extra"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(values)
def test_any_yaml_gives_bundles_or_problems_with_hints(value: object) -> None:
    file, problems = webassets_read.read(yaml_places.parse(json.dumps(value)), at=at)
    assert file is not None
    assert all(problem.hint and problem.place and problem.place.line for problem in problems)


@given(st.text(st.sampled_from("abc:-[]{}&*!|>#'\"\n ,?\t\x00é"), max_size=40))
def test_any_text_is_yaml_or_an_error(text: str) -> None:
    try:
        yaml_places.parse(text)
    except yaml_places.YamlError as error:
        assert str(error)
