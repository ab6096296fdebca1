"""Published assets that nothing is known to load: no template names them, and no asset that is loaded refers to them.

Pure. Says what can be seen from templates and references; what the app's code names, and what look-ups that only the
running app can resolve name, it cannot see and says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assetbuild.build.changes import references
from assetbuild.build.graph import Edge
from assetbuild.build.keys import Description
from assetbuild.build.model import Problem, Severity
from assetbuild.build.results import Output


@dataclass(frozen=True, slots=True)
class Unused:
    """The logical paths, sorted, and what there is to say of them."""

    names: tuple[str, ...]
    problems: tuple[Problem, ...]


def without_templates() -> Problem:
    text = "what is unused cannot be told: the configuration names no templates"
    return Problem("unused-without-templates", text, hint='add templates = ["templates/**/*.html"]')


def find(
    outputs: Sequence[Output],
    named: Collection[str],
    edges: Mapping[str, tuple[Edge, ...]],
    descriptions: Mapping[str, Description],
    *,
    unseen: Sequence[Problem],
) -> Unused:
    """`named` are the names in templates, in the form NFC; `unseen` says where there may be more of them.

    What is `stable` is asked for by its plain name, by browsers or by what no template is.
    """
    starts = [output.logical for output in outputs if output.stable or _nfc(output.logical) in named]
    published = {output.logical for output in outputs}
    reached = _reached(starts, published, edges, descriptions)
    names = tuple(sorted(published - reached.keys()))
    return Unused(names, (_summary(names, unseen),) if names else ())


def with_packages(found: Unused, packages: Mapping[str, str]) -> Unused:
    """`found`, and what to think of the assets in it that come from installed `packages`, by logical path."""
    owned = [packages[name] for name in found.names if name in packages]
    if not owned:
        return found
    what = "1 of them comes" if len(owned) == 1 else f"{len(owned)} of them come"
    note = f"{what} from {', '.join(sorted(set(owned)))}, whose own templates and code are not read"
    problems = tuple(replace(problem, notes=(note, *problem.notes)) for problem in found.problems)
    return Unused(found.names, problems)


def _reached(
    starts: Iterable[str],
    published: Collection[str],
    edges: Mapping[str, tuple[Edge, ...]],
    descriptions: Mapping[str, Description],
) -> dict[str, None]:
    """What outputs name, and the modules that scripts name, which in an output may be left to the import map."""
    found = dict.fromkeys(starts)
    queue = list(found)
    for name in queue:
        modules = [edge.target for edge in edges.get(name, ()) if edge.reference.kind.is_module_specifier]
        for target in (*modules, *references(descriptions.get(name, ()))):
            if target is not None and target in published and target not in found:
                found[target] = None
                queue.append(target)
    return found


def _summary(names: Sequence[str], unseen: Sequence[Problem]) -> Problem:
    one = len(names) == 1
    what = "published asset is" if one else "published assets are"
    text = f"{len(names)} {what} named by no template, and by no asset that is"
    hint = f"leave {'it' if one else 'them'} out with `exclude`, unless the app's code names {'it' if one else 'them'}"
    if not unseen:
        return Problem("asset-unused", text, severity=Severity.WARNING, hint=hint)
    places = "the place" if len(unseen) == 1 else f"each of the {len(unseen)} places"
    note = f"{places} that cannot be checked, reported with its line, may name some of what is listed"
    return Problem("asset-unused", text, severity=Severity.NOTE, notes=(note,), hint=hint)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
