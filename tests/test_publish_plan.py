"""What a target should hold for a build, and why an object is sent or not: a table of reasons, and laws."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.ledger import Kept, Mark, Release
from assetbuild.build.publish_plan import (
    IMMUTABLE,
    SHORT,
    Known,
    Policy,
    Rank,
    Reason,
    Wanted,
    begun_by,
    believed,
    kept_after,
    plan,
    profile_of,
    release_of,
    wanted_objects,
)
from assetbuild.build.storage import Headers, ObjectInfo
from tests.publishing import build_of, sha256

CSS = Headers("text/css; charset=utf-8", IMMUTABLE)
OTHER = Headers("text/css", "no-cache")
A, B = sha256(b"a"), sha256(b"b")


def wanted(*, size: int = 3, digest: str = A, headers: Headers = CSS, variant: bool = False) -> Wanted:
    return Wanted("k", "k", Kept(size, digest, headers, "k", variant), Rank.CODE)


def listed(*, size: int = 3, sha: str | None = None, headers: Headers | None = None, at: float = 5.0) -> ObjectInfo:
    return ObjectInfo("k", size, "v", at, sha, headers)


def kept(*, size: int = 3, digest: str = A, headers: Headers = CSS, variant: bool = False) -> Kept:
    return Kept(size, digest, headers, "k", variant)


TWIN = wanted(variant=True)


@pytest.mark.parametrize(
    ("one", "there", "recorded", "begun", "reason"),
    [
        (wanted(), None, None, None, Reason.ABSENT),
        (wanted(), None, kept(), 1.0, Reason.ABSENT),
        (wanted(), listed(size=4), None, None, Reason.SIZE),
        (wanted(), listed(size=4), kept(), 1.0, Reason.SIZE),
        # A listing that tells digest and headers needs no record.
        (wanted(), listed(sha=A, headers=CSS), None, None, Reason.SAME),
        (wanted(), listed(sha=B, headers=CSS), None, None, Reason.DIGEST),
        (wanted(), listed(sha=A, headers=OTHER), None, None, Reason.HEADERS),
        (wanted(), listed(sha=B, headers=OTHER), kept(), 1.0, Reason.DIGEST),
        # One that does not needs one.
        (wanted(), listed(), kept(), None, Reason.SAME),
        (wanted(), listed(), kept(digest=B), None, Reason.DIGEST),
        (wanted(), listed(), kept(headers=OTHER), None, Reason.HEADERS),
        (wanted(), listed(), kept(size=4), None, Reason.UNKNOWN),
        (wanted(), listed(), None, None, Reason.UNKNOWN),
        # What an interrupted publish of the same has sent since it began; in the same second is not surely after it.
        (wanted(), listed(at=5.0), None, 4.0, Reason.SAME),
        (wanted(), listed(at=5.9), None, 5.0, Reason.UNKNOWN),
        (wanted(), listed(at=5.0), None, 6.0, Reason.UNKNOWN),
        # Twins of another machine.
        (TWIN, listed(size=9), kept(size=9, digest=B, variant=True), None, Reason.SAME),
        (TWIN, listed(size=9), kept(size=9, digest=B, variant=True, headers=OTHER), None, Reason.HEADERS),
        (TWIN, listed(size=8), kept(size=9, digest=B, variant=True), None, Reason.SIZE),
        (TWIN, listed(size=9, sha=B, headers=CSS), kept(size=9, digest=B, variant=True), None, Reason.SAME),
        (TWIN, listed(size=9, sha=B, headers=OTHER), kept(size=9, digest=B, variant=True), None, Reason.HEADERS),
        (TWIN, listed(size=9, sha=A, headers=CSS), kept(size=9, digest=B, variant=True), None, Reason.SIZE),
        (TWIN, listed(sha=B, headers=CSS), kept(digest=A, variant=True), None, Reason.DIGEST),
        (TWIN, listed(size=9), kept(size=9, digest=B), None, Reason.SIZE),
        (wanted(), listed(size=9), kept(size=9, digest=B, variant=True), None, Reason.SIZE),
    ],
)
def test_why_an_object_is_sent_or_not(
    one: Wanted, there: ObjectInfo | None, recorded: Kept | None, begun: float | None, reason: Reason
) -> None:
    known = Known(
        {"k": there} if there is not None else {},
        {"k": recorded} if recorded is not None else {},
        {"k": begun} if begun is not None else {},
    )
    (step,) = plan({"k": one}, known)
    assert step.reason is reason


@pytest.mark.parametrize(
    ("modified", "written", "is_believed"), [(5, 5, True), (4, 5, True), (5.9, 5.1, True), (6, 5.9, False)]
)
def test_a_record_tells_nothing_of_what_was_written_after_it(
    modified: float, written: float, is_believed: bool
) -> None:
    release = Release(A, {"k": kept(), "gone": kept()}, "{}", written=written)
    assert believed(release, {"k": listed(at=modified)}) == ({"k": kept()} if is_believed else {})


def test_what_was_recorded_of_another_machine_s_twin_stays_so() -> None:
    theirs = kept(size=9, digest=B, variant=True)
    known = Known({"k": listed(size=9)}, {"k": theirs})
    assert kept_after(plan({"k": TWIN}, known), known) == {"k": theirs}
    known = Known({"k": listed(size=8)}, {"k": theirs})
    assert kept_after(plan({"k": TWIN}, known), known) == {"k": TWIN.kept}
    known = Known({"k": listed()}, {"k": kept()})
    assert kept_after(plan({"k": wanted()}, known), known) == {"k": wanted().kept}


def test_what_interrupted_publishes_of_the_same_sent_is_told_apart() -> None:
    marks = [
        Mark("1", 9.0, 5.0, frozenset("ab"), profile="same"),
        Mark("2", 9.0, 3.0, frozenset("bc"), profile="same"),
        Mark("3", 9.0, 1.0, frozenset("abcd"), profile="other"),
    ]
    assert begun_by(marks, "same") == begun_by(reversed(marks), "same") == {"a": 5.0, "b": 3.0, "c": 3.0}


SITE = build_of(
    {"app.css": b"a{}", "js/main.js": b"x", "logo.png": b"PNG", "huge.png": b"P" * 99, "fav.txt": b"f"},
    stable=["fav.txt", "app.css"],
)


def objects(policy: Policy) -> Mapping[str, Wanted]:
    return wanted_objects(SITE.manifest, SITE.digests(), policy)


def test_twins_stand_beside_the_plain_objects_with_their_encoding() -> None:
    found = objects(Policy())
    css = SITE.manifest["assets"]["app.css"]["path"]
    assert found[css].kept.headers == CSS
    assert found[f"{css}.gz"].kept.headers == dataclasses.replace(CSS, content_encoding="gzip")
    assert (found[css].kept.variant, found[f"{css}.gz"].kept.variant) == (False, True)
    assert len(found) == 7


def test_one_encoding_takes_the_plain_object_s_place_where_there_is_one() -> None:
    found = objects(Policy(encoding="gzip"))
    css, png = (SITE.manifest["assets"][name]["path"] for name in ("app.css", "logo.png"))
    assert found[css].file == f"{css}.gz"
    assert found[css].kept.headers.content_encoding == "gzip"
    assert found[css].kept.sha256 == SITE.digests()[f"{css}.gz"]
    assert found[png].kept.headers.content_encoding == ""
    assert len(found) == 5
    plain = objects(Policy(encoding="br"))  # which this build does not have
    assert {one.kept.headers.content_encoding for one in plain.values()} == {""}


@pytest.mark.parametrize(
    ("rules", "name", "cache", "metadata"),
    [
        ((), "app.css", IMMUTABLE, ()),
        ((("*.css", (("Cache-Control", "no-cache"),)),), "app.css", "no-cache", ()),
        ((("*.css", (("Cache-Control", "no-cache"),)),), "js/main.js", IMMUTABLE, ()),
        ((("*.js", (("Cache-Control", "no-cache"),)),), "js/main.js", IMMUTABLE, ()),
        ((("**/*.js", (("Cache-Control", "no-cache"),)),), "js/main.js", "no-cache", ()),
        ((("**/*", (("cache-control", "a"),)), ("*.css", (("CACHE-CONTROL", "b"),))), "app.css", "b", ()),
        ((("*.css", (("X-Amz-Meta-Team", "web"),)),), "app.css", IMMUTABLE, (("team", "web"),)),
    ],
)
def test_headers_are_by_glob_and_the_last_one_counts(
    rules: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], name: str, cache: str, metadata: tuple[object, ...]
) -> None:
    found = objects(Policy(headers=rules))[SITE.manifest["assets"][name]["path"]].kept.headers
    assert (found.cache_control, found.metadata) == (cache, metadata)


def test_plain_names_are_cached_briefly_and_know_where_their_bytes_are() -> None:
    found = objects(Policy(encoding="gzip"))
    release = release_of(
        SITE.manifest, SITE.text, {key: one.kept for key, one in found.items()}, Policy(encoding="gzip")
    )
    css = SITE.manifest["assets"]["app.css"]["path"]
    assert release.plain["app.css"] == css
    assert release.plain_headers["app.css"] == Headers("text/css; charset=utf-8", SHORT, "gzip")
    assert set(release.plain) == {"app.css", "fav.txt"}
    assert release.build == SITE.manifest["build"]


def test_the_profile_stands_for_bytes_and_headers_and_not_for_their_order() -> None:
    found = list(objects(Policy()).values())
    assert profile_of(found) == profile_of(reversed(found))
    assert profile_of(found) != profile_of(found[1:])
    other = dataclasses.replace(found[0], kept=dataclasses.replace(found[0].kept, sha256=B))
    assert profile_of(found) != profile_of([other, *found[1:]])
    assert profile_of(found) != profile_of(objects(Policy(headers=(("*.css", (("cache-control", "x"),)),))).values())


def test_nothing_is_sent_before_what_it_names_and_the_largest_come_first() -> None:
    steps = plan(objects(Policy()), Known({}, {}))
    assert [(step.wanted.rank.name, step.wanted.kept.logical) for step in steps] == [
        ("LEAF", "huge.png"),
        ("LEAF", "logo.png"),
        ("LEAF", "fav.txt"),
        ("CODE", "app.css"),
        ("CODE", "js/main.js"),
        ("VARIANT", "app.css"),
        ("VARIANT", "js/main.js"),
    ]


BODIES = st.binary(max_size=3)
NAMES = st.sampled_from(["a.css", "b.js", "c.png", "d.txt"])


@st.composite
def targets(draw: st.DrawFn) -> tuple[Mapping[str, Wanted], Known, dict[str, tuple[str, Headers]]]:
    """A build, a target where some of it is, and records of it that are right where there are any; and the truth."""
    local = build_of(draw(st.dictionaries(NAMES, BODIES, min_size=1)), salt=draw(st.sampled_from(["", "x"])))
    found = wanted_objects(local.manifest, local.digests(), Policy())
    there, recorded, truth = {}, {}, {}
    for key, one in found.items():
        if not draw(st.booleans()):
            continue
        body = draw(BODIES)
        digest = one.kept.sha256 if draw(st.booleans()) else sha256(body)
        size = one.kept.size if digest == one.kept.sha256 else len(body)
        headers = draw(st.sampled_from([one.kept.headers, OTHER]))
        tells = draw(st.booleans())
        truth[key] = (digest, headers)
        there[key] = ObjectInfo(key, size, "v", 5.0, digest if tells else None, headers if tells else None)
        if draw(st.booleans()):
            recorded[key] = Kept(size, digest, headers, one.kept.logical, one.kept.variant)
    return found, Known(there, recorded), truth


@given(targets())
def test_every_object_has_one_step_and_none_that_is_left_alone_is_other_than_recorded(
    target: tuple[Mapping[str, Wanted], Known, dict[str, tuple[str, Headers]]],
) -> None:
    found, known, truth = target
    steps = plan(found, known)
    assert {step.wanted.key for step in steps} == found.keys()
    assert len(steps) == len(found)
    after = kept_after(steps, known)
    for step in steps:
        key, now = step.wanted.key, after[step.wanted.key]
        if step.reason is Reason.SAME:
            assert truth[key] == (now.sha256, now.headers)
            assert now.headers == step.wanted.kept.headers
            assert step.wanted.kept.variant or now == step.wanted.kept
        else:
            assert now == step.wanted.kept
        if step.reason is Reason.ABSENT:
            assert key not in truth
        if step.reason is Reason.UNKNOWN:
            assert known.listed[key].sha256 is None


@given(targets())
def test_once_carried_out_a_plan_has_nothing_more_to_do(
    target: tuple[Mapping[str, Wanted], Known, dict[str, tuple[str, Headers]]],
) -> None:
    found, known, _ = target
    after = kept_after(plan(found, known), known)
    for tells in (True, False):
        there = {
            key: ObjectInfo(key, one.size, "v", 5.0, one.sha256 if tells else None, one.headers if tells else None)
            for key, one in after.items()
        }
        assert {step.reason for step in plan(found, Known(there, after))} == {Reason.SAME}
