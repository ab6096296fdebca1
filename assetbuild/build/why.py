"""Why an output is what it is: its inputs, what processors made of them, what it refers to, who refers to it.

Reads the same descriptions that `--plan` compares, so that the two never tell different stories.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assetbuild.build import inspection
from assetbuild.build.changes import references
from assetbuild.build.made import Made
from assetbuild.build.model import BuildFailed, Config, Problem
from assetbuild.build.pipeline import Options
from assetbuild.build.plan import CompileStep, LicenceStep
from assetbuild.build.protocols import Way
from assetbuild.build.results import Change, ChangeKind, Output
from assetbuild.build.suggest import did_you_mean

Line = tuple[int, str]
"""(depth, text)"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`lines` are indented by depth; `data` says the same for machines."""

    logical: str
    output: str
    lines: tuple[Line, ...]
    data: dict[str, Any] = field(default_factory=dict)


def explain(config: Config, name: str) -> Explanation:
    """The chain that made the output of logical path `name`. Raises `BuildFailed`, also for an unknown name."""
    made, changes = inspection.inspect(config, options=Options())
    output = next((output for output in made.outputs if output.logical == name), None)
    if output is None:
        hint = did_you_mean(name, [output.logical for output in made.outputs]) or "`assetbuild ls` lists the assets"
        raise BuildFailed([Problem("unknown-asset", f'there is no asset "{name}"', hint=hint)])
    change = next(change for change in changes if change.logical == name)
    made_of = (*_inputs(config, made, name), *_passages(made, name), *_references(made, name))
    last = inspection.last_state(config).reasons.get(name, ())
    lines = (*_head(output), *made_of, *_change(change, last))
    return Explanation(name, output.path, lines, _data(made, output, change) | {"last_reasons": list(last)})


def _head(output: Output) -> Iterator[Line]:
    yield 0, f"{output.logical} -> {output.path}"
    yield 1, f"{output.media_type}, {output.size} bytes, sha256 {output.sha256}"


def _inputs(config: Config, made: Made, name: str) -> Iterator[Line]:
    step = next((step for step in made.steps if step.logical == name), None)
    if step is None:
        yield 1, "adopted from another build:"
        yield from ((2, what.removeprefix("input ")) for what, _ in made.descriptions[name])
        return
    is_bundle = isinstance(step, CompileStep) and step.is_bundle
    yield 1, f"bundle of {len(step.inputs)}:" if is_bundle else "made from:"
    for logical in step.inputs:
        if logical in made.made_of:
            yield 2, f"{logical} (made by webassets, of what follows)"
            yield from ((3, what) for what, _ in made.made_of[logical] if what.startswith("input "))
            continue
        source = made.sources[logical]
        where = source.file if source.data is not None else config.sources[source.root]
        yield 2, f"{logical} (from {where})"


def _passages(made: Made, name: str) -> Iterator[Line]:
    step = next((step for step in made.steps if step.logical == name), None)
    if isinstance(step, LicenceStep):
        yield 1, f"the licence comments of {step.owner}"
        return
    compiled = made.compiled.get(name)
    if compiled is None or (compiled.content is None and not compiled.passages):
        yield 1, "published byte for byte"
        return
    words = {
        Way.PROCESSED: "result proven and used",
        Way.SHORTER: "result set aside, the safe minifier's proven and used",
        Way.FALLBACK: "result refused, the safe minifier's used",
        Way.UNCHANGED: "text left as it was",
    }
    for passage in compiled.passages:
        reason = f": {passage.reason}" if passage.reason else ""
        yield 1, f"{passage.processor} {passage.version}: {words[passage.way]}{reason}"


def _references(made: Made, name: str) -> Iterator[Line]:
    targets = references(made.descriptions[name])
    if targets:
        paths = {output.logical: output.path for output in made.outputs}
        yield 1, "refers to:"
        for target in targets:
            yield 2, f"{target} -> {paths[target]}"
    if users := _users(made, name):
        yield 1, "referred to by, so renamed with it:"
        for user in users:
            yield 2, user


def _users(made: Made, name: str) -> list[str]:
    return sorted(
        logical
        for logical, description in made.descriptions.items()
        if logical != name and any(what == f"reference {name}" for what, _ in description)
    )


def _change(change: Change, last: tuple[str, ...]) -> Iterator[Line]:
    """What the next build would do and why; else why the last one that changed it did so."""
    reasons = change.reasons
    if change.kind is ChangeKind.SAME:
        yield (
            1,
            "the manifest on disk has this output; it was last changed because:"
            if last
            else ("the manifest on disk has this output"),
        )
        reasons = last
    elif change.kind is ChangeKind.NEW:
        yield 1, "the next build would add it:"
    elif change.old != change.new:
        yield 1, f"the next build would rename it from {change.old}:"
    else:
        yield 1, "the next build would write it again:"
    for reason in reasons:
        yield 2, reason


def _data(made: Made, output: Output, change: Change) -> dict[str, Any]:
    compiled = made.compiled.get(output.logical)
    return {
        "description": [list(pair) for pair in made.descriptions[output.logical]],
        "processors": [
            {"name": one.processor, "version": one.version, "way": one.way.value, "reason": one.reason}
            for one in (compiled.passages if compiled is not None else ())
        ],
        "referred_to_by": _users(made, output.logical),
        "change": {"kind": change.kind.value, "old": change.old, "reasons": list(change.reasons)},
    }
