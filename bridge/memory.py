"""What the bridge remembers, as one batch sees it.

Asked several times for each record, so it is a class that can be compiled, and no protocol: those are
asked by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bridge.flow import Delivery, Event
from bridge.records import HeldChange, ParkedChange, Partition


class Memory(ABC):
    """What the bridge remembers, as one transaction sees it: its own writes included.

    A key-value store in named spaces; what the bytes mean is the mapping's business.
    """

    @abstractmethod
    def get(self, space: str, key: str) -> bytes | None:
        """Return what was put last, or None."""

    @abstractmethod
    def put(self, space: str, key: str, value: bytes | None) -> None:
        """Remember; None forgets."""

    @abstractmethod
    def prefetch(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Read many (space, key) pairs in as few round trips as possible, so that `get` need not."""

    @abstractmethod
    def add_event(self, event: Event) -> int:
        """Append to the outbox and return its sequence number, which grows with each call."""

    @abstractmethod
    def body(self, seq: int) -> bytes | None:
        """Return the body of an event that was added before, or None when it is past its retention."""

    @abstractmethod
    def hold(self, held: HeldChange) -> int:
        """Keep a change that waits and return its id; `held.held_id` 0 adds, another replaces."""

    @abstractmethod
    def release(self, held_id: int) -> None:
        """The change waits no longer."""

    @abstractmethod
    def park(self, parked: ParkedChange) -> int:
        """Keep a change for a person and return its id."""

    @abstractmethod
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


class LedgerTransaction(Memory):
    """One batch.  Everything in it becomes durable together, or none of it."""

    @abstractmethod
    def advance(self, positions: Mapping[Partition, int]) -> None:
        """Note the positions after the batch."""

    @abstractmethod
    def confirm(self, seq: int, ahead: Sequence[int] = ()) -> None:
        """Note what the broker has confirmed: every event up to `seq`, itself included, and behind it `ahead`.

        `ahead` stands in the place of the one before; a `seq` below the one before does not take that back.
        """

    @abstractmethod
    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return what `count` was told of this batch: (outcome, table, reason) to number."""

    @abstractmethod
    def commit(self) -> Sequence[Delivery]:
        """Make it durable (a crash of the machine included) and return the events of it, in order.

        Raises LedgerUnavailable: nothing of the batch has then been kept, and it may be tried again, unless
        it was begun while another's commit was under way that failed: then it will always raise.
        """

    @abstractmethod
    def start_commit(self, durable: Callable[[Sequence[Delivery]], None]) -> Commit:
        """Write it, and let it become durable while the caller goes on, if the storage can do that.

        `durable` gets the events as soon as they are durable: from another thread, or before this returns.
        A batch that is begun meanwhile sees what this one wrote, and can be committed only if this one was.
        An earlier commit is waited for first, so one is under way at most.  Raises as `commit`.
        """

    @abstractmethod
    def rollback(self) -> None:
        """Forget the batch."""
