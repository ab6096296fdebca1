"""What a style sheet must be to stand among others in a bundle, and what of it does not go in.

Knows one sheet at a time: what is wrong with it, and the edits that prepare it. Which sheets a bundle is made of, and
in which order, is `flatten_css`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assetbuild.build.css_roles import Placed, Role, placed
from assetbuild.build.css_sheet import Ending, Sheet, is_unsound
from assetbuild.build.css_tokens import CLOSERS, Kind, is_closed
from assetbuild.build.edits import Edit
from assetbuild.build.model import Problem, Severity, place_at

_MAP_COMMENT = re.compile(r"/\*[#@]\s*sourceMappingURL=.*", re.DOTALL)
# --- what cannot be joined -------------------------------------------------------------------------------


_MOST = 100
"""So many problems of one file are told, errors first: more help nobody, and each is sought out in the text."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong at character `offset` of a style sheet."""

    code: str
    offset: int
    text: str
    hint: str
    severity: Severity = Severity.ERROR


def found_in(sheet: Sheet) -> tuple[Found, ...]:
    """Why the style sheet cannot be part of a bundle, and what will be dropped from it."""
    found = [*_broken(sheet), *_ignored(sheet)]
    if len(found) > _MOST:
        found = sorted(found, key=lambda each: (each.severity is not Severity.ERROR, each.offset))[:_MOST]
    return tuple(sorted(found, key=lambda each: each.offset))


def told(path: str, text: str, found: Iterable[Found]) -> tuple[Problem, ...]:
    """The problems that these are in the style sheet `text`, which was read from `path`."""
    return tuple(
        Problem(each.code, each.text, place_at(path, text, each.offset), each.severity, hint=each.hint)
        for each in found
    )


_SWALLOWS = "in a bundle it would swallow the next input"
_UNCLOSED = {
    Kind.COMMENT: ("comment", "end the comment with */"),
    Kind.STRING: ("string", "end the string with its quote"),
    Kind.URL: ("url(", "end it with )"),
    Kind.BAD_URL: ("url(", "end it with )"),
}


def _broken(sheet: Sheet) -> Iterator[Found]:
    """What a browser would repair in a file of its own, but only by swallowing whatever follows."""
    text = sheet.text
    for token in sheet.tokens:
        if token.kind is Kind.BAD_STRING:
            hint = "close the string on the line where it begins, or end that line with a backslash"
            yield Found("css-bad-string", token.start, "the line ends within this string", hint)
    last = sheet.tokens[-1] if sheet.tokens else None
    counting = [token for token in sheet.tokens if token.kind not in (Kind.SPACE, Kind.COMMENT)]
    if last is not None and last.kind in _UNCLOSED and not is_closed(text, last):
        what, hint = _UNCLOSED[last.kind]
        yield Found("css-unclosed", last.start, f"this {what} is never closed: {_SWALLOWS}", hint)
    elif counting and not is_closed(text[: counting[-1].end], counting[-1]):
        # Also before a newline, for `;` or the next input may come to stand directly after it.
        problem = "the last statement ends in a backslash, which would escape the character that follows in a bundle"
        yield Found("css-unfinished-escape", counting[-1].end - 1, problem, "remove the backslash")
    if sheet.unclosed:
        opener = sheet.unclosed[-1]
        shown = text[opener.start : opener.end]
        closer = CLOSERS[opener.kind].value
        hint = f"add the missing {closer}"
        yield Found("css-unclosed", opener.start, f"this {shown} is never closed: {_SWALLOWS}", hint)
    for statement in sheet.statements:
        for token in statement.prelude:
            if token.kind is Kind.CLOSE_BRACE:
                problem = "this } closes nothing, and spoils the rule after it"
                yield Found("css-stray-brace", token.start, problem, "remove the }")
        if statement.ending is Ending.TEXT and not statement.name and not sheet.unclosed:
            yield Found(
                "css-unfinished-rule",
                statement.start,
                "this rule has no block: in a bundle it would swallow the first rule of the next input",
                "complete the rule with { ... }, or remove it",
            )


def _ignored(sheet: Sheet) -> Iterator[Found]:
    """Imports and namespaces that browsers do not heed, and rules that they drop only where no block is around them."""
    for one in placed(sheet):
        statement = one.statement
        if one.role is Role.LATE:
            problem = f"browsers ignore {_a(one)} that stands after other rules, so it is dropped from the bundle"
            yield _ignored_here(one, problem, f"move it to the {_top(one)} of the file, or remove it")
        elif one.role is Role.UNREADABLE:
            problem = f"browsers ignore {_a(one)} without a URL in a string or url(), so it is dropped from the bundle"
            yield _ignored_here(one, problem, "complete or remove it")
        elif one.role is Role.DOUBTFUL and one.because is not None:
            other = place_at("", sheet.text, one.because.start)
            problem = (
                f"only some browsers heed this {statement.name}: others know the rule at {other.line}:{other.column} "
                "and ignore what stands too late after it"
            )
            hint = f"move it to the {_top(one)} of the file"
            yield Found(f"css-{statement.name[1:]}-doubtful", statement.start, problem, hint)
        elif is_unsound(statement):
            what = "`--` and a colon" if statement.is_custom else "a semicolon"
            problem = f"browsers ignore this rule, for {what} in front of its block make no selector: it is dropped"
            hint = "move the declaration into a rule, or remove it"
            yield Found("css-rule-ignored", statement.start, problem, hint, Severity.WARNING)


def _a(one: Placed) -> str:
    return f"an {one.statement.name}" if one.statement.name == "@import" else f"a {one.statement.name}"


def _top(one: Placed) -> str:
    return "top" if one.statement.name == "@import" else "top, behind the imports,"


def _ignored_here(one: Placed, problem: str, hint: str) -> Found:
    return Found(f"css-{one.statement.name[1:]}-ignored", one.statement.start, problem, hint, Severity.WARNING)


# --- what stays ------------------------------------------------------------------------------------------

_IGNORED = (Role.LATE, Role.UNREADABLE, Role.DOUBTFUL)


def cuts(sheet: Sheet) -> list[Edit]:
    """The edits that make of a style sheet what may stand among others.

    `@charset`, `<!--` and `-->`, source-map comments and all that browsers would ignore only there
    are left out; a last statement without its semicolon gets one.
    """
    text = sheet.text
    edits = [
        (token.start, token.end, "")
        for token in sheet.tokens
        if token.kind is Kind.COMMENT and _MAP_COMMENT.fullmatch(text, token.start, token.end)
    ]
    edits += [(token.start, token.end, "") for token in sheet.marks]
    for one in placed(sheet):
        statement = one.statement
        charset = statement.name == "@charset" and statement.ending is not Ending.BLOCK
        if charset or one.role in _IGNORED or is_unsound(statement):
            edits.append((statement.start, statement.end, ""))
        elif statement.ending is Ending.TEXT and statement.name and one.role is Role.OTHER:
            at = max(token.end for token in sheet.tokens if token.kind not in (Kind.SPACE, Kind.COMMENT))
            edits.append((at, at, ";"))
    return edits
