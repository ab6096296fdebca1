"""`python -m benchmarks.publish`: 2,000 files of 8 KB to SeaweedFS, beside rclone and `aws s3 sync`.

Each time is that of a whole command to an empty folder of a fresh server's bucket. Rows take turns, and medians are
shown with their ratio to rclone's. `--aws PATH` names the AWS command line, which is left out where there is none.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import BUCKET, Server, make_certificate, seaweedfs_process, tool
from tests.servers import _wait_for_bucket as wait_for_bucket

FILES, SIZE = 2000, 8192
_CLIENT = "from assetbuild.build import s3_fast; s3_fast.EXPECT_FROM = 0; from assetbuild.__main__ import main; main()"
"""The command with every put through boto3's client."""
_RCLONE = "--transfers 32 --checkers 32 --no-traverse --s3-no-check-bucket --s3-no-head --ignore-checksum"


@dataclass(frozen=True, slots=True)
class Row:
    """A program: from the URL of the server and a new folder in the bucket to its command."""

    name: str
    command: Callable[[str, str], Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each row; 3 by default")
    parser.add_argument("--aws", default=shutil.which("aws") or "", metavar="PATH", help="the AWS command line")
    options = parser.parse_args()
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared) as folder, serving(Path(folder) / "server") as server:
        site = Path(folder) / "site"
        environment = {**os.environ, **server.environment(), "AWS_REGION": "us-east-1", "RCLONE_CONFIG": os.devnull}
        prepare(site, environment)
        for url in (server.http, server.https):
            found = rows(site, server, aws=options.aws)
            show(url.partition(":")[0], measured(found, url, site, rounds=options.rounds, environment=environment))


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    certificate = make_certificate(folder / "tls")
    process, http, https = seaweedfs_process(tool("weed"), folder, certificate)
    if not process.start():
        sys.exit(f"SeaweedFS did not start: {process.log_end()}")
    try:
        server = Server(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", certificate.ca)
        # Its client reads the environment, which is not changed here.
        os.environ |= {"AWS_EC2_METADATA_DISABLED": "true"}
        wait_for_bucket(server, process)
        yield server
    finally:
        process.kill()


def prepare(site: Path, environment: Mapping[str, str]) -> None:
    """A built site; its files are of bytes that no server can make smaller."""
    (site / "static").mkdir(parents=True)
    source = random.Random(5)
    for number in range(FILES):
        (site / "static" / f"{number}.bin").write_bytes(source.randbytes(SIZE))
    configure(site, url="http://127.0.0.1", folder="none", workers=16)
    subprocess.run(
        [sys.executable, "-m", "assetbuild", "build"], cwd=site, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def configure(site: Path, *, url: str, folder: str, workers: int) -> None:
    (site / "assetbuild.toml").write_text(
        f'compress = []\n[publish]\ntarget = "s3://{BUCKET}/{folder}"\nendpoint_url = "{url}"\n'
        f'region = "us-east-1"\nworkers = {workers}\n'
    )


def rows(site: Path, server: Server, *, aws: str) -> Sequence[Row]:
    output = str(site / "public" / "assets")

    def own(*arguments: str, workers: int) -> Callable[[str, str], Sequence[str]]:
        def command(url: str, folder: str) -> Sequence[str]:
            configure(site, url=url, folder=folder, workers=workers)
            return [sys.executable, *arguments, "publish"]

        return command

    def rclone(url: str, folder: str) -> Sequence[str]:
        remote = f':s3,provider=SeaweedFS,env_auth=true,endpoint="{url}":{BUCKET}/{folder}'
        return [tool("rclone"), "copy", output, remote, *_RCLONE.split(), "--ca-cert", str(server.ca)]

    def aws_sync(url: str, folder: str) -> Sequence[str]:
        return [aws, "s3", "sync", output, f"s3://{BUCKET}/{folder}", "--endpoint-url", url, "--only-show-errors"]

    found = [Row("rclone copy, tuned", rclone)]
    for workers in (16, 32):
        found.append(Row(f"assetbuild publish, {workers} workers", own("-m", "assetbuild", workers=workers)))
        found.append(Row(f"through the client, {workers} workers", own("-c", _CLIENT, workers=workers)))
    return [*found, *([Row("aws s3 sync", aws_sync)] if aws else [])]


def measured(
    found: Sequence[Row], url: str, site: Path, *, rounds: int, environment: Mapping[str, str]
) -> dict[str, list[float]]:
    """Seconds of each run."""
    times: dict[str, list[float]] = {row.name: [] for row in found}
    for _ in range(rounds):
        for row in found:
            command = row.command(url, secrets.token_hex(6))
            began = time.perf_counter()
            subprocess.run(command, cwd=site, env=environment, check=True, stdout=subprocess.DEVNULL)
            times[row.name].append(time.perf_counter() - began)
    return times


def show(title: str, times: Mapping[str, Sequence[float]]) -> None:
    first = statistics.median(next(iter(times.values())))
    print(f"\n{title}, load average {os.getloadavg()[0]:.1f}")
    for name, runs in times.items():
        middle = statistics.median(runs)
        print(f"  {name:36} {middle:6.2f} s  {middle / first:5.2f} x   ({', '.join(f'{run:.2f}' for run in runs)})")


if __name__ == "__main__":
    main()
