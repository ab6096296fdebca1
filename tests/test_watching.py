"""What a watch does with made-up sets of changes: which count, when they have settled, what is done about them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import config as configuration
from assetbuild.build import pipeline, watching
from assetbuild.build.model import BuildFailed, Config, Problem
from assetbuild.build.results import Built
from assetbuild.build.watching import (
    FEW,
    LONG_QUIET,
    PATIENCE,
    QUIET,
    SHARE,
    UNASKED,
    Cause,
    Kind,
    Scope,
    Sight,
    Steps,
    Trigger,
    Turn,
    causes_between,
    config_files,
    look,
    scope_of,
    settled,
)
from tests.project import PLAIN, Project, project

# --- which changes count ---------------------------------------------------------------------------------

CONFIG = "sources = ['static', {path = 'lib', mount = 'vendor'}]\noutput = 'static/out'\n" + PLAIN
FILES = {
    "css/app.css": "a{}",
    "old.css": "b{}",
    "out/own.css": "",
    "/lib/x.js": "x",
    "/else/other.css": "",
    "/pyproject.toml": "",
}


def write(name: str) -> Callable[[Path], object]:
    return lambda root: (root / name).write_text(f"new {name}")


def remove(name: str) -> Callable[[Path], object]:
    return lambda root: (root / name).unlink()


def as_vim(root: Path) -> None:
    (root / "static/4913").touch()
    (root / "static/4913").unlink()
    (root / "static/old.css").rename(root / "static/old.css~")
    (root / "static/old.css").write_text("b{c:d}")


LOOKS: list[tuple[Callable[[Path], object], list[tuple[str, str]]]] = [
    (write("static/css/app.css"), [("changed", "css/app.css")]),
    (write("static/new.css"), [("added", "new.css")]),
    (remove("static/old.css"), [("removed", "old.css")]),
    (as_vim, [("changed", "old.css")]),
    (
        lambda root: (root / "static/css").rename(root / "static/style"),
        [("removed", "css/app.css"), ("added", "style/app.css")],
    ),
    (lambda root: (root / "static/old.css").chmod(0o600), [("changed", "old.css")]),
    (lambda root: (root / "static/bad.css").symlink_to("nowhere"), [("added", "bad.css")]),
    (write("lib/x.js"), [("changed", "vendor/x.js")]),
    (write("assetbuild.toml"), [("changed", "")]),
    (remove("assetbuild.toml"), [("removed", "")]),
    (write("pyproject.toml"), [("changed", "")]),
    (lambda root: (root / "lib").rename(root / "away"), [("removed", ""), ("removed", "vendor/x.js")]),
    (lambda root: (root / "static/img").mkdir(), []),
    (write("static/css/app.css~"), []),
    (write("static/css/#app.css#"), []),
    (write("static/css/.app.css.swp"), []),
    (write("static/out/own.css"), []),
    (write("static/out/manifest.json"), []),
    (lambda root: (root / "static/link").symlink_to("out"), []),
    (lambda root: (root / ".assetbuild").mkdir(), []),
    (write("else/other.css"), []),
]


@pytest.mark.parametrize(("change", "expected"), LOOKS)
def test_sources_and_the_configuration_count_and_nothing_else(
    tmp_path: Path, change: Callable[[Path], object], expected: list[tuple[str, str]]
) -> None:
    made = project(tmp_path, FILES, config=CONFIG)
    scope = scope_of(made.config, config_files(None, folder=tmp_path))
    before = look(scope)
    change(tmp_path)
    assert [(cause.kind.value, cause.logical) for cause in causes_between(before, look(scope))] == expected


def test_another_folder_of_the_same_name_is_another_root(tmp_path: Path) -> None:
    scope = Scope((), (tmp_path / "static",), ("",))
    (tmp_path / "static").mkdir()
    (tmp_path / "other").mkdir()
    before = look(scope)
    (tmp_path / "static").rename(tmp_path / "away")
    (tmp_path / "other").rename(tmp_path / "static")
    (cause,) = causes_between(before, look(scope))
    assert cause == Cause(str(tmp_path / "static"), Kind.CHANGED, "")


def test_a_build_changes_nothing_that_is_looked_at(tmp_path: Path) -> None:
    made = project(tmp_path, {"a.css": "a{}"}, config="sources = ['.']\noutput = 'out'\n" + PLAIN)
    scope = scope_of(made.config, config_files(None, folder=tmp_path))
    before = look(scope)
    assert made.build().written
    assert causes_between(before, look(scope)) == ()


VIEWS = st.dictionaries(st.sampled_from("abcd"), st.builds(Sight, st.sampled_from(["", "x", "y"]), st.integers(0, 1)))


@given(VIEWS, VIEWS)
def test_there_is_a_cause_for_each_difference_and_none_without(old: dict[str, Sight], new: dict[str, Sight]) -> None:
    causes = causes_between(old, new)
    assert {cause.path for cause in causes} == {path for path in "abcd" if old.get(path) != new.get(path)}
    assert [cause.logical != "" for cause in causes] == sorted(cause.logical != "" for cause in causes)


@pytest.mark.parametrize(
    ("file", "expected"),
    [(None, ["assetbuild.toml", "pyproject.toml"]), (Path("sub/../other.toml"), ["other.toml"])],
)
def test_a_named_configuration_is_the_only_one(tmp_path: Path, file: Path | None, expected: list[str]) -> None:
    assert config_files(file, folder=tmp_path) == tuple(tmp_path / name for name in expected)


# --- when they have settled ------------------------------------------------------------------------------

TICK = 0.06
Step = str | int
"""Before a set is told, `+x` writes a file that it names, `-x` removes it, `.x` writes it untold. `3`: quiet sets."""


def played(steps: Iterable[Step], folder: Path, now: list[float]) -> Iterator[Collection[str]]:
    for step in steps:
        if isinstance(step, int):
            for _ in range(step):
                now[0] += TICK
                yield ()
            continue
        path = folder / step[1:]
        path.unlink() if step[0] == "-" else path.write_text(str(now[0]))
        now[0] += TICK
        yield () if step[0] == "." else (str(path),)


LONG = int((UNASKED + 1) / TICK)
MANY_FILES = [f"+{number}" for number in range(FEW + 1)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([1], [0]),
        ([LONG], [0, 0]),
        (["+a", QUIET], [1]),
        (["+a", "+b", QUIET], [2]),
        (["+a", QUIET, "+b", QUIET], [1, 1]),
        (["+a", "+a", QUIET, LONG], [1, 0]),
        (["+a", "-a", LONG_QUIET], [0]),
        (["-kept", QUIET, "+kept", QUIET], [1]),
        (["-kept", LONG_QUIET], [1]),
        (["-kept", QUIET, "+a", LONG_QUIET], [2]),
        ([*MANY_FILES, QUIET, "+b", LONG_QUIET], [FEW + 2]),
        (["+a", *["+b"] * (PATIENCE - 1), "+c", QUIET], [2, 1]),
        ([1, ".a", LONG], [0, 1]),
        ([1, ".other.toml", QUIET], [0, 1]),
        ([1, ".a", LONG, LONG], [0, 1, 0, 0]),
    ],
)
def test_a_burst_is_told_once_it_has_settled(tmp_path: Path, steps: list[Step], expected: list[int]) -> None:
    (tmp_path / "kept").touch()
    scope = Scope((tmp_path / "other.toml",), (tmp_path,), ("",))
    now = [0.0]
    found = settled(played(steps, tmp_path, now), scope, look(scope), lambda: now[0])
    assert [len(change.causes) for change in found] == expected


def test_a_look_that_takes_long_is_seldom_taken_unasked(tmp_path: Path) -> None:
    scope = Scope((), (tmp_path,), ("",))
    times = iter(range(10_000))
    found = settled([()] * 1000, scope, look(scope), lambda: float(next(times)))
    assert len(list(found)) <= 1000 / SHARE


# --- the loop --------------------------------------------------------------------------------------------

Event = Callable[[], Iterable[str]]
"""Changes the disk and gives the names, relative to the project, that a system would tell."""


@dataclass
class World:
    """A project whose disk changes as `events` say, each followed by silence."""

    made: Project
    events: deque[Event] = field(default_factory=deque)
    log: list[object] = field(default_factory=list)
    now: float = 0.0

    @property
    def root(self) -> Path:
        return self.made.root

    @contextmanager
    def observe(self, scope: Scope) -> Iterator[Iterator[Collection[str]]]:
        self.log.append(tuple(root.name for root in scope.roots))
        yield self._sets()

    def _sets(self) -> Iterator[Collection[str]]:
        while self.events:
            yield {str(self.root / name) for name in self.events.popleft()()}
            for _ in range(LONG):
                self.now += TICK
                yield ()

    def load(self) -> Config:
        self.log.append("load")
        return configuration.load(None, folder=self.root)

    def build(self, config: Config) -> Built:
        self.log.append("build")
        return pipeline.build(config, options=pipeline.Options(jobs=1))

    def turns(self, *events: Event) -> list[Turn]:
        self.events.extend(events)
        steps = Steps(self.load, self.build, clock=lambda: self.now)
        return list(watching.turns(config_files(None, folder=self.root), steps, self.observe))

    def writes(self, **files: str) -> Event:
        """An event: files of `static/`, or with `_toml` the configuration, get these texts."""

        def event() -> list[str]:
            names = {
                "assetbuild.toml" if name == "_toml" else f"static/{name}.css": text for name, text in files.items()
            }
            self.made.write(names)
            return list(names)

        return event


@pytest.fixture
def world(tmp_path: Path) -> World:
    root = Path(os.path.realpath(tmp_path))
    return World(project(root, {"a.css": "a{}"}))


def results(turns: Iterable[Turn]) -> list[str]:
    """What came of each: the codes of errors, or how many assets there are."""
    return [
        " ".join(problem.code for problem in turn.result.problems)
        if isinstance(turn.result, BuildFailed)
        else str(len(turn.result.outputs) or "same")
        if isinstance(turn.result, Built)
        else type(turn.result).__name__
        for turn in turns
    ]


def test_it_builds_at_once_and_after_a_change(world: World) -> None:
    turns = world.turns(world.writes(a="a{b:c}"), world.writes(b="b{}"))
    assert results(turns) == ["1", "1", "2"]
    assert [turn.trigger for turn in turns] == [Trigger.START, Trigger.CHANGE, Trigger.CHANGE]
    assert [[(cause.kind, cause.logical) for cause in turn.causes] for turn in turns] == [
        [],
        [(Kind.CHANGED, "a.css")],
        [(Kind.ADDED, "b.css")],
    ]


def test_it_watches_before_it_reads(world: World) -> None:
    world.turns()
    assert world.log == [(), "load", ("static",), "load", "build"]


def test_what_does_not_count_builds_nothing(world: World) -> None:
    assert len(world.turns(lambda: ["public/assets/manifest.json"], lambda: ["static/4913"], list)) == 1


def test_an_error_ends_nothing_and_the_next_change_tries_again(world: World) -> None:
    turns = world.turns(world.writes(a="a{b:url(no.png)}"), world.writes(b="b{}"), world.writes(a="a{}"))
    assert results(turns) == ["1", "missing", "missing", "2"]


def test_a_file_that_made_an_error_and_is_gone_again_counts(world: World) -> None:
    def remove() -> list[str]:
        (world.root / "static/bad.css").unlink()
        return ["static/bad.css"]

    assert results(world.turns(world.writes(bad="a{b:url(no.png)}"), remove)) == ["1", "missing", "same"]


def test_a_bug_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: Config) -> Built:
        raise ZeroDivisionError

    monkeypatch.setattr(world, "build", build)
    assert results(world.turns(world.writes(a="b{}"))) == ["ZeroDivisionError"] * 2


def test_a_missing_package_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: Config) -> Built:
        raise ModuleNotFoundError("no", name="brotli")

    monkeypatch.setattr(world, "build", build)
    with pytest.raises(ModuleNotFoundError):
        world.turns()


def test_a_changed_configuration_is_loaded_and_its_roots_are_watched(world: World) -> None:
    world.made.write({"more/b.css": "b{}"})
    turns = world.turns(world.writes(_toml="sources = ['static', 'more']\n" + PLAIN))
    assert results(turns) == ["1", "2"]
    assert [cause.path for cause in turns[1].causes] == [str(world.root / "assetbuild.toml")]
    assert [entry for entry in world.log if isinstance(entry, tuple)][-1] == ("static", "more")


def test_a_broken_configuration_keeps_the_roots_watched(world: World) -> None:
    turns = world.turns(world.writes(_toml="x ="), world.writes(a="b{}"), world.writes(_toml=PLAIN))
    assert results(turns) == ["1", "config-syntax", "config-syntax", "1"]
    assert [turn.config is None for turn in turns] == [False, True, True, False]


def test_a_configuration_may_be_missing_at_the_start_and_appear(world: World) -> None:
    (world.root / "assetbuild.toml").unlink()
    assert results(world.turns(world.writes(_toml=PLAIN))) == ["config-not-found", "1"]


def silence(number: int) -> list[Event]:
    return [lambda: () for _ in range(number)]


def test_a_folder_that_the_configuration_lacks_is_found_when_it_appears(world: World) -> None:
    world.made.write({"assetbuild.toml": "sources = ['static', 'late']\n" + PLAIN})

    def appear() -> tuple[str, ...]:
        (world.root / "late").mkdir()
        return ()

    turns = world.turns(*silence(2), appear)
    assert results(turns) == ["source-not-found", "1"]
    assert turns[1].trigger is Trigger.RETRY


def test_a_configuration_that_fails_in_another_way_says_so_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = deque(["one"] * 3 + ["two"] * 100)

    def load() -> Config:
        raise BuildFailed([Problem(codes.popleft(), "text")], exit_code=2)

    monkeypatch.setattr(world, "load", load)
    assert results(world.turns(*silence(4))) == ["one", "two"]


def test_a_root_that_is_removed_and_made_again_is_watched_anew(world: World) -> None:
    def remove() -> list[str]:
        (world.root / "static").rename(world.root / "away")
        return ["static", "static/a.css"]

    def restore() -> list[str]:
        (world.root / "away").rename(world.root / "static")
        return ["static"]

    turns = world.turns(remove, restore)
    assert results(turns) == ["1", "source-not-found", "same"]
    assert [entry for entry in world.log if isinstance(entry, tuple)] == [(), *[("static",)] * 3]


def test_a_root_that_was_told_of_is_watched_anew_even_if_it_looks_the_same(world: World) -> None:
    def remake() -> list[str]:
        world.made.write({"static/a.css": "a{b:c}"})
        return ["static", "static/a.css"]

    assert results(world.turns(remake)) == ["1", "1"]
    assert world.log.count(("static",)) == 2


def test_after_very_many_changes_at_once_everything_is_watched_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MANY", 3)
    turns = world.turns(world.writes(b="", c="", d=""), world.writes(b="{}", c="{}", d="{}", e="{}"))
    assert results(turns) == ["1", "4", "5"]
    assert world.log.count(("static",)) == 2


# --- what filters opened ---------------------------------------------------------------------------------

OUTSIDE = """
import os

