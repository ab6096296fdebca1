"""What joining found of an input is kept by its digest, and nobody can tell from the result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import css_cut, css_sheet, input_records, js_names
from assetbuild.build.cache import Cache
from assetbuild.build.input_records import InputRecords
from tests.project import Project

A, B = "0" * 64, "1" * 64
IMPORTS = {0: "css/b.css"}
SHEETS = (
    "a { color: red }",
    "@import 'b.css' layer(x) supports(color: red) print;\n/* b */ a{} b{}",
    "@import 'https://x.example/a.css' layer;\n@namespace svg url(x);\n@layer a, b;",
    "@layer {a{}} a{} @import 'late.css';",
    "a { color: 'x\n }",
)
SCRIPTS = (
    "let a = b; function f() { return 1 } { function g() {} }",
    "var \\u0061 = 1; return; for (const x of y) z(x)",
    "",
)


def unread() -> NoReturn:
    raise AssertionError("nothing is to be read")


@pytest.mark.parametrize("imports", [{}, IMPORTS])
@pytest.mark.parametrize("text", SHEETS)
def test_a_sheet_is_cut_as_it_was(tmp_path: Path, text: str, imports: Mapping[int, str]) -> None:
    made = InputRecords(Cache(tmp_path))
    assert made.cut(A, imports, lambda: text) == css_cut.cut(text, imports)
    made.save()
    again = InputRecords(Cache(tmp_path))
    assert again.cut(A, imports, unread) == css_cut.cut(text, imports)


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_script_has_the_names_that_it_had(tmp_path: Path, text: str) -> None:
    made = InputRecords(Cache(tmp_path))
    for strict in (True, False):
        made.names(A, lambda: text, strict=strict)
    made.save()
    again = InputRecords(Cache(tmp_path))
    for strict in (True, False):
        assert again.names(A, unread, strict=strict) == js_names.names(text, strict=strict)


ASKED: dict[str, Callable[[InputRecords], object]] = {
    "another sheet": lambda records: records.cut(B, {}, unread),
    "an import that means another sheet": lambda records: records.cut(A, IMPORTS, unread),
    "another script": lambda records: records.names(B, unread, strict=False),
    "a script that is strict": lambda records: records.names(A, unread, strict=True),
}


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_is_known_of(tmp_path: Path, asked: str) -> None:
    made = InputRecords(Cache(tmp_path))
    made.cut(A, {}, lambda: "a{}")
    made.names(A, lambda: "b", strict=False)
    made.save()
    with pytest.raises(AssertionError, match="nothing is to be read"):
        ASKED[asked](InputRecords(Cache(tmp_path)))


@given(plain=st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip # noqa: E501
def test_a_damaged_record_is_none(tmp_path_factory: pytest.TempPathFactory, plain: object) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    made = InputRecords(cache)
    made.cut(A, {}, lambda: "a{}")
    made.save()
    ((key, kept),) = ((key, cached) for key in cache.used if (cached := cache.get(key)) is not None)
    for damaged in (plain, dict.fromkeys(json.loads(kept.data), plain)):
        cache.put(key, json.dumps(damaged).encode(), {})
        assert InputRecords(cache).cut(A, {}, lambda: "a{}") == css_cut.cut("a{}", {})


FILES: dict[str, str | bytes] = {
    "assetbuild.toml": '[bundles]\n"all.css" = ["a.css", "b.css"]\n"all.js" = ["a.js", "b.js"]\n',
    "static/a.css": "@import 'late.css' print;\na { color: red }\n@import 'late.css';",
    "static/b.css": "b { background: url(i.png) }",
    "static/late.css": "c { color: blue }",
    "static/i.png": b"i",
    "static/a.js": "g(); var a = 1",
    "static/b.js": "'use strict'; function g() { return document.currentScript }",
}


def test_a_bundle_is_the_same_where_one_input_changed_and_only_that_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    read, names = css_sheet.read, js_names.names

    def watched_read(text: str) -> css_sheet.Sheet:
        seen.append(text)
        return read(text)

    def watched_names(text: str, *, strict: bool) -> js_names.Names:
        seen.append(text)
        return names(text, strict=strict)

    monkeypatch.setattr(css_cut, "read", watched_read)
    monkeypatch.setattr(js_names, "names", watched_names)
    kept, fresh = Project(tmp_path / "kept").write(FILES), Project(tmp_path / "fresh")
    kept.build()
    for edit in ({"static/b.css": "b { color: green }"}, {"static/a.js": "g(); var b = 2"}, {"static/late.css": "d{}"}):
        kept.write(edit)
        seen.clear()
        built = kept.build()
        assert seen == list(edit.values())
        again = fresh.write({**FILES, **{n: (kept.root / n).read_bytes() for n in FILES if n.startswith("static/")}})
        other = again.build(force=True)
        assert built.manifest == other.manifest
        assert [(p.code, p.text) for p in built.problems] == [(p.code, p.text) for p in other.problems]


def test_the_key_holds_the_code_of_all_that_cuts_and_finds_names() -> None:
    asked = "import sys; from assetbuild.build import css_cut, js_names; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("assetbuild.build.")}
    held = {f"assetbuild.build.{name}" for name in input_records.MODULES}
    assert held - ours == {"assetbuild.build.encoding", "assetbuild.build.source_text"}
    assert ours - held == set()
