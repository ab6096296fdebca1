"""What `assetbuild doctor` does: the findings on this machine, and at the targets of `[publish]`.

The one place that turns a configuration into what `doctor_target.py` examines. Nothing that is wrong is raised: it is a
finding.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from assetbuild.build import doctor_local, doctor_target, publish_local
from assetbuild.build.doctor_findings import Diagnosis, Finding, Part, Section, judged
from assetbuild.build.doctor_public import Public
from assetbuild.build.doctor_target import Server, Subject
from assetbuild.build.ledger import DamagedRecord, Release
from assetbuild.build.model import BuildFailed, Config
from assetbuild.build.public_url import Fetch, fetch
from assetbuild.build.remote import Remote
from assetbuild.build.storage import Storage, StorageError

_STATE = ".assetbuild/"
"""Below a target whose state is elsewhere, the probes lie where the state would be by default."""
_OF_OBJECTS = frozenset({"parts", "public"})
"""What is of no interest where only the state is: its records are small, and for nobody but publishers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do beyond the usual: `sends_parts` sends 16 MiB; `origin` is the app's, for CORS."""

    sends_parts: bool = False
    origin: str = ""
    ask: Fetch = fetch


def diagnose(load: Callable[[], Config], wanted: Wanted) -> Diagnosis:
    """`load` reads the configuration or raises `BuildFailed`. Without a target only this machine is looked at."""
    try:
        config = load()
    except BuildFailed as failed:
        return (Section(Part.LOCAL, "", tuple(doctor_local.broken(failed))),)
    here = Section(Part.LOCAL, str(config.base), tuple(doctor_local.examine(config)))
    if not config.publish.target:
        return (here,)
    try:
        with publish_local.opened(config) as remote:
            return (here, *_remote(config, remote, wanted))
    except BuildFailed as failed:
        wrong = judged("target", "cannot be used", *failed.problems)
        return (here, Section(Part.TARGET, config.publish.target, (wrong,)))


def _remote(config: Config, remote: Remote, wanted: Wanted) -> list[Section]:
    state, target = remote.ledger.storage, remote.storage
    public = None
    if config.publish.public_url:
        public = Public(config.publish.public_url, wanted.origin, lambda: _live(remote), wanted.ask)
    own = config.publish.has_own_state
    subject = Subject(
        target,
        _folder(_STATE if own else remote.ledger.prefix),
        _endpoint(target),
        public,
        sends_parts=wanted.sends_parts,
    )
    sections = [Section(Part.TARGET, target.name, _examined(config, subject, "target"))]
    if own:
        other = Subject(state, _folder(remote.ledger.prefix), _endpoint(state))
        found = (one for one in _examined(config, other, "state") if one.name not in _OF_OBJECTS)
        sections.append(Section(Part.STATE, state.name, tuple(found)))
    return sections


def _examined(config: Config, subject: Subject, key: str) -> tuple[Finding, ...]:
    """The findings; what nothing else has a place for is a matter of this setting, or of `public_url`."""
    found = []
    for one in doctor_target.examine(subject):
        place = config.place("publish", "public_url" if one.name == "public" else key)
        problems = (replace(each, place=each.place or place) for each in one.problems)
        found.append(replace(one, problems=tuple(problems)))
    return tuple(found)


def _folder(prefix: str) -> str:
    return f"{prefix}doctor/{uuid.uuid4()}/"


def _endpoint(storage: Storage) -> str:
    return storage.endpoint if isinstance(storage, Server) else ""


def _live(remote: Remote) -> Release | None:
    """The live release, None also where that cannot be read; why, other findings say."""
    try:
        live = remote.ledger.live(remote.environment)
        return remote.ledger.release(live.build) if live is not None else None
    except (StorageError, DamagedRecord):
        return None
