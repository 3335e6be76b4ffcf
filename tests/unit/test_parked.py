"""Parked changes judged anew, or discarded: what is sent then, and that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.brand import Brand
from bridge.records import SourceRecord
from tests.support.examples import examples
from tests.support.parking import World
from tests.support.trial import wallet
from tests.unit.mapping.test_several_servers import Place, written

DAY_MS = 86_400_000

BETS = """
play:
  bets:
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet, stands: kind != "void"}}
    {more}
"""


@pytest.fixture
def brand(tmp_path: Path) -> Callable[..., Brand]:
    """Return a way to make the wallet; what is odd is what its engineer did not know yet."""

    def make(*, odd: str = '"odd"', rows: str = "append-only", more: str = "") -> Brand:
        return wallet(tmp_path, BETS.format(odd=odd, more=ROWS[rows] + more))

    return make


ROWS = {
    "append-only": "",
    "mutable": "rows: mutable\n    deleted: nothing\n    ",
}


def test_a_replayed_change_is_sent_once_however_often_it_comes(brand: Callable[..., Brand]) -> None:
    world = World(brand())
    record = world.trial.insert("bets", 1, kind="odd", amount=5)
    world.mend(brand(odd='"none"'))
    assert world.replay() == ["1 sent"]
    assert world.trial.events() == ["Bet Approved 1 5"]
    assert world.trial.parked() == []
    assert world.replay() == []
    world.trial.take(record)
    assert world.trial.events() == ["Bet Approved 1 5"]
    assert world.trial.ended("skipped") == ["repeated"]


class TestAnotherRowWithTheKeyOfAParkedOne:
    """A call that the provider tries again with its id, in an append-only table: it is parked behind the first."""

    def world(self, brand: Callable[..., Brand], amount: int = 7) -> World:
        world = World(brand())
        world.trial.insert("bets", 1, kind="odd", amount=5)
        world.trial.insert("bets", 1, kind="bet", amount=amount)
        assert world.trial.parked() == [("1", "guard"), ("1", "row_parked")]
        return world

    def test_the_first_counts_when_it_can_be_said_now(self, brand: Callable[..., Brand]) -> None:
        world = self.world(brand, amount=5)
        world.mend(brand(odd='"none"'))
        assert world.replay() == ["1 sent", "1 skipped: another row has its key"]
        assert world.trial.events() == ["Bet Approved 1 5"]

    def test_the_second_stays_parked_where_it_says_something_else(self, brand: Callable[..., Brand]) -> None:
        world = self.world(brand)
        world.mend(brand(odd='"none"'))
        assert world.replay()[0] == "1 sent"
        assert world.trial.events() == ["Bet Approved 1 5"]
        assert [code for _, code in world.trial.parked()] == ["same_key"]

    def test_the_second_counts_when_the_first_is_discarded(self, brand: Callable[..., Brand]) -> None:
        world = self.world(brand)
        world.discard(1)
        assert world.replay() == ["1 sent"]
        assert world.trial.events() == ["Bet Approved 1 7"]

    def test_one_that_comes_after_all_were_discarded_counts(self, brand: Callable[..., Brand]) -> None:
        world = self.world(brand)
        world.discard(1, 2)
        record = world.trial.insert("bets", 1, kind="bet", amount=8)
        world.trial.take(record)
        assert world.trial.events() == ["Bet Approved 1 8"]


def test_a_change_that_still_cannot_be_said_is_parked_again(brand: Callable[..., Brand]) -> None:
    world = World(brand())
    world.trial.insert("bets", 1, kind="odd", amount=5)
    assert world.replay() == ["1 parked: odd kind"]
    assert world.trial.parked() == [("1", "guard")]
    assert world.trial.events() == []


def test_changes_are_replayed_as_they_were_written_not_by_their_numbers(brand: Callable[..., Brand]) -> None:
    others = "\n  others:\n    park: {{odd kind: kind == {odd}}}\n    activities: {{bet: {{type: Bet}}}}"
    world = World(brand(more=others.format(odd='"odd"')))
    for number, table in enumerate(("bets", "others", "bets", "others")):
        world.trial.insert(table, number, kind="odd", amount=1)
    assert world.replay(1) == ["0 parked: odd kind"]  # It has the highest number now.
    world.mend(brand(odd='"none"', more=others.format(odd='"none"')))
    world.replay()
    assert world.trial.events() == [f"Bet Approved {number} 1" for number in range(4)]


def test_changes_of_several_servers_are_replayed_by_the_times_of_their_commits(
    brand: Callable[..., Brand],
) -> None:
    others = "\n  others:\n    park: {{odd kind: kind == {odd}}}\n    activities: {{bet: {{type: Bet}}}}"
    world = World(brand(more=others.format(odd='"odd"')))
    later = Place(server=2, gtid="7b2c1d90-71ca-11e1-9e33-c80aa9429562:1", at_s=60)
    world.trial.take(written(later, "c", {"id": 2, "kind": "odd", "amount": 1}, "bets"))
    world.trial.take(written(Place(), "c", {"id": 1, "kind": "odd", "amount": 1}, "others"))
    world.mend(brand(odd='"none"', more=others.format(odd='"none"')))
    world.replay()
    assert world.trial.events() == ["Bet Approved 1 1", "Bet Approved 2 1"]


CANCELLED_ROUNDS = """
wait: {original: 5 minutes, lookup: 5 minutes, parts: 5 minutes}
lookups: {games: {key: id}}
play:
  bets:
    parts: {legs: {table: leg, one: leg, of: bet, count: leg_count}}
    activities: {bet: {type: Bet}}
    event: {wager_amount: sum(legs.amount), game_name: "games[game].name"}
  cancels:
    reverses:
      - {when: kind == "void", original: "bets[ref]", followers: go}
      - {when: kind == "round", round: round}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""


