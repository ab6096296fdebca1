"""The build half replaced by functions that give back chosen values, for tests of the command line."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assetbuild import cli
from assetbuild.build import clean as cleaning
from assetbuild.build import inspection, pipeline
from assetbuild.build.clean import Plan, Removal, RemovalKind
from assetbuild.build.model import Config, Place, Problem, RootSpec, Severity
from assetbuild.build.results import Built, Change, ChangeKind

REPOSITORY = Path(__file__).parent.parent
SCHEMAS = REPOSITORY / "docs" / "schemas"
HASH = "3f9ab1c2d4e5f607"
BUILD = HASH * 4
EVIL = "\x1b]0;owned\x07\n::add-mask::\u202e"
ERROR = Problem("missing-reference", "x.png does not exist", Place("a.css", 1, 2, "url(x.png)"), hint="write y.png")
WARNING = Problem("external-map", "the map is missing", severity=Severity.WARNING)
NOTE = Problem("two-configs", "assetbuild.toml wins", severity=Severity.NOTE)
ASSET = {
    "path": f"css/app-{HASH}.css",
    "type": "text/css",
    "size": 1234,
    "sha256": BUILD,
    "integrity": "sha384-" + "A" * 64,
    "variants": {"br": {"path": f"css/app-{HASH}.css.br", "size": 321}},
}
MANIFEST = {"schema": 1, "build": BUILD, "assets": {"css/app.css": ASSET}}
BUILT = Built(
    BUILD,
    json.dumps(MANIFEST).encode(),
    {"css/app.css": ASSET},  # type: ignore[dict-item]
    (),
    changes=(Change(ChangeKind.NEW, "css/app.css", "", ASSET["path"], ("it is not in the manifest",)),),  # type: ignore[arg-type]
    ways={"rcssmin": {"processed": 1}},
    written=3,
)

REMOVALS = Plan(
    Path("out"),
    (
        Removal(RemovalKind.OUTPUT, Path("out/a\x1b.css"), "needed by no kept release"),
        Removal(RemovalKind.RECORD, Path("out/r.json"), "an old release"),
        Removal(RemovalKind.FOLDER, Path("out/css"), "left empty"),
    ),
)


@dataclass(frozen=True)
class Explanation:
    logical: str = "css/app.css"
    output: str = f"css/app-{HASH}.css"
    lines: tuple[tuple[int, str], ...] = ((0, "css/app.css"), (1, "css/reset.css changed"))
    data: Mapping[str, object] = ()  # type: ignore[assignment]


class Seams:
    """The build half, replaced by functions that give back `values` or raise them, and that write down their calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.chdir(folder)
        monkeypatch.delenv("ASSETBUILD_DEBUG", raising=False)
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.problems: tuple[Problem, ...] = ()
        self.values: dict[str, Any] = {
            "build": BUILT,
            "plan": BUILT,
            "check_output": (),
            "check": (),
            "verify": (),
            "read": MANIFEST,
            "write": None,
            "init": SimpleNamespace(path=folder / "assetbuild.toml", text="", notes=("a Flask app\x1b",)),
            "explain": Explanation(data={"key": "value"}),
            "dependencies": (("a.css",), ("static",)),
            "render": "manifest.json: a.css\n",
            "plan_clean": REMOVALS,
            "plan_clobber": REMOVALS,
            "apply": tuple(removal.path for removal in REMOVALS.removals[1:]),
        }
        self._patch, self._folder = monkeypatch, folder
        self._module("build.config", load=self._load)
        self._module("build.scaffold", init=self._call("init"), write=self._call("write"))
        self._module("manifest", read=self._call("read"))
        self._module("build.why", explain=self._call("explain"))
        self._module("build.verify", verify=self._call("verify"))
        self._module("build.depfile", render=self._call("render"), check_place=self._call("check_place"))
        for name in ("plan_clean", "plan_clobber", "apply"):
            monkeypatch.setattr(cleaning, name, self._call(name))
        monkeypatch.setattr(pipeline, "build", self._call("build"))
        for name in ("plan", "check_output", "check"):
            monkeypatch.setattr(inspection, name, self._call(name))

    def _module(self, name: str, **functions: Callable[..., Any]) -> None:
        fake = ModuleType(f"assetbuild.{name}")
        vars(fake).update(functions)
        parent, _, leaf = fake.__name__.rpartition(".")
        self._patch.setitem(sys.modules, fake.__name__, fake)
        self._patch.setattr(importlib.import_module(parent), leaf, fake, raising=False)

    def _load(self, path: Path | None, *, folder: Path) -> Config:
        self.calls.append(("load", (path,), {"folder": folder}))
        root = self._folder
        if isinstance(self.values.get("load"), BaseException):
            raise self.values["load"]
        return Config(
            root / "assetbuild.toml",
            (RootSpec("static"),),
            (root / "static",),
            root / "out",
            root / "out/manifest.json",
            "",
            problems=self.problems,
        )

    def _call(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            self.calls.append((name, args, named))
            value = self.values[name]
            if isinstance(value, BaseException):
                raise value
            return value

        return call


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Runner = Callable[..., Ran]


def carry_out(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> Ran:
    """Run the command line in this process."""
    code = cli.run(arguments)
    out, err = capsys.readouterr()
    return Ran(code, out, err)


def validate(document: Any, schema: str) -> None:
    Draft202012Validator(json.loads((SCHEMAS / f"{schema}.json").read_text())).validate(document)


USAGE = [
    ((), "error[usage]: no command was given", "assetbuild"),
    (("frob",), "error[usage]: No such command 'frob'.", "assetbuild"),
    (("build", "--plan", "--check"), "error[usage]: --plan and --check exclude each other", "assetbuild build"),
    (
        ("build", "--plan", "--depfile", "d"),
        "error[usage]: --depfile belongs to a build that writes",
        "assetbuild build",
    ),
    (
        ("build", "--jobs", "0"),
        "error[usage]: Invalid value for '--jobs': 0 is not in the range x>=1.",
        "assetbuild build",
    ),
    (("build", "\x1b[2J"), "error[usage]: Got unexpected extra argument (\\x1b[2J)", "assetbuild build"),
    (("why",), "error[usage]: Missing argument 'NAME'.", "assetbuild why"),
    (("--config", "x", "init"), "error[usage]: init looks for no config", "assetbuild init"),
]
