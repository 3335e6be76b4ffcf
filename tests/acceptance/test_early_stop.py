"""A stop that comes while `run` still starts: also as process 1, to which the kernel gives no unhandled signal."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.shell import COMMAND, environment
from tests.support.cases import ROOT
from tests.support.eventually import eventually

AS_PROCESS_1 = ["unshare", "--pid", "--fork", "--kill-child"]
WITHIN_SECONDS = 10
"""Far above what a stop takes on a busy machine, far below what a container is given."""


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*AS_PROCESS_1, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["an ordinary process", "process 1"])
def prefix(request: pytest.FixtureRequest) -> list[str]:
    """Return what stands before the command."""
    if request.param == "an ordinary process":
        return []
    if not _may_unshare():
        pytest.skip("a namespace of process ids cannot be made here")
    return AS_PROCESS_1


@contextmanager
def _starting(prefix: list[str], connector: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield the process that was started, and the id of the bridge's own."""
    arguments = ["run", str(connector), "--state", str(connector.parent), "--http", "off"]
    process = subprocess.Popen(
        [*prefix, *COMMAND, *arguments], stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    )
    try:
        yield process, eventually(lambda: _child(process.pid)) if prefix else process.pid
    finally:
        process.kill()
        process.communicate()


def _child(pid: int) -> int:
    return int((Path(f"/proc/{pid}/task/{pid}/children").read_text().split() or ["0"])[0])


def _imports(pid: int) -> bool:
    """Return whether the bridge is in the middle of its imports: this one is neither its first nor its last."""
    return "pydantic_core" in Path(f"/proc/{pid}/maps").read_text()


def _said(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it did not end within {WITHIN_SECONDS} s") from None
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_bridge_imports_ends_it_at_once_and_cleanly(
    tmp_path: Path, prefix: list[str], number: signal.Signals
) -> None:
    pipe = tmp_path / "brand.yaml"
    os.mkfifo(pipe)  # the start would not come further than this
    with _starting(prefix, pipe) as (process, pid):
        eventually(lambda: _imports(pid), message="it imports nothing")
        os.kill(pid, number)
        assert _said(process) == (0, "")


def test_a_stop_while_the_bridge_reads_its_connector_ends_it_at_once_and_cleanly(
    tmp_path: Path, prefix: list[str]
) -> None:
    pipe = tmp_path / "brand.yaml"
    os.mkfifo(pipe)
    with _starting(prefix, pipe) as (process, pid):
        with pipe.open("wb"):  # opens once the bridge reads
            os.kill(pid, signal.SIGTERM)
        # Closed: a signal that comes just before the bridge begins to read is heard when that read ends.  No file
        # lets it wait for that, as a pipe does.
        assert _said(process) == (0, "")
