"""Which `@import` and `@namespace` rules of a style sheet browsers heed, and which they ignore where they stand.

CSS Cascade 5, section 2; CSS Namespaces 3, section 2. Where it depends on the browser, every part that the sheet may
have reached is kept in mind, so that only an answer on which all of them agree is given.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from assetbuild.build.css_imports import Import, read_import
from assetbuild.build.css_selectors import Verdict
from assetbuild.build.css_sheet import Ending, Sheet, Statement, is_import
from assetbuild.build.css_validity import judge, namespace_prefix


class Role(enum.Enum):
    """What a statement of the top level is to a bundle."""

    OTHER = "other"
    """No import and no namespace, or a rule by that name that is dropped wherever it stands."""
    IMPORT = "import"
    """An `@import` that browsers heed."""
    NAMESPACE = "namespace"
    """An `@namespace` that browsers heed."""
    LATE = "late"
    """An import or namespace that browsers ignore, for other rules stand before it."""
    UNREADABLE = "unreadable"
    """An import or namespace that browsers ignore, for it names no URL in a form that they know."""
    DOUBTFUL = "doubtful"
    """An import or namespace that only some browsers heed."""


class Section(enum.IntEnum):
    """The parts of a style sheet, in the only order in which browsers heed them."""

    LAYERS = 0
    """`@layer` statements before any `@import`."""
    IMPORTS = 1
    """`@import` rules."""
    NAMESPACES = 2
    """`@namespace` rules."""
    RULES = 3
    """Everything else; also an `@layer` statement behind an `@import`."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement with its role. `found` is what a readable import says, `prefix` what a namespace declares.

    `because` is the statement on which browsers disagree, where the role is a doubtful one.
    """

    statement: Statement
    role: Role
    found: Import | None = None
    prefix: str = ""
    because: Statement | None = None


def placed(sheet: Sheet) -> Iterator[Placed]:
    """Every statement of the top level, in order."""
    reached = frozenset({Section.LAYERS})
    prefixes: set[str] = set()
    because: Statement | None = None
    for statement in sheet.statements:
        one = _placed(sheet, statement, reached, because)
        yield one
        if reached == {Section.RULES}:
            continue
        after = _after(statement, reached, _verdict(sheet, one, prefixes))
        if len(after) > len(reached):
            because = statement
        reached = after
        if one.role is Role.NAMESPACE:
            prefixes.add(one.prefix)


def _placed(sheet: Sheet, statement: Statement, reached: frozenset[Section], because: Statement | None) -> Placed:
    if is_import(statement):
        found = read_import(sheet.text, statement)
        if found is None:
            return Placed(statement, Role.UNREADABLE)
        role = _role(Role.IMPORT, reached, latest=Section.IMPORTS)
        return Placed(statement, role, found, because=because if role is Role.DOUBTFUL else None)
    if statement.name != "@namespace" or statement.ending is Ending.BLOCK:
        return Placed(statement, Role.OTHER)
    prefix = namespace_prefix(sheet.text, statement.prelude)
    if prefix is None:
        return Placed(statement, Role.UNREADABLE)
    role = _role(Role.NAMESPACE, reached, latest=Section.NAMESPACES)
    return Placed(statement, role, prefix=prefix, because=because if role is Role.DOUBTFUL else None)


def _role(heeded: Role, reached: frozenset[Section], *, latest: Section) -> Role:
    if max(reached) <= latest:
        return heeded
    return Role.LATE if min(reached) > latest else Role.DOUBTFUL


def _verdict(sheet: Sheet, one: Placed, prefixes: set[str]) -> Verdict:
    if not is_import(one.statement):
        return judge(sheet.text, one.statement, prefixes=prefixes)
    if one.found is None:
        return Verdict.DROPPED
    # Chromium drops an import whose condition does not hold, or whose URL has a modifier that it does not know.
    return Verdict.UNSURE if one.found.condition.supports or one.found.is_modified else Verdict.RULE


def _after(statement: Statement, reached: frozenset[Section], verdict: Verdict) -> frozenset[Section]:
    if verdict is Verdict.DROPPED:
        return reached
    after = frozenset(_next(statement, part) for part in reached)
    return after | reached if verdict is Verdict.UNSURE else after


def _next(statement: Statement, part: Section) -> Section:
    """The part that a rule leads to, which browsers ignore where it comes too late."""
    if statement.name == "@import":
        return max(part, Section.IMPORTS)
    if statement.name == "@namespace":
        return max(part, Section.NAMESPACES)
    if statement.name == "@layer" and statement.ending is not Ending.BLOCK and part is Section.LAYERS:
        return part
    return Section.RULES
