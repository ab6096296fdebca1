"""Jinja templates as syntax trees in which every node knows where it stands.

Imported, and Jinja2 with it, only when templates are checked or hold blocks. Nothing is rendered: filters, tests and
functions of the user's app need not be known, and none is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from assetbuild import jinja_blocks
from assetbuild.block_parts import BlockError
from assetbuild.blocks import TAGS
from assetbuild.jinja_blocks import Tag

ASSETS_TAG = "{% assets %}"
"""The name under which the tag of webassets stands in the tree, as a call with the tag's arguments."""

_NEWLINE = re.compile(r"\r\n|\r|\n")
_DEEP = "its expressions or blocks are nested too deeply"


class NotJinja(Exception):
    """A text that is no Jinja template; `offset` is where in the text, with its line ends as `\\n`."""

    def __init__(self, text: str, *, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


class _AssetsTag(Extension):
    """`{% assets "a", "b", filters="..." %} ... {% endassets %}`; only its arguments matter here."""

    tags = {"assets"}  # noqa: RUF012 - Jinja's own declaration, a plain class attribute

    def parse(self, parser: Parser) -> nodes.Node:
        start = next(parser.stream).lineno
        arguments: list[nodes.Expr] = []
        settings: list[nodes.Keyword] = []
        while parser.stream.current.type != "block_end":
            if arguments or settings:
                parser.stream.skip_if("comma")
            if parser.stream.current.type == "name" and parser.stream.look().type == "assign":
                key = next(parser.stream)
                next(parser.stream)
                settings.append(nodes.Keyword(key.value, parser.parse_expression(), lineno=key.lineno))
            else:
                arguments.append(parser.parse_expression())
        body = parser.parse_statements(("name:endassets",), drop_needle=True)
        call = nodes.Call(nodes.Name(ASSETS_TAG, "load", lineno=start), arguments, settings, None, None, lineno=start)
        return nodes.CallBlock(call, [], [], body, lineno=start)


class _BlockTag(Extension):
    """`{% bundle "css" %} ... {% endbundle %}`: what is in it, is the build's and no template's."""

    tags = set(TAGS)  # noqa: RUF012 - Jinja's own declaration, a plain class attribute

    def parse(self, parser: Parser) -> nodes.Node:
        """The expressions that a render works out. What is wrong with a block, the build tells."""
        start = parser.stream.current
        try:
            return nodes.Output(list(jinja_blocks.parse(parser).expressions), lineno=start.lineno)
        except BlockError as error:
            if parser.stream.eos:
                parser.fail(error.text, start.lineno)
            return nodes.Output([], lineno=start.lineno)


def normalised(text: str) -> str:
    """`text` with its line ends as Jinja sees them."""
    return _NEWLINE.sub("\n", text)


def parse(text: str) -> nodes.Template:
    """The tree of a normalised text, in which the `lineno` of every node is its offset. Raises `NotJinja`.

    Jinja's nodes know their line but not their column. The parser takes both from the tokens and does no more with it
    than to copy it, so tokens are given offsets in place of lines.
    """
    environment = Environment(
        extensions=[
            _AssetsTag,
            _BlockTag,
            "jinja2.ext.do",
            "jinja2.ext.loopcontrols",
            "jinja2.ext.i18n",
            "jinja2.ext.debug",
        ],
        keep_trailing_newline=True,
    )
    try:
        raw = list(environment.lexer.tokeniter(text, None))
    except TemplateSyntaxError as error:
        raise NotJinja(error.message or "syntax error", offset=_line_start(text, error.lineno)) from None
    try:
        parser = Parser(environment, "")
        parser.stream = TokenStream(environment.lexer.wrap(_placed(text, raw)), None, None)
        return parser.parse()
    except TemplateSyntaxError as error:
        raise NotJinja(error.message or "syntax error", offset=min(error.lineno, len(text))) from None
    except RecursionError:
        raise NotJinja(_DEEP, offset=0) from None
    except ValueError as error:  # a number of more digits than Python reads; Jinja lets the error through
        raise NotJinja(f"a number cannot be read: {error}", offset=0) from None


def blocks_in(text: str, *, trims: bool = False, strips: bool = False) -> tuple[list[Tag], list[BlockError]]:
    """The blocks of a normalised text, at their offsets, and those that cannot be compiled. Raises `NotJinja`.

    Only the blocks are parsed: what other extensions' tags mean need not be known. `trims` and `strips` are the
    environment's `trim_blocks` and `lstrip_blocks`, on which white space in code depends.
    """
    environment = Environment(trim_blocks=trims, lstrip_blocks=strips, keep_trailing_newline=True)
    found: list[Tag] = []
    failed: list[BlockError] = []
    try:
        raw = list(environment.lexer.tokeniter(text, None))
        tokens = list(environment.lexer.wrap(_placed(text, raw)))
    except TemplateSyntaxError as error:
        raise NotJinja(error.message or "syntax error", offset=_line_start(text, error.lineno)) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise NotJinja(f"a number cannot be read: {error}", offset=0) from None
    for number, (begin, name) in enumerate(pairwise(tokens), 1):
        if begin.type != "block_begin" or name.type != "name" or name.value not in TAGS:
            continue
        parser = Parser(environment, "")
        parser.stream = TokenStream(islice(tokens, number, None), None, None)
        try:
            found.append(jinja_blocks.parse(parser))
        except BlockError as error:
            failed.append(error)
        except TemplateSyntaxError as error:
            raise NotJinja(error.message or "syntax error", offset=min(error.lineno, len(text))) from None
        except RecursionError:
            raise NotJinja(_DEEP, offset=name.lineno) from None
    return found, failed


def _placed(text: str, raw: list[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """The tokens with offsets for lines. Between two tokens nothing is left out but white space that `-` strips."""
    position = 0
    for _, kind, value in raw:
        if value.strip():
            found = text.find(value, position)
            if found >= 0:
                position = found
                yield position, kind, value
                position += len(value)
                continue
        yield position, kind, value


def _line_start(text: str, line: int) -> int:
    position = 0
    for _ in range(line - 1):
        position = text.find("\n", position) + 1
    return position


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(list(current.iter_child_nodes()))


def own_names(tree: nodes.Template) -> set[str]:
    """Every name that the template gives a meaning of its own, in whatever scope."""
    names: set[str] = set()
    for node in walk(tree):
        if (isinstance(node, nodes.Name) and node.ctx != "load") or isinstance(node, nodes.Macro):
            names.add(node.name)
        elif isinstance(node, nodes.Import):
            names.add(node.target)
        elif isinstance(node, nodes.FromImport):
            names.update(name if isinstance(name, str) else name[1] for name in node.names)
    return names
