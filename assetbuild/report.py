"""How things look: diagnostics and tables, as lines of text.

Knows no commands and no exit codes. Lines carry colours always; `Screen.show` takes them out where the stream is no
terminal. Every text that comes from a file or a name passes `cells.safe` before it gets here a colour.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from assetbuild import cells
from assetbuild.build import index
from assetbuild.build.model import Problem, Severity
from assetbuild.build.results import Built, Change, ChangeKind

if TYPE_CHECKING:
    from assetbuild.build.clean import Removal

LONG = 40
"""More rows than these are not shown by a build."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_NOTES = 3
"""So many notes of one kind are shown: whole packages give dozens, and would hide what is wrong."""
_RANK = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}
_EXCERPT = 100  # cells of a source line where the width of the screen is not known


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream to write to. `width` is None where it is no terminal; `colour` says whether colours may be written."""

    stream: TextIO
    width: int | None
    colour: bool

    def show(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        if text:
            click.echo(text, file=self.stream, nl=False, color=self.colour)


def screen(stream: TextIO, *, colour: bool) -> Screen:
    """The screen of `stream`; `colour` says whether colours are wanted if it is a terminal."""
    terminal = stream.isatty()
    return Screen(stream, _columns(stream) if terminal else None, terminal and colour)


def _columns(stream: TextIO) -> int:
    """The width of the terminal behind `stream`: of that one, as stdout may be a file where stderr is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80  # 0 where nobody has set it
    except OSError:
        return 80


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- diagnostics -----------------------------------------------------------------------------------------


def diagnostic(problem: Problem, *, width: int | None = None) -> list[str]:
    """`path:line:column: error[code]: text`, the source line with a caret, notes and the hint."""
    label = click.style(
        f"{problem.severity.value}[{cells.safe(problem.code)}]:", fg=_COLOURS[problem.severity], bold=True
    )
    place = problem.place
    where = ""
    if place is not None:
        parts = [cells.safe(cells.relative(place.path))]
        if place.line:
            parts += [str(place.line), *([str(place.column)] if place.column else [])]
        where = click.style(":".join(parts) + ":", bold=True) + " "
    lines = [f"{where}{label} {cells.safe(problem.text)}"]
    if place is not None and place.line and place.source_line:
        lines += _source(place.line, place.column, line=place.source_line, width=width)
    lines += [f"  note: {cells.safe(note)}" for note in problem.notes]
    if problem.hint:
        lines.append(f"  {click.style('hint:', fg='green')} {cells.safe(problem.hint)}")
    return lines


def _source(number: int, column: int, *, line: str, width: int | None) -> list[str]:
    # The gutter also keeps a source line from opening a line: CI systems obey lines that start with `::` or `##[`.
    gutter = f"{number:>5} | "
    part = cells.excerpt(line, column=column, limit=max((width or _EXCERPT) - len(gutter), 20))
    lines = [click.style(gutter, dim=True) + part.text.rstrip()]
    if column:
        blank = " " * (len(gutter) - 2) + "| "
        lines.append(click.style(blank, dim=True) + " " * part.caret + click.style("^", fg="green", bold=True))
    return lines


def diagnostics(problems: Sequence[Problem], *, width: int | None = None) -> list[str]:
    """All of them, errors last so that they stand next to the prompt, and how many there are when not one."""
    ordered = sorted(problems, key=lambda problem: _RANK[problem.severity])
    told: Counter[str] = Counter()
    lines: list[str] = []
    for problem in ordered:
        told[problem.code] += problem.severity is Severity.NOTE
        if told[problem.code] <= _NOTES or problem.severity is not Severity.NOTE:
            lines += diagnostic(problem, width=width)
        elif told[problem.code] == _NOTES + 1:
            rest = sum(other.code == problem.code and other.severity is Severity.NOTE for other in ordered) - _NOTES
            label = click.style(f"note[{cells.safe(problem.code)}]:", fg=_COLOURS[Severity.NOTE], bold=True)
            lines.append(f"{label} {counted(rest, 'more note')} of this kind: --json has all of them")
    if len(problems) > 1:
        lines.append(tally(problems))
    return lines


