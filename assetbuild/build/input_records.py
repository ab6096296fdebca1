"""What joining asks of each input of a bundle, kept from one build to the next by the digest of the file.

So of a bundle only the inputs that changed are read again. All of it is one entry of the cache; JSON, as in `scans.py`.
Knows one input at a time: what several do to each other is worked out in every build.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from assetbuild.build import css_cut, js_names
from assetbuild.build.cache import Cache
from assetbuild.build.css_cut import Chunk, Cut, External, Local, NamespaceRule, Piece
from assetbuild.build.css_imports import Condition
from assetbuild.build.css_parts import PartKind
from assetbuild.build.join_css import Found
from assetbuild.build.js_names import Declared, Declaring, Names
from assetbuild.build.kept import Kept
from assetbuild.build.model import Severity

MODULES = (
    "css_cut",
    "css_imports",
    "css_layers",
    "css_parts",
    "css_roles",
    "css_selectors",
    "css_sheet",
    "css_tokens",
    "css_validity",
    "edits",
    "encoding",
    "join_css",
    "js_names",
    "js_scopes",
    "js_tree",
    "media",
    "model",
    "other_tools",
    "publish_settings",
    "source_text",
    "urls",
    "webassets_model",
)
"""They decide what is kept here, with what they import. Their code is in the key."""


class InputRecords:
    """The records of the build before, and those of this one. `cache`: None keeps nothing."""

    def __init__(self, cache: Cache | None) -> None:
        self._kept = Kept(cache, "input records", MODULES)

    def cut(self, sha256: str, imports: Mapping[int, str], read: Callable[[], str]) -> Cut:
        """The style sheet with that digest, cut at its imports; `read` gives its text where it has to be read."""
        name = f"css {sha256} {json.dumps(sorted(imports.items()))}"
        known = self._kept.get(name, _cut)
        if known is None:
            known = css_cut.cut(read(), imports)
            self._kept.put(name, _plain_cut(known))
        return known

    def names(self, sha256: str, read: Callable[[], str], *, strict: bool) -> Names:
        """The names of the script with that digest, as `js_names.names` finds them."""
        name = f"js {sha256} {strict}"
        known = self._kept.get(name, _names)
        if known is None:
            known = js_names.names(read(), strict=strict)
            self._kept.put(name, _plain_names(known))
        return known

    def save(self) -> None:
        self._kept.save()


# --- values as JSON --------------------------------------------------------------------------------------


def _plain_cut(cut: Cut) -> dict[str, object]:
    return {
        "pieces": [_plain_piece(piece) for piece in cut.pieces],
        "edits": cut.edits,
        "found": [[one.code, one.offset, one.text, one.hint, one.severity.value] for one in cut.found],
        "has_layers": cut.has_layers,
    }


def _cut(plain: dict[str, Any]) -> Cut:
    return Cut(
        tuple(_piece(*piece) for piece in plain["pieces"]),
        tuple((int(start), int(end), str(new)) for start, end, new in plain["edits"]),
        tuple(
            Found(code, offset, text, hint, Severity(severity)) for code, offset, text, hint, severity in plain["found"]
        ),
        bool(plain["has_layers"]),
    )


def _plain_piece(piece: Piece) -> list[object]:
    match piece:
        case Chunk(start, end, kind, layers):
            return ["chunk", start, end, kind.value if kind is not None else None, layers]
        case Local(target, offset, condition):
            return ["local", target, offset, _plain_condition(condition)]
        case External(target, start, end, offset, condition):
            return ["external", target, start, end, offset, _plain_condition(condition)]
        case NamespaceRule(start, end, prefix):
            return ["namespace", start, end, prefix]


def _piece(what: str, *plain: Any) -> Piece:
    if what == "chunk":
        start, end, kind, layers = plain
        return Chunk(
            start, end, PartKind(kind) if kind is not None else None, None if layers is None else tuple(layers)
        )
    if what == "namespace":
        return NamespaceRule(*plain)
    if what == "local":
        target, offset, condition = plain
        return Local(target, offset, Condition(*condition))
    target, start, end, offset, condition = plain
    return External(target, start, end, offset, Condition(*condition))


def _plain_condition(condition: Condition) -> list[object]:
    return [condition.layer, condition.supports, condition.media, condition.number]


def _plain_names(names: Names) -> dict[str, object]:
    return {
        "declared": [[one.name, one.offset, one.how.value, one.source] for one in names.declared],
        "used": list(names.used.items()),
        "misplaced": list(names.misplaced.items()),
    }


def _names(plain: dict[str, Any]) -> Names:
    return Names(
        tuple(Declared(name, offset, Declaring(how), source) for name, offset, how, source in plain["declared"]),
        dict(plain["used"]),
        dict(plain["misplaced"]),
    )
