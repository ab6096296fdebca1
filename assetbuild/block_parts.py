"""What a template's block is made of: the pieces that an engine gives, and what an element of it may load or hold.

Plain values, and the one error; which element is what is `block_elements`'.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from assetbuild.errors import AssetbuildError
from assetbuild.manifest import is_absolute_url


class Where(NamedTuple):
    """A place: `at` is what the engine said of a piece (a line, an offset), `before` the piece's text up to there."""

    at: int
    before: str


class BlockError(AssetbuildError):
    """A block that cannot be compiled: what is wrong, what to do, and where it stands."""

    def __init__(self, text: str, *, hint: str, where: Where) -> None:
        super().__init__(f"{text}; {hint}")
        self.text = text
        self.hint = hint
        self.where = where


class StaticUrl(NamedTuple):
    """An expression whose value is the URL of asset `name`; with '' the start of all of them, as `STATIC_URL` is."""

    name: str


class Expression(NamedTuple):
    """An expression that only a render can work out; look-ups of one name have one number, all others their own."""

    number: int


class Piece(NamedTuple):
    """A stretch of a block's body, and where it begins, in whatever way the engine counts."""

    content: str | StaticUrl | Expression
    at: int


Parts = tuple[str | Expression, ...]
"""The value of an attribute."""

Attributes = tuple[tuple[str, Parts | None], ...]
"""Sorted by name; None where there is only the name."""


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset, by its logical path."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """A URL as written. One that begins with a slash is a path; which asset it means is the build's to say."""

    url: str


@dataclass(frozen=True, slots=True)
class Code:
    """What stands inside a `<style>` or `<script>`. `spans`: offsets in `text` and where they stand in the template."""

    text: str
    spans: tuple[tuple[int, Where], ...] = field(default=(), compare=False)


Target = Asset | Address | Code


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a block: the attributes that its output has, and what it loads or holds."""

    attributes: Attributes
    target: Target
    where: Where = field(default=Where(0, ""), compare=False)

    @property
    def is_module(self) -> bool:
        return ("type", ("module",)) in self.attributes

    @property
    def is_elsewhere(self) -> bool:
        """Whether it loads what is on another host, which stays as it is."""
        return isinstance(self.target, Address) and is_absolute_url(self.target.url)
