"""What kind of project a folder holds, for `assetbuild init`: its framework, its static folders, its templates.

Reads names of files, and as text the few that name a framework. Nothing of the project is imported or run.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assetbuild.build import blueprint_calls
from assetbuild.build.media import text_kind
from assetbuild.build.model import TextKind


class Framework(enum.Enum):
    """The frameworks that `init` knows; the value is the name in messages."""

    DJANGO = "Django"
    FLASK = "Flask"
    FASTAPI = "FastAPI"
    STARLETTE = "Starlette"
    NONE = ""
    """None of them, or none that shows."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. Folders are relative POSIX paths, `files` logical paths below the static folders, all sorted."""

    framework: Framework
    static: tuple[str, ...]
    templates: tuple[tuple[str, str], ...]
    """(folder, suffix) pairs: which files of which folder are templates."""
    files: tuple[tuple[str, str], ...]
    """(static folder, logical path) pairs."""
    webassets: tuple[str, ...]
    """YAML files that hold bundles of webassets."""
    modules: tuple[str, ...] = ()
    """Python files that may hold bundles or settings."""
    vite: str = ""
    """The manifest of a build of Vite, or ''; none of `files` is of that build."""
    blueprints: tuple[tuple[str, str], ...] = ()
    """(static folder, blueprint) pairs, of the static folders that are a blueprint's; `mount` is its name."""

    @property
    def logicals(self) -> dict[str, str]:
        """Every logical path of the namespace and the file that it is, from the folder of the project."""
        return self.below("")

    def below(self, folder: str) -> dict[str, str]:
        """The same of one static folder; '' is all of them."""
        mounts = {root: f"{name}/" for root, name in self.blueprints}
        found = [(root, name) for root, name in reversed(self.files) if folder in ("", root)]
        return {f"{mounts.get(root, '')}{name}": f"{root}/{name}" for root, name in found}


# Folders that hold copies, tools or results, but never a project's own sources.
_TOOLS = ("node_modules", "bower_components", "venv", "env", "virtualenv", "site-packages", "__pycache__", "htmlcov")
_RESULTS = ("build", "dist", "staticfiles", "static_root", "collected", "media", "uploads", "docs", "test", "tests")
_FOREIGN = frozenset((*_TOOLS, *_RESULTS))
_VITE = "/.vite/manifest.json"
_DEPTH = 4
_REQUIREMENTS = ("pyproject.toml", "requirements.txt", "setup.cfg", "setup.py", "Pipfile", "environment.yml")
_TEMPLATE_SUFFIXES = (".html", ".htm", ".jinja", ".jinja2", ".j2")
_READ = 200_000  # characters of a file that are searched


def survey(folder: Path) -> Survey:
    """What stands in `folder` and a few levels below it."""
    folders = list(_folders(folder))
    static = _static(folder, folders)
    vite = next(_vite(folder, [*folders, *static]), "")
    built = vite.removesuffix(_VITE)
    files = [
        (root, logical)
        for root in static
        for logical in _files(folder / root)
        if not built or not f"{root}/{logical}".startswith(f"{built}/")
    ]
    modules = tuple(_modules(folder, folders))
    owned = blueprint_calls.static_folders((path, read_text(folder / path)) for path in modules)
    return Survey(
        framework=_framework(folder, folders),
        static=tuple(static),
        templates=tuple(_templates(folder, folders)),
        files=tuple(files),
        webassets=tuple(_webassets(folder, folders)),
        modules=modules,
        vite=vite,
        blueprints=tuple((root, owned[root]) for root in static if root in owned),
    )


def _folders(folder: Path, relative: str = "", depth: int = 0) -> Iterator[str]:
    """The folders that may hold a project's own files, '' first; below a static folder none is looked for."""
    yield relative
    if depth == _DEPTH or relative.rpartition("/")[2] in ("static", "templates"):
        return
    for entry in _entries(folder / relative):
        ours = not entry.name.startswith(".") and entry.name not in _FOREIGN and not entry.name.endswith(".egg-info")
        if ours and entry.is_dir() and not entry.is_symlink():
            yield from _folders(folder, f"{relative}/{entry.name}".lstrip("/"), depth + 1)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries with names that a configuration can hold, sorted."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if _is_plain(entry.name)), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_plain(name: str) -> bool:
    return name.isprintable() and "\\" not in name and not any(0xD800 <= ord(character) < 0xE000 for character in name)


