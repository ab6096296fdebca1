"""`assetbuild init`: a commented configuration for the project that is found in a folder.

What to write is decided first, as a value, and written by `write`, which never overwrites. Knows the project only by
what `survey` read of it; the user's app is not imported.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assetbuild.build import migrate
from assetbuild.build.config import FILE_NAME, PYPROJECT
from assetbuild.build.model import BuildFailed, Place, Problem, TextKind
from assetbuild.build.survey import Framework, Survey, joinable, read_text, survey
from assetbuild.build.toml_places import TomlError, parse
from assetbuild.build.webassets_yaml import OldBundle

_OUTPUT = "public/assets"
_SUGGESTED = 12  # inputs of a suggested bundle that are listed one by one
_SOURCE_SUFFIXES = (".scss", ".sass", ".less", ".styl", ".ts", ".tsx", ".jsx", ".coffee", ".psd", ".ai")

_PUBLISH = """# Where `assetbuild publish` sends the build: a bucket (pip install 'assetbuild[build,s3]') or a folder.
# [publish]
# target = "s3://my-bucket/assets"
"""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A configuration to be written: `text` into the new file `path`, after making `folders`; `notes` tell the user."""

    path: Path
    text: str
    notes: tuple[str, ...]
    folders: tuple[Path, ...] = ()


def init(folder: Path) -> Scaffold:
    """What `assetbuild.toml` in `folder` should say. Reads, and writes nothing."""
    found = survey(folder)
    sources = found.static or ("static",)
    output = _output_folder(sources)
    old = migrate.setup(folder, found)
    parts = [
        _head(found, sources),
        _files(found),
        _output(output),
        _templates(found),
        *([_webassets(old.yaml)] if old.yaml else []),
        *([_vite(found.vite)] if found.vite else []),
        _PUBLISH,
        _bundles(folder, found, old.bundles),
    ]
    notes = [*_found_notes(found), *old.notes, *_ignore_note(folder, output), *_next_notes(folder, found, output)]
    folders = () if found.static else (folder / "static",)
    return Scaffold(folder / FILE_NAME, "\n".join(parts), tuple(notes), folders)


def write(scaffold: Scaffold) -> None:
    """Write the file. Raises `BuildFailed` where there is a configuration already, or it cannot be written."""
    existing = _existing(scaffold.path.parent)
    if existing:
        place = Place(str(scaffold.path.parent / existing))
        hint = f"change {existing}, or remove the configuration from it and run `assetbuild init` again"
        raise BuildFailed([Problem("config-exists", "there is a configuration already", place, hint=hint)], exit_code=2)
    try:
        for folder in scaffold.folders:
            folder.mkdir(exist_ok=True)
        with open(scaffold.path, "x", encoding="utf-8", newline="\n") as file:
            file.write(scaffold.text)
    except OSError as error:
        place = Place(str(scaffold.path))
        text = f"the configuration cannot be written: {error.strerror or error}"
        hint = "correct the folder's permissions, or run it in another folder"
        raise BuildFailed([Problem("config-unwritable", text, place, hint=hint)], exit_code=2) from None


def _existing(folder: Path) -> str:
    """The file that holds a configuration, if any."""
    if os.path.lexists(folder / FILE_NAME):
        return FILE_NAME
    try:
        table = parse((folder / PYPROJECT).read_bytes().decode("utf-8"), path=PYPROJECT).table
    except (OSError, UnicodeError, TomlError):
        return ""
    tool = table.get("tool")
    return PYPROJECT if isinstance(tool, dict) and "assetbuild" in tool else ""


# --- parts of the text -----------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A TOML basic string. Its escapes are those of JSON, but for U+007F, which no name here holds."""
    return json.dumps(text, ensure_ascii=False)


