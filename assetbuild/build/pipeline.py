"""The one wiring place: config -> discover -> graph -> plan -> compile -> link -> compress -> write -> manifest.

Reads top to bottom as that line. Each phase reports all its problems; no later phase runs after an error, and nothing
is written before everything that can be wrong with sources has been looked at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assetbuild.build import compressing, execute, manifest, related, state, tree, uptodate
from assetbuild.build.cache import Cache
from assetbuild.build.changes import changes_between, describe
from assetbuild.build.discover import discover
from assetbuild.build.events import Done, Listener, Progress, Work, nobody
from assetbuild.build.execute import Compiled, StepContext
from assetbuild.build.fingerprint import Named, link
from assetbuild.build.globs import Globs
from assetbuild.build.graph import Edge, Scanned, build_graph
from assetbuild.build.keys import Description
from assetbuild.build.lock import build_lock
from assetbuild.build.media import media_type
from assetbuild.build.model import (
    Blob,
    BuildFailed,
    Built,
    Change,
    Config,
    FileStat,
    Output,
    Problem,
    Severity,
    Source,
    Text,
)
from assetbuild.build.names import clashes
from assetbuild.build.output import File, write_files, write_manifest
from assetbuild.build.plan import CompileStep, CopyStep, Step, make_plan
from assetbuild.build.registry import create
from assetbuild.build.releases import begin, commit
from assetbuild.build.scan import scan_all
from assetbuild.build.state import State


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can ask of one build.

    `dev`: no minifying, no variants. `force`: neither the cache nor what is in the output folder is trusted.
    `jobs`: worker threads; 0 means one per core.
    """

    dev: bool = False
    force: bool = False
    jobs: int = 0

    @property
    def workers(self) -> int:
        return self.jobs or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Made:
    """A whole build in memory, before anything is written."""

    outputs: tuple[Output, ...]
    manifest: bytes
    build: str
    problems: tuple[Problem, ...]
    steps: tuple[Step, ...]
    compiled: Mapping[str, Compiled]
    scanned: Mapping[str, Scanned]
    edges: Mapping[str, tuple[Edge, ...]]
    sources: Mapping[str, Source]
    descriptions: Mapping[str, Description]
    digests: Mapping[str, tuple[str, str]]
    """(sha256, sha384 or '') by the absolute path of every source whose bytes were needed."""

    def ways(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for compiled in self.compiled.values():
            for passage in compiled.passages:
                ways = counts.setdefault(passage.processor, {})
                ways[passage.way.value] = ways.get(passage.way.value, 0) + 1
        return counts


# --- what the commands call ------------------------------------------------------------------------------


def build(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Build and write. Raises `BuildFailed`; then the previous manifest and every file it names are untouched."""
    cache = Cache(config.cache)
    key = uptodate.state_key(config, minify=not options.dev)
    found = _walk(config)
    last = state.EMPTY if options.force else state.loads(cache.read_state())
    if last.key == key and (manifest_bytes := uptodate.unchanged(config, found, last)) is not None:
        return Built(last.build, manifest_bytes, (), up_to_date=True)
    with build_lock(config.cache, on_wait=lambda: listener(Progress("waiting for another build", 0, 1))):
        return _build_locked(config, options, listener, cache, key)


def _build_locked(config: Config, options: Options, listener: Listener, cache: Cache, key: str) -> Built:
    """Everything is looked at again: another build may have ended while this one waited for the lock."""
    found = _walk(config)
    last = state.loads(cache.read_state())
    recorded_ns = state.now_ns()
    trusted_last = replace(last, sources={}, outputs={}) if options.force else last
    made = make(config, found, options=options, listener=listener, cache=cache, last=trusted_last)
    changes = changes_between(config, made.outputs, made.descriptions, last)
    files = published_files(made.outputs)
    pending = begin(config.output, made.build, [file.path for file in files])
    trusted = _trusted(files, trusted_last)
    written = write_files(config.output, files, listener=listener, trusted=trusted, jobs=options.workers)
    commit(pending)
    manifest_written = write_manifest(config.manifest, made.manifest)
    new = State(
        key=key,
        recorded_ns=recorded_ns,
        manifest_sha256=hashlib.sha256(made.manifest).hexdigest(),
        build=made.build,
        sources=state.records(found.sources, made.digests, trusted_last),
        outputs=written.stats,
        output_digests={file.path: file.sha256 for file in files},
        descriptions=made.descriptions,
    )
    cache.write_state(state.dumps(new))
    count = len(written.written) + manifest_written
    return Built(
        made.build, made.manifest, made.outputs, made.problems, changes, made.ways(), count, up_to_date=not count
    )


def plan(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Everything that `build` does but writing: what would change and why. Raises `BuildFailed`."""
    made, changes = inspect_changes(config, options=options, listener=listener)
    return Built(made.build, made.manifest, made.outputs, made.problems, changes, made.ways())


def check(config: Config, *, listener: Listener = nobody) -> tuple[Problem, ...]:
    """Configuration, references, bundles and templates, without writing: every problem found. Never raises for them."""
    from assetbuild.build import templates

    try:
        made = inspect(config, options=Options(), listener=listener)
    except BuildFailed as failed:
        return failed.problems
    assets = [output.logical for output in made.outputs]
    return (*made.problems, *templates.check(assets, templates.find(config)))


def check_output(config: Config, *, options: Options, listener: Listener = nobody) -> tuple[Problem, ...]:
    """What in the output folder is not what a build would leave there: bytes, variants, stable copies, manifest."""
    from assetbuild.build.verify import not_up_to_date

    made = inspect(config, options=options, listener=listener)
    return (*made.problems, *not_up_to_date(config, made.manifest))


def inspect(config: Config, *, options: Options, listener: Listener = nobody) -> Made:
    """The whole build in memory, for whoever only looks at it. Raises `BuildFailed`."""
    return inspect_changes(config, options=options, listener=listener)[0]


def inspect_changes(
    config: Config, *, options: Options, listener: Listener = nobody
) -> tuple[Made, tuple[Change, ...]]:
    """The whole build in memory, and how it differs from the manifest on disk."""
    cache = Cache(config.cache)
    last = state.loads(cache.read_state())
    made = make(config, _walk(config), options=options, listener=listener, cache=cache, last=last)
    return made, changes_between(config, made.outputs, made.descriptions, last)


def dependencies(config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(files, folders) that a build looks at, absolute: the configuration, the sources, the folders listed."""
    found = _walk(config)
    files = [str(config.file), *(source.file for source in found.sources)]
    return tuple(sorted(set(files))), found.folders


# --- the phases, in order --------------------------------------------------------------------------------


def _walk(config: Config) -> tree.Tree:
    mounts = [spec.mount for spec in config.sources]
    return tree.walk(config.root_paths, mounts, skip=(config.output, config.manifest, config.cache))


def make(config: Config, found: tree.Tree, *, options: Options, listener: Listener, cache: Cache, last: State) -> Made:
    """Discover, scan, resolve, plan, compile, link, compress. Raises `BuildFailed`; writes nothing but the cache."""
    report = _Report(list(config.problems))
    namespace, problems = discover(config, found)
    report.phase(problems)
    with _pool(options.workers) as pool:
        scanned, text_digests, problems = scan_all(namespace, pool=pool, listener=listener)
        graph, unresolved = build_graph(config, namespace, scanned.values(), exists=tree.exists)
        report.phase([*problems, *unresolved])
        steps = make_plan(config, namespace, scanned, minify=not options.dev)
        context = StepContext(scanned, graph.edges, config.modules, create, None if options.force else cache, listener)
        compiled = execute.compile_all([step for step in steps if isinstance(step, CompileStep)], context, pool)
        report.phase([problem for result in compiled.values() for problem in result.problems])
        blobs, problems = _blobs(steps, compiled, namespace.sources, last, listener, pool)
        report.phase(problems)
        contents = {step.logical: _content(step, compiled, blobs) for step in steps}
        named = link(contents)
        inputs = {step.logical: step.inputs for step in steps}
        relations = related.relate(inputs, namespace.bundles, graph.edges, scanned)
        outputs = _outputs(config, named, relations)
        report.phase(_path_problems(outputs, config))
        if not options.dev:
            outputs = compressing.with_variants(
                outputs, config.compress, cache=context.cache, listener=listener, pool=pool
            )
    document, build_id = manifest.render(outputs, related.importmap(config, relations))
    digests = {namespace.sources[name].file: (sha256, "") for name, sha256 in text_digests.items()}
    digests |= {blob.file: (blob.sha256, blob.sha384) for blob in blobs.values()}
    shas = {name: digests[source.file][0] for name, source in namespace.sources.items() if source.file in digests}
    return Made(
        outputs, document, build_id, tuple(report.problems), steps, compiled, scanned, graph.edges, namespace.sources,
        describe(steps, compiled, contents, named, shas), digests,
    )  # fmt: skip


class _Report:
    """Collects problems; ends the build after a phase that had errors."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def phase(self, problems: Iterable[Problem]) -> None:
        self.problems += dict.fromkeys(problems)
        if any(problem.severity is Severity.ERROR for problem in self.problems):
            raise BuildFailed(self.problems)


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are not waited for when a phase has failed: what they still have to do is of no use to anyone."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="build")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _blobs(
    steps: Sequence[Step],
    compiled: Mapping[str, Compiled],
    sources: Mapping[str, Source],
    last: State,
    listener: Listener,
    pool: ThreadPoolExecutor,
) -> tuple[dict[str, Blob], list[Problem]]:
    """The digests of everything that is shipped as it is, without reading what the last build has read."""

    def digest(logical: str) -> Blob | Problem:
        source = sources[logical]
        if (known := last.blob(source)) is not None:
            return known
        try:
            blob = tree.digest(source)
        except OSError as error:
            return tree.unreadable(source, error)
        listener(Done(Work.READ, logical))
        return blob

    as_they_are = [
        step.logical for step in steps if isinstance(step, CopyStep) or compiled[step.logical].content is None
    ]
    return execute.digest_all(as_they_are, digest, pool)


def _content(step: Step, compiled: Mapping[str, Compiled], blobs: Mapping[str, Blob]) -> Text | Blob:
    result = compiled.get(step.logical)
    return result.content if result is not None and result.content is not None else blobs[step.logical]


def _outputs(config: Config, named: Mapping[str, Named], relations: related.Relations) -> tuple[Output, ...]:
    stable = Globs(config.stable)
    return tuple(
        Output(
            logical=logical,
            path=name.path,
            media_type=media_type(logical),
            content=name.content,
            size=name.size,
            sha256=name.sha256,
            sha384=name.sha384,
            stable=stable.matches(logical),
            module=logical in relations.modules,
            preload=relations.preload(logical),
            imports=relations.imports(logical),
        )
        for logical, name in sorted(named.items())
    )


def _path_problems(outputs: Sequence[Output], config: Config) -> Iterator[Problem]:
    """Two outputs for one path, also on file systems that ignore case; an output where the manifest is to be."""
    owners: dict[str, str] = {}
    paths: list[str] = []
    for output in outputs:
        for path in (output.path, *((output.logical,) if output.stable else ())):
            other = owners.setdefault(path, output.logical)
            paths.append(path)
            if other != output.logical:
                text = f"{other} and {output.logical} would both be written to {path}"
                yield Problem("output-clash", text, hint="rename one of them")
    for first, second in clashes(paths):
        text = f"the outputs {first} and {second} differ only in case or Unicode form"
        yield Problem("output-clash", text, hint="rename one of them")
    manifest_path = os.path.relpath(config.manifest, config.output).replace(os.sep, "/")
    if manifest_path in owners:
        text = f"{owners[manifest_path]} would be written to {manifest_path}, which is the manifest's place"
        yield Problem("output-clash", text, hint="move the manifest, or take the asset out of `stable`")


# --- writing ---------------------------------------------------------------------------------------------


def published_files(outputs: Sequence[Output]) -> list[File]:
    """Every file that a release is made of: outputs, their variants, plain copies of stable ones."""
    files = []
    for output in outputs:
        files.append(File(output.path, output.content, output.size, output.sha256))
        if output.stable:
            files.append(replace(files[-1], path=output.logical))
        for variant in output.variants:
            digest = hashlib.sha256(variant.data).hexdigest()
            files.append(File(variant.path, variant.data, len(variant.data), digest))
    return files


def _trusted(files: Sequence[File], last: State) -> dict[str, FileStat]:
    """Stats of files that the last build left with exactly the bytes that are wanted now."""
    return {
        file.path: last.outputs[file.path]
        for file in files
        if file.path in last.outputs and last.output_digests.get(file.path) == file.sha256
    }
