"""Configuration: from `assetbuild.toml`, or `[tool.assetbuild]` in pyproject.toml, to a checked `Config`.

Everything is checked here, once, and all problems are reported together. Nothing is imported from the user's project,
no environment variable is read and no parent folder searched: what a build does stands in one file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assetbuild.build import (
    config_bundles,
    config_manifests,
    config_paths,
    config_publish,
    config_tables,
    config_values,
    config_webassets,
    template_names,
)
from assetbuild.build.model import (
    BuildFailed,
    BundleSpec,
    Config,
    Licences,
    Missing,
    Modules,
    Place,
    Problem,
    ProcessorSpec,
    RootSpec,
    Severity,
    TextKind,
)
from assetbuild.build.toml_places import Document, TomlError, parse
from assetbuild.manifest import regular_bytes

FILE_NAME = "assetbuild.toml"
PYPROJECT = "pyproject.toml"
KEYS = (
    "sources",
    "include",
    "exclude",
    "output",
    "manifest",
    "compress",
    "missing",
    "modules",
    "licences",
    "cache_size",
    "stable",
    "templates",
    "processors",
    "bundles",
    "webassets",
    "importmap",
    "other_manifests",
    "vite",
    "esbuild",
    "publish",
)
_TABLE = ("tool", "assetbuild")


Create = Callable[[ProcessorSpec, TextKind], object]
"""Makes a processor, or raises `registry.UnusableProcessor`."""


def unchecked(spec: ProcessorSpec, kind: TextKind) -> None:
    """The `Create` of those who run no processor: none is looked at, and no engine is loaded."""


def load(path: Path | None, *, folder: Path, create: Create | None = None) -> Config:
    """The configuration in the file `path`, or else in `folder`.

    `create` is the registry's where it is not given. Raises `BuildFailed` with every problem and exit code 2.
    """
    document, notes = _document(path, folder=Path(os.path.abspath(folder)))
    problems: list[Problem] = []
    config = _config(document, problems, create=create)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise _failed(sorted(problems, key=_reading_order))
    return replace(config, problems=(*notes, *problems))


def _reading_order(problem: Problem) -> tuple[bool, int, int]:
    place = problem.place or Place("")
    return place.line == 0, place.line, place.column


def _failed(problems: Sequence[Problem]) -> BuildFailed:
    return BuildFailed(problems, exit_code=2)


# --- finding and reading ---------------------------------------------------------------------------------


def _document(path: Path | None, *, folder: Path) -> tuple[Document, tuple[Problem, ...]]:
    """The table of settings, and notes on where it was found."""
    if path is not None:
        file = Path(os.path.abspath(folder / path))
        return (_section(file) if file.name == PYPROJECT else _read(file)), ()
    own, shared = folder / FILE_NAME, folder / PYPROJECT
    if os.path.lexists(own):
        document = _read(own)
        return document, _both(own, shared)
    if os.path.lexists(shared):
        return _section(shared), ()
    text = f"there is no {FILE_NAME} here, and no {PYPROJECT}"
    above = next((parent for parent in Path(os.path.abspath(folder)).parents if (parent / FILE_NAME).is_file()), None)
    hint = "run `assetbuild init` to write one"
    if above is not None:
        hint = f"there is one in {os.path.relpath(above, folder)}: run assetbuild there, or pass it with --config"
    raise _failed([Problem("config-not-found", text, Place(str(folder)), hint=hint)])


def _both(own: Path, shared: Path) -> tuple[Problem, ...]:
    """A note where both files hold settings. A pyproject.toml that cannot be read is for other tools to report."""
    try:
        data = regular_bytes(shared)
        document = parse(data.decode("utf-8"), path=str(shared)) if b"assetbuild" in data else None
    except (OSError, UnicodeError, TomlError):
        return ()
    if document is None or _lookup(document.table, _TABLE) is None:
        return ()
    text = f"{FILE_NAME} is used, and [tool.assetbuild] in {PYPROJECT} is not"
    place = document.at_value(*_TABLE)
    hint = "keep the settings in one of the two files"
    return (Problem("config-in-two-files", text, place, severity=Severity.NOTE, hint=hint),)


def _section(file: Path) -> Document:
    """`[tool.assetbuild]` of a pyproject.toml."""
    document = _read(file)
    table = _lookup(document.table, _TABLE)
    if table is None:
        text = f"{PYPROJECT} has no [tool.assetbuild], and there is no {FILE_NAME} beside it"
        if (file.parent / FILE_NAME).exists():
            text = f"{PYPROJECT} has no [tool.assetbuild]"
        raise _failed([Problem("config-not-found", text, Place(str(file)), hint="run `assetbuild init` to write one")])
    if not isinstance(table, dict):
        place = document.at_value(*_TABLE)
        hint = "write the header [tool.assetbuild] and the settings below it"
        raise _failed([config_values.wrong_type("tool.assetbuild", table, place, expected="a table", hint=hint)])
    return replace(document, table=table, prefix=_TABLE)


def _lookup(table: Mapping[str, object], path: Sequence[str]) -> object:
    found: object = table
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _read(file: Path) -> Document:
    place = Place(str(file))
    try:
        data = regular_bytes(file)
    except IsADirectoryError:
        raise _failed(
            [Problem("config-unreadable", "the configuration is a folder, not a file", place, hint="name a file")]
        ) from None
    except FileNotFoundError:
        text = "the configuration file does not exist"
        raise _failed([Problem("config-not-found", text, place, hint="correct the path")]) from None
    except (OSError, ValueError) as error:
        text = f"the configuration cannot be read: {getattr(error, 'strerror', None) or error}"
        raise _failed([Problem("config-unreadable", text, place, hint="correct the path or its permissions")]) from None
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        text = "the configuration starts with a byte order mark, which TOML does not allow"
        raise _failed([Problem("config-encoding", text, place, hint="save it as UTF-8 without a byte order mark")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(
            "config-encoding",
            f"the configuration is not UTF-8: line {line} holds the byte 0x{data[error.start]:02x}",
            Place(str(file), line),
            hint="save it as UTF-8",
        )
        raise _failed([problem]) from None
    try:
        return parse(text, path=str(file))
    except TomlError as error:
        hint = "correct the TOML; strings need quotes, lists need commas, keys with a `/` or a `.` need quotes"
        raise _failed([Problem("config-syntax", f"not valid TOML: {error}", error.place, hint=hint)]) from None


# --- settings --------------------------------------------------------------------------------------------


def _config(document: Document, problems: list[Problem], *, create: Create | None) -> Config:
    """A `Config`, which is of use only when no problem was added."""
    file = Path(document.path)
    base = file.parent
    problems += _unknown(document)
    check = _processor_check(create)
    roots = config_paths.roots(config_tables.sources(document, problems), problems, base=base)
    path, globs = config_values.path_string, config_values.globs
    output = config_paths.absolute(
        base, path(document, problems, "output", default="public/assets", example="public/assets")
    )
    example = "public/assets/manifest.json"
    manifest = config_paths.absolute(
        base, path(document, problems, "manifest", default=str(output / "manifest.json"), example=example)
    )
    problems += config_paths.output_problems(
        document, base=base, output=output, manifest=manifest, found=roots, home=_home()
    )
    yaml = config_webassets.webassets(document, problems, base=base, roots=roots, runs=create is not unchecked)
    bundles = config_bundles.bundles(document, problems, check=check)
    builds = config_manifests.adopted(document, problems, output=output, manifest=manifest)
    others = config_manifests.other_manifests(
        document, problems, output=output, manifest=manifest, roots=roots, builds=builds, yaml=yaml.webassets.file
    )
    config = Config(
        file=file,
        sources=tuple(root.spec for root in roots),
        root_paths=tuple(root.folder for root in roots),
        output=output,
        manifest=manifest,
        digest="",
        include=globs(document, problems, "include", default=("**/*",), example="**/*"),
        exclude=globs(document, problems, "exclude", default=(), example="**/*.scss"),
        compress=config_tables.compress(document, problems),
        missing=config_values.choice(document, problems, "missing", default=Missing.ERROR),
        modules=config_values.choice(document, problems, "modules", default=Modules.REWRITE),
        licences=config_values.choice(document, problems, "licences", default=Licences.KEEP),
        stable=globs(document, problems, "stable", default=(), example="favicon.ico"),
        templates=globs(document, problems, "templates", default=(), example="templates/**/*.html"),
        processors=config_bundles.processors(document, problems, check=check),
        bundles=config_webassets.together(bundles, yaml, problems),
        webassets=yaml.webassets,
        importmap=config_tables.importmap(document, problems),
        other_manifests=others,
        adopted=builds,
        cache_size=config_values.size(document, problems, "cache_size", default="1 GiB"),
    )
    algorithms = tuple(algorithm for algorithm, _ in config.compress)
    published = config_publish.publish(document, problems, compress=algorithms)
    config = replace(config, publish=published, places={**_places(document, config), **yaml.places})
    problems += [*template_names.problems(config), *config_manifests.template_problems(config)]
    return replace(config, digest=_digest(config))


def _places(document: Document, config: Config) -> dict[tuple[str, ...], Place]:
    """Where what later phases may complain of stands: roots, globs, bundles and inputs, entries of the import map."""
    places: dict[tuple[str, ...], Place] = {}
    places |= {("sources", str(index)): document.at_value("sources", index) for index in range(len(config.sources))}
    for key, patterns in (("include", config.include), ("stable", config.stable), ("templates", config.templates)):
        places |= {(key, pattern): document.at_value(key, index) for index, pattern in enumerate(patterns)}
    places |= {("importmap", name): document.at_value("importmap", name) for name, _ in config.importmap}
    places |= {
        ("other_manifests", shape.value): document.at_value("other_manifests", shape.value)
        for shape, _ in config.other_manifests
    }
    places |= {("publish", key): document.at_value("publish", key) for key in config_publish.KEYS}
    for bundle in config.bundles:
        own = ("bundles", bundle.name)
        below = (*own, "inputs") if document.values.get((*document.prefix, *own, "inputs")) is not None else own
        places[own] = document.at_key(*own)
        places |= {(*own, item): document.at_value(*below, index) for index, item in enumerate(bundle.inputs)}
    return places


def _unknown(document: Document) -> list[Problem]:
    where = "`[tool.assetbuild]`" if document.prefix else "the configuration"
    problems = config_values.unknown_keys(document, (), document.table, known=KEYS, where=where)
    if not document.prefix and _lookup(document.table, _TABLE) is not None:
        hint = f"remove the prefix `tool.assetbuild.`: only {PYPROJECT} needs it"
        return [replace(item, hint=hint) if item.text.endswith("`tool`") else item for item in problems]
    return problems


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # a user without a home folder, as in some containers
        return None


def _processor_check(create: Create | None) -> config_bundles.CheckProcessor:
    if create is unchecked:
        return lambda spec, kind: None
    from assetbuild.build import registry  # loads the engines, and only a configuration that was found needs them

    make = registry.create if create is None else create

    def check(spec: ProcessorSpec, kind: TextKind) -> tuple[str, str] | None:
        try:
            make(spec, kind)
        except registry.UnusableProcessor as error:
            return error.text, error.hint
        return None

    return check


# --- digest ----------------------------------------------------------------------------------------------


def _digest(config: Config) -> str:
    """SHA-256 over what can change an output, in canonical JSON.

    Of a source that is configured by an absolute path only the last segment counts, so that the digest is the same on
    every machine; which folder it is, the build sees by the files in it.
    """
    described = {
        "sources": [_described_source(spec) for spec in config.sources],
        "include": config.include,
        "exclude": config.exclude,
        "compress": {algorithm.value: level for algorithm, level in config.compress},
        "missing": config.missing.value,
        "modules": config.modules.value,
        "licences": config.licences.value,
        "stable": config.stable,
        "processors": {kind.value: _described_processors(specs) for kind, specs in config.processors.items()},
        "bundles": {bundle.name: _described_bundle(bundle) for bundle in config.bundles},
        "importmap": dict(config.importmap),
        "webassets": repr(replace(config.webassets, file=None)),
        "adopted": {one.bundler.value: os.path.basename(one.file) for one in config.adopted},
    }
    text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _described_source(spec: RootSpec) -> dict[str, str]:
    path = os.path.basename(os.path.normpath(spec.path)) if os.path.isabs(spec.path) else spec.path
    described = {"path": path, "mount": spec.mount, "package": spec.package}
    return described | ({"blueprint": spec.blueprint} if spec.blueprint else {})


def _described_processors(specs: Sequence[ProcessorSpec]) -> list[object]:
    return [[spec.name, dict(spec.options)] for spec in specs]


def _described_bundle(bundle: BundleSpec) -> dict[str, object]:
    steps = None if bundle.processors is None else _described_processors(bundle.processors)
    return {"inputs": bundle.inputs, "processors": steps, "names": bundle.names}
