"""The folders that settings of compilers name for includes, and the files in them: compilers open these unseen.

Knows the names of such settings in webassets' filters, and nothing of what a compiler looks for in such a folder: every
file of its language may be one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assetbuild.build.model import Config
from assetbuild.build.webassets_model import Run

SETTINGS = frozenset(
    ("LESS_PATHS", "LIBSASS_INCLUDES", "NODE_SASS_LOAD_PATHS", "PYSCSS_LOAD_PATHS", "SASS_LOAD_PATHS",
     "STYLUS_EXTRA_PATHS")
)  # fmt: skip
_SUFFIXES = (".css", ".less", ".sass", ".scss", ".styl")


def named(config: Config) -> dict[str, Path]:
    """The folders, each under what the YAML file calls it: the settings for all, and those of single bundles.

    A relative one starts where the build runs, as with the compilers, which is beside the configuration as a rule.
    """
    pairs = list(config.webassets.config)
    for translation in config.webassets.translations:
        pairs += _settings(translation.run)
    found: dict[str, Path] = {}
    for name, value in pairs:
        words = value if isinstance(value, list) else [value]
        if name in SETTINGS:
            found |= {word: Path(os.path.abspath(word)) for word in words if isinstance(word, str) and word}
    return dict(sorted(found.items()))


def _settings(run: Run) -> Iterator[tuple[str, object]]:
    yield from run.config
    for item in run.contents:
        if isinstance(item, Run):
            yield from _settings(item)


def below(folder: Path) -> tuple[list[str], list[str]]:
    """The files of style sheets' languages below `folder`, and the folders that hold them, itself included, sorted."""
    files: list[str] = []
    folders: list[str] = []
    for parent, _, names in os.walk(folder):
        folders.append(parent)
        files += [os.path.join(parent, name) for name in names if name.lower().endswith(_SUFFIXES)]
    return sorted(files), sorted(folders)


def files(config: Config) -> list[str]:
    return sorted({file for folder in named(config).values() for file in below(folder)[0]})


def folders(config: Config) -> list[str]:
    """Those that are there; in one of them a file shows that comes to be."""
    return sorted({each for folder in named(config).values() for each in below(folder)[1]})
