"""What the manifest says beside names: modules, what they import, what is worth preloading, the import map.

Pure; works on assets, that is on published sources and bundles, never on single inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.graph import Edge, Scanned
from assetbuild.build.import_map import is_local_folder
from assetbuild.build.media import media_type, text_kind
from assetbuild.build.model import Config, RefKind, TextKind

_BEST_FONT_FIRST = ("font/woff2", "font/woff", "font/otf", "font/ttf", "font/collection")
_LOADED_WITH_A_MODULE = frozenset((RefKind.JS_IMPORT,))
_LOADED = _LOADED_WITH_A_MODULE | {RefKind.CSS_IMPORT, RefKind.CSS_URL}


@dataclass(frozen=True, slots=True)
class Relations:
    """By logical path of the asset, in order of position: what it imports statically, and all that it loads.

    `modules`: the scripts that are modules. `preloading`: the assets that load a style sheet or a font, also through
    others.
    """

    imported: Mapping[str, Sequence[str]]
    loaded: Mapping[str, Sequence[str]]
    modules: frozenset[str]
    preloading: frozenset[str]

    def imports(self, logical: str) -> tuple[str, ...]:
        """The scripts that a module imports statically, also through others, in the order browsers find them."""
        if logical not in self.modules:
            return ()
        return tuple(name for name in _closure(logical, self.imported) if _is_script(name))

    def preload(self, logical: str) -> tuple[str, ...]:
        """The style sheets and fonts that an entry loads, also through others.

        Of fonts that differ only in suffix the most modern: browsers take the first of a `src` list that they know.
        Not a style sheet that a script imports: modules are fetched in CORS mode, so a preload of it would not be used.
        """
        if logical not in self.preloading:
            return ()
        found = _closure(logical, self.loaded)
        modules = {target for name in (logical, *found) for target in self.imported.get(name, ())}
        styles = [name for name in found if text_kind(name) is TextKind.CSS and name not in modules]
        fonts: dict[str, str] = {}
        for name in found:
            rank = _font_rank(name)
            stem = name.rpartition(".")[0]
            if rank is not None and (stem not in fonts or rank < (_font_rank(fonts[stem]) or 0)):
                fonts[stem] = name
        return (*styles, *fonts.values())


def _closure(logical: str, targets: Mapping[str, Sequence[str]]) -> list[str]:
    """Breadth first, without the asset itself."""
    seen = {logical}
    queue = [logical]
    for name in queue:
        for target in targets.get(name, ()):
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return queue[1:]


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
    loaded = _targets(pairs, _LOADED)
    return Relations(_targets(pairs, _LOADED_WITH_A_MODULE), loaded, frozenset(modules), _preloading(loaded))


def _preloading(loaded: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Those from which a style sheet or a font is reached: of thousands of modules hardly any."""
    loaders: dict[str, list[str]] = {}
    for name, targets in loaded.items():
        for target in targets:
            loaders.setdefault(target, []).append(name)
    worthy = [name for name in loaders if text_kind(name) is TextKind.CSS or _font_rank(name) is not None]
    reached = {loader for name in worthy for loader in loaders[name]}
    waiting = list(reached)
    while waiting:
        new = set(loaders.get(waiting.pop(), ())) - reached
        reached |= new
        waiting += new
    return frozenset(reached)


def _targets(
    pairs: Mapping[str, Sequence[tuple[RefKind, str]]], kinds: frozenset[RefKind]
) -> dict[str, tuple[str, ...]]:
    found = ((name, tuple(target for kind, target in each if kind in kinds)) for name, each in pairs.items())
    return {name: targets for name, targets in found if targets}


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
