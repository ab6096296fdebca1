"""`Assets` answers from the manifest alone: URLs, freshness, what may be cached, and what it says of unknown names."""

from __future__ import annotations

import copy
import os
import pickle
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import AssetbuildError, Assets, ManifestError, UnknownAsset, markup
from assetbuild import manifest as manifest_module
from assetbuild.build import urls as build_urls
from tests.runtime_helpers import FILES, MEMBERS, document, dump, output_path, path_of, sri_of, write


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write(tmp_path, FILES, MEMBERS)


@pytest.mark.parametrize(
    ("base_url", "before"),
    [
        ("/", "/"),
        ("", "/"),
        ("/static", "/static/"),
        ("/static/", "/static/"),
        ("https://cdn.example.com/a", "https://cdn.example.com/a/"),
        ("//cdn.example.com", "//cdn.example.com/"),
        ("./", "./"),
    ],
)
def test_a_url_is_the_base_url_and_the_output_path(manifest: Path, base_url: str, before: str) -> None:
    assets = Assets.load(manifest, base_url=base_url)
    assert assets.url("css/app.css") == before + path_of("css/app.css")
    assert assets.base_url == before


def test_path_integrity_and_build_are_those_of_the_manifest(manifest: Path) -> None:
    assets = Assets.load(str(manifest))
    assert assets.path("css/app.css") == path_of("css/app.css")
    assert assets.integrity("css/app.css") == sri_of("css/app.css")
    assert assets.build == document(FILES, MEMBERS)["build"]
    assert sorted(assets) == sorted(FILES)
    assert len(assets) == len(FILES)
    assert "css/app.css" in assets
    assert "css/app" not in assets
    assert assets.build[:12] in repr(assets)


@pytest.mark.parametrize("base_url", ["/static?v=1", "/static/#x", "https://cdn/a?"])
def test_a_base_url_with_a_query_or_fragment_is_refused(manifest: Path, base_url: str) -> None:
    with pytest.raises(AssetbuildError, match="has a query or a fragment; give only") as caught:
        Assets.load(manifest, base_url=base_url)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("base_url", ["/my static/", "/a\n/", '/"/', "/<b>/", "\\static\\"])
def test_a_base_url_that_is_no_url_is_refused(manifest: Path, base_url: str) -> None:
    with pytest.raises(ValueError, match="percent-encode it"):
        Assets.load(manifest, base_url=base_url)


@pytest.mark.parametrize("base_url", [5, None, b"/static/", ["/"]])
def test_a_base_url_that_is_no_string_is_refused(manifest: Path, base_url: Any) -> None:
    with pytest.raises(AssetbuildError) as caught:
        Assets.load(manifest, base_url=base_url)
    assert str(caught.value) == f"the base URL must be a string like '/static/', found {base_url!r}; pass a string"


@pytest.mark.parametrize("reload", [False, True])
def test_a_path_that_no_file_has_is_a_manifest_error(reload: bool) -> None:
    with pytest.raises(ManifestError, match="embedded null"):
        Assets.load("m\0x", reload=reload)


def _pickled(assets: Assets) -> Assets:
    copied: Assets = pickle.loads(pickle.dumps(assets))
    return copied


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _pickled])
def test_a_copy_answers_alike_without_the_file(manifest: Path, duplicate: Callable[[Assets], Assets]) -> None:
    assets = Assets.load(manifest, base_url="https://cdn.example.com/", root=manifest.parent / "x")
    assets.tags("css/app.css")
    manifest.unlink()
    copied = duplicate(assets)
    assert (repr(copied), copied._roots, copied.reloads) == (repr(assets), assets._roots, False)
    assert copied.tags("js/main.js", "css/app.css") == assets.tags("js/main.js", "css/app.css")
    with pytest.raises(AttributeError, match="immutable"):
        copied.extra = "x"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _pickled])
def test_a_copy_of_assets_that_reload_reloads(tmp_path: Path, duplicate: Callable[[Assets], Assets]) -> None:
    manifest = write(tmp_path, {"a.css": "1"})
    assets = Assets.load(manifest, reload=True)
    manifest.unlink()
    copied = duplicate(assets)
    assert copied.path("a.css") == output_path("a.css", b"1")
    write(tmp_path, {"a.css": "2"})
    assert copied.path("a.css") == output_path("a.css", b"2")


def test_a_missing_manifest_fails_at_load(tmp_path: Path) -> None:
    for reload in (False, True):
        with pytest.raises(ManifestError, match="run `assetbuild build`"):
            Assets.load(tmp_path / "no.json", reload=reload)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_paths_are_encoded_as_the_build_encodes_them(path: str) -> None:
    assert markup.encode(path) == build_urls.encode(path)
    assert markup.decode(markup.encode(path)) == path
    assert markup.is_unencoded(path) == (build_urls.encode(path) == path)


@given(st.text("%aAfF09ü/-", max_size=8))
def test_decoding_agrees_with_the_build_where_the_bytes_are_text(path: str) -> None:
    expected = build_urls.decode(path)
    if expected is not None:
        assert markup.decode(path) == expected


