"""Reads every text source once and scans it: bytes -> text -> references, with what is wrong with each.

Knows that CSS and JS are read differently; what the references mean is `graph`'s.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import accumulate

from assetbuild.build import bundle_scripts, scan_js, tree
from assetbuild.build.batches import in_batches
from assetbuild.build.encoding import Decoded
from assetbuild.build.events import Done, Listener, Work
from assetbuild.build.graph import Scanned
from assetbuild.build.input_records import InputRecords
from assetbuild.build.media import text_kind
from assetbuild.build.model import Blob, Namespace, Problem, Severity, Source, TextKind, place_at
from assetbuild.build.scans import Scan, Scanner, Scans
from assetbuild.build.source_text import SourceText, decode
from assetbuild.build.state import State
from assetbuild.build.workers import SMALL, Crew

_HELD = 1 << 24
"""Bytes of sources that are held from reading to scanning; those beyond are read again, so that memory stays flat."""

Result = tuple[Scanned | None, tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class _Met:
    """A source that is to be scanned, or of which is known what scanning would find."""

    source: Source
    blob: Blob
    kind: TextKind
    scanner: Scanner
    known: Scan | None
    data: bytes | None = None

    @property
    def seconds(self) -> float:
        """About how long scanning will take."""
        return self.scanner.rate * self.blob.size if self.known is None else 0.0


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What scanning needs to run.

    `skims`: of scripts that are no bundle's it is only asked what they name, and not whether they parse.
    """

    pool: Executor
    crew: Crew
    scans: Scans
    listener: Listener
    last: State
    records: InputRecords
    skims: bool = False


def scan_all(namespace: Namespace, context: ScanContext) -> tuple[dict[str, Scanned], list[Problem]]:
    """All text sources that are published or are bundle inputs, by logical path; and what is wrong with them."""
    inputs = {name for each in namespace.bundles.values() for name in each}
    wanted = sorted(name for name in {*namespace.published, *inputs} if text_kind(name) is not None)

    sizes = accumulate(namespace.sources[name].stat.size for name in wanted)
    held = {name for name, size in zip(wanted, sizes, strict=True) if size <= _HELD}

    def meet(name: str) -> _Met | Problem:
        return _meet(namespace.sources[name], context, is_input=name in inputs, held=name in held)

    met = list(in_batches(context.pool, meet, wanted))
    context.crew.hire([one.seconds for one in met if isinstance(one, _Met) and one.seconds])

    def scan(one: _Met) -> Result:
        return _scan(one, context, is_input=one.source.logical in inputs)

    longest_first = sorted(
        (one for one in met if isinstance(one, _Met) and one.known is None),
        key=lambda one: (-one.seconds, one.source.logical),
    )
    names = [one.source.logical for one in longest_first]
    results = dict(zip(names, context.pool.map(scan, longest_first), strict=True))
    scanned: dict[str, Scanned] = {}
    problems: list[Problem] = []
    for name, one in zip(wanted, met, strict=True):
        item, found = results.get(name) or _scan(one, context, is_input=name in inputs)
        problems += found
        if item is not None:
            scanned[name] = item
    problems += bundle_scripts.problems(namespace.bundles, scanned, context.records)
    return scanned, problems


def scan_import(namespace: Namespace, logical: str, context: ScanContext) -> Result:
    """A style sheet that is not published, but imported by what a bundle inlines."""
    return _scan(_meet(namespace.sources[logical], context, is_input=True, held=True), context, is_input=True)


def _meet(source: Source, context: ScanContext, *, is_input: bool, held: bool) -> _Met | Problem:
    """Not read where the last build has read the same file, as its stat tells, and what it found is kept."""
    kind = TextKind.CSS if text_kind(source.logical) is TextKind.CSS else TextKind.JS
    if kind is TextKind.CSS:
        scanner = Scanner.STYLE_SHEET
    else:
        # Code in a template has to parse, as there is no file that could be published as it is.
        skims = context.skims and not is_input and source.data is None
        scanner = Scanner.SKIM if skims else Scanner.SCRIPT
    blob = context.last.blob(source) if source.data is None else None
    known = context.scans.get(scanner, blob.sha256) if blob is not None else None
    if blob is not None and known is not None:
        return _Met(source, blob, kind, scanner, known)
    try:
        data = tree.read(source)
    except OSError as error:
        return tree.unreadable(source, error)
    context.listener(Done(Work.READ, source.logical))
    blob = Blob(source.file, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha384(data).hexdigest())
    known = context.scans.get(scanner, blob.sha256)
    return _Met(source, blob, kind, scanner, known, data if held and known is None else None)


def _scan(met: _Met | Problem, context: ScanContext, *, is_input: bool) -> Result:
    if isinstance(met, Problem):
        return None, (met,)
    source, blob, kind, found = met.source, met.blob, met.kind, met.known
    kept = SourceText(blob, kind, source.data)
    content: str | SourceText = kept
    problems: tuple[Problem, ...] = ()
    if found is None:
        decoded = kept.decoded() if met.data is None else decode(met.data, kind)
        scan = met.scanner.scan
        found = context.crew.run(scan, decoded.text) if len(decoded.text) >= SMALL else scan(decoded.text)
        problems = _encoding_problems(source, decoded, is_input=is_input)
        if not problems:
            context.scans.put(met.scanner, blob.sha256, found)
        if is_input or problems:
            content = decoded.text
    item = Scanned(source, kind, content, blob, found.references)
    if isinstance(found, scan_js.Script):
        is_broken = found.error is not None
        item = replace(item, references=() if is_broken else found.references, script=found, broken=is_broken)
    if found.error is not None and not is_input:
        reason = found.reason if isinstance(found, scan_js.Script) else None
        problems += (_unsound(item, found.error) if reason is None else _broken(item, found.error, reason),)
    return item, problems


def _broken(item: Scanned, offset: int, reason: str) -> Problem:
    why = f" ({reason})" if reason else ""
    return Problem(
        "js-syntax",
        f"this script does not parse{why}; it is published byte for byte, and its references are left alone",
        place_at(item.source.file, item.text, offset),
        severity=Severity.WARNING,
        hint=f'correct it, or add "{item.source.logical}" to `exclude`',
    )


def _unsound(item: Scanned, offset: int) -> Problem:
    """Browsers recover from any style sheet and load what it names: so its references are rewritten all the same."""
    return Problem(
        "css-syntax",
        "this style sheet does not parse; its references are rewritten, and it is published as it is otherwise",
        place_at(item.source.file, item.text, offset),
        severity=Severity.WARNING,
        hint=f'correct it, or add "{item.source.logical}" to `exclude`',
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
