"""Publishing to real servers, over HTTP and TLS: what arrives, and what failures of every kind leave behind."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

from assetbuild.build import intent, s3_client
from assetbuild.build import prune as prune_module
from assetbuild.build.history import rollback
from assetbuild.build.ledger import Ledger
from assetbuild.build.prune import Rules, prune
from assetbuild.build.publish import publish
from assetbuild.build.publish_plan import IMMUTABLE, SHORT, Policy, Reason
from assetbuild.build.publish_verify import verify_release
from assetbuild.build.remote import MANIFEST, Remote
from assetbuild.build.storage import Storage
from assetbuild.build.storage_target import open_storage
from assetbuild.manifest import Entry
from tests.faults import FAULTS, Proxy, Seen, proxy_to
from tests.publisher_process import many
from tests.publishing import (
    STATE,
    Client,
    Crash,
    Effect,
    Request,
    build_of,
    live_release,
    small,
)
from tests.servers import (
    BUCKET,
    ON_ONE_WORKER,
    Certificate,
    Process,
    Server,
    plain_client,
    rclone_process,
    seaweedfs_process,
    tool,
)
from tests.storages import REMOTE, World, rows, world_of

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=rows(*REMOTE, "directory"))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with world_of(request.param, request, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture(params=rows("seaweedfs-http", "rclone-http"))
def server_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with world_of(request.param, request, monkeypatch, tmp_path) as made:
        yield made


def remote_of(storage: Storage, *, workers: int = 4, state: Storage | None = None) -> Remote:
    kept_by, prefix = (storage, STATE) if state is None else (state, "")
    return Remote(storage, Ledger(kept_by, prefix, lambda: uuid.uuid4().hex), "production", workers)


def violations(storage: Storage, ledger: Ledger) -> list[str]:
    """As of `tests.publishing`, for a target that changes meanwhile: a record is gone before its objects are."""
    records = {build: ledger.release(build) for build in ledger.builds()}
    there = {info.key: info for info in storage.list()}
    found = []
    for build, release in records.items():
        if release is None:
            continue
        lost = [key for key in release.objects if key not in there and storage.head(key) is None]
        if lost and ledger.release(build) is not None:
            found.append(f"{build[:8]} has a record, and {lost} are not there")
    return found


def assert_whole(remote: Remote, build: str) -> None:
    live = live_release(remote.ledger)
    assert live is not None
    assert live.build == build
    assert verify_release(remote, live) == ()
    assert violations(remote.storage, remote.ledger) == []


def build_id(number: int) -> str:
    return many(number).manifest["build"]


# --- what arrives ------------------------------------------------------------------------------------------


def test_a_publish_arrives_as_it_should_be_served_and_can_be_taken_back(world: World) -> None:
    remote = remote_of(world.storage)
    local = build_of(
        {"app.css": b"a{}" * 999, "big.bin": os.urandom(17 * 2**20), "logo.png": b"\x89PNG", "fav.txt": b"one"},
        stable=["fav.txt"],
    )
    done = publish(remote, local, Policy())
    assert {step.reason for step in done.steps} == {Reason.ABSENT}
    assert done.retries == 0
    assert_whole(remote, local.manifest["build"])
    assert publish(remote, local, Policy()).steps == ()
    if world.server is not None:
        served_as_it_should_be(world, local.manifest["assets"])
    second = build_of({"app.css": b"a{}" * 999, "fav.txt": b"two"}, stable=["fav.txt"])
    done = publish(remote, second, Policy())
    assert {step.wanted.kept.logical for step in done.sent} == {"fav.txt"}
    assert_whole(remote, second.manifest["build"])
    rollback(remote, local.manifest["build"][:16])
    assert_whole(remote, local.manifest["build"])
    rollback(remote, second.manifest["build"])
    time.sleep(1.1)  # of a server whose clock has whole seconds, the next look at it is later than the last entry
    removal, failed = prune(remote, Rules(keep=1, retention=0.0))
    assert failed == ()
    assert set(removal.objects) == {
        local.manifest["assets"][name]["path"] for name in ("big.bin", "logo.png", "fav.txt")
    }
    assert_whole(remote, second.manifest["build"])


def served_as_it_should_be(world: World, assets: Mapping[str, Entry]) -> None:
    """By another program's client."""
    assert world.server is not None
    prefix = urlsplit(world.target).path.lstrip("/")
    with contextlib.closing(plain_client(replace(world.server, http=world.url))) as client:

        def served(key: str) -> tuple[str, str, str]:
            found = client.get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")
            found["Body"].close()
            return found["ContentType"], found.get("ContentEncoding", ""), found["CacheControl"]

        css, png = (assets[name]["path"] for name in ("app.css", "logo.png"))
        assert served(css) == ("text/css; charset=utf-8", "", IMMUTABLE)
        assert served(f"{css}.gz") == ("text/css; charset=utf-8", "gzip", IMMUTABLE)
        assert served(png) == ("image/png", "", IMMUTABLE)
        assert served("fav.txt") == ("text/plain; charset=utf-8", "", SHORT)
        assert served(MANIFEST) == ("application/json", "", SHORT)


