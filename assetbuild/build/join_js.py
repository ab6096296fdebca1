"""Joins classic scripts into one text that does what they did one after the other.

Knows no files and no configuration; minifying comes later, over the joined text. What cannot be joined (modules, texts
that do not parse) is told by `problems_of_input`, which the caller asks before it joins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assetbuild.build.edits import Edit, edited
from assetbuild.build.js_names import current_script
from assetbuild.build.model import Problem, Severity, place_at
from assetbuild.build.scan_js import Script

BARRIER = "\n;\n"
"""Ends a line comment, then a statement: no input can swallow or continue another."""

_META = re.compile(r"import\s*\.\s*meta\b")
_LINE_ENDS = ("\n", "\r", "\u2028", "\u2029")


@dataclass(frozen=True, slots=True)
class JoinInput:
    """One input of a bundle. `script` was read from `text`.

    `marks` are replacements (start, end, text) to make on the way, in characters of `text`, for what must be found
    again in the joined text; one inside a comment that is dropped goes with it.
    """

    path: str
    text: str
    script: Script
    marks: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """The joined text, and notes on what could not stay as it was."""

    text: str
    problems: tuple[Problem, ...] = ()


def problems_of_input(path: str, text: str, script: Script) -> tuple[Problem, ...]:
    """Why this text cannot be an input of a classic bundle; empty when it can."""
    if script.error is not None:
        why = f" ({script.reason})" if script.reason else ""
        return (
            Problem(
                "js-syntax",
                f"this script does not parse{why}, and would break every other script of the bundle",
                place_at(path, text, script.error),
                hint="correct it, or take it out of the bundle and publish it on its own",
            ),
        )
    if script.module_syntax is not None:
        return (
            Problem(
                "module-in-bundle",
                f"{_module_words(text, script.module_syntax)}, so it cannot be an input of a classic bundle",
                place_at(path, text, script.module_syntax),
                hint='publish it on its own and load it with <script type="module">, '
                "or list the library's classic (UMD or IIFE) build instead",
            ),
        )
    return ()


def _module_words(text: str, offset: int) -> str:
    """What the syntax at `offset` says of its script."""
    if text.startswith(("await", "for"), offset):
        return "this is an ES module, or no script at all: `await` outside functions is a syntax error in a classic one"
    word = "import" if text.startswith("import", offset) else "export"
    word = "import.meta" if _META.match(text, offset) else word
    return f"this is an ES module: `{word}` is a syntax error in a classic script"


def join(inputs: Sequence[JoinInput]) -> Joined:
    """Join inputs that have no problems.

    Byte-order marks go, the hashbang lines of all but the first input too, and source-map comments unless there is
    one input only: they speak of lines that are elsewhere now. 'use strict' at the top would hold for the whole
    bundle, so it stays only where every input with code has it.
    """
    coded = [item for item in inputs if not item.script.blank]
    strict = [item for item in coded if item.script.strict]
    spreads = 0 < len(strict) < len(coded)
    pieces: list[str] = []
    pending = ""
    for index, item in enumerate(inputs):
        edits = [*item.marks]
        if len(inputs) > 1:
            edits += [(start, end, remainder(item.text[start:end])) for start, end in item.script.map_comments]
        if index > 0:
            edits.append((0, item.script.hashbang_end, ""))
        if item.script.strict_at is not None and spreads:
            # In a later input too: those before may hold nothing but directives, which its own would go on. An empty
            # statement ends the directive prologue (ECMA-262, section 11.2.1); one `;` may end a directive.
            edits.append((*item.script.strict_at, ";;"))
        text = edited(item.text, edits).removeprefix("\ufeff")
        if not text.strip():
            continue
        # after an input without code there is no statement to end, and `;` would end the directive prologue
        pieces += [pending, text]
        pending = "\n" if item.script.blank else BARRIER
    problems = [_lost_strictness(item) for item in strict] if spreads else []
    if len(coded) > 1:
        problems += filter(None, map(_other_script, coded))
    return Joined("".join(pieces), tuple(problems))


def remainder(comment: str) -> str:
    """What a dropped comment leaves: where it parted tokens or lines, that stays so (ECMA-262, section 12.4)."""
    if comment.startswith("//"):
        return ""
    return "\n" if any(end in comment for end in _LINE_ENDS) else " "


def _lost_strictness(item: JoinInput) -> Problem:
    offset = item.script.strict_at[0] if item.script.strict_at else 0
    return Problem(
        "strict-dropped",
        "'use strict' of this file does not hold in the bundle: not all inputs have it, and it would bind those too",
        place_at(item.path, item.text, offset),
        Severity.NOTE,
        hint="put it inside a function that wraps the file, or into every input of the bundle",
    )


def _other_script(item: JoinInput) -> Problem | None:
    offset = current_script(item.text)
    if offset is None:
        return None
    return Problem(
        "current-script",
        "`document.currentScript` is the bundle's element: its `src` and attributes are not those of this file",
        place_at(item.path, item.text, offset),
        Severity.NOTE,
        hint="if the file finds its neighbours or settings by it, publish it on its own",
    )
