"""What Vite's manifest and esbuild's metafile say of the files of a build, in one form.

Pure, and believes nothing: every path is checked before anyone opens it. Knows neither folders nor whether files exist.
Sources: https://vite.dev/guide/backend-integration and https://esbuild.github.io/api/#metafile
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assetbuild.build.media import media_type, text_kind
from assetbuild.build.model import TextKind
from assetbuild.build.names import unportable
from assetbuild.build.other_tools import Bundler
from assetbuild.manifest_faults import path_fault

_HASH = re.compile(r"[-._][A-Za-z0-9_-]{6,}|[0-9a-f]{8,}")


class AdoptError(Exception):
    """Why a file cannot be adopted, in words that follow its name; `hint` is the next action."""

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Chunk:
    """One name of one file. `file`, `css` and `assets` are paths of files, `imports` those of scripts.

    `title` is what the file would be called without a hash, where that is known.
    """

    logical: str
    file: str
    title: str = ""
    imports: tuple[str, ...] = ()
    css: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    module: bool = False

    @property
    def is_script(self) -> bool:
        return text_kind(self.file) is TextKind.JS


def parse(bundler: Bundler, data: bytes) -> tuple[Chunk, ...]:
    """Every name that `data` gives to a file, sorted by it. Raises `AdoptError`."""
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise AdoptError(f"it is not JSON, or only a part of it ({error})") from error
    if not isinstance(document, dict):
        raise AdoptError("it holds no JSON object")
    chunks = _vite(document) if bundler is Bundler.VITE else _esbuild(document)
    return tuple(sorted(chunks, key=lambda chunk: chunk.logical))


def is_named_by_content(chunk: Chunk) -> bool:
    """Whether the file's name can have a hash in it: it ends in one, and is not what it would be called without."""
    stem = _stem(chunk.file)
    return stem != chunk.title and _HASH.search(stem) is not None


def closure(chunk: Chunk, by_file: Mapping[str, Chunk]) -> list[Chunk]:
    """The chunks that it imports statically, also through others, dependencies first."""
    found: dict[str, Chunk] = {}
    seen = {chunk.file}
    waiting = [(chunk, iter(chunk.imports))]  # not on the call stack: a long chain must not end in RecursionError
    while waiting:
        one, names = waiting[-1]
        name = next((name for name in names if name not in seen), None)
        if name is None:
            waiting.pop()
            if waiting:
                found[one.file] = one
            continue
        seen.add(name)
        if name in by_file:
            waiting.append((by_file[name], iter(by_file[name].imports)))
    return list(found.values())


# --- Vite ------------------------------------------------------------------------------------------------


def _vite(document: Mapping[str, Any]) -> list[Chunk]:
    files: dict[str, str] = {}
    for key, chunk in document.items():
        if not isinstance(chunk, dict) or not isinstance(chunk.get("file"), str):
            hint = "name the manifest that `build.manifest` of vite.config.js writes"
            raise AdoptError(f'its entry "{key}" names no `file`, so it is no manifest of Vite', hint=hint)
        files[key] = _path(chunk["file"])
    chunks = []
    for key, chunk in document.items():
        imports = _texts(chunk, key, "imports")
        for name in imports:
            if name not in files:
                raise AdoptError(f'"{key}" imports "{name}", which it does not have')
        css, assets = (tuple(map(_path, _texts(chunk, key, what))) for what in ("css", "assets"))
        one = Chunk(
            _vite_name(key, chunk),
            files[key],
            _stem(str(chunk.get("name") or chunk.get("src") or key)),
            tuple(files[name] for name in imports),
            css,
            assets,
        )
        chunks.append(replace(one, module=one.is_script))
    return _with_unnamed(chunks)


def _vite_name(key: str, chunk: Mapping[str, Any]) -> str:
    """The key, which is a path below Vite's root; of what lies elsewhere the file's own, unless a page would ask it."""
    if not _name_fault(key):
        return key
    if chunk.get("isEntry"):
        text = f'the entry "{key}" can be no logical path: {_name_fault(key)}'
        raise AdoptError(text, hint="let the entry lie below Vite's `root`")
    return str(chunk["file"])


