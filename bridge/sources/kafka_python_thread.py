"""kafka-python's own thread: the library polls there, and the group is answered in the caller's meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future as Polling
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.future import Future

from bridge.errors import SourceUnavailable
from bridge.records import Partition


class GroupMember(Protocol):
    """Who answers the group, in the thread that calls `LibraryThread.run`."""

    def take_over(self, partitions: list[Partition]) -> None:
        """These partitions are ours from now on."""

    def hand_over(self, partitions: list[Partition]) -> None:
        """These partitions go to others."""

    def forget(self, partitions: list[Partition]) -> None:
        """These partitions went to others."""


class Told(NamedTuple):
    """What the group says, to be answered in the thread that polls."""

    handle: Callable[[list[Partition]], None]
    partitions: list[Partition]
    answer: Any


class _Relay(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Takes what the group says from the library's own thread to the one that polls.

    Heartbeats go on while the answer is awaited.
    """

    def __init__(self, member: GroupMember, told: SimpleQueue[Any]) -> None:
        self._member = member
        self._told = told

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        await self._tell(self._member.take_over, assigned)

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        await self._tell(self._member.hand_over, revoked)

    async def on_partitions_lost(self, lost: Collection[Any]) -> None:
        await self._tell(self._member.forget, lost)

    async def _tell(self, handle: Callable[[list[Partition]], None], partitions: Collection[Any]) -> None:
        answer = Future()
        self._told.put(Told(handle, [Partition(at.topic, at.partition) for at in sorted(partitions)], answer))
        await answer


class LibraryThread:
    """Runs tasks of the library one after the other."""

    def __init__(self, answer: Callable[[Told], None]) -> None:
        """`answer` is called, in the thread that waits in `run`, with what the group says."""
        self._answer = answer
        self._thread: ThreadPoolExecutor | None = None
        self._events: SimpleQueue[Told | Polling[Any]] = SimpleQueue()

    def start(self) -> None:
        """Begin; nothing runs yet."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-python")

    def relay(self, member: GroupMember) -> AsyncConsumerRebalanceListener:
        """Return the listener to give to the library."""
        return _Relay(member, self._events)

    def run(self, task: Callable[[], Any]) -> Any:
        """Run a task and return what it returns, or raise what it raises; answer the group meanwhile."""
        if self._thread is None:
            raise SourceUnavailable("the source is not open")
        self._thread.submit(task).add_done_callback(self._events.put)
        while isinstance(event := self._events.get(), Told):
            self._answer(event)
        return event.result()

    def stop(self) -> None:
        """Wait for the task that runs, and end."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
