"""Bundles out of a webassets YAML file, as far as it is plain: for `assetbuild init`, which turns them into config.

Knows the shape that webassets' documentation shows (`bundles:`, a name, `contents`, `filters`, `output`) and not YAML:
whatever is written another way is left to the user, who is told so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assetbuild.build.webassets_model import OURS
from assetbuild.placeholders import without_version

_LINE = re.compile(r"(?P<indent> *)(?:(?P<item>- +)?(?P<rest>.*?))\s*$")
_PAIR = re.compile(r"(?P<key>[\w./%()-]+)\s*:(?:\s+(?P<value>.+))?$")
_PLAIN = re.compile(r"[\w./@+~-][\w ./@+~*%(),-]*")


@dataclass(frozen=True, slots=True)
class OldBundle:
    """A bundle of webassets. `filters` are those that do more than minify; `contents` may be other bundles' names.

    `names` are those that templates use, `where` is the file and line, if they are known; `attributes` those of the
    element that loads it, `extra` what templates ask for as `EXTRA`, as it is written.
    """

    name: str
    output: str
    contents: tuple[str, ...]
    filters: tuple[str, ...]
    names: tuple[str, ...] = ()
    where: str = ""
    attributes: str = ""
    extra: str = ""


@dataclass(frozen=True, slots=True)
class OldConfig:
    """What a file says: `directory` is where its paths start ('' is the file's own folder)."""

    directory: str
    bundles: tuple[OldBundle, ...]


class NotPlain(Exception):
    """The file is written in a way that is not read here; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not plain")
        self.line = line


def read(text: str) -> OldConfig | None:
    """The bundles of a file, None where it has no `bundles:`. Raises `NotPlain`."""
    lines = _lines(text)
    tops = [index for index, line in enumerate(lines) if line.indent == 0]
    directory = ""
    found: list[OldBundle] | None = None
    for start, end in zip(tops, [*tops[1:], len(lines)], strict=True):
        key, value = _pair(lines[start])
        if key == "directory":
            directory = _scalar(value, lines[start])
        if key == "bundles" and not value:
            found = _bundles(lines[start + 1 : end])
    return None if found is None else OldConfig("" if directory == "." else directory.removeprefix("./"), tuple(found))


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    is_item: bool
    text: str


def _lines(text: str) -> list[_Line]:
    found = []
    for number, raw in enumerate(text.splitlines(), 1):
        plain = re.sub(r"(?:^|\s)#.*", "", raw)
        match = _LINE.fullmatch(plain)
        if match is None or "\t" in plain:
            raise NotPlain(number)
        if match["rest"] and not (number == 1 and match["rest"] == "---"):
            found.append(_Line(number, len(match["indent"]), match["item"] is not None, match["rest"]))
    return found


def _bundles(lines: list[_Line]) -> list[OldBundle]:
    blocks = _blocks(lines)
    return [_bundle(_pair(head)[0], head, body) for head, body in blocks]


def _blocks(lines: list[_Line]) -> list[tuple[_Line, list[_Line]]]:
    """The lines at the first indentation, each with what is indented below it."""
    blocks: list[tuple[_Line, list[_Line]]] = []
    for line in lines:
        if not blocks or (line.indent == blocks[0][0].indent and not line.is_item):
            blocks.append((line, []))
        elif line.indent > blocks[0][0].indent or line.is_item:
            blocks[-1][1].append(line)
        else:
            raise NotPlain(line.number)
    return blocks


def _bundle(name: str, head: _Line, body: list[_Line]) -> OldBundle:
    if _pair(head)[1]:
        raise NotPlain(head.number)
    settings: dict[str, list[str]] = {}
    for line, below in _blocks(body):
        key, value = _pair(line)
        if (value and below) or any(not item.is_item for item in below):
            raise NotPlain(line.number)
        flow = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else [value] if value else []
        settings[key] = [_scalar(item.strip(), line) for item in flow] + [_scalar(item.text, item) for item in below]
    filters = [part.strip() for item in settings.get("filters", []) for part in item.split(",")]
    return OldBundle(
        name,
        without_version(next(iter(settings.get("output", [])), "")),
        tuple(part.strip() for item in settings.get("contents", []) for part in item.split(",")),
        tuple(part for part in filters if part and part not in OURS),
    )


def _pair(line: _Line) -> tuple[str, str]:
    match = _PAIR.fullmatch(line.text)
    if match is None or line.is_item:
        raise NotPlain(line.number)
    return match["key"], match["value"] or ""


def _scalar(text: str, line: _Line) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and "\\" not in text:
        return text[1:-1]
    if not _PLAIN.fullmatch(text):
        raise NotPlain(line.number)
    return text
