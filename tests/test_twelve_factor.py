"""The sample app under load on a read-only file system, while workers come and go and a new release is deployed.

Visitors go round the pages of four gunicorn workers, each recycled after 50 requests; workers are ended and killed all
the while, and in the middle a release is put beside the one that runs. The command is the Procfile's. Sessions are in
Redis; a shorter run has them in signed cookies.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from sample_app.sessions import LIFETIME, PREFIX
from tests import runtime_venv
from tests.redis_server import redis_server
from tests.sample_site import CHECKOUT, Site, copy_sources
from tests.served import (
    MEMORY,
    RECYCLED_AFTER,
    WORKERS,
    Served,
    command,
    deploy,
    release_folder,
    require_namespaces,
    served,
)

ON_ONE_WORKER = pytest.mark.xdist_group("twelve-factor")
PAGES = ["/", "/tides", "/plan", "/gallery", "/legend"]
VISITORS = 8
DISTURBANCES = 12
BUILD_PACKAGES = ["boto3", "brotli", "filelock", "rcssmin", "rjsmin", "tree_sitter", "watchfiles", "assetbuild.build"]
_UP_WITHIN = 60.0
# Names and the manifest are what matters here; minified and compressed they take the longer to build.
_PLAIN = "compress = []\nprocessors = { css = [], js = [] }\n"


@dataclass(slots=True)
class Load:
    """Visitors of a server, and what happened to them."""

    serving: Served
    releases: tuple[Mapping[str, bytes], Mapping[str, bytes]]
    """Path -> content of each release's outputs."""
    left: Iterator[int]
    actions: Mapping[int, Callable[[], None]]
    """What is done before the request of that number."""
    failures: list[str] = field(default_factory=list)
    broken: int = 0
    """Answers that ended before they were whole, and were asked for again."""
    asked: int = 0
    shown: Counter[int] = field(default_factory=Counter)
    """Pages of each release."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def turn(self) -> bool:
        with self.lock:
            number = next(self.left, None)
        if number is not None and number in self.actions:
            self.actions[number]()
        return number is not None

    def get(self, path: str, *, visitor: int, cookie: str = "") -> tuple[int, bytes, str]:
        """Status, body and cookie. A connection that breaks is tried once more, as browsers and front servers do."""
        with self.lock:
            self.asked += 1
        try:
            return self._get(path, visitor, cookie)
        except (ConnectionError, http.client.HTTPException):
            with self.lock:
                self.broken += 1
        try:
            return self._get(path, visitor, cookie)
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error).encode(), ""

    def _get(self, path: str, visitor: int, cookie: str) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=60)
        try:
            connection.request("GET", path, headers={"X-Visitor": str(visitor), "Cookie": cookie})
            answer = connection.getresponse()
            return answer.status, answer.read(), (answer.getheader("Set-Cookie") or "").partition(";")[0]
        finally:
            connection.close()

    def page(self, path: str, *, visitor: int, cookie: str = "", holds: str = "</html>") -> set[str]:
        """Ask for a page, and tell the outputs that it names: those of one release, never of two."""
        status, body, _ = self.get(path, visitor=visitor, cookie=cookie)
        text = body.decode("utf-8", "replace")
        named = set(re.findall(r'(?:href|src)="/static/([^"]+)"', text))
        of = [number for number, release in enumerate(self.releases) if named <= set(release)]
        if status != 200 or holds not in text or not named or len(of) != 1:
            self.failures.append(f"{path}: {status}, {len(named)} outputs, of releases {of}: {text[:200]}")
        self.shown.update(of)
        return named

    def output(self, path: str, *, visitor: int) -> None:
        status, body, _ = self.get(f"/static/{path}", visitor=visitor)
        if status != 200 or body not in [release[path] for release in self.releases if path in release]:
            self.failures.append(f"{path}: {status}, {len(body)} bytes")

    def visit(self, visitor: int) -> None:
        """One visitor: a session begins, then pages, what is on any page seen so far, and the session again."""
        chance = random.Random(visitor)
        draught = f"1.{visitor}5"
        status, _, cookie = self.get(f"/plan?draught={draught}&day=2026-06-01", visitor=visitor)
        if status != 200 or not cookie:
            self.failures.append(f"/plan: {status}, cookie {cookie!r}")
        open_pages = self.page("/", visitor=visitor)
        while self.turn():
            kind = chance.random()
            if kind < 0.4:
                open_pages |= self.page(chance.choice(PAGES), visitor=visitor)
            elif kind < 0.6:
                self.page("/plan", visitor=visitor, cookie=cookie, holds=f'value="{draught}"')
            else:
                self.output(chance.choice(sorted(open_pages)), visitor=visitor)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    load: Load
    requests: int
    killed: int
    """How often a worker was ended by SIGKILL, which it cannot answer."""
    log: str
    booted: list[int]
    answered: list[tuple[str, str, str]]
    trace: list[str] | None
    deployed: list[str]
    """The release folder's files after the deploy, and at the end."""
    at_end: list[str]
    python: Path
    sessions: list[tuple[dict[str, str], int]] | None
    """What Redis held at the end, and for how many seconds yet; None where sessions are in cookies."""


