"""Windows of few events, and events for them."""

from __future__ import annotations

from bridge.delivery.ordering import OutboxWindow
from bridge.delivery.retries import Backoff
from bridge.flow import Delivery

WINDOW = 5


def delivery(seq: int, player: str = "p") -> Delivery:
    return Delivery(seq=seq, message_id=f"activity-{seq}:Approved", player=player, body=f"body {seq}".encode())


def window(size: int = WINDOW, first: float = 0.0) -> OutboxWindow:
    return OutboxWindow(size, Backoff(first, first * 8, jitter=lambda: 1.0))


def seqs(batch: list[Delivery]) -> list[int]:
    return [each.seq for each in batch]
