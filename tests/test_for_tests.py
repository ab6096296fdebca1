"""`Assets.for_tests`: plain names without a build, and as strict about which there are."""

from __future__ import annotations

import base64
import hashlib
import pickle
from pathlib import Path

import pytest

from assetbuild import AssetbuildError, Assets, UnknownAsset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "one/css/base.css": "b{background:url('../img/a b.png')}",
        "one/img/a b.png": "",
        "one/js/app.js": "1",
        "one/js/m.mjs": "export {}",
        "one/.git/config": "",
        "one/css/.base.css.swp": "",
        "two/js/app.js": "other",
        "two/data.json": '{"a":"</script>"}',
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    return tmp_path


@pytest.fixture
def assets(folder: Path) -> Assets:
    return Assets.for_tests(folder / "one", folder / "two", names=["css/app.css"])


def test_the_names_are_the_files_of_the_folders_and_those_that_are_given(assets: Assets) -> None:
    assert list(assets) == ["css/app.css", "css/base.css", "data.json", "img/a b.png", "js/app.js", "js/m.mjs"]


def test_urls_are_plain_names_at_the_base_url(assets: Assets, folder: Path) -> None:
    assert assets.url("css/app.css") == "/static/css/app.css"
    assert assets.url("img/a b.png") == "/static/img/a%20b.png"
    assert Assets.for_tests(folder / "two", base_url="https://cdn.example.com").url("js/app.js") == (
        "https://cdn.example.com/js/app.js"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("css/bse.css", r"did you mean 'css/base\.css'.*\? If the name is right, add the source, or a bundle's name"),
        ("CSS/base.css", r"write 'css/base\.css'"),
        ("/static/css/base.css", r"write 'css/base\.css'"),
        ("zzz", r"no asset 'zzz' among those of Assets\.for_tests; add the source, or a bundle's name to `names`$"),
        (".git/config", "no asset"),
        ("", "no asset"),
    ],
)
def test_an_unknown_name_is_an_error_that_says_what_to_do(assets: Assets, name: str, message: str) -> None:
    assert name not in assets
    for ask in (assets.url, assets.tags, assets.integrity, assets.inline):
        with pytest.raises(UnknownAsset, match=message):
            ask(name)


def test_without_folders_and_names_nothing_is_known() -> None:
    with pytest.raises(UnknownAsset):
        Assets.for_tests().url("css/app.css")


def test_tags_are_those_of_a_page_and_do_not_change_with_the_files(assets: Assets) -> None:
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(b"").digest()).decode()
    assert assets.tags("css/app.css", "js/m.mjs", nonce="n").split("\n") == [
        f'<link rel="stylesheet" href="/static/css/app.css" integrity="{integrity}" nonce="n">',
        f'<script type="module" src="/static/js/m.mjs" integrity="{integrity}" nonce="n"></script>',
    ]
    assert assets.preload_tags("css/app.css") == assets.importmap_tag() == ""
    with pytest.raises(AssetbuildError, match="which no tag loads"):
        assets.tags("img/a b.png")


def test_inline_reads_the_source_from_the_first_folder_that_has_it(assets: Assets) -> None:
    assert assets.inline("js/app.js") == "1"
    assert assets.inline("data.json") == '{"a":"\\u003c/script>"}'
    assert assets.inline("css/base.css") == "b{background:url('/static/img/a%20b.png')}"


def test_inline_of_what_has_no_file_says_what_is_missing(assets: Assets) -> None:
    with pytest.raises(AssetbuildError, match=r"app\.css.*cannot be read"):
        assets.inline("css/app.css")
    with pytest.raises(AssetbuildError, match="pass those of `sources`"):
        Assets.for_tests(names=["css/app.css"]).inline("css/app.css")


def test_a_copy_in_another_process_answers_alike(assets: Assets) -> None:
    copied = pickle.loads(pickle.dumps(assets))
    assert (list(copied), copied.inline("js/app.js"), repr(copied)) == (list(assets), "1", repr(assets))


@pytest.mark.parametrize("name", ["/css/app.css", "../app.css", "a//b.css", "a\\b.css", ""])
def test_a_name_that_no_asset_can_have_is_refused(name: str) -> None:
    with pytest.raises(AssetbuildError, match="write a logical path like"):
        Assets.for_tests(names=[name])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetbuildError, match="there is no such folder; pass the folders of `sources`"):
        Assets.for_tests(tmp_path / "statics")


def test_nothing_of_it_is_immutable_to_a_server(assets: Assets) -> None:
    assert not assets.immutable_file_test("/srv/static/js/app.js", "/static/js/app.js")
