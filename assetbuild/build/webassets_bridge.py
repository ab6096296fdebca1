"""The bridge: bundles that webassets itself makes, because they have filters that we have nothing in place of.

The one module that imports webassets, and only for such a bundle. It is asked for one text at a time and told which
files it is made of; what it opens and runs besides is recorded. It has no cache, writes nothing, and takes settings
from the YAML file alone: an environment variable is no part of a configuration.
"""

from __future__ import annotations

import functools
import io
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from assetbuild.build import filter_modules
from assetbuild.build.webassets_model import INSTALL, Job, Opened, Word

CUSTOM_HINT = "correct the filter or its name, or set PYTHONPATH to the folder that holds it"
_SHOWN = 400  # characters of what a filter says


@dataclass(frozen=True, slots=True)
class Refusal:
    """A filter that cannot run: its name, '' for none in particular, why, and the next action."""

    name: str
    text: str
    hint: str


class BridgeError(Exception):
    """webassets did not make it. `filter` and `file` are what it was at, `line` and `column` are 0 where not known."""

    def __init__(self, text: str, *, filter_name: str = "", file: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(text)
        self.filter_name = filter_name
        self.file, self.line, self.column = file, line, column


def unusable(names: Sequence[str], custom: Sequence[Word]) -> list[Refusal]:
    """What keeps the filters `names` from running, without running them."""
    try:
        known = _filters(tuple(word.text for word in custom))
    except BridgeError as error:
        return [Refusal("", str(error), CUSTOM_HINT)]
    except ImportError as error:
        text = f"the filters {', '.join(names)} need the package webassets, which cannot be imported: {error}"
        return [Refusal(names[0] if names else "", text, INSTALL)]
    found = []
    for name in names:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, sorted(known), n=1)
            listed = f'did you mean "{near[0]}"?' if near else "name one of webassets' filters, or take it out"
            found.append(Refusal(name, f'webassets has no filter "{name}"', listed))
    return found


def version(names: Sequence[str], custom: Sequence[Word]) -> str:
    """Changes when webassets does, or a filter's own code or Python package. Raises `BridgeError`."""
    known = _filters(tuple(word.text for word in custom))
    parts = [f"webassets-{installed_version('webassets')}"]
    for name in sorted(set(names)):
        module = sys.modules[known[name].__module__]
        parts.append(f"{name}-{filter_modules.digest_of(module)[:12]}")
        for package in _packages(module):
            parts.append(f"{package}-{installed_version(package)}")
    return "+".join(parts)


def make(
    job: Job, *, output: str, roots: Sequence[tuple[str, str]], config: Mapping[str, object], custom: Sequence[Word]
) -> tuple[str, tuple[Opened, ...]]:
    """The text of a bundle that is to be published as `output`, and what was opened. Raises `BridgeError`.

    `roots`: the folders of sources, each with its mount: cssrewrite asks where a file will be.
    """
    known = _filters(tuple(word.text for word in custom))
    from webassets import Environment

    environment = Environment(
        directory=roots[0][0], url="/", debug=False, cache=False, manifest=False, versions=False, updater=False
    )
    environment.url_mapping = {folder: f"/{mount}" for folder, mount in roots}
    environment.config.update(dict(config))
    at = _At()
    stream = io.StringIO()
    with _recording() as seen, _quiet(), filter_modules.importing():
        try:
            bundle = _bundle(job, at)
            bundle.output = output
            with bundle.bind(environment):
                bundle.build(force=True, output=stream, disable_cache=True)
        except RecursionError:
            raise BridgeError("its files or bundles are nested too deeply", filter_name=at.filter_name) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  a filter is anyone's code, and may raise anything, or exit
            raise _explained(error, at) from None
    text = stream.getvalue()
    if lone := re.search("[\ud800-\udfff]", text):
        said = f"its text has the lone surrogate U+{ord(lone[0]):04X}, which UTF-8 cannot hold"
        raise BridgeError(said, filter_name=at.filter_name)
    opened = dict(_opened(seen))
    if any(filter_modules.holds(known[name].__module__) for name in job.names()):
        opened |= filter_modules.files()
    return text, tuple(sorted(opened.items()))


