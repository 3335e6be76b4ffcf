"""Which lanes are ours, and since which epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bridge.errors import LedgerFenced


class Lanes:
    """The lanes that this instance has claimed."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._epochs: dict[int, int] = {}

    def numbers(self) -> set[int]:
        """Return the claimed lanes."""
        return set(self._epochs)

    def take(self, epochs: Mapping[int, int]) -> None:
        """Remember a claim."""
        self._epochs.update(epochs)

    def drop(self, lanes: Collection[int]) -> None:
        """Forget claims."""
        for lane in lanes:
            self._epochs.pop(lane, None)

    def require(self, lanes: Collection[int]) -> None:
        """Raise LedgerFenced unless all of these are claimed."""
        missing = sorted(set(lanes).difference(self._epochs))
        if missing:
            raise LedgerFenced(f"this instance has no claim to lane {missing[0]} of the ledger {self._place}")

    def check(self, found: Collection[tuple[int, int, str]]) -> None:
        """Compare with (lane, epoch, instance) of the ledger; raise LedgerFenced when one is another's now."""
        for lane, epoch, instance in found:
            if self._epochs.get(lane) != epoch:
                raise LedgerFenced(f"lane {lane} of the ledger {self._place} is now of instance {instance}")
        if len(found) != len(self._epochs):
            raise LedgerFenced(f"the ledger {self._place} has forgotten who owns its lanes")
