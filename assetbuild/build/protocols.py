"""The seams: what a processor is, and what it gives back."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Way(enum.Enum):
    """Which way a text took through a processor."""

    PROCESSED = "processed"
    """The engine's result was proven (or need not be) and is used."""
    SHORTER = "shorter"
    """The safe minifier's result is shorter than the engine's; it was proven and is used."""
    FALLBACK = "fallback"
    """The engine's result was refused; the safe minifier's was proven and is used."""
    UNCHANGED = "unchanged"
    """Nothing could be proven; the text goes on as it was."""


@dataclass(frozen=True, slots=True)
class Processed:
    """A processor's result. `reason` says in a few words why `way` is not PROCESSED, else ''."""

    text: str
    way: Way = Way.PROCESSED
    reason: str = ""


class Refused(ValueError):
    """Raised by a minifier of our own for a text that it will not touch; its message is for the user."""


class Processor(Protocol):
    """One text -> text step, options bound.

    The same text, name, version and options always give the same result; nothing else is looked at.
    """

    @property
    def name(self) -> str:
        """The registered name, as in the config."""

    @property
    def version(self) -> str:
        """Changes whenever the result may: the engine's version and our own guard's."""

    def __call__(self, text: str) -> Processed:
        """Process `text`. Raises `ProcessorError` when the text cannot be processed at all."""


class ProcessorError(Exception):
    """A processor refuses its input. `offset` is where in the text, in characters, if known."""

    def __init__(self, text: str, *, offset: int | None = None) -> None:
        super().__init__(text)
        self.offset = offset
