"""What to say of a position that is not in its partition: the same words for every source."""

from __future__ import annotations

from bridge.errors import FatalError, OffsetExpired, TopicReplaced
from bridge.records import Partition


def check_position(partition: Partition, position: int, first: int, end: int) -> None:
    """Raise OffsetExpired when `position` is before `first`, TopicReplaced when it is behind `end`."""
    error = position_error(partition, position, first, end)
    if error:
        raise error


def position_error(partition: Partition, position: int, first: int, end: int) -> FatalError | None:
    """Return the error that `check_position` raises, or None."""
    place = _place(partition)
    there = f"the topic has {first} to {end}"
    if position < first:
        return OffsetExpired(
            f"{place}: the records from position {position} on were deleted before they were read, {there}; "
            "longer retention prevents it, a back-fill brings them back"
        )
    if position > end:
        return TopicReplaced(
            f"{place}: the position {position} was never in this topic, {there}; "
            "it was made anew, or has lost records from its end, or the ledger belongs to another Kafka"
        )
    return None


def lost_end(partition: Partition, position: int) -> FatalError:
    """Return the error of a position that lies in the topic, behind records that are others than were read."""
    place = _place(partition)
    return TopicReplaced(
        f"{place}: Kafka has lost records from its end that had been read, and has others in their places: "
        f"what lies before position {position} now has not been read"
    )


def not_given(partition: Partition, position: int) -> FatalError:
    """Return the error of a position that Kafka refuses, where nothing tells why."""
    return FatalError(
        f"{_place(partition)}: Kafka does not give position {position}; look at the topic, then start again"
    )


def _place(partition: Partition) -> str:
    return f"topic {partition.topic}, partition {partition.number}"
