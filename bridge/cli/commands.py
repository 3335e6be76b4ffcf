"""The commands, and what an error is to the shell."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from bridge import __version__, compiled
from bridge.cli import check, parked, preview, printing, run, status, testing
from bridge.cli.helping import flowed
from bridge.demo import command as demo
from bridge.errors import BridgeError
from bridge.reference.pages import connector_schema

EXIT_CODES = """\
Exit codes: 0 all is well; 1 tests or a demo failed, or changes stay parked; 2 the command was misspelt; 70
stopped, because going on would lose or invent play; 75 something stayed away for longer than its limit; 78 a
connector is wrong; 130 a second signal ended it at once.
"""

app = typer.Typer(
    name="wallet-bridge",
    help="Takes casino play from wallet tables, through Debezium and Kafka, to Fast Track CRM.",
    epilog=" ".join(EXIT_CODES.split()),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command(help=flowed(run.run), epilog=run.EXAMPLES)(run.run)
app.command(help=flowed(check.check), epilog=check.EXAMPLES)(check.check)
app.command(help=flowed(preview.preview), epilog=preview.EXAMPLES)(preview.preview)
app.command(name="test", help=flowed(testing.run_cases), epilog=testing.EXAMPLES)(testing.run_cases)
app.command(help=flowed(status.status), epilog=status.EXAMPLES)(status.status)
app.add_typer(parked.app, name="parked")
app.command(help=flowed(demo.demo), epilog=demo.EXAMPLES)(demo.demo)


@app.command(epilog="Example:\n\n  wallet-bridge schema > connector.schema.json")
def schema() -> None:
    """Print the JSON Schema of a connector, for editors."""
    printing.line(json.dumps(connector_schema(), indent=2, ensure_ascii=False))


def _version(value: bool) -> None:
    if value:
        typer.echo(f"wallet-bridge {__version__} ({'compiled' if compiled() else 'not compiled'})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def exit_with_result() -> None:
    """Run a command, and exit: see `bridge.cli.main`."""
    try:
        app()
    except BridgeError as error:
        printing.failure(error)
        sys.exit(error.exit_code)
