"""The command line: `wallet-bridge`."""

from bridge.cli.main import main

__all__ = ["main"]
