"""Wins that go on standing when all bets of their round have been taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Final

from bridge.mapping.state.outgoing import Outgoing

_SEVERAL: Final = 3
"""A single win that outlives its bet may be meant."""


class WinsLeft:
    """Notes what stands of each round."""

    def __init__(self) -> None:
        self._standing: dict[str, dict[tuple[str, str, str, int], tuple[str, Decimal]]] = defaultdict(dict)
        self._taken_back: set[str] = set()
        """Rounds of which a bet was taken back."""

    def note(self, events: Sequence[Outgoing]) -> None:
        """Note the events of one change."""
        for out in events:
            round_id, name = str(out.fields.get("round_id")), (out.row.plan.name, out.row.key, out.name, out.n)
            kind, amount = out.row.plan.activities[out.name].type, Decimal(out.amount)
            standing = self._standing[round_id]
            if out.approved:
                standing[name] = kind, amount
            elif name in standing and amount < standing[name][1]:
                standing[name] = kind, standing[name][1] - amount
            else:
                standing.pop(name, None)
                if kind == "Bet":
                    self._taken_back.add(round_id)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        left = [
            round_id for round_id in sorted(self._taken_back) if _wins_alone(self._standing[round_id].values())
        ]
        if len(left) >= _SEVERAL:
            sentence = (
                f"in {len(left)} rounds every bet was taken back, and a win goes on standing: {left[0]}, say"
            )
            yield sentence, "should the win go too? See `round` and `followers` under `reverses`"


def _wins_alone(standing: Collection[tuple[str, Decimal]]) -> bool:
    return all(kind != "Bet" for kind, _ in standing) and any(
        kind == "Win" and amount for kind, amount in standing
    )
