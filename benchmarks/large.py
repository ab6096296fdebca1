"""The larger workloads: M (2,470 files) and L (11,007 files) of packages as published.

Prepares folders and command lines, as `cases` does for S. Knows nothing of measuring.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.cases import DIGEST_ONLY, Case, Group
from tests.lab.corpus import fetch_l

HERE = Path(__file__).parent
_HERE = HERE / "large.py"
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
_PYTHON = Case("`python -c ''`", HERE, (sys.executable, "-c", ""), _HERE)


def prepared(work: Path, *, peer: Path, full: bool) -> tuple[Group, ...]:
    """All groups, their folders made anew below `work`. `peer` is the interpreter that has the peers.

    `full`: also those that compress all of M, which take minutes a round.
    """
    shutil.rmtree(work, ignore_errors=True)
    sources = {"L": fetch_l()}
    sources["M"] = work / "M"
    skipped = {sources["L"] / name for name in _ONLY_L}

    def of_l(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder) / name in skipped]

    shutil.copytree(sources["L"], sources["M"], ignore=of_l)
    groups = []
    for name in ("M", "L"):
        folder = _project(sources[name], work / f"names-{name}", _MISSING + DIGEST_ONLY)
        groups += [_nothing_to_do(name, folder, work, peer), _names_only(name, folder, work, peer)]
    if full:
        groups.append(_in_full(_project(sources["M"], work / "full", _MISSING), work))
    return tuple(groups)


def _nothing_to_do(name: str, folder: Path, work: Path, peer: Path) -> Group:
    static = folder / "static"
    collected = work / f"collected-{name}"
    collect = (str(peer), str(HERE / "collectstatic.py"), str(static), str(collected))
    subprocess.run(collect, check=True, capture_output=True)
    return Group(
        f"{name}, nothing to do",
        "Names only: nothing is minified or compressed. collectstatic has Django's ManifestStaticFilesStorage, and "
        "everything collected already.",
        (
            _PYTHON,
            Case("list and stat the files", HERE, _baseline("scan", static), _HERE),
            Case("assetbuild", folder, _BUILD, folder / "public" / "assets" / "manifest.json"),
            Case("collectstatic", HERE, collect, collected / "staticfiles.json"),
        ),
    )


def _names_only(name: str, folder: Path, work: Path, peer: Path) -> Group:
    static, plain = folder / "static", work / f"copied-{name}"
    cold, digested = work / f"cold-{name}", work / f"digested-{name}"
    digest = (str(peer), str(HERE / "static_digest.py"), str(digested))
    collect = (str(peer), str(HERE / "collectstatic.py"), str(static), str(cold))
    made = folder / "public" / "assets" / "manifest.json"
    return Group(
        f"{name}, names only, cold",
        "Every file gets a name with its digest. assetbuild and collectstatic also rewrite references; assetbuild "
        "reads every script with a parser for that, collectstatic reads style sheets with regular expressions.",
        (
            Case(
                "list, stat, read, digest, write", HERE, _baseline("copy", static, plain), HERE / "large.py", (plain,)
            ),
            Case("assetbuild, cold", folder, _BUILD, made, (folder / ".assetbuild", folder / "public")),
            Case("assetbuild, cached", folder, _BUILD, made, (folder / "public",)),
            Case("collectstatic", HERE, collect, cold / "staticfiles.json", (cold,)),
            # It writes beside the sources, so it has some of its own.
            Case(
                "Flask-Static-Digest",
                HERE,
                digest,
                digested / "cache_manifest.json",
                (digested,),
                ((static, digested),),
            ),
        ),
    )


def _in_full(folder: Path, work: Path) -> Group:
    made, output = folder / "public" / "assets" / "manifest.json", folder / "public"
    compressed = work / "whitenoise"
    compress = (sys.executable, "-m", "whitenoise.compress", "--quiet", str(compressed))
    changed = "import sys; open(sys.argv[1], 'a').write('\\n// changed\\n')"
    script = folder / "static" / "vue" / "vue.global.prod.js"
    build = "import runpy; sys.argv = ['assetbuild', 'build']; runpy.run_module('assetbuild', run_name='__main__')"
    one = f"{changed}; {build}"
    return Group(
        "M in full",
        "All style sheets and scripts minified and proven, gzip 9 and brotli 11 for all files. WhiteNoise compresses "
        "the files as they are, with the same levels.",
        (
            Case(
                "WhiteNoise's `compress`",
                HERE,
                compress,
                compressed / "app" / "css" / "bootstrap.css.br",
                (compressed,),
                ((folder / "static", compressed),),
            ),
            Case("assetbuild, cold", folder, _BUILD, made, (folder / ".assetbuild", output)),
            Case("assetbuild, cold, one job", folder, (*_BUILD, "--jobs", "1"), made, (folder / ".assetbuild", output)),
            Case("assetbuild, cached", folder, _BUILD, made, (output,)),
            Case("assetbuild, one script of 170 KB changed", folder, (sys.executable, "-c", one, str(script)), made),
            Case("assetbuild, nothing to do", folder, _BUILD, made),
        ),
    )


_BUILD = (sys.executable, "-m", "assetbuild", "build")


def _baseline(*arguments: str | Path) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", str(HERE / "baseline.py"), *map(str, arguments))


def _project(source: Path, folder: Path, config: str) -> Path:
    shutil.copytree(source, folder / "static")
    (folder / "assetbuild.toml").write_text(config, "utf-8")
    subprocess.run(_BUILD, cwd=folder, check=True, capture_output=True)
    return folder
