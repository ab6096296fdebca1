"""The markup that stands for a template's block: made of its outputs by the manifest, once, when it is first needed.

Pieces of text, and between them the numbers of expressions whose values only a render knows; `filled` puts those in.
Attributes are those of the block; every value is escaped here, and what is escaped already is not escaped twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from assetbuild import blocks, elements, markup, near
from assetbuild.block_parts import Address, Asset, Attributes, Code, Expression
from assetbuild.errors import AssetbuildError
from assetbuild.markup import Markup

if TYPE_CHECKING:
    from assetbuild.block_parts import Element
    from assetbuild.blocks import Block
    from assetbuild.runtime import Assets
    from assetbuild.runtime import _Release as Release

Pieces = tuple[str | int, ...]

_PRELOADED = frozenset(("crossorigin", "fetchpriority", "media", "nonce", "referrerpolicy"))
"""The attributes that count for a preload as for the element that it is for (HTML, "link type preload")."""
_FETCHED = frozenset(("crossorigin", "disabled", "fetchpriority", "referrerpolicy"))
"""The attributes that mean nothing for an element with its text in the page."""


def pieces(text: str, assets: Assets, release: Release) -> Pieces:
    """The markup of the block whose canonical JSON is `text`; made once for each release, that of `assets`.

    Raises `AssetbuildError` for a block that the build does not have, or that cannot be shown.
    """
    finished = release.tags.blocks
    found = finished.get(text)
    if found is None:
        found = finished[text] = _made(blocks.loads(text), assets, release)
    return found


def _made(block: Block, assets: Assets, release: Release) -> Pieces:
    document = release.document
    if document["build"] == near.FOR_TESTS:
        return _joined([_as_written(block, element, assets, release) for element in block.elements])
    names = document.get("blocks", {}).get(block.key)
    groups = block.groups()
    if names is None or len(names) != sum(not group.is_elsewhere for group in groups):
        raise AssetbuildError(
            f"this block is not in build {document['build'][:12]}; see that `templates` in the configuration matches "
            "this template, and run `assetbuild build`"
        )
    outputs = iter(names)
    made = []
    for group in groups:
        target = group.elements[0].target
        if group.is_elsewhere and isinstance(target, Address):
            made.append(_loaded(block, group.elements[0], target.url, "", cors=False))
        elif block.head.mode == "inline":
            made.append(_in_page(block, group.attributes, assets.inline(next(outputs))))
        else:
            made.append(_output(block, group.elements[0], next(outputs), assets, release))
    return _joined(made)


def filled(parts: Sequence[str | int], values: Sequence[object]) -> Markup:
    """The pieces with the values of a render in their places."""
    return Markup("".join([part if isinstance(part, str) else _escaped(values[part]) for part in parts]))


def _escaped(value: object) -> str:
    """A value between double quotes. In what is HTML already, entities stay; what could end the attribute does not."""
    html = getattr(value, "__html__", None)
    if html is None:
        return markup.escape(value)
    return str(html()).replace('"', "&#34;").replace("<", "&lt;").replace(">", "&gt;")


Line = list[str | int]


def _joined(lines: Sequence[Line]) -> Pieces:
    """One element below the other; neighbouring texts are one."""
    parts = [part for number, line in enumerate(lines) for part in (["\n", *line] if number else line)]
    found: Line = []
    for is_text, same in groupby(parts, lambda part: isinstance(part, str)):
        run = list(same)
        found += ["".join(map(str, run))] if is_text else run
    return tuple(found)


def _attributes(attributes: Attributes, *, only: Iterable[str] | None = None, but: Iterable[str] = ()) -> Line:
    found: Line = []
    for name, value in attributes:
        if name in but or (only is not None and name not in only):
            continue
        found.append(f" {name}")
        if value is not None:
            parts: Line = [part.number if isinstance(part, Expression) else markup.escape(part) for part in value]
            found += ['="', *parts, '"']
    return found


def _output(block: Block, element: Element, name: str, assets: Assets, release: Release) -> Line:
    """What loads one output, before it the preloads of its modules."""
    line: Line = []
    if element.is_module:
        *before, _ = elements.tag_lines(name, release.assets, release.urls, cors=release.cors)
        nonce = _attributes(element.attributes, only=["nonce"])
        for head, tail in before:
            line += [head, *nonce, tail, "\n"]
    return line + _loaded(block, element, assets.url(name), assets.integrity(name), cors=release.cors)


def _loaded(block: Block, element: Element, url: str, integrity: str, *, cors: bool) -> Line:
    attributes = element.attributes
    given = {name for name, _ in attributes}
    checks = f' integrity="{markup.escape(integrity)}"' if integrity else ""
    if integrity and cors and "crossorigin" not in given:
        checks += ' crossorigin="anonymous"'
    href = markup.escape(url)
    if block.head.mode == "preload":
        kept = _attributes(attributes, only=_PRELOADED if integrity else {*_PRELOADED, "integrity"})
        kind = 'preload" as="style' if block.head.kind == "css" else 'preload" as="script'
        kind = "modulepreload" if element.is_module else kind
        return [f'<link rel="{kind}" href="{href}"{checks}', *kept, ">"]
    if block.head.kind == "css":
        return [f'<link rel="stylesheet" href="{href}"{checks}', *_attributes(attributes), ">"]
    return [f'<script src="{href}"{checks}', *_attributes(attributes), "></script>"]


def _in_page(block: Block, attributes: Attributes, text: str) -> Line:
    tag = "style" if block.head.kind == "css" else "script"
    is_module = ("type", ("module",)) in attributes
    but = _FETCHED if is_module else {*_FETCHED, "async"}  # a classic script in the page always runs at once
    return [f"<{tag}", *_attributes(attributes, but=but), ">", text, f"</{tag}>"]


def _as_written(block: Block, element: Element, assets: Assets, release: Release) -> Line:
    """The element itself, for tests of an app, which have no build; its asset has to exist all the same."""
    target = element.target
    if isinstance(target, Code):
        return _in_page(block, element.attributes, target.text)
    if isinstance(target, Asset):
        return _output(block, element, target.name, assets, release)
    return _loaded(block, element, target.url, "", cors=False)
