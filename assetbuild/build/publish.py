"""The protocol by which a build goes live at a target: it happened or it did not, and can be repeated.

    newest log entry -> intent -> wait for prunes -> listing and plan -> objects by rank -> verification
    -> release record (the commit) -> log entry (live) -> plain names -> intent away

Needs no conditional writes. Deletes nothing but intents: its own, and such as nobody can be behind any more. Knows no
configuration, no terminal and no S3.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build import publish_plan
from assetbuild.build.intent import Intent, wait_for_prunes
from assetbuild.build.ledger import Activation, DamagedRecord, Kept, Release
from assetbuild.build.model import BuildFailed, Problem
from assetbuild.build.publish_plan import MANIFEST_HEADERS, Known, Policy, Reason, Step, Wanted
from assetbuild.build.publish_verify import look_again
from assetbuild.build.remote import MANIFEST, Remote, Sent, run_all
from assetbuild.build.shared_target import check_shared, check_state, own_name
from assetbuild.build.storage import Failure, StorageError, check_key
from assetbuild.build.transfer import Queue, Task, ranked
from assetbuild.manifest import ManifestDict


@dataclass(frozen=True, slots=True)
class Local:
    """A build on disk. `text` is its manifest; `read` gives an output's bytes by its path, and may raise OSError.

    `verify` says what of the output is not as the manifest says; `digests` the SHA-256 of every variant by its path.
    """

    manifest: ManifestDict
    text: str
    read: Callable[[str], bytes]
    verify: Callable[[], Sequence[Problem]]
    digests: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it. `live` is the entry of the log that counts now, perhaps another publisher's.

    `steps` is the plan, and empty where the build was live already; `before` the entry that was live until now.
    """

    build: str
    steps: tuple[Step, ...]
    before: Activation | None
    live: Activation | None
    retries: int = 0

    @property
    def was_live(self) -> bool:
        """Whether the build was live already. A build without any asset has no steps in either case."""
        return not self.steps and self.before is not None and self.before.build == self.build

    @property
    def sent(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.reason is not Reason.SAME)


# --- what is called --------------------------------------------------------------------------------------


def publish(remote: Remote, local: Local, policy: Policy, *, anew: bool = False) -> Published:
    """Make the build live. `anew`: send every object, whatever is there; this mends a target that others changed.

    Raises `BuildFailed`, `StorageError` and `DamagedRecord`; then running it again goes on from there, and what was
    live is so still, unless only the plain names were left to be written.
    """
    live = _live(remote)
    if not anew and live is not None and _is_done(remote, live, local, policy):
        return Published(local.manifest["build"], (), live, live)
    wanted = _checked(local, policy)
    _look_around(remote, local)
    build, profile = local.manifest["build"], publish_plan.profile_of(wanted.values())
    intent = Intent(remote, wanted, build=build, profile=profile)
    others = wait_for_prunes(remote, intent)
    known = _known(remote, live, build, publish_plan.begun_by(others.marks, profile))
    queue = remote.queue()
    steps = _steps(remote, queue, wanted, known, anew=anew)
    _send(remote, queue, local, steps, intent)
    kept = publish_plan.kept_after(steps, known) | look_again(remote, queue, steps)
    release = publish_plan.release_of(local.manifest, local.text, kept, policy)
    intent.keep()
    remote.ledger.put_release(release)
    intent.keep()
    now_live = activate(remote, release, action="publish")
    for key in (intent.key, *others.abandoned()):
        remote.ledger.remove(key)
    return Published(build, steps, live, now_live, queue.retries + remote.retries)


def plan(remote: Remote, local: Local, policy: Policy, *, anew: bool = False) -> Published:
    """What `publish` would do. Writes nothing."""
    live = _live(remote)
    if not anew and live is not None and _is_done(remote, live, local, policy):
        return Published(local.manifest["build"], (), live, live)
    wanted = _checked(local, policy)
    _look_around(remote, local)
    begun = publish_plan.begun_by(remote.ledger.intents(), publish_plan.profile_of(wanted.values()))
    known = _known(remote, live, local.manifest["build"], begun)
    steps = _steps(remote, remote.queue(), wanted, known, anew=anew)
    return Published(local.manifest["build"], steps, live, live)


