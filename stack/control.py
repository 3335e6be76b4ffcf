"""Up, down and what lies between: what the command line and the tests both call."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from stack import services
from stack.broker_api import Management
from stack.compose import ComposeServer, ComposeStack
from stack.endpoints import Addresses, addresses
from stack.engine import choose, mark
from stack.native import rabbitmq
from stack.native.server import NativeServer
from stack.native.stack import NativeStack
from stack.passwords import make_passwords, read_password
from stack.places import make_run_folder, run_folder
from stack.progress import Progress


@dataclass(frozen=True, slots=True)
class Up:
    """A stack that is well, and whether this call started anything of it."""

    addresses: Addresses
    started: bool


def ensure_up(*, with_registry: bool = False, progress: Progress | None = None) -> Up:
    """Bring the stack up if it is not, and return when every server is well.

    Blocks for seconds when all is well, for about half a minute on a warm machine, for minutes when
    something must be fetched.  Raises `Unavailable` where this machine can do it in neither way, and
    `StackError` with the end of a log when a server does not come up; what this call started is
    stopped again then, and also on Ctrl-C.
    """
    progress = progress or Progress()
    folder = run_folder()
    make_run_folder(folder)
    with _alone(folder, progress):
        make_passwords(folder)
        found = _stack(folder, progress)
        unwell = [name for name, missing in found.unwell(with_registry=with_registry).items() if missing]
        if unwell:
            progress.say(f"starting {', '.join(unwell)} ({_way(found)}, in {folder})")
            with _marked(folder, found):
                found.up(with_registry=with_registry)
            if isinstance(found, ComposeStack):
                _make_bridge_user(folder)
        return Up(addresses(), started=bool(unwell))


def down(*, volumes: bool = False, progress: Progress | None = None) -> bool:
    """Stop every server of the stack, with `volumes` also remove its data; True when something ran.

    Raises `StackError` when a process cannot be ended.
    """
    progress = progress or Progress()
    folder = run_folder()
    if not (folder / "passwords").exists():
        return False
    with _alone(folder, progress):
        ran = _stack(folder, progress).down(volumes=volumes)
        mark(folder, None)
        return ran


def status(*, with_registry: bool = False) -> dict[str, str | None]:
    """Each server by name, and what it lacks; None when it is well."""
    folder = run_folder()
    if not (folder / "passwords").exists():
        names = (each.name for each in services.SERVICES if with_registry or not each.is_optional)
        return dict.fromkeys(names, "not running")
    return _stack(folder, Progress(quiet=True)).unwell(with_registry=with_registry)


def server(name: str) -> NativeServer | ComposeServer:
    """One server, to be stopped, started, killed, paused, resumed.  Raises `StackError` for an unknown name."""
    return _stack(run_folder(), Progress(quiet=True)).server(name)


def rabbitmqctl(*arguments: str, deadline_seconds: float = 60.0) -> str:
    """What `rabbitmqctl ARGUMENTS` prints.  Raises `StackError` with its words when it fails."""
    found = _stack(run_folder(), Progress(quiet=True))
    if isinstance(found, ComposeStack):
        return found.compose("exec", "-T", "rabbitmq", "rabbitmqctl", *arguments)
    return rabbitmq.control(found.folder, *arguments, deadline_seconds=deadline_seconds)


def run_compose(arguments: list[str]) -> NoReturn:
    """Turn this program into `docker compose ARGUMENTS` on the stack's project, with its passwords set."""
    folder = run_folder()
    make_run_folder(folder)
    make_passwords(folder)
    ComposeStack(folder, Progress()).become(arguments)


def rabbitmq_api() -> Management:
    """The management API of the stack's RabbitMQ, as its administrator."""
    found = addresses()
    return Management(found.rabbitmq_management_url, found.rabbitmq_admin_user, found.rabbitmq_admin_password)


def _make_bridge_user(folder: Path) -> None:
    permission = services.RABBITMQ_PERMISSIONS[services.BRIDGE_USER]
    rabbitmq_api().make_user(services.BRIDGE_USER, read_password(folder, "rabbitmq-bridge"), permission)


def _stack(folder: Path, progress: Progress) -> NativeStack | ComposeStack:
    return ComposeStack(folder, progress) if choose(folder) == "docker" else NativeStack(folder, progress)


def _way(found: NativeStack | ComposeStack) -> str:
    return (
        "in containers"
        if isinstance(found, ComposeStack)
        else "as processes: no container engine answers, or none new enough"
    )


@contextlib.contextmanager
def _marked(folder: Path, found: NativeStack | ComposeStack) -> Iterator[None]:
    """Remember the way that was gone, unless it led nowhere: the next `up` may go another."""
    mark(folder, "docker" if isinstance(found, ComposeStack) else "native")
    try:
        yield
    except BaseException:
        if set(found.unwell(with_registry=True).values()) == {"not running"}:
            mark(folder, None)
        raise


@contextlib.contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    """Let one command at a time change this stack; the next waits for it."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another command is at work on this stack; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
