"""What has not changed is not even read, and nobody can tell from the result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assetbuild.build import recall, state, tree
from assetbuild.build.cache import Cache
from assetbuild.build.events import Work
from assetbuild.build.model import BuildFailed, TextKind
from assetbuild.build.protocols import Way
from assetbuild.build.recall import Recalled, Recalls
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
    kept = Recalled("a \udcff", "mark", ((Way.PROCESSED, ""), (Way.UNCHANGED, "why")))
    key = recalls.key("0" * 64, [(1, 2)], [(("processor x", "1"),)])
    recalls.put(key, kept)
    assert Recalls(Cache(tmp_path)).get(key) == kept
    others = [
        recalls.key("1" * 64, [(1, 2)], [(("processor x", "1"),)]),
        recalls.key("0" * 64, [(1, 3)], [(("processor x", "1"),)]),
        recalls.key("0" * 64, [(1, 2)], [(("processor x", "2"),)]),
    ]
    assert [recalls.get(other) for other in others] == [None] * 3


def test_the_key_holds_the_code_that_makes_of_a_file_what_processors_receive() -> None:
    names = {module.__name__.rpartition(".")[2] for module in recall.MODULES}
    assert names == {"assemble", "edits", "encoding", "join_js", "licences", "source_text"}
