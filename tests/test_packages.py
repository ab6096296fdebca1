"""Package roots: found without running a line of them, in every way that packages are installed."""

from __future__ import annotations

import re
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import pytest

from assetbuild.build.packages import PackageError, find, folder

Install = Callable[[dict[str, str]], Path]
BOMB = "raise RuntimeError('a build ran the code of a package')\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts files into a new folder on sys.path, and gives that folder."""
    made: list[Path] = []

    def into_new_folder(files: dict[str, str]) -> Path:
        site = tmp_path / f"site{len(made)}"
        made.append(site)
        for name, text in files.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(site))
        return site

    return into_new_folder


@pytest.fixture(autouse=True)
def _nothing_is_imported() -> Iterator[None]:
    before = set(sys.modules)
    yield
    assert not [name for name in set(sys.modules) - before if name.startswith("zq")]


def test_a_package_is_found_without_running_it_or_its_parents(install: Install) -> None:
    site = install({"zqa/__init__.py": BOMB, "zqa/b/__init__.py": BOMB, "zqa/b/static/x.css": ""})
    assert find("zqa.b") == site / "zqa/b"
    assert folder("zqa.b", "static") == site / "zqa/b/static"
    assert folder("zqa", "b/static") == site / "zqa/b/static"


def test_every_part_of_a_namespace_package_is_searched(install: Install) -> None:
    first = install({"zqn/pkg/one/data/x.js": "", "zqn/pkg/one/__init__.py": BOMB})
    second = install({"zqn/pkg/two/data/x.js": "", "zqn/assets/x.js": ""})
    assert find("zqn.pkg.one") == first / "zqn/pkg/one"
    assert folder("zqn.pkg.two", "data") == second / "zqn/pkg/two/data"
    assert folder("zqn", "assets") == second / "zqn/assets"


@pytest.mark.parametrize(
    "init",
    [
        "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "__import__('pkg_resources').declare_namespace(__name__)\n",
    ],
)
def test_a_legacy_namespace_with_an_init_file_is_searched_in_every_part(install: Install, init: str) -> None:
    first = install({"zql/__init__.py": init, "zql/one/__init__.py": BOMB, "zql/one/data/x": ""})
    second = install({"zql/__init__.py": init, "zql/two/__init__.py": BOMB, "zql/two/data/x": ""})
    assert folder("zql.one", "data") == first / "zql/one/data"
    assert folder("zql.two", "data") == second / "zql/two/data"


