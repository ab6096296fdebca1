"""Runs JavaScript in a real node. Where there is none, the tests that need it skip, and fail where `CI` is set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest


def ask_node(program: str, value: object, *flags: str) -> object:
    """What `program`, the body of a function of `input`, returns or promises; both sides are JSON."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is not installed, and CI is set")
        pytest.skip("node is not installed")
    wrapped = (
        "let s='';process.stdin.on('data',d=>s+=d).on('end',async()=>"
        f"process.stdout.write(JSON.stringify(await(input=>{{{program}}})(JSON.parse(s)))))"
    )
    done = subprocess.run(
        [node, *flags, "-e", wrapped],
        input=json.dumps(value),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)
