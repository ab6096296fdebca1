"""The errors a user of the package can meet, run-time half and build half alike.

Knows nothing of where they are shown: a message is complete in itself and ends in the next action.
"""

from __future__ import annotations


class AssetbuildError(Exception):
    """Base of every error that assetbuild raises on purpose."""


class ManifestError(AssetbuildError):
    """The manifest is missing, broken or of a schema this version does not read.

    The message names the file and the command to run; `fault` is the message without the file.
    """

    def __init__(self, fault: str, *, name: str = "") -> None:
        super().__init__(f"{name}: {fault}" if name else fault)
        self.fault = fault


class UnknownAsset(AssetbuildError, LookupError):
    """A logical path that the manifest does not hold. The message names near misses."""
