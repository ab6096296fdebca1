"""The tables of a configuration but for bundles and publishing: sources, compression, import map.

Knows their keys and shapes, but no files: whether a source root exists is asked in `config_paths.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assetbuild.build.config_values import (
    logical_path_problem,
    printable,
    table,
    text_problem,
    unknown_keys,
    unknown_word,
    wrong_type,
)
from assetbuild.build.model import Algorithm, Place, Problem, RootSpec
from assetbuild.build.toml_places import Document
from assetbuild.build.urls import is_local

_OTHER_NAMES = {"brotli": "br", "gz": "gzip", "zst": "zstd", "zstandard": "zstd"}

_SOURCE_KEYS = ("path", "mount", "package", "blueprint")


# --- sources ---------------------------------------------------------------------------------------------


def sources(document: Document, problems: list[Problem]) -> tuple[tuple[RootSpec, Place], ...]:
    """The entries of `sources` with their places."""
    value = document.table.get("sources", ["static"])
    hint = 'write sources = ["static"]'
    if not isinstance(value, list):
        problems.append(
            wrong_type("sources", value, document.at_value("sources"), expected="a list of folders", hint=hint)
        )
        return ()
    if not value:
        problems.append(Problem("config-value", "`sources` names no folder", document.at_value("sources"), hint=hint))
    found = [
        (_source(document, problems, index, item), document.at_value("sources", index))
        for index, item in enumerate(value)
    ]
    named = tuple((spec, place) for spec, place in found if spec is not None)
    problems += _shared_blueprints(named)
    return named


def _shared_blueprints(named: Sequence[tuple[RootSpec, Place]]) -> Iterator[Problem]:
    """A blueprint has one static folder, so its URLs name one source."""
    first: dict[str, RootSpec] = {}
    for spec, place in named:
        other = first.setdefault(spec.blueprint, spec)
        if spec.blueprint and other is not spec:
            text = f'the sources "{other}" and "{spec}" are both said to be the static folder of `{spec.blueprint}`'
            yield Problem("config-value", text, place, hint="name the blueprint at the one that it is")


def _source(document: Document, problems: list[Problem], index: int, item: object) -> RootSpec | None:
    where, place = f"sources[{index}]", document.at_value("sources", index)
    if isinstance(item, str):
        item = {"path": item}
    if not isinstance(item, dict):
        hint = 'write a folder, or a table such as {path = "vendor", mount = "vendor"}'
        problems.append(wrong_type(where, item, place, expected="a string or a table", hint=hint))
        return None
    before = len(problems)
    problems += unknown_keys(document, ("sources", index), item, known=_SOURCE_KEYS, where=f"`{where}`")
    fields: dict[str, str] = {}
    for key in _SOURCE_KEYS:
        text = item.get(key, "")
        at = document.at_value("sources", index, key)
        if not isinstance(text, str):
            problems.append(wrong_type(f"{where}.{key}", text, at, expected="a string", hint=f"put `{key}` in quotes"))
            continue
        reason = text_problem(text) if key in item and not (key == "mount" and text == "") else ""
        if reason:
            problems.append(Problem("config-value", f"`{where}.{key}` {reason}", at, hint=f"correct `{key}`"))
        fields[key] = text
    if "path" not in item and "package" not in item:
        problems.append(Problem("config-value", f"`{where}` has no `path`", place, hint='add path = "folder"'))
    mount = _mount(document, problems, index, fields.get("mount", ""))
    return RootSpec(fields["path"], mount, fields["package"], fields["blueprint"]) if len(problems) == before else None


def _mount(document: Document, problems: list[Problem], index: int, mount: str) -> str:
    clean = mount.removesuffix("/")
    reason = logical_path_problem(clean) if clean or mount else ""
    if reason and text_problem(mount) == "":
        parts = [part for part in mount.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        meant = "/".join(part.lstrip(".") for part in parts)
        hint = f'write mount = "{meant}"' if meant else "leave `mount` out to put the files at the root"
        problems.append(
            Problem(
                "config-value",
                f'`sources[{index}].mount` is no logical path: "{mount}" {reason}',
                document.at_value("sources", index, "mount"),
                hint=hint,
            )
        )
    return clean


# --- compression, import map -----------------------------------------------------------------------------


def compress(document: Document, problems: list[Problem]) -> tuple[tuple[Algorithm, int], ...]:
    """The algorithms of variants with their levels, in the order of the config."""
    from assetbuild.build.compress import DEFAULT_LEVELS  # loads the engines, which not every command needs

    value = document.table.get("compress", ["gzip", "br"])
    hint = 'write compress = ["gzip", "br"]'
    if not isinstance(value, list | dict):
        expected = "a list, or a table of levels"
        problems.append(wrong_type("compress", value, document.at_value("compress"), expected=expected, hint=hint))
        return ()
    found: dict[Algorithm, int] = {}
    known = {algorithm.value: algorithm for algorithm in Algorithm}
    for step, item in enumerate(value):
        if not isinstance(item, str):
            place = document.at_value("compress", step)
            problems.append(wrong_type(f"compress[{step}]", item, place, expected="a string", hint=hint))
            continue
        place = document.at_value("compress", step) if isinstance(value, list) else document.at_key("compress", item)
        if item not in known:
            text = f'`compress` knows no "{printable(item)}"'
            word = _OTHER_NAMES.get(item.lower(), item)
            problems.append(unknown_word("config-compress", text, word, known, place))
            continue
        algorithm = known[item]
        if algorithm in found:
            text = f'`compress` names "{item}" twice'
            problems.append(Problem("config-compress", text, place, hint="name it once"))
            continue
        level = value[item] if isinstance(value, dict) else DEFAULT_LEVELS[algorithm]
        problem = _level_problem(algorithm, level, place)
        if problem is not None:
            problems.append(problem)
        found[algorithm] = level if isinstance(level, int) else DEFAULT_LEVELS[algorithm]
    return tuple(found.items())


def _level_problem(algorithm: Algorithm, level: object, place: Place) -> Problem | None:
    from assetbuild.build.compress import DEFAULT_LEVELS, levels, missing_package

    word, span = algorithm.value, levels(algorithm)
    wanted = f"a level from {span[0]} to {span[-1]}"
    hint = f"write {word} = {DEFAULT_LEVELS[algorithm]}"
    if isinstance(level, bool) or not isinstance(level, int):
        return wrong_type(f"compress.{word}", level, place, expected=wanted, hint=hint)
    if level not in span:
        return Problem("config-compress", f"`compress.{word}` must be {wanted}, not {level}", place, hint=hint)
    package = missing_package(algorithm)
    if package:
        text = f'`compress` names "{word}", whose library is not installed'
        hint = f"pip install '{package}', or take \"{word}\" out of `compress`"
        return Problem("config-compress", text, place, hint=hint)
    return None


def importmap(document: Document, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """The import map's entries, sorted by specifier."""
    entries = table(document, problems, "importmap", hint='write [importmap] and below it "name" = "js/name.js"')
    for name, target in entries.items():
        place, shown = document.at_value("importmap", name), printable(name)
        if not isinstance(target, str):
            hint = f'write "{shown}" = "js/{shown}.js"'
            problems.append(wrong_type(f"importmap.{shown}", target, place, expected="a string", hint=hint))
            continue
        if not name or name.startswith(("/", "./", "../")) or text_problem(name):
            text = f'"{shown}" in `[importmap]` is no bare specifier'
            hint = "name a package as an `import` does; relative imports need no entry"
            problems.append(Problem("config-importmap", text, document.at_key("importmap", name), hint=hint))
        reason, hint = _target_problem(name, target)
        if reason:
            text = f'the target "{printable(target)}" of "{shown}" in `[importmap]` {reason}'
            problems.append(Problem("config-importmap", text, place, hint=hint))
    return tuple(sorted((name, target) for name, target in entries.items() if isinstance(target, str)))


def _target_problem(name: str, target: str) -> tuple[str, str]:
    """Why `target` cannot stand for the specifier `name`, and the way out; '' where it can.

    A key that ends in `/` maps every specifier below it, and browsers drop it unless its target ends in `/` as well
    (HTML, "sorting and normalizing a module specifier map"). A whole specifier may mean a URL that ends in `/`.
    """
    reason = text_problem(target) or (logical_path_problem(target.removesuffix("/")) if is_local(target) else "")
    if reason:
        return reason, "give a logical path, or an absolute URL with its scheme"
    if name.endswith("/") and not target.endswith("/"):
        return "does not end in `/`, as its specifier does", "let both end in `/`, or neither"
    if is_local(target) and target.endswith("/") and not name.endswith("/"):
        return "is a folder, and its specifier does not end in `/`", "let both end in `/`, or name a file"
    return "", ""
