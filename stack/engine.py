"""Which of the two ways this machine can go, and which one the running stack went."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal, get_args

from stack.errors import StackError

Engine = Literal["docker", "native"]
ANSWER_SECONDS = 15


def choose(folder: Path) -> Engine:
    """What the running stack uses; else what `BRIDGE_STACK_ENGINE` says; else containers where they answer."""
    marked = marked_engine(folder)
    if marked is not None:
        return marked
    wanted = os.environ.get("BRIDGE_STACK_ENGINE", "")
    if wanted == "docker":
        if not docker_answers():
            raise StackError("BRIDGE_STACK_ENGINE is docker, and no container engine with compose answers")
        return "docker"
    if wanted == "native":
        return "native"
    if wanted:
        raise StackError(f"BRIDGE_STACK_ENGINE is one of {', '.join(get_args(Engine))}, not {wanted!r}")
    return "docker" if docker_answers() else "native"


def docker_answers() -> bool:
    """True when both the engine and its compose plug-in answer within some seconds."""
    if shutil.which("docker") is None:
        return False
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode != 0:
            return False
    return True


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
