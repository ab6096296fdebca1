"""The blocks that templates hold, `{% bundle "css" %}`, in every branch: templates are read, never rendered.

Says where a block stands; what becomes of it is `block_plan`'s. A project that has none pays for reading its templates,
and no engine is imported.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from assetbuild import django_blocks
from assetbuild.block_parts import BlockError, Where
from assetbuild.blocks import Block
from assetbuild.build import template_files
from assetbuild.build.model import FileStat, Place, Problem, place_at
from assetbuild.build.template_engines import Engine, engine_of

_TAG = re.compile(rb"\{%[-+]?\s*(?:bundle|compress)\b")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that holds blocks, with its line ends as `\\n`."""

    path: str
    text: str

    def place(self, where: Where) -> Place:
        return place_at(self.path, self.text, where.at + len(where.before))


@dataclass(frozen=True, slots=True)
class Found:
    """A block and where it stands."""

    block: Block
    template: Template
    offset: int

    @property
    def place(self) -> Place:
        return place_at(self.template.path, self.template.text, self.offset)


@dataclass(frozen=True, slots=True)
class Collected:
    """The blocks of all templates, each once, in the order of the templates; and what keeps others from being some."""

    blocks: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """Stands for all that the blocks say; '' where some cannot be read."""
        if self.problems:
            return ""
        keys = sorted(found.block.key for found in self.blocks)
        return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def collect(paths: Iterable[str]) -> Collected:
    """Read the templates."""
    found: dict[str, Found] = {}
    problems: list[Problem] = []
    for path in sorted(paths):
        blocks, wrong = _in_file(path)
        problems += wrong
        for one in blocks:
            found.setdefault(one.block.key, one)
    return Collected(tuple(found.values()), tuple(problems))


Known = dict[str, tuple[FileStat, bool]]
"""Of each template its stat, and whether a build looks into it, so that none is read twice."""


def looked_into(places: template_files.Places, known: Known) -> dict[str, FileStat]:
    """The templates that a build looks into; others make none differ. `known` is brought up to date."""
    files = template_files.look(places).files
    for path in known.keys() - files.keys():
        del known[path]
    for path, stat in files.items():
        if path not in known or known[path][0] != stat:
            known[path] = (stat, _matters(path))
    return {path: stat for path, stat in files.items() if known[path][1]}


def _matters(path: str) -> bool:
    """Whether a template seems to hold blocks, or cannot be read, which is an error."""
    try:
        return _TAG.search(template_files.read(path)) is not None
    except OSError:
        return True


def _in_file(path: str) -> tuple[list[Found], list[Problem]]:
    try:
        data = template_files.read(path)
        if _TAG.search(data) is None:
            return [], []
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"a template with blocks is not UTF-8: {error.reason} at byte {error.start}"
        return [], [Problem("template-encoding", reason, Place(path), hint="save it as UTF-8")]
    except OSError as error:
        reason = f"the template cannot be read: {error.strerror or error}"
        hint = "correct its permissions, or leave it out of `templates`"
        return [], [Problem("template-unreadable", reason, Place(path), hint=hint)]
    template = Template(path, _LINE_END.sub("\n", text))
    try:
        return _django(template) if engine_of(template.text) is Engine.DJANGO else _jinja(template)
    except ImportError:
        text = "blocks in templates cannot be read: jinja2 is not installed"
        return [], [Problem("template-engine", text, Place(path), hint="pip install 'assetbuild[build]'")]


def _jinja(template: Template) -> tuple[list[Found], list[Problem]]:
    """The blocks as any environment may have them: white space behind comments depends on two of its options."""
    from assetbuild.build import template_syntax

    found: dict[str, Found] = {}
    problems: list[Problem] = []
    varies = "{#" in template.text or "raw" in template.text
    for trims, strips in product((False, True), repeat=2) if varies else [(False, False)]:
        try:
            tags, failed = template_syntax.blocks_in(template.text, trims=trims, strips=strips)
        except template_syntax.NotJinja as error:
            place = place_at(template.path, template.text, error.offset)
            text = f"a template with blocks that Jinja cannot read: {error}"
            return [], [Problem("template-syntax", text, place, hint="correct it, or leave it out of `templates`")]
        problems = problems or [_problem(template, error) for error in failed]
        for tag in tags:
            found.setdefault(tag.block.key, Found(tag.block, template, tag.at))
    return list(found.values()), problems


def _django(template: Template) -> tuple[list[Found], list[Problem]]:
    found: list[Found] = []
    problems: list[Problem] = []
    for opened, behind in django_blocks.located(django_blocks.tokens_of(template.text)):
        try:
            tag = django_blocks.parse(opened, behind)
            found.append(Found(tag.block, template, opened.at))
        except BlockError as error:
            problems.append(_problem(template, error))
    return found, problems


def _problem(template: Template, error: BlockError) -> Problem:
    return Problem("template-block", error.text, template.place(error.where), hint=error.hint)
