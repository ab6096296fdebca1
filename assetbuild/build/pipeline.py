"""The one wiring place: config, discover, scan, graph, flatten, plan, compile, link, compress, write, manifest.

Reads top to bottom as that line. Each phase reports all its problems; no later phase runs after an error, and nothing
is written before everything that can be wrong with sources has been looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assetbuild.build import (
    adoption,
    block_plan,
    compressing,
    execute,
    keys,
    manifest,
    other_manifests,
    related,
    state,
    template_files,
    tree,
    uptodate,
)
from assetbuild.build.cache import Cache
from assetbuild.build.cache_bound import keep_within_bound
from assetbuild.build.changes import changes_between, describe, reasons_to_keep
from assetbuild.build.contents import content_of, digester
from assetbuild.build.events import Listener, Waiting, nobody
from assetbuild.build.execute import Compiled, StepContext
from assetbuild.build.fingerprint import link
from assetbuild.build.flatten_css import flatten_bundles
from assetbuild.build.foreign import check_manifest_place, check_plain_copies
from assetbuild.build.gather import Gathered, gather
from assetbuild.build.graph import Graph, Scanned, build_graph
from assetbuild.build.input_records import InputRecords
from assetbuild.build.lock import build_lock
from assetbuild.build.made import Made
from assetbuild.build.model import (
    Blob,
    BuildFailed,
    Config,
    Namespace,
    Problem,
    Severity,
    Text,
    TextKind,
)
from assetbuild.build.output import write_files, write_manifest
from assetbuild.build.outputs import make_outputs, merged, path_problems, published_files
from assetbuild.build.phase_report import Report
from assetbuild.build.plan import CompileStep, LicenceStep, Step, licence_steps, make_plan
from assetbuild.build.recall import Recalls
from assetbuild.build.registry import create
from assetbuild.build.releases import begin, commit
from assetbuild.build.results import Built, Output
from assetbuild.build.scan import ScanContext, scan_all, scan_import
from assetbuild.build.scans import Scans
from assetbuild.build.state import State
from assetbuild.build.template_names import names_in_templates
from assetbuild.build.unloaded import import_problems
from assetbuild.build.workers import Crew


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can ask of one build.

    `dev`: no minifying, no variants. `force`: neither the cache nor what is in the output folder is trusted.
    `jobs`: how many threads, and worker processes; 0 means one per core.
    """

    dev: bool = False
    force: bool = False
    jobs: int = 0

    @property
    def workers(self) -> int:
        return self.jobs or os.cpu_count() or 1


# --- what the commands call ------------------------------------------------------------------------------


