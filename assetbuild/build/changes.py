"""What a build changes and why: descriptions of outputs, and their difference from those of the last build.

The same descriptions are what `why` prints and what `--plan` compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assetbuild import manifest
from assetbuild.build.execute import Compiled, Passage
from assetbuild.build.fingerprint import Named
from assetbuild.build.keys import Description, explain
from assetbuild.build.model import Blob, Change, ChangeKind, Config, Link, Output, Text
from assetbuild.build.plan import Step
from assetbuild.build.state import State
from assetbuild.errors import ManifestError


def describe(
    steps: Sequence[Step],
    compiled: Mapping[str, Compiled],
    contents: Mapping[str, Text | Blob],
    named: Mapping[str, Named],
    digests: Mapping[str, str],
) -> dict[str, Description]:
    """For each output: its inputs with their digests, the processors that ran, the names that it refers to."""
    return {
        step.logical: (
            *((f"input {name}", digests.get(name, "")) for name in step.inputs),
            *((f"processor {one.processor}", f"{one.version} ({one.way.value})") for one in _passages(compiled, step)),
            *((f"reference {target}", named[target].path) for target in _targets(contents[step.logical])),
        )
        for step in steps
    }


def _passages(compiled: Mapping[str, Compiled], step: Step) -> Sequence[Passage]:
    result = compiled.get(step.logical)
    return result.passages if result is not None else ()


def _targets(content: Text | Blob) -> list[str]:
    if isinstance(content, Blob):
        return []
    return sorted({piece.target for piece in content.pieces if isinstance(piece, Link)})


def changes_between(
    config: Config, outputs: Sequence[Output], descriptions: Mapping[str, Description], last: State
) -> tuple[Change, ...]:
    """Every logical path, sorted, compared with the manifest on disk (none there: all is new)."""
    try:
        old = {name: entry["path"] for name, entry in manifest.read(config.manifest)["assets"].items()}
    except ManifestError:
        old = {}
    changes = [_change(output, old.get(output.logical, ""), descriptions, last) for output in outputs]
    now = {output.logical for output in outputs}
    changes += [
        Change(ChangeKind.REMOVED, name, path, "", ("it is not published any more",))
        for name, path in old.items()
        if name not in now
    ]
    return tuple(sorted(changes, key=lambda change: change.logical))


def _change(output: Output, old: str, descriptions: Mapping[str, Description], last: State) -> Change:
    if old == output.path:
        return Change(ChangeKind.SAME, output.logical, old, output.path)
    if not old:
        return Change(ChangeKind.NEW, output.logical, "", output.path, ("not in the manifest yet",))
    before = last.descriptions.get(output.logical)
    reasons = explain(before, descriptions[output.logical]) if before is not None else ()
    return Change(
        ChangeKind.CHANGED, output.logical, old, output.path, reasons or ("the manifest on disk is of another build",)
    )
