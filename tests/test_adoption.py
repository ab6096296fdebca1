"""Builds of Vite and esbuild become assets of ours: bytes and names kept, and nothing taken that cannot be trusted."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild import Assets, __version__
from assetbuild.build import adoption, index, inspection, uptodate, watching
from assetbuild.build.adopted_manifests import AdoptError, Chunk, closure, parse
from assetbuild.build.model import BuildFailed, Problem, Severity
from assetbuild.build.other_tools import Bundler
from assetbuild.build.verify import verify
from assetbuild.build.why import explain
from tests.project import PLAIN, Project, project

VITE: dict[str, dict[str, Any]] = {
    "_shared-DXRPGNKg.js": {
        "file": "assets/shared-DXRPGNKg.js",
        "name": "shared",
        "css": ["assets/shared-Dn0TWFOf.css"],
    },
    "src/lazy.js": {"file": "assets/lazy-BZsU7PJc.js", "src": "src/lazy.js", "isDynamicEntry": True},
    "src/logo.svg": {"file": "assets/logo-EMyGNSyu.svg", "src": "src/logo.svg"},
    "src/same.svg": {"file": "assets/logo-EMyGNSyu.svg", "src": "src/logo.svg"},
    "src/text.woff2": {"file": "assets/text-DIngo4jf.woff2", "src": "src/text.woff2"},
    "src/main.js": {
        "file": "assets/main-UnNt__Xt.js",
        "name": "main",
        "src": "src/main.js",
        "isEntry": True,
        "imports": ["_shared-DXRPGNKg.js"],
        "dynamicImports": ["src/lazy.js"],
        "css": ["assets/main-ChDb-q3f.css"],
        "assets": ["assets/logo-EMyGNSyu.svg", "assets/work-Cd0-OKLm.js", "assets/text-DIngo4jf.woff2"],
    },
}
MAIN = """import"./shared-DXRPGNKg.js"; new URL("/nowhere.png", import.meta.url)
//# sourceMappingURL=main-UnNt__Xt.js.map
"""
ESBUILD: dict[str, Any] = {
    "inputs": {},
    "outputs": {
        "out/main-TBF3DMEL.js": {
            "imports": [
                {"path": "out/chunk-GIMLXV4G.js", "kind": "import-statement"},
                {"path": "https://example.org/x.js", "kind": "import-statement", "external": True},
                {"path": "out/lazy-7MZ7VGOJ.js", "kind": "dynamic-import"},
            ],
            "exports": [],
            "entryPoint": "src/main.js",
            "cssBundle": "out/main-7VUCO5EL.css",
            "inputs": {},
        },
        "out/chunk-GIMLXV4G.js": {"imports": [], "exports": ["a"], "inputs": {"src/a.js": {}, "src/b.js": {}}},
        "out/lazy-7MZ7VGOJ.js": {"imports": [], "exports": ["lazy"], "entryPoint": "src/lazy.js", "inputs": {}},
        "out/plain-AAAA2222.js": {"imports": [], "exports": [], "entryPoint": "src/plain.js", "inputs": {}},
        "out/main-7VUCO5EL.css": {
            "imports": [{"path": "out/text-WKGPXEVZ.woff2", "kind": "url-token"}],
            "inputs": {"src/main.css": {}},
        },
        "out/text-WKGPXEVZ.woff2": {"imports": [], "exports": [], "inputs": {"src/text.woff2": {}}},
    },
}
BOTH = f'vite = "dist/.vite/manifest.json"\nesbuild = "meta.json"\n{PLAIN}'
ONLY_VITE = f'vite = "dist/.vite/manifest.json"\n{PLAIN}'


def vite_files(manifest: Mapping[str, Any] = VITE) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {"/dist/.vite/manifest.json": json.dumps(manifest)}
    for chunk in manifest.values():
        for name in (chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ())):
            files[f"/dist/{name}"] = f"/* {name} */"
    return files


def vite_project(root: Path, files: Mapping[str, str | bytes] | None = None, config: str = ONLY_VITE) -> Project:
    own: dict[str, str | bytes] = {"app.css": "a { color: red }"}
    return project(root, {**own, **vite_files(), "/dist/assets/main-UnNt__Xt.js": MAIN, **(files or {})}, config)


def failure(made: Project) -> Problem:
    with pytest.raises(BuildFailed) as failed:
        made.build()
    assert not made.output.exists()
    return failed.value.problems[0]


# --- what comes over -------------------------------------------------------------------------------------


def test_vite_s_files_keep_names_and_bytes_and_get_our_integrity(tmp_path: Path) -> None:
    made = vite_project(tmp_path, {"/dist/assets/main-UnNt__Xt.js.map": "{}"})
    made.build()
    for logical, chunk in VITE.items():
        entry = made.manifest["assets"][logical]
        data = (tmp_path / "dist" / str(chunk["file"])).read_bytes()
        assert entry["path"] == chunk["file"]
        assert (made.output / entry["path"]).read_bytes() == data
        assert entry["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
        assert entry["size"] == len(data)
    assert made.path("assets/main-UnNt__Xt.js.map") == "assets/main-UnNt__Xt.js.map"
    assert made.path("assets/work-Cd0-OKLm.js") == "assets/work-Cd0-OKLm.js"
    assert verify(made.config) == ()


def test_an_entry_says_what_its_page_has_to_load(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    made.build()
    main = made.manifest["assets"]["src/main.js"]
    css = ["assets/shared-Dn0TWFOf.css", "assets/main-ChDb-q3f.css"]
    assert main["module"] is True
    assert (main["imports"], main["css"]) == (["_shared-DXRPGNKg.js"], css)
    assert main["preload"] == [*css, "src/text.woff2"]
    assert "css" not in made.manifest["assets"]["app.css"]


def test_one_helper_serves_both_and_links_the_entry_s_style_sheets_first(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    made.build()
    tags = Assets.load(made.output / "manifest.json", base_url="/static/").tags("app.css", "src/main.js").split("\n")
    found = [(tag.split()[0], tag.split('"')[3 if tag.startswith("<link") else 1]) for tag in tags]
    assert [tag for tag, _ in found] == ["<link", "<link", "<link", "<link", "<script"]
    assert all("integrity=" in tag for tag in tags)
    assert "assets/shared-Dn0TWFOf.css" in tags[1]
    assert "assets/main-ChDb-q3f.css" in tags[2]
    assert 'rel="modulepreload"' in tags[3]
    assert 'type="module"' in tags[4]


def test_other_bytes_under_the_name_of_the_last_build_are_a_warning(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    assert made.codes() == []
    made.write({"dist/assets/main-UnNt__Xt.js": "other()"})
    found = [*made.plan().problems, *made.build().problems]
    assert len(found) == 2
    for problem in found:
        assert (problem.code, problem.severity) == ("adopted-changed", Severity.WARNING)
        assert problem.text.startswith("assets/main-UnNt__Xt.js has other bytes")
        assert problem.place is not None
        assert problem.place.path.endswith("dist/assets/main-UnNt__Xt.js")
        assert "name files by their content" in problem.hint
    assert made.read("src/main.js") == "other()"
    assert made.codes() == [], "it is told once"
    made.write({"static/app.css": "b {}"})
    assert made.codes() == []


def test_variants_are_made_of_adopted_files(tmp_path: Path) -> None:
    made = vite_project(
        tmp_path, {"/dist/assets/main-ChDb-q3f.css": "a { color: red }" * 500}, 'vite = "dist/.vite/manifest.json"\n'
    )
    made.build()
    assert sorted(made.manifest["assets"]["assets/main-ChDb-q3f.css"]["variants"]) == ["br", "gzip"]


def test_esbuild_s_metafile_is_adopted_from_where_esbuild_ran(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"/web/{name}": f"/* {name} */" for name in ESBUILD["outputs"]}
    nearer: dict[str, str | bytes] = {"/web/meta/out/main-TBF3DMEL.js": "left of a build elsewhere"}
    config = f'esbuild = "web/meta/esbuild.json"\n{PLAIN}'
    made = project(tmp_path, {**files, **nearer, "/web/meta/esbuild.json": json.dumps(ESBUILD)}, config)
    made.build()
    assets = made.manifest["assets"]
    main = assets["src/main.js"]
    assert main["path"] == "out/main-TBF3DMEL.js"
    assert made.read("src/main.js") == "/* out/main-TBF3DMEL.js */"
    assert (main["module"], main["imports"]) == (True, ["out/chunk-GIMLXV4G.js"])
    assert (main["css"], main["preload"]) == (["out/main-7VUCO5EL.css"], ["out/main-7VUCO5EL.css", "src/text.woff2"])
    assert "module" not in assets["src/plain.js"]
    assert verify(made.config) == ()


def test_why_tells_where_an_adopted_asset_comes_from(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    made.build()
    lines = [text for _, text in explain(made.config, "src/main.js").lines]
    assert lines[2:4] == ["adopted from another build:", "dist/assets/main-UnNt__Xt.js"]


def test_templates_may_name_adopted_assets_also_where_the_build_fails(tmp_path: Path) -> None:
    pages: dict[str, str | bytes] = {
        "/templates/a.html": "{{ asset_tags('src/main.js') }}{{ asset_url('src/man.js') }}"
    }
    made = vite_project(tmp_path, pages, f'templates = ["templates/*.html"]\n{ONLY_VITE}')
    assert [problem.code for problem in inspection.check(made.config)] == ["template-unknown-asset"]
    made.write({"static/app.css": "a { background: url(none.png) }"})
    assert [problem.code for problem in inspection.check(made.config)] == ["missing", "template-unknown-asset"]


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "code", "hint"),
    [
        ("dist/.vite/manifest.json", "adopted-missing", "run `vite build`"),
        ("dist/assets/shared-Dn0TWFOf.css", "adopted-missing", "run `vite build`"),
        ("dist/assets/work-Cd0-OKLm.js", "adopted-missing", "run `vite build`"),
        ("meta.json", "adopted-missing", "run esbuild"),
        ("out/chunk-GIMLXV4G.js", "adopted-missing", "run esbuild"),
    ],
)
def test_what_is_named_but_not_there_is_an_error_with_the_command(
    tmp_path: Path, file: str, code: str, hint: str
) -> None:
    outputs: dict[str, str | bytes] = {f"/{name}": "" for name in ESBUILD["outputs"]}
    made = vite_project(tmp_path, {**outputs, "/meta.json": json.dumps(ESBUILD)}, BOTH)
    (tmp_path / file).unlink()
    problem = failure(made)
    assert problem.code == code
    assert hint in problem.hint
    assert file.rpartition("/")[2] in f"{problem.text} {problem.place}"


@pytest.mark.parametrize(
    ("key", "chunk", "code"),
    [
        ("src/a.js", {"file": "../../etc/passwd"}, "adopted-manifest"),
        ("src/a.js", {"file": "/etc/passwd"}, "adopted-manifest"),
        ("src/a.js", {"file": "a\\b-12345678.js"}, "adopted-manifest"),
        ("src/a.js", {"file": 'a">-12345678.js'}, "adopted-manifest"),
        ("src/a.js", {"file": 3}, "adopted-manifest"),
        ("src/a.js", {}, "adopted-manifest"),
        ("src/a.js", [], "adopted-manifest"),
        ("src/a.js", {"file": "assets/a-12345678.js", "css": "x"}, "adopted-manifest"),
        ("src/a.js", {"file": "assets/a-12345678.js", "css": [1]}, "adopted-manifest"),
        ("src/a.js", {"file": "assets/a-12345678.js", "assets": ["../x"]}, "adopted-manifest"),
        ("src/a.js", {"file": "assets/a-12345678.js", "imports": ["none"]}, "adopted-manifest"),
        ("../a.js", {"file": "assets/a-12345678.js", "isEntry": True}, "adopted-manifest"),
        ("src/a.js", {"file": "assets/a.js"}, "adopted-not-hashed"),
        ("src/long-component.js", {"file": "assets/long-component.js"}, "adopted-not-hashed"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(tmp_path: Path, key: str, chunk: object, code: str) -> None:
    extra: dict[str, str | bytes] = {"/dist/.vite/manifest.json": json.dumps({**VITE, key: chunk})}
    if isinstance(chunk, dict) and str(chunk.get("file", "")).startswith("assets/"):
        extra[f"/dist/{chunk['file']}"] = ""
    problem = failure(vite_project(tmp_path, extra))
    assert problem.code == code
    assert problem.hint
    assert problem.place is not None
    assert problem.place.path == str(tmp_path / "dist/.vite/manifest.json")


@pytest.mark.parametrize(
    "data", ["", "[]", '{"a": ', "[" * 100_000, "\ufeff{}", '{"outputs": 1}', '{"outputs": {"a": 1}}']
)
@pytest.mark.parametrize("bundler", Bundler)
def test_what_is_no_manifest_is_refused(data: str, bundler: Bundler) -> None:
    with pytest.raises(AdoptError):
        parse(bundler, data.encode())


KEYS = st.sampled_from(
    ["file", "src", "css", "assets", "imports", "outputs", "path", "kind", "exports", "cssBundle", "a-12345678.js"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["a-12345678.js", "b-12345678.css"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


REAL: dict[Bundler, dict[str, Any]] = {Bundler.VITE: VITE, Bundler.ESBUILD: ESBUILD}
NAMES = st.sampled_from(["../x.js", "/x.js", "a/../../x.css", "assets/new-12345678.css", "src/lazy.js", "a\\b.js", ""])


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Bundler, object]:
    """Any JSON, or what a bundler writes with some of its values changed."""
    bundler = draw(st.sampled_from(Bundler))
    if draw(st.booleans()):
        return bundler, draw(JSON)
    document = json.loads(json.dumps(REAL[bundler]))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        places = [(inner, key) for inner in containers(document) for key in keys_of(inner)]
        inner, key = draw(st.sampled_from(places))
        inner[key] = draw(NAMES | JSON)
    return bundler, document


def containers(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [] if inner is None else [value, *(found for one in inner for found in containers(one))]


def keys_of(container: Any) -> list[Any]:
    return sorted(container) if isinstance(container, dict) else list(range(len(container)))


def test_whatever_a_manifest_says_it_is_read_or_refused_in_words() -> None:
    outcomes: list[bool] = []

    @settings(max_examples=200, deadline=None)
    @given(manifests())
    def law(made: tuple[Bundler, object]) -> None:
        bundler, document = made
        try:
            chunks = parse(bundler, json.dumps(document).encode())
        except AdoptError as error:
            assert str(error)
            outcomes.append(False)
            return
        paths = {chunk.file for chunk in chunks}
        assert not any(path.startswith("/") or ".." in path.split("/") for path in paths)
        assert {name for chunk in chunks for name in chunk.css + chunk.assets} <= paths
        outcomes.append(len(chunks) > 3)

    law()
    assert outcomes.count(True) >= 5, "too few of the manifests were real ones"
    assert outcomes.count(False) >= 5, "too few of the manifests were refused"


@given(st.dictionaries(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=4), min_size=7, max_size=7))
def test_the_closure_has_all_that_is_reached_once_and_never_the_chunk_itself(edges: dict[int, list[int]]) -> None:
    chunks = {f"{name}": Chunk(f"{name}", f"{name}", imports=tuple(map(str, found))) for name, found in edges.items()}
    reached = set(chunks["0"].imports)
    while more := {name for one in reached for name in chunks[one].imports} - reached:
        reached |= more
    files = [chunk.file for chunk in closure(chunks["0"], chunks)]
    assert sorted(files) == sorted(reached - {"0"})


def test_a_long_chain_of_imports_ends_well() -> None:
    chunks = {f"{number}": Chunk("", f"{number}", imports=(f"{number + 1}",)) for number in range(5000)}
    assert [chunk.file for chunk in closure(chunks["0"], chunks)][:2] == ["4999", "4998"]


@pytest.mark.parametrize("own", ["src/main.js", "SRC/Main.js"])
def test_a_name_that_an_asset_of_ours_has_is_an_error_naming_both(tmp_path: Path, own: str) -> None:
    problem = failure(vite_project(tmp_path, {own: "x()"}))
    assert problem.code == "adopted-clash"
    assert own in problem.text
    assert "src/main.js" in problem.text
    assert "dist/.vite/manifest.json" in problem.text


def test_a_link_out_of_the_build_is_refused(tmp_path: Path) -> None:
    made = vite_project(tmp_path, {"/secret": "x"})
    (tmp_path / "dist/assets/main-ChDb-q3f.css").unlink()
    (tmp_path / "dist/assets/main-ChDb-q3f.css").symlink_to(tmp_path / "secret")
    assert failure(made).code == "link-escapes"


@pytest.mark.parametrize("path", ["public/assets/.vite/manifest.json", "public/assets/manifest.json"])
def test_a_build_in_our_output_folder_is_a_config_error_with_its_place(tmp_path: Path, path: str) -> None:
    with pytest.raises(BuildFailed) as failed:
        _ = project(tmp_path, {}, f'vite = "{path}"\n').config
    assert (failed.value.exit_code, failed.value.problems[0].code) == (2, "config-adopted")
    assert failed.value.problems[0].place is not None
    assert failed.value.problems[0].place.line == 1


# --- changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", ["dist/.vite/manifest.json", "dist/assets/main-ChDb-q3f.css", "dist/assets/new-map.js"]
)
def test_a_change_of_the_manifest_and_of_its_files_is_noticed(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uptodate, "RACY_NS", 0)
    made = vite_project(tmp_path)
    first = made.build()
    assert str(tmp_path / "dist/.vite/manifest.json") in first.files
    assert str(tmp_path / "dist/assets/main-ChDb-q3f.css") in first.files
    assert str(tmp_path / "dist/assets") in first.folders
    assert made.build().up_to_date
    assert not made.work, "nothing is read of a build that has not changed"
    with chdir(tmp_path):
        assert index.answer(("build",), version=__version__) is not None
        path = tmp_path / file
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b"\n")
        assert index.answer(("build",), version=__version__) is None
    made.build()
    assert verify(made.config) == ()


def test_a_new_build_of_vite_replaces_what_the_manifest_says(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    made.build()
    new = json.loads(json.dumps(VITE).replace("UnNt__Xt", "NEWHASH2"))
    made.write({name[1:]: data for name, data in vite_files(new).items()})
    plan = made.plan()
    change = next(change for change in plan.changes if change.logical == "src/main.js")
    assert change.reasons == ("input dist/assets/main-NEWHASH2.js is new", "input dist/assets/main-UnNt__Xt.js is gone")
    made.build()
    assert made.path("src/main.js") == "assets/main-NEWHASH2.js"


def test_watch_looks_at_the_manifest_and_at_files_that_are_yet_to_come(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    scope = watching.scope_of(made.config, (tmp_path / "assetbuild.toml",))
    late = tmp_path / "dist/assets/main-ChDb-q3f.css"
    late.unlink()
    before = watching.look(scope)
    late.write_text("a {}")
    (tmp_path / "dist/.vite/manifest.json").write_text(json.dumps(VITE) + "\n")
    causes = watching.causes_between(before, watching.look(scope))
    found = {(cause.path, cause.kind) for cause in causes}
    assert (str(late), watching.Kind.ADDED) in found
    assert (str(tmp_path / "dist/.vite/manifest.json"), watching.Kind.CHANGED) in found


def test_what_is_adopted_can_be_named_without_a_build(tmp_path: Path) -> None:
    made = vite_project(tmp_path)
    assert set(VITE) <= set(adoption.names_of(made.config.adopted))
