"""Every storage that the contract holds for, as one fixture with a row each, and what a row may lack.

A row's storage is new and empty: the servers are shared, so each test has a folder of its own in the bucket.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assetbuild.build.storage import Storage
from assetbuild.build.storage_memory import MemoryStorage
from assetbuild.build.storage_target import open_storage
from tests.servers import BUCKET, ON_ONE_WORKER, Server


@dataclass(frozen=True, slots=True)
class Kind:
    """A row: what of the contract this storage can do."""

    name: str
    conditions: bool
    """Conditional writes hold, also in races."""
    file_beside_folder: bool
    """`a` and `a/b` can both be keys."""
    permissions: bool = False
    """It has an identity that may only read."""
    compares_digests: bool = False
    guesses_types: bool = False
    """It puts a type of its own in the place of `application/octet-stream`."""

    @property
    def remote(self) -> bool:
        return self.name not in ("memory", "directory")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("memory", conditions=True, file_beside_folder=True),
        Kind("directory", conditions=True, file_beside_folder=False),
        Kind("seaweedfs-http", True, True, permissions=True, compares_digests=True, guesses_types=True),
        Kind("seaweedfs-tls", True, True, permissions=True, compares_digests=True, guesses_types=True),
        Kind("rclone-http", conditions=False, file_beside_folder=False),
        Kind("rclone-tls", conditions=False, file_beside_folder=False),
    )
}
LOCAL = ("memory", "directory")
REMOTE = tuple(name for name in KINDS if name not in LOCAL)


def rows(*names: str) -> list[object]:
    """The rows for `pytest.fixture(params=...)` and `parametrize`; those of servers run on one worker."""
    return [pytest.param(name, marks=ON_ONE_WORKER if KINDS[name].remote else ()) for name in names]


@dataclass(frozen=True, slots=True)
class World:
    """A storage, and ways to open it again: `another` writer beside it, or anew with what the environment says."""

    kind: Kind
    storage: Storage
    target: str
    server: Server | None
    url: str
    """Where the server listens, by the row's transport; '' without one."""
    another: Callable[[], Storage]
    reopen: Callable[[], Storage]

    def open(self, target: str) -> Storage:
        """Another target of the same kind."""
        return open_storage(target, beside=self.storage)


@pytest.fixture(scope="session")
def clients() -> Iterator[dict[str, Storage]]:
    """One S3 client for each row, made when first needed: making one takes longer than most tests."""
    made: dict[str, Storage] = {}
    yield made
    for storage in made.values():
        storage.close()


@contextlib.contextmanager
def world_of(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[World]:
    """The world of a row. For a server, the environment has its credentials and trusts its authority."""
    kind = KINDS[name]
    if name == "memory":
        memory = MemoryStorage()
        yield World(kind, memory, "memory:", None, "", lambda: memory, lambda: memory)
        return
    if name == "directory":
        target = (tmp_path / "target").as_uri()
        make = functools.partial(open_storage, target)
        yield World(kind, make(), target, None, "", make, make)
        return
    which, _, transport = name.partition("-")
    server: Server = request.getfixturevalue(which)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    url = server.https if transport == "tls" else server.http
    target = f"s3://{BUCKET}/{secrets.token_hex(6)}"
    with contextlib.ExitStack() as stack:

        def reopen() -> Storage:
            storage = open_storage(target, endpoint_url=url, region="us-east-1")
            stack.callback(storage.close)
            return storage

        clients: dict[str, Storage] = request.getfixturevalue("clients")
        if name not in clients:
            clients[name] = open_storage(target, endpoint_url=url, region="us-east-1")
        another = functools.partial(open_storage, target, beside=clients[name])
        yield World(kind, another(), target, server, url, another, reopen)
