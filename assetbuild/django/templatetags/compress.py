"""`{% load compress %}`: django-compressor's tag, of blocks that the build has compiled: templates stay as is."""

from __future__ import annotations

from django.template.library import Library

from assetbuild.django import blocks

register = Library()
blocks.register_in(register)
