"""Taking in: poll, decode, put in order, map, and write each batch as one durable transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from bridge.brand import Brand
from bridge.contracts import Outbound, Source
from bridge.errors import LedgerConflict, LedgerFenced, LedgerUnavailable
from bridge.flow import Delivery, Taken
from bridge.intake.assignment import Assignment
from bridge.intake.batches import Batches, Written
from bridge.intake.brake import Brake
from bridge.intake.epochs import LeaderEpochs
from bridge.intake.lanes import Lanes
from bridge.intake.merge import CommitOrder
from bridge.intake.outbox import Outbox
from bridge.intake.pace import BUSY_POLL_SECONDS, Pace
from bridge.intake.progress import Progress
from bridge.intake.sharing import BrandLedger
from bridge.records import Partition
from bridge.row import Row

BATCH = 500
"""Records in one transaction: enough to share one fsync, few enough to keep it near 20 ms."""
ENOUGH = BATCH // 4
"""Records worth a transaction of their own while the one before is not durable yet.

With fewer there is time to wait for the disk, and what comes meanwhile goes into one transaction with them.
"""
RETRY_SECONDS = 0.5


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
        self._source, self._ledger = source, ledger
        self._wall_ms, self._clock = wall_ms, clock
        self.progress = Progress()
        self._order = CommitOrder(connector.source.order.wait.total_seconds())
        self.oldest_waiting_ms = self._order.oldest_ms
        """Tells the time of the oldest record that was read and is not taken in; None where there is none."""
        self._lanes = Lanes(source, decoder, self._order)
        self._outbox = Outbox(ledger, outbound, connector.limits.outbox)
        epochs = LeaderEpochs(source, ledger, wall_ms)
        self._brake = Brake(source, self._outbox, self._lanes, self._order, clock)
        self._batches = Batches(
            brand,
            decoder,
            ledger,
            self.progress,
            positions=self._lanes.positions,
            passed=self._lanes.passed,
            epochs=epochs,
            durable=self._hand_over,
            shared=ledger.shared,
            clock=clock,
        )
        self.asked_to_stop: Callable[[], bool] = lambda: False
        """Asked while the ledger is away: whether to go on waiting for it."""
        self._assignment = Assignment(
            brand,
            source,
            ledger,
            lanes=self._lanes,
            batches=self._batches,
            outbox=self._outbox,
            progress=self.progress,
            epochs=epochs,
            partitions_of=partitions_of,
            clock=clock,
            settle=self._settle,
            drain=self.drain,
        )
        self._pace = Pace(
            self._order,
            self._batches,
            self._outbox,
            waits_for_lookups=self._assignment.waits_for_lookups,
            window=connector.target.rabbitmq.window,
            wall_ms=wall_ms,
            clock=clock,
        )
        self._assignment.take_up_what_waits()

    def on_sending(
        self, offered: Callable[[Sequence[Delivery]], None], confirmed: Callable[[Sequence[int]], None]
    ) -> None:
        """Have told what is going to be offered to the sender, and the numbers of what was confirmed."""
        self._outbox.on_offer, self._outbox.on_confirm = offered, confirmed

    def on_permit(self, told: Callable[[float], None]) -> None:
        """Have `told` called with the time, on the monotonic clock, until which the sender may send."""
        self._assignment.permit = told

    def open(self) -> None:
        """Send what the ledger still holds, and join the group.  Raises as `Source.open` does."""
        self._outbox.refill()
        self._source.open(self._assignment)

    def step(self) -> None:
        """Go round once: take in what is there, or wait for it for a moment.

        Raises FatalError (and so TooManyParked, OffsetExpired, ...) when going on would lose or invent
        play, and SourceUnavailable after the source's own limit.
        """
        now = self._clock()
        self.progress.turned_at = now
        self._assignment.renew()
        self._brake.look()
        self._poll(0.0 if self._batches.under_way else self._pace.poll_seconds(now))
        if self._batches.under_way and self._order.waiting() < ENOUGH:
            self._settle()
            self._poll(0.0)
        self.progress.ready = self.progress.ready or self._lanes.caught_up()
        now = self._clock()
        self._write_batch(list(self._order.take(now, BATCH, play=not self._assignment.waits_for_lookups(now))))
        self._refill()
        self._commit_offsets()

    def _poll(self, seconds: float) -> None:
        records = self._brake.poll(seconds)
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

        Returns whether everything was.  Raises LedgerUnavailable only when it is away and this was asked to stop.
        """
        deadline, asked = self._clock() + deadline_seconds, self.asked_to_stop
        # A ledger that is away is waited for no longer than this either.
        self.asked_to_stop = lambda: asked() or self._clock() >= deadline
        try:
            self._drain_until(deadline)
        except LedgerUnavailable:
            if asked():
                raise
        finally:
            self.asked_to_stop = asked
        self._commit_offsets(at_once=True)
        return not self._outbox.pending() and not self._outbox.unrecorded()

    def _drain_until(self, deadline: float) -> None:
        self._settle()
        while self._clock() < deadline and not self.halted:
            self._assignment.renew()
            self._refill()
            self._write_batch([], at_once=True)
            if not self._outbox.busy and not self._outbox.unrecorded():
                break
            time.sleep(BUSY_POLL_SECONDS)

    def finish(self, deadline_seconds: float) -> bool:
        """Drain for the last time: who takes the partitions away after this waits no second time."""
        clean = self.drain(deadline_seconds)
        self._assignment.revoke_seconds = 0.0
        return clean

    def halt(self) -> None:
        """Send and write nothing any more: what is left is another instance's.  Close all, and start anew."""
        self._assignment.halt()

    @property
    def halted(self) -> bool:
        """Whether `halt` was called, or another instance may send what this one still has."""
        return self._assignment.halted

    def record(self) -> None:
        """Record what has been confirmed.  Raises LedgerUnavailable when that cannot be done."""
        self._settle()
        if self._outbox.unrecorded() and not self.halted:
            self._write([], self._wall_ms())

    @property
    def positions(self) -> Mapping[Partition, int]:
        """Return the positions that are durable."""
        return dict(self._lanes.positions)

    def _commit_offsets(self, *, at_once: bool = False) -> None:
        self.progress.last_error = self._lanes.commit(self._clock(), at_once=at_once) or self.progress.last_error

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
        now_ms = self._wall_ms()
        deadline = self._batches.next_deadline()
        expired = deadline is not None and deadline <= now_ms
        recheck = self._ledger.shared and (expired or self._pace.due_for_recheck())
        record = self._outbox.unrecorded() > 0 if at_once else self._pace.due_to_record()
        if not (batch or expired or recheck or record or tables or self._lanes.passed()):
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
                    self._batches.give_back(batch)
                    raise
                self._wait_for_ledger(error)
                # What was under way and failed goes first.
                batch = self._lanes.still_ours([*self._batches.take_back(), *batch])
        if not overlap:
            self.progress.ledger_answers(self._brand_name)

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
            self._assignment.take_up_what_waits()
        self._batches.write(batch, self._outbox.confirmed, now_ms, recheck=recheck, tables=tables, wait=wait)

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
        if self._outbox.all_offered:
            return
        self._settle()
        try:
            self._outbox.refill()
        except LedgerUnavailable as error:
            if self.asked_to_stop():
                raise
            self._wait_for_ledger(error)

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
