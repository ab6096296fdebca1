"""What in a Jinja template names assets: which functions, filters and tags, and which of their arguments.

Knows nodes and no text: what the arguments can be, and whether it exists, is for `templates` to say. Imports Jinja2, as
`template_syntax` does, and so is imported only when templates are checked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from assetbuild.build.template_syntax import ASSETS_TAG

_FUNCTIONS = frozenset(("asset_url", "asset_tags", "asset_integrity", "asset_preload_tags", "asset_inline"))
_FILTERS = frozenset(("asset_url",))
TAG_OPTIONS = frozenset(("filters", "filter", "output", "debug", "depends"))


@dataclass(frozen=True, slots=True)
class Naming:
    """What a node gives names of assets to, and the expressions of these names, which mean files below `below`.

    `ignored` are options that have no meaning there. `blueprint` is one whose static files are not known,
    named at `offset`; '' is the one that answers the request.
    """

    through: str = ""
    expressions: Sequence[nodes.Expr] = ()
    ignored: Sequence[nodes.Keyword] = ()
    below: str = ""
    blueprint: str | None = None
    offset: int = 0


def named(node: nodes.Node, own: Collection[str], blueprints: Mapping[str, str]) -> Naming:
    """A function whose name the template itself defines (`own`) is another function."""
    if isinstance(node, nodes.Filter) and node.name in _FILTERS and node.node is not None:
        return Naming(f"the filter `{node.name}`", [node.node])
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.node.name in own:
        return Naming()
    name = node.node.name
    if name == ASSETS_TAG:
        listed = [arg.items if isinstance(arg, nodes.List | nodes.Tuple) else [arg] for arg in node.args]
        output = [option.value for option in node.kwargs if option.key == "output"]
        ignored = [option for option in node.kwargs if option.key not in TAG_OPTIONS]
        return Naming(f"`{ASSETS_TAG}`", output or [item for items in listed for item in items], ignored)
    if name in _FUNCTIONS:
        keyword = [item.value for item in node.kwargs if item.key == "name"]
        rest = [node.dyn_args] if node.dyn_args is not None else []
        return Naming(f"`{name}`", [*node.args, *keyword, *rest])
    return _static(node, blueprints) if name == "url_for" else Naming()


def _static(node: nodes.Call, blueprints: Mapping[str, str]) -> Naming:
    """`url_for` of a static route. Flask's view takes `filename`, Starlette's mount takes `path`."""
    first = next(iter([*node.args, *(item.value for item in node.kwargs if item.key in ("endpoint", "name"))]), None)
    if not isinstance(first, nodes.Const) or not isinstance(first.value, str):
        return Naming()
    endpoint = first.value
    blueprint, dot, view = endpoint.rpartition(".")
    given = [item.value for item in node.kwargs if item.key in ("filename", "path")]
    if view != "static" or not given:
        return Naming()
    through = f'`url_for("{endpoint}")`'
    if not dot:
        return Naming(through, given)
    if blueprint not in blueprints:
        return Naming(blueprint=blueprint, offset=first.lineno)
    mount = blueprints[blueprint]
    return Naming(through, given, below=f"{mount}/" if mount else "")
