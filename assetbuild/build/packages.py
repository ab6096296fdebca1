"""Where an installed package lies, without importing it or its parents.

Importing would run the code of the user's dependencies, and with them perhaps the user's app: a build reads files only.
So each dotted name is looked up by the import system's finders with the folders of its parent given explicitly.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePosixPath

_LEGACY_NAMESPACE = re.compile(rb"\b(?:extend_path|declare_namespace)\b")
_INIT_LIMIT = 64 * 1024  # bytes of an __init__.py that are searched for a legacy namespace declaration


class PackageError(Exception):
    """A package or a folder in it that cannot be used. `hint` is an action."""

    def __init__(self, text: str, *, hint: str, notes: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.hint = hint
        self.notes = notes


def find(package: str) -> Path:
    """The folder of a dotted package; of a namespace package, the first of its folders. Raises `PackageError`."""
    return _locations(package)[0]


def folder(package: str, path: str) -> Path:
    """The folder `path` in a dotted package, whichever part of a namespace package holds it.

    Raises `PackageError` where the package is not there, or the folder is not there or is not inside it.
    """
    locations = _locations(package)
    if not path or path in (".", "./"):
        names = _subfolders(locations)
        hint = f'write path = "{names[0]}"' if len(names) == 1 else "name the folder with the assets as `path`"
        notes = (f"folders in {package}: {', '.join(names)}",) if names else (f"{package} holds no folders",)
        raise PackageError(f"a source in the package `{package}` needs a `path`", hint=hint, notes=notes)
    pure = PurePosixPath(path)
    if pure.is_absolute() or os.path.isabs(path) or ".." in pure.parts or "\\" in path:
        raise PackageError(
            f'"{path}" is not inside the package `{package}`',
            hint="give `path` relative to the package, without `..`",
        )
    for location in locations:
        found = location.joinpath(*pure.parts)
        if found.is_dir():
            return _inside(found, location, package=package, path=path)
    names = _subfolders(locations)
    near = difflib.get_close_matches(path, names, n=1)
    raise PackageError(
        f'the package `{package}` has no folder "{path}"',
        hint=f'did you mean path = "{near[0]}"?' if near else "correct `path`, or install the version that has it",
        notes=(f"folders in {package}: {', '.join(names)}",) if names else (),
    )


def _inside(found: Path, location: Path, *, package: str, path: str) -> Path:
    real, root = os.path.realpath(found), os.path.realpath(location)
    if os.path.commonpath([real, root]) != root:
        raise PackageError(
            f'"{path}" is not inside the package `{package}`: it is a link that leads out of it',
            hint="name the folder that it leads to as a source of its own",
        )
    return found


def _subfolders(locations: Sequence[Path]) -> list[str]:
    """The names of the folders directly inside, sorted."""
    names: set[str] = set()
    for location in locations:
        try:
            entries = list(os.scandir(location))
        except OSError:
            continue
        names.update(
            entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "__pycache__"))
        )
    return sorted(names)


# --- finding ---------------------------------------------------------------------------------------------


def _locations(package: str) -> tuple[Path, ...]:
    """Every folder of a package. Raises `PackageError`."""
    parts = package.split(".")
    if not all(part.isidentifier() for part in parts):
        meant = _package_of_distribution(package) or re.sub(
            r"[-/\\]+", lambda match: "_" if match[0] == "-" else ".", package
        ).strip(".")
        hint = (
            f'did you mean package = "{meant}"?'
            if meant not in ("", package)
            else "give the name as Python code imports it"
        )
        raise PackageError(f"`{package}` is not the name of a Python package", hint=hint)
    search: Sequence[str] | None = None
    for index in range(len(parts)):
        name = ".".join(parts[: index + 1])
        found = _search_locations(name, search)
        if found is None:
            raise _not_found(package, name, search)
        search = found
    folders = tuple(Path(os.path.abspath(place)) for place in search or () if os.path.isdir(place))
    if not folders:
        raise _not_a_folder(package, search or ())
    return folders


def _search_locations(name: str, search: Sequence[str] | None) -> Sequence[str] | None:
    """Where the submodules of `name` are searched: empty for a module that is no package, None if there is no such.

    A legacy namespace package is put into `sys.modules` when Python starts, by its `-nspkg.pth` file; then its
    `__path__` is right, and what the finders say is not. One with an `__init__.py` would widen its own `__path__` when
    run (`pkgutil.extend_path`); it is not run, so the same folders are looked for here.
    """
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__path__", None) is not None:
        return [str(place) for place in loaded.__path__]
    try:
        spec = _find_spec(name, search)
    except KeyError:  # a namespace inside another: making its spec asks `sys.modules` for the parent
        return _portions(name, search)
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        return ()
    if spec.origin is None or _is_legacy_namespace(spec.origin):
        return _portions(name, search) or list(spec.submodule_search_locations)
    return list(spec.submodule_search_locations)


def _find_spec(name: str, search: Sequence[str] | None) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, search) if find_spec is not None else None
        if spec is not None:
            return spec
    return None


def _is_legacy_namespace(origin: str) -> bool:
    if os.path.basename(origin) != "__init__.py":
        return False
    try:
        with open(origin, "rb") as file:
            return _LEGACY_NAMESPACE.search(file.read(_INIT_LIMIT)) is not None
    except OSError:
        return False


def _portions(name: str, search: Sequence[str] | None) -> Sequence[str]:
    """Every folder on the search path that is named like the last part of `name`."""
    last = name.rpartition(".")[2]
    candidates = [os.path.join(place or os.curdir, last) for place in (sys.path if search is None else search)]
    return [place for place in dict.fromkeys(candidates) if os.path.isdir(place)]


# --- saying why not --------------------------------------------------------------------------------------


def _not_found(package: str, name: str, search: Sequence[str] | None) -> PackageError:
    python = ".".join(str(part) for part in sys.version_info[:3])
    top = package.partition(".")[0]
    if search is not None:
        parent = name.rpartition(".")[0]
        if not search:
            return PackageError(
                f"there is no package `{package}`: `{parent}` is a single module, not a package",
                hint="correct `package`",
            )
        names = [place for place in _subfolders([Path(item) for item in search]) if place.isidentifier()]
        near = difflib.get_close_matches(name.rpartition(".")[2], names, n=1)
        meant = f"{parent}.{near[0]}" if near else _package_of_distribution(package)
        return PackageError(
            f"there is no package `{name}` in Python {python}, though there is `{parent}`",
            hint=f'did you mean package = "{meant}"?' if meant else "correct `package`, or install what brings it",
        )
    meant = _package_of_distribution(package) or _installed_like(top)
    return PackageError(
        f"the package `{package}` is not installed for Python {python}, which runs this build",
        hint=f'did you mean package = "{meant}"?' if meant else f"pip install {top.replace('_', '-')}",
        notes=("packages whose assets are built must be installed for the Python that runs assetbuild",),
    )


def _package_of_distribution(name: str) -> str:
    """The package that holds most files of an installed distribution of this name, or ''; the names often differ."""
    import importlib.metadata

    for spelled in dict.fromkeys((name, name.replace(".pkg.", "-").replace(".", "-").replace("_", "-"))):
        try:
            files = importlib.metadata.files(spelled) or []
        except (importlib.metadata.PackageNotFoundError, ValueError):
            continue
        packages: set[tuple[str, ...]] = {
            tuple(file.parts[:-1]) for file in files if file.name == "__init__.py" and not file.parts[0].startswith("_")
        }
        held: Counter[tuple[str, ...]] = Counter()
        for file in files:
            if file.suffix not in (".py", ".pyc", ".pyi") and not file.parts[0].endswith(".dist-info"):
                holders = sorted((one for one in packages if file.parts[: len(one)] == one), key=len)
                held.update(holders[-1:])
        if held:
            return ".".join(sorted(held.items(), key=lambda item: (-item[1], item[0]))[0][0])
    return ""


def _installed_like(name: str) -> str:
    """The import name of something installed that was probably meant, or ''."""
    import importlib.metadata  # costs tens of milliseconds, and only a failed search needs it

    tops = sorted(
        top for top in importlib.metadata.packages_distributions() if top.isidentifier() and not top.startswith("_")
    )
    same = [top for top in tops if top.lower().replace("_", "") == name.lower().replace("_", "")]
    return next(iter(same or difflib.get_close_matches(name, tops, n=1, cutoff=0.8)), "")


def _not_a_folder(package: str, places: Sequence[str]) -> PackageError:
    for place in places:
        archive = _archive_of(Path(place))
        if archive is not None:
            return PackageError(
                f"the package `{package}` lies in the archive {archive.name}, where its files have no paths",
                hint="install it unpacked, with pip",
            )
    return PackageError(
        f"`{package}` is a single module, not a package: it has no folder",
        hint="name a package, which is a folder, or give the folder by its path",
    )


def _archive_of(place: Path) -> Path | None:
    """The file that stands where a folder is expected in a path, as with packages imported from a zip file."""
    return next((parent for parent in (place, *place.parents) if parent.is_file()), None)