def activate(remote: Remote, release: Release, *, action: str) -> Activation:
    """Append a release to the log, unless it is live, and give the plain names the bytes of whatever is live then.

    Returns what is live. Two that do this at once both end with the plain names of the one that won.
    """
    ledger, environment = remote.ledger, remote.environment
    mine = ledger.live(environment)
    if mine is None or mine.build != release.build:
        mine = ledger.activate(
            release.build, environment=environment, action=action, after=mine, at=remote.now(), target=own_name(remote)
        )
    if not remote.has_plain_names:
        return _newest(remote, mine)
    while True:
        live = _newest(remote, mine)
        current = release if live.build == release.build else ledger.release(live.build)
        try:
            if current is not None:
                _write_plain_names(remote, current)
        except BuildFailed:
            if _newest(remote, mine).key == live.key:
                raise
        else:
            if _newest(remote, mine).key == live.key:
                return live


def _newest(remote: Remote, mine: Activation) -> Activation:
    """What is live: no older than our own entry, whatever a listing says that lags behind."""
    found = remote.ledger.live(remote.environment)
    return mine if found is None or found.key > mine.key else found


def _write_plain_names(remote: Remote, release: Release) -> None:
    """The manifest last: it tells of the others."""

    def copy(key: str, source: str) -> None:
        stored, kept = remote.storage.get(source), release.objects[source]
        digest = hashlib.sha256(stored.body).hexdigest()
        # A twin may be another machine's; then the object itself says what it is.
        if digest != kept.sha256 and not (kept.variant and digest == stored.info.sha256):
            text = f"{source} at {remote.storage.name} has other bytes than were published"
            raise StorageError(Failure.TRANSIENT, text, hint="look with `assetbuild verify --remote`", key=source)
        remote.storage.put(key, stored.body, release.plain_headers[key], sha256=digest)

    copies = [
        Task(key, release.objects[source].size, lambda key=key, source=source: copy(key, source))  # type: ignore[misc]
        for key, source in sorted(release.plain.items())
    ]
    body = release.manifest.encode()
    last = Task(MANIFEST, len(body), lambda: remote.storage.put(MANIFEST, body, MANIFEST_HEADERS))
    queue = remote.queue()
    run_all(queue, copies)
    run_all(queue, [last])


# --- before anything is sent -----------------------------------------------------------------------------


def _is_done(remote: Remote, live: Activation, local: Local, policy: Policy) -> bool:
    """Whether this very release is live, and nobody has been interrupted who may have written plain names."""
    if live.build != local.manifest["build"]:
        return False
    try:
        release = remote.ledger.release(live.build)
    except DamagedRecord:
        return False  # it is written again
    if release is None or remote.ledger.is_busy():
        return False
    sizes = dict.fromkeys(_variant_paths(local.manifest), "")
    wanted = publish_plan.wanted_objects(local.manifest, sizes, policy)
    if wanted.keys() != release.objects.keys():
        return False
    kept = {key: one.kept for key, one in wanted.items()}
    mine = publish_plan.release_of(local.manifest, local.text, kept, policy)
    return (mine.plain, mine.plain_headers) == (release.plain, release.plain_headers) and all(
        one.headers == release.objects[key].headers and (one.variant or one.sha256 == release.objects[key].sha256)
        for key, one in kept.items()
    )


def _live(remote: Remote) -> Activation | None:
    """What is live in this environment. Raises `BuildFailed` where that is at another target."""
    live = remote.ledger.live(remote.environment)
    check_state(remote, [live] if live is not None else [])
    return live


def _look_around(remote: Remote, local: Local) -> None:
    """Whether this target can be reached, and nobody else's names are in the way. Raises `BuildFailed`."""
    stable = [name for name, entry in local.manifest["assets"].items() if entry.get("stable")]
    check_shared(remote, local.manifest["build"], stable)
    remote.reach()


def _variant_paths(manifest: ManifestDict) -> list[str]:
    return [variant["path"] for entry in manifest["assets"].values() for variant in entry.get("variants", {}).values()]


