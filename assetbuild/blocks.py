"""A block of a template, `{% bundle "css" %}`, as both halves know it: its elements, its outputs, its key.

Knows no template engine, no manifest and no file. Engines give a block's body as pieces; what comes of them depends on
nothing else, so that a build and a running app, which never meet, cannot disagree. Imported with the first block.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeVar

from assetbuild.block_elements import elements_of
from assetbuild.block_parts import (
    Address,
    Asset,
    Attributes,
    BlockError,
    Code,
    Element,
    Expression,
    Parts,
    Piece,
    Target,
    Where,
)

T = TypeVar("T")

VERSION = 1
"""Of all that decides on keys and outputs. Another one gives every block another key."""

TAGS = {"bundle": "endbundle", "compress": "endcompress"}
"""The tags of a block, each with the one that ends it; the second are django-compressor's."""

KINDS = ("css", "js")
MODES = ("file", "inline", "preload")
"""As links to files; as text in the page; as preloads of the files, which something else loads."""


class Head(NamedTuple):
    """What the tag itself says; `name` begins the names of its outputs, if one is given."""

    kind: str
    mode: str = "file"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring elements that are one output: same attributes, and joining them changes nothing."""

    elements: tuple[Element, ...]

    @property
    def attributes(self) -> Attributes:
        return self.elements[0].attributes

    @property
    def is_module(self) -> bool:
        return self.elements[0].is_module

    @property
    def is_elsewhere(self) -> bool:
        return self.elements[0].is_elsewhere


@dataclass(frozen=True, slots=True)
class Block:
    """A whole block."""

    head: Head
    elements: tuple[Element, ...]

    def groups(self) -> tuple[Group, ...]:
        """The outputs, in order. A module is one by itself, since modules cannot be joined."""

        def alike(numbered: tuple[int, Element]) -> object:
            number, element = numbered
            return number if element.is_module or element.is_elsewhere else element.attributes

        return tuple(Group(tuple(one for _, one in found)) for _, found in groupby(enumerate(self.elements), alike))

    @property
    def key(self) -> str:
        """What the manifest calls it: 64 hexadecimal digits."""
        return hashlib.sha256(dumps(self).encode()).hexdigest()


def dumps(block: Block) -> str:
    """Canonical JSON, in ASCII: all that a block says, and nothing of where it stands."""
    elements = [[*_target(element.target), _attributes(element.attributes)] for element in block.elements]
    return json.dumps([VERSION, *block.head, elements], separators=(",", ":"))


def loads(text: str) -> Block:
    """The block that `dumps` gave `text` for. Where it stands is not known any more."""
    _, kind, mode, name, elements = json.loads(text)
    found = [Element(tuple(map(_attribute, attributes)), _MAKERS[what](value)) for what, value, attributes in elements]
    return Block(Head(kind, mode, name), tuple(found))


_MAKERS: dict[str, Callable[[str], Target]] = {"asset": Asset, "url": Address, "text": Code}


def _attribute(pair: tuple[str, list[str | int] | None]) -> tuple[str, Parts | None]:
    name, value = pair
    if value is None:
        return name, None
    return name, tuple(Expression(part) if isinstance(part, int) else part for part in value)


def _target(target: Target) -> tuple[str, str]:
    if isinstance(target, Asset):
        return "asset", target.name
    return ("url", target.url) if isinstance(target, Address) else ("text", target.text)


def _attributes(attributes: Attributes) -> list[object]:
    return [[name, None if value is None else _plain(value)] for name, value in attributes]


def _plain(value: Parts) -> list[str | int]:
    return [part.number if isinstance(part, Expression) else part for part in value]


# --- reading ---------------------------------------------------------------------------------------------


def read_head(tag: str, words: Sequence[str], where: Where) -> Head:
    """What the words behind the tag's name say. Raises `BlockError`."""
    kind = words[0].lower() if words else ""
    hint = f'write {{% {tag} "css" %}} or {{% {tag} "js" %}}, and behind it file, inline or preload if you want'
    if kind not in KINDS:
        found = f'says "{words[0]}"' if words else "says nothing of what it holds"
        raise BlockError(f"a block holds css or js, and this one {found}", hint=hint, where=where)
    mode = words[1].lower() if len(words) > 1 else "file"
    if mode not in MODES:
        raise BlockError(f'a block has no mode "{words[1]}"', hint=hint, where=where)
    name = words[2] if len(words) > 2 else ""
    if len(words) > 3 or (name and not _is_name(name)):
        text = "behind kind and mode a block takes one name of letters, digits, `-` and `_`"
        raise BlockError(text, hint="remove what is too much", where=where)
    return Head(kind, mode, name)


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def read(head: Head, pieces: Sequence[Piece]) -> Block:
    """The block whose body the `pieces` are. Raises `BlockError`."""
    block = Block(head, tuple(elements_of(head.kind, pieces)))
    for element in block.elements:
        _check(head, element)
    return block


def _check(head: Head, element: Element) -> None:
    names = {name for name, _ in element.attributes}
    if head.mode == "inline" and "defer" in names and not element.is_module:
        raise BlockError(
            "the text of a script in the page runs at once, so this one would not be deferred",
            hint="remove `inline` from the tag, or `defer` from the script",
            where=element.where,
        )


def numbered(found: dict[str | int, tuple[int, T]], one: T, *, name: str) -> Expression:
    """The expression `one` of a render, which is put into `found`, with its number.

    Where it does no more than to look up `name`, it is one wherever it stands. Any other, whose name is '', counts at
    each of its places: a call may give another value each time, and Python has values that are equal and not the same.
    """
    number, _ = found.setdefault(name or len(found), (len(found), one))
    return Expression(number)


def sources_of(group: Group) -> Iterator[str]:
    """What the name of a group's output stands for: everything that it is made of."""
    for element in group.elements:
        yield json.dumps(_target(element.target))
