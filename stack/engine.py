"""Which of the two ways this machine can go, and which one the running stack went."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Literal, get_args

from stack.errors import StackError

Engine = Literal["docker", "native"]
ANSWER_SECONDS = 15
# What knows an optional `env_file`, and the engine (25) that knows `start_interval` of a health check.
OLDEST_COMPOSE = (2, 24)
OLDEST_API = (1, 44)


def choose(folder: Path) -> Engine:
    """What the running stack uses; else what `BRIDGE_STACK_ENGINE` says; else containers where they answer."""
    marked = marked_engine(folder)
    if marked is not None:
        return marked
    wanted = os.environ.get("BRIDGE_STACK_ENGINE", "")
    if wanted == "docker":
        if not docker_answers():
            raise StackError(
                "BRIDGE_STACK_ENGINE is docker, and no container engine with compose answers: "
                "Docker Engine 25 and Compose 2.24 are the oldest that can be used"
            )
        return "docker"
    if wanted == "native":
        return "native"
    if wanted:
        raise StackError(f"BRIDGE_STACK_ENGINE is one of {', '.join(get_args(Engine))}, not {wanted!r}")
    return "docker" if docker_answers() else "native"


def docker_answers() -> bool:
    """True when engine and compose plug-in answer within some seconds, and understand docker-compose.yml."""
    return compose_answers() and _version("docker", "version", "--format", "{{.Server.APIVersion}}") >= OLDEST_API


def compose_answers() -> bool:
    """True when the compose plug-in is there and understands docker-compose.yml; it needs no engine for that."""
    return _version("docker", "compose", "version", "--short") >= OLDEST_COMPOSE


def _version(*command: str) -> tuple[int, ...]:
    """What a command prints, as far as it is numbers; nothing where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    return tuple(map(int, found.groups())) if found is not None and done.returncode == 0 else ()


def marked_engine(folder: Path) -> Engine | None:
    """The engine that this run folder was last started with and not yet stopped."""
    try:
        text = (folder / "engine").read_text(encoding="ascii").strip()
    except OSError:
        return None
    for each in get_args(Engine):
        if text == each:
            found: Engine = each
            return found
    return None


def mark(folder: Path, engine: Engine | None) -> None:
    path = folder / "engine"
    if engine is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(engine + "\n", encoding="ascii")
