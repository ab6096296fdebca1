"""A Redis of a test's own: Debian's redis-server on a free loopback port, in memory only."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_ports
from tests.workload import require

_UP_WITHIN = 30.0


@contextmanager
def redis_server(scratch: Path) -> Iterator[str]:
    """Gives its URL. Skips visibly where there is no redis-server, and fails where CI is set."""
    program = require("redis-server")
    (port,) = free_ports(1)
    # Neither snapshots nor a log of writes: it may write nothing to a disk.
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with (scratch / "redis.log").open("ab") as log:
        process = subprocess.Popen([*command, "--dir", str(scratch)], stdout=log, stderr=log)
    try:
        _wait(process, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _UP_WITHIN
    while True:
        assert process.poll() is None, "redis-server has ended"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(7) == b"+PONG\r\n":
                    return
        except OSError:
            pass
        assert time.monotonic() < until, "redis-server does not answer"
        time.sleep(0.02)
