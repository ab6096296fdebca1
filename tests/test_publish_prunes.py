"""What a prune removes and what it keeps, beside publishes that run, slept or died."""

from __future__ import annotations

import dataclasses

import pytest

from assetbuild.build.model import BuildFailed
from assetbuild.build.prune import Rules, plan_prune, prune
from assetbuild.build.publish import publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import INTENT_SECONDS, LOCK_SECONDS, Remote
from assetbuild.build.storage import Failure
from tests.publish_acts import ALL, JSON, builds, die, interrupted_by, is_live, problems, publishing, put_live, settled
from tests.publishing import (
    STATE,
    Client,
    Crash,
    Effect,
    QuickClock,
    Request,
    Target,
    build_of,
    failure,
    remote_over,
    small,
)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (Rules(keep=1, retention=0.0), (4,)),
        (Rules(keep=0, retention=0.0), (4,)),
        (Rules(keep=2, retention=0.0), (3, 4)),
        (Rules(keep=9, retention=0.0), (1, 2, 3, 4)),
        # 4 went live at 1300, so 3 was retired 100 s ago at 1400, 2 200 s ago and 1 300 s ago.
        (Rules(keep=1, retention=99.0), (4,)),
        (Rules(keep=1, retention=101.0), (3, 4)),
        (Rules(keep=1, retention=201.0), (2, 3, 4)),
    ],
)
def test_releases_are_kept_by_number_and_by_the_time_since_they_were_retired(
    rules: Rules, kept: tuple[int, ...]
) -> None:
    target = Target()
    put_live(target, 1, 2, 3, 4)
    planned = plan_prune(target.remote()[0], rules)
    removal, failed = prune(target.remote()[0], rules)
    assert removal == planned
    assert failed == ()
    assert set(target.ledger().builds()) == builds(*kept)
    assert target.violations() == []
    assert {entry.build for entry in target.ledger().activations()} == builds(*kept)


def test_going_back_and_forth_between_two_counts_as_two() -> None:
    target = Target()
    put_live(target, 1, 2, 3, 2, 3, 2, 3)
    prune(target.remote()[0], Rules(keep=3, retention=0.0))
    assert set(target.ledger().builds()) == builds(1, 2, 3)


def test_what_is_live_in_another_environment_is_kept() -> None:
    target = Target()
    remote = dataclasses.replace(target.remote()[0], environment="staging", plain_names="production")
    for number, environment in ((1, "staging"), (2, "production"), (3, "production")):
        publishing(number)(dataclasses.replace(remote, environment=environment))
        target.clock.time += 100.0
    prune(target.remote()[0], ALL)
    assert set(target.ledger().builds()) == builds(1, 3)


def test_what_is_pinned_is_kept() -> None:
    target = Target()
    put_live(target, 1, 2, 3)
    for build in builds(1):
        target.storage.put(f"{STATE}pins/{build}", b"", JSON)
    prune(target.remote()[0], ALL)
    assert set(target.ledger().builds()) == builds(1, 3)


def test_a_record_that_never_went_live_is_kept_while_it_is_young() -> None:
    target = Target()
    put_live(target, 1)
    remote, _ = target.remote(
        lambda request, effect: die() if "/log/" in request.key and request.is_write else effect()
    )
    with pytest.raises(Crash):
        publishing(2)(remote)
    settled(target)
    prune(target.remote()[0], Rules(keep=1, retention=INTENT_SECONDS + 100))
    assert set(target.ledger().builds()) == builds(1, 2)
    prune(target.remote()[0], Rules(keep=1, retention=100))
    assert set(target.ledger().builds()) == builds(1)


def test_what_a_running_publish_relies_on_is_kept_until_its_intent_is_stale() -> None:
    target = Target()
    put_live(target, 1, 2)
    remote, _ = target.remote(
        lambda request, effect: die() if "releases/" in request.key and request.is_write else effect()
    )
    with pytest.raises(Crash):
        publishing(3)(remote)
    before = {key for key in target.held() if not key.startswith(STATE)}
    shared = small(1).manifest["assets"]["app.css"]["path"]
    prune(target.remote()[0], ALL)
    assert before - target.held() <= {
        shared,
        f"{shared}.gz",
        small(1).manifest["assets"]["fav.txt"]["path"],
        small(1).manifest["assets"]["font.bin"]["path"],
    }
    assert small(3).manifest["assets"]["app.css"]["path"] in target.held()


