"""Django: `assets()` are the project's, by its settings; `{% static %}`, template tags and checks answer from them.

Importable from a settings module: nothing here asks for a setting before it is called. Serves no files but in
development; compiles nothing, and `collectstatic` has nothing to do.

| setting | meaning | default |
|---|---|---|
| `ASSETBUILD_MANIFEST` | the manifest; or an `Assets`, as in tests | none, required |
| `ASSETBUILD_BASE_URL` | where the output folder is served | `STATIC_URL` |
| `ASSETBUILD_ROOT` | the output folder, for `asset_inline` and in development | the manifest's folder |
| `ASSETBUILD_RELOAD` | read the manifest anew when it changes | `DEBUG` |
| `ASSETBUILD_STRICT` | whether `{% static %}` of a name that is no asset is an error; else its plain URL | true |
"""

from __future__ import annotations

import os
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.core.signals import setting_changed

from assetbuild.errors import AssetbuildError
from assetbuild.runtime import Assets

__all__ = ["AssetsAtStart", "assets", "immutable_file_test"]


class NotConfigured(AssetbuildError, ImproperlyConfigured):
    """A setting that is missing or of the wrong kind."""


@cache
def assets() -> Assets:
    """The project's assets, read once. Raises `AssetbuildError` for a missing or wrong setting, `ManifestError`."""
    manifest = _manifest()
    if isinstance(manifest, Assets):
        return manifest
    base_url = getattr(settings, "ASSETBUILD_BASE_URL", None) or settings.STATIC_URL
    if not base_url:
        raise NotConfigured("neither ASSETBUILD_BASE_URL nor STATIC_URL is set; set STATIC_URL to the assets' URL")
    reload = getattr(settings, "ASSETBUILD_RELOAD", None)
    root = getattr(settings, "ASSETBUILD_ROOT", None)
    reloads = settings.DEBUG if reload is None else bool(reload)
    folder = _path("ASSETBUILD_ROOT", root) if root else None
    return Assets.load(manifest, base_url=base_url, root=folder, reload=reloads)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting.startswith("ASSETBUILD_") or setting in ("STATIC_URL", "DEBUG"):
        assets.cache_clear()


setting_changed.connect(_forget)  # sent by tests that override settings, and by nothing else


def output_folder() -> str | None:
    """Where the outputs are; None where the `Assets` are given and no folder is."""
    root = getattr(settings, "ASSETBUILD_ROOT", None)
    manifest = _manifest()
    if root:
        return os.path.abspath(_path("ASSETBUILD_ROOT", root))
    return None if isinstance(manifest, Assets) else os.path.dirname(os.path.abspath(manifest))


def is_strict() -> bool:
    return bool(getattr(settings, "ASSETBUILD_STRICT", True))


def immutable_file_test(path: str, url: str) -> bool:
    """For `WHITENOISE_IMMUTABLE_FILE_TEST` and `SERVESTATIC_IMMUTABLE_FILE_TEST`: `Assets.immutable_file_test`."""
    return assets().immutable_file_test(path, url)


class AssetsAtStart:
    """A "middleware" that does nothing to requests: Django makes it when a server starts, and it loads the manifest.

    Servers do not run system checks, and `AppConfig.ready` would also stop the commands that run before a build. It
    takes itself out again, as Django has it ("Marking middleware as unused"), so that no request passes through it.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: object) -> None:
        """Raises what `assets` raises.

        `STATIC_URL` is left alone: Django fixes a relative one at the first look at it, with the prefix that the server
        gives, and that is known in requests only.
        """
        manifest = _manifest()
        if not isinstance(manifest, Assets):
            Assets.load(manifest, base_url=getattr(settings, "ASSETBUILD_BASE_URL", None) or "/")
        raise MiddlewareNotUsed("the manifest is sound")


def _manifest() -> str | Assets:
    manifest = getattr(settings, "ASSETBUILD_MANIFEST", None)
    if isinstance(manifest, Assets):
        return manifest
    if not manifest:
        raise NotConfigured("the setting ASSETBUILD_MANIFEST is not there; set it to the path of the manifest")
    return _path("ASSETBUILD_MANIFEST", manifest)


def _path(setting: str, value: object) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise NotConfigured(f"the setting {setting} must be a path, found {value!r}; set it to a path")
    return os.fsdecode(value)
