"""Rounds whose end, or whose bets, lie in other rows and other tables."""

from __future__ import annotations

from tests.support.trial import Make, Trial

CLOSING = """
wait: {original: 1 hour, lookup: 10 minutes}
play:
  tx:
    activities:
      bet: {type: Bet, when: 'kind == "bet"', stands: status == "ok"}
      win: {type: Win, when: 'kind == "win"', stands: status == "ok"}
    rows: mutable
    deleted: nothing stands
  rounds:
    rows: mutable
    deleted: nothing
    round: id
    with: {bet: this_round.first}
    activities:
      closing:
        type: KIND
        stands: state == "closed" and this_round.wins == 0 and this_round.bets > 0
    event:
      activity_id: {text: "{id}:end"}
      user_id: bet.user_id
      round_id: id
      wager_amount: AMOUNT
      is_round_end: true
      game_id: bet.game_id
    again: {activity_id: {text: "{id}:end:{n}"}}
"""


def closing(trial: Make, kind: str = "Win", amount: str = "0") -> Trial:
    return trial(CLOSING.replace("KIND", kind).replace("AMOUNT", amount))


def test_a_round_that_closes_without_a_win_sends_a_win_of_0(trial: Make) -> None:
    run = closing(trial)
    run.insert("rounds", "R1", state="open")
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.update("rounds", "R1", state="closed")
    assert run.events() == ["Bet Approved 1 5", "Win Approved R1:end 0"]
    assert run.bodies()[1]["user_id"] == "p1"


def test_or_a_loss_by_choice(trial: Make) -> None:
    run = closing(trial, "Loss", "this_round.bet_amount")
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.insert("tx", "2", kind="bet", status="ok", amount=3)
    run.insert("rounds", "R1", state="closed")
    assert run.events()[2:] == ["Loss Approved R1:end 8"]


def test_a_round_with_a_standing_win_has_no_closing_row(trial: Make) -> None:
    run = closing(trial)
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.insert("tx", "2", kind="win", status="ok", amount=9)
    run.insert("rounds", "R1", state="closed")
    assert run.ended("skipped") == ["nothing to do"]


def test_a_win_that_was_taken_back_does_not_count(trial: Make) -> None:
    run = closing(trial)
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.insert("tx", "2", kind="win", status="ok", amount=9)
    run.update("tx", "2", kind="win", status="void", amount=9)
    run.insert("rounds", "R1", state="closed")
    assert run.events()[3:] == ["Win Approved R1:end 0"]


def test_a_round_that_opens_again_takes_its_closing_row_back(trial: Make) -> None:
    run = closing(trial)
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.insert("rounds", "R1", state="closed")
    run.new()
    run.update("rounds", "R1", state="closed", note="the closing row itself is no win of the round")
    assert run.new() == []
    run.update("rounds", "R1", state="open")
    run.update("rounds", "R1", state="closed")
    assert run.events()[1:] == ["Win Approved R1:end 0", "Win Rollback R1:end 0", "Win Approved R1:end:2 0"]


def test_a_round_without_any_bet_sends_nothing(trial: Make) -> None:
    run = closing(trial)
    run.insert("rounds", "R1", state="closed")
    assert (run.events(), run.held) == ([], 0)


def test_a_closing_row_that_comes_before_the_bets_of_its_round_holds_nothing(trial: Make) -> None:
    run = trial(CLOSING.replace("KIND", "Loss").replace("AMOUNT", "0").replace(" and this_round.bets > 0", ""))
    run.insert("rounds", "R1", state="closed")
    assert run.held == 1
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    assert (run.events(), run.held) == (["Bet Approved 1 5", "Loss Approved R1:end 0"], 0)


def test_the_closing_row_comes_after_the_bets_of_its_player_that_wait(trial: Make) -> None:
    run = trial(
        CLOSING.replace("KIND", "Win")
        .replace("AMOUNT", "0")
        .replace(
            "play:\n  tx:",
            'lookups: {users: {key: id}}\nplay:\n  tx:\n    skip: {test player: "users[player].is_test"}',
        )
    )
    run.insert("tx", "1", kind="bet", status="ok", amount=5)
    run.insert("rounds", "R1", state="closed")
    assert (run.events(), run.held) == ([], 2)
    run.insert("users", "p1", is_test=False)
    assert run.events() == ["Bet Approved 1 5", "Win Approved R1:end 0"]


FOLLOWING = """
wait: {original: 1 hour, lookup: 10 minutes}
lookups: {rates: {key: id}}
play:
  bets:
    skip: {demo: demo}
    activities: {bet: {type: Bet}}
    event: {exchange_rate: "rates[currency].rate"}
  wins:
    player: bet_player
    after: bets[bet_id]
    activities: {win: {type: Win}}
    event:
      activity_id: {text: "w{id}"}
      user_id: original.sent.user_id
      round_id: original.sent.round_id
      exchange_rate: bets[bet_id].bet.exchange_rate
      game_id: original.sent.game_id
"""