# --- esbuild ---------------------------------------------------------------------------------------------


def _esbuild(document: Mapping[str, Any]) -> list[Chunk]:
    outputs = document.get("outputs")
    if not isinstance(outputs, dict):
        hint = "name the file that esbuild's option --metafile writes"
        raise AdoptError("it has no `outputs`, so it is no metafile of esbuild", hint=hint)
    chunks = []
    for path, output in outputs.items():
        if not isinstance(output, dict):
            raise AdoptError(f'its output "{path}" is no object')
        chunks.append(_esbuild_chunk(path, output, outputs))
    return _with_unnamed(chunks)


def _esbuild_chunk(path: str, output: Mapping[str, Any], outputs: Mapping[str, Any]) -> Chunk:
    references = [one for one in _list(output, path, "imports") if isinstance(one, dict) and not one.get("external")]
    kinds = {str(one.get("path")): str(one.get("kind")) for one in references}
    for name in kinds:
        if name not in outputs:
            raise AdoptError(f'"{path}" imports "{name}", which it does not have')
    inputs = output.get("inputs")
    named = sorted(inputs) if isinstance(inputs, dict) else []
    entry = output.get("entryPoint")
    source = entry if isinstance(entry, str) else named[0] if len(named) == 1 and text_kind(path) is None else ""
    css = output.get("cssBundle")
    one = Chunk(
        source if source and not _name_fault(source) else _path(path),
        _path(path),
        _stem(source),
        tuple(_path(name) for name, kind in kinds.items() if kind == "import-statement"),
        (_path(css),) if isinstance(css, str) else (),
        tuple(_path(name) for name, kind in kinds.items() if kind in ("file-loader", "url-token")),
    )
    # The metafile does not name the format. A script that imports and exports nothing runs as a classic one.
    statements = {"import-statement", "dynamic-import"} & set(kinds.values())
    return replace(one, module=one.is_script and bool(statements or output.get("exports")))


# --- both ------------------------------------------------------------------------------------------------


def _with_unnamed(chunks: Iterable[Chunk]) -> list[Chunk]:
    """With the files that others only refer to, such as workers; they go by the names of their files."""
    found = list(chunks)
    seen = {chunk.file for chunk in found}
    referred = {name for chunk in found for name in (*chunk.css, *chunk.assets)}
    return [*found, *(Chunk(name, name, module=False) for name in sorted(referred - seen))]


def fonts_of(chunk: Chunk, loaded: Iterable[Chunk]) -> list[str]:
    """The files of WOFF2 fonts that a script's style sheets load; every browser that preloads knows that format."""
    files = dict.fromkeys(name for one in (chunk, *loaded) for name in one.assets)
    return [name for name in files if media_type(name) == "font/woff2"]


def _path(path: object) -> str:
    """`path`, of which nothing leads out of its folder. Raises `AdoptError`."""
    if not isinstance(path, str):
        raise AdoptError(f"it names {path!r} as a file")
    if fault := _name_fault(path):
        raise AdoptError(f'it names the file "{path}": {fault}', hint="build into a folder below the configuration's")
    return path


def _name_fault(name: str) -> str:
    fault = path_fault(name)
    return f"it {fault}" if fault else unportable(name)


def _texts(chunk: Mapping[str, Any], key: str, what: str) -> list[str]:
    found = _list(chunk, key, what)
    if not all(isinstance(one, str) for one in found):
        raise AdoptError(f'`{what}` of "{key}" holds something that is no string')
    return found


def _list(chunk: Mapping[str, Any], key: str, what: str) -> list[Any]:
    found = chunk.get(what, [])
    if not isinstance(found, list):
        raise AdoptError(f'`{what}` of "{key}" is no list')
    return found


def _stem(path: str) -> str:
    """The name of a file without its suffix; of a source map also without that of what it maps."""
    name = path.rpartition("/")[2].removesuffix(".map")
    return name.rpartition(".")[0] or name
