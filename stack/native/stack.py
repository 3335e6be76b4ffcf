"""All servers as processes: started side by side, stopped in order."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from itertools import repeat
from pathlib import Path

from stack import packages, services
from stack.broker_api import Management
from stack.errors import StackError
from stack.native import kafka, postgres, rabbitmq, registry
from stack.native.server import Launch, NativeServer
from stack.passwords import read_password
from stack.progress import Progress

# Each row is started one after the other, the rows side by side. Connect waits for the broker by itself, so
# that its plug-ins are read while Kafka starts.
ROWS = (("postgres",), ("kafka",), ("connect",), ("epmd", "rabbitmq"), ("registry",))
# The worker goes first, so that it gives back its place in the database's log and in its group.
STOP_ORDER = (("connect",), ("registry", "kafka", "postgres", "rabbitmq"), ("epmd",))
# A server that is asked to end while it still starts may first wait for its start, Connect for minutes.
GIVEN_UP_SECONDS = 8.0
DATA_FOLDERS = ("postgres", "kafka", "connect", "rabbitmq", "logs", "pids")


class NativeStack:
    """The stack of one run folder."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder
        self._progress = progress
        self._cancelled = threading.Event()

    def names(self, *, with_registry: bool) -> list[str]:
        return [name for row in ROWS for name in row if with_registry or name != "registry"]

    def server(self, name: str) -> NativeServer:
        """Raises `StackError` when what the server needs is not installed, or the name is none."""
        makers: dict[str, Callable[[], Launch]] = {
            "postgres": lambda: postgres.launch(self.folder),
            "kafka": lambda: kafka.broker(self.folder, packages.jars("kafka", self._progress)),
            "connect": self._worker,
            "epmd": lambda: rabbitmq.epmd(self.folder),
            "rabbitmq": lambda: rabbitmq.broker(self.folder),
            "registry": lambda: registry.launch(
                self.folder, packages.archive("registry", packages.REGISTRY, self._progress)
            ),
        }
        if name not in makers:
            raise StackError(f"{name!r} is no server of the stack; there are {', '.join(makers)}")
        return NativeServer(makers[name](), self.folder, self._cancelled)

    def _worker(self) -> Launch:
        debezium = packages.archive("debezium", packages.DEBEZIUM, self._progress)
        plugins = {
            "debezium": debezium / "debezium-connector-postgres",
            "avro-converter": packages.avro_converter(self._progress),
        }
        return kafka.worker(self.folder, packages.jars("kafka", self._progress), plugins)

    def unwell(self, *, with_registry: bool) -> dict[str, str | None]:
        """Each server, and what it lacks; None when it is well.  Starts and fetches nothing."""
        found: dict[str, str | None] = {}
        for name in self.names(with_registry=with_registry):
            found[name] = self._state(name)
        return found

    def _state(self, name: str) -> str | None:
        # Without a pid file there is nothing to ask, and no reason to look for programs.
        if not (self.folder / "pids" / f"{name}.json").exists():
            return "not running"
        try:
            return self.server(name).unwell()
        except StackError as error:
            return str(error)

    def up(self, *, with_registry: bool) -> None:
        """Start what does not run and wait until all is well.  What it started is stopped when it fails."""
        programs = [packages.POSTGRESQL, packages.RABBITMQ, packages.JAVA]
        packages.require(programs, self._progress)
        for name in ("pids", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        started: list[str] = []
        rows = [[self.server(name) for name in row if with_registry or name != "registry"] for row in ROWS]
        try:
            self._start(rows, started)
            self._make_users()
        except BaseException:
            self._cancelled.set()
            if started:
                self._progress.say(f"stopping what was started: {', '.join(started)}")
                self._stop(started, GIVEN_UP_SECONDS)
            raise

    def _start(self, rows: list[list[NativeServer]], started: list[str]) -> None:
        # An interrupt between the start of a thread and the pool's note of it would leave that thread behind,
        # and what it starts.  So none begins before the pool has them all.
        complete = threading.Event()

        def start_row(row: list[NativeServer]) -> None:
            complete.wait()
            for server in row:
                if self._cancelled.is_set():
                    raise StackError(f"{server.name}: start was given up")
                if server.unwell() is None:
                    server.launch.settle()
                    continue
                if not server.is_running:
                    started.append(server.name)
                    server.spawn()
                server.start()
                self._progress.say(f"{server.name} is well")

        with ThreadPoolExecutor(len(rows)) as pool:
            try:
                futures = [pool.submit(start_row, row) for row in rows if row]
                complete.set()
                self._first_error(futures)
            except BaseException:
                # Leaving the pool waits for its threads: let them give up.
                self._cancelled.set()
                raise
            finally:
                complete.set()

    @staticmethod
    def _first_error(futures: Iterable[Future[None]]) -> None:
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            future.result()

    def _make_users(self) -> None:
        """Users that RabbitMQ does not make by itself; a change of rights reaches a running broker too."""
        url = f"http://{services.HOST}:{services.RABBITMQ.ports['management'].number()}"
        admin = read_password(self.folder, "rabbitmq-admin")
        bridge = read_password(self.folder, "rabbitmq-bridge")
        management = Management(url, services.ADMIN_USER, admin)
        management.make_user(services.BRIDGE_USER, bridge, services.RABBITMQ_PERMISSIONS[services.BRIDGE_USER])

    def down(self, *, volumes: bool) -> bool:
        """Stop everything; True when something ran.  Raises `StackError` when a process cannot be ended."""
        running = [name for name, missing in self.unwell(with_registry=True).items() if missing != "not running"]
        self._stop(running)
        for mapper in rabbitmq.mappers_of_its_own(self.folder):
            running.append("epmd")
            mapper.end(signal.SIGTERM, GIVEN_UP_SECONDS)
            self._progress.say("epmd, which rabbitmq had started, has stopped")
        if volumes:
            for name in DATA_FOLDERS:
                shutil.rmtree(self.folder / name, ignore_errors=True)
        return bool(running)

    def _stop(self, names: Iterable[str], deadline_seconds: float | None = None) -> None:
        wanted = set(names)
        for group in STOP_ORDER:
            present = [name for name in group if name in wanted]
            with ThreadPoolExecutor(len(group)) as pool:
                list(pool.map(self._stop_one, present, repeat(deadline_seconds)))

    def _stop_one(self, name: str, deadline_seconds: float | None) -> None:
        server = self.server(name)
        if not server.stop(deadline_seconds):
            self._progress.say(f"{name} did not end when asked and was killed")
        if server.is_running:
            raise StackError(f"{name} still runs")
        self._progress.say(f"{name} has stopped")
