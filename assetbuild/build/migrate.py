"""What another asset library was told to do -> bundles for our configuration, and a report of what cannot carry over.

Flask-Assets and webassets (YAML and Python), django-compressor and django-pipeline. Looks at each bundle as a build
would: whatever would fail there is left as a comment with its reason. Reads files, imports and runs none.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assetbuild.build import assets_tags, bundle_calls, django_setups, webassets_read, webassets_yaml, yaml_places
from assetbuild.build.config_values import logical_path_problem
from assetbuild.build.globs import Globs, is_glob
from assetbuild.build.media import text_kind
from assetbuild.build.model import Place, TextKind
from assetbuild.build.survey import Survey, is_module, read_text
from assetbuild.build.webassets_model import OURS, Declared, File
from assetbuild.build.webassets_yaml import NotPlain, OldBundle, OldConfig
from assetbuild.placeholders import without_version

_BLOCKS_STAY = (
    "the {% compress %} blocks may also stay as they are, with `{% load compress %}`: `assetbuild build` compiles "
    "them, and the bundles made of them can go from [bundles]; then nothing is to be done for the lines below that "
    "name templates"
)
_BRIDGED, _LEFT_OVER, _PART = "it uses the filters ", "delete the file ", "it has no output"
_NOT_PLAIN = (
    "; to have all of it read, `pip install 'assetbuild[build,webassets]'`, remove assetbuild.toml and run "
    "`assetbuild init` again"
)
Judged = tuple[OldBundle, str]
"""A bundle, and why it stays a comment; ''."""


@dataclass(frozen=True, slots=True)
class Setup:
    """`bundles` with the reasons why they stay comments; `yaml` is a file that is to be named instead, or ''."""

    bundles: tuple[Judged, ...]
    yaml: str
    notes: tuple[str, ...]


def setup(folder: Path, found: Survey) -> Setup:
    """What is to be taken over from the project in `folder`."""
    judged: list[Judged] = []
    notes: list[str] = []
    yaml = ""
    for path in found.webassets:
        config, note = _yaml(folder, path)
        if config is None:
            notes += [note] if note else []
            continue
        start = posixpath.normpath(posixpath.join(posixpath.dirname(path), config.directory))
        own = [_judged(folder, found, bundle, start if start in found.static else "") for bundle in config.bundles]
        reasons = [reason for _, reason in own if reason]
        why = _needs_webassets(config, reasons)
        if why and not yaml and all(reason.startswith((_BRIDGED, _LEFT_OVER, _PART)) for reason in reasons):
            yaml = path
            notes.append(f"{path}: named by `webassets`, as {why}")
            continue
        if why:
            notes.append(f"{path}: {why}; once the rest is mended, name it by webassets = {json.dumps(path)}")
        judged += own
        notes.append(f"{path}: {len(own)} bundles, as far as they are plain; the rest are comments")
    calls = [bundle_calls.read(read_text(folder / path), path=path) for path in found.modules]
    bundles = [bundle for one in calls for bundle in one.bundles]
    notes += [note for one in calls for note in one.notes]
    notes += [_extra(bundle) for bundle in bundles if bundle.extra]
    named = {bundle.name: bundle for bundle in (*bundles, *(bundle for bundle, _ in judged))}
    pages = list(_templates(folder, found))
    tags = [assets_tags.read(page.text, path=page.path, named=named) for page in pages]
    bundles += [bundle for one in tags for bundle in one.bundles]
    notes += [note for one in tags for note in one.notes]
    django, more = _django(folder, found, pages)
    judged += [_judged(folder, found, bundle, "") for bundle in (*bundles, *django)]
    notes += [_comment(bundle, reason) for bundle, reason in judged if reason and bundle.where]
    return Setup(tuple(_unique(judged)), yaml, (*notes, *more))


def _needs_webassets(config: OldConfig, reasons: Sequence[str]) -> str:
    """Why the bundles of a file are not all of what it says to a build, or ''."""
    if any(reason.startswith(_BRIDGED) for reason in reasons):
        return "filters in it need webassets to run"
    return "templates may ask for the `extra` of its bundles" if any(one.extra for one in config.bundles) else ""


def _extra(bundle: OldBundle) -> str:
    text = f"EXTRA of {bundle.name} is empty from now on: write {bundle.extra} into the templates' elements"
    return f"{bundle.where}: {text}"


def _comment(bundle: OldBundle, reason: str) -> str:
    text = f"{bundle.where}: {bundle.name} is a comment: {reason}"
    if reason.startswith(_BRIDGED) and ".py:" in bundle.where:
        text += "; write it into a webassets YAML file, and name that in `webassets`"
    return text


# --- webassets -------------------------------------------------------------------------------------------


def _yaml(folder: Path, path: str) -> tuple[OldConfig | None, str]:
    """What a file says, or a note. PyYAML reads any; without it only what is plain is read."""
    text = read_text(folder / path)
    try:
        file, problems = webassets_read.read(yaml_places.parse(text), at=lambda spot: Place(path, *spot))
    except yaml_places.YamlError as error:
        if not error.missing:
            return None, f"{path} was not taken over: line {error.spot[0]}: {error}"
        return _plain(path, text)
    if problems:
        place = problems[0].place or Place(path)
        return None, f"{path} was not taken over: line {place.line}: {problems[0].text}"
    return _old(file, path), ""


def _plain(path: str, text: str) -> tuple[OldConfig | None, str]:
    try:
        config = webassets_yaml.read(text)
    except NotPlain as error:
        return None, f"{path} was not taken over: line {error.line} is more than plain webassets YAML{_NOT_PLAIN}"
    if config is None:
        return None, f"{path} was not taken over: it holds bundles without `bundles:`{_NOT_PLAIN}"
    return replace(config, bundles=tuple(replace(one, names=(one.name,)) for one in config.bundles)), ""


def _old(file: File, path: str) -> OldConfig:
    names = {bundle.name: bundle for bundle in file.bundles}
    bundles = []
    for declared in file.bundles:
        files, filters = _spread(declared, names, within=())
        output = without_version(declared.output.text) if declared.output is not None else ""
        where = f"{path}:{declared.place[0]}"
        heavy = tuple(name for name in dict.fromkeys(filters) if name not in OURS)
        made = OldBundle(declared.name, output, tuple(dict.fromkeys(files)), heavy, (declared.name,), where)
        bundles.append(replace(made, extra=", ".join(name for name, _ in declared.extra)))
    directory = file.directory.text if file.directory is not None else ""
    return OldConfig(posixpath.normpath(directory) if directory else "", tuple(bundles))


def _spread(
    declared: Declared, names: Mapping[str, Declared], *, within: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """The files and the filters of a bundle and of all that it holds."""
    files: list[str] = []
    filters = [word.text for word in declared.filters]
    for item in declared.contents:
        held = item if isinstance(item, Declared) else names.get(item.text)
        if held is None and not isinstance(item, Declared):
            files.append(item.text)
        elif held is not None and held.name not in (*within[1:], declared.name or "/") and len(within) < 50:
            more, also = _spread(held, names, within=(*within, declared.name or "/"))
            files += more
            filters += also
    return files, filters


# --- Django ----------------------------------------------------------------------------------------------


def _django(folder: Path, found: Survey, pages: Sequence[django_setups.Template]) -> tuple[list[OldBundle], list[str]]:
    """The groups of django-pipeline, the blocks of django-compressor, and what is to be changed by hand."""
    read = [django_setups.read_settings(read_text(folder / path), path=path) for path in found.modules]
    groups = [bundle for one in read for bundle in one.bundles]
    notes = [note for one in read for note in one.notes]
    taken = set(found.logicals) | {group.output for group in groups}
    blocks = django_setups.read_templates(pages, groups=groups, taken=taken)
    stay = [_BLOCKS_STAY] if any("{% endcompress" in page.text for page in pages) else []
    return [*groups, *blocks.bundles], [*notes, *stay, *blocks.notes]


def _templates(folder: Path, found: Survey) -> Iterator[django_setups.Template]:
    for root in sorted({path for path, _ in found.templates}):
        for file in sorted((folder / root).rglob("*")):
            if file.suffix in {suffix for path, suffix in found.templates if path == root}:
                path = file.relative_to(folder).as_posix()
                yield django_setups.Template(path, read_text(file))


# --- judging ---------------------------------------------------------------------------------------------


def _unique(judged: Sequence[Judged]) -> list[Judged]:
    """Bundles of one output are one where they are the same; of two others, one stays a comment."""
    seen: dict[str, OldBundle] = {}
    unique: list[Judged] = []
    for bundle, reason in judged:
        name = bundle.output or bundle.name
        first = seen.get(name)
        if first is not None and not reason and first.contents == bundle.contents:
            merged = replace(first, names=tuple(dict.fromkeys((*first.names, *bundle.names))))
            unique[unique.index((first, ""))] = (merged, "")
            seen[name] = merged
            continue
        unique.append((bundle, reason or ("another bundle has this name" if first is not None else "")))
        if not unique[-1][1]:
            seen[name] = bundle
    return unique


def _judged(folder: Path, found: Survey, bundle: OldBundle, root: str) -> Judged:
    return bundle, _reason(folder, found, bundle, root)


def _reason(folder: Path, found: Survey, bundle: OldBundle, root: str) -> str:
    """Why a bundle cannot be taken over as it stands, or ''. `root` is the static folder it starts from, if known."""
    files = found.below(root)
    kind = text_kind(bundle.output)
    if bundle.filters and bundle.filters[0].startswith("."):
        return f"it is made of {', '.join(bundle.filters)} files, which have to be compiled first"
    if bundle.filters:
        return f"{_BRIDGED}{', '.join(bundle.filters)}"
    if kind is None:
        return "its output is neither CSS nor JavaScript" if bundle.output else _PART
    if logical_path_problem(bundle.output) or is_glob(bundle.output) or "%" in bundle.output:
        return "its output is no logical path"
    inputs: list[str] = []
    for item in bundle.contents:
        matched = _matching(item, files)
        if not matched:
            return f"{item} is not below a static folder"
        inputs += matched
    if not inputs:
        return "it has no contents"
    if any(text_kind(item) is not kind for item in inputs):
        return "its contents are of another kind"
    if kind is TextKind.JS and any(is_module(read_text(folder / files[item])) for item in inputs):
        return "it joins ES modules, which are published one by one"
    if bundle.output in files and bundle.output not in inputs:
        return f"{_LEFT_OVER}{bundle.output}, which {_maker(bundle)} made, and remove the `#`"
    return ""


def _maker(bundle: OldBundle) -> str:
    return "webassets" if bundle.names else "the former build"


def _matching(item: str, files: Mapping[str, str]) -> list[str]:
    if not is_glob(item):
        return [item] if item in files else []
    try:
        globs = Globs((item,))
    except ValueError:
        return []
    return sorted(name for name in files if globs.matches(name))
