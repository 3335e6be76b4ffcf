"""What can go wrong while servers are started, stopped or asked."""

from __future__ import annotations


class StackError(Exception):
    """A sentence for a person: what did not work, and what to do about it."""


class Unavailable(StackError):
    """This machine can run the servers in neither way: no container engine, no packages and no root."""
