"""Undoes what parking left in the memory, so that parked changes can be judged anew.

A row with a parked change has taken nothing else in since: what came later of it was parked too.  So
its changes go back together, in their order, and the row is as it was before the first of them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.judging.guards import FORGOTTEN
from bridge.mapping.state.parts import stored_parts
from bridge.mapping.state.plan import PartsPlan, Plan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.mapping.state.rows import scope_of
from bridge.mapping.state.transactions import note_uncounted
from bridge.records import ParkedChange, SourcePosition

DISCARDED: Final = "discarded"
"""The reason of a row whose parked changes were discarded; rows that follow it are skipped for it."""
_UNCLEAR: Final = "its row has been taken in since, and the records do not tell which is newer"
_WITHOUT_HEADER: Final = frozenset({"late_part", "header_parked"})

RowPlace = tuple[str, str]
"""The name of a play table in the connector, and a row's key."""


def row_of(plan: Plan, parked: ParkedChange) -> RowPlace | None:
    """Return the play row that a parked change is about (for a part: its header), or None if that is unknown."""
    if not parked.key:
        return None
    if parked.table in plan.tables:
        return parked.table, parked.key
    _, _, part = plan.of_table(parked.table)
    return (part[0].name, parked.key) if part is not None else None


class Reopening:
    """One replay's view of the memory: `row` and `part` come first, then the changes, then `close`."""

    def __init__(self, plan: Plan, recall: Recall) -> None:
        self._plan = plan
        self._recall = recall
        self._newest: dict[RowPlace, SourcePosition] = {}
        self._reopened: set[RowPlace] = set()

    def refusal(self, place: RowPlace, first: Change) -> str | None:
        """Return why the changes of a row cannot be judged anew, or None when they can.

        `first` is the oldest of them.  What is refused could be sent twice, or take back what holds.
        """
        table = self._plan.tables[place[0]]
        memory = self._recall.row(*place)
        if table.append_only:
            return None
        if memory is None:
            return "its row is past the ledger's retention: what was sent of it is not known any more"
        if memory.ending is Ending.PARKED or _comparable(first.position, memory.position):
            return None
        return _UNCLEAR

    def refusal_of_unknown(self, change: Change) -> str | None:
        """Return what `refusal` does, for a change whose row could not be told when it was parked."""
        _, table, _ = self._plan.of_table(change.table)
        if table is None or table.append_only:
            return None
        try:
            memory = self._recall.row(table.name, scope_of(table, change, self._recall).key)
        except PoisonRecord:
            return None
        return None if memory is None or _comparable(change.position, memory.position) else _UNCLEAR

    def row(self, place: RowPlace, first: Change) -> None:
        """Let a row be as it was before its first parked change."""
        memory = self._recall.row(*place)
        if memory is None or not memory.parked:
            return
        self._reopened.add(place)
        if memory.ending is not Ending.PARKED:
            # A guard has skipped the row since: what is older changes nothing any more.
            self._recall.put_row(*place, msgspec.structs.replace(memory, parked=False))
            return
        if memory.position is not None:
            self._newest[place] = memory.position
        known = memory.sent or memory.history is not None or memory.took is not None
        fresh = (first.op in "cr" or memory.reason == FORGOTTEN) and not known
        self._recall.put_row(*place, _taken_ahead(memory) if fresh else _before(memory))

    def part(self, parked: ParkedChange, change: Change) -> None:
        """Forget that a part was seen, where it ended without its header: it is to be taken in anew.

        One that could not even be read was not counted either.
        """
        _, _, found = self._plan.of_table(change.table)
        if found is None:
            return
        table, parts = found
        if not parked.key:
            if parts.until_transaction and parked.table not in self._plan.tables:
                note_uncounted(parts, change, self._recall)
            return
        memory = self._recall.row(table.name, parked.key)
        is_open = memory is None or memory.ending is Ending.HELD or (table.name, parked.key) in self._reopened
        if is_open or parked.code in _WITHOUT_HEADER:
            self._forget(parts, parked.key, change)

    def close(self) -> None:
        """Let each row know the newest change of it that was ever seen, so that a repeat is known as one."""
        for place, newest in self._newest.items():
            memory = self._recall.row(*place)
            if memory is None:
                continue
            position = memory.position
            if position is None or newest.is_known_after(position):
                self._recall.put_row(*place, msgspec.structs.replace(memory, position=newest))

    def discarded(self, place: RowPlace) -> None:
        """Let a row go on of which no change is parked any more; without an activity it ends as skipped."""
        memory = self._recall.row(*place)
        if memory is None or not memory.parked:
            return
        ending, reason = memory.ending, memory.reason
        if ending is Ending.PARKED:
            ending, reason = _before(memory).ending, ""
        if ending is Ending.OPEN:
            ending, reason = Ending.SKIPPED, DISCARDED
        memory = msgspec.structs.replace(memory, parked=False, ending=ending, reason=reason)
        self._recall.put_row(*place, memory)

    def _forget(self, parts: PartsPlan, header: str, change: Change) -> None:
        own = parts.key(change.after) if change.after is not None else None
        rest = [stored for stored in stored_parts(parts, self._recall, header) if stored[0] != own]
        self._recall.put_value(parts.space, header, rest or None)


def _before(memory: RowMemory) -> RowMemory:
    """Return the memory of a parked row without the parking; any change of its lineage is newer."""
    ending = Ending.SENT if memory.sent else Ending.HISTORY if memory.history is not None else Ending.OPEN
    position = SourcePosition(memory.position.lineage, ()) if memory.position is not None else None
    return msgspec.structs.replace(memory, parked=False, ending=ending, reason="", position=position, elsewhere=[])


def _taken_ahead(memory: RowMemory) -> RowMemory | None:
    """Return what is known of a parked row that is as if it had never been seen: what took it back meanwhile."""
    if not memory.ahead:
        return None
    lineage = memory.position.lineage if memory.position is not None else ""
    # What is replayed before it must see that it came later: a cancelling of its round does not take it then.
    first = memory.since or memory.position
    return RowMemory(Ending.OPEN, position=SourcePosition(lineage, ()), ahead=memory.ahead, since=first)


def _comparable(one: SourcePosition | None, other: SourcePosition | None) -> bool:
    return one is not None and other is not None and one.lineage == other.lineage
