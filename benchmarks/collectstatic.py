"""Run with the peers' interpreter: Django's collectstatic with ManifestStaticFilesStorage, or WhiteNoise's storage.

Takes the folder of sources, the folder to write to, and `whitenoise` for the latter, which compresses as well. Knows
nothing of assetbuild: its environment does not have it.
"""

import sys

import django  # type: ignore[import-untyped,unused-ignore]
from django.conf import settings  # type: ignore[import-untyped,unused-ignore]
from django.contrib.staticfiles.storage import (  # type: ignore[import-untyped,unused-ignore]
    ManifestStaticFilesStorage,
)
from django.core.management import call_command  # type: ignore[import-untyped,unused-ignore]

if "whitenoise" in sys.argv:
    from whitenoise.storage import CompressedManifestStaticFilesStorage as Base
else:
    Base = ManifestStaticFilesStorage


class Storage(Base):  # type: ignore[misc,valid-type,unused-ignore]
    """Theirs, but that a reference to a file that is not there does not end it: packages have some."""

    def hashed_name(self, name, content=None, filename=None):  # type: ignore[no-untyped-def]
        try:
            return super().hashed_name(name, content, filename)
        except ValueError:
            return name


settings.configure(
    INSTALLED_APPS=["django.contrib.staticfiles"],
    STATICFILES_DIRS=[sys.argv[1]],
    STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    STATIC_ROOT=sys.argv[2],
    STATIC_URL="/static/",
    STORAGES={"staticfiles": {"BACKEND": f"{__name__}.Storage"}},
    USE_TZ=True,
)
django.setup()
call_command("collectstatic", interactive=False, verbosity=0)