def test_other_headers_reach_objects_that_are_there_already(world: World) -> None:
    remote = remote_of(world.storage)
    publish(remote, small(1), Policy())
    policy = Policy(headers=(("*.css", (("Cache-Control", "no-cache"),)),))
    done = publish(remote, small(1), policy)
    assert {step.wanted.kept.logical for step in done.sent} == {"app.css"}
    css = small(1).manifest["assets"]["app.css"]["path"]
    stored = world.storage.head(css)
    assert stored is not None
    assert stored.headers is not None
    assert stored.headers.cache_control == "no-cache"
    assert_whole(remote, small(1).manifest["build"])


def test_the_state_may_be_elsewhere_and_the_target_the_whole_bucket(server_world: World) -> None:
    whole = server_world.open(f"s3://{BUCKET}")
    remote = remote_of(whole, state=server_world.storage)
    before = {info.key for info in whole.list()}
    try:
        for number in (1, 2):
            publish(remote, small(number), Policy())
        assert_whole(remote, small(2).manifest["build"])
        time.sleep(1.1)
        prune(remote, Rules(keep=1, retention=0.0))
        assert_whole(remote, small(2).manifest["build"])
    finally:
        whole.delete_many([info.key for info in whole.list() if info.key not in before])


# --- faults on the way -------------------------------------------------------------------------------------


@contextlib.contextmanager
def through(world: World, rule: Callable[[Seen], str], *, latency: float = 0.0) -> Iterator[tuple[Remote, Proxy]]:
    """A remote whose requests go through a proxy."""
    port = urlsplit(world.url).port
    assert port is not None
    with proxy_to(port, rule, latency=latency) as proxy:
        storage = open_storage(world.target, endpoint_url=proxy.url, region="us-east-1")
        try:
            yield remote_of(storage), proxy
        finally:
            storage.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_every_fifth_request_changes_nothing(server_world: World, fault: str) -> None:
    if fault == "flipped" and not server_world.kind.compares_digests:
        pytest.skip("this server stores what arrives, whatever digest was sent with it")

    def rule(seen: Seen) -> str:
        # A listing has no digest, and neither has an error's text: only TLS keeps a byte of these.
        if fault == "flipped reply" and (seen.method != "GET" or "list-type" in seen.path):
            return ""
        return fault if seen.number % 5 == 1 else ""

    publish(remote_of(server_world.storage), small(1), Policy())
    with through(server_world, rule) as (remote, proxy):
        publish(remote, many(1), Policy())
    assert fault in proxy.faults
    assert_whole(remote_of(server_world.storage), build_id(1))


