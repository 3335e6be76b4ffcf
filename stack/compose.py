"""The same servers in containers, by `docker compose` and the file at the root of the repository."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import NoReturn

from stack.engine import compose_answers
from stack.errors import StackError
from stack.passwords import read_password
from stack.places import CHECKOUT
from stack.progress import Progress

SERVERS = ("postgres", "kafka", "connect", "rabbitmq")
FILE = CHECKOUT / "docker-compose.yml"
WAIT_SECONDS = 600
PASSWORD_VARIABLES = {
    "BRIDGE_POSTGRES_PASSWORD": "postgres-owner",
    "BRIDGE_DEBEZIUM_PASSWORD": "debezium",
    "BRIDGE_RABBITMQ_ADMIN_PASSWORD": "rabbitmq-admin",
    "BRIDGE_RABBITMQ_BRIDGE_PASSWORD": "rabbitmq-bridge",
}


class ComposeStack:
    """The stack of one run folder, as one compose project named after the folder."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder
        self._progress = progress
        self._project = f"wallet-bridge-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"

    def up(self, *, with_registry: bool) -> None:
        """Start what does not run and wait until all is well.  Raises `StackError` with the ends of the logs."""
        self._progress.say("starting the containers")
        names = self.names(with_registry=with_registry)
        wait = ["--wait", "--wait-timeout", str(WAIT_SECONDS)]
        try:
            self.compose("up", "--detach", "--no-recreate", *wait, *names)
        except StackError as error:
            logs = self.compose("logs", "--no-color", "--tail", "30", must_succeed=False)
            raise StackError(f"{error}\n{logs}") from None
        self._progress.say("all containers are well")

    def names(self, *, with_registry: bool) -> list[str]:
        return [*SERVERS, "registry"] if with_registry else list(SERVERS)

    def unwell(self, *, with_registry: bool) -> dict[str, str | None]:
        """Each server, and what it lacks; None when its health check is content."""
        lines = self.compose("ps", "--all", "--format", "json", must_succeed=False).splitlines()
        found = {}
        for entry in (json.loads(line) for line in lines if line.startswith("{")):
            state = entry.get("Health") or entry.get("State") or "unknown"
            found[str(entry.get("Service"))] = None if state == "healthy" else str(state)
        return {name: found.get(name, "not running") for name in self.names(with_registry=with_registry)}

    def down(self, *, volumes: bool) -> bool:
        """Stop and remove the containers, and with `volumes` their data; True when something ran."""
        ran = any(missing != "not running" for missing in self.unwell(with_registry=True).values())
        every = ("--profile", "*")
        self.compose(*every, "stop", "--timeout", "30")
        # Images declare volumes that no service here names.  `down` would leave those of every run behind.
        self.compose(*every, "rm", "--force", "--volumes")
        self.compose(*every, "down", *(["--volumes"] if volumes else []))
        return ran

    def server(self, name: str) -> ComposeServer:
        return ComposeServer(self, name)

    def compose(self, *arguments: str, must_succeed: bool = True) -> str:
        """What `docker compose ARGUMENTS` prints.  Raises `StackError` with its words when it fails."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * WAIT_SECONDS,
        )
        if must_succeed and done.returncode != 0:
            raise StackError(f"docker compose {arguments[0]} failed:\n{done.stderr.strip()}")
        return done.stdout

    def become(self, arguments: list[str]) -> NoReturn:
        """Turn this program into `docker compose ARGUMENTS`.  Raises `StackError` when there is none."""
        if not compose_answers():
            raise StackError("`docker compose` does not answer: install Docker with Compose 2.24 or newer")
        os.execvpe("docker", [*self._command, *arguments], self._environment())  # noqa: S606 - no shell is wanted

    @property
    def _command(self) -> list[str]:
        return ["docker", "compose", "--project-name", self._project, "--file", str(FILE)]

    def _environment(self) -> dict[str, str]:
        passwords = {variable: read_password(self.folder, name) for variable, name in PASSWORD_VARIABLES.items()}
        return {**os.environ, **passwords}


class ComposeServer:
    """One container of the stack, with the same faults as a process of ours."""

    def __init__(self, stack: ComposeStack, name: str) -> None:
        self._stack = stack
        self.name = name

    def unwell(self) -> str | None:
        """None when its health check is content; else what is missing."""
        return self._stack.unwell(with_registry=True).get(self.name, "not running")

    @property
    def is_running(self) -> bool:
        return self.unwell() != "not running"

    def start(self) -> None:
        """Start it if it does not run, and wait until it is well."""
        self._stack.compose("up", "--detach", "--no-recreate", "--no-deps", "--wait", self.name)

    def stop(self) -> bool:
        """Ask it to end, and wait for that."""
        self._stack.compose("stop", "--timeout", "30", self.name)
        return True

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self._stack.compose("kill", self.name)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._stack.compose("pause", self.name)

    def resume(self) -> None:
        """Let it go on, and wait until it is well."""
        self._stack.compose("unpause", self.name)
        self.start()

    def tail(self) -> str:
        """The end of its log."""
        return self._stack.compose("logs", "--no-color", "--tail", "30", self.name, must_succeed=False)
