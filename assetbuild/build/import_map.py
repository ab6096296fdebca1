"""The configured import map: to which entry a bare specifier falls, and what it means there.

Knows specifiers and logical paths, but no scripts and no files: who uses a specifier is `graph.py`'s. Pure. Rules: HTML
standard, "resolve an imports match": a whole entry first, else the longest folder; nothing leads out of a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from assetbuild.build import names, urls
from assetbuild.build.model import Config, Problem
from assetbuild.build.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Answer:
    """The entry that a specifier falls to, and its target: a logical path or an absolute URL.

    `target` is None where the specifier leads out of the entry's folder, or is no URL: browsers refuse it.
    """

    key: str
    target: str | None

    @property
    def is_local(self) -> bool:
        return self.target is None or urls.is_local(self.target)

    @property
    def is_below_a_folder(self) -> bool:
        return self.key.endswith("/")


@dataclass(frozen=True, slots=True)
class ImportMap:
    """The entries of `[importmap]`."""

    entries: dict[str, str]
    folders: tuple[str, ...] = field(init=False)
    """The keys that end in `/`, longest first."""

    def __post_init__(self) -> None:
        found = sorted((key for key in self.entries if key.endswith("/")), key=lambda key: (-len(key), key))
        object.__setattr__(self, "folders", tuple(found))

    def answer(self, specifier: str) -> Answer | None:
        if specifier in self.entries:
            return Answer(specifier, self.entries[specifier])
        key = next((key for key in self.folders if specifier.startswith(key)), None)
        if key is None:
            return None
        folder, rest = self.entries[key], specifier.removeprefix(key)
        return Answer(key, _below(folder, rest) if urls.is_local(folder) else folder + rest)

    def specifier_of(self, key: str, logical: str) -> str:
        """How a script names the asset `logical`, which lies in the folder of `key`."""
        return key + urls.encode(logical.removeprefix(self.entries[key]))


def _below(folder: str, rest: str) -> str | None:
    """The path that `rest` means in `folder`; with a `/` at its end where that is a folder, and so no asset."""
    path = urls.decode(urls.split_suffix(rest)[0])
    found = urls.normalise(folder, path) if path is not None and not path.startswith("/") else None
    if path is None or found is None:
        return None
    if path.rpartition("/")[2] in ("", ".", ".."):
        found += "/"
    return found if found.startswith(folder) else None


def is_local_folder(key: str, target: str) -> bool:
    """Whether an entry stands for a folder of the namespace. A page's map cannot: the names in it are fingerprinted."""
    return key.endswith("/") and urls.is_local(target)


def problems(config: Config, assets: Iterable[str]) -> Iterator[Problem]:
    """Entries whose target is no published asset, or a folder in which none lies."""
    known = frozenset(assets)
    folders = {folder for name in known for folder in _folders(names.nfc(name))}
    for key, target in config.importmap:
        if not urls.is_local(target) or target in known or names.nfc(target) in folders:
            continue
        if is_local_folder(key, target):
            text = f'[importmap] "{key}": nothing that is published lies in {target}'
            hint = did_you_mean(target, folders) or "write a folder of the namespace, which ends in `/`"
        else:
            text = f'[importmap] "{key}": {target} is not a published asset'
            hint = did_you_mean(target, known) or "write a logical path or an absolute URL"
        yield Problem("importmap-target", text, config.place("importmap", key), hint=hint)


def _folders(logical: str) -> Iterator[str]:
    """`a/b/c.js` lies in `a/` and in `a/b/`."""
    folder = urls.folder_of(logical)
    while folder:
        yield f"{folder}/"
        folder = urls.folder_of(folder)
