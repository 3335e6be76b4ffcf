"""Which event may be sent now: order per player, a bounded window, nothing forgotten.

A pure state machine.  It does no I/O and reads no clock; whoever drives it passes the time in
(seconds of any clock that only goes forward) and does what `submit` says.

The rule that keeps order: an event is submitted only when no earlier event of its player is
unconfirmed.  Nothing weaker holds, because a broker refuses message by message: behind a refused
event of a player a second one in flight may be accepted, and cannot be taken back.

Inside, an event is its number in the order of the offers, which has no gaps as a seq may have.  So
what is settled in a range costs a slice, and no event costs more than a few steps.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

from bridge.delivery.flight import ANSWERED, Flight
from bridge.delivery.retries import Backoff, Cause
from bridge.flow import Delivery

_SPAN: Final = 16
"""How many windows of events may be confirmed ahead of one that is not: each batch records their list."""


class OutboxWindow:
    """The events that were offered and are not confirmed, and what may happen to each next.

    At most `window` events are submitted and not recorded as confirmed, so that a killed process sends
    at most that many again.  After a refusal (nack or return) everything pauses for a back-off and fewer
    events are in flight, down to one; each confirm lets one more in.
    """

    def __init__(self, window: int, backoff: Backoff) -> None:
        """`backoff` says how long to pause after a refusal."""
        self._window = window
        # A quarter at least goes at once, while the broker still has as many: it takes a run of messages with
        # less work for each than one here and one there, and so does whoever writes them.
        self._run = window // 4
        self._backoff = backoff
        # From the oldest unconfirmed event on: `_offered[number - _first]`, and whether it is confirmed.
        self._offered: list[Delivery] = []
        self._done = bytearray()
        self._first = 0
        self._fresh = 0
        # A player is a key while one of its events is in flight or about to be; the value holds
        # those that wait behind it.
        self._players: dict[str, deque[int] | None] = {}
        self._ready: list[int] = []
        self._again: list[int] = []
        self._flight = Flight()
        self._returned: set[str] = set()
        self._uncertain: set[int] = set()
        # Seqs that are confirmed and were not told yet.  Taken by another thread.
        self._news: deque[list[int]] = deque()
        # How many events were submitted for the first time, and how many of those are recorded.
        self._begun = 0
        self._recorded = 0
        self._finishing = False
        self._offered_at: deque[tuple[int, float]] = deque()
        self._last_seq = 0
        self._allowance = window
        self.troubled = False
        """A refusal has been seen, and not yet enough confirms to fill the window again."""
        self._trouble_tag = 0
        self.resume_at = 0.0
        """Before this time `submit` gives nothing, because the broker refused."""
        self.confirmed_seq = 0
        """Every offered event up to this one has been routed and confirmed."""
        self.confirmed_count = 0
        """How many events have been routed and confirmed, in any order."""
        self.waiting_since: float | None = None
        """When the oldest unconfirmed event was offered; None when all are confirmed."""
        self.refused = 0
        """How many times an event was nacked or returned."""
        self.sent = 0
        self.duplicates_sent = 0
        self.retries: Counter[Cause] = Counter()

    def offer(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Take events, each with a higher seq than the one before; ValueError, and none taken, when not."""
        if not deliveries:
            return
        last = self._last_seq
        for delivery in deliveries:
            seq = delivery.seq
            if seq <= last:
                raise ValueError(f"event {seq} was offered after event {last}")
            last = seq
        self._last_seq = last
        self._offered.extend(deliveries)
        self._done.extend(bytes(len(deliveries)))
        self._offered_at.append((self._first + len(self._offered), now))
        if self.waiting_since is None:
            self.waiting_since = now

    def submit(self, now: float) -> list[Delivery]:
        """Return what to send now, in this order; it takes the channel's next delivery tags."""
        if now < self.resume_at:
            return []
        free = self._allowance - self._flight.size
        batch = self._take_again(free)
        free = min(free - len(batch), self._window - self._occupied())
        if free > 0 and (free >= self._run or self._flight.size < self._run):
            batch += self._take_first_time(free)
        if not batch:
            return []
        self._flight.add(batch, now)
        self.sent += len(batch)
        offered, first = self._offered, self._first
        return [offered[number - first] for number in batch]

    def was_submitted(self, tag: int) -> bool:
        """Whether the channel has used this delivery tag; an answer to any other cannot be relied on."""
        return tag < self._flight.next_tag

    def confirm(self, tag: int, *, multiple: bool, now: float) -> None:
        """The broker took the message with this tag; with `multiple`, every one up to it."""
        first_tag, settled = self._flight.answered(tag, multiple=multiple)
        if self._returned or self.troubled:
            settled = self._after_trouble(first_tag, settled, now)
        self._confirmed(settled)

    def reject(self, tag: int, *, multiple: bool, now: float) -> None:
        """The broker refused the message with this tag (nack); with `multiple`, every one up to it."""
        first_tag, settled = self._flight.answered(tag, multiple=multiple)
        for each_tag, number in enumerate(settled, first_tag):
            if number != ANSWERED:
                self._returned.discard(self._offered[number - self._first].message_id)
                self._refused(each_tag, number, Cause.NACK, now)

    def return_unrouted(self, message_id: str) -> None:
        """No queue took the message.  Its confirm is still to come, and then means: send it again."""
        self._returned.add(message_id)

    def lose_connection(self, cause: Cause) -> None:
        """Everything in flight is to be sent again, oldest first, on a channel that starts with tag 1."""
        lost = self._flight.lose()
        for number in lost:
            heappush(self._again, number)
        self._uncertain.update(lost)
        self.retries[cause] += len(lost)
        self._returned.clear()
        self._trouble_tag = 0

    def take_news(self) -> list[int]:
        """Return the seqs of what was confirmed since the last call, in no order; from any one thread."""
        seqs: list[int] = []
        while self._news:
            seqs += self._news.popleft()
        return seqs

    def recorded(self, number: int) -> None:
        """So many of `confirmed_count` are recorded where that is kept; the window moves on."""
        self._recorded = number

    def finish(self) -> None:
        """Submit no event for the first time any more, so that `clean` becomes true."""
        self._finishing = True

    @property
    def clean(self) -> bool:
        """Whether every submitted event is confirmed: who knows what is would repeat none."""
        return not self._flight.size and not self._again

    @property
    def full(self) -> bool:
        """Whether nothing more may be submitted for the first time before more is recorded."""
        return self._occupied() > self._window - max(1, self._run)

    @property
    def in_flight(self) -> int:
        """How many events are submitted and neither confirmed nor refused."""
        return self._flight.size

    def oldest_submitted_at(self) -> float | None:
        """Return when the oldest event in flight was submitted; None when none is."""
        return self._flight.oldest_submitted_at()

    def restart_clocks(self, now: float) -> None:
        """Take everything in flight as submitted now: the broker had stopped reading until now."""
        self._flight.restart_clocks(now)

    def _occupied(self) -> int:
        return self._begun - self._recorded

    def _take_again(self, free: int) -> list[int]:
        batch: list[int] = []
        while self._again and len(batch) < free:
            number = heappop(self._again)
            if number in self._uncertain:
                self._uncertain.discard(number)
                self.duplicates_sent += 1
            batch.append(number)
        return batch

    def _take_first_time(self, free: int) -> list[int]:
        batch: list[int] = []
        if self._finishing:
            return batch
        ready = self._ready
        while ready and len(batch) < free:
            batch.append(heappop(ready))
        self._take_fresh(batch, free)
        self._begun += len(batch)
        return batch

    def _take_fresh(self, batch: list[int], free: int) -> None:
        """Add events that are looked at for the first time; one whose player is busy is put behind it."""
        number, first, room = self._fresh, self._first, free - len(batch)
        offered, players = self._offered, self._players
        end = first + min(len(offered), _SPAN * self._window)
        while room > 0 and number < end:
            player = offered[number - first].player
            if player not in players:
                players[player] = None
                batch.append(number)
                room -= 1
            elif (waiting := players[player]) is None:
                players[player] = deque((number,))
            else:
                waiting.append(number)
            number += 1
        self._fresh = number

    def _after_trouble(self, first_tag: int, settled: list[int], now: float) -> list[int]:
        """Return those that were confirmed indeed: not the returned ones."""
        confirmed = []
        for tag, number in enumerate(settled, first_tag):
            if number == ANSWERED:
                continue
            message_id = self._offered[number - self._first].message_id
            if message_id in self._returned:
                self._returned.discard(message_id)
                self._refused(tag, number, Cause.UNROUTABLE, now)
            else:
                if self.troubled:
                    self._recover(tag)
                confirmed.append(number)
        return confirmed

    def _confirmed(self, settled: list[int]) -> None:
        first, offered, done, players = self._first, self._offered, self._done, self._players
        seqs: list[int] = []
        for number in settled:
            if number == ANSWERED:
                continue
            at = number - first
            done[at] = 1
            delivery = offered[at]
            seqs.append(delivery.seq)
            player = delivery.player
            waiting = players.pop(player)
            if waiting is not None:
                heappush(self._ready, waiting.popleft())
                players[player] = waiting or None
        # In this order: who sees the number, or the watermark, finds the seqs.
        self._news.append(seqs)
        self.confirmed_count += len(seqs)
        if done and done[0]:
            self._advance()

    def _advance(self) -> None:
        end = self._done.find(0)
        if end < 0:
            end = len(self._done)
        self.confirmed_seq = self._offered[end - 1].seq
        del self._offered[:end], self._done[:end]
        self._first += end
        while self._offered_at and self._offered_at[0][0] <= self._first:
            self._offered_at.popleft()
        self.waiting_since = self._offered_at[0][1] if self._offered_at else None

    def _refused(self, tag: int, number: int, cause: Cause, now: float) -> None:
        self.retries[cause] += 1
        self.refused += 1
        heappush(self._again, number)
        # What was in flight when the pause began belongs to the trouble that is already known.
        if tag >= self._trouble_tag:
            self.troubled = True
            self._trouble_tag = self._flight.next_tag
            self._allowance = max(1, self._allowance // 2)
            self.resume_at = now + self._backoff.next()

    def _recover(self, tag: int) -> None:
        self._allowance = min(self._allowance + 1, self._window)
        self.troubled = self._allowance < self._window
        if tag >= self._trouble_tag:
            self._backoff.reset()
