"""Folders in [importmap]: browsers get an entry for every specifier that a script uses below one, and no folder."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import Assets
from assetbuild.build import urls
from assetbuild.build.import_map import ImportMap
from assetbuild.build.model import Severity
from assetbuild.build.verify import verify
from tests.project import PLAIN, Project, project

FOLDER = '[importmap]\n"pkg/" = "vendor/pkg/src/"\n'
FILES = {
    "vendor/pkg/src/a.js": "export {}",
    "vendor/pkg/src/deep/b.js": "import '../a.js'; export {}",
    "vendor/pkg/src/my file.js": "export {}",
    "vendor/pkg/src/s.css": "a{}",
    "vendor/pkg/other.js": "export {}",
}
MODES = pytest.mark.parametrize("mode", ["rewrite", "importmap"])


def made(folder: Path, script: str, config: str = FOLDER, *, head: str = "", **files: str) -> Project:
    """A project whose one own script is `script`."""
    return project(folder, {"js/app.js": script, **FILES, **files}, f"{head}{PLAIN}{config}")


def bare_entries(built: Project) -> dict[str, str]:
    """The import map but for relative imports."""
    found: dict[str, str] = built.manifest.get("importmap", {})
    return {key: target for key, target in found.items() if not key.startswith("./")}


# --- which specifiers are listed ---------------------------------------------------------------------------

USES = [
    ("import 'pkg/a.js'", "pkg/a.js", "a.js"),
    ("import {x} from 'pkg/deep/b.js'", "pkg/deep/b.js", "deep/b.js"),
    ("export * from 'pkg/a.js'", "pkg/a.js", "a.js"),
    ("import('pkg/a.js')", "pkg/a.js", "a.js"),
    ("import(`pkg/a.js`)", "pkg/a.js", "a.js"),
    ("import.meta.resolve('pkg/a.js')", "pkg/a.js", "a.js"),
    ("import s from 'pkg/s.css' with {type: 'css'}", "pkg/s.css", "s.css"),
    (r"import 'pkg/\x61.js'", "pkg/a.js", "a.js"),
    ("import 'pkg/my file.js'", "pkg/my file.js", "my file.js"),
    ("import 'pkg/my%20file.js'", "pkg/my%20file.js", "my file.js"),
    ("import 'pkg/./deep/../a.js'", "pkg/./deep/../a.js", "a.js"),
]


@MODES
@pytest.mark.parametrize(("script", "specifier", "file"), USES, ids=[row[0] for row in USES])
def test_a_specifier_that_a_script_uses_gets_an_entry_of_its_own(
    tmp_path: Path, mode: str, script: str, specifier: str, file: str
) -> None:
    built = made(tmp_path, script, head=f'modules = "{mode}"\n')
    assert built.problems() == ()
    assert bare_entries(built) == {specifier: f"vendor/pkg/src/{file}"}
    assert built.read("js/app.js") == script
    assert verify(built.config) == ()


def test_what_no_script_uses_is_not_listed_and_a_folder_of_another_host_stays(tmp_path: Path) -> None:
    far = '"far/" = "https://cdn.example.com/far/"\n'
    built = made(tmp_path, "import 'pkg/a.js'; import 'far/x.js'; // import 'pkg/deep/b.js'", FOLDER + far)
    assert built.problems() == ()
    assert bare_entries(built) == {"pkg/a.js": "vendor/pkg/src/a.js", "far/": "https://cdn.example.com/far/"}
    nothing = made(tmp_path / "nothing", "export {}")
    assert nothing.problems() == ()
    assert "importmap" not in nothing.manifest


def test_a_page_gets_the_fingerprinted_names_with_their_integrity(tmp_path: Path) -> None:
    built = made(tmp_path, "import 'pkg/deep/b.js'; import 'pkg/a.js'")
    built.build()
    assets = Assets.load(built.output / "manifest.json", base_url="/assets/")
    table = json.loads(assets.importmap_tag().partition(">")[2].partition("<")[0])
    paths = {name: f"/assets/{built.path(f'vendor/pkg/src/{name}')}" for name in ("a.js", "deep/b.js")}
    assert table["imports"] == {f"pkg/{name}": path for name, path in paths.items()}
    assert list(table["imports"]) == sorted(table["imports"])
    assert table["integrity"].keys() == set(paths.values())
    assert built.manifest["assets"]["js/app.js"]["imports"] == ["vendor/pkg/src/deep/b.js", "vendor/pkg/src/a.js"]


def test_entries_follow_the_scripts_from_build_to_build(tmp_path: Path) -> None:
    built = made(tmp_path, "import 'pkg/a.js'")
    first = built.build().manifest
    built.write({"static/js/app.js": "import 'pkg/deep/b.js'"})
    built.build()
    assert bare_entries(built) == {"pkg/deep/b.js": "vendor/pkg/src/deep/b.js"}
    built.write({"static/js/app.js": "import 'pkg/a.js'"})
    assert built.build().manifest == first


def test_a_specifier_in_an_input_of_a_bundle_stays_and_is_listed(tmp_path: Path) -> None:
    bundle = '[bundles]\n"all.js" = ["js/app.js", "js/more.js"]\n'
    files = {"js/more.js": "more()"}
    built = made(tmp_path, "import('pkg/a.js')", FOLDER + bundle, head='exclude = ["js/*"]\n', **files)
    assert built.problems() == ()
    assert built.read("all.js").startswith("import('pkg/a.js')")
    assert bare_entries(built) == {"pkg/a.js": "vendor/pkg/src/a.js"}


@MODES
def test_a_specifier_with_a_query_is_rewritten_as_an_entry_cannot_keep_it(tmp_path: Path, mode: str) -> None:
    built = made(tmp_path, r"import 'pkg/\x61.js?v=1#x'; import('pkg/a.js')", head=f'modules = "{mode}"\n')
    assert built.problems() == ()
    assert built.read("js/app.js") == f"import '../{built.path('vendor/pkg/src/a.js')}?v=1#x'; import('pkg/a.js')"
    assert bare_entries(built) == {"pkg/a.js": "vendor/pkg/src/a.js"}


@MODES
def test_in_a_worker_specifiers_below_folders_are_rewritten_or_reported(tmp_path: Path, mode: str) -> None:
    worker = "import 'pkg/a.js'; import 'far/x.js'"
    far = '"far/" = "https://cdn.example.com/far/"\n'
    script = "new Worker(new URL('w.js', import.meta.url), {type: 'module'})"
    built = made(tmp_path, script, FOLDER + far, head=f'modules = "{mode}"\n', **{"js/w.js": worker})
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("bare-in-worker", Severity.WARNING)
    assert problem.hint == 'import "https://cdn.example.com/far/x.js" itself, if this script runs in a worker'
    assert built.read("js/w.js") == f"import '../{built.path('vendor/pkg/src/a.js')}'; import 'far/x.js'"
    assert bare_entries(built) == {"far/": "https://cdn.example.com/far/"}


# --- which entry answers -----------------------------------------------------------------------------------

ENTRIES = {
    "pkg": "vendor/pkg/other.js",
    "pkg/": "vendor/pkg/src/",
    "pkg/deep/": "https://cdn.example.com/deep/",
    "pkg/deep/own/": "vendor/own/",
    "pkg/one.js": "vendor/one.js",
}


@pytest.mark.parametrize(
    ("specifier", "key", "target"),
    [
        ("pkg", "pkg", "vendor/pkg/other.js"),
        ("pkg/one.js", "pkg/one.js", "vendor/one.js"),
        ("pkg/a.js", "pkg/", "vendor/pkg/src/a.js"),
        ("pkg/one.js/b.js", "pkg/", "vendor/pkg/src/one.js/b.js"),
        ("pkg/deep/b.js", "pkg/deep/", "https://cdn.example.com/deep/b.js"),
        ("pkg/deep/own/c.js?x", "pkg/deep/own/", "vendor/own/c.js"),
        ("pkg/", "pkg/", "vendor/pkg/src/"),
        ("pkg/x/", "pkg/", "vendor/pkg/src/x/"),
        ("pkg/../other.js", "pkg/", None),
        ("pkg/%2e%2e/other.js", "pkg/", None),
        ("pkg//a.js", "pkg/", None),
        ("pkg/%ff.js", "pkg/", None),
    ],
)
def test_a_whole_entry_answers_first_then_the_longest_folder(specifier: str, key: str, target: str | None) -> None:
    answer = ImportMap(ENTRIES).answer(specifier)
    assert answer is not None
    assert (answer.key, answer.target) == (key, target)


@pytest.mark.parametrize("specifier", ["pkgs", "pk/a.js", "own/", "other"])
def test_what_is_below_no_entry_has_no_answer(specifier: str) -> None:
    assert ImportMap(ENTRIES).answer(specifier) is None


WORDS = st.lists(st.sampled_from(["a", "b", "..", ".", "%2e", "c.js"]), min_size=1, max_size=5).map("/".join)
KEYS = st.tuples(st.sampled_from(["a", "a/b", "b"]), st.sampled_from(["", "/"])).map("".join)


@given(st.dictionaries(KEYS, st.sampled_from(["x", "x/y", "z"]), max_size=5), WORDS)
def test_answers_are_those_of_the_html_standard(entries: dict[str, str], specifier: str) -> None:
    """Against its text, with another library's URLs: sorted by code units, descending; no way out of a folder."""
    mapped = {key: target + ("/" if key.endswith("/") else ".js") for key, target in entries.items()}
    wanted: tuple[str, str | None] | None = None
    for key in sorted(mapped, reverse=True):
        base = f"https://host/{mapped[key]}"
        if key == specifier:
            wanted = (key, base)
            break
        if key.endswith("/") and specifier.startswith(key):
            url = urljoin(base, specifier.removeprefix(key).replace("%2e", "."))
            wanted = (key, url if url.startswith(base) else None)
            break
    answer = ImportMap(mapped).answer(specifier)
    if answer is None or wanted is None:
        assert (answer, wanted) == (None, None)
    else:
        found = None if answer.target is None else f"https://host/{urls.encode(answer.target)}"
        assert (answer.key, found) == wanted


