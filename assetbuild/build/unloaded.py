"""Packages published whole: what the scripts of one cannot import is an error only where something loads the script.

Knows edges and source roots, and of pages only what `check` has found in templates: any page may load any script, so
what nothing leads to is still reported, in one warning per source root. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assetbuild.build.globs import Globs, is_glob
from assetbuild.build.graph import Graph, Unresolved
from assetbuild.build.model import Config, Namespace, Problem, RootSpec, Severity, Source

_SHOWN = 3


def import_problems(config: Config, namespace: Namespace, graph: Graph, *, named: Iterable[str] = ()) -> list[Problem]:
    """The problems of `graph.unresolved`: each by itself, or one warning for the package where nothing loads it.

    `named`: assets that pages are known to load.
    """
    if not graph.unresolved:
        return []
    packages = _packages(config, namespace)
    foreign = {name for name in graph.edges if _is_of_package(namespace.sources[name], packages)}
    starts = {*named, *_named(config, namespace), *(graph.edges.keys() - foreign)}
    loaded = _led_to(starts, graph)
    problems = []
    idle: dict[int, list[Unresolved]] = {}
    for one in graph.unresolved:
        if one.script in foreign and one.script not in loaded:
            idle.setdefault(namespace.sources[one.script].root, []).append(one)
        else:
            problems.append(one.problem)
    return [*problems, *(_summary(config, root, idle[root]) for root in sorted(idle))]


# --- packages --------------------------------------------------------------------------------------------


def _packages(config: Config, namespace: Namespace) -> frozenset[int]:
    """The source roots that are npm packages: below `node_modules`, or mounted with a `package.json` at the top.

    The top of a root that is not mounted is the project's own, with the package.json of its own tools.
    """
    return frozenset(
        index
        for index, spec in enumerate(config.sources)
        if "node_modules" in spec.path.replace("\\", "/").split("/") or _has_manifest(spec, index, namespace)
    )


def _has_manifest(spec: RootSpec, index: int, namespace: Namespace) -> bool:
    about = namespace.sources.get(f"{spec.mount}/package.json" if spec.mount else "package.json")
    return bool(spec.mount or spec.package) and about is not None and about.root == index


def _is_of_package(source: Source, packages: frozenset[int]) -> bool:
    return source.root in packages or "node_modules" in source.logical.split("/")


# --- what is loaded --------------------------------------------------------------------------------------


def _led_to(starts: Iterable[str], graph: Graph) -> set[str]:
    """The assets `starts` and whatever they name, also through others."""
    waiting = list(starts)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [edge.target for edge in graph.edges.get(name, ()) if edge.target is not None]
    return reached


def _named(config: Config, namespace: Namespace) -> Iterator[str]:
    """What the configuration names one by one: inputs of bundles, modules, files to include; and what is `stable`."""
    for inputs in namespace.bundles.values():
        yield from inputs
    yield from (target for _, target in config.importmap)
    yield from (pattern for pattern in config.include if not is_glob(pattern))
    stable = Globs(config.stable)
    yield from (name for name in namespace.published if stable.matches(name))


# --- the warning -----------------------------------------------------------------------------------------


def _summary(config: Config, root: int, idle: Sequence[Unresolved]) -> Problem:
    by_specifier: dict[str, list[str]] = {}
    for one in idle:
        scripts = by_specifier.setdefault(one.specifier, [])
        if one.script not in scripts:
            scripts.append(one.script)
    most_used = sorted(by_specifier, key=lambda name: (-len(by_specifier[name]), name))
    spec = config.sources[root]
    count = len({one.script for one in idle})
    shown = ", ".join(f'"{name}"' for name in most_used[:_SHOWN]) + _and_more(len(most_used) - _SHOWN)
    text = (
        f"{count} {'script' if count == 1 else 'scripts'} of {spec.mount or spec} "
        f"{'imports' if count == 1 else 'import'} {shown}, which cannot be resolved; nothing of this project loads "
        f"{'it' if count == 1 else 'them'}"
    )
    notes = tuple(
        f'"{name}" in {min(by_specifier[name])}{_and_more(len(by_specifier[name]) - 1)}' for name in most_used[:_SHOWN]
    )
    hint = "leave them out with `exclude`, or, before a page loads one, add what it imports to [importmap]"
    place = config.place("sources", str(root))
    return Problem("unloaded-imports", text, place, severity=Severity.WARNING, notes=notes, hint=hint)


def _and_more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
