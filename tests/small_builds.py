"""Builds in a few lines, from the middle of the pipeline on: given bytes, they write a release as a build does.

Also run as a program, by tests that need a build in a process of its own: one that dies, or two at once.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assetbuild import manifest as manifests
from assetbuild.build.atomic import TEMPORARY
from assetbuild.build.clean import apply, plan_clean
from assetbuild.build.events import Listener, nobody
from assetbuild.build.model import FileStat
from assetbuild.build.output import File, Written, write_files, write_manifest
from assetbuild.build.releases import begin, commit, manifest_files


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file(path: str, data: bytes) -> File:
    return File(path, data, len(data), sha256(data))


def hashed(logical: str, data: bytes) -> str:
    stem, _, suffix = logical.rpartition(".")
    return f"{stem}-{sha256(data)[:16]}.{suffix}"


@dataclass(frozen=True)
class Site:
    """An output folder with its manifest, and builds into it."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    def build(
        self, assets: Mapping[str, bytes], *, stable: str = "", note: str = "", listener: Listener = nobody
    ) -> str:
        """Write a release of `assets`, with .gz variants; `note` makes another build id of the same files."""
        files, data, build = release(assets, stable=stable, note=note)
        pending = begin(self.root, build, [file.path for file in files], manifest=self.manifest)
        self.write(*files)
        commit(pending)
        write_manifest(self.manifest, data)
        return build

    def write(
        self,
        *files: File,
        trusted: Mapping[str, FileStat] | None = None,
        jobs: int = 1,
        listener: Listener = nobody,
    ) -> Written:
        return write_files(self.root, files, trusted=trusted or {}, jobs=jobs, listener=listener)

    def files(self) -> dict[str, bytes]:
        """Every published file, without the manifest and our own state."""
        found = [path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]
        names = {path.relative_to(self.root).as_posix(): path for path in found}
        return {
            name: path.read_bytes()
            for name, path in sorted(names.items())
            if not name.startswith(".assetbuild/") and path != self.manifest
        }

    def temporary(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if TEMPORARY.fullmatch(path.name)]

    def faults(self) -> list[str]:
        """What the manifest on disk names and is not there as it says."""
        manifest = manifests.read(self.manifest)
        faults = [name for name in manifest_files(manifest) if not (self.root / name).is_file()]
        for entry in manifest["assets"].values():
            path = self.root / entry["path"]
            if entry["path"] not in faults and sha256(path.read_bytes()) != entry["sha256"]:
                faults.append(f"{entry['path']} has other bytes")
            for variant in entry.get("variants", {}).values():
                if gzip.decompress((self.root / variant["path"]).read_bytes()) != path.read_bytes():
                    faults.append(f"{variant['path']} has other bytes")
        return faults


def release(assets: Mapping[str, bytes], *, stable: str = "", note: str = "") -> tuple[list[File], bytes, str]:
    """The files, the manifest and the build id of a release."""
    files: list[File] = []
    entries: dict[str, object] = {}
    for logical, data in sorted(assets.items()):
        path, twin = hashed(logical, data), gzip.compress(data, mtime=0)
        files += [file(path, data), file(f"{path}.gz", twin)]
        digest = base64.b64encode(hashlib.sha384(data).digest()).decode()
        entry = {"path": path, "type": "text/css", "size": len(data), "sha256": sha256(data)}
        entry |= {"integrity": f"sha384-{digest}", "variants": {"gzip": {"path": f"{path}.gz", "size": len(twin)}}}
        if logical == stable:
            entry["stable"] = True
            files.append(file(logical, data))
        entries[logical] = entry
    build = sha256(json.dumps([entries, note], sort_keys=True).encode())
    manifest = {"schema": 1, "build": build, "assets": entries}
    return files, json.dumps(manifest, sort_keys=True).encode() + b"\n", build


OLD = {"css/app.css": b"a { color: red }" * 500, "img/logo.svg": b"<svg/>" * 300, "favicon.ico": b"icon" * 99}
NEW = OLD | {"css/app.css": b"a { color: blue }" * 500, "deep/er/x.css": b"b {}" * 999}

_EFFECTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime"}


def die_before_effect(number: int, root: Path) -> None:
    """Let this process be killed just before it touches something below `root` for the `number`th time."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in _EFFECTS and str(arguments[0]).startswith(str(root)):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def die_everywhere(folder: Path) -> None:
    """Kill a build over an older release before its 1st, 2nd, ... effect, and report what each leaves."""
    for number in range(1, 10_000):
        site = Site(folder / str(number))
        old = site.build(OLD, stable="favicon.ico")
        child = os.fork()
        if child == 0:
            die_before_effect(number, site.root)
            site.build(NEW, stable="favicon.ico")
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        live = manifests.read(site.manifest)["build"]
        faults = site.faults()
        left = len(site.temporary())
        new = site.build(NEW, stable="favicon.ico")
        apply(plan_clean(site.root, site.manifest, keep=0, lock_held=True))
        names = set(site.files()) ^ {file.path for file in release(NEW, stable="favicon.ico")[0]}
        report = {"killed": killed, "was": "old" if live == old else "new" if live == new else live, "faults": faults}
        report |= {"left": left, "repaired": site.faults(), "strange": sorted(names)}
        report["temporary"] = len(site.temporary())
        print(json.dumps(report), flush=True)
        if not killed:
            return


if __name__ == "__main__":
    if sys.argv[1] == "die":
        die_everywhere(Path(sys.argv[2]))
    else:
        for turn in range(40):
            Site(Path(sys.argv[2])).build(OLD if turn % 2 else NEW, stable="favicon.ico")
