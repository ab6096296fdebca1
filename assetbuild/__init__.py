"""assetbuild: the build-stage asset pipeline for Python web apps.

What is exported here is the run-time half: it reads a manifest and answers from it. It imports nothing of the build
half, nothing from outside the standard library, and of that as little as reading JSON takes: every web process pays.
Nor is it imported before it is asked for: a build that has nothing to do needs none of it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assetbuild.errors import AssetbuildError, ManifestError, UnknownAsset
    from assetbuild.runtime import Assets

__version__ = "0.1.0"

__all__ = ["AssetbuildError", "Assets", "ManifestError", "UnknownAsset", "__version__"]


def __getattr__(name: str) -> object:
    """What is exported, imported when it is first of use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assetbuild import errors, runtime

    found: object = getattr(runtime if name == "Assets" else errors, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
