"""The sample app without a browser: the tide model's laws, the planner's rules, pages rendered from a real build."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from sample_app import tides
from sample_app.content import GALLERY, LEGEND, MARKS
from sample_app.tools import make_images
from tests.sample_site import CHECKOUT, Site, copy_sources

PAGES = ["/", "/tides", "/plan", "/gallery", "/legend"]
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
days = st.dates(date(1990, 1, 1), date(2090, 1, 1))

# --- tides -----------------------------------------------------------------------------------------------


@given(days)
def test_high_and_low_water_alternate_and_are_extremes(day: date) -> None:
    start = tides.midnight(day)
    found = tides.turns(start, start + timedelta(days=2))
    assert 6 <= len(found) <= 9
    for one, next_one in pairwise(found):
        assert one.when < next_one.when
        assert one.high is not next_one.high
    for turn in found:
        around = [tides.height(turn.when + timedelta(minutes=m)) for m in (-20, 20)]
        assert all(other < turn.height for other in around) if turn.high else all(o > turn.height for o in around)


@given(days, st.floats(0, 6))
def test_windows_are_where_the_water_is_high_enough(day: date, least: float) -> None:
    start = tides.midnight(day)
    end = start + timedelta(days=1)
    found = tides.windows(start, end, least=least)
    for minute in range(0, 24 * 60, 7):
        when = start + timedelta(minutes=minute)
        if abs(tides.height(when) - least) > 0.02:  # half a minute's rise at the steepest
            assert any(w.start <= when <= w.end for w in found) == (tides.height(when) > least)


def test_a_curve_spans_the_day() -> None:
    curve = tides.curve(NOON.date())
    assert [curve[0][0], curve[-1][0]] == [0, 24 * 60]
    assert all(0 < height < 6 for _, height in curve)


# --- pages -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return copy_sources(tmp_path_factory.mktemp("sample")).build()


@pytest.fixture(scope="module")
def app(site: Site) -> Iterator[Flask]:
    """The app over the built copy."""
    import sample_app.app as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "OUTPUT", site.output)
        patch.setattr(module, "MANIFEST", site.app / "public" / "manifest.json")
        yield module.create_app(clock=lambda: NOON)


def page(app: Flask, path: str, status: int = 200) -> str:
    response = app.test_client().get(path)
    assert response.status_code == status
    return response.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_only_files_that_were_built(path: str, app: Flask, site: Site) -> None:
    named = set(re.findall(r'(?:href|src)="/static/([^"]+)"', page(app, path)))
    assert len(named) >= 4
    assert named <= set(site.paths().values())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_works_under_its_own_content_security_policy(path: str, app: Flask) -> None:
    response = app.test_client().get(path)
    nonce = re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
    assert nonce is not None
    assert 'style="' not in response.text
    inline = re.findall(r"<script(?![^>]* src=)(?![^>]*application/json)[^>]*>", response.text)
    assert inline == [f'<script nonce="{nonce[1]}">']


def test_url_for_static_answers_the_fingerprinted_name(app: Flask, site: Site) -> None:
    assert f'href="/static/{site.paths()["img/logo.svg"]}" type="image/svg+xml"' in page(app, "/")


def test_the_base_url_is_a_setting(site: Site) -> None:
    import sample_app.app as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "OUTPUT", site.output)
        patch.setattr(module, "MANIFEST", site.app / "public" / "manifest.json")
        app = module.create_app({"ASSETS_BASE_URL": "https://cdn.example.com/a"})
    response = app.test_client().get("/")
    assert f'src="https://cdn.example.com/a/{site.paths()["js/site.js"]}"' in response.text
    assert "crossorigin" in response.text
    assert "https://cdn.example.com" in response.headers["Content-Security-Policy"]


def test_an_unknown_page_is_answered_in_the_sites_own_words(app: Flask) -> None:
    assert "Off the chart" in page(app, "/nowhere", status=404)


def test_tables_begin_where_they_are_asked_to(app: Flask) -> None:
    text = page(app, "/tides?from=2026-12-29")
    assert "29 December 2026" in text
    assert "04 January" in text
    assert "01 June 2026" in page(app, "/tides?from=nonsense")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("draught=1.4&day=2026-06-01", "When there is water"),
        ("draught=1,4&day=2026-06-01", "When there is water"),
        ("draught=4&day=2026-06-01", "No water that day"),
        ("draught=9&day=2026-06-01", "Enter the draught in metres"),
        ("draught=nan&day=2026-06-01", "Enter the draught in metres"),
        ("draught=0&day=2026-06-01", "Enter the draught in metres"),
        ("draught=1.4&day=31.12.2026", "Choose a day."),
        ("draught=1.4", "Choose a day."),
        ("draught=%3Cscript%3E&day=", 'value="&lt;script&gt;"'),
    ],
)
def test_the_planner_answers_or_says_what_is_wrong(query: str, wanted: str, app: Flask) -> None:
    assert wanted in page(app, "/plan?" + query)


@pytest.mark.parametrize(("settings", "remembered"), [({"SECRET_KEY": "a key of this test"}, "1.4"), ({}, "")])
def test_the_planner_remembers_the_draught_where_there_is_a_key(
    settings: dict[str, str], remembered: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sample_app.app as module

    monkeypatch.setattr(module, "OUTPUT", site.output)
    monkeypatch.setattr(module, "MANIFEST", site.app / "public" / "manifest.json")
    client = module.create_app(settings, clock=lambda: NOON).test_client()
    assert client.get("/plan?draught=1.4&day=2026-06-01").status_code == 200
    assert client.get("/plan?draught=9&day=2026-06-01").status_code == 200
    assert f'name="draught" value="{remembered}"' in client.get("/plan").text


# --- what is published -----------------------------------------------------------------------------------


def test_only_what_the_site_uses_is_published(site: Site) -> None:
    published = set(site.paths())
    assert {"css/site.css", "js/site.js", "favicon.ico"} <= published
    assert {name for name in published if name.startswith("vendor/")} == {
        "vendor/font-awesome/webfonts/fa-solid-900.woff2"
    }
    assert not any(name.startswith(("css/site/", "js/site/")) for name in published)


def test_the_configuration_gives_no_complaint(site: Site) -> None:
    done = site.assetbuild("check")
    assert done.returncode == 0, done.stderr
    assert "warning[" not in done.stderr


def test_pictures_and_marks_that_are_shown_exist(site: Site) -> None:
    assert {picture.asset for picture in GALLERY} | {mark.asset for mark in MARKS} <= set(site.paths())


def test_every_icon_of_the_legend_is_one_of_font_awesome(site: Site) -> None:
    css = (site.output / site.paths()["css/site.css"]).read_text(encoding="utf-8").replace("::", ":")
    assert [sign.icon for sign in LEGEND if f".fa-{sign.icon}:before" not in css] == []


def pixels(file: Path) -> bytes:
    """The picture's rows unpacked, since another zlib packs the same picture in other bytes."""
    data = file.read_bytes()
    start = data.index(b"IDAT")
    size = int.from_bytes(data[start - 4 : start], "big")
    return zlib.decompress(data[start + 4 : start + 4 + size])


@pytest.mark.slow
def test_the_committed_pictures_are_what_the_script_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = CHECKOUT / "sample_app" / "static"
    (tmp_path / "img" / "gallery").mkdir(parents=True)
    monkeypatch.setattr(make_images, "IMAGES", tmp_path)
    make_images.main()
    drawn = sorted(file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file())
    assert len(drawn) == 4
    for file in drawn:
        assert pixels(tmp_path / file) == pixels(committed / file), file


def test_nothing_of_a_library_is_committed() -> None:
    assert not (CHECKOUT / "sample_app" / "static" / "vendor").exists()


def test_the_running_app_imports_nothing_of_the_compiler(site: Site) -> None:
    code = "import sys, sample_app.wsgi; print([m for m in sys.modules if m.startswith('assetbuild.build')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site.root, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
