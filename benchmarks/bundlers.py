"""Workload S as two bundles: a project for each peer that joins and minifies, made once and outside the time taken.

Each has the two lists of `tests.workload`, and its second run is a row too. What a peer leaves out is in `NOTE`.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import HERE, Case, Group, absent, states
from benchmarks.peers import Peers
from tests.workload import CONFIG

LISTS: dict[str, list[str]] = tomllib.loads(CONFIG)["bundles"]
STYLES, SCRIPTS = LISTS["bundles/site.css"], LISTS["bundles/site.js"]

# The files that the bundles' style sheets name, and nothing but the bundles beside them.
_BUNDLES_ONLY = 'include = ["css/images/*", "webfonts/*"]\ncompress = []\n'

TITLE = "S as two bundles"
ESBUILD = "esbuild's binary, cold"
NOTE = """Five style sheets and six scripts joined and minified, without compression. "Again" is a second run with
nothing changed. Only assetbuild proves what was minified; only assetbuild, esbuild and vite read what they join with a
parser.

- webassets: the same minifiers, rcssmin and rjsmin. It rewrites URLs in the style sheets, and names neither the bundles
  nor the fonts and images by their content.
- django-compressor: the same minifiers too, over a template that has both lists. It names the two bundles, rewrites
  URLs to absolute ones with a digest as their query, and names no other file.
- esbuild, its binary without node, and vite: they rename variables, name all files and rewrite references. Neither
  joins classic scripts: each list is a module that imports its files, which wraps them, so that what they define is not
  global.
- hugo: joins, minifies and names both bundles, and renames variables. It leaves URLs in the style sheets as they were,
  of which some are wrong then, and copies the fonts and images.
