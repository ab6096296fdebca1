"""Names: every output is named after the hash of its final bytes, dependencies first.

An output's bytes hold the names of what it refers to, so a change renames exactly the outputs that can reach it.
Members of a reference cycle cannot be named one after the other; they share a digest over the bytes of the whole group
in which references inside the group stand as logical paths. Knows nothing of files, media types or URLs' hosts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assetbuild.build import urls
from assetbuild.build.model import Blob, Link, Text

DIGEST_LENGTH = 16
_DOUBLE_SUFFIXES = (".js.map", ".mjs.map", ".cjs.map", ".css.map")


@dataclass(frozen=True, slots=True)
class Named:
    """Final content under its output path; digests in hexadecimal."""

    path: str
    content: bytes | Blob
    size: int
    sha256: str
    sha384: str


def fingerprinted(logical: str, digest: str) -> str:
    """`css/app.css` -> `css/app-<16 hex>.css`; a source map keeps both suffixes; without a suffix at the end."""
    folder, slash, name = logical.rpartition("/")
    suffix = next((double for double in _DOUBLE_SUFFIXES if name.endswith(double) and name != double), "")
    if not suffix and "." in name.lstrip("."):
        suffix = "." + name.rpartition(".")[2]
    stem = name.removesuffix(suffix) if suffix else name
    return f"{folder}{slash}{stem}-{digest[:DIGEST_LENGTH]}{suffix}"


def is_fingerprinted(logical: str, path: str) -> bool:
    """Whether `path` is a name that `fingerprinted` can give `logical`; those of adopted builds are not."""
    low, high = fingerprinted(logical, "0" * DIGEST_LENGTH), fingerprinted(logical, "f" * DIGEST_LENGTH)
    return len(path) == len(low) and all(
        found == one if one == other else found in "0123456789abcdef"
        for found, one, other in zip(path, low, high, strict=True)
    )


def link(compiled: Mapping[str, Text | Blob]) -> dict[str, Named]:
    """Name every compiled asset. Every link's target must be a key of `compiled`."""
    edges = {logical: _targets(content) for logical, content in compiled.items()}
    named: dict[str, Named] = {}
    for group in strong_components(edges):
        if len(group) == 1 and group[0] not in edges[group[0]]:
            named[group[0]] = _name_alone(group[0], compiled[group[0]], named)
        else:
            named.update(_name_group(group, compiled, named))
    return named


def _targets(content: Text | Blob) -> tuple[str, ...]:
    if isinstance(content, Blob):
        return ()
    return tuple(dict.fromkeys(piece.target for piece in content.pieces if isinstance(piece, Link)))


def _name_alone(logical: str, content: Text | Blob, named: Mapping[str, Named]) -> Named:
    if isinstance(content, Blob):
        path = fingerprinted(logical, content.sha256)
        return Named(path, content, content.size, content.sha256, content.sha384)
    data = _render(logical, content, {target: named[target].path for target in _targets(content)})
    return _finish(fingerprinted(logical, hashlib.sha256(data).hexdigest()), data)


def _name_group(
    group: tuple[str, ...], compiled: Mapping[str, Text | Blob], named: Mapping[str, Named]
) -> dict[str, Named]:
    """The digest covers each member's name and pieces, every part with its length, so that it has one reading."""
    members = set(group)
    digest = hashlib.sha256()
    for logical in group:
        content = compiled[logical]
        assert isinstance(content, Text)  # a blob has no links, so it is in no cycle
        digest.update(_framed(b"name", logical.encode()))
        for piece in content.pieces:
            if isinstance(piece, str):
                digest.update(_framed(b"text", piece.encode("utf-8", "surrogateescape")))
            elif piece.target in members:
                digest.update(_framed(b"link", piece.target.encode()))
            else:
                digest.update(_framed(b"text", _url(logical, piece, named[piece.target].path).encode()))
    paths = {logical: fingerprinted(logical, digest.hexdigest()) for logical in group}
    everywhere = {**{target: done.path for target, done in named.items()}, **paths}
    result = {}
    for logical in group:
        content = compiled[logical]
        assert isinstance(content, Text)
        result[logical] = _finish(paths[logical], _render(logical, content, everywhere))
    return result


def _framed(tag: bytes, data: bytes) -> bytes:
    return tag + len(data).to_bytes(8, "big") + data


def _finish(path: str, data: bytes) -> Named:
    return Named(path, data, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha384(data).hexdigest())


def _render(logical: str, content: Text, paths: Mapping[str, str]) -> bytes:
    text = "".join(
        piece if isinstance(piece, str) else _url(logical, piece, paths[piece.target]) for piece in content.pieces
    )
    return text.encode("utf-8", "surrogateescape")


def _url(logical: str, link: Link, path: str) -> str:
    return urls.relative(path, folder=urls.folder_of(logical), dotted=link.dotted)


def strong_components(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """The strongly connected components, dependencies first, members and roots in sorted order (Tarjan, 1972).

    Iterative, so that a long chain of references does not end in RecursionError.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[tuple[str, ...]] = []
    for root in sorted(edges):
        if root in order:
            continue
        work = [(root, iter(sorted(edges[root])))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], order[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    cut = stack.index(node)
                    component = stack[cut:]
                    del stack[cut:]
                    on_stack.difference_update(component)
                    components.append(tuple(sorted(component)))
    return components
