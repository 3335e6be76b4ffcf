"""Erlang's port mapper, which RabbitMQ starts by itself when ours is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stack import health
from stack.native.stack import NativeStack
from stack.progress import Progress
from tests.support.eventually import eventually
from tests.support.ports import free_ports


@pytest.mark.skipif(shutil.which("epmd") is None, reason="epmd is not installed")
def test_down_ends_the_one_of_this_folder_and_no_other(tmp_path: Path) -> None:
    folders, ports = (tmp_path / "ours", tmp_path / "theirs"), free_ports(2)
    for folder, port in zip(folders, ports, strict=True):
        # As RabbitMQ does it: in the background, with all that the node was given.
        surroundings = {**os.environ, "HOME": str(folder / "rabbitmq"), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        subprocess.run(["epmd", "-daemon", "-port", str(port)], env=surroundings, check=True, timeout=20)
    ours, theirs = (NativeStack(folder, Progress(quiet=True)) for folder in folders)
    try:
        eventually(lambda: all(health.tcp("127.0.0.1", port) is None for port in ports))
        assert ours.down(volumes=False)
        assert health.tcp("127.0.0.1", ports[0]) is not None
        assert health.tcp("127.0.0.1", ports[1]) is None
        assert not ours.down(volumes=False), "nothing is left"
    finally:
        theirs.down(volumes=False)
    assert health.tcp("127.0.0.1", ports[1]) is not None
