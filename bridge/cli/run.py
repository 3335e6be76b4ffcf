"""`wallet-bridge run`: one brand in this process, or a process for each connector of a folder."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bridge.app import BrandRun, RunOptions
from bridge.brand import load_brand
from bridge.errors import ConfigError, Problem
from bridge.telemetry import logs

EXAMPLES = """\
Examples:

  wallet-bridge run northern-lights.yaml --state /var/lib/wallet-bridge

  wallet-bridge run connectors/                    a supervised process for each brand

  wallet-bridge run brand.yaml --http off          without metrics and health

SIGTERM or Ctrl-C drains: nothing is lost, and nothing arrives twice after the next start.  A second one ends at
once: nothing is lost either, but what was not confirmed yet arrives again.
"""
SECOND_SIGNAL_EXIT = 130


def run(
    connector: Annotated[Path, typer.Argument(help="A connector, or a folder of them: a process for each.")],
    state: Annotated[
        Path,
        typer.Option(envvar="WALLET_BRIDGE_STATE", help="Folder of the ledgers whose place no connector says."),
    ] = Path(),
    http: Annotated[
        str, typer.Option(envvar="BRIDGE_HTTP", help="Where to serve metrics and health; off for nowhere.")
    ] = "127.0.0.1:9464",
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    log_format: Annotated[str, typer.Option(help="json, console, or auto: console on a terminal.")] = "auto",
) -> None:
    """Run a brand until SIGTERM, which drains: nothing is lost, nothing arrives twice."""
    logs.configure(log_level, log_format)  # type: ignore[arg-type]
    brand = load_brand(connector)
    state.mkdir(parents=True, exist_ok=True)
    running = BrandRun(brand, RunOptions(state=state, http=address(http)))
    _stop_on_signals(running)
    running.run()


def address(text: str) -> tuple[str, int] | None:
    """Return the host and port that `text` says, None for `off`.  Raises ConfigError when it says neither."""
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError([Problem("--http", 0, 0, "", f"{text} is no address", "write 127.0.0.1:9464, or off")])
    return host.strip("[]"), int(port)


def _stop_on_signals(running: BrandRun) -> None:
    """Let the first signal drain, and the second end the process at once.

    Ending at once loses nothing either: the ledger holds what is unconfirmed, and sends it again.
    """
    seen: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if seen:
            sys.stderr.flush()
            os._exit(SECOND_SIGNAL_EXIT)
        seen.append(number)
        running.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
