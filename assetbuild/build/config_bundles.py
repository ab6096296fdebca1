"""The bundles of a configuration, and the processors that texts go through.

Knows their keys and shapes. Whether a processor exists and takes its options is asked through `check`, whether an input
exists in `discover`.
"""

from __future__ import annotations

from collections.abc import Callable

from assetbuild.build.config_values import (
    glob_problem,
    logical_path_problem,
    printable,
    table,
    text_problem,
    type_name,
    unknown_keys,
    wrong_type,
)
from assetbuild.build.globs import is_glob
from assetbuild.build.media import text_kind
from assetbuild.build.model import BundleSpec, Place, Problem, ProcessorSpec, TextKind
from assetbuild.build.toml_places import Document

CheckProcessor = Callable[[ProcessorSpec, TextKind], "tuple[str, str] | None"]
"""What is wrong with a processor, as text and hint, if anything."""


_USUAL = {TextKind.CSS: "rcssmin", TextKind.JS: "rjsmin"}


# --- processors ------------------------------------------------------------------------------------------


def processors(
    document: Document, problems: list[Problem], *, check: CheckProcessor
) -> dict[TextKind, tuple[ProcessorSpec, ...]]:
    """The processors of each kind of text; the default where a kind is not named."""
    entries = table(document, problems, "processors", hint='write [processors] and below it css = ["rcssmin"]')
    problems += unknown_keys(
        document, ("processors",), entries, known=[kind.value for kind in TextKind], where="`[processors]`"
    )
    return {
        kind: _processor_list(
            document,
            problems,
            ("processors", kind.value),
            entries.get(kind.value, [_USUAL[kind]]),
            kind=kind,
            check=check,
        )
        for kind in TextKind
    }


def _processor_list(
    document: Document,
    problems: list[Problem],
    path: tuple[str, ...],
    value: object,
    *,
    kind: TextKind,
    check: CheckProcessor,
) -> tuple[ProcessorSpec, ...]:
    where = ".".join(path[:1] + tuple(f'"{part}"' if "." in part else part for part in path[1:]))
    usual = _USUAL[kind]
    if not isinstance(value, list):
        hint = f'write {path[-1]} = ["{usual}"], or [] to leave the text as it is'
        problems.append(wrong_type(where, value, document.at_value(*path), expected="a list of processors", hint=hint))
        return ()
    specs: list[ProcessorSpec] = []
    for index, item in enumerate(value):
        place = document.at_value(*path, index)
        spec = _processor(problems, item, place, where=f"{where}[{index}]", usual=usual)
        if spec is None:
            continue
        refused = check(spec, kind)
        if refused is None:
            specs.append(spec)
        else:
            problems.append(Problem("config-processor", refused[0], place, hint=refused[1]))
    return tuple(specs)


def _processor(problems: list[Problem], item: object, place: Place, *, where: str, usual: str) -> ProcessorSpec | None:
    hint = f'write "{usual}", or a table such as {{name = "{usual}"}}'
    if isinstance(item, str):
        item = {"name": item}
    if not isinstance(item, dict):
        problems.append(wrong_type(where, item, place, expected="a string or a table", hint=hint))
        return None
    name = item.get("name")
    if not isinstance(name, str) or text_problem(name):
        given = "has no `name`" if name is None else f"has a `name` that is {type_name(name)}"
        text = f"`{where}` " + ("has an empty `name`" if isinstance(name, str) else given)
        problems.append(Problem("config-value", text, place, hint=hint))
        return None
    options = sorted((key, value) for key, value in item.items() if key != "name")
    return ProcessorSpec(name, tuple(options))


# --- bundles ---------------------------------------------------------------------------------------------


def bundles(document: Document, problems: list[Problem], *, check: CheckProcessor) -> tuple[BundleSpec, ...]:
    """The bundles, sorted by name."""
    entries = table(document, problems, "bundles", hint='write [bundles] and below it "css/app.css" = ["css/*.css"]')
    found = [_bundle(document, problems, name, entries[name], check=check) for name in sorted(entries)]
    return tuple(spec for spec in found if spec is not None)


