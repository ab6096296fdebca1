"""How the builds of `assetbuild watch` look: a line for people, or a line of JSON, and the problems that are new.

Knows nothing of how a change is found, and no stream: each turn becomes an `Outcome` as a command has one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from assetbuild import cells, documents, report
from assetbuild.build.model import Problem
from assetbuild.build.results import Built
from assetbuild.build.watching import Turn
from assetbuild.outcome import Outcome, failure


def outcomes(turns: Iterable[Turn]) -> Generator[Outcome, None, None]:
    """Warnings are shown to people when they come up, and not with every build that still has them."""
    known: frozenset[Problem] = frozenset()
    for turn in turns:
        failed = failure(turn.result) if isinstance(turn.result, Exception) else Outcome(problems=turn.result.problems)
        noticed = turn.config.problems if turn.config is not None else ()
        problems = tuple(dict.fromkeys((*noticed, *failed.problems)))
        yield Outcome((line(turn, problems),), document(turn), problems, failed.code or 0, known, failed.trace)
        if isinstance(turn.result, Built):
            known = known | frozenset(problems) if turn.result.up_to_date else frozenset(problems)


def line(turn: Turn, problems: Sequence[Problem]) -> str:
    """`css/app.css changed: 2 files written in 41 ms, build 1a2b3c4d`, and how many `problems` there are."""
    took, made, count = report.seconds(turn.elapsed), turn.result, report.tally(problems)
    if not isinstance(made, Built):
        return f"{_reason(turn)}: {count} in {took}; the manifest is as it was"
    done = "nothing to write" if made.up_to_date else f"{report.counted(made.written, 'file')} written"
    return f"{_reason(turn)}: {done} in {took}, build {made.build[:8]}" + (f", {count}" if count else "")


def _reason(turn: Turn) -> str:
    if not turn.causes:
        return {"start": "started", "retry": "tried again"}[turn.trigger.value]
    first, *others = turn.causes
    name = cells.safe(first.logical or cells.relative(first.path))
    kinds = {cause.kind.value for cause in turn.causes}
    verb = kinds.pop() if len(kinds) == 1 else "changed"
    return f"{name} and {len(others)} more {verb}" if others else f"{name} {verb}"


def document(turn: Turn) -> documents.Document:
    """Why there was a build and how long it took, and what `build` says where it did not fail."""
    changed = [
        {"kind": cause.kind.value, "path": cells.relative(cause.path), "logical": cause.logical or None}
        for cause in turn.causes
    ]
    members: documents.Document = {
        "trigger": turn.trigger.value,
        "changed": changed,
        "milliseconds": round(turn.elapsed * 1000),
    }
    return members | documents.built(turn.result, mode="build") if isinstance(turn.result, Built) else members
