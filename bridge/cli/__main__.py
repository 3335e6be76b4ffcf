"""`python -m bridge.cli` is `wallet-bridge`."""

from bridge.cli import main

main()
