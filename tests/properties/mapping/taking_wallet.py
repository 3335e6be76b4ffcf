"""A wallet that is written as hypothesis draws it, and the plain model beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.records import SourceRecord
from tests.properties.mapping.taking_model import Line, Model, Sums, of
from tests.support.trial import ROW, Trial

WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing stands
    stands: state in ("open", "settled")
    skip: {refused: state == "refused"}
    activities:
      bet: {type: Bet, share: stake, event: {activity_id: id, wager_amount: left}}
      cash:
        type: Win
        grows: {total: cashed, while: state == "open"}
        event: {activity_id: {text: "{id}:c{n}"}, wager_amount: grown}
      win:
        type: Win
        stands: state == "settled"
        compare: returned
        event: {activity_id: {text: "{id}:w"}, wager_amount: returned - cash.total}
        again: {activity_id: {text: "{id}:w{n}"}}
    event: {currency: currency}
    again: {activity_id: {text: "{id}:{n}"}}
  wins:
    rows: mutable
    deleted: nothing stands
    stands: state in ("open", "settled")
    skip: {refused: state == "refused"}
    activities: {win: {type: Win}}
    event: {currency: currency, wager_amount: returned}
    again: {activity_id: {text: "{id}:{n}"}}
  sessions:
    rows: mutable
    deleted: nothing stands
    stands: state in ("open", "settled")
    activities:
      bought: {type: Bet, grows: {total: stake}, event: {activity_id: {text: "{id}:b{n}"}, wager_amount: grown}}
      cash: {type: Win, grows: {total: cashed}, event: {activity_id: {text: "{id}:c{n}"}, wager_amount: grown}}
    event: {currency: currency}
  voids:
    reverses:
      - {when: kind == "void" and of == "bets", original: "bets[ref]"}
      - {when: kind == "void" and of == "wins", original: "wins[ref]"}
      - {when: kind == "void" and of == "sessions", original: "sessions[ref]"}
      - {when: kind == "refund", original: "bets[ref]", activity: bet, takes: stake}
      - {when: kind == "unwin", original: "bets[ref]", activity: win}
      - {when: kind == "undo", undoes: "voids[ref]"}
  lists:
    each: {of: json(bets)}
    key: [id, of]
    reverses:
      - {when: kind == "void", original: "bets[of]"}
      - {when: kind == "undo", undoes: "lists[ref, of]"}
"""
ALWAYS = WALLET.replace(', while: state == "open"', "").replace("compare: returned", "compare: returned - cashed")
"""The same, but what is cashed out is booked when a bet is settled too."""
REFUND = """\
      - {when: kind == "refund", original: "bets[ref]", activity: bet, takes: stake}
"""


