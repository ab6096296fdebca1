"""What `assetbuild watch` does: what it looks at, which changes count, when they have settled, what is done about them.

Knows neither the terminal nor how a system tells of changes (`watcher.py` does). What it is told is only a reason to
look: what changed is the difference of two looks, which see what a build sees, so that no build can cause another. It
also looks unasked, since network drives and containers may tell of nothing.
"""

from __future__ import annotations

import enum
import os
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from assetbuild.build import adoption, filter_modules, template_blocks, template_files, tree
from assetbuild.build.config import FILE_NAME, PYPROJECT
from assetbuild.build.model import BuildFailed, Config
from assetbuild.build.other_tools import AdoptedBuild
from assetbuild.build.results import Built
from assetbuild.build.template_blocks import Known

T = TypeVar("T")

FEW = 20
"""More paths than these are no save in an editor but a checkout or a copy, of which more may follow."""
QUIET = 1
LONG_QUIET = 5
"""Quiet sets in a row after which changes have settled; the long one where more is likely to come."""
PATIENCE = 200
"""Sets of paths in a row after which there is a build although they do not settle."""
MANY = 1000
"""So many paths at once may have been too much for the system's queue: all is watched anew then."""
UNASKED = 1.0
SHARE = 100
"""Seconds between looks that nothing was told for; and how many times as long as a look they are at least."""


# --- what is looked at -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """What is watched: single `files`, the folders `roots`, mounted at `mounts`, but for what lies in `skip`, and the
    files of `adopted` builds, which are looked at without being told of.

    `templates` are looked at for the blocks in them. `beside` is what filters opened elsewhere, or looked for in vain.
    """

    files: tuple[Path, ...]
    roots: tuple[Path, ...] = ()
    mounts: tuple[str, ...] = ()
    skip: tuple[Path, ...] = ()
    adopted: tuple[AdoptedBuild, ...] = ()
    templates: template_files.Places = template_files.NOWHERE
    beside: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that the system is to tell of."""
        return (*self.roots, *self.templates.folders)


Observe = Callable[[Scope], AbstractContextManager[Iterator[Collection[str]]]]
"""Begins to watch the roots before it returns. Gives sets of paths where something may have changed, real paths, and
some milliseconds after the last of them, and then every so often, an empty set."""


def config_files(file: Path | None, *, folder: Path) -> tuple[Path, ...]:
    """The absolute paths of all that is or could become the configuration."""
    return tuple(Path(os.path.abspath(folder / name)) for name in ([FILE_NAME, PYPROJECT] if file is None else [file]))


