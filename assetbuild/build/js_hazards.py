"""What goes otherwise in one classic script than in several, one after the other: names, and what is no script at all.

Says only what is certain. Knows no configuration; `join_js` says what cannot be joined at all, and joins. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.build.js_names import Declared, Declaring, Names
from assetbuild.build.model import Place, Problem, Severity, place_at


@dataclass(frozen=True, slots=True)
class Classic:
    """An input: a classic script that parses. `file` is for places, `logical` for texts; `read` gives its own."""

    file: str
    logical: str
    names: Names
    read: Callable[[], str]

    def place(self, offset: int) -> Place:
        return place_at(self.file, self.read(), offset)


def hazards(bundle: str, inputs: Sequence[Classic]) -> Iterator[Problem]:
    """Everything that is wrong with these inputs of `bundle`, and everything that is another thing in one script."""
    read = [(item, item.names) for item in inputs]
    for item, own in read:
        yield from _misplaced(item, own)
    known: dict[str, list[tuple[Classic, Declared]]] = {}
    for item, own in read:
        yield from _clashes(bundle, item, own.declared, known)
        for one in own.declared:
            known.setdefault(one.name, []).append((item, one))
    yield from _used_before(bundle, read)


def _misplaced(item: Classic, own: Names) -> Iterator[Problem]:
    for word, offset in own.misplaced.items():
        where = "outside functions" if word == "return" else "outside loops"
        yield Problem(
            "js-syntax",
            f"`{word}` {where} is a syntax error, which would break every other script of the bundle",
            item.place(offset),
            hint="wrap the file in a function, or take it out of the bundle"
            if word == "return"
            else "correct it, or take it out of the bundle",
        )


def _clashes(
    bundle: str, item: Classic, declared: Iterable[Declared], known: Mapping[str, list[tuple[Classic, Declared]]]
) -> Iterator[Problem]:
    """Of each name the first that cannot stand beside what is before it, or that would not do what it did."""
    told: set[str] = set()
    here: dict[str, Declaring] = {}
    for one in declared:
        if one.name in told:
            continue
        problem = _twice(item, one, here.get(one.name)) or _clash(bundle, item, one, known.get(one.name, ()))
        if problem is not None:
            told.add(one.name)
            yield problem
        if one.how is not Declaring.BLOCK_FUNCTION:
            here.setdefault(one.name, one.how)


def _twice(item: Classic, one: Declared, before: Declaring | None) -> Problem | None:
    if before is None or Declaring.LEXICAL not in (before, one.how) or one.how is Declaring.BLOCK_FUNCTION:
        return None
    text = f"`{one.name}` is declared twice in this file, which is a syntax error and would break the whole bundle"
    return Problem("name-declared-twice", text, item.place(one.offset), hint="rename one of the two")


def _clash(bundle: str, item: Classic, one: Declared, others: Sequence[tuple[Classic, Declared]]) -> Problem | None:
    place = item.place(one.offset)
    for other, found in others:
        lexical = Declaring.LEXICAL in (one.how, found.how)
        hint = "wrap one of the files in a function or block of its own, or rename one of the two"
        if lexical and one.how is not Declaring.BLOCK_FUNCTION:
            text = f"`{one.name}` is declared by {other.logical} too, and {bundle} holds both: it would not parse"
            if found.how is Declaring.BLOCK_FUNCTION:
                text = (
                    f"`{one.name}` is declared by {other.logical} too, by a function in a block, which is no global "
                    f"function any more in {bundle}, as that holds both"
                )
            return Problem("name-declared-twice", text, place, hint=hint)
        if one.how is Declaring.FUNCTION and not lexical and one.source != found.source:
            text = (
                f"the function `{one.name}` is declared by {other.logical} too: in {bundle}, which holds both, this "
                "one is there from the start, and no longer takes its place after the other ran"
            )
            return Problem("function-declared-twice", text, place, Severity.WARNING, hint=hint)
    return None


def _used_before(bundle: str, read: Sequence[tuple[Classic, Names]]) -> Iterator[Problem]:
    """Names that a file uses outside functions, and that a later one is the first to declare."""
    first: dict[str, tuple[int, Classic, Declared]] = {}
    for index, (item, own) in enumerate(read):
        for one in own.declared:
            before = first.setdefault(one.name, (index, item, one))
            if before[0] == index and one.how is Declaring.FUNCTION:  # made before any other of its script
                first[one.name] = (index, item, one)
    for index, (item, own) in enumerate(read):
        for name, offset in own.used.items():
            at, other, declared = first.get(name, (0, item, None))
            if at <= index or declared is None:
                continue
            place = item.place(offset)
            if declared.how is Declaring.LEXICAL:
                text = (
                    f"`{name}` is used here, and {other.logical}, which comes later in {bundle}, declares it: "
                    "using it before is an error there, which ends the whole bundle"
                )
                hint = f"list {other.logical} before this file"
                yield Problem("used-before-declared", text, place, Severity.WARNING, hint=hint)
            elif declared.how is Declaring.FUNCTION:
                text = (
                    f"`{name}` is used here, and is the function of {other.logical} already, which comes later in "
                    f"{bundle}: the functions of a script are there before its first line runs"
                )
                yield Problem("used-before-declared", text, place, Severity.NOTE)
