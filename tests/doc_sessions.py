"""The fenced blocks of a Markdown page, and its shell sessions: files are written, commands run, output compared.

A block whose first line is a comment with nothing but a path is a file, that line included. A `console` block holds
commands (`$ ` and, for the lines after the first, `> `), each followed by what it prints, stdout and stderr together.
In the expected output a time is any time, and `...` is anything up to the end of the line or, on a line of its own,
any lines. All blocks of a page are one session, in a folder that starts out empty.

`python -m tests.doc_sessions README.md` writes what the commands print now into the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

BIN = Path(sys.executable).parent
_FENCE = re.compile(r"^```(\w*)[ \t]*(.*)$")
_TITLE = re.compile(r"^(?:#|//|/\*|<!--|\{#)\s*([\w.-]+(?:/[\w.-]+)*)\s*(?:-?#\}|\*/|-->)?\s*$")
_TIME = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s)\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the rest of the info string, its text, and the number of its first line."""

    language: str
    info: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The path of the file that the block shows, or ''. An `example` only shows what a file may look like."""
        shown = self.language not in ("console", "text") and self.info != "example"
        found = _TITLE.match(self.text.split("\n", 1)[0]) if shown else None
        name = found[1] if found else ""
        return name if "." in name.rpartition("/")[2] or name in ("Makefile", "Dockerfile") else ""


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what the page says it prints."""

    command: str
    expected: str
    line: int


@dataclass(slots=True)
class Session:
    """A shell whose folder and last exit code outlive each command. Nothing of the user's settings reaches it."""

    folder: Path
    home: Path
    code: int = 0
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command: str) -> str:
        place = self.home / "pwd"
        script = f"(exit {self.code})\n{command}\ncode=$?\npwd >'{place}'\nexit $code\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        self.code = done.returncode
        if place.exists():
            self.folder = Path(place.read_text("utf-8").rstrip("\n"))
        return "\n".join(line.rstrip() for line in done.stdout.decode("utf-8", "replace").rstrip("\n").split("\n"))


def blocks(text: str) -> list[Block]:
    """Every fenced block of a page."""
    found: list[Block] = []
    opened: Block | None = None
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened = Block(fence[1], fence[2], "", number + 1)
        elif opened is not None and line == "```":
            found.append(opened)
            opened = None
        elif opened is not None:
            opened = replace(opened, text=f"{opened.text}{line}\n")
    assert opened is None, f"a block is not closed: {opened}"
    return found


def steps(block: Block) -> Iterator[Step]:
    command, expected, start = "", list[str](), block.line
    for number, line in enumerate(block.text.rstrip("\n").split("\n"), block.line):
        if line.startswith("$ "):
            if command:
                yield Step(command, "\n".join(expected), start)
            command, expected, start = line[2:], [], number
        elif line.startswith("> ") and not expected:
            command += "\n" + line[2:]
        else:
            expected.append(line)
    assert command, f"line {block.line}: a console block begins with a command"
    yield Step(command, "\n".join(expected), start)


def matches(expected: str, printed: str) -> bool:
    """Whether `printed` is what the page shows."""
    pattern = "".join(_line_pattern(line) for line in expected.split("\n"))
    return re.fullmatch(pattern, f"{printed}\n") is not None


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*?"
    pieces = [re.escape(piece).replace(r"\.\.\.", ".*") for piece in _TIME.split(line)]
    return _TIME.pattern.join(pieces) + "\n"


def run_page(text: str, folder: Path) -> Iterator[tuple[Step, str]]:
    """Play the page's session in `folder`; yields each step with what it really printed."""
    project, home = folder / "project", folder / "home"
    project.mkdir()
    home.mkdir()
    session = Session(project, home)
    for block in blocks(text):
        if block.file:
            path = session.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        if block.language == "console":
            for step in steps(block):
                yield step, session.run(step.command).replace(str(project), "...")


def updated(text: str, folder: Path) -> str:
    """The page with what its commands print now, where that differs from what it shows."""
    lines = text.split("\n")
    for step, printed in reversed(list(run_page(text, folder))):
        if not matches(step.expected, printed):
            assert "error[internal]" not in printed, f"line {step.line}: $ {step.command}\n{printed}"
            start = step.line + step.command.count("\n")
            count = len(step.expected.split("\n")) if step.expected else 0
            lines[start : start + count] = printed.split("\n") if printed else []
    return "\n".join(lines)


def main(pages: list[str]) -> None:
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(updated(page.read_text("utf-8"), Path(folder)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
