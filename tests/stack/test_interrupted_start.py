"""Ctrl-C at the one moment at which a thread has begun and its pool does not know of it yet."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stack import packages
from stack.native import stack as native
from stack.native.stack import NativeStack
from stack.progress import Progress
from tests.support.eventually import eventually


class Spy:
    """Stands for a server: it takes a while until it is asked to run, and notes it."""

    def __init__(self, name: str, running: list[str]) -> None:
        self.name = name
        self.launch = SimpleNamespace(settle=lambda: None)
        self._running = running

    def unwell(self) -> str | None:
        """Return that it does not run."""
        return None if self.is_running else "not running"

    @property
    def is_running(self) -> bool:
        """Return whether it was started, and not stopped since."""
        return self.name in self._running

    def spawn(self) -> None:
        """Start."""
        self._running.append(self.name)

    def start(self) -> None:
        """Wait until it is well."""

    def stop(self, _: float | None) -> bool:
        """Stop."""
        if self.is_running:
            self._running.remove(self.name)
        return True


def test_nothing_that_was_started_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[str] = []
    threads: list[threading.Thread] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        threads.append(thread)
        start(thread)
        if len(threads) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(packages, "require", lambda *_: None)
    monkeypatch.setattr(NativeStack, "server", lambda _, name: Spy(name, running))
    monkeypatch.setattr(native, "ROWS", tuple((name,) for name in ("postgres", "kafka", "rabbitmq", "epmd")))
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    stack: Any = NativeStack(tmp_path, Progress(quiet=True))
    with pytest.raises(KeyboardInterrupt):
        stack.up(with_registry=False)
    eventually(lambda: not any(thread.is_alive() for thread in threads), message="a thread goes on")
    assert running == []