# --- bundles and filters ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _At:
    """What webassets is at."""

    filter_name: str = ""
    file: str = ""


def _bundle(job: Job, at: _At) -> Any:
    from webassets import Bundle

    contents = [_bundle(item, at) if isinstance(item, Job) else item for item in job.contents]
    made = Bundle(*contents, config=dict(job.config))
    made.filters = [_watched(name, at) for name in job.filters]
    return made


def _watched(name: str, at: _At) -> Any:
    """A filter that notes what it is at, and takes its settings from the configuration alone."""
    from webassets.filter import get_filter

    made = get_filter(name)
    ask = made.get_config

    def configured(setting: Any = False, env: Any = None, *args: Any, **rest: Any) -> Any:
        return ask(setting or env, False, *args, **rest)

    made.get_config = configured
    for step in ("open", "input", "concat", "output", "setup"):
        do = getattr(made, step, None)
        if do is not None:
            setattr(made, step, _noting(do, name, at))
    return made


def _noting(do: Callable[..., Any], name: str, at: _At) -> Callable[..., Any]:
    @functools.wraps(do)
    def noting(*args: Any, **options: Any) -> Any:
        at.filter_name, at.file = name, str(options.get("source_path", ""))
        return do(*args, **options)

    return noting


@functools.cache
def _builtin() -> Mapping[str, type]:
    """webassets' own filters. Raises ImportError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one for each filter whose package is not installed
        from webassets import filter as filters
    return dict(filters._FILTERS)


def _filters(custom: tuple[str, ...]) -> Mapping[str, type]:
    """webassets' filters and those of the project, which are imported by their dotted names, as their files are now.

    Raises ImportError where webassets is missing, and `BridgeError` for a filter of the project.
    """
    own = _builtin()
    from webassets import filter as filters

    filters._FILTERS.clear()
    filters._FILTERS.update(own)
    filter_modules.renew(custom)
    for dotted in custom:
        try:
            with _quiet():
                found = filter_modules.imported(dotted)
            filters.register_filter(found)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a filter is anyone's code, and importing it may raise anything, or exit
            raise BridgeError(f'the filter class "{dotted}" cannot be had: {_said(error)}') from error
    return dict(filters._FILTERS)


def _packages(module: ModuleType) -> list[str]:
    """The distributions of what a filter's code imports, wherever in it."""
    text = Path(module.__file__ or "").read_text(encoding="utf-8", errors="replace") if module.__file__ else ""
    names = {match[1] for match in re.finditer(r"(?m)^\s*(?:import|from)\s+(\w+)", text)} - {"webassets"}
    named = {name: _NAMED.get(name, name) for name in names - sys.stdlib_module_names}
    found = {package for package in named.values() if _is_installed(package)}
    others = [name for name, package in named.items() if package not in found and find_spec(name) is not None]
    if others:  # their packages have other names, and finding out which takes its time
        known = packages_distributions()
        found |= {package for name in others for package in known.get(name, ())}
    return sorted(found)


_NAMED = {"sass": "libsass", "scss": "pyScss", "PIL": "pillow"}
"""Packages whose distributions have another name."""


def _is_installed(package: str) -> bool:
    try:
        return bool(installed_version(package))
    except PackageNotFoundError:
        return False


# --- what is opened --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Recorder:
    """The interpreter's audit hook cannot be taken out again; while nobody records it does nothing."""

    seen: list[str] | None = None
    is_hooked: bool = field(default=False)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.seen is None:
            return
        if event == "open" and isinstance(args[0], str | bytes) and not _is_for_writing(args[1], args[2]):
            self.seen.append(os.path.abspath(os.fsdecode(args[0])))
        elif event == "subprocess.Popen":
            self.seen += _program(args[0], args[1])


_RECORDER = _Recorder()


