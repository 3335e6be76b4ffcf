"""Undos that are parked, and replayed when another cancel has come: that one holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.parking import World
from tests.support.trial import Trial, wallet

WALLET = """
play:
  bets:
    rows: ROWS
    deleted: nothing
    activities: {bet: {type: Bet, stands: state != "pending", share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    park: {odd: kind == "ODD"}
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "bet", original: "bets[ref]", followers: go}
      - {when: kind == "round", round: ref}
      - {when: kind == "part", original: "bets[ref]", takes: amount}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""
KINDS = ["void", "bet", "round"]
ROWS = ["append-only", "mutable"]


class Undone:
    """A trial of the wallet in which undos are parked until `mend`."""

    def __init__(self, folder: Path, rows: str, *, share: bool = False) -> None:
        self._folder = folder
        self._text = WALLET.replace("ROWS", rows)
        if rows == "append-only":
            self._text = self._text.replace("    deleted: nothing\n", "")
        if not share:
            self._text = self._text.replace(", share: amount", "").replace("left", "amount")
            self._text = "\n".join(line for line in self._text.splitlines() if '"part"' not in line)
        self.world = World(wallet(folder, self._text.replace("ODD", "undo")))

    @property
    def run(self) -> Trial:
        return self.world.trial

    def cancel(self, key: str, kind: str, ref: str = "", amount: int = 0) -> None:
        ref = ref or ("R1" if kind == "round" else "b")
        self.run.insert("cancels", key, kind=kind, ref=ref, amount=amount)

    def mend(self) -> None:
        """Let undos through, and replay those that were parked."""
        self.world.mend(wallet(self._folder, self._text.replace("ODD", "none")))
        self.world.replay()

    def counts(self) -> int:
        """Return what counts, all in all."""
        return sum(int(e["amount"]) * (1 if e["status"] == "Approved" else -1) for e in self.run.bodies())


@pytest.mark.parametrize(("rows", "pending"), [("append-only", False), ("mutable", False), ("mutable", True)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_cancel_holds(tmp_path: Path, rows: str, kind: str, *, pending: bool) -> None:
    it = Undone(tmp_path, rows)
    it.run.insert("bets", "b", state="pending" if pending else "done", amount=5)
    it.cancel("v", kind)
    it.cancel("u", "undo", "v")
    it.cancel("v2", kind)
    if pending:
        it.run.update("bets", "b", state="done", amount=5)
    assert it.counts() == 0
    it.mend()
    assert (it.counts(), it.run.parked()) == (0, [])
    it.cancel("u2", "undo", "v2")
    assert (it.counts(), it.run.parked()) == (5, [])


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_cancel_that_was_undone_since_does_not(tmp_path: Path, rows: str, kind: str) -> None:
    it = Undone(tmp_path, rows)
    it.run.insert("bets", "b", state="done", amount=5)
    it.cancel("v", kind)
    it.cancel("u", "undo", "v")
    it.cancel("v2", kind)
    it.cancel("u2", "undo", "v2")
    it.mend()
    assert (it.counts(), it.run.parked()) == (5, [])


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_that_came_before_the_undo_goes_with_the_first(tmp_path: Path, rows: str, kind: str) -> None:
    it = Undone(tmp_path, rows)
    it.run.insert("bets", "b", state="done", amount=5)
    it.cancel("v", kind)
    it.cancel("repeated", kind)
    it.cancel("u", "undo", "v")
    it.cancel("v2", kind)
    it.mend()
    it.cancel("u2", "undo", "v2")
    assert (it.counts(), it.run.parked()) == (5, [])
    it.cancel("u3", "undo", "repeated")
    assert (it.counts(), it.run.parked()) == (5, [])
    assert it.run.ended("skipped")[-1] == "repeated: there is nothing to restore"


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("much", [3, 10])
def test_one_of_what_a_part_had_left_takes_also_what_that_gives_back(
    tmp_path: Path, rows: str, kind: str, much: int
) -> None:
    it = Undone(tmp_path, rows, share=True)
    it.run.insert("bets", "b", state="done", amount=10)
    it.cancel("p", "part", amount=much)
    it.cancel("u", "undo", "p")
    it.cancel("v", kind)
    assert it.counts() == 0
    it.mend()
    assert (it.counts(), it.run.parked()) == (0, [])
    it.cancel("u2", "undo", "v")
    assert (it.counts(), it.run.parked()) == (10, [])


def test_what_a_part_s_undo_gave_back_counts_once_the_second_cancel_is_undone(tmp_path: Path) -> None:
    it = Undone(tmp_path, "append-only", share=True)
    it.run.insert("bets", "b", state="done", amount=10)
    it.cancel("p", "part", amount=3)
    it.cancel("p2", "part", amount=7)
    it.cancel("u", "undo", "p")
    it.cancel("v", "void")
    it.mend()
    assert it.counts() == 0
    it.cancel("u2", "undo", "v")
    assert it.counts() == 3
    it.cancel("u3", "undo", "p2")
    assert (it.counts(), it.run.parked()) == (10, [])


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parked", [False, True])
def test_an_undo_that_was_read_first_leaves_what_came_after_its_cancel(
    tmp_path: Path, rows: str, kind: str, *, parked: bool
) -> None:
    it = Undone(tmp_path, rows)
    it.run.insert("bets", "b", state="done", amount=5)
    if not parked:
        it.mend()
    it.cancel("u", "undo", "v")
    it.cancel("v", kind)
    it.cancel("v2", kind)
    assert it.counts() == 0
    it.mend()
    assert (it.counts(), it.run.parked()) == (0, [])
    it.cancel("u2", "undo", "v2")
    assert (it.counts(), it.run.parked()) == (5, [])


ROUND = """
play:
  bets:
    rows: ROWS
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
    park: {odd: ODD}
  cancels:
    park: {odd: ODD}
    reverses:
      - {when: kind == "round", round: ref}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""


@pytest.mark.parametrize("rows", ["append-only", "mutable\n    deleted: nothing"])
def test_a_replayed_cancel_leaves_what_came_to_its_round_later(tmp_path: Path, rows: str) -> None:
    text = ROUND.replace("ROWS", rows)
    world = World(wallet(tmp_path, text.replace("ODD", "odd")))
    run = world.trial
    run.insert("bets", "a", amount=5, odd=False)
    run.insert("cancels", "first", kind="round", ref="R1", odd=True)
    run.insert("bets", "b", amount=7, odd=True)
    run.insert("cancels", "second", kind="round", ref="R1", odd=False)
    run.insert("cancels", "u", kind="undo", ref="second", odd=True)
    assert run.new() == ["Bet Approved a 5", "Bet Rollback a 5"]
    world.mend(wallet(tmp_path, text.replace("ODD", "false")))
    world.replay()
    assert (run.new(), run.parked()) == (["Bet Approved b 7"], [])
