"""Staying connected: which node to connect to next, and when."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from bridge.delivery.io_thread import IoThread
from bridge.delivery.rabbitmq import Link
from bridge.delivery.retries import Backoff
from bridge.delivery.settings import BrokerAddress, RabbitMQSettings, broker_addresses

_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 10.0


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


class Happened(Enum):
    """What became of a connection since the last look."""

    NOTHING = auto()
    LOST = auto()
    UNBLOCKED = auto()


class Connection:
    """Keeps one link to RabbitMQ, a new one whenever the last is gone, until it is closed.

    Belongs to the sending thread; `up`, `blocked` and the counts may be read from any.
    """

    def __init__(
        self, settings: RabbitMQSettings, url: Callable[[], str], thread: IoThread, tell: Callable[[str], None]
    ) -> None:
        """`tell` is called with a sentence for everything that goes wrong."""
        self.link: Link | None = None
        self.count = 0
        """How often a connection came up."""
        self._settings = settings
        self._nodes = Nodes(url, Backoff(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS))
        self._thread = thread
        self._tell = tell
        self._up_since: float | None = None
        self._blocked_since: float | None = None
        self._blocked_seconds = 0.0
        self._closing = False

    @property
    def up(self) -> bool:
        """Whether the exchange is there and confirms are on."""
        link = self.link
        return link is not None and link.up and self._up_since is not None

    @property
    def blocked(self) -> bool:
        """Whether the broker has stopped reading (memory or disk alarm)."""
        return self._blocked_since is not None

    def blocked_seconds(self, now: float) -> float:
        """Return for how long the broker has not read, since the start."""
        since = self._blocked_since
        return self._blocked_seconds + (0.0 if since is None else now - since)

    def open(self) -> None:
        """Begin to connect to the node whose turn it is; a failure leads to the next attempt by itself."""
        if self._closing:
            return
        try:
            self.link = Link(self._thread.loop, self._nodes.next(), self._settings, self._thread.wake_here)
        except (OSError, ValueError) as error:
            self._tell(f"no attempt to connect to RabbitMQ was made: {error}")
            self._thread.later(self._nodes.failed(), self.open)

    def close(self) -> bool:
        """Say goodbye and connect no more; True when nothing is left to wait for."""
        self._closing = True
        if self.link is not None:
            self.link.close()
        return self.link is None

    def worked(self) -> None:
        """The broker took an event."""
        self._nodes.worked()

    def look(self, now: float) -> Happened:
        """Note what became of the link; one that is lost is followed by a new one after a wait."""
        link = self.link
        if link is None:
            return Happened.NOTHING
        if link.trouble is not None:
            self._lost(link.trouble, now)
            return Happened.LOST
        if link.up and self._up_since is None:
            self._up_since = now
            self.count += 1
        if link.blocked is not None and self._blocked_since is None:
            self._blocked_since = now
            self._tell(f"RabbitMQ at {link.address} has blocked the connection: {link.blocked}")
        elif link.blocked is None and self._blocked_since is not None:
            self._unblock(now)
            return Happened.UNBLOCKED
        return Happened.NOTHING

    def _unblock(self, now: float) -> None:
        if self._blocked_since is not None:
            self._blocked_seconds += now - self._blocked_since
            self._blocked_since = None

    def _lost(self, trouble: str, now: float) -> None:
        self.link = None
        self._unblock(now)
        was_up, self._up_since = self._up_since, None
        if self._closing:
            return
        self._tell(trouble)
        if was_up is None:
            wait = self._nodes.failed()
        else:
            # One that stood for long was well, even if nothing had to be sent.
            if now - was_up > _LONGEST_WAIT_SECONDS:
                self._nodes.worked()
            wait = self._nodes.lost()
        self._thread.later(wait, self.open)
