"""What a publish asks for and sends: how many requests, which objects, and what is noticed before the commit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from assetbuild.build.history import find
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.publish import plan, publish
from assetbuild.build.publish_plan import Policy, Reason
from assetbuild.build.publish_verify import verify_release
from assetbuild.build.remote import Remote
from assetbuild.build.storage import Headers
from tests.publish_acts import BARE, JSON, die, is_live, problems, publishing, put_live
from tests.publishing import Crash, Effect, Request, Target, build_of, small


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
        lambda request, effect: effect() if "releases/" not in request.key or request.method != "put" else die()
    )
    with pytest.raises(Crash):
        publishing(2, policy=policy)(remote)
    target.clock.time += 10.0
    publishing(2)(target.remote()[0])
    live = target.live()
    assert live is not None
    assert verify_release(target.remote()[0], live) == ()


def dying_at(target: Target, part: str) -> Remote:
    """A remote that dies when it writes to a key with this part."""
    return target.remote(lambda request, effect: die() if part in request.key and request.is_write else effect())[0]


@BARE
def test_an_interrupted_publish_under_other_headers_is_no_reason_to_believe_in_its_objects(lists_headers: bool) -> None:
    target = Target(lists_headers=lists_headers)
    other = Policy(headers=(("**/*", (("Cache-Control", "no-cache"),)),))
    # One publish put everything under other headers and died; the next, with ours, died before it sent anything.
    for policy, died_at in ((other, "releases/"), (Policy(), "")):
        remote, _ = target.remote(
            lambda request, effect, died_at=died_at: (
                die()  # type: ignore[misc]
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
