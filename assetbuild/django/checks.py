"""System checks: what would fail at the first page is told by `manage.py check`, `runserver` and `migrate`.

Looks at settings, the manifest and names of files; opens no source.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from assetbuild import django
from assetbuild.errors import AssetbuildError, ManifestError
from assetbuild.runtime import Assets

__all__ = ["check"]

_STORAGE = "assetbuild.django.staticfiles.AssetbuildStorage"
_FINDER = "assetbuild.django.staticfiles.OutputFinder"
_START = "assetbuild.django.AssetsAtStart"


def check(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """All that is wrong. Where there are no assets, that alone: what else there is follows from it."""
    try:
        found = django.assets()
    except ManifestError as error:
        return [Error(*_parts(error), id="assetbuild.E002")]
    except AssetbuildError as error:
        return [Error(*_parts(error), id="assetbuild.E001")]
    return [*_settings(), *_outputs(found), *_apps(found)]


def _parts(error: AssetbuildError) -> tuple[str, str | None]:
    """The message and its hint, which ends every message of ours."""
    text, _, hint = str(error).rpartition("; ")
    return (text, hint) if text else (str(error), None)


def _settings() -> Iterator[CheckMessage]:
    storage = settings.STORAGES.get("staticfiles", {}).get("BACKEND")
    if apps.is_installed("django.contrib.staticfiles") and storage == (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    ):
        yield CheckWarning(
            "{% static %} answers plain names",
            f'set STORAGES["staticfiles"] to {{"BACKEND": "{_STORAGE}"}}',
            id="assetbuild.W001",
        )
    if _START not in settings.MIDDLEWARE:
        yield CheckWarning(
            "without the manifest a server would start, and fail at the first page",
            f'put "{_START}" first in MIDDLEWARE; no request passes through it',
            id="assetbuild.W002",
        )
    for middleware, setting in (
        ("whitenoise.middleware.WhiteNoiseMiddleware", "WHITENOISE_IMMUTABLE_FILE_TEST"),
        ("servestatic.middleware.ServeStaticMiddleware", "SERVESTATIC_IMMUTABLE_FILE_TEST"),
    ):
        if middleware in settings.MIDDLEWARE and not hasattr(settings, setting):
            yield CheckWarning(
                f"{middleware.rpartition('.')[2]} does not know which files may be cached for ever",
                f"set {setting} to assetbuild.django.immutable_file_test",
                id="assetbuild.W003",
            )
    yield from _root()
    if settings.DEBUG and _served_by_finders() and _FINDER not in settings.STATICFILES_FINDERS:
        yield CheckWarning(
            "Django's development server does not find the outputs",
            f'add "{_FINDER}" to STATICFILES_FINDERS',
            id="assetbuild.W004",
        )


def _root() -> Iterator[CheckMessage]:
    """WhiteNoise and ServeStatic serve `STATIC_ROOT` alone, unless a finder copies the outputs there or serves them."""
    folder = django.output_folder()
    found = [name for name in settings.MIDDLEWARE if name.startswith(("whitenoise.", "servestatic."))]
    roots = [getattr(settings, f"{prefix}_ROOT", None) for prefix in ("WHITENOISE", "SERVESTATIC")]
    if (
        folder is None
        or not found
        or any(roots)
        or _FINDER in settings.STATICFILES_FINDERS
        or django.assets().base_url != settings.STATIC_URL
    ):
        return
    root = settings.STATIC_ROOT
    if not root or os.path.realpath(root) != os.path.realpath(folder):
        yield CheckWarning(
            f"{found[0].rpartition('.')[2]} serves STATIC_ROOT, and that is not the output folder: assets would be 404",
            f"set STATIC_ROOT to {folder}",
            id="assetbuild.W006",
        )


def _served_by_finders() -> bool:
    """Whether the outputs are asked for at `STATIC_URL`, and nothing but Django's `runserver` is there to answer."""
    given = isinstance(getattr(settings, "ASSETBUILD_MANIFEST", None), Assets)
    return (
        not given
        and apps.is_installed("django.contrib.staticfiles")
        and django.assets().base_url == settings.STATIC_URL
        and not any(name.startswith(("whitenoise.", "servestatic.")) for name in settings.MIDDLEWARE)
    )


def _outputs(assets: Assets) -> Iterator[CheckMessage]:
    """One look, where the folder is named: an image that leaves serving to others need not have it."""
    folder = getattr(settings, "ASSETBUILD_ROOT", None) and django.output_folder()
    first = next(iter(assets), None)
    if folder and first is not None and not os.path.isfile(os.path.join(folder, *assets.path(first).split("/"))):
        yield Error(
            f"{folder}: the outputs of the manifest are not in this folder",
            "correct ASSETBUILD_ROOT, or run `assetbuild build`",
            id="assetbuild.E003",
        )


def _apps(assets: Assets) -> Iterator[CheckMessage]:
    """Apps that bring static files of which none is an asset, such as the admin's: their pages would be errors."""
    if not django.is_strict():
        return
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        folder = os.path.join(config.path, "static")
        if os.path.isdir(folder) and not any(name in assets for name in _names(folder)):
            yield CheckWarning(
                f"the static files of {config.name} are not in the manifest",
                f"add {_source(config)} to `sources` in the configuration and run `assetbuild build`, or set "
                "ASSETBUILD_STRICT = False",
                id="assetbuild.W005",
            )


def _source(config: AppConfig) -> str:
    return f'{{package = "{config.name}", path = "static"}}'


def _names(folder: str) -> Iterator[str]:
    for place, subfolders, files in os.walk(folder):
        subfolders.sort()
        for file in sorted(files):
            yield os.path.relpath(os.path.join(place, file), folder).replace(os.sep, "/")
