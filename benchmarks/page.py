"""What was measured as a page of tables: first the demands, then every row with its ratio to the first of its table.

Only makes text. A row that is missing or failed is in its table, with the reason.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.cases import Case, Group
from benchmarks.measure import Measured, Run
from benchmarks.wanted import Judged, Median, Place

TEXT = """# Benchmarks

Written by `python -m benchmarks --write` (`make bench` prints the same). It is a measurement on one machine, no promise
and no test: run it on yours. Less is better everywhere; ratios are to the first row of each table.

Workload S is a typical site of npm packages: 30 files, 2.3 MB, with Bootstrap, jQuery, htmx, Leaflet, Select2, Moment,
Font Awesome and animate.css. {larger}All lies {place}. Each time is that of a whole process, from its start to its
end; the runs of all rows take turns, and the median of {rounds} is shown. "CPU" is what all its threads and processes
used, also as a median; other work on the machine disturbs it least. "Peak" is the most memory that all its processes
had together: the system's own count for the largest, or, where that is more, the sum as seen every 0.05 s.

"Cold" is without cache and output. "Outputs deleted, cache kept" is CI with a cache that is kept. "Nothing to do" has
both. "Again" is a second run of a program that has no such notion: what one pays when nothing changed. What each row
does is not quite the same; what stands above each table says where it differs. A peer that is missing has a row that
says so: hugo and Sprockets come from the system (Debian's `hugo`, `ruby-sprockets`, `ruby-terser` and `ruby-cssmin`),
node too, and all others are fetched.

{notice}## What is asked for

"Wanted" is the most that is asked of this project, and "measured" what this run showed, both beside "against".

{demands}
{tables}
## Where

- {cores} cores, {machine}, {python}; load average {load:.1f} at the start
- {versions}
"""

LARGER = """M and L are whole libraries as published: 2,470 files, 54 MB, and 11,007 files, 141 MB. """


def medians(found: Measured) -> dict[Place, Median]:
    return {
        (group.title, case.name): _median(found.runs[case])
        for group in found.groups
        for case in group.cases
        if found.runs[case] and case not in found.failed
    }


def _median(runs: Sequence[Run]) -> Median:
    return Median(
        statistics.median(run.clock for run in runs),
        statistics.median(run.cpu for run in runs),
        statistics.median(run.peak for run in runs),
    )


def page(found: Measured, judged: Sequence[Judged], facts: Mapping[str, object]) -> str:
    middle = medians(found)
    counts = sorted({len(found.runs[case]) for case in found.runs if found.runs[case]})
    return TEXT.format(
        notice=_notice(found),
        larger=LARGER if any(group.title[0] in "ML" for group in found.groups) else "",
        rounds=" or ".join(map(str, counts)) or "none",
        demands=demand_table(judged),
        tables="\n".join(table(group, found, middle) for group in found.groups),
        **facts,
    )


def _notice(found: Measured) -> str:
    lines = [f"{title} could not be prepared: {why}" for title, why in sorted(found.unprepared.items())]
    if found.interrupted:
        lines.append("This run was interrupted: rows have fewer runs than others, or none.")
    return "".join(f"**{line}**\n\n" for line in lines)


def demand_table(judged: Sequence[Judged]) -> str:
    lines = ["| work | against | measured | wanted | |", "|---|---|---:|---:|---|"]
    for each in judged:
        unit = f" {each.unit}" if each.unit else ""
        measured = "" if each.measured is None else f"{_number(each.measured)}{unit}"
        wanted = f"{_number(each.wanted)}{unit}" if each.wanted else ""
        lines.append(f"| {_cell(each.work)} | {_cell(each.against)} | {measured} | {wanted} | {_cell(each.verdict)} |")
    return "\n".join(lines) + "\n"


def table(group: Group, found: Measured, middle: Mapping[Place, Median]) -> str:
    lines = [f"## {group.title}", "", group.note, ""]
    lines += ["| | time | ratio | CPU | ratio | peak |", "|---|---:|---:|---:|---:|---:|"]
    base = next((middle[place] for case in group.cases if (place := (group.title, case.name)) in middle), None)
    for case in group.cases:
        median = middle.get((group.title, case.name))
        if median and base:
            ratios = f"{median.clock:.3f} s | {median.clock / base.clock:.3g} | {median.cpu:.3f} s"
            lines.append(f"| {case.name} | {ratios} | {_quotient(median.cpu, base.cpu)} | {median.peak:.0f} MB |")
        else:
            lines.append(f"| {case.name}: {_cell(_absence(case, found))} | | | | | |")
    return "\n".join(lines) + "\n"


def _absence(case: Case, found: Measured) -> str:
    if case.missing:
        return f"missing, {case.missing}"
    return f"failed, {found.failed[case]}" if case in found.failed else "not run"


def _quotient(number: float, base: float) -> str:
    return f"{number / base:.3g}" if base else ""


def _number(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def _cell(text: str) -> str:
    """Text that neither ends the cell nor the row."""
    return " ".join(text.split()).replace("|", "\\|")
