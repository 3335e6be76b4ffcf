"""The protocols between the steps, with what each side may rely on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from bridge.flow import Decoded, Delivery, Event
from bridge.records import HeldChange, ParkedChange, Partition, SourceRecord


class AssignmentListener(Protocol):
    """Told about partitions that come and go, always from inside `Source.poll` or `Source.close`."""

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the position to start from for each partition; one left out starts at its first record."""

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
        the topic's end, and SourceUnavailable only after the source has had no server for its limit, if
        one is set.
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


class Memory(Protocol):
    """What the bridge remembers, as one transaction sees it: its own writes included.

    A key-value store in named spaces; what the bytes mean is the mapping's business.
    """

    def get(self, space: str, key: str) -> bytes | None:
        """Return what was put last, or None."""

    def put(self, space: str, key: str, value: bytes | None) -> None:
        """Remember; None forgets."""

    def prefetch(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Read many (space, key) pairs in as few round trips as possible, so that `get` need not."""

    def add_event(self, event: Event) -> int:
        """Append to the outbox and return its sequence number, which grows with each call."""

    def body(self, seq: int) -> bytes | None:
        """Return the body of an event that was added before, or None when it is past its retention."""

    def hold(self, held: HeldChange) -> int:
        """Keep a change that waits and return its id; `held.held_id` 0 adds, another replaces."""

    def release(self, held_id: int) -> None:
        """The change waits no longer."""

    def park(self, parked: ParkedChange) -> int:
        """Keep a change for a person and return its id."""

    def count(self, outcome: str, table: str, reason: str) -> None:
        """Count how one change ended: outcome is sent, skipped or parked."""


class Commit(Protocol):
    """A commit under way."""

    def over(self) -> bool:
        """Return whether the batch has become durable or has failed.  Never blocks."""

    def wait(self) -> None:
        """Return when the batch is durable.

        Raises LedgerUnavailable, each time: nothing of it has been kept, nor can be of what was begun since.
        """


class LedgerTransaction(Memory, Protocol):
    """One batch.  Everything in it becomes durable together, or none of it."""

    def advance(self, positions: Mapping[Partition, int]) -> None:
        """Note the positions after the batch."""

    def confirm(self, seq: int, ahead: Sequence[int] = ()) -> None:
        """Note what the broker has confirmed: every event up to `seq`, itself included, and behind it `ahead`.

        `ahead` stands in the place of the one before; a `seq` below the one before does not take that back.
        """

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return what `count` was told of this batch: (outcome, table, reason) to number."""

    def commit(self) -> Sequence[Delivery]:
        """Make it durable (a crash of the machine included) and return the events of it, in order.

        Raises LedgerUnavailable: nothing of the batch has then been kept, and it may be tried again, unless
        it was begun while another's commit was under way that failed: then it will always raise.
        """

    def start_commit(self, durable: Callable[[Sequence[Delivery]], None]) -> Commit:
        """Write it, and let it become durable while the caller goes on, if the storage can do that.

        `durable` gets the events as soon as they are durable: from another thread, or before this returns.
        A batch that is begun meanwhile sees what this one wrote, and can be committed only if this one was.
        An earlier commit is waited for first, so one is under way at most.  Raises as `commit`.
        """

    def rollback(self) -> None:
        """Forget the batch."""


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
