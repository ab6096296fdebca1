"""One contract for every storage: memory, directory, and real S3 servers over HTTP and TLS."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from assetbuild.build.storage import (
    Condition,
    Failure,
    Headers,
    ObjectInfo,
    Storage,
    StorageError,
    probe_conditions,
)
from assetbuild.build.storage_target import open_storage
from tests.servers import READ_ONLY, free_ports
from tests.storages import KINDS, REMOTE, World, rows, world_of

CSS = Headers("text/css; charset=utf-8", "public, max-age=31536000, immutable, no-transform")
FULL = Headers("text/javascript; charset=utf-8", "no-cache", "br", (("logical", "js/a.js"), ("x-y.z", "1, 2; 3=4")))
BODIES = {"empty": b"", "one byte": b"\xff", "8 KB": bytes(range(256)) * 32, "6 MB": b"0123456789abcdef" * 400_000}
KEYS = (
    "plain.css",
    "deep/er/and/deep/er/file.js",
    "a b+c%20d&e=f,g;h@i!j'(k)~l$m.css",
    "%2e%2e/100%.svg",
    "naïve/日本語/😀.woff2",
    "e\u0301 decomposed",
    '[id]/{x}^`|<>".js',
    ".hidden/..dots../...",
    "?query=1#fragment",
    "x" * 200,
)
BAD_KEYS = ("", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a\\b", "a\nb", "a\0", "\ud800", "x" * 1025)


@pytest.fixture(params=rows(*KINDS))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with world_of(request.param, request, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture(params=rows(*REMOTE))
def remote(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with world_of(request.param, request, monkeypatch, tmp_path) as made:
        yield made


def failure_of(action: Callable[[], object]) -> StorageError:
    with pytest.raises(StorageError) as caught:
        action()
    return caught.value


def repeated(action: Callable[[], object]) -> None:
    """Do it, and again where the storage says that this may help."""
    for attempt in range(20):
        try:
            action()
            return
        except StorageError as error:
            if error.failure is not Failure.TRANSIENT or attempt == 19:
                raise


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def keys(storage: Storage, prefix: str = "", limit: int | None = None) -> list[str]:
    return [info.key for info in storage.list(prefix, limit=limit)]


class TestContract:
    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
    def test_bytes_come_back_as_they_were(self, world: World, body: bytes) -> None:
        put = world.storage.put("a/b.css", body, CSS)
        stored = world.another().get("a/b.css")
        assert stored.body == body
        assert (stored.info.size, stored.info.sha256) == (len(body), sha256(body))
        assert put.version == stored.info.version != ""

    def test_a_body_of_several_parts_comes_back_whole(self, world: World) -> None:
        body = hashlib.shake_256(b"parts").digest(35_000_000)
        put = world.storage.put("big.bin", body, FULL, sha256=sha256(body))
        stored = world.storage.get("big.bin")
        assert stored.body == body
        assert (stored.info.sha256, stored.info.headers) == (sha256(body), FULL)
        if world.kind.conditions:
            assert put.version == stored.info.version

    @pytest.mark.parametrize(
        "headers", [CSS, FULL, Headers(), replace(CSS, content_encoding="gzip")], ids=["css", "full", "least", "gzip"]
    )
    def test_headers_come_back_as_they_were(self, world: World, headers: Headers) -> None:
        if world.kind.guesses_types and headers == Headers():
            pytest.skip("puts a type of its own in the place of the most general one")
        world.storage.put("a.css", b"a{}", headers)
        info = world.another().head("a.css")
        assert info is not None
        assert (info.headers, info.size, info.sha256) == (headers, 3, sha256(b"a{}"))
        assert world.storage.get("a.css").info == info

    def test_a_second_put_replaces_bytes_and_headers(self, world: World) -> None:
        first = world.storage.put("a", b"old", FULL)
        second = world.storage.put("a", b"newer", CSS)
        stored = world.storage.get("a")
        assert (stored.body, stored.info.headers) == (b"newer", CSS)
        assert first.version != second.version == stored.info.version

    def test_keys_come_back_as_they_were(self, world: World) -> None:
        for key in KEYS:
            world.storage.put(key, key.encode(), CSS)
            assert keys(world.storage, key) == [key]
            assert world.storage.get(key).body == key.encode()
        assert sorted(keys(world.storage)) == sorted(KEYS)
        assert world.storage.delete_many(KEYS) == ()
        assert keys(world.storage) == []

    def test_keys_that_differ_only_in_form_or_case_are_different(self, world: World) -> None:
        twins = ["\u00e9", "e\u0301", "A", "a"]
        for key in twins:
            world.storage.put(key, key.encode(), CSS)
        assert {key: world.storage.get(key).body.decode() for key in twins} == {key: key for key in twins}

    def test_keys_that_servers_fold_or_refuse_are_refused_here(self, world: World) -> None:
        calls: list[Callable[[str], object]] = [
            lambda key: world.storage.put(key, b"", CSS),
            world.storage.get,
            world.storage.head,
            world.storage.delete,
            lambda key: world.storage.delete_many([key]),
        ]
        for key in BAD_KEYS:
            for call in calls:
                with pytest.raises(ValueError, match="is no key"):
                    call(key)

    def test_a_file_can_stand_where_others_need_a_folder_or_the_failure_says_so(self, world: World) -> None:
        world.storage.put("a", b"file", CSS)
        if world.kind.file_beside_folder:
            world.storage.put("a/b", b"below", CSS)
            assert keys(world.storage) == ["a", "a/b"]
        else:
            assert failure_of(lambda: world.storage.put("a/b", b"below", CSS)).failure in (
                Failure.OTHER,
                Failure.TRANSIENT,
            )
        assert world.storage.get("a").body == b"file"

    # --- listing -----------------------------------------------------------------------------------------

    def test_listings_go_on_beyond_a_thousand_keys_sorted_by_bytes(self, world: World) -> None:
        names = [f"many/{number:04}.css" for number in range(1003)] + ["many/z", "many/é", "many/😀", "many/\uffee"]
        world.storage.put(names[0], b"x", CSS)  # alone: rclone answers 500 where several make one new folder at once
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: world.storage.put(name, b"x", CSS), names))
        assert keys(world.storage, "many/") == sorted(names, key=str.encode)
        assert keys(world.storage, "many/", limit=1001) == sorted(names, key=str.encode)[:1001]
        assert world.storage.delete_many(names) == ()
        assert keys(world.storage) == []

    def test_prefixes_are_text_and_no_patterns(self, world: World) -> None:
        names = ["a", "ab/c", "ab/d", "abc", "b*", "b/x", "ü/1"]
        for name in names:
            world.storage.put(name, b"1", CSS)
        assert sorted(keys(world.storage)) == names
        wanted = {"a": ["a", "ab/c", "ab/d", "abc"], "ab/": ["ab/c", "ab/d"], "b*": ["b*"], "ü/": ["ü/1"]}
        assert {prefix: sorted(keys(world.storage, prefix)) for prefix in wanted} == wanted
        assert [keys(world.storage, prefix) for prefix in ("x", "ab/c/", ".", "..", "ab/.")] == [[], [], [], [], []]
        for prefix in ("/", "../", "a//b", "a/\n"):
            with pytest.raises(ValueError, match="is no key"):
                keys(world.storage, prefix)

    def test_a_limit_gives_the_first_few(self, world: World) -> None:
        for name in ("c", "a", "b"):
            world.storage.put(f"log/{name}", b"1", CSS)
        wanted = ["log/a", "log/b", "log/c"]
        assert [keys(world.storage, "log/", limit) for limit in (0, 1, 2, 3, 9)] == [
            wanted[:limit] for limit in (0, 1, 2, 3, 9)
        ]

    def test_listed_objects_are_as_they_are_by_themselves(self, world: World) -> None:
        world.storage.put("a.css", b"body", FULL)
        (listed,) = world.storage.list()
        alone = world.storage.head("a.css")
        assert alone is not None
        if not world.storage.abilities.lists_headers:
            assert (listed.sha256, listed.headers) == (None, None)
            alone = replace(alone, sha256=None, headers=None)
        # HEAD gives whole seconds.
        assert replace(listed, modified=0) == replace(alone, modified=0)
        assert abs(listed.modified - alone.modified) < 2

    def test_one_target_does_not_see_the_keys_of_its_neighbour(self, world: World) -> None:
        if world.kind.name == "memory":
            pytest.skip("has no neighbours")
        neighbour = world.open(world.target + "-other")
        neighbour.put("a", b"theirs", CSS)
        world.storage.put("a", b"ours", CSS)
        assert [keys(world.storage), world.storage.get("a").body] == [["a"], b"ours"]
        world.storage.delete("a")
        assert [keys(neighbour), neighbour.get("a").body] == [["a"], b"theirs"]

    # --- what is missing ---------------------------------------------------------------------------------

    def test_a_missing_object_is_none_or_not_found(self, world: World) -> None:
        world.storage.put("a/b", b"", CSS)
        for key in ("none", "a", "a/b/c", "a/none"):
            assert world.storage.head(key) is None
            error = failure_of(lambda key=key: world.storage.get(key))  # type: ignore[misc]
            assert (error.failure, error.key) == (Failure.NOT_FOUND, key)
            assert f"{world.storage.name.rstrip('/')}" in error.text
            assert key in error.text

    def test_deleting_what_is_not_there_is_no_failure(self, world: World) -> None:
        world.storage.delete("none")
        world.storage.put("a/b", b"", CSS)
        world.storage.delete("a/b")
        world.storage.delete("a/b")
        assert world.storage.delete_many(["a/b", "never"]) == ()
        assert keys(world.storage) == []

    def test_a_batch_deletes_its_keys_and_no_other(self, world: World) -> None:
        names = ["a/1", "a/2", "b & <c>", "ü", "stays", "a/stays"]
        for name in names:
            world.storage.put(name, b"1", CSS)
        assert world.storage.delete_many([*names[:4], "none"]) == ()
        assert keys(world.storage) == ["a/stays", "stays"]
        assert world.storage.delete_many([]) == ()

    # --- conditions --------------------------------------------------------------------------------------

    def test_a_probe_tells_whether_conditions_hold(self, world: World) -> None:
        found = probe_conditions(world.storage, "probes")
        assert (found.absent, found.unchanged) == (world.kind.conditions, world.kind.conditions)
        assert world.storage.abilities.conditions in (None, world.kind.conditions)
        assert keys(world.storage) == []

    def test_a_condition_that_does_not_hold_changes_nothing(self, world: World) -> None:
        if not world.kind.conditions:
            pytest.skip("ignores conditions")
        put = world.storage.put
        first = put("a", b"1", CSS, condition=Condition.absent())
        second = put("a", b"2", FULL, condition=Condition.unchanged(first.version))
        refused: list[Callable[[], object]] = [
            lambda: put("a", b"3", CSS, condition=Condition.absent()),
            lambda: put("a", b"4", CSS, condition=Condition.unchanged(first.version)),
            lambda: put("none", b"5", CSS, condition=Condition.unchanged(second.version)),
        ]
        assert {failure_of(call).failure for call in refused} == {Failure.PRECONDITION}
        stored = world.storage.get("a")
        assert (stored.body, stored.info.headers, keys(world.storage)) == (b"2", FULL, ["a"])

    def test_of_racing_writers_exactly_one_wins(self, world: World) -> None:
        if not world.kind.conditions:
            pytest.skip("ignores conditions")
        writers, rounds = 4, 3 if world.kind.remote else 30
        barrier = threading.Barrier(writers)
        storages = [world.another() for _ in range(writers)]
        starts = [world.storage.put(f"{number}/u", b"0", CSS).version for number in range(rounds)]

        def write(writer: int) -> list[str]:
            won = []
            for number in range(rounds):
                for key, condition in (("n", Condition.absent()), ("u", Condition.unchanged(starts[number]))):
                    body = f"{writer}{key}{number}".encode()
                    barrier.wait(timeout=60)
                    try:
                        storages[writer].put(f"{number}/{key}", body, CSS, condition=condition)
                        won.append(f"{number}/{key}")
                    except StorageError as error:
                        # A server may refuse two writes at one moment without deciding; nobody may win twice.
                        assert error.failure in (Failure.PRECONDITION, Failure.TRANSIENT), error
            return won

        with ThreadPoolExecutor(writers) as pool:
            wins = list(pool.map(write, range(writers)))
        count = Counter(key for each in wins for key in each)
        assert count == {f"{number}/{key}": 1 for number in range(rounds) for key in "nu"}
        for writer, each in enumerate(wins):
            for key in each:
                number, _, kind = key.partition("/")
                assert world.storage.get(key).body == f"{writer}{kind}{number}".encode()

    def test_threads_share_one_storage(self, world: World) -> None:
        def written(number: int) -> ObjectInfo | None:
            key, body = f"{number % 5}/{number}", str(number).encode() * 100
            repeated(lambda: world.storage.put(key, body, CSS))
            assert world.storage.get(key).body == body
            return world.storage.head(key)

        with ThreadPoolExecutor(8) as pool:
            infos = list(pool.map(written, range(64)))
            assert [info.size for info in infos if info] == [len(str(number)) * 100 for number in range(64)]
            # Only now: while a folder loses objects, rclone fails to write others into it, or to see them at once.
            list(pool.map(lambda number: repeated(lambda: world.storage.delete(f"{number % 5}/{number}")), range(64)))
        assert keys(world.storage) == []


class TestServers:
    """What only a server over the network can get wrong."""

    def test_a_wrong_secret_or_key_is_said_to_be_that(self, remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable, word in (("AWS_SECRET_ACCESS_KEY", "secret access key"), ("AWS_ACCESS_KEY_ID", "access key")):
            with monkeypatch.context() as patch:
                patch.setenv(variable, "wrong00000000000000000")
                other = remote.reopen()
            calls: list[Callable[[], object]] = [
                lambda other=other: other.put("a", b"1", CSS),  # type: ignore[misc]
                lambda other=other: other.get("a"),  # type: ignore[misc]
                lambda other=other: keys(other),  # type: ignore[misc]
                lambda other=other: other.delete_many(["a"]),  # type: ignore[misc]
            ]
            for call in calls:
                error = failure_of(call)
                assert error.failure is Failure.CREDENTIALS
                assert f"does not accept the {word}" in error.text
                assert "wrong0000" not in str(error)

    def test_no_credentials_at_all_is_said_to_be_that(self, remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert failure_of(lambda: remote.reopen().get("a")).failure is Failure.CREDENTIALS
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        error = failure_of(lambda: remote.reopen().get("a"))
        assert (error.failure, "AWS_ACCESS_KEY_ID" in error.hint) == (Failure.CREDENTIALS, True)

    def test_a_missing_bucket_is_named_with_endpoint_and_region_and_not_made(self, remote: World) -> None:
        other = remote.open("s3://no-such-bucket/assets")
        calls: list[Callable[[], object]] = [
            lambda: other.put("a", b"1", CSS),
            lambda: other.get("a"),
            lambda: keys(other),
            lambda: other.delete_many(["a"]),
        ]
        for call in calls:
            error = failure_of(call)
            assert error.failure is Failure.NO_BUCKET
            for part in ("no-such-bucket", "127.0.0.1", "us-east-1"):
                assert part in error.text
        assert other.head("a") is None

    def test_a_missing_permission_is_named(self, remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
        if not remote.kind.permissions:
            pytest.skip("knows one identity")
        remote.storage.put("a", b"1", CSS)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", READ_ONLY[0])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READ_ONLY[1])
        reader = remote.reopen()
        assert reader.get("a").body == b"1"
        put, delete = failure_of(lambda: reader.put("b", b"1", CSS)), failure_of(lambda: reader.delete("a"))
        assert [(error.failure, error.action) for error in (put, delete, *reader.delete_many(["a"]))] == [
            (Failure.DENIED, "s3:PutObject"),
            (Failure.DENIED, "s3:DeleteObject"),
            (Failure.DENIED, "s3:DeleteObject"),
        ]
        assert ("s3:PutObject" in put.hint, put.key) == (True, "b")

    def test_a_clock_that_is_off_is_named_with_the_offset(self, remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
        if not remote.kind.permissions:
            pytest.skip("does not compare clocks")
        import datetime
        import time

        import botocore.auth

        def behind(remove_tzinfo: bool = True) -> datetime.datetime:
            now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=5)
            return now.replace(tzinfo=None) if remove_tzinfo else now

        real = time.time
        monkeypatch.setattr(botocore.auth, "get_current_datetime", behind)
        monkeypatch.setattr("assetbuild.build.s3_errors.time.time", lambda: real() - 5 * 3600)
        for call in (lambda: remote.storage.put("a", b"1", CSS), lambda: remote.storage.head("a")):
            error = failure_of(call)
            assert error.failure is Failure.CLOCK
            assert error.offset == pytest.approx(5 * 3600, abs=60)
            assert "5 hours behind the server's" in error.text

    def test_a_digest_that_does_not_fit_is_refused_as_damage_on_the_way(self, remote: World) -> None:
        if not remote.kind.compares_digests:
            pytest.skip("does not compare digests")
        error = failure_of(lambda: remote.storage.put("a", b"1", CSS, sha256=sha256(b"2")))
        assert error.failure is Failure.TRANSIENT
        assert keys(remote.storage) == []

    def test_an_unknown_authority_is_a_matter_of_trust(self, remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_CA_BUNDLE")
        if not remote.kind.name.endswith("tls"):
            pytest.skip("has no certificate")
        other = remote.reopen()
        error = failure_of(lambda: other.put("a", b"1", CSS))
        assert error.failure is Failure.TLS
        assert ("not trusted" in error.text, "AWS_CA_BUNDLE" in error.hint) == (True, True)

    def test_a_missing_file_of_authorities_is_a_matter_of_trust(
        self, remote: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", "no-such-file.pem")
        if not remote.kind.name.endswith("tls"):
            pytest.skip("has no certificate")
        error = failure_of(lambda: remote.reopen().put("a", b"1", CSS))
        assert (error.failure, "AWS_CA_BUNDLE" in error.hint) == (Failure.TLS, True)

    def test_tls_with_a_server_that_speaks_none_is_said(self, remote: World) -> None:
        assert remote.server is not None
        url = remote.server.http.replace("http:", "https:")
        other = open_storage(remote.target, endpoint_url=url, region="us-east-1")
        error = failure_of(lambda: other.put("a", b"1", CSS))
        assert (error.failure, "does not speak TLS" in error.text) == (Failure.TLS, True)
        other.close()

    def test_no_listener_is_no_connection(self, remote: World) -> None:
        other = open_storage(remote.target, endpoint_url=f"http://127.0.0.1:{free_ports(1)[0]}", region="us-east-1")
        error = failure_of(lambda: keys(other))
        assert (error.failure, "endpoint_url" in error.hint) == (Failure.UNREACHABLE, True)
        other.close()
