"""The sample app as it is deployed: a release folder under gunicorn, in a mount namespace where nothing can be written.

The command is that of the Procfile and all else is told by the environment. Knows no visitor and judges nothing: it
gives what gunicorn logged, and what strace saw where that is installed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sample_site import CHECKOUT, PUBLIC, Site
from tests.workload import require

WORKERS = 4
RECYCLED_AFTER = 50
"""Requests that a worker answers before gunicorn puts a new one in its place."""
MEMORY = "/dev/shm/"

# The mounts of the kernel's own file systems stay: they hold no files. `touch` shows that the rest holds for root too.
_READ_ONLY = """
set -e
mount --make-rprivate /
while read -r _ point _; do
  case "$point" in /proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$(printf %b "$point")" || true ;; esac
done < /proc/self/mounts
if touch probe 2>&1; then echo "this is not read-only"; exit 1; fi
echo "master $$"
exec "$@"
"""
# A question mark before a system call that some processors do not have.
_CALLS = (
    "execve,openat,openat2,mkdirat,renameat2,unlinkat,linkat,symlinkat,mknodat,fchmodat,fchownat,truncate,"
    "?open,?creat,?mkdir,?rename,?renameat,?unlink,?rmdir,?link,?symlink,?mknod,?chmod,?chown,?lchown"
)
_LOG_FORMAT = "%(p)s %(s)s visitor=%({x-visitor}i)s %(U)s"


@dataclass(frozen=True, slots=True)
class Served:
    """A running gunicorn. `folder` is the release folder, which this process can write to and gunicorn cannot."""

    folder: Path
    port: int
    log_file: Path
    trace_file: Path

    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def trace(self) -> list[str] | None:
        """The system calls that name a file, from gunicorn's start on. None where there is no strace."""
        if not self.trace_file.exists():
            return None
        # The column of process ids is padded to five characters.
        found = self.trace_file.read_text("utf-8", "replace").splitlines()
        lines = [re.sub(r" +", " ", line, count=1) for line in found]
        started = max(number for number, line in enumerate(lines) if line.startswith(f"{self.master()} execve("))
        return lines[started + 1 :]

    def master(self) -> int:
        found = re.search(r"^master (\d+)$", self.log(), re.MULTILINE)
        assert found, self.log()
        return int(found[1])

    def booted(self) -> list[int]:
        """The process ids of all workers that there were, oldest first."""
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.log())]

    def workers(self) -> list[int]:
        """Those that live. A number can be another program's by now, so the parent is looked at."""
        return [pid for pid in self.booted() if _parent(pid) == self.master()]

    def answered(self) -> list[tuple[str, str, str]]:
        """Process id, status and visitor of each answer, from the access log."""
        return re.findall(r"^<(\d+)> (\d+) visitor=(\S+) ", self.log(), re.MULTILINE)


def _parent(pid: int) -> int | None:
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(parent)


def require_namespaces() -> None:
    """A mount namespace of one's own is root's business. Skips visibly on a user's machine, fails where CI is set."""
    unshare = require("unshare")
    done = subprocess.run([unshare, "-m", "mount", "--make-rprivate", "/"], capture_output=True, check=False)
    if done.returncode != 0:
        reason = "this user may not make a mount namespace: " + done.stderr.decode().strip()
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def release_folder(site: Site, folder: Path) -> Path:
    """What the Dockerfile's run stage copies: the app's modules, its templates and the built output."""
    app = folder / "sample_app"
    app.mkdir(parents=True)
    for module in sorted(site.app.glob("*.py")):
        shutil.copy(module, app)
    shutil.copytree(site.app / "templates", app / "templates")
    shutil.copytree(site.app / PUBLIC, app / PUBLIC)
    return folder


def deploy(site: Site, folder: Path) -> None:
    """Put the outputs of `site` beside those that are there, then the manifest in the place of the old one."""
    target = folder / "sample_app" / PUBLIC
    for file in sorted((site.app / PUBLIC).rglob("*")):
        beside = target / file.relative_to(site.app / PUBLIC)
        if file.is_file() and not beside.exists():
            beside.parent.mkdir(parents=True, exist_ok=True)
            part = beside.with_name(f".{beside.name}.part")
            shutil.copy2(file, part)
            part.replace(beside)
    part = target / "manifest.part"
    shutil.copy2(site.app / PUBLIC / "manifest.json", part)
    part.replace(target / "manifest.json")


def command() -> list[str]:
    """The Procfile's, so that what is tested is what is deployed."""
    name, _, line = (CHECKOUT / "sample_app" / "Procfile").read_text("utf-8").strip().partition(": ")
    assert name == "web"
    return shlex.split(line)


def _tracer(trace_file: Path) -> list[str]:
    """What to put before a command. Nothing where strace is missing or, as in some containers, may not trace."""
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={_CALLS}", "-o"]
    if shutil.which("strace") is None:
        return []
    probe = subprocess.run([*strace, os.devnull, "true"], capture_output=True, check=False)
    return [*strace, str(trace_file)] if probe.returncode == 0 else []


@contextmanager
def served(folder: Path, python: Path, scratch: Path, settings: Mapping[str, str]) -> Iterator[Served]:
    """Serve the release `folder` with the programs of the environment that `python` belongs to.

    `settings` are further variables of the app's environment.
    """
    trace_file = scratch / "trace"
    tracer = _tracer(trace_file)
    program, *arguments = command()
    with socket.socket() as listener, (scratch / "log").open("ab") as log:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        listening = ["--bind", f"fd://{listener.fileno()}", "--max-requests", str(RECYCLED_AFTER)]
        process = subprocess.Popen(
            [
                *(*tracer, "unshare", "-m", "sh", "-c", _READ_ONLY, "sh"),
                *(str(python.parent / program), *arguments),
            ],
            cwd=folder,
            pass_fds=[listener.fileno()],
            env={
                "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                "WEB_CONCURRENCY": str(WORKERS),
                "GUNICORN_CMD_ARGS": shlex.join([*listening, "--access-logformat", _LOG_FORMAT]),
                **settings,
            },
            stdout=log,
            stderr=log,
        )
        serving = Served(folder, listener.getsockname()[1], scratch / "log", trace_file)
    # Our end of the socket is closed now: should gunicorn not start, a request is refused at once.
    try:
        yield serving
    finally:
        _end(process, serving)


def _end(process: subprocess.Popen[bytes], serving: Served) -> None:
    """strace forwards no signal: gunicorn's master is told, and strace ends with the last of its children."""
    started = re.search(r"^master (\d+)$", serving.log(), re.MULTILINE)
    master = int(started[1]) if started else process.pid
    if process.poll() is None:
        os.kill(master, signal.SIGTERM)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        os.kill(master, signal.SIGKILL)  # its workers end when they see that their parent is another
        process.wait(timeout=60)
        raise
