"""What an instance knows of the others, without servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.errors import FatalError, LedgerUnavailable
from bridge.intake.sharing import STALLED_SECONDS, LookupsElsewhere, check_partition_counts
from bridge.mapping.mapper import Mapper
from bridge.records import Partition
from tests.support.trial import Trial, wallet

GAMES = Partition("games", 0)


def of(topic: str, count: int) -> list[Partition]:
    return [Partition(topic, number) for number in range(count)]


class Ledger:
    """Positions as a test says."""

    def __init__(self) -> None:
        self.at: dict[Partition, int] = {}
        self.away = False

    def positions(self) -> Mapping[Partition, int]:
        if self.away:
            raise LedgerUnavailable("away")
        return self.at


class TestLookupsElsewhere:
    def test_play_waits_until_the_ledger_has_the_rows_that_others_read(self) -> None:
        ledger = Ledger()
        others = LookupsElsewhere(ledger.positions)
        others.begin({GAMES: 10}, 0.0)
        assert others.waits(0.0)
        ledger.at[GAMES] = 9
        assert others.waits(1.0)
        ledger.at[GAMES] = 10
        assert others.waits(1.1), "the ledger is not asked all the time"
        assert not others.waits(2.0)

    def test_play_goes_on_when_nobody_reads_them(self) -> None:
        ledger = Ledger()
        others = LookupsElsewhere(ledger.positions)
        others.begin({GAMES: 10}, 0.0)
        assert others.waits(1.0)
        ledger.at[GAMES] = 5
        assert others.waits(STALLED_SECONDS)
        assert others.waits(2 * STALLED_SECONDS - 1)
        assert not others.waits(2 * STALLED_SECONDS + 1)

    def test_a_ledger_that_is_away_shows_no_progress_and_ends_nothing(self) -> None:
        ledger = Ledger()
        ledger.away = True
        others = LookupsElsewhere(ledger.positions)
        others.begin({GAMES: 10}, 0.0)
        assert others.waits(2 * STALLED_SECONDS)

    def test_without_look_ups_elsewhere_nothing_waits(self) -> None:
        others = LookupsElsewhere(Ledger().positions)
        assert not others.waits(0.0)
        others.begin({}, 0.0)
        assert not others.waits(1.0)


class TestPartitionCounts:
    @pytest.mark.parametrize(("bets", "wins", "games"), [(4, 4, 4), (4, 4, 1), (1, 1, 1)])
    def test_equal_ones_will_do(self, bets: int, wins: int, games: int) -> None:
        found = {"bets": of("bets", bets), "wins": of("wins", wins), "games": of("games", games)}
        check_partition_counts(found, {"bets", "wins"})

    @pytest.mark.parametrize(("bets", "wins", "games"), [(4, 3, 1), (4, 1, 1), (4, 4, 2)])
    def test_others_are_refused_with_the_numbers(self, bets: int, wins: int, games: int) -> None:
        found = {"bets": of("bets", bets), "wins": of("wins", wins), "games": of("games", games)}
        with pytest.raises(FatalError, match=f"bets has {bets}.*wins has {wins}"):
            check_partition_counts(found, {"bets", "wins"})


WALLET = """
wait: {lookup: 10 minutes, original: 10 minutes}
lookups: {games: {key: id}}
play:
  tx:
    activities:
      bet: {type: Bet, when: kind == "bet"}
    event: {game_name: "games[game].title"}
    reverses: {when: kind == "void", original: "tx[ref]", event: {timestamp: at}}
"""


@pytest.fixture
def two(tmp_path: Path) -> tuple[Trial, Trial]:
    """Return two instances on one memory; the second may be given other records than the first."""
    left = Trial(wallet(tmp_path, WALLET))
    right = Trial(wallet(tmp_path, WALLET))
    for each in (left, right):
        each.play.ledger = left.play.ledger
        each.play.mapper = Mapper(each.play.brand.plan, each.play.outcomes.append, shared=True)
    right.database = left.database
    return left, right


def recheck(run: Trial) -> None:
    """Look again for what is held."""
    transaction = run.play.ledger.begin(run.play.now_ms)
    run.play.mapper.begin(transaction, run.play.now_ms)
    run.play.mapper.recheck()
    transaction.commit()


def test_a_look_up_row_of_another_instance_releases_what_waits(two: tuple[Trial, Trial]) -> None:
    left, right = two
    left.insert("tx", 1, kind="bet", amount=5, game="g", ref=None)
    recheck(left)
    assert left.held == 1
    right.insert("games", "g", title="Game")
    assert left.held == 1
    recheck(left)
    assert left.held == 0
    assert left.events() == ["Bet Approved 1 5"]


def test_a_reversal_waits_for_the_end_of_an_original_that_waits_elsewhere(two: tuple[Trial, Trial]) -> None:
    left, right = two
    left.insert("tx", 1, kind="bet", amount=5, game="g", ref=None)
    right.insert("tx", 2, kind="void", amount=5, game="g", ref="1")
    recheck(right)
    assert right.held == 1
    right.insert("games", "g", title="Game")
    recheck(right)
    assert right.held == 1, "its original has not ended"
    recheck(left)
    recheck(right)
    assert left.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]


def test_a_look_up_row_that_another_instance_changed_is_new_within_a_second(two: tuple[Trial, Trial]) -> None:
    left, right = two
    right.insert("games", "g", title="Old")
    left.insert("tx", 1, kind="bet", amount=5, game="g", ref=None)
    right.update("games", "g", title="New")
    left.play.now_ms += 1_000
    left.insert("tx", 2, kind="bet", amount=5, game="g", ref=None)
    assert [event["game_name"] for event in left.bodies()] == ["Old", "New"]
