"""Only what changed is scanned again, and nobody can tell from the result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild.build import scan_css, scan_js, scans
from assetbuild.build.cache import Cache
from assetbuild.build.scan_css import StyleSheet
from assetbuild.build.scans import Scan, Scanner, Scans
from tests.project import PLAIN, Project, project

JS, CSS = Scanner.SCRIPT, Scanner.STYLE_SHEET
SCRIPT = """#!/usr/bin/env node
'use strict'
import x, { y } from './b.js?v=1'
import 'lit'
export * from "../\\u0061.js"
import(name); new URL('./i.png', import.meta.url) // é
//# sourceMappingURL=a.js.map
"""
STYLES = "@import 'b.css' layer(x) ; a { background : url( i.png#x ) ; src : image-set('j.png' 1x) }"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each scanner has run."""
    runs: Counter[str] = Counter()
    for scanner, scan in scans.SCANS.items():

        def run(text: str, name: str = scanner.value, scan: Callable[[str], Scan] = scan) -> Scan:
            runs[name] += 1
            return scan(text)

        monkeypatch.setitem(scans.SCANS, scanner, run)
    return runs


def site(root: Path) -> Project:
    files = {"a.js": "import './b.js'", "b.js": "import './c.js'", "c.js": "c ( )", "a.css": "a { src : url(i.txt) }"}
    return project(root, {**files, "i.txt": "i"}, PLAIN)


def test_only_what_changed_is_scanned_again(tmp_path: Path, counted: Counter[str]) -> None:
    made = site(tmp_path)
    made.build()
    assert counted == {"js skimmed": 3, "css": 1}
    counted.clear()
    made.write({"static/b.js": "import './c.js'; b ( )", "static/i.txt": "j"}).build()
    assert counted == {"js skimmed": 1}


def test_a_build_from_kept_scans_gives_the_same_bytes(tmp_path: Path) -> None:
    warm, cold = site(tmp_path / "warm"), site(tmp_path / "cold")
    warm.build()
    for made in (warm, cold):
        made.write({"static/c.js": "export const c = 1"}).build()
    assert warm.public()["manifest.json"] == cold.public()["manifest.json"]  # which has the digest of every file


def test_force_trusts_no_scan(tmp_path: Path, counted: Counter[str]) -> None:
    made = site(tmp_path)
    made.build()
    counted.clear()
    made.build(force=True)
    assert counted == {"js skimmed": 3, "css": 1}


def test_what_is_no_longer_of_use_is_dropped(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = Scans(cache)
    first.put(JS, "1", scan_js.read("a"))
    first.put(CSS, "2", StyleSheet())
    first.save()
    second = Scans(cache)
    assert second.get(CSS, "2") == StyleSheet()
    second.save()
    third = Scans(cache)
    assert (third.get(JS, "1"), third.get(CSS, "2")) == (None, StyleSheet())


@pytest.mark.parametrize("text", [SCRIPT, "", "a(", "'\udcff' ; import './b.js'", "await x", "// only a comment"])
def test_scans_of_scripts_come_back_equal(text: str, tmp_path: Path) -> None:
    kept, found = Scans(Cache(tmp_path)), scan_js.read(text)
    kept.put(JS, "1", found)
    kept.save()
    assert Scans(Cache(tmp_path)).get(JS, "1") == found
    assert Scans(Cache(tmp_path)).get(CSS, "1") is None


@pytest.mark.parametrize("text", [STYLES, "", "a { src : url('\udcff') }", "a {"])
def test_scans_of_style_sheets_come_back_equal(text: str, tmp_path: Path) -> None:
    kept, found = Scans(Cache(tmp_path)), scan_css.read(text)
    kept.put(CSS, "1", found)
    kept.save()
    assert Scans(Cache(tmp_path)).get(CSS, "1") == found


_WRONG: tuple[object, ...] = ({}, {"Bare": []}, {"os": []}, 1, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"1",
        *(json.dumps({"js 1": wrong}).encode() for wrong in _WRONG),
    ],
)
def test_what_is_no_scan_is_none(data: bytes, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    key = Scans(cache)._kept._key
    assert key
    cache.put(key, data, {})
    assert Scans(cache).get(JS, "1") is None


def test_the_key_holds_the_code_of_all_that_scanning_imports() -> None:
    asked = "import sys; from assetbuild.build import scan_css, scan_js, encoding; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("assetbuild.build.")}
    assert ours == {f"assetbuild.build.{name}" for name in scans.SCANNERS}
