"""The Makefile, really run, over a site of three files: when `make assets` starts the builder and when it does not.

The environment's programs are replaced by shims that write down each start and then run the real ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sample_site import CHECKOUT

FILES = {
    "pyproject.toml": "",
    "sample_app/requirements.txt": "",
    "sample_app/assetbuild.toml": 'manifest = "public/manifest.json"\n[publish]\ntarget = "file:public/cdn"\n'
    '[bundles]\n"css/site.css" = ["css/site/*.css"]\n'
    '"js/site.js" = ["js/site/*.js"]\n',
    "sample_app/static/css/site/base.css": "a { background: url(../../img/a.svg); }\n",
    "sample_app/static/js/site/gallery.js": "window.gallery = 1;\n",
    "sample_app/static/img/a.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
}
LONG_AGO = 1_700_000_000
SHIM = '#!/bin/sh\necho "{name} $*" >> "{log}"\nexec "{python}" {module} "$@"\n'


@dataclass(frozen=True, slots=True)
class Checkout:
    root: Path

    @property
    def starts(self) -> list[str]:
        """Every start of a program of the environment, or of `python3`, so far."""
        log = self.root / "starts.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.root / 'shims'}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env={**environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def starts_of(self, *arguments: str) -> list[str]:
        before = len(self.starts)
        self.make(*arguments)
        return self.starts[before:]


def shim(file: Path, *, log: Path, module: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SHIM.format(name=file.name, log=log, python=sys.executable, module=module), encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose assets `make assets` has built once, with sources that are old by then."""
    root = tmp_path_factory.mktemp("checkout")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    shutil.copy(CHECKOUT / "Makefile", root)
    for file in root.rglob("*"):
        os.utime(file, (LONG_AGO, LONG_AGO))
    log = root / "starts.log"
    shim(root / ".venv" / "bin" / "assetbuild", log=log, module="-m assetbuild")
    shim(root / ".venv" / "bin" / "python", log=log)
    for name in ("python", "python3"):
        shim(root / "shims" / name, log=log)
    ready = root / ".venv" / ".ready"
    ready.touch()
    os.utime(ready, (LONG_AGO + 1, LONG_AGO + 1))
    checkout = Checkout(root)
    assert len(checkout.starts_of("assets")) == 1
    return checkout


def edit(root: Path) -> None:
    file = root / "sample_app/static/css/site/base.css"
    file.write_text(file.read_text(encoding="utf-8") + "\n.new { color: red; }\n", encoding="utf-8")


def touch(root: Path) -> None:
    (root / "sample_app/static/js/site/gallery.js").touch()


def add(root: Path) -> None:
    (root / "sample_app/static/js/site/added.js").write_text("window.added = true;\n", encoding="utf-8")


def delete(root: Path) -> None:
    (root / "sample_app/static/js/site/added.js").unlink()


def configure(root: Path) -> None:
    (root / "sample_app/assetbuild.toml").touch()


def forget_the_notes(root: Path) -> None:
    (root / "sample_app/.assetbuild/make.d").unlink()


def forget_the_manifest(root: Path) -> None:
    (root / "sample_app/public/manifest.json").unlink()


def test_make_assets_starts_the_builder_when_something_changed_and_nothing_at_all_otherwise(built: Checkout) -> None:
    assert built.starts_of("assets") == []
    for change in (edit, touch, add, delete, configure, forget_the_notes, forget_the_manifest):
        change(built.root)
        starts = built.starts_of("assets")
        assert [start.split()[0] for start in starts] == ["assetbuild"], change.__name__
        assert built.starts_of("assets") == [], f"after {change.__name__}"


def test_make_demo_builds_and_shows_what_was_made(built: Checkout) -> None:
    done = built.make("demo", "PORT=8123")
    assert "css/site.css" in done.stdout
    assert "http://127.0.0.1:8123/" in done.stdout
    assert f"is live in production at {(built.root / 'sample_app/public/cdn').as_uri()}" in done.stdout
    assert [start.split()[1] for start in built.starts[-3:]] == ["build", "ls", "publish"]


def test_make_serve_publishes_before_it_boots_and_boots_with_the_published_assets(built: Checkout) -> None:
    gunicorn = built.root / ".venv" / "bin" / "gunicorn"
    gunicorn.write_text(f'#!/bin/sh\necho "gunicorn $ASSETS_BASE_URL" >> "{built.root / "starts.log"}"\n', "utf-8")
    gunicorn.chmod(0o755)
    starts = built.starts_of("serve")
    assert starts[-1] == "gunicorn /cdn/"
    assert starts[-2].endswith(" publish")
    assert built.starts_of("serve", "ASSETS_BASE_URL=/static/")[-1] == "gunicorn /static/"


def test_make_alone_says_what_there_is(built: Checkout) -> None:
    said = built.make().stdout
    targets = ["demo", "serve", "assets", "test", "lab", "check", "bench", "docs", "clean"]
    assert [line.split()[1] for line in said.splitlines()] == targets


def test_an_environment_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    """`python3 -m venv` and pip are shims here: what counts is which steps `make` asks for, and in what order."""
    root = tmp_path
    for name in ("Makefile", "pyproject.toml", "sample_app/requirements.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy2(CHECKOUT / name, root / name)
    log = root / "starts.log"
    recorder = f'#!/bin/sh\necho "$*" >> "{log}"\n'
    pip = root / ".venv" / "bin" / "python"
    for file in (root / "shims" / "python3", pip):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(recorder, encoding="utf-8")
        file.chmod(0o755)
    checkout = Checkout(root)
    ready = root / ".venv" / ".ready"

    pip.write_text(recorder + "exit 1\n", encoding="utf-8")  # the first install breaks off
    interrupted = subprocess.run(
        ["make", ".venv/.ready", f"PYTHON={root / 'shims' / 'python3'}"],
        cwd=root, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert interrupted.returncode != 0
    assert not ready.exists()

    pip.write_text(recorder, encoding="utf-8")
    starts = checkout.starts_of(".venv/.ready")
    assert any(start.startswith("-m venv --clear") for start in starts)
    assert ready.exists()

    assert checkout.starts_of(".venv/.ready") == []

    os.utime(root / "pyproject.toml")  # a new dependency, say: installed on top, the environment stays
    os.utime(ready, (LONG_AGO, LONG_AGO))
    again = checkout.starts_of(".venv/.ready")
    assert not any("venv" in start for start in again)
    assert any("--editable" in start for start in again)


def test_make_clean_leaves_no_built_file(built: Checkout, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(built.root, root)
    Checkout(root).make("clean")
    left = {file.name for file in root.rglob("*") if file.is_dir()}
    assert left.isdisjoint({".venv", "public", ".assetbuild", "__pycache__"})
    assert (root / "sample_app" / "static").is_dir()
