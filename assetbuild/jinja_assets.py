"""webassets' `{% assets %}` tag: its arguments, and what its body is repeated for.

Knows only `Assets`, never webassets. What a tag says of making a bundle (`filters`, `depends`, `debug`) was of use to
the build; a tag that joins files names its `output`, and that must be in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from assetbuild.errors import AssetbuildError, UnknownAsset
from assetbuild.placeholders import without_version

if TYPE_CHECKING:
    from jinja2.parser import Parser

    from assetbuild.runtime import Assets

    Rows = tuple[tuple[str, str, dict[str, Any]], ...]

_IDLE = ("filters", "filter", "debug", "depends")
_OPTIONS = ("output", *_IDLE)


def parse(parser: Parser) -> tuple[list[nodes.Expr], list[nodes.Node], int]:
    """The tag's arguments, its body and its line. The first argument is the output, `None` where there is none."""
    line = next(parser.stream).lineno
    names: list[nodes.Expr] = []
    output: nodes.Expr = nodes.Const(None)
    is_first = True
    while parser.stream.current.type != "block_end":
        if not is_first:
            parser.stream.expect("comma")
        is_first = False
        option = parser.stream.current
        if option.test("name") and parser.stream.look().test("assign"):
            if option.value not in _OPTIONS:
                known = ", ".join(f"`{name}`" for name in _OPTIONS if name != "filter")
                parser.fail(f"{{% assets %}} has no `{option.value}`; its options are {known}", option.lineno)
            parser.stream.skip(2)
            value = parser.parse_expression()
            output = value if option.value == "output" else output
            continue
        found = parser.parse_expression()
        names.extend(found.items if isinstance(found, (nodes.List, nodes.Tuple)) else [found])
    if not names:
        parser.fail('{% assets %} needs the name of a bundle: write {% assets "css/app.css" %}', line)
    body = parser.parse_statements(("name:endassets",), drop_needle=True)
    return [output, *names], body, line


def loop(rows: nodes.Expr, body: list[nodes.Node], line: int) -> nodes.For:
    """The body once per row, with the variables that webassets gives it."""
    variables: list[nodes.Expr] = [nodes.Name(name, "store") for name in ("ASSET_URL", "ASSET_SRI", "EXTRA")]
    made = nodes.For(nodes.Tuple(variables, "store"), rows, body, [], None, False)
    made.set_lineno(line)
    return made


def rows(assets: Assets, output: str | None, *names: str) -> Rows:
    """(ASSET_URL, ASSET_SRI, EXTRA) of each asset. Raises `UnknownAsset`."""
    extra: dict[str, Any] = {}
    found: list[str] = []
    if output is not None:
        found.append(_output(assets, output, names))
    else:
        for name in names:
            bundle = assets.bundle(name)
            found += bundle["assets"]
            extra |= bundle.get("extra", {})
    return tuple((assets.url(name), assets.integrity(name), extra) for name in dict.fromkeys(found))


def check(assets: Assets, arguments: Sequence[nodes.Expr]) -> None:
    """Whether what the tag names literally is there. Raises `UnknownAsset`."""
    output, *names = arguments
    if not isinstance(output, nodes.Const):
        return
    if output.value is not None:
        _output(assets, output.value, [name.value for name in names if isinstance(name, nodes.Const)])
        return
    for name in names:
        if isinstance(name, nodes.Const) and isinstance(name.value, str):
            assets.bundle(name.value)


def _output(assets: Assets, output: object, names: Iterable[object]) -> str:
    """The asset that a tag joins files into: a build made it, or nobody does."""
    if not isinstance(output, str):
        raise AssetbuildError(f"the `output` of {{% assets %}} must be a string, not {output!r}")
    plain = without_version(output)
    if plain not in assets:
        inputs = ", ".join(f'"{name}"' for name in names)
        raise UnknownAsset(
            f"no asset {plain!r}, which {{% assets %}} names as its output, in build {assets.build[:12]}; nothing is "
            f'joined at run time: add "{plain}" = [{inputs}] to [bundles] and run `assetbuild build`'
        )
    return plain
