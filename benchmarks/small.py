"""Workload S, 30 files and 2.3 MB: minified, compressed, with names only.

Its bundles are in `bundlers`. Knows nothing of measuring.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

from benchmarks import bundlers
from benchmarks.cases import HERE, Case, Group, Plan, absent, states
from benchmarks.peers import Peers
from tests.workload import CONFIG

DIGEST_ONLY = "compress = []\n[processors]\ncss = []\njs = []\n"
COMPRESS_ONLY = "[processors]\ncss = []\njs = []\n"
IN_FULL = "S in full"
COMPRESSING = "S, compressed only"
NAMES = "S, names only"
BASELINE = "the same bytes compressed on two threads"
STORAGE = "WhiteNoise's Django storage"
WHITENOISE = "WhiteNoise's `compress`"


def plans(site: Path, work: Path, peers: Peers) -> tuple[Plan, ...]:
    return (
        Plan(IN_FULL, partial(_in_full, site, work, peers)),
        Plan(bundlers.TITLE, partial(bundlers.prepare, site, work, peers)),
        Plan(COMPRESSING, partial(_compressing, site, work)),
        Plan(NAMES, partial(_names, site, work)),
    )


def _in_full(site: Path, work: Path, peers: Peers) -> Group:
    full = project(site, work / "full", "")
    bundled = project(site, work / "full-bundles", CONFIG)
    return Group(
        IN_FULL,
        "Every style sheet and script minified and proven, gzip 9 and brotli 11 for all files. WhiteNoise does not "
        "minify: its `compress` makes twins of the 30 files as they are; its storage for Django, which names files and "
        "rewrites references too, makes twins of the files under both names. The last rows have two bundles in "
        "addition.",
        (
            whitenoise(site, work / "whitenoise"),
            storage(site, work / "storage", peers),
            *states(full, "assetbuild"),
            compressed_again(full),
            *states(bundled, "with bundles"),
        ),
    )


def _compressing(site: Path, work: Path) -> Group:
    return Group(
        COMPRESSING,
        "gzip and brotli twins of the 30 files as they are. assetbuild names and links them too.",
        (
            whitenoise(site, work / "whitenoise-only"),
            *states(project(site, work / "compressing", COMPRESS_ONLY), "assetbuild"),
        ),
    )


def _names(site: Path, work: Path) -> Group:
    return Group(
        NAMES,
        "Neither minified nor compressed; two bundles in addition.",
        states(project(site, work / "digests", DIGEST_ONLY + CONFIG), "assetbuild"),
    )


def project(site: Path, folder: Path, config: str) -> Path:
    shutil.copytree(site, folder / "static")
    (folder / "assetbuild.toml").write_text(config, "utf-8")
    return folder


def whitenoise(source: Path, target: Path, *, twin: str = "css/bootstrap.css.br", heavy: bool = False) -> Case:
    command = (sys.executable, "-m", "whitenoise.compress", "--quiet", str(target))
    return Case(WHITENOISE, HERE, command, target / twin, (target,), ((source, target),), heavy=heavy)


def storage(source: Path, target: Path, peers: Peers, *, heavy: bool = False) -> Case:
    if "python" not in peers.paths:
        return absent(STORAGE, peers.why["python"])
    command = (str(peers.paths["python"]), str(HERE / "collectstatic.py"), str(source), str(target), "whitenoise")
    return Case(STORAGE, HERE, command, target / "staticfiles.json", (target,), heavy=heavy)


def compressed_again(folder: Path, *, heavy: bool = False) -> Case:
    """After a build: what compressing its outputs alone costs."""
    manifest = folder / "public" / "assets" / "manifest.json"
    command = (sys.executable, "-I", str(HERE / "baseline.py"), "compress", str(manifest))
    return Case(BASELINE, HERE, command, manifest, heavy=heavy)
