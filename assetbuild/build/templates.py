"""Which assets the templates name, and whether they exist: `asset_url("...")` and its kin, `url_for("static", ...)`,
`{% static "..." %}`.

Templates are parsed, never rendered, so every branch is seen and nothing of the user's app is run. A name that is only
known at run time is reported as such instead of being guessed.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from assetbuild.build import django_templates, template_files
from assetbuild.build.globs import Globs, no_match_hint
from assetbuild.build.model import Config, Place, Problem, Severity, place_at
from assetbuild.build.suggest import near
from assetbuild.build.template_engines import Engine, engine_of
from assetbuild.placeholders import without_version

if TYPE_CHECKING:
    from jinja2 import nodes

_UNSEEN = frozenset(
    ("template-dynamic-name", "template-blueprint", "template-syntax", "template-encoding", "template-unreadable")
)
"""The codes of what says that a template may name more assets than were found in it."""
_ASSETS = "`{% assets %}`"


@dataclass(frozen=True, slots=True)
class TemplateReference:
    """A literal name of an asset in a template; `through` is the function, filter or tag that it is given to."""

    name: str
    through: str
    place: Place


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template: its path for messages, and how to read it."""

    path: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """The templates of a project, sorted, and what was odd when they were looked for."""

    files: tuple[TemplateFile, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What one template says: the literal names in it, what is odd, and whether it writes an import map."""

    references: tuple[TemplateReference, ...]
    problems: tuple[Problem, ...]
    has_import_map: bool = False


def read_all(templates: TemplateFiles, blueprints: Mapping[str, str] | None = None) -> tuple[Page, ...]:
    """Every template, read and parsed once. What was odd in looking for them comes first, as a page of its own.

    `blueprints`: where the static files of blueprints are, by the blueprint's name.
    """
    pages = [Page((), templates.problems)]
    for file in templates.files:
        try:
            pages.append(_read(file, blueprints or {}))
        except ImportError:
            pages.append(Page((), (_without_jinja(),)))
            break
    return tuple(pages)


def check(names: Collection[str], pages: Iterable[Page], *, bundles: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every name in the templates that is not among the logical paths `names`, and every one that cannot be checked.

    `bundles`: the names that `{% assets %}` knows besides.
    """
    known = {_nfc(name) for name in names}
    problems: list[Problem] = []
    for page in pages:
        problems += page.problems
        for one in page.references:
            is_tag = one.through == _ASSETS
            if _nfc(one.name) not in known and not (is_tag and one.name in bundles):
                problems.append(_unknown(one, {*known, *bundles} if is_tag else known))
    return tuple(problems)


def named(pages: Iterable[Page]) -> frozenset[str]:
    """Every name in the templates, as far as they can be read: what pages are known to load."""
    return frozenset(_nfc(one.name) for page in pages for one in page.references)


def unseen(pages: Iterable[Page]) -> tuple[Problem, ...]:
    """What may name assets that are not among `named`."""
    return tuple(problem for page in pages for problem in page.problems if problem.code in _UNSEEN)


def without_import_map(pages: Sequence[Page], needing: Collection[str]) -> tuple[Problem, ...]:
    """A warning where templates name assets of `needing`, and none of them writes the import map that these need."""
    wanted = {_nfc(name) for name in needing}
    found = [one for page in pages for one in page.references if _nfc(one.name) in wanted]
    if not found or any(page.has_import_map for page in pages):
        return ()
    text = f"no browser can load {found[0].name} without the import map, and no template writes that"
    hint = "write {{ asset_importmap() }} in the page's head, before every script"
    return (_warning("template-without-importmap", text, found[0].place, hint=hint),)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _read(file: TemplateFile, blueprints: Mapping[str, str]) -> Page:
    """Raises ImportError without Jinja2."""
    try:
        text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"the template is not UTF-8: {error.reason} at byte {error.start}"
        return Page((), (_warning("template-encoding", reason, Place(file.path), hint="save it as UTF-8"),))
    except OSError as error:
        reason = f"the template cannot be read: {error.strerror or error}"
        hint = "correct its permissions, or leave it out of `templates`"
        return Page((), (Problem("template-unreadable", reason, Place(file.path), hint=hint),))
    found, problems = references(file.path, text, blueprints)
    return Page(tuple(found), tuple(problems), "asset_importmap" in text or "importmap_tag" in text)


def _without_jinja() -> Problem:
    text = "templates cannot be checked: jinja2 is not installed"
    return Problem("template-engine", text, hint="pip install 'assetbuild[build]', or remove `templates`")


def _unknown(reference: TemplateReference, known: Collection[str]) -> Problem:
    meant = near(reference.name, known)
    plain = reference.name.lstrip("/")
    if plain in known:
        hint = f'write "{plain}": a logical path has no leading slash'
    elif meant:
        hint = "did you mean " + " or ".join(f'"{name}"' for name in meant) + "?"
    else:
        hint = "correct the name, or add the file to a source root"
    text = f'there is no asset "{reference.name}", which {reference.through} names'
    return Problem("template-unknown-asset", text, reference.place, hint=hint)


def _warning(code: str, text: str, place: Place, *, hint: str) -> Problem:
    return Problem(code, text, place, severity=Severity.WARNING, hint=hint)


# --- one template ----------------------------------------------------------------------------------------


def references(
    path: str, text: str, blueprints: Mapping[str, str] | None = None
) -> tuple[list[TemplateReference], list[Problem]]:
    """The literal names in one template, in the order of the text, and what cannot be checked.

    A text that does not parse gives one warning: it may be meant for another engine. Raises ImportError without Jinja2.
    """
    from assetbuild.build import template_calls, template_syntax

    text = template_syntax.normalised(text)
    if engine_of(text) is Engine.DJANGO:
        return _in_django(path, text)
    try:
        tree = template_syntax.parse(text)
    except template_syntax.NotJinja as error:
        place = place_at(path, text, error.offset)
        hint = "correct it, or leave it out of `templates` if it is written for another engine"
        return [], [_warning("template-syntax", f"not a template that Jinja can read: {error}", place, hint=hint)]
    found: list[TemplateReference] = []
    problems: list[Problem] = []
    own = template_syntax.own_names(tree)
    for node in template_syntax.walk(tree):
        naming = template_calls.named(node, own, blueprints or {})
        problems += [_ignored_option(option, place_at(path, text, option.lineno)) for option in naming.ignored]
        if naming.blueprint is not None:
            problems.append(_unbuilt(naming.blueprint, place_at(path, text, naming.offset)))
        for expression in naming.expressions:
            names, is_complete = _literals(expression)
            for literal, offset in names:
                name = without_version(literal) if naming.through == _ASSETS else literal
                found.append(TemplateReference(naming.below + name, naming.through, place_at(path, text, offset)))
            if not is_complete:
                place = place_at(path, text, expression.lineno)
                problems.append(_dynamic(naming.through, place))
    return sorted(found, key=lambda item: (item.place.line, item.place.column)), problems


def _in_django(path: str, text: str) -> tuple[list[TemplateReference], list[Problem]]:
    found: list[TemplateReference] = []
    problems: list[Problem] = []
    for one in django_templates.names(text):
        through, place = f"`{{% {one.tag} %}}`", place_at(path, text, one.offset)
        if one.name is None:
            problems.append(_dynamic(through, place))
        else:
            found.append(TemplateReference(one.name.partition("?")[0].partition("#")[0], through, place))
    return found, problems


def _unbuilt(blueprint: str, place: Place) -> Problem:
    if not blueprint:
        text = 'which blueprint `url_for(".static")` means is only known at run time, so it is not checked'
        hint = "write the blueprint's name before the dot"
    else:
        text = f"no source is the static folder of the blueprint `{blueprint}`, so its files are not checked"
        hint = f'say which source it is, if it is one: {{ path = "...", mount = "...", blueprint = "{blueprint}" }}'
    return Problem("template-blueprint", text, place, severity=Severity.NOTE, hint=hint)


def _dynamic(through: str, place: Place) -> Problem:
    return Problem(
        "template-dynamic-name",
        f"the name given to {through} is only known at run time, so it is not checked",
        place,
        severity=Severity.NOTE,
        hint="name assets literally where you can, so that `assetbuild check` sees them",
    )


def _ignored_option(option: nodes.Keyword, place: Place) -> Problem:
    from assetbuild.build.template_calls import TAG_OPTIONS

    text = f"`{{% assets %}}` has no option `{option.key}`"
    hint = f"remove `{option.key}=...`; its options are {', '.join(f'`{name}`' for name in sorted(TAG_OPTIONS))}"
    return _warning("template-assets-option", text, place, hint=hint)


def _literals(expression: nodes.Expr) -> tuple[list[tuple[str, int]], bool]:
    """The strings that `expression` can be, with their offsets, and whether it can be nothing else."""
    from jinja2 import nodes

    if isinstance(expression, nodes.Const):
        return ([(expression.value, expression.lineno)], True) if isinstance(expression.value, str) else ([], True)
    if isinstance(expression, nodes.CondExpr):
        branches = [expression.expr1] + ([expression.expr2] if expression.expr2 is not None else [])
    elif isinstance(expression, nodes.Or | nodes.And):
        branches = [expression.left, expression.right]
    elif isinstance(expression, nodes.Filter) and expression.name in ("default", "d") and expression.node is not None:
        branches = [expression.node, *expression.args[:1]]
    elif isinstance(expression, nodes.Concat | nodes.Add):
        return _joined(expression)
    else:
        return [], False
    parts = [_literals(branch) for branch in branches]
    return [name for names, _ in parts for name in names], all(is_complete for _, is_complete in parts)


def _joined(expression: nodes.Concat | nodes.Add) -> tuple[list[tuple[str, int]], bool]:
    """`"css/" ~ "app.css"` and `"css/" + "app.css"`: one name where all parts are literals."""
    from jinja2 import nodes

    parts = expression.nodes if isinstance(expression, nodes.Concat) else [expression.left, expression.right]
    values = [_literals(part) for part in parts]
    if all(len(names) == 1 and is_complete for names, is_complete in values):
        return [("".join(names[0][0] for names, _ in values), values[0][0][0][1])], True
    return [], False


# --- the files -------------------------------------------------------------------------------------------


def find(config: Config) -> TemplateFiles:
    """The files that the configuration's `templates` match, relative to its folder, as a build finds them."""
    found = tuple(template_files.look(template_files.of(config)).files)
    names = [posixpath.relpath(path, config.base.as_posix()) for path in found]
    problems: list[Problem] = []
    for pattern in dict.fromkeys(config.templates):
        globs = Globs((pattern,))
        if not any(map(globs.matches, names)):
            text = f'"{pattern}" in `templates` matches no file'
            place = config.place("templates", pattern)
            problems.append(Problem("glob-matches-nothing", text, place, hint=no_match_hint(pattern)))
    return TemplateFiles(
        tuple(TemplateFile(path, partial(template_files.read, path)) for path in found), tuple(problems)
    )
