"""What a build changes and why: descriptions of outputs, and their difference from those of the last build.

The same descriptions are what `why` prints and what `--plan` compares.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from assetbuild import manifest
from assetbuild.build.execute import Compiled, Passage
from assetbuild.build.fingerprint import Named
from assetbuild.build.keys import Description, explain
from assetbuild.build.model import Blob, Config, Link, Text
from assetbuild.build.plan import Step
from assetbuild.build.results import Change, ChangeKind, Output
from assetbuild.build.state import State
from assetbuild.errors import ManifestError
from assetbuild.manifest import Entry


def describe(
    steps: Sequence[Step],
    compiled: Mapping[str, Compiled],
    contents: Mapping[str, Text | Blob],
    named: Mapping[str, Named],
    blobs: Mapping[str, Blob],
    made_of: Mapping[str, Description],
) -> dict[str, Description]:
    """For each output: its inputs with their digests, the processors that ran, the names that it refers to.

    `made_of` stands for inputs that are no files.
    """
    return {
        step.logical: (
            *(pair for name in step.inputs for pair in made_of.get(name) or ((f"input {name}", blobs[name].sha256),)),
            *(pair for one in _passages(compiled, step) for pair in one.identity),
            *((f"reference {target}", named[target].path) for target in _targets(contents[step.logical])),
        )
        for step in steps
    }


def references(description: Description) -> list[str]:
    """The logical paths that an output refers to, by its description."""
    return [what.removeprefix("reference ") for what, _ in description if what.startswith("reference ")]


def _passages(compiled: Mapping[str, Compiled], step: Step) -> Sequence[Passage]:
    result = compiled.get(step.logical)
    return result.passages if result is not None else ()


def _targets(content: Text | Blob) -> list[str]:
    if isinstance(content, Blob):
        return []
    return sorted({piece.target for piece in content.pieces if isinstance(piece, Link)})


def changes_between(
    config: Config,
    outputs: Sequence[Output],
    new: Mapping[str, Entry],
    *,
    descriptions: Mapping[str, Description],
    last: State,
) -> tuple[Change, ...]:
    """Every logical path, sorted, compared with the manifest on disk (none there: all is new) and the files it names.

    `new` is what the manifest says that the build is about to write.
    """
    try:
        old = manifest.read(config.manifest)["assets"]
    except ManifestError:
        old = {}
    root = os.fspath(config.output)
    gone = {output.logical: _gone(root, output) for output in outputs}
    changes = [
        _change(output.logical, old.get(output.logical), new[output.logical], gone[output.logical], descriptions, last)
        for output in outputs
    ]
    changes += [
        Change(ChangeKind.REMOVED, name, entry["path"], "", ("it is not published any more",))
        for name, entry in old.items()
        if name not in new
    ]
    return tuple(sorted(changes, key=lambda change: change.logical))


def reasons_to_keep(changes: Sequence[Change], last: State) -> dict[str, tuple[str, ...]]:
    """Why each output became what it is now, by logical path, for those who ask after the build."""
    return {
        change.logical: last.reasons.get(change.logical, ()) if change.old == change.new else _past(change)
        for change in changes
    }


def _past(change: Change) -> tuple[str, ...]:
    return ("it was new",) if change.kind is ChangeKind.NEW else change.reasons


def _change(
    logical: str,
    old: Entry | None,
    new: Entry,
    gone: tuple[str, ...],
    descriptions: Mapping[str, Description],
    last: State,
) -> Change:
    if old is None:
        return Change(ChangeKind.NEW, logical, "", new["path"], ("not in the manifest yet",))
    if old["path"] == new["path"]:
        reasons = (*_differences(old, new), *gone)
        return Change(ChangeKind.CHANGED if reasons else ChangeKind.SAME, logical, old["path"], new["path"], reasons)
    before = last.descriptions.get(logical)
    reasons = explain(before, descriptions[logical]) if before is not None else ()
    return Change(
        ChangeKind.CHANGED, logical, old["path"], new["path"], reasons or ("the manifest on disk is of another build",)
    )


def _differences(old: Entry, new: Entry) -> tuple[str, ...]:
    """What the manifest says otherwise of an output whose bytes are the same."""
    before: dict[str, object] = {**old, **{f"variant {name}": twin for name, twin in old.get("variants", {}).items()}}
    after: dict[str, object] = {**new, **{f"variant {name}": twin for name, twin in new.get("variants", {}).items()}}
    reasons = []
    for what in sorted({*before, *after} - {"variants"}):
        if before.get(what) != after.get(what):
            verb = "is new" if what not in before else "is gone" if what not in after else "changed"
            reasons.append(f"{_WORDS.get(what, what)} {verb}")
    return tuple(reasons)


_WORDS = {
    "stable": "the plain copy",
    "module": "its being a module",
    "preload": "its preloads",
    "imports": "its imports",
}


def _gone(root: str, output: Output) -> tuple[str, ...]:
    """Files of the output that are not in the output folder, or not in their size; nothing is read."""
    sizes = {output.path: output.size} | {variant.path: len(variant.data) for variant in output.variants}
    if output.stable:
        sizes[output.logical] = output.size
    return tuple(
        f"{path} is not in the output folder as it was written"
        for path, size in sizes.items()
        if not _has(f"{root}/{path}", size)
    )


def _has(path: str, size: int) -> bool:
    try:
        return os.stat(path).st_size == size
    except OSError:
        return False