def test_a_namespace_that_a_pth_file_put_into_sys_modules_is_believed(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install({"elsewhere/zx/pkg/one/data/x": "", "elsewhere/zx/pkg/one/__init__.py": BOMB})
    module = types.ModuleType("zx")
    module.__path__ = [str(site / "elsewhere/zx")]
    monkeypatch.setitem(sys.modules, "zx", module)
    assert folder("zx.pkg.one", "data") == site / "elsewhere/zx/pkg/one/data"


def test_a_package_of_an_editable_install_is_found(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "work"
    (source / "zqe/sub/static").mkdir(parents=True)
    (source / "zqe/__init__.py").write_text(BOMB, encoding="utf-8")
    (source / "zqe/sub/__init__.py").write_text(BOMB, encoding="utf-8")

    class EditableFinder:
        """As setuptools' `__editable___*_finder.py` installs one: it knows top-level names only."""

        @classmethod
        def find_spec(cls, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            return PathFinder.find_spec(name, [str(source)]) if name == "zqe" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, EditableFinder])
    assert folder("zqe.sub", "static") == source / "zqe/sub/static"


def refusal(package: str, path: str = "static") -> tuple[str, str, str]:
    with pytest.raises(PackageError) as caught:
        folder(package, path)
    return str(caught.value), caught.value.hint, "; ".join(caught.value.notes)


def test_a_package_that_is_not_installed_names_the_python_that_was_searched() -> None:
    text, hint, notes = refusal("zqnot_there.sub")
    version = ".".join(str(part) for part in sys.version_info[:3])
    assert text == f"the package `zqnot_there.sub` is not installed for Python {version}, which runs this build"
    assert hint == "pip install zqnot-there"
    assert notes == "packages whose assets are built must be installed for the Python that runs assetbuild"
    assert sys.prefix not in text + hint + notes


def test_a_name_that_only_differs_in_case_is_suggested() -> None:
    assert refusal("PyTest")[1] == 'did you mean package = "pytest"?'


def test_a_missing_sub_package_is_told_from_a_missing_package(install: Install) -> None:
    install({"zqa/__init__.py": BOMB, "zqa/admin/__init__.py": BOMB})
    text, hint, _ = refusal("zqa.admn")
    assert re.fullmatch(r"there is no package `zqa\.admn` in Python [\d.]+, though there is `zqa`", text)
    assert hint == 'did you mean package = "zqa.admin"?'


@pytest.mark.parametrize(
    ("package", "wanted"),
    [
        ("zqm", "`zqm` is a single module, not a package: it has no folder"),
        ("zqm.sub", "there is no package `zqm.sub`: `zqm` is a single module, not a package"),
        ("sys", "`sys` is a single module, not a package: it has no folder"),
    ],
)
def test_a_single_module_has_no_folder(install: Install, package: str, wanted: str) -> None:
    install({"zqm.py": BOMB})
    assert refusal(package)[0] == wanted


def test_a_zipped_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "zqz.egg"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zqz/__init__.py", BOMB)
        file.writestr("zqz/static/x.css", "")
    monkeypatch.syspath_prepend(str(archive))
    text, hint, _ = refusal("zqz")
    assert text == "the package `zqz` lies in the archive zqz.egg, where its files have no paths"
    assert hint == "install it unpacked, with pip"


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        ("django-htmx", 'did you mean package = "django_htmx"?'),
        ("django/contrib", 'did you mean package = "django.contrib"?'),
        ("..", "give the name as Python code imports it"),
        (".a", 'did you mean package = "a"?'),
        ("1a", "give the name as Python code imports it"),
    ],
)
def test_what_is_no_dotted_name_is_refused(package: str, hint: str) -> None:
    text, given, _ = refusal(package)
    assert text == f"`{package}` is not the name of a Python package"
    assert given == hint


@pytest.mark.parametrize("path", ["", ".", "./"])
def test_without_a_path_the_folders_are_listed(install: Install, path: str) -> None:
    install({"zqa/__init__.py": BOMB, "zqa/static/x": "", "zqa/__pycache__/x": "", "zqa/templates/x": ""})
    text, hint, notes = refusal("zqa", path)
    assert text == "a source in the package `zqa` needs a `path`"
    assert hint == "name the folder with the assets as `path`"
    assert notes == "folders in zqa: static, templates"


@pytest.mark.parametrize("path", ["..", "../x", "static/../..", "/etc", "a\\b"])
def test_a_path_that_leaves_the_package_is_refused(install: Install, path: str) -> None:
    install({"zqa/__init__.py": BOMB, "zqa/static/x": ""})
    assert refusal("zqa", path)[0] == f'"{path}" is not inside the package `zqa`'


def test_a_link_that_leaves_the_package_is_refused(install: Install, tmp_path: Path) -> None:
    site = install({"zqa/__init__.py": BOMB})
    (site / "zqa/static").symlink_to(tmp_path)
    assert refusal("zqa")[0] == '"static" is not inside the package `zqa`: it is a link that leads out of it'


def test_a_folder_that_is_not_there_suggests_a_near_one(install: Install) -> None:
    install({"zqa/__init__.py": BOMB, "zqa/static/x": ""})
    assert refusal("zqa", "statics")[:2] == (
        'the package `zqa` has no folder "statics"',
        'did you mean path = "static"?',
    )


@pytest.mark.parametrize("name", ["xstatic-jquery", "xstatic_jquery", "xstatic.jquery"])
def test_the_name_of_a_distribution_is_answered_with_its_package(tmp_path: Path, name: str) -> None:
    """In the test environment XStatic-jQuery is installed; its package is `xstatic.pkg.jquery`."""
    pytest.importorskip("xstatic.pkg.jquery")
    with pytest.raises(PackageError) as caught:
        folder(name, "data")
    assert 'package = "xstatic.pkg.jquery"' in caught.value.hint
