"""`Link` headers: style sheets and fonts, once each, as their elements fetch them; never modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild import Assets, UnknownAsset
from tests.runtime_helpers import FILES, MEMBERS, path_of, sri_of, write

CDN = "https://cdn.example.com/"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write(tmp_path, FILES, MEMBERS)


def test_style_sheets_and_what_they_load_are_preloaded(manifest: Path) -> None:
    assert Assets.load(manifest, base_url="/s/").link_header("css/app.css") == (
        f'</s/{path_of("css/app.css")}>; rel=preload; as=style; integrity="{sri_of("css/app.css")}", '
        f'</s/{path_of("fonts/inter.woff2")}>; rel=preload; as=font; type="font/woff2"; crossorigin, '
        f'</s/{path_of("css/base.css")}>; rel=preload; as=style; integrity="{sri_of("css/base.css")}"'
    )


def test_from_another_origin_each_says_what_its_element_will(manifest: Path) -> None:
    """An element checks and so asks for CORS; what `@import` loads it cannot check."""
    assert Assets.load(manifest, base_url=CDN).link_header("css/app.css") == (
        f'<{CDN}{path_of("css/app.css")}>; rel=preload; as=style; integrity="{sri_of("css/app.css")}"; '
        "crossorigin=anonymous, "
        f'<{CDN}{path_of("fonts/inter.woff2")}>; rel=preload; as=font; type="font/woff2"; crossorigin, '
        f"<{CDN}{path_of('css/base.css')}>; rel=preload; as=style"
    )


def test_never_modules_and_each_file_once(manifest: Path) -> None:
    assets = Assets.load(manifest)
    assert assets.link_header("js/main.js", "js/app.js", "img/logo.png") == ""
    assert assets.link_header() == ""
    assert assets.link_header("css/app.css", "css/base.css", "css/app.css") == assets.link_header("css/app.css")


def test_it_is_a_header_whatever_names_and_base_url_are(manifest: Path) -> None:
    value = Assets.load(manifest, base_url="https://bücher.example/ä/").link_header("odd name (1)&'ü.css")
    assert value.startswith("<https://b%C3%BCcher.example/%C3%A4/odd%20name%20%281%29&%27%C3%BC")
    assert value.isascii()
    assert value.isprintable()


def test_an_unknown_name_is_an_error(manifest: Path) -> None:
    with pytest.raises(UnknownAsset, match=r"did you mean .css/app\.css."):
        Assets.load(manifest).link_header("css/ap.css")
