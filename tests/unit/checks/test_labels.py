"""Values that rules name and no row can have: told before a record is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.checks.cautions import cautions
from tests.support.trial import wallet

MOVES = "moves: {status: {new: [pending, done], pending: [done], done: [reversed]}}"


def told(folder: Path, said: str) -> list[tuple[str, str, str]]:
    """Return the warnings of a wallet of one table, by their place."""
    return [(c.key, c.message, c.hint) for c in cautions(wallet(folder, f"play: {{tx: {{{said}}}}}"))]


class TestValuesThatMovesDoNotName:
    """A row with another value is parked, so a comparison with one says the same of every row."""

    @pytest.mark.parametrize(
        ("condition", "value", "hint"),
        [
            ('status == "DONE"', "DONE", "did you mean done?"),
            ('\'status in ("done", "complete")\'', "complete", "write it under `moves` too, if the wallet has it"),
            ('status != "revesed"', "revesed", "did you mean reversed?"),
            ('pending_at == none or status == "Done"', "Done", "did you mean done?"),
        ],
    )
    def test_one_in_stands_is_warned_of(self, tmp_path: Path, condition: str, value: str, hint: str) -> None:
        said = f"rows: mutable, deleted: nothing, {MOVES}, stands: {condition}, activities: {{bet: {{type: Bet}}}}"
        message = f"status is never {value}: `moves` names no such value"
        assert told(tmp_path, said) == [("play.tx.stands", message, hint)]

    def test_one_in_an_expression_of_several_lines_is_too(self, tmp_path: Path) -> None:
        stands = "\"status\\n == 'DONE'\""
        said = f"rows: mutable, deleted: nothing, {MOVES}, stands: {stands}, activities: {{bet: {{type: Bet}}}}"
        assert [key for key, _, _ in told(tmp_path, said)] == ["play.tx.stands"]

    def test_one_that_says_which_deletes_count_too(self, tmp_path: Path) -> None:
        said = f'rows: mutable, deleted: status == "REVERSED", {MOVES}, activities: {{bet: {{type: Bet}}}}'
        assert [key for key, _, _ in told(tmp_path, said)] == ["play.tx.deleted"]

    def test_one_in_a_name_that_stands_asks_for_is_too(self, tmp_path: Path) -> None:
        names = 'with: {settled: status == "Done", counts: settled or flag}'
        said = f"rows: mutable, deleted: nothing, {MOVES}, {names}, stands: counts"
        (found,) = told(tmp_path, f"{said}, activities: {{bet: {{type: Bet}}}}")
        assert found[:2] == ("play.tx.with.settled", "status is never Done: `moves` names no such value")

    def test_a_name_that_is_asked_before_the_moves_is_not(self, tmp_path: Path) -> None:
        names = 'with: {draft: status == "draft"}, skip: {a draft: draft}'
        said = (
            f"rows: mutable, deleted: nothing, {MOVES}, {names}, "
            "stands: not draft, activities: {bet: {type: Bet}}"
        )
        assert told(tmp_path, said) == []

    @pytest.mark.parametrize(
        ("where", "rules"),
        [
            ("activities.bet.stands", 'activities: {bet: {type: Bet, stands: status == "DONE"}}'),
            ("park.odd", 'park: {odd: status == "DONE"}, activities: {bet: {type: Bet}}'),
            (
                "activities.bet.event.wager_amount",
                'activities: {bet: {type: Bet, event: {wager_amount: amount if status == "DONE" else 0}}}',
            ),
        ],
    )
    def test_one_elsewhere_too(self, tmp_path: Path, where: str, rules: str) -> None:
        (found,) = told(tmp_path, f"rows: mutable, deleted: nothing, {MOVES}, {rules}")
        assert found[0] == f"play.tx.{where}"

    @pytest.mark.parametrize(
        "rules",
        [
            'stands: status == "done", activities: {bet: {type: Bet}}',
            'stands: result == "DONE", activities: {bet: {type: Bet}}',
            'skip: {old: status == "imported"}, activities: {bet: {type: Bet}}',  # asked before `moves`
            'stands: status == "done", sent_before: status == "imported", activities: {bet: {type: Bet}}',
        ],
    )
    def test_what_may_be_is_not(self, tmp_path: Path, rules: str) -> None:
        assert told(tmp_path, f"rows: mutable, deleted: nothing, {MOVES}, {rules}") == []

    def test_numbers_are_compared_as_moves_compares_them(self, tmp_path: Path) -> None:
        moves = "moves: {state: {new: [0], 0: [1], 1: [3]}}"
        said = f"rows: mutable, deleted: nothing, {moves}, activities: {{bet: {{type: Bet}}}}"
        assert told(tmp_path, f"{said}, stands: state == 1") == []
        (found,) = told(tmp_path, f"{said}, stands: state == 2")
        assert found[1] == "state is never 2: `moves` names no such value"


class TestRulesThatNoRowComesTo:
    """`skip` is asked first, of take-backs too, and of several reversals the first counts."""

    BET = 'activities: {bet: {type: Bet, when: kind == "bet"}}'
    ROLLBACK = 'reverses: {when: kind == "rollback", original: "tx[ref]"}'

    @pytest.mark.parametrize(
        "skip", ['\'kind in ("deposit", "rollback")\'', 'kind == "rollback"', '\'kind not in ("bet", "win")\'']
    )
    def test_a_reversal_that_skip_takes_is_warned_of(self, tmp_path: Path, skip: str) -> None:
        (found,) = told(tmp_path, f"skip: {{not play: {skip}}}, {self.BET}, {self.ROLLBACK}")
        assert found == (
            "play.tx.reverses.when",
            "no row comes here: skip `not play` is asked first, and takes all of them",
            "both speak of the same kind: leave it out of one of them",
        )

    def test_an_activity_that_skip_takes_too(self, tmp_path: Path) -> None:
        (found,) = told(tmp_path, f'skip: {{not play: kind != "rollback"}}, {self.BET}, {self.ROLLBACK}')
        assert found[0] == "play.tx.activities.bet.when"

    def test_an_activity_that_a_reversal_takes(self, tmp_path: Path) -> None:
        (found,) = told(tmp_path, f"{self.BET}, {self.ROLLBACK.replace('rollback', 'bet')}")
        assert found == (
            "play.tx.activities.bet.when",
            'no row comes here: the reversal `when: kind == "bet"` is asked first, and takes all of them',
            "both speak of the same kind: leave it out of one of them",
        )

    def test_not_where_its_rows_change(self, tmp_path: Path) -> None:
        rows = "rows: mutable, deleted: nothing"
        reverses = "reverses: {when: 'kind in (\"bet\", \"win\")', original: 'tx[ref]'}"
        found = told(tmp_path, f"{rows}, {self.BET}, {reverses}")
        assert [key for key, _, _ in found if "activities" in key] == []

    def test_a_reversal_behind_one_that_takes_more(self, tmp_path: Path) -> None:
        two = (
            "reverses: [{when: 'kind in (\"rollback\", \"refund\")', original: 'tx[ref]'}, "
            "{when: 'kind == \"refund\" and amount > 0', original: 'tx[bet_ref]'}]"
        )
        (found,) = told(tmp_path, f"{self.BET}, {two}")
        assert found[0] == "play.tx.reverses.1.when"

    @pytest.mark.parametrize(
        "skip",
        [
            '\'kind in ("deposit", "withdrawal")\'',
            'kind == "rollback" and is_test',
            'other == "rollback"',
            '\'kind not in ("bet", "rollback")\'',
        ],
    )
    def test_what_leaves_some_rows_is_not(self, tmp_path: Path, skip: str) -> None:
        assert told(tmp_path, f"skip: {{not play: {skip}}}, {self.BET}, {self.ROLLBACK}") == []

    def test_nor_a_status_of_rows_that_stand_when_they_get_it(self, tmp_path: Path) -> None:
        said = (
            'rows: mutable, deleted: nothing, skip: {void before it counted: status == "void"}, '
            'stands: status == "done", activities: {bet: {type: Bet, when: kind == "bet"}}, '
            'reverses: {when: status == "void", original: "tx[ref]"}'
        )
        assert told(tmp_path, said) == []
