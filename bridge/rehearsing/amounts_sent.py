"""What the amounts of many events show: a unit that is wrong, most likely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridge.mapping.state.outgoing import Outgoing

_TWO_PLACES: Final = frozenset(
    (
        *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "COP", "CZK", "DKK", "EUR", "GBP", "GEL"),
        *("HKD", "IDR", "ILS", "INR", "KES", "KZT", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN"),
        *("RON", "RSD", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "ZAR"),
    )
)
"""Currencies of which nobody plays less than a hundredth.  Of others nothing is told."""
_CENT: Final = Decimal("0.01")
_SOME: Final = 10
"""Of so many amounts, and more than half of them: a wallet may well pay a bet of odds in fractions of a cent."""
_ENOUGH: Final = 20
_HIGH: Final = 100
"""Among so many amounts that are all whole, one of this and more is a number of cents, most likely."""


@dataclass(slots=True)
class _Amounts:
    count: int = 0
    broken: int = 0
    """How many of them were no whole number."""
    finer: int = 0
    """How many of them were no whole number of cents."""
    highest: Decimal = Decimal(0)


class AmountsSent:
    """Notes the amounts of events in currencies that have two places."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], _Amounts] = defaultdict(_Amounts)

    def note(self, events: Sequence[Outgoing]) -> None:
        """Note the events of one change."""
        for out in events:
            currency, amount = str(out.fields.get("currency")), Decimal(out.amount)
            if not out.approved or currency not in _TWO_PLACES or amount == 0:
                continue
            name = f"{out.row.plan.name}.{out.name}"
            shown = self._shown[name, currency]
            shown.count += 1
            shown.broken += amount % 1 != 0
            shown.finer += amount % _CENT != 0
            shown.highest = max(shown.highest, amount)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for (name, currency), shown in sorted(self._shown.items()):
            if shown.count >= _SOME and shown.finer > shown.count / 2:
                sentence = f"{shown.finer} of {shown.count} amounts of {name} have more places than {currency}"
                yield sentence, "is their unit right, and the point where it should be?"
        for (name, currency), shown in sorted(self._shown.items()):
            if shown.count >= _ENOUGH and not shown.broken and shown.highest >= _HIGH:
                sentence = f"all {shown.count} amounts of {name} are whole, up to {shown.highest} {currency}"
                yield sentence, "are they cents? Then write units(amount, 2)"
