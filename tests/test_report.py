"""How things look: every text that `cells`, `report` and `progress` make, and that nothing hostile gets through."""

from __future__ import annotations

import io
import json
import re
import threading
import unicodedata
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import cells, documents, report
from assetbuild.build.clean import Removal, RemovalKind
from assetbuild.build.events import Done, Progress, Work
from assetbuild.build.model import Place, Problem, Severity
from assetbuild.build.results import Built, Change, ChangeKind
from assetbuild.progress import Bar

HASH = "3f9ab1c2d4e5f607"
BUILD = HASH * 4


def plain(lines: list[str]) -> list[str]:
    return [click.unstyle(line) for line in lines]


# --- cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("css/app.css", "css/app.css"),
        ("ünï/日本.css", "ünï/日本.css"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x07\x00b", "a\\x07\\x00b"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x9b31m", "\\x9b31m"),  # the one-character form of ESC [
        ("a\u202eb", "a\\u202eb"),  # right-to-left override
        ("a\u2028b", "a\\u2028b"),
        ("a\udcffb", "a\\xffb"),  # a byte that is not UTF-8
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("\ue000", "\\ue000"),  # an icon font's private use
        ("C:\\x", "C:\\x"),
    ],
)
def test_what_could_drive_the_terminal_is_spelled_out(text: str, shown: str) -> None:
    assert cells.safe(text) == shown


@given(st.text())
def test_safe_text_is_one_line_of_visible_characters_and_stays_as_it_is(text: str) -> None:
    shown = cells.safe(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert cells.safe(shown) == shown


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("ｱ", 1), ("Ａ", 2), ("\u1112\u1161", 2), ("🙂", 2)]
)
def test_width_counts_cells(text: str, width: int) -> None:
    assert cells.width(text) == width


@given(st.text(alphabet=st.sampled_from("ab/日e\u0301🙂")), st.integers(5, 30))
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, limit: int) -> None:
    short = cells.shorten(text, limit)
    assert cells.width(short) <= limit
    if cells.width(text) > limit:
        head, _, tail = short.partition("...")
        assert text.startswith(head)
        assert text.endswith(tail)
    else:
        assert short == text


@given(
    st.text(alphabet=st.sampled_from("ab {}日\t\x1b\u202ee\u0301"), max_size=300),
    st.data(),
    st.sampled_from([20, 40, 100]),
)
def test_the_caret_stands_on_the_cell_where_its_character_is_shown(line: str, data: st.DataObject, limit: int) -> None:
    column = data.draw(st.integers(1, len(line) + 1))
    part = cells.excerpt(line, column=column, limit=limit)
    assert cells.width(part.text) <= limit
    assert cells.safe(part.text) == part.text
    here = line[column - 1 : column]
    if not here or unicodedata.combining(here):
        assert part.caret <= limit
        return
    shown = " " if here == "\t" else cells.safe(here)
    at = 0
    for index, char in enumerate(part.text):  # walk to the cell, then look what stands there
        if at == part.caret and cells.width(char):
            assert part.text[index:].startswith(shown)
            return
        at += cells.width(char)
    pytest.fail("the caret stands behind the text")


@pytest.mark.parametrize(
    ("line", "column", "text", "caret"),
    [
        ("a { b: url(x) }", 8, "a { b: url(x) }", 7),
        ("\turl(x)", 2, "    url(x)", 4),
        ("ab\turl(x)", 4, "ab  url(x)", 4),
        ("日本url(x)", 3, "日本url(x)", 4),
        ("e\u0301url(x)", 3, "e\u0301url(x)", 1),
        ("e\u0301url(x)", 2, "e\u0301url(x)", 0),  # on the mark itself: its letter
        ("\x1b[2Jurl(x)", 5, "\\x1b[2Jurl(x)", 7),
        ("url(", 5, "url(", 4),  # behind the end: something is missing there
        ("url(", 99, "url(", 4),
        ("x" * 1000 + "!" + "y" * 1000, 1001, "..." + "x" * 17 + "!" + "y" * 16 + "...", 20),
        ("!" + "y" * 1000, 1, "!" + "y" * 33 + "...", 0),
        ("x" * 1000 + "!", 1001, "..." + "x" * 33 + "!", 36),
    ],
)
def test_excerpts(line: str, column: int, text: str, caret: int) -> None:
    part = cells.excerpt(line, column=column, limit=40)
    assert (part.text, part.caret) == (text, caret)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (123_456_789, "123 MB"),
        (5_000_000_000, "5.0 GB"),
        (7_000_000_000_000, "7.0 TB"),
    ],
)
def test_sizes_are_decimal_and_short(size: int, text: str) -> None:
    assert cells.human(size) == text


