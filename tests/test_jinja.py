"""Templates: helpers, folding that cannot go stale, names checked at compile time, webassets' tag."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment

from assetbuild import AssetbuildError, Assets, UnknownAsset
from assetbuild.jinja import AssetsExtension, install
from tests.runtime_helpers import write

FILES: dict[str, str | bytes] = {
    "css/app.css": "a>b{}",
    "css/b&c.css": "x",
    "js/app.js": "1",
    "fonts/i.woff2": b"f",
    "img/a.png": b"p",
}
MEMBERS: dict[str, dict[str, Any]] = {"css/app.css": {"preload": ["fonts/i.woff2"]}}


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets.load(write(tmp_path, FILES, MEMBERS, {"app": "js/app.js"}, with_files=True), base_url="/s/")


def environment(assets: Assets, **options: Any) -> jinja2.Environment:
    env = jinja2.Environment(**({"autoescape": True} | options))
    install(env, assets)
    return env


@pytest.fixture
def env(assets: Assets) -> jinja2.Environment:
    return environment(assets)


def code(env: jinja2.Environment, source: str) -> str:
    return str(env.compile(source, raw=True))


# Every helper, called with constants; `a` in the expected value is the Assets.
CONSTANT = [
    ("{{ asset_url('css/app.css') }}", lambda a: a.url("css/app.css")),
    ("{{ asset_url(name='css/app.css') }}", lambda a: a.url("css/app.css")),
    ("{{ 'css/app.css'|asset_url }}", lambda a: a.url("css/app.css")),
    ("{{ asset_url('css/' ~ 'app.css') }}", lambda a: a.url("css/app.css")),
    ("{{ asset_url('css/app.css')|upper }}", lambda a: a.url("css/app.css").upper()),
    ("{{ asset_url('css/b&c.css') }}", lambda a: a.url("css/b&c.css").replace("&", "&amp;")),
    ("{{ asset_integrity('css/app.css') }}", lambda a: a.integrity("css/app.css")),
    ("{{ asset_tags('css/app.css', 'js/app.js') }}", lambda a: a.tags("css/app.css", "js/app.js")),
    ("{{ asset_tags('js/app.js', nonce='n') }}", lambda a: a.tags("js/app.js", nonce="n")),
    ("{{ asset_preload_tags('css/app.css') }}", lambda a: a.preload_tags("css/app.css")),
    ("{{ asset_importmap() }}", lambda a: a.importmap_tag()),
    ("{{ asset_importmap('n') }}", lambda a: a.importmap_tag("n")),
    ("<style>{{ asset_inline('css/app.css') }}</style>", lambda a: "<style>a>b{}</style>"),
    (
        "{% assets 'css/app.css', 'js/app.js' %}{{ ASSET_URL }} {{ ASSET_SRI }};{% endassets %}",
        lambda a: "".join(f"{a.url(name)} {a.integrity(name)};" for name in ("css/app.css", "js/app.js")),
    ),
]


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize(("source", "wanted"), CONSTANT)
def test_a_helper_answers_as_the_assets_do(tmp_path: Path, source: str, wanted: Any, reload: bool) -> None:
    manifest = write(tmp_path, FILES, MEMBERS, {"app": "js/app.js"}, with_files=True)
    assets = Assets.load(manifest, base_url="/s/", reload=reload)
    assert environment(assets).from_string(source).render() == wanted(assets)


@pytest.mark.parametrize(("source", "wanted"), CONSTANT)
def test_constants_are_in_the_compiled_template_and_no_helper_is_called(
    env: jinja2.Environment, assets: Assets, source: str, wanted: Any
) -> None:
    compiled = code(env, source)
    assert "asset_" not in compiled
    assert "rows" not in compiled
    assert "context.call" not in compiled
    if "{%" not in source:
        assert repr(str(wanted(assets))) in compiled


def test_a_whole_head_is_one_constant(env: jinja2.Environment, assets: Assets) -> None:
    compiled = code(env, "<head>{{ asset_tags('css/app.css') }}<img src=\"{{ asset_url('img/a.png') }}\"></head>")
    assert compiled.count("yield '<head>") == compiled.count("yield '") == 1
    assert assets.url("img/a.png") in compiled


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("{{ asset_url(name) }}", {"name": "css/app.css"}),
        ("{{ name|asset_url }}", {"name": "css/app.css"}),
        ("{{ asset_url(*names) }}", {"names": ["css/app.css"]}),
        ("{{ asset_url(**options) }}", {"options": {"name": "css/app.css"}}),
        ("{% filter asset_url %}css/app.css{% endfilter %}", {}),
    ],
)
def test_what_only_the_render_knows_is_looked_up_there(
    env: jinja2.Environment, assets: Assets, source: str, values: dict[str, Any]
) -> None:
    template = env.from_string(source)
    assert template.render(**values) == assets.url("css/app.css")
    broken = {key: ["no"] if key == "names" else {"name": "no"} if key == "options" else "no" for key in values}
    if broken:
        with pytest.raises(UnknownAsset, match="no asset 'no'"):
            template.render(**broken)


def test_a_nonce_of_the_request_is_put_in_at_render(env: jinja2.Environment, assets: Assets) -> None:
    template = env.from_string("{{ asset_tags('js/app.js', nonce=nonce) }}{{ asset_importmap(nonce) }}")
    for nonce in ("one", "two"):
        assert template.render(nonce=nonce) == assets.tags("js/app.js", nonce=nonce) + assets.importmap_tag(nonce)


def test_names_of_a_loop_are_looked_up(env: jinja2.Environment, assets: Assets) -> None:
    template = env.from_string("{% assets names %}{{ loop.index }}{{ ASSET_URL }} {% endassets %}")
    assert template.render(names="css/app.css") == f"1{assets.url('css/app.css')} "


UNKNOWN = [
    "{{ asset_url('css/ap.css') }}",
    "{{ 'css/ap.css'|asset_url }}",
    "{{ asset_url(name='css/ap.css') }}",
    "{{ asset_integrity('css/ap.css') }}",
    "{{ asset_tags('js/app.js', 'css/ap.css', nonce=nonce) }}",
    "{{ asset_tags('css/ap.css', *more) }}",
    "{{ asset_preload_tags('css/ap.css') }}",
    "{{ asset_inline('css/ap.css') }}",
    "{% if never %}{{ asset_url('css/ap.css') }}{% endif %}",
    "{% macro m(x=asset_url('css/ap.css')) %}{% endmacro %}",
    "{% assets 'js/app.js', 'css/ap.css' %}{% endassets %}",
]


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("source", UNKNOWN)
def test_a_literal_unknown_name_fails_when_compiled_with_its_line(tmp_path: Path, source: str, reload: bool) -> None:
    env = environment(Assets.load(write(tmp_path, FILES), reload=reload))
    env.loader = jinja2.DictLoader({"page.html": "one\ntwo\n" + source + "\n"})
    with pytest.raises(jinja2.TemplateAssertionError) as caught:
        env.get_template("page.html")
    assert (caught.value.lineno, caught.value.name) == (3, "page.html")
    assert "no asset 'css/ap.css'" in str(caught.value.message)
    assert "did you mean 'css/app.css'" in str(caught.value.message)


def test_an_asset_that_has_no_tag_fails_when_compiled(env: jinja2.Environment) -> None:
    with pytest.raises(jinja2.TemplateAssertionError, match="image/png, which no tag loads"):
        env.from_string("{{ asset_tags('img/a.png') }}")


def test_wrong_arguments_fail_at_render_as_for_any_function(env: jinja2.Environment) -> None:
    template = env.from_string("{{ asset_url('css/app.css', 1, 2) }}")
    with pytest.raises(TypeError):
        template.render()


@pytest.mark.parametrize("reload", [False, True])
def test_a_call_block_compiles_and_fails_at_render_as_for_any_function(tmp_path: Path, reload: bool) -> None:
    env = environment(Assets.load(write(tmp_path, FILES), reload=reload))
    template = env.from_string("{% call asset_url('css/app.css') %}x{% endcall %}")
    with pytest.raises(TypeError, match="caller"):
        template.render()


def test_helpers_in_a_call_block_are_folded_and_checked(env: jinja2.Environment, assets: Assets) -> None:
    macro = "{% macro m(x) %}{{ x }} {{ caller() }}{% endmacro %}"
    text = "{% call m(asset_url('css/app.css')) %}{{ asset_url('js/app.js') }}{% endcall %}"
    assert env.from_string(macro + text).render() == f"{assets.url('css/app.css')} {assets.url('js/app.js')}"
    assert repr(assets.url("css/app.css")) in code(env, macro + text)
    with pytest.raises(jinja2.TemplateAssertionError, match=r"no asset 'x\.css'"):
        env.from_string("{% call asset_url('x.css') %}{% endcall %}")


@pytest.mark.parametrize(
    "source",
    [
        "{% macro asset_url(x) %}own {{ x }}{% endmacro %}{{ asset_url('y') }}",
        "{% set asset_url = f %}{{ asset_url('y') }}",
        "{% for asset_url in [f] %}{{ asset_url('y') }}{% endfor %}",
        "{% import 'lib' as lib %}{% set asset_url = lib.m %}{{ asset_url('y') }}",
        "{% from 'lib' import m as asset_url %}{{ asset_url('y') }}",
        "{% from 'lib' import asset_url %}{{ asset_url('y') }}",
    ],
)
def test_a_name_that_the_template_assigns_is_its_own(env: jinja2.Environment, source: str) -> None:
    macro = "{% macro m(x) %}own {{ x }}{% endmacro %}"
    env.loader = jinja2.DictLoader({"lib": macro + macro.replace("m(", "asset_url(")})
    assert env.from_string(source).render(f=lambda x: "own " + x) == "own y"


def test_a_replaced_global_or_filter_is_left_alone(env: jinja2.Environment) -> None:
    env.globals["asset_url"] = lambda name: "mine " + name
    env.filters["asset_url"] = lambda name: "my filter " + name
    assert env.from_string("{{ asset_url('x') }}, {{ 'x'|asset_url }}").render() == "mine x, my filter x"


def test_with_reload_nothing_is_folded(tmp_path: Path) -> None:
    env = environment(Assets.load(write(tmp_path, {"a.css": "1", "a.js": "2"}), reload=True))
    template = env.from_string(
        "{{ asset_url('a.css') }} {{ 'a.css'|asset_url }} {{ asset_tags('a.css') }} {{ asset_integrity('a.css') }}"
        "{% assets 'a.css' %}{{ ASSET_URL }}{% endassets %}"
    )
    before = template.render()
    write(tmp_path, {"a.css": "2", "a.js": "2"})
    after = Assets.load(tmp_path / "manifest.json")
    rendered = template.render()
    assert rendered != before
    assert rendered.count(after.path("a.css")) == 4
    assert Path(before.split(" ")[0]).name not in rendered


def test_cached_bytecode_never_holds_the_urls_of_an_older_manifest(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    pages = []
    for content in ("1", "2"):
        assets = Assets.load(write(tmp_path, {"a.css": content}))
        env = environment(
            assets,
            loader=jinja2.DictLoader({"p": "{{ asset_url('a.css') }} {{ 'a.css'|asset_url }}"}),
            bytecode_cache=jinja2.FileSystemBytecodeCache(str(tmp_path / "cache")),
        )
        pages.append((env.get_template("p").render(), f"{assets.url('a.css')} {assets.url('a.css')}"))
    assert len(list((tmp_path / "cache").iterdir())) == 1  # it was used
    assert [rendered for rendered, _ in pages] == [wanted for _, wanted in pages]


def test_templates_compiled_to_files_hold_no_urls(tmp_path: Path) -> None:
    env = environment(
        Assets.load(write(tmp_path, {"a.css": "1"})), loader=jinja2.DictLoader({"p": "{{ asset_url('a.css') }}"})
    )
    env.compile_templates(str(tmp_path / "compiled"), zip=None)
    assets = Assets.load(write(tmp_path, {"a.css": "2"}))
    later = environment(assets, loader=jinja2.ModuleLoader(str(tmp_path / "compiled")))
    assert later.get_template("p").render() == assets.url("a.css")


def test_installing_other_assets_forgets_what_was_compiled(tmp_path: Path) -> None:
    first = Assets.load(write(tmp_path, {"a.css": "1"}))
    env = environment(first, loader=jinja2.DictLoader({"p": "{{ asset_url('a.css') }}"}))
    assert env.get_template("p").render() == first.url("a.css")
    second = Assets.load(write(tmp_path, {"a.css": "2"}))
    install(env, second)
    assert env.get_template("p").render() == second.url("a.css") != first.url("a.css")


def test_environments_keep_to_their_own_assets(tmp_path: Path) -> None:
    source = "{{ asset_url(n) }} {{ asset_url('a.css') }} {{ 'a.css'|asset_url }}"
    both = [Assets.load(write(tmp_path / name, {"a.css": name})) for name in ("x", "y")]
    for env, assets in [(environment(assets), assets) for assets in both]:
        assert set(env.from_string(source).render(n="a.css").split()) == {assets.url("a.css")}
        overlay = env.overlay(autoescape=False)
        assert set(overlay.from_string(source).render(n="a.css").split()) == {assets.url("a.css")}


def test_an_environment_without_assets_says_what_to_call() -> None:
    env = jinja2.Environment(extensions=[AssetsExtension])
    for source in ("{{ asset_url('a.css') }}", "{{ 'a.css'|asset_url }}", "{% assets 'a' %}{% endassets %}"):
        template = env.from_string(source)
        with pytest.raises(AssetbuildError, match=r"call assetbuild\.jinja\.install\(env, assets\)"):
            template.render()


def test_the_extension_can_be_named_in_the_environments_options(assets: Assets) -> None:
    env = jinja2.Environment(extensions=["assetbuild.jinja.AssetsExtension"])
    install(env, assets)
    install(env, assets)
    assert env.assetbuild is assets  # type: ignore[attr-defined]
    assert "asset_" not in code(env, "{{ asset_url('css/app.css') }}")
    assert sum(cls.__name__ == "FoldingCodeGenerator" for cls in env.code_generator_class.__mro__) == 1


@pytest.mark.parametrize("autoescape", [True, False])
def test_markup_is_escaped_once_at_most_folded_or_not(assets: Assets, autoescape: bool) -> None:
    env = environment(assets, autoescape=autoescape)
    tag = assets.tags("css/app.css")
    for name in ("'css/app.css'", "n"):
        source = "{{ asset_tags(N) }}|{% set x = asset_tags(N) %}{{ x }}|{{ asset_tags(N) ~ '<' }}".replace("N", name)
        assert env.from_string(source).render(n="css/app.css") == f"{tag}|{tag}|{tag}{'&lt;' if autoescape else '<'}"


@pytest.mark.parametrize(("source", "wanted"), CONSTANT)
def test_async_environments_answer_the_same(assets: Assets, source: str, wanted: Any) -> None:
    env = environment(assets, enable_async=True)
    assert asyncio.run(env.from_string(source).render_async()) == wanted(assets)
    looked_up = env.from_string("{{ asset_url(n) }}{{ n|asset_url }}{% assets n %}{{ ASSET_URL }}{% endassets %}")
    assert asyncio.run(looked_up.render_async(n="js/app.js")) == assets.url("js/app.js") * 3


@pytest.mark.parametrize("kind", [SandboxedEnvironment, NativeEnvironment])
def test_other_kinds_of_environment_keep_their_own_code_generator(
    assets: Assets, kind: type[jinja2.Environment]
) -> None:
    env = kind()
    base = env.code_generator_class
    install(env, assets)
    assert issubclass(env.code_generator_class, base)
    assert env.from_string("{{ asset_url('css/app.css') }}").render() == assets.url("css/app.css")
    assert env.from_string("{{ asset_url(n) }}").render(n="css/app.css") == assets.url("css/app.css")


def test_without_the_optimizer_constants_are_folded_too(assets: Assets) -> None:
    assert "asset_" not in code(environment(assets, optimized=False), "{{ asset_url('js/app.js') }}")


def test_expressions_are_folded(env: jinja2.Environment, assets: Assets) -> None:
    assert env.compile_expression("asset_url('js/app.js')")() == assets.url("js/app.js")


def test_inherited_imported_and_included_templates_are_served(env: jinja2.Environment, assets: Assets) -> None:
    env.loader = jinja2.DictLoader(
        {
            "base": "{% block head %}{{ asset_url('css/app.css') }}{% endblock %} {% include 'part' %}",
            "part": "{{ asset_url('js/app.js') }}",
            "lib": "{% macro m(n) %}{{ asset_url(n) }}{% endmacro %}",
            "page": "{% extends 'base' %}{% import 'lib' as lib %}"
            "{% block head %}{{ super() }} {{ lib.m('img/a.png') }}{% endblock %}",
        }
    )
    wanted = " ".join(assets.url(name) for name in ("css/app.css", "img/a.png", "js/app.js"))
    assert env.get_template("page").render() == wanted


# --- webassets' tag --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", 'needs the name of a bundle: write {% assets "css/app.css" %}'),
        ("filters='cssmin'", 'needs the name of a bundle: write {% assets "css/app.css" %}'),
        ("'css/app.css' n", "expected token ','"),
        ("'css/app.css', outptu='x.css'", "has no `outptu`; its options are `output`, `filters`, `debug`, `depends`"),
        ("'css/app.css', output='gen/x.css'", 'add "gen/x.css" = ["css/app.css"] to [bundles]'),
        ("'css/app.css', output=3", "the `output` of {% assets %} must be a string, not 3"),
        ("'css/ap.css'", "did you mean 'css/app.css'"),
    ],
)
@pytest.mark.parametrize("reload", [False, True])
def test_what_the_assets_tag_cannot_answer_fails_when_the_template_is_compiled(
    tmp_path: Path, arguments: str, said: str, reload: bool
) -> None:
    assets = Assets.load(write(tmp_path, FILES, MEMBERS, with_files=True), reload=reload)
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        environment(assets).from_string("\n{% assets " + arguments + " %}{% endassets %}")
    assert said in str(caught.value.message)
    assert caught.value.lineno == 2


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("'site'", ["css/app.css", "js/app.js"]),
        ("'site', 'js/app.js'", ["css/app.css", "js/app.js"]),
        ("n", ["css/app.css", "js/app.js"]),
        ("'a.css', 'b.css', filters='cssmin', output='css/app.css'", ["css/app.css"]),
        ("'a.css', output='css/app.%(version)s.css'", ["css/app.css"]),
        ("'a.css', output=out", ["css/app.css"]),
        ("'css/app.css', filters=('jsmin', 'gzip'), debug=False, depends='*'", ["css/app.css"]),
    ],
)
def test_the_assets_tag_works_as_in_templates_of_webassets(
    tmp_path: Path, arguments: str, wanted: list[str], reload: bool
) -> None:
    manifest = write(tmp_path, FILES, MEMBERS, with_files=True)
    document = json.loads(manifest.read_bytes())
    document["bundles"] = {"site": {"assets": ["css/app.css", "js/app.js"], "extra": {"media": "<print>"}}}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    assets = Assets.load(manifest, reload=reload)
    source = "{% assets " + arguments + " %}{{ ASSET_URL }} {{ ASSET_SRI }} {{ EXTRA.media }};{% endassets %}"
    made = environment(assets).from_string(source).render(n="site", out="css/app.css")
    media = "&lt;print&gt;" if "site" in arguments or arguments == "n" else ""
    assert made == "".join(f"{assets.url(name)} {assets.integrity(name)} {media};" for name in wanted)


@pytest.mark.parametrize("source", ["{% assets 'sit' %}{% endassets %}", "{% assets n %}{% endassets %}"])
def test_the_assets_tag_names_bundles_that_are_like_an_unknown_one(tmp_path: Path, source: str) -> None:
    manifest = write(tmp_path, FILES)
    document = json.loads(manifest.read_bytes())
    document["bundles"] = {"site": {"assets": ["css/app.css"]}}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    env = environment(Assets.load(manifest))
    with pytest.raises((jinja2.TemplateAssertionError, UnknownAsset), match=r"no asset 'sit'.*did you mean 'site'"):
        env.from_string(source).render(n="sit")


def test_an_output_that_is_known_at_run_time_only_is_looked_up_then(env: jinja2.Environment) -> None:
    template = env.from_string("{% assets 'a.css', output=out %}{% endassets %}")
    with pytest.raises(UnknownAsset, match="nothing is joined at run time"):
        template.render(out="gen/none.css")


def test_the_assets_tag_takes_lists_and_leaves_outer_names_alone(env: jinja2.Environment, assets: Assets) -> None:
    source = (
        "{% set ASSET_URL = 1 %}{% assets ['js/app.js', 'css/app.css'] %}{{ ASSET_URL }} {% endassets %}{{ ASSET_URL }}"
    )
    assert env.from_string(source).render() == f"{assets.url('js/app.js')} {assets.url('css/app.css')} 1"
