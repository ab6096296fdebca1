"""What a webassets YAML file declares -> our bundles, the names that templates use, and what webassets has to run.

A bundle whose filters only minify and rewrite URLs becomes a plain bundle: that is our own work. One with any other
filter, at whatever depth, is webassets' to make as a whole, since order and nesting of filters mean something; its text
then goes on like a source. Reads no file and runs nothing.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from assetbuild.build.config_values import glob_problem, logical_path_problem, printable
from assetbuild.build.globs import is_glob
from assetbuild.build.media import text_kind
from assetbuild.build.model import BundleSpec, Place, Problem, Severity
from assetbuild.build.webassets_model import IDLE, OURS, Declared, File, Named, Run, Translation, Webassets, Word
from assetbuild.build.yaml_places import Spot
from assetbuild.placeholders import without_version

_MARK = "0version0"
_OLD_VERSION = "(?:[0-9a-f]{8,64}|[0-9]{9,})"
"""What webassets put there: a hash or a time. `app.min.js` is nobody's output `app.%(version)s.js`."""
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a file comes to."""

    bundles: tuple[BundleSpec, ...]
    webassets: Webassets
    places: Mapping[tuple[str, ...], Place]


@dataclass(slots=True)
class _Mapper:
    file: File
    logical: Callable[[str], str]
    """The logical path, or glob, that a path of the file means; '' where it lies in no source root."""
    at: Callable[[Spot], Place]
    problems: list[Problem] = field(default_factory=list)
    names: dict[str, Declared] = field(default_factory=dict)
    bundles: dict[str, BundleSpec] = field(default_factory=dict)
    translations: list[Translation] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    """By logical path, where webassets wrote it."""
    places: dict[tuple[str, ...], Place] = field(default_factory=dict)

    def fail(self, code: str, text: str, spot: Spot, *, hint: str) -> None:
        self.problems.append(Problem(code, text, self.at(spot), hint=hint))

    # --- paths -------------------------------------------------------------------------------------------

    def path(self, word: Word, *, what: str) -> str:
        """The logical path or glob of an input; '' where it has none, which is reported."""
        if re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//", word.text):
            hint = "download the file into a source root, and name it there; a build fetches nothing"
            self.fail("webassets-url", f'{what} is a URL, "{printable(word.text)}"', word.place, hint=hint)
            return ""
        logical = self.logical(word.text)
        if not logical:
            hint = "add its folder to `sources`, or name a file below one of them"
            text = f'{what}, "{printable(word.text)}", lies in no source root'
            self.fail("webassets-path", text, word.place, hint=hint)
            return ""
        if is_glob(logical):
            problem = glob_problem(logical, self.at(word.place), where="in the webassets file", hint="correct it")
        else:
            reason = logical_path_problem(logical)
            problem = Problem(
                "webassets-path", f'{what}, "{printable(word.text)}", {reason}', self.at(word.place),
                hint="name a file below a source root",
            ) if reason else None  # fmt: skip
        if problem is not None:
            self.problems.append(problem)
            return ""
        return logical

    def placed(self, path: str) -> str:
        """The logical path of an output, which needs no folder."""
        return self.logical(path) or posixpath.normpath(path)

    def output(self, declared: Declared, word: Word) -> str:
        """The logical path that an output gets: as written, without the version that fingerprints now are."""
        plain = without_version(word.text)
        logical = self.placed(plain)
        reason = logical_path_problem(logical) or ("is a glob" if is_glob(logical) else "")
        kind = text_kind(logical)
        what = f'the output of the bundle "{declared.name}"' if declared.name else "the output of a nested bundle"
        if reason or "%" in plain:
            reason = reason or "holds a placeholder other than %(version)s"
            hint = "write a path such as css/site.css, below the folder that the file's paths start in"
            self.fail("webassets-output", f'{what}, "{printable(word.text)}", {reason}', word.place, hint=hint)
        elif kind is None:
            text = f'{what}, "{printable(word.text)}", is neither CSS nor JavaScript by its suffix'
            self.fail("webassets-output", text, word.place, hint="let it end in .css, .js, .mjs or .cjs")
        else:
            marked = word.text.replace("%(version)s", _MARK)
            escaped = re.escape(self.placed(marked))
            self.outputs[logical] = escaped.replace(_MARK, _OLD_VERSION)
            return logical
        return ""

    # --- bundles -----------------------------------------------------------------------------------------

    def run(self) -> None:
        self.names = {bundle.name: bundle for bundle in self.file.bundles}
        for declared in self.file.bundles:
            self.built(declared, within=())

    def built(self, declared: Declared, *, within: tuple[str, ...]) -> None:
        """The bundles with an output, of which containers hold several."""
        if declared.output is not None:
            logical = self.output(declared, declared.output)
            if logical and logical in self.bundles:
                text = f"{logical} is the output of two bundles"
                self.fail("webassets-output", text, declared.output.place, hint="give one of them another output")
            elif logical:
                self.bundle(declared, logical)
            return
        self._container(declared)
        for item in declared.contents:
            if isinstance(item, Declared):
                self.built(item, within=within)

    def _container(self, declared: Declared) -> None:
        """A bundle that has only bundles, each with its output, hands its filters on to them."""
        parts = [self.held(item) for item in declared.contents]
        is_container = bool(parts) and all(part is not None and part.output is not None for part in parts)
        heavy = [word for word in declared.filters if word.text not in OURS]
        if is_container and heavy and declared.name:
            text = f'the bundle "{declared.name}" has no output, and would hand its filter {heavy[0].text} on to others'
            hint = f"write the filter at each of the bundles that {declared.name} holds"
            self.fail("webassets-container", text, heavy[0].place, hint=hint)

    def held(self, item: Word | Declared) -> Declared | None:
        return item if isinstance(item, Declared) else self.names.get(item.text)

    def bundle(self, declared: Declared, logical: str) -> None:
        before = len(self.problems)
        made = self.converted(declared, within=(declared.name,))
        if not made.contents and len(self.problems) == before:
            hint = "list the files to join below `contents`"
            self.fail("webassets-value", f'the bundle "{declared.name or logical}" is empty', declared.place, hint=hint)
        if len(self.problems) > before:
            return
        self.places["bundles", logical] = self.at(declared.place)
        if any(word.text not in OURS for word in made.words()):
            self.translations.append(Translation(logical, _plain(made), self.at_spot(declared)))
            self.bundles[logical] = BundleSpec(logical, (logical,))
            return
        words = _flat(made)
        self.problems += self._twice(logical, made)
        self.bundles[logical] = BundleSpec(logical, tuple(dict.fromkeys(word.text for word in words)))
        self.places |= {("bundles", logical, word.text): self.at(word.place) for word in words}

    def _twice(self, logical: str, made: Run) -> list[Problem]:
        """Warnings for what two of the bundles in one name: webassets joins it twice; here its first place counts."""
        seen: dict[str, Run] = {}
        problems = []
        for run, word in _placed(made):
            if seen.setdefault(word.text, run) is not run:
                text = f'the bundle "{logical}" holds {word.text} twice; it is joined once, at its first place'
                place = self.at(word.place)
                hint = "take it out of one of the bundles"
                problems.append(Problem("webassets-twice", text, place, severity=Severity.WARNING, hint=hint))
        return problems

    def at_spot(self, declared: Declared) -> Spot:
        return declared.filters[0].place if declared.filters else declared.place

    def converted(self, declared: Declared, *, within: tuple[str, ...]) -> Run:
        """A bundle with logical paths for paths, and the bundles that it names in the place of their names."""
        what = f'an input of the bundle "{declared.name}"' if declared.name else "an input of a nested bundle"
        contents: list[Word | Run] = []
        for item in declared.contents:
            held = self.held(item)
            if held is None:
                assert isinstance(item, Word)
                logical = self.path(item, what=what)
                contents += [Word(logical, item.place)] if logical else []
            elif held.name and held.name in within:
                text = f"bundles that hold each other: {' -> '.join((*within, held.name))}"
                spot = item.place
                self.fail("webassets-cycle", text, spot, hint="take one of them out of the other")
                return Run(())
            elif len(within) > _DEEPEST:
                self.fail("webassets-cycle", "bundles are nested too deeply", item.place, hint="name the files")
                return Run(())
            else:
                contents.append(self.converted(held, within=(*within, held.name)))
        depends = [(word, self.path(word, what="what a bundle depends on")) for word in declared.depends]
        return Run(
            tuple(contents),
            declared.filters,
            tuple(Word(logical, word.place) for word, logical in depends if logical),
            declared.config,
        )

    # --- names -------------------------------------------------------------------------------------------

    def named(self) -> tuple[Named, ...]:
        """What names mean in templates. Those that never had URLs of their own, being parts of others, mean nothing."""
        found = []
        for declared in self.file.bundles:
            assets = self.assets_of(declared, depth=0)
            if assets:
                extra = json.dumps(
                    self.extra_of(declared, depth=0), sort_keys=True, ensure_ascii=False, allow_nan=False, default=str
                )
                found.append(Named(declared.name, assets, extra))
        return tuple(sorted(found, key=lambda one: one.name))

    def assets_of(self, declared: Declared, *, depth: int) -> tuple[str, ...]:
        if declared.output is not None:
            logical = self.placed(without_version(declared.output.text))
            return (logical,) if logical in self.bundles else ()
        found: list[str] = []
        for item in declared.contents:
            held = self.held(item)
            below = self.assets_of(held, depth=depth + 1) if held is not None and depth < _DEEPEST else ()
            if not below:
                return ()
            found += below
        return tuple(dict.fromkeys(found))

    def extra_of(self, declared: Declared, *, depth: int) -> dict[str, object]:
        """As in webassets: a bundle of nothing but bundles has theirs, unless it has its own."""
        held = [self.held(item) for item in declared.contents]
        if declared.extra or None in held or depth >= _DEEPEST:
            return dict(declared.extra)
        merged: dict[str, object] = {}
        for part in held:
            merged |= self.extra_of(part, depth=depth + 1) if part is not None else {}
        return merged


def mapped(file: File, *, logical: Callable[[str], str], at: Callable[[Spot], Place]) -> tuple[Mapped, list[Problem]]:
    """What `file` comes to, and what cannot be carried over. `logical` gives '' for a path in no source root."""
    mapper = _Mapper(file, logical, at)
    mapper.run()
    return (
        Mapped(
            tuple(mapper.bundles[name] for name in sorted(mapper.bundles)),
            Webassets(
                names=mapper.named(),
                translations=tuple(sorted(mapper.translations, key=lambda one: one.logical)),
                outputs=tuple(sorted(mapper.outputs.values())),
                custom_filters=file.custom_filters,
                config=file.config,
            ),
            mapper.places,
        ),
        mapper.problems,
    )


def _plain(run: Run) -> Run:
    """Without the filters that never run."""
    contents = tuple(_plain(item) if isinstance(item, Run) else item for item in run.contents)
    return replace(run, contents=contents, filters=tuple(word for word in run.filters if word.text not in IDLE))


def _flat(run: Run) -> list[Word]:
    return [word for _, word in _placed(run)]


def _placed(run: Run) -> Iterator[tuple[Run, Word]]:
    """Every input with the bundle that names it, in order."""
    for item in run.contents:
        if isinstance(item, Run):
            yield from _placed(item)
        else:
            yield run, item