def test_a_second_cancel_holds_although_the_first_was_there_before_the_bet_was_replayed(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, CANCELLED_ROUNDS))
    run = world.trial
    run.insert("leg", 1, bet=1, amount=5)
    run.insert("bets", 1, leg_count=1, game="g")
    run.wait(minutes=6)
    run.insert("cancels", "c", kind="round")
    run.insert("games", "g", name="Game")
    assert world.replay() == ["1 skipped: taken back by another row", "1 sent: with its header"]
    run.insert("cancels", "v", kind="void", ref=1)
    run.insert("cancels", "u", kind="undo", ref="c")
    assert run.events() == []
    run.insert("cancels", "w", kind="undo", ref="v")
    assert (run.events(), run.parked()) == (["Bet Approved 1 5"], [])


def test_a_dry_run_changes_nothing(brand: Callable[..., Brand]) -> None:
    world = World(brand())
    world.trial.insert("bets", 1, kind="odd", amount=5)
    world.mend(brand(odd='"none"'))
    assert world.replay(dry_run=True) == ["1 sent"]
    assert world.trial.events() == []
    assert world.trial.parked() == [("1", "guard")]
    assert world.replay() == ["1 sent"]


def test_the_changes_of_one_row_go_together_and_in_their_order(brand: Callable[..., Brand]) -> None:
    world = World(brand(rows="mutable"))
    world.trial.insert("bets", 1, kind="odd", amount=5)
    world.trial.update("bets", 1, kind="void", amount=5)
    assert world.trial.parked() == [("1", "guard"), ("1", "row_parked")]
    world.mend(brand(odd='"none"', rows="mutable"))
    assert world.replay(2) == ["1 sent", "1 sent"]
    assert world.trial.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    world.trial.update("bets", 1, kind="bet", amount=5)
    assert world.trial.events()[2:] == ["Bet Approved 1 5"]


