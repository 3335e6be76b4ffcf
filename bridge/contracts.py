"""The protocols between the steps, with what each side may rely on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from bridge.flow import Decoded, Delivery
from bridge.memory import LedgerTransaction
from bridge.records import HeldChange, ParkedChange, Partition, SourceRecord


class AssignmentListener(Protocol):
    """Told about partitions that come and go, always from inside `Source.poll` or `Source.close`."""

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the position to start from for each partition; one left out starts at its first record."""

    def leader_epochs(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return under which leader epoch the record before each position was read, or a later one, never an
        earlier; one that is not known is left out.  Asked behind `on_assigned`.
        """

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        """Hand over: when this returns, the partitions have a new owner.  `Source.commit` still works inside."""

    def on_lost(self, partitions: Collection[Partition]) -> None:
        """Forget at once: the partitions already have a new owner."""


class Source(Protocol):
    """Records of the assigned partitions.  A position is always the next offset to read.

    Not thread-safe: one thread calls it.  Nothing is committed unless `commit` is called.
    """

    def open(self, listener: AssignmentListener) -> None:
        """Subscribe.  Raises SourceUnavailable when no server answers, ConfigError when a topic is not there."""

    def poll(self, timeout_seconds: float) -> Sequence[SourceRecord]:
        """Return what is there, at most `max_poll_records` of them, in order per partition.

        Returns at once when records are there, else waits at most `timeout_seconds` for the first.
        Raises OffsetExpired when a start position has left the topic, TopicReplaced when it lies behind
        the topic's end, or the topic has lost records before a position since they were read, and
        SourceUnavailable only after the source has had no server for its limit, if one is set.
        """

    def pause(self, partitions: Collection[Partition]) -> None:
        """Return no more records of these from `poll`, and lose none; membership in the group is kept."""

    def resume(self, partitions: Collection[Partition]) -> None:
        """Undo `pause`."""

    def reached(self) -> Mapping[Partition, int]:
        """Return, for each assigned partition, the position up to which `poll` has returned everything.

        Where a partition ends with what is no record (the marker of a transaction), it is read to its
        end when this says so, although no record of that position ever comes.
        """

    def leader_epochs(self) -> Mapping[Partition, int]:
        """Return the leader epoch of the last record that `poll` returned of each assigned partition.

        Kafka counts the leaders that a partition has had, and writes the number into each record (KIP-101).
        Records that a new leader does not have are gone; others come in their places, under a higher number
        (KIP-320).  A partition is left out of which nothing was read, or whose server does not count.
        """

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the position behind the last record of each partition, asked from the server now."""

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the group's committed positions; a partition without one is left out."""

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit positions for lag tools, without waiting for the answer.  Failures are counted, not raised."""

    def close(self) -> None:
        """Leave the group.  Calls `on_revoked` for what is still assigned."""


class Decoder(Protocol):
    """Pure: no clock, no network but the registry behind its own cache, no logging."""

    def decode(self, record: SourceRecord) -> Decoded:
        """Say what a record is.  Raises DecodeError for bytes that are none of what is known, and
        SourceUnavailable when a schema registry is away.
        """


class Ledger(Protocol):
    """The bridge's durable memory for one brand.  One thread calls it, but for `close`.

    While a commit is under way, `begin` and what a batch reads do not wait for it; everything else does,
    and says what is durable.
    """

    def begin(self, now_ms: int) -> LedgerTransaction:
        """Start a transaction; `now_ms` is the wall clock in milliseconds, for days and retention."""

    def positions(self) -> Mapping[Partition, int]:
        """Return every position that is known."""

    def confirmed(self) -> int:
        """Return the sequence number up to which all events have been confirmed; 0 at first."""

    def confirmed_ahead(self) -> Collection[int]:
        """Return the events behind `confirmed()` that have been confirmed too."""

    def unconfirmed(self, after_seq: int, limit: int) -> Sequence[Delivery]:
        """Return events behind `after_seq` that are not known to be confirmed, in order: some where there are
        any, and `limit` at most.
        """

    def held(self) -> Iterator[HeldChange]:
        """Yield every held change, in the order of their ids."""

    def parked(self) -> Iterator[ParkedChange]:
        """Yield every parked change, in the order of their ids."""

    def counters(self) -> Mapping[tuple[str, str, str], int]:
        """Return how many changes ended how: (outcome, table, reason) to number, over all days kept."""

    def prune(self, before_day: str, limit: int) -> int:
        """Forget up to `limit` things last touched before the day (ISO date); return how many."""

    def size_bytes(self) -> int:
        """Return what the ledger takes on disk."""

    def close(self) -> None:
        """Let go of files, locks and connections, when a commit that is under way has ended.

        Uncommitted transactions are lost, as they should be.
        """


class Outbound(Protocol):
    """Sending out: takes deliveries in outbox order and gets each routed and confirmed, in order per player."""

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Take deliveries, oldest first, each with a higher seq than the one before.  Never blocks."""

    def confirmed(self) -> int:
        """Return the seq up to which every offered delivery has been routed and confirmed."""

    def confirmed_number(self) -> int:
        """Return how many deliveries have been routed and confirmed."""

    def newly_confirmed(self) -> Sequence[int]:
        """Return the seqs of what was routed and confirmed since the last call, in no order.  Never blocks.

        What `confirmed` covers, or `confirmed_number` counts, was given before or is given by the next call.
        """

    def recorded(self, number: int) -> None:
        """The ledger has recorded so many of `confirmed_number`: the window moves on.  Never blocks."""

    def pending(self) -> int:
        """Return how many deliveries have been offered and are not confirmed."""
