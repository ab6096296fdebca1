"""From a configuration to what publishing works with: the build on disk, the policy, the target with its state.

Opens storages and reads the output folder. What may be done at a target and in which order is `publish.py`'s; how it
looks is the command line's, which hears of everything that goes wrong as `BuildFailed`.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assetbuild import manifest
from assetbuild.build.config_paths import contains, real
from assetbuild.build.config_publish import environment_problem
from assetbuild.build.ledger import DamagedRecord, Ledger
from assetbuild.build.model import BuildFailed, Config, Place, Problem
from assetbuild.build.publish import Local
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import Listener, Remote
from assetbuild.build.storage import Failure, Storage, StorageError
from assetbuild.build.storage_target import open_storage
from assetbuild.build.transfer import GaveUp, Patience
from assetbuild.errors import ManifestError
from assetbuild.manifest import ManifestDict

if TYPE_CHECKING:
    from assetbuild.build.prune import Rules


def policy(config: Config) -> Policy:
    return Policy(config.publish.encoding, config.publish.headers)


def rules(config: Config, *, most: int | None = None) -> Rules:
    """What a prune keeps; `most` as in `Rules`."""
    from assetbuild.build.prune import Rules

    return Rules(config.publish.keep_releases, config.publish.retention, most)


# --- the build -------------------------------------------------------------------------------------------


def local(config: Config) -> Local:
    """The build in the output folder. Raises `BuildFailed` where there is none, or it cannot be published there."""
    name = str(config.manifest)
    try:
        data = manifest.regular_bytes(config.manifest)
        found = manifest.loads(data, name=name)
    except (OSError, ValueError):
        found = _refused(config)
        data = b""
    except ManifestError as error:
        raise BuildFailed([Problem("manifest", error.fault, Place(name))]) from error
    problems = _clashes(config, found)
    if problems:
        raise BuildFailed(problems)
    return Local(
        found,
        data.decode(),
        lambda path: (config.output / path).read_bytes(),
        lambda: _verified(config, found),
        lambda: _digests(config.output, found),
    )


def _refused(config: Config) -> ManifestDict:
    """`manifest.read` says best why a manifest cannot be read."""
    try:
        return manifest.read(config.manifest)
    except ManifestError as error:
        raise BuildFailed([Problem("manifest", error.fault, Place(str(config.manifest)))]) from error


def _verified(config: Config, found: ManifestDict) -> Sequence[Problem]:
    from assetbuild.build import verify  # loads the scanners, and most publishes have nothing to do

    return verify.verify_bytes(config, found)


def _digests(output: Path, found: ManifestDict) -> Mapping[str, str]:
    """The SHA-256 of every variant by its path; the manifest has those of the outputs themselves."""
    paths = [twin["path"] for entry in found["assets"].values() for twin in entry.get("variants", {}).values()]
    return {path: hashlib.sha256((output / path).read_bytes()).hexdigest() for path in sorted(paths)}


def _clashes(config: Config, found: ManifestDict) -> Sequence[Problem]:
    """Assets that would lie in the state, where nothing that lists the target looks for them."""
    if config.publish.has_own_state:
        return ()
    state = config.publish.state
    names = [entry["path"] for entry in found["assets"].values()]
    names += [logical for logical, entry in found["assets"].items() if entry.get("stable")]
    inside = sorted(name for name in names if name.startswith(state))
    if not inside:
        return ()
    text = f"{inside[0]} would lie in `{state}`, where the state of the target is"
    place = config.place("publish", "state")
    return (Problem("publish-clash", text, place, hint="give `state` a folder that no asset has"),)


# --- the target ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(config: Config, *, environment: str = "", listener: Listener = lambda event: None) -> Iterator[Remote]:
    """The target of a configuration, as long as the context lasts; `environment` is the configured one where it is ''.

    Everything that is raised inside, and while opening, comes out as `BuildFailed`: exit code 2 where the
    configuration is wrong.
    """
    settings = config.publish
    with diagnosed(config), contextlib.ExitStack() as stack:
        _check_target(config, environment)
        storage = _open(config, settings.target, "target", None)
        stack.callback(storage.close)
        ledger = Ledger(storage, settings.state, lambda: uuid.uuid4().hex)
        patience = None
        if settings.has_own_state:
            patience = Patience()
            state = _open(config, settings.state, "state", storage)
            stack.callback(state.close)
            ledger = replace(ledger, storage=state, prefix="")
        yield Remote(
            storage,
            ledger,
            environment or settings.environment,
            workers=settings.workers,
            listener=listener,
            plain_names=settings.plain_names,
            own_patience=patience,
        )


def _open(config: Config, target: str, key: str, beside: Storage | None) -> Storage:
    settings = config.publish
    try:
        return open_storage(
            target,
            endpoint_url=settings.endpoint_url,
            region=settings.region,
            profile=settings.profile,
            connections=settings.workers,
            beside=beside,
        )
    except StorageError as error:
        problem = replace(error.problem(), place=config.place("publish", key))
        raise BuildFailed([problem], exit_code=2 if error.failure is Failure.TARGET else 1) from error


def _check_target(config: Config, environment: str) -> None:
    settings = config.publish
    if not settings.target:
        hint = 'write [publish] and below it target = "s3://bucket/folder" or target = "file:///folder"'
        problem = Problem("publish-no-target", "`[publish]` names no target", Place(str(config.file)), hint=hint)
        raise BuildFailed([problem], exit_code=2)
    if environment and (reason := environment_problem(environment)):
        problem = Problem(
            "publish-environment", f"the environment {reason}", hint="name it so, as in --environment staging"
        )
        raise BuildFailed([problem], exit_code=2)
    for key in ("target", "state"):
        wrong = _folder_problem(config, getattr(settings, key), config.place("publish", key))
        if wrong is not None:
            raise BuildFailed([wrong], exit_code=2)


def _folder_problem(config: Config, target: str, place: Place) -> Problem | None:
    """Why a `file:` target may not lie where it does: builds, prunes and `clean` would take each other's files."""
    parts = urlsplit(target)
    if parts.scheme.lower() != "file":
        return None
    from urllib.request import url2pathname  # loads HTTP too

    folder = real(Path(url2pathname(parts.path)))
    own = [(config.output, "the output folder"), (config.cache, "the cache")]
    own += [(path, f'the source root "{spec}"') for path, spec in zip(config.root_paths, config.sources, strict=True)]
    for path, name in own:
        other = real(path)
        if folder == other or contains(other, folder) or contains(folder, other):
            how = "is" if folder == other else "lies in" if contains(other, folder) else "contains"
            hint = "name a folder of its own, beside them"
            return Problem("publish-target", f"the target {target} {how} {name}", place, hint=hint)
    return None


@contextlib.contextmanager
def diagnosed(config: Config) -> Iterator[None]:
    """What working at a target may raise becomes `BuildFailed`."""
    try:
        yield
    except GaveUp as error:
        raise _failed(config, error.error) from error
    except StorageError as error:
        raise _failed(config, error) from error
    except DamagedRecord as error:
        text = f"{config.publish.target}: the record {error.key} cannot be used: {error.reason}"
        hint = "install the version of assetbuild that wrote it, or delete it there and publish again"
        raise BuildFailed([Problem("record-damaged", text, hint=hint)]) from error


def _failed(config: Config, error: StorageError) -> BuildFailed:
    problem = error.problem()
    if error.failure is Failure.TARGET:
        return BuildFailed([replace(problem, place=config.place("publish", "target"))], exit_code=2)
    return BuildFailed([problem])
