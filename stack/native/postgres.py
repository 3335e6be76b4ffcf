"""PostgreSQL from the Debian package: a cluster of our own, never the system's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from stack import health, services
from stack.errors import StackError
from stack.native.server import Launch
from stack.packages import POSTGRESQL
from stack.passwords import read_password
from stack.processes import Process
from stack.services import HOST

ROLES = Path(__file__).resolve().parent.parent / "config" / "postgres" / "roles.sql"


def settings() -> dict[str, str]:
    """What the server is told on its command line, over what `initdb` wrote."""
    return {
        **services.POSTGRES.settings,
        "listen_addresses": HOST,
        "port": str(services.POSTGRES.ports["main"].number()),
        # Only TCP, as from a container; a socket file would need a short path that both sides can write.
        "unix_socket_directories": "",
        "logging_collector": "off",
    }


def launch(run_folder: Path) -> Launch:
    """Raises `StackError` when PostgreSQL is not installed."""
    program = POSTGRESQL.find()
    if program is None:
        raise StackError("PostgreSQL is not installed")
    port = services.POSTGRES.ports["main"].number()
    folder = run_folder / "postgres"
    data = folder / "data"
    options = [part for key, value in settings().items() for part in ("-c", f"{key}={value}")]
    user = "postgres" if os.geteuid() == 0 else None
    return Launch(
        name="postgres",
        command=[str(program), "-D", str(data), *options],
        folder=run_folder,
        user=user,
        unwell=lambda: health.postgres(HOST, port, services.OWNER_USER, "postgres"),
        # "Fast": open sessions are ended, what is committed is kept.
        stop_signal=signal.SIGINT,
        prepare=lambda: _prepare(program.parent, folder, run_folder, user),
        settle=lambda: _settle(program.parent, folder, run_folder, port),
    )


def _prepare(binaries: Path, folder: Path, run_folder: Path, user: str | None) -> None:
    if (folder / "data" / "PG_VERSION").exists():
        _forget_ended_server(folder / "data" / "postmaster.pid")
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    secret = folder / "owner-password"
    secret.touch(mode=0o600)
    secret.write_text(read_password(run_folder, "postgres-owner"), encoding="ascii")
    if user is not None:
        shutil.chown(folder, user, user)
        shutil.chown(secret, user, user)
    # Renamed when it is whole, so that an interrupted start leaves nothing that looks like a cluster.
    draft = folder / "draft"
    command = [str(binaries / "initdb"), "-D", str(draft), "-U", services.OWNER_USER]
    command += ["--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={secret}"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8"]
    done = subprocess.run(
        command, cwd=folder, user=user, group=user, capture_output=True, text=True, check=False, timeout=120
    )
    secret.unlink()
    if done.returncode != 0:
        shutil.rmtree(folder)
        raise StackError(f"initdb failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    draft.rename(folder / "data")


def _forget_ended_server(lock: Path) -> None:
    """A killed server leaves its lock file, which names a pid.

    PostgreSQL takes a process that has ended but was not reaped for a running one and refuses to start;
    a machine without a proper init keeps such processes for ever.
    """
    if lock.exists() and Process.of(int(lock.read_text(encoding="ascii").split()[0])) is None:
        lock.unlink()


def _settle(binaries: Path, folder: Path, run_folder: Path, port: int) -> None:
    done_mark = folder / "roles-made"
    if done_mark.exists():
        return
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGPASSWORD": read_password(run_folder, "postgres-owner"),
        "DEBEZIUM_PASSWORD": read_password(run_folder, "debezium"),
    }
    command = [str(binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(port)]
    command += ["-U", services.OWNER_USER, "-d", "postgres", "-f", str(ROLES)]
    done = subprocess.run(
        command, env=environment, cwd=run_folder, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise StackError(f"psql could not make the roles:\n{done.stdout}{done.stderr}")
    done_mark.touch()
