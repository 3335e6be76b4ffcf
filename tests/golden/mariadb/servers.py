"""A MariaDB server and a Connect worker with its Debezium connector, for the time of a recording.

They are no part of the stack: nothing but `python -m tests.golden.mariadb.record` starts them.  Kafka
and the registry are the stack's.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
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

MARIADB = Program("mariadb-server", "mariadbd")
CONNECTOR = "io.debezium:debezium-connector-mariadb:3.5.0.Final:tar.gz:plugin"
USER = "debezium"
WORKER_TOPICS = ("golden-mariadb.configs", "golden-mariadb.offsets", "golden-mariadb.status")


@dataclass(frozen=True)
class MariaDb:
    """A running server, reached as its administrator through a socket, and by Debezium through a port."""

    socket: Path
    port: int
    password: str

    def run(self, statements: Sequence[str], database: str = "") -> None:
        """Run statements in one session; raises CalledProcessError with the server's words."""
        command = ["mariadb", f"--socket={self.socket}", "--user=root", "--default-character-set=utf8mb4"]
        text = "".join(f"{statement};\n" for statement in statements)
        subprocess.run([*command, *([database] if database else [])], input=text, text=True, check=True)


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Start a server with a data folder of its own, and stop it."""
    packages.require([MARIADB], Progress())
    with _run_folder() as folder:
        data, port, socket_file = folder / "data", _free_port(), folder / "mariadb.sock"
        shutil.chown(folder, "mysql")
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                "--user=mysql",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
        )
        options = [
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={socket_file}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--server-id=5001",
            "--log-bin=mariadb-bin",
            "--binlog-format=ROW",
            "--default-time-zone=+02:00",
            # Zero dates and unknown labels are what old wallets are full of.
            "--sql-mode=",
        ]
        server = NativeServer(
            Launch(
                name="mariadb",
                command=["/usr/sbin/mariadbd", *options],
                folder=folder,
                unwell=lambda: health.tcp(services.HOST, port),
                user="mysql",
            ),
            folder,
        )
        with _running(server):
            found = MariaDb(socket_file, port, secrets.token_hex(12))
            found.run(
                [
                    f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{found.password}'",
                    f"GRANT ALL ON *.* TO {USER}@'127.0.0.1'",
                ]
            )
            yield found


@contextmanager
def worker() -> Iterator[stack.Connect]:
    """Start a Connect worker beside the stack's, with the MariaDB connector, and stop it."""
    progress = Progress()
    port = _free_port()
    plugins = {
        "debezium": packages.archive("debezium-mariadb", CONNECTOR, progress) / "debezium-connector-mariadb",
        "avro-converter": packages.avro_converter(progress),
    }
    with _run_folder() as folder:
        launch = kafka.worker(folder, packages.jars("kafka", progress), plugins)
        url = f"http://{services.HOST}:{port}"
        configs, offsets, status = WORKER_TOPICS
        own = {
            "listeners": url,
            "group.id": "golden-mariadb",
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
            with _running(server):
                yield stack.Connect(url)
        finally:
            # Another worker would start what this one was told to run.
            delete_topics(WORKER_TOPICS)


@contextmanager
def _running(server: NativeServer) -> Iterator[None]:
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


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((services.HOST, 0))
        port: int = found.getsockname()[1]
        return port
