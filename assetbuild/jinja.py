"""Jinja2: the helpers, their folding at template-compile time, webassets' `{% assets %}` tag, and blocks.

Knows only `Assets`. What a template asks for by literal name is known when the template is compiled, so it is put there
as text, and a name that does not exist fails there, with its line. Folding replaces calls in the syntax tree just
before Jinja generates code from it: `Environment.code_generator_class` is the documented place for that.

Not folded, because the result may outlive the manifest or change under it: anything while the assets reload, while the
environment has a bytecode cache, or for `Environment.compile_templates`. The names are checked there all the same. The
helpers' names are taken: a template that assigns one itself keeps its own, one passed to `render` is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import Environment, TemplateAssertionError, nodes, pass_context, pass_environment
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from assetbuild import jinja_assets
from assetbuild.errors import AssetbuildError, UnknownAsset
from assetbuild.runtime import Assets

if TYPE_CHECKING:
    from jinja2.compiler import Frame
    from jinja2.parser import Parser

__all__ = ["AssetsExtension", "install"]


def install(env: Environment, assets: Assets) -> None:
    """Add the extension to `env` and let it answer from `assets`.

    Templates that `env` has compiled already are forgotten: they may hold URLs of other assets.
    """
    if AssetsExtension.identifier not in env.extensions:
        env.add_extension(AssetsExtension)
    env.assetbuild = assets  # type: ignore[attr-defined]  # Jinja's way to configure an extension
    if env.cache is not None:
        env.cache.clear()


@pass_environment
def asset_url(env: Environment, name: str) -> str:
    """The URL. Not marked safe: what escaping it needs depends on where it stands."""
    return _assets(env).url(name)


@pass_environment
def asset_integrity(env: Environment, name: str) -> str:
    return _assets(env).integrity(name)


@pass_environment
def asset_tags(env: Environment, *names: str, nonce: str | None = None, **attributes: object) -> Markup:
    """All that is no nonce is an attribute of the elements: `media="print"`, `defer=true`."""
    return Markup(_assets(env).tags(*names, nonce=nonce, attributes=attributes))


@pass_environment
def asset_preload_tags(env: Environment, *names: str, nonce: str | None = None) -> Markup:
    return Markup(_assets(env).preload_tags(*names, nonce=nonce))


@pass_environment
def asset_importmap(env: Environment, nonce: str | None = None) -> Markup:
    return Markup(_assets(env).importmap_tag(nonce=nonce))


@pass_environment
def asset_inline(env: Environment, name: str) -> Markup:
    return Markup(_assets(env).inline(name))


@pass_context  # Jinja's own optimizer would fold any other filter, also while the assets reload
def url_filter(context: Context, name: str) -> str:
    return _assets(context.environment).url(name)


def bundle_rows(env: Environment, output: str | None, *names: str) -> jinja_assets.Rows:
    """What `{% assets %}` loops over: (ASSET_URL, ASSET_SRI, EXTRA) per asset."""
    return jinja_assets.rows(_assets(env), output, *names)


_GLOBALS: dict[str, Callable[..., Any]] = {
    "asset_url": asset_url,
    "asset_integrity": asset_integrity,
    "asset_tags": asset_tags,
    "asset_preload_tags": asset_preload_tags,
    "asset_importmap": asset_importmap,
    "asset_inline": asset_inline,
}
_NAMELESS = {"asset_importmap"}
"""Helpers whose positional argument is not the name of an asset."""


class AssetsExtension(Extension):
    """The extension. The environment's attribute `assetbuild` holds the `Assets`; `install` sets it."""

    tags = {"assets", "bundle", "compress"}  # noqa: RUF012  # declared so by Jinja2

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(assetbuild=None)
        environment.globals.update(_GLOBALS)
        environment.filters["asset_url"] = url_filter
        base = environment.code_generator_class
        if not issubclass(base, _Folding):
            environment.code_generator_class = type("FoldingCodeGenerator", (_Folding, base), {})

    def parse(self, parser: Parser) -> nodes.Node:
        if parser.stream.current.value != "assets":
            return self._block(parser)
        # webassets' tag: the body once per asset, with ASSET_URL, ASSET_SRI and EXTRA.
        arguments, body, line = jinja_assets.parse(parser)
        return jinja_assets.loop(self.call_method("rows", arguments, lineno=line), body, line)

    def _block(self, parser: Parser) -> nodes.Node:
        """A block that the build has compiled: everything in it is known here, but for values of attributes."""
        from assetbuild import blocks, jinja_blocks
        from assetbuild.block_parts import BlockError

        try:
            tag = jinja_blocks.parse(parser)
        except BlockError as error:
            parser.fail(str(error), jinja_blocks.line_of(error.where))
        text = nodes.Const(blocks.dumps(tag.block), lineno=tag.at)
        return nodes.Output([self.call_method("block", [text, *tag.expressions], lineno=tag.at)]).set_lineno(tag.at)

    def rows(self, output: str | None, *names: str) -> jinja_assets.Rows:
        return bundle_rows(self.environment, output, *names)

    def block(self, text: str, *values: object) -> Markup:
        from assetbuild import block_markup

        assets = _assets(self.environment)
        return self.filled(block_markup.pieces(text, assets, assets._current()), *values)

    def filled(self, parts: tuple[str | int, ...], *values: object) -> Markup:
        from assetbuild import block_markup

        return Markup(block_markup.filled(parts, values))


