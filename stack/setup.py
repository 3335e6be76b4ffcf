"""The one-shot of the compose file: what the demo needs beside running servers.

Makes RabbitMQ's publish-only user, the exchange, the queue and the binding, and registers the Debezium
connectors of a folder. Running it again changes nothing. Standard library only, so that any Python image
runs it.
"""

from __future__ import annotations

import json
import os
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack import services
from stack.broker_api import Management
from stack.errors import StackError
from stack.worker import Connect

DEADLINE_SECONDS = 120.0


def set_up(environ: Mapping[str, str]) -> None:
    """Do all of it.  Raises `StackError` with what is missing or was refused."""
    management = Management(
        _given(environ, "SETUP_RABBITMQ_MANAGEMENT_URL"),
        services.ADMIN_USER,
        _given(environ, "BRIDGE_RABBITMQ_ADMIN_PASSWORD"),
    )
    password = _given(environ, "BRIDGE_RABBITMQ_BRIDGE_PASSWORD")
    permission = services.RABBITMQ_PERMISSIONS[services.BRIDGE_USER]
    management.make_user(services.BRIDGE_USER, password, permission)
    management.declare(services.EXCHANGE, services.QUEUE, services.ROUTING_KEY)
    connect = Connect(_given(environ, "SETUP_CONNECT_URL"))
    folder = Path(_given(environ, "SETUP_DEBEZIUM_CONNECTORS"))
    for path in debezium_files(folder):
        name, config = debezium_connector(path, environ)
        connect.register(name, config, DEADLINE_SECONDS)


def debezium_files(folder: Path) -> list[Path]:
    """The configurations in a folder, `NAME.debezium.json`.  Raises `StackError` when there is none."""
    found = sorted(folder.glob("*.debezium.json"))
    if not found:
        raise StackError(f"there is no NAME.debezium.json in {folder}")
    return found


def debezium_connector(path: Path, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Name and configuration from a JSON file, with `${NAME}` filled in from `environ`.

    Raises `StackError` for a variable that is not set.
    """
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    try:
        filled = {
            key: string.Template(str(value)).substitute(environ) for key, value in document["config"].items()
        }
    except KeyError as error:
        raise StackError(f"{path.name} asks for the variable {error.args[0]}, which is not set") from None
    return str(document["name"]), filled


def _given(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise StackError(f"the variable {name} is not set")
    return value


if __name__ == "__main__":
    try:
        set_up(os.environ)
    except StackError as failure:
        sys.exit(str(failure))
    sys.stderr.write("exchange, queue, publisher and Debezium connectors are in place\n")
