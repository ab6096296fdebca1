"""What is known of a target, as JSON in a storage: round trips, damaged records, and names that are not ours."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.ledger import DamagedRecord, Kept, Ledger, Release
from assetbuild.build.storage import Failure, Headers, StorageError
from assetbuild.build.storage_memory import MemoryStorage
from assetbuild.build.transfer import Patience
from tests.publishing import QuickClock, Target, at, failure

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
VALUE = st.text(string.ascii_letters + string.digits + "=;/-,", min_size=1, max_size=12)
FIELD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).filter(lambda name: name != "sha256")
KEY = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=20)
HEADERS = st.builds(
    Headers,
    content_type=VALUE,
    cache_control=st.just("") | VALUE,
    content_encoding=st.just("") | VALUE,
    metadata=st.dictionaries(FIELD, VALUE, max_size=3).map(lambda found: tuple(sorted(found.items()))),
)
KEPT = st.builds(Kept, st.integers(0, 2**60), HEX, HEADERS, st.text(max_size=10), st.booleans())


@st.composite
def releases(draw: st.DrawFn) -> Release:
    objects = draw(st.dictionaries(KEY, KEPT, max_size=5))
    plain = draw(st.dictionaries(KEY, st.sampled_from(sorted(objects)), max_size=3)) if objects else {}
    headers = {key: draw(HEADERS) for key in plain}
    return Release(draw(HEX), objects, draw(st.text(max_size=30)), plain, headers)


def ledger_over(storage: MemoryStorage, *, prefix: str = "state/") -> Ledger:
    numbers = iter(range(1000))
    return Ledger(storage, prefix, lambda: f"{next(numbers):032x}", Patience(QuickClock()))


@given(releases(), st.sampled_from(["", "state/", "a/b/"]))
def test_a_release_is_read_as_it_was_written(release: Release, prefix: str) -> None:
    storage = MemoryStorage(clock=lambda: 7.0)
    ledger = ledger_over(storage, prefix=prefix)
    assert ledger.release(release.build) is None
    ledger.put_release(release)
    found = ledger.release(release.build)
    assert found == release
    assert found.written == 7.0
    assert ledger.builds() == {release.build: 7.0}
    ledger.retire(release)
    assert ledger.release(release.build) is None
    assert ledger.builds() == {}
    assert list(ledger.retired()) == [release]


@given(releases())
def test_the_same_release_is_the_same_bytes_whoever_writes_it(release: Release) -> None:
    first, second = MemoryStorage(), MemoryStorage()
    turned = Release(
        release.build,
        dict(reversed(list(release.objects.items()))),
        release.manifest,
        dict(reversed(list(release.plain.items()))),
        release.plain_headers,
    )
    ledger_over(first).put_release(release)
    ledger_over(second).put_release(turned)
    key = ledger_over(first).release_key(release.build)
    assert first.get(key).body == second.get(key).body
    assert first.get(key).info.headers == Headers("application/json", "no-store")


@given(st.lists(st.tuples(st.sampled_from("ab"), HEX), max_size=8))
def test_the_newest_entry_of_an_environment_comes_first_and_is_live(entries: list[tuple[str, str]]) -> None:
    ledger = ledger_over(MemoryStorage(clock=lambda: 5.0))
    for environment, build in entries:
        after = ledger.live(environment)
        made = ledger.activate(build, environment=environment, action="publish", after=after, at=1.23456)
        assert ledger.live(environment) == made
        assert made.sequence == (after.sequence if after is not None else 0) + 1
    for environment in "ab":
        wanted = [build for name, build in reversed(entries) if name == environment]
        assert [entry.build for entry in ledger.activations(environment)] == wanted
        assert [entry.build for entry in ledger.activations(environment, limit=2)] == wanted[:2]
        assert {entry.environment for entry in ledger.activations(environment)} <= {environment}
    assert len(list(ledger.activations())) == len(entries)


def test_of_two_entries_after_the_same_one_everybody_sees_the_same_live() -> None:
    ledger = ledger_over(MemoryStorage())
    first = ledger.activate("a" * 64, environment="x", action="publish", after=None, at=0)
    second = ledger.activate("b" * 64, environment="x", action="publish", after=None, at=0)
    assert ledger.live("x") == min(first, second, key=lambda entry: entry.key)


def test_an_environment_whose_name_begins_another_s_is_not_that_one() -> None:
    ledger = ledger_over(MemoryStorage())
    ledger.activate("a" * 64, environment="stage2", action="publish", after=None, at=0)
    assert ledger.live("stage") is None
    assert list(ledger.activations("stage")) == []


@given(st.frozensets(KEY, max_size=4), HEX, st.text(max_size=5), st.none() | st.floats(0, 1e10))
def test_an_intent_is_read_as_it_was_written(
    keys: frozenset[str], build: str, profile: str, since: float | None
) -> None:
    ledger = ledger_over(MemoryStorage(clock=lambda: 9.0))
    assert not ledger.is_busy()
    key = ledger.intent_key()
    ledger.put_intent(key, keys=keys, build=build, profile=profile, since=since)
    (mark,) = ledger.intents()
    assert (mark.key, mark.at, mark.keys, mark.builds, mark.profile) == (key, 9.0, keys, frozenset({build}), profile)
    assert mark.since == (9.0 if since is None else since)
    assert mark.is_readable
    assert ledger.is_busy()
    ledger.remove(key)
    assert not ledger.is_busy()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"schema":1}', b'{"schema":1,"keys":1,"builds":[]}', b'{"schema":2}']
)
def test_an_intent_that_cannot_be_read_still_says_that_somebody_is_at_work(body: bytes) -> None:
    storage = MemoryStorage(clock=lambda: 9.0)
    ledger = ledger_over(storage)
    storage.put(ledger.intent_key(), body, Headers())
    (mark,) = ledger.intents()
    assert not mark.is_readable
    assert mark.at == 9.0
    assert ledger.is_busy()


GOOD: dict[str, Any] = {
    "schema": 1,
    "build": "b" * 64,
    "manifest": "{}",
    "objects": {"k": {"size": 1, "sha256": "c" * 64, "logical": "k", "headers": {"type": "text/css"}}},
    "plain": {"p": {"from": "k", "headers": {"type": "text/css"}}},
}
REMOVED = object()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("schema",), REMOVED),
        (("build",), "x"),
        (("build",), None),
        (("build",), REMOVED),
        (("manifest",), REMOVED),
        (("objects",), []),
        (("objects",), REMOVED),
        (("objects", "k"), 1),
        (("objects", "k", "size"), -1),
        (("objects", "k", "size"), True),
        (("objects", "k", "size"), "1"),
        (("objects", "k", "sha256"), "C" * 64),
        (("objects", "k", "headers"), {}),
        (("objects", "k", "headers"), {"type": ""}),
        (("objects", "k", "headers"), {"type": "é"}),
        (("objects", "k", "headers"), {"type": "x", "metadata": {"Upper": "x"}}),
        (("objects", "k", "headers"), {"type": "x", "metadata": 1}),
        (("objects", "k", "logical"), REMOVED),
        (("plain",), REMOVED),
        (("plain", "p", "from"), "not named"),
        (("plain", "p", "headers"), REMOVED),
    ],
)
def test_a_record_that_is_no_release_is_named_with_the_reason(path: tuple[str, ...], value: object) -> None:
    document = json.loads(json.dumps(GOOD))
    storage = MemoryStorage()
    ledger = ledger_over(storage)
    key = ledger.release_key("b" * 64)
    storage.put(key, json.dumps(document).encode(), Headers())
    assert ledger.release("b" * 64) is not None
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    if value is REMOVED:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    storage.put(key, json.dumps(document).encode(), Headers())
    with pytest.raises(DamagedRecord) as caught:
        ledger.release("b" * 64)
    assert caught.value.key == key
    assert caught.value.reason


@given(
    st.binary(max_size=40)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_bytes_at_all_raise_anything_else(body: bytes) -> None:
    storage = MemoryStorage()
    ledger = ledger_over(storage)
    storage.put(ledger.release_key("b" * 64), body, Headers())
    storage.put("state/log/x/999999999998-" + "0" * 32 + ".json", body, Headers())
    storage.put("state/retired/" + "b" * 64 + ".json", body, Headers())
    for read in (lambda: ledger.release("b" * 64), lambda: ledger.live("x"), lambda: list(ledger.retired())):
        with pytest.raises(DamagedRecord):
            read()


@pytest.mark.parametrize(
    "key", ["log/x/.DS_Store", "log/x/", "log/x/999999999998-short.json", "log/x/zzz", "log/x/5/6.json"]
)
def test_what_has_no_name_of_ours_in_the_log_is_passed_over(key: str) -> None:
    storage = _Lax()
    ledger = ledger_over(storage)
    storage.put(f"state/{key}", b"", Headers())
    assert ledger.live("x") is None
    made = ledger.activate("a" * 64, environment="x", action="publish", after=None, at=0)
    assert ledger.live("x") is not None
    assert [entry.key for entry in ledger.activations("x")] == [made.key]
    assert [entry.key for entry in ledger.activations()] == [made.key]


@pytest.mark.parametrize("folder", ["releases", "retired", "intents", "locks"])
@pytest.mark.parametrize("name", ["", ".DS_Store", "readme.json", "b" * 64, "B" * 64 + ".json", "c" * 31 + ".json"])
def test_what_has_no_name_of_ours_is_passed_over(folder: str, name: str) -> None:
    storage = _Lax()
    ledger = ledger_over(storage)
    storage.put(f"state/{folder}/{name}", b"", Headers())
    assert ledger.builds() == {}
    assert [*ledger.retired(), *ledger.intents(), *ledger.locks()] == []
    assert not ledger.is_busy()


class _Lax(MemoryStorage):
    """Takes the keys that consoles make for folders too, and gives out none of them, as S3 does."""

    def put(self, key: str, body: bytes, headers: Headers, **others: Any) -> Any:
        if not key.endswith("/"):
            return super().put(key, body, headers, **others)
        made = super().put("x", body, headers)
        self._objects[key] = self._objects.pop("x")
        object.__setattr__(self._objects[key].info, "key", key)
        return made


def test_pins_are_builds() -> None:
    storage = MemoryStorage()
    storage.put("state/pins/" + "a" * 64, b"", Headers())
    storage.put("state/pins/" + "b" * 64 + ".json", b"", Headers())
    assert ledger_over(storage).pinned() >= {"a" * 64, "b" * 64}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_bytes_damaged_on_the_way_are_read_again_and_damage_at_rest_is_told(times: int) -> None:
    target = Target()
    release = Release("b" * 64, {}, "{}")
    target.ledger().put_release(release)
    left = [times]

    def gate(request: object, effect: Any) -> object:
        found = effect()
        if left[0]:
            left[0] -= 1
            return type(found)(found.info, found.body.replace(b"{}", b"[]", 1))
        return found

    ledger = target.remote(gate)[0].ledger
    if times < 3:
        assert ledger.release("b" * 64) == release
    else:
        with pytest.raises(DamagedRecord):
            ledger.release("b" * 64)


@pytest.mark.parametrize("kind", [Failure.TRANSIENT, Failure.THROTTLED, Failure.UNREACHABLE])
def test_every_request_is_tried_again(kind: Failure) -> None:
    release = Release("b" * 64, {}, "{}")
    acts: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.put_release(release),
        lambda ledger: ledger.release("b" * 64),
        lambda ledger: ledger.builds(),
        lambda ledger: ledger.is_busy(),
        lambda ledger: ledger.remove("x"),
    ]
    for act in acts:
        target = Target()
        remote, client = target.remote(at(0, before=False, error=lambda: failure(kind)))
        act(remote.ledger)
        assert len(client.requests) >= 2


def test_what_no_retry_helps_is_raised() -> None:
    remote, client = Target().remote(at(0, before=True, error=lambda: failure(Failure.DENIED)))
    with pytest.raises(StorageError):
        remote.ledger.live("x")
    assert len(client.requests) == 1
