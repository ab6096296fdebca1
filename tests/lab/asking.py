"""Questions to a node program that stays: one line of JSON for each question, one for its answer.

Knows neither what is asked nor what tools the program uses.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.workload import require


@dataclass(frozen=True, slots=True)
class Asking:
    questions: IO[str]
    answers: IO[str]

    def __call__(self, question: object) -> Any:
        self.questions.write(json.dumps(question) + "\n")
        self.questions.flush()
        return json.loads(self.answers.readline())


@contextmanager
def asking(program: str, *, modules: Path, log: Path) -> Iterator[Asking]:
    """The running program, which finds its packages in `modules`; what it says of itself goes to `log`."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [require("node"), "-e", program],
            cwd=modules.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        yield Asking(process.stdin, process.stdout)
