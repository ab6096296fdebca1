"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cli_seams import Runner, Seams, carry_out
from tests.servers import certificate, rclone, seaweedfs
from tests.storages import clients

__all__ = ["certificate", "clients", "rclone", "seaweedfs"]

# A machine that is busy with the other tests must not make a law fail: time is measured in benchmarks/, never here.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.fixture
def seams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seams:
    """The build half, faked for the command line."""
    return Seams(monkeypatch, tmp_path)


@pytest.fixture
def run(seams: Seams, capsys: pytest.CaptureFixture[str]) -> Runner:
    """Runs a command line over the faked build half."""
    return lambda *arguments: carry_out(arguments, capsys)
