"""`{% bundle "css" %}` and django-compressor's `{% compress css %}`: a block that the build has compiled, as a node.

All but the values of attributes is known when the template is compiled, and a block that the build does not have fails
there; the markup is kept with the manifest. Nothing is compiled here, in any mode.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.template import TemplateSyntaxError
from django.template.base import FilterExpression, Node, Parser
from django.template.base import Token as DjangoToken
from django.template.context import Context
from django.template.library import Library
from django.utils.safestring import SafeString, mark_safe

from assetbuild import block_markup, django, django_blocks
from assetbuild.block_parts import BlockError
from assetbuild.blocks import TAGS, dumps
from assetbuild.errors import AssetbuildError

__all__ = ["register_in"]


def register_in(library: Library) -> None:
    """Give `library` the tags of blocks."""
    for name in TAGS:
        library.tag(name, compile_block)


def compile_block(parser: Parser, token: DjangoToken) -> BlockNode:
    """Raises `TemplateSyntaxError` for a block that cannot be compiled, or that the build does not have."""
    opened = _token(token)
    line = opened.at
    try:
        tag = django_blocks.parse(opened, _tokens(parser))
        node = BlockNode(dumps(tag.block), [parser.compile_filter(text) for text in tag.expressions])
        _pieces(node.text)
    except BlockError as error:
        line = error.where.at + error.where.before.count("\n")
        raise _syntax_error(parser, line, error) from error
    except AssetbuildError as error:
        raise _syntax_error(parser, line, error) from error
    return node


def _pieces(text: str) -> block_markup.Pieces:
    assets = django.assets()
    return block_markup.pieces(text, assets, assets._current())


def _tokens(parser: Parser) -> Iterator[django_blocks.Token]:
    while parser.tokens:
        yield _token(parser.next_token())


def _token(token: DjangoToken) -> django_blocks.Token:
    return django_blocks.Token(django_blocks.Kind(token.token_type.value), token.contents, token.lineno or 0)


def _syntax_error(parser: Parser, line: int, error: AssetbuildError) -> TemplateSyntaxError:
    name = getattr(getattr(parser, "origin", None), "template_name", None) or "the template"
    return TemplateSyntaxError(f"{name}, line {line}: {error}")


class BlockNode(Node):
    """The markup of a block, which its canonical JSON stands for."""

    def __init__(self, text: str, expressions: list[FilterExpression]) -> None:
        self.text = text
        self.expressions = expressions

    def render(self, context: Context) -> SafeString:
        values = [expression.resolve(context) for expression in self.expressions]
        return mark_safe(block_markup.filled(_pieces(self.text), values))
