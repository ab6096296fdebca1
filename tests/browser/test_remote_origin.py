"""The sample app with its assets in a bucket on another origin: published by the command, opened as the docs say.

By HTTP with twins beside the plain objects, and by TLS with one brotli object per key. A bucket and its page are made
once per row; a test that changes a bucket puts it back.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import brotli
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import loaded_fonts, style
from tests.sample_site import CHECKOUT, Site
from tests.servers import Server, plain_client

# Not the group of the other tests with servers: the built sample app and Chromium are in this one's worker.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FONT = "vendor/font-awesome/webfonts/fa-solid-900.woff2"
MODULE = "js/modules/tide-curve.js"
LATE_MODULE = "js/modules/readout.js"
SETTLED_WITHIN = 10.0
DOCUMENTED = CHECKOUT / "docs/howto-publish.md"


@dataclass(frozen=True, slots=True)
class World:
    """A bucket that holds the published site, and the app on `front`, which names the assets at `public`."""

    encoding: str
    is_tls: bool
    site: Site
    s3: Any
    bucket: str
    public: str
    front: str

    @property
    def origin(self) -> str:
        """What the bucket allows: pages of the app alone, or of everybody."""
        return "*" if self.is_tls else self.front

    def key(self, logical: str) -> str:
        return f"site/{self.site.paths()[logical]}"

    def url(self, logical: str) -> str:
        return self.public + self.site.paths()[logical]

    def allow(self, origin: str) -> None:
        """Put the documented rules for this origin, or none for '', and wait until what they say of pages holds."""
        if origin:
            rules = documented("CORSRules")
            rules["CORSRules"][0]["AllowedOrigins"] = [origin]
            self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration=rules)
        else:
            self.s3.delete_bucket_cors(Bucket=self.bucket)
        expected = origin in ("*", self.front)
        until = time.monotonic() + SETTLED_WITHIN
        while ("Access-Control-Allow-Origin" in got(self.url("js/site.js"), {"Origin": self.front})[1]) != expected:
            assert time.monotonic() < until, f"the rules for {origin!r} do not hold yet"
            time.sleep(0.05)


def documented(word: str) -> dict[str, Any]:
    """The one JSON example of the page that has this word."""
    blocks = re.findall(r"^```json\n(.*?)^```", DOCUMENTED.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if f'"{word}"' in block]
    parsed: dict[str, Any] = json.loads(found)
    return parsed


def got(url: str, headers: dict[str, str] | None = None) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as response:
        return response.read(), dict(response.headers)


def status(url: str) -> int:
    try:
        got(url)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


def prepared(site: Site, server: Server, bucket: str, row: str) -> str:
    """Write the row's settings and an import map into a copy of the site, build it; gives the public URL."""
    endpoint = server.https if row == "tls" else server.http
    public = f"{endpoint}/{bucket}/site/"
    config = site.app / "assetbuild.toml"
    text, found, _ = config.read_text("utf-8").partition("[publish]\n")
    assert found
    settings = {"target": f"s3://{bucket}/site", "endpoint_url": endpoint, "region": "us-east-1", "public_url": public}
    if row == "tls":
        settings |= {"encoding": "br", "state": f"s3://{bucket}/site-state"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    config.write_text("\n".join(['modules = "importmap"', text, found, *lines, ""]), "utf-8")
    base = site.app / "templates/base.html"
    before, block, after = base.read_text("utf-8").partition("{% block head %}")
    assert block
    base.write_text(f"{before}{{{{ asset_importmap(nonce=g.nonce) }}}}{block}{after}", "utf-8")
    site.build()
    return public


def opened(row: str, bucket: str) -> dict[str, Any]:
    """A policy that lets everybody read what is published, and not the state."""
    policy = documented("Principal")
    (statement,) = policy["Statement"]
    statement["Resource"] = statement["Resource"].replace(":::assets/", f":::{bucket}/")
    if row == "http":  # where the state is below the target
        del statement["Resource"]
        statement["NotResource"] = f"arn:aws:s3:::{bucket}/site/.assetbuild/*"
    return policy


@pytest.fixture(scope="module", params=["http", "tls"])
def world(
    request: pytest.FixtureRequest, site: Site, seaweedfs: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    row: str = request.param
    bucket = f"remote-{secrets.token_hex(6)}"
    copy = site.copy(tmp_path_factory.mktemp("remote"))
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in seaweedfs.environment().items():
            patch.setenv(name, value)
        patch.setenv("SSL_CERT_FILE", str(seaweedfs.ca))
        s3 = stack.enter_context(contextlib.closing(plain_client(seaweedfs)))
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(opened(row, bucket)))
        public = prepared(copy, seaweedfs, bucket, row)
        done = copy.assetbuild("publish")
        assert done.returncode == 0, done.stderr
        front = stack.enter_context(copy.serve(ASSETS_BASE_URL=public))
        made = World("br" if row == "tls" else "", row == "tls", copy, s3, bucket, public, front)
        made.allow(made.origin)
        yield made


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Visit]]:
    """Opens pages with an empty cache, by a browser that takes the certificates of these servers."""
    with browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(15_000)
        yield lambda address: Visit(context.new_page()).open(address)


