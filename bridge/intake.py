"""Taking in: poll, decode, put in order, map, and write each batch as one durable transaction."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bridge.brand import Brand
from bridge.contracts import Decoder, Ledger, LedgerTransaction, Outbound, Source
from bridge.errors import (
    FatalError,
    LedgerConflict,
    LedgerFenced,
    LedgerMismatch,
    LedgerUnavailable,
    SourceUnavailable,
)
from bridge.flood import Flood
from bridge.mapping.mapper import Mapper, Outcome
from bridge.merge import CommitOrder, Taken
from bridge.progress import Progress
from bridge.records import Change, Delivery, Partition, Row, SourceRecord
from bridge.sharing import LookupsElsewhere, check_partition_counts
from bridge.taking import decoded, take_all

LOG = structlog.get_logger(__name__)

BATCH = 500
"""Records in one transaction: enough to share one fsync, few enough to keep it near 20 ms."""
DEEP = 5_000
"""Records of one partition that may wait for others before its reading pauses."""
IDLE_POLL_SECONDS = 0.25
BUSY_POLL_SECONDS = 0.005
"""While confirms are on their way: short against the time in which the broker empties a window."""
RECORD_SECONDS = 0.05
"""How long confirms wait for a batch that records them by the way, unless the window needs them."""
COMMIT_EVERY_SECONDS = 1.0
RETRY_SECONDS = 0.5
REVOKE_SECONDS = 10.0
RECHECK_SECONDS = 1.0
"""How often what is held is looked for in a ledger that other instances write too."""


class BrandLedger(Ledger, Protocol):
    """A ledger with the fence between instances."""

    shared: bool
    """Whether other instances can write to it."""

    def claim(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Become the owner of partitions and return their positions."""

    def disclaim(self, partitions: Collection[Partition]) -> None:
        """Give partitions up: nothing more is written for them."""

    def require_claims(self) -> None:
        """Raise LedgerFenced when another instance has become the owner of one of ours."""


