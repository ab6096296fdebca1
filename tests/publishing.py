"""What the tests of publishing share: small builds, a target in memory, clocks that nobody waits for, and faults.

A build is a few files with their digests in their names, as the manifest of a real one has them. `salt` stands for the
machine that made it: another one's compressor makes other twins of the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from assetbuild.build.ledger import Ledger, Release
from assetbuild.build.publish import Local
from assetbuild.build.remote import MANIFEST, Remote
from assetbuild.build.storage import Abilities, Condition, Failure, Headers, ObjectInfo, Storage, StorageError, Stored
from assetbuild.build.storage_memory import MemoryStorage
from assetbuild.build.transfer import Clock, Patience

T = TypeVar("T")
STATE = ".assetbuild/"
TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png", "txt": "text/plain", "bin": "application/x-b"}


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def named(logical: str, body: bytes) -> str:
    stem, _, suffix = logical.rpartition(".")
    return f"{stem}-{sha256(body)[:16]}.{suffix}"


def build_of(files: Mapping[str, bytes], *, stable: Iterable[str] = (), salt: str = "") -> Local:
    """A build of these files, with a gzip twin for each style sheet and script."""
    assets: dict[str, dict[str, object]] = {}
    outputs: dict[str, bytes] = {}
    twins: dict[str, str] = {}
    plain = frozenset(stable)
    for logical, body in sorted(files.items()):
        path, suffix = named(logical, body), logical.rpartition(".")[2]
        outputs[path] = body
        entry: dict[str, object] = {"path": path, "type": TYPES[suffix], "size": len(body), "sha256": sha256(body)}
        if suffix in ("css", "js"):
            twin = b"gz:" + salt.encode() + body
            outputs[f"{path}.gz"], twins[f"{path}.gz"] = twin, sha256(twin)
            entry["variants"] = {"gzip": {"path": f"{path}.gz", "size": len(twin)}}
        assets[logical] = {**entry, "integrity": "sha384-x", **({"stable": True} if logical in plain else {})}
    bare = {name: {key: value for key, value in one.items() if key != "variants"} for name, one in assets.items()}
    build = sha256(json.dumps(bare, sort_keys=True).encode())
    manifest = {"schema": 1, "build": build, "assets": assets}
    return Local(
        manifest,  # type: ignore[arg-type]
        json.dumps(manifest),
        outputs.__getitem__,
        list,
        lambda: twins,
    )


def small(number: int, *, salt: str = "") -> Local:
    """One of a row of builds that share an image; each has its own style sheet and favicon."""
    files = {
        "app.css": b"a{order:%d}" % number,
        "logo.png": b"PNG",
        "font.bin": b"F%d" % (number // 2),
        "fav.txt": b"fav %d" % number,
    }
    return build_of(files, stable=["fav.txt"], salt=salt)


# --- clocks ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class QuickClock:
    """Whoever waits has waited. For one thread at a time."""

    time: float = 1000.0

    def monotonic(self) -> float:
        return self.time

    def wait(self, event: threading.Condition, seconds: float) -> None:
        self.time += seconds


# --- storages that fail ----------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client, numbered from 0."""

    number: int
    method: str
    key: str

    @property
    def is_write(self) -> bool:
        return self.method in ("put", "delete", "delete_many")


Requests = list[Request]
Effect = Callable[[], object]


def carried_out(request: Request, effect: Effect) -> object:
    return effect()


@dataclass(slots=True)
class Client:
    """A `Storage` as one process sees it. `gate` decides of each request whether and how it is carried out."""

    inner: Storage
    gate: Callable[[Request, Effect], object] = carried_out
    requests: Requests = field(default_factory=list)
    lists_headers: bool = True
    """If not, listings say no more than S3's do."""
    dead: bool = False

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def abilities(self) -> Abilities:
        return replace(self.inner.abilities, lists_headers=self.lists_headers)

    def _ask(self, method: str, key: str, effect: Callable[[], T]) -> T:
        if self.dead:
            raise Crash
        request = Request(len(self.requests), method, key)
        self.requests.append(request)
        try:
            return self.gate(request, effect)  # type: ignore[return-value]
        except Crash:
            self.dead = True
            raise

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        found = self._ask("list", prefix, lambda: [*self.inner.list(prefix, limit=limit)])
        if self.lists_headers:
            return iter(found)
        return iter([replace(one, sha256=None, headers=None, modified=math.floor(one.modified)) for one in found])

    def head(self, key: str) -> ObjectInfo | None:
        return self._ask("head", key, lambda: self.inner.head(key))

    def get(self, key: str) -> Stored:
        return self._ask("get", key, lambda: self.inner.get(key))

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        assert condition is None, "the protocol needs no conditional writes"
        return self._ask("put", key, lambda: self.inner.put(key, body, headers, sha256=sha256))

    def delete(self, key: str) -> None:
        self._ask("delete", key, lambda: self.inner.delete(key))

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        todo = [*keys]
        return self._ask("delete_many", " ".join(todo), lambda: self.inner.delete_many(todo))

    def close(self) -> None:
        self.inner.close()

    def sent(self) -> tuple[str, ...]:
        """The keys of objects that were put, without the state."""
        return tuple(one.key for one in self.requests if one.method == "put" and not one.key.startswith(STATE))