def test_an_intent_that_cannot_be_read_stops_a_prune_until_it_is_stale() -> None:
    target = Target()
    put_live(target, 1, 2)
    target.storage.put(f"{STATE}intents/{'0' * 32}.json", b"{", JSON)
    with pytest.raises(BuildFailed) as caught:
        prune(target.remote()[0], ALL)
    assert problems(caught) == ["prune-unclear"]
    assert not target.ledger().locks()
    settled(target)
    prune(target.remote()[0], ALL)
    assert set(target.ledger().builds()) == builds(2)


def test_a_live_release_without_a_record_stops_a_prune() -> None:
    target = Target()
    put_live(target, 1, 2)
    target.storage.delete(target.ledger().release_key(small(2).manifest["build"]))
    with pytest.raises(BuildFailed) as caught:
        prune(target.remote()[0], ALL)
    assert problems(caught) == ["prune-unclear"]
    assert set(small(2).digests()) <= target.held()


def test_a_live_release_that_was_retired_by_mistake_keeps_its_objects() -> None:
    target = Target()
    put_live(target, 1, 2)
    ledger = target.ledger()
    release = target.live()
    assert release is not None
    ledger.retire(release)
    prune(target.remote()[0], ALL)
    assert release.objects.keys() <= target.held()
    publishing(2)(target.remote()[0])
    prune(target.remote()[0], ALL)
    assert target.violations() == []
    assert not list(ledger.retired())


def test_more_than_allowed_is_not_removed() -> None:
    target = Target()
    put_live(target, 1, 2)
    before = target.held()
    count = len(plan_prune(target.remote()[0], ALL).objects)
    with pytest.raises(BuildFailed) as caught:
        prune(target.remote()[0], dataclasses.replace(ALL, most=count - 1))
    assert problems(caught) == ["prune-too-many"]
    assert target.held() == before
    prune(target.remote()[0], dataclasses.replace(ALL, most=count))
    assert set(target.ledger().builds()) == builds(2)


def test_two_prunes_do_not_run_at_once() -> None:
    target = Target()
    put_live(target, 1, 2)
    caught: list[BuildFailed] = []

    def second(remote: Remote) -> None:
        with pytest.raises(BuildFailed) as failed:
            prune(remote, ALL)
        caught.append(failed.value)

    prune(interrupted_by(target, lambda request: request.method == "delete_many", second), ALL)
    assert [problem.code for problem in caught[0].problems] == ["prune-locked"]
    assert not target.ledger().locks()


def test_the_lock_of_a_prune_that_died_holds_ten_minutes_and_no_longer() -> None:
    target = Target()
    put_live(target, 1, 2)
    remote, _ = target.remote(lambda request, effect: die() if request.method == "delete_many" else effect())
    with pytest.raises(Crash):
        prune(remote, ALL)
    began = target.clock.time
    publishing(3)(target.remote()[0])
    assert LOCK_SECONDS - 5 <= target.clock.time - began <= LOCK_SECONDS + 10
    target.clock.time += 5
    prune(target.remote()[0], ALL)
    assert not target.ledger().locks()


def test_a_lock_from_before_the_clock_was_put_back_holds_no_longer() -> None:
    target = Target()
    put_live(target, 1, 2)
    target.clock.time += 10 * LOCK_SECONDS
    remote, _ = target.remote(lambda request, effect: die() if request.method == "delete_many" else effect())
    with pytest.raises(Crash):
        prune(remote, ALL)
    target.clock.time -= 10 * LOCK_SECONDS
    began = target.clock.time
    publishing(3)(target.remote()[0])
    assert LOCK_SECONDS - 5 <= target.clock.time - began <= LOCK_SECONDS + 10
    prune(target.remote()[0], ALL)
    assert not target.ledger().locks()


