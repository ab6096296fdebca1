"""Bundles of style sheets without a disk: texts by name in, the joined text and its problems out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.css_parts import Part, text_of
from assetbuild.build.flatten_css import flatten_bundles
from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.input_records import InputRecords
from assetbuild.build.model import Blob, FileStat, Namespace, Problem, Source, TextKind
from assetbuild.build.scan_css import scan


@dataclass(frozen=True)
class Bundled:
    text: str
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems]


def bundle(
    texts: Mapping[str, str], inputs: Sequence[str], *, name: str = "bundle.css", **others: Sequence[str]
) -> Bundled:
    """References name the texts, or are left alone; `others` are more bundles: `theme=["a.css"]` is theme.css."""
    sources = {name: Source(name, f"static/{name}", FileStat(0, 0, 0), 0) for name in texts}
    scanned = {
        name: Scanned(source, TextKind.CSS, texts[name], Blob(source.file, 0, "", ""), scan(texts[name]))
        for name, source in sources.items()
    }
    bundles = {name: tuple(inputs), **{f"{other}.css": tuple(found) for other, found in others.items()}}
    edges = {
        each: tuple(
            Edge(one, one.path if one.path in texts or one.path in bundles else None) for one in item.references
        )
        for each, item in scanned.items()
    }
    flat, problems = flatten_bundles(
        Namespace(sources, tuple(sources), bundles), scanned, edges, cut_of=InputRecords(None).cut
    )
    text = text_of(flat[name], texts, {})
    return Bundled(text, flat[name], tuple(problems))
