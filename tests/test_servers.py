"""The servers of the tests: visible when missing, and whole again after a crash."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assetbuild.build.storage import Failure, Headers, StorageError
from assetbuild.build.storage_target import open_storage
from tests.servers import BUCKET, ON_ONE_WORKER, Certificate, Server, free_ports, seaweedfs_process, tool


def test_a_missing_server_is_a_visible_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        tool("no-such-server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
        tool("no-such-server")


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(30))) == 30


@pytest.mark.slow
@ON_ONE_WORKER
def test_a_killed_server_comes_back_with_what_it_had_acknowledged(
    certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, http, https = seaweedfs_process(tool("weed"), tmp_path, certificate)
    server = Server(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", certificate.ca)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    storage = open_storage(f"s3://{BUCKET}/crash", endpoint_url=server.https, region="us-east-1")

    def put(key: str) -> None:
        until = time.monotonic() + 40
        while True:
            try:
                storage.put(key, b"1" * 9000, Headers("text/css"))
                return
            except StorageError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    try:
        assert process.start(), process.log_end()
        put("a")
        process.kill()
        with pytest.raises(StorageError) as caught:
            storage.put("b", b"", Headers())
        assert caught.value.failure in (Failure.UNREACHABLE, Failure.TRANSIENT)
        assert process.start(), process.log_end()
        put("c")
        assert [info.key for info in storage.list()] == ["a", "c"]
        assert storage.get("a").body == b"1" * 9000
    finally:
        storage.close()
        process.kill()
