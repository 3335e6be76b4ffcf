"""Tests of the ledger that need no server."""
