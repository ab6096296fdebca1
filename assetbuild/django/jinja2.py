"""Django's Jinja2 backend: the environment that Django's documentation has, and the helpers of `assetbuild.jinja`.

`TEMPLATES = [{"BACKEND": "django.template.backends.jinja2.Jinja2", "OPTIONS": {"environment":
"assetbuild.django.jinja2.environment"}, ...}]`. An environment of one's own calls `install(env, assets())` instead.
"""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment

from assetbuild.django import assets
from assetbuild.jinja import install

__all__ = ["environment"]


def environment(**options: Any) -> Environment:
    """Raises what `assets` raises. What is folded into templates has the `STATIC_URL` of the time of this call."""
    env = Environment(**options)
    env.globals.update({"static": static, "url": reverse})
    install(env, assets())
    return env
