"""Names that mean something, and not what was meant: told before a record is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.checks.cautions import cautions
from bridge.errors import ConfigError
from tests.support.trial import wallet


def told(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """Return the warnings of a wallet, by their place."""
    return [(c.key, c.message, c.hint) for c in cautions(wallet(folder, text))]


def refused(folder: Path, text: str) -> list[str]:
    """Return the problems of a wallet."""
    with pytest.raises(ConfigError) as caught:
        wallet(folder, text)
    return [f"{p.key}: {p.message} ({p.hint})" for p in caught.value.problems]


class TestRowsAsConditions:
    """A look-up waits until its row is there, so the row itself is true of all that are judged."""

    WALLET = """
lookups: {players: {key: id, missing: MISSING}}
play:
  tx:
    with: {who: 'players[player]', name: who.name}
    skip: {test player: CONDITION}
    activities: {bet: {type: Bet, event: {game_name: name or who.nick}}}
"""

    def of(self, condition: str, missing: str = "wait") -> str:
        return self.WALLET.replace("CONDITION", condition).replace("MISSING", missing)

    @pytest.mark.parametrize("condition", ["who", "'players[player]'"])
    @pytest.mark.parametrize("missing", ["wait", "park"])
    def test_one_alone_is_warned_of(self, tmp_path: Path, condition: str, missing: str) -> None:
        said = condition.strip("'")
        assert told(tmp_path, self.of(condition, missing)) == [
            (
                "play.tx.skip.test player",
                f"{said} is a row of players, and true of each that is there",
                f"name the column that tells: {said}.is_test, say",
            )
        ]

    @pytest.mark.parametrize("condition", ["who.is_test", "not who", "who and who.is_test", "name"])
    def test_what_asks_more_is_not(self, tmp_path: Path, condition: str) -> None:
        assert told(tmp_path, self.of(condition)) == []

    def test_nor_a_row_that_may_be_missing(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.of("who", "none")) == []


class TestWhatStandsForAMoment:
    """`stands` is asked of each change; what was true of the last one takes back with the next."""

    SAID = "play: {tx: {rows: mutable, deleted: nothing, activities: {bet: {type: Bet, stands: STANDS}}}}"

    @pytest.mark.parametrize("change", ["changed(status)", "became(status, 'done')"])
    def test_a_change_is_no_state(self, tmp_path: Path, change: str) -> None:
        said = self.SAID.replace("STANDS", f'"{change} and amount > 0"')
        assert told(tmp_path, said) == [
            (
                "play.tx.activities.bet.stands",
                f"{change} is true of one change: with the next, this stands no more",
                "say how a row is that counts; the bridge sees by itself what has changed",
            )
        ]

    def test_a_state_is(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.SAID.replace("STANDS", 'status == "done" and changed_at != none')) == []


class TestAnswersOfYaml:
    """`no` is text here, and so a column: every row would be parked for want of it."""

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("activities.win.when", "activities: {win: {type: Win, when: 'no'}}"),
            ("event.is_round_end", "activities: {win: {type: Win}}, event: {is_round_end: 'no'}"),
            ("activities.win.event.is_round_end", "activities: {win: {type: Win, event: {is_round_end: 'no'}}}"),
        ],
    )
    def test_one_is_warned_of(self, tmp_path: Path, where: str, said: str) -> None:
        hint = 'write false; if the column is meant, column("no")'
        assert told(tmp_path, f"play: {{tx: {{{said}}}}}") == [(f"play.tx.{where}", "no is a column here", hint)]

    @pytest.mark.parametrize("when", ["false", "'column(\"no\")'", "no == 1"])
    def test_what_is_clear_is_not(self, tmp_path: Path, when: str) -> None:
        assert told(tmp_path, f"play: {{tx: {{activities: {{win: {{type: Win, when: {when}}}}}}}}}") == []


class TestIdsOfAllRows:
    """A template without braces is a text: to Fast Track all bets would be one, or of one round."""

    @pytest.mark.parametrize("form", ["{text: id}", "{const: id}", '{text: "bet-id"}'])
    def test_one_activity_id_for_all_is_refused(self, tmp_path: Path, form: str) -> None:
        said = f"play: {{tx: {{activities: {{bet: {{type: Bet}}}}, event: {{activity_id: {form}}}}}}}"
        (problem,) = refused(tmp_path, said)
        assert problem == (
            "play.tx.activities.bet: every event of bet has the same activity_id "
            '(it names one bet or win: name a column, or columns in braces, as in {text: "{id}:win"})'
        )

    @pytest.mark.parametrize("field", ["round_id", "user_id"])
    def test_one_round_or_player_for_all_is_warned_of(self, tmp_path: Path, field: str) -> None:
        said = f"play: {{tx: {{activities: {{bet: {{type: Bet}}}}, event: {{{field}: {{text: some_id}}}}}}}}"
        assert told(tmp_path, said) == [
            (
                f"play.tx.event.{field}",
                f"every event has the same {field}: this is a text, and no column",
                f"for the column, write {field}: some_id",
            )
        ]

    def test_a_template_with_a_column_is_not(self, tmp_path: Path) -> None:
        said = 'play: {tx: {activities: {bet: {type: Bet}}, event: {round_id: {text: "r{round}"}}}}'
        assert told(tmp_path, said) == []


class TestRowsThatTakeThemselvesBack:
    """A reversal that names its own row takes back nothing, and would be counted as repeated."""

    def test_one_is_refused(self, tmp_path: Path) -> None:
        said = """
