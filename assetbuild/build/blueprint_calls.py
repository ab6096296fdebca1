"""`Blueprint(...)` of Flask and Quart in Python files -> whose static folder is which, for `assetbuild init`.

Reads what the files say and runs nothing of it. What is computed, and a folder that an app or two blueprints share, is
nobody's here: a wrong `mount` would give files names that no template uses.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator

from assetbuild.build.python_literals import bindings, parse, value

_APPS = frozenset(("Flask", "Quart"))
_NAME = re.compile(r"\w[\w-]*")


def static_folders(modules: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Folder -> blueprint. `modules` are (path, text); folders are relative to what the paths are relative to."""
    owners: dict[str, set[str]] = {}
    for path, text in modules:
        tree = parse(text) if "flask" in text or "quart" in text else None
        for folder, owner in _owned(tree, path) if tree is not None else ():
            owners.setdefault(folder, set()).add(owner)
    return {folder: min(found) for folder, found in sorted(owners.items()) if len(found) == 1 and "" not in found}


def _owned(tree: ast.Module, path: str) -> Iterator[tuple[str, str]]:
    """(folder, blueprint) pairs; '' stands for an app."""
    names = bindings(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in (*_APPS, "Blueprint"):
            continue
        given = {word.arg: value(word.value, names) for word in node.keywords}
        position = [value(argument, names) for argument in node.args]
        is_app = called in _APPS
        default = position[2] if len(position) > 2 else "static" if is_app else None  # both have it in the third place
        folder = given.get("static_folder", default)
        owner = "" if is_app else given.get("name", position[0] if position else None)
        if isinstance(folder, str) and isinstance(owner, str) and (is_app or _NAME.fullmatch(owner)):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), folder)), owner
