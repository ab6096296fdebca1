"""Real S3 servers on 127.0.0.1, each started once: SeaweedFS, which is strict, and `rclone serve s3`, which is lax.

Every fixture makes its own certificate authority, takes free ports and ends its servers by their own process. Tests
that use them say `xdist_group("servers")`, so that one worker starts them. Nothing here knows assetbuild.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY, SECRET_KEY = "assetbuildtestkey000", "assetbuild-test-secret-0000000000000000"
READ_ONLY = ("readonlytestkey00000", "readonly-test-secret-000000000000000000")
"""An identity that SeaweedFS allows to read and to list, and nothing else."""
BUCKET = "assets"
ON_ONE_WORKER = pytest.mark.xdist_group("servers")

_UP_WITHIN = 40.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with an empty bucket `BUCKET`. `ca` is the file of the authority that signed its certificate."""

    http: str
    https: str
    ca: Path

    def environment(self, *, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> dict[str, str]:
        """What boto3 and the AWS command line read: credentials and the trusted authority, and no files of a user."""
        return {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_CA_BUNDLE": str(self.ca),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: the authority, a certificate for 127.0.0.1 and localhost with its chain, and its key."""

    ca: Path
    chain: Path
    key: Path


@dataclass(slots=True)
class Process:
    """A server's process, which can be killed and started again on the same ports and data."""

    command: Sequence[str]
    folder: Path
    ports: Sequence[int]
    """Those that must answer before the server counts as up."""
    environment: Mapping[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Whether it is up. It is not when it ended at once, as where another program took one of the ports."""
        with (self.folder / "log").open("ab") as log:
            environment = {**os.environ, **self.environment}
            self.running = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log, env=environment)
        until = time.monotonic() + _UP_WITHIN
        waiting = list(self.ports)
        while waiting and time.monotonic() < until and self.running.poll() is None:
            if _answers(waiting[0]):
                waiting.pop(0)
            else:
                time.sleep(0.02)
        if waiting:
            self.kill()
        return not waiting

    def kill(self) -> None:
        """End it as a crash would."""
        if self.running is not None:
            self.running.kill()
            self.running.wait(timeout=20)
            self.running = None

    def stop(self) -> None:
        if self.running is None:
            return
        self.running.terminate()
        try:
            self.running.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
        self.running = None

    def log_end(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]


def tool(name: str) -> str:
    """The path of a server's program; beside the interpreter, where pip puts it, or on the path."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on. All are held until the last is found, so that none comes twice."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def make_certificate(folder: Path) -> Certificate:
    import trustme

    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(str(made.ca))
    issued.private_key_pem.write_to_path(str(made.key))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(made.chain), append=True)
    return made


def seaweedfs_process(program: str, folder: Path, certificate: Certificate) -> tuple[Process, int, int]:
    """A SeaweedFS that is not started yet, with its ports for HTTP and TLS."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    identities = [
        _identity("admin", ACCESS_KEY, SECRET_KEY, ["Admin", "Read", "List", "Tagging", "Write"]),
        _identity("reader", *READ_ONLY, ["Read", "List"]),
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    http, https, *others = free_ports(11)
    names = ["s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
    names += ["filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc"]
    ports = [f"-{name}={port}" for name, port in zip(names, others, strict=True)]
    command = [program, "mini", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports]
    command += [f"-s3.port={http}", f"-s3.port.https={https}", "-s3.config=s3.json", "-s3.autoCreateBucket=false"]
    command += [f"-s3.cert.file={certificate.chain}", f"-s3.key.file={certificate.key}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"]
    # Sockets have short names of their own under /tmp otherwise, which two servers of two users would share.
    command += [f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}"]
    # By itself it allows every origin; S3 allows none that a bucket's own rules do not.
    command += ["-s3.allowedOrigins=https://nowhere.example", "-master.telemetry=false"]
    return Process(command, folder, [http, https], environment={"S3_BUCKET": BUCKET}), http, https


def _identity(name: str, access: str, secret: str, actions: list[str]) -> dict[str, object]:
    return {"name": name, "credentials": [{"accessKey": access, "secretKey": secret}], "actions": actions}


def rclone_process(program: str, folder: Path, certificate: Certificate | None) -> tuple[Process, int]:
    """An rclone that is not started yet, over TLS where a certificate is given, with its port."""
    (folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    command = [program, "serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    if certificate is not None:
        command += ["--cert", str(certificate.chain), "--key", str(certificate.key)]
    return Process([*command, "data"], folder, [port]), port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Server]:
    program = tool("weed")
    for _ in range(_ATTEMPTS):
        process, http, https = seaweedfs_process(program, tmp_path_factory.mktemp("weed"), certificate)
        if process.start():
            break
    else:
        pytest.fail(f"SeaweedFS did not start: {process.log_end()}")
    try:
        server = Server(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", certificate.ca)
        _wait_for_bucket(server, process)
        yield server
    finally:
        process.kill()  # it takes five seconds to stop by itself, for data that nobody needs


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Server]:
    program = tool("rclone")
    with contextlib.ExitStack() as stack:
        ports = []
        for tls in (None, certificate):
            for _ in range(_ATTEMPTS):
                process, port = rclone_process(program, tmp_path_factory.mktemp("rclone"), tls)
                if process.start():
                    break
            else:
                pytest.fail(f"rclone did not start: {process.log_end()}")
            stack.callback(process.stop)
            ports.append(port)
        yield Server(f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}", certificate.ca)


def _wait_for_bucket(server: Server, process: Process) -> None:
    """The bucket is there, and takes and gives an object: the last part of SeaweedFS to come up stores bytes."""
    from botocore.exceptions import BotoCoreError, ClientError

    until = time.monotonic() + _UP_WITHIN
    with contextlib.closing(plain_client(server)) as s3:
        while True:
            try:
                s3.put_object(Bucket=BUCKET, Key="up", Body=b"up")
                s3.delete_object(Bucket=BUCKET, Key="up")
                return
            except (ClientError, BotoCoreError):
                if time.monotonic() > until:
                    pytest.fail(f"SeaweedFS has no bucket: {process.log_end()}")
                time.sleep(0.05)


def plain_client(server: Server) -> Any:
    """A boto3 client with nothing set but the server and its credentials: another program's view. HTTP."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=server.http,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
