"""assetbuild: the build-stage asset pipeline for Python web apps.

What is exported here is the run-time half: it reads a manifest and answers from it. It imports nothing of the build
half, nothing from outside the standard library, and of that as little as reading JSON takes: every web process pays.
"""

from __future__ import annotations

from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset
from assetbuild.runtime import Assets

__version__ = "0.1.0"

__all__ = ["AssetbuildError", "Assets", "ManifestError", "UnknownAsset", "__version__"]
