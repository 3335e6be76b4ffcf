"""Rows that get other keys, at any time and also while they wait, come to what they would if they kept theirs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make, Trial

WALLET = """
wait: {lookup: 1 day, original: 2 days}
lookups: {games: {key: id}}
play:
  bets:
    rows: mutable
    deleted: nothing
    skip: {refused: state == "refused"}
    with: {title: 'games[game].name'}
    activities: {bet: {type: Bet, stands: state == "open"}}
    event: {game_name: title, meta: {of: own}}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    rows: mutable
    deleted: nothing
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "undo", undoes: "voids[ref]"}
"""

AT = st.integers(0, 2)
STATE = st.sampled_from(["pending", "open", "open", "void", "refused"])
STEP = st.one_of(
    *[st.tuples(st.just("bet"), AT, STATE)] * 3,
    *[st.tuples(st.just("void"), AT)] * 2,
    st.tuples(st.just("undo"), AT),
    *[st.tuples(st.just("rename"), st.sampled_from(["bets", "voids"]), AT)] * 3,
    st.tuples(st.just("restart")),
    st.tuples(st.just("game")),
)


class Wallet:
    """Writes rows by names that stay, under keys that change or not."""

    def __init__(self, run: Trial, *, renames: bool) -> None:
        self.run, self.renames = run, renames
        self.rows: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        run.insert("games", "g0", name="Dice")

    def step(self, step: tuple[Any, ...]) -> None:
        voids = [name for table, name in self.rows if table == "voids"]
        match step:
            case ("bet", at, state):
                self._write("bets", f"b{at}", state=state, amount=5, game=f"g{at // 2}", own=f"b{at}")
            case ("void", at):
                ref = self.rows.get(("bets", f"b{at}"), (f"b{at}", {}))[0]
                self._write("voids", f"v{len(voids)}", kind="void", ref=ref, amount=None)
            case ("undo", at) if at < len(undoable := [one for one in voids if self._is_void(one)]):
                ref = self.rows["voids", undoable[-1 - at]][0]
                self._write("voids", f"v{len(voids)}", kind="undo", ref=ref, amount=None)
            case ("rename", table, at):
                self._rename(table, at)
            case ("restart",):
                self.run.restart()
            case ("game",):
                self.run.update("games", "g1", name="Lucky")

    def _is_void(self, name: str) -> bool:
        return bool(self.rows["voids", name][1]["kind"] == "void")

    def _write(self, table: str, name: str, **row: Any) -> None:
        known = (table, name) in self.rows
        key = self.rows[table, name][0] if known else name
        self.rows[table, name] = (key, row)
        (self.run.update if known else self.run.insert)(table, key, **row)

    def _rename(self, table: str, at: int) -> None:
        mine = [one for one in self.rows if one[0] == table]
        if at >= len(mine):
            return
        key, row = self.rows[mine[-1 - at]]
        if self.renames:
            self.rows[mine[-1 - at]] = (f"{key}x", row)
            self.run.rename(table, key, f"{key}x", **row)
        else:
            self.run.update(table, key, **row)

    def end(self) -> tuple[Counter[str], set[str], int]:
        """Return what each bet comes to, which rows are parked, and how many changes wait."""
        self.step(("game",))
        self.run.wait(minutes=3 * 24 * 60)
        sums: Counter[str] = Counter()
        for event in self.run.bodies():
            sums[event["meta"]["of"]] += event["amount"] * (1 if event["status"] == "Approved" else -1)
        return +sums, {key.rstrip("x") for key, _ in self.run.parked()}, self.run.held


@examples(4, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=4, max_size=16))
def test_what_bets_come_to_does_not_hang_on_their_keys(trial: Make, steps: list[tuple[Any, ...]]) -> None:
    kept, changed = Wallet(trial(WALLET), renames=False), Wallet(trial(WALLET), renames=True)
    for step in steps:
        kept.step(step)
        changed.step(step)
    assert changed.end() == kept.end()
