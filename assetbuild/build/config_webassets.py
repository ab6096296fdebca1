"""The key `webassets` of a configuration: the YAML file that it names, read and turned into bundles.

Knows where the file's paths start and which source root they lie in. Whether there are such files is `discover`'s to
say, and whether filters can run, the bridge's.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from assetbuild.build import config_values, webassets_bundles, webassets_read, yaml_places
from assetbuild.build.config_paths import Root, absolute
from assetbuild.build.model import BundleSpec, Place, Problem, place_in
from assetbuild.build.toml_places import Document
from assetbuild.build.webassets_bundles import Mapped
from assetbuild.build.webassets_model import INSTALL, File, Translation, Webassets, Word
from assetbuild.build.yaml_places import Spot
from assetbuild.manifest import regular_bytes

_NONE = Mapped((), Webassets(), {})


def webassets(document: Document, problems: list[Problem], *, base: Path, roots: Sequence[Root], runs: bool) -> Mapped:
    """What the YAML file comes to; nothing where none is named. `runs`: whether its filters have to be ready to run."""
    if "webassets" not in document.table:
        return _NONE
    text = config_values.path_string(document, problems, "webassets", default="", example="assets.yml")
    if not text:
        return _NONE
    path, place = absolute(base, text), document.at_value("webassets")
    try:
        content = regular_bytes(path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problem = f"the webassets file is not UTF-8: byte {error.start}"
        problems.append(Problem("webassets-file", problem, Place(str(path)), hint="save it as UTF-8"))
        return _NONE
    except (OSError, ValueError) as error:
        problem = f'the webassets file "{text}" cannot be read: {getattr(error, "strerror", None) or error}'
        problems.append(Problem("webassets-file", problem, place, hint="correct the path, or remove `webassets`"))
        return _NONE
    at = partial(place_in, str(path), content.split("\n"))
    found, own = _read(path, content, place, roots=roots, at=at)
    if runs and not own:
        own = _unusable(found.webassets, at)
    problems += own
    return found


def together(own: Sequence[BundleSpec], mapped: Mapped, problems: list[Problem]) -> tuple[BundleSpec, ...]:
    """The bundles of the configuration and those of the YAML file, sorted by name. No name may be in both."""
    names = {bundle.name for bundle in own}
    for bundle in mapped.bundles:
        if bundle.name in names:
            text = f'the bundle "{bundle.name}" is in `[bundles]` and in the webassets file'
            place = mapped.places.get(("bundles", bundle.name))
            problems.append(Problem("config-bundle", text, place, hint="remove one of them"))
    both = [*own, *(bundle for bundle in mapped.bundles if bundle.name not in names)]
    return tuple(sorted(both, key=lambda bundle: bundle.name))


def _read(
    path: Path, content: str, named: Place, *, roots: Sequence[Root], at: Callable[[Spot], Place]
) -> tuple[Mapped, list[Problem]]:
    try:
        file, problems = webassets_read.read(yaml_places.parse(content), at=at)
    except yaml_places.YamlError as error:
        if error.missing:
            text = f"the webassets file cannot be read: {error}"
            return _NONE, [Problem("webassets-missing", text, named, hint=INSTALL)]
        place = at(error.spot) if error.spot[0] else Place(str(path))
        return _NONE, [Problem("webassets-syntax", f"not valid YAML: {error}", place, hint="correct the YAML")]
    problems += _load_path_problems(file, path, roots, at)
    found, more = webassets_bundles.mapped(file, logical=_logical_paths(file, path, roots), at=at)
    return replace(found, webassets=replace(found.webassets, file=path)), [*problems, *more]


def _logical_paths(file: File, path: Path, roots: Sequence[Root]) -> Callable[[str], str]:
    """How paths of the file become logical ones: below `directory`, or as they are where the app says where they are.

    With Flask-Assets that is the static folder, and a blueprint's for paths that begin with its name.
    """
    if file.directory is None or file.load_path:
        return lambda text: "" if text.startswith(("/", "../")) else posixpath.normpath(text)
    start = os.path.normpath(path.parent / file.directory.text).replace(os.sep, "/")
    folders = [(str(root.folder).replace(os.sep, "/"), root.spec.mount) for root in roots]

    def logical(text: str) -> str:
        whole = posixpath.normpath(posixpath.join(start, text))
        for folder, mount in folders:
            if whole.startswith(f"{folder}/"):
                return posixpath.join(mount, whole.removeprefix(f"{folder}/"))
        return ""

    return logical


def _load_path_problems(file: File, path: Path, roots: Sequence[Root], at: Callable[[Spot], Place]) -> list[Problem]:
    known = {os.path.realpath(root.folder) for root in roots if not root.spec.mount}
    problems = []
    for word in file.load_path:
        if os.path.realpath(path.parent / word.text) not in known:
            text = f'"{config_values.printable(word.text)}" of `load_path` is no source root'
            problems.append(Problem("webassets-path", text, at(word.place), hint="add the folder to `sources`"))
    return problems


def _unusable(found: Webassets, at: Callable[[Spot], Place]) -> list[Problem]:
    """What keeps filters from running, asked of the bridge, which only a file with such filters needs."""
    if not found.translations:
        return []
    from assetbuild.build import webassets_bridge

    words: dict[str, Word] = {}
    for word in [word for translation in found.translations for word in _words(translation)]:
        words.setdefault(word.text, word)
    problems = []
    for refused in webassets_bridge.unusable(tuple(sorted(words)), found.custom_filters):
        problems.append(Problem("webassets-filter", refused.text, at(words[refused.name].place if refused.name in words
                                else found.translations[0].place), hint=refused.hint))  # fmt: skip
    return problems


def _words(translation: Translation) -> list[Word]:
    return list(translation.run.words())
