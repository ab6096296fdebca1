"""Where in a TOML text each key and each value stands, so that a message can point at it.

`tomllib` gives positions for syntax errors only. This walks a text that `tomllib` has already accepted, so it checks
nothing; what it is unsure of it leaves out, because no place is better than a wrong one.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from assetbuild.build.model import Place, place_at

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_BLANKS = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}' r"|'''(?:[^']|'(?!''))*+'{3,5}" r'|"(?:[^"\\\n]|\\.)*+"' r"|'[^'\n]*+'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class TomlError(Exception):
    """A text that is no TOML; `place` as far as it is known."""

    def __init__(self, text: str, place: Place) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True, slots=True)
class Document:
    """A table of a TOML text, with places. `prefix` is where in the text it stands: () or ("tool", "assetbuild")."""

    path: str
    text: str
    table: Mapping[str, object]
    prefix: KeyPath
    keys: Mapping[KeyPath, int]
    values: Mapping[KeyPath, int]

    def at_key(self, *path: str | int) -> Place:
        """The place of a key below the table; its file alone where that is not known."""
        return self._place(self.keys.get(self.prefix + path))

    def at_value(self, *path: str | int) -> Place:
        """The place of a value below the table, or of the nearest enclosing value that is known."""
        for length in range(len(path), 0, -1):
            found = self.values.get(self.prefix + path[:length])
            if found is not None:
                return self._place(found)
        return self._place(self.keys.get(self.prefix + path))

    def _place(self, offset: int | None) -> Place:
        return Place(self.path) if offset is None else place_at(self.path, self.text, offset)


def parse(text: str, *, path: str) -> Document:
    """The whole text as a document. Raises `TomlError`."""
    text = text.replace("\r\n", "\n")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise TomlError("its lists or tables are nested too deeply", Place(path)) from None
    except ValueError as error:  # TOMLDecodeError, or an integer longer than Python converts
        raise _located(str(error), path=path, text=text) from None
    keys: dict[KeyPath, int] = {}
    values: dict[KeyPath, int] = {}
    with contextlib.suppress(_Unsure, RecursionError):  # what was found until then is right
        _Walk(text, keys, values).document()
    return Document(path, text, table, (), keys, values)


def _located(message: str, *, path: str, text: str) -> TomlError:
    match = _AT.search(message)
    if match is None:
        return TomlError(message, Place(path))
    lines = text.split("\n")
    if match[1] is None:
        last = len(text.rstrip())
        return TomlError(message[: match.start()] + " at the end of the file", place_at(path, text, last))
    line, column = int(match[1]), int(match[2])
    source = lines[line - 1] if line <= len(lines) else ""
    return TomlError(message[: match.start()], Place(path, line, column, source))


class _Unsure(Exception):
    """The walk met what it did not expect."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk over `text`; offsets go into `keys` and `values`."""

    text: str
    keys: dict[KeyPath, int]
    values: dict[KeyPath, int]

    def document(self) -> None:
        arrays: dict[KeyPath, int] = {}  # arrays of tables, with the index of their last element
        here: KeyPath = ()
        position = self._skip(_BLANKS, 0)
        while position < len(self.text):
            if self.text.startswith("[", position):
                here, position = self._header(position, arrays)
            else:
                position = self._pair(position, here)
            position = self._skip(_BLANKS, position)

    def _header(self, start: int, arrays: dict[KeyPath, int]) -> tuple[KeyPath, int]:
        many = self.text.startswith("[[", start)
        names, position = self._key(start + (2 if many else 1))
        path: KeyPath = ()
        for index, (name, offset) in enumerate(names):
            path = (*path, name)
            self.keys.setdefault(path, offset)
            is_last = index == len(names) - 1
            if is_last and many:
                arrays[path] = arrays.get(path, -1) + 1
            if path in arrays:
                path = (*path, arrays[path])
            if is_last:
                self.values.setdefault(path, start)
        return path, self._expect("]]" if many else "]", position)

    def _pair(self, start: int, here: KeyPath) -> int:
        names, position = self._key(start)
        path = here
        for name, offset in names:
            path = (*path, name)
            self.keys.setdefault(path, offset)
        position = self._skip(_BLANK, self._expect("=", position))
        return self._value(position, path)

    def _key(self, position: int) -> tuple[list[tuple[str, int]], int]:
        """A dotted key as names with their offsets, and the position after it and the blanks that follow."""
        names: list[tuple[str, int]] = []
        while True:
            position = self._skip(_BLANK, position)
            if bare := _BARE.match(self.text, position):
                names.append((bare[0], position))
                position = bare.end()
            elif quoted := _STRING.match(self.text, position):
                names.append((tomllib.loads(f"k={quoted[0]}")["k"], position))
                position = quoted.end()
            else:
                raise _Unsure
            position = self._skip(_BLANK, position)
            if not self.text.startswith(".", position):
                return names, position
            position += 1

    def _value(self, start: int, path: KeyPath) -> int:
        self.values.setdefault(path, start)
        if self.text.startswith("[", start):
            return self._items(start + 1, path, closing="]")
        if self.text.startswith("{", start):
            return self._items(start + 1, path, closing="}")
        match = _STRING.match(self.text, start) or _SCALAR.match(self.text, start)
        if match is None:
            raise _Unsure
        return match.end()

    def _items(self, position: int, path: KeyPath, *, closing: str) -> int:
        """What stands in an array or an inline table, up to and with its closing bracket."""
        index = 0
        while True:
            position = self._skip(_BLANKS, position)
            if self.text.startswith(closing, position):
                return position + 1
            if index:
                position = self._skip(_BLANKS, self._expect(",", position))
                if self.text.startswith(closing, position):
                    return position + 1
            position = self._value(position, (*path, index)) if closing == "]" else self._pair(position, path)
            index += 1

    def _skip(self, blanks: re.Pattern[str], position: int) -> int:
        match = blanks.match(self.text, position)
        return match.end() if match else position

    def _expect(self, mark: str, position: int) -> int:
        if not self.text.startswith(mark, position):
            raise _Unsure
        return position + len(mark)