def test_what_stood_before_the_parked_change_is_not_sent_again(brand: Callable[..., Brand]) -> None:
    world = World(brand(rows="mutable"))
    world.trial.insert("bets", 1, kind="bet", amount=5)
    parked = world.trial.update("bets", 1, kind="odd", amount=5)
    world.mend(brand(odd='"none"', rows="mutable"))
    assert world.replay() == ["1 skipped: nothing to do"]
    world.trial.take(parked)
    assert world.trial.events() == ["Bet Approved 1 5"]


def test_a_row_that_a_guard_skipped_later_is_not_taken_back_to_its_old_state(brand: Callable[..., Brand]) -> None:
    skip = 'skip:\n      deposit: kind == "deposit"'
    world = World(brand(rows="mutable", more=skip))
    world.trial.insert("bets", 1, kind="odd", amount=5)
    world.trial.update("bets", 1, kind="deposit", amount=5)
    world.mend(brand(odd='"none"', rows="mutable", more=skip))
    assert world.replay() == ["1 skipped: repeated"]
    assert world.trial.events() == []


def test_a_replayed_change_that_must_wait_is_held_as_any_other(tmp_path: Path) -> None:
    text = """
lookups: {{games: {{key: code}}}}
play:
  bets:
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet}}
    event:
      game_name: "games[code].name"
"""
    world = World(wallet(tmp_path, text.format(odd='"odd"')))
    world.trial.insert("bets", 1, kind="odd", code="g1", amount=5)
    world.mend(wallet(tmp_path, text.format(odd='"none"')))
    world.trial.insert("bets", 2, kind="bet", code="g1", amount=6)
    assert world.replay() == ["1 held: behind a change of the same player that waits"]
    assert world.trial.held == 2
    world.trial.insert("games", "g1", code="g1", name="Game")
    assert world.trial.events() == ["Bet Approved 2 6", "Bet Approved 1 5"]


def test_a_row_with_a_later_change_that_waits_is_left_alone(tmp_path: Path) -> None:
    text = """
lookups: {{games: {{key: code}}}}
play:
  bets:
    rows: mutable
    deleted: nothing
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet, stands: kind != "void"}}
    event:
      game_name: "games[code].name"
"""
    world = World(wallet(tmp_path, text.format(odd='"odd"')))
    world.trial.insert("games", "g1", code="g1", name="Game")
    world.trial.insert("bets", 1, kind="odd", code="g1", amount=5)
    world.trial.insert("bets", 2, kind="bet", code="g2", amount=6)
    world.trial.update("bets", 1, kind="void", code="g1", amount=5)
    world.mend(wallet(tmp_path, text.format(odd='"none"')))
    said = "a later change of its row waits: replay it when that has come to its end"
    assert world.replay(1) == [f"1 refused: {said}"]
    assert world.trial.parked() == [("1", "guard")]


LEGS = """
play:
  slips:
    player: player
    parts:
      legs: {{table: legs, of: slip, one: leg, count: legs_count}}
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet}}
    event:
      wager_amount: sum(legs.amount)
"""


def test_a_header_goes_with_the_parts_that_were_parked_behind_it(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, LEGS.format(odd='"odd"')))
    world.trial.insert("legs", 11, slip=1, amount=2)
    world.trial.insert("slips", 1, kind="odd", legs_count=2)
    world.trial.insert("legs", 12, slip=1, amount=3)
    assert [code for _, code in world.trial.parked()] == ["guard", "header_parked", "header_parked"]
    world.mend(wallet(tmp_path, LEGS.format(odd='"none"')))
    assert world.replay(3) == ["1 sent", "1 sent: with its header", "1 sent: with its header"]
    assert world.trial.events() == ["Bet Approved 1 5"]
    assert world.trial.parked() == []
    assert world.trial.held == 0


