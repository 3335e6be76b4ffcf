"""Rules that say half of what they mean: told before a record is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.checks.cautions import cautions
from tests.support.trial import wallet


def told(folder: Path, text: str) -> list[tuple[str, str]]:
    """Return the warnings of a small wallet, by their place."""
    return [(c.key, c.message) for c in cautions(wallet(folder, text))]


class TestReversalsInEveryState:
    """Bets of a table count in some states: a rollback row that is pending, or cancelled, has a state too."""

    TABLE = """
play:
  tx:
    rows: mutable
    deleted: nothing
    with: {counts: status == "done"}
    stands: counts
    activities: {bet: {type: Bet, when: kind == "bet"}}
    SKIP
    reverses:
      - {when: kind == "unvoid" and counts, undoes: "tx[ref]"}
      UNDO
      - {when: WHEN, original: "tx[ref]"}
"""

    def _told(self, folder: Path, when: str = 'kind == "void"', skip: str = "", undo: str = "") -> list[str]:
        text = self.TABLE.replace("WHEN", when).replace("SKIP", skip).replace("UNDO", undo)
        return [f"{key}: {message}" for key, message in told(folder, text)]

    def test_one_that_asks_for_no_state_is_told(self, tmp_path: Path) -> None:
        (problem,) = self._told(tmp_path)
        assert problem == (
            "play.tx.reverses.1.when: such a row takes back whatever its status: "
            "`stands` is asked of bets and wins alone"
        )

    @pytest.mark.parametrize("when", ['kind == "void" and status == "done"', 'kind == "void" and counts'])
    def test_one_that_asks_for_it_is_not(self, tmp_path: Path, when: str) -> None:
        assert self._told(tmp_path, when) == []

    def test_nor_one_whose_other_states_are_skipped(self, tmp_path: Path) -> None:
        assert self._told(tmp_path, skip='skip: {not done: kind == "void" and status == "pending"}') == []

    def test_nor_one_that_its_own_state_undoes(self, tmp_path: Path) -> None:
        undo = '- {when: kind == "void" and not counts, undoes: "tx[id]"}'
        assert self._told(tmp_path, undo=undo) == []

    def test_an_undo_of_other_rows_does_not_count(self, tmp_path: Path) -> None:
        undo = '- {when: kind == "void" and not counts, undoes: "tx[id]"}'
        assert [place[:24] for place in self._told(tmp_path, 'kind == "refund"', undo=undo)] == [
            "play.tx.reverses.2.when:"
        ]


class TestTotalsSentWhole:
    """A total of 4 that grows to 6 is a piece of 2; one that sends the total makes 10 of it."""

    TABLE = """
play:
  bets:
    rows: mutable
    deleted: nothing
    with: {grew: "units(grown, 2)"}
    activities:
      bet: {type: Bet}
      cash: {type: Win, grows: {total: cashed}, event: {activity_id: {text: "{id}:{n}"}, AMOUNT}}
