"""What kafka-python 3.0.12 does wrong, put right from outside.  Each part says where in the library it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaTimeoutError
from kafka.structs import OffsetAndMetadata


def bootstrap_in_steps(network: Any, wait: Callable[[Callable[[float], Exception | None]], None]) -> None:
    """Make the first wait for a broker one that can be ended: the library's own blocks for its whole timeout.

    `wait` is given a step: it waits so many seconds and returns why no broker has answered, None when one has.
    It goes on with one attempt of the library's (`KafkaConnectionManager.bootstrap_async` in 3.0.12).
    """
    manager = network._manager  # noqa: SLF001 - the library offers no other place

    def bootstrap(timeout_ms: float | None = None, refresh: bool = True) -> None:
        attempt: Any = None

        async def go_on(milliseconds: float) -> None:
            nonlocal attempt
            if attempt is None:
                attempt = manager.bootstrap_async(timeout_ms, refresh)
            await manager.wait_for(attempt, milliseconds)

        def step(seconds: float) -> Exception | None:
            try:
                network._net.run(go_on, seconds * 1000)  # noqa: SLF001
            except KafkaTimeoutError as error:
                if attempt.is_done:
                    raise
                silence: Exception = error
                return silence
            return None

        wait(step)

    manager.bootstrap = bootstrap


def keep_last_words(network: Any) -> None:
    """Make connections take what came together with their end: the library drops it.

    (`KafkaTCPTransport._read_from_sock` in 3.0.12.)  A broker that refuses a log-in says so and closes at once;
    a client that looks a moment too late would hear of a lost connection only.
    """
    manager = network._manager  # noqa: SLF001 - the library offers no other place
    build = manager._build_transport  # noqa: SLF001

    async def built(*said: Any, **named: Any) -> Any:
        transport = await build(*said, **named)
        receive = transport._sock_recv  # noqa: SLF001

        def received() -> tuple[bytes, Exception | None]:
            data, error = receive()
            # The end is met again by the next read.
            return data, None if data else error

        transport._sock_recv = received  # noqa: SLF001
        return transport

    manager._build_transport = built  # noqa: SLF001


def keep_joins(consumer: Any, seconds: float) -> None:
    """Make the consumer take a join that was answered between two polls, for so many seconds after the answer.

    The library asks the group and is answered in a thread of its own.  When the answer comes while nobody
    polls, its next poll drops the answer and asks again (`BaseCoordinator.join_group_async` in 3.0.12).  A
    leader that asks again makes the whole group join, so its next answer again comes while others are
    awaited: a group can go round like that without end, and gives nobody a record.

    Where it asked because partitions were added, its next poll does not look for the answer at all
    (`ConsumerCoordinator.need_rejoin`), and the group is lost without a word.

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
            # Stays wanted until the library has taken the answer.
            coordinator.request_rejoin()
            answer = await ask()
            answered = time.monotonic()
        return answer

    coordinator._do_join_and_sync_async = join  # noqa: SLF001


def free_resumed(consumer: Any) -> None:
    """Make the consumer return what it had fetched of a partition before that was paused, once it is resumed.

    The library puts such records aside, and takes them up again only when it holds no partition's records at
    all (`Fetcher.fetched_records` in 3.0.12).  But it goes on holding the last partition that it has read to
    the end, and never fetches what it has put aside: the resumed partition would stand still for ever.
    """
    fetcher = consumer._fetcher  # noqa: SLF001 - the library offers no other place
    take = fetcher.fetched_records

    def fetched_records(*said: Any, **named: Any) -> Any:
        if not fetcher._next_partition_records:  # noqa: SLF001 - false once it has been read to the end
            fetcher._next_partition_records = None  # noqa: SLF001
        return take(*said, **named)

    fetcher.fetched_records = fetched_records


def seek(consumer: Any, partition: Any, position: int, epoch: int | None) -> None:
    """Read a partition from a position on; `epoch` is that of the leader before it, where it is known.

    The library validates positions by it, also those that the group had (`Fetcher.validate_offsets_if_needed`),
    but its own `seek` takes a number alone (`KafkaConsumer.seek` in 3.0.12).
    """
    consumer.seek(partition, position)
    if epoch is not None:
        consumer._subscription.seek(partition, OffsetAndMetadata(position, "", epoch))  # noqa: SLF001
