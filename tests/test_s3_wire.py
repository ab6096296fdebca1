"""Answers over a borrowed connection: what is taken apart here is what the standard library makes of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import urllib3

from assetbuild.build.s3_wire import Answer, exchange

HEAD, BODY = b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", b"body"
DONE = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n'
ERROR = b"<Error><Code>SlowDown</Code></Error>"


class Line:
    """A server that answers each request with the next pieces, on connection after connection; `None` hangs up."""

    def __init__(self, answers: Sequence[Sequence[bytes] | None]) -> None:
        self.answers, self.received, self.connections = list(answers), list[bytes](), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while self.answers:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with sock:
                self._talk(sock)

    def _talk(self, sock: socket.socket) -> None:
        while self.answers:
            request = b""
            while len(request) < len(HEAD + BODY):
                piece = sock.recv(65536)
                if not piece:
                    return
                request += piece
            self.received.append(request)
            pieces = self.answers.pop(0)
            if pieces is None:
                return
            for each in pieces:
                sock.sendall(each)
            if b"close" in b"".join(pieces).lower() or b"HTTP/1.0" in pieces[0]:
                return

    def close(self) -> None:
        self.answers.clear()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextlib.contextmanager
def talking(*answers: Sequence[bytes] | None) -> Iterator[tuple[Line, urllib3.HTTPConnectionPool]]:
    """A server, and a pool with one open connection to it."""
    line = Line(answers)
    pool = urllib3.HTTPConnectionPool("127.0.0.1", line.port, maxsize=1, timeout=10)
    try:
        connection = pool._get_conn()
        connection.connect()
        pool._put_conn(connection)
        yield line, pool
    finally:
        pool.close()
        line.close()


@pytest.mark.parametrize(
    ("pieces", "status", "content"),
    [
        ([DONE], 200, b""),
        ([DONE[:30], DONE[30:]], 200, b""),
        ([DONE.replace(b"Content-Length", b"content-length")], 200, b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", DONE], 200, b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" + DONE], 200, b""),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n", ERROR[:9], ERROR[9:]], 200, ERROR),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], 200, b""),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n"], 200, b"abc"),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + ERROR], 200, ERROR),
        ([b"HTTP/1.0 200 OK\r\n\r\n"], 200, b""),
        ([b"HTTP/1.1 503 Slow Down\r\nRetry-After: 7\r\nContent-Length: 36\r\n\r\n" + ERROR], 503, ERROR),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], 204, b""),
    ],
)
def test_an_answer_is_read_to_its_end_however_it_comes(pieces: list[bytes], status: int, content: bytes) -> None:
    with talking(pieces) as (line, pool):
        answer = exchange(pool, HEAD, BODY)
    assert answer is not None
    assert (answer.status_code, answer.content) == (status, content)
    assert line.received == [HEAD + BODY]


def test_headers_of_a_success_are_those_that_were_sent() -> None:
    with talking([DONE]) as (_, pool):
        assert exchange(pool, HEAD, BODY) == Answer(200, {"etag": '"e"', "content-length": "0"}, b"")


def test_a_connection_serves_again_after_a_plain_success_alone() -> None:
    kept = [DONE, DONE, DONE.replace(b"Content-Length", b"Connection: keep-alive\r\nContent-Length")]
    with talking(*[[one] for one in kept], [DONE]) as (line, pool):
        assert all(exchange(pool, HEAD, BODY) for _ in range(4))
        assert line.connections == 1
    for other in (
        DONE.replace(b"Content-Length", b"Connection: close\r\nContent-Length"),
        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 36\r\n\r\n" + ERROR,
        DONE + DONE,
    ):
        with talking([other]) as (_, pool):
            assert exchange(pool, HEAD, BODY) is not None
            assert exchange(pool, HEAD, BODY) is None


@pytest.mark.parametrize(
    "pieces",
    [
        None,
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: close\r\n\r\nabc"],
        [b"SSH-2.0 close\r\n"],
        [b"HTTP/1.1 close"],
    ],
)
def test_an_answer_that_breaks_off_is_a_broken_connection_and_the_next_one_is_new(pieces: list[bytes] | None) -> None:
    with talking(pieces) as (_, pool):
        with pytest.raises(OSError, match=r"broke off|reset"):
            exchange(pool, HEAD, BODY)
        assert exchange(pool, HEAD, BODY) is None


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_pool_s_connections_wait() -> None:
    with talking([b""], [DONE]) as (_, pool):
        connection: Any = pool._get_conn()
        assert connection.sock is not None
        connection.sock.settimeout(0.05)
        pool._put_conn(connection)
        with pytest.raises(TimeoutError):
            exchange(pool, HEAD, BODY)
        assert exchange(pool, HEAD, BODY) is None


def test_nothing_is_sent_where_no_connection_is_open() -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", 1, maxsize=1)
    assert exchange(pool, HEAD, BODY) is None
    pool.close()
