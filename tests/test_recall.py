"""What has not changed is not even read, and nobody can tell from the result."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assetbuild.build import recall, state, tree
from assetbuild.build.cache import Cache
from assetbuild.build.events import Work
from assetbuild.build.model import BuildFailed, Licences, Place, Problem, Severity, TextKind
from assetbuild.build.protocols import Way
from assetbuild.build.recall import Recalled, Recalls
from assetbuild.build.results import Built
from assetbuild.build.source_text import SourceText
from tests.project import PLAIN, Project, project

FILES = {
    "js/a.js": "/*! a */ import { b } from './b.js' ;\nb ( 1 ) ;\n//# sourceMappingURL=a.js.map\n",
    "js/a.js.map": "{}",
    "js/b.js": "export function b ( x ) { return x }\n",
    "js/odd.js": "var a = 1\nif (a) <a>\n",
    "css/a.css": "@charset 'utf-8' ;\n.a { background : url( '../i.png?v=1' ) }\n/*# sourceMappingURL=gone.map */\n",
    "css/b.css": "@import 'a.css' ;\n.b { color : #ff0000 }\n",
    "i.png": "image",
}
EDITS = {".js": "c ( )\n", "css": ".c { d : e }\n", "map": " ", "png": "!"}
DEFAULT = "compress = []\n"


@pytest.fixture(autouse=True)
def _nothing_is_racy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of these tests are younger than what stats are trusted for."""
    monkeypatch.setattr(state, "RACY_NS", -(10**18))


def _again(made: Project) -> Project:
    shutil.rmtree(made.output)
    made.build()
    return made


@pytest.mark.parametrize("config", [DEFAULT, PLAIN], ids=["minified", "names only"])
def test_a_build_without_its_output_reads_no_source_again(config: str, tmp_path: Path) -> None:
    made = project(tmp_path, FILES, config)
    made.build()
    before = made.public()
    assert made.count(Work.READ) == len(FILES)
    _again(made)
    assert (made.count(Work.READ), made.count(Work.PROCESS)) == (0, 0)
    assert made.public() == before


@pytest.mark.parametrize("changed", sorted(FILES))
def test_after_one_change_the_result_is_that_of_a_build_from_nothing(changed: str, tmp_path: Path) -> None:
    made = project(tmp_path / "a", FILES, DEFAULT)
    made.build()
    made.write({f"static/{changed}": FILES[changed] + EDITS[changed[-3:]]}).build()
    assert made.count(Work.READ) == 1
    other = project(tmp_path / "b", {**FILES, changed: FILES[changed] + EDITS[changed[-3:]]}, DEFAULT)
    other.build()
    assert {**made.public(), **other.public()} == made.public()
    assert made.public()["manifest.json"] == other.public()["manifest.json"]


def test_a_source_that_names_another_asset_is_linked_anew_without_being_read(tmp_path: Path) -> None:
    made = project(tmp_path, FILES, DEFAULT)
    made.build()
    made.write({"static/i.png": "another image"}).build()
    assert made.done(Work.READ) == {"i.png": 1}
    assert made.path("i.png") in made.read("css/a.css").replace("../", "")


def test_a_text_that_changed_while_the_build_ran_ends_it(tmp_path: Path) -> None:
    made = project(tmp_path, {"a.css": "a{}"}, PLAIN)
    (source,) = (one for one in tree.walk([made.root / "static"], [""], skip=()).sources if one.logical == "a.css")
    text = SourceText(tree.digest(source), TextKind.CSS)
    made.write({"static/a.css": "b{}"})
    with pytest.raises(BuildFailed) as failed:
        text.read()
    assert [problem.code for problem in failed.value.problems] == ["source-changed"]
    Path(source.file).unlink()
    with pytest.raises(BuildFailed) as failed:
        text.read()
    assert [problem.code for problem in failed.value.problems] == ["source-changed"]


def test_what_is_recalled_is_what_was_kept(tmp_path: Path) -> None:
    recalls = Recalls(Cache(tmp_path))
    notes = (Problem("code", "text", Place("1", 2, 3, "line"), Severity.NOTE, ("more",), "hint"), Problem("a", "b"))
    kept = Recalled("a \udcff", "mark", ((Way.PROCESSED, ""), (Way.UNCHANGED, "why")), "/*! a */", notes)
    key = recalls.key("recipe", Licences.KEEP, [(("processor x", "1"),)])
    recalls.put(key, kept)
    assert Recalls(Cache(tmp_path)).get(key) == kept
    others = [
        recalls.key("another", Licences.KEEP, [(("processor x", "1"),)]),
        recalls.key("recipe", Licences.FILE, [(("processor x", "1"),)]),
        recalls.key("recipe", Licences.KEEP, [(("processor x", "2"),)]),
    ]
    assert [recalls.get(other) for other in others] == [None] * 3