def scope_of(config: Config, files: tuple[Path, ...]) -> Scope:
    mounts = tuple(spec.mount for spec in config.sources)
    beside = () if config.webassets.file is None else (config.webassets.file,)
    skip = (config.output, config.manifest, config.cache)
    places = template_files.of(config)
    return Scope((*files, *beside), config.root_paths, mounts, skip, config.adopted, templates=places)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is there. `logical` is '' for the configuration and roots; what changes has another `identity`."""

    logical: str
    identity: object


View = dict[str, Sight]
"""What a look saw, by path."""


def look(scope: Scope, known: Known | None = None) -> View:
    """The configuration, the roots, the sources, and what is unusable under the roots; and templates with blocks.

    Opens no file but templates, and no template that `known` has as it is. That is brought up to date.
    """
    found = tree.walk(scope.roots, scope.mounts, skip=scope.skip)
    places = [(flaw, flaw.problem.place) for flaw in found.flaws]
    view = {place.path: Sight(flaw.logical, flaw.problem.code) for flaw, place in places if place is not None}
    beside, _ = adoption.look(scope.adopted)
    view |= {source.file: Sight(source.logical, source.stat) for source in (*found.sources, *beside)}
    for path, stat in template_blocks.looked_into(scope.templates, {} if known is None else known).items():
        view[path] = Sight(os.path.relpath(path, scope.templates.base), stat)
    for root in scope.roots:
        view.pop(str(root), None)  # one that is not there is a flaw, too
    return _beside(scope) | view | _heads(scope)


def _beside(scope: Scope) -> View:
    """What the system does not watch either, and what makes another build, but no other configuration."""
    found = {path: _identity(Path(path), is_file=True) for path in scope.beside}
    base = scope.templates.base
    return {path: Sight(os.path.relpath(path, base), one) for path, one in found.items() if one is not None}


def after(result: Built | Exception, scope: Scope, view: View) -> tuple[Scope, View]:
    """`scope` with what a build looked at besides the sources, and `view` with that as the build saw it.

    A failed build tells only where a filter failed; all else is still looked at.
    """
    if not isinstance(result, Built):
        problems = result.problems if isinstance(result, BuildFailed) else ()
        failed = {one.place.path for one in problems if one.place is not None and one.code == "webassets-failed"}
        new = tuple(sorted(failed - view.keys() - set(scope.beside)))
        return replace(scope, beside=(*scope.beside, *new)), _beside(replace(scope, beside=new)) | view
    rest = {path: sight for path, sight in view.items() if path not in scope.beside}
    known = {path: digest for path, digest in result.beside if path not in rest}
    scope = replace(scope, beside=tuple(known))
    seen = _beside(scope)
    for path, digest in known.items():
        if filter_modules.digest(path) != digest:  # it has changed since, and no look is to find it as it is now
            seen[path] = Sight(os.path.relpath(path, scope.templates.base), None)
    return scope, seen | rest


def _heads(scope: Scope) -> View:
    """The configuration and the roots, which the system does not watch. A look at them alone takes no time."""
    watched = (*scope.files, *(build.file for build in scope.adopted))
    found = {str(path): _identity(path, is_file=True) for path in watched}
    found |= {str(path): _identity(path, is_file=False) for path in scope.roots}
    return {path: Sight("", identity) for path, identity in found.items() if identity is not None}


def _identity(path: Path, *, is_file: bool) -> tuple[int, ...] | None:
    """What changes when a file has other content, or when another folder has the name of a root; None of nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return () if os.path.lexists(path) else None
    identity = (found.st_dev, found.st_ino, found.st_mode)
    return (*identity, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if is_file else identity


# --- what changed ----------------------------------------------------------------------------------------


class Kind(enum.Enum):
    """What became of a path between two looks."""

    ADDED = "added"
    """It was not there, and is now."""
    CHANGED = "changed"
    """It was there, and is another now."""
    REMOVED = "removed"
    """It was there, and is not."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A change that a build is for. `logical` is '' where the path is the configuration or a source root."""

    path: str
    kind: Kind
    logical: str


def causes_between(old: View, new: View) -> tuple[Cause, ...]:
    """What changed, the configuration and roots first."""
    causes = []
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before is None and after is not None:
            causes.append(Cause(path, Kind.ADDED, after.logical))
        elif before is not None and after is None:
            causes.append(Cause(path, Kind.REMOVED, before.logical))
        elif before is not None and after is not None and before != after:
            causes.append(Cause(path, Kind.CHANGED, after.logical))
    return tuple(sorted(causes, key=lambda cause: cause.logical != ""))


@dataclass(frozen=True, slots=True)
class Settled:
    """What changed since the look before, if anything, what was told meanwhile, and what the look saw."""

    causes: tuple[Cause, ...]
    told: frozenset[str]
    view: View


def settled(
    sets: Iterable[Collection[str]], scope: Scope, view: View, clock: Callable[[], float], known: Known | None = None
) -> Iterator[Settled]:
    """What changed since `view`, a burst at once, and nothing with every look that was unasked and saw nothing new.

    A name that is gone may be on its way back, as editors save by renaming, and so is waited for a little longer.
    """
    told: set[str] = set()
    quiet = loud = 0
    due = clock()
    is_expected = False
    heads = {path: sight for path, sight in view.items() if not sight.logical or path in scope.beside}
    for paths in sets:
        told.update(paths)
        quiet, loud = (0, loud + 1) if paths else (quiet + 1, loud)
        if (now := _beside(scope) | _heads(scope)) != heads:
            heads, quiet, is_expected = now, 0, True
        is_expected = is_expected or bool(paths)
        is_due = quiet >= (LONG_QUIET if len(told) > FEW else QUIET) if is_expected else clock() >= due
        if not is_due and loud < PATIENCE:
            continue
        began = clock()
        new = look(scope, known)
        due = clock() + max(UNASKED, SHARE * (clock() - began))
        causes = causes_between(view, new)
        if causes and loud < PATIENCE and not is_expected:
            is_expected, quiet = True, 0  # seen unasked, perhaps half done
            continue
        if quiet < LONG_QUIET and loud < PATIENCE and any(cause.kind is Kind.REMOVED for cause in causes):
            continue
        view = new
        yield Settled(causes, frozenset(told), view)
        told.clear()
        quiet = loud = 0
        is_expected = False


# --- the loop --------------------------------------------------------------------------------------------


class Trigger(enum.Enum):
    """Why there was a build."""

    START = "start"
    """It is the first."""
    CHANGE = "change"
    """Something changed."""
    RETRY = "retry"
    """What a configuration lacked, such as a folder or a package, has appeared outside of what is watched."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One build: why, what came of it (an error where it failed), and how many seconds it took.

    `config` is None where that is what failed.
    """

    trigger: Trigger
    causes: tuple[Cause, ...]
    config: Config | None
    result: Built | Exception
    elapsed: float


@dataclass(frozen=True, slots=True)
class Steps:
    """What a turn is made of. An exception that `load` or `build` raises is the result of that turn and ends nothing.

    `clock` gives seconds.
    """

    load: Callable[[], Config]
    build: Callable[[Config], Built]
    clock: Callable[[], float] = time.monotonic


_Reason = tuple[Trigger, tuple[Cause, ...]]


def turns(files: tuple[Path, ...], steps: Steps, observe: Observe) -> Iterator[Turn]:
    """Build at once, and again after every change, as long as `observe` gives sets. `files` are `config_files`."""
    scope = Scope(files)
    known: Known = {}
    reason: _Reason | None = (Trigger.START, ())
    while reason is not None:
        with observe(scope) as sets:  # watched first, then seen, then read: no change can fall in between
            view = look(scope, known)
            started = steps.clock()
            config = _attempt(steps.load)
            if isinstance(config, Exception):
                yield Turn(*reason, None, config, steps.clock() - started)
                reason = _until_usable(settled(sets, scope, view, steps.clock, known), steps, failure=config)
            elif (needed := scope_of(config, files)) != scope:
                scope = needed
            else:
                turn = _turn(reason, config, steps, started=started)
                yield turn
                reason = yield from _rebuilds(sets, *after(turn.result, scope, view), steps, config=config, known=known)


def _turn(reason: _Reason, config: Config, steps: Steps, *, started: float) -> Turn:
    result = _attempt(lambda: steps.build(config))
    return Turn(*reason, config, result, steps.clock() - started)


def _rebuilds(
    sets: Iterator[Collection[str]], scope: Scope, view: View, steps: Steps, *, config: Config, known: Known
) -> Generator[Turn, None, _Reason | None]:
    """A turn for every change of sources; returns the change after which all begins anew, None after the last one."""
    roots = {os.path.realpath(root) for root in scope.roots}
    while change := next((one for one in settled(sets, scope, view, steps.clock, known) if one.causes), None):
        reason = (Trigger.CHANGE, change.causes)
        # Of a root that was told of, the system watches what is no longer there; another one can look the same.
        if not change.causes[0].logical or len(change.told) > MANY or not roots.isdisjoint(change.told):
            return reason
        turn = _turn(reason, config, steps, started=steps.clock())
        yield turn
        scope, view = after(turn.result, scope, change.view)
    return None


def _until_usable(changes: Iterable[Settled], steps: Steps, *, failure: Exception) -> _Reason | None:
    """Why a configuration that could not be used is to be read again; None after the last change."""
    for change in changes:
        if change.causes:
            return Trigger.CHANGE, change.causes
        if not _is_same(_attempt(steps.load), failure):
            return Trigger.RETRY, ()
    return None


def _is_same(result: Config | Exception, failure: Exception) -> bool:
    if isinstance(result, BuildFailed) and isinstance(failure, BuildFailed):
        return result.problems == failure.problems
    return isinstance(result, Exception) and repr(result) == repr(failure)


def _attempt(call: Callable[[], T]) -> T | Exception:
    """What `call` returns or raises. A package that is missing or broken does not mend while the process runs."""
    try:
        return call()
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the next change may mend it)
        return error