def test_one_odd_name_does_not_change_the_urls_of_the_others(manifest: Path) -> None:
    assets = Assets.load(manifest)
    assert assets.url("css/app.css") == "/" + path_of("css/app.css")
    assert re.fullmatch(r"/odd%20name%20%281%29&%27%C3%BC-[0-9a-f]{16}\.css", assets.url("odd name (1)&'ü.css"))


def test_an_assets_cannot_be_changed(manifest: Path) -> None:
    assets = Assets.load(manifest)
    with pytest.raises(AttributeError, match="immutable"):
        assets.build = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        assets.extra = "x"
    with pytest.raises(AttributeError, match="immutable"):
        del assets._roots
    with pytest.raises(TypeError, match=r"Assets\.load"):
        Assets()


def test_no_look_up_reads_a_file(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = Assets.load(manifest)
    manifest.unlink()

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a look-up did I/O")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(os, "stat", refuse)
    assert assets.url("css/app.css")
    assert assets.integrity("css/app.css")
    assert assets.tags("css/app.css", "js/main.js", nonce="n")
    assert assets.preload_tags("css/app.css")
    assert assets.importmap_tag() == ""
    assert assets.immutable_file_test("/x/" + path_of("css/app.css"), "/static/" + path_of("css/app.css"))


# --- unknown names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/css/app.css", "without a leading slash, dots and base URL; write 'css/app.css'"),
        ("./css/app.css", "write 'css/app.css'"),
        ("/static/css/app.css", "write 'css/app.css'"),
        ("css/app.css?v=3", "write 'css/app.css'"),
        ("css\\app.css", "write 'css/app.css'"),
        (path_of("css/app.css"), "is an output path, which changes with the content; write 'css/app.css'"),
        ("/static/" + path_of("css/app.css") + ".gz", "is an output path"),
        ("css/theme.css", "it exists in another case, and case matters; write 'css/Theme.css'"),
        (
            "css/ap.css",
            "did you mean 'css/app.css' or 'css/base.css'? If the name is right, add the source and run `assetbuild",
        ),
        ("app.css", "did you mean 'css/app.css'"),
        ("zzz", "add the source and run `assetbuild build` (`assetbuild ls` lists what there is)"),
        ("", "add the source and run `assetbuild build`"),
    ],
)
def test_an_unknown_name_is_explained_and_ends_in_an_action(manifest: Path, name: str, said: str) -> None:
    assets = Assets.load(manifest, base_url="/static/")
    for ask in (assets.url, assets.path, assets.integrity, assets.tags, assets.preload_tags, assets.inline):
        with pytest.raises(UnknownAsset) as caught:
            ask(name)
        assert str(caught.value).startswith(f"no asset {name!r} in build {assets.build[:12]}")
        assert said in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", [None, 3, ("css/app.css",), ["css/app.css"], {}])
def test_what_is_no_name_is_said_to_be_none(manifest: Path, name: Any) -> None:
    assets = Assets.load(manifest)
    for ask in (assets.url, assets.path, assets.integrity, assets.tags, assets.preload_tags, assets.inline):
        with pytest.raises(UnknownAsset, match=r"looked up by its logical path, a string like 'css/app.css'; found"):
            ask(name)
    assert name not in assets


@pytest.mark.parametrize(("key", "asked"), [("cafe\u0301.css", "caf\u00e9.css"), ("caf\u00e9.css", "cafe\u0301.css")])
def test_a_name_is_found_in_either_unicode_form(tmp_path: Path, key: str, asked: str) -> None:
    assets = Assets.load(write(tmp_path, {key: "a{}", "a.css": "b{}"}, {key: {"preload": ["a.css"]}}, with_files=True))
    assert asked in assets
    for ask in (assets.url, assets.path, assets.integrity, assets.tags, assets.preload_tags, assets.inline):
        assert ask(asked) == ask(key)
    assert assets.tags(asked, asked) == assets.tags(key)
    with pytest.raises(UnknownAsset, match="no asset 'caf\u00e8"):
        assets.url("caf\u00e8.css")


def test_a_name_as_the_manifest_has_it_wins_over_its_other_form(tmp_path: Path) -> None:
    assets = Assets.load(write(tmp_path, {"cafe\u0301.css": "1", "caf\u00e9.css": "2"}))
    assert assets.path("cafe\u0301.css") == output_path("cafe\u0301.css", b"1")
    assert assets.path("caf\u00e9.css") == output_path("caf\u00e9.css", b"2")


# --- reload ----------------------------------------------------------------------------------------------


def test_without_reload_a_new_manifest_is_not_seen(tmp_path: Path) -> None:
    assets = Assets.load(write(tmp_path, {"a.css": "1"}))
    before = assets.url("a.css")
    write(tmp_path, {"a.css": "2"})
    assert assets.url("a.css") == before
    assert not assets.reloads


