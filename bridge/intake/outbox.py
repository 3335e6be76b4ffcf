"""What the ledger holds unconfirmed, on its way to the sender."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.contracts import Ledger, Outbound
from bridge.flow import Delivery
from bridge.records import Confirmed

PAGE = 500
"""Events read from the ledger at a time."""


class Outbox:
    """Offers events to the sender in the order of the ledger, each once, and knows what of them is recorded.

    New events go straight from their batch to the sender.  At a start, and when partitions come, what the
    ledger holds is read from it first, page by page.

    One thread at a time: while a commit is under way, `add` and `note_recorded` are called by the thread
    that waits for the disk, and the other calls that offer wait until it is over.
    """

    def __init__(self, ledger: Ledger, outbound: Outbound, limit: int) -> None:
        """With `limit` events at the sender no more are offered, and nothing more should be read."""
        self._ledger = ledger
        self._outbound = outbound
        self._limit = limit
        self.on_offer: Callable[[Sequence[Delivery]], None] = lambda _: None
        self.on_confirm: Callable[[Sequence[int]], None] = lambda _: None
        self._confirmed = self._offered = ledger.confirmed()
        self._ahead = set(ledger.confirmed_ahead())
        # Of what the sender has confirmed in this run: how many it told, and how many the ledger knows.
        self._told = 0
        self._recorded = 0
        self._all_offered = False

    def unrecorded(self) -> int:
        """Return how many events are confirmed of which the ledger does not know that."""
        return self._outbound.confirmed_number() - self._recorded

    def confirmed(self) -> Confirmed | None:
        """Return what is confirmed, or None where the ledger knows it already."""
        news = self._outbound.newly_confirmed()
        self._told += len(news)
        self.on_confirm(news)
        if self._told == self._recorded:
            return None
        # Asked after the news, which may be ahead of it: the other way round, it could be ahead of the news.
        self._confirmed = max(self._confirmed, self._outbound.confirmed())
        self._ahead.update(news)
        self._ahead = {seq for seq in self._ahead if seq > self._confirmed}
        return Confirmed(self._confirmed, sorted(self._ahead), self._told)

    def note_recorded(self, confirmed: Confirmed) -> None:
        """The ledger has recorded what `confirmed` gave."""
        self._recorded = confirmed.number
        self._outbound.recorded(confirmed.number)

    def pending(self) -> int:
        """Return how many events the sender has that are not confirmed."""
        return self._outbound.pending()

    @property
    def all_offered(self) -> bool:
        """Whether the ledger holds nothing that has not been offered, but for a batch on its way there."""
        return self._all_offered

    @property
    def busy(self) -> bool:
        """Whether anything is still to be offered or confirmed."""
        return not self._all_offered or self._outbound.pending() > 0

    @property
    def full(self) -> bool:
        """Whether nothing more should be read for now."""
        return self._outbound.pending() >= self._limit

    @property
    def half_sent(self) -> bool:
        """Whether so much of a full outbox is sent that reading may begin again after a pause."""
        return self._outbound.pending() <= self._limit // 2

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Offer the events of a batch that was written just now, unless older ones still lie in the ledger."""
        if deliveries and self._all_offered:
            self._offer(deliveries)

    def look_again(self) -> None:
        """The ledger may hold events of a former owner."""
        self._all_offered = False
        self._ahead.update(self._ledger.confirmed_ahead())

    def refill(self) -> None:
        """Offer what the ledger holds and the sender does not have yet, as far as there is room."""
        while not self._all_offered and self._outbound.pending() < self._limit:
            page = self._ledger.unconfirmed(self._offered, PAGE)
            if not page:
                self._all_offered = True
                return
            self._offer(page)

    def _offer(self, deliveries: Sequence[Delivery]) -> None:
        # First, for a confirm may be there at once.
        self.on_offer(deliveries)
        self._outbound.offer(deliveries)
        self._offered = deliveries[-1].seq
