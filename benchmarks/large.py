"""The larger workloads: M (2,470 files) and L (11,007 files) of packages as published.

Prepares folders and command lines, as `small` does for S. Knows nothing of measuring.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.cases import BUILD, HERE, Case, Group, Plan, absent, states
from benchmarks.peers import Peers
from benchmarks.small import DIGEST_ONLY, compressed_again, project, storage, whitenoise
from tests.lab.corpus import fetch_l

_ONLY_L = (
    "ace",
    "bootstrap-icons/icons",
    "fontawesome/svgs",
    "foundation",
    "ionicons",
    "monaco",
    "three",
)
"""The folders of L that M does not have."""

_MISSING = 'missing = "warn"\n'  # some packages name files that they do not publish
_SCRIPT = "vue/vue.global.prod.js"  # 160,000 bytes
NAMES = {"M": "M, names only", "L": "L, names only"}
MINIFIED = "M, minified and named"
IN_FULL = "M in full"
PYTHON = "`python -c ''`"
SCAN = "list and stat the files"
COPY = "list, stat, read, digest, write"
CHANGED = "assetbuild, one script changed"
ALONE = "that script alone, cold"
ONE_JOB = "assetbuild, cold, one job"


def plans(work: Path, peers: Peers, *, full: bool) -> tuple[Plan, ...]:
    """`full`: also those that minify or compress all of M, which take a minute or two a round."""
    sources = {"L": fetch_l(), "M": work / "M"}
    few = Plan(NAMES["M"], partial(_names_only, "M", sources, work, peers))
    many = Plan(NAMES["L"], partial(_names_only, "L", sources, work, peers))
    whole = (
        Plan(MINIFIED, partial(_minified, sources, work, peers)),
        Plan(IN_FULL, partial(_in_full, sources, work, peers)),
    )
    return (few, many, *(whole if full else ()))


def _source(name: str, sources: dict[str, Path]) -> Path:
    large = sources["L"]
    skipped = {large / each for each in _ONLY_L}

    def of_l(folder: str, names: list[str]) -> list[str]:
        return [each for each in names if Path(folder) / each in skipped]

    if not sources[name].is_dir():
        shutil.copytree(large, sources[name], ignore=of_l)
    return sources[name]


def _names_only(name: str, sources: dict[str, Path], work: Path, peers: Peers) -> Group:
    folder = project(_source(name, sources), work / f"names-{name}", _MISSING + DIGEST_ONLY)
    static, copied = folder / "static", work / f"copied-{name}"
    cases = [
        Case(PYTHON, HERE, (sys.executable, "-c", ""), HERE / "large.py"),
        Case(SCAN, HERE, _baseline("scan", static), HERE / "large.py"),
        Case(COPY, HERE, _baseline("copy", static, copied), HERE / "large.py", (copied,)),
        *states(folder, "assetbuild", heavy=name == "L"),
        *(_one_changed(folder, work / "alone-names", DIGEST_ONLY) if name == "M" else ()),
        *_collectstatic(static, work / f"collected-{name}", peers, changed=name == "M"),
        _static_digest(static, work / f"digested-{name}", peers),
    ]
    return Group(
        NAMES[name],
        "Nothing is minified or compressed; every file gets a name with its digest. assetbuild and collectstatic, with "
        "Django's ManifestStaticFilesStorage, also rewrite references: assetbuild reads every script with a parser for "
        "that, collectstatic reads style sheets with regular expressions. Flask-Static-Digest rewrites none. Where "
        "a script changes, it has 160 KB, and a comment is added to it.",
        tuple(cases),
    )


def _one_changed(folder: Path, alone: Path, config: str) -> tuple[Case, ...]:
    """The build of a project after one script changed, and what that script costs on its own."""
    manifest = Path("public") / "assets" / "manifest.json"
    (alone / "static").mkdir(parents=True)
    (alone / "assetbuild.toml").write_text(config, "utf-8")
    script = folder / "static" / _SCRIPT
    shutil.copy2(script, alone / "static" / script.name)
    return (
        Case(CHANGED, folder, BUILD, folder / manifest, changed=(script,)),
        Case(ALONE, alone, BUILD, alone / manifest, (alone / ".assetbuild", alone / "public")),
    )


def _collectstatic(static: Path, target: Path, peers: Peers, *, changed: bool) -> tuple[Case, ...]:
    if "python" not in peers.paths:
        return (absent("collectstatic", peers.why["python"]),)
    command = (str(peers.paths["python"]), str(HERE / "collectstatic.py"), str(static), str(target))
    again = Case("collectstatic, nothing to do", HERE, command, target / "staticfiles.json")
    one = replace(again, name="collectstatic, one script changed", changed=(static / _SCRIPT,))
    return (replace(again, name="collectstatic, cold", removed=(target,)), again, *((one,) if changed else ()))


def _static_digest(static: Path, target: Path, peers: Peers) -> Case:
    """It writes beside the sources, so it has some of its own."""
    if "python" not in peers.paths:
        return absent("Flask-Static-Digest", peers.why["python"])
    command = (str(peers.paths["python"]), str(HERE / "static_digest.py"), str(target))
    return Case("Flask-Static-Digest", HERE, command, target / "cache_manifest.json", (target,), ((static, target),))


def _minified(sources: dict[str, Path], work: Path, peers: Peers) -> Group:
    folder = project(_source("M", sources), work / "minified", _MISSING + "compress = []\n")
    if "python" in peers.paths:
        output = work / "webassets-M"
        command = (str(peers.paths["python"]), str(HERE / "webassets_all.py"), str(folder / "static"), str(output))
        theirs = Case("webassets", HERE, command, output, (output,))
    else:
        theirs = absent("webassets", peers.why["python"])
    return Group(
        MINIFIED,
        "Every style sheet and script minified on its own, every file named, nothing compressed. webassets has the "
        "same minifiers, proves nothing and rewrites no reference; other files than these are named by plain Python.",
        (theirs, *states(folder, "assetbuild", heavy=True)),
    )


def _in_full(sources: dict[str, Path], work: Path, peers: Peers) -> Group:
    folder = project(_source("M", sources), work / "full", _MISSING)
    static = folder / "static"
    cold, cached, again = states(folder, "assetbuild", heavy=True)
    changed, alone = _one_changed(folder, work / "alone-full", "")
    return Group(
        IN_FULL,
        "All style sheets and scripts minified and proven, gzip 9 and brotli 11 for all files. WhiteNoise does not "
        "minify: its `compress` makes twins of the files as they are; its storage for Django, which names files and "
        "rewrites references too, makes twins of the files under both names.",
        (
            whitenoise(static, work / "whitenoise", twin="app/css/bootstrap.css.br", heavy=True),
            storage(static, work / "storage", peers, heavy=True),
            replace(cold, name=ONE_JOB, command=(*BUILD, "--jobs", "1")),
            cold,
            compressed_again(folder, heavy=True),
            cached,
            again,
            replace(changed, heavy=True),
            alone,
        ),
    )


def _baseline(*arguments: str | Path) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", str(HERE / "baseline.py"), *map(str, arguments))
