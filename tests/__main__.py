"""`python -m tests`: everything that CI runs, and how long each part took.

Two rows of parts run beside each other.  In one, the bridge is compiled as it ships, and then tested on the real
servers: several tests at a time, as each has topics, queues and databases of its own and mostly waits for them;
then the faults, several at a time as well, but for those that break the servers themselves.  In the other stands
what needs no servers.  It takes the processors while the first row waits, and steps back where that does not.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
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
# A third of the share of what runs beside it: enough for tests with deadlines.
STEPS_BACK = ("nice", "-n", "5")

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
    on_servers: bool = False
    """Whether it needs the servers."""

    def environment(self) -> dict[str, str]:
        """Return the environment in which it runs."""
        if not self.as_shipped:
            return dict(os.environ)
        # Nothing but this path leads to `bridge`: the folder that a command is started in would come first.
        path = os.pathsep.join((str(COMPILED), str(COMPILED.parent)))
        return {**os.environ, "WALLET_BRIDGE_AS_SHIPPED": "1", "PYTHONSAFEPATH": "1", "PYTHONPATH": path}


COMPILE = Part("compile", ("make", "--no-print-directory", "compiled"))
ON_SERVERS = (
    Part(
        "tests on the servers",
        (*PYTEST, "4", "--dist", "loadscope", *ELSEWHERE, "integration and not faults"),
        as_shipped=True,
        on_servers=True,
    ),
    Part(
        "faults",
        (*PYTEST, "4", "--maxschedchunk", "1", "-p", "no:randomly", *ELSEWHERE, "faults"),
        as_shipped=True,
        on_servers=True,
    ),
)
WITHOUT_SERVERS = (
    Part("lint and types", (*STEPS_BACK, "make", "--keep-going", "--no-print-directory", "lint", "types")),
    Part("tests without servers", (*STEPS_BACK, *PYTEST, "auto", "-m", "not integration and not faults")),
    Part(
        "tests of what is compiled",
        (*STEPS_BACK, *PYTEST, "auto", "-m", "not integration and not faults", *PASSED_BY_EVERY_RECORD),
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
            sys.stdout.write("\n")
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
class Row:
    """Parts that run one after the other."""

    parts: deque[Part]
    captured: bool = False
    """Whether what a part says is printed when it ends, as another row prints its own meanwhile."""
    running: Running | None = None


@dataclass
class Run:
    """Rows of parts beside each other."""

    starting: Future[stack.Up]
    rows: tuple[Row, ...] = ()
    ended: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def to_the_end(self) -> None:
        """Run every part, even after one has failed."""
        while any(row.parts or row.running for row in self.rows):
            for row in self.rows:
                self._go_on(row)
            time.sleep(0.1)

    def _go_on(self, row: Row) -> None:
        if row.running is not None and row.running.process.poll() is not None:
            self.ended.add(row.running.name)
            if (name := row.running.tell()) is not None:
                self.failed.append(name)
            row.running = None
        if row.running is None and row.parts and self._may_begin(row.parts[0]):
            part = row.parts.popleft()
            if part.on_servers and not _servers_are_up(self.starting):
                self.failed.append(part.name)
                return
            _say(part.name)
            row.running = Running(part, captured=row.captured)

    def _may_begin(self, part: Part) -> bool:
        if part.as_shipped and COMPILE.name not in self.ended:
            return False
        return not part.on_servers or self.starting.done()

    def interrupt(self) -> None:
        """End what runs."""
        for row in self.rows:
            if row.running is not None:
                row.running.interrupt()


def main() -> int:
    """Run every part, even after one has failed; return 1 if one did, 130 if interrupted."""
    interrupts.hear_first()
    # The servers live for minutes.
    os.environ.setdefault(kafka.JAVA_OPTIONS, " ".join(kafka.QUICK_START))
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(stack.ensure_up, progress=Progress())
        rows = (Row(deque((COMPILE, *ON_SERVERS))), Row(deque(WITHOUT_SERVERS), captured=True))
        run = Run(starting, rows)
        try:
            run.to_the_end()
        except KeyboardInterrupt:
            _say("interrupted: cleaning up")
            run.interrupt()
            return 130
        finally:
            interrupts.ignore()
            if starting.exception() is None and starting.result().started:
                stack.down(progress=Progress())
    _say(f"failed: {', '.join(run.failed)}" if run.failed else "all passed", began)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    _say(f"{used.ru_utime + used.ru_stime:.0f} s of processors, the servers not counted")
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