def literal_glob(name: str) -> str:
    """A glob that matches just `name`."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", name)


def _list(items: Sequence[str]) -> str:
    """A TOML list, on one line where that is short."""
    line = "[" + ", ".join(quoted(item) for item in items) + "]"
    return line if len(line) <= 100 else "[\n" + "".join(f"  {quoted(item)},\n" for item in items) + "]"


def _inline(items: Sequence[str]) -> str:
    """A TOML list on one line, as an inline table demands."""
    return "[" + ", ".join(quoted(item) for item in items) + "]"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _head(found: Survey, sources: Sequence[str]) -> str:
    project = f" for a {found.framework.value} project" if found.framework is not Framework.NONE else ""
    text = f"# assetbuild{project}. Paths are relative to this file; every key may be left out.\n\n"
    text += "# Folders that are merged into one namespace; where two hold the same name, the first wins.\n"
    text += f"sources = {_sources(sources, dict(found.blueprints))}\n"
    text += "# An entry may also be a table, for a folder below another name or in an installed package:\n"
    text += _commented('{ path = "node_modules/htmx.org/dist", mount = "vendor/htmx" },')
    package = "django.contrib.admin" if found.framework is Framework.DJANGO else "some_package"
    text += _commented(f'{{ package = "{package}", path = "static" }},')
    return text


def _sources(sources: Sequence[str], blueprints: Mapping[str, str]) -> str:
    if not blueprints:
        return _list(sources)
    text = "[\n"
    for path in sources:
        if path in blueprints:
            name = quoted(blueprints[path])
            text += f"  {{ path = {quoted(path)}, mount = {name}, blueprint = {name} }},\n"
        else:
            text += f"  {quoted(path)},\n"
    return f"{text}]"


def _files(found: Survey) -> str:
    logicals = sorted(found.logicals)
    suffixes = [suffix for suffix in _SOURCE_SUFFIXES if any(name.lower().endswith(suffix) for name in logicals)]
    text = "# What is published, as globs over logical paths. Dotfiles and editor backups never are.\n"
    text += '# include = ["**/*"]\n'
    globs = [f"**/*{suffix}" for suffix in suffixes]
    built = found.vite.removesuffix("/.vite/manifest.json")
    globs += [f"{literal_glob(built[len(root) + 1 :])}/**" for root in found.static if built.startswith(f"{root}/")]
    text += f"exclude = {_list(globs)}\n" if globs else '# exclude = ["**/*.scss"]\n'
    text += "\n# Also written under their plain name, for clients that ask for a fixed URL.\n"
    stable = [name for name in ("favicon.ico", "robots.txt") if name in logicals]
    text += f"stable = {_list(stable)}\n" if stable else '# stable = ["favicon.ico"]\n'
    return text


def _output_folder(sources: Sequence[str]) -> str:
    taken = any(f"{source}/".startswith(f"{_OUTPUT}/") for source in sources)
    return "build/assets" if taken else _OUTPUT


def _output(output: str) -> str:
    text = "# Where the files and the manifest go. Safe to delete; nothing in it is made by hand.\n"
    text += f'output = "{output}"\nmanifest = "{output}/manifest.json"\n\n'
    text += "# Compressed twins for the web server. Levels: compress = { gzip = 9, br = 11 }; [] for none.\n"
    text += 'compress = ["gzip", "br"]\n\n'
    text += '# What a reference to a file that is not there is: "error" or "warn".\n'
    text += 'missing = "error"\n'
    return text


def _templates(found: Survey) -> str:
    globs = [f"{literal_glob(path)}/**/*{suffix}" for path, suffix in found.templates]
    text = "# The templates in which `assetbuild check` looks for names of assets, and `build` for blocks.\n"
    if globs:
        return text + f"templates = {_list(globs)}\n"
    return text + '# templates = ["templates/**/*.html"]\n'


def _webassets(path: str) -> str:
    text = "# Bundles of webassets, with the filters that webassets itself runs: pip install 'assetbuild[webassets]'.\n"
    return text + f"webassets = {quoted(path)}\n"


def _vite(path: str) -> str:
    text = "# A build of Vite, which has to be there before this one. Its files keep their names and bytes.\n"
    return text + f"vite = {quoted(path)}\n"


def _bundles(folder: Path, found: Survey, old: Sequence[tuple[OldBundle, str]]) -> str:
    text = '# Files that are joined into one, in order. Globs are allowed: ["css/reset.css", "css/*.css"].\n'
    text += "[bundles]\n"
    for bundle, reason in old:
        name = bundle.output or bundle.name
        line = f"{quoted(name)} = {_list(bundle.contents)}"
        if bundle.names and bundle.names != (name,):
            line = f"{quoted(name)} = {{ inputs = {_inline(bundle.contents)}, names = {_inline(bundle.names)} }}"
        comment = f"# {bundle.name}: {' '.join(reason.split())}\n" + (_commented(line) if bundle.contents else "")
        text += comment if reason else f"{line}\n"
    if old:
        return text
    logicals = found.logicals
    for kind in TextKind:
        inputs = joinable(folder, found, kind)
        if len(inputs) > 1:
            names = (f"{kind.value}/{stem}.{kind.value}" for stem in ("site", "app", "bundle", "all"))
            name = next((name for name in names if name not in logicals), f"{kind.value}/assetbuild.{kind.value}")
            more = f"# and {len(inputs) - _SUGGESTED} more\n" if len(inputs) > _SUGGESTED else ""
            listed = [literal_glob(item) for item in inputs[:_SUGGESTED]]
            text += more + _commented(f"{quoted(name)} = {_list(listed)}")
    if text.endswith("[bundles]\n"):
        text += '# "css/site.css" = ["css/reset.css", "css/*.css"]\n'
    return text


# --- notes -----------------------------------------------------------------------------------------------


def _found_notes(found: Survey) -> list[str]:
    notes = [f"found a {found.framework.value} project"] if found.framework is not Framework.NONE else []
    if found.static:
        count = "1 file" if len(found.files) == 1 else f"{len(found.files)} files"
        notes.append(f"sources: {', '.join(found.static)} ({count})")
        notes += [f"{path} is the static folder of the blueprint {name}" for path, name in found.blueprints]
    else:
        notes.append("found no static folder, so there is a new one: put your assets into static/")
    if found.vite:
        notes.append(f'{found.vite}: a build of Vite, which is adopted; its `base` has to be "./"')
    folders = sorted({path for path, _ in found.templates})
    if folders:
        notes.append(f"templates: {', '.join(folders)}")
    return notes


def _ignore_note(folder: Path, output: str) -> list[str]:
    top = output.partition("/")[0]
    lines = {line.strip().strip("/") for line in read_text(folder / ".gitignore").splitlines()}
    missing = [
        name for name, ways in ((".assetbuild/", {".assetbuild"}), (f"{top}/", {top, output})) if not ways & lines
    ]
    return [f"add to .gitignore: {' '.join(missing)}"] if missing else []


def _sets(folder: Path, found: Survey, setting: str) -> bool:
    """Whether a module of the project has it."""
    named = re.compile(rf"^{setting}\b", re.MULTILINE)
    return any(named.search(read_text(folder / path)) for path in found.modules)


def _storages(folder: Path, found: Survey) -> Iterator[str]:
    """A setting replaces Django's default as a whole, so `default` has to be named where the project sets nothing."""
    own = '{"BACKEND": "assetbuild.django.staticfiles.AssetbuildStorage"}'
    if _sets(folder, found, "STORAGES"):
        yield f'             STORAGES["staticfiles"] = {own}'
        return
    yield "             STORAGES = {"
    yield '                 "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},'
    yield f'                 "staticfiles": {own},'
    yield "             }"


