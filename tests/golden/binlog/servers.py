"""Servers of MySQL and MariaDB, and a Connect worker with their Debezium connectors, for the time of a recording.

They are no part of the stack: nothing but the recorders of this folder starts them.  Kafka and the
registry are the stack's.  MariaDB comes from Debian's package.  Debian's stable release has no server of
MySQL: the variable MYSQLD names the program (version 8.0 or newer), which must run as the user `mysql`
and find its own messages and plug-ins, as an installed one does.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import stack
from stack import health, packages, services
from stack.native import kafka
from stack.native.server import Launch, NativeServer
from stack.packages import Program
from stack.progress import Progress
from tests.golden.recording import delete_topics
from tests.support.ports import free_ports

CLIENT = Program("mariadb-client", "mariadb")
"""The client of either."""
USER = "debezium"
WORKER_TOPICS = ("golden-binlog.configs", "golden-binlog.offsets", "golden-binlog.status")


@dataclass(frozen=True)
class Kind:
    """What MySQL and MariaDB have different."""

    name: str
    connector: str
    plugin: str
    program: Callable[[], str]
    install: Callable[[Path], list[str]]
    """The command that makes an empty data folder, whose administrator has no password."""
    options: tuple[str, ...]

    def config(self, database: Server, server_id: int) -> dict[str, str]:
        """Return what Debezium must know to read a server, as a replica with this id."""
        return {
            "connector.class": self.connector,
            "database.hostname": services.HOST,
            "database.port": str(database.port),
            "database.user": USER,
            "database.password": database.password,
            "database.server.id": str(server_id),
            "topic.creation.default.partitions": "1",
            "topic.creation.default.replication.factor": "1",
        }


@dataclass(frozen=True)
class Server:
    """A running server, reached as its administrator through a socket, and by Debezium through a port."""

    socket: Path
    port: int
    password: str

    def run(self, statements: Sequence[str], database: str = "") -> str:
        """Run statements in one session and return what they answer; raises CalledProcessError with its words."""
        command = ["mariadb", f"--socket={self.socket}", "--user=root", "--default-character-set=utf8mb4"]
        command += ["--batch", "--skip-column-names", *([database] if database else [])]
        text = "".join(f"{statement};\n" for statement in statements)
        done = subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.PIPE, timeout=120)
        return done.stdout


def _mysqld() -> str:
    program = os.environ.get("MYSQLD")
    if not program:
        raise SystemExit("MYSQLD must name the server program of MySQL")
    return program


def _mariadbd() -> str:
    packages.require([Program("mariadb-server", "mariadbd")], Progress())
    return "/usr/sbin/mariadbd"


def _install_mariadb(data: Path) -> list[str]:
    options = ["--user=mysql", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
    return ["mariadb-install-db", "--no-defaults", *options]


MYSQL = Kind(
    "mysql",
    "io.debezium.connector.mysql.MySqlConnector",
    "io.debezium:debezium-connector-mysql:3.5.0.Final:tar.gz:plugin",
    _mysqld,
    lambda data: [_mysqld(), "--no-defaults", "--initialize-insecure", "--user=mysql", f"--datadir={data}"],
    ("--log-bin=mysql-bin", "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=OFF"),
)
MARIADB = Kind(
    "mariadb",
    "io.debezium.connector.mariadb.MariaDbConnector",
    "io.debezium:debezium-connector-mariadb:3.5.0.Final:tar.gz:plugin",
    _mariadbd,
    _install_mariadb,
    ("--log-bin=mariadb-bin", "--binlog-format=ROW", "--log-slave-updates"),
)
KINDS = {kind.name: kind for kind in (MYSQL, MARIADB)}


@contextmanager
def running(kind: Kind, server_id: int = 5001, *more: str) -> Iterator[Server]:
    """Start a server with a data folder of its own, and stop it.  `more` are options of the program."""
    program = kind.program()
    packages.require([CLIENT], Progress())
    with _run_folder() as folder:
        found = Server(folder / "server.sock", free_ports(1)[0], secrets.token_hex(12))
        shutil.chown(folder, "mysql")
        subprocess.run(kind.install(folder / "data"), check=True, capture_output=True, timeout=300)
        options = [*_options(folder / "data", found, server_id), *kind.options, *more]
        server = NativeServer(
            Launch(
                name=f"{kind.name}-{server_id}",
                command=[program, *options],
                folder=folder,
                unwell=lambda: health.tcp(services.HOST, found.port),
                user="mysql",
            ),
            folder,
        )
        with _started(server):
            found.run(
                [
                    # What is written here must not go on to replicas: each has made its own.
                    "SET sql_log_bin = 0",
                    f"CREATE USER {USER}@'{services.HOST}' IDENTIFIED BY '{found.password}'",
                    f"GRANT ALL ON *.* TO {USER}@'{services.HOST}'",
                ]
            )
            yield found


def _options(data: Path, server: Server, server_id: int) -> list[str]:
    return [
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={server.socket}",
        f"--port={server.port}",
        f"--bind-address={services.HOST}",
        f"--server-id={server_id}",
        f"--report-host={services.HOST}",
        "--default-time-zone=+02:00",
        # Zero dates and unknown labels are what old wallets are full of.
        "--sql-mode=",
    ]


@contextmanager
def worker(kind: Kind) -> Iterator[stack.Connect]:
    """Start a Connect worker beside the stack's, with the connector of MySQL or MariaDB, and stop it."""
    progress = Progress()
    port = free_ports(1)[0]
    connector = packages.archive(f"debezium-{kind.name}", kind.plugin, progress)
    plugins = {
        "debezium": connector / f"debezium-connector-{kind.name}",
        "avro-converter": packages.avro_converter(progress),
    }
    with _run_folder() as folder:
        launch = kafka.worker(folder, packages.jars("kafka", progress), plugins)
        url = f"http://{services.HOST}:{port}"
        configs, offsets, status = WORKER_TOPICS
        own = {
            "listeners": url,
            "group.id": "golden-binlog",
            "config.storage.topic": configs,
            "offset.storage.topic": offsets,
            "status.storage.topic": status,
        }

        def prepare() -> None:
            launch.prepare()
            lines = [
                f"{key}={value}\n" for key, value in (kafka.worker_settings(folder / "connect") | own).items()
            ]
            (folder / "connect" / "worker.properties").write_text("".join(lines))

        health_url = f"{url}/connectors"
        server = NativeServer(replace(launch, unwell=lambda: health.http(health_url), prepare=prepare), folder)
        try:
            with _started(server):
                yield stack.Connect(url)
        finally:
            # Another worker would start what this one was told to run.
            delete_topics(WORKER_TOPICS)


@contextmanager
def _started(server: NativeServer) -> Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.stop()


@contextmanager
def _run_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="golden-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("pids", "logs"):
            (folder / part).mkdir()
        yield folder