# --- what has no file --------------------------------------------------------------------------------------

WHERE = 'which "pkg/" of [importmap] leads to'
MISSING = [
    ("import 'pkg/aa.js'", "missing", f"vendor/pkg/src/aa.js, {WHERE}, does not exist", "did you mean pkg/a.js?"),
    ("import 'pkg/deep/b'", "missing", f"vendor/pkg/src/deep/b, {WHERE}, does not", "did you mean pkg/deep/b.js?"),
    ("import 'pkg/b.js'", "missing", f"vendor/pkg/src/b.js, {WHERE}, does not", "did you mean pkg/deep/b.js or"),
    ("import 'pkg/zzz.png'", "missing", f"vendor/pkg/src/zzz.png, {WHERE}, does not exist", "add the file, or set"),
    ("import 'pkg/a.js/'", "importmap-folder", '"pkg/a.js/" is a folder', "name each of its files"),
    ("import 'pkg/my%20fil.js'", "missing", "vendor/pkg/src/my fil.js", "did you mean pkg/my%20file.js?"),
    ("import 'pkg/A.js'", "case-differs", 'differs from "vendor/pkg/src/a.js" in case', "write pkg/a.js"),
    ("import 'pkg/_b.js'", "not-published", f"vendor/pkg/src/_b.js, {WHERE}, exists but", "publish it"),
    ("import 'pkg/../other.js'", "missing", '"pkg/../other.js" leads out of vendor/pkg/src/', 'name a file below "pkg'),
    ("import 'pkg/'", "importmap-folder", '"pkg/" is a folder', "name each of its files"),
    ("import.meta.resolve('pkg/') + x", "importmap-folder", '"pkg/" is a folder', "name each of its files"),
    ("import.meta.resolve('pkg/deep/')", "importmap-folder", '"pkg/deep/" is a folder', "name each of its files"),
    ("import.meta.resolve('gkp/')", "bare-specifier", '"gkp/" is not in `[importmap]`', 'add "gkp/" = '),
]


