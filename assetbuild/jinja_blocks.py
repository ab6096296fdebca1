"""A block in Jinja's syntax: from the tokens behind `{% bundle` to the `Block` and the expressions of a render.

Reads tokens, not statements, so that no other extension's tags need be known; the build reads templates with it too.
Where something stands is what the tokens' `lineno` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import nodes

from assetbuild import blocks
from assetbuild.block_elements import depends, tag_stands
from assetbuild.block_parts import BlockError, Piece, StaticUrl, Where

if TYPE_CHECKING:
    from jinja2.lexer import Token
    from jinja2.parser import Parser


class Tag(NamedTuple):
    """A block, what its tag's token says of where it stands, and the expressions that its attributes hold."""

    block: blocks.Block
    at: int
    expressions: tuple[nodes.Expr, ...]


def parse(parser: Parser) -> Tag:
    """The block whose tag `parser` stands at. Raises `BlockError`, and Jinja's `TemplateSyntaxError`.

    It always stops before the end of the block's last tag, as Jinja's extensions do, or at the end of the template.
    """
    tag = next(parser.stream)
    end = blocks.TAGS[tag.value]
    try:
        head = _head(parser, tag)
        pieces, expressions = _body(parser, end=end, at=tag.lineno)
    except BlockError:
        while not parser.stream.skip_if(f"name:{end}") and not parser.stream.eos:
            next(parser.stream)
        raise
    return Tag(blocks.read(head, pieces), tag.lineno, expressions)


def _head(parser: Parser, tag: Token) -> blocks.Head:
    stream = parser.stream
    words: list[str] = []
    while stream.current.type != "block_end":
        token = next(stream)
        if token.type not in ("name", "string"):
            raise depends("its tag", Where(token.lineno, ""), hint=f'write {{% {tag.value} "css" %}}')
        words.append(str(token.value))
        stream.skip_if("comma")
    next(stream)
    return blocks.read_head(tag.value, words, Where(tag.lineno, ""))


def _body(parser: Parser, *, end: str, at: int) -> tuple[list[Piece], tuple[nodes.Expr, ...]]:
    stream = parser.stream
    pieces: list[Piece] = []
    expressions: dict[str | int, tuple[int, nodes.Expr]] = {}
    while True:
        token = next(stream)
        if token.type == "data":
            pieces.append(Piece(str(token.value), token.lineno))
        elif token.type == "variable_begin":
            expression = parser.parse_tuple(with_condexpr=True)
            stream.expect("variable_end")
            url = static_url(expression)
            content = url or blocks.numbered(expressions, expression, name=_looked_up(expression))
            pieces.append(Piece(content, token.lineno))
        elif token.type == "block_begin" and stream.current.test(f"name:{end}"):
            next(stream)
            return pieces, tuple(expression for _, expression in expressions.values())
        elif token.type == "block_begin":
            raise tag_stands(str(stream.current.value), Where(stream.current.lineno, ""), end=end)
        else:
            raise BlockError(f"a block that does not end: there is no {{% {end} %}}", hint=f"write {{% {end} %}} "
                             "behind the block's last element", where=Where(at, ""))  # fmt: skip


def _looked_up(expression: nodes.Expr) -> str:
    """The name, or name and attributes with dots between, that is all of the expression; '' for any other."""
    if isinstance(expression, nodes.Name):
        return expression.name
    inner = _looked_up(expression.node) if isinstance(expression, nodes.Getattr) else ""
    return f"{inner}.{expression.attr}" if inner and isinstance(expression, nodes.Getattr) else ""


def static_url(expression: nodes.Expr) -> StaticUrl | None:
    """The asset whose URL the expression is, where only literals decide: None for all that a render has to say."""
    if isinstance(expression, nodes.Name) and expression.name == "STATIC_URL":
        return StaticUrl("")
    if isinstance(expression, nodes.Filter) and expression.name == "asset_url" and not expression.args:
        return _named(expression.node)
    if not isinstance(expression, nodes.Call) or not isinstance(expression.node, nodes.Name):
        return None
    if expression.dyn_args is not None or expression.dyn_kwargs is not None:
        return None
    args, options = expression.args, {pair.key: pair.value for pair in expression.kwargs}
    name = expression.node.name
    if name in ("asset_url", "static"):
        keyword = options.pop("name" if name == "asset_url" else "path", None)
        given = [*args, *([keyword] if keyword is not None else [])]
        return _named(given[0]) if len(given) == 1 and not options else None
    if name == "url_for" and len(args) == 1 and isinstance(args[0], nodes.Const) and args[0].value == "static":
        # Flask's view takes `filename`, Starlette's mount takes `path`.
        found = [options.pop(key) for key in ("filename", "path") if key in options]
        return _named(found[0]) if len(found) == 1 and not options else None
    return None


def _named(expression: nodes.Expr | None) -> StaticUrl | None:
    if isinstance(expression, nodes.Const) and isinstance(expression.value, str) and expression.value.strip("/"):
        return StaticUrl(expression.value)
    return None


def line_of(where: Where) -> int:
    """The line, where `at` counts lines."""
    return where.at + where.before.count("\n")
