"""A small page for Vite and esbuild, and these tools as npm has them, to build it with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from assetbuild.build.other_tools import Bundler
from tests.packages import installed
from tests.project import PLAIN, Project, project
from tests.workload import require

VERSIONS = {"esbuild": "0.28.2", "vite": "8.3.8"}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--' + "x" * 5000 + "--></svg>"
SOURCES: dict[str, str | bytes] = {
    "/package.json": '{"name": "page", "private": true, "type": "module"}',
    "/vite.config.js": """export default {
  base: "./",
  build: { manifest: true, sourcemap: true, rollupOptions: { input: ["src/main.js", "src/other.js"] } },
};
""",
    "/src/main.js": """import "./main.css";
import logo from "./logo.svg";
import { shared } from "./shared.js";

const image = document.createElement("img");
image.src = new URL(logo, import.meta.url);
document.body.append(image);
document.body.dataset.main = shared("main");
import("./lazy.js").then((module) => module.lazy());
""",
    "/src/other.js": 'import { shared } from "./shared.js";\ndocument.body.dataset.other = shared("other");\n',
    "/src/shared.js": 'import "./shared.css";\nexport const shared = (who) => `shared by ${who}`;\n',
    "/src/lazy.js": 'import "./lazy.css";\nexport const lazy = () => { document.body.dataset.lazy = "came"; };\n',
    "/src/main.css": "body { color: rgb(1, 2, 3); background: url(./logo.svg) }\n",
    "/src/shared.css": "body { border-top: 4px solid rgb(4, 5, 6) }\n",
    "/src/lazy.css": "body { border-left: 7px solid rgb(7, 8, 9) }\n",
    "/src/logo.svg": LOGO,
    "own.css": "body { margin-left: 11px }\n",
}
CONFIGS = {
    Bundler.VITE: f'vite = "dist/.vite/manifest.json"\n{PLAIN}',
    Bundler.ESBUILD: f'esbuild = "dist/meta.json"\n{PLAIN}',
}
OTHERS = '[other_manifests]\nvite = "public/vite.json"\n'


def page(root: Path, bundler: Bundler) -> Project:
    """A project that adopts what the tool made of `SOURCES`."""
    made = project(root, SOURCES, CONFIGS[bundler] + OTHERS)
    run(made, bundler)
    return made


def run(made: Project, bundler: Bundler) -> None:
    """Build anew with the tool."""
    modules = installed("bundlers", VERSIONS)
    command = [require("node"), str(modules / "vite/bin/vite.js"), "build", "--logLevel", "warn"]
    if bundler is Bundler.ESBUILD:
        options = ["--bundle", "--splitting", "--format=esm", "--outdir=dist", "--metafile=dist/meta.json"]
        options += ["--loader:.svg=file", "--sourcemap", "--log-level=warning"]
        options += ["--entry-names=[dir]/[name]-[hash]", "--asset-names=[name]-[hash]"]
        command = [require("node"), str(modules / "esbuild/bin/esbuild"), "src/main.js", "src/other.js", *options]
    done = subprocess.run(command, cwd=made.root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
