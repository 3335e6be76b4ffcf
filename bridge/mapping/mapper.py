"""Takes changes in: rows, parts and look-up rows, what they release, and what has waited too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bridge.contracts import Memory
from bridge.errors import PoisonRecord
from bridge.mapping.decisions import Decision, Hold, Outgoing, Park, Send, Skip
from bridge.mapping.effects import Effects
from bridge.mapping.events import EventMaker
from bridge.mapping.judge import Judge
from bridge.mapping.lookups import take_lookup
from bridge.mapping.parts import PartsPlan, take_part
from bridge.mapping.plan import Plan, TablePlan
from bridge.mapping.queues import Held, Queues
from bridge.mapping.recall import Recall
from bridge.mapping.remembered import Ending, RowMemory, key_text, row_space
from bridge.mapping.rows import is_history, is_repeated, move_memory, row_of
from bridge.mapping.scope import Scope
from bridge.mapping.waiting import Waiting
from bridge.records import Change, HeldChange, ParkedChange, Renamed, Skipped, SourceRecord


@dataclass(slots=True, frozen=True)
class Outcome:
    """How one change ended, for preview, tests and counters."""

    kind: str
    """sent, skipped, parked, held, history or lookup."""
    record: SourceRecord
    table: str
    key: str
    reason: str
    events: tuple[Outgoing, ...] = ()


Observer = Callable[[Outcome], None]


class Mapper:
    """The mapping of one brand.

    Pure but for the memory that it is given: no clock (`now_ms` is passed in), no network, no logging.
    After a rolled back transaction, make a new one and `restore` it.
    """

    def __init__(self, plan: Plan, observer: Observer | None = None) -> None:
        self._plan = plan
        self._observe = observer
        self._queues = Queues()
        self._recall: Recall | None = None
        self._judge = Judge(EventMaker(plan.wallet))
        self._kinds: dict[str, tuple[object, TablePlan | None, tuple[TablePlan, PartsPlan] | None]] = {}
        self._now_ms = 0
        wait = plan.wallet.wait
        self._waits_ms = {
            "lookup": int(wait.lookup.total_seconds() * 1000),
            "part": int(wait.parts.total_seconds() * 1000),
            "row": int(wait.original.total_seconds() * 1000),
            "ref": int(wait.original.total_seconds() * 1000),
        }
        self.parked = 0
        """How many changes this mapper has parked."""

    def restore(self, held: Iterable[tuple[HeldChange, Change]]) -> None:
        """Take up what waited when the ledger was closed."""
        self._queues.restore([Held.restored(stored, change) for stored, change in held])

    def begin(self, memory: Memory, now_ms: int) -> None:
        """Turn to the transaction of the next batch; `now_ms` is the wall clock in milliseconds."""
        if self._recall is None:
            self._recall = Recall(memory)
        self._recall.begin(memory)
        self._now_ms = now_ms

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self._queues.count

    def next_deadline(self) -> int | None:
        """Return when the next held change will have waited long enough, in milliseconds, or None."""
        return self._queues.next_deadline()

    def wants(self, change: Change) -> Iterable[tuple[str, str]]:
        """Return what taking in this change will surely read, so that it can be read for a whole batch."""
        _, table, part = self._kind(change.table)
        row = change.after if change.after is not None else change.before
        if row is None:
            return
        try:
            if table is not None and not (table.append_only and change.op in "ud"):
                key = table.key(Scope(table, self._memory(), "", row, None))
                if key is not None:
                    yield row_space(table.name), key
            if part is not None:
                key = part[1].header_key(row)
                if key is not None:
                    yield part[1].space, key
                    yield row_space(part[0].name), key
        except (PoisonRecord, Waiting):
            return

    def take(self, change: Change) -> None:
        """Take one change in.  Whatever it leads to is in the memory when this returns."""
        lookup, table, part = self._kind(change.table)
        if change.renamed is Renamed.FROM and (table is not None or part is not None):
            self._end(Skip("first half of a changed key"), change, "")
            return
        if lookup is not None:
            self._take_lookup(lookup, change)
        if part is not None:
            self._take_part(*part, change)
        if table is not None:
            self._take_row(table, change)
        if lookup is None and table is None and part is None:
            self._end(Skip("table is not in the connector"), change, "")

    def poison(self, record: SourceRecord, table: str, error: PoisonRecord) -> None:
        """Park a record that could not even be decoded."""
        self._park(record, table, "", "", Park(error.code, error.reason))

    def skip(self, record: SourceRecord, skipped: Skipped) -> None:
        """Count a record that is no change."""
        self._memory().memory.count("skipped", "", skipped.reason)
        if self._observe is not None:
            self._observe(Outcome("skipped", record, "", "", skipped.reason))

    def expire(self) -> None:
        """Park what has waited long enough."""
        for held in self._queues.expired(self._now_ms):
            waiting = held.waiting
            if waiting is None:
                continue
            if held.kind == "part" and self._memory().row(held.table, held.row) is not None:
                self._queues.await_(held, waiting, 0)
                continue
            self._queues.stop_waiting(held)
            self._give_up(held, waiting)

    # -- rows of play tables

    def _take_row(self, table: TablePlan, change: Change) -> None:
        recall = self._memory()
        if change.op == "t":
            self._park(change.record, table.name, "", "", Park("truncated", "the table was truncated"))
            return
        if table.append_only and change.op in "ud" and change.renamed is not Renamed.TO:
            self._end(Skip("row deleted" if change.op == "d" else "row changed"), change, "")
            return
        try:
            row, key = row_of(table, change, recall)
        except PoisonRecord as poison:
            self._park(change.record, table.name, "", "", Park(poison.code, poison.reason))
            return
        if change.renamed is Renamed.TO:
            move_memory(table, change, key, recall)
            if table.append_only:
                self._end(Skip("row changed"), change, key)
                return
        memory = recall.row(table.name, key)
        if memory is not None and is_repeated(table, change, memory):
            self._end(Skip("repeated"), change, key)
            return
        scope = Scope(table, recall, key, row, memory, change)
        scope.deleted = change.op == "d"
        if change.snapshot and table.snapshot == "ignore":
            self._end(Skip("row of a snapshot"), change, key)
            return
        try:
            if is_history(table, change, scope):
                self._remember_history(table, change, scope)
                return
            queue = self._queue_of(table, scope)
        except PoisonRecord as poison:
            self._apply(table, change, scope, Park(poison.code, poison.reason))
            self._release(row_space(table.name), key)
            return
        self._take_in_order(table, change, scope, queue)

    def _take_in_order(self, table: TablePlan, change: Change, scope: Scope, queue: str) -> None:
        memory = scope.memory
        waits = memory is not None and memory.ending is Ending.HELD
        if self._queues.blocked(queue):
            skip = None if waits or (memory and memory.sent) else self._judge.skipped_at_once(table, scope)
            if skip is None:
                self._queue(table, change, scope, queue)
                return
            decision: Decision = skip
        elif waits:
            waiting = Waiting(row_space(table.name), scope.key)
            self._hold(table, change, scope, queue, Hold(waiting, aside=True))
            return
        else:
            decision = self._judge.judge(table, change, scope)
        if isinstance(decision, Hold):
            self._hold(table, change, scope, queue, decision)
            return
        self._apply(table, change, scope, decision)
        self._release(row_space(table.name), scope.key)

    def _queue_of(self, table: TablePlan, scope: Scope) -> str:
        try:
            player = key_text(table.player(scope))
        except Waiting as missing:
            raise PoisonRecord("no_player", f"whose row it is cannot depend on a look-up ({missing.space})") from None
        if player is None:
            raise PoisonRecord("no_player", "the row does not say whose it is")
        if table.holds == "round" and table.round is not None:
            return f"{player}\x1f{key_text(table.round(scope)) or ''}"
        return player

    def _remember_history(self, table: TablePlan, change: Change, scope: Scope) -> None:
        reason = Effects(self._memory()).remember_history(table, change, scope, self._judge)
        self._memory().memory.count("skipped", table.name, reason)
        if self._observe is not None:
            self._observe(Outcome("history", change.record, table.name, scope.key, reason))
        self._release(row_space(table.name), scope.key)

    # -- holding and releasing

    def _queue(self, table: TablePlan, change: Change, scope: Scope, queue: str) -> None:
        held = Held("queued", change, table.name, scope.key, queue, self._now_ms)
        self._note_held(table, change, scope, reversal=False)
        held.held_id = self._memory().memory.hold(held.stored())
        self._queues.append(held)
        self._memory().memory.hold(held.stored())
        self._observed_hold(held, "behind a change of the same player that waits")

    def _hold(self, table: TablePlan, change: Change, scope: Scope, queue: str, decision: Hold) -> None:
        held = Held("aside" if decision.aside else "head", change, table.name, scope.key, queue, self._now_ms)
        held.held_id = self._memory().memory.hold(held.stored())
        if scope.memory is None or scope.memory.ending is not Ending.HELD:
            self._note_held(table, change, scope, reversal=decision.reversal)
        if held.kind == "aside":
            self._queues.set_aside()
        else:
            self._queues.append(held)
        self._wait(held, decision.waiting)

    def _wait(self, held: Held, waiting: Waiting) -> None:
        kind = waiting.space.partition(":")[0]
        self._queues.await_(held, waiting, held.read_ms + self._waits_ms[kind])
        self._memory().memory.hold(held.stored())
        self._observed_hold(held, f"waits for {waiting.space.replace(':', ' ', 1)}")

    def _note_held(self, table: TablePlan, change: Change, scope: Scope, *, reversal: bool) -> None:
        Effects(self._memory()).note_held(table, change, scope, reversal=reversal)

    def _release(self, space: str, key: str) -> None:
        """Judge again what waited for this, and then what that releases in turn."""
        for held in self._queues.arrived(space, key):
            held.waiting = None
            if held.kind == "part":
                self._end_part(held)
            elif held.kind == "aside":
                self._judge_aside(held)
            else:
                self._resume(held.queue)

    def _judge_aside(self, held: Held) -> None:
        self._queues.unset_aside()
        decision, scope = self._judge_again(held)
        table = scope.plan
        if isinstance(decision, Hold):
            if decision.aside:
                self._queues.set_aside()
            else:
                held.kind = "head"
                self._queues.prepend(held)
            self._wait(held, decision.waiting)
            return
        self._settle(table, held, scope, decision)

    def _resume(self, queue: str) -> None:
        """Judge the first of a queue, and go on until one waits again."""
        while (held := self._queues.head(queue)) is not None:
            if held.waiting is not None:
                return
            held.kind = "head"
            decision, scope = self._judge_again(held)
            if isinstance(decision, Hold) and not decision.aside:
                self._wait(held, decision.waiting)
                return
            self._queues.pop(queue)
            if isinstance(decision, Hold):
                held.kind = "aside"
                self._queues.set_aside()
                self._wait(held, decision.waiting)
                continue
            self._settle(scope.plan, held, scope, decision)

    def _settle(self, table: TablePlan, held: Held, scope: Scope, decision: Decision) -> None:
        self._memory().memory.release(held.held_id)
        self._apply(table, held.change, scope, decision)
        self._release(row_space(table.name), scope.key)

    def _judge_again(self, held: Held) -> tuple[Decision, Scope]:
        recall, table = self._memory(), self._plan.tables[held.table]
        row, _ = row_of(table, held.change, recall)
        memory = recall.row(held.table, held.row)
        scope = Scope(table, recall, held.row, row, Effects(recall).before_hold(memory), held.change)
        scope.deleted = held.change.op == "d"
        return self._judge.judge(table, held.change, scope), scope

    def _give_up(self, held: Held, waiting: Waiting) -> None:
        kind, _, name = waiting.space.partition(":")
        park = {
            "lookup": Park("lookup_missing", f"no row of {name} came for it"),
            "part": Park("parts_missing", "not all of its parts came"),
            "row": Park("original_missing", f"the row of {name} that it names did not come"),
            "ref": Park("original_missing", f"nothing came for its {name}"),
        }[kind]
        recall, table = self._memory(), self._plan.tables[held.table]
        if held.kind == "part":
            self._queues.unset_aside()
            recall.memory.release(held.held_id)
            self._park(held.change.record, held.change.table, held.row, "", Park("header_missing", "its header did not come"))
            return
        row, _ = row_of(table, held.change, recall)
        memory = recall.row(held.table, held.row)
        reversal = memory is not None and memory.reversal
        scope = Scope(table, recall, held.row, row, Effects(recall).before_hold(memory), held.change)
        if held.kind == "aside":
            self._queues.unset_aside()
        else:
            self._queues.pop(held.queue)
        self._settle(table, held, scope, Park(park.code, park.reason, reversal=reversal))
        if held.kind == "head":
            self._resume(held.queue)

    # -- parts and look-up rows

    def _take_part(self, table: TablePlan, parts: PartsPlan, change: Change) -> None:
        recall = self._memory()
        try:
            decision, key = take_part(table, parts, change, recall)
        except PoisonRecord as poison:
            self._park(change.record, change.table, "", "", Park(poison.code, poison.reason))
            return
        if not isinstance(decision, Hold):
            self._end(decision, change, key)
        else:
            held = Held("part", change, table.name, key, "", self._now_ms)
            held.held_id = recall.memory.hold(held.stored())
            self._queues.set_aside()
            self._queues.await_(held, decision.waiting, self._now_ms + self._waits_ms["part"])
            recall.memory.hold(held.stored())
            self._observed_hold(held, "waits for its header")
        self._release(parts.space, key)

    def _end_part(self, held: Held) -> None:
        """End a part as its header has ended."""
        recall = self._memory()
        memory = recall.row(held.table, held.row)
        self._queues.unset_aside()
        recall.memory.release(held.held_id)
        if memory is None or memory.parked:
            reason = memory.reason if memory is not None else ""
            self._end(Park("header_parked", f"its header is parked: {reason}"), held.change, held.row)
        elif memory.ending is Ending.SKIPPED:
            self._end(Skip(memory.reason), held.change, held.row)
        else:
            recall.memory.count("sent", held.change.table, "")
            if self._observe is not None:
                self._observe(Outcome("sent", held.change.record, held.change.table, held.row, "with its header"))

    def _take_lookup(self, lookup: object, change: Change) -> None:
        recall = self._memory()
        try:
            key = take_lookup(lookup, change, recall)  # type: ignore[arg-type]
        except PoisonRecord as poison:
            self._park(change.record, change.table, "", "", Park(poison.code, poison.reason))
            return
        recall.memory.count("lookup", change.table, "")
        if self._observe is not None:
            self._observe(Outcome("lookup", change.record, change.table, key or "", ""))
        if key is not None:
            self._release(lookup.space, key)  # type: ignore[attr-defined]

    # -- endings

    def _apply(self, table: TablePlan, change: Change, scope: Scope, decision: Decision) -> None:
        """Let a decision take effect."""
        effects = Effects(self._memory())
        found = list(effects.index(table, scope))
        if isinstance(decision, Send):
            effects.send(table, change, scope, decision)
            self._memory().memory.count("sent", table.name, "")
            if self._observe is not None:
                events = tuple(decision.events)
                self._observe(Outcome("sent", change.record, table.name, scope.key, "", events))
            for space, value in [*found, *(("ref:round", round_id) for round_id in effects.rounds)]:
                self._release(space, value)
            return
        if isinstance(decision, Skip) and not decision.untouched:
            effects.skip(table, change, scope, decision)
        elif isinstance(decision, Park):
            effects.park(table, change, scope, decision)
        self._end(decision, change, scope.key, table.name, scope)
        for space, value in found:
            self._release(space, value)

    def _end(
        self, decision: Decision, change: Change, key: str, table: str = "", scope: Scope | None = None
    ) -> None:
        table = table or change.table
        if isinstance(decision, Park):
            player = scope.memory.player if scope is not None and scope.memory is not None else ""
            self._park(change.record, table, key, player, decision)
        elif isinstance(decision, Skip):
            self._memory().memory.count("skipped", table, decision.reason)
            if self._observe is not None:
                self._observe(Outcome("skipped", change.record, table, key, decision.reason))

    def _park(self, record: SourceRecord, table: str, key: str, player: str, park: Park) -> None:
        memory = self._memory().memory
        memory.park(
            ParkedChange(
                parked_id=0,
                record=record,
                table=table,
                key=key,
                player=player,
                code=park.code,
                reason=park.reason,
                parked_at_ms=self._now_ms,
            )
        )
        memory.count("parked", table, park.code)
        self.parked += 1
        if self._observe is not None:
            self._observe(Outcome("parked", record, table, key, park.reason))

    def _observed_hold(self, held: Held, reason: str) -> None:
        if self._observe is not None:
            self._observe(Outcome("held", held.change.record, held.table, held.row, reason))

    def _kind(self, table: str) -> tuple[object, TablePlan | None, tuple[TablePlan, PartsPlan] | None]:
        kind = self._kinds.get(table)
        if kind is None:
            kind = self._kinds[table] = self._plan.of_table(table)
        return kind

    def _memory(self) -> Recall:
        if self._recall is None:
            raise RuntimeError("begin() comes first")
        return self._recall
