"""Taking in: poll, decode, put in order, map, and write each batch as one durable transaction.

While the disk makes a batch durable, the next one is polled, decoded and mapped.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from bridge.batches import Batches, Written
from bridge.brand import Brand
from bridge.contracts import Outbound, Source
from bridge.errors import LedgerConflict, LedgerFenced, LedgerUnavailable
from bridge.lanes import Lanes
from bridge.merge import CommitOrder
from bridge.outbox import Outbox
from bridge.progress import Progress
from bridge.records import Delivery, Partition, Taken
from bridge.row import Row
from bridge.sharing import BrandLedger, LookupsElsewhere, check_partition_counts

LOG = structlog.get_logger(__name__)

BATCH = 500
"""Records in one transaction: enough to share one fsync, few enough to keep it near 20 ms."""
ENOUGH = BATCH // 4
"""Records worth a transaction of their own while the one before is not durable yet.

With fewer there is time to wait for the disk, and what comes meanwhile goes into one transaction with them.
"""
DEEP = 5_000
"""Records of one partition that may wait for others before its reading pauses."""
IDLE_POLL_SECONDS = 0.25
BUSY_POLL_SECONDS = 0.005
"""While confirms are on their way: short against the time in which the broker empties a window."""
RECORD_SECONDS = 0.05
"""How long confirms wait for a batch that records them by the way, unless the window needs them."""
RETRY_SECONDS = 0.5
REVOKE_SECONDS = 10.0
RECHECK_SECONDS = 1.0
"""How often what is held is looked for in a ledger that other instances write too."""


class Intake:
    """One brand's taking in.

    All of it happens in the thread that calls `step`, but for what waits for the disk: while a commit is under
    way, the ledger has a thread for it, which hands the events to the sender as soon as they are durable.
    """

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
        connector, decoder = brand.connector, brand.decoder()
        self._brand_name = connector.brand
        self._retention = connector.ledger.retention
        self._topics = brand.topics()
        self._source = source
        self._ledger = ledger
        self._wall_ms = wall_ms
        self._clock = clock
        self._partitions_of = partitions_of
        self.progress = Progress()
        self._order = CommitOrder(connector.source.order.wait.total_seconds())
        self._lanes = Lanes(source, decoder, self._order)
        self._outbox = Outbox(ledger, outbound, connector.limits.outbox)
        self._batches = Batches(
            brand,
            decoder,
            ledger,
            self.progress,
            positions=self._lanes.positions,
            durable=self._hand_over,
            shared=ledger.shared,
            clock=clock,
        )
        self._record_at = max(1, connector.target.rabbitmq.window // 4)
        self.asked_to_stop: Callable[[], bool] = lambda: False
        """Asked while the ledger is away: whether to go on waiting for it."""
        self.permit: Callable[[float], None] = lambda _: None
        """Told until when, on the monotonic clock, the sender may send: see `RabbitMQOutbound.permit`."""
        # Kafka gives partitions away after the whole of the shorter of these.
        settings = connector.source.kafka
        self._permit_seconds = min(settings.session_timeout, settings.max_poll_interval).total_seconds() / 2
        self._permitted_until = math.inf
        self._lookups_elsewhere = LookupsElsewhere(ledger.positions)
        self._rechecked_at = 0.0
        self._revoke_seconds = REVOKE_SECONDS
        self.halted = False
        """Another instance may send what this one still has: nothing is sent or written any more."""
        self._take_up_what_waits()

    def on_offer(self, told: Callable[[Sequence[Delivery]], None]) -> None:
        """Have `told` called with what is offered to the sender."""
        self._outbox.on_offer = told

    def open(self) -> None:
        """Send what the ledger still holds, and join the group.  Raises as `Source.open` does."""
        self._outbox.refill()
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
        self._poll(0.0 if self._batches.under_way else self._poll_seconds(now))
        if self._batches.under_way and self._order.waiting() < ENOUGH:
            self._settle()
            self._poll(0.0)
        self.progress.ready = self.progress.ready or self._lanes.caught_up()
        now = self._clock()
        play = not self._lookups_elsewhere.waits(now)
        self._write_batch(list(self._order.take(now, BATCH, play=play)))
        self._refill()
        self._commit_offsets()

    def _poll(self, seconds: float) -> None:
        records = self._source.poll(seconds)
        if self.halted:
            raise LedgerFenced("another instance has taken partitions over; this one starts anew")
        self._lanes.add(records, self._clock())

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
        self._settle()
        while self._clock() < deadline and not self.halted:
            self._renew()
            self._refill()
            self._write_batch([], at_once=True)
            if not self._outbox.busy:
                break
            time.sleep(BUSY_POLL_SECONDS)
        self.record()
        self._commit_offsets(at_once=True)
        return not self._outbox.pending()

    def finish(self, deadline_seconds: float) -> bool:
        """Drain for the last time: who takes the partitions away after this waits no second time."""
        clean = self.drain(deadline_seconds)
        self._revoke_seconds = 0.0
        return clean

    def halt(self) -> None:
        """Send and write nothing any more: what is left is another instance's.  Close all, and start anew."""
        self.permit(0.0)
        self.halted = True
        self._settle()

    def record(self) -> None:
        """Record what has been confirmed.  Raises LedgerUnavailable when that cannot be done."""
        self._settle()
        if self._outbox.newly_confirmed() is not None and not self.halted:
            self._write([], self._wall_ms())

    def prune(self, limit: int) -> None:
        """Forget a few of the things that are past their retention."""
        day = datetime.fromtimestamp(self._wall_ms() / 1000, UTC) - self._retention
        with contextlib.suppress(LedgerUnavailable):
            self._ledger.prune(day.date().isoformat(), limit)

    @property
    def positions(self) -> Mapping[Partition, int]:
        """Return the positions that are durable."""
        return dict(self._lanes.positions)

    # -- partitions that come and go

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See AssignmentListener.  Positions come from the ledger, never from the group."""
        self.progress.rebalances += 1
        self._settle()
        known = self._ledger.claim(partitions)
        plays = [partition for partition in partitions if self._topics.is_play(partition.topic)]
        self._lanes.assign(partitions, known, plays=plays, holds=self._topics.orders_across())
        if self._ledger.shared:
            self._look_at_others()
        # What a former owner left unsent or held is ours to finish now.
        self._take_up_what_waits()
        self._outbox.look_again()
        LOG.info("partitions_assigned", brand=self._brand_name, partitions=_names(partitions))
        return known

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener.  What the partitions led to is sent out first, within a budget."""
        self._let_go(partitions)
        clean = self.drain(self._revoke_seconds)
        self._give_up(partitions, clean=clean)
        LOG.info("partitions_revoked", brand=self._brand_name, partitions=_names(partitions))

    def on_lost(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener."""
        self._let_go(partitions)
        self._give_up(partitions, clean=not self._outbox.busy)
        LOG.warning("partitions_lost", brand=self._brand_name, partitions=_names(partitions))

    def _let_go(self, partitions: Collection[Partition]) -> None:
        """Drop what was read of partitions and is not durable: whoever has them then reads it again."""
        self._order.revoke(partitions)
        self._settle()
        self._batches.forget(partitions)

    def _give_up(self, partitions: Collection[Partition], *, clean: bool) -> None:
        self.progress.rebalances += 1
        if self._ledger.shared and not clean:
            self.halt()
        self._ledger.disclaim(partitions)
        self._lanes.forget(partitions)
        if self._ledger.shared:
            self._take_up_what_waits()

    def _take_up_what_waits(self) -> None:
        # Before its first partition, and between two, an instance of several takes care of nothing that waits.
        self._batches.restart(with_held=not self._ledger.shared or bool(self._lanes.assigned()))

    def _look_at_others(self) -> None:
        """See which look-up rows other instances read: play waits for them as it does for our own."""
        found = self._partitions_of(self._topics.names)
        check_partition_counts(found, self._topics.plays)
        lookups = {at for topic, several in found.items() if not self._topics.is_play(topic) for at in several}
        self._lookups_elsewhere.begin(self._source.ends(lookups - self._lanes.assigned()), self._clock())

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

    # -- how long, and how much

    def _poll_seconds(self, now: float) -> float:
        """Return how long to wait for records: not at all while there is other work."""
        longest = BUSY_POLL_SECONDS if self._outbox.busy else IDLE_POLL_SECONDS
        if self._outbox.newly_confirmed() is not None:
            longest = min(longest, max(0.0, self._batches.written_at + RECORD_SECONDS - now))
        due = self._order.due(now)
        if due is not None and not self._lookups_elsewhere.waits(now):
            longest = min(longest, due)
        deadline = self._batches.next_deadline()
        if deadline is not None:
            longest = min(longest, max(0.0, (deadline - self._wall_ms()) / 1000))
        return longest

    def _throttle(self) -> None:
        """Pause what is too far ahead: of the sender, or of the partitions that it waits for."""
        self._lanes.pause_only(self._lanes.assigned() if self._outbox.full else self._order.deep(DEEP))

    def _commit_offsets(self, *, at_once: bool = False) -> None:
        self.progress.last_error = self._lanes.commit(self._clock(), at_once=at_once) or self.progress.last_error

    # -- the ledger

    def _write_batch(
        self,
        batch: Sequence[Taken],
        *,
        at_once: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
    ) -> None:
        """Write a batch, and what has been confirmed, as one transaction; try again while the ledger is away.

        A batch of records alone becomes durable while the next one is taken in, where it is worth that.
        """
        if not batch:
            self._settle()
        given_back = self._batches.take_back()
        overlap = len(batch) >= ENOUGH and not (given_back or tables)
        batch = [*given_back, *batch]
        now_ms, confirmed = self._wall_ms(), self._outbox.newly_confirmed()
        deadline = self._batches.next_deadline()
        expired = deadline is not None and deadline <= now_ms
        recheck = self._ledger.shared and (expired or self._due_for_recheck())
        record = confirmed is not None and (at_once or self._due_to_record(confirmed))
        if not (batch or expired or recheck or record or tables):
            return
        if batch:
            self._lanes.given_up.clear()
        while True:
            try:
                self._write(batch, now_ms, recheck=recheck, tables=tables, wait=not overlap)
                break
            except LedgerConflict:
                continue
            except LedgerUnavailable as error:
                overlap = False
                if self.asked_to_stop():
                    raise
                self._wait_for_ledger(error)
                # What was under way and failed goes first.
                batch = self._lanes.still_ours([*self._batches.take_back(), *batch])
        if not overlap:
            self.progress.ledger_answers(self._brand_name)

    def _due_to_record(self, confirmed: int) -> bool:
        """Return whether confirms are worth a transaction of their own: each costs a sync of the disk."""
        behind = confirmed - self._outbox.recorded
        return behind >= self._record_at or self._clock() - self._batches.written_at >= RECORD_SECONDS

    def _due_for_recheck(self) -> bool:
        now = self._clock()
        if not self._batches.held or now - self._rechecked_at < RECHECK_SECONDS:
            return False
        self._rechecked_at = now
        return True

    def _write(
        self,
        batch: Sequence[Taken],
        now_ms: int,
        *,
        recheck: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
        wait: bool = True,
    ) -> None:
        if self._batches.spoiled:
            self._take_up_what_waits()
        confirmed = self._outbox.newly_confirmed
        self._batches.write(batch, confirmed, now_ms, recheck=recheck, tables=tables, wait=wait)

    def _hand_over(self, written: Written) -> None:
        """Offer what has just become durable; in the thread that waited for that."""
        if written.confirmed is not None:
            self._outbox.note_recorded(written.confirmed)
        self._outbox.add(written.deliveries)

    def _settle(self) -> None:
        """Wait for the commit under way; what it could not keep is tried again with the next batch."""
        try:
            self._batches.settle()
        except LedgerUnavailable as error:
            self.progress.ledger_fails(self._brand_name, error)

    def _refill(self) -> None:
        if not self._outbox.all_offered:
            self._settle()
            self._outbox.refill()

    def _wait_for_ledger(self, error: LedgerUnavailable) -> None:
        """Keep the place in the group while the ledger is away; nothing of the batch is lost."""
        self.progress.ledger_fails(self._brand_name, error)
        # A restart would not bring it back: this loop is alive.
        self.progress.turned_at = self._clock()
        if not self._lanes.assigned():
            # Handing over: the source waits for that and must not be polled.
            time.sleep(RETRY_SECONDS)
            return
        self._lanes.pause_only(self._lanes.assigned())
        self._lanes.add(self._source.poll(RETRY_SECONDS), self._clock())


def _names(partitions: Iterable[Partition]) -> list[str]:
    return sorted(f"{partition.topic}/{partition.number}" for partition in partitions)