def _static(folder: Path, folders: Sequence[str]) -> list[str]:
    """Folders named `static`; where there is none, a folder with a usual name that holds style sheets or scripts."""
    found = [path for path in folders if path.rpartition("/")[2] == "static" and any(_files(folder / path))]
    if not found:
        usual = [path for path in folders if path.rpartition("/")[2] in ("assets", "public", "www", "frontend")]
        for path in usual:
            nested = any(path.startswith(f"{other}/") for other in found)
            if not nested and any(text_kind(name) for name in _files(folder / path)):
                found.append(path)
    return sorted(found, key=lambda path: (path.count("/"), path))


def _files(root: Path, prefix: str = "") -> Iterator[str]:
    for entry in _entries(root / prefix):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(root, f"{name}/")
        elif entry.is_file():
            yield name


def _templates(folder: Path, folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in folders:
        if path.rpartition("/")[2] == "templates":
            names = list(_files(folder / path))
            yield from ((path, suffix) for suffix in _TEMPLATE_SUFFIXES if any(name.endswith(suffix) for name in names))


def _webassets(folder: Path, folders: Sequence[str]) -> Iterator[str]:
    for path in folders:
        if path.count("/") > 1:
            continue
        for entry in _entries(folder / path):
            if entry.name.endswith((".yml", ".yaml")) and entry.is_file():
                text = read_text(Path(entry.path))
                has_bundles = re.search(r"^bundles:", text, re.MULTILINE) or re.search(
                    r"^ +output:", text, re.MULTILINE
                )
                if has_bundles and "contents:" in text:
                    yield f"{path}/{entry.name}".lstrip("/")


def _vite(folder: Path, folders: Sequence[str]) -> Iterator[str]:
    """Manifests of Vite, each in a folder that holds a build."""
    for path in sorted(folders):
        for entry in _entries(folder / path):
            if entry.name.startswith(".") or entry.name in _TOOLS or not entry.is_dir():
                continue
            if '"isEntry"' in read_text(Path(entry.path + _VITE)):
                yield f"{path}/{entry.name}{_VITE}".lstrip("/")


def _modules(folder: Path, folders: Sequence[str]) -> Iterator[str]:
    for path in folders:
        for entry in _entries(folder / path):
            if entry.name.endswith(".py") and entry.is_file() and not entry.is_symlink():
                yield f"{path}/{entry.name}".lstrip("/")


def _framework(folder: Path, folders: Sequence[str]) -> Framework:
    """By `manage.py`, then by what the project requires, then by what its files import."""
    if "django" in read_text(folder / "manage.py").lower():
        return Framework.DJANGO
    known = [framework for framework in Framework if framework is not Framework.NONE]
    names = "|".join(framework.value.lower() for framework in known)
    required = re.compile(rf"(?:^|[\s\"'\[,])({names})(?=$|[\s\"'\]\[,;=<>~!@])", re.MULTILINE | re.IGNORECASE)
    imported = re.compile(rf"^\s*(?:from|import)\s+({names})\b", re.MULTILINE)
    requirements = [folder / name for name in _REQUIREMENTS]
    requirements += [folder / "requirements" / entry.name for entry in _entries(folder / "requirements")]
    modules = [
        folder / path / entry.name
        for path in folders
        if path.count("/") <= 1
        for entry in _entries(folder / path)
        if entry.name.endswith(".py") and entry.is_file()
    ]
    for pattern, paths in ((required, requirements), (imported, modules)):
        seen = {match.lower() for path in paths for match in pattern.findall(_uncommented(read_text(path)))}
        for framework in known:
            if framework.value.lower() in seen:
                return framework
    return Framework.NONE


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)


def read_text(path: Path) -> str:
    """The text of a file, '' where there is none or it cannot be read."""
    try:
        if path.is_file():
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read(_READ)
    except OSError:
        pass
    return ""


def is_module(text: str) -> bool:
    """Whether a script looks like an ES module, which cannot be joined with others."""
    return re.search(r"^\s*(?:import\s*[\w{*\"']|export\s+[\w{*])", text, re.MULTILINE) is not None


def joinable(folder: Path, found: Survey, kind: TextKind) -> list[str]:
    """The logical paths of a kind that a bundle could join, the first root's where several have a name."""
    return [
        logical
        for logical, file in sorted(found.logicals.items())
        if text_kind(logical) is kind and not logical.endswith((".mjs", ".cjs"))
        if kind is TextKind.CSS or not is_module(read_text(folder / file))
    ]
