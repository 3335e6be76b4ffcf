"""Tests of the ledger with processes that die, disks that are full, and a real Postgres."""