def _next_notes(folder: Path, found: Survey, output: str) -> list[str]:
    framework = found.framework
    manifest = f"{output}/manifest.json"
    if framework is Framework.FLASK:
        if found.static and posixpath.basename(found.static[0]) == "static":
            # Flask finds files from the app's package, which is where its static folder lies.
            manifest = posixpath.relpath(manifest, posixpath.dirname(found.static[0]) or ".")
        return [
            "in the app: from assetbuild.flask import Assetbuild",
            f'            app.config["ASSETBUILD_MANIFEST"] = "{manifest}"',
            "            Assetbuild(app)",
        ]
    if framework is Framework.DJANGO:
        middleware = ", *MIDDLEWARE" if _sets(folder, found, "MIDDLEWARE") else ""
        return [
            'in settings: INSTALLED_APPS += ["assetbuild.django"]',
            f'             MIDDLEWARE = ["assetbuild.django.AssetsAtStart"{middleware}]',
            f'             ASSETBUILD_MANIFEST = BASE_DIR / "{manifest}"',
            f'             STATIC_ROOT = BASE_DIR / "{output}"',
            *_storages(folder, found),
            "             and run `python manage.py check`, which says what else there is to set",
        ]
    if framework in (Framework.FASTAPI, Framework.STARLETTE):
        return [
            "in the app: from assetbuild.starlette import mount  # in the place of a mount of StaticFiles",
            f'            mount(app, "/static", "{manifest}", templates=templates)',
        ]
    return [
        "in the app: from assetbuild import Assets",
        "            from assetbuild.jinja import install",
        f'            install(env, Assets.load("{manifest}", base_url="/static/"))',
    ]