def _checked(local: Local, policy: Policy) -> dict[str, Wanted]:
    """What is to be there, once the output is proven to be what the manifest says. Raises `BuildFailed`."""
    problems = list(local.verify())
    wanted = publish_plan.wanted_objects(local.manifest, local.digests(), policy) if not problems else {}
    names = [*wanted, *(name for name, entry in local.manifest["assets"].items() if entry.get("stable"))]
    if MANIFEST in names:
        text = f"an asset has the plain name {MANIFEST}, which is the manifest's at the target"
        problems.append(Problem("publish-clash", text, hint="take it out of `stable`, or give it another name"))
    problems += [problem for name in names for problem in _no_key(name)]
    if problems:
        raise BuildFailed(problems)
    return wanted


def _no_key(name: str) -> Iterator[Problem]:
    try:
        check_key(name)
    except ValueError as error:
        yield Problem("publish-key", str(error), hint="give the file another name, then build again")


def _known(remote: Remote, live: Activation | None, build: str, begun: Mapping[str, float]) -> Known:
    """What is at the target, and what the records of the live release and of this one say of it."""
    listed, kept = remote.listed(), dict[str, Kept]()
    for name in dict.fromkeys(([live.build] if live is not None else []) + [build]):
        try:
            release = remote.ledger.release(name)
        except DamagedRecord:
            continue  # it is written again where it is ours, and of no use where it is not
        kept |= publish_plan.believed(release, listed) if release is not None else {}
    return Known(listed, kept, begun)


def _steps(remote: Remote, queue: Queue, wanted: Mapping[str, Wanted], known: Known, *, anew: bool) -> tuple[Step, ...]:
    steps = publish_plan.plan(wanted, known)
    if anew:
        return tuple(Step(step.wanted, Reason.ASKED) for step in steps)
    return _settled(remote, queue, steps)


def _settled(remote: Remote, queue: Queue, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The plan with an answer for every object that no record tells of, each by a request of its own."""
    found: dict[str, Reason] = {}

    def ask(wanted: Wanted) -> None:
        info = remote.storage.head(wanted.key)
        if info is None:
            found[wanted.key] = Reason.ABSENT
        elif info.size != wanted.kept.size:
            found[wanted.key] = Reason.SIZE
        else:
            found[wanted.key] = publish_plan.compared(wanted, info.sha256, info.headers)

    unknown = [step.wanted for step in steps if step.reason is Reason.UNKNOWN]
    run_all(queue, [Task(wanted.key, 0, lambda wanted=wanted: ask(wanted)) for wanted in unknown])  # type: ignore[misc]
    return tuple(Step(step.wanted, found.get(step.wanted.key, step.reason)) for step in steps)


# --- sending ---------------------------------------------------------------------------------------------


def _send(remote: Remote, queue: Queue, local: Local, steps: Iterable[Step], intent: Intent) -> None:
    missing = [step.wanted for step in steps if step.reason is not Reason.SAME]
    left = _Left(len(missing), sum(wanted.kept.size for wanted in missing))

    def send(wanted: Wanted) -> None:
        try:
            body = local.read(wanted.file)
        except OSError as error:
            text = f"{wanted.file} cannot be read: {error.strerror or error}"
            raise BuildFailed([Problem("output-unreadable", text, hint="build again, then publish")]) from error
        if hashlib.sha256(body).hexdigest() != wanted.kept.sha256:
            text = f"{wanted.file} changed while it was published"
            raise BuildFailed([Problem("output-damaged", text, hint="build again, then publish")])
        remote.storage.put(wanted.key, body, wanted.kept.headers, sha256=wanted.kept.sha256)

    def done(task: Task) -> None:
        intent.keep()
        remote.listener(left.after(task))

    queue.done = done
    tasks = [
        (int(wanted.rank), Task(wanted.key, wanted.kept.size, lambda wanted=wanted: send(wanted)))  # type: ignore[misc]
        for wanted in missing
    ]
    for batch in ranked(tasks):
        run_all(queue, batch)
    queue.done = lambda task: None


class _Left:
    """What has still to be sent; counted from several threads."""

    def __init__(self, count: int, size: int) -> None:
        self._count, self._size, self._lock = count, size, threading.Lock()

    def after(self, task: Task) -> Sent:
        with self._lock:
            self._count -= 1
            self._size -= task.size
            return Sent(task.name, self._count, self._size)
