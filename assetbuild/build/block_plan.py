"""From the blocks of templates to bundles: what each of their outputs is made of. Code in templates is a source too.

Pure. A block is planned as if the configuration had a bundle for each of its outputs, so it gets all that bundles get.
What phases find wrong with code is told where the code stands in its template.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assetbuild import inline
from assetbuild.block_parts import Asset, Code, Element
from assetbuild.blocks import Group, sources_of
from assetbuild.build import manifest, names, urls
from assetbuild.build.graph import Scanned
from assetbuild.build.model import (
    Blob,
    BundleSpec,
    Config,
    FileStat,
    Namespace,
    Place,
    Problem,
    Severity,
    Source,
    place_at,
)
from assetbuild.build.results import Output
from assetbuild.build.suggest import did_you_mean
from assetbuild.build.template_blocks import Collected, Found, Template
from assetbuild.build.tree import Tree
from assetbuild.errors import AssetbuildError

_STATIC = "static/"
"""What the paths of static files begin with by default, in Flask and in Django."""


@dataclass(frozen=True, slots=True)
class CodeSource:
    """Code in a template, which is a source for the phases."""

    template: Template
    code: Code

    def place(self, line: int, column: int) -> Place:
        """The place in the template of a line and column in the code; 0 means not known."""
        lines = self.code.text.split("\n")
        offset = sum(len(each) + 1 for each in lines[: max(line, 1) - 1]) + max(column, 1) - 1
        starts = [start for start, _ in self.code.spans]
        start, where = self.code.spans[max(bisect_right(starts, offset) - 1, 0)]
        at = where.at + len(where.before) + offset - start
        return place_at(self.template.path, self.template.text, min(at, len(self.template.text)))


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """The blocks as a build makes them.

    `outputs`: by key of a block, the assets that its outputs are. `modules`: logical paths of code that is published by
    itself. `assets`: modules that blocks load, which have to be published. `codes`: by the `file` of its `Source`.
    """

    config: Config
    found: Tree
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    assets: tuple[tuple[str, Place], ...] = ()
    codes: Mapping[str, CodeSource] = field(default_factory=dict)

    @property
    def loaded(self) -> frozenset[str]:
        """What pages are known to load, since blocks do."""
        return frozenset((*self.modules, *(name for name, _ in self.assets)))

    def placed(self, problem: Problem) -> Problem:
        """The problem where it stands: in a template, if it is one of code that stands there."""
        place = problem.place
        code = self.codes.get(place.path) if place is not None else None
        if place is None or code is None:
            return problem
        return replace(problem, place=code.place(place.line, place.column))

    def published(self, namespace: Namespace) -> tuple[Namespace, list[Problem]]:
        """The namespace with the modules of templates; and which modules that blocks load are not published."""
        named = {*namespace.published, *namespace.bundles}
        problems = []
        for name, place in self.assets:
            if name not in named:
                text = f"{name} is loaded as a module by a block, and exists but is not published"
                problems.append(Problem("not-published", text, place, hint="publish it (`include`, `exclude`)"))
        return replace(namespace, published=tuple(sorted({*namespace.published, *self.modules}))), problems


def plan(config: Config, found: Tree, collected: Collected) -> tuple[BlockPlan, list[Problem]]:
    """What a build has to make besides what the configuration says."""
    if not collected.blocks:
        return BlockPlan(config, found), []
    planner = _Planner(config, found)
    outputs = {one.block.key: planner.block(one) for one in collected.blocks}
    bundles = sorted([*config.bundles, *planner.bundles.values()], key=lambda bundle: bundle.name)
    made = BlockPlan(
        replace(config, bundles=tuple(bundles), places={**config.places, **planner.places}),
        replace(found, sources=(*found.sources, *planner.sources.values())),
        {key: outputs[key] for key in sorted(outputs)},
        tuple(sorted(planner.modules)),
        tuple(sorted(planner.assets.items())),
        planner.codes,
    )
    return made, list(dict.fromkeys(planner.problems))


class _Planner:
    def __init__(self, config: Config, found: Tree) -> None:
        self.known = {names.nfc(source.logical): source.logical for source in found.sources}
        self.configured = {bundle.name for bundle in config.bundles}
        self.known |= {names.nfc(name): name for name in self.configured}
        self.bundles: dict[str, BundleSpec] = {}
        self.places: dict[tuple[str, ...], Place] = {}
        self.sources: dict[str, Source] = {}
        self.codes: dict[str, CodeSource] = {}
        self.modules: set[str] = set()
        self.assets: dict[str, Place] = {}
        self.problems: list[Problem] = []

    def block(self, found: Found) -> tuple[str, ...]:
        groups = [group for group in found.block.groups() if not group.is_elsewhere]
        made = [self._group(found, group) for group in groups]
        return tuple(name for name in made if name is not None)

    def _group(self, found: Found, group: Group) -> str | None:
        """The asset that a group of elements is."""
        named = [self._source(found, element) for element in group.elements]
        inputs = [name for name in named if name is not None]
        if len(inputs) < len(named):
            return None
        places = {name: found.template.place(one.where) for name, one in zip(inputs, group.elements, strict=True)}
        if group.is_module:
            if isinstance(group.elements[0].target, Code):
                self.modules.add(inputs[0])
            else:
                self.assets.setdefault(inputs[0], places[inputs[0]])
            return inputs[0]
        if len(inputs) == 1 and inputs[0] in self.configured:
            return inputs[0]
        return self._bundle(found, group, inputs, places)

    def _bundle(self, found: Found, group: Group, inputs: Sequence[str], places: Mapping[str, Place]) -> str:
        head = found.block.head
        if head.kind == "css":  # of a sheet that is linked twice, the last link decides on the order
            unique = tuple(reversed(dict.fromkeys(reversed(inputs))))
        else:
            unique = tuple(dict.fromkeys(inputs))
            for name in (one for one in unique if inputs.count(one) > 1):
                text = f"{name} is in this block twice, and browsers would run it twice"
                self._problem("block-repeats", text, places[name], "remove one of them")
        digest = _short("\n".join([head.kind, *inputs, *sources_of(group)]))
        name = f"blocks/{head.name}-{digest}.{head.kind}" if head.name else f"blocks/{digest}.{head.kind}"
        self.bundles[name] = BundleSpec(name, unique)
        self.places.setdefault(("bundles", name), found.place)
        for one in unique:
            self.places.setdefault(("bundles", name, one), places[one])
        return name

    def _source(self, found: Found, element: Element) -> str | None:
        """The logical path of what an element loads or holds; None where there is no such asset."""
        target = element.target
        place = found.template.place(element.where)
        if isinstance(target, Code):
            return self._code(found, target, place, is_module=element.is_module)
        if isinstance(target, Asset):
            return self._known((target.name,), target.name, place)
        path = urls.decode(re.split("[?#]", target.url, maxsplit=1)[0].lstrip("/"))
        if path is None:
            self._problem("bad-url", "its percent-escapes are not UTF-8", place, "mend the URL")
            return None
        return self._known((path, path.removeprefix(_STATIC)), path.removeprefix(_STATIC), place)

    def _known(self, meant: Iterable[str], shown: str, place: Place) -> str | None:
        found = next((self.known[names.nfc(name)] for name in meant if names.nfc(name) in self.known), None)
        if found is None:
            hint = did_you_mean(shown, self.known.values()) or "correct the name, or add the file to a source root"
            self._problem("template-unknown-asset", f'there is no source "{shown}", which a block names', place, hint)
        return found

    def _code(self, found: Found, code: Code, place: Place, *, is_module: bool) -> str:
        """A source with the name of its text: what is in several templates is one, and in no glob.

        It lies in the namespace's root, which so is what its references are relative to. Only a module gets a name that
        `include` can match: it is published by itself.
        """
        kind = found.block.head.kind
        digest = _short(code.text)
        name = f"block-{digest}.mjs" if is_module else f".block-{digest}.{kind}"
        if name not in self.sources:
            file = f"{place.path}:{place.line}:{place.column}"
            data = codecs.BOM_UTF8 + code.text.encode()  # `@charset` has no meaning in a page
            self.sources[name] = Source(name, file, FileStat(len(data), 0, 0), -1, data)
            self.codes[file] = CodeSource(found.template, code)
        return name

    def _problem(self, code: str, text: str, place: Place, hint: str) -> None:
        self.problems.append(Problem(code, text, place, hint=hint))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# --- what only the results tell --------------------------------------------------------------------------


def broken_modules(plan: BlockPlan, scanned: Mapping[str, Scanned]) -> list[Problem]:
    """Modules of templates that do not parse; a file that does not is published as it is, with a warning."""
    return [
        replace(problem, severity=Severity.ERROR, text="this script does not parse", hint="correct it")
        for name in plan.modules
        if scanned[name].broken
        for problem in [_first_fault(scanned[name])]
    ]


def _first_fault(item: Scanned) -> Problem:
    offset = item.script.error if item.script is not None and item.script.error is not None else 0
    return Problem("js-syntax", "", place_at(item.source.file, item.text, offset))


def inline_problems(
    collected: Collected,
    plan: BlockPlan,
    outputs: Sequence[Output],
    importmap: Mapping[str, str],
    read: Callable[[Blob], bytes],
) -> list[Problem]:
    """Outputs that cannot stand in a page, though a block asks for that."""
    inlined = [found for found in collected.blocks if found.block.head.mode == "inline"]
    if not inlined:
        return []
    by_name = {output.logical: output for output in outputs}
    paths = {output.path for output in outputs}
    problems = []
    for found in inlined:
        for name in plan.outputs[found.block.key]:
            output = by_name[name]
            data = read(output.content) if isinstance(output.content, Blob) else output.content
            entry = manifest.entry(output)
            try:
                inline.embedded(data, name=name, entry=entry, outputs=paths, importmap=importmap, base_url="/")
            except AssetbuildError as error:
                text, _, hint = str(error).rpartition("; ")
                problems.append(Problem("block-not-inline", text, found.place, hint=hint))
    return problems