Open = Callable[[str], Visit]


def font_alone(world: World, seen: Visit) -> str:
    """What becomes of the font when no style sheet stands before it: `loaded`, or the name of the error."""
    load = "url => new FontFace('Alone', `url(${url})`).load().then(face => face.status, error => error.name)"
    found: str = seen.page.evaluate(load, world.url(FONT))
    return found


def hover(seen: Visit) -> None:
    seen.page.wait_for_selector("[data-tide-curve][data-ready]")
    seen.page.hover("[data-tide-curve] svg")


@contextlib.contextmanager
def overwritten(world: World, logical: str) -> Iterator[None]:
    """Another's bytes under the key, with the headers of what was published; the old ones come back."""
    key = world.key(logical)
    was = world.s3.get_object(Bucket=world.bucket, Key=key)
    headers = {name: was[name] for name in ("ContentType", "CacheControl", "ContentEncoding") if was.get(name)}
    body = was["Body"].read()
    plain = brotli.decompress(body) if world.encoding else body
    tampered = plain + b"\n/* not ours */"
    world.s3.put_object(
        Bucket=world.bucket, Key=key, Body=brotli.compress(tampered) if world.encoding else tampered, **headers
    )
    try:
        yield
    finally:
        world.s3.put_object(Bucket=world.bucket, Key=key, Body=body, **headers)


@pytest.mark.parametrize("path", ["/", "/gallery"])
def test_a_page_loads_without_a_complaint_and_all_its_assets_from_the_bucket(
    world: World, visit: Open, path: str
) -> None:
    seen = visit(world.front + path)
    assert seen.complaints == []
    asked = {response.url for response in seen.responses if not response.url.startswith("data:")}
    assets = asked - {world.front + path}
    assert {world.url("css/site.css"), world.url("js/site.js"), world.url(FONT)} <= assets
    assert assets <= {world.url(logical) for logical in world.site.paths()}


def test_styles_font_and_pictures_apply(world: World, visit: Open) -> None:
    seen = visit(f"{world.front}/")
    page = seen.page
    assert style(page, ".site-foot", "backgroundColor") == "rgb(11, 47, 71)"
    assert style(page, ".btn-light", "backgroundColor") == "rgb(248, 249, 250)"
    assert loaded_fonts(page) == ["Font Awesome 6 Free"]
    assert page.evaluate("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")
    assert font_alone(world, seen) == "loaded"
    widths = page.evaluate(
        """async () => {
          const shown = [...document.images].filter(image => image.hasAttribute('src'));
          shown.forEach(image => { image.loading = 'eager'; });
          await Promise.all(shown.map(image => image.decode()));
          return shown.map(image => image.naturalWidth);
        }"""
    )
    assert widths
    assert min(widths) > 0


def test_scripts_run_and_modules_find_each_other_by_the_import_map(world: World, visit: Open) -> None:
    seen = visit(f"{world.front}/")
    assert seen.page.evaluate("jQuery.fn.jquery") == "3.7.1"
    mapped = json.loads(seen.page.inner_text("script[type=importmap]"))
    assert world.url(LATE_MODULE) in mapped["imports"].values()
    hover(seen)
    expect(seen.page.locator("[data-tide-curve] output")).to_have_text(re.compile(r"\d\d:\d\d · \d\.\d m"))
    assert seen.complaints == []


