"""What a build would do, and what is wrong: the commands that write nothing.

Runs the phases of `pipeline` with a cache that is only read, and compares what comes of them with what is on disk.
"""

from __future__ import annotations

from assetbuild import manifest
from assetbuild.build import adoption, other_manifests, state, templates, unused
from assetbuild.build.cache import Cache
from assetbuild.build.changes import changes_between
from assetbuild.build.discover import discover
from assetbuild.build.events import Listener, nobody
from assetbuild.build.licences import file_name
from assetbuild.build.made import Made
from assetbuild.build.model import BuildFailed, Config, Licences, Problem
from assetbuild.build.pipeline import Options, make, walk
from assetbuild.build.results import Built, Change, ChangeKind
from assetbuild.build.state import State
from assetbuild.build.template_names import assets_of, names_in_templates
from assetbuild.build.verify import not_up_to_date


def plan(config: Config, *, options: Options, listener: Listener = nobody) -> Built:
    """Everything that `build` does but writing: what would change and why. Raises `BuildFailed`."""
    made, changes = inspect(config, options=options, listener=listener)
    others = other_manifests.to_be_written(config, other_manifests.contents(config, made.manifest))
    is_same = (
        not others
        and all(change.kind is ChangeKind.SAME for change in changes)
        and _has_manifest(config, made.manifest)
    )
    return Built(
        made.build,
        made.manifest,
        made.assets,
        made.outputs,
        (*made.problems, *others),
        () if is_same else changes,
        made.ways(),
        up_to_date=is_same,
    )


def _has_manifest(config: Config, wanted: bytes) -> bool:
    """Whether the manifest is there as wanted: an import map or a template's block can change without any output."""
    try:
        return manifest.regular_bytes(config.manifest) == wanted
    except OSError:
        return False


def check(config: Config, *, listener: Listener = nobody) -> tuple[Problem, ...]:
    """Configuration, references, bundles and templates, without writing: every problem found. Never raises for them."""
    return _audit(config, listener)[0]


def check_unused(config: Config, *, listener: Listener = nobody) -> tuple[tuple[Problem, ...], tuple[str, ...] | None]:
    """As `check`, and the logical paths of what is published and nothing is known to load; None where it fails."""
    if not config.templates:
        return (unused.without_templates(),), None
    problems, made, pages = _audit(config, listener)
    if made is None:
        return problems, None
    unseen = templates.unseen(pages)
    named = templates.named(pages)
    blocks = manifest.loads(made.manifest, name="the manifest").get("blocks", {}).values()
    # What the outputs of an adopted build refer to, only the tool knows that made them; it publishes what it needs.
    named = named.union(assets_of(config, named), adoption.names_of(config.adopted), *blocks)
    found = unused.find(made.outputs, named, made.edges, made.descriptions, unseen=unseen)
    found = unused.with_packages(found, _packages(config))
    return (*problems, *found.problems), found.names


def _packages(config: Config) -> dict[str, str]:
    """The logical paths of sources in installed packages, and the package."""
    if not any(spec.package for spec in config.sources):
        return {}
    namespace, _ = discover(config, walk(config))
    owners = {logical: config.sources[source.root].package for logical, source in namespace.sources.items()}
    return {logical: package for logical, package in owners.items() if package}


def _audit(config: Config, listener: Listener) -> tuple[tuple[Problem, ...], Made | None, tuple[templates.Page, ...]]:
    """The problems, the build unless it failed, and the templates."""
    found = walk(config)
    namespace, _ = discover(config, found)
    assets = [*namespace.published, *namespace.bundles]
    pages = templates.read_all(templates.find(config), config.blueprints)
    named, bundles = templates.named(pages), names_in_templates(config)
    try:
        options, cache = Options(), _looking(config)
        made = make(
            config, found, options=options, listener=listener, cache=cache, variants=False, named=named, judges=True
        )
    except BuildFailed as failed:
        if config.licences is Licences.FILE:  # which of them there would be, only a build that succeeds knows
            assets += [file_name(name) for name in assets]
        assets += adoption.names_of(config.adopted)
        return (*failed.problems, *templates.check(assets, pages, bundles=bundles)), None, pages
    in_templates = templates.check([output.logical for output in made.outputs], pages, bundles=bundles)
    problems = (*made.problems, *in_templates, *templates.without_import_map(pages, _needing_a_map(made)))
    return problems, made, pages


def _needing_a_map(made: Made) -> frozenset[str]:
    """The assets that no browser can load without an import map in the page."""
    return frozenset(
        output.logical for output in made.outputs if not made.mapped.isdisjoint((output.logical, *output.imports))
    )


def check_output(config: Config, *, options: Options, listener: Listener = nobody) -> tuple[Problem, ...]:
    """What in the output folder is not what a build would leave there: bytes, variants, stable copies, manifest."""
    made, _ = inspect(config, options=options, listener=listener)
    return (*made.problems, *not_up_to_date(config, made.manifest))


def inspect(config: Config, *, options: Options, listener: Listener = nobody) -> tuple[Made, tuple[Change, ...]]:
    """The whole build in memory, for whoever only looks at it, and how it differs from what is on disk."""
    last = last_state(config)
    made = make(config, walk(config), options=options, listener=listener, cache=_looking(config), last=last)
    return made, changes_between(config, made.outputs, made.assets, descriptions=made.descriptions, last=last)


def last_state(config: Config) -> State:
    """What the last build left behind; empty where that is not known."""
    return state.loads(_looking(config).read_state())


def _looking(config: Config) -> Cache:
    return Cache(config.cache, is_readonly=True)
