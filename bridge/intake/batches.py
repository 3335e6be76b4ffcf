"""Maps batches of records, and writes each as one durable transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bridge.brand import Brand
from bridge.contracts import Decoder, Ledger
from bridge.errors import LedgerUnavailable
from bridge.flow import Delivery, Taken
from bridge.intake.epochs import LeaderEpochs
from bridge.intake.flood import Flood
from bridge.intake.lanes import partition_of
from bridge.intake.progress import Progress
from bridge.intake.taking import take_all, take_up, wants_of
from bridge.mapping.mapper import Mapper
from bridge.memory import Commit, LedgerTransaction
from bridge.records import Confirmed, Partition
from bridge.row import Row


class Written(NamedTuple):
    """What one transaction made durable."""

    deliveries: Sequence[Delivery]
    """Its events, in order."""
    confirmed: Confirmed | None
    """Which events it records as confirmed, if that is news."""


@dataclass(slots=True)
class _Begun:
    """A batch that has been mapped, and what is to be noted when it is durable."""

    batch: Sequence[Taken]
    behind: dict[Partition, int]
    held: int
    counts: Mapping[tuple[str, str, str], int]
    warnings: Counter[str]
    flood: tuple[int, list[tuple[float, int]]]
    """What the batches before this one had left."""
    epochs: Mapping[Partition, int]
    seconds: float = 0.0
    """From the first statement until it was durable."""


class Batches:
    """One brand's mapper and the transactions in which it works.

    At most one commit is under way, while the next batch is mapped on top of it.
    """

    def __init__(
        self,
        brand: Brand,
        decoder: Decoder,
        ledger: Ledger,
        progress: Progress,
        *,
        positions: dict[Partition, int],
        passed: Callable[[], Mapping[Partition, int]],
        epochs: LeaderEpochs,
        durable: Callable[[Written], None],
        shared: bool,
        clock: Callable[[], float],
    ) -> None:
        """`positions` takes the durable position of each partition, and `passed` tells those behind no record.

        `durable` is called as soon as a batch is that, by the thread that has waited for the disk.
        `shared`: other instances write to the same ledger.
        """
        self._brand = brand
        self._decoder = decoder
        self._ledger = ledger
        self._shared = shared
        self._clock = clock
        self._progress = progress
        self._positions = positions
        self._passed = passed
        self._epochs = epochs
        self._durable = durable
        self._flood = Flood(brand.connector.limits.parked_in_a_row, brand.connector.limits.parked_per_minute)
        self._mapper = Mapper(brand.plan, self._flood.add, shared=shared)
        self.spoiled = False
        """The mapper knows of what was rolled back, and must be restarted before the next batch."""
        self.written_at = 0.0
        """When the last transaction became durable, on the clock."""
        self._under_way: tuple[_Begun, Commit] | None = None
        self._given_back: list[Taken] = []

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self._mapper.held

    def next_deadline(self) -> int | None:
        """Return when the next held change will have waited long enough, in wall-clock milliseconds."""
        return self._mapper.next_deadline()

    @property
    def under_way(self) -> bool:
        """Whether a commit has been started that has not been settled yet."""
        return self._under_way is not None

    def restart(self, *, with_held: bool) -> None:
        """Make the mapper anew; `with_held`: what waits in the ledger is ours.

        Raises FatalError when a held record cannot be decoded any more, and LedgerUnavailable as `settle`.
        """
        self.settle()
        mapper = Mapper(self._brand.plan, self._flood.add, shared=self._shared)
        if with_held:
            take_up(mapper, self._ledger, self._decoder)
        self._mapper, self.spoiled = mapper, False
        self._progress.held = mapper.held

    def write(
        self,
        batch: Sequence[Taken],
        confirmed: Callable[[], Confirmed | None],
        now_ms: int,
        *,
        recheck: bool = False,
        tables: Sequence[tuple[str, Sequence[Row]]] = (),
        wait: bool = True,
    ) -> None:
        """Map a batch, and make all that it leads to durable at once: with `wait` before this returns.

        `tables` become the whole of look-ups that no topic carries, and with `recheck` what waits for other
        instances' doings is judged again.  What is newly `confirmed` is asked for last, so that the window
        moves on as far as it can.  Raises LedgerUnavailable (try again after `restart`, with what `take_back`
        returns before it) and TooManyParked: nothing of the batch has been kept then.
        """
        transaction = self._ledger.begin(now_ms)
        try:
            self._map(transaction, batch, now_ms, recheck=recheck, tables=tables)
            behind = _positions_behind(batch) | dict(self._passed())
            transaction.advance(behind)
            epochs = self._epochs.write(transaction)
            self.settle()
            self._commit(transaction, batch, behind, epochs, confirmed(), wait=wait)
        except BaseException:
            transaction.rollback()
            self.spoiled = True
            raise

    def settle(self) -> None:
        """Wait for the commit under way, if one is.  Raises LedgerUnavailable as `write`."""
        if self._under_way is None:
            return
        (begun, commit), self._under_way = self._under_way, None
        try:
            commit.wait()
        except BaseException as error:
            self.spoiled = True
            self._flood.go_back(begun.flood)
            if isinstance(error, LedgerUnavailable):
                self._given_back = list(begun.batch)
            raise
        self._note(begun)

    def take_back(self) -> list[Taken]:
        """Return, once, the batch that a commit under way could not keep: it goes before all else."""
        batch, self._given_back = self._given_back, []
        return batch

    def give_back(self, batch: Sequence[Taken]) -> None:
        """Take a batch that was given up, for `take_back` to return it behind what it would return."""
        self._given_back += batch

    def forget(self, partitions: Collection[Partition]) -> None:
        """Do not give back what was read of partitions: whoever has them then reads it again."""
        self._given_back = [one for one in self._given_back if partition_of(one) not in partitions]

    def _map(
        self,
        transaction: LedgerTransaction,
        batch: Sequence[Taken],
        now_ms: int,
        *,
        recheck: bool,
        tables: Sequence[tuple[str, Sequence[Row]]],
    ) -> None:
        mapper = self._mapper
        mapper.begin(transaction, now_ms)
        self._flood.begin(self._clock())
        for lookup, rows in tables:
            mapper.load(lookup, rows)
        transaction.prefetch(wants_of(mapper, batch))
        take_all(mapper, batch)
        if recheck:
            mapper.recheck()
        mapper.expire()

    def _commit(
        self,
        transaction: LedgerTransaction,
        batch: Sequence[Taken],
        behind: dict[Partition, int],
        epochs: Mapping[Partition, int],
        recorded: Confirmed | None,
        *,
        wait: bool,
    ) -> None:
        if recorded is not None:
            transaction.confirm(recorded.seq, recorded.ahead)
        flood, started = self._flood, self._clock()
        held, counts = self._mapper.held, transaction.counts()
        begun = _Begun(batch, behind, held, counts, flood.warnings, flood.marks, epochs)

        def durable(deliveries: Sequence[Delivery]) -> None:
            self.written_at = self._clock()
            begun.seconds = self.written_at - started
            self._durable(Written(deliveries, recorded))

        if wait:
            durable(transaction.commit())
            flood.commit()
            self._note(begun)
        else:
            self._under_way = begun, transaction.start_commit(durable)
            flood.commit()

    def _note(self, begun: _Begun) -> None:
        progress, batch = self._progress, begun.batch
        self._positions |= begun.behind
        self._epochs.kept(begun.epochs)
        progress.ledger_seconds.append(begun.seconds)
        progress.taken += len(batch)
        progress.held = begun.held
        for key, count in begun.counts.items():
            progress.outcomes[key] += count
            if key[0] == "sent":
                progress.sent += count
            elif key[0] == "parked":
                progress.parked += count
            elif key[0] == "skipped":
                progress.skipped += count
        progress.warnings.update(begun.warnings)
        progress.records.update([taken.record.topic for taken in batch])
        if batch:
            progress.last_record_ms = batch[-1].record.timestamp_ms


def _positions_behind(batch: Sequence[Taken]) -> dict[Partition, int]:
    """Return the next offset of each partition; a partition's records are in order."""
    last = {(taken.record.topic, taken.record.partition): taken.record.offset for taken in batch}
    return {Partition(*at): offset + 1 for at, offset in last.items()}