def test_with_reload_every_answer_is_of_the_file_as_it_is(tmp_path: Path) -> None:
    assets = Assets.load(write(tmp_path, {"a.css": "1"}), reload=True)
    assert assets.reloads
    assets.tags("a.css")
    write(tmp_path, {"a.css": "2", "b.css": "3"}, {"a.css": {"preload": ["b.css"]}})
    after = Assets.load(tmp_path / "manifest.json")
    assert assets.tags("a.css") == after.tags("a.css")
    assert assets.url("a.css") == after.url("a.css")
    assert assets.preload_tags("a.css") == after.preload_tags("a.css")
    assert (assets.integrity("a.css"), assets.build, list(assets)) == (
        after.integrity("a.css"),
        after.build,
        list(after),
    )


@pytest.mark.parametrize("damage", ["absent", "empty", "truncated", "foreign", "folder"])
def test_with_reload_the_last_good_manifest_answers_while_the_file_is_broken(tmp_path: Path, damage: str) -> None:
    manifest = write(tmp_path, {"a.css": "1"})
    assets = Assets.load(manifest, reload=True)
    before = assets.url("a.css")
    data = manifest.read_bytes()
    manifest.unlink()
    if damage == "folder":
        manifest.mkdir()
    elif damage != "absent":
        manifest.write_bytes({"empty": b"", "truncated": data[:-9], "foreign": b"{}"}[damage])
    assert [assets.url("a.css") for _ in range(3)] == [before] * 3
    if damage == "folder":
        manifest.rmdir()
    write(tmp_path, {"a.css": "2"})
    assert assets.url("a.css") != before


def test_with_reload_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = write(tmp_path, {"a.css": "1"})
    assets = Assets.load(manifest, reload=True)
    reads: list[object] = []
    real = manifest_module.read

    def read(path: str) -> manifest_module.ManifestDict:
        reads.append(path)
        return real(path)

    monkeypatch.setattr(manifest_module, "read", read)
    assets.url("a.css")
    assert len(reads) == 0
    manifest.write_bytes(b"{")
    for _ in range(3):
        assets.url("a.css")
    assert len(reads) == 1  # a broken one is not parsed at every look-up either


def test_threads_get_the_same_answers_while_caches_fill(manifest: Path) -> None:
    assets = Assets.load(manifest)
    names = [name for name in FILES if name.endswith((".css", ".js"))]
    wanted = [str(Assets.load(manifest).tags(name)) for name in names]
    start = threading.Barrier(8)
    wrong: list[str] = []

    def ask() -> None:
        start.wait()
        wrong.extend(name for name, html in zip(names, wanted, strict=True) if assets.tags(name) != html)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- WhiteNoise ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/", "/static/", "/a/b/"])
@pytest.mark.parametrize("root", ["/srv/app/public/", "/"])
def test_outputs_and_variants_are_immutable_and_nothing_else_is(manifest: Path, root: str, prefix: str) -> None:
    assets = Assets.load(manifest)
    output = path_of("css/app.css")
    stable = path_of("css/base.css")
    fixed = [output, output + ".gz", output + ".zst", stable, path_of("img/logo.png")]
    loose = [
        "css/app.css",
        "css/base.css",
        "manifest.json",
        output + ".br",
        "x/" + "app.css",
        "css/app-0123456789abcdef.css",
    ]
    for path in fixed:
        assert assets.immutable_file_test(root + path, prefix + path), path
    for path in loose:
        assert not assets.immutable_file_test(root + path, prefix + path), path
    assert not assets.immutable_file_test(root + output, prefix + "other.css")


def test_the_plain_copy_of_a_stable_asset_is_not_taken_for_an_output_of_the_same_file_name(tmp_path: Path) -> None:
    hashed = output_path("x.css", b"x")
    assets = Assets.load(write(tmp_path, {"x.css": "x", "sub/" + hashed: "y"}, {"sub/" + hashed: {"stable": True}}))
    assert assets.immutable_file_test("/srv/" + hashed, "/static/" + hashed)
    assert not assets.immutable_file_test("/srv/sub/" + hashed, "/static/sub/" + hashed)


def test_whitenoise_serves_outputs_as_immutable_and_the_rest_not(tmp_path: Path) -> None:
    from whitenoise import WhiteNoise

    files: dict[str, str | bytes] = {"css/a ü.css": "a", "favicon.txt": "f"}
    manifest = write(tmp_path, files, {"favicon.txt": {"stable": True}}, with_files=True)
    (tmp_path / "favicon.txt").write_text("f")
    assets = Assets.load(manifest)
    app = WhiteNoise(None, root=str(tmp_path), prefix="/static/", immutable_file_test=assets.immutable_file_test)
    headers = {url: dict(found.get_response("HEAD", {}).headers) for url, found in app.files.items()}
    immutable = {url for url, found in headers.items() if "immutable" in found["Cache-Control"]}
    assert immutable == {"/static/" + assets.path(name) for name in files}
    assert set(headers) - immutable == {"/static/favicon.txt", "/static/manifest.json"}


def test_a_manifest_at_the_limits_loads(tmp_path: Path) -> None:
    made = document({f"d{i % 7}/f{i}.css": str(i) for i in range(500)}, {"d0/f0.css": {"preload": ["d1/f1.css"]}})
    (tmp_path / "m.json").write_bytes(dump(made))
    assert len(Assets.load(tmp_path / "m.json")) == 500
