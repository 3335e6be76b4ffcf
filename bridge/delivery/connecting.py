"""Which node to connect to next, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridge.delivery.rabbitmq import Link
from bridge.delivery.retries import Backoff
from bridge.delivery.settings import RabbitMQSettings, broker_addresses

LONGEST_WAIT_SECONDS: Final = 30.0
_FIRST_WAIT_SECONDS: Final = 0.1


class Dialer:
    """Makes links to the nodes in turn, with a back-off after each round.

    The URL is asked for before every attempt, so that a rotated password is found.
    """

    def __init__(self, settings: RabbitMQSettings, url: Callable[[], str]) -> None:
        self._settings = settings
        self._url = url
        self._backoff = Backoff(_FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
        self._attempts = 0
        self._nodes = 1

    def dial(self, loop: object, wake: Callable[[], None]) -> Link:
        """Begin to connect to the node whose turn it is.

        Raises ValueError for a URL that cannot be read and OSError for a file that cannot.
        """
        addresses = broker_addresses(self._url())
        self._nodes = len(addresses)
        return Link(loop, addresses[self._attempts % self._nodes], self._settings, wake)

    def failed(self, was_up_seconds: float | None) -> float:
        """Return how long to wait before the next attempt.

        `was_up_seconds` is None for a connection that never came up: then the next node is tried
        at once, until all have been.
        """
        self._attempts += 1
        if was_up_seconds is not None and was_up_seconds > LONGEST_WAIT_SECONDS:
            self._backoff.reset()
        if was_up_seconds is None and self._attempts % self._nodes:
            return 0.0
        return self._backoff.next()

    def worked(self) -> None:
        """The broker took something: after the next loss, begin with short waits."""
        self._backoff.reset()
