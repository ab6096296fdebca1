"""One request with a small body, and its answer, over a connection that a urllib3 pool has open already.

What general clients do around that takes longer than the server takes for 8 KB. Connecting is left to them, with its
proxies, certificates and timeouts. Only the plainest answer is taken apart here: any other is read by the standard
library, and its connection is closed.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BLOCK = 65536
_END = b"\r\n\r\n"
_DONE = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read to its end. Names of `headers` are in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


def exchange(pool: Any, head: bytes, body: bytes) -> Answer | None:
    """Send a request and read its answer; None if no connection is open, and then nothing was sent.

    `pool` is a `urllib3.HTTPConnectionPool`, `head` what comes before the body, with the empty line. Raises `OSError`.
    """
    connection = pool._get_conn()
    sock, is_usable = connection.sock, False
    try:
        if sock is None:
            is_usable = True  # whoever gets it next connects it
            return None
        sock.sendall(head + body)
        received = sock.recv(_BLOCK)
        answer = _plain(received)
        is_usable = answer is not None
        return answer or _any(received, sock)
    finally:
        if not is_usable:
            connection.close()
        pool._put_conn(connection)


def _plain(received: bytes) -> Answer | None:
    """A success without a body, after which the connection stays; None for whatever else."""
    if not received.startswith(_DONE) or received.find(_END) != len(received) - len(_END):
        return None
    lines = received[: -len(_END)].decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("content-length") != "0" or "transfer-encoding" in headers or len(headers) != len(lines):
        return None
    return Answer(200, headers, b"") if headers.get("connection", "keep-alive").lower() == "keep-alive" else None


def _any(received: bytes, sock: Any) -> Answer:
    """Whatever begins with these bytes."""
    response = http.client.HTTPResponse(_Replay(received, sock), method="PUT")  # type: ignore[arg-type]
    try:
        response.begin()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer broke off ({type(error).__name__})") from error
    finally:
        response.close()


class _Replay(io.RawIOBase):
    """What has been received, and then what still comes; as a socket and as the file of one."""

    def __init__(self, received: bytes, sock: Any) -> None:
        self._received, self._sock = received, sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._received:
            return int(self._sock.recv_into(buffer))
        taken = self._received[: len(buffer)]
        self._received = self._received[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
