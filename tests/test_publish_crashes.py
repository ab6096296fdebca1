"""A fault at every request of the protocol: crashes before and after it was carried out, lost replies, outages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assetbuild.build.history import find, rollback
from assetbuild.build.prune import prune
from assetbuild.build.publish_verify import verify_release
from assetbuild.build.remote import MANIFEST
from assetbuild.build.storage import Failure, Headers, StorageError
from tests.publish_acts import ALL, BARE, MOST_REQUESTS, Act, is_live, publishing, put_live, settled
from tests.publishing import Client, Crash, Effect, Request, Target, at, failure, small

# --- crashes ---------------------------------------------------------------------------------------------


def crash_at_every_request(begin: Callable[[], Target], act: Act, judge: Callable[[Target, Client, int], None]) -> int:
    """Judge what a crash leaves, at each request, before and after its effect; how many requests there are."""
    for number in range(MOST_REQUESTS):
        for before in (True, False):
            target = begin()
            remote, client = target.remote(at(number, before=before, error=Crash))
            try:
                act(remote)
            except Crash:
                judge(target, client, number)
            else:
                return number
    raise AssertionError("more requests than expected")


@BARE
def test_a_publish_that_crashed_leaves_the_old_release_whole_and_is_completed_by_the_next(lists_headers: bool) -> None:
    def begin() -> Target:
        target = Target(lists_headers=lists_headers)
        put_live(target, 1)
        return target

    def judge(target: Target, client: Client, number: int) -> None:
        assert target.violations() == []
        assert is_live(target, 1) or is_live(target, 2)
        before = target.held()
        target.clock.time += 5.0
        remote, again = target.remote()
        publishing(2)(remote)
        assert is_live(target, 2)
        assert target.violations() == target.stale_names() == []
        assert before - target.held() <= {one for one in before if "/intents/" in one}, "nothing is lost"
        resent = [key for key in again.sent() if key in before and key not in (MANIFEST, "fav.txt")]
        assert resent == [], f"after a crash at request {number}"

    assert crash_at_every_request(begin, publishing(2), judge) > 12


@BARE
def test_a_first_publish_that_crashed_is_completed_by_the_next(lists_headers: bool) -> None:
    def judge(target: Target, client: Client, number: int) -> None:
        assert target.violations() == []
        publishing(1)(target.remote()[0])
        assert is_live(target, 1)
        assert target.violations() == target.stale_names() == []

    assert crash_at_every_request(lambda: Target(lists_headers=lists_headers), publishing(1), judge) > 12


def test_after_a_crash_another_build_goes_live_with_its_plain_names() -> None:
    def begin() -> Target:
        target = Target()
        put_live(target, 1)
        return target

    def judge(target: Target, client: Client, number: int) -> None:
        publishing(3)(target.remote()[0])
        assert is_live(target, 3)
        assert target.violations() == target.stale_names() == []

    crash_at_every_request(begin, publishing(2), judge)


def test_publishing_what_is_live_repairs_plain_names_that_a_crash_left_half_written() -> None:
    def begin() -> Target:
        target = Target()
        put_live(target, 1, 2)
        return target

    def judge(target: Target, client: Client, number: int) -> None:
        current = 1 if is_live(target, 1) else 2
        publishing(current)(target.remote()[0])
        assert is_live(target, current)
        assert target.stale_names() == []

    back = small(1).manifest["build"]
    assert crash_at_every_request(begin, lambda remote: rollback(remote, back), judge) > 8


def test_a_prune_that_crashed_has_broken_nothing_and_is_completed_by_the_next() -> None:
    def begin() -> Target:
        target = Target()
        put_live(target, 1, 2, 3)
        target.storage.put("foreign-0123456789abcdef.css", b"not ours", Headers("text/css"))
        return target

    clean = begin()
    prune(clean.remote()[0], ALL)
    wanted = clean.held()

    def judge(target: Target, client: Client, number: int) -> None:
        assert target.violations() == target.stale_names() == []
        settled(target)
        prune(target.remote()[0], ALL)
        assert target.violations() == []
        left = {key.rpartition("-")[0] if "/log/" in key else key for key in target.held()}
        assert left == {key.rpartition("-")[0] if "/log/" in key else key for key in wanted}

    assert crash_at_every_request(begin, lambda remote: prune(remote, ALL), judge) > 15
    assert "foreign-0123456789abcdef.css" in wanted


def test_a_build_whose_prune_crashed_can_be_published_again_and_is_then_left_alone() -> None:
    def begin() -> Target:
        target = Target()
        put_live(target, 1, 2)
        return target

    def judge(target: Target, client: Client, number: int) -> None:
        publishing(1)(target.remote()[0])  # waits for the lock to go stale
        assert is_live(target, 1)
        assert target.violations() == target.stale_names() == []
        settled(target)
        prune(target.remote()[0], ALL)
        assert is_live(target, 1)
        assert target.violations() == []
        assert verify_release(target.remote()[0], find(target.remote()[0], small(1).manifest["build"])) == ()

    crash_at_every_request(begin, lambda remote: prune(remote, ALL), judge)


def test_a_rollback_that_crashed_leaves_one_of_both_live_and_can_be_repeated() -> None:
    back = small(1).manifest["build"]

    def begin() -> Target:
        target = Target()
        put_live(target, 1, 2)
        return target

    def judge(target: Target, client: Client, number: int) -> None:
        assert target.violations() == []
        assert is_live(target, 1) or is_live(target, 2)
        rollback(target.remote()[0], back)
        assert is_live(target, 1)
        assert target.violations() == target.stale_names() == []

    assert crash_at_every_request(begin, lambda remote: rollback(remote, back), judge) > 8


# --- replies that get lost, and failures that pass ---------------------------------------------------------


@pytest.mark.parametrize("before", [True, False], ids=["not-carried-out", "reply-lost"])
@pytest.mark.parametrize("kind", [Failure.TRANSIENT, Failure.THROTTLED])
@pytest.mark.parametrize(
    "act",
    [publishing(2), lambda remote: rollback(remote, small(0).manifest["build"]), lambda remote: prune(remote, ALL)],
    ids=["publish", "rollback", "prune"],
)
def test_one_failed_request_changes_nothing_whichever_it_is(act: Act, kind: Failure, before: bool) -> None:
    def run(number: int) -> tuple[Target, Client]:
        target = Target()
        put_live(target, 0, 1)
        remote, client = target.remote(at(number, before=before, error=lambda: failure(kind)))
        act(remote)
        return target, client

    wanted, client = run(-1)
    assert len(client.requests) > 8
    for number in range(len(client.requests)):
        target, _ = run(number)
        assert target.held() == wanted.held(), f"request {number}"
        assert target.stale_names() == target.violations() == []


@pytest.mark.parametrize("number", range(20))
def test_an_outage_of_five_seconds_is_outlived_wherever_it_begins(number: int) -> None:
    target = Target()
    put_live(target, 1)
    down: list[float] = []

    def gate(request: Request, effect: Effect) -> object:
        if request.number >= number and not down:
            down.append(target.clock.time)
        if down and target.clock.time < down[0] + 5.0:
            raise failure(Failure.UNREACHABLE if number else Failure.THROTTLED)
        return effect()

    publishing(2)(target.remote(gate)[0])
    assert is_live(target, 2)
    assert down


@pytest.mark.parametrize("kind", [Failure.DENIED, Failure.CREDENTIALS, Failure.NO_BUCKET, Failure.TLS, Failure.CLOCK])
def test_what_no_retry_can_help_ends_at_once(kind: Failure) -> None:
    target = Target()

    def gate(request: Request, effect: Effect) -> object:
        raise failure(kind)

    remote, client = target.remote(gate)
    with pytest.raises(StorageError) as caught:
        publishing(1)(remote)
    assert caught.value.failure is kind
    assert len(client.requests) == 1


def test_an_address_where_nobody_is_ends_after_a_few_tries() -> None:
    target = Target()

    def gate(request: Request, effect: Effect) -> object:
        raise failure(Failure.UNREACHABLE)

    remote, client = target.remote(gate)
    with pytest.raises(StorageError):
        publishing(1)(remote)
    assert 2 <= len(client.requests) <= 5
    assert target.clock.time < 1010
