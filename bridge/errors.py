"""The error tree: the kind of an error decides what happens, and is fixed where the error is born.

BridgeError
├── ConfigError      all problems at once; nothing starts                 exit 78
├── PoisonRecord     one record is parked; the rest goes on
│   ├── DecodeError
│   └── MappingError
├── TransientError   back off, keep order, go on                          exit 75 after a limit, if one is set
│   ├── SourceUnavailable
│   ├── SinkUnavailable
│   ├── LedgerUnavailable
│   │   └── LedgerConflict
│   └── LedgerFenced
└── FatalError       drain, keep what is settled, stop with the cause     exit 70
    ├── OffsetExpired
    ├── TopicReplaced
    ├── LedgerMismatch
    └── TooManyParked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class BridgeError(Exception):
    """Any error that the bridge foresees.  `str()` of it is one sentence for a person."""

    exit_code: ClassVar[int] = 70


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a file, as a compiler would say it."""

    file: str
    line: int
    """Counts from 1; 0 where the file as a whole is meant."""
    column: int
    key: str
    """The path of keys inside the file, joined by dots."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(BridgeError):
    """A connector, or what it needs from its surroundings, is wrong.  Carries every problem found."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PoisonRecord(BridgeError):
    """One record can never lead to a right event.  It is parked, with `reason` for a person.

    `code` is a short stable word for metrics; `reason` never holds values of a row.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class DecodeError(PoisonRecord):
    """The bytes are no record that Debezium writes, or contradict their own schema."""


class EndlessTime(DecodeError):
    """The date is Postgres' infinity or -infinity: as a column of its own it can be compared, and no more."""

    def __init__(self, *, past: bool) -> None:
        super().__init__("infinity", "the date is infinity or -infinity")
        self.past = past


class MappingError(PoisonRecord):
    """The row cannot be said as an event: a column is missing or unavailable, a value does not fit."""


class TransientError(BridgeError):
    """Something outside is away; the same call may go through later."""

    exit_code = 75


class SourceUnavailable(TransientError):
    """Kafka, or the schema registry, does not answer."""


class SinkUnavailable(TransientError):
    """RabbitMQ does not answer, or does not take what is sent."""


class LedgerUnavailable(TransientError):
    """The ledger's storage does not answer, is locked, full or read-only."""


class LedgerConflict(LedgerUnavailable):
    """Another instance has changed what a batch had read; nothing was kept, and it is to be mapped anew."""


class LedgerFenced(TransientError):
    """Another instance has taken over what this one wanted to write for; nothing has been written."""


class FatalError(BridgeError):
    """Going on would lose or invent play.  The bridge drains, keeps what is settled, and stops."""


class OffsetExpired(FatalError):
    """The position to go on from has left the topic: records were deleted before they were read."""


class TopicReplaced(FatalError):
    """The topic is not the one that was read before, or has lost records from its end."""


class LedgerMismatch(FatalError):
    """The ledger is missing, older than its topics, of another brand, or used by another process."""


class TooManyParked(FatalError):
    """So many records were parked that the connector, not the data, must be wrong."""
