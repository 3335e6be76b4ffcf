"""Keeps kafka-python from joining a group again and again."""

from __future__ import annotations

import time
from typing import Any


def keep_joins(consumer: Any, seconds: float) -> None:
    """Make the consumer take a join that was answered between two polls, for so many seconds after the answer.

    The library asks and is answered in a thread of its own.  When the answer comes while nobody polls, its
    next poll drops the answer and asks again (`BaseCoordinator.join_group_async` in 3.0.12).  A leader that
    asks again makes the whole group join, so its next answer again comes while others are awaited: a group
    can go round like that without end, and gives nobody a record.

    No heartbeats are sent before the answer is taken.  So an old one is still dropped: Kafka may have given
    the partitions to others meanwhile.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - the library offers no other place
    ask = coordinator._do_join_and_sync_async  # noqa: SLF001
    answer: bytes | None = None
    answered = 0.0

    async def join() -> bytes:
        nonlocal answer, answered
        # The library calls the group stable once it has taken an answer.
        if answer is None or not coordinator.rebalance_in_progress() or time.monotonic() > answered + seconds:
            answer = None
            answer = await ask()
            answered = time.monotonic()
        return answer

    coordinator._do_join_and_sync_async = join  # noqa: SLF001
