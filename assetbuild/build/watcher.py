"""Tells where something may have changed: the one place that knows watchfiles, and so how a system tells of changes.

Knows nothing of what a change is good for. Where a system does not tell, or can watch no more, it tells of nothing:
whoever asks looks for himself as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain

import watchfiles

from assetbuild.build.watching import Scope

STEP_MS = 20
"""Milliseconds without a change after which a set of changes is told."""
LONGEST_MS = 200
"""Milliseconds after which it is told in any case."""
TICK_MS = 60
"""Milliseconds without a change after which an empty set is told."""

_Paths = frozenset[str]


@contextmanager
def observe(scope: Scope) -> Iterator[Iterator[_Paths]]:
    """Watch the folders of `scope` from now on; gives what `watching.Observe` gives."""
    events = _events([os.path.realpath(root) for root in scope.folders if os.path.isdir(root)])
    with closing(events):
        yield chain([next(events)], events)  # watchfiles has begun to watch when it gives the first


def _events(folders: Sequence[str]) -> Generator[_Paths, None, None]:
    if folders:
        watched = watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=LONGEST_MS,
            step=STEP_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=True,
            force_polling=False,  # it would compare whole seconds
            ignore_permission_denied=True,
        )
        try:
            with closing(watched):
                for found in watched:
                    yield frozenset(path for _, path in found)
        except (OSError, RuntimeError):  # a limit, such as fs.inotify.max_user_watches, or a root that has just gone
            yield frozenset(folders)
    while True:
        yield frozenset()
        time.sleep(TICK_MS / 1000)
