"""What the Kafka adapters can do beyond `Source`: questions to the brokers, and reading without a group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from bridge.contracts import Source
from bridge.errors import SourceUnavailable
from bridge.records import Partition


class Range(NamedTuple):
    """The positions that a partition has: from its first record to behind its last."""

    first: int
    end: int


class SourceHealth(msgspec.Struct, frozen=True, gc=False):
    """How a source stands with its brokers."""

    connected: bool
    down_seconds: float
    """How long no broker has answered; 0 while connected."""
    last_error: str | None
    """The latest trouble in one sentence; None once it is over."""
    commit_failures: int
    refused: bool = False
    """The trouble is one that does not pass by itself, also beside a connection: a log-in, TLS, a right."""


class KafkaSource(Source, Protocol):
    """A source whose records lie in Kafka."""

    def on_waiting(self, told: Callable[[SourceUnavailable], None], asked_to_stop: Callable[[], bool]) -> None:
        """Have `told` called, in the caller's thread, when no broker has answered after two seconds.

        Whoever asked goes on waiting, and gets the answer, or the error once `request_timeout` is over or
        `asked_to_stop` says so: it is asked about once a second, also while `open` waits for topics.
        """

    def attach(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions from these positions without joining the group; in place of `open`.

        Raises SourceUnavailable when no server answers.
        """

    def reached(self) -> Mapping[Partition, int]:
        """Return, for each assigned partition, the position up to which `poll` has returned everything.

        Where a partition ends with what is no record (the marker of a transaction), it is read to its
        end when this says so, although no record of that position ever comes.
        """

    def partitions(self, topics: Collection[str]) -> Mapping[str, Sequence[Partition]]:
        """Return the partitions of each topic that is there.  Raises SourceUnavailable."""

    def ranges(self, partitions: Collection[Partition]) -> Mapping[Partition, Range]:
        """Return the positions that are there now.  Raises SourceUnavailable."""

    def topics(self) -> Sequence[str]:
        """Return the names, sorted, of the topics there that are subscribed to.  Raises SourceUnavailable."""

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """Return the id of each topic that is there: 32 hexadecimal digits; one made anew has another.

        A topic that the bridge's user may not describe is left out, and so is one of brokers before 2.8,
        which have no ids.  Raises SourceUnavailable.
        """

    def topic_settings(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the brokers' settings of topics that are there (`cleanup.policy`, ...).

        Raises SourceUnavailable, also when the bridge's user may not ask.
        """

    def health(self) -> SourceHealth:
        """Say how the source stands with its brokers; never blocks."""