class Intake:
    """One brand's taking in.  All of it happens in the thread that calls `step`."""

    def __init__(
        self,
        brand: Brand,
        source: Source,
        ledger: BrandLedger,
        outbound: Outbound,
        *,
        partitions_of: Callable[[Collection[str]], Mapping[str, Sequence[Partition]]] = lambda _: {},
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._brand = brand
        self._source = source
        self._ledger = ledger
        self._outbound = outbound
        self._wall_ms = wall_ms
        self._clock = clock
        self._decoder: Decoder = brand.decoder()
        self._topics = brand.topics()
        self._order = CommitOrder(brand.connector.source.order.wait.total_seconds())
        self._positions: dict[Partition, int] = {}
        self._given_up: set[Partition] = set()
        """Partitions that were taken from this process since the batch in hand was begun."""
        self._ledger_is_away = False
        self.asked_to_stop: Callable[[], bool] = lambda: False
        """Asked while the ledger is away: whether to go on waiting for it."""
        self._committed: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._paused: frozenset[Partition] = frozenset()
        self._flood = Flood(brand.connector.limits.parked_in_a_row, brand.connector.limits.parked_per_minute)
        self.progress = Progress()
        self._mapper = self._new_mapper()
        self._mapper_is_ahead = False
        self.on_offer: Callable[[Sequence[Delivery]], None] = lambda _: None
        """Told what is offered to the sender."""
        self.permit: Callable[[float], None] = lambda _: None
        """Told until when, on the monotonic clock, the sender may send: see `RabbitMQOutbound.permit`."""
        self._partitions_of = partitions_of
        # Kafka gives partitions away after the whole of the shorter of these.
        settings = brand.connector.source.kafka
        self._permit_seconds = min(settings.session_timeout, settings.max_poll_interval).total_seconds() / 2
        self._permitted_until = math.inf
        self._lookups_elsewhere = LookupsElsewhere(ledger.positions)
        self._rechecked_at = 0.0
        self.halted = False
        """Another instance may send what this one still has: nothing is sent or written any more."""
        self._record_at = max(1, brand.connector.target.rabbitmq.window // 4)
        self._written_at = 0.0
        self._recorded = ledger.confirmed()
        self._offered = self._recorded
        self._all_offered = False
        self._full = False

    def open(self) -> None:
        """Send what the ledger still holds, and join the group.  Raises as `Source.open` does."""
        self._refill()
        self._source.open(self)

    def step(self) -> None:
        """Go round once: take in what is there, or wait for it for a moment.

        Raises FatalError (and so TooManyParked, OffsetExpired, ...) when going on would lose or invent
        play, and SourceUnavailable after the source's own limit.
        """
        now = self._clock()
        self.progress.turned_at = now
        self._renew()
        self._throttle()
        records = self._source.poll(self._poll_seconds(now))
        if self.halted:
            raise LedgerFenced("another instance has taken partitions over; this one starts anew")
        self._add(records)
        self._note_reached()
        now = self._clock()
        play = not self._lookups_elsewhere.waits(now)
        self._write_batch(list(self._order.take(now, BATCH, play=play)))
        self._refill()
        self._commit_offsets()

    def load(self, tables: Sequence[tuple[str, Sequence[Row]]]) -> None:
        """Let look-ups that no topic carries have exactly these rows, and go on with what waited for them.

        Raises MappingError or DecodeError when the key of a row cannot be told; nothing has changed then.
        """
        if tables:
            self._write_batch([], tables=tables)

    def drain(self, deadline_seconds: float) -> bool:
        """Take nothing more in; wait until all that was sent is confirmed, and record it.

        Returns whether everything was.
        """
        deadline = self._clock() + deadline_seconds
        while self._clock() < deadline and not self.halted:
            self._renew()
            self._refill()
            self._write_batch([], at_once=True)
            if self._all_offered and not self._outbound.pending():
                break
            time.sleep(BUSY_POLL_SECONDS)
        self.record()
        self._commit_offsets(at_once=True)
        return not self._outbound.pending()

    def halt(self) -> None:
        """Send and write nothing any more: what is left is another instance's.  Close all, and start anew."""
        self.permit(0.0)
        self.halted = True

    def _renew(self) -> None:
        """Let the sender go on, for as long as nobody else can have been given our partitions."""
        if not self._ledger.shared or self.halted:
            return
        now = self._clock()
        if now >= self._permitted_until:
            # This process stood still.  Who is given partitions claims them before it sends.
            try:
                self._ledger.require_claims()
            except LedgerUnavailable:
                return
        self._permitted_until = now + self._permit_seconds
        self.permit(self._permitted_until)

    def record(self) -> None:
        """Record what has been confirmed.  Raises LedgerUnavailable when that cannot be done."""
        confirmed = self._outbound.confirmed()
        if confirmed > self._recorded and not self.halted:
            self._write([], confirmed, self._wall_ms())
            self._recorded = confirmed
            self._outbound.recorded(confirmed)

    @property
    def positions(self) -> Mapping[Partition, int]:
        """Return the positions that are durable."""
        return dict(self._positions)

    # -- partitions

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See AssignmentListener.  Positions come from the ledger, never from the group."""
        self.progress.rebalances += 1
        known = self._ledger.claim(partitions)
        self._check_memory(partitions, known)
        ends = self._source.ends(partitions)
        for partition in partitions:
            self._order.assign(
                partition,
                known.get(partition, 0),
                ends.get(partition, 0),
                holds=self._topics.orders_across() and self._topics.is_play(partition.topic),
                first=not self._topics.is_play(partition.topic),
            )
            if partition in known:
                self._positions[partition] = known[partition]
        if self._ledger.shared:
            self._look_at_others()
        # What a former owner left unsent or held is ours to finish now.
        self._mapper, self._mapper_is_ahead = self._new_mapper(), False
        self._all_offered = False
        LOG.info("partitions_assigned", brand=self._brand.connector.brand, partitions=_names(partitions))
        return known

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener.  What the partitions led to is sent out first, within a budget."""
        self.progress.rebalances += 1
        self._order.revoke(partitions)
        clean = self.drain(REVOKE_SECONDS)
        if self._ledger.shared and not clean:
            self.halt()
        self._ledger.disclaim(partitions)
        self._forget(partitions)
        if self._ledger.shared:
            self._mapper = self._new_mapper()
        LOG.info("partitions_revoked", brand=self._brand.connector.brand, partitions=_names(partitions))

    def on_lost(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener."""
        self.progress.rebalances += 1
        if self._ledger.shared and (self._outbound.pending() or not self._all_offered):
            self.halt()
        self._order.revoke(partitions)
        self._ledger.disclaim(partitions)
        self._forget(partitions)
        if self._ledger.shared:
            self._mapper = self._new_mapper()
        LOG.warning("partitions_lost", brand=self._brand.connector.brand, partitions=_names(partitions))

    def _look_at_others(self) -> None:
        """See which look-up rows other instances read: play waits for them as it does for our own."""
        found = self._partitions_of(self._topics.names)
        check_partition_counts(found, self._topics.plays)
        lookups = {at for topic, several in found.items() if not self._topics.is_play(topic) for at in several}
        self._lookups_elsewhere.begin(self._source.ends(lookups - set(self._order.assigned())), self._clock())

    def _forget(self, partitions: Collection[Partition]) -> None:
        for partition in partitions:
            self._positions.pop(partition, None)
            self._committed.pop(partition, None)
            self._given_up.add(partition)

    def _check_memory(self, partitions: Collection[Partition], known: Mapping[Partition, int]) -> None:
        """Refuse an empty memory where the group has been at work: old rows would be taken for new ones."""
        unknown = [partition for partition in partitions if partition not in known]
        committed = self._source.committed(unknown) if unknown else {}
        for partition, position in committed.items():
            if position > 0:
                raise LedgerMismatch(
                    f"the group has read {partition.topic}/{partition.number} up to {position}, but the ledger "
                    "knows nothing of it: put back the ledger that belongs to this group, or, to begin anew, "
                    "use another group"
                )

    # -- records

    def _add(self, records: Sequence[SourceRecord]) -> None:
        arrived = self._clock()
        partition = Partition("", -1)
        for record in records:
            if record.partition != partition.number or record.topic != partition.topic:
                partition = Partition(record.topic, record.partition)
            self._order.add(partition, decoded(self._decoder, record, arrived))

    def _note_reached(self) -> None:
        if not self.progress.ready:
            for partition, position in self._source.reached().items():
                self._order.reached(partition, position)
            self.progress.ready = bool(self._positions or self._order.assigned()) and not self._order.behind()

    def _poll_seconds(self, now: float) -> float:
        """Return how long to wait for records: not at all while there is other work."""
        longest = BUSY_POLL_SECONDS if self._outbound.pending() or not self._all_offered else IDLE_POLL_SECONDS
        if self._outbound.confirmed() > self._recorded:
            longest = min(longest, max(0.0, self._written_at + RECORD_SECONDS - now))
        due = self._order.due(now)
        if due is not None and not self._lookups_elsewhere.waits(now):
            longest = min(longest, due)
        deadline = self._mapper.next_deadline()
        if deadline is not None:
            longest = min(longest, max(0.0, (deadline - self._wall_ms()) / 1000))
        return longest

    # -- the ledger

    def _due_to_record(self, behind: int) -> bool:
        """Return whether confirms are worth a transaction of their own: each costs a sync of the disk."""
        return behind >= self._record_at or self._clock() - self._written_at >= RECORD_SECONDS

    def _write_batch(
        self,
        batch: Sequence[Taken],
        *,
        at_once: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
    ) -> None:
        """Write a batch, and what has been confirmed, as one transaction; try again while the ledger is away."""
        now_ms = self._wall_ms()
        confirmed = max(self._outbound.confirmed(), self._recorded)
        deadline = self._mapper.next_deadline()
        expired = deadline is not None and deadline <= now_ms
        behind = confirmed - self._recorded
        recheck = self._ledger.shared and (expired or self._due_for_recheck())
        record = behind and (at_once or self._due_to_record(behind))
        if not (batch or expired or recheck or record or tables):
            return
        if batch:
            self._given_up.clear()
        while True:
            try:
                deliveries = self._write(batch, confirmed, now_ms, recheck=recheck, tables=tables)
                break
            except LedgerConflict:
                continue
            except LedgerUnavailable as error:
                if self.asked_to_stop():
                    raise
                self._wait_for_ledger(error)
                # Whoever has these partitions now, this process included, reads them from the ledger's position.
                batch = [one for one in batch if _partition_of(one) not in self._given_up]
        self._ledger_answers()
        self._recorded = max(self._recorded, confirmed)
        self._outbound.recorded(self._recorded)
        if deliveries and self._all_offered:
            self._offer(deliveries)

    def _due_for_recheck(self) -> bool:
        now = self._clock()
        if not self._mapper.held or now - self._rechecked_at < RECHECK_SECONDS:
            return False
        self._rechecked_at = now
        return True

    def _write(
        self,
        batch: Sequence[Taken],
        confirmed: int,
        now_ms: int,
        *,
        recheck: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
    ) -> Sequence[Delivery]:
        started = self._clock()
        transaction = self._ledger.begin(now_ms)
        try:
            if self._mapper_is_ahead:
                self._mapper, self._mapper_is_ahead = self._new_mapper(), False
            self._mapper.begin(transaction, now_ms)
            self._flood.begin(started)
            for lookup, rows in tables:
                self._mapper.load(lookup, rows)
            self._take(batch, transaction)
            if recheck:
                self._mapper.recheck()
            self._mapper.expire()
            positions = _positions_after(batch)
            transaction.advance(positions)
            if confirmed > self._recorded:
                transaction.confirm(confirmed)
            deliveries = transaction.commit()
        except BaseException:
            transaction.rollback()
            # It is made anew when the ledger answers: what it holds was not kept.
            self._mapper_is_ahead = True
            raise
        self._flood.commit()
        self._written_at = self._clock()
        self._positions |= positions
        self._note(batch, started)
        return deliveries

    def _take(self, batch: Sequence[Taken], transaction: LedgerTransaction) -> None:
        mapper = self._mapper
        transaction.prefetch(
            wanted
            for taken in batch
            if isinstance(taken.decoded, Change)
            for wanted in mapper.wants(taken.decoded)
        )
        take_all(mapper, batch)

    def _observe(self, outcome: Outcome) -> None:
        self._flood.add(outcome)

    def _note(self, batch: Sequence[Taken], started: float) -> None:
        progress = self.progress
        progress.ledger_seconds.append(self._clock() - started)
        progress.taken += len(batch)
        progress.held = self._mapper.held
        for key, count in self._flood.counts.items():
            progress.outcomes[key] += count
            if key[0] == "sent":
                progress.sent += count
            elif key[0] == "parked":
                progress.parked += count
            elif key[0] == "skipped":
                progress.skipped += count
        progress.records.update([taken.record.topic for taken in batch])
        if batch:
            progress.last_record_ms = batch[-1].record.timestamp_ms

    def _wait_for_ledger(self, error: LedgerUnavailable) -> None:
        """Keep the place in the group while the ledger is away; nothing of the batch is lost."""
        if self.progress.last_error != str(error):
            LOG.error("ledger_unavailable", brand=self._brand.connector.brand, error=str(error))
        self.progress.last_error = str(error)
        self._ledger_is_away = True
        # A restart would not bring it back: this loop is alive.
        self.progress.turned_at = self._clock()
        if not self._order.assigned():
            # Handing over: the source waits for that and must not be polled.
            time.sleep(RETRY_SECONDS)
            return
        self._pause(frozenset(self._order.assigned()))
        self._add(self._source.poll(RETRY_SECONDS))

    def _ledger_answers(self) -> None:
        if self._ledger_is_away:
            self._ledger_is_away = False
            self.progress.last_error = ""
            LOG.info("ledger_answers_again", brand=self._brand.connector.brand)

    def _new_mapper(self) -> Mapper:
        mapper = Mapper(self._brand.plan, self._observe, shared=self._ledger.shared)
        restored = []
        # Before its first partition, and between two, an instance takes care of nothing that waits.
        mine = not self._ledger.shared or self._order.assigned()
        for held in self._ledger.held() if mine else ():
            change = self._decoder.decode(held.record)
            if not isinstance(change, Change):
                raise FatalError(
                    f"a held record of {held.table} cannot be decoded any more; was the connector changed?"
                )
            restored.append((held, change))
        mapper.restore(restored)
        return mapper

    # -- the outbox

    def _refill(self) -> None:
        """Offer what the ledger holds and the sender does not have yet, as far as there is room."""
        limit = self._brand.connector.limits.outbox
        while not self._all_offered and self._outbound.pending() < limit:
            page = self._ledger.unconfirmed(self._offered, BATCH)
            if not page:
                self._all_offered = True
                return
            self._offer(page)

    def _offer(self, deliveries: Sequence[Delivery]) -> None:
        self._outbound.offer(deliveries)
        self._offered = deliveries[-1].seq
        self.on_offer(deliveries)

    def prune(self, limit: int) -> None:
        """Forget a few of the things that are past their retention."""
        day = datetime.fromtimestamp(self._wall_ms() / 1000, UTC) - self._brand.connector.ledger.retention
        with contextlib.suppress(LedgerUnavailable):
            self._ledger.prune(day.date().isoformat(), limit)

    def _throttle(self) -> None:
        """Pause what is too far ahead: of the sender, or of the partitions that it waits for."""
        limit, pending = self._brand.connector.limits.outbox, self._outbound.pending()
        if pending >= limit:
            self._full = True
        elif pending <= limit // 2:
            self._full = False
        self._pause(frozenset(self._order.assigned() if self._full else self._order.deep(DEEP)))

    def _pause(self, wanted: frozenset[Partition]) -> None:
        assigned = frozenset(self._order.assigned())
        resume, pause = (self._paused - wanted) & assigned, (wanted - self._paused) & assigned
        if resume:
            self._source.resume(resume)
        if pause:
            self._source.pause(pause)
        self._paused = wanted & assigned

    def _commit_offsets(self, *, at_once: bool = False) -> None:
        now = self._clock()
        if not at_once and now - self._committed_at < COMMIT_EVERY_SECONDS:
            return
        news = {at: offset for at, offset in self._positions.items() if self._committed.get(at) != offset}
        self._committed_at = now
        if news:
            try:
                self._source.commit(news)
            except SourceUnavailable as error:
                self.progress.last_error = str(error)
                return
            self._committed |= news


def _positions_after(batch: Sequence[Taken]) -> dict[Partition, int]:
    """Return the next offset of each partition; a partition's records are in order."""
    last = {(taken.record.topic, taken.record.partition): taken.record.offset for taken in batch}
    return {Partition(*at): offset + 1 for at, offset in last.items()}


def _partition_of(taken: Taken) -> Partition:
    return Partition(taken.record.topic, taken.record.partition)


def _names(partitions: Collection[Partition]) -> list[str]:
    return sorted(f"{partition.topic}/{partition.number}" for partition in partitions)
