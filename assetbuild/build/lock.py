"""One build at a time in one project: a lock that the operating system drops when its holder dies.

It spares work and keeps output readable, no more: writes are renames, so a build that goes on without it harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild.build.cache import LOCK_NAME, make_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock


@contextmanager
def build_lock(folder: Path, *, timeout: float = 60.0, on_wait: Callable[[], None]) -> Iterator[bool]:
    """Hold the lock in the cache folder `folder`; the value says whether it is held.

    Where another build holds it, `on_wait` is called once and then at most `timeout` seconds (60) are waited. After
    that, or where the folder cannot be written, the caller goes on without it.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK_NAME)
    held = _try(lock, folder, timeout=0.0)
    if held is None:
        on_wait()
        held = _try(lock, folder, timeout=timeout)
    try:
        yield bool(held)
    finally:
        if held:
            lock.release()


def _try(lock: BaseFileLock, folder: Path, *, timeout: float) -> bool | None:
    """True when the lock is held now, None when another build holds it, False when there can be no lock here."""
    import filelock

    try:
        make_folder(folder)
        lock.acquire(timeout=timeout)
    except filelock.Timeout:  # an OSError too, so it is looked at first
        return None
    except (OSError, NotImplementedError):  # the latter: a file system without locks
        return False
    return True
