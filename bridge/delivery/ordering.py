"""Which event may be sent now: order per player, a bounded window, nothing forgotten.

A pure state machine.  It does no I/O and reads no clock; whoever drives it passes the time in
(seconds of any clock that only goes forward) and does what `submit` says.

The rule that keeps order: an event is submitted only when no earlier event of its player is
unconfirmed.  Nothing weaker holds, because a broker refuses message by message: behind a refused
event of a player a second one in flight may be accepted, and cannot be taken back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count

from bridge.delivery.retries import Backoff
from bridge.records import Delivery


class Cause(StrEnum):
    """Why an event had to be sent again."""

    NACK = "nack"
    UNROUTABLE = "unroutable"
    CONNECTION_LOST = "connection_lost"
    TIMEOUT = "timeout"


class OutboxWindow:
    """The events that were offered and are not confirmed, and what may happen to each next.

    At most `window` events are submitted and not recorded, so that a killed process sends at most
    that many again.  After a refusal (nack or return) everything pauses for a back-off and fewer
    events are in flight, down to one; each confirm lets one more in.
    """

    def __init__(self, window: int, backoff: Backoff) -> None:
        """`backoff` says how long to pause after a refusal."""
        self._window = window
        self._backoff = backoff
        self._fresh: deque[Delivery] = deque()
        # A player is a key while one of its events is in flight or about to be; the value holds
        # those that wait behind it.
        self._players: dict[str, deque[Delivery] | None] = {}
        self._ready: list[tuple[int, Delivery]] = []
        self._again: list[tuple[int, Delivery]] = []
        self._in_flight: dict[int, Delivery] = {}
        self._returned: set[str] = set()
        self._uncertain: set[int] = set()
        self._order: deque[int] = deque()
        self._ahead: set[int] = set()
        self._unrecorded: deque[int] = deque()
        self._occupied = 0
        self._highest_submitted = 0
        self._finishing = False
        self._next_tag = 1
        self._oldest_tag = 1
        self._submitted_at: deque[tuple[int, float]] = deque()
        self._offered_at: deque[tuple[int, float]] = deque()
        self._allowance = window
        self.troubled = False
        """A refusal has been seen, and not yet enough confirms to fill the window again."""
        self._trouble_tag = 0
        self.resume_at = 0.0
        """Before this time `submit` gives nothing, because the broker refused."""
        self.confirmed_seq = 0
        """Every offered event up to this one has been routed and confirmed."""
        self.confirmed_count = 0
        self.waiting_since: float | None = None
        """When the oldest unconfirmed event was offered; None when all are confirmed."""
        self.refused = 0
        """How many times an event was nacked or returned."""
        self.sent = 0
        self.duplicates_sent = 0
        self.retries: Counter[Cause] = Counter()

    def offer(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Take events, each with a higher seq than the one before; ValueError when not."""
        if not deliveries:
            return
        last = self._offered_at[-1][0] if self._offered_at else self.confirmed_seq
        for delivery in deliveries:
            if delivery.seq <= last:
                raise ValueError(f"event {delivery.seq} was offered after event {last}")
            last = delivery.seq
            self._order.append(last)
        self._fresh.extend(deliveries)
        self._offered_at.append((last, now))
        if self.waiting_since is None:
            self.waiting_since = now

    def submit(self, now: float) -> list[Delivery]:
        """Return what to send now, in this order; it takes the channel's next delivery tags."""
        if now < self.resume_at:
            return []
        free = self._allowance - len(self._in_flight)
        batch = self._take_again(free)
        free = min(free - len(batch), self._window - self._occupied)
        if free > 0:
            batch += self._take_first_time(free)
        if batch:
            self._in_flight.update(zip(count(self._next_tag), batch, strict=False))
            self._next_tag += len(batch)
            self._submitted_at.append((self._next_tag - 1, now))
            self.sent += len(batch)
        return batch

    def was_submitted(self, tag: int) -> bool:
        """Whether the channel has used this delivery tag; an answer to any other cannot be relied on."""
        return tag < self._next_tag

    def confirm(self, tag: int, *, multiple: bool, now: float) -> None:
        """The broker took the message with this tag; with `multiple`, every one up to it."""
        for settled_tag, delivery in self._settled(tag, multiple=multiple):
            if self._returned and delivery.message_id in self._returned:
                self._returned.discard(delivery.message_id)
                self._refused(settled_tag, delivery, Cause.UNROUTABLE, now)
            else:
                self._confirmed(settled_tag, delivery)

    def reject(self, tag: int, *, multiple: bool, now: float) -> None:
        """The broker refused the message with this tag (nack); with `multiple`, every one up to it."""
        for settled_tag, delivery in self._settled(tag, multiple=multiple):
            self._returned.discard(delivery.message_id)
            self._refused(settled_tag, delivery, Cause.NACK, now)

    def return_unrouted(self, message_id: str) -> None:
        """No queue took the message.  Its confirm is still to come, and then means: send it again."""
        self._returned.add(message_id)

    def lose_connection(self, cause: Cause) -> None:
        """Everything in flight is to be sent again, oldest first, on a channel that starts with tag 1."""
        for delivery in self._in_flight.values():
            heappush(self._again, (delivery.seq, delivery))
            self._uncertain.add(delivery.seq)
        self.retries[cause] += len(self._in_flight)
        self._in_flight.clear()
        self._returned.clear()
        self._submitted_at.clear()
        self._next_tag = self._oldest_tag = 1
        self._trouble_tag = 0

    def recorded(self, seq: int) -> None:
        """Every event up to this one is known as confirmed where it is kept; the window moves on."""
        unrecorded = self._unrecorded
        while unrecorded and unrecorded[0] <= seq:
            unrecorded.popleft()
            self._occupied -= 1

    def finish(self) -> None:
        """Submit no event behind the newest submitted one, so that `clean` becomes true."""
        self._finishing = True

    @property
    def clean(self) -> bool:
        """Whether every submitted event lies below `confirmed_seq`: a restart would repeat none."""
        return self.confirmed_seq >= self._highest_submitted

    @property
    def full(self) -> bool:
        """Whether nothing can be submitted for the first time before more is recorded."""
        return self._occupied >= self._window

    @property
    def in_flight(self) -> int:
        """How many events are submitted and neither confirmed nor refused."""
        return len(self._in_flight)

    def oldest_submitted_at(self) -> float | None:
        """Return when the oldest event in flight was submitted; None when none is."""
        if not self._in_flight:
            return None
        while self._oldest_tag not in self._in_flight:
            self._oldest_tag += 1
        while self._submitted_at[0][0] < self._oldest_tag:
            self._submitted_at.popleft()
        return self._submitted_at[0][1]

    def restart_clocks(self, now: float) -> None:
        """Take everything in flight as submitted now: the broker had stopped reading until now."""
        self._submitted_at = deque((tag, now) for tag, _ in self._submitted_at)

    def _take_again(self, free: int) -> list[Delivery]:
        batch: list[Delivery] = []
        while self._again and len(batch) < free:
            seq, delivery = heappop(self._again)
            if seq in self._uncertain:
                self._uncertain.discard(seq)
                self.duplicates_sent += 1
            batch.append(delivery)
        return batch

    def _take_first_time(self, free: int) -> list[Delivery]:
        batch: list[Delivery] = []
        ready, highest = self._ready, self._highest_submitted
        while ready and len(batch) < free and not (self._finishing and ready[0][0] > highest):
            batch.append(heappop(ready)[1])
        fresh, players = self._fresh, self._players
        while fresh and len(batch) < free and not self._finishing:
            delivery = fresh.popleft()
            player = delivery.player
            if player not in players:
                players[player] = None
                batch.append(delivery)
            elif (waiting := players[player]) is None:
                players[player] = deque((delivery,))
            else:
                waiting.append(delivery)
        if batch:
            # Fresh events are taken in their order, so the last is the newest of them.
            self._highest_submitted = max(highest, batch[-1].seq)
            self._occupied += len(batch)
        return batch

    def _settled(self, tag: int, *, multiple: bool) -> list[tuple[int, Delivery]]:
        pop = self._in_flight.pop
        if not multiple:
            delivery = pop(tag, None)
            return [] if delivery is None else [(tag, delivery)]
        # Tag 0 with `multiple` means everything outstanding (AMQP 0-9-1, basic.ack).
        upto = tag or self._next_tag - 1
        settled = []
        for each in range(self._oldest_tag, upto + 1):
            delivery = pop(each, None)
            if delivery is not None:
                settled.append((each, delivery))
        self._oldest_tag = max(self._oldest_tag, upto + 1)
        return settled

    def _confirmed(self, tag: int, delivery: Delivery) -> None:
        if self.troubled:
            self._recover(tag)
        waiting = self._players.pop(delivery.player)
        if waiting:
            successor = waiting.popleft()
            self._players[delivery.player] = waiting or None
            heappush(self._ready, (successor.seq, successor))
        self.confirmed_count += 1
        if delivery.seq == self._order[0]:
            self._advance()
        else:
            self._ahead.add(delivery.seq)

    def _advance(self) -> None:
        order, ahead = self._order, self._ahead
        seq = order.popleft()
        self._unrecorded.append(seq)
        while order and order[0] in ahead:
            seq = order.popleft()
            ahead.discard(seq)
            self._unrecorded.append(seq)
        self.confirmed_seq = seq
        while self._offered_at and self._offered_at[0][0] <= seq:
            self._offered_at.popleft()
        self.waiting_since = self._offered_at[0][1] if self._offered_at else None

    def _refused(self, tag: int, delivery: Delivery, cause: Cause, now: float) -> None:
        self.retries[cause] += 1
        self.refused += 1
        heappush(self._again, (delivery.seq, delivery))
        # What was in flight when the pause began belongs to the trouble that is already known.
        if tag >= self._trouble_tag:
            self.troubled = True
            self._trouble_tag = self._next_tag
            self._allowance = max(1, self._allowance // 2)
            self.resume_at = now + self._backoff.next()

    def _recover(self, tag: int) -> None:
        self._allowance = min(self._allowance + 1, self._window)
        self.troubled = self._allowance < self._window
        if tag >= self._trouble_tag:
            self._backoff.reset()
