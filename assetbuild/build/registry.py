"""The processors that a configuration can name: their options, the text they are for, the package they need.

The one place that turns a `ProcessorSpec` into a `Processor`. Knows no configuration file: what is wrong with a spec is
an error with a hint, and whoever has the file knows the place. An engine's package is imported when it is asked for.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType, ModuleType

from assetbuild.build import licences, processors, versions
from assetbuild.build.js_stand_ins import with_stand_ins
from assetbuild.build.model import ProcessorSpec, TextKind
from assetbuild.build.protocols import Processed, Processor
from assetbuild.errors import AssetbuildError


class UnusableProcessor(AssetbuildError, ValueError):
    """No processor can be made of a spec. `text` says what is wrong with it, `hint` is the next action."""

    def __init__(self, text: str, *, hint: str) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a processor; its value must have the default's type."""

    default: bool | int | str
    meaning: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What can be named. `module` is the engine's; `make` gets it and all options. `proof`: modules of the proof."""

    name: str
    kind: TextKind
    module: str
    meaning: str
    make: Callable[[ModuleType, Mapping[str, object]], Processor]
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    proof: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """All that a result depends on, besides our own."""
        return (self.module, *self.proof)


EXTRA = "assetbuild[build]"
"""What to install for the engines."""


def names(kind: TextKind) -> tuple[str, ...]:
    """The processors for a kind of text, sorted."""
    return tuple(sorted(entry.name for entry in REGISTERED.values() if entry.kind is kind))


def create(spec: ProcessorSpec, kind: TextKind) -> Processor:
    """The processor that `spec` names, its options bound. Raises `UnusableProcessor`."""
    entry = REGISTERED.get(spec.name)
    known = names(kind)
    if entry is None:
        raise UnusableProcessor(
            f'there is no processor "{spec.name}"', hint=_did_you_mean(spec.name, known, f"{kind.value} processors")
        )
    if entry.kind is not kind:
        raise UnusableProcessor(
            f'"{spec.name}" processes {entry.kind.value}, not {kind.value}',
            hint=f"use one for {kind.value}: {', '.join(known)}; or [] for none",
        )
    options = _options(entry, spec)
    try:
        module = import_module(entry.module)
    except ImportError as error:
        raise UnusableProcessor(
            f'the processor "{spec.name}" needs the package {entry.module}, which cannot be imported: {error}',
            hint=f"pip install '{EXTRA}'",
        ) from error
    return entry.make(module, options)


def process(spec: ProcessorSpec, kind: TextKind, text: str) -> Processed:
    """What the processor that `spec` names makes of `text`. Raises `UnusableProcessor`, `ProcessorError`."""
    return create(spec, kind)(text)


def _options(entry: Registered, spec: ProcessorSpec) -> dict[str, object]:
    options: dict[str, object] = {name: option.default for name, option in entry.options.items()}
    for name, value in spec.options:
        option = entry.options.get(name)
        if option is None:
            raise UnusableProcessor(
                f'the processor "{entry.name}" has no option "{name}"',
                hint=_did_you_mean(name, tuple(sorted(entry.options)), "options"),
            )
        if type(value) is not type(option.default):
            raise UnusableProcessor(
                f'the option "{name}" of "{entry.name}" must be {_TYPES[type(option.default)]}, not {value!r}',
                hint=f"write {name} = {_toml(option.default)}, which is the default, or leave it out",
            )
        options[name] = value
    return options


_TYPES: Mapping[type, str] = {bool: "true or false", int: "a whole number", str: "a string"}


def _toml(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _did_you_mean(wrong: str, known: tuple[str, ...], what: str) -> str:
    near = difflib.get_close_matches(wrong, known, n=1)
    listed = f"the {what} are: {', '.join(known)}" if known else f"it has no {what}; leave it out"
    return f'did you mean "{near[0]}"? {listed}' if near else listed


# --- the processors --------------------------------------------------------------------------------------

_KEEP_LICENCES = MappingProxyType(
    {"keep_licences": Option(True, "keep the comments that begin with ! or hold @license or @preserve")}
)


@functools.cache
def _installed(package: str) -> str:
    return versions.installed(package)


def _version(module: ModuleType, *proof: str) -> str:
    """The engine's version, and those of the packages that the proof rests on: they too decide what is accepted."""
    packages = "".join(f"+{package}-{_installed(package)}" for package in proof)
    return f"{getattr(module, '__version__', '0')}+guard{processors.GUARD}{packages}"


def _rjsmin(module: ModuleType, options: Mapping[str, object]) -> Processor:
    keep = options["keep_licences"] is True
    safe = functools.partial(processors.safe_js_minify, keep_licences=keep)
    return processors.Guarded(
        name="rjsmin",
        version=_version(module, "tree-sitter-javascript"),
        engine=processors.for_any_text(with_stand_ins(functools.partial(module.jsmin, keep_bang_comments=keep))),
        read=processors.javascript_original,
        prepare=licences.javascript_licences if keep else None,
        licences=licences.kept_comments if keep else None,
        safe=safe,
    )


def _rcssmin(module: ModuleType, options: Mapping[str, object]) -> Processor:
    keep = options["keep_licences"] is True
    return processors.Guarded(
        name="rcssmin",
        version=_version(module),
        engine=processors.for_any_text(functools.partial(module.cssmin, keep_bang_comments=keep)),
        read=processors.css_original,
        prepare=licences.css_licences if keep else None,
        licences=licences.kept_css_comments if keep else None,
        safe=functools.partial(processors.safe_css_minify, keep_licences=keep),
        prefer=processors.Prefer.SHORTER,
    )


REGISTERED: Mapping[str, Registered] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Registered(
                "rcssmin",
                TextKind.CSS,
                "rcssmin",
                "minifies; what it would damage, our own safe minifier does",
                _rcssmin,
                _KEEP_LICENCES,
            ),
            Registered(
                "rjsmin",
                TextKind.JS,
                "rjsmin",
                "minifies; what it would damage, our own safe minifier does",
                _rjsmin,
                _KEEP_LICENCES,
                ("tree_sitter", "tree_sitter_javascript"),
            ),
        )
    }
)
