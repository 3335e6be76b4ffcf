"""Tells a later snapshot from the first one: its rows may have been written while nothing was read from the log.

Within a partition the first snapshot comes before all records of the log, so whatever a snapshot shows
behind one of them belongs to a later snapshot (https://debezium.io/documentation/reference/stable/
connectors/postgresql.html#postgresql-property-snapshot-mode: `always` and `when_needed` read all rows again).
"""

from __future__ import annotations

from typing import Final

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.judging.judge import Judge
from bridge.mapping.state.decisions import Hold
from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.mapping.state.outgoing import Send
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.records import SourceRecord

LATER_SNAPSHOT: Final = "row of a later snapshot"
"""The reason of a row that only a snapshot tells of, although the log was being read already: nothing is sent."""
_REPEATED: Final = "repeated"
_SPACE: Final = "streamed"
"""There for each table and partition of which a record of the log has been taken in."""
_DAY_MS: Final = 86_400_000


class Streamed:
    """The tables and partitions of which records of the log have come."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._noted: dict[tuple[str, str, int], int] = {}
        """On which day each was noted last: what is never touched is forgotten by the ledger in the end."""

    def note(self, table: str, record: SourceRecord, now_ms: int) -> None:
        """Note a record of the log."""
        place, day = (table, record.topic, record.partition), now_ms // _DAY_MS
        if self._noted.get(place) != day:
            self._noted[place] = day
            self._recall.put_value(_SPACE, _key(table, record), True)

    def called(self, table: TablePlan, change: Change, scope: Scope) -> str:
        """Return the reason of a row that counts as history, unless a guard gives another."""
        news = change.snapshot and scope.known is None and may_count(table, scope)
        is_later = news and self._recall.value(_SPACE, _key(table.name, change.record)) is not None
        return LATER_SNAPSHOT if is_later else "history"


def _key(table: str, record: SourceRecord) -> str:
    return KEY_SEPARATOR.join((table, record.topic, str(record.partition)))


def is_of_the_log(memory: RowMemory | None) -> bool:
    """Return whether more is known of a row than snapshots showed."""
    return memory is not None and memory.ending not in (Ending.HISTORY, Ending.MOVED) and not memory.shown


def may_count(table: TablePlan, scope: Scope) -> bool:
    """Return whether a row may be play that counts, as far as `starts` tells."""
    try:
        return table.starts is None or bool(table.starts(scope))
    except (PoisonRecord, Waiting):
        return True


def shown_again(judge: Judge, table: TablePlan, change: Change, scope: Scope) -> str:
    """Return the reason why a snapshot's row is passed over of which the log has told before.

    What was sent of it stays as it is.  The row's next change in the log is judged by what it shows then.
    """
    if scope.memory is None:  # A change of it waits: how the row will stand is not known yet.
        return LATER_SNAPSHOT
    return LATER_SNAPSHOT if isinstance(judge.judge(table, change, scope), Send | Hold) else _REPEATED
