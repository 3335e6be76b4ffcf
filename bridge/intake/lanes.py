"""The partitions in hand: what has been read of them, what of it is durable, committed or paused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bridge.contracts import Decoder, Source
from bridge.errors import LedgerMismatch, SourceUnavailable
from bridge.flow import Taken
from bridge.intake.merge import CommitOrder
from bridge.intake.taking import decode_all
from bridge.records import Partition, SourceRecord

COMMIT_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 1.0
"""How often to see whether a partition has gone on with what is no record."""


class Lanes:
    """One brand's assigned partitions, between the source and the ledger."""

    def __init__(self, source: Source, decoder: Decoder, order: CommitOrder) -> None:
        self._source = source
        self._decoder = decoder
        self.order = order
        self.positions: dict[Partition, int] = {}
        """The position of each partition that is durable in the ledger."""
        self.given_up: set[Partition] = set()
        """Partitions that were taken from this process since the batch in hand was begun."""
        self._committed: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._paused: frozenset[Partition] = frozenset()
        self._whole = True
        self._looked = False
        self._looked_at = 0.0

    def assigned(self) -> frozenset[Partition]:
        """Return the partitions in hand."""
        return frozenset(self.order.assigned())

    def assign(
        self,
        partitions: Collection[Partition],
        known: Mapping[Partition, int],
        *,
        plays: Collection[Partition],
        holds: bool,
    ) -> None:
        """Take partitions in hand, from the ledger's positions on.

        `plays` are those of play tables; with `holds` their records wait for each other's order.
        Raises LedgerMismatch for a ledger that knows nothing of what the group has read.
        """
        self._check_memory(partitions, known)
        ends = self._source.ends(partitions)
        for partition in partitions:
            play = partition in plays
            position = known.get(partition, 0)
            self.order.assign(partition, position, ends.get(partition, 0), holds=holds and play, first=not play)
            if partition in known:
                self.positions[partition] = position

    def _check_memory(self, partitions: Collection[Partition], known: Mapping[Partition, int]) -> None:
        """Refuse an empty memory where the group has been at work: old rows would be taken for new ones."""
        unknown = [partition for partition in partitions if partition not in known]
        committed = self._source.committed(unknown) if unknown else {}
        for partition, position in committed.items():
            if position > 0:
                raise LedgerMismatch(
                    f"the group has read {partition.topic}/{partition.number} up to {position}, but the ledger "
                    "knows nothing of it: put back the ledger that belongs to this group, or, to begin anew, "
                    "use another group (source.kafka.group)"
                )

    def forget(self, partitions: Collection[Partition]) -> None:
        """Let partitions go: what was read of them and is not durable is another owner's to read."""
        for partition in partitions:
            self.positions.pop(partition, None)
            self._committed.pop(partition, None)
            self.given_up.add(partition)
        # A source lets nothing rest that is assigned anew.
        self._paused = self._paused.difference(partitions)

    def add(self, records: Sequence[SourceRecord], arrived: float) -> None:
        """Decode what was polled, and put each record at the end of its lane.

        Raises SourceUnavailable without the registry.
        """
        # What was polled and could not be decoded is read again by the next attempt: nothing may pass it.
        whole, self._whole = self._whole, False
        for partition, run in decode_all(self._decoder, records, arrived):
            self.order.add(partition, run)
        self._whole = whole
        if whole and (arrived - self._looked_at >= LOOK_EVERY_SECONDS or self.order.behind()):
            self._looked, self._looked_at = True, arrived
            # No record may ever come from the end of a partition: it can be the marker of a transaction.
            for partition, position in self._source.reached().items():
                self.order.reached(partition, position)

    def passed(self) -> Mapping[Partition, int]:
        """Return news of positions behind what is no record, where all before it is durable.

        Without them a partition that ends with a marker would never be read to its end: for lag tools, for
        metrics, and for other instances.
        """
        found = self.order.passed(self.positions) if self._looked else {}
        self._looked = bool(found)
        return found

    def caught_up(self) -> bool:
        """Return whether every partition has been read to the end that it had when it was assigned."""
        return bool(self.positions or self.order.assigned()) and not self.order.behind()

    def pause_only(self, wanted: Collection[Partition]) -> None:
        """Have the source rest for these partitions and for no other."""
        assigned = self.assigned()
        now = assigned & frozenset(wanted)
        resume, pause = (self._paused & assigned) - now, now - self._paused
        if resume:
            self._source.resume(resume)
        if pause:
            self._source.pause(pause)
        self._paused = now

    def commit(self, now: float, *, at_once: bool = False) -> str:
        """Tell the group how far the ledger is, now and then; return what went wrong, or nothing."""
        if not at_once and now - self._committed_at < COMMIT_EVERY_SECONDS:
            return ""
        self._committed_at = now
        news = {at: offset for at, offset in self.positions.items() if self._committed.get(at) != offset}
        if news:
            try:
                self._source.commit(news)
            except SourceUnavailable as error:
                return str(error)
            self._committed |= news
        return ""

    def still_ours(self, batch: Sequence[Taken]) -> Sequence[Taken]:
        """Return what of a batch was not taken from this process meanwhile.

        Whoever has those partitions now, this process included, reads them from the ledger's position.
        """
        if not self.given_up:
            return batch
        return [one for one in batch if partition_of(one) not in self.given_up]


def partition_of(taken: Taken) -> Partition:
    """Return where a record was read."""
    return Partition(taken.record.topic, taken.record.partition)
