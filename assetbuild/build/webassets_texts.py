"""The texts that webassets makes for bundles, put among the sources before anything is discovered.

Each is a step of its own: kept in the cache under all that it was made of, and made again when one of those differs, a
file that a filter opened among them. What webassets wrote into the static folder before is left out: it is no source.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild.build import keys, tree, webassets_includes
from assetbuild.build.cache import Cache
from assetbuild.build.events import Done, Listener, Work
from assetbuild.build.globs import Globs, is_glob, no_match_hint
from assetbuild.build.media import text_kind
from assetbuild.build.model import BuildFailed, Config, FileStat, Place, Problem, Severity, Source, TextKind, place_in
from assetbuild.build.suggest import did_you_mean
from assetbuild.build.tree import Tree
from assetbuild.build.webassets_model import Job, Opened, Run, Translation, Word

if TYPE_CHECKING:
    from assetbuild.build.webassets_bridge import BridgeError
    from assetbuild.build.yaml_places import Spot

_FAMILIES = {
    TextKind.CSS: (".css", ".scss", ".sass", ".less", ".styl", ".pcss"),
    TextKind.JS: (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".coffee", ".json", ".vue", ".hbs", ".jst", ".html"),
}
"""Compilers of other languages open files unseen; of these kinds any below a source root may be one."""

_SETTINGS = (
    *(".babelrc", ".babelrc.json", "babel.config.js", "babel.config.json", ".browserslistrc", "package.json"),
    *(".postcssrc", "postcss.config.js", "postcss.config.cjs", "tsconfig.json"),
)
"""Files beside the configuration or the YAML file in which tools look for settings, unseen too."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The tree with the texts in it; `opened` is all that they depend on and that lies outside the tree.

    `made_of` describes each text by its logical path.
    """

    found: Tree
    opened: tuple[Opened, ...] = ()
    made_of: Mapping[str, keys.Description] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def with_texts(config: Config, found: Tree, *, cache: Cache | None, listener: Listener) -> Texts:
    """`found`, with a source for each bundle that webassets makes, and without what webassets left in its place."""
    if not config.webassets.outputs:
        return Texts(found)
    found, problems = _without_outputs(config, found)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Texts(found, problems=tuple(problems))
    sources: dict[str, Source] = {}
    for source in found.sources:
        sources.setdefault(source.logical, source)
    made: list[Source] = []
    made_of: dict[str, keys.Description] = {}
    settings = _settings(config)
    opened = dict(settings) | {path: _digest(Path(path)) for path in webassets_includes.files(config)}
    includes = tuple(_included(config, opened))
    for translation in config.webassets.translations:
        maker = _Maker(config, translation, sources, settings, includes, cache, listener, problems)
        text = maker.text()
        if text is not None:
            opened |= dict(text[1])
            made_of[translation.logical] = maker.story
            made.append(_source(config, translation, text[0]))
    inside = {source.file for source in found.sources}
    outside = tuple((path, digest) for path, digest in sorted(opened.items()) if path not in inside)
    return Texts(replace(found, sources=(*found.sources, *made)), outside, made_of, tuple(problems))


def _settings(config: Config) -> tuple[Opened, ...]:
    """The files in which tools may look for settings, there or not."""
    if not config.webassets.translations:
        return ()
    folders = {config.base, *([config.webassets.file.parent] if config.webassets.file else [])}
    return tuple((str(path), _digest(path)) for folder in sorted(folders) for path in (folder / n for n in _SETTINGS))


def _included(config: Config, digests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """For each folder of includes what stands for all files in it."""
    for word, folder in webassets_includes.named(config).items():
        files, _ = webassets_includes.below(folder)
        listed = [(os.path.relpath(path, folder).replace(os.sep, "/"), digests[path]) for path in files]
        yield f"files below {word}", keys.key(tuple(listed))


def _digest(path: Path) -> str:
    try:
        return keys.sha256(path.read_bytes())
    except OSError:
        return ""


MODULES = ("webassets",)
"""By whose files it would be known that another version is installed."""


def version(config: Config) -> str:
    """Changes when texts may, though all files that they are made of are the same. Raises `BuildFailed`."""
    from assetbuild.build import webassets_bridge as bridge

    names = {word.text for one in config.webassets.translations for word in one.run.words()}
    custom = config.webassets.custom_filters
    try:
        return bridge.version(sorted(names), custom)
    except bridge.BridgeError as error:
        file = str(config.webassets.file or config.file)
        place = _place_of(file, custom[0].place) if custom else Place(file)
        raise BuildFailed([Problem("webassets-filter", str(error), place, hint=bridge.CUSTOM_HINT)]) from error


def is_unchanged(opened: Sequence[Opened]) -> bool:
    """Whether all files that filters opened outside the source roots are what they were."""
    return all(_digest(Path(path)) == digest for path, digest in opened)


def _source(config: Config, translation: Translation, text: str) -> Source:
    data = text.encode("utf-8", "surrogateescape")
    base = str(config.root_paths[0]).replace(os.sep, "/")
    file = f"{base}/{translation.logical} (made by webassets)"
    return Source(translation.logical, file, FileStat(len(data), 0, 0), 0, data)


def _without_outputs(config: Config, found: Tree) -> tuple[Tree, list[Problem]]:
    """Without files at the places of outputs. A version in a name says who made the file; nothing else does."""
    patterns = [re.compile(pattern) for pattern in config.webassets.outputs]
    bundles = {bundle.name: bundle for bundle in config.bundles}
    texts = {translation.logical for translation in config.webassets.translations}
    kept, problems = [], []
    for source in found.sources:
        name = source.logical
        is_output = name in texts or any(pattern.fullmatch(name) for pattern in patterns)
        is_own_input = name in bundles and name not in texts and name in bundles[name].inputs
        if not is_output or is_own_input:
            kept.append(source)
        elif name in bundles:
            problems.append(_shadowed(config, source))
        else:
            text = f"{name} is what webassets made, not a source; it is left out, as it is made here now"
            place = Place(source.file)
            problems.append(Problem("webassets-output", text, place, severity=Severity.NOTE, hint="delete the file"))
    return replace(found, sources=tuple(kept)), problems


def _shadowed(config: Config, source: Source) -> Problem:
    text = f"the output {source.logical} would take the place of the source {source.file}"
    hint = f"delete {source.logical} if webassets made it, or give the bundle another `output`"
    return Problem("bundle-shadows-source", text, config.place("bundles", source.logical), hint=hint)


@dataclass(slots=True)
class _Maker:
    """One text, on its way."""

    config: Config
    translation: Translation
    sources: Mapping[str, Source]
    settings: tuple[Opened, ...]
    includes: keys.Description
    cache: Cache | None
    listener: Listener
    problems: list[Problem]
    story: keys.Description = ()
    """What is told of the text: what it is surely made of, and files of another language, of which it may be."""

    def text(self) -> tuple[str, tuple[Opened, ...]] | None:
        """The text and what was opened for it; None with a problem."""
        from assetbuild.build import webassets_bridge as bridge

        before = len(self.problems)
        job = self.job(self.translation.run)
        if len(self.problems) > before:
            return None
        custom = self.config.webassets.custom_filters
        names = sorted({word.text for word in self.translation.run.words()})
        try:
            description = tuple(self.described(job, bridge.version(names, custom)))
        except bridge.BridgeError as error:
            self.problems.append(self.explained(error))
            return None
        except OSError as error:
            self.fail(f"a file cannot be read: {error.strerror or error}", hint="correct its permissions")
            return None
        key = keys.key(description)
        self.story = tuple(pair for pair in description if self.is_told(pair[0], job))
        if (known := self.cached(key)) is not None:
            self.listener(Done(Work.REUSE, self.translation.logical, "webassets"))
            return known
        roots = [(str(folder), spec.mount) for folder, spec in
                 zip(self.config.root_paths, self.config.sources, strict=True)]  # fmt: skip
        config = dict(self.config.webassets.config)
        try:
            text, opened = bridge.make(job, output=self.translation.logical, roots=roots, config=config, custom=custom)
        except bridge.BridgeError as error:
            self.problems.append(self.explained(error))
            return None
        self.listener(Done(Work.PROCESS, self.translation.logical, "webassets"))
        if self.cache is not None:
            self.cache.put(key, text.encode("utf-8", "surrogateescape"), {"opened": json.dumps(opened)})
        return text, opened

    def cached(self, key: str) -> tuple[str, tuple[Opened, ...]] | None:
        found = self.cache.get(key) if self.cache is not None else None
        if found is None:
            return None
        try:
            opened = tuple((str(path), str(digest)) for path, digest in json.loads(found.meta.get("opened", "")))
        except ValueError:
            return None
        return (found.data.decode("utf-8", "surrogateescape"), opened) if is_unchanged(opened) else None

    # --- what it is made of ------------------------------------------------------------------------------

    def job(self, run: Run) -> Job:
        contents: list[str | Job] = []
        for item in run.contents:
            found = [self.job(item)] if isinstance(item, Run) else [source.file for source in self.matched(item)]
            contents += [one for one in found if one not in contents]
        for word in run.depends:
            self.matched(word)
        return Job(tuple(contents), tuple(word.text for word in run.filters), run.config)

    def matched(self, word: Word) -> list[Source]:
        if word.text in self.sources:
            return [self.sources[word.text]]
        name = self.translation.logical
        if is_glob(word.text):
            glob = Globs((word.text,))
            found = [source for logical, source in sorted(self.sources.items()) if glob.matches(logical)]
            text = f'the bundle "{name}": the glob "{word.text}" matches nothing'
            code, hint = "glob-matches-nothing", no_match_hint(word.text)
        else:
            found = []
            text = f'the bundle "{name}": there is no source "{word.text}"'
            code, hint = "unknown-input", did_you_mean(word.text, self.sources) or "write a path below a source root"
        if not found:
            self.problems.append(Problem(code, text, self.place(word), hint=hint))
        return found

    def described(self, job: Job, version: str) -> Iterator[tuple[str, str]]:
        """All that the text depends on, but for what filters are seen to open. Raises OSError."""
        yield "webassets", version
        yield "filters", ", ".join(word.text for word in self.translation.run.words())
        yield "output", self.translation.logical
        yield "bundle", json.dumps(_shape(job, {source.file: name for name, source in self.sources.items()}))
        yield "config of filters", json.dumps(dict(self.config.webassets.config), sort_keys=True, default=str)
        kind = text_kind(self.translation.logical) or TextKind.JS
        wanted = {self.logical_of(path) for path in job.files()}
        wanted |= {source.logical for run in _runs(self.translation.run) for word in run.depends
                   for source in self.matched(word)}  # fmt: skip
        wanted |= {name for name in self.sources if os.path.splitext(name)[1].lower() in _FAMILIES[kind]}
        for logical in sorted(wanted):
            yield f"input {logical}", tree.digest(self.sources[logical]).sha256
        yield from self.includes
        for path, digest in self.settings:
            if digest:
                yield f"settings {os.path.basename(path)}", digest

    def is_told(self, what: str, job: Job) -> bool:
        logical = what.removeprefix("input ")
        if logical == what:
            return what not in ("output", "bundle")
        own = {self.logical_of(path) for path in job.files()}
        foreign = {os.path.splitext(name)[1].lower() for name in own} - {".css", ".js"}
        return logical in own or os.path.splitext(logical)[1].lower() in foreign

    def logical_of(self, path: str) -> str:
        return next(logical for logical, source in self.sources.items() if source.file == path)

    # --- problems ----------------------------------------------------------------------------------------

    def place(self, word: Word | None = None) -> Place:
        spot = word.place if word is not None else self.translation.place
        return _place_of(str(self.config.webassets.file or self.config.file), spot)

    def fail(self, text: str, *, hint: str) -> None:
        self.problems.append(Problem("webassets-failed", text, self.place(), hint=hint))

    def explained(self, error: BridgeError) -> Problem:
        words = [word for word in self.translation.run.words() if word.text == error.filter_name]
        named = self.place(words[0] if words else None)
        who = f'the filter "{error.filter_name}"' if error.filter_name else "webassets"
        text = f'{who} failed at the bundle "{self.translation.logical}": {error}'
        if not error.file or not error.line:
            hint = "install the tool that it runs, correct the file, or take the filter out"
            notes = (f"it was at {error.file}",) if error.file else ()
            return Problem("webassets-failed", text, named, notes=notes, hint=hint)
        at = _place_of(error.file, (error.line, error.column))
        notes = (f"the filter is named in line {named.line} of {os.path.basename(named.path)}",)
        return Problem("webassets-failed", text, at, notes=notes, hint="correct the file")


def _place_of(path: str, spot: Spot) -> Place:
    try:
        lines = Path(path).read_text("utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    return place_in(path, lines, spot)


def _shape(job: Job, names: Mapping[str, str]) -> object:
    """A job in JSON's terms, without paths of this machine."""
    contents = [_shape(item, names) if isinstance(item, Job) else names[item] for item in job.contents]
    config = json.dumps(dict(job.config), sort_keys=True, default=str)
    return {"contents": contents, "filters": list(job.filters), "config": config}


def _runs(run: Run) -> Iterator[Run]:
    yield run
    for item in run.contents:
        if isinstance(item, Run):
            yield from _runs(item)
