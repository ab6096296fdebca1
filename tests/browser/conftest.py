"""Headless Chromium, the sample app built and served, and pages that remember what went wrong in them.

Chromium is Debian's own; where it is missing these tests are skipped, except on CI, where they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from tests.sample_site import Site, copy_sources

# No background traffic: these tests talk to 127.0.0.1 only.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-quic"),
]


@dataclass
class Visit:
    """A page, and what it complained about since it was opened. Without slots: Playwright marks who listens to it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self._on_failed)
        self.page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _on_failed(self, request: Request) -> None:
        self.complaints.append(f"failed: {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        self.responses.append(response)
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def open(self, url: str) -> Visit:
        self.page.goto(url, wait_until="networkidle")
        return self


# Not longer than this package: while Playwright runs, its event loop does, and other tests want to run their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sample app, built. Tests that change it work on a `copy`."""
    return copy_sources(tmp_path_factory.mktemp("site")).build()


@pytest.fixture(scope="session")
def url(site: Site) -> Iterator[str]:
    with site.serve() as base:
        yield base


def fresh(browser: Browser) -> BrowserContext:
    """A browser context with nothing in its cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Visit]]:
    """Opens pages, in one context for the test; they close with it."""
    with fresh(browser) as context:
        yield lambda address: Visit(context.new_page()).open(address)


@pytest.fixture(scope="package")
def look(browser: Browser, url: str) -> Iterator[Callable[[str], Visit]]:
    """Pages that tests only look at, by path: each is opened once, in a context of its own, and stays open."""
    seen: dict[str, Visit] = {}

    def at(path: str) -> Visit:
        if path not in seen:
            seen[path] = Visit(fresh(browser).new_page()).open(url + path)
        return seen[path]

    yield at
    for visited in seen.values():
        visited.page.context.close()


@pytest.fixture
def copied(site: Site, tmp_path: Path) -> Site:
    return site.copy(tmp_path / "copy")
