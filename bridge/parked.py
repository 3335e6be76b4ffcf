"""What a person decides about parked changes: judged anew, or discarded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bridge.brand import Brand
from bridge.flow import Change, Taken
from bridge.intake.taking import decoded, take_all, take_up
from bridge.ledger import SqliteLedger, Transaction
from bridge.lookups.tables import Loaded
from bridge.mapping.mapper import Mapper, Outcome
from bridge.mapping.reopening import Reopening, RowPlace, row_of
from bridge.records import ParkedChange, Partition, SourceRecord

if TYPE_CHECKING:
    from bridge.ledger import PostgresLedger

REFUSED: Final = "refused"
"""The outcome of a change that was left parked as it is."""
_WAITS = "a later change of its row waits: replay it when that has come to its end"
_TOO_OLD = "it was parked longer ago than the ledger remembers what was sent"


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one parked change."""

    parked: ParkedChange
    outcome: str
    """sent, skipped, held, parked (again), lookup, history, discarded or refused."""
    reason: str
    message_ids: tuple[str, ...] = ()
    """Of the events that it led to."""


@dataclass(slots=True)
class Replayed:
    """What became of all of them."""

    changes: list[Decided] = field(default_factory=list)
    released: int = 0
    """How many other changes, which had waited for these, have come to their end."""
    events: int = 0
    """How many events entered the outbox, those of released changes among them."""


_Found = tuple[ParkedChange, Taken]


class ParkedChanges:
    """The parked changes of one brand's ledger, while no other process takes changes in."""

    def __init__(self, brand: Brand, ledger: SqliteLedger | PostgresLedger, now_ms: int) -> None:
        """`now_ms` is the wall clock in milliseconds."""
        self._brand = brand
        self._ledger = ledger
        self._now_ms = now_ms
        self.all: Sequence[ParkedChange] = list(ledger.parked())
        """All of them, in the order of their numbers."""

    def with_their_rows(self, numbers: Collection[int]) -> list[ParkedChange]:
        """Return the changes of these numbers and all others of the same rows, a header's parts included."""
        plan = self._brand.plan
        rows = {row_of(plan, item) for item in self.all if item.parked_id in numbers} - {None}
        return [item for item in self.all if item.parked_id in numbers or row_of(plan, item) in rows]

    def replay(
        self, chosen: Sequence[ParkedChange], tables: Sequence[Loaded] = (), *, dry_run: bool = False
    ) -> Replayed:
        """Judge changes anew, all in one durable transaction; the next run sends the events of it.

        `chosen` are whole rows (see `with_their_rows`), `tables` the look-ups that no topic carries.  A dry
        run keeps nothing.  Raises LedgerUnavailable, and SourceUnavailable when a schema registry is away.
        """
        if not dry_run:
            self._claim(chosen)
        replay = _Replay(self._brand, self._ledger, self._now_ms)
        transaction = self._ledger.begin(self._now_ms)
        try:
            done = replay.run(transaction, chosen, tables)
            if not dry_run:
                transaction.commit()
        finally:
            transaction.rollback()
        return done

    def discard(self, chosen: Sequence[ParkedChange], because: str, *, dry_run: bool = False) -> list[Decided]:
        """Forget changes for good; the ledger's counters keep how many of a table, and `because`.

        A dry run keeps nothing.  Raises LedgerUnavailable.
        """
        if not dry_run:
            self._claim(chosen)
        plan = self._brand.plan
        gone = {item.parked_id for item in chosen}
        left = {(item.table, item.key) for item in self.all if item.parked_id not in gone}
        transaction = self._ledger.begin(self._now_ms)
        try:
            mapper = Mapper(plan)
            mapper.begin(transaction, self._now_ms)
            reopening = mapper.reopening()
            for item in chosen:
                transaction.unpark(item.parked_id)
                transaction.count("discarded", item.table, because)
                place = row_of(plan, item)
                if place == (item.table, item.key) and place not in left:
                    reopening.discarded(place)
            if not dry_run:
                transaction.commit()
        finally:
            transaction.rollback()
        return [Decided(item, "discarded", because) for item in chosen]

    def _claim(self, chosen: Sequence[ParkedChange]) -> None:
        """Own the lanes of changes: an instance that starts meanwhile claims them anew, and ours is refused."""
        self._ledger.claim(set(map(_lane, chosen)))


