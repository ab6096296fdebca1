"""What of the scripts of bundles cannot be joined, or does something else there than one after the other.

Knows what was scanned, and reads a text only to tell a place in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assetbuild.build import join_js, js_hazards
from assetbuild.build.graph import Scanned
from assetbuild.build.input_records import InputRecords
from assetbuild.build.model import Problem, Severity, TextKind


def problems(
    bundles: Mapping[str, tuple[str, ...]], scanned: Mapping[str, Scanned], records: InputRecords
) -> list[Problem]:
    """What is wrong with the scripts of `bundles`. The same input in two of them is reported once."""
    found: dict[Problem, None] = {}
    for name in sorted(bundles):
        inputs = [scanned[logical] for logical in bundles[name] if logical in scanned]
        own = [problem for item in inputs for problem in _unjoinable(item)]
        if len(inputs) > 1 and not any(problem.severity is Severity.ERROR for problem in own):
            own += _hazards(name, inputs, records)
        found.update(dict.fromkeys(own))
    return list(found)


def _unjoinable(item: Scanned) -> tuple[Problem, ...]:
    script = item.script
    if script is None or (script.error is None and script.module_syntax is None):
        return ()
    return join_js.problems_of_input(item.source.file, item.text, script)


def _hazards(bundle: str, inputs: Sequence[Scanned], records: InputRecords) -> Iterator[Problem]:
    """What scripts do to each other in one bundle."""
    if inputs[0].kind is TextKind.JS:
        yield from js_hazards.hazards(bundle, [_classic(item, records) for item in inputs if item.script is not None])


def _classic(item: Scanned, records: InputRecords) -> js_hazards.Classic:
    def read() -> str:
        return item.text

    strict = item.script is not None and item.script.strict
    names = records.names(item.blob.sha256, read, strict=strict)
    return js_hazards.Classic(item.source.file, item.source.logical, names, read)
