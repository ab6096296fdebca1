"""A copy of the sample app that a test may build, change and serve.

Knows no browser: the tests of the app itself, of the Makefile and of what Chromium makes of it share this.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Site:
    """A copy of `sample_app/` in a folder of its own, `root`."""

    root: Path

    @property
    def app(self) -> Path:
        return self.root / "sample_app"

    @property
    def output(self) -> Path:
        return self.app / PUBLIC / "assets"

    def assetbuild(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command in the app's folder, as `make demo` does."""
        return subprocess.run(
            [sys.executable, "-m", "assetbuild", *arguments],
            cwd=self.app,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def build(self) -> Site:
        done = self.assetbuild("build")
        assert done.returncode == 0, done.stderr
        return self

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.app / PUBLIC / "manifest.json").read_text(encoding="utf-8"))
        return found

    def paths(self) -> dict[str, str]:
        """Logical path -> output path."""
        return {logical: asset["path"] for logical, asset in self.manifest()["assets"].items()}

    def copy(self, root: Path) -> Site:
        """The same site, built files included, in another folder; times and so the index stay true."""
        shutil.copytree(self.app, root / self.app.name)
        return Site(root)

    @contextmanager
    def serve(self, **settings: str) -> Iterator[str]:
        """Serve by gunicorn on a free port; gives the base URL.

        The socket is ours and already listens, so that no test has to wait for the server: a request waits instead.
        """
        with socket.socket() as listener, (self.root / "gunicorn.log").open("ab") as log:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "--chdir", str(self.root), "--threads", "4"),
                    *("--bind", f"fd://{listener.fileno()}", "sample_app.wsgi:application"),
                ],
                pass_fds=[listener.fileno()],
                # Newer gunicorns put a control socket into the home folder.
                env={**os.environ, "HOME": str(self.root), **settings},
                stdout=log,
                stderr=log,
            )
        # Our end of the socket is closed now: should the server fail to start, a request is refused at once.
        try:
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)


def copy_sources(root: Path) -> Site:
    """The sample app as committed, without anything that was built."""
    shutil.copytree(
        CHECKOUT / "sample_app",
        root / "sample_app",
        ignore=shutil.ignore_patterns(PUBLIC, ".assetbuild", "__pycache__"),
    )
    return Site(root)