@pytest.mark.parametrize(
    ("output", "part"),
    [
        (f"css/app-{HASH}.css", f"-{HASH}"),
        (f"js/app-{HASH}.js.map", f"-{HASH}"),
        (f"LICENSE-{HASH}", f"-{HASH}"),
        (f"x-{HASH}/app.css", None),
        ("css/app.css", None),
    ],
)
def test_the_hash_of_an_output_is_found(output: str, part: str | None) -> None:
    span = cells.hash_span(output)
    assert (output[slice(*span)] if span else None) == part


# --- diagnostics -----------------------------------------------------------------------------------------


def test_a_diagnostic_has_place_code_source_line_caret_notes_and_hint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    problem = Problem(
        "missing-reference",
        "img/x.png does not exist",
        Place(f"{tmp_path}/static/app.css", 12, 5, "a { b: url(x) }"),
        notes=("looked in static",),
        hint="write img/y.png",
    )
    assert plain(report.diagnostic(problem)) == [
        "static/app.css:12:5: error[missing-reference]: img/x.png does not exist",
        "   12 | a { b: url(x) }",
        "      |     ^",
        "  note: looked in static",
        "  hint: write img/y.png",
    ]


@pytest.mark.parametrize(
    ("place", "first"),
    [
        (None, "warning[x]: text"),
        (Place("a.css"), "a.css: warning[x]: text"),
        (Place("a.css", 3), "a.css:3: warning[x]: text"),
        (Place("a.css", 3, 4), "a.css:3:4: warning[x]: text"),
    ],
)
def test_what_is_not_known_of_a_place_is_left_out(place: Place | None, first: str) -> None:
    assert plain(report.diagnostic(Problem("x", "text", place, Severity.WARNING))) == [first]


def test_a_line_without_a_column_has_no_caret() -> None:
    assert plain(report.diagnostic(Problem("x", "text", Place("a", 3, 0, "line"))))[1:] == ["    3 | line"]


def test_nothing_hostile_survives_a_diagnostic() -> None:
    evil = "\x1b]0;owned\x07\n::stop-commands::x\r\u202e\x9b2J"
    problem = Problem(evil, evil, Place(evil, 1, 3, evil), notes=(evil,), hint=evil)
    lines = report.diagnostic(problem, width=60)
    assert all(cells.safe(line) == line for line in plain(lines))
    assert not any(line.startswith("::") for line in plain(lines))


def test_a_source_line_never_opens_a_line_as_ci_systems_obey_those() -> None:
    lines = plain(report.diagnostic(Problem("x", "t", Place("a", 1, 1, "::add-mask::x"))))
    assert lines[1] == "    1 | ::add-mask::x"


def test_a_megabyte_in_one_line_is_cut_to_the_screen() -> None:
    lines = plain(report.diagnostic(Problem("x", "t", Place("a.js", 1, 500_000, "ab" * 500_000)), width=80))
    assert [len(line) for line in lines[1:]] == [80, 8 + 3 + 33 + 1]


def test_errors_come_last_and_are_counted() -> None:
    problems = [
        Problem("a", "first"),
        Problem("b", "then", severity=Severity.WARNING),
        Problem("c", "note", severity=Severity.NOTE),
        Problem("d", "last"),
    ]
    assert plain(report.diagnostics(problems)) == [
        "note[c]: note",
        "warning[b]: then",
        "error[a]: first",
        "error[d]: last",
        "2 errors, 1 warning, 1 note",
    ]
    assert plain(report.diagnostics(problems[:1])) == ["error[a]: first"]
    assert report.diagnostics([]) == []


