"""Which release is live, with two publishers at once and going back; what the log says."""

from __future__ import annotations

import pytest

from assetbuild.build.history import needing, releases, rollback
from assetbuild.build.model import BuildFailed
from assetbuild.build.prune import prune
from assetbuild.build.publish import publish
from assetbuild.build.publish_plan import Policy
from tests.publish_acts import ALL, interrupted_by, is_live, problems, publishing, put_live
from tests.publishing import Effect, Request, Target, build_of, small


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
