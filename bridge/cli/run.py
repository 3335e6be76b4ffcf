"""`run`: one brand in this process, or a process for each of several."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer

from bridge.app import BrandRun, RunOptions
from bridge.brand import Brand
from bridge.cli.check import checked
from bridge.cli.live_line import BrandStream, LiveLine
from bridge.cli.signals import drain_on_signals
from bridge.cli.watching import Watch
from bridge.errors import ConfigError, Problem
from bridge.running.supervisor import BrandProcess, Supervisor
from bridge.telemetry import logs

EXAMPLES = """\
Examples:

  wallet-bridge run northern-lights.yaml --state /var/lib/wallet-bridge

  wallet-bridge run connectors/              a supervised process for each brand

  wallet-bridge run brand.yaml --http off    without metrics and health

SIGTERM or Ctrl-C drains: nothing is lost, and nothing arrives twice after the next start.  A second one ends at
once: nothing is lost either, but what was not confirmed yet arrives again.
"""
_LOOK_FOR_PARENT_SECONDS = 1.0


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How it is written."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class _Options:
    state: Path
    http: tuple[str, int] | None
    level: LogLevel
    format: LogFormat


def run(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="A connector; or several, or folders.")
    ],
    *,
    state: Annotated[
        Path,
        typer.Option(envvar="BRIDGE_STATE", help="Folder of the ledgers whose place no connector says."),
    ] = Path(),
    http: Annotated[
        str,
        typer.Option(
            envvar="BRIDGE_HTTP",
            help="Where to serve metrics and health; off for nowhere.  Of several brands each has the next port, "
            "in the order of their names.",
        ),
    ] = "127.0.0.1:9464",
    log_level: Annotated[LogLevel, typer.Option(help="How much is logged.")] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat, typer.Option(help="auto: console on a terminal, else JSON.")
    ] = LogFormat.AUTO,
    supervised: Annotated[bool, typer.Option(hidden=True, help="One of several brands.")] = False,
) -> None:
    """Run brands until SIGTERM, which drains: nothing is lost, nothing arrives twice.

    A problem of any connector stops the start.  On a terminal a line of status stands below the log.
    """
    problems, brands = checked(paths, tests=False)
    if problems:
        raise ConfigError(problems)
    options = _Options(state, address(http), log_level, log_format)
    _make(state)
    if len(brands) == 1 and not paths[0].is_dir():
        _run_one(brands[0], options, supervised=supervised)
        return
    logs.configure(options.level.value, options.format.value)
    supervisor = Supervisor(_processes(brands, options))
    drain_on_signals(supervisor.stop, at_once=3)
    raise typer.Exit(supervisor.run())


def address(text: str) -> tuple[str, int] | None:
    """Return the host and port that `text` says, None for `off`.  Raises ConfigError when it says neither."""
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError([Problem("--http", 0, 0, "", f"{text} is no address", "write 127.0.0.1:9464, or off")])
    return host.strip("[]"), int(port)


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        hint = "name a folder that this user may write"
        raise ConfigError([Problem("--state", 0, 0, "", f"{state}: {error.strerror}", hint)]) from None


def _run_one(brand: Brand, options: _Options, *, supervised: bool) -> None:
    _may_listen(options.http)
    with _log_to(brand, options, supervised=supervised) as line:
        watch = Watch(lambda: running.health(), line)  # noqa: PLW0108 - each needs the other
        running = BrandRun(brand, RunOptions(state=options.state, http=options.http, on_status=watch))
        drain_on_signals(running.stop, at_once=2)
        if supervised:
            threading.Thread(target=_follow_parent, args=(running,), daemon=True).start()
        running.run()


@contextlib.contextmanager
def _log_to(brand: Brand, options: _Options, *, supervised: bool) -> Iterator[LiveLine | None]:
    """Set the log up; yield the line below it where there is a terminal."""
    line: LiveLine | None = None
    stream: TextIO = sys.stderr
    if supervised:
        # The sentence of an error that ends the process says whose it is, too.
        sys.stderr = stream = cast("TextIO", BrandStream(sys.stderr, brand.connector.brand))
    elif sys.stderr.isatty() and options.format is not LogFormat.JSON:
        line = LiveLine(sys.stderr)
        stream = cast("TextIO", line)
    logs.configure(options.level.value, options.format.value, stream)
    try:
        yield line
    finally:
        if line is not None:
            line.end()


def _may_listen(http: tuple[str, int] | None) -> None:
    """Raise ConfigError when metrics and health cannot be served there."""
    if http is None:
        return
    family = socket.AF_INET6 if ":" in http[0] else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(http)
    except OSError as error:
        said = f"{http[0]}:{http[1]} cannot be listened on: {(error.strerror or str(error)).lower()}"
        raise ConfigError([Problem("--http", 0, 0, "", said, "choose another port, or off")]) from None


def _processes(brands: list[Brand], options: _Options) -> list[BrandProcess]:
    found = []
    for at, brand in enumerate(sorted(brands, key=lambda brand: brand.connector.brand)):
        command = [sys.executable, "-m", "bridge.cli", "run", str(brand.path), "--supervised"]
        command += ["--state", str(options.state), "--http", _nth(options.http, at)]
        command += ["--log-level", options.level.value, "--log-format", options.format.value]
        found.append(BrandProcess(brand.connector.brand, command))
    return found


def _nth(http: tuple[str, int] | None, at: int) -> str:
    """Return the address of the brand with this number; port 0 leaves the choice to the system."""
    if http is None:
        return "off"
    host, port = http
    if port + at > 65535:
        raise ConfigError([Problem("--http", 0, 0, "", "there are not enough ports above this one")])
    return f"{f'[{host}]' if ':' in host else host}:{port + at if port else 0}"


def _follow_parent(running: BrandRun) -> None:
    """Drain when the supervisor is gone: nobody else would stop this process."""
    parent = os.getppid()
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(_LOOK_FOR_PARENT_SECONDS)
    running.stop()
