"""Ctrl-C while the demo makes something: what was made is known, and is taken away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bridge.demo.interrupts import uninterrupted
from bridge.demo.process import BridgeProcess

made: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """What runs the tests may have been started with Ctrl-C ignored, as background jobs are."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Interrupted(subprocess.Popen[bytes]):
    """A process that sleeps, with a Ctrl-C before its maker has it in hand."""

    def __init__(self, _command: list[str], **options: Any) -> None:
        super().__init__([sys.executable, "-c", "import time; time.sleep(60)"], **options)
        made.append(self)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_ctrl_c_that_comes_while_a_bridge_starts_leaves_no_bridge_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", _Interrupted)
    bridge = BridgeProcess(tmp_path / "brand.yaml", {}, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        bridge.start()
    bridge.kill()
    process = made.pop()
    try:
        assert process.poll() == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()


def test_a_ctrl_c_waits_for_the_end_of_what_must_not_be_interrupted() -> None:
    done = []

    def make() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        make()
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_ctrl_c_an_error_comes_through_and_the_handlers_are_as_before() -> None:
    with suppress(ValueError), uninterrupted():
        raise ValueError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_ctrl_c_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
