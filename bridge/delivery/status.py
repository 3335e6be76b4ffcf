"""How the sending is doing, for readiness, metrics and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """A look at one moment.  Counts are totals since the start of the process."""

    connected: bool
    """The connection is up, the exchange is there, confirms are on."""
    blocked: bool
    """The broker has stopped reading (memory or disk alarm)."""
    refusing: bool
    """The broker nacked or returned events lately and has not taken enough since."""
    in_flight: int
    """Events sent and not answered."""
    pending: int
    """Events offered and not confirmed."""
    unconfirmed_age_seconds: float
    """How long the oldest unconfirmed event has been waiting; 0 when none is."""
    retries: Mapping[str, int]
    """How many events had to be sent again: by nack, unroutable, connection_lost, timeout."""
    last_error: str
    """What went wrong last and what to do, in a sentence; empty when nothing ever did."""
    blocked_seconds: float
    sent: int
    confirmed: int
    duplicates_sent: int
    """Events sent again that the broker may have had already."""
    connections: int
    """How often a connection came up."""
