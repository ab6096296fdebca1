"""Environments that share a target, and a state that lies elsewhere: nobody's names are taken by somebody else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild.build.history import rollback
from assetbuild.build.model import BuildFailed
from assetbuild.build.prune import Rules, prune
from assetbuild.build.publish import plan, publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.publish_verify import verify_release
from assetbuild.build.remote import MANIFEST, Remote
from assetbuild.build.storage import Failure, StorageError
from assetbuild.build.storage_memory import MemoryStorage
from assetbuild.build.transfer import Patience
from tests.cli_seams import carry_out
from tests.project import project
from tests.publishing import Client, Effect, Request, Target, failure, remote_over, small

BUILDS = {number: small(number).manifest["build"] for number in (1, 2, 3)}
ACTS: dict[str, Callable[[Remote], object]] = {
    "publish": lambda remote: publish(remote, small(2), Policy()),
    "publish again": lambda remote: publish(remote, small(1), Policy(), anew=True),
    "dry run": lambda remote: plan(remote, small(2), Policy()),
    "rollback": lambda remote: rollback(remote, BUILDS[1]),
    "prune": lambda remote: prune(remote, Rules(keep=1, retention=0.0)),
}


# --- environments ----------------------------------------------------------------------------------------


def of(target: Target, environment: str, *, plain_names: str = "") -> tuple[Remote, Client]:
    remote, client = target.remote()
    return dataclasses.replace(remote, environment=environment, plain_names=plain_names), client


def bytes_of(target: Target, name: str) -> bytes:
    return target.storage.get(name).body


def shared(*, plain_names: str = "production") -> Target:
    """Production is at the first build, and staging at the second."""
    target = Target()
    for number, environment in ((1, "production"), (2, "staging")):
        publish(of(target, environment, plain_names=plain_names)[0], small(number), Policy())
        target.clock.time += 100.0
    return target


@pytest.mark.parametrize("act", ["publish", "dry run"])
def test_plain_names_of_another_environment_are_not_replaced_unasked(act: str) -> None:
    target = Target()
    publish(of(target, "production")[0], small(1), Policy())
    remote, client = of(target, "staging")
    with pytest.raises(BuildFailed) as failed:
        ACTS[act](remote)
    (problem,) = failed.value.problems
    assert problem.code == "publish-shared"
    assert problem.text == (
        '"staging" would replace fav.txt and manifest.json of "production" at memory:: '
        "by the state memory:/.assetbuild both are live there"
    )
    assert problem.hint.startswith(
        'give "staging" a target of its own, or write plain_names = "production" below [publish]'
    )
    assert not [one for one in client.requests if one.is_write]


def test_going_back_does_not_replace_them_either() -> None:
    target = shared()
    remote, client = of(target, "staging")
    with pytest.raises(BuildFailed) as failed:
        rollback(remote, BUILDS[2])
    assert [problem.code for problem in failed.value.problems] == ["publish-shared"]
    assert not [one for one in client.requests if one.is_write]


def test_the_same_build_may_be_live_in_several_environments() -> None:
    target = Target()
    for environment in ("staging", "production"):
        done = publish(of(target, environment)[0], small(1), Policy())
        assert done.live is not None
        assert (done.live.environment, done.live.build) == (environment, BUILDS[1])
        target.clock.time += 100.0


def test_plain_names_are_those_of_the_environment_that_they_belong_to() -> None:
    target = shared()
    assert (bytes_of(target, "fav.txt"), bytes_of(target, MANIFEST)) == (b"fav 1", small(1).text.encode())
    for number in (3, 2):
        publish(of(target, "staging", plain_names="production")[0], small(number), Policy())
        target.clock.time += 100.0
        assert bytes_of(target, "fav.txt") == b"fav 1"
    publish(of(target, "production", plain_names="production")[0], small(3), Policy())
    assert (bytes_of(target, "fav.txt"), bytes_of(target, MANIFEST)) == (b"fav 3", small(3).text.encode())


def test_an_environment_without_plain_names_is_whole_and_up_to_date() -> None:
    target = shared()
    remote, client = of(target, "staging", plain_names="production")
    release = remote.ledger.release(BUILDS[2])
    assert release is not None
    assert verify_release(remote, release) == ()
    client.requests.clear()
    assert publish(remote, small(2), Policy()).steps == ()
    assert len(client.requests) <= 4


def test_a_plain_name_of_the_environment_that_has_them_is_looked_at() -> None:
    target = shared()
    target.storage.delete("fav.txt")
    remote, _ = of(target, "production", plain_names="production")
    release = remote.ledger.release(BUILDS[1])
    assert release is not None
    assert [problem.code for problem in verify_release(remote, release)] == ["remote-missing"]


# --- a state that lies elsewhere -------------------------------------------------------------------------


@dataclasses.dataclass(slots=True)
class Apart:
    """A state in one storage and objects in another; `gate` decides what becomes of requests for the latter."""

    state: MemoryStorage
    target: Target

    def remote(
        self, name: str, gate: Callable[[Request, Effect], object] | None = None
    ) -> tuple[Remote, Client, Client]:
        objects = MemoryStorage(name=name, clock=self.target.clock.monotonic)
        client = Client(objects) if gate is None else Client(objects, gate)
        kept = Client(self.state)
        remote = remote_over(client, self.target.clock, self.target.random, state=kept)
        patience = Patience(self.target.clock)
        return dataclasses.replace(remote, own_patience=patience), client, kept


@pytest.fixture
def apart() -> Apart:
    target = Target()
    return Apart(MemoryStorage(name="state:", clock=target.clock.monotonic), target)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_state_of_another_target_is_noticed_before_anything_is_written(
    apart: Apart, act: str, environment: str
) -> None:
    publish(apart.remote("memory:one")[0], small(1), Policy())
    remote, client, state = apart.remote("memory:other")
    with pytest.raises(BuildFailed) as failed:
        ACTS[act](dataclasses.replace(remote, environment=environment))
    (problem,) = failed.value.problems
    assert problem.code == "publish-state"
    assert "the state state: is that of the target memory:one, and [publish] names memory:other" in problem.text
    assert not client.requests
    assert [one.key.partition("/")[0] for one in state.requests if one.is_write] == (
        ["locks", "locks"] if act == "prune" else []
    )


@pytest.mark.parametrize("act", ["publish", "publish again", "dry run", "rollback"])
@pytest.mark.parametrize("kind", [Failure.UNREACHABLE, Failure.NO_BUCKET, Failure.CREDENTIALS, Failure.TLS])
def test_a_wrong_target_is_found_out_at_once_though_the_state_answers(apart: Apart, act: str, kind: Failure) -> None:
    publish(apart.remote("memory:")[0], small(1), Policy())
    before, began = {info.key for info in apart.state.list()}, apart.target.clock.time

    def gate(request: Request, effect: Effect) -> object:
        raise failure(kind)

    remote, client, _ = apart.remote("memory:", gate)
    with pytest.raises(StorageError) as caught:
        ACTS[act](remote)
    assert caught.value.failure is kind
    assert len(client.requests) <= (4 if kind is Failure.UNREACHABLE else 1)
    assert apart.target.clock.time - began < 5
    assert {info.key for info in apart.state.list()} == before


def test_a_target_that_answers_is_as_patient_as_ever_where_the_state_lies_elsewhere(apart: Apart) -> None:
    outage: list[float] = []

    def gate(request: Request, effect: Effect) -> object:
        now = apart.target.clock.time
        if request.method == "put":
            outage.append(now)
        if outage and now - outage[0] < 60:
            raise failure(Failure.UNREACHABLE)
        return effect()

    remote, _, _ = apart.remote("memory:", gate)
    done = publish(remote, small(1), Policy())
    assert done.live is not None
    assert done.retries


def test_a_state_in_a_folder_does_not_vouch_for_the_address_of_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    settings = (
        'target = "s3://bucket/x"\nendpoint_url = "http://127.0.0.1:1"\nregion = "us-east-1"\nstate = "file:state"\n'
    )
    site = project(tmp_path / "site", {"app.css": "a {}\n"}, f"[publish]\n{settings}")
    site.build()
    monkeypatch.chdir(site.root)
    ran = carry_out(("publish",), capsys)
    said = "error[storage-unreachable]: no connection to http://127.0.0.1:1, region us-east-1"
    assert (ran.code, said in ran.err) == (1, True)
    assert not [path for path in (site.root / "state").rglob("*.json") if "intents" in path.parts]
