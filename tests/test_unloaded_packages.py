"""npm packages published whole: an import that cannot be resolved is an error where something loads the script.

Elsewhere all of a package are one warning.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import inspection
from assetbuild.build.graph import Edge, Graph, Unresolved
from assetbuild.build.model import Config, FileStat, Namespace, Problem, Reference, RefKind, RootSpec, Severity, Source
from assetbuild.build.unloaded import import_problems
from tests import packages
from tests.project import PLAIN, Project, project

LIB = '{path = "node_modules/lib", mount = "vendor/lib"}'
FILES = {
    "js/app.js": "export {}",
    "/node_modules/lib/a.js": "import 'x'; import './b.js'",
    "/node_modules/lib/b.js": "import 'y'; import 'x'",
    "/node_modules/lib/c.js": "import './src/none'",
    "/node_modules/lib/fine.js": "export {}",
}


def made(folder: Path, config: str = "", *, sources: str = LIB, files: dict[str, str] | None = None) -> Project:
    return project(folder, {**FILES, **(files or {})}, f'sources = ["static", {sources}]\n{PLAIN}{config}')


def test_what_nothing_loads_is_one_warning_for_the_package(tmp_path: Path) -> None:
    built = made(tmp_path)
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("unloaded-imports", Severity.WARNING)
    assert problem.text == (
        '3 scripts of vendor/lib import "x", "./src/none", "y", which cannot be resolved; nothing of this project '
        "loads them"
    )
    assert problem.notes == (
        '"x" in vendor/lib/a.js and 1 more',
        '"./src/none" in vendor/lib/c.js',
        '"y" in vendor/lib/b.js',
    )
    assert problem.hint.startswith("leave them out with `exclude`")
    assert problem.place is not None
    assert (problem.place.path, problem.place.line, problem.place.column) == (str(tmp_path / "assetbuild.toml"), 1, 22)
    assert built.read("vendor/lib/c.js") == "import './src/none'"


def test_long_lists_are_cut_and_one_script_is_spoken_of_as_one(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(9)]
    files = {"/node_modules/one/a.js": ";".join(f"import '{name}'" for name in names)}
    one = '{path = "node_modules/one", mount = "vendor/one"}'
    _, problem = made(tmp_path, sources=f"{LIB}, {one}", files=files).problems()
    assert problem.text == (
        '1 script of vendor/one imports "n0", "n1", "n2" and 6 more, which cannot be resolved; nothing of this project '
        "loads it"
    )


# --- what is a package -------------------------------------------------------------------------------------

ROOTS = [
    ('{path = "node_modules/lib"}', {}, True),
    ('"node_modules/lib"', {}, True),
    ('"node_modules"', {}, True),
    ('{path = "third/lib", mount = "lib"}', {"/third/lib/package.json": "{}"}, True),
    ('{path = "third/lib", mount = "lib"}', {}, False),
    ('{path = "third/lib/dist", mount = "lib"}', {"/third/lib/package.json": "{}"}, False),
    ('"third/lib"', {"/third/lib/package.json": "{}"}, False),
    ('{path = "third"}', {"/third/lib/package.json": "{}"}, False),
]


@pytest.mark.parametrize(("root", "more", "is_package"), ROOTS, ids=[f"{row[0]} {len(row[1])}" for row in ROOTS])
def test_a_package_lies_below_node_modules_or_is_mounted_with_its_package_json(
    tmp_path: Path, root: str, more: dict[str, str], is_package: bool
) -> None:
    folder = "third/lib/dist" if "third" in root else "node_modules/lib"
    files = {"js/app.js": "export {}", f"/{folder}/a.js": "import 'x'", f"/{folder}/b.js": "import 'x'", **more}
    found = project(tmp_path, files, f'sources = ["static", {root}]\n{PLAIN}').problems()
    wanted = [("unloaded-imports", "warning")] if is_package else [("bare-specifier", "error")] * 2
    assert [(problem.code, problem.severity.value) for problem in found] == wanted


def test_node_modules_inside_a_folder_of_the_project_counts_but_a_file_of_that_name_does_not(tmp_path: Path) -> None:
    files = {"node_modules/lib/a.js": "import 'x'", "deep/node_modules/b.js": "import 'x'"}
    (problem,) = project(tmp_path / "folder", files).problems()
    assert problem.text.startswith('2 scripts of static import "x", which')
    assert project(tmp_path / "file", {"node_modules.js": "import 'x'"}).codes() == ["bare-specifier"]


@pytest.mark.parametrize(
    ("package", "about", "code"),
    [
        ("zqnone", "static/empty", "bare-specifier"),
        ("zqown", "lib/zqown/static/package.json", "unloaded-imports"),
        ("zqother", "static/package.json", "bare-specifier"),
    ],
)
def test_a_python_package_is_the_projects_own_unless_it_holds_an_npm_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, about: str, code: str
) -> None:
    files = {f"/lib/{package}/__init__.py": "", f"/{about}": "{}", f"/lib/{package}/static/a.js": "import 'x'"}
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    config = f'sources = [{{package = "{package}", path = "static"}}, "static"]\n{PLAIN}'
    assert project(tmp_path, files, config).codes() == [code]


# --- what loads a script -----------------------------------------------------------------------------------

MAPPED = '[importmap]\n"lib/" = "vendor/lib/"\n'
LOADED = [
    ("import 'lib/a.js'", MAPPED),
    ("import('lib/a.js')", MAPPED),
    ("import 'lib/a.js?v=1'", MAPPED),
    ("import '../vendor/lib/a.js'", ""),
    ("import '/vendor/lib/a.js'", ""),
    ("export * from '../vendor/lib/a.js'", ""),
    ("import.meta.resolve('../vendor/lib/a.js')", ""),
    ("new URL('../vendor/lib/a.js', import.meta.url)", ""),
    ("new Worker(new URL('../vendor/lib/a.js', import.meta.url), {type: 'module'})", ""),
    ("importScripts('../vendor/lib/a.js')", ""),
    ("import './more.js'", ""),
    ("export {}", '[importmap]\nlib = "vendor/lib/a.js"\n'),
    ("export {}", 'include = ["**/*", "vendor/lib/a.js"]\n'),
    ("export {}", 'stable = ["vendor/lib/a.*"]\n'),
]


@pytest.mark.parametrize(("script", "config"), LOADED)
def test_what_the_project_leads_to_keeps_its_errors(tmp_path: Path, script: str, config: str) -> None:
    files = {"js/app.js": script, "js/more.js": "import '../vendor/lib/a.js'" if "more" in script else ""}
    head, tail = (config, "") if not config.startswith("[") else ("", config)
    text = f'sources = ["static", {LIB}]\n{head}{PLAIN}{tail}'
    found = project(tmp_path, {**FILES, **files}, text).problems()
    errors = [(problem.code, Path(problem.place.path).name) for problem in found if problem.place is not None][:3]
    assert errors == [("bare-specifier", "a.js"), ("bare-specifier", "b.js"), ("bare-specifier", "b.js")]
    (summary,) = found[3:]
    assert summary.text.startswith('1 script of vendor/lib imports "./src/none", which')


def test_an_input_of_a_bundle_is_loaded(tmp_path: Path) -> None:
    files = {"/node_modules/lib/d.js": "import('z')"}
    found = made(tmp_path, '[bundles]\n"all.js" = ["vendor/lib/d.js", "vendor/lib/fine.js"]\n', files=files).problems()
    (problem,) = (problem for problem in found if problem.code == "bare-specifier")
    assert problem.text.startswith('the bare specifier "z" is not in')


def test_a_package_that_only_another_unloaded_one_leads_to_is_not_loaded(tmp_path: Path) -> None:
    files = {"/node_modules/two/a.js": "import '../lib/a.js'; import 'z'"}
    two = '{path = "node_modules/two", mount = "vendor/two"}'
    found = made(tmp_path, sources=f"{LIB}, {two}", files=files).problems()
    assert [problem.text.partition(" import")[0] for problem in found] == [
        "3 scripts of vendor/lib",
        "1 script of vendor/two",
    ]


def test_a_missing_file_of_a_loaded_script_is_an_error_as_ever(tmp_path: Path) -> None:
    found = made(tmp_path, files={"js/app.js": "import '../vendor/lib/c.js'"}).problems()
    assert [(problem.code, problem.severity.value) for problem in found] == [
        ("missing", "error"),
        ("unloaded-imports", "warning"),
    ]
    assert found[0].text == "vendor/lib/src/none does not exist"


def test_missing_warn_makes_warnings_of_what_is_loaded(tmp_path: Path) -> None:
    files = {**FILES, "js/app.js": "import '../vendor/lib/b.js'"}
    found = project(tmp_path, files, f'sources = ["static", {LIB}]\nmissing = "warn"\n{PLAIN}').problems()
    assert [problem.code for problem in found] == ["bare-specifier", "bare-specifier", "unloaded-imports"]
    assert {problem.severity for problem in found} == {Severity.WARNING}


def test_check_knows_what_templates_load(tmp_path: Path) -> None:
    built = made(tmp_path, files={"/templates/page.html": '{{ asset_tags("vendor/lib/b.js") }}'})
    config = built.root / "assetbuild.toml"
    config.write_text(f'templates = ["templates/*.html"]\n{config.read_text()}')
    assert [problem.code for problem in inspection.check(built.config)] == [
        "bare-specifier",
        "bare-specifier",
        "unloaded-imports",
    ]
    assert built.codes() == ["unloaded-imports"]
    built.write({"templates/page.html": '{{ asset_tags("vendor/lib/fine.js") }}'})
    assert [problem.code for problem in inspection.check(built.config)] == ["unloaded-imports"]


def test_a_file_that_is_not_published_is_a_missing_one(tmp_path: Path) -> None:
    site = made(tmp_path)
    config = site.root / "assetbuild.toml"
    config.write_text(f'exclude = ["vendor/lib/deep.js"]\n{config.read_text()}')
    site.write({"node_modules/lib/a.js": "import './deep.js'", "node_modules/lib/deep.js": "1"})
    assert set(site.codes()) == {"unloaded-imports"}
    site.write({"static/js/app.js": "import '../vendor/lib/a.js'"})
    assert "not-published" in site.codes()


# --- over random graphs ------------------------------------------------------------------------------------

SIZE = 6
NUMBERS = st.integers(0, SIZE - 1)
PAIRS = st.frozensets(st.tuples(NUMBERS, NUMBERS), max_size=10)
KINDS = st.sampled_from([RefKind.JS_IMPORT, RefKind.JS_DYNAMIC, RefKind.JS_URL, RefKind.JS_IMPORT_SCRIPTS])


@given(PAIRS, KINDS, st.frozensets(NUMBERS), st.frozensets(NUMBERS), st.frozensets(NUMBERS, max_size=1))
def test_exactly_what_nothing_leads_to_is_summarised(
    pairs: frozenset[tuple[int, int]],
    kind: RefKind,
    foreign: frozenset[int],
    broken: frozenset[int],
    named: frozenset[int],
) -> None:
    """Reachable: own or named, or one of at most `SIZE` steps from there."""
    roots = (RootSpec("static"), RootSpec("node_modules/lib", "lib"))
    sources = {
        f"{number}.js": Source(f"{number}.js", f"/{number}.js", FileStat(0, 0, 0), int(number in foreign))
        for number in range(SIZE)
    }
    edges = {
        name: tuple(
            Edge(Reference(kind, 0, 0, "", 0, 0), f"{to}.js") for start, to in sorted(pairs) if f"{start}.js" == name
        )
        for name in sources
    }
    own = {number: Problem("missing", f"{number}") for number in sorted(broken)}
    graph = Graph(edges, {}, tuple(Unresolved(f"{number}.js", "x", problem) for number, problem in own.items()))
    config = Config(Path("c"), roots, (), Path("o"), Path("m"), "", problems=())
    found = import_problems(
        config, Namespace(sources, tuple(sources), {}), graph, named=[f"{number}.js" for number in named]
    )

    reached = set(range(SIZE)) - foreign | named
    for _ in range(SIZE):
        reached |= {to for start, to in pairs if start in reached}
    idle = broken - reached
    assert found[: len(broken - idle)] == [problem for number, problem in own.items() if number in reached]
    counts = [problem.text.partition(" ")[0] for problem in found[len(broken - idle) :]]
    assert counts == ([str(len(idle))] if idle else [])


# --- real packages -----------------------------------------------------------------------------------------


def test_real_packages_can_be_published_whole(tmp_path: Path) -> None:
    """Three of the kinds: with addons that import the package by its name, for bundlers, and with sources beside."""
    whole = ("three", "chart.js", "alpinejs")
    mapped = (
        '[importmap]\nthree = "vendor/three/build/three.module.js"\n"three/addons/" = "vendor/three/examples/jsm/"\n'
    )
    script = 'import { OrbitControls } from "three/addons/controls/OrbitControls.js"; OrbitControls'
    config = f"{packages.sources(whole)}{PLAIN}{mapped}"
    built = project(tmp_path, {"js/app.js": script}, config)
    found = [problem for problem in built.problems() if problem.code != "computed-import"]
    assert {(problem.code, problem.severity) for problem in found} == {("unloaded-imports", Severity.WARNING)}
    assert [problem.text.partition(" import")[0].partition(" of ")[2] for problem in found] == [
        f"vendor/{name}" for name in whole
    ]
    listed = {specifier for specifier in built.manifest["importmap"] if specifier.startswith("three/")}
    assert listed == {"three/addons/controls/OrbitControls.js"}
    target = built.manifest["importmap"]["three/addons/controls/OrbitControls.js"]
    assert built.manifest["assets"]["js/app.js"]["imports"][0] == target
