"""Where the stack keeps things: one run folder for each stack, one cache for what was downloaded."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError

CHECKOUT = Path(__file__).resolve().parent.parent


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of downloaded jars, shared by all checkouts of this user."""
    base = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wallet-bridge"


def run_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of data, logs, pids and passwords of the stack that `environ` means.

    `BRIDGE_STACK_DIR` names it.  Without it, it is `.stack` in the checkout, or a folder below
    /var/tmp named after the checkout where other users cannot reach the checkout: PostgreSQL and
    RabbitMQ refuse to run as root and need a way to their data.
    """
    if named := environ.get("BRIDGE_STACK_DIR"):
        return Path(named).resolve()
    if os.geteuid() != 0 or everyone_can_reach(CHECKOUT):
        return CHECKOUT / ".stack"
    digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
    return Path("/var/tmp") / f"wallet-bridge-{digest}"  # noqa: S108 - ownership is checked in make_run_folder


def everyone_can_reach(folder: Path) -> bool:
    """True when every folder on the way may be passed by every user."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def make_run_folder(folder: Path) -> None:
    """Make `folder` if needed.  Raises `StackError` when it belongs to someone else or cannot be reached."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StackError(f"{folder} is not a folder of ours; name another one with BRIDGE_STACK_DIR")
    folder.chmod(0o755)
    if os.geteuid() == 0 and not everyone_can_reach(folder):
        raise StackError(
            f"{folder} cannot be reached by the users that PostgreSQL and RabbitMQ run as; "
            "name another folder with BRIDGE_STACK_DIR, for example one below /var/tmp"
        )
