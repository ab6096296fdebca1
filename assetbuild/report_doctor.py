"""How `doctor`'s findings look: a table with a verdict per line, and as JSON. Causes and hints are diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import click

from assetbuild import cells
from assetbuild.build.doctor_findings import Diagnosis, Part, Section, Verdict, works
from assetbuild.documents import Document

_COLOURS = {
    Verdict.OK: "green",
    Verdict.SKIPPED: "bright_black",
    Verdict.NOTE: "cyan",
    Verdict.WARNING: "yellow",
    Verdict.ERROR: "red",
}


def lines(diagnosis: Diagnosis) -> list[str]:
    """A table for each section, and what it comes to."""
    names = [finding.name for section in diagnosis for finding in section.findings]
    width = max(map(len, names), default=0)
    return [*chain.from_iterable(_table(section, width) for section in diagnosis), _sum(diagnosis)]


def _table(section: Section, width: int) -> Iterator[str]:
    place = "this machine" if section.part is Part.LOCAL else f"{section.part.value} {cells.safe(section.place)}"
    yield click.style(place, bold=True)
    for finding in section.findings:
        word = click.style(cells.pad(finding.verdict.value, 7), fg=_COLOURS[finding.verdict])
        yield f"  {word}  {cells.pad(finding.name, width)}  {cells.safe(finding.found)}".rstrip()


def _sum(diagnosis: Diagnosis) -> str:
    is_local = all(section.part is Part.LOCAL for section in diagnosis)
    if not works(diagnosis):
        return "builds would not work" if is_local else "publishing would not work"
    return "nothing wrong here; no [publish] names a target" if is_local else "publishing would work"


def document(diagnosis: Diagnosis) -> Document:
    """What `--json` has besides the problems, whose texts and hints each finding repeats."""
    return {
        "sections": [
            {
                "part": section.part.value,
                "place": cells.relative(section.place) if section.part is Part.LOCAL else section.place,
                "findings": [
                    {
                        "name": finding.name,
                        "verdict": finding.verdict.value,
                        "found": finding.found,
                        "causes": [{"text": each.text, "hint": each.hint} for each in finding.problems],
                        "action": finding.action or None,
                    }
                    for finding in section.findings
                ],
            }
            for section in diagnosis
        ]
    }