def test_relative_paths_are_seen_from_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert cells.relative(f"{tmp_path}/a/b.css") == "a/b.css"
    assert cells.relative("a/b.css") == "a/b.css"
    assert cells.relative("/x") == "/x"


# --- tables ----------------------------------------------------------------------------------------------


def entry(path: str, size: int, **variants: int) -> dict[str, object]:
    return {"path": path, "size": size} | (
        {"variants": {kind: {"path": path, "size": size} for kind, size in variants.items()}} if variants else {}
    )


ENTRIES = {
    "css/app.css": entry(f"css/app-{HASH}.css", 12_345, gzip=4_000, br=3_500),
    "img/日.png": entry(f"img/日-{HASH}.png", 999),
}


def test_a_table_is_aligned_and_summed() -> None:
    assert plain(report.table(report.asset_rows(ENTRIES, {}))) == [
        f"asset           output{' ' * 27}size    gzip      br",
        f"css/app.css     css/app-{HASH}.css  12.3 kB  4.0 kB  3.5 kB",
        f"img/日.png      img/日-{HASH}.png     999 B       -       -",
        f"total, 2 files{' ' * 32}13.3 kB  5.0 kB  4.5 kB",
    ]


def test_a_table_has_only_the_compressions_that_there_are() -> None:
    rows = report.asset_rows({"a.css": entry("a.css", 10, zstd=5)}, {})
    assert plain(report.table(rows)) == ["asset  output  size  zstd", "a.css  a.css   10 B   5 B"]


def test_an_empty_table_is_no_lines() -> None:
    assert report.table([]) == []


@pytest.mark.parametrize("width", [60, 80, 100])
def test_long_names_lose_their_middle_on_a_terminal_only(width: int) -> None:
    name = "vendor/" + "deep/" * 30 + "app.css"
    rows = report.asset_rows({name: entry(f"{name[:-4]}-{HASH}.css", 5), "日" * 60: entry("日" * 60, 5)}, {})
    lines = plain(report.table(rows, width=width))
    assert max(map(cells.width, lines)) <= width
    assert lines[1].startswith("vendor/")
    assert "..." in lines[1]
    assert name in plain(report.table(rows))[1]


def test_the_hash_is_dim() -> None:
    assert click.style(f"-{HASH}", dim=True) in report.table(report.asset_rows(ENTRIES, {}))[1]


def test_hostile_names_are_spelled_out_in_tables() -> None:
    rows = report.asset_rows({"a\x1b[2J\n.css": entry("a\x1b.css", 5)}, {})
    line = plain(report.table(rows))[1]
    assert line.startswith("a\\x1b[2J\\n.css")
    assert cells.safe(line) == line


# --- what commands did -----------------------------------------------------------------------------------


def made(*changes: Change, **members: object) -> Built:
    return Built(BUILD, b"", outputs=(), changes=changes, **members)  # type: ignore[arg-type]


def new(logical: str, kind: ChangeKind = ChangeKind.NEW) -> Change:
    return Change(kind, logical, "", logical)


def test_a_first_build_needs_no_state_column() -> None:
    lines = plain(report.built(made(*map(new, ENTRIES), written=5, assets=ENTRIES), elapsed=1.25))
    assert lines[1].startswith("css/app.css")
    assert lines[-1] == "built 2 assets in 1.2 s: 5 files written, build 3f9ab1c2"


def test_a_later_build_says_what_is_new_changed_and_gone() -> None:
    changes = (new("css/app.css", ChangeKind.CHANGED), new("old\x1b.css", ChangeKind.REMOVED))
    lines = plain(report.built(made(*changes, written=1, assets=ENTRIES), elapsed=0.0123))
    assert lines[1].startswith("changed  css/app.css")
    assert lines[2].startswith("         img/日.png")
    assert lines[-2:] == [
        "no longer in the manifest: old\\x1b.css",
        "built 2 assets in 12 ms: 1 file written, build 3f9ab1c2",
    ]


