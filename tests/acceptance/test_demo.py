"""`wallet-bridge demo` as a process, where no server is known."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def demo(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # Nothing of this run's surroundings: neither servers nor a terminal.
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "bridge.cli", "demo", *options]
    return subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_servers_the_recording_is_played_and_the_sums_agree(tmp_path: Path) -> None:
    done = demo(tmp_path, "--embedded")
    assert done.returncode == 0, done.stderr
    assert "Real here:" in done.stdout
    assert "Not real:" in done.stdout
    assert "\nSAME  All " in done.stdout
    assert done.stdout.count(" same") > 20
    assert not done.stderr
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert not list(tmp_path.iterdir()), "the ledgers of the demo are taken away"


def test_without_servers_and_without_the_option_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.count("\n") == 1
    assert "make demo" in done.stderr
    assert "--embedded" in done.stderr
