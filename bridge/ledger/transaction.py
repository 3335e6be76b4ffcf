"""One batch: gathered in memory, written to the store at commit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from operator import itemgetter
from typing import Any, Final, Protocol

import msgspec

from bridge.flow import Delivery, Event
from bridge.ledger.recent import Pair, Recent
from bridge.memory import LedgerTransaction
from bridge.records import HeldChange, ParkedChange, Partition

MS_PER_DAY: Final = 86_400_000

OutboxRow = tuple[int, str, str, int, int, bytes]
"""seq, message_id, player, lane, day, body: the order of the columns of the outbox."""


class Pending:
    """What a batch wants written."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.memory: dict[Pair, bytes | None] = {}
        self.outbox: list[OutboxRow] = []
        self.held: dict[int, HeldChange | None] = {}
        self.parked: dict[int, ParkedChange | None] = {}
        self._counts: dict[tuple[str, str, str], int] = {}
        # What was counted last is told when something else is: most changes end as the one before did.
        self._counted = ("", "", "")
        self._times = 0
        self.positions: dict[Partition, int] = {}
        self.confirmed: int | None = None
        self.ahead: Sequence[int] = ()

    def count(self, outcome: str, table: str, reason: str) -> None:
        """Count how one change ended."""
        last_outcome, last_table, last_reason = self._counted
        if outcome is not last_outcome or table is not last_table or reason is not last_reason:
            self._tell_last()
            self._counted = (outcome, table, reason)
        self._times += 1

    @property
    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many changes ended how: (outcome, table, reason) to number."""
        self._tell_last()
        return self._counts

    def _tell_last(self) -> None:
        if self._times:
            counted: Any = self._counted  # Any: see Recent.
            self._counts[counted] = self._counts.get(counted, 0) + self._times
            self._times = 0

    def is_empty(self) -> bool:
        """Say whether there is nothing to write."""
        return self.confirmed is None and not (
            self.memory or self.outbox or self.held or self.parked or self.counts or self.positions
        )

    def deliveries(self) -> list[Delivery]:
        """Return its events, in order."""
        return [Delivery(seq, name, player, body) for seq, name, player, _, _, body in self.outbox]


class Commit:
    """A batch that has been written and becomes durable: its contents until it is, and what became of it."""

    __slots__ = ("_over", "pending")

    def __init__(self, pending: Pending, over: Future[None]) -> None:
        self.pending = pending
        self._over = over

    def over(self) -> bool:
        """Return whether it has become durable or has failed."""
        return self._over.done()

    def wait(self) -> None:
        """Return when it is durable.  Raises LedgerUnavailable, each time, when nothing of it has been kept."""
        self._over.result()


def committed_at_once(store: Store, pending: Pending, durable: Callable[[], None]) -> Commit:
    """Be `Store.start` for a store that lets nobody go on meanwhile."""
    store.write(pending)
    durable()
    over: Future[None] = Future()
    over.set_result(None)
    return Commit(pending, over)


class Store(Protocol):
    """What a transaction needs of the storage behind it.  Every call may raise LedgerUnavailable."""

    recent: Recent

    def next_seq(self) -> int:
        """Give out a sequence number, higher than all before."""

    def next_held(self) -> int:
        """Give out the id of a held change."""

    def next_parked(self) -> int:
        """Give out the id of a parked change."""

    def read(self, pairs: Collection[Pair]) -> Mapping[Pair, bytes]:
        """Return the committed values of those pairs that have one."""

    def body(self, seq: int) -> bytes | None:
        """Return the body of a committed event."""

    def parked_record(self, parked_id: int) -> ParkedChange | None:
        """Return one committed parked change."""

    def write(self, pending: Pending) -> None:
        """Write all of it durably, or nothing of it."""

    def start(self, pending: Pending, durable: Callable[[], None]) -> Commit:
        """Write all of it; it may become durable while the caller goes on.

        `durable` is called as soon as it is, in whatever thread.  Writes nothing before an earlier one is over.
        """


class Transaction(LedgerTransaction):
    """The `LedgerTransaction` of every store.

    Nothing reaches the store before `commit`; a failed commit keeps the batch, so that `commit` can
    be called again.
    """

    __slots__ = ("_below", "_closed", "_pending", "_seen", "_store")

    def __init__(self, store: Store, now_ms: int, below: Commit | None = None) -> None:
        """`below` is the commit that is under way: this batch sees what it wrote, and is kept only if it is."""
        self._store = store
        self._below = below
        self._pending = Pending(now_ms // MS_PER_DAY)
        # By space, and then by key: a text knows its hash, and a pair of two does not.
        self._seen: dict[str, dict[str, bytes | None]] = {}
        self._closed = False

    def get(self, space: str, key: str) -> bytes | None:
        """Return what was put last, or None.  Reads from the store only what nobody asked for before."""
        seen = self._seen_in(space)
        if key in seen:
            return seen[key]
        pair: Any = (space, key)  # Any: see Recent.
        if self._below is not None and pair in self._below.pending.memory:
            return self._below.pending.memory[pair]
        value = self._store.recent.get(pair)
        if value is None:
            self._ask((pair,))
            value = seen[key]
        return value

    def _seen_in(self, space: str) -> dict[str, bytes | None]:
        seen = self._seen.get(space)
        if seen is None:
            seen = self._seen[space] = {}
        return seen

    def put(self, space: str, key: str, value: bytes | None) -> None:
        """Remember; None forgets."""
        pair: Any = (space, key)
        self._seen_in(space)[key] = value
        self._pending.memory[pair] = value

    def prefetch(self, wanted: Iterable[Any]) -> None:
        """Read many pairs in a few queries; that a pair has no value is remembered too."""
        below: Any = self._below.pending.memory if self._below is not None else {}
        unseen = [pair for pair in dict.fromkeys(wanted) if pair not in below and not self._has_seen(pair)]
        missing = self._store.recent.lacking(unseen)
        if missing:
            self._ask(missing)

    def _has_seen(self, pair: Any) -> bool:
        seen = self._seen.get(pair[0])
        return seen is not None and pair[1] in seen

    def _ask(self, missing: Collection[Any]) -> None:
        found = self._store.read(missing)
        self._store.recent.keep_all(found)
        for pair in missing:
            self._seen_in(pair[0])[pair[1]] = None
        for pair, value in found.items():
            self._seen_in(pair[0])[pair[1]] = value

    def add_event(self, event: Event) -> int:
        """Append to the outbox and return its sequence number."""
        seq = self._store.next_seq()
        pending = self._pending
        pending.outbox.append((seq, event.message_id, event.player, event.lane, pending.day, event.body))
        return seq

    def body(self, seq: int) -> bytes | None:
        """Return the body of an event of this batch or an earlier one, or None when it is gone."""
        body = _body_in(self._pending.outbox, seq)
        if body is None and self._below is not None:
            body = _body_in(self._below.pending.outbox, seq)
        # Another instance may have given out higher numbers than this batch.
        return self._store.body(seq) if body is None else body

    def hold(self, held: HeldChange) -> int:
        """Keep a change that waits and return its id; `held.held_id` 0 adds, another replaces."""
        held_id = held.held_id or self._store.next_held()
        self._pending.held[held_id] = msgspec.structs.replace(held, held_id=held_id)
        return held_id

    def release(self, held_id: int) -> None:
        """The change waits no longer."""
        self._pending.held[held_id] = None

    def park(self, parked: ParkedChange) -> int:
        """Keep a change for a person and return its id; `parked.parked_id` is not looked at."""
        parked_id = self._store.next_parked()
        self._pending.parked[parked_id] = msgspec.structs.replace(parked, parked_id=parked_id)
        return parked_id

    def unpark(self, parked_id: int) -> ParkedChange | None:
        """Take a parked change out, to replay it in this batch; None when it is not there (any more)."""
        below = self._below.pending.parked if self._below is not None else {}
        if parked_id in self._pending.parked:
            parked = self._pending.parked[parked_id]
        elif parked_id in below:
            parked = below[parked_id]
        else:
            parked = self._store.parked_record(parked_id)
        self._pending.parked[parked_id] = None
        return parked

    def discard(self, parked_id: int) -> ParkedChange | None:
        """Take a parked change out for good; the counters keep a note of it under "discarded"."""
        parked = self.unpark(parked_id)
        if parked is not None:
            self.count("discarded", parked.table, parked.code)
        return parked

    def count(self, outcome: str, table: str, reason: str) -> None:
        """Count how one change ended."""
        self._pending.count(outcome, table, reason)

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return how many changes of this batch ended how."""
        return self._pending.counts

    def advance(self, positions: Mapping[Partition, int]) -> None:
        """Note the positions after the batch."""
        self._pending.positions.update(positions)

    def confirm(self, seq: int, ahead: Sequence[int] = ()) -> None:
        """Note what has been confirmed: see `LedgerTransaction.confirm`."""
        self._pending.confirmed = max(seq, self._pending.confirmed or 0)
        self._pending.ahead = ahead

    def commit(self) -> Sequence[Delivery]:
        """Make it durable and return the events of it, in order.

        Raises LedgerUnavailable: nothing has been kept, and `commit` may be called again.
        """
        self._settle_below()
        pending = self._pending
        if not pending.is_empty():
            self._store.write(pending)
        self._closed = True
        return pending.deliveries()

    def start_commit(self, durable: Callable[[Sequence[Delivery]], None]) -> Commit:
        """Write it, and let it become durable meanwhile: see `LedgerTransaction.start_commit`."""
        self._settle_below()
        deliveries = self._pending.deliveries()
        commit = self._store.start(self._pending, lambda: durable(deliveries))
        self._closed = True
        return commit

    def _settle_below(self) -> None:
        if self._closed:
            raise RuntimeError("this batch has been committed or rolled back")
        if self._below is not None:
            self._below.wait()

    def rollback(self) -> None:
        """Forget the batch."""
        self._closed = True
        self._below = None
        self._pending = Pending(self._pending.day)
        self._seen = {}


def _body_in(outbox: Sequence[OutboxRow], seq: int) -> bytes | None:
    at = bisect_left(outbox, seq, key=itemgetter(0))
    return outbox[at][5] if at < len(outbox) and outbox[at][0] == seq else None
