"""What tests of the protocol do at a target in memory: publishes of a row of small builds, and looks at the outcome."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assetbuild.build.model import BuildFailed
from assetbuild.build.prune import Rules
from assetbuild.build.publish import publish
from assetbuild.build.publish_plan import Policy
from assetbuild.build.remote import INTENT_SECONDS, Remote
from assetbuild.build.storage import Headers
from tests.publishing import Crash, Effect, Request, Target, small

Act = Callable[[Remote], object]
ALL = Rules(keep=1, retention=0.0)
JSON = Headers("application/json")
MOST_REQUESTS = 80
BARE = pytest.mark.parametrize("lists_headers", [True, False], ids=["full-listings", "bare-listings"])


def publishing(number: int, *, policy: Policy = Policy(), salt: str = "") -> Act:  # noqa: B008  frozen
    return lambda remote: publish(remote, small(number, salt=salt), policy)


def put_live(target: Target, *numbers: int, policy: Policy = Policy()) -> None:  # noqa: B008
    for number in numbers:
        publishing(number, policy=policy)(target.remote()[0])
        target.clock.time += 100.0


def settled(target: Target) -> None:
    """All locks and intents of processes that died are stale."""
    target.clock.time += INTENT_SECONDS + 1


def is_live(target: Target, number: int) -> bool:
    live = target.live()
    return live is not None and live.build == small(number).manifest["build"]


def problems(caught: pytest.ExceptionInfo[BuildFailed]) -> list[str]:
    return [problem.code for problem in caught.value.problems]


def builds(*numbers: int) -> set[str]:
    return {small(number).manifest["build"] for number in numbers}


def interrupted_by(target: Target, match: Callable[[Request], bool], act: Act) -> Remote:
    """A remote in whose first matching request another process does something."""
    done: list[Request] = []

    def gate(request: Request, effect: Effect) -> object:
        if match(request) and not done:
            done.append(request)
            act(target.remote()[0])
        return effect()

    return target.remote(gate)[0]


def die() -> object:
    raise Crash
