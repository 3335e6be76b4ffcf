"""Rollbacks that say when the bet was made, and not when it was taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bridge.mapping.state.outgoing import Outgoing

_SEVERAL: Final = 3
"""A bet may be taken back in the moment in which it was made; all of several are not."""


class TimesKept:
    """Notes the times of what is sent, and of what takes it back."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str, str, int], datetime | None] = {}
        self._kept: Counter[str] = Counter()
        self._others: set[str] = set()
        """Tables with a Rollback that has a time of its own."""

    def note(self, events: Sequence[Outgoing]) -> None:
        """Note the events of one change."""
        for out in events:
            name, time = (out.row.plan.name, out.row.key, out.name, out.n), moment_of(out.fields.get("timestamp"))
            if out.approved:
                self._times[name] = time
            elif self._times.get(name) == time:
                self._kept[name[0]] += 1
            else:
                self._others.add(name[0])

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for table, count in sorted(self._kept.items()):
            if count >= _SEVERAL and table not in self._others:
                sentence = f"all {count} Rollbacks of {table} have the timestamp of what they take back"
                yield (
                    sentence,
                    "say it under `event` of `reverses`; or of a row that takes itself back, under `rollback`",
                )


def moment_of(value: Any) -> datetime | None:
    """Return the moment of an event, or None where it is none that a calendar shows."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    is_moment = isinstance(moment, datetime) and moment.utcoffset() is not None
    return moment.astimezone(UTC) if is_moment else None
