"""The names by which templates may ask for bundles besides their logical paths, as the manifest holds them.

They come from webassets, where a bundle has a name and an output, and from `names` in `[bundles]`.
"""

from __future__ import annotations

import json

from assetbuild.build.model import Config, Problem


def names_in_templates(config: Config) -> dict[str, dict[str, object]]:
    """By name: `assets`, logical paths in order, and `extra`, where there is any."""
    found: dict[str, dict[str, object]] = {}
    for bundle in config.bundles:
        found |= {name: {"assets": [bundle.name]} for name in bundle.names}
    for named in config.webassets.names:
        extra = json.loads(named.extra)
        found[named.name] = {"assets": list(named.assets)} | ({"extra": extra} if extra else {})
    return dict(sorted(found.items()))


def assets_of(config: Config, names: frozenset[str]) -> frozenset[str]:
    """The assets of those bundles that are among `names`."""
    found = frozenset(bundle.name for bundle in config.bundles if not names.isdisjoint(bundle.names))
    return found.union(*(named.assets for named in config.webassets.names if named.name in names))


def problems(config: Config) -> list[Problem]:
    """Names that mean two bundles."""
    file = config.webassets.file.name if config.webassets.file is not None else ""
    owners = {named.name: f"a bundle of {file}" for named in config.webassets.names}
    found = []
    for bundle in config.bundles:
        for name in bundle.names:
            if name in owners and owners[name] != bundle.name:
                text = f'the name "{name}" of the bundle "{bundle.name}" is also that of {owners[name]}'
                place = config.place("bundles", bundle.name)
                found.append(Problem("config-bundle", text, place, hint="give one of them another name"))
            owners[name] = bundle.name
    return found
