"""`python -m bridge.cli` is `wallet-bridge`."""

from bridge.cli.main import main

main()
