"""Worker processes, for work that holds Python's lock: parsing and proving, on every core.

Knows nothing of what is run. A worker reads (function, arguments) from its standard input and answers on its standard
output. `multiprocessing` is not used, since it runs the user's main module again, and a build may be called from any.
A worker is never needed: where there is none, or where it dies or fails, the same call is made here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from assetbuild.build.events import Done, Listener, Work, nobody

if TYPE_CHECKING:
    from subprocess import Popen

P = ParamSpec("P")
R = TypeVar("R")

WORTH_SECONDS = 0.3
"""How much time must be saved: about twice what it takes to start a worker and to import what it runs."""

SMALL = 4096
"""Characters; a call for less is over sooner than another process has heard of it."""


class Crew:
    """Up to `size` workers. They start when `hire` says that there is enough to do, and end with the `with` block.

    Its methods may be called from any thread; as many calls are made at once as there are threads that call.
    """

    def __init__(self, size: int, *, listener: Listener = nobody) -> None:
        self._size = size if size > 1 and _can_start() else 0
        self._listener = listener
        self._lock = Lock()
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._is_closed = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends all workers at once. Calls that wait for one, and later ones, raise `CancelledError`."""
        with self._lock:
            self._is_closed = True
        for worker in self._workers:
            worker.end()

    def hire(self, seconds: Sequence[float]) -> None:
        """Start workers if that is worth it for calls that take so long, each as an estimate."""
        total = sum(seconds)
        size = min(self._size, len(seconds))
        if size < 2 or total - max(total / size, *seconds) < WORTH_SECONDS:
            return
        with self._lock:
            try:
                while len(self._workers) < size and not self._is_closed:
                    worker = _Worker()
                    self._workers.append(worker)
                    self._idle.put(worker)
            except OSError:
                self._size = 0  # no processes here; what was started, if anything, is used

    def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function returns or raises. It must be a module's, for pickle to find it, and have no effects."""
        if self._is_closed:
            raise CancelledError
        try:
            worker = self._idle.get_nowait()
        except Empty:
            return function(*args, **kwargs)
        try:
            is_done, value = worker.ask(function, args, kwargs)
        except Exception:  # noqa: BLE001  whatever came of it, there is no answer
            worker.end()
            if self._is_closed:
                raise CancelledError from None
            return function(*args, **kwargs)
        self._idle.put(worker)
        if not is_done:
            return function(*args, **kwargs)
        self._listener(Done(Work.SHARE, function.__name__))
        return cast(R, value)


def _can_start() -> bool:
    """Whether this process is an ordinary Python: of a program that contains one, another would be started."""
    name = os.path.basename(sys.executable or "")
    return (
        not getattr(sys, "frozen", False)
        and re.match(r"(?:python|pypy)[\d.]*[a-z]*(?:\.exe)?$", name, re.I) is not None
    )


class _Worker:
    """One process. Raises what pickle and pipes raise."""

    def __init__(self) -> None:
        from subprocess import DEVNULL, PIPE, Popen

        self._process: Popen[bytes] = Popen(
            [sys.executable, "-P", "-c", _BOOT, *sys.path], stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )

    def ask(
        self, function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[bool, Any]:
        """Whether the function returned, and what."""
        import pickle

        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(pickle.dumps((function, args, kwargs)))
        requests.flush()
        is_done, value = pickle.load(answers)
        return is_done is True, value

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


# --- in the worker ---------------------------------------------------------------------------------------

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from assetbuild.build.workers import work; work()"
"""What a worker begins with: the modules that it imports are those that the build would import itself."""


def work() -> None:
    """Answer until the other side closes the pipe. Ctrl-C is the other side's to handle."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints, prints to nobody
    try:
        _answer_all(sys.stdin.buffer, answers)
    except (EOFError, OSError):
        return


def _answer_all(requests: IO[bytes], answers: IO[bytes]) -> None:
    import pickle

    while True:
        function, args, kwargs = pickle.load(requests)
        try:
            answer = pickle.dumps((True, function(*args, **kwargs)))
        except Exception:  # noqa: BLE001  the other side makes the same call, and sees it raise
            answer = pickle.dumps((False, None))
        answers.write(answer)
        answers.flush()
