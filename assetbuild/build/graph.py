"""References resolved: from the path that an author wrote to the asset meant, or to a problem that says why not.

Pure; whether a file exists outside the roots is asked through a callable. A place is judged once per source, however
many bundles the source is part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assetbuild.build import import_map, names, urls, worker_urls
from assetbuild.build.globs import Globs
from assetbuild.build.import_map import Answer, ImportMap
from assetbuild.build.js_references import Bare
from assetbuild.build.media import text_kind
from assetbuild.build.model import (
    Blob,
    Config,
    Missing,
    Modules,
    Namespace,
    Problem,
    Reference,
    RefKind,
    Severity,
    Source,
    TextKind,
    place_at,
)
from assetbuild.build.scan_js import Script
from assetbuild.build.source_text import SourceText
from assetbuild.build.suggest import did_you_mean

_LEAVE = 'set missing = "warn" to leave such references as they are'


@dataclass(frozen=True, slots=True)
class Scanned:
    """A text source as read. `broken` means that it does not parse and is shipped, if alone, byte for byte.

    `blob` has the digests of the bytes that were read, so that what is shipped is what was looked at. `content` is the
    text, or where it can be had.
    """

    source: Source
    kind: TextKind
    content: str | SourceText
    blob: Blob
    references: tuple[Reference, ...] = ()
    script: Script | None = None
    broken: bool = False

    @property
    def text(self) -> str:
        """Raises `BuildFailed` where it had to be read again, and is another one by now."""
        return self.content if isinstance(self.content, str) else self.content.read()


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference and the logical path of the asset it means; None where the author's bytes are left alone.

    `is_mapped`: a module specifier that the import map resolves, in a script that is published on its own.
    `is_bare`: one that only `[importmap]` resolves; it is rewritten in workers, where there is no import map, and where
    it has a query, which an import map's entry cannot keep.
    """

    reference: Reference
    target: str | None
    is_mapped: bool = False
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A module specifier of the source `script` that means no asset. How bad it is, depends on who loads the script."""

    script: str
    specifier: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Graph:
    """`edges` by the logical path of each text source, in order of position; `inlined` those that are only imported.

    `unresolved`: the module specifiers that no file answers; their problems are `unloaded.py`'s to report.
    """

    edges: Mapping[str, tuple[Edge, ...]]
    inlined: Mapping[str, Scanned]
    unresolved: tuple[Unresolved, ...]

    @property
    def mapped(self) -> frozenset[str]:
        """The scripts with specifiers that only an import map answers."""
        return frozenset(name for name, edges in self.edges.items() if any(edge.is_mapped for edge in edges))


def build_graph(
    config: Config,
    namespace: Namespace,
    scanned: Iterable[Scanned],
    *,
    exists: Callable[[str], bool],
    read: Callable[[str], Scanned | None],
) -> tuple[Graph, list[Problem]]:
    """Resolve every reference of every scanned source, and the import map's logical paths.

    `read` scans a source that is not published, for what bundles inline; it gives None where that cannot be read.
    """
    resolver = _Resolver(config, namespace, exists)
    stable = Globs(config.stable)
    items = {item.source.logical: item for item in scanned}
    inlined: dict[str, Scanned] = {}
    edges: dict[str, tuple[Edge, ...]] = {}
    unresolved: list[Unresolved] = []
    problems: list[Problem] = list(import_map.problems(config, resolver.assets))
    waiting = list(reversed(items.values()))
    while waiting:
        item = waiting.pop()
        found = []
        for reference in item.references:
            target, problem = resolver.resolve(item, reference)
            found.append(Edge(reference, target, _is_mapped(config, item, reference, target)))
            is_missing = problem is not None and problem.code in ("missing", "not-published")
            if problem is not None and is_missing and reference.kind.is_module_specifier:
                unresolved.append(Unresolved(item.source.logical, reference.path, problem))
            elif problem is not None:
                problems.append(problem)
            is_new = target is not None and target not in resolver.assets and target not in items
            if is_new and target is not None and (imported := read(target)) is not None:
                items[target] = inlined[target] = imported
                waiting.append(imported)
        for bare in item.script.bare if item.script is not None and not item.broken else ():
            edge, problem = resolver.resolve_bare(item, bare)
            found += [edge] if edge is not None else []
            if problem is not None:
                unresolved.append(Unresolved(item.source.logical, bare.specifier, problem))
        problems += _computed_imports(item)
        if item.script is not None and item.script.page_urls:
            urls_of_page = item.script.page_urls
            problems += worker_urls.problems(
                item.source, item.text, urls_of_page, stable=stable, assets=resolver.assets
            )
        edges[item.source.logical] = tuple(sorted(found, key=lambda edge: edge.reference.start))
    for name in sorted(_in_workers(edges)):
        edges[name] = tuple(replace(edge, is_mapped=False) for edge in edges[name])
        problems += resolver.worker_problems(items[name])
    return Graph(edges, inlined, tuple(unresolved)), problems


def _is_mapped(config: Config, item: Scanned, reference: Reference, target: str | None) -> bool:
    """Whether the specifier, as a browser resolves it, is exactly the URL that the import map has for its target.

    Anything else is rewritten, as in `rewrite` mode: a map compares whole URLs, with their query, and as spelled.
    """
    if config.modules is not Modules.IMPORTMAP or target is None or not reference.kind.is_module_specifier:
        return False
    if reference.path.startswith("/") or item.text[reference.end : reference.end + 1] in ("?", "#"):
        return False
    spelled = urls.normalise(urls.folder_of(item.source.logical), urls.encode_spelled(reference.path))
    return spelled == urls.encode(target)


def _in_workers(edges: Mapping[str, Sequence[Edge]]) -> set[str]:
    """The scripts whose URL a script asks for, and what they import: a worker has no import map (HTML standard)."""
    by_url = (RefKind.JS_URL, RefKind.JS_RESOLVE)
    waiting = [edge.target for found in edges.values() for edge in found if edge.reference.kind in by_url]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name is None or name in reached or name not in edges:
            continue
        reached.add(name)
        waiting += [edge.target for edge in edges[name] if edge.reference.kind.is_module_specifier]
    return reached


def _computed_imports(item: Scanned) -> Iterator[Problem]:
    for offset in item.script.computed if item.script is not None and not item.broken else ():
        text = "an import whose path is computed cannot be fingerprinted; it is left as it is"
        place = place_at(item.source.file, item.text, offset)
        hint = "write the path as one string, or list what it can name in `stable`"
        yield Problem("computed-import", text, place, severity=Severity.WARNING, hint=hint)


_MOST_COMPARED = 10
"""So many misspelt names are compared with all others: where there are more, a mount is wrong and no letter."""


@dataclass(slots=True)
class _Resolver:
    config: Config
    namespace: Namespace
    exists: Callable[[str], bool]
    published: frozenset[str] = field(init=False)
    assets: set[str] = field(init=False)
    by_nfc: dict[str, str] = field(init=False)
    by_folded: dict[str, str] = field(init=False)
    by_file: dict[str, str] = field(init=False)
    import_map: ImportMap = field(init=False)
    compared: int = 0

    def __post_init__(self) -> None:
        self.published = frozenset(self.namespace.published)
        self.assets = {*self.namespace.published, *self.namespace.bundles}
        everything = sorted({*self.assets, *self.namespace.sources})
        self.by_nfc = {names.nfc(name): name for name in everything}
        self.by_folded = {names.folded(name): name for name in everything}
        self.by_file = {source.file: logical for logical, source in self.namespace.sources.items()}
        self.import_map = ImportMap(dict(self.config.importmap))

    def resolve(self, item: Scanned, reference: Reference) -> tuple[str | None, Problem | None]:
        if reference.kind is RefKind.SOURCE_MAP and item.source.logical not in self.published:
            return None, None  # a bundle's lines are not its inputs', so their maps' comments go in any case
        path = urls.decode(reference.path)
        if path is None:
            return None, self._problem(item, reference, "bad-url", "its percent-escapes are not UTF-8", "mend the URL")
        wanted = urls.normalise(urls.folder_of(item.source.logical), path)
        logical = self.by_nfc.get(names.nfc(wanted)) if wanted is not None else None
        beside = self._beside(item.source, path)
        if logical is None and beside is not None:
            logical = self.by_file.get(beside)
        if logical is None:
            return None, self._not_found(item, reference, path, wanted, beside)
        if logical not in self.assets and reference.kind is RefKind.SOURCE_MAP:
            text = f"the source map {logical} is not published; the comment that names it is removed"
            return None, self._problem(item, reference, "no-source-map", text, "publish it (`include`, `exclude`)")
        if logical not in self.assets and not self._is_inlined(item, reference.kind, logical):
            text = f"{logical} exists but is not published"
            hint = f"publish it (`include`, `exclude`), or {_LEAVE}"
            if reference.kind is RefKind.CSS_IMPORT and (bundles := self._bundles_of(item.source.logical)):
                text += f"; {item.source.logical} is not only part of {bundles[0]}, but published by itself too"
                hint = f"exclude {item.source.logical}, or publish {logical} as well"
            return None, self._problem(item, reference, "not-published", text, hint)
        return logical, None

    def _bundles_of(self, logical: str) -> list[str]:
        return sorted(bundle for bundle, inputs in self.namespace.bundles.items() if logical in inputs)

    def _is_inlined(self, item: Scanned, kind: RefKind, logical: str) -> bool:
        """Whether an import's target need not be published: its importer is part of bundles and nothing else."""
        importer = item.source.logical
        alone = importer in self.published and importer not in self.namespace.bundles
        inlines = kind is RefKind.CSS_IMPORT and text_kind(logical) is TextKind.CSS
        return inlines and not alone and logical in self.namespace.sources

    def _beside(self, source: Source, path: str) -> str | None:
        """The file that `path` means where the source really lies: mounts can tear neighbours apart."""
        if path.startswith("/"):
            return None
        beside = urls.normalise(urls.folder_of(source.file), path)
        if beside is None:
            return None
        return "/" + beside if source.file.startswith("/") else beside

    def _not_found(
        self, item: Scanned, reference: Reference, path: str, wanted: str | None, beside: str | None
    ) -> Problem:
        shown = wanted if wanted is not None else path
        if reference.kind is RefKind.SOURCE_MAP:
            text = f"the source map {shown} does not exist; the comment that names it is removed"
            return self._problem(item, reference, "no-source-map", text, "", severity=Severity.WARNING)
        if wanted and (other := self.by_folded.get(names.folded(wanted))):
            text = f'"{shown}" differs from "{other}" in case or Unicode form, and most servers tell them apart'
            return self._problem(item, reference, "case-differs", text, f"write {other}")
        if beside is not None and self.exists(beside):
            text = f"{shown} is not in the namespace: the file exists, but outside the source roots (or is ignored)"
            return self._problem(item, reference, "outside-roots", text, "add its folder to `sources`")
        hint = self._near(item, wanted, path) or f"add the file, or {_LEAVE}"
        return self._problem(item, reference, "missing", f"{shown} does not exist", hint)

    def _near(self, item: Scanned, wanted: str | None, path: str) -> str:
        if path.startswith("/") and wanted and "/" in wanted:
            below = wanted.split("/", 1)[1]
            if below in self.assets:
                return f"a leading / is the root of the namespace: write /{below}"
        if self.compared >= _MOST_COMPARED:
            return ""
        self.compared += 1
        holders = set(self._bundles_of(item.source.logical))
        return did_you_mean(wanted or path, self.assets - holders)

    def _problem(
        self, item: Scanned, reference: Reference, code: str, text: str, hint: str, *, severity: Severity | None = None
    ) -> Problem:
        """A source map that cannot be had never fails a build; anything else is what `missing` says."""
        if severity is None:
            warn = self.config.missing is Missing.WARN or reference.kind is RefKind.SOURCE_MAP
            severity = Severity.WARNING if warn else Severity.ERROR
        place = place_at(item.source.file, item.text, reference.start)
        return Problem(code, text, place, severity=severity, hint=hint)

    def resolve_bare(self, item: Scanned, bare: Bare) -> tuple[Edge | None, Problem | None]:
        """The asset that a bare specifier means; neither where it leads to another host."""
        outer = (bare.start - 1, bare.end + 1)
        reference = Reference(bare.kind, bare.start, bare.end, bare.specifier, *outer)
        answer = self.import_map.answer(bare.specifier)
        if answer is None:
            return None, self._unmapped(item, reference)
        if not answer.is_local:
            return None, None
        if not answer.is_below_a_folder:  # a target that is no asset is reported once, where it is configured
            whole = Edge(reference, answer.target, is_mapped=True, is_bare=True)
            return (whole if answer.target in self.assets else None), None
        logical = self.by_nfc.get(names.nfc(answer.target)) if answer.target is not None else None
        if logical is None or logical not in self.assets:
            return None, self._not_in_folder(item, reference, answer, logical)
        if bare.path_end == bare.end:
            return Edge(reference, logical, is_mapped=True, is_bare=True), None
        return Edge(replace(reference, end=bare.path_end), logical, is_bare=True), None

    def _unmapped(self, item: Scanned, reference: Reference) -> Problem:
        specifier = reference.path
        text = f'the bare specifier "{specifier}" is not in `[importmap]`, so no browser can load it'
        beside = urls.normalise(urls.folder_of(item.source.logical), specifier)
        hint = f'add "{specifier}" = "path/to/module.js" to [importmap], or exclude {item.source.logical}'
        if beside in self.assets:
            hint = f'write "./{specifier}": without the dot it is a bare specifier'
        return self._problem(item, reference, "bare-specifier", text, hint)

    def _not_in_folder(self, item: Scanned, reference: Reference, answer: Answer, logical: str | None) -> Problem:
        """Why no asset is what the specifier means below the folder of `answer`."""
        key, folder = answer.key, self.import_map.entries[answer.key]
        entry = f'which "{key}" of [importmap] leads to'
        if answer.target is None:
            text = f'"{reference.path}" leads out of {folder}, {entry}, and browsers refuse that'
            hint = f'name a file below "{key}", or import it by a relative path'
            return self._problem(item, reference, "missing", text, hint)
        if answer.target.endswith("/"):
            text = f'"{reference.path}" is a folder, {entry}: its files have fingerprinted names'
            hint = "name each of its files in a string of its own"
            return self._problem(item, reference, "importmap-folder", text, hint)
        if logical is not None:
            text = f"{logical}, {entry}, exists but is not published"
            hint = f"publish it (`include`, `exclude`), or {_LEAVE}"
            return self._problem(item, reference, "not-published", text, hint)
        inside = {name: self.import_map.specifier_of(key, name) for name in self.assets if name.startswith(folder)}
        if (other := self.by_folded.get(names.folded(answer.target))) in inside:
            text = f'"{answer.target}" differs from "{other}" in case or Unicode form, and most servers tell them apart'
            return self._problem(item, reference, "case-differs", text, f"write {inside[other]}")
        hint = did_you_mean(reference.path, inside.values()) or f"add the file, or {_LEAVE}"
        return self._problem(item, reference, "missing", f"{answer.target}, {entry}, does not exist", hint)

    def worker_problems(self, item: Scanned) -> Iterator[Problem]:
        """Bare specifiers that stay bare in a script of a worker, because they lead to another host."""
        for bare in item.script.bare if item.script is not None and not item.broken else ():
            answer = self.import_map.answer(bare.specifier)
            if answer is not None and not answer.is_local:
                text = f'a worker has no import map, so the bare specifier "{bare.specifier}" cannot be loaded in one'
                place = place_at(item.source.file, item.text, bare.start)
                hint = f'import "{answer.target}" itself, if this script runs in a worker'
                yield Problem("bare-in-worker", text, place, severity=Severity.WARNING, hint=hint)
