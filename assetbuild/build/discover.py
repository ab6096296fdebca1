"""From what was found under the roots to the namespace: who wins, what is published, what each bundle is made of.

Pure: `tree` has read the disk. Reports everything that is wrong with names, roots and bundles at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assetbuild.build import names
from assetbuild.build.globs import Globs, is_glob, no_match_hint
from assetbuild.build.media import text_kind
from assetbuild.build.model import BundleSpec, Config, Namespace, Place, Problem, Severity, Source
from assetbuild.build.suggest import did_you_mean
from assetbuild.build.tree import Tree

_SHOWN = 5
_DEEPEST = 100


def discover(config: Config, tree: Tree) -> tuple[Namespace, list[Problem]]:
    """Merge the roots (first wins), choose what is published and expand the bundles."""
    sources, problems = _merge(config, tree)
    exclude, include = Globs(config.exclude), Globs(config.include)
    problems += [
        flaw.problem
        for flaw in tree.flaws
        if not exclude.matches(flaw.logical) and not _is_excluded_folder(exclude, flaw.logical)
    ]
    expansion = _Expansion({bundle.name: bundle for bundle in config.bundles}, sources, config)
    bundles = {name: expansion.expand(name) for name in sorted(expansion.specs)}
    problems += expansion.problems
    published = sorted(
        logical
        for logical in sources
        if logical not in bundles and include.matches(logical) and not exclude.matches(logical)
    )
    namespace = Namespace(sources, tuple(published), bundles)
    problems += _name_problems(namespace, config)
    problems += _idle_globs(config, namespace)
    return namespace, problems


def _is_excluded_folder(exclude: Globs, logical: str) -> bool:
    """Whether everything below `logical`, which could not be listed, is excluded (`vendor/**`), whatever its name."""
    return exclude.matches(f"{logical}/x")


def _merge(config: Config, tree: Tree) -> tuple[dict[str, Source], list[Problem]]:
    """First root wins; the losers are reported, one note for each pair of roots."""
    sources: dict[str, Source] = {}
    shadowed: dict[tuple[int, int], list[str]] = {}
    for source in tree.sources:
        winner = sources.setdefault(source.logical, source)
        if winner is not source:
            shadowed.setdefault((winner.root, source.root), []).append(source.logical)
    notes = []
    for (winner_root, loser_root), logicals in sorted(shadowed.items()):
        more = f" and {len(logicals) - _SHOWN} more" if len(logicals) > _SHOWN else ""
        text = (
            f"{', '.join(logicals[:_SHOWN])}{more}: taken from the source root {config.sources[winner_root]}; "
            f"the same name in {config.sources[loser_root]} is shadowed"
        )
        notes.append(Problem("shadowed", text, Place(str(config.file)), severity=Severity.NOTE))
    return {logical: sources[logical] for logical in sorted(sources)}, notes


def _idle_globs(config: Config, namespace: Namespace) -> Iterator[Problem]:
    """Globs that match nothing are mistakes, but for `exclude`, which also guards against what is not there yet."""
    assets = [*namespace.published, *namespace.bundles]
    for key, patterns, names_ in (("include", config.include, namespace.sources), ("stable", config.stable, assets)):
        for pattern in patterns:
            glob = Globs((pattern,))
            if pattern != "**/*" and not any(glob.matches(name) for name in names_):
                text = f'`{key}`: the glob "{pattern}" matches nothing'
                yield Problem("glob-matches-nothing", text, config.place(key, pattern), hint=no_match_hint(pattern))


def _name_problems(namespace: Namespace, config: Config) -> Iterator[Problem]:
    used = {*namespace.published, *namespace.bundles, *(name for each in namespace.bundles.values() for name in each)}
    for logical in sorted(used):
        if reason := names.unportable(logical):
            yield Problem("name-not-portable", f"{logical}: {reason}", _place(namespace, logical, config),
                          hint="rename the file, or exclude it")  # fmt: skip
    for first, second in names.clashes(used):
        text = f'"{first}" and "{second}" differ only in case or Unicode form: on some systems they are one file'
        found = [(name, namespace.sources[name]) for name in (first, second) if name in namespace.sources]
        notes = tuple(f"{name} comes from {config.sources[source.root]}" for name, source in found)
        yield Problem("name-clash", text, _place(namespace, second, config), notes=notes,
                      hint="rename one of them, or exclude it")  # fmt: skip


def _place(namespace: Namespace, logical: str, config: Config) -> Place:
    source = namespace.sources.get(logical)
    return Place(source.file) if source else config.place("bundles", logical)


@dataclass(slots=True)
class _Expansion:
    """Expands bundles of globs and bundles into lists of sources, collecting problems."""

    specs: Mapping[str, BundleSpec]
    sources: Mapping[str, Source]
    config: Config
    problems: list[Problem] = field(default_factory=list)
    done: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def expand(self, name: str, *, within: tuple[str, ...] = ()) -> tuple[str, ...]:
        if name in self.done:
            return self.done[name]
        found: dict[str, None] = {}
        for item in self.specs[name].inputs:
            found.update(dict.fromkeys(self._item(name, item, (*within, name))))
        if name in self.sources and name not in found:
            root = self.config.sources[self.sources[name].root]
            text = f'the bundle "{name}" has the name of a source in {root}, which is not among its inputs'
            self._problem("bundle-shadows-source", text, f'add "{name}" to its inputs, or rename the bundle', name)
        self.done[name] = tuple(found)
        return self.done[name]

    def _item(self, name: str, item: str, within: tuple[str, ...]) -> Iterable[str]:
        if item in self.specs and item != name:
            if item in within:
                chain = " -> ".join((*within[within.index(item) :], item))
                text = f"bundles that hold each other: {chain}"
                self._problem("bundle-cycle", text, "take one of them out of the other", name, item)
                return ()
            if len(within) > _DEEPEST:
                text = f"bundles that hold bundles, more than {_DEEPEST} deep"
                self._problem("bundle-depth", text, "name the files themselves", name, item)
                return ()
            return self._of_one_kind(name, item, self.expand(item, within=within))
        if item in self.sources:
            return self._of_one_kind(name, item, (item,))
        if is_glob(item):
            glob = Globs((item,))
            if matched := [logical for logical in self.sources if glob.matches(logical)]:
                return self._of_one_kind(name, item, matched)
            text = f'the bundle "{name}": the glob "{item}" matches nothing'
            self._problem("glob-matches-nothing", text, no_match_hint(item), name, item)
            return ()
        hint = did_you_mean(item, {*self.sources, *self.specs}) or "write a logical path: as below its source root"
        self._problem("unknown-input", f'the bundle "{name}": there is no source or bundle "{item}"', hint, name, item)
        return ()

    def _of_one_kind(self, name: str, item: str, logicals: Iterable[str]) -> tuple[str, ...]:
        kept = tuple(logicals)
        for logical in kept:
            if text_kind(logical) is not text_kind(name):
                text = f'the bundle "{name}": its input {logical} is of another type'
                hint = "take it out: a bundle joins style sheets or scripts, not both"
                self._problem("input-of-another-type", text, hint, name, item)
        return kept

    def _problem(self, code: str, text: str, hint: str, *at: str) -> None:
        self.problems.append(Problem(code, text, self.config.place("bundles", *at), hint=hint))
