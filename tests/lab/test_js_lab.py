"""Every script of workload L after our minifying, judged by esbuild, which shares no code with what it judges.

The counts are left in `benchmarks/.work/lab/`, one file a shard and `js.json` for all that have run.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest

from assetbuild.build import prove_js, safe_js
from assetbuild.build.encoding import decode_js
from assetbuild.build.licences import javascript_licences
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.protocols import Way
from assetbuild.build.registry import create
from tests.lab.corpus import fetch_l
from tests.lab.esbuild import Printer, printer
from tests.workload import WORK

pytestmark = [pytest.mark.lab, pytest.mark.slow]

SHARDS = 4

SCRIPTS = 3644
"""So many different scripts are in workload L: none is lost on the way."""

ACCEPTED = 0.98
"""At least this part of what rjsmin makes is to be used: a proof that is too strict would go unnoticed otherwise."""


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    text: str


@functools.cache
def scripts() -> tuple[Path, ...]:
    """The different scripts of workload L, the largest first."""
    files = {hashlib.sha256(data).digest(): (-len(data), file) for file, data in reversed(_read_all())}
    return tuple(file for _, file in sorted(files.values()))


def _read_all() -> list[tuple[Path, bytes]]:
    found = (file for file in fetch_l().rglob("*") if file.suffix in (".js", ".mjs") and file.is_file())
    return [(file, file.read_bytes()) for file in sorted(found)]


def shard(number: int) -> list[Script]:
    """Each shard gets as many large scripts as the others."""
    root = fetch_l()
    return [
        Script(file.relative_to(root).as_posix(), decode_js(file.read_bytes()).text)
        for file in scripts()[number::SHARDS]
    ]


class Findings:
    """What a shard has shown. `wrong` must be empty at the end."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def examine(self, script: Script, esbuild: Printer) -> None:
        text, counts = script.text, self.counts
        processed = _RJSMIN(text)
        # with licences, for esbuild has them as statements even where it does not print them
        safe = safe_js.minify(javascript_licences(text))
        counts["scripts"] += 1
        counts["characters"] += len(text)
        counts["characters after"] += len(processed.text)
        counts[_WAYS[processed.way]] += 1
        if processed.way is Way.UNCHANGED:
            self.wrong.append(f"{script.name}: unminified: {processed.reason}")
        if processed.way is Way.PROCESSED:
            counts["characters by rjsmin"] += len(processed.text)
            counts["characters by the safe minifier"] += min(len(safe), len(text))
        if not prove_js.same(text, safe):
            self.wrong.append(f"{script.name}: the safe minifier's result is not proven")
        verdict = esbuild.compare(text, processed.text, safe)
        if verdict.refusal:
            self.wrong.append(f"{script.name}: esbuild does not read it: {verdict.refusal}")
            return
        for who, difference in zip(("processed", "safe"), verdict.differences, strict=True):
            if difference:
                counts[f"{who} differs"] += 1
                self.wrong.append(f"{script.name}: {who}: {difference}")


_RJSMIN = create(ProcessorSpec("rjsmin"), TextKind.JS)
_WAYS = {Way.PROCESSED: "processed", Way.FALLBACK: "safe", Way.UNCHANGED: "unminified"}


def leave(name: str, counts: Counter[str]) -> None:
    """Write down a shard's counts, and the sum of all that there are."""
    folder = WORK / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / "lock"):
        (folder / f"js-{name}.json").write_text(json.dumps(counts, indent=1), "utf-8")
        total: Counter[str] = Counter()
        for file in sorted(folder.glob("js-*.json")):
            total.update(json.loads(file.read_text("utf-8")))
        (folder / "js.json").write_text(json.dumps(total, indent=1), "utf-8")


@pytest.mark.parametrize("number", range(SHARDS))
def test_every_script_is_minified_and_esbuild_reads_the_same(number: int, tmp_path: Path) -> None:
    findings = Findings()
    with printer(tmp_path) as esbuild:
        for script in shard(number):
            findings.examine(script, esbuild)
    counts = findings.counts
    leave(str(number), counts)
    assert findings.wrong == []
    assert counts["processed"] >= counts["scripts"] * ACCEPTED
    assert counts["characters by the safe minifier"] <= counts["characters by rjsmin"] * 1.02


def test_no_script_of_the_workload_is_left_out() -> None:
    dealt = [file for number in range(SHARDS) for file in scripts()[number::SHARDS]]
    assert len(dealt) == len(set(dealt)) == SCRIPTS
