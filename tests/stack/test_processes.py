"""Only processes that are ours, and still the same ones, are ever signalled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.processes import Process
from tests.support.eventually import eventually

# Starts a child of its own, says so, and ignores a polite end.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "300"]) as child:
        yield child
        child.kill()


@pytest.fixture
def stubborn() -> Iterator[tuple[Process, Process]]:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        parent, grandchild = Process.of(child.pid), Process.of(int(child.stdout.readline()))
        assert parent is not None
        assert grandchild is not None
        yield parent, grandchild
        parent.kill()
        child.returncode = 0


def test_a_saved_process_is_found_again(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    process.save(tmp_path / "pid.json")
    assert Process.load(tmp_path / "pid.json") == process


def test_a_pid_that_now_belongs_to_another_process_is_not_ours(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    stale = tmp_path / "pid.json"
    stale.write_text(json.dumps({"pid": sleeper.pid, "started": "another-boot 17"}), encoding="ascii")
    assert Process.load(stale) is None


def test_a_signal_to_a_pid_that_changed_hands_goes_nowhere(sleeper: subprocess.Popen[bytes]) -> None:
    Process(sleeper.pid, "another-boot 17").send(signal.SIGKILL)
    assert Process.of(sleeper.pid) is not None


@pytest.mark.parametrize("content", ["", "{}", "[]", "12", '{"pid": "x"}'])
def test_a_broken_pid_file_means_not_running(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid.json").write_text(content, encoding="ascii")
    assert Process.load(tmp_path / "pid.json") is None


def test_a_process_that_ended_and_was_not_reaped_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    eventually(lambda: Process.of(sleeper.pid) is None)


def test_a_polite_end_is_told_from_a_kill(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    assert process.end(signal.SIGTERM, 5)
    sleeper.returncode = 0


def test_what_does_not_end_in_time_is_killed_with_its_children(stubborn: tuple[Process, Process]) -> None:
    parent, child = stubborn
    assert not parent.end(signal.SIGTERM, 0.2)
    assert not parent.is_running
    assert not child.is_running


def test_a_stopped_process_can_be_ended(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    process.send(signal.SIGSTOP)
    assert process.end(signal.SIGTERM, 5)
    sleeper.returncode = 0


def test_the_family_is_the_process_and_its_descendants(stubborn: tuple[Process, Process]) -> None:
    assert stubborn[0].family() == list(stubborn)