class TestAWinInATableOfItsOwn:
    def insert(self, run: Trial, table: str, key: str, **row: object) -> None:
        run.insert(table, key, **{"demo": False, "currency": "EUR", "bet_player": "p1", "bet_id": "1", **row})

    def test_takes_player_round_and_rate_from_its_bet_as_sent(self, trial: Make) -> None:
        run = trial(FOLLOWING)
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "bets", "1", amount=5, round="R5")
        run.update("rates", "EUR", rate=3)
        self.insert(run, "wins", "1", amount=9, round="wrong")
        bet, win = run.bodies()
        assert run.events() == ["Bet Approved 1 5", "Win Approved w1 9"]
        assert (win["round_id"], win["exchange_rate"], win["user_id"]) == ("R5", 2, bet["user_id"])

    def test_waits_for_its_bet_and_holds_its_player(self, trial: Make) -> None:
        run = trial(FOLLOWING)
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "wins", "1", amount=9)
        self.insert(run, "bets", "2", amount=7, player="p2")
        self.insert(run, "bets", "3", amount=3)
        assert (run.events(), run.held) == (["Bet Approved 2 7"], 2)
        run.restart()
        self.insert(run, "bets", "1", amount=5)
        assert run.events()[1:] == ["Bet Approved 1 5", "Win Approved w1 9", "Bet Approved 3 3"]
        assert run.held == 0

    def test_stays_behind_a_bet_that_waits_itself(self, trial: Make) -> None:
        run = trial(FOLLOWING)
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "wins", "1", amount=9)
        self.insert(run, "bets", "1", amount=5, currency="SEK")
        assert run.held == 2
        run.restart()
        run.insert("rates", "SEK", rate=3)
        assert (run.events(), run.held) == (["Bet Approved 1 5", "Win Approved w1 9"], 0)

    def test_by_an_index_waits_for_its_bet_too(self, trial: Make) -> None:
        run = trial(
            FOLLOWING.replace("after: bets[bet_id]", "after: bets.by_ticket[ticket]")
            .replace("bets[bet_id].bet", "bets.by_ticket[ticket].bet")
            .replace("    skip: {demo: demo}", "    skip: {demo: demo}\n    indexes: {by_ticket: ticket}")
        )
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "wins", "1", amount=9, ticket="t")
        self.insert(run, "bets", "1", amount=5, ticket="t")
        assert (run.events(), run.held) == (["Bet Approved 1 5", "Win Approved w1 9"], 0)

    def test_whose_bet_never_comes_is_parked_and_what_it_held_goes_on(self, trial: Make) -> None:
        run = trial(FOLLOWING)
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "wins", "1", amount=9)
        self.insert(run, "bets", "3", amount=3)
        run.wait(minutes=60)
        assert (run.events(), run.parked()) == (["Bet Approved 3 3"], [("1", "original_missing")])

    def test_of_a_skipped_bet_is_skipped_and_of_a_parked_one_parked(self, trial: Make) -> None:
        run = trial(FOLLOWING)
        run.insert("rates", "EUR", rate=2)
        self.insert(run, "bets", "1", amount=5, demo=True)
        self.insert(run, "wins", "1", amount=9)
        self.insert(run, "bets", "2", amount=None)
        self.insert(run, "wins", "2", amount=9, bet_id="2")
        assert (run.events(), run.ended("skipped")) == ([], ["demo", "demo"])
        assert [code for _, code in run.parked()] == ["missing_field", "followed_parked"]

    def test_without_a_reference_stands_alone(self, trial: Make) -> None:
        run = trial(
            FOLLOWING.replace("original.sent.user_id", "bet_player")
            .replace("original.sent.round_id", "round")
            .replace("bets[bet_id].bet.exchange_rate", "1")
            .replace("original.sent.game_id", "1")
        )
        self.insert(run, "wins", "1", amount=9, bet_id=None)
        assert run.events() == ["Win Approved w1 9"]


def test_holding_can_be_by_round(trial: Make) -> None:
    run = trial("""
lookups: {games: {key: id}}
play:
  tx:
    holds: round
    round: round
    activities: {bet: {type: Bet}}
    event: {game_name: "games[game].name"}
""")
    run.insert("games", "g1", name="One")
    run.insert("tx", "1", amount=1, round="R1", game="g2")
    run.insert("tx", "2", amount=2, round="R1", game="g1")
    run.insert("tx", "3", amount=3, round="R2", game="g1")
    assert (run.events(), run.held) == (["Bet Approved 3 3"], 2)
    run.restart()
    run.insert("games", "g2", name="Two")
    assert run.events() == ["Bet Approved 3 3", "Bet Approved 1 1", "Bet Approved 2 2"]
    assert {delivery.player for delivery in run.play.ledger.unconfirmed(0, 9)} == {"p1"}