def outputs(site: Site) -> dict[str, bytes]:
    return {path: (site.output / path).read_bytes() for path in sorted(site.paths().values())}


def files(folder: Path) -> list[str]:
    return sorted(f"{file.relative_to(folder)} {file.stat().st_mtime_ns}" for file in folder.rglob("*"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_namespaces()
    wanted = CHECKOUT / "sample_app" / "requirements-run.txt"
    return runtime_venv.make(tmp_path_factory.mktemp("venv"), "-r", str(wanted))


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Site]:
    """Two builds of the sample app, which differ in a style sheet, a script and a picture."""
    first = copy_sources(tmp_path_factory.mktemp("first"))
    settings = first.app / "assetbuild.toml"
    settings.write_text(_PLAIN + settings.read_text("utf-8"), "utf-8")
    first.build()
    second = first.copy(tmp_path_factory.mktemp("second"))
    for name, more in [
        ("css/site/base.css", ".second-release { color: red; }"),
        ("js/site/gallery.js", "window.secondRelease = true;"),
        ("img/logo.svg", "<!-- second release -->"),
    ]:
        with (second.app / "static" / name).open("a", encoding="utf-8") as file:
            file.write(more + "\n")
    return first, second.build()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((240, "cookies"), marks=pytest.mark.slow, id="240-cookies"),
        pytest.param((600, "redis"), marks=pytest.mark.slow, id="600-redis"),
        pytest.param((5000, "redis"), marks=pytest.mark.lab, id="5000-redis"),
    ],
)
def run(
    request: pytest.FixtureRequest,
    python: Path,
    releases: tuple[Site, Site],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    first, second = releases
    number, kept_in = request.param
    scratch = tmp_path_factory.mktemp("run")
    folder = release_folder(first, tmp_path_factory.mktemp("release") / "srv")
    chance = random.Random(number)
    killed: list[int] = []
    deployed: list[str] = []
    old_workers: list[int] = []

    def disturb(how: signal.Signals) -> None:
        if workers := serving.workers():
            os.kill(chance.choice(workers), how)
            killed.extend([1] if how is signal.SIGKILL else [])

    def change_release() -> None:
        deploy(second, folder)
        deployed.extend(files(folder))
        old_workers.extend(serving.workers())
        os.kill(serving.master(), signal.SIGHUP)

    # Kills and quiet ends by turns; between two of them the release changes.
    step = number // DISTURBANCES
    actions: dict[int, Callable[[], None]] = {
        step * nth + step // 2: lambda how=(signal.SIGKILL, signal.SIGTERM)[nth % 2]: disturb(how)  # type: ignore[misc]
        for nth in range(DISTURBANCES)
    }
    actions[number // 2] = change_release

    with ExitStack() as stack:
        settings = {"SECRET_KEY": "a key of this test only"}
        if kept_in == "redis":
            settings = {"REDIS_URL": stack.enter_context(redis_server(scratch))}
        serving = stack.enter_context(served(folder, python, scratch, settings))
        load = Load(serving, (outputs(first), outputs(second)), iter(range(number)), actions)
        with ThreadPoolExecutor(VISITORS) as pool:
            list(pool.map(load.visit, range(VISITORS)))
        _wait_until_ended(serving, old_workers)
        # All workers are of the second release now, and a page that was loaded before still needs the first.
        for _ in range(3 * WORKERS):
            if not load.page("/", visitor=0) <= set(second.paths().values()):
                load.failures.append("a page of the first release long after the deploy")
        for path in sorted(set(load.releases[0]) - set(load.releases[1])):
            load.output(path, visitor=0)
        sessions = _sessions(settings["REDIS_URL"]) if kept_in == "redis" else None
    return Run(
        load=load,
        requests=number,
        killed=len(killed),
        log=serving.log(),
        booted=serving.booted(),
        answered=serving.answered(),
        trace=serving.trace(),
        deployed=deployed,
        at_end=files(folder),
        python=python,
        sessions=sessions,
    )


def _sessions(url: str) -> list[tuple[dict[str, str], int]]:
    found = []
    with Redis.from_url(url, decode_responses=True) as redis:
        for key in sorted(map(str, redis.scan_iter())):
            assert key.startswith(PREFIX)
            found.append((json.loads(str(redis.get(key))), int(str(redis.ttl(key)))))
    return found


def _wait_until_ended(serving: Served, workers: list[int]) -> None:
    until = time.monotonic() + _UP_WITHIN
    while set(workers) & set(serving.workers()):
        assert time.monotonic() < until, "workers of the first release go on"
        time.sleep(0.05)


@ON_ONE_WORKER
def test_no_request_fails_while_workers_end_and_the_release_changes(run: Run) -> None:
    assert run.load.failures == []
    assert run.load.asked >= run.requests
    assert run.killed >= DISTURBANCES // 4
    # A worker has one request at a time in hand, so a kill can break one answer, and nothing else may break any.
    assert run.load.broken <= run.killed
    assert {status for _, status, _ in run.answered} == {"200"}


@ON_ONE_WORKER
def test_the_two_releases_differ_and_pages_of_both_were_shown(run: Run) -> None:
    first, second = map(set, run.load.releases)
    assert len(first - second) == len(second - first) == 3
    assert all(run.load.shown[number] >= run.requests // 10 for number in (0, 1))


@ON_ONE_WORKER
def test_requests_and_sessions_go_over_all_workers_and_workers_are_recycled(run: Run) -> None:
    by_worker = Counter(pid for pid, _, _ in run.answered)
    assert len(by_worker) >= max(2 * WORKERS, run.requests // RECYCLED_AFTER)
    assert max(by_worker.values()) <= RECYCLED_AFTER
    for visitor in range(VISITORS):
        assert len({pid for pid, _, name in run.answered if name == str(visitor)}) >= WORKERS


@ON_ONE_WORKER
def test_sessions_in_redis_are_those_of_the_visitors_and_expire(run: Run) -> None:
    if run.sessions is None:
        pytest.skip("sessions are in cookies, which only browsers hold")
    wanted = [{"draught": f"1.{visitor}5"} for visitor in range(VISITORS)]
    assert sorted((values for values, _ in run.sessions), key=str) == wanted
    assert all(0 < left <= LIFETIME.total_seconds() for _, left in run.sessions)


@ON_ONE_WORKER
def test_nothing_is_written_and_nothing_tries_to(run: Run) -> None:
    assert "Read-only file system" in run.log.partition("master ")[0]
    for word in ("Read-only file system", "Errno", "Traceback", "[ERROR] Exception"):
        assert word not in run.log.partition("master ")[2]
    assert run.deployed == run.at_end
    if run.trace is not None:
        assert any(MEMORY in line for line in run.trace), "the heartbeat is a write that the trace has to show"
        assert [line for line in run.trace if _writes(line)] == []


def _writes(line: str) -> bool:
    """Whether a line of strace asks for a change of a file, other than gunicorn's heartbeat, which is in memory."""
    found = re.match(r'\d+ +(\w+)\([^"]*"([^"]*)"', line)
    if found is None or found[2].startswith(MEMORY) or found[2] == os.devnull:
        return False
    return not found[1].startswith("open") or re.search(r"\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b", line) is not None


@pytest.mark.parametrize(
    ("line", "writes"),
    [
        ('12 openat(AT_FDCWD, "/srv/a", O_RDONLY|O_CLOEXEC) = 3', False),
        ('12 openat(AT_FDCWD, "/srv/a", O_RDWR|O_CREAT|O_EXCL, 0600) = -1 EROFS (Read-only file system)', True),
        ('12 openat(AT_FDCWD, "/srv/a", O_WRONLY|O_APPEND <unfinished ...>', True),
        ('12 openat(AT_FDCWD, "/dev/shm/wgunicorn-a", O_RDWR|O_CREAT|O_EXCL, 0600) = 7', False),
        ('12 openat(AT_FDCWD, "/dev/null", O_RDWR) = 3', False),
        ('12 unlink("/srv/a") = 0', True),
        ('12 mkdir("/srv/a", 0777) = -1 EROFS (Read-only file system)', True),
        ("12 --- SIGCHLD {si_signo=SIGCHLD} ---", False),
    ],
)
def test_a_write_is_told_from_a_read(line: str, writes: bool) -> None:
    assert _writes(line) is writes


@ON_ONE_WORKER
def test_the_environment_that_served_holds_nothing_of_the_build_half(run: Run) -> None:
    code = f"import importlib.util as u; print([n for n in {BUILD_PACKAGES} if u.find_spec(n)])"
    done = subprocess.run([run.python, "-I", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_the_dockerfile_starts_what_the_procfile_starts() -> None:
    text = (CHECKOUT / "sample_app" / "Dockerfile").read_text("utf-8")
    assert "CMD [" + ", ".join(f'"{word}"' for word in command()) + "]" in text
