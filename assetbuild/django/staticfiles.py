"""`{% static %}`, admin and form media with hashed names: a storage for `STORAGES["staticfiles"]`, and a finder.

Only URLs are answered. The outputs are written by `assetbuild build` and served by a web server, a CDN or WhiteNoise;
while one develops, Django's own server finds them through `OutputFinder`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.utils._os import safe_join

from assetbuild import django
from assetbuild.errors import AssetbuildError, UnknownAsset

if TYPE_CHECKING:
    from django.core.files import File

__all__ = ["AssetbuildStorage", "OutputFinder", "UnknownStaticFile"]


class UnknownStaticFile(UnknownAsset, ValueError):
    """An unknown name; a ValueError, as apps expect of storages that hash names (`ManifestStaticFilesStorage`)."""


class AssetbuildStorage(StaticFilesStorage):
    """`STORAGES["staticfiles"] = {"BACKEND": "assetbuild.django.staticfiles.AssetbuildStorage"}`.

    With `ASSETBUILD_STRICT = False` it stores files too, which `collectstatic` then copies into `STATIC_ROOT`.
    """

    def url(self, name: str | None) -> str:
        """The URL of asset `name`, which may have a query or fragment. Raises `UnknownStaticFile`."""
        logical, suffix = _split(name or "")
        try:
            return django.assets().url(logical) + suffix
        except UnknownAsset as error:
            if not django.is_strict():
                return str(super().url(name))
            raise UnknownStaticFile(str(error)) from None

    def delete(self, name: str) -> None:
        _refuse_if_strict()
        super().delete(name)

    def _save(self, name: str, content: File[Any]) -> str:
        _refuse_if_strict()
        saved: str = super()._save(name, content)  # type: ignore[misc]  # what Django asks storages to override
        return saved


class OutputFinder(BaseFinder):
    """One of `STATICFILES_FINDERS`: `runserver` serves outputs. Lists nothing, so `collectstatic` collects none."""

    def check(self, **kwargs: object) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file of output `path`. Django 5.2 renamed `all` to `find_all`; both may be given by name."""
        several = find_all or bool(kwargs.get("all"))
        folder = django.output_folder()
        file = safe_join(folder, path) if folder is not None else ""
        found = [file] if file and os.path.isfile(file) else []
        return found[0] if found and not several else found

    def list(self, ignore_patterns: object) -> Iterator[Any]:
        return iter(())


def _split(name: str) -> tuple[str, str]:
    """A name and what `url()` in style sheets and SVG sprites may put behind it, such as `#icon` or `?#iefix`."""
    ends = [at for at in (name.find("?"), name.find("#")) if at >= 0]
    return (name[: min(ends)], name[min(ends) :]) if ends else (name, "")


def _refuse_if_strict() -> None:
    if django.is_strict():
        _refuse()


def _refuse() -> NoReturn:
    raise AssetbuildError(
        "static files are written by `assetbuild build`, not by collectstatic; add their folders to `sources` and "
        "build, or set ASSETBUILD_STRICT = False to have both"
    )