play:
  tx:
    key: [provider, id]
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses: {when: kind == "rollback", original: "tx[provider,id]"}
"""
        (problem,) = refused(tmp_path, said)
        assert problem == (
            "play.tx.reverses.original: this names the row itself, and a reversal stands for no play "
            "(name the row that it takes back, by the column that holds the key of that)"
        )

    def test_another_column_or_table_is_not(self, tmp_path: Path) -> None:
        said = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses: {when: kind == "rollback", original: "tx[ref]"}
  voids: {reverses: {when: true, original: "tx[id]"}}
"""
        wallet(tmp_path, said)


class TestSharesInNoAmount:
    """What a share has of a purse must stand in an amount, by the name that the purse has."""

    WALLET = """
play:
  tx:
    with: {purses: '("CASH", "BONUS", "LOCKED")', cash: left.CASH}
    parts: {legs: {table: leg, one: leg, of: tx_id, count: leg_count}}
    split: {parts: legs, by: purse, only: purses}
    activities: {bet: {type: Bet, share: leg.debit}}
    event: {wager_amount: cash, bonus_wager_amount: BONUS, locked_wager_amount: left.LOCKED}
"""

    def test_a_name_that_is_no_part(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.WALLET.replace(" BONUS,", " left.BONUS + left.BONNUS,")) == [
            (
                "play.tx.split.only",
                "left.BONNUS is never anything: `only` does not name it",
                "did you mean BONUS?",
            )
        ]

    def test_a_part_that_has_no_name(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.WALLET.replace(" BONUS,", " 0,")) == [
            (
                "play.tx.split.only",
                "left.BONUS is in no amount: what is played from it is not sent",
                "add left.BONUS to one, or take it out of `only`",
            )
        ]

    @pytest.mark.parametrize("amount", ["left.BONUS", "left - left.CASH", "left"])
    def test_one_that_is_named_or_all_of_it_is_not(self, tmp_path: Path, amount: str) -> None:
        assert told(tmp_path, self.WALLET.replace(" BONUS,", f" {amount},")) == []


class TestSharesWithNames:
    WALLET = """
play:
  tx:
    activities: {bet: {type: Bet, share: {real: real, bonus: bonus}}}
    event: {wager_amount: left.real, bonus_wager_amount: left.bonus}
"""

    @pytest.mark.parametrize(
        ("said", "instead", "message"),
        [
            ("left.bonus", "left.bonos", "left.bonos is never anything: `share` does not name it"),
            ("left.bonus", "0", "left.bonus is in no amount: what is played from it is not sent"),
        ],
    )
    def test_a_name_too_many_and_one_too_few(self, tmp_path: Path, said: str, instead: str, message: str) -> None:
        found = told(tmp_path, self.WALLET.replace(said, instead))
        assert [(place, words) for place, words, _ in found] == [("play.tx.activities.bet.share", message)]

    def test_names_that_are_in_the_amounts(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.WALLET) == []


class TestGuardsThatReversalsAreAsked:
    """Of a row that takes back, `original` is what it takes back, and no longer the bet that it follows."""

    WALLET = """
play:
  bets: {activities: {bet: {type: Bet}}, event: {activity_id: {text: "b{id}"}}}
  wins:
    after: bets[bet]
    park: {a win of a bet that was taken back: GUARD}
    activities: {win: {type: Win, when: kind == "win"}}
    reverses: {when: kind == "void", original: "wins[ref]"}
"""

    def test_one_that_asks_for_the_bet_is_warned_of(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.WALLET.replace("GUARD", "not original.bet.stands")) == [
            (
                "play.wins.park.a win of a bet that was taken back",
                "rows that take back are asked this too: there, original is a row of wins, which has no bet",
                'say first which rows are meant: kind == "win" and not original.bet.stands, say',
            )
        ]

    @pytest.mark.parametrize(
        "guard", ['kind == "win" and not original.bet.stands', "original.player != player", "amount < 1"]
    )
    def test_one_that_says_which_rows_is_not(self, tmp_path: Path, guard: str) -> None:
        assert told(tmp_path, self.WALLET.replace("GUARD", guard)) == []


class TestVersionsByNoColumn:
    """`as_of` is a column: by anything else, every row would be parked."""

    WALLET = """
lookups: {fx: {key: id, as_of: AS_OF}}
play:
  bets:
    rows: mutable
    deleted: nothing
    as_of: AS_OF
    with: {call: json(payload), version: call.seq}
    activities: {bet: {type: Bet}}
    event: {exchange_rate: "fx[currency, moment(at)].rate", game_name: text(version)}
"""

    @pytest.mark.parametrize("as_of", ["committed_at", "call.seq", "seq or 0"])
    def test_an_expression_is_told(self, tmp_path: Path, as_of: str) -> None:
        found = told(tmp_path, self.WALLET.replace("AS_OF", as_of))
        assert [place for place, _, _ in found] == ["lookups.fx.as_of", "play.bets.as_of"]
        assert found[0][1] == f"as_of names a column, and {as_of} is none"

    def test_a_name_under_with_is_told(self, tmp_path: Path) -> None:
        found = told(tmp_path, self.WALLET.replace("AS_OF", "version"))
        assert [place for place, _, _ in found] == ["play.bets.as_of"]

    def test_a_column_is_not(self, tmp_path: Path) -> None:
        assert told(tmp_path, self.WALLET.replace("AS_OF", "seq")) == []
