"""Which node to connect to next, and when."""

from __future__ import annotations

from collections.abc import Callable

from bridge.delivery.retries import Backoff
from bridge.delivery.settings import BrokerAddress, broker_addresses


class Nodes:
    """The nodes in turn, with a back-off after each round of them.

    The URL is asked for before every attempt, so that a rotated password is found.
    """

    def __init__(self, url: Callable[[], str], backoff: Backoff) -> None:
        self._url = url
        self._backoff = backoff
        self._attempts = 0
        self._count = 1

    def next(self) -> BrokerAddress:
        """Return the node whose turn it is.  Raises ValueError for a URL that cannot be read."""
        addresses = broker_addresses(self._url())
        self._count = len(addresses)
        return addresses[self._attempts % self._count]

    def failed(self) -> float:
        """The attempt did not get through: return the seconds to wait, none while nodes of this round are left."""
        self._attempts += 1
        return self._backoff.next() if self._attempts % self._count == 0 else 0.0

    def lost(self) -> float:
        """A connection that was up is gone: return the seconds to wait before the next node."""
        self._attempts += 1
        return self._backoff.next()

    def worked(self) -> None:
        """The broker is well: begin with short waits after the next loss."""
        self._backoff.reset()
