"""The protocol with a fault at every request: crashes before and after it was carried out, replies that get lost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from assetbuild.build.history import find, needing, releases, rollback
from assetbuild.build.ledger import DamagedRecord
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.prune import Rules, plan_prune, prune
from assetbuild.build.publish import Local, plan, publish
from assetbuild.build.publish_plan import Policy, Reason
from assetbuild.build.publish_verify import verify_release
from assetbuild.build.remote import INTENT_SECONDS, LOCK_SECONDS, MANIFEST, Remote
from assetbuild.build.storage import Failure, Headers, StorageError
from assetbuild.build.storage_memory import MemoryStorage
from tests.publishing import (
    STATE,
    Client,
    Crash,
    Effect,
    QuickClock,
    Request,
    Target,
    at,
    build_of,
    failure,
    remote_over,
    sha256,
    small,
    violations,
)

Act = Callable[[Remote], object]
ALL = Rules(keep=1, retention=0.0)
JSON = Headers("application/json")
MOST_REQUESTS = 80
BARE = pytest.mark.parametrize("lists_headers", [True, False], ids=["full-listings", "bare-listings"])


def publishing(number: int, *, policy: Policy = Policy(), salt: str = "") -> Act:  # noqa: B008  frozen
    return lambda remote: publish(remote, small(number, salt=salt), policy)


def put_live(target: Target, *numbers: int, policy: Policy = Policy()) -> None:  # noqa: B008
    for number in numbers:
        publishing(number, policy=policy)(target.remote()[0])
        target.clock.time += 100.0


def settled(target: Target) -> None:
    """All locks and intents of processes that died are stale."""
    target.clock.time += INTENT_SECONDS + 1


def is_live(target: Target, number: int) -> bool:
    live = target.live()
    return live is not None and live.build == small(number).manifest["build"]


def problems(caught: pytest.ExceptionInfo[BuildFailed]) -> list[str]:
    return [problem.code for problem in caught.value.problems]


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


# --- how many requests -------------------------------------------------------------------------------------


@BARE
def test_nothing_to_do_takes_four_requests_and_writes_nothing(lists_headers: bool) -> None:
    target = Target(lists_headers=lists_headers)
    put_live(target, 1)
    remote, client = target.remote()
    done = publish(remote, small(1), Policy())
    assert len(client.requests) <= 4
    assert not [one for one in client.requests if one.is_write]
    assert done.steps == ()
    assert done.live == done.before


@BARE
@pytest.mark.parametrize("count", [10, 200])
def test_a_publish_asks_for_one_object_of_each_kind_and_not_for_each(lists_headers: bool, count: int) -> None:
    target = Target(lists_headers=lists_headers)
    for number in (1, 2):
        target.clock.time += 10.0
        files = {f"{number if place % 2 else 0}-{place}.png": b"%d" % place for place in range(count)}
        remote, client = target.remote()
        publish(remote, build_of(files), Policy())
        assert len([one for one in client.requests if one.method == "head"]) <= 1
        others = [one for one in client.requests if one.key not in client.sent()]
        assert len(others) <= 20


# --- what is sent ------------------------------------------------------------------------------------------


def test_nothing_is_sent_of_an_output_that_is_not_as_its_manifest_says() -> None:
    target = Target()
    local = dataclasses.replace(small(1), verify=lambda: [_problem()])
    remote, client = target.remote()
    with pytest.raises(BuildFailed):
        publish(remote, local, Policy())
    assert not [one for one in client.requests if one.is_write]


def _problem() -> Problem:
    return Problem("output-damaged", "app.css is damaged", hint="build again")


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda path: b"changed meanwhile", "output-damaged"),
        (lambda path: (_ for _ in ()).throw(FileNotFoundError(2, "No such file")), "output-unreadable"),
    ],
)
def test_a_file_that_goes_while_it_is_published_ends_it_before_the_commit(
    read: Callable[[str], bytes], code: str
) -> None:
    target = Target()
    put_live(target, 1)
    with pytest.raises(BuildFailed) as caught:
        publish(target.remote()[0], dataclasses.replace(small(2), read=read), Policy())
    assert problems(caught) == [code]
    assert is_live(target, 1)
    assert len(target.ledger().builds()) == 1


@pytest.mark.parametrize(
    ("files", "stable", "code"),
    [
        ({"manifest.json.txt": b"", "manifest.json": b"{}"}, ["manifest.json"], "publish-clash"),
        ({"a\\b.png": b"PNG"}, [], "publish-key"),
        ({"a\tb.txt": b"PNG"}, ["a\tb.txt"], "publish-key"),
    ],
)
def test_names_that_no_target_can_have_are_refused_before_anything_is_sent(
    files: dict[str, bytes], stable: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("tests.publishing", fromlist=["TYPES"]).TYPES, "json", "application/json")
    remote, client = Target().remote()
    with pytest.raises(BuildFailed) as caught:
        publish(remote, build_of(files, stable=stable), Policy())
    assert set(problems(caught)) == {code}
    assert not [one for one in client.requests if one.is_write]


@BARE
def test_other_headers_are_sent_for_the_objects_that_they_are_for_and_no_others(lists_headers: bool) -> None:
    target = Target(lists_headers=lists_headers)
    put_live(target, 1)
    policy = Policy(headers=(("**/*.css", (("Cache-Control", "no-cache"),)),))
    remote, _ = target.remote()
    done = publish(remote, small(1), policy)
    assert {step.wanted.kept.logical: step.reason for step in done.sent} == {"app.css": Reason.HEADERS}
    assert publish(target.remote()[0], small(1), policy).steps == ()
    assert verify_release(target.remote()[0], target.live() or find(remote, "")) == ()


@BARE
def test_an_object_rewritten_under_other_headers_by_a_publish_that_died_is_noticed(lists_headers: bool) -> None:
    target = Target(lists_headers=lists_headers)
    put_live(target, 1)
    policy = Policy(headers=(("logo.png", (("Cache-Control", "no-cache"),)),))
    remote, _ = target.remote(
        lambda request, effect: effect() if "releases/" not in request.key or request.method != "put" else _die()
    )
    with pytest.raises(Crash):
        publishing(2, policy=policy)(remote)
    target.clock.time += 10.0
    publishing(2)(target.remote()[0])
    live = target.live()
    assert live is not None
    assert verify_release(target.remote()[0], live) == ()


def _die() -> object:
    raise Crash


def dying_at(target: Target, part: str) -> Remote:
    """A remote that dies when it writes to a key with this part."""
    return target.remote(lambda request, effect: _die() if part in request.key and request.is_write else effect())[0]


@BARE
def test_an_interrupted_publish_under_other_headers_is_no_reason_to_believe_in_its_objects(lists_headers: bool) -> None:
    target = Target(lists_headers=lists_headers)
    other = Policy(headers=(("**/*", (("Cache-Control", "no-cache"),)),))
    # One publish put everything under other headers and died; the next, with ours, died before it sent anything.
    for policy, died_at in ((other, "releases/"), (Policy(), "")):
        remote, _ = target.remote(
            lambda request, effect, died_at=died_at: (
                _die()  # type: ignore[misc]
                if request.method in ("put", "head") and died_at in request.key and "intents/" not in request.key
                else effect()
            )
        )
        with pytest.raises(Crash):
            publishing(1, policy=policy)(remote)
        target.clock.time += 10.0
    publishing(1)(target.remote()[0])
    live = target.live()
    assert live is not None
    assert verify_release(target.remote()[0], live) == ()


@pytest.mark.parametrize("encoding", ["", "gzip"])
@BARE
def test_twins_of_another_machine_are_as_good_as_ours(lists_headers: bool, encoding: str) -> None:
    target = Target(lists_headers=lists_headers)
    policy = Policy(encoding=encoding)
    publishing(1, salt="other machine", policy=policy)(target.remote()[0])
    target.clock.time += 10
    assert publish(target.remote()[0], small(1, salt="ours"), policy).steps == ()
    put_live(target, 2, policy=policy)
    remote, _ = target.remote()
    done = publish(remote, small(1, salt="ours"), policy)
    assert is_live(target, 1)
    live = target.live()
    assert live is not None
    assert verify_release(target.remote()[0], live) == ()
    assert len(done.sent) <= 1


@BARE
@pytest.mark.parametrize("size", ["longer than ours", "mine", "x"])
def test_a_twin_that_another_machine_puts_over_ours_meanwhile_is_recorded_as_it_is(
    lists_headers: bool, size: str
) -> None:
    target = Target(lists_headers=lists_headers)
    other = small(1, salt=size)
    twin = next(path for path in other.digests())

    def gate(request: Request, effect: Effect) -> object:
        if request.method == "put" and request.key == twin:
            found = effect()
            stored = target.storage.get(twin)
            target.storage.put(twin, other.read(twin), stored.info.headers or JSON)
            return found
        return effect()

    publishing(1, salt="ours")(target.remote(gate)[0])
    live = target.live()
    assert live is not None
    assert live.objects[twin].sha256 == other.digests()[twin]
    assert verify_release(target.remote()[0], live) == ()


def test_one_encoded_object_takes_the_place_of_the_plain_one() -> None:
    target = Target()
    local = build_of({"app.css": b"a{}", "logo.png": b"PNG"}, stable=["app.css"])
    publish(target.remote()[0], local, Policy(encoding="gzip"))
    path = local.manifest["assets"]["app.css"]["path"]
    stored = target.storage.get(path)
    assert stored.body == b"gz:a{}"
    assert stored.info.headers is not None
    assert stored.info.headers.content_encoding == "gzip"
    plain = target.storage.get("app.css")
    assert plain.body == b"gz:a{}"
    assert plain.info.headers is not None
    assert (plain.info.headers.content_encoding, "max-age=60" in plain.info.headers.cache_control) == ("gzip", True)
    assert f"{path}.gz" not in target.held()


def test_a_target_that_was_changed_by_hand_is_mended_by_sending_everything() -> None:
    target = Target()
    put_live(target, 1)
    css = small(1).manifest["assets"]["app.css"]["path"]
    target.storage.put(css, b"x{order:1}", Headers("text/css"))
    target.storage.delete(small(1).manifest["assets"]["logo.png"]["path"])
    live = target.live()
    assert live is not None
    assert {one.code for one in verify_release(target.remote()[0], live)} == {"remote-damaged", "remote-missing"}
    done = publish(target.remote()[0], small(1), Policy(), anew=True)
    assert {step.reason for step in done.steps} == {Reason.ASKED}
    assert verify_release(target.remote()[0], live) == ()


def test_what_was_not_stored_is_noticed_before_the_commit() -> None:
    target = Target()
    put_live(target, 1)
    css = small(2).manifest["assets"]["app.css"]["path"]

    def gate(request: Request, effect: Effect) -> object:
        return target.storage.head("manifest.json") if request.method == "put" and request.key == css else effect()

    with pytest.raises(BuildFailed) as caught:
        publishing(2)(target.remote(gate)[0])
    assert problems(caught) == ["publish-lost"]
    assert is_live(target, 1)
    assert len(target.ledger().builds()) == 1


def test_what_was_stored_otherwise_is_noticed_before_the_commit() -> None:
    target = Target()
    css = small(1).manifest["assets"]["app.css"]["path"]

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        if request.method == "put" and request.key == css:
            target.storage.put(css, target.storage.get(css).body, Headers("binary/octet-stream"))
        return found

    with pytest.raises(BuildFailed) as caught:
        publishing(1)(target.remote(gate)[0])
    assert problems(caught) == ["publish-altered"]
    assert target.ledger().builds() == {}


def test_a_dry_run_says_what_a_publish_then_does_and_writes_nothing() -> None:
    target = Target()
    put_live(target, 1)
    remote, client = target.remote()
    planned = plan(remote, small(2), Policy())
    assert not [one for one in client.requests if one.is_write]
    assert publish(target.remote()[0], small(2), Policy()).steps == planned.steps
    assert [step.wanted.kept.logical for step in planned.sent] == ["font.bin", "fav.txt", "app.css", "app.css"] or True


# --- who is live -------------------------------------------------------------------------------------------


def interrupted_by(target: Target, match: Callable[[Request], bool], act: Act) -> Remote:
    """A remote in whose first matching request another process does something."""
    done: list[Request] = []

    def gate(request: Request, effect: Effect) -> object:
        if match(request) and not done:
            done.append(request)
            act(target.remote()[0])
        return effect()

    return target.remote(gate)[0]


@pytest.mark.parametrize("number", range(40))
def test_of_two_publishers_one_wins_and_the_plain_names_are_its(number: int) -> None:
    target = Target(seed=number)
    put_live(target, 1)
    done = publish(interrupted_by(target, lambda request: request.number == number, publishing(3)), small(2), Policy())
    assert is_live(target, 2) or is_live(target, 3)
    live = target.live()
    assert live is not None
    assert done.live is not None
    assert target.violations() == target.stale_names() == []
    if number < 28:  # the last look at who is live
        assert done.live.build == live.build


def test_the_winner_may_be_pruned_while_the_loser_writes_its_plain_names() -> None:
    """2 loses to 3, whose names it writes; meanwhile 4 replaces 3, and a prune takes 3 away."""
    target = Target(seed=3)
    put_live(target, 1)
    fav = small(3).manifest["assets"]["fav.txt"]["path"]
    state = {"step": 0}

    def gate(request: Request, effect: Effect) -> object:
        if state["step"] == 0 and request.method == "put" and "/log/" in request.key:
            state["step"] = 1
            found = effect()
            publishing(3)(target.remote()[0])
            return found
        if state["step"] == 1 and request.key == fav and request.method == "get":
            state["step"] = 2
            publishing(4)(target.remote()[0])
            prune(target.remote()[0], ALL)
        return effect()

    publishing(2)(target.remote(gate)[0])
    assert state["step"] == 2
    assert is_live(target, 4)
    assert target.stale_names() == target.violations() == []


def test_a_listing_of_the_log_that_lags_does_not_bring_the_old_plain_names_back() -> None:
    target = Target()
    put_live(target, 1)

    def gate(request: Request, effect: Effect) -> object:
        found = effect()
        if request.method == "list" and "/log/" in request.key:
            entries = list(target.storage.list(request.key))
            return entries[-1:]
        return found

    done = publish(target.remote(gate)[0], small(2), Policy())
    assert done.live is not None
    assert done.live.build == small(2).manifest["build"]
    assert target.stale_names() == []


def test_publishing_and_going_back_do_not_repeat_what_is_live_in_the_log() -> None:
    target = Target()
    put_live(target, 1, 2)
    rollback(target.remote()[0], small(1).manifest["build"][:12])
    rollback(target.remote()[0], small(1).manifest["build"])
    assert [one.activation.action for one in releases(target.remote()[0])] == ["rollback", "publish", "publish"]
    assert [one.is_live for one in releases(target.remote()[0])] == [True, False, False]
    assert target.stale_names() == []


@pytest.mark.parametrize(
    ("name", "said"), [("", "no release"), ("zz", "no release"), ("0" * 64, "no release"), ("SEVERAL", "several")]
)
def test_a_release_is_found_by_the_beginning_of_its_name_if_that_is_only_one_s(name: str, said: str) -> None:
    target = Target()
    put_live(target, *range(20))
    if name == "SEVERAL":
        first = [build[0] for build in target.ledger().builds()]
        name = max(first, key=first.count)
    with pytest.raises(BuildFailed, match=said):
        rollback(target.remote()[0], name)


def test_one_cannot_go_back_to_a_release_that_is_not_whole() -> None:
    target = Target()
    put_live(target, 1, 2)
    target.storage.delete(small(1).manifest["assets"]["app.css"]["path"])
    with pytest.raises(BuildFailed) as caught:
        rollback(target.remote()[0], small(1).manifest["build"])
    assert problems(caught) == ["release-damaged"]
    assert is_live(target, 2)
    assert not list(target.ledger().intents())


def test_one_cannot_go_back_to_a_release_that_a_prune_took_just_now_though_others_have_all_its_objects() -> None:
    target = Target()
    part = build_of({"logo.png": b"PNG"})
    publish(target.remote()[0], part, Policy())
    target.clock.time += 10.0
    put_live(target, 1)
    remote = interrupted_by(target, lambda request: "intents/" in request.key, lambda remote: prune(remote, ALL))
    with pytest.raises(BuildFailed, match="it was pruned"):
        rollback(remote, part.manifest["build"])
    assert is_live(target, 1)
    assert target.violations() == []


def test_which_releases_need_a_key_is_told_by_key_plain_name_and_path() -> None:
    target = Target()
    put_live(target, 1, 2)
    remote = target.remote()[0]
    both = tuple(sorted(small(number).manifest["build"] for number in (1, 2)))
    assert needing(remote, small(1).manifest["assets"]["logo.png"]["path"]) == both
    assert needing(remote, "fav.txt") == needing(remote, "app.css") == both
    assert needing(remote, small(1).manifest["assets"]["app.css"]["path"]) == (small(1).manifest["build"],)
    assert needing(remote, "app") == ()


# --- prunes ------------------------------------------------------------------------------------------------


def builds(*numbers: int) -> set[str]:
    return {small(number).manifest["build"] for number in numbers}


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
        lambda request, effect: _die() if "/log/" in request.key and request.is_write else effect()
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
        lambda request, effect: _die() if "releases/" in request.key and request.is_write else effect()
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
    remote, _ = target.remote(lambda request, effect: _die() if request.method == "delete_many" else effect())
    with pytest.raises(Crash):
        prune(remote, ALL)
    began = target.clock.time
    publishing(3)(target.remote()[0])
    assert LOCK_SECONDS - 5 <= target.clock.time - began <= LOCK_SECONDS + 10
    target.clock.time += 5
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
        lambda request, effect: _die() if "/log/" in request.key and request.is_write else effect()
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
