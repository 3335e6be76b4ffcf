"""The contract of every sink, on the one in memory."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bridge.delivery.memory import Answer, MemoryOutbound
from bridge.flow import Delivery
from tests.contract.sink_contract import SinkContract


class MemoryBroker:
    """Answers by mode; a troubled one refuses at random, as a queue does that is now full and now not."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self._mode = Answer.ACK
        self._share = 1.0
        self._sink: MemoryOutbound | None = None

    def outbound(self, *, window: int = 1000, on_change: Callable[[], None] | None = None) -> MemoryOutbound:
        self._sink = MemoryOutbound(window, self._answer, on_change)
        return self._sink

    def _answer(self, _delivery: Delivery) -> Answer:
        return self._mode if self._chance.random() < self._share else Answer.ACK

    def refuse(self) -> None:
        self._mode, self._share = Answer.NACK, 0.5

    def unbind(self) -> None:
        self._mode, self._share = Answer.RETURN, 1.0

    def accept(self) -> None:
        self._mode = Answer.ACK

    def arrived(self) -> list[tuple[str, bytes]]:
        assert self._sink is not None
        return [(each.message_id, each.body) for each in self._sink.taken]


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


class TestMemorySink(SinkContract):
    """All of it."""
