"""The sample app with its assets from where they were published: what `make demo` and `make serve` show a newcomer."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from collections.abc import Iterator

import pytest

from tests.sample_site import Site, copy_sources


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = copy_sources(tmp_path_factory.mktemp("site")).build()
    done = site.assetbuild("publish")
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="module")
def url(published: Site) -> Iterator[str]:
    with published.serve(ASSETS_BASE_URL="/cdn/") as url:
        yield url


def get(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.read(), response.headers["Cache-Control"]


@pytest.mark.parametrize("page", ["/", "/gallery", "/legend", "/plan"])
def test_every_asset_of_a_page_comes_from_the_published_folder(published: Site, url: str, page: str) -> None:
    html = get(url + page)[0].decode()
    assert 'href="/static/' not in html
    assert 'src="/static/' not in html
    digests = {asset["path"]: asset["sha256"] for asset in published.manifest()["assets"].values()}
    named = set(re.findall(r'(?:href|src)="/cdn/([^"]+)"', html))
    assert any(name.endswith(".css") for name in named)
    for name in sorted(named):
        body, cache = get(f"{url}/cdn/{name}")
        assert hashlib.sha256(body).hexdigest() == digests[name]
        assert "immutable" in cache


def test_what_was_published_is_whole_and_its_records_lie_beside_it(published: Site) -> None:
    public = published.app / "public"
    assert published.assetbuild("verify", "--remote").returncode == 0
    assert len(list((public / "releases" / "releases").glob("*.json"))) == 1
    assert not (public / "cdn" / ".assetbuild").exists()


def test_publishing_again_sends_nothing(published: Site) -> None:
    assert published.assetbuild("publish").stdout.startswith("up to date: build ")