def test_parts_of_a_discarded_header_are_skipped_for_it(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, LEGS.format(odd='"odd"')))
    world.trial.insert("legs", 11, slip=1, amount=2)
    world.trial.insert("slips", 1, kind="odd", legs_count=2)
    world.discard(1)
    world.trial.insert("legs", 12, slip=1, amount=3)
    assert world.trial.ended("skipped") == ["discarded"]
    assert world.replay() == ["1 skipped: discarded"]
    assert world.trial.events() == []


OPERATION = """
play:
  lines:
    key: operation
    parts:
      all: {{table: lines, of: operation, one: line, count: size}}
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet}}
    event:
      activity_id: operation
      wager_amount: sum(all.amount)
"""


def test_rows_that_are_parts_of_each_other_go_together(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, OPERATION.format(odd='"odd"')))
    for key, amount in ((11, 2), (12, 3), (13, 4)):
        world.trial.insert("lines", key, operation="A", amount=amount, kind="odd", size=3)
    assert {key for key, _ in world.trial.parked()} == {"A"}
    world.mend(wallet(tmp_path, OPERATION.format(odd='"none"')))
    said = world.replay(1)
    assert [one for one in said if "parked" in one or "refused" in one] == []
    assert world.trial.events() == ["Bet Approved A 9"]
    assert (world.trial.parked(), world.trial.held) == ([], 0)
    assert world.replay() == []


def test_a_late_part_stays_parked_and_a_header_that_never_came_is_waited_for_anew(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, LEGS.format(odd='"odd"')))
    world.trial.insert("legs", 11, slip=1, amount=2)
    world.trial.insert("slips", 1, kind="bet", legs_count=1)
    world.trial.insert("legs", 12, slip=1, amount=3)
    world.trial.insert("legs", 21, slip=2, amount=4)
    world.trial.wait(minutes=60 * 24)
    assert sorted(code for _, code in world.trial.parked()) == ["header_missing", "late_part"]
    assert world.replay() == [
        "1 parked: its header has been sent without it",
        "2 held: waits for its header",
    ]
    world.trial.insert("slips", 2, kind="bet", legs_count=1)
    assert world.trial.events() == ["Bet Approved 1 2", "Bet Approved 2 4"]


def test_rows_that_follow_a_parked_row_can_be_replayed_with_it(tmp_path: Path) -> None:
    text = """
play:
  bets:
    park:
      odd kind: kind == {odd}
    activities:
      bet: {{type: Bet}}
  wins:
    after: bets[bet]
    activities:
      win: {{type: Win}}
"""
    world = World(wallet(tmp_path, text.format(odd='"odd"')))
    world.trial.insert("bets", 1, kind="odd", amount=5)
    world.trial.insert("wins", 2, bet=1, amount=9)
    assert [code for _, code in world.trial.parked()] == ["guard", "followed_parked"]
    world.mend(wallet(tmp_path, text.format(odd='"none"')))
    assert world.replay(2) == ["2 parked: the row that it follows is parked"]
    assert world.replay() == ["1 sent", "2 sent"]
    assert world.trial.events() == ["Bet Approved 1 5", "Win Approved 2 9"]


def test_rows_that_follow_a_discarded_row_are_skipped(tmp_path: Path) -> None:
    text = """
play:
  bets:
    park:
      odd kind: kind == "odd"
    activities:
      bet: {type: Bet}
  wins:
    after: bets[bet]
    activities:
      win: {type: Win}
"""
    world = World(wallet(tmp_path, text))
    world.trial.insert("bets", 1, kind="odd", amount=5)
    world.discard(1)
    world.trial.insert("wins", 2, bet=1, amount=9)
    assert world.trial.ended("skipped") == ["discarded"]
    assert world.trial.play.ledger.counters()["discarded", "bets", "a test"] == 1