def test_a_server_that_hangs_is_asked_again(server_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(**settings: object) -> Config:
        return Config(**{**settings, "read_timeout": 1})

    monkeypatch.setattr(s3_client, "Config", quick)
    with through(server_world, lambda seen: "hang" if seen.number in (3, 12) else "") as (remote, proxy):
        publish(remote, small(1), Policy())
    assert proxy.faults == ["hang", "hang"]
    assert_whole(remote_of(server_world.storage), small(1).manifest["build"])


@pytest.mark.slow
def test_an_outage_of_five_seconds_ends_in_success(server_world: World) -> None:
    outage: list[threading.Timer] = []

    def rule(seen: Seen) -> str:
        if seen.number == 20:
            outage.append(threading.Timer(5.0, proxy.start))
            outage[0].start()
            threading.Thread(target=proxy.stop).start()
        return ""

    with through(server_world, rule) as (remote, proxy):
        done = publish(remote, many(1), Policy())
        outage[0].join()
    assert done.retries > 0
    assert_whole(remote_of(server_world.storage), build_id(1))


def test_on_the_wire_nothing_to_do_takes_four_requests_and_no_object_is_asked_for(server_world: World) -> None:
    with through(server_world, lambda seen: "") as (remote, proxy):
        publish(remote, many(1), Policy())
    sent = [one for one in proxy.seen if one.method == "PUT" and STATE not in one.path]
    assert len([one for one in proxy.seen if one.method == "HEAD"]) < 10 < len(sent)
    with through(server_world, lambda seen: "") as (remote, proxy):
        assert publish(remote, many(1), Policy()).steps == ()
    assert [one.method for one in proxy.seen] == ["GET"] * 4


def test_latency_only_costs_time(server_world: World) -> None:
    with through(server_world, lambda seen: "", latency=0.02) as (remote, proxy):
        done = publish(remote, many(1), Policy())
    assert done.retries == 0
    assert len([one for one in proxy.seen if one.method == "HEAD"]) <= 3
    assert_whole(remote_of(server_world.storage), build_id(1))


# --- processes that die ------------------------------------------------------------------------------------


def killed_publisher(world: World, number: int, after: float) -> bool:
    """Whether the publisher was killed before it had ended."""
    command = [sys.executable, "-m", "tests.publisher_process", world.target, world.url, str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline()
        assert said == b"ready\n", process.stderr.read().decode()
        time.sleep(after)
        process.kill()
        return b"done" not in process.stdout.read()


def kills(world: World, moments: list[float]) -> int:
    remote = remote_of(world.storage)
    publish(remote, many(0), Policy())
    killed = 0
    for number, moment in enumerate(moments, 1):
        was_killed = killed_publisher(world, number, moment)
        killed += was_killed
        assert violations(world.storage, remote.ledger) == []
        live = live_release(remote.ledger)
        assert live is not None
        assert live.build in (build_id(number - 1), build_id(number))
        there = {info.key for info in world.storage.list()}
        done = publish(remote, many(number), Policy())
        assert not {step.wanted.key for step in done.sent} & there, "what has arrived is not sent again"
        assert_whole(remote, build_id(number))
    return killed


@pytest.mark.parametrize("name", rows("seaweedfs-tls", "rclone-http"))
def test_a_publisher_that_is_killed_leaves_the_old_release_and_the_next_completes(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world_of(name, request, monkeypatch, tmp_path) as world:
        assert kills(world, [0.01, 0.04, 0.08, 0.15]) > 0


@pytest.mark.lab
@pytest.mark.parametrize("name", rows(*REMOTE))
def test_a_publisher_that_is_killed_at_any_moment(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world_of(name, request, monkeypatch, tmp_path) as world:
        assert kills(world, [random.uniform(0.0, 0.3) for _ in range(20)]) > 0


@ON_ONE_WORKER
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rclone", pytest.param("seaweedfs", marks=pytest.mark.lab)])
def test_a_server_that_is_killed_and_comes_back_loses_no_publish(
    kind: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    process: Process
    if kind == "rclone":
        process, port = rclone_process(tool("rclone"), folder, None)
    else:
        process, port, _ = seaweedfs_process(tool("weed"), folder, certificate)
    server = Server(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}", certificate.ca)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    assert process.start(), process.log_end()
    restarts: list[bool] = []

    def restart() -> None:
        process.kill()
        restarts.append(process.start())

    storage = open_storage(f"s3://{BUCKET}/{kind}", endpoint_url=server.http, region="us-east-1")
    try:
        remote = remote_of(storage)
        up_within(lambda: publish(remote, many(0), Policy()))
        number_of_put = [0]

        def gate(request: Request, effect: Effect) -> object:
            number_of_put[0] += request.method == "put"
            if number_of_put[0] == 8 and not restarts:
                restart()
            return effect()

        publish(remote_of(Client(storage, gate), workers=1), many(1), Policy())
        assert restarts == [True]
        for act in (lambda: None, lambda: rollback(remote, build_id(0))):
            act()
            live = live_release(remote.ledger)
            assert live is not None
            # rclone keeps headers in memory only.
            forgotten = {"remote-headers"} if kind == "rclone" else set()
            assert {problem.code for problem in verify_release(remote, live)} <= forgotten
            assert violations(storage, remote.ledger) == []
        assert live is not None
        assert live.build == build_id(0)
    finally:
        storage.close()
        process.kill()


def up_within(act: Callable[[], object], seconds: float = 40.0) -> None:
    """The bucket may come a moment after the port."""
    until = time.monotonic() + seconds
    while True:
        try:
            act()
            return
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


# --- many at once ------------------------------------------------------------------------------------------


def storm(world: World, monkeypatch: pytest.MonkeyPatch, *, publishes: int, seed: int) -> list[str]:
    """Two publishers that die now and then, a pruner, and somebody who looks whether all records are whole: what that
    one has found. Whatever else goes wrong is raised."""
    monkeypatch.setattr(intent, "_POLL_SECONDS", 0.02)
    # The dead protect what they relied on for an hour; here for so long that some of it goes before the test ends.
    for module in (intent, prune_module):
        monkeypatch.setattr(module, "INTENT_SECONDS", 10.0)
    monkeypatch.setattr(intent, "_RENEWED_AFTER", 1.0)
    monkeypatch.setattr(intent, "_EXPIRED_AFTER", 5.0)
    chance = random.Random(seed)
    done, removed, failures, broken = [0], [0], list[BaseException](), list[str]()
    over = threading.Event()

    def guarded(act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not over.is_set():
                    act()
            except BaseException as error:  # noqa: BLE001  told by the test
                failures.append(error)
                over.set()

        return run

    def publisher(salt: str) -> Callable[[], None]:
        numbers = random.Random(f"{seed}{salt}")

        def one() -> None:
            dies_at = numbers.randrange(60) if numbers.random() < 0.2 else -1

            def gate(request: Request, effect: Effect) -> object:
                if request.number == dies_at:
                    raise Crash
                return effect()

            with contextlib.suppress(Crash):
                client = Client(world.another(), gate)
                publish(remote_of(client), small(numbers.randrange(6), salt=salt), Policy())
            done[0] += 1
            if done[0] >= publishes:
                over.set()

        return one

    def pruner() -> None:
        removal, _ = prune(remote_of(world.another()), Rules(keep=1, retention=0.0))
        removed[0] += len(removal.objects)
        time.sleep(chance.uniform(0.0, 0.1))

    def checker() -> None:
        storage = world.another()
        broken.extend(violations(storage, remote_of(storage).ledger))
        if broken:
            over.set()

    acts = [guarded(act) for act in (publisher("a"), publisher("b"), pruner, checker)]
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    remote = remote_of(world.storage)
    live = live_release(remote.ledger)
    assert live is not None
    number = next(number for number in range(6) if small(number).manifest["build"] == live.build)
    publish(remote, small(number), Policy())
    assert_whole(remote, live.build)
    assert removed[0] > 0 or publishes < 100, "there was nothing to go wrong"
    return broken


@pytest.mark.parametrize("name", rows("seaweedfs-http", "rclone-tls"))
def test_publishers_and_a_pruner_at_once_break_no_release(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world_of(name, request, monkeypatch, tmp_path) as world:
        assert storm(world, monkeypatch, publishes=25, seed=1) == []


@pytest.mark.lab
@pytest.mark.parametrize("name", rows(*REMOTE, "directory"))
def test_hundreds_of_publishes_and_a_pruner_break_no_release(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world_of(name, request, monkeypatch, tmp_path) as world:
        assert storm(world, monkeypatch, publishes=300, seed=2) == []


def test_a_missing_bucket_is_named_and_never_made(server_world: World) -> None:
    storage = server_world.open("s3://no-such-bucket-here/x")
    with pytest.raises(Exception, match="no-such-bucket-here"):
        publish(remote_of(storage), small(1), Policy())
    assert server_world.server is not None
    with contextlib.closing(plain_client(server_world.server)) as client:
        assert "no-such-bucket-here" not in [one["Name"] for one in client.list_buckets()["Buckets"]]
