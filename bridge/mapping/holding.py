"""Changes that wait: holding them, judging them again when something comes, giving them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bridge.flow import Change
from bridge.mapping.judging.endings import Endings, Place
from bridge.mapping.judging.judge import Judge
from bridge.mapping.state.decisions import Decision, Hold, Park
from bridge.mapping.state.keys import row_space
from bridge.mapping.state.plan import WAIT_THEN_SKIP, Plan, TablePlan
from bridge.mapping.state.queues import Held, Queues
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending
from bridge.mapping.state.row_readers import WAIT_THEN_NONE
from bridge.mapping.state.rows import judged_scope, move_memory, waits_under_old_key
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.records import Renamed

RECHECKED_AT_ONCE: Final = 2_000
"""Places that one `recheck` reads: with more, the next goes on."""

_GIVEN_UP: Final = {
    "lookup": ("lookup_missing", "no row of {} came for it"),
    "part": ("parts_missing", "not all of its parts came"),
    "row": ("original_missing", "the row of {} that it names did not come"),
    "ref": ("original_missing", "nothing came for its {}"),
}


class Holding:
    """The changes of a brand that wait.  What is released is judged at once, and so is what that releases."""

    def __init__(
        self, plan: Plan, recall: Recall, judge: Judge, endings: Endings, waits_ms: Mapping[str, int]
    ) -> None:
        self._plan = plan
        self._recall = recall
        self._judge = judge
        self._endings = endings
        self._waits_ms = waits_ms
        self.queues = Queues()
        self._agenda: list[Held | str] = []
        """What to judge next, the last first: a held change, or the name of a queue to go on with."""
        self._at_work = False
        self._rechecked = 0
        self._found: dict[Place, bytes | None] = {}
        """What `recheck` has seen of each place."""

    def blocks(self, queue: str, table: TablePlan, scope: Scope) -> bool:
        """Return whether a row must queue: something of its player waits, and for something else than this row."""
        head = self.queues.head(queue)
        if head is None:
            return False
        return head.waiting is None or (head.waiting.space, head.waiting.key) not in table.places(scope.key, scope)

    def queue(self, table: TablePlan, change: Change, scope: Scope, queue: str) -> None:
        """Put a change behind others that wait."""
        held = Held("queued", change, table.name, scope.key, queue, self._endings.now_ms)
        self._endings.held(table, change, scope, queue)
        held.held_id = self._recall.memory.hold(held.stored())
        self.queues.append(held)
        self._recall.memory.hold(held.stored())
        self._tell(held, held.why)

    def hold(self, table: TablePlan, change: Change, scope: Scope, queue: str, decision: Hold) -> None:
        """Let a change wait; one that does not stand aside holds its queue, also what waits there for it."""
        kind = "aside" if decision.aside else "head"
        held = Held(kind, change, table.name, scope.key, queue, self._endings.now_ms)
        held.held_id = self._recall.memory.hold(held.stored())
        self._endings.held(table, change, scope, queue, decision)
        if decision.aside:
            self.queues.set_aside(held)
        else:
            self.queues.prepend(held)
        self._wait(held, decision.waiting)
        self.release(())

    def hold_part(self, table: TablePlan, change: Change, key: str, waiting: Waiting) -> None:
        """Let a part wait for the end of its header."""
        held = Held("part", change, table.name, key, "", self._endings.now_ms)
        held.held_id = self._recall.memory.hold(held.stored())
        self.queues.set_aside(held)
        self._wait(held, waiting)

    def release(self, places: Iterable[Place]) -> None:
        """Judge again what waited for these, in this order, and then what that releases in turn."""
        if not self.queues.count and not self._agenda:
            return
        for space, key in reversed(list(places)):
            self._agenda.extend(reversed(self.queues.arrived(space, key)))
        if self._at_work:
            return
        self._at_work = True
        while self._agenda:
            item = self._agenda.pop()
            if isinstance(item, str):
                self._resume(item)
                continue
            item.waiting = None
            if item.kind == "part":
                self._end_part(item)
            elif item.kind == "aside":
                self._judge_aside(item)
            elif self.queues.head(item.queue) is item:
                self._resume(item.queue)
            else:
                # What it waited for came once: after a restart it waits for nothing but those in front of it.
                item.kind, item.deadline_ms = "queued", 0
                self._recall.memory.hold(item.stored())
        self._at_work = False

    def recheck(self) -> None:
        """Release what waits for something that others have put into the memory since it was looked for."""
        places = self.queues.awaited()
        if self._rechecked >= len(places):
            self._rechecked = 0
        some = places[self._rechecked : self._rechecked + RECHECKED_AT_ONCE]
        self._rechecked += len(some)
        self._recall.memory.prefetch(some)
        found = {place: self._recall.memory.get(*place) for place in some}
        news = [place for place, value in found.items() if value is not None and value != self._found.get(place)]
        waited = set(places)
        self._found = {place: value for place, value in self._found.items() if place in waited} | found
        self.release(place for place in news if self._has_ended(*place))

    def _has_ended(self, space: str, key: str) -> bool:
        """Return whether a place holds an end: a row that itself waits is none yet."""
        kind, _, table = space.partition(":")
        memory = self._recall.row(table, key) if kind == "row" else None
        return memory is None or not memory.waits

    def expire(self) -> None:
        """Park what has waited long enough, or go on without the look-up row that it waited for."""
        while due := self.queues.expired(self._endings.now_ms):  # What goes on may lack another row.
            for held in due:
                self._expire(held)

    def _expire(self, held: Held) -> None:
        waiting = held.waiting
        if waiting is None:
            return
        if held.kind == "part" and self._recall.row(held.table, held.row) is not None:
            held.deadline_ms = 0  # Its header is there, and has a deadline of its own.
            return
        self.queues.stop_waiting(held)
        if self._can_go_without(held, waiting):
            held.given_up.add((waiting.space, waiting.key))
            self._agenda.append(held if held.kind == "aside" else held.queue)
            self.release(())
        else:
            self._give_up(held, waiting)

    def _can_go_without(self, held: Held, waiting: Waiting) -> bool:
        """Return whether a change is judged once more without what it waited for."""
        kind, _, name = waiting.space.partition(":")
        if kind == "lookup":
            return self._plan.lookups[name].missing == WAIT_THEN_NONE
        if held.kind != "aside" or (waiting.space, waiting.key) in held.given_up:
            return False
        return any(reversal.unknown == WAIT_THEN_SKIP for reversal in self._plan.tables[held.table].reverses)

    def _wait(self, held: Held, waiting: Waiting) -> None:
        kind = "part" if held.kind == "part" else waiting.space.partition(":")[0]
        self.queues.await_(held, waiting, held.read_ms + self._waits_ms[kind])
        self._recall.memory.hold(held.stored())
        self._tell(held, held.why)
        passing = self.queues.bring_forward(held, waiting) if held.kind == "head" else None
        if passing is not None:
            self._recall.memory.hold(passing.stored())
            self._agenda.append(held.queue)

    def _tell(self, held: Held, reason: str) -> None:
        table = held.change.table if held.kind == "part" else held.table
        self._endings.told_held(held.change.record, table, held.row, reason)

    def _judge_aside(self, held: Held) -> None:
        self.queues.unset_aside(held)
        if self.queues.is_behind(held):
            held.kind, held.deadline_ms = "queued", 0
            self.queues.insert(held)
            self._recall.memory.hold(held.stored())
            return
        decision, scope = self._judge_again(held)
        if not isinstance(decision, Hold):
            self._settle(held, scope, decision)
            return
        if decision.aside:
            self.queues.set_aside(held)
        else:
            held.kind = "head"
            self.queues.prepend(held)
        self._wait(held, decision.waiting)

    def _resume(self, queue: str) -> None:
        """Judge the first of a queue, unless it waits; those behind it come next on the agenda."""
        held = self.queues.head(queue)
        if held is None or held.waiting is not None:
            return
        held.kind = "head"
        decision, scope = self._judge_again(held)
        if isinstance(decision, Hold) and not decision.aside:
            self._wait(held, decision.waiting)
            return
        self.queues.remove(held)
        self._agenda.append(queue)
        if isinstance(decision, Hold):
            held.kind = "aside"
            self.queues.set_aside(held)
            self._wait(held, decision.waiting)
        else:
            self._settle(held, scope, decision)

    def _settle(self, held: Held, scope: Scope, decision: Decision) -> None:
        self._recall.memory.release(held.held_id)
        self.release(self._endings.decided(scope.plan, held.change, scope, decision))

    def _judge_again(self, held: Held) -> tuple[Decision, Scope]:
        scope = self._scope(held)
        if self.queues.comes_after(held):
            return waits_for_row(scope.plan, held.row), scope
        under = waits_under_old_key(scope.plan, held.change, held.row, self._recall)
        if under is not None:
            return waits_for_row(scope.plan, under), scope
        self._recall.given_up = held.given_up
        decision = self._judge.judge(scope.plan, held.change, scope)
        self._recall.given_up = ()
        return decision, scope

    def _scope(self, held: Held) -> Scope:
        table = self._plan.tables[held.table]
        if held.change.renamed is Renamed.TO:
            move_memory(table, held.change, held.row, self._recall)
        return judged_scope(table, held.change, self._recall)

    def _give_up(self, held: Held, waiting: Waiting) -> None:
        if held.kind == "part":
            self.queues.unset_aside(held)
            self._recall.memory.release(held.held_id)
            park = Park("header_missing", "its header did not come")
            self._endings.park(held.change.record, held.change.table, held.row, "", park)
            return
        kind, _, name = waiting.space.partition(":")
        code, reason = _GIVEN_UP[kind]
        memory = self._recall.row(held.table, held.row)
        reversal = memory is not None and memory.reversal
        if held.kind == "aside":
            self.queues.unset_aside(held)
        else:
            self.queues.remove(held)
            self._agenda.append(held.queue)
        self._settle(held, self._scope(held), Park(code, reason.format(name), reversal=reversal))

    def _end_part(self, held: Held) -> None:
        """End a part as its header has ended."""
        self.queues.unset_aside(held)
        self._recall.memory.release(held.held_id)
        memory = self._recall.row(held.table, held.row)
        record, table = held.change.record, held.change.table
        if memory is None or memory.parked:
            reason = memory.reason if memory is not None else ""
            park = Park("header_parked", f"its header is parked: {reason}")
            self._endings.park(record, table, held.row, "", park)
        elif memory.ending is Ending.SKIPPED:
            self._endings.skipped(record, table, held.row, memory.reason)
        elif memory.ending is Ending.HISTORY:
            self._endings.skipped(record, table, held.row, "history")
        else:
            self._endings.with_header(record, table, held.row)


def waits_for_row(table: TablePlan, key: str) -> Hold:
    """Return the hold of a change whose own row has an earlier change that waits aside."""
    return Hold(Waiting(row_space(table.name), key), aside=True)