@pytest.mark.parametrize("missing", ["error", "warn"])
@pytest.mark.parametrize(("script", "code", "text", "hint"), MISSING, ids=[row[0] for row in MISSING])
def test_a_specifier_that_no_file_answers_is_a_missing_reference(
    tmp_path: Path, script: str, code: str, text: str, hint: str, missing: str
) -> None:
    head = f'missing = "{missing}"\nexclude = ["**/_*"]\n'
    built = made(tmp_path, f"\n{script}", head=head, **{"vendor/pkg/src/_b.js": "export {}"})
    (problem,) = built.problems()
    assert (problem.code, problem.severity.value) == (code, "error" if missing == "error" else "warning")
    assert text in problem.text
    assert problem.hint.startswith(hint)
    assert problem.place is not None
    assert (problem.place.path, problem.place.line) == (str(tmp_path / "static/js/app.js"), 2)
    assert script[problem.place.column - 2] in "'`"
    if missing == "warn":
        assert bare_entries(built) == {}
        assert built.read("js/app.js") == f"\n{script}"


def test_a_folder_of_another_host_may_be_resolved_itself(tmp_path: Path) -> None:
    built = made(tmp_path, "import.meta.resolve('far/')", '[importmap]\n"far/" = "https://cdn.example.com/far/"\n')
    assert built.problems() == ()


@pytest.mark.parametrize(
    ("folder", "hint"),
    [
        ("vendor/pkg/scr/", "did you mean vendor/pkg/src/"),
        ("zzzzzzzz/", "write a folder of the namespace"),
        ("vendor/pkg/src/a.js/", "did you mean vendor/pkg/src/"),
        ("hidden/", "write a folder of the namespace"),
    ],
)
def test_a_folder_in_which_nothing_published_lies_is_an_error_of_the_configuration(
    tmp_path: Path, folder: str, hint: str
) -> None:
    built = made(
        tmp_path, "1", f'[importmap]\n"pkg/" = "{folder}"\n', head='exclude = ["hidden/*"]\n', **{"hidden/a.js": ""}
    )
    (problem,) = built.problems()
    assert (problem.code, problem.severity) == ("importmap-target", Severity.ERROR)
    assert problem.text == f'[importmap] "pkg/": nothing that is published lies in {folder}'
    assert problem.hint.startswith(hint)
    assert problem.place is not None
    assert problem.place.source_line == f'"pkg/" = "{folder}"'
