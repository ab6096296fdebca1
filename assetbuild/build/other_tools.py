"""The tools whose manifests are written besides ours, and those whose builds are adopted.

Values of the configuration only. What such manifests say is known where they are rendered and parsed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path


class Shape(enum.Enum):
    """Whose manifest is written besides ours; the value is the key in `[other_manifests]`."""

    DJANGO = "django"
    """`ManifestStaticFilesStorage`, version 1.1."""
    FLAT = "flat"
    """Logical path -> output path: Pyramid's `ManifestCacheBuster` and others."""
    VITE = "vite"
    """Vite's `build.manifest`: https://vite.dev/guide/backend-integration"""


class Bundler(enum.Enum):
    """Whose build is adopted; the value is the key in the config."""

    VITE = "vite"
    """By the file of `build.manifest`."""
    ESBUILD = "esbuild"
    """By the file of `--metafile`."""


@dataclass(frozen=True, slots=True)
class AdoptedBuild:
    """A build of another tool, by what it says of itself. Paths are absolute; `base` is the configuration's folder."""

    bundler: Bundler
    file: Path
    base: Path