def tally(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`."""
    count = Counter(problem.severity for problem in problems)
    return ", ".join(counted(count[severity], severity.value) for severity in Severity if count[severity])


# --- tables ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One asset of a table. `variants` holds sizes by the config's word; `state` is '' or what happened to it."""

    logical: str
    output: str
    size: int
    variants: Mapping[str, int]
    state: str = ""


def table(rows: Sequence[Row], *, width: int | None = None, total: str = "") -> list[str]:
    """Aligned columns under a head, with sums where there are several rows; names are cut to fit `width`."""
    if not rows:
        return []
    kinds = [kind for kind in ("gzip", "br", "zstd") if any(kind in row.variants for row in rows)]
    numbers = [_numbers(row, kinds) for row in rows]
    foot = _numbers(_sum(rows), kinds)
    heads = ["size", *kinds]
    widths = [max(map(len, column)) for column in zip(heads, foot, *numbers, strict=True)]
    state = max(cells.width(row.state) for row in rows)
    logicals = [cells.safe(row.logical) for row in rows]
    outputs = [cells.safe(row.output) for row in rows]
    label = total or f"total, {counted(len(rows), 'file')}"
    first = max(map(cells.width, (*logicals, "asset", label if len(rows) > 1 else "")))
    second = max(map(cells.width, (*outputs, "output")))
    if width is not None:
        room = width - sum(widths) - 2 * len(widths) - 2 - (state + 2 if state else 0)
        first, second = _share(first, second, room=room)

    def line(logical: str, output: str, figures: Sequence[str], word: str) -> str:
        lead = [cells.pad(word, state)] if state else []
        named = [cells.pad(cells.shorten(logical, first), first), _dim_hash(cells.shorten(output, second), second)]
        aligned = [cells.pad_left(figure, to) for figure, to in zip(figures, widths, strict=True)]
        return "  ".join([*lead, *named, *aligned]).rstrip()

    lines = [click.style(line("asset", "output", heads, ""), bold=True)]
    lines += [
        line(logical, output, figures, row.state)
        for logical, output, figures, row in zip(logicals, outputs, numbers, rows, strict=True)
    ]
    if len(rows) > 1:
        lines.append(click.style(line(label, "", foot, ""), bold=True))
    return lines


def _numbers(row: Row, kinds: Sequence[str]) -> list[str]:
    return [
        cells.human(row.size),
        *(cells.human(row.variants[kind]) if kind in row.variants else "-" for kind in kinds),
    ]


def _sum(rows: Iterable[Row], logical: str = "") -> Row:
    """All rows as one. What has no variant is sent as it is, so then its own size counts."""
    listed = list(rows)
    kinds = sorted({kind for row in listed for kind in row.variants})
    variants = {kind: sum(row.variants.get(kind, row.size) for row in listed) for kind in kinds}
    return Row(logical, "", sum(row.size for row in listed), variants)


def _share(first: int, second: int, *, room: int) -> tuple[int, int]:
    """Two column widths that fit `room` together: the narrow one keeps its own, the wide one gets the rest."""
    room = max(room, 24)
    if first + second <= room:
        return first, second
    half = room // 2
    if first <= half:
        return first, room - first
    if second <= half:
        return room - second, second
    return room - half, half


def _dim_hash(output: str, to: int) -> str:
    padded = cells.pad(output, to)
    span = cells.hash_span(output)
    if span is None:
        return padded
    return padded[: span[0]] + click.style(padded[span[0] : span[1]], dim=True) + padded[span[1] :]


def by_folder(rows: Sequence[Row]) -> list[Row]:
    """One row of sums per first folder of the logical path; files of the top are `./`."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        top, slash, _ = row.logical.partition("/")
        groups.setdefault(top + "/" if slash else "./", []).append(row)
    return [
        Row(name, counted(len(group), "file"), total.size, total.variants)
        for name, group in sorted(groups.items())
        for total in [_sum(group)]
    ]


# --- what commands did -----------------------------------------------------------------------------------


def seconds(elapsed: float) -> str:
    return f"{elapsed * 1000:.0f} ms" if elapsed < 0.9995 else f"{elapsed:.1f} s"


_MADE = (ChangeKind.NEW, ChangeKind.CHANGED)


def asset_rows(entries: Mapping[str, Mapping[str, Any]], states: Mapping[str, str]) -> list[Row]:
    """The entries of a manifest as rows, in order of logical path; `states` says what happened to some."""
    return [
        Row(
            logical,
            entry["path"],
            entry["size"],
            {kind: variant["size"] for kind, variant in entry.get("variants", {}).items()},
            states.get(logical, ""),
        )
        for logical, entry in sorted(entries.items())
    ]


def built(result: Built, *, elapsed: float, width: int | None = None) -> list[str]:
    """What a build made, and the summary; one line if nothing was to do."""
    entries = result.assets
    if result.up_to_date:
        return [index.up_to_date(len(entries), result.build)]
    states = {change.logical: change.kind.value for change in result.changes if change.kind in _MADE}
    if len(set(map(states.get, entries))) == 1:  # all new, as in a first build: no column needed to say so
        states = {}
    rows = asset_rows(entries, states)
    lines = _made(rows, width=width)
    gone = sorted(change.logical for change in result.changes if change.kind is ChangeKind.REMOVED)
    lines += [f"no longer in the manifest: {cells.safe(logical)}" for logical in gone[:LONG]]
    if len(gone) > LONG:
        lines.append(f"no longer in the manifest: {len(gone) - LONG} more")
    lines += ways(result.ways)
    made = f"built {counted(len(entries), 'asset')} in {seconds(elapsed)}"
    lines.append(f"{made}: {counted(result.written, 'file')} written, build {result.build[:8]}")
    return lines


def _made(rows: Sequence[Row], *, width: int | None) -> list[str]:
    if len(rows) <= LONG:
        return table(rows, width=width)
    changed = [row for row in rows if row.state]
    more = click.style("every asset: assetbuild ls", dim=True)
    if 0 < len(changed) <= LONG:
        return [*table(changed, width=width), f"{len(rows) - len(changed)} unchanged; {more}"]
    return [*table(by_folder(rows), width=width, total=f"total, {counted(len(rows), 'file')}"), more]


_WAYS = {
    "processed": ("processed", "shorter"),
    "by the safe minifier": ("fallback",),
    "left as written": ("unchanged",),
}


def ways(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """`rjsmin: 12 processed, 1 by the safe minifier`, all processors in one line."""
    parts = []
    for name, taken in sorted(counts.items()):
        sums = {word: sum(taken.get(way, 0) for way in ways) for word, ways in _WAYS.items()}
        if shown := [f"{count} {word}" for word, count in sums.items() if count]:
            parts.append(f"{cells.safe(name)}: {', '.join(shown)}")
    return ["; ".join(parts)] if parts else []


_SIGNS = {ChangeKind.NEW: "green", ChangeKind.CHANGED: "yellow", ChangeKind.REMOVED: "red", ChangeKind.SAME: "white"}


def planned(result: Built, *, assets: int) -> list[str]:
    """What a build would change and why, and how much of each; one line if nothing."""
    if result.up_to_date:
        return [index.up_to_date(assets, result.build)]
    lines: list[str] = []
    for change in result.changes:
        if change.kind is not ChangeKind.SAME:
            lines += _change(change)
    count = Counter(change.kind for change in result.changes)
    summary = ", ".join(
        f"{count[kind]} {'unchanged' if kind is ChangeKind.SAME else kind.value}" for kind in ChangeKind if count[kind]
    )
    lines.append(f"would build {result.build[:8]}: {summary or 'nothing to change'}; nothing was written")
    return lines


def _change(change: Change) -> list[str]:
    word = click.style(cells.pad(change.kind.value, 7), fg=_SIGNS[change.kind])
    outputs = [_dim_hash(path, 0) for path in (cells.safe(change.old), cells.safe(change.new)) if path]
    head = f"{word}  {cells.safe(change.logical)}  {' -> '.join(outputs)}"
    return [head.rstrip(), *(f"           {cells.safe(reason)}" for reason in change.reasons)]


def indented(lines: Iterable[tuple[int, str]]) -> list[str]:
    """(depth, text) as lines, two blanks a step."""
    return [("  " * depth + cells.safe(text)).rstrip() for depth, text in lines]


def removed(removals: Sequence[Removal], *, dry_run: bool) -> list[str]:
    """What was removed, or all that would be, and how much; of very many only how much."""
    word = "would remove" if dry_run else "removed"
    if not removals:
        return ["nothing to remove"]
    lines = []
    if dry_run or len(removals) <= LONG:
        lines = [f"{word} {cells.safe(cells.relative(str(one.path)))}: {cells.safe(one.reason)}" for one in removals]
    count = Counter("folder" if one.kind.value == "folder" else "file" for one in removals)
    return [*lines, f"{word} " + " and ".join(counted(number, noun) for noun, number in sorted(count.items()))]