class _Folding:
    """Mixed into the environment's own code generator, whichever that is."""

    environment: Environment
    name: str | None
    filename: str | None
    defer_init: bool

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        assets = getattr(self.environment, "assetbuild", None)
        if assets is not None:
            fixed = not (assets.reloads or self.environment.bytecode_cache is not None or self.defer_init)
            folder = _Folder(self, assigned=_assigned(node), assets=assets, fixed=fixed)
            node = folder.visit(node)
        generate: Callable[[nodes.Template, Frame | None], None] = super().visit_Template  # type: ignore[misc]
        generate(node, frame)


class _Folder(NodeTransformer):
    """Replaces calls that have constant arguments by what they give. Inner ones first, as they may be arguments."""

    def __init__(self, template: _Folding, *, assigned: set[str], assets: Assets, fixed: bool) -> None:
        self.template = template
        self.env = template.environment
        self.assigned = assigned
        self.assets = assets
        self.fixed = fixed
        self.context = nodes.EvalContext(self.env, template.name)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        called = node.node
        if isinstance(called, nodes.Name):
            helper = _GLOBALS.get(called.name)
            if helper is None or called.name in self.assigned or self.env.globals.get(called.name) is not helper:
                return node
            checked: list[nodes.Expr] = [] if called.name in _NAMELESS else list(node.args)
            checked += [pair.value for pair in node.kwargs if pair.key == "name"]
        elif isinstance(called, nodes.ExtensionAttribute) and called.identifier == AssetsExtension.identifier:
            if called.name == "block":
                return self._block(node)
            helper, checked = bundle_rows, []
            self._check_assets_tag(node)
        else:
            return node
        self._check_names(checked, node)
        if not self.fixed or node.dyn_args is not None or node.dyn_kwargs is not None:
            return node
        try:
            args = [arg.as_const(self.context) for arg in node.args]
            options = {pair.key: pair.value.as_const(self.context) for pair in node.kwargs}
        except nodes.Impossible:
            return node
        return self._folded(node, helper, args, options)

    def _block(self, node: nodes.Call) -> nodes.Expr:
        """A block's markup, which is looked up here in any case, so that one that no build knows fails here."""
        from assetbuild import block_markup

        text, *values = node.args
        assert isinstance(text, nodes.Const)
        try:
            parts = block_markup.pieces(text.value, self.assets, self.assets._current())
        except AssetbuildError as error:
            self._fail(error, node)
        if not self.fixed:
            return node
        if not values:
            return nodes.Const(Markup(block_markup.filled(parts, ())), lineno=node.lineno, environment=self.env)
        filled = nodes.ExtensionAttribute(AssetsExtension.identifier, "filled")
        return nodes.Call(filled, [nodes.Const(parts), *values], [], None, None, lineno=node.lineno)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        """`{% call %}` hands its body to the call, which so has to stay a call."""
        call = node.call
        self.generic_visit(node)
        node.call = call
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        self.generic_visit(node)
        ours = node.name == "asset_url" and self.env.filters.get("asset_url") is url_filter
        if not ours or node.node is None or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        self._check_names([node.node], node)
        try:
            name = node.node.as_const(self.context)
        except nodes.Impossible:
            return node
        return self._folded(node, asset_url, [name], {}) if self.fixed else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """Jinja joins constants as plain strings, and markup would be escaped then: such a call stays a call."""
        calls = list(node.nodes)
        self.generic_visit(node)
        node.nodes = [
            call if isinstance(made, nodes.Const) and hasattr(made.value, "__html__") else made
            for call, made in zip(calls, node.nodes, strict=True)
        ]
        return node

    def _check_names(self, names: Iterable[nodes.Expr], node: nodes.Expr) -> None:
        for name in names:
            if isinstance(name, nodes.Const) and isinstance(name.value, str) and name.value not in self.assets:
                try:
                    self.assets.url(name.value)
                except UnknownAsset as error:
                    self._fail(error, node)

    def _check_assets_tag(self, node: nodes.Call) -> None:
        try:
            jinja_assets.check(self.assets, node.args)
        except AssetbuildError as error:
            self._fail(error, node)

    def _folded(
        self, node: nodes.Expr, helper: Callable[..., Any], args: list[Any], options: dict[str, Any]
    ) -> nodes.Expr:
        try:
            value = helper(self.env, *args, **options)
        except AssetbuildError as error:
            self._fail(error, node)
        except TypeError:
            return node  # wrong arguments: the same error, at render, comes with Jinja's traceback
        return nodes.Const(value, lineno=node.lineno, environment=self.env)

    def _fail(self, error: AssetbuildError, node: nodes.Node) -> NoReturn:
        raise TemplateAssertionError(str(error), node.lineno, self.template.name, self.template.filename) from error


def _assigned(template: nodes.Template) -> set[str]:
    """Every name that the template gives a meaning of its own, in whatever scope."""
    names = {name.name for name in template.find_all(nodes.Name) if name.ctx != "load"}
    names.update(macro.name for macro in template.find_all(nodes.Macro))
    names.update(imported.target for imported in template.find_all(nodes.Import))
    for imported in template.find_all(nodes.FromImport):
        names.update(name if isinstance(name, str) else name[1] for name in imported.names)
    return names


def _assets(env: Environment) -> Assets:
    assets: Assets | None = getattr(env, "assetbuild", None)
    if assets is None:
        raise AssetbuildError("this Jinja2 environment has no assets yet; call assetbuild.jinja.install(env, assets)")
    return assets
