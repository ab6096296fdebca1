"""`{% load assetbuild %}`: the tags `asset_url`, `asset_tags`, `asset_integrity` and so on, each also with `as name`;
and `{% bundle "css" %}` for blocks.

They answer what the methods of `Assets` answer. A literal name that does not exist is an error when the template is
compiled, in whatever branch it stands; names that are only known at render are looked up there.
"""

from __future__ import annotations

from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.template.library import Library, SimpleNode

from assetbuild.django import assets, blocks
from assetbuild.errors import UnknownAsset
from assetbuild.markup import Markup

register = Library()
blocks.register_in(register)


@register.simple_tag
def asset_url(name: str) -> str:
    """The URL, escaped as any text."""
    return assets().url(name)


@register.simple_tag
def asset_integrity(name: str) -> str:
    return assets().integrity(name)


@register.simple_tag
def asset_tags(*names: str, nonce: object = None, **attributes: object) -> Markup:
    """All that is no nonce is an attribute of the elements: `media="print"`, `defer=True`."""
    return assets().tags(*names, nonce=_nonce(nonce), attributes=attributes)


@register.simple_tag
def asset_preload_tags(*names: str, nonce: object = None) -> Markup:
    return assets().preload_tags(*names, nonce=_nonce(nonce))


@register.simple_tag
def asset_importmap(nonce: object = None) -> Markup:
    return assets().importmap_tag(nonce=_nonce(nonce))


@register.simple_tag
def asset_inline(name: str) -> Markup:
    return assets().inline(name)


def _nonce(nonce: object) -> str | None:
    """Django's nonce is made when it is first turned into a string, and is false until then."""
    return None if nonce is None else str(nonce)


def _checked(name: str) -> None:
    """Let the tag `name` look up literal names when it is compiled."""
    compile_tag = register.tags[name]

    def compile_checked(parser: Parser, token: Token) -> Any:
        node = compile_tag(parser, token)
        if isinstance(node, SimpleNode):
            for argument in [*node.args, *(node.kwargs[key] for key in ("name",) if key in node.kwargs)]:
                _check_literal(argument)
        return node

    register.tag(name, compile_checked)


def _check_literal(argument: FilterExpression) -> None:
    literal = argument.var
    if not isinstance(literal, str) or argument.filters:
        return
    try:
        assets().url(str(literal))
    except UnknownAsset as error:
        raise TemplateSyntaxError(str(error)) from error


for _name in ("asset_url", "asset_integrity", "asset_tags", "asset_preload_tags", "asset_inline"):
    _checked(_name)