@pytest.mark.parametrize("sleeper", ["clock", "now"])
def test_a_prune_that_slept_removes_nothing_any_more(sleeper: str) -> None:
    """Its lock was stale meanwhile. A sleeping machine may stop one of its two clocks."""
    target = Target()
    put_live(target, 1, 2)
    steady, wall = QuickClock(), QuickClock()

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        if request.method == "list" and request.key == "":
            (steady if sleeper == "clock" else wall).time += LOCK_SECONDS
            target.clock.time += LOCK_SECONDS
            publishing(1)(target.remote()[0])
        return found

    client = Client(target.storage, gate)
    remote = remote_over(client, steady, target.random, now=wall.monotonic)
    with pytest.raises(BuildFailed) as caught:
        prune(remote, ALL)
    assert problems(caught) == ["prune-slow"]
    assert is_live(target, 1)
    assert target.violations() == []


def test_a_publisher_that_slept_does_not_commit_what_a_prune_may_have_removed() -> None:
    target = Target()
    put_live(target, 1, 2)
    looked: list[str] = []

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        looked.append(request.key)
        if request.method == "list" and looked.count("") == 2:  # after it has looked at everything again
            target.clock.time += INTENT_SECONDS + 10
            prune(target.remote()[0], ALL)
        return found

    with pytest.raises(BuildFailed) as caught:
        publishing(1)(target.remote(gate)[0])
    assert problems(caught) == ["publish-slow"]
    assert target.violations() == []
    publishing(1)(target.remote()[0])
    assert is_live(target, 1)
    assert target.violations() == []


def test_a_long_publish_renews_its_intent_and_stays_safe_from_prunes() -> None:
    target = Target()
    put_live(target, 1, 2)
    files = {f"{place}.png": b"%d" % place for place in range(20)} | {"logo.png": b"PNG", "app.css": b"a{order:1}"}

    def gate(request: Request, effect: Effect) -> object:
        if request.method == "put" and request.key.endswith(".png"):
            target.clock.time += 1000.0
            prune(target.remote()[0], ALL)
        return effect()

    publish(target.remote(gate)[0], build_of(files), Policy())
    assert target.violations() == target.stale_names() == []


def test_intents_that_nobody_is_behind_are_removed_by_a_publish_that_wrote_the_plain_names() -> None:
    target = Target()
    put_live(target, 1)
    remote, _ = target.remote(
        lambda request, effect: die() if "/log/" in request.key and request.is_write else effect()
    )
    with pytest.raises(Crash):
        publishing(2)(remote)
    publishing(3)(target.remote()[0])
    assert len(list(target.ledger().intents())) == 1
    settled(target)
    publishing(4)(target.remote()[0])
    assert list(target.ledger().intents()) == []


def test_objects_that_could_not_be_removed_are_not_forgotten() -> None:
    target = Target()
    put_live(target, 1, 2)
    stuck = small(1).manifest["assets"]["app.css"]["path"]

    def gate(request: Request, effect: Effect) -> object:
        if request.method != "delete_many":
            return effect()
        target.storage.delete_many([key for key in request.key.split() if key != stuck])
        return (failure(Failure.OTHER, key=stuck),)

    _, failed = prune(target.remote(gate)[0], ALL)
    assert [error.key for error in failed] == [stuck]
    assert stuck in target.held()
    assert target.violations() == []
    prune(target.remote()[0], ALL)
    assert stuck not in target.held()
    assert not list(target.ledger().retired())


def test_a_listing_that_does_not_show_what_was_just_written_ends_both_sides_before_harm() -> None:
    target = Target()
    put_live(target, 1, 2)

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        return [] if request.method == "list" and ("intents/" in request.key or "locks/" in request.key) else found

    for act in (publishing(3), lambda remote: prune(remote, ALL)):
        with pytest.raises(BuildFailed) as caught:
            act(target.remote(gate)[0])
        assert problems(caught) == ["storage-lags"]
    assert is_live(target, 2)
    assert set(target.ledger().builds()) == builds(1, 2)