def test_notes_stand_in_the_same_inputs_wherever_these_are() -> None:
    notes = [Problem("code", "text", Place("/a/y.js", 2)), Problem("code", "text")]
    moved = recall.placed(recall.numbered(notes, ["/a/x.js", "/a/y.js"]), ["/b/x.js", "/b/y.js"])
    assert moved == (Problem("code", "text", Place("/b/y.js", 2)), Problem("code", "text"))
    with pytest.raises(ValueError, match=r"y\.js"):
        recall.numbered(notes, ["/a/x.js"])


def test_the_key_holds_the_code_that_makes_of_files_what_processors_receive() -> None:
    asked = (
        "import sys; from assetbuild.build import css_parts, edits, encoding, join_js, licences; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("assetbuild.build.")}
    held = {f"assetbuild.build.{name}" for name in recall.MODULES}
    assert held - ours == {"assetbuild.build.assemble", "assetbuild.build.source_text"}
    assert ours - held == set()


# --- bundles ---------------------------------------------------------------------------------------------

BUNDLES = """
[bundles]
"all.css" = ["css/x.css", "css/deep/y.css"]
"all.js" = ["js/x.js", "js/y.js", "js/z.js"]
"""
INPUTS: dict[str, str | bytes] = {
    "css/x.css": "/*! x */ @import 'late.css' layer(l) print ;\n.x { background : url( ../i.png ) }\n",
    "css/late.css": "/*! late */ .l { background : url( 'data:,' ) , url( ../j.png ) }\n",
    "css/deep/y.css": "@import url( https://x.example/y.css ) ;\n.y { background : url( missing.png ) }\n",
    "js/x.js": "'use strict' ;\n/*! x */ var x = 1\n//# sourceMappingURL=x.js.map\n",
    "js/y.js": "y ( document . currentScript )\n",
    "js/z.js": "/* nothing */",
    "i.png": b"i",
    "j.png": b"j",
}
WARNS = "missing = 'warn'\n"
MODES = {
    "minified": WARNS + DEFAULT,
    "names only": WARNS + PLAIN,
    "licences in a file": WARNS + DEFAULT + "licences = 'file'\n",
}
REORDERED = BUNDLES.replace('"js/x.js", "js/y.js"', '"js/y.js", "js/x.js"')
CHANGES: dict[str, dict[str, str | bytes]] = {
    **{name: {name: content + (b"!" if isinstance(content, bytes) else "\n")} for name, content in INPUTS.items()},  # type: ignore[operator]
    "a rule": {"css/x.css": ".z { color : red }"},
    "an import that means another sheet": {
        "css/deep/late.css": "",
        "css/x.css": "@import 'deep/late.css'; .x { a : b }",
    },
    "a script that is strict": {"js/y.js": "'use strict' ; y ( )\n"},
    "two that change places": {"css/x.css": INPUTS["css/late.css"], "css/late.css": INPUTS["css/deep/y.css"]},
}


def told(built: Built) -> list[tuple[object, ...]]:
    return [
        (one.code, one.text, one.severity, one.hint)
        + ((Path(one.place.path).name, one.place.line, one.place.column, one.place.source_line) if one.place else ())
        for one in built.problems
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_bundle_is_recalled_without_reading_its_inputs(mode: str, tmp_path: Path) -> None:
    made = project(tmp_path, INPUTS, MODES[mode] + BUNDLES)
    problems = told(made.build())
    before = made.public()
    assert {"strict-dropped", "current-script"} <= {str(code) for code, *_ in problems}
    shutil.rmtree(made.output)
    assert told(made.build()) == problems
    assert (made.count(Work.READ), made.count(Work.PROCESS)) == (0, 0)
    assert made.public() == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_bundle_after_a_change_is_that_of_a_build_from_nothing(change: str, mode: str, tmp_path: Path) -> None:
    files = {**INPUTS, **CHANGES[change]}
    made = project(tmp_path / "a", INPUTS, MODES[mode] + BUNDLES)
    made.build()
    made.write({f"static/{name}": content for name, content in CHANGES[change].items()})
    other = project(tmp_path / "b", files, MODES[mode] + BUNDLES)
    assert told(made.build()) == told(other.build())
    assert {**made.public(), **other.public()} == made.public()
    assert made.public()["manifest.json"] == other.public()["manifest.json"]


@pytest.mark.parametrize("mode", MODES)
def test_the_order_of_inputs_and_the_place_of_a_bundle_count(mode: str, tmp_path: Path) -> None:
    made = project(tmp_path / "a", INPUTS, MODES[mode] + BUNDLES)
    made.build()
    for number, bundles in enumerate((REORDERED, BUNDLES.replace('"all.css"', '"elsewhere/all.css"'))):
        made.write({"assetbuild.toml": MODES[mode] + bundles}).build()
        other = project(tmp_path / f"b{number}", INPUTS, MODES[mode] + bundles)
        other.build()
        assert "missing.png" in made.read("elsewhere/all.css" if number else "all.css")
        assert made.public()["manifest.json"] == other.public()["manifest.json"]
