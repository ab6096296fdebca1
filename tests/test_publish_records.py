"""The state of a target: elsewhere, with foreign things in it, and damaged."""

from __future__ import annotations

import dataclasses
import json

import pytest

from assetbuild.build.history import releases, rollback
from assetbuild.build.ledger import DamagedRecord
from assetbuild.build.prune import prune
from assetbuild.build.publish import Local, publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import MANIFEST
from assetbuild.build.storage import Headers
from assetbuild.build.storage_memory import MemoryStorage
from tests.publish_acts import ALL, JSON, builds, is_live, publishing, put_live
from tests.publishing import STATE, Effect, QuickClock, Request, Target, remote_over, sha256, small, violations

# --- state elsewhere, foreign and damaged things -----------------------------------------------------------


def test_the_state_can_be_at_a_target_of_its_own() -> None:
    clock, state = QuickClock(), MemoryStorage(name="state:")
    objects = MemoryStorage(clock=clock.monotonic)
    state = MemoryStorage(clock=clock.monotonic)
    numbers = Target().random
    for number in (1, 2, 3):
        remote = remote_over(objects, clock, numbers, state=state)
        publishing(number)(remote)
        clock.time += 100
    rollback(remote, small(2).manifest["build"])
    clock.time += 10
    prune(remote, ALL)
    assert violations(objects, remote.ledger) == []
    assert set(remote.ledger.builds()) == builds(2)
    assert not [info.key for info in objects.list() if info.key.startswith(STATE) or "log/" in info.key]
    assert {info.key.partition("/")[0] for info in state.list()} == {"log", "releases"}


FOREIGN = [
    "log/production/.DS_Store",
    "log/production/!first",
    "log/.DS_Store",
    "releases/.DS_Store",
    "releases/readme.txt",
    "retired/.DS_Store",
    "intents/.DS_Store",
    "intents/notes.json",
    "locks/.DS_Store",
    "pins/.DS_Store",
]


def test_foreign_objects_among_the_state_are_passed_over() -> None:
    target = Target()
    for key in FOREIGN:
        target.storage.put(f"{STATE}{key}", b"\x00", Headers())
    put_live(target, 1, 2)
    assert is_live(target, 2)
    assert publish(target.remote()[0], small(2), Policy()).steps == ()
    assert len(releases(target.remote()[0])) == 2
    prune(target.remote()[0], ALL)
    assert {f"{STATE}{key}" for key in FOREIGN} <= target.held()
    assert set(target.ledger().builds()) == builds(2)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"schema":2}', b'{"schema":1}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_of_the_live_release_is_written_again_by_publishing_it(body: bytes) -> None:
    target = Target()
    put_live(target, 1)
    key = target.ledger().release_key(small(1).manifest["build"])
    target.storage.put(key, body, JSON)
    with pytest.raises(DamagedRecord):
        prune(target.remote()[0], ALL)
    publishing(1)(target.remote()[0])
    assert is_live(target, 1)
    assert target.violations() == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"schema":1,"build":"x"}'])
def test_a_damaged_entry_of_the_log_is_named_and_stops_everything_that_rests_on_it(body: bytes) -> None:
    target = Target()
    put_live(target, 1)
    live = target.ledger().live("production")
    assert live is not None
    before = target.held()
    target.storage.put(live.key, body, JSON)
    for act in (publishing(2), lambda remote: prune(remote, ALL)):
        with pytest.raises(DamagedRecord, match="log/production"):
            act(target.remote()[0])
    assert target.held() == before


def test_a_record_that_was_damaged_on_the_way_is_read_again() -> None:
    target = Target()
    put_live(target, 1)
    flipped: list[Request] = []

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        if request.method == "get" and "releases/" in request.key and not flipped:
            flipped.append(request)
            body = found.body.replace(b'"size":3', b'"size":4')  # type: ignore[attr-defined]
            return dataclasses.replace(found, body=body)  # type: ignore[type-var]
        return found

    assert publish(target.remote(gate)[0], small(1), Policy()).steps == ()
    assert flipped


def test_a_plain_name_never_gets_bytes_that_were_damaged_on_the_way() -> None:
    target = Target()
    flipped: list[Request] = []

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        if request.method == "get" and not request.key.startswith(STATE) and not flipped:
            flipped.append(request)
            return dataclasses.replace(found, body=b"FAV 1")  # type: ignore[type-var]
        return found

    publishing(1)(target.remote(gate)[0])
    assert flipped
    assert target.storage.get("fav.txt").body == b"fav 1"


def test_the_plain_names_are_written_before_the_manifest_that_tells_of_them() -> None:
    target = Target()
    remote, client = target.remote(workers=1)
    publishing(1)(remote)
    assert client.sent()[-2:] == ("fav.txt", MANIFEST)
    manifest = json.loads(target.storage.get(MANIFEST).body)
    assert manifest["build"] == small(1).manifest["build"]


def test_local_of_a_test_is_what_a_manifest_says() -> None:
    local: Local = small(1)
    for entry in local.manifest["assets"].values():
        assert sha256(local.read(entry["path"])) == entry["sha256"]