@pytest.mark.parametrize(("count", "line"), [(38, "38 assets"), (1, "1 asset"), (0, "0 assets")])
def test_a_build_with_nothing_to_do_is_one_line(count: int, line: str) -> None:
    entries = {f"{i}.css": entry(f"{i}.css", 1) for i in range(count)}
    assert report.built(made(up_to_date=True, assets=entries), elapsed=1) == [f"up to date: {line}, build 3f9ab1c2"]


BIG = {f"{folder}/{i:03}.css": entry(f"{folder}/{i:03}-{HASH}.css", 10, gzip=5) for folder in "ab" for i in range(30)}


def test_a_big_build_shows_what_changed() -> None:
    lines = plain(report.built(made(new("a/003.css", ChangeKind.CHANGED), assets=BIG), elapsed=1))
    assert len(lines) == 4
    assert lines[1].startswith("changed  a/003.css")
    assert lines[2] == "59 unchanged; every asset: assetbuild ls"


def test_a_big_first_build_is_summed_by_folder() -> None:
    entries = BIG | {"favicon.ico": entry("favicon.ico", 7)}
    lines = plain(report.built(made(*map(new, entries), assets=entries), elapsed=1))
    assert [re.split(r"  +", line) for line in lines[1:5]] == [
        ["./", "1 file", "7 B", "-"],
        ["a/", "30 files", "300 B", "150 B"],
        ["b/", "30 files", "300 B", "150 B"],
        ["total, 61 files", "607 B", "307 B"],
    ]
    assert lines[5] == "every asset: assetbuild ls"


def test_the_ways_of_texts_are_one_line() -> None:
    counts = {
        "rjsmin": {"unchanged": 1, "processed": 8, "shorter": 4, "fallback": 2},
        "rcssmin": {"processed": 3},
        "idle": {"processed": 0},
    }
    assert report.ways(counts) == [
        "rcssmin: 3 processed; rjsmin: 12 processed, 2 by the safe minifier, 1 left as written"
    ]
    assert report.ways({}) == []


def test_a_plan_says_what_would_change_and_why() -> None:
    changes = (
        Change(ChangeKind.NEW, "a.css", "", "a-1.css", ("it is not in the manifest",)),
        Change(ChangeKind.CHANGED, "b.css", "b-1.css", "b-2.css", ("img/x.png changed", "its name stands in b.css")),
        Change(ChangeKind.SAME, "c.css", "c-1.css", "c-1.css"),
        Change(ChangeKind.REMOVED, "d.css", "d-1.css", ""),
    )
    assert plain(report.planned(made(*changes, assets={}), assets=3)) == [
        "new      a.css  a-1.css",
        "           it is not in the manifest",
        "changed  b.css  b-1.css -> b-2.css",
        "           img/x.png changed",
        "           its name stands in b.css",
        "removed  d.css  d-1.css",
        "would build 3f9ab1c2: 1 new, 1 changed, 1 unchanged, 1 removed; nothing was written",
    ]
    assert report.planned(made(up_to_date=True, assets={}), assets=3) == ["up to date: 3 assets, build 3f9ab1c2"]


def test_very_many_removals_are_counted_but_a_dry_run_lists_them() -> None:
    removals = [Removal(RemovalKind.CACHE, Path(f"c/{i}"), "cache") for i in range(41)]
    assert report.removed(removals, dry_run=False) == ["removed 41 files"]
    assert len(report.removed(removals[:40], dry_run=False)) == 41
    assert len(report.removed(removals, dry_run=True)) == 42


def test_indented_lines_are_safe() -> None:
    assert report.indented([(0, "a"), (2, "b\x1b")]) == ["a", "    b\\x1b"]


# --- screens ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [True, False])
def test_colours_are_taken_out_where_they_are_not_wanted(colour: bool) -> None:
    stream = io.StringIO()
    report.Screen(stream, None, colour).show([click.style("x", fg="red"), "y"])
    assert stream.getvalue() == ("\x1b[31mx\x1b[0m\ny\n" if colour else "x\ny\n")


