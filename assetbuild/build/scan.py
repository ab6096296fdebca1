"""Reads every text source once and scans it: bytes -> text -> references, with what is wrong with each.

Knows that CSS and JS are read differently; what the references mean is `graph`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor

from assetbuild.build import join_css, join_js, js_names, scan_css, scan_js, tree
from assetbuild.build.encoding import Decoded, decode_css, decode_js
from assetbuild.build.events import Done, Listener, Work
from assetbuild.build.graph import Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Blob, Namespace, Problem, Severity, Source, TextKind, place_at

Result = tuple[Scanned | None, tuple[Problem, ...]]


def scan_all(namespace: Namespace, *, pool: Executor, listener: Listener) -> tuple[dict[str, Scanned], list[Problem]]:
    """All text sources that are published or are bundle inputs, by logical path; and what is wrong with them."""
    inputs = {name for each in namespace.bundles.values() for name in each}
    wanted = sorted(name for name in {*namespace.published, *inputs} if text_kind(name) is not None)
    results = pool.map(lambda name: _scan(namespace.sources[name], is_input=name in inputs, listener=listener), wanted)
    scanned: dict[str, Scanned] = {}
    problems: list[Problem] = []
    for name, (item, found) in zip(wanted, results, strict=True):
        problems += found
        if item is not None:
            scanned[name] = item
    problems += _bundle_problems(namespace.bundles, scanned)
    return scanned, problems


def _scan(source: Source, *, is_input: bool, listener: Listener) -> Result:
    try:
        data = tree.read(source)
    except OSError as error:
        return None, (tree.unreadable(source, error),)
    listener(Done(Work.READ, source.logical))
    blob = Blob(source.file, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha384(data).hexdigest())
    if text_kind(source.logical) is TextKind.CSS:
        decoded = decode_css(data)
        references = scan_css.scan(decoded.text)
        item = Scanned(source, TextKind.CSS, decoded.text, blob, references)
        return item, _encoding_problems(source, decoded, is_input=is_input)
    decoded = decode_js(data)
    script = scan_js.read(decoded.text)
    broken = script.error is not None
    problems = _encoding_problems(source, decoded, is_input=is_input)
    if script.error is not None and not is_input:
        problems += (_broken(source, decoded.text, script.error),)
    references = () if broken else script.references
    return Scanned(source, TextKind.JS, decoded.text, blob, references, script, broken), problems


def _broken(source: Source, text: str, offset: int) -> Problem:
    return Problem(
        "js-syntax",
        "this script does not parse; it is published byte for byte, and its references are left alone",
        place_at(source.file, text, offset),
        severity=Severity.WARNING,
        hint=f'correct it, or add "{source.logical}" to `exclude`',
    )


def _encoding_problems(source: Source, decoded: Decoded, *, is_input: bool) -> tuple[Problem, ...]:
    if decoded.invalid is None:
        return ()
    if is_input:
        text, hint = f"this bundle input is not valid {decoded.encoding}", "save it as UTF-8"
    else:
        text, hint = f"not valid {decoded.encoding}; the bytes that are not are kept as they are", "save it as UTF-8"
    place = place_at(source.file, decoded.text, decoded.invalid)
    severity = Severity.ERROR if is_input else Severity.WARNING
    return (Problem("not-utf8", text, place, severity=severity, hint=hint),)


def _bundle_problems(bundles: Mapping[str, tuple[str, ...]], scanned: Mapping[str, Scanned]) -> list[Problem]:
    """What cannot be joined. The same input in two bundles is reported once."""
    found: dict[Problem, None] = {}
    for name in sorted(bundles):
        inputs = [scanned[logical] for logical in bundles[name] if logical in scanned]
        for position, item in enumerate(inputs):
            if item.kind is TextKind.CSS:
                first, only = position == 0, len(inputs) == 1
                problems = join_css.problems_of_input(item.source.file, item.text, first=first, only=only)
            else:
                problems = join_js.problems_of_input(item.source.file, item.text, item.script or scan_js.Script())
            found.update(dict.fromkeys(problems))
        if len(inputs) > 1 and not found and inputs[0].kind is TextKind.JS:
            found.update(dict.fromkeys(_clashes(name, inputs)))
    return list(found)


def _clashes(bundle: str, inputs: Sequence[Scanned]) -> Iterator[Problem]:
    """Names that two inputs declare at their top level, which may be declared once: the whole would not parse."""
    known: dict[str, bool] = {}
    owners: dict[str, str] = {}
    for item in inputs:
        declared = js_names.declared(item.text)
        clash = js_names.clash(declared, known)
        if clash is not None:
            yield Problem(
                "name-declared-twice",
                f"`{clash.name}` is declared by {owners[clash.name]} too, and {bundle} holds both: it would not parse",
                place_at(item.source.file, item.text, clash.offset),
                hint="wrap one of the files in a function or block of its own, or rename one of the two",
            )
        for one in declared:
            known[one.name] = known.get(one.name, False) or one.once
            owners.setdefault(one.name, item.source.logical)
