"""A stack of this folder's own, beside the one that the other tests share, because these tests break it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack import services
from stack.native import kafka
from tests.support.ports import free_ports
from tests.support.spreading import hold_to_one_worker

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 240
# The exit code where this machine can run the servers in neither way (sysexits, EX_UNAVAILABLE).
UNAVAILABLE = 69


@dataclass(frozen=True, slots=True)
class OwnStack:
    """The command line of a stack in its own run folder, on its own ports."""

    folder: Path
    environment: dict[str, str]

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            # What runs the tests may have been started with Ctrl-C ignored, as background jobs are.
            ["env", "--default-signal=INT", sys.executable, "-m", "stack", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.popen(*arguments)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def processes(self) -> list[str]:
        """The command lines of all processes that name this run folder, wherever they came from."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
                surroundings = (entry / "environ").read_bytes() if line else b""
            except OSError:
                continue
            if line and entry.name != str(os.getpid()) and os.fsencode(self.folder) in line + surroundings:
                found.append(line.replace(b"\0", b" ").decode(errors="replace"))
        return found


@pytest.fixture(scope="session")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """Up, started by two `up` at once; taken down with its data at the end, and then nothing may be left."""
    hold_to_one_worker(tmp_path_factory, "own-stack")
    # Not below pytest's own folder: the servers' users could not reach it.
    folder = Path(tempfile.mkdtemp(prefix="wallet-bridge-test-", dir="/var/tmp"))
    ports = [port for service in services.SERVICES for port in service.ports.values()]
    ports += services.NATIVE_PORTS
    environment = {port.variable: str(n) for port, n in zip(ports, free_ports(len(ports)), strict=True)}
    environment |= {"BRIDGE_STACK_DIR": str(folder), "BRIDGE_STACK_ENGINE": "native"}
    environment |= {kafka.JAVA_OPTIONS: " ".join(kafka.QUICK_START)}
    own = OwnStack(folder, environment)
    try:
        first, second = own.popen("up"), own.popen("up")
        errors = [process.communicate(timeout=DEADLINE_SECONDS)[1] for process in (first, second)]
        if first.returncode == UNAVAILABLE and not os.environ.get("CI"):
            pytest.skip(f"the servers cannot be had here: {errors[0]}")
        assert (first.returncode, second.returncode) == (0, 0), errors
        assert sum("already up" in error for error in errors) == 1, errors
        yield own
    finally:
        last = own.run("down", "--volumes")
        left = own.processes()
        shutil.rmtree(folder, ignore_errors=True)
        assert last.returncode == 0, last.stderr
        assert left == []
