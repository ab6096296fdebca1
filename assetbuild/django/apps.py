"""The app `"assetbuild.django"` of `INSTALLED_APPS`: template tags are found by it, and checks registered."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register

__all__ = ["AssetbuildConfig"]


class AssetbuildConfig(AppConfig):
    """Its label is not its last name, which would be `django`."""

    name = "assetbuild.django"
    label = "assetbuild"
    verbose_name = "assetbuild"

    def ready(self) -> None:
        from assetbuild.django import checks

        register(checks.check, Tags.staticfiles)