class _Replay:
    """One transaction in which parked changes are judged anew."""

    def __init__(self, brand: Brand, ledger: SqliteLedger | PostgresLedger, now_ms: int) -> None:
        self._brand = brand
        self._now_ms = now_ms
        self._decoder = brand.decoder()
        self._done = Replayed()
        self._outcomes: dict[tuple[str, int, int], Outcome] = {}
        self._of_rows: dict[tuple[tuple[str, int, int], str], Outcome] = {}
        self._mapper = Mapper(brand.plan, self._observe, shared=ledger.shared)
        take_up(self._mapper, ledger, self._decoder)

    def run(self, transaction: Transaction, chosen: Sequence[ParkedChange], tables: Sequence[Loaded]) -> Replayed:
        """Judge changes anew, the oldest first."""
        self._mapper.begin(transaction, self._now_ms)
        for lookup, rows in tables:
            self._mapper.load(lookup, rows)
        reopening = self._mapper.reopening()
        found = self._parts_first(_as_read((item, decoded(self._decoder, item.record)) for item in chosen))
        refused = self._reopen(reopening, found)
        taken = [(item, one) for item, one in found if item.parked_id not in refused]
        for item, one in taken:
            if isinstance(one.decoded, Change):
                reopening.part(item, one.decoded)
        self._outcomes.clear()
        self._of_rows.clear()
        for item, one in taken:
            transaction.unpark(item.parked_id)
            transaction.count("replayed", item.table, item.code)
            if isinstance(one.decoded, Change):
                self._mapper.take(one.decoded, only=item.key)
            else:
                take_all(self._mapper, [one])
        reopening.close()
        self._done.changes = [
            Decided(item, REFUSED, refused[item.parked_id]) if item.parked_id in refused else self._decided(item)
            for item in chosen
        ]
        own = {_place(item.record) for item in chosen}
        ended = {place for place, outcome in self._outcomes.items() if outcome.kind != "held"}
        self._done.released = len(ended - own)
        return self._done

    def _parts_first(self, found: Sequence[_Found]) -> list[_Found]:
        """Return changes in their order, but the parts of each transaction before its other changes.

        All that it wrote has been counted already: a header would be judged without the parts behind it.
        """
        plan, first, turns = self._brand.plan, dict[str, int](), list[tuple[int, bool]]()
        for at, (_, taken) in enumerate(found):
            change = taken.decoded if isinstance(taken.decoded, Change) else None
            name = change.transaction if change is not None else None
            if change is None or name is None or plan.of_table(change.table)[2] is None:
                first.setdefault(name or "", at)
                turns.append((at, True))
            else:
                turns.append((min(at, first.get(name, at)), False))
        return [found[at] for at in sorted(range(len(found)), key=turns.__getitem__)]

    def _reopen(self, reopening: Reopening, found: Sequence[tuple[ParkedChange, Taken]]) -> dict[int, str]:
        """Let each row be as it was before it was parked; return the changes that cannot be replayed, and why."""
        retention_ms = self._brand.connector.ledger.retention.total_seconds() * 1000
        refused: dict[int, str] = {}
        rows: dict[RowPlace, str | None] = {}
        for item, taken in found:
            place = row_of(self._brand.plan, item)
            change = taken.decoded if isinstance(taken.decoded, Change) else None
            reason = _TOO_OLD if item.parked_at_ms < self._now_ms - retention_ms else None
            if place is not None and change is not None and place not in rows and place[0] == item.table:
                rows[place] = reason or self._refusal(reopening, place, change)
                if rows[place] is None:
                    reopening.row(place, change)
            elif place is None and change is not None:
                reason = reason or reopening.refusal_of_unknown(change)
            reason = reason or (rows.get(place) if place is not None else None)
            if reason is not None:
                refused[item.parked_id] = reason
        return refused

    def _refusal(self, reopening: Reopening, place: RowPlace, first: Change) -> str | None:
        return _WAITS if self._mapper.queues_row(place) else reopening.refusal(place, first)

    def _decided(self, item: ParkedChange) -> Decided:
        place = _place(item.record)  # One record can have led to several rows.
        outcome = self._of_rows.get((place, item.key)) or self._outcomes[place]
        return Decided(item, outcome.kind, outcome.reason, tuple(out.message_id for out in outcome.events))

    def _observe(self, outcome: Outcome) -> None:
        self._done.events += len(outcome.events)
        place = _place(outcome.record)
        self._outcomes[place] = self._of_rows[place, outcome.key] = outcome


def _place(record: SourceRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _as_read(found: Iterable[_Found]) -> list[_Found]:
    """Return changes as they were written: in the order of their partitions, and of several by their commits.

    Numbers do not tell: a reversal that waited was parked late, and what was parked again has a new one.
    """
    lanes: dict[Partition, list[_Found]] = {}
    for one in found:
        lanes.setdefault(_lane(one[0]), []).append(one)
    for lane in lanes.values():
        lane.sort(key=lambda one: one[0].record.offset)
        lane.reverse()  # Items of one record keep their order.
    ordered = []
    while lanes:
        first, *others = lanes
        for other in others:
            if _is_before(lanes[other][-1], lanes[first][-1]):
                first = other
        ordered.append(lanes[first].pop())
        if not lanes[first]:
            del lanes[first]
    return ordered


def _is_before(one: _Found, other: _Found) -> bool:
    mine, theirs = one[1].position, other[1].position
    if mine is None or theirs is None or mine.log != theirs.log or mine == theirs:
        return one[0].parked_id < other[0].parked_id
    return mine.precedes(theirs)


def _lane(item: ParkedChange) -> Partition:
    return Partition(item.record.topic, item.record.partition)