def test_a_row_goes_on_when_its_parked_change_is_discarded(brand: Callable[..., Brand]) -> None:
    world = World(brand(rows="mutable"))
    world.trial.insert("bets", 1, kind="bet", amount=5)
    world.trial.update("bets", 1, kind="odd", amount=5)
    world.trial.update("bets", 1, kind="bet", amount=5)
    assert len(world.trial.parked()) == 2
    world.discard(1)
    world.trial.update("bets", 1, kind="bet", amount=5)
    assert [code for _, code in world.trial.parked()] == ["row_parked", "row_parked"]
    world.discard(2, 3)
    world.trial.update("bets", 1, kind="void", amount=5)
    assert world.trial.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]


def test_a_discarded_change_that_debezium_repeats_is_known_after_a_replay_of_an_older_one(
    brand: Callable[..., Brand],
) -> None:
    world = World(brand(rows="mutable"))
    world.trial.insert("bets", 1, kind="odd", amount=5)
    void = world.trial.update("bets", 1, kind="void", amount=5)
    world.discard(2)
    world.mend(brand(odd='"none"', rows="mutable"))
    assert world.replay() == ["1 sent"]
    world.trial.take(void)
    assert world.trial.events() == ["Bet Approved 1 5"]
    assert world.trial.ended("skipped") == ["repeated"]


def test_a_change_older_than_the_memory_of_its_row_is_not_replayed(brand: Callable[..., Brand]) -> None:
    world = World(brand(rows="mutable"))
    world.trial.insert("bets", 1, kind="bet", amount=5)
    world.trial.update("bets", 1, kind="odd", amount=5)
    world.mend(brand(odd='"none"', rows="mutable"))
    world.trial.play.now_ms += 121 * DAY_MS
    assert world.replay() == ["1 refused: it was parked longer ago than the ledger remembers what was sent"]
    world.trial.play.now_ms -= 121 * DAY_MS
    world.trial.play.ledger.prune("2030-01-01", 1_000)
    assert world.replay() == [
        "1 refused: its row is past the ledger's retention: what was sent of it is not known any more"
    ]
    assert world.trial.parked() == [("1", "guard")]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(1, 3), st.sampled_from(["bet", "odd", "void"])),
        st.tuples(st.just("repeat"), st.integers(0, 99), st.just("")),
        st.tuples(st.just("replay"), st.integers(0, 99), st.just("")),
        st.tuples(st.just("discard"), st.integers(0, 99), st.just("")),
    ),
    max_size=25,
)


@given(steps=STEPS, mended_at=st.integers(0, 25))
@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
def test_whatever_is_replayed_when_an_activity_is_never_sent_twice(
    brand: Callable[..., Brand], steps: list[tuple[str, int, str]], mended_at: int
) -> None:
    world = World(brand(rows="mutable"))
    mended = brand(odd='"none"', rows="mutable")
    records: list[SourceRecord] = []
    for at, (step, number, kind) in enumerate(steps):
        if at == mended_at:
            world.mend(mended)
        parked = [item.parked_id for item in world.changes.all]
        if step == "change":
            records.append(world.trial.update("bets", number, kind=kind, amount=5))
        elif step == "repeat" and records:
            world.trial.take(records[number % len(records)])
        elif step == "replay" and parked:
            world.replay(parked[number % len(parked)])
        elif step == "discard" and parked:
            world.discard(parked[number % len(parked)])
    standing: set[str] = set()
    for event in world.trial.bodies():
        activity = event["activity_id"]
        assert (activity in standing) == (event["status"] == "Rollback"), world.trial.events()
        standing ^= {activity}
    last = {record.key: record for record in records}
    world.mend(mended)
    for _ in range(5):
        world.replay()
    for record in last.values():
        world.trial.take(record)
    assert world.trial.parked() == []


CALLS = """
play:
  calls:
    each: {{action: actions}}
    key: action.id
    activities: {{bet: {{type: Bet, when: 'action.kind in {kinds}'}}}}
    event: {{activity_id: action.id, wager_amount: action.amount}}
"""


