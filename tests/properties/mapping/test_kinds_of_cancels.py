"""Cancels of wins, of bets with and without their wins, of rounds, and undos: what none of them names stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make, Trial

WALLET = """
lookups: {games: {key: id}}
wait: {lookup: 1 day, original: 10 days}
play:
  bets:
    activities: {bet: {type: Bet}}
    event: {game_name: "games[game].name"}
    again: {activity_id: {text: "{id}:{n}"}}
  wins:
    after: bets[ref]
    activities: {win: {type: Win}}
    event: {game_name: "games[game].name"}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    indexes: {by_ref: ref}
    reverses:
      - {when: kind == "void", original: "bets[ref]", followers: stay}
      - {when: kind == "unwin", original: "wins[ref]"}
      - {when: kind == "cancel", original: "bets[ref]", followers: go}
      - {when: kind == "round", round: ref}
      - {when: kind == "wins", round: ref, activity: win}
      - {when: kind == "undo", undoes: "cancels[ref]"}
      - {when: kind == "lift", undoes: "cancels.by_ref[ref]"}
"""
AT = st.sampled_from([0, 0, 0, 1, 2])
GAME = st.sampled_from(["here", "here", "late"])
PLAY = st.tuples(st.sampled_from(["bet", "win"]), AT, GAME)
UNDO = ["undo", "undo", "undo", "lift"]
BACK = st.tuples(st.sampled_from(["void", "unwin", "cancel", "round", "wins", *UNDO]), AT, GAME)
Step = tuple[str, int, str]
Write = tuple[str, str, dict[str, Any]]


@dataclass
class Line:
    """A bet or a win, and the cancels that keep it away: which, and of what kind."""

    key: str
    round: str
    bet: str
    amount: int
    holders: dict[str, str] = field(default_factory=dict)

    def take(self, by: str, kind: str) -> None:
        """Let a cancel keep it away; of two that name it, or its round, the second takes nothing."""
        if kind not in self.holders.values():
            self.holders[by] = kind


@dataclass
class Model:
    """What is written, and what of it counts."""

    lines: list[Line] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    refs: dict[str, list[str]] = field(default_factory=dict)
    """The cancels that name a row, or a round: an undo may name that, and not one of them."""
    writes: list[Write] = field(default_factory=list)

    def step(self, what: str, at: int, game: str) -> None:
        bets = [line for line in self.lines if not line.bet]
        if what == "bet" or not bets:
            self._play("bets", f"R{at % 2}", "", game)
        elif what == "win":
            of = bets[at % len(bets)]
            self._play("wins", of.round, of.key, game)
        elif what == "undo":
            if self.cancels:
                self._undo(self.cancels.pop(-1 - at % len(self.cancels)))
        elif what == "lift":
            if self.refs:
                self._lift(list(self.refs)[-1 - at % len(self.refs)])
        else:
            self._cancel(what, at, bets)

    def sums(self) -> Counter[str]:
        return Counter({line.key: line.amount for line in self.lines if not line.holders})

    def _play(self, table: str, round_id: str, bet: str, game: str) -> None:
        line = Line(f"{table[0]}{len(self.lines)}", round_id, bet, 1 + len(self.lines))
        self.lines.append(line)
        row = {"round": round_id, "ref": bet, "amount": line.amount, "game": game}
        self.writes.append((table, line.key, row))

    def _cancel(self, what: str, at: int, bets: list[Line]) -> None:
        named = [line for line in self.lines if line.bet] if what == "unwin" else bets
        if not named:
            return
        line = named[at % len(named)]
        ref = line.round if what in ("round", "wins") else line.key
        name, kind = f"c{len(self.writes)}", "" if what in ("void", "unwin") else f"{what} {ref}"
        for one in self.lines:
            if self._goes(one, what, line):
                one.take(name, kind)
        self.cancels.append(name)
        self.refs.setdefault(ref, []).append(name)
        self.writes.append(("cancels", name, {"kind": what, "ref": ref}))

    def _goes(self, one: Line, what: str, named: Line) -> bool:
        if what in ("round", "wins"):
            return one.round == named.round and (what == "round" or bool(one.bet))
        return one is named or (what == "cancel" and one.bet == named.key)

    def _undo(self, cancel: str) -> None:
        self._free(cancel)
        self.writes.append(("cancels", f"u{len(self.writes)}", {"kind": "undo", "ref": cancel}))

    def _lift(self, ref: str) -> None:
        """Undo the first of the cancels that name the same, of those that keep anything away."""
        held = {name for line in self.lines for name in line.holders}
        self._free(next((name for name in self.refs[ref] if name in held), ""))
        self.writes.append(("cancels", f"l{len(self.writes)}", {"kind": "lift", "ref": ref}))

    def _free(self, cancel: str) -> None:
        for line in self.lines:
            line.holders.pop(cancel, None)


def sums_of(run: Trial) -> Counter[str]:
    found: Counter[str] = Counter()
    for body in run.bodies():
        sign = 1 if body["status"] == "Approved" else -1
        found[body["activity_id"].partition(":")[0]] += sign * int(body["amount"])
    return found


def nothing_between(one: Counter[str], other: Counter[str]) -> bool:
    return all(one[key] == other[key] for key in {*one, *other})


@examples(3, unchecked=[HealthCheck.function_scoped_fixture])
@given(
    shown=st.lists(PLAY, max_size=3),
    before=st.lists(BACK, max_size=2),
    steps=st.lists(st.one_of(PLAY, BACK, BACK), min_size=2, max_size=9),
    late=st.integers(0, 9),
    restart=st.booleans(),
)
def test_what_no_cancel_names_stands(
    trial: Make, *, shown: list[Step], before: list[Step], steps: list[Step], late: int, restart: bool
) -> None:
    run, model = trial(WALLET), Model()
    run.insert("games", "here", name="Game")
    for what, at, game in (*shown, *(before if shown else ())):
        model.step(what, at, game)
    for table, key, row in model.writes:
        run.snapshot(table, key, **row)
    theirs = Counter({key: -much for key, much in model.sums().items()})
    there = len(model.writes)
    for what, at, game in steps:
        model.step(what, at, game)
    for number, (table, key, row) in enumerate(model.writes[there:]):
        if number == late:
            run.insert("games", "late", name="Game")
        record = run.insert(table, key, **row)
        if restart:
            run.restart()
            run.take(record)
    run.update("games", "late", name="Game")
    theirs.update(model.sums())
    assert (run.held, run.parked()) == (0, [])
    assert nothing_between(sums_of(run), theirs)