"""

    @pytest.mark.parametrize(
        ("amount", "place"),
        [
            ("wager_amount: cashed", "activities.cash.event.wager_amount"),
            ('bonus_wager_amount: "units(cashed, 2)"', "activities.cash.event.bonus_wager_amount"),
            ("is_round_end: true", "event.wager_amount"),
        ],
    )
    def test_one_is_told(self, tmp_path: Path, amount: str, place: str) -> None:
        found = [one for one in told(tmp_path, self.TABLE.replace("AMOUNT", amount)) if "never used" not in one[1]]
        assert found == [(f"play.bets.{place}", "each piece of cash sends this, and not by how much it has grown")]

    @pytest.mark.parametrize("amount", ["grown", "grew", "0 if free else grown", "cashed - cash.total"])
    def test_one_that_says_how_much_is_not(self, tmp_path: Path, amount: str) -> None:
        found = told(tmp_path, self.TABLE.replace("AMOUNT", f"wager_amount: {amount}"))
        assert [said for _, said in found if "each piece" in said] == []


class TestFirstItemsAlone:
    """A prize of several players is a list; its void names the prize, and an index finds the first player's."""

    TABLE = """
play:
  prizes:
    each: {share: json(winners)}
    key: [id, share.player]
    indexes: {by_prize: INDEX}
    activities: {win: {type: Win}}
    AFTER
  voids:
    reverses: {when: true, original: "prizes.by_prize[VALUE]", followers: FOLLOWERS}
"""

    def _told(
        self, folder: Path, index: str = "id", value: str = "prize_id", after: str = "", followers: str = "stay"
    ) -> list[str]:
        text = self.TABLE.replace("INDEX", index).replace("VALUE", value).replace("AFTER", after)
        return [f"{key}: {message}" for key, message in told(folder, text.replace("FOLLOWERS", followers))]

    def test_an_index_that_all_share_is_told(self, tmp_path: Path) -> None:
        (problem,) = self._told(tmp_path)
        assert problem == (
            "play.voids.reverses.original: all items of one share list have the same by_prize, "
            "and only the first of them is found"
        )

    def test_one_with_the_item_in_it_is_not(self, tmp_path: Path) -> None:
        assert self._told(tmp_path, "[id, share.player]", "prize_id, player") == []

    def test_nor_one_whose_others_go_with_the_first(self, tmp_path: Path) -> None:
        after = "after: 'prizes[id, first_player] if share.player != first_player else none'"
        assert self._told(tmp_path, after=after, followers="go") == []

    def test_nor_a_list_that_the_connector_writes_itself(self, tmp_path: Path) -> None:
        text = self.TABLE.replace("json(winners)", '\'("takes", "pays") if again else ("pays",)\'')
        text = text.replace("share.player", "share").replace("INDEX", "id").replace("VALUE", "prize_id")
        assert told(tmp_path, text.replace("AFTER", "").replace("FOLLOWERS", "stay")) == []

    UNDO = """
play:
  calls:
    each: {ref: 'json(refs) if kind in ("cancel", "uncancel") else ("self",)'}
    key: [tx, ref]
    indexes: {by_tx: INDEX}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses:
      - {when: kind == "cancel", original: "calls.by_bet[ref]"}
      - {when: kind == "uncancel", undoes: "calls.by_tx[VALUE]"}
"""

    def test_nor_a_bet_that_is_its_only_item_but_an_undo_of_all_items_is_told(self, tmp_path: Path) -> None:
        text = self.UNDO.replace("{by_tx: INDEX}", "{by_tx: tx, by_bet: tx}")
        (problem,) = told(tmp_path, text.replace("VALUE", "cancel_tx"))
        assert problem == (
            "play.calls.reverses.1.undoes",
            "all items of one ref list have the same by_tx, and only the first of them is found",
        )

    def test_an_undo_that_names_the_item_is_not(self, tmp_path: Path) -> None:
        text = self.UNDO.replace("{by_tx: INDEX}", "{by_tx: [tx, ref], by_bet: tx}")
        assert told(tmp_path, text.replace("VALUE", "cancel_tx, ref")) == []


class TestRollbacksOfNoRow:
    """`rollback` is for a row that takes itself back, and no row of an append-only table does."""

    TABLE = """
play:
  tx:
    rows: ROWS
    DELETED
    activities: {bet: {type: Bet, when: kind == "bet" ACTIVITY}}
    reverses: {when: kind == "void", original: "tx[ref]", event: {timestamp: at}}
"""

    @pytest.mark.parametrize(
        ("rows", "activity", "table", "place"),
        [
            ("append-only", "", "rollback: {timestamp: at}", "play.tx.rollback"),
            ("append-only", ", rollback: {timestamp: at}", "", "play.tx.activities.bet.rollback"),
            ("append-only", "", "", ""),
            ("mutable", "", "rollback: {timestamp: at}", ""),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, rows: str, activity: str, table: str, place: str) -> None:
        text = self.TABLE.replace("ROWS", rows).replace("ACTIVITY", activity)
        deleted = "deleted: nothing" if rows == "mutable" else "key: id"
        text = text.replace("DELETED", f"{deleted}\n    {table}")
        message = "no row of an append-only table takes itself back: `rollback` is never used"
        assert [one for one in told(tmp_path, text) if "rollback" in one[1]] == (
            [(place, message)] if place else []
        )
