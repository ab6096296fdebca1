"""What `assetbuild doctor` finds out, as values: findings with a verdict, in sections.

Knows neither how anything is found out nor how it looks. A finding that is not as it should be has its cause and the
next action as diagnostics, which the command line shows as those of every other command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from assetbuild.build.model import Problem, Severity


class Verdict(Enum):
    """How a finding is meant. All but the first two and the last have problems that say more."""

    OK = "ok"
    """As it should be."""
    SKIPPED = "skipped"
    """Not looked at: not asked for, or something before it failed."""
    NOTE = "note"
    """Not as everywhere, and no harm."""
    WARNING = "warning"
    """Publishing works, and somebody should look at this."""
    ERROR = "error"
    """Publishing, or what is published, would not work."""


class Part(Enum):
    """What a section is about."""

    LOCAL = "local"
    """This machine, the configuration and the build on disk."""
    TARGET = "target"
    """Where objects are published."""
    STATE = "state"
    """Where releases are noted, if that is a target of its own."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `found` is for people and holds no secret; `action` is a permission that is missing, or ''."""

    name: str
    verdict: Verdict
    found: str
    problems: tuple[Problem, ...] = ()
    action: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of one part; `place` is the configuration or the target that they are about."""

    part: Part
    place: str
    findings: tuple[Finding, ...]


Diagnosis = Sequence[Section]


def works(diagnosis: Diagnosis) -> bool:
    """Whether nothing was found that would keep a publish from working."""
    return all(finding.verdict is not Verdict.ERROR for section in diagnosis for finding in section.findings)


_BY_SEVERITY = {Severity.ERROR: Verdict.ERROR, Severity.WARNING: Verdict.WARNING, Severity.NOTE: Verdict.NOTE}
_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def fine(name: str, found: str) -> Finding:
    return Finding(name, Verdict.OK, found)


def skipped(name: str, why: str) -> Finding:
    return Finding(name, Verdict.SKIPPED, why)


def judged(name: str, found: str, *problems: Problem, action: str = "") -> Finding:
    """A finding with the verdict that its problems have; fine without any."""
    severities = {problem.severity for problem in problems}
    worst = next((severity for severity in _WORST_FIRST if severity in severities), None)
    return Finding(name, _BY_SEVERITY[worst] if worst else Verdict.OK, found, problems, action)
