"""An `Outbound` without a broker, for previews, the demo and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from bridge.delivery.ordering import OutboxWindow
from bridge.delivery.retries import Backoff
from bridge.flow import Delivery


class Answer(Enum):
    """What a broker can say to a message."""

    ACK = "ack"
    NACK = "nack"
    RETURN = "return"


def _take_all(_delivery: Delivery) -> Answer:
    return Answer.ACK


class MemoryOutbound:
    """Takes events in the calling thread, by the same rules of order and window as the real one.

    `answer` plays the broker.  What it refuses stays pending, and is tried again by the next call
    of `offer`, `recorded` or `retry`.
    """

    def __init__(
        self,
        window: int = 1000,
        answer: Callable[[Delivery], Answer] = _take_all,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """`on_change` is called, in the calling thread, when something was confirmed."""
        self.taken: list[Delivery] = []
        """Every event that arrived, in the order of arrival."""
        self._window = OutboxWindow(window, Backoff(0.0, 0.0))
        self._answer = answer
        self._on_change = on_change
        self._offered = 0

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Take deliveries, oldest first, each with a higher seq than the one before.  Never blocks."""
        self._window.offer(deliveries, 0.0)
        self._offered += len(deliveries)
        self.retry()

    def confirmed(self) -> int:
        """Return the seq up to which every offered delivery has arrived."""
        return self._window.confirmed_seq

    def confirmed_number(self) -> int:
        """Return how many deliveries have arrived."""
        return self._window.confirmed_count

    def newly_confirmed(self) -> list[int]:
        """Return the seqs of what has arrived since the last call, in no order."""
        return self._window.take_news()

    def recorded(self, number: int) -> None:
        """The ledger has recorded so many of `confirmed_number`: the window moves on.  Never blocks."""
        self._window.recorded(number)
        self.retry()

    def pending(self) -> int:
        """Return how many deliveries have been offered and have not arrived."""
        return self._offered - self._window.confirmed_count

    def retry(self) -> None:
        """Send what may be sent, until nothing may or something is refused."""
        before, refused = self._window.confirmed_count, self._window.refused
        while self._window.refused == refused and (batch := self._window.submit(0.0)):
            for tag, delivery in enumerate(batch, self._sent_before(batch)):
                self._settle(tag, delivery)
        if self._on_change is not None and self._window.confirmed_count != before:
            self._on_change()

    def _sent_before(self, batch: Sequence[Delivery]) -> int:
        # One channel that is never lost: tags count what was ever sent.
        return self._window.sent - len(batch) + 1

    def _settle(self, tag: int, delivery: Delivery) -> None:
        answer = self._answer(delivery)
        if answer is Answer.NACK:
            self._window.reject(tag, multiple=False, now=0.0)
            return
        if answer is Answer.RETURN:
            self._window.return_unrouted(delivery.message_id)
        else:
            self.taken.append(delivery)
        self._window.confirm(tag, multiple=False, now=0.0)