def test_of_a_list_the_items_that_were_parked_are_judged_anew(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, CALLS.format(kinds='("bet",)')))
    actions = [{"id": key, "kind": kind, "amount": 5} for key, kind in (("a", "odd"), ("b", "bet"), ("c", "odd"))]
    world.trial.insert("calls", 1, actions=actions)
    world.mend(wallet(tmp_path, CALLS.format(kinds='("bet", "odd")')))
    assert world.replay() == ["a sent", "c sent"]
    assert world.trial.events() == ["Bet Approved b 5", "Bet Approved a 5", "Bet Approved c 5"]
    assert world.trial.ended("skipped") == []


VOIDS = """
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {{bet: {{type: Bet, when: kind == "bet"}}}}
    again: {{activity_id: {{text: "{{id}}:{{n}}"}}}}
    reverses:
      - {{when: kind == "void" and status == "done", original: "bets[ref]"}}
      - {{when: kind == "void" and status == "{cancelled}", undoes: "bets[id]"}}
"""


def test_a_reversal_that_changed_is_undone_once_the_connector_says_so(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, VOIDS.format(cancelled="unknown")))
    world.trial.insert("bets", 1, kind="bet", amount=5)
    world.trial.insert("bets", 2, kind="void", status="done", amount=None, ref="1")
    world.trial.update("bets", 2, kind="void", status="cancelled", amount=None, ref="1")
    assert world.trial.parked() == [("2", "reversal_changed")]
    world.mend(wallet(tmp_path, VOIDS.format(cancelled="cancelled")))
    assert world.replay() == ["2 sent"]
    assert world.trial.events() == ["Bet Approved 1 5", "Bet Rollback 1 5", "Bet Approved 1:2 5"]
    world.trial.update("bets", 2, kind="void", status="done", amount=None, ref="1")
    assert world.trial.events()[3:] == ["Bet Rollback 1:2 5"]


ROUND_VOIDS = """
  voids:
    reverses:
      - {when: kind == "void", round: round}
      - {when: kind == "unvoid", undoes: "voids[ref]"}
"""


@pytest.mark.parametrize("rows", ["append-only", "mutable"])
class TestARoundThatWasTakenBackMeanwhile:
    @pytest.fixture
    def world(self, brand: Callable[..., Brand], rows: str) -> World:
        world = World(brand(rows=rows, more=ROUND_VOIDS))
        world.trial.insert("bets", "1", kind="bet", amount=10)
        world.trial.insert("bets", "2", kind="odd", amount=7)
        world.trial.insert("voids", "v", kind="void")
        world.mend(brand(odd='"none"', rows=rows, more=ROUND_VOIDS))
        return world

    def test_takes_what_was_parked_then(self, world: World) -> None:
        assert world.replay() == ["2 skipped: taken back by another row"]
        assert world.trial.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]

    def test_and_gives_it_back_when_it_is_undone(self, world: World) -> None:
        world.trial.insert("voids", "u", kind="unvoid", ref="v")
        assert world.replay() == ["2 sent"]
        assert world.trial.events()[2:] == ["Bet Approved 1 10", "Bet Approved 2 7"]

    def test_undone_after_the_replay(self, world: World) -> None:
        world.replay()
        world.trial.insert("voids", "u", kind="unvoid", ref="v")
        assert sorted(world.trial.events()[2:]) == ["Bet Approved 1 10", "Bet Approved 2 7"]


def test_a_row_that_the_ledger_has_forgotten_stays_parked_until_the_connector_says_what_counts(
    brand: Callable[..., Brand],
) -> None:
    world = World(brand(rows="mutable"))
    world.trial.update("bets", 1, kind="bet", amount=5, at="2025-08-01T10:00:00Z")
    assert world.trial.parked() == [("1", "row_forgotten")]
    assert [line.split(":")[0] for line in world.replay()] == ["1 parked"]
    world.mend(brand(rows="mutable", more="starts: 'false'"))
    assert world.replay() == ["1 history: history"]
    assert world.trial.events() == []
