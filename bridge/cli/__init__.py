"""The command line: `wallet-bridge`."""

import sys

from bridge.cli.signals import end_on_signals


def main() -> None:
    """Run a command and exit: 0 when all is well, 78, 75 or 70 by the kind of the error, else 1 or 2."""
    # Other commands have no promise about a stop: 0 would say that they came to their end.
    if sys.argv[1:2] == ["run"]:
        end_on_signals()
    from bridge.cli.commands import exit_with_result  # noqa: PLC0415 - takes most of a second

    exit_with_result()
