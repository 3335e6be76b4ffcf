"""Holds what arrived against the truth: one event or one cent of difference is a difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.demo.arrivals import Arrivals
from bridge.demo.counted import Counted
from bridge.demo.truth import Play, Truth, sums


@dataclass(frozen=True, slots=True)
class Outcome:
    """One brand at the end of a demo."""

    brand: str
    truth: Truth
    arrivals: Arrivals
    counted: Counted

    def differences(self) -> list[str]:
        """Return what does not agree, in sentences; nothing when all does."""
        return [f"{self.brand}: {sentence}" for sentence in (*self._events(), *self._money(), *self._counts())]

    def _events(self) -> Iterable[str]:
        due, came = Counter(self.truth.plays()), Counter(self.arrivals.plays())
        if missing := (due - came).total():
            yield f"{_many(missing, 'event')} did not arrive"
        if invented := (came - due).total():
            yield f"{_many(invented, 'event')} arrived that should not"
        if disordered := len(out_of_order(self.truth.players, self.arrivals.players)):
            yield f"the events of {_many(disordered, 'player')} arrived in another order"
        if self.arrivals.differing:
            yield f"{_many(self.arrivals.differing, 'duplicate')} had another body than the first"

    def _money(self) -> Iterable[str]:
        due, came = sums(self.truth.plays()), sums(self.arrivals.plays())
        for place in sorted(due.keys() | came.keys()):
            if due.get(place) != came.get(place):
                yield f"the sums of {place[0]} in {place[1]} differ"

    def _counts(self) -> Iterable[str]:
        for ending in ("sent", "skipped", "parked"):
            due, found = self.truth.endings[ending], self.counted.endings[ending]
            if due != found:
                yield f"{due} changes should be {ending}, the bridge counts {found}"
        if self.counted.held:
            yield f"{self.counted.held} changes are still held"


def out_of_order(due: Mapping[str, list[Play]], came: Mapping[str, list[Play]]) -> list[str]:
    """Return the players whose events arrived in another order, leaving out what is missing or too much."""
    found = []
    for player, plays in due.items():
        common = Counter(plays) & Counter(came.get(player, ()))
        if [one for one in plays if one in common] != [one for one in came.get(player, ()) if one in common]:
            found.append(player)
    return found


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
