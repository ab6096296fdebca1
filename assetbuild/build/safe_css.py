"""The safe minifier: writes the normal form that the proof compares, with the licences where they stood.

Changes no token but to the spelling that the normal form has, so that what it makes is always proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assetbuild.build.css_merge import Rule
from assetbuild.build.css_normal import Entry, normal_form
from assetbuild.build.css_statements import Spelled
from assetbuild.build.css_written import Licence, written
from assetbuild.build.licences import css_licence_spans


def minify(text: str, *, keep_licences: bool = True) -> str:
    """`text` with the same meaning in fewer characters, with its licences or not; unchanged where it does not parse."""
    entries = normal_form(text)
    licences = [(start, text[start:end]) for start, end in css_licence_spans(text)] if keep_licences else []
    return text if entries is None else sheet(text, entries, licences)


def sheet(text: str, entries: Sequence[Entry], licences: Sequence[Licence]) -> str:
    """The same of `text` whose normal form is known to be `entries`, and its licences too."""
    pieces: list[str] = []
    done = 0
    for entry in entries:
        if isinstance(entry, Rule):
            if done < len(licences) and licences[done][0] < entry.end:
                done = _with_licences(text, _pieces(entry), licences, done, pieces)
            else:
                pieces += (entry.selector, "{", entry.body, "}")
        elif done < len(licences):
            done = _with_licences(text, [(entry.start, entry.spelled)], licences, done, pieces)
        else:
            pieces.append(entry.spelled.text)
    pieces += [licence for _, licence in licences[done:]]
    return "".join(pieces)


def _pieces(rule: Rule) -> Iterator[tuple[int, Spelled | str]]:
    """What a rule is written of, each with its place."""
    for index, (start, prelude) in enumerate(rule.preludes):
        if index:
            yield rule.brace, ","
        yield start, prelude
    yield rule.brace, "{"
    for index, (place, body) in enumerate(rule.bodies):
        if index:
            yield rule.bodies[index - 1][0], ";"
        stray = len(body.text) - len(body.text.lstrip(";"))
        yield place, ";" * stray
        for number, (start, spelled) in enumerate(body.members):
            if number:
                yield place + body.members[number - 1][0], ";"
            yield place + start, spelled
    yield rule.end, "}"


def _with_licences(
    text: str,
    members: Iterator[tuple[int, Spelled | str]] | Sequence[tuple[int, Spelled]],
    licences: Sequence[Licence],
    done: int,
    pieces: list[str],
) -> int:
    """Write `members`, each behind the licences that stand before it; returns how many are written then."""
    for start, member in members:
        while done < len(licences) and licences[done][0] < start:
            pieces.append(licences[done][1])
            done += 1
        if isinstance(member, str):
            pieces.append(member)
        elif not member.parts:
            pieces.append(member.text)
        else:
            # Only those before its last part: others stand behind it.
            last = start + member.parts[-1].start
            count = sum(place < last for place, _ in licences[done:])
            within = [(place - start, licence) for place, licence in licences[done : done + count]]
            pieces.append(written(text[start : start + member.parts[-1].end], member.parts, within))
            done += count
    return done