def test_a_stream_that_is_no_terminal_has_no_width_and_no_colour() -> None:
    shown = report.screen(io.StringIO(), colour=True)
    assert (shown.width, shown.colour) == (None, False)


# --- progress --------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_bar_comes_after_a_second_and_goes_when_closed() -> None:
    stream, clock = io.StringIO(), Clock()
    bar = Bar(stream, 80, clock=clock)
    clock.now = 0.9
    bar(Progress("compress", 1, 4))
    assert stream.getvalue() == ""
    clock.now = 1.0
    bar(Progress("compress", 2, 4))
    drawn = "compress  [##########..........]  2/4"
    assert stream.getvalue() == "\r" + drawn
    bar(Progress("compress", 3, 4))  # at once: nothing to see
    bar(Done(Work.READ, "x"))
    bar.close()
    assert stream.getvalue() == "\r" + drawn + "\r" + " " * len(drawn) + "\r"
    clock.now = 9.0
    bar(Progress("compress", 4, 4))
    bar.close()
    assert stream.getvalue().count("\r") == 3


def test_a_shorter_bar_covers_a_longer_one() -> None:
    stream, clock = io.StringIO(), Clock()
    bar = Bar(stream, 80, after=0, clock=clock)
    bar(Progress("a long phase", 1, 1000))
    clock.now = 1.0
    bar(Progress("b", 0, 0))
    first, second = stream.getvalue().split("\r")[1:]
    assert len(first) == len(second)
    assert second.startswith("b  [####################]  0/0 ")


def test_the_bar_fits_its_terminal_and_is_safe() -> None:
    stream = io.StringIO()
    Bar(stream, 20, after=0, clock=Clock())(Progress("ph\x1base", 1, 2))
    assert len(stream.getvalue()) == 20
    assert "\x1b" not in stream.getvalue()


def test_no_bar_without_a_terminal() -> None:
    stream = io.StringIO()
    bar = Bar(stream, None, after=0)
    bar(Progress("x", 1, 2))
    bar.close()
    assert stream.getvalue() == ""


def test_the_bar_is_drawn_by_one_thread_at_a_time() -> None:
    inside: list[bool] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            other = threading.Thread(target=bar, args=(Progress("other", 1, 1),))
            other.start()
            other.join(0.01)
            inside.append(other.is_alive())  # it waits for us, however long we take
            return super().write(text)

    bar = Bar(Stream(), 80, after=0, clock=Clock())
    bar(Progress("x", 1, 2))
    assert inside == [True]


# --- documents -------------------------------------------------------------------------------------------


def test_json_is_ascii_and_holds_no_lone_surrogates() -> None:
    text = documents.dump({"a\udcff": ["日\x1b\u202e", ("\ud800",), 1, True, None]})
    assert text.isascii()
    assert json.loads(text) == {"a\\xff": ["日\x1b\u202e", ["\\ud800"], 1, True, None]}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["ls", "--json"], True), (["--json"], True), (["ls"], False), (["why", "--", "--json"], False), ([], False)],
)
def test_json_is_wanted_wherever_the_option_stands(arguments: list[str], wanted: bool) -> None:
    assert documents.wanted(arguments) is wanted


def test_of_many_notes_of_one_kind_three_are_shown() -> None:
    notes = [Problem("removed", f"note {number}", severity=Severity.NOTE) for number in range(6)]
    others = [Problem("removed", f"warning {number}", severity=Severity.WARNING) for number in range(5)]
    one = Problem("other", "another note", severity=Severity.NOTE)
    lines = [click.unstyle(line) for line in report.diagnostics([*notes, one, *others])]
    assert lines == [
        *(f"note[removed]: note {number}" for number in range(3)),
        "note[removed]: 3 more notes of this kind: --json has all of them",
        "note[other]: another note",
        *(f"warning[removed]: warning {number}" for number in range(5)),
        "5 warnings, 7 notes",
    ]
