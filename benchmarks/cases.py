"""What is measured: command lines, and what is removed and copied before each run.

Makes the folders of the cases once, outside the time that is taken. Knows nothing of measuring.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.workload import CONFIG

HERE = Path(__file__).parent

# The files that the bundles' style sheets name, and nothing but the bundles beside them.
BUNDLES_ONLY = 'include = ["css/images/*", "webfonts/*"]\ncompress = []\n'
COMPRESS_ONLY = "[processors]\ncss = []\njs = []\n"
DIGEST_ONLY = "compress = []\n[processors]\ncss = []\njs = []\n"


@dataclass(frozen=True, slots=True)
class Case:
    """One row. Before a run `removed` goes and `copied` (from, to) is put there; after it there must be `made`."""

    name: str
    folder: Path
    command: tuple[str, ...]
    made: Path
    removed: tuple[Path, ...] = ()
    copied: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One table; its first case is what the others are compared with."""

    name: str
    note: str
    cases: tuple[Case, ...]


def prepared(site: Path, work: Path, *, peer: Path) -> tuple[Group, ...]:
    """All groups, their folders made anew below `work`. `peer` is the interpreter that has webassets."""
    shutil.rmtree(work, ignore_errors=True)
    full = _project(site, work / "full", CONFIG)
    digests = _project(site, work / "digests", DIGEST_ONLY + CONFIG)
    bundles = _project(site, work / "bundles", BUNDLES_ONLY + CONFIG)
    compressing = _project(site, work / "compressing", COMPRESS_ONLY)
    whitenoise, webassets = work / "whitenoise", work / "webassets"
    shutil.copytree(site, webassets / "static")
    whitenoise.mkdir()
    compress = (sys.executable, "-m", "whitenoise.compress", "--quiet", str(whitenoise / "static"))
    return (
        Group(
            "The whole workload",
            "Full: bundled, minified, gzip 9 and brotli 11 for all files. Names only: no minifying, no compression.",
            (*_states(full, "full"), *_states(digests, "names only")),
        ),
        Group(
            "Two bundles, joined and minified",
            "The same inputs and the same minifiers, rcssmin and rjsmin, without compression. webassets rewrites URLs "
            "(`cssrewrite`) and has no cache here.",
            (
                Case(
                    "webassets",
                    webassets,
                    (str(peer), str(HERE / "webassets_build.py"), str(webassets / "static")),
                    webassets / "static" / "bundles" / "site.js",
                    (webassets / "static" / "bundles",),
                ),
                *_states(bundles, "assetbuild"),
            ),
        ),
        Group(
            "Compressing all files",
            "gzip and brotli twins of the 30 files as they are. assetbuild names and links them too.",
            (
                Case(
                    "WhiteNoise's `compress`",
                    whitenoise,
                    compress,
                    whitenoise / "static" / "css" / "bootstrap.css.br",
                    (whitenoise / "static",),
                    ((site, whitenoise / "static"),),
                ),
                *_states(compressing, "assetbuild"),
            ),
        ),
    )


def _project(site: Path, folder: Path, config: str) -> Path:
    """A project that has been built once, so that a run can find its cache and its output."""
    shutil.copytree(site, folder / "static")
    (folder / "assetbuild.toml").write_text(config, "utf-8")
    subprocess.run([sys.executable, "-m", "assetbuild", "build"], cwd=folder, check=True, capture_output=True)
    return folder


def _states(folder: Path, name: str) -> tuple[Case, ...]:
    """Cold, cached and up to date, in the order in which each leaves what the next one needs."""
    command = (sys.executable, "-m", "assetbuild", "build")
    made, output = folder / "public" / "assets" / "manifest.json", folder / "public"
    return (
        Case(f"{name}, cold", folder, command, made, (folder / ".assetbuild", output)),
        Case(f"{name}, cached", folder, command, made, (output,)),
        Case(f"{name}, nothing to do", folder, command, made),
    )