def _bundle(
    document: Document, problems: list[Problem], name: str, value: object, *, check: CheckProcessor
) -> BundleSpec | None:
    before = len(problems)
    kind = _bundle_name(document, problems, name)
    steps: tuple[ProcessorSpec, ...] | None = None
    names: tuple[str, ...] = ()
    path: tuple[str, ...] = ("bundles", name)
    shown = printable(name)
    if isinstance(value, dict):
        problems += unknown_keys(
            document, path, value, known=("inputs", "names", "processors"), where=f'the bundle "{shown}"'
        )
        if "processors" in value and kind is not None:
            steps = _processor_list(
                document, problems, (*path, "processors"), value["processors"], kind=kind, check=check
            )
        names = _names(document, problems, (*path, "names"), value.get("names", []), name=shown)
        if "inputs" not in value:
            problems.append(
                Problem(
                    "config-value",
                    f'the bundle "{shown}" has no `inputs`',
                    document.at_key(*path),
                    hint='add inputs = ["..."] with the files to join, in order',
                )
            )
            return None
        value, path = value["inputs"], (*path, "inputs")
    inputs = _inputs(document, problems, path, value, name=shown)
    return BundleSpec(name, inputs, steps, names) if len(problems) == before else None


def _names(
    document: Document, problems: list[Problem], path: tuple[str, ...], value: object, *, name: str
) -> tuple[str, ...]:
    """The names that templates use for a bundle besides its own."""
    if isinstance(value, list) and all(isinstance(item, str) and not text_problem(item) for item in value):
        return tuple(dict.fromkeys(value))
    text = f'the `names` of the bundle "{name}" must be a list of strings'
    problems.append(Problem("config-type", text, document.at_value(*path), hint='write names = ["site-css"]'))
    return ()


def _bundle_name(document: Document, problems: list[Problem], name: str) -> TextKind | None:
    place, shown = document.at_key("bundles", name), printable(name)
    reason = logical_path_problem(name)
    if not reason and is_glob(name):
        reason = "is a glob, and a bundle is one file"
    if reason:
        hint = 'name it by the logical path it is published under, such as "css/app.css"'
        problems.append(Problem("config-bundle", f'the bundle name "{shown}" {reason}', place, hint=hint))
        return None
    kind = text_kind(name)
    if kind is None:
        text = f'the bundle "{shown}" is neither CSS nor JavaScript by its suffix'
        problems.append(Problem("config-bundle", text, place, hint="let its name end in .css, .js, .mjs or .cjs"))
    return kind


def _inputs(
    document: Document, problems: list[Problem], path: tuple[str, ...], value: object, *, name: str
) -> tuple[str, ...]:
    hint = "list the files to join, in order: names or globs"
    place = document.at_value(*path)
    if not isinstance(value, list):
        expected = "a list of inputs" + (" or a table" if path[-1] != "inputs" else "")
        text = f'the bundle "{name}" must be {expected}, not {type_name(value)}'
        problems.append(Problem("config-type", text, place, hint=hint))
        return ()
    if not value:
        problems.append(Problem("config-bundle", f'the bundle "{name}" has no inputs', place, hint=hint))
    found: list[str] = []
    for index, item in enumerate(value):
        at = document.at_value(*path, index)
        problem = _input_problem(item, at, name=name)
        if problem is None:
            found.append(str(item))
        else:
            problems.append(problem)
    return tuple(found)


def _input_problem(item: object, place: Place, *, name: str) -> Problem | None:
    hint = 'name a source by its logical path, such as "css/base.css", or give a glob'
    if not isinstance(item, str):
        text = f'an input of the bundle "{name}" must be a string, not {type_name(item)}'
        return Problem("config-type", text, place, hint=hint)
    if is_glob(item):
        return glob_problem(item, place, where=f'in the bundle "{name}"', hint=hint)
    reason = logical_path_problem(item)
    if reason:
        text = f'the input "{printable(item)}" of the bundle "{name}" {reason}'
        return Problem("config-bundle", text, place, hint=hint)
    return None
