"""The laws of names, over random graphs of references with cycles, self-references and shared neighbours."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import urls
from assetbuild.build.fingerprint import DIGEST_LENGTH, Named, fingerprinted, link, strong_components
from assetbuild.build.model import Link, Text

FOLDERS = ("", "css/", "css/deep/er/", "js/", "a b/ä/")


class Graph(NamedTuple):
    contents: dict[str, Text]

    def edges(self) -> dict[str, set[str]]:
        return {
            name: {piece.target for piece in content.pieces if isinstance(piece, Link)}
            for name, content in self.contents.items()
        }

    def reaching(self, target: str) -> set[str]:
        """Every name from which `target` can be reached, itself included; found naively."""
        edges, found = self.edges(), {target}
        while more := {name for name, targets in edges.items() if targets & found} - found:
            found |= more
        return found

    def changed(self, name: str, text: str) -> Graph:
        return Graph({**self.contents, name: Text((text, *self.contents[name].pieces))})


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 9))
    folders = draw(st.lists(st.sampled_from(FOLDERS), min_size=count, max_size=count))
    names = [f"{folder}n{index}.css" for index, folder in enumerate(folders)]
    # A text never ends in what a URL could go on with, so that the links in the bytes can be found again.
    text = st.text("abc ;\n", max_size=5).map(lambda body: f"<{body}>")
    link_ = st.builds(Link, st.sampled_from(names))
    return Graph({name: Text(tuple(draw(st.lists(text | link_, max_size=5)))) for name in names})


@given(graphs(), st.data())
def test_a_change_renames_exactly_the_outputs_that_can_reach_it(graph: Graph, data: st.DataObject) -> None:
    victim = data.draw(st.sampled_from(sorted(graph.contents)))
    before, after = link(graph.contents), link(graph.changed(victim, "changed").contents)
    renamed = {name for name in graph.contents if before[name].path != after[name].path}
    assert renamed == graph.reaching(victim)


@given(graphs(), graphs())
def test_the_same_name_always_means_the_same_bytes(one: Graph, other: Graph) -> None:
    seen: dict[str, bytes | object] = {}
    for graph in (one, other, one.changed(sorted(one.contents)[0], "changed")):
        for named in link(graph.contents).values():
            assert seen.setdefault(named.path, named.content) == named.content


@given(graphs(), st.data())
def test_names_do_not_depend_on_the_order_of_assets(graph: Graph, data: st.DataObject) -> None:
    names = data.draw(st.permutations(sorted(graph.contents)))
    assert link({name: graph.contents[name] for name in names}) == link(graph.contents)


@given(graphs())
def test_every_link_leads_to_its_targets_output(graph: Graph) -> None:
    named = link(graph.contents)
    for logical, content in graph.contents.items():
        data = named[logical].content
        assert isinstance(data, bytes)
        expected = "".join(
            piece if isinstance(piece, str) else _resolved(logical, named[piece.target]) for piece in content.pieces
        )
        assert data.decode() == expected


def _resolved(logical: str, target: Named) -> str:
    url = urls.relative(target.path, folder=urls.folder_of(logical))
    assert urls.normalise(urls.folder_of(logical), urls.decode(url) or "") == target.path
    return url


@given(graphs())
def test_an_output_alone_is_named_after_its_own_bytes(graph: Graph) -> None:
    named, edges = link(graph.contents), graph.edges()
    groups = [group for group in strong_components(edges) if len(group) == 1 and group[0] not in edges[group[0]]]
    for (name,) in groups:
        done = named[name]
        assert isinstance(done.content, bytes)
        assert hashlib.sha256(done.content).hexdigest()[:DIGEST_LENGTH] in done.path
        assert done.sha256 == hashlib.sha256(done.content).hexdigest()


@given(graphs())
def test_members_of_a_cycle_share_one_digest(graph: Graph) -> None:
    named = link(graph.contents)
    for group in strong_components(graph.edges()):
        digests = {re.search(r"-([0-9a-f]{16})\.css$", named[name].path).group(1) for name in group}  # type: ignore[union-attr]
        assert len(digests) == 1


def test_a_chain_of_ten_thousand_references_does_not_exhaust_the_stack() -> None:
    count = 10_000
    contents: dict[str, Text] = {f"n{i}.css": Text((Link(f"n{i + 1}.css"),)) for i in range(count)}
    contents[f"n{count}.css"] = Text(("end",))
    assert len(link(contents)) == count + 1


@pytest.mark.parametrize(
    ("logical", "wanted"),
    [
        ("css/app.css", "css/app-0123456789abcdef.css"),
        ("app.js.map", "app-0123456789abcdef.js.map"),
        ("a/b.css.map", "a/b-0123456789abcdef.css.map"),
        ("m.mjs.map", "m-0123456789abcdef.mjs.map"),
        ("x.map", "x-0123456789abcdef.map"),
        (".js.map", ".js-0123456789abcdef.map"),
        ("jquery.min.js", "jquery.min-0123456789abcdef.js"),
        ("my-component.js", "my-component-0123456789abcdef.js"),
        ("x-0123456789abcdef.css", "x-0123456789abcdef-0123456789abcdef.css"),
        ("several.dots.in.name.png", "several.dots.in.name-0123456789abcdef.png"),
        ("LICENSE", "LICENSE-0123456789abcdef"),
        ("dir.d/LICENSE", "dir.d/LICENSE-0123456789abcdef"),
        ("with space+#%.svg", "with space+#%-0123456789abcdef.svg"),
    ],
)
def test_the_digest_stands_before_the_last_suffix(logical: str, wanted: str) -> None:
    assert fingerprinted(logical, "0123456789abcdef" * 4) == wanted
