"""Maps batches of records, and writes each as one durable transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bridge.brand import Brand
from bridge.contracts import Decoder, Ledger
from bridge.flood import Flood
from bridge.mapping.mapper import Mapper
from bridge.progress import Progress
from bridge.records import Change, Delivery, Partition, Taken
from bridge.row import Row
from bridge.taking import take_all, take_up


class Written(NamedTuple):
    """What one transaction made durable."""

    deliveries: Sequence[Delivery]
    """Its events, in order."""
    confirmed: int | None
    """Up to where it records events as confirmed, if that is news."""


class Batches:
    """One brand's mapper and the transactions in which it works."""

    def __init__(
        self,
        brand: Brand,
        decoder: Decoder,
        ledger: Ledger,
        progress: Progress,
        *,
        shared: bool,
        clock: Callable[[], float],
    ) -> None:
        """`shared`: other instances write to the same ledger."""
        self._brand = brand
        self._decoder = decoder
        self._ledger = ledger
        self._shared = shared
        self._clock = clock
        self._progress = progress
        self._flood = Flood(brand.connector.limits.parked_in_a_row, brand.connector.limits.parked_per_minute)
        self._mapper = Mapper(brand.plan, self._flood.add, shared=shared)
        self.spoiled = False
        """The mapper knows of what was rolled back, and must be restarted before the next batch."""
        self.written_at = 0.0
        """When the last transaction became durable, on the clock."""

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self._mapper.held

    def next_deadline(self) -> int | None:
        """Return when the next held change will have waited long enough, in wall-clock milliseconds."""
        return self._mapper.next_deadline()

    def restart(self, *, with_held: bool) -> None:
        """Make the mapper anew; `with_held`: what waits in the ledger is ours.

        Raises FatalError when a held record cannot be decoded any more.
        """
        mapper = Mapper(self._brand.plan, self._flood.add, shared=self._shared)
        if with_held:
            take_up(mapper, self._ledger, self._decoder)
        self._mapper, self.spoiled = mapper, False

    def write(
        self,
        batch: Sequence[Taken],
        positions: dict[Partition, int],
        confirmed: Callable[[], int | None],
        now_ms: int,
        *,
        recheck: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
    ) -> Written:
        """Map a batch, and make all that it leads to durable at once.

        `positions` takes the positions behind the batch, `tables` become the whole of look-ups that no
        topic carries, and with `recheck` what waits for other instances' doings is judged again.  What is
        newly `confirmed` is asked for last, so that the window moves on as far as it can.  Raises
        LedgerUnavailable (try again after `restart`) and TooManyParked: nothing of the batch has been kept
        then.
        """
        started = self._clock()
        transaction = self._ledger.begin(now_ms)
        mapper = self._mapper
        try:
            mapper.begin(transaction, now_ms)
            self._flood.begin(started)
            for lookup, rows in tables:
                mapper.load(lookup, rows)
            wanted: list[tuple[str, str]] = []
            for one in batch:
                if isinstance(one.decoded, Change):
                    wanted += mapper.wants(one.decoded)
            transaction.prefetch(wanted)
            take_all(mapper, batch)
            if recheck:
                mapper.recheck()
            mapper.expire()
            behind = _positions_behind(batch)
            transaction.advance(behind)
            recorded = confirmed()
            if recorded is not None:
                transaction.confirm(recorded)
            deliveries = transaction.commit()
        except BaseException:
            transaction.rollback()
            self.spoiled = True
            raise
        self._flood.commit()
        self.written_at = self._clock()
        positions |= behind
        self._note(batch, self.written_at - started)
        return Written(deliveries, recorded)

    def _note(self, batch: Sequence[Taken], seconds: float) -> None:
        progress = self._progress
        progress.ledger_seconds.append(seconds)
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
        progress.warnings.update(self._flood.warnings)
        progress.records.update([taken.record.topic for taken in batch])
        if batch:
            progress.last_record_ms = batch[-1].record.timestamp_ms


def _positions_behind(batch: Sequence[Taken]) -> dict[Partition, int]:
    """Return the next offset of each partition; a partition's records are in order."""
    last = {(taken.record.topic, taken.record.partition): taken.record.offset for taken in batch}
    return {Partition(*at): offset + 1 for at, offset in last.items()}
