"""The peers: fetches those that package registries have, finds those that the system has, and says what is missing.

A peer that is missing is no failure: `why` says so in its row.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab.corpus import ESBUILD, install
from tests.workload import WORK

PYTHON = (
    "webassets",
    "rcssmin",
    "rjsmin",
    "django",
    "django-compressor",
    "flask-static-digest",
    "whitenoise",
    "brotli",
)
NODE: Mapping[str, str] = {**ESBUILD, "vite": "8.3.8"}
_SPROCKETS = "require 'sprockets'; require 'terser'; require 'cssmin'; puts Sprockets::VERSION, Terser::VERSION"


@dataclass(frozen=True, slots=True)
class Peers:
    """Paths of what is there, by name; for each other one why it is not; and the versions."""

    paths: Mapping[str, Path]
    why: Mapping[str, str]
    versions: Mapping[str, str]


@dataclass(slots=True)
class _Found:
    paths: dict[str, Path] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def find_peers() -> Peers:
    found = _Found()
    for name, look in (("python", _python), ("npm", _node), ("hugo", _hugo), ("Sprockets", _sprockets)):
        try:
            look(found)
        except (OSError, subprocess.SubprocessError) as error:
            found.why[name] = _reason(error)
    return Peers(found.paths, found.why, found.versions)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"`{Path(str(error.filename)).name}` is not installed"
    said = (getattr(error, "stderr", "") or "").strip() if isinstance(error, subprocess.SubprocessError) else str(error)
    return " ".join(said.splitlines()[-1:]) or str(error)


def _said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout


def _python(found: _Found) -> None:
    """The interpreter of an environment of its own."""
    folder = WORK / "peers"
    python = folder / "bin" / "python"
    ready, wanted = folder / ".ready", "\n".join(PYTHON)
    if not ready.is_file() or ready.read_text("utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _said(sys.executable, "-m", "venv", folder)
        _said(python, "-m", "pip", "install", "--quiet", *PYTHON)
        ready.write_text(wanted, "utf-8")
    asked = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found.versions |= dict(zip(PYTHON, _said(python, "-c", asked, *PYTHON).split(), strict=True))
    found.paths["python"] = python


def _node(found: _Found) -> None:
    try:
        modules = install("npm-peers", NODE)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        found.why["npm"] = str(missing)
        return
    found.paths["vite"] = modules / "vite" / "bin" / "vite.js"
    for name in NODE:
        found.versions[name] = str(json.loads((modules / name / "package.json").read_text("utf-8"))["version"])
    binaries: Sequence[Path] = sorted(modules.glob("@esbuild/*/bin/esbuild")) + sorted(
        modules.glob("@esbuild/*/esbuild.exe")
    )
    if binaries:
        found.paths["esbuild"] = binaries[0]
    else:
        found.why["esbuild"] = "npm has no binary of it for this machine"
    found.versions["node"] = _said("node", "--version").strip().lstrip("v")


def _hugo(found: _Found) -> None:
    said = _said("hugo", "version")
    number = re.search(r"v(\d[\w.]*)", said)
    found.versions["hugo"] = number[1] if number else said.strip()
    found.paths["hugo"] = Path(shutil.which("hugo") or "hugo")


def _sprockets(found: _Found) -> None:
    ruby = shutil.which("ruby")
    if not ruby:
        raise FileNotFoundError(2, "not installed", "ruby")
    try:
        numbers = _said(ruby, "-e", _SPROCKETS).split()
    except subprocess.CalledProcessError:
        found.why["Sprockets"] = "Debian's `ruby-sprockets`, `ruby-terser` and `ruby-cssmin` are not all installed"
        return
    found.versions |= {"Sprockets": numbers[0], "Ruby's terser": numbers[1]}
    found.paths["ruby"] = Path(ruby)
