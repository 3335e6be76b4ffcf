"""`python -m tests`: everything that CI runs, and how long each part took.

What needs no server runs side by side while the servers start, and while the bridge is compiled as it ships.
What is compiled is then tested again, and runs in all that follows.  Then come the tests on the real servers,
several at a time (each has topics, queues and databases of its own, and mostly waits for them), then the
faults, three at a time: most of a fault is waiting, and those that break the servers themselves wait until
they are alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import stack
from stack import interrupts
from stack.endpoints import exports
from stack.native import kafka
from stack.progress import Progress

# Servers that a test started for itself take some seconds to stop.
CLEAN_UP_SECONDS = 60

PYTEST = (sys.executable, "-m", "pytest", "-q", "-n")
COMPILED = Path(__file__).resolve().parent.parent / ".compiled"
"""Where `make compiled` puts the bridge."""
PASSED_BY_EVERY_RECORD = (
    *(f"tests/{kind}/{name}" for kind in ("unit", "properties") for name in ("mapping", "decoders", "casino")),
    *(f"tests/wallets/test_{name}.py" for name in ("cases", "others", "transactions")),
    "tests/debezium",
    "tests/golden",
)
# Every worker collects all that it is shown; none of these needs a server (tests/conftest.py holds them to it).
ELSEWHERE = (*(f"--ignore=tests/{name}" for name in ("unit", "properties", "processes")), "-m")


@dataclass(frozen=True)
class Part:
    """A part of the run, and the command that is all of it."""

    name: str
    command: tuple[str, ...]
    as_shipped: bool = False
    """Whether it runs the compiled bridge, and not the source."""

    def environment(self) -> dict[str, str]:
        """Return the environment in which it runs."""
        if not self.as_shipped:
            return dict(os.environ)
        # Nothing but this path leads to `bridge`: the folder that a command is started in would come first.
        path = os.pathsep.join((str(COMPILED), str(COMPILED.parent)))
        return {**os.environ, "WALLET_BRIDGE_AS_SHIPPED": "1", "PYTHONSAFEPATH": "1", "PYTHONPATH": path}


WITHOUT_SERVERS = (
    Part("lint and types", ("make", "--keep-going", "--no-print-directory", "lint", "types")),
    Part("compile", ("make", "--no-print-directory", "compiled")),
    Part("tests without servers", (*PYTEST, "auto", "-m", "not integration and not faults")),
)
AS_SHIPPED = Part(
    "tests of what is compiled",
    (*PYTEST, "auto", "-m", "not integration and not faults", *PASSED_BY_EVERY_RECORD),
    as_shipped=True,
)
ON_SERVERS = (
    Part(
        "tests on the servers",
        (*PYTEST, "4", "--dist", "loadscope", *ELSEWHERE, "integration and not faults"),
        as_shipped=True,
    ),
    Part(
        "faults",
        (*PYTEST, "3", "--maxschedchunk", "1", "-p", "no:randomly", *ELSEWHERE, "faults"),
        as_shipped=True,
    ),
)


class Running:
    """A part that runs, in a process group of its own: Ctrl-C reaches it through us, and once."""

    def __init__(self, part: Part, *, captured: bool) -> None:
        self.name = part.name
        self._began = time.monotonic()
        out: IO[str] | None = tempfile.TemporaryFile("w+") if captured else None  # noqa: SIM115 - closed by `tell`
        self._out = out
        self.process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out and subprocess.STDOUT,
            env=part.environment(),
            process_group=0,
        )

    def tell(self) -> str | None:
        """Print what it said, unless it printed it itself, and how long it took; return its name if it failed."""
        code = self.process.wait()
        if self._out is not None:
            self._out.seek(0)
            sys.stdout.write(self._out.read())
            self._out.close()
        _say(f"{self.name}: exit {code}", self._began)
        return self.name if code else None

    def interrupt(self) -> None:
        """End it as Ctrl-C does, and wait until it has cleaned up."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(CLEAN_UP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Run:
    """All parts of one run."""

    running: list[Running] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def side_by_side(self, parts: tuple[Part, ...]) -> None:
        """Run them at once; print what each said when it ends."""
        for part in parts:
            self.running.append(Running(part, captured=True))
        while self.running:
            for each in [each for each in self.running if each.process.poll() is not None]:
                self._ended(each)
            time.sleep(0.1)

    def alone(self, part: Part) -> None:
        """Run it, and let it print as it goes."""
        _say(part.name)
        self.running.append(Running(part, captured=False))
        self.running[0].process.wait()
        self._ended(self.running[0])

    def _ended(self, each: Running) -> None:
        self.running.remove(each)
        if (name := each.tell()) is not None:
            self.failed.append(name)

    def interrupt(self) -> None:
        """End what runs."""
        for each in self.running:
            each.interrupt()


def main() -> int:
    """Run every part, even after one has failed; return 1 if one did, 130 if interrupted."""
    interrupts.hear_first()
    # The servers live for minutes.
    os.environ.setdefault(kafka.JAVA_OPTIONS, " ".join(kafka.QUICK_START))
    began, run = time.monotonic(), Run()
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(stack.ensure_up, progress=Progress())
        try:
            run.side_by_side(WITHOUT_SERVERS)
            run.alone(AS_SHIPPED)
            if _servers_are_up(starting):
                for part in ON_SERVERS:
                    run.alone(part)
            else:
                run.failed += [part.name for part in ON_SERVERS]
        except KeyboardInterrupt:
            _say("interrupted: cleaning up")
            run.interrupt()
            return 130
        finally:
            interrupts.ignore()
            if starting.exception() is None and starting.result().started:
                stack.down(progress=Progress())
    _say(f"failed: {', '.join(run.failed)}" if run.failed else "all passed", began)
    return 1 if run.failed else 0


def _servers_are_up(starting: Future[stack.Up]) -> bool:
    try:
        starting.result()
    except stack.StackError as error:
        _say(f"the servers cannot be had: {error}")
        return False
    os.environ.update(exports())
    return True


def _say(words: str, began: float | None = None) -> None:
    took = "" if began is None else f", {time.monotonic() - began:.0f} s"
    sys.stdout.write(f"==> {words}{took}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
