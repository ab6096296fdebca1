"""A proxy in front of an HTTP server that fails requests as networks and servers do. Knows HTTP, and nothing of S3 but
how its errors look.

`Proxy.rule` is asked for every request and names the fault, or ''. The request goes on byte for byte, since a signature
covers its headers; so the server sees the proxy's address as `Host`, as it was signed.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FAULTS = ("503", "500", "reset", "reset mid-body", "lost", "truncated", "flipped", "flipped reply")

_ERROR = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>as asked</Message></Error>"
_BUFFER = 65536


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the proxy sees it, numbered from 0."""

    number: int
    method: str
    path: str
    size: int


Rule = Callable[[Seen], str]


@dataclass(slots=True)
class Proxy:
    """Listens on 127.0.0.1 until it is closed. `url` is its address; while `is_down` it accepts nobody."""

    upstream: int
    rule: Rule = lambda seen: ""
    latency: float = 0.0
    seen: list[Seen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends those that hang."""
    port: int = 0
    _listener: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Nobody is there any more: connections are refused, and those that there are end."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            clients = list(self._open)
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        try:
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self._one(client):
                    pass
        except (OSError, http.client.HTTPException, _Ended):
            pass
        finally:
            with self._lock:
                self._open.discard(client)

    def _one(self, client: socket.socket) -> bool:
        head, body = _read_head(client)
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", 0))
        with self._lock:
            seen = Seen(len(self.seen), method, path, size)
            self.seen.append(seen)
            fault = self.rule(seen)
            if fault:
                self.faults.append(fault)
        if fault == "reset mid-body" and size:
            _read_body(client, body, size // 2)
            return _reset(client)
        if headers.get("expect") and not body:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _read_body(client, body, size)
        time.sleep(self.latency)
        if fault in ("reset", "reset mid-body"):
            return _reset(client)
        if fault in ("503", "500"):
            status = b"503 Service Unavailable" if fault == "503" else b"500 Internal Server Error"
            text = _ERROR % (b"SlowDown" if fault == "503" else b"InternalError")
            text = b"" if method == "HEAD" else text
            client.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
            return True
        if fault == "flipped":
            body = _flipped(body)
        kept = [line for line in lines if not line.lower().startswith(("expect:", "connection:"))]
        status_line, fields, answer = self._ask(method, "\r\n".join(kept).encode("latin-1"), body)
        if fault == "hang":
            self.released.wait(60)
            return _reset(client)
        if fault == "lost":
            return _reset(client)
        if fault == "flipped reply":
            answer = _flipped(answer)
        length = fields.pop("content-length", None) if method == "HEAD" else str(len(answer))
        fields.pop("transfer-encoding", None)
        fields.pop("content-length", None)
        fields |= {"content-length": length} if length is not None else {}
        rows = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        cut = answer[: len(answer) // 2] if fault == "truncated" else answer
        client.sendall(f"{status_line}\r\n{rows}\r\n".encode("latin-1") + cut)
        return fault != "truncated"

    def _ask(self, method: str, head: bytes, body: bytes) -> tuple[str, dict[str, str], bytes]:
        with socket.create_connection(("127.0.0.1", self.upstream), timeout=30) as server:
            server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = http.client.HTTPResponse(server, method=method)
            answer.begin()
            found = answer.read()
            fields = {name.lower(): value for name, value in answer.getheaders() if name.lower() != "connection"}
            return f"HTTP/1.1 {answer.status} {answer.reason}", fields, found


class _Ended(Exception):
    """The client has hung up."""


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    found = b""
    while b"\r\n\r\n" not in found:
        more = client.recv(_BUFFER)
        if not more:
            raise _Ended
        found += more
    head, _, rest = found.partition(b"\r\n\r\n")
    return head, rest


def _read_body(client: socket.socket, begun: bytes, size: int) -> bytes:
    parts, left = [begun], size - len(begun)
    while left > 0:
        more = client.recv(min(left, _BUFFER))
        if not more:
            raise _Ended
        parts.append(more)
        left -= len(more)
    return b"".join(parts)


def _reset(client: socket.socket) -> bool:
    """End the connection as a crash does, with RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body


@contextlib.contextmanager
def proxy_to(port: int, rule: Rule = lambda seen: "", *, latency: float = 0.0) -> Iterator[Proxy]:
    proxy = Proxy(port, rule, latency)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        proxy.stop()
