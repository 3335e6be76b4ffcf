"""What is known of a round: the activities of all its rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.state.amounts import exact_sum
from bridge.mapping.state.items import keys_after
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.plan import ActivityPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory, Sent
from bridge.mapping.state.scope import PlayRow, Scope, remembered_row
from bridge.mapping.state.waiting import Waiting
from bridge.records import SourcePosition
from bridge.row import Value

ROUND_SPACE: Final = "ref:round"

RoundRows = list[tuple[PlayRow, RowMemory]]
"""The rows that are known of a round, each with what is remembered of it."""
Members = list[tuple[TablePlan, str, Scope, Sent]]
"""Activities of a round, each with its row's table, key and scope."""


def event_round(table: TablePlan, scope: Scope) -> str | None:
    """Return the round in which a row's event is, as far as that can be told before it is made.

    Of what cannot be told yet to be meant for the row, or not at all, it is the round that it would be in: a row
    that is parked for that, or waits, may still count.
    """
    found: str | None = None
    for activity in table.activities.values():
        is_meant = _is_meant(activity, scope)
        read = dict(activity.event).get("round_id") if is_meant is not False else None
        try:
            round_id = key_text(read(scope)) if read is not None else None
        except (PoisonRecord, Waiting):
            continue
        if is_meant:
            return round_id
        found = found if found is not None else round_id
    return found


def _is_meant(activity: ActivityPlan, scope: Scope) -> bool | None:
    """Return whether an activity is meant for a row; None where that cannot be told."""
    try:
        return bool(activity.when(scope))
    except (PoisonRecord, Waiting):
        return None


def add_to_round(recall: Recall, round_id: str, table: str, key: str) -> None:
    """Note that a row has an event in the round."""
    members = recall.value(ROUND_SPACE, round_id) or []
    if [table, key] not in members:
        recall.put_value(ROUND_SPACE, round_id, [*members, [table, key]])


def join_round(recall: Recall, table: TablePlan, scope: Scope) -> str | None:
    """Note in which round a row is of which nothing was sent here, and return it; None where that cannot be told.

    What takes the round back takes the row too.
    """
    round_id = event_round(table, scope)
    if round_id is not None:
        add_to_round(recall, round_id, table.name, scope.key)
    return round_id


def activities_of(rows: RoundRows) -> Members:
    """Return every activity that was sent of rows, oldest first."""
    found = []
    for row, memory in rows:
        if memory.sent:
            scope = Scope(row.plan, row.recall, row.key, remembered_row(memory), memory=memory)
            found += [(row.plan, row.key, scope, sent) for sent in memory.sent]
    return sorted(found, key=lambda item: item[3].seq)


def rows_of_round(recall: Recall, tables: dict[str, TablePlan], round_id: str) -> RoundRows:
    """Return every row that is known of a round."""
    found = []
    seen: set[tuple[str, str]] = set()
    for table, key in recall.value(ROUND_SPACE, round_id) or []:
        row = PlayRow(tables[table], key, recall)
        memory = row.memory()
        if memory is not None and (table, row.key) not in seen:
            seen.add((table, row.key))  # A row whose key has changed may be noted under both.
            found.append((row, memory))
    return found


def decided_before(rows: RoundRows, scope: Scope, named: PlayRow | None = None) -> RoundRows:
    """Return the rows of a round, or a group, that a row takes back: without those that wait and came after it.

    Had they not had to wait, it would have been judged before them.  Where even the row that it names came after
    it, the log tells no order, and it takes back all.  Raises Waiting while one waits that came before it.
    """
    position = _place(scope, named)
    if position is not None and any(memory.waits for _, memory in rows):
        later = keys_after(scope)
        rows = [one for one in rows if not one[1].waits or not _is_later(*one, position, later)]
    require_decided(rows)
    return rows