def failure(kind: Failure, *, retry_after: float | None = None, key: str = "") -> StorageError:
    return StorageError(kind, f"memory: {kind.value}", hint="wait", retry_after=retry_after, key=key)


def at(number: int, *, before: bool, error: Callable[[], BaseException]) -> Callable[[Request, Effect], object]:
    """A gate that fails one request, before or after it has been carried out."""

    def gate(request: Request, effect: Effect) -> object:
        if request.number != number:
            return effect()
        if not before:
            with contextlib.suppress(StorageError):
                effect()
        raise error()

    return gate


# --- targets ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Target:
    """A bucket in memory, and a way for each process to it. `time` is the storage's clock, and all others' too."""

    clock: QuickClock = field(default_factory=QuickClock)
    lists_headers: bool = True
    seed: int = 0
    storage: MemoryStorage = field(init=False)
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.storage = MemoryStorage(clock=self.clock.monotonic)
        self.random = random.Random(self.seed)

    def remote(
        self, gate: Callable[[Request, Effect], object] = carried_out, *, workers: int = 1
    ) -> tuple[Remote, Client]:
        client = Client(self.storage, gate, lists_headers=self.lists_headers)
        return remote_over(client, self.clock, self.random, workers=workers), client

    def ledger(self) -> Ledger:
        return remote_over(self.storage, self.clock, self.random).ledger

    def live(self) -> Release | None:
        """The live release, by what is there."""
        return live_release(self.ledger())

    def held(self) -> set[str]:
        return {info.key for info in self.storage.list()}

    def violations(self) -> list[str]:
        return violations(self.storage, self.ledger())

    def stale_names(self) -> list[str]:
        return stale_names(self.storage, self.ledger())


def remote_over(
    storage: Storage,
    clock: Clock,
    numbers: random.Random,
    *,
    workers: int = 1,
    now: Callable[[], float] | None = None,
    state: Storage | None = None,
) -> Remote:
    """A remote without any real waiting, whose names come from `numbers`."""
    kept_by = state if state is not None else storage
    prefix = STATE if state is None else ""
    ledger = Ledger(kept_by, prefix, lambda: f"{numbers.getrandbits(128):032x}", Patience(clock))
    return Remote(storage, ledger, "production", workers, clock, now or clock.monotonic)


def live_release(ledger: Ledger) -> Release | None:
    live = ledger.live("production")
    return ledger.release(live.build) if live is not None else None


def violations(storage: Storage, ledger: Ledger) -> list[str]:
    """Where a record names what is not there, or the live release is not whole."""
    there = {info.key: info for info in storage.list()}
    found = []
    for build in sorted(ledger.builds()):
        release = ledger.release(build)
        assert release is not None
        for key, kept in release.objects.items():
            info = there.get(key)
            if info is None:
                found.append(f"{build[:8]} has a record, and {key} is not there")
            elif info.sha256 not in (None, kept.sha256) and not kept.variant:
                found.append(f"{key} has other bytes than {build[:8]} says")
    live = ledger.live("production")
    if live is not None and ledger.release(live.build) is None:
        found.append(f"{live.build[:8]} is live and has no record")
    return found


def stale_names(storage: Storage, ledger: Ledger) -> list[str]:
    """The plain names that are not those of the live release."""
    live = live_release(ledger)
    if live is None:
        return []
    wanted = {key: live.objects[source].sha256 for key, source in live.plain.items()}
    wanted[MANIFEST] = sha256(live.manifest.encode())
    stale = []
    for key, digest in wanted.items():
        info = storage.head(key)
        if info is None or info.sha256 != digest:
            stale.append(key)
    return sorted(stale)
