"""What `doctor` finds out on this machine: Python, packages, configuration, the build on disk, the cache.

Writes nothing, and reads no output: sizes and the last build's own records tell. Sends nothing. Packages are imported,
since one that is installed and broken looks well from outside.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

from assetbuild import __version__, manifest
from assetbuild.build import pipeline, publish_local, state, uptodate
from assetbuild.build.cache import Cache
from assetbuild.build.doctor_findings import Finding, fine, judged, skipped
from assetbuild.build.model import Algorithm, BuildFailed, Config, Place, Problem, Severity
from assetbuild.build.registry import REGISTERED
from assetbuild.errors import ManifestError
from assetbuild.manifest import ManifestDict

_ALWAYS = ("tree-sitter", "tree-sitter-javascript")
_OF_ALGORITHMS = {Algorithm.BROTLI: "brotli", Algorithm.ZSTD: "zstandard"}
_EXTRAS = {"boto3": "s3", "zstandard": "zstd"}
"""The extra that brings a package, where it is not `build`."""
_DEMAND = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)")


def programs() -> list[Finding]:
    """What runs this, whatever the configuration."""
    return [fine("python", platform.python_version()), fine("assetbuild", __version__)]


def broken(failed: BuildFailed) -> list[Finding]:
    """The findings where there is no valid configuration."""
    return [*programs(), judged("config", "cannot be used", *failed.problems)]


def examine(config: Config) -> list[Finding]:
    """The findings for a valid configuration."""
    name = config.file.name
    return [
        *programs(),
        *(_package(each) for each in _packages(config)),
        judged("config", f"{name}, with warnings" if config.problems else name, *config.problems),
        *_output(config),
        _cache(config),
    ]


# --- packages --------------------------------------------------------------------------------------------


def _packages(config: Config) -> Iterator[str]:
    """Those that this configuration needs, beginning with those that every one does."""
    yield from _ALWAYS
    specs = [*config.processors.values(), *(bundle.processors or () for bundle in config.bundles)]
    yield from sorted({REGISTERED[spec.name].module for each in specs for spec in each if spec.name in REGISTERED})
    yield from (_OF_ALGORITHMS[one] for one, _ in config.compress if one in _OF_ALGORITHMS)
    if config.templates:
        yield "jinja2"
    if any(target.startswith("s3:") for target in (config.publish.target, config.publish.state)):
        yield "boto3"


def _package(name: str) -> Finding:
    hint = f"pip install -U 'assetbuild[{_EXTRAS.get(name, 'build')}]'"
    try:
        import_module(name.replace("-", "_"))
        version = metadata.version(name)
    except metadata.PackageNotFoundError:  # put there by something other than an installer
        return fine(name, "of an unknown version")
    except ImportError as error:
        text = f"the package {name} cannot be imported: {error}"
        return judged(name, "missing", Problem("missing-package", text, hint=hint))
    least = _least(name)
    if least and _numbers(version) < _numbers(least):
        text = f"the package {name} is of version {version}, and {least} is the first that is known to do"
        return judged(name, version, Problem("old-package", text, hint=hint))
    return fine(name, version)


def _least(name: str) -> str:
    """The oldest version that this package's own metadata allows."""
    try:
        demands = metadata.requires("assetbuild") or []
    except metadata.PackageNotFoundError:  # from a checkout that is on the path
        return ""
    found = (match for each in demands if (match := _DEMAND.match(each)) and match[1].lower() == name)
    return next((match[2] for match in found), "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


# --- the build on disk -----------------------------------------------------------------------------------


def _output(config: Config) -> Iterator[Finding]:
    place = Place(str(config.manifest))
    is_published = bool(config.publish.target)
    try:
        found = manifest.read(config.manifest)
        if is_published:
            publish_local.local(config)
    except (ManifestError, BuildFailed) as error:
        of_build = error.problems if isinstance(error, BuildFailed) else ()
        fault = error.fault if isinstance(error, ManifestError) else ""
        severity = Severity.ERROR if is_published else Severity.WARNING
        problems = of_build or (Problem("manifest", fault, place, severity=severity),)
        yield judged("output", "no build that could be published", *problems)
        yield skipped("up-to-date", "not tried, because of output")
        return
    yield _files(config, found)
    yield _up_to_date(config, found)


def _files(config: Config, found: ManifestDict) -> Finding:
    """By sizes alone: `publish` and `verify` read every byte."""
    wanted: dict[str, int] = {}
    for logical, entry in found["assets"].items():
        wanted[entry["path"]] = entry["size"]
        wanted |= {twin["path"]: twin["size"] for twin in entry.get("variants", {}).values()}
        if entry.get("stable"):
            wanted[logical] = entry["size"]
    wrong = [path for path, size in sorted(wanted.items()) if _size(config.output / path) != size]
    words = f"{_counted(len(found['assets']), 'asset')}, build {found['build'][:8]}"
    if not wrong:
        return fine("output", words)
    text = f"{_counted(len(wrong), 'file')} of the manifest missing or of another size, such as this one"
    hint = "run `assetbuild build --force`; it repairs what is damaged"
    problem = Problem("output-damaged", text, Place(str(config.output / wrong[0])), hint=hint)
    return judged("output", f"{words}, not whole", problem)


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return -1


def _up_to_date(config: Config, found: ManifestDict) -> Finding:
    name, place = "up-to-date", Place(str(config.manifest))
    last = state.loads(Cache(config.cache, is_readonly=True).read_state())
    if last.build != found["build"]:
        return skipped(name, "not known without the cache of that build; `assetbuild build --check` finds out")
    if last.key == uptodate.state_key(config, minify=False) and config.publish.target:
        text = "the last build was one for development, with --dev"
        problem = Problem("not-up-to-date", text, place, severity=Severity.WARNING, hint="run `assetbuild build`")
        return judged(name, "built with --dev", problem)
    keys = [uptodate.state_key(config, minify=minify) for minify in (True, False)]
    try:
        same = last.key in keys and uptodate.unchanged(config, pipeline.walk(config), last) is not None
    except BuildFailed as failed:
        return judged(name, "no build would work", *failed.problems)
    if same:
        return fine(name, "sources, configuration and tools are those of this build")
    hint = "run `assetbuild build`; `assetbuild build --plan` says what changes"
    text = "sources, configuration or tools have changed since this build"
    problem = Problem("not-up-to-date", text, place, severity=Severity.WARNING, hint=hint)
    return judged(name, "something has changed since", problem)


# --- the cache -------------------------------------------------------------------------------------------


def _cache(config: Config) -> Finding:
    folder = config.cache
    there = folder if folder.exists() else folder.parent
    if (folder.exists() and not folder.is_dir()) or not os.access(there, os.W_OK | os.X_OK):
        hint = "let this user write there, or builds do all anew"
        text = "the cache folder cannot be written"
        problem = Problem("cache-unusable", text, Place(str(folder)), severity=Severity.WARNING, hint=hint)
        return judged("cache", "cannot be written", problem)
    if not folder.exists():
        return fine("cache", "empty")
    return fine("cache", f"{_binary(_held(folder))} of {_binary(config.cache_size)}")


def _held(folder: Path) -> int:
    """Bytes of all files below, as they are now."""
    total = 0
    for here, _, names in os.walk(folder):
        total += sum(max(0, _size(Path(here, name))) for name in names)
    return total


def _binary(size: int) -> str:
    """In the units of `cache_size`."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.{0 if unit == 'B' else 1}f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
