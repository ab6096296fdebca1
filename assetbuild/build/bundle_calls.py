"""`Bundle(...)` of webassets and Flask-Assets in Python files -> bundles, for `assetbuild init`.

Reads what the file says and runs nothing of it: bundles that are written out, in place or under a name, and registered.
What is computed is reported with its line and left to the user.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assetbuild.build.python_literals import UNKNOWN, bindings, parse, strings, value
from assetbuild.build.webassets_model import OURS
from assetbuild.build.webassets_yaml import OldBundle
from assetbuild.placeholders import without_version

_MODULES = frozenset(("flask_assets", "webassets", "django_assets", "flask.ext.assets"))
_KNOWN = frozenset(
    ("filters", "output", "depends", "extra", "debug", "config", "version", "merge", "remove_duplicates")
)


@dataclass(frozen=True, slots=True)
class Found:
    """The bundles of a file, and what of it could not be read."""

    bundles: tuple[OldBundle, ...] = ()
    notes: tuple[str, ...] = ()


def mentions(text: str) -> bool:
    """Whether a file is worth parsing."""
    return any(module in text for module in _MODULES) and ("Bundle" in text or "register" in text)


def read(text: str, *, path: str) -> Found:
    """The bundles that `path` declares; `text` is its content."""
    tree = parse(text) if mentions(text) else None
    if tree is None:
        return Found()
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _MODULES
        for alias in node.names
        if alias.name == "Bundle"
    }
    reader = _Reader(path, bindings(tree), imported)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "register":
            reader.register(node)
    if not reader.bundles and not reader.notes:
        reader.unregistered()
    return Found(tuple(reader.bundles), tuple(dict.fromkeys(reader.notes)))


@dataclass(slots=True)
class _Reader:
    path: str
    names: Mapping[str, ast.expr]
    imported: set[str]
    bundles: list[OldBundle] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    registered: dict[str, OldBundle] = field(default_factory=dict)

    def note(self, node: ast.AST, text: str) -> None:
        self.notes.append(f"{self.path}:{getattr(node, 'lineno', 0)}: {text}")

    def register(self, call: ast.Call) -> None:
        """`register(name, bundle)`, `register(name, *contents, **options)` or `register({name: bundle})`."""
        if not call.args:
            return
        first = self.named(call.args[0])
        if isinstance(first, ast.Dict):
            for key, item in zip(first.keys, first.values, strict=True):
                name = value(key, self.names) if key is not None else UNKNOWN
                self.add(name, self.bundle(item), item)
            return
        name = value(call.args[0], self.names)
        if len(call.args) == 2 and not call.keywords and self.is_bundle(call.args[1]):
            self.add(name, self.bundle(call.args[1]), call)
        elif len(call.args) > 1 and isinstance(name, str):
            self.add(name, self.options(call, call.args[1:]), call)

    def unregistered(self) -> None:
        """Where a file registers nothing, as modules do that are loaded by name, variables are the names."""
        for name in sorted(self.names):
            if self.is_bundle(self.names[name]):
                self.add(name, self.bundle(self.names[name]), self.names[name])

    def add(self, name: object, bundle: OldBundle | None, node: ast.AST) -> None:
        if not isinstance(name, str):
            self.note(node, "the name of a bundle is computed; write it into [bundles] yourself")
        elif bundle is None:
            self.note(node, f'the bundle "{name}" is computed; write it into [bundles] yourself')
        else:
            made = replace(bundle, name=name, names=(name,))
            self.registered[name] = made
            self.bundles.append(made)

    # --- one bundle --------------------------------------------------------------------------------------

    def named(self, node: ast.expr) -> ast.expr:
        return self.names.get(node.id, node) if isinstance(node, ast.Name) else node

    def is_bundle(self, node: ast.expr) -> bool:
        node = self.named(node)
        if not isinstance(node, ast.Call):
            return False
        called = node.func
        is_imported = isinstance(called, ast.Name) and called.id in self.imported
        return is_imported or (isinstance(called, ast.Attribute) and called.attr == "Bundle")

    def bundle(self, node: ast.expr, *, depth: int = 0) -> OldBundle | None:
        node = self.named(node)
        if not self.is_bundle(node) or not isinstance(node, ast.Call) or depth > 20:
            return None
        return self.options(node, node.args, depth=depth)

    def options(self, call: ast.Call, contents: list[ast.expr], *, depth: int = 0) -> OldBundle | None:
        words = {word.arg: word.value for word in call.keywords if word.arg is not None}
        if len(words) < len(call.keywords) or words.keys() - _KNOWN:
            return None
        inputs: list[str] = []
        extra = ""
        filters = self.filters(words.get("filters"))
        output = value(words["output"], self.names) if "output" in words else ""
        for item in contents:
            if self.is_bundle(item):
                inner = self.bundle(item, depth=depth + 1)
                if inner is None or filters is None:
                    return None
                inputs += inner.contents
                extra = extra or inner.extra
                filters = tuple(dict.fromkeys((*filters, *inner.filters)))
                continue
            inner_value = value(item.value if isinstance(item, ast.Starred) else item, self.names)
            found = strings(inner_value)
            if found is None:
                return None
            for name in found:
                inputs += self.registered[name].contents if name in self.registered else [name]
        if filters is None or not isinstance(output, str | None):
            return None
        where, given = f"{self.path}:{call.lineno}", words.get("extra")
        extra = _shown(given) if given is not None else extra
        return OldBundle(
            "", without_version(output or ""), tuple(dict.fromkeys(inputs)), filters, where=where, extra=extra
        )

    def filters(self, node: ast.expr | None) -> tuple[str, ...] | None:
        """The filters that do more than minify; None where they are not known by name."""
        found = value(node, self.names) if node is not None else []
        if isinstance(found, list) and UNKNOWN in found and isinstance(self.named(node or ast.Constant(0)), ast.List):
            listed = self.named(node or ast.Constant(0))
            assert isinstance(listed, ast.List)
            found = [value(item, self.names) if value(item, self.names) is not UNKNOWN else _shown(item)
                     for item in listed.elts]  # fmt: skip
        elif found is UNKNOWN and isinstance(node, ast.Call):
            found = [_shown(node)]
        words = strings(found if found is not None else [])
        if words is None:
            return None
        parts = [part.strip() for word in words for part in (word.split(",") if "(" not in word else [word])]
        return tuple(part for part in parts if part and part not in OURS)


def _shown(node: ast.expr) -> str:
    """A filter that is an object, such as `get_filter("babel", presets="env")`, or another value, as it is written."""
    return re.sub(r"\s+", " ", ast.unparse(node))[:60]
