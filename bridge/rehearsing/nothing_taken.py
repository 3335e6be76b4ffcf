"""Reversals to which rows came, and none of these rows took anything back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from bridge.config.places import KeyPath, dotted
from bridge.mapping.mapper import Outcome


class NothingTaken:
    """Notes how the rows of each reversal ended."""

    def __init__(self) -> None:
        self._ends: dict[KeyPath, dict[str, str]] = defaultdict(dict)
        """For each rule and row the last reason; empty where the row sent something."""

    def note(self, outcome: Outcome, reversal: KeyPath) -> None:
        """Note how a row ended that falls under a reversal."""
        ends = self._ends[reversal]
        if outcome.kind == "sent":
            ends[outcome.key] = ""
        elif ends.get(outcome.key) != "":
            ends[outcome.key] = outcome.reason

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for path, ends in sorted(self._ends.items(), key=lambda item: str(item[0])):
            if "" in ends.values():
                continue
            counted = sorted(Counter(ends.values()).items())
            reasons = ", ".join(reason if count == 1 else f"{reason} ({count})" for reason, count in counted)
            rows = "the one row" if len(ends) == 1 else f"all {len(ends)} rows"
            sentence = f"{rows} under {dotted(path)} took nothing back: {reasons}"
            yield sentence, "does it name the row by what that has as its `key`? A voided bet would go on standing"
