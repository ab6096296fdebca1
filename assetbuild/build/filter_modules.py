"""The project's own Python modules behind custom filters: imported, and imported anew once one of them has changed.

Knows nothing of webassets. Code in memory and files on disk can differ in a process that lives on, such as a watch, so
each module is known by the bytes that were compiled, never by a look at its file afterwards.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

_OTHERS = ("assetbuild", "webassets")
"""Packages that versions stand for, also where a checkout is installed."""


@dataclass(slots=True)
class _Held:
    """What this process has imported for the filters `custom`: by name of module, its file and the file's digest."""

    custom: tuple[str, ...] = ()
    modules: dict[str, tuple[str, str]] = field(default_factory=dict)


_HELD = _Held()


def renew(custom: Sequence[str]) -> None:
    """Before filters are imported: forgets what was imported for others, or from files that are others now."""
    names = tuple(custom)
    if names != _HELD.custom or any(digest(path) != known for path, known in _HELD.modules.values()):
        _forget()
    _HELD.custom = names


def imported(dotted: str) -> object:
    """What a dotted name stands for. Raises what importing raises, and AttributeError."""
    name, _, attribute = dotted.rpartition(".")
    with importing():
        module = importlib.import_module(name)
    _hold(module)
    return getattr(module, attribute)


def files() -> dict[str, str]:
    """The digest of each file that code of the project was imported from, by absolute path."""
    return dict(_HELD.modules.values())


def holds(name: str) -> bool:
    """Whether the module of that name is the project's."""
    return name in _HELD.modules


def digest_of(module: ModuleType) -> str:
    """The digest of the code in memory."""
    _, known = _HELD.modules.get(module.__name__, ("", ""))
    return known or digest(module.__file__ or "")


def digest(path: str) -> str:
    """Of a file; '' where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def is_of_python(path: str) -> bool:
    """Whether a file belongs to the standard library or an installed package, which versions stand for."""
    return os.path.realpath(path).startswith(_python_folders())


@functools.cache
def _python_folders() -> tuple[str, ...]:
    folders = {*sysconfig.get_paths().values(), os.path.dirname(os.__file__)}
    return tuple(sorted({os.path.realpath(folder) + os.sep for folder in folders}))


@contextmanager
def importing() -> Iterator[None]:
    """Notes the modules that are imported meanwhile."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _hold(module: ModuleType) -> None:
    """One that was there before: its file is the best that is known of it."""
    path = os.path.abspath(module.__file__) if module.__file__ else ""
    if path and module.__name__ not in _HELD.modules and _is_of_project(module.__name__, path):
        _HELD.modules[module.__name__] = (path, digest(path))


def _forget() -> None:
    for name in _HELD.modules:
        sys.modules.pop(name, None)
        above, _, last = name.rpartition(".")
        parent = sys.modules.get(above)
        if parent is not None and hasattr(parent, last):
            delattr(parent, last)  # `from package import module` would take it from there
    _HELD.modules.clear()
    importlib.invalidate_caches()


def _is_of_project(name: str, path: str) -> bool:
    is_installed = not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep)) or is_of_python(path)
    return not is_installed and name.partition(".")[0] not in _OTHERS


class _Loader(SourceFileLoader):
    """Compiles the very bytes whose digest it notes: cached bytecode is compared by the second and by size alone."""

    def get_code(self, fullname: str) -> CodeType:
        data = self.get_data(self.path)
        _HELD.modules[fullname] = (os.path.abspath(self.path), hashlib.sha256(data).hexdigest())
        code: CodeType = self.source_to_code(data, self.path)
        return code


class _Finder:
    """Finds what the others find."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if type(spec.loader) is SourceFileLoader and _is_of_project(name, spec.loader.path):
                    spec.loader = _Loader(name, spec.loader.path)
                return spec
        return None