def test_objects_that_were_overwritten_are_refused(world: World, visit: Open) -> None:
    logicals = ["css/site.css", "js/site.js", MODULE]
    with contextlib.ExitStack() as stack:
        for logical in logicals:
            stack.enter_context(overwritten(world, logical))
        seen = visit(f"{world.front}/")
    for logical in logicals:
        assert any("integrity" in text and world.url(logical) in text for text in seen.complaints), seen.complaints
    assert style(seen.page, ".site-foot", "backgroundColor") == "rgba(0, 0, 0, 0)"
    assert seen.page.evaluate("typeof jQuery") == "undefined"
    assert seen.page.locator("[data-tide-curve][data-ready]").count() == 0


def test_a_module_that_was_overwritten_is_refused_when_it_is_imported_on_demand(world: World, visit: Open) -> None:
    with overwritten(world, LATE_MODULE):
        seen = visit(f"{world.front}/")
        assert seen.complaints == []
        hover(seen)
        until = time.monotonic() + SETTLED_WITHIN
        while len(seen.complaints) < 2 and time.monotonic() < until:  # it was refused, so the import failed
            seen.page.wait_for_timeout(20)
    name = world.url(LATE_MODULE)
    assert any("integrity" in text and name in text for text in seen.complaints), seen.complaints
    assert any(text.startswith("uncaught: ") and name in text for text in seen.complaints), seen.complaints


@pytest.mark.parametrize("allowed", ["", "https://www.example.com"], ids=["no rules", "rules for another origin"])
def test_where_cors_does_not_allow_the_page_fonts_and_modules_are_blocked(
    world: World, visit: Open, allowed: str
) -> None:
    world.allow(allowed)
    try:
        seen = visit(f"{world.front}/")
        assert font_alone(world, seen) == "NetworkError"
    finally:
        world.allow(world.origin)
    blocked = [text for text in seen.complaints if "CORS" in text]
    for logical in ("css/site.css", "js/site.js", MODULE):
        assert any(world.url(logical) in text for text in blocked), seen.complaints


def test_objects_have_the_encoding_that_was_asked_for_and_no_framing(world: World, visit: Open) -> None:
    head = world.s3.head_object(Bucket=world.bucket, Key=world.key("js/site.js"))
    assert head.get("ContentEncoding", "") == world.encoding
    seen = visit(f"{world.front}/")
    (response,) = [response for response in seen.responses if response.url == world.url("js/site.js")]
    headers = response.all_headers()
    assert headers.get("content-encoding", "") == world.encoding
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in headers["cache-control"]
    assert seen.page.evaluate("bootstrap.Modal.VERSION") == "5.3.8"


def test_twins_lie_beside_plain_objects_only_and_browsers_can_read_them(world: World, visit: Open) -> None:
    twin = world.url("js/site.js") + ".br"
    if world.encoding:
        assert status(twin) == 404
        return
    plain = (world.site.output / world.site.paths()["js/site.js"]).read_bytes()
    body, headers = got(twin)
    assert headers["Content-Encoding"] == "br"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert brotli.decompress(body) == plain
    page = visit(f"{world.front}/").page
    assert page.evaluate("url => fetch(url).then(answer => answer.text())", twin) == plain.decode()


def test_everybody_may_read_what_is_published_and_nobody_the_state(world: World) -> None:
    listed = world.s3.list_objects_v2(Bucket=world.bucket)["Contents"]
    keys = [item["Key"] for item in listed]
    state = "site-state/" if world.is_tls else "site/.assetbuild/"
    root = world.public.removesuffix("site/")
    records = [key for key in keys if key.startswith(state)]
    assert records
    assert {status(root + key) for key in records} == {403}
    published = set(keys) - set(records)
    assert {world.key(logical) for logical in world.site.paths()} <= published
    assert {status(root + key) for key in published} == {200}


def test_the_commands_say_that_all_is_well(world: World) -> None:
    origin = ("--origin", world.front)
    verified = world.site.assetbuild("verify", "--remote", "--public", *origin)
    assert (verified.returncode, verified.stderr) == (0, "")
    doctored = world.site.assetbuild("doctor", "--json", *origin)
    assert doctored.returncode == 0, doctored.stderr
    told = json.loads(doctored.stdout)
    target = [one for part in told["sections"] if part["part"] == "target" for one in part["findings"]]
    assert [one["verdict"] for one in target if one["name"] == "public"] == ["ok"]
