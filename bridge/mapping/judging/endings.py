"""How changes end: decisions take effect, are counted, and are told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.judging.effects import Effects
from bridge.mapping.state.decisions import Decision, Hold, Outcome, Park, Skip
from bridge.mapping.state.keys import row_space
from bridge.mapping.state.outgoing import Send
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import UNDECIDED, Ending
from bridge.mapping.state.scope import Scope
from bridge.records import ParkedChange, SourceRecord

Place = tuple[str, str]
"""A space and a key of the memory: what other changes may wait for."""


Observer = Callable[[Outcome], None]


class Endings:
    """Every way in which a change can end.  Nothing ends without a name and a count."""

    def __init__(self, recall: Recall, observe: Observer | None) -> None:
        self._recall = recall
        self._effects = Effects(recall)
        self._observe = observe
        self.now_ms = 0
        self.parked = 0
        """How many changes have been parked."""

    def decided(self, table: TablePlan, change: Change, scope: Scope, decision: Decision) -> list[Place]:
        """Let a decision about a row take effect; return what can be found now that others may wait for."""
        counts = isinstance(decision, Send) and decision.findable
        takes = scope.reversal is not None and scope.reversal.undoes is None
        news = self._effects.index(table, scope, counts=counts, takes=counts and takes) if table.indexes else []
        if isinstance(decision, Send):
            news += self._effects.send(table, change, scope, decision)
            if not decision.events:
                self.skipped(change.record, table.name, scope.key, decision.reason)
                return [*news, (row_space(table.name), scope.key)]
            self._recall.memory.count("sent", table.name, "")
            if self._observe is not None:
                events = tuple(decision.events)
                self._observe(
                    Outcome("sent", change.record, table.name, scope.key, events=events, reversal=scope.reversal)
                )
        elif isinstance(decision, Park):
            self._effects.park(table, change, scope, decision)
            memory = self._recall.row(table.name, scope.key)
            player = memory.player if memory is not None else ""
            self.park(change.record, table.name, scope.key, player, decision)
        elif isinstance(decision, Skip):
            if not decision.untouched:
                self._effects.skip(table, change, scope, decision)
            self.skipped(change.record, table.name, scope.key, decision.reason)
        return [*news, (row_space(table.name), scope.key)]

    def history(self, table: TablePlan, change: Change, scope: Scope, reason: str, said: str) -> list[Place]:
        """Remember a row of history; return where others may wait for it.

        `reason` is why it would be skipped, `said` what it is called if it would not be.
        """
        news = self._effects.remember_history(table, change, scope, reason)
        if reason and reason != UNDECIDED:
            said = f"history: {reason}"
        self._recall.memory.count("skipped", table.name, said)
        self._tell("history", change.record, table.name, scope.key, reason=said)
        return [*news, (row_space(table.name), scope.key)]

    def named_by_another(self, table: TablePlan, scope: Scope) -> list[Place]:
        """Let a row be found by what another row with its key says; return where others may wait for that."""
        known = scope.known
        counts = known is not None and known.ending is not Ending.SKIPPED and not known.reversal
        return self._effects.index(table, scope, counts=counts)

    def with_header(self, record: SourceRecord, table: str, key: str) -> None:
        """Count a part whose header was taken in."""
        self._recall.memory.count("sent", table, "")
        self._tell("sent", record, table, key, reason="with its header")

    def skipped(self, record: SourceRecord, table: str, key: str, reason: str) -> None:
        """Count a change that rightly leads to nothing."""
        self._recall.memory.count("skipped", table, reason)
        self._tell("skipped", record, table, key, reason=reason)

    def looked_up(self, record: SourceRecord, table: str, key: str) -> None:
        """Count a change of a look-up row."""
        self._recall.memory.count("lookup", table, "")
        self._tell("lookup", record, table, key, reason="")

    def poisoned(self, record: SourceRecord, table: str, poison: PoisonRecord) -> None:
        """Park a record of which not even the row is known."""
        self.park(record, table, "", "", Park(poison.code, poison.reason))

    def park(self, record: SourceRecord, table: str, key: str, player: str, park: Park) -> None:
        """Keep a record for a person, and count it."""
        self._recall.memory.park(
            ParkedChange(
                parked_id=0,
                record=record,
                table=table,
                key=key,
                player=player,
                code=park.code,
                reason=park.reason,
                parked_at_ms=self.now_ms,
            )
        )
        self._recall.memory.count("parked", table, park.code)
        self.parked += 1
        self._tell("parked", record, table, key, reason=park.reason)

    def held(
        self, table: TablePlan, change: Change, scope: Scope, queue: str, decision: Hold | None = None
    ) -> None:
        """Note on the row that a change of it waits; without a decision, behind others of its player."""
        self._effects.note_held(table, change, scope, queue, decision)

    def told_held(self, record: SourceRecord, table: str, key: str, reason: str) -> None:
        """Tell that a change waits, and for what."""
        self._tell("held", record, table, key, reason=reason)

    def _tell(self, kind: str, record: SourceRecord, table: str, key: str, *, reason: str) -> None:
        if self._observe is not None:
            self._observe(Outcome(kind, record, table, key, reason=reason))
