"""The progress bar: a listener of a build that draws on a terminal.

Knows nothing of what a phase is. It draws only when it is told something, so it needs no thread and no timer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from assetbuild import cells
from assetbuild.build.events import Event, Progress, Waiting


class Bar:
    """A listener that draws how far a build is, once it has taken `after` seconds.

    `width` is the terminal's; None, where the stream is none, draws nothing. Events come from any worker thread.
    `close` takes the bar away; what is shown next starts on a clean line.
    """

    def __init__(
        self,
        stream: TextIO,
        width: int | None,
        *,
        after: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._width = width
        self._clock = clock
        self._next = clock() + after
        self._lock = threading.Lock()
        self._drawn = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Waiting):  # said at once and everywhere: nothing else happens until the other build ends
            self._write("waiting for another build to end\n")
        if self._width is None or not isinstance(event, Progress):
            return
        with self._lock:
            now = self._clock()
            if now >= self._next:
                self._next = now + 0.1
                self._draw(event, self._width)

    def close(self) -> None:
        with self._lock:
            self._next = float("inf")
            if self._drawn:
                self._write("\r" + " " * self._drawn + "\r")
                self._drawn = 0

    def _draw(self, event: Progress, width: int) -> None:
        figures = f"{event.done}/{event.total}" + (f", {event.left} left" if event.left else "")
        share = event.done / event.total if event.total else 1.0
        filled = round(20 * min(share, 1.0))
        line = f"{cells.safe(event.phase)}  [{'#' * filled}{'.' * (20 - filled)}]  {figures}"
        line = cells.shorten(line, max(width - 1, 5))
        self._write("\r" + cells.pad(line, self._drawn))
        self._drawn = max(cells.width(line), self._drawn)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
