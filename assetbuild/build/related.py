"""What the manifest says beside names: modules, what they import, what is worth preloading, the import map.

Pure; works on assets, that is on published sources and bundles, never on single inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.import_map import is_local_folder
from assetbuild.build.media import media_type, text_kind
from assetbuild.build.model import Config, RefKind, TextKind

_BEST_FONT_FIRST = ("font/woff2", "font/woff", "font/otf", "font/ttf", "font/collection")
_LOADED_WITH_A_MODULE = (RefKind.JS_IMPORT,)
_LOADED_WITH_A_STYLE_SHEET = (RefKind.CSS_IMPORT, RefKind.CSS_URL)


@dataclass(frozen=True, slots=True)
class Relations:
    """By logical path of the asset: all (kind, target) pairs in order of position."""

    edges: Mapping[str, tuple[tuple[RefKind, str], ...]]
    modules: frozenset[str]

    def imports(self, logical: str) -> tuple[str, ...]:
        """The scripts that a module imports statically, also through others, in the order browsers find them."""
        if logical not in self.modules:
            return ()
        return tuple(name for name in self._closure(logical, _LOADED_WITH_A_MODULE) if _is_script(name))

    def preload(self, logical: str) -> tuple[str, ...]:
        """The style sheets and fonts that an entry loads, also through others.

        Of fonts that differ only in suffix the most modern: browsers take the first of a `src` list that they know.
        Not a style sheet that a script imports: modules are fetched in CORS mode, so a preload of it would not be used.
        """
        found = self._closure(logical, (*_LOADED_WITH_A_MODULE, *_LOADED_WITH_A_STYLE_SHEET))
        modules = {target for name in (logical, *found) for target in self._targets(name, _LOADED_WITH_A_MODULE)}
        styles = [name for name in found if text_kind(name) is TextKind.CSS and name not in modules]
        fonts: dict[str, str] = {}
        for name in found:
            rank = _font_rank(name)
            stem = name.rpartition(".")[0]
            if rank is not None and (stem not in fonts or rank < (_font_rank(fonts[stem]) or 0)):
                fonts[stem] = name
        return (*styles, *fonts.values())

    def _closure(self, logical: str, kinds: Iterable[RefKind]) -> list[str]:
        """Breadth first, without the asset itself."""
        wanted = tuple(kinds)
        seen = {logical: None}
        queue = [logical]
        for name in queue:
            for target in self._targets(name, wanted):
                if target not in seen:
                    seen[target] = None
                    queue.append(target)
        return queue[1:]

    def _targets(self, name: str, kinds: Collection[RefKind]) -> Iterator[str]:
        return (target for kind, target in self.edges.get(name, ()) if kind in kinds)


def _is_script(name: str) -> bool:
    return text_kind(name) is TextKind.JS


def _font_rank(name: str) -> int | None:
    kind = media_type(name)
    return _BEST_FONT_FIRST.index(kind) if kind in _BEST_FONT_FIRST else None


def relate(
    inputs: Mapping[str, tuple[str, ...]],
    bundles: Iterable[str],
    edges: Mapping[str, tuple[Edge, ...]],
    scanned: Mapping[str, Scanned],
) -> Relations:
    """`inputs`: the sources that each asset is made of."""
    pairs = {
        logical: tuple(
            (edge.reference.kind, edge.target)
            for source in sources
            for edge in edges.get(source, ())
            if edge.target is not None and not (edge.reference.kind is RefKind.CSS_IMPORT and edge.target in sources)
        )
        for logical, sources in inputs.items()
    }
    alone = set(inputs) - set(bundles)
    imported = {target for found in pairs.values() for kind, target in found if kind.loads_a_module}
    modules = {
        logical
        for logical in alone
        if _is_script(logical) and (logical.endswith(".mjs") or logical in imported or _is_module(scanned.get(logical)))
    }
    return Relations(pairs, frozenset(modules))


def _is_module(item: Scanned | None) -> bool:
    return item is not None and item.script is not None and item.script.module


def importmap(config: Config, published: Iterable[str], edges: Mapping[str, tuple[Edge, ...]]) -> dict[str, str]:
    """Bare specifiers as configured; and `./` and the logical path of every script that a specifier was left for.

    Instead of a folder of the namespace, whose files get other names, every specifier that a script uses below it.
    """
    entries = {key: target for key, target in config.importmap if not is_local_folder(key, target)}
    alone = frozenset(published)
    for logical, found in edges.items():
        for edge in found:
            if edge.target is None or not edge.is_mapped:
                continue
            if edge.is_bare:
                entries[edge.reference.path] = edge.target
            elif logical in alone:
                entries[f"./{edge.target}"] = edge.target
    return entries
