"""Run with the peers' interpreter: django-compressor's offline `compress` of a template with the two bundles.

Takes the folder of workload S, which it reads from and writes to, and the folder of the template. Knows nothing of
assetbuild: its environment does not have it.
"""

import sys

import django  # type: ignore[import-untyped,unused-ignore]
from django.conf import settings  # type: ignore[import-untyped,unused-ignore]
from django.core.management import call_command  # type: ignore[import-untyped,unused-ignore]

settings.configure(
    INSTALLED_APPS=["compressor"],
    STATIC_ROOT=sys.argv[1],
    STATIC_URL="/static/",
    COMPRESS_ENABLED=True,
    COMPRESS_OFFLINE=True,
    COMPRESS_FILTERS={
        "css": ["compressor.filters.css_default.CssAbsoluteFilter", "compressor.filters.cssmin.rCSSMinFilter"],
        "js": ["compressor.filters.jsmin.rJSMinFilter"],
    },
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [sys.argv[2]], "APP_DIRS": True}],
    USE_TZ=True,
)
django.setup()
call_command("compress", verbosity=0)
