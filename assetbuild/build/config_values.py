"""Checked reading of configuration values: each function gives a usable value and appends what is wrong with it.

Knows TOML types, globs and logical paths, but no files and none of the keys: which keys there are is said in
`config.py`. Nothing here raises, so that one run reports every problem.
"""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from assetbuild.build.globs import compile_glob
from assetbuild.build.model import Place, Problem
from assetbuild.build.toml_places import Document

_Choice = TypeVar("_Choice", bound=enum.Enum)

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a float"),
    (list, "a list"),
    (dict, "a table"),
)

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([A-Za-z]{1,3})")
# IEC 80000-13: kilo is 1000, and kibi is 1024.
_UNITS = {"b": 1} | {
    f"{letter}{infix}b": base**power
    for infix, base in (("", 1000), ("i", 1024))
    for power, letter in enumerate("kmgt", 1)
}


def type_name(value: object) -> str:
    """What TOML calls the type of `value`, with its article."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "a date or time")


def similar(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or ''."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1) or difflib.get_close_matches(
        word.lower(), [item.lower() for item in words], n=1
    )
    return next((item for item in words if item in near or item.lower() in near), "")


def wrong_type(key: str, value: object, place: Place, *, expected: str, hint: str) -> Problem:
    return Problem("config-type", f"`{key}` must be {expected}, not {type_name(value)}", place, hint=hint)


def unknown_word(code: str, text: str, word: str, known: Collection[str], place: Place) -> Problem:
    """A word out of a closed list: the hint names the one that was probably meant, or all of them."""
    meant = similar(word, known)
    hint = f"did you mean `{meant}`?" if meant else "use one of " + ", ".join(f"`{item}`" for item in sorted(known))
    return Problem(code, text, place, hint=hint)


def unknown_keys(
    document: Document, path: tuple[str | int, ...], table: Mapping[str, object], *, known: Collection[str], where: str
) -> list[Problem]:
    """One problem for each key of the table at `path` that is not known."""
    return [
        unknown_word("config-unknown-key", f"{where} has no key `{key}`", key, known, document.at_key(*path, key))
        for key in table
        if key not in known
    ]


def path_string(document: Document, problems: list[Problem], key: str, *, default: str, example: str) -> str:
    """A path: not empty, no control characters, no `~` that a shell would have expanded."""
    value = document.table.get(key, default)
    if not isinstance(value, str):
        hint = f'write {key} = "{example}"'
        problems.append(wrong_type(key, value, document.at_value(key), expected="a string", hint=hint))
        return default
    reason = text_problem(value)
    if value.startswith("~"):
        reason = "starts with `~`, which is not expanded, as it differs between machines"
    if reason:
        problems.append(
            Problem("config-value", f"`{key}` {reason}", document.at_value(key), hint=f'write {key} = "{example}"')
        )
        return default
    return value


def table(document: Document, problems: list[Problem], key: str, *, hint: str) -> Mapping[str, object]:
    """A table, empty where there is none."""
    value = document.table.get(key, {})
    if isinstance(value, dict):
        return value
    problems.append(wrong_type(key, value, document.at_value(key), expected="a table", hint=hint))
    return {}


def choice(document: Document, problems: list[Problem], key: str, *, default: _Choice) -> _Choice:
    """A string that is one of the values of the default's enum."""
    value = document.table.get(key, default.value)
    known = {str(member.value): member for member in type(default)}
    listed = " or ".join(f'"{word}"' for word in known)
    if not isinstance(value, str):
        hint = f'write {key} = "{default.value}"'
        problems.append(wrong_type(key, value, document.at_value(key), expected=listed, hint=hint))
        return default
    if value not in known:
        text = f'`{key}` must be {listed}, not "{value}"'
        problems.append(unknown_word("config-value", text, value, known, document.at_value(key)))
        return default
    return known[value]


def size(document: Document, problems: list[Problem], key: str, *, default: str) -> int:
    """A number of bytes: an integer, or a string such as the default."""
    value = document.table.get(key, default)
    hint = f'write {key} = "{default}", or a whole number of bytes'
    place = document.at_value(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        expected = "a string or an integer"
        problems.append(wrong_type(key, value, place, expected=expected, hint=hint))
        return 0
    if isinstance(value, int):
        if value < 0:
            problems.append(Problem("config-value", f"`{key}` may not be less than 0", place, hint=hint))
        return value
    found = _SIZE.fullmatch(value)
    if found is None or found[2].lower() not in _UNITS:
        units = "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"
        text = f'`{key}` is no size: "{printable(value)}" is not a number and one of {units}'
        problems.append(Problem("config-value", text, place, hint=hint))
        return 0
    return int(Decimal(found[1]) * _UNITS[found[2].lower()])


def globs(
    document: Document, problems: list[Problem], key: str, *, default: tuple[str, ...], example: str
) -> tuple[str, ...]:
    """A list of globs. Twice the same is the same as once."""
    value = document.table.get(key, list(default))
    hint = f'write {key} = ["{example}"]'
    if not isinstance(value, list):
        problems.append(wrong_type(key, value, document.at_value(key), expected="a list of globs", hint=hint))
        return default
    found: dict[str, None] = {}
    for index, item in enumerate(value):
        place = document.at_value(key, index)
        if not isinstance(item, str):
            problems.append(wrong_type(f"{key}[{index}]", item, place, expected="a string", hint=hint))
            continue
        problem = glob_problem(item, place, where=f"in `{key}`", hint=hint)
        if problem:
            problems.append(problem)
        else:
            found[item] = None
    return tuple(found)


def glob_problem(pattern: str, place: Place, *, where: str, hint: str) -> Problem | None:
    """What is wrong with a glob, if anything."""
    try:
        compile_glob(pattern)
    except ValueError as reason:
        return Problem("config-glob", f'"{printable(pattern)}" {where} is not a valid glob: {reason}', place, hint=hint)
    return None


def text_problem(text: str) -> str:
    """Why `text` can be no path, in words that follow its name; '' where it can."""
    if not text.strip():
        return "may not be empty"
    return "holds a control character" if has_control(text) else ""


def has_control(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)


def printable(text: str) -> str:
    """`text` with its control characters escaped, as a message may show it."""
    return "".join(
        character if ord(character) >= 32 and ord(character) != 127 else f"\\x{ord(character):02x}"
        for character in text
    )


def logical_path_problem(text: str) -> str:
    """Why `text` is no logical path, in words that follow its name; '' where it is one."""
    problem = text_problem(text)
    if problem:
        return problem
    if "\\" in text:
        return "holds a backslash: folders are separated with `/`"
    if text.startswith("/"):
        return "starts with `/`: it is relative to the root of the namespace"
    if text.endswith("/") or "//" in text:
        return "has an empty segment"
    for segment in text.split("/"):
        if segment in (".", ".."):
            return f"holds the segment `{segment}`"
        if segment.startswith("."):
            return f"holds `{segment}`: names that start with a dot are never published"
    return ""
