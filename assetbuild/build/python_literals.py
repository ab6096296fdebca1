"""What a Python file says in plain values, read from its syntax tree: nothing of it is imported or run.

Knows literals, names that are bound once to one, and how lists, dictionaries and strings are put together. Whatever is
computed in another way is `UNKNOWN`, and never guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping


class Unknown:
    """A value that only running the file would tell."""

    def __repr__(self) -> str:
        return "a computed value"


UNKNOWN = Unknown()


def parse(text: str) -> ast.Module | None:
    """The tree; None for what is no Python of this version."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bindings(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that are bound to an expression, wherever in the file; not those that are bound twice."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                twice |= {target.id} if target.id in found else set()
                found[target.id] = value
    return {name: value for name, value in found.items() if name not in twice}


def value(node: ast.expr, names: Mapping[str, ast.expr], *, depth: int = 0) -> object:
    """The value of an expression: strings, numbers, lists, dictionaries, None, or `UNKNOWN` inside or for all of it."""
    if depth > 40:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return list(_items(node.elts, names, depth))
    if isinstance(node, ast.Dict):
        return _dict(node, names, depth)
    if isinstance(node, ast.Name) and node.id in names:
        return value(names[node.id], names, depth=depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (value(side, names, depth=depth + 1) for side in (node.left, node.right))
        if isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(left, list) and isinstance(right, list):
            return left + right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {word.arg: value(word.value, names, depth=depth + 1) for word in node.keywords if word.arg is not None}
    return UNKNOWN


def _items(nodes: list[ast.expr], names: Mapping[str, ast.expr], depth: int) -> Iterator[object]:
    for item in nodes:
        if isinstance(item, ast.Starred):
            inner = value(item.value, names, depth=depth + 1)
            yield from inner if isinstance(inner, list) else [UNKNOWN]
        else:
            yield value(item, names, depth=depth + 1)


def _dict(node: ast.Dict, names: Mapping[str, ast.expr], depth: int) -> object:
    found: dict[object, object] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        inner = value(item, names, depth=depth + 1)
        if key is None:
            if not isinstance(inner, dict):
                return UNKNOWN
            found |= inner
            continue
        name = value(key, names, depth=depth + 1)
        if not isinstance(name, str | int):
            return UNKNOWN
        found[name] = inner
    return found


def strings(found: object) -> tuple[str, ...] | None:
    """A string, or a list of them; None where something in it is not known or is none."""
    listed = found if isinstance(found, list) else [found]
    words = tuple(item for item in listed if isinstance(item, str))
    return words if len(words) == len(listed) else None