from webassets.filter import Filter

class Outside(Filter):
    name = "outside_of_tests"

    def output(self, _in, out, **kw):
        for name in ("a.txt", "b.txt"):
            try:
                with open(os.path.join({folder!r}, name)) as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            if text == "broken":
                raise ValueError(text)
            out.write(text)
        out.write(_in.read())
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project with a Sass file that imports another one outside the roots, and with a filter of its own."""
    root = Path(os.path.realpath(tmp_path))
    module = f"outside_{root.name.replace('-', '_')}"
    yaml = f"""
directory: static
filters: ["{module}.Outside"]
bundles:
  style: {{contents: site.scss, filters: libsass, output: site.css, config: {{LIBSASS_INCLUDES: [{root}/shared]}}}}
  app: {{contents: a.js, filters: outside_of_tests, output: app.js}}
"""
    files = {
        "site.scss": "@import 'part';\ni { color: $c }\n",
        "a.js": "var a;\n",
        "/shared/_part.scss": "$c: red;\n",
        f"/lib/{module}.py": OUTSIDE.format(folder=str(root / "lib")),
        "/lib/a.txt": "/* 1 */",
        "/assets.yml": yaml,
    }
    monkeypatch.syspath_prepend(str(root / "lib"))
    made = project(root, files, f"webassets = 'assets.yml'\nexclude = ['**/*.scss']\n{PLAIN}")
    return World(made)


def untold(path: Path, *texts: str) -> list[Event]:
    """Writes of a file that no system tells of, as it lies in no root."""

    def write_to(text: str) -> list[str]:
        path.write_text(text, encoding="utf-8")
        return []

    return [partial(write_to, text) for text in texts]


@pytest.mark.parametrize(
    ("name", "texts", "codes"),
    [
        ("lib/a.txt", ["/* 2 */", "/* 3 */"], ["3", "3", "3"]),
        ("lib/a.txt", ["broken", "/* 3 */"], ["3", "webassets-failed", "3"]),
        ("lib/b.txt", ["/* 2 */"], ["3", "3"]),
        ("lib/{module}", ["x ==\n", "{code}# 2\n"], ["3", "webassets-filter", "3"]),
        ("package.json", ["{}\n"], ["3", "3"]),
        ("static/../other.txt", ["no filter has opened it\n"], ["3"]),
    ],
)
def test_what_filters_opened_outside_the_roots_is_looked_at_after_each_build(
    outside: World, name: str, texts: list[str], codes: list[str]
) -> None:
    (module,) = outside.root.glob("lib/*.py")
    code = module.read_text(encoding="utf-8")
    path = outside.root / name.format(module=module.name)
    turns = outside.turns(*untold(path, *(text.replace("{code}", code) for text in texts)))
    assert results(turns) == codes
    assert [[cause.path for cause in turn.causes] for turn in turns[1:]] == [[str(path)]] * (len(codes) - 1)
    assert outside.log.count("load") == 2, "it is no other configuration"


def test_a_broken_file_outside_the_roots_is_looked_at_from_the_start(outside: World) -> None:
    part = outside.root / "shared/_part.scss"
    part.write_text("$c: {\n", encoding="utf-8")
    assert results(outside.turns(*untold(part, "$c: red;\n"))) == ["webassets-failed", "3"]


def test_a_file_that_changes_during_a_build_makes_another(outside: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pipeline.build

    def build(config: Config, *, options: pipeline.Options) -> Built:
        built = whole(config, options=options)
        if outside.log.count("build") == 1:
            (outside.root / "lib/a.txt").write_text("/* 2 */", encoding="utf-8")
        return built

    monkeypatch.setattr(pipeline, "build", build)
    assert len(outside.turns(list)) == 2
    assert outside.made.read("app.js").startswith("/* 2 */")
