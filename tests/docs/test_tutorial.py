"""The tutorial, followed word by word on the real servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import packages
from stack.endpoints import Addresses
from stack.packages import Program
from stack.progress import Progress
from tests.docs.pages import DOCS, ROOT, Block, blocks

PAGE = DOCS / "tutorial" / "first-bridge.md"
STEP_SECONDS = 90
CLEAN_UP_SECONDS = 60
OF_THE_RUN = ("PYTHONPATH", "PYTHONSAFEPATH", "WALLET_BRIDGE_AS_SHIPPED")
END = "step-has-ended"


class Reader:
    """Someone who follows the page in one shell."""

    def __init__(self, home: Path) -> None:
        # A newcomer's shell finds what lies in the folder, and no compiled copy.
        environment = {name: value for name, value in os.environ.items() if name not in OF_THE_RUN}
        environment |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.folder = home / "first-bridge"
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            text=True,
        )

    def run(self, script: str) -> tuple[int, str]:
        """Type a block; return the exit code of its last command and what was printed."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{{\n{script}\n}} < /dev/null\necho {END} $?\n")
        self._shell.stdin.flush()
        printed = ""
        for line in self._shell.stdout:
            before, found, code = line.partition(END)
            printed += before
            if found:
                return int(code), printed
        raise AssertionError(f"the shell ended:\n{printed}")

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """End the shell if what is typed takes longer: the page waits for some things without an end."""
        ending = threading.Timer(seconds, self._shell.kill)
        ending.start()
        try:
            yield
        finally:
            ending.cancel()

    def clean_up(self) -> None:
        """Do the page's last step, wherever the reader has stopped."""
        if self.folder.exists():
            with self.at_most(CLEAN_UP_SECONDS):
                self.run(f'cd "{ROOT}"; cd "{self.folder}"')
                for block in _cleanups():
                    self.run(block.text)

    def close(self) -> None:
        """Leave the shell; what it started in the background is ended by the page's own last step."""
        self._shell.communicate(timeout=STEP_SECONDS)


@pytest.fixture
def reader(addresses: Addresses, tmp_path: Path) -> Iterator[Reader]:
    """Return a reader in a home of their own; whatever happens, the page's clean-up runs at the end."""
    packages.require([Program("curl", "curl")], Progress(quiet=True), ("the page asks its reader for curl", ""))
    someone = Reader(tmp_path)
    try:
        yield someone
    finally:
        try:
            someone.clean_up()
        finally:
            someone.close()


def _cleanups() -> list[Block]:
    return [block for block in blocks(PAGE) if "cleanup" in block.marks]


def _pattern(expected: str) -> re.Pattern[str]:
    """Return what the output must look like: `…` stands for anything, alone on a line for any lines."""
    return re.compile(".*".join(re.escape(part.strip("\n")) for part in expected.split("…")), re.DOTALL)


@pytest.mark.integration
@pytest.mark.timeout(240)
def test_whoever_follows_the_tutorial_gets_what_it_prints(reader: Reader) -> None:
    code, printed = 0, ""
    for block in blocks(PAGE):
        name = block.value("file")
        if name is not None:
            (reader.folder / name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and "before" not in block.marks:
            code, printed = reader.run(block.text)
            assert code == int(block.value("exit") or 0), f"{block.place} exits with {code}:\n{printed}"
        elif block.language == "text":
            shown = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
            assert _pattern(block.text).fullmatch(shown), f"{block.place}: printed was\n{printed}"
    assert not reader.folder.exists()


def test_the_only_step_that_is_not_followed_starts_the_servers() -> None:
    (before,) = [block for block in blocks(PAGE) if "before" in block.marks]
    assert before.text == "make up\n"