def taken_together(rows: RoundRows, scope: Scope, named: PlayRow | None = None) -> RoundRows:
    """Return what of `decided_before` a round's cancelling, or a bet's, takes: not what was sent while it waited.

    Where nothing came before it, it was written too early, and takes all.
    """
    rows = decided_before(rows, scope, named)
    position = _place(scope, named)
    if position is None:
        return rows
    later = keys_after(scope)
    before = [one for one in rows if not _is_later(*one, position, later)]
    return before if is_known(before, scope) else rows


def is_known(rows: RoundRows, scope: Scope) -> bool:
    """Return whether a round has rows beside the one that asks, and beside those of which nothing counts."""
    own = (scope.plan.name, scope.key)
    return any(m.ending is not Ending.SKIPPED and (row.plan.name, row.key) != own for row, m in rows)


def _place(scope: Scope, named: PlayRow | None) -> SourcePosition | None:
    """Return where a row stands in the log; None where that, or what it names, tells no order."""
    position = scope.change.position if scope.change is not None else None
    original = named.memory() if named is not None else None
    return None if position is None or (original is not None and _is_after(original, position)) else position


def _is_later(row: PlayRow, memory: RowMemory, than: SourcePosition, items: set[str]) -> bool:
    beside = memory.position is not None and memory.position.order == than.order and row.key in items
    return beside or _is_after(memory, than)


def _is_after(memory: RowMemory, than: SourcePosition) -> bool:
    own = memory.since or memory.position  # A note that is written on it later does not make it a later row.
    return own is not None and own.is_known_after(than)


def require_decided(rows: RoundRows) -> None:
    """Raise Waiting while a row of the round waits itself: it may be an activity of it before long."""
    for row, memory in rows:
        if memory.waits:
            raise row.undecided()


def in_order(standing: list[tuple[PlayRow, Sent]], order: str) -> list[tuple[PlayRow, Sent]]:
    """Return what of a round is taken back, in the order that the connector says."""

    def is_bet(item: tuple[PlayRow, Sent]) -> bool:
        return item[0].plan.activities[item[1].name].type == "Bet"

    if order == "oldest first":
        return standing
    if order == "wins first":
        return sorted(standing, key=is_bet)
    newest = standing[::-1]
    return sorted(newest, key=is_bet)


class RoundView:
    """The other rows of a round in expressions: `bets`, `wins`, `losses`, `bet_amount`, `win_amount`, `first`.

    It knows what was sent: nothing of history.
    """

    __slots__ = ("_activities", "_round")

    def __init__(self, scope: Scope, round_id: str) -> None:
        self._round = round_id
        own = (scope.plan.name, scope.key)
        members = activities_of(rows_of_round(scope.recall, scope.plan.all_tables, round_id))
        self._activities = [one for one in members if one[3].seq and (one[0].name, one[1]) != own]

    def attribute(self, name: str) -> Value:
        """Return how many activities of a type stand, their sum, or the first event as it was sent.

        Raises Waiting for `first` while nothing of the round was sent.
        """
        match name:
            case "bets" | "wins" | "losses":
                return len(self._standing({"bets": "Bet", "wins": "Win", "losses": "Loss"}[name]))
            case "bet_amount" | "win_amount":
                standing = self._standing("Bet" if name == "bet_amount" else "Win")
                return exact_sum((Decimal(sent.amount) for sent in standing), name)
            case "first":
                if not self._activities:
                    raise Waiting(ROUND_SPACE, self._round)
                _, _, scope, sent = self._activities[0]
                return dict(scope.sent_fields(sent))
        known = "bets, wins, losses, bet_amount, win_amount, first"
        raise MappingError("unknown_name", f"a round has no {name}; it has {known}")

    def _standing(self, kind: str) -> list[Sent]:
        return [
            sent
            for plan, _, _, sent in self._activities
            if sent.stands and plan.activities[sent.name].type == kind
        ]


def round_of(scope: Scope) -> RoundView | None:
    """Return what is known of the row's round, or None where it has none."""
    read = scope.plan.round
    round_id = read(scope) if read is not None else None
    return None if round_id is None else RoundView(scope, round_id)
