"""The one wiring place: config -> discover -> graph -> plan -> compile -> link -> compress -> write -> manifest."""

from __future__ import annotations

from dataclasses import dataclass

from assetbuild.build.events import Listener, nobody
from assetbuild.build.model import Built, Config, Problem


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can ask of one build.

    `dev`: no minifying, no variants. `force`: neither the cache nor what is in the output folder is trusted.
    `jobs`: worker threads; 0 means one per core.
    """

    dev: bool = False
    force: bool = False
    jobs: int = 0


def build(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Build and write. Raises `BuildFailed`; then nothing of the previous release was touched."""
    raise NotImplementedError


def plan(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Everything that `build` does but writing: what would change and why. Raises `BuildFailed`."""
    raise NotImplementedError


def check_output(config: Config, *, options: Options, listener: Listener = nobody) -> tuple[Problem, ...]:
    """What in the output folder is not what a build would leave there: bytes, variants, stable copies, manifest."""
    raise NotImplementedError