def build(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Build and write. Raises `BuildFailed`; then the previous manifest and every file it names are untouched."""
    cache = Cache(config.cache, limit=config.cache_size)
    key = uptodate.state_key(config, minify=not options.dev)
    started_ns = state.now_ns()
    found = walk(config)
    if not options.force and (same := _unchanged(config, found, cache, key)) is not None:
        return _noted(config, *same, found, options=options, started_ns=started_ns)
    waited: list[Waiting] = []

    def wait() -> None:
        waited.append(Waiting())
        listener(waited[0])

    with build_lock(config.cache, on_wait=wait) as held:
        if waited:  # another build has ended meanwhile
            started_ns = state.now_ns()
            found = walk(config)
            if not options.force and (same := _unchanged(config, found, cache, key)) is not None:
                return _noted(config, *same, found, options=options, started_ns=started_ns)
        built, left = _build(
            config, found, options=options, listener=listener, cache=cache, key=key, started_ns=started_ns
        )
    if waited and not held:
        built = replace(built, problems=(*built.problems, _not_locked()))
    return _noted(config, built, left, found, options=options, started_ns=started_ns)


def _unchanged(config: Config, found: tree.Tree, cache: Cache, key: str) -> tuple[Built, State] | None:
    last = state.loads(cache.read_state())
    data = uptodate.unchanged(config, found, last) if last.key == key else None
    if data is None:
        return None
    return Built(last.build, data, json.loads(data)["assets"], (), up_to_date=True), last


def _noted(config: Config, built: Built, left: State, found: tree.Tree, *, options: Options, started_ns: int) -> Built:
    """The result with what was looked at. Leaves the index to a next build that finds everything as it is now."""
    index = uptodate.index_of(config, found, left, built, minify=not options.dev, started_ns=started_ns)
    Cache(config.cache).write_index(index)
    beside = uptodate.files_beside(config, left)
    files = (*beside, *(source.file for source in found.files), *found.templates)
    return replace(built, files=files, folders=tuple(found.folders), started_ns=started_ns, beside=left.opened)


def _not_locked() -> Problem:
    text = "another build has held the lock for a minute; this one went on without it"
    return Problem("not-locked", text, severity=Severity.WARNING, hint="see whether the other build hangs")


def _build(
    config: Config, found: tree.Tree, *, options: Options, listener: Listener, cache: Cache, key: str, started_ns: int
) -> tuple[Built, State]:
    check_manifest_place(config.output, config.manifest)
    last = state.loads(cache.read_state())
    trusted = replace(last, sources={}, outputs={}) if options.force else last
    made = make(config, found, options=options, listener=listener, cache=cache, last=trusted)
    changes = changes_between(config, made.outputs, made.assets, descriptions=made.descriptions, last=last)
    files = published_files(made.outputs)
    stable = {output.logical for output in made.outputs if output.stable}
    try:
        check_plain_copies(config.output, [file for file in files if file.path in stable], manifest=config.manifest)
        others = other_manifests.contents(config, made.manifest)
        other_manifests.check(config, others)
        pending = begin(config.output, made.build, [file.path for file in files], manifest=config.manifest)
        known = trusted.left_as({file.path: file.sha256 for file in files})
        written = write_files(config.output, files, listener=listener, trusted=known, jobs=options.workers)
        commit(pending)
        others_written = other_manifests.write(config, others)
        others_written += other_manifests.remove_former(config, written=last.outputs)
        is_new_manifest = write_manifest(config.manifest, made.manifest)
    except BuildFailed as failed:
        raise BuildFailed((*made.problems, *failed.problems), exit_code=failed.exit_code) from failed
    new = State(
        key=key,
        recorded_ns=started_ns,
        manifest_sha256=keys.sha256(made.manifest),
        build=made.build,
        sources=state.records(found.files, {blob.file: blob for blob in made.blobs.values()}, trusted),
        outputs={**written.stats, **other_manifests.stats(config)},
        output_digests={file.path: file.sha256 for file in files},
        descriptions=made.descriptions,
        reasons=reasons_to_keep(changes, last),
        flaws=uptodate.flaws_key(found),
        templates=found.templates,
        blocks=made.blocks,
        opened=made.opened,
    )
    cache.write_state(state.dumps(new))
    keep_within_bound(cache)
    count = len(written.written) + others_written + is_new_manifest
    built = Built(
        build=made.build,
        manifest=made.manifest,
        assets=made.assets,
        outputs=made.outputs,
        problems=made.problems,
        changes=changes if count else (),
        ways=made.ways(),
        written=count,
        up_to_date=not count,
    )
    return built, new


# --- the phases, in order --------------------------------------------------------------------------------


def walk(config: Config) -> tree.Tree:
    mounts = [spec.mount for spec in config.sources]
    found = tree.walk(config.root_paths, mounts, skip=(config.output, config.manifest, config.cache))
    found = adoption.with_adopted(found, config.adopted)
    seen = template_files.look(template_files.of(config))
    return replace(found, folders={**found.folders, **seen.folders}, templates=seen.files)


def make(
    config: Config,
    found: tree.Tree,
    *,
    options: Options,
    listener: Listener,
    cache: Cache,
    last: State = state.EMPTY,
    variants: bool = True,
    named: Collection[str] = (),
    judges: bool = False,
) -> Made:
    """All phases from discover to compress, and the manifest. Raises `BuildFailed`; writes nothing but the cache.

    `named`: assets that pages are known to load. `judges`: whether it matters that scripts parse which no processor
    will read; where some will, it always does.
    """
    report = Report(list(config.problems))
    given = gather(config, found, report, cache=None if options.force else cache, listener=listener)
    config, namespace = given.config, given.namespace
    trusted_cache = None if options.force else cache
    with _pool(options.workers) as pool:
        with Crew(options.workers, listener=listener) as crew:
            skims = not judges and not config.processors.get(TextKind.JS)
            scanning = ScanContext(pool, crew, Scans(trusted_cache), listener, last, InputRecords(trusted_cache), skims)
            scanned, graph = _read(given, scanning, report, named=named)
            flat, unjoinable = flatten_bundles(namespace, scanned, graph.edges, cut_of=scanning.records.cut)
            scanning.records.save()
            report.phase(unjoinable)
            steps = make_plan(config, namespace, scanned, flat, minify=not options.dev)
            context = StepContext(scanned, graph.edges, create, trusted_cache, listener, crew, Recalls(trusted_cache))
            compiled = execute.compile_all([step for step in steps if isinstance(step, CompileStep)], context, pool)
            report.phase(problem for result in compiled.values() for problem in result.problems)
        media = [step.logical for step in steps if step.logical not in compiled and step.logical not in scanned]
        blobs, problems = execute.digest_all(media, digester(namespace.sources, last, listener), pool)
        blobs |= {name: item.blob for name, item in scanned.items()}
        adopted_blobs, unreadable = _digest_beside(found, last, listener, pool)
        adopted, unadoptable = adoption.adopt(config.adopted, adopted_blobs)
        report.phase([*problems, *unreadable, *unadoptable, *adoption.changed(config, adopted)])
        licence_files = _licence_files(steps, compiled, namespace, report)
        contents = {step.logical: content_of(step, compiled, blobs, namespace.sources) for step in steps}
        contents |= {step.logical: Text((compiled[step.owner].licences,)) for step in licence_files}
        linked = link(contents)
        report.phase(adoption.clash_problems(config.adopted, adopted, linked))
        inputs = {step.logical: step.inputs for step in steps}
        relations = related.relate(inputs, namespace.bundles, graph.edges, scanned)
        outputs = merged(make_outputs(config, linked, relations), adopted)
        report.phase(_place_problems(config, outputs))
        if variants and not options.dev:
            outputs, problems = compressing.with_variants(
                outputs, config.compress, cache=trusted_cache, listener=listener, pool=pool
            )
            report.phase(problems)
    rendered = _manifest(given, outputs, graph, report)
    steps = (*steps, *licence_files)
    described = describe(steps, compiled, contents, linked, blobs, given.texts.made_of)
    return Made(
        outputs=outputs,
        manifest=rendered.data,
        build=rendered.build,
        assets=rendered.assets,
        problems=tuple(report.problems),
        steps=steps,
        compiled=compiled,
        sources=namespace.sources,
        descriptions=described | adoption.describe(config.adopted, adopted),
        blobs=blobs | adopted_blobs,
        mapped=graph.mapped,
        edges=graph.edges,
        blocks=given.collected.digest,
        opened=given.texts.opened,
        made_of=given.texts.made_of,
    )


def _digest_beside(
    found: tree.Tree, last: State, listener: Listener, pool: Executor
) -> tuple[dict[str, Blob], list[Problem]]:
    """Of the files that lie under no root."""
    beside = {source.logical: source for source in found.beside}
    return execute.digest_all(list(beside), digester(beside, last, listener), pool)


def _licence_files(
    steps: Sequence[Step], compiled: Mapping[str, Compiled], namespace: Namespace, report: Report
) -> tuple[LicenceStep, ...]:
    owners = sorted(name for name, result in compiled.items() if result.licences)
    files, problems = licence_steps(steps, owners, namespace)
    report.phase(problems)
    return files


def _manifest(given: Gathered, outputs: Sequence[Output], graph: Graph, report: Report) -> manifest.Rendered:
    importmap = related.importmap(given.config, given.namespace.published, graph.edges)
    report.phase(block_plan.inline_problems(given.collected, given.plan, outputs, importmap, tree.read_blob))
    bundles = names_in_templates(given.config)
    return manifest.render(
        outputs, importmap, bundles=bundles, blocks=given.plan.outputs, blueprints=given.config.blueprints
    )


def _place_problems(config: Config, outputs: Sequence[Output]) -> Iterator[Problem]:
    """Outputs where something else is to be: another output, or a manifest."""
    yield from other_manifests.place_problems(config, outputs)
    yield from path_problems(outputs, os.path.relpath(config.manifest, config.output).replace(os.sep, "/"))


def _read(
    given: Gathered, context: ScanContext, report: Report, *, named: Collection[str]
) -> tuple[dict[str, Scanned], Graph]:
    """Scan and resolve. Of sources that are not published only those are read that bundles inline, as they turn up."""
    config, namespace = given.config, given.namespace
    scanned, problems = scan_all(namespace, context)

    def read(logical: str) -> Scanned | None:
        item, found_in_it = scan_import(namespace, logical, context)
        problems.extend(found_in_it)
        return item

    graph, unresolved = build_graph(config, namespace, scanned.values(), exists=tree.exists, read=read)
    scanned |= graph.inlined
    context.scans.save()
    problems += [
        *unresolved,
        *import_problems(config, namespace, graph, named={*named, *given.plan.loaded}),
        *block_plan.broken_modules(given.plan, scanned),
    ]
    report.phase(problems)
    return scanned, graph


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are not waited for when a phase has failed: what they still have to do is of no use to anyone."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="build")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
