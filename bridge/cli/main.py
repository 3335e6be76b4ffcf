"""The entry point: commands, and what an error is to the shell."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bridge import __version__
from bridge.cli.run import run
from bridge.errors import BridgeError, ConfigError

app = typer.Typer(
    name="wallet-bridge",
    help="Takes casino play from wallet tables, through Debezium and Kafka, to Fast Track CRM.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(run)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"wallet-bridge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run a command and exit: 0 when all is well, 78, 75 or 70 by the kind of the error, else 1 or 2."""
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.exit(error.exit_code)
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