- Sprockets: joins and names both bundles. cssmin and terser minify, the latter through node and without its `compress`;
  it renames variables. URLs in the style sheets stay as they were, and fonts and images are not handled."""


def prepare(site: Path, work: Path, peers: Peers) -> Group:
    cases = [*_webassets(site, work, peers)]
    cases += states(_project(site, work / "bundles"), "assetbuild")
    for each in (_esbuild, _vite, _compressor, _hugo, _sprockets):
        cases += each(site, work, peers)
    return Group(TITLE, NOTE, tuple(cases))


def _project(site: Path, folder: Path) -> Path:
    shutil.copytree(site, folder / "static")
    (folder / "assetbuild.toml").write_text(_BUNDLES_ONLY + CONFIG, "utf-8")
    return folder


def _twice(name: str, folder: Path, command: Sequence[str | Path], made: Path, removed: Sequence[Path]) -> list[Case]:
    """Without what an earlier run left, and with it."""
    said = tuple(map(str, command))
    return [Case(f"{name}, cold", folder, said, made, tuple(removed)), Case(f"{name}, again", folder, said, made)]


def _webassets(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "python" not in peers.paths:
        return [absent("webassets", peers.why["python"])]
    folder = work / "webassets"
    shutil.copytree(site, folder / "static")
    output = folder / "static" / "bundles"
    command = (str(peers.paths["python"]), str(HERE / "webassets_build.py"), str(folder / "static"))
    return [
        Case("webassets, cold", folder, command, output / "site.js", (output,)),
        Case("webassets, nothing to do", folder, (*command, "again"), output / "site.js"),
    ]


def _compressor(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "python" not in peers.paths:
        return [absent("django-compressor", peers.why["python"])]
    folder = work / "compressor"
    static, templates = folder / "static", folder / "templates"
    shutil.copytree(site, static)
    templates.mkdir()
    styles = "".join(f'<link rel="stylesheet" href="/static/{name}">' for name in STYLES)
    scripts = "".join(f'<script src="/static/{name}"></script>' for name in SCRIPTS)
    (templates / "page.html").write_text(
        f"{{% load compress %}}{{% compress css %}}{styles}{{% endcompress %}}"
        f"{{% compress js %}}{scripts}{{% endcompress %}}",
        "utf-8",
    )
    command = (peers.paths["python"], HERE / "compressor_build.py", static, templates)
    return _twice("django-compressor", folder, command, static / "CACHE" / "manifest.json", (static / "CACHE",))


def _esbuild(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "esbuild" not in peers.paths:
        return [absent("esbuild", peers.why.get("esbuild") or peers.why["npm"])]
    folder = work / "esbuild"
    shutil.copytree(site, folder / "static")
    (folder / "site.js").write_text("".join(f'import "./static/{name}";\n' for name in SCRIPTS), "utf-8")
    (folder / "site.css").write_text("".join(f'@import "./static/{name}";\n' for name in STYLES), "utf-8")
    command: list[str | Path] = [peers.paths["esbuild"], "site.js", "site.css", "--bundle", "--minify", "--format=iife"]
    command += ["--loader:.woff2=file", "--loader:.png=file", "--alias:jquery=./static/js/jquery.js"]
    command += ["--outdir=out", "--entry-names=[name]-[hash]", "--asset-names=[name]-[hash]"]
    command += ["--metafile=out/meta.json", "--log-level=error"]
    return _twice("esbuild's binary", folder, command, folder / "out" / "meta.json", (folder / "out",))


def _vite(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "vite" not in peers.paths:
        return [absent("vite", peers.why["npm"])]
    folder = work / "vite"
    shutil.copytree(site, folder / "static")
    (folder / "site.js").write_text("".join(f'import "./static/{name}";\n' for name in SCRIPTS), "utf-8")
    (folder / "site.css").write_text("".join(f'@import "./static/{name}";\n' for name in STYLES), "utf-8")
    settings = {
        "logLevel": "error",
        "base": "./",
        "publicDir": False,
        "resolve": {"alias": {"jquery": str(folder / "static" / "js" / "jquery.js")}},
        "build": {
            "manifest": "manifest.json",
            "assetsInlineLimit": 0,
            "reportCompressedSize": False,
            "outDir": "out",
            "rollupOptions": {"input": {"script": str(folder / "site.js"), "style": str(folder / "site.css")}},
        },
    }
    (folder / "vite.config.mjs").write_text(f"export default {json.dumps(settings, indent=1)};\n", "utf-8")
    command = ("node", peers.paths["vite"], "build")
    return _twice("vite", folder, command, folder / "out" / "manifest.json", (folder / "out",))


def _hugo(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "hugo" not in peers.paths:
        return [absent("hugo", peers.why["hugo"])]
    folder = work / "hugo"
    for name in ("css", "js"):
        shutil.copytree(site / name, folder / "assets" / name)
    shutil.copytree(site / "css" / "images", folder / "static" / "css" / "images")
    shutil.copytree(site / "webfonts", folder / "static" / "webfonts")
    (folder / "layouts").mkdir()
    pages = ["page", "section", "taxonomy", "term", "RSS", "sitemap", "robotsTXT", "404"]
    (folder / "config.json").write_text(json.dumps({"baseURL": "/", "disableKinds": pages}), "utf-8")
    text = ""
    for target, names in LISTS.items():
        listed = " ".join(f'(resources.Get "{name}")' for name in names)
        text += f'{{{{ (slice {listed} | resources.Concat "{target}" | minify | fingerprint).RelPermalink }}}}\n'
    (folder / "layouts" / "index.html").write_text(text, "utf-8")
    removed = [folder / "public", folder / "resources", folder / "cache"]
    command = (peers.paths["hugo"], "--quiet", "--cacheDir", folder / "cache")
    return _twice("hugo", folder, command, folder / "public" / "index.html", removed)


def _sprockets(site: Path, work: Path, peers: Peers) -> list[Case]:
    if "ruby" not in peers.paths:
        return [absent("Sprockets", peers.why["Sprockets"])]
    folder = work / "sprockets"
    static, output, cache = folder / "static", folder / "out", folder / "cache"
    shutil.copytree(site, static)
    (static / "site.js").write_text("".join(f"//= require {name}\n" for name in SCRIPTS), "utf-8")
    (static / "site.css").write_text("/*\n" + "".join(f" *= require {name}\n" for name in STYLES) + " */\n", "utf-8")
    command = (peers.paths["ruby"], HERE / "sprockets_build.rb", static, output, cache)
    return _twice("Sprockets", folder, command, output / "manifest.json", (output, cache))