class Wallet:
    """Writes rows, and lets the model know."""

    def __init__(self, run: Trial, batch: int = 1, *, always: bool = False) -> None:
        self.run, self.model, self.batch, self._always = run, Model(), batch, always
        self.records: list[SourceRecord] = []
        self.reversals: list[str] = []
        self.lists: dict[str, list[Line]] = {}
        """The reversals that name several bets, and which."""
        self.ours: Sums = defaultdict(Decimal)
        self.history = False
        """Whether what is written is shown by a snapshot."""
        self._read = 0
        self._waiting: list[SourceRecord] = []

    def step(self, step: tuple[Any, ...]) -> None:
        lines = [line for line in self.model.lines if not line.done]
        match step:
            case ("new", table, state):
                self.new(table, state)
            case ("repeat", at) if self.records:
                self._take(self.records[at % len(self.records)])
            case ("restart",):
                self.flush()
                self.run.restart()
            case ("voids", *ats) if bets := [line for line in lines if line.table == "bets"]:
                self.voids([bets[at % len(bets)] for at in ats])
            case ("undo", at) if self.reversals:
                self.undo(self.reversals[-1 - at % len(self.reversals)])
            case (name, at, *rest) if lines and name not in ("undo", "voids"):
                getattr(self, name)(lines[at % len(lines)], *rest)

    def new(self, table: str, state: str) -> None:
        line = Line(table, f"{table[0]}{len(self.model.lines)}", "pending", 10, 0, 5, self._always)
        self.model.lines.append(line)
        line.change(state, 3, 2)
        self._take(self._made("insert", table, line.key, self._row(line)))

    def change(self, line: Line, state: str, grown: int, more: int) -> None:
        if not line.gone:
            line.change(state, grown, more)
            self._update(line)

    def delete(self, line: Line) -> None:
        if not line.gone:
            line.change(line.state, 0, 0, gone=True)
            self._take(self._made("delete", line.table, line.key, {}))

    def note(self, line: Line) -> None:
        if not line.gone:
            self._update(line, note=len(self.records))

    def void(self, line: Line) -> None:
        if not line.unwon_by:
            self.model.void(self._reverse("void", line.table, line.key, None), line)

    def voids(self, lines: list[Line]) -> None:
        """Void several bets by one row, which may name one of them twice."""
        if not self.history and not any(line.unwon_by for line in lines):
            name = self._reverse_listed("void", lines, "")
            for line in dict.fromkeys(line.key for line in lines):
                self.model.void(f"{name}{KEY_SEPARATOR}{line}", self.model.line(line))

    def unwin(self, line: Line) -> None:
        if line.table == "bets" and not line.kept_by:
            self.model.unwin(self._reverse("unwin", line.table, line.key, None), line)

    def refund(self, line: Line, part: int) -> None:
        if line.table == "bets" and line.counts and not line.kept_by and part < line.left:
            self.model.refund(self._reverse("refund", line.table, line.key, part), line, part)

    def undo(self, reversal: str) -> None:
        if reversal in self.lists:
            self._undo_listed(reversal, self.lists[reversal])
        elif self._can_tell(reversal):
            self.model.undo(self._reverse("undo", "voids", reversal, None), reversal)

    def _undo_listed(self, reversal: str, lines: list[Line]) -> None:
        keys = list(dict.fromkeys(line.key for line in lines))
        if all(self._can_tell(f"{reversal}{KEY_SEPARATOR}{key}") for key in keys):
            name = self._reverse_listed("undo", lines, reversal)
            for key in keys:
                self.model.undo(f"{name}{KEY_SEPARATOR}{key}", f"{reversal}{KEY_SEPARATOR}{key}")

    def _can_tell(self, reversal: str) -> bool:
        """Return whether the bridge can know what an undo of this means; else a person must, and one tries it."""
        way, line, part = self.model.did.get(reversal, ("", None, 0))
        if line is None:
            return True
        if line.done or (way == "undo" and (line.cut or line.unwon_by)) or ("unwin" in way and line.kept_by):
            return False
        return "refund" not in way or not (line.kept_by or not line.counts or part >= line.left)

    def _reverse(self, kind: str, table: str, ref: str, part: int | None) -> str:
        name = f"v{len(self.reversals)}"
        self.reversals.append(name)
        row = {"kind": kind, "of": table, "ref": ref, "stake": part}
        self._take(self._made("insert", "voids", name, row))
        return name

    def _reverse_listed(self, kind: str, lines: list[Line], ref: str) -> str:
        name = f"v{len(self.reversals)}"
        self.reversals.append(name)
        self.lists[name] = lines
        row = {"kind": kind, "ref": ref, "bets": json.dumps([line.key for line in lines[::-1]])}
        self._take(self._made("insert", "lists", name, row))
        return name

    def _update(self, line: Line, note: int = 0) -> None:
        self._take(self._made("update", line.table, line.key, {**self._row(line), "note": note}))

    def _made(self, kind: str, table: str, key: str, row: dict[str, Any]) -> SourceRecord:
        write = getattr(self.run.database, "snapshot" if self.history else kind)
        record: SourceRecord = write(table, {"id": key}, {**ROW, **row})
        self.records.append(record)
        return record

    def _take(self, record: SourceRecord) -> None:
        self._waiting.append(record)
        if len(self._waiting) == self.batch:
            self.flush()

    def flush(self) -> None:
        """Take in what waits, in one transaction."""
        self.run.play.take(self._waiting)
        self._waiting = []

    def _row(self, line: Line) -> dict[str, Any]:
        amounts = {"stake": line.stake, "cashed": line.cashed, "returned": line.returned}
        return {**of(line), **amounts, "state": line.state}

    def compare(self) -> None:
        """Hold what was sent against the model, unless something is to be taken in yet."""
        if self._waiting:
            return
        events = self.run.bodies()
        for event in events[self._read :]:
            sign = 1 if event["status"] == "Approved" else -1
            self.ours[event["user_id"], event["currency"], event["type"]] += sign * event["amount"]
        self._read = len(events)
        theirs = self.model.sums()
        assert {key: sum_ for key, sum_ in self.ours.items() if sum_} == {k: v for k, v in theirs.items() if v}
        of_rows = {line.key for line in self.model.lines if line.done}
        assert {key for key, _ in self.run.parked()} - of_rows == self.model.parked
