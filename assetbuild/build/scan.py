"""Reads every text source once and scans it: bytes -> text -> references, with what is wrong with each.

Knows that CSS and JS are read differently; what the references mean is `graph`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from assetbuild.build import join_js, js_hazards, scan_css, scan_js, tree
from assetbuild.build.encoding import Decoded, decode_css, decode_js
from assetbuild.build.events import Done, Listener, Work
from assetbuild.build.graph import Scanned
from assetbuild.build.media import text_kind
from assetbuild.build.model import Blob, Namespace, Problem, Severity, Source, TextKind, place_at
from assetbuild.build.scans import Scan, Scans
from assetbuild.build.workers import SMALL, Crew

Result = tuple[Scanned | None, tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class _Read:
    """A source's bytes, decoded; `known` is what a build before found in the same bytes."""

    source: Source
    blob: Blob
    kind: TextKind
    decoded: Decoded
    known: Scan | None

    @property
    def seconds(self) -> float:
        """About how long scanning will take."""
        rate = {TextKind.CSS: 0.4e-6, TextKind.JS: 0.12e-6}[self.kind]
        return rate * len(self.decoded.text) if self.known is None else 0.0


def scan_all(
    namespace: Namespace, *, pool: Executor, listener: Listener, crew: Crew, scans: Scans
) -> tuple[dict[str, Scanned], list[Problem]]:
    """All text sources that are published or are bundle inputs, by logical path; and what is wrong with them."""
    inputs = {name for each in namespace.bundles.values() for name in each}
    wanted = sorted(name for name in {*namespace.published, *inputs} if text_kind(name) is not None)
    read = list(pool.map(lambda name: _read(namespace.sources[name], listener, scans), wanted))
    crew.hire([one.seconds for one in read if isinstance(one, _Read) and one.seconds])
    results = pool.map(lambda name, one: _scan(one, crew, scans, is_input=name in inputs), wanted, read)
    scanned: dict[str, Scanned] = {}
    problems: list[Problem] = []
    for name, (item, found) in zip(wanted, results, strict=True):
        problems += found
        if item is not None:
            scanned[name] = item
    problems += _bundle_problems(namespace.bundles, scanned)
    return scanned, problems


def scan_import(namespace: Namespace, logical: str, *, listener: Listener, crew: Crew, scans: Scans) -> Result:
    """A style sheet that is not published, but imported by what a bundle inlines."""
    return _scan(_read(namespace.sources[logical], listener, scans), crew, scans, is_input=True)


def _read(source: Source, listener: Listener, scans: Scans) -> _Read | Problem:
    try:
        data = tree.read(source)
    except OSError as error:
        return tree.unreadable(source, error)
    listener(Done(Work.READ, source.logical))
    blob = Blob(source.file, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha384(data).hexdigest())
    kind = TextKind.CSS if text_kind(source.logical) is TextKind.CSS else TextKind.JS
    decoded = decode_css(data) if kind is TextKind.CSS else decode_js(data)
    return _Read(source, blob, kind, decoded, scans.get(kind, blob.sha256))


def _scan(read: _Read | Problem, crew: Crew, scans: Scans, *, is_input: bool) -> Result:
    if isinstance(read, Problem):
        return None, (read,)
    source, decoded, blob = read.source, read.decoded, read.blob
    found = read.known
    if found is None:
        scanner: Callable[[str], Scan] = scan_css.read if read.kind is TextKind.CSS else scan_js.read
        found = crew.run(scanner, decoded.text) if len(decoded.text) >= SMALL else scanner(decoded.text)
        scans.put(read.kind, blob.sha256, found)
    problems = _encoding_problems(source, decoded, is_input=is_input)
    if not isinstance(found, scan_js.Script):
        if found.error is not None and not is_input:
            problems += (_unsound(source, decoded.text, found.error),)
        return Scanned(source, TextKind.CSS, decoded.text, blob, found.references), problems
    broken = found.error is not None
    if found.error is not None and not is_input:
        problems += (_broken(source, decoded.text, found.error, found.reason),)
    references = () if broken else found.references
    return Scanned(source, TextKind.JS, decoded.text, blob, references, found, broken), problems


def _broken(source: Source, text: str, offset: int, reason: str) -> Problem:
    why = f" ({reason})" if reason else ""
    return Problem(
        "js-syntax",
        f"this script does not parse{why}; it is published byte for byte, and its references are left alone",
        place_at(source.file, text, offset),
        severity=Severity.WARNING,
        hint=f'correct it, or add "{source.logical}" to `exclude`',
    )


def _unsound(source: Source, text: str, offset: int) -> Problem:
    """Browsers recover from any style sheet and load what it names: so its references are rewritten all the same."""
    return Problem(
        "css-syntax",
        "this style sheet does not parse; its references are rewritten, and it is published as it is otherwise",
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
    """What scripts cannot be joined. The same input in two bundles is reported once."""
    found: dict[Problem, None] = {}
    for name in sorted(bundles):
        inputs = [scanned[logical] for logical in bundles[name] if logical in scanned]
        own = [
            problem
            for item in inputs
            if item.script is not None
            for problem in join_js.problems_of_input(item.source.file, item.text, item.script)
        ]
        if len(inputs) > 1 and not any(problem.severity is Severity.ERROR for problem in own):
            own += _hazards(name, inputs)
        found.update(dict.fromkeys(own))
    return list(found)


def _hazards(bundle: str, inputs: Sequence[Scanned]) -> Iterator[Problem]:
    """What scripts do to each other in one bundle."""
    if inputs[0].kind is TextKind.JS:
        yield from js_hazards.hazards(
            bundle,
            [
                js_hazards.Classic(item.source.file, item.source.logical, item.text, item.script.strict)
                for item in inputs
                if item.script is not None
            ],
        )
