"""A small project on disk for tests: files in, a build out, in a line or two."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assetbuild.build import config as configuration
from assetbuild.build import inspection, pipeline
from assetbuild.build.events import Done, Event, Work
from assetbuild.build.model import BuildFailed, Config, Problem
from assetbuild.build.pipeline import Options
from assetbuild.build.results import Built


def png(*, red: int = 0) -> bytes:
    """A valid PNG of one pixel; another `red` gives other bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (1).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    pixel = zlib.compress(bytes([0, red, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


@dataclass
class Project:
    """`root` holds assetbuild.toml; files are named relative to it. `work` counts what builds have done."""

    root: Path
    work: list[Done] = field(default_factory=list)
    result: Built | None = None

    def write(self, files: Mapping[str, str | bytes]) -> Project:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    @property
    def config(self) -> Config:
        return configuration.load(None, folder=self.root)

    @property
    def output(self) -> Path:
        return self.root / "public" / "assets"

    def listen(self, event: Event) -> None:
        if isinstance(event, Done):
            self.work.append(event)

    def build(self, *, dev: bool = False, force: bool = False, jobs: int = 1) -> Built:
        self.work.clear()
        return pipeline.build(self.config, options=Options(dev=dev, force=force, jobs=jobs), listener=self.listen)

    def plan(self) -> Built:
        self.work.clear()
        return inspection.plan(self.config, options=Options(jobs=1), listener=self.listen)

    def problems(self) -> tuple[Problem, ...]:
        """Every problem of a build, failed or not."""
        try:
            return self.build().problems
        except BuildFailed as failed:
            return failed.problems

    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems()]

    def count(self, work: Work) -> int:
        return sum(done.work is work for done in self.work)

    def done(self, work: Work) -> Counter[str]:
        return Counter(f"{done.subject} {done.detail}".strip() for done in self.work if done.work is work)

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.output / "manifest.json").read_bytes())
        return found

    def path(self, logical: str) -> str:
        """The output path of a logical path."""
        path: str = self.manifest["assets"][logical]["path"]
        return path

    def read(self, logical: str) -> str:
        return self.read_bytes(logical).decode()

    def read_bytes(self, logical: str) -> bytes:
        return (self.output / self.path(logical)).read_bytes()

    def public(self) -> dict[str, bytes]:
        """Every published file and the manifest, by path; what the tool keeps for itself is left out."""
        return {
            path.relative_to(self.output).as_posix(): path.read_bytes()
            for path in sorted(self.output.rglob("*"))
            if path.is_file() and ".assetbuild" not in path.relative_to(self.output).parts
        }


PLAIN = "compress = []\n[processors]\ncss = []\njs = []\n"
"""A configuration in which nothing is minified or compressed: what goes in comes out, but for references."""


def project(root: Path, files: Mapping[str, str | bytes], config: str = PLAIN) -> Project:
    """A project in `root`. Names of `files` are relative to `static/`, unless they begin with `/`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "static").mkdir(exist_ok=True)
    made = Project(root)
    made.write({"assetbuild.toml": config})
    return made.write({name[1:] if name.startswith("/") else f"static/{name}": data for name, data in files.items()})