def _is_for_writing(mode: object, flags: object) -> bool:
    """Of an open file `mode` is known, of a descriptor its `flags`."""
    if isinstance(mode, str):
        return bool(set(mode) & set("wax"))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _program(executable: object, arguments: object) -> list[str]:
    """The files by which another version of a tool would be known: the program, and the npm package it is of."""
    words = arguments if isinstance(arguments, list | tuple) else [arguments]
    names = [os.fsdecode(word) for word in (executable, *words[:2]) if isinstance(word, str | bytes | os.PathLike)]
    found = []
    for name in names:
        path = shutil.which(name) or (name if os.path.isfile(name) else "")
        if not path:
            continue
        real = os.path.realpath(path)
        found.append(real)
        parents = [parent for parent in Path(real).parents if parent.parent.name == "node_modules"
                   or parent.parent.parent.name == "node_modules"]  # fmt: skip
        found += [str(parent / "package.json") for parent in parents if (parent / "package.json").is_file()]
    return found


@contextmanager
def _recording() -> Iterator[list[str]]:
    if not _RECORDER.is_hooked:
        sys.addaudithook(_RECORDER.hook)
        _RECORDER.is_hooked = True
    seen: list[str] = []
    _RECORDER.seen = seen
    try:
        yield seen
    finally:
        _RECORDER.seen = None


@contextmanager
def _quiet() -> Iterator[None]:
    """Filters print and warn; what is wrong they raise. Nothing of theirs is in our output, and nobody answers them."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(), _descriptors():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _descriptors() -> Iterator[None]:
    """Standard input is empty, and what programs and C code write to standard output goes to standard error."""
    kept: list[tuple[int, int]] = []
    with open(os.devnull, "rb") as nothing:
        try:
            for number, other in ((0, nothing.fileno()), (1, 2)):
                with suppress(OSError):  # a service may have closed one of them
                    kept.append((number, os.dup(number)))
                    os.dup2(other, number)
            yield
        finally:
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)


def _opened(seen: Sequence[str]) -> tuple[Opened, ...]:
    """Each file once, with its digest; without Python's own, which versions stand for, and what is no file."""
    mine = [path for path in sorted(set(seen)) if not filter_modules.is_of_python(path)]
    mine = [path for path in mine if not path.startswith(("/dev/", "/proc/", "/sys/")) and not _is_code(path)]
    mine = [path for path in mine if os.path.dirname(path) != tempfile.gettempdir() or os.path.lexists(path)]
    return tuple(
        (path, filter_modules.digest(path)) for path in mine if os.path.isfile(path) or not os.path.lexists(path)
    )


def _is_code(path: str) -> bool:
    return path.endswith(".pyc") or f"{os.sep}__pycache__{os.sep}" in path


# --- errors ----------------------------------------------------------------------------------------------

# libsass: "Error: ... \n        on line 2:3 of static/css/a.scss"; node-sass and dart-sass alike.
_AT_LINE = re.compile(r"on line (\d+)(?::(\d+))? of (?:root stylesheet|stdin|(?P<file>\S+))|(?P<other>\S+):(\d+):(\d+)")


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ended the program, with exit status {error.code}"
    return str(error).strip() or type(error).__name__


def _explained(error: BaseException, at: _At) -> BridgeError:
    text = _said(error)
    file, line, column = at.file, getattr(error, "lineno", 0) or 0, 0
    match = _AT_LINE.search(text)
    if match is not None and match["other"] is None:
        line, column = int(match[1]), int(match[2] or 0)
        named = os.path.abspath(match["file"]) if match["file"] else ""
        file = named if os.path.isfile(named) else file
    elif match is not None and os.path.isfile(match["other"]):
        file, line, column = os.path.abspath(match["other"]), int(match[5]), int(match[6])
    kept = " ".join(part.strip() for part in text.splitlines() if part.strip())
    kept = kept if len(kept) <= _SHOWN else kept[:_SHOWN] + "..."
    return BridgeError(kept, filter_name=at.filter_name, file=file, line=line, column=column)
