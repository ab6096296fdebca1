"""`{% assets "a.js", "b.js", output="gen/app.js" %}` in Jinja templates -> bundles, for `assetbuild init`.

At run time nothing is joined, so what such a tag describes has to stand in the configuration. Templates are parsed,
never rendered; what is computed in them is reported with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from assetbuild.build.bundle_calls import Found
from assetbuild.build.webassets_model import OURS
from assetbuild.build.webassets_yaml import OldBundle
from assetbuild.placeholders import without_version

if TYPE_CHECKING:
    from jinja2 import nodes


def read(text: str, *, path: str, named: Mapping[str, OldBundle]) -> Found:
    """The bundles of one template; `named` are those that its tags may name. Nothing where Jinja2 is not installed."""
    if "endassets" not in text:
        return Found()
    try:
        from assetbuild.build import template_syntax
    except ImportError:
        return Found((), (f"{path}: jinja2 is not installed, so its {{% assets %}} are not read",))
    text = template_syntax.normalised(text)
    try:
        tree = template_syntax.parse(text)
    except template_syntax.NotJinja as error:
        return Found((), (f"{path}:{_line(text, error.offset)}: not a template that Jinja can read: {error}",))
    bundles: list[OldBundle] = []
    notes: list[str] = []
    for call in _tags(tree):
        options = {option.key: option.value for option in call.kwargs}
        if "output" not in options:
            continue
        where = f"{path}:{_line(text, call.lineno)}"
        output, files, filters = (_words(options.get("output")), _all_words(call.args), _words(options.get("filters")))
        if not output or files is None or filters is None:
            notes.append(f"{where}: {{% assets %}} is computed; write the bundle into [bundles] yourself")
            continue
        inputs: list[str] = []
        for file in files:
            inputs += named[file].contents if file in named else [file]
        parts = tuple(part.strip() for word in filters for part in word.split(","))
        heavy = tuple(part for part in parts if part and part not in OURS)
        bundles.append(
            OldBundle(output[0], without_version(output[0]), tuple(dict.fromkeys(inputs)), heavy, where=where)
        )
    return Found(tuple(bundles), tuple(notes))


def _tags(tree: nodes.Template) -> Iterator[nodes.Call]:
    from jinja2 import nodes

    from assetbuild.build.template_syntax import ASSETS_TAG, walk

    for node in walk(tree):
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == ASSETS_TAG:
            yield node


def _all_words(expressions: list[nodes.Expr]) -> list[str] | None:
    found: list[str] = []
    for expression in expressions:
        words = _words(expression)
        if words is None:
            return None
        found += words
    return found


def _words(expression: nodes.Expr | None) -> list[str] | None:
    """A string or a list of them; None where it is computed."""
    from jinja2 import nodes

    if expression is None:
        return []
    if isinstance(expression, nodes.List | nodes.Tuple):
        return _all_words(expression.items)
    if isinstance(expression, nodes.Const):
        return [expression.value] if isinstance(expression.value, str) else [] if expression.value is None else None
    return None


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
