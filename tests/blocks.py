"""Blocks of templates for tests: a template -> its blocks as the build has them, and as a running app has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from assetbuild import Assets, blocks
from assetbuild.build import template_blocks
from assetbuild.build.model import Problem
from assetbuild.jinja import install
from tests.project import PLAIN, Project, project

TEMPLATES = 'templates = ["templates/**/*.html"]\n'


def site(root: Path, templates: Mapping[str, str], files: Mapping[str, str | bytes], config: str = PLAIN) -> Project:
    """A project with `templates` (by name below `templates/`) and `files` (below `static/`)."""
    found = {f"/templates/{name}": text for name, text in templates.items()}
    return project(root, {**files, **found}, TEMPLATES + config)


def environment(assets: Assets, root: Path | None = None, **options: Any) -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(root / "templates") if root is not None else None
    env = jinja2.Environment(loader=loader, **({"autoescape": True} | options))
    install(env, assets)
    return env


def load(made: Project, **options: Any) -> Assets:
    return Assets.load(made.output / "manifest.json", **({"base_url": "/static/"} | options))


def rendered(made: Project, name: str = "page.html", **context: Any) -> str:
    return environment(load(made), made.root).get_template(name).render(**context)


def collected(root: Path, text: str) -> tuple[list[blocks.Block], tuple[Problem, ...]]:
    """What the build finds in one template."""
    path = root / "page.html"
    path.write_text(text, "utf-8", newline="")
    found = template_blocks.collect([str(path)])
    return [one.block for one in found.blocks], found.problems
