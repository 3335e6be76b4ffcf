"""Rows of history of which something was sent since: they are history no more, whatever shows them again."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.mapping.snapshots import LATER_SNAPSHOT
from tests.support.cases import DAY_MS
from tests.support.trial import Make

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing
    stands: state == "ok"
    activities:
      bet: {type: Bet, when: kind == "bet"}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "cancel", original: "tx[ref]"}
      - {when: kind == "undo", undoes: "tx[ref]"}
"""
STARTS = WALLET + '    starts: moment(at) >= moment("2026-01-01T10:00:00Z")\n'
OLD, NEW = "2026-01-01T09:00:00Z", "2026-01-01T11:00:00Z"


def bet(state: str = "ok", at: str | None = OLD, **more: Any) -> dict[str, Any]:
    return {"kind": "bet", "amount": 1, "state": state, "at": at, **more}


def by(kind: str, ref: str, at: str = NEW) -> dict[str, Any]:
    return {"kind": kind, "ref": ref, "amount": None, "state": "ok", "at": at}


@pytest.mark.parametrize(("wallet", "again"), [(WALLET, "snapshot"), (STARTS, "snapshot"), (STARTS, "update")])
class TestTakenBackByAnotherRow:
    def test_it_is_taken_back_once_however_often_it_is_shown(self, trial: Make, wallet: str, again: str) -> None:
        run = trial(wallet)
        run.snapshot("tx", "1", **bet())
        run.insert("tx", "2", **by("cancel", "1"))
        getattr(run, again)("tx", "1", **bet(note="seen"))
        run.restart()
        run.insert("tx", "3", **by("cancel", "1"))
        run.update("tx", "1", **bet("void"))
        assert run.events() == ["Bet Rollback 1 1"]
        assert "repeated: what it takes back does not stand" in run.ended("skipped")

    def test_what_an_undo_restored_stands(self, trial: Make, wallet: str, again: str) -> None:
        run = trial(wallet)
        run.snapshot("tx", "1", **bet())
        run.insert("tx", "2", **by("cancel", "1"))
        run.insert("tx", "3", **by("undo", "2"))
        getattr(run, again)("tx", "1", **bet(note="seen"))
        run.insert("tx", "4", **by("cancel", "1"))
        assert run.events() == ["Bet Rollback 1 1", "Bet Approved 1:2 1", "Bet Rollback 1:2 1"]

    def test_what_was_pending_and_is_cancelled_is_not_sent(self, trial: Make, wallet: str, again: str) -> None:
        run = trial(wallet)
        run.snapshot("tx", "1", **bet("pending"))
        run.insert("tx", "2", **by("cancel", "1"))
        getattr(run, again)("tx", "1", **bet("pending", note="seen"))
        run.update("tx", "1", **bet("ok", at=NEW))
        assert run.events() == []

    def test_a_correction_that_waits_is_sent_for_what_was_there(
        self, trial: Make, wallet: str, again: str
    ) -> None:
        event = "    event: {game_name: 'games[game].name'}\n"
        bet_of = 'bet: {type: Bet, when: kind == "bet", compare: amount}'
        rules = wallet.replace('bet: {type: Bet, when: kind == "bet"}', bet_of)
        run = trial("lookups: {games: {key: id}}\n" + rules + event)
        run.insert("games", "g", name="Dice")
        run.snapshot("tx", "1", **bet(game="g"))
        run.update("tx", "1", **bet(at=NEW, game="new") | {"amount": 3})
        getattr(run, again)("tx", "1", **bet(game="new", note="seen") | {"amount": 3})
        run.insert("games", "new", name="Cards")
        assert (run.events(), run.held) == (["Bet Rollback 1 1", "Bet Approved 1:2 3"], 0)


def test_what_only_a_later_snapshot_shows_is_made_up_for_by_the_next_change(trial: Make) -> None:
    run = trial(WALLET)
    run.snapshot("tx", "1", **bet())
    run.update("tx", "1", **bet(note="seen"))
    run.snapshot("tx", "1", **bet("void"))
    assert (run.events(), run.ended("skipped")) == ([], ["nothing to do", LATER_SNAPSHOT])
    run.update("tx", "1", **bet("void", note="seen"))
    assert run.events() == ["Bet Rollback 1 1"]


def test_a_row_of_a_player_who_is_not_known_yet_stays_undecided(trial: Make) -> None:
    guard = '    skip: {test player: "users[who].is_test"}\n'
    run = trial("lookups: {users: {key: id}}\n" + WALLET + guard)
    run.snapshot("tx", "1", **bet(who="u"))
    run.update("tx", "1", **bet(note="seen", who="u"))
    run.insert("users", "u", is_test=True)
    run.insert("tx", "2", **by("cancel", "1"), who="other")
    run.update("tx", "1", **bet("void", who="u"))
    assert run.events() == []


class TestFromWhenPlayCounts:
    """A row that has counted is not made history by a later change of it."""

    def test_what_was_sent_can_be_taken_back(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet(at=NEW))
        run.update("tx", "1", **bet("void", at=OLD))
        run.update("tx", "1", **bet(at=NEW))
        assert run.events() == ["Bet Approved 1 1", "Bet Rollback 1 1", "Bet Approved 1:2 1"]

    def test_a_row_that_waits_is_sent(self, trial: Make) -> None:
        run = trial("lookups: {games: {key: id}}\n" + STARTS + "    event: {game_name: 'games[game].name'}\n")
        run.insert("tx", "1", **bet(at=NEW, game="g"))
        run.update("tx", "1", **bet(at=None, game="g"))
        run.insert("games", "g", name="Dice")
        assert (run.events(), run.held) == (["Bet Approved 1 1"], 0)

    def test_a_reversal_that_was_done_can_be_undone(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet(at=NEW))
        run.insert("tx", "2", **by("cancel", "1"))
        run.update("tx", "2", **by("cancel", "1", at=OLD))
        run.insert("tx", "3", **by("undo", "2"))
        assert run.events() == ["Bet Approved 1 1", "Bet Rollback 1 1", "Bet Approved 1:2 1"]

    def test_a_row_that_never_counted_stays_history(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet("pending"))
        run.update("tx", "1", **bet("ok"))
        run.update("tx", "1", **bet("void"))
        assert (run.events(), run.ended("history")) == ([], ["history"] * 3)

    @pytest.mark.parametrize("way", ["live", "history"])
    def test_a_pending_row_counts_from_the_void_on_also_once_that_is_undone(self, trial: Make, way: str) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet("pending"))
        run.insert("tx", "2", **by("cancel", "1", at=NEW if way == "live" else OLD))
        run.insert("tx", "3", **by("undo", "2"))
        run.restart()
        run.update("tx", "1", **bet("ok"))
        assert run.events() == ["Bet Approved 1 1"]

    def test_a_pending_row_that_freed_itself_counts_from_the_void_on(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet("pending"))
        run.insert("tx", "2", **by("cancel", "1"))
        for state in ("ok", "failed"):
            run.update("tx", "1", **bet(state))
        run.restart()
        run.update("tx", "1", **bet("ok"))
        assert run.events() == ["Bet Approved 1 1"]

    def test_a_reversal_that_was_undone_is_not_made_history(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet())
        run.insert("tx", "2", **by("cancel", "1"))
        run.insert("tx", "3", **by("undo", "2"))
        run.update("tx", "2", **by("cancel", "1", at=OLD))
        run.insert("tx", "4", **by("cancel", "1"))
        assert run.events() == ["Bet Rollback 1 1", "Bet Approved 1:2 1", "Bet Rollback 1:2 1"]

    def test_a_void_of_history_holds_whatever_the_row_itself_said_since(self, trial: Make) -> None:
        run = trial(STARTS)
        run.insert("tx", "1", **bet())
        run.insert("tx", "2", **by("cancel", "1", at=OLD))
        for state in ("failed", "ok"):
            run.update("tx", "1", **bet(state))
        run.insert("tx", "3", **by("cancel", "1"))
        assert (run.events(), run.ended("skipped")) == ([], ["repeated: what it takes back does not stand"])

    def test_a_change_of_today_can_be_asked_for_what_stands_of_history(self, trial: Make) -> None:
        since = '>= moment("2026-01-01T10:00:00Z")'
        run = trial(WALLET + f"    starts: moment(at) {since} or (moment(changed) {since} and bet.stands)\n")
        run.insert("tx", "1", **bet(changed=OLD))
        run.update("tx", "1", **bet("void", changed=NEW))
        run.insert("tx", "2", **bet("pending", changed=OLD))
        run.update("tx", "2", **bet("ok", changed=NEW))
        run.insert("tx", "3", **bet(changed=OLD))
        run.update("tx", "3", **bet("void", changed=OLD))
        run.update("tx", "4", **bet("ok", changed=NEW))
        assert run.events() == ["Bet Rollback 1 1"]

    def test_a_row_that_is_forgotten_is_not_sent_again_when_it_is_touched(self, trial: Make) -> None:
        run = trial(WALLET + '    starts: bet.stands or committed_at < later(moment(at), "100 days")\n')
        run.insert("tx", "1", **bet(at=NEW))
        run.play.wait(130 * DAY_MS)
        assert run.play.ledger.prune("1970-04-01", 1000)
        run.restart()
        run.update("tx", "1", **bet(at="2025-01-01T00:00:00Z", archived=True))
        assert (run.events(), run.ended("history")) == (["Bet Approved 1 1"], ["history"])


SLIP = """
play:
  slips:
    rows: mutable
    deleted: nothing
    activities:
      cash:
        type: Win
        grows: {total: cashed}
        event: {activity_id: {text: "{id}:c{n}"}, wager_amount: grown}
      win:
        type: Win
        stands: state == "settled"
        compare: returned - cashed
        event: {activity_id: {text: "{id}:w"}, wager_amount: returned - cash.total}
        again: {activity_id: {text: "{id}:w{n}"}}
  voids:
    reverses:
      - {when: kind == "unwin", original: "slips[ref]", activity: win}
      - {when: kind == "undo", undoes: "voids[ref]"}
"""


def test_a_win_of_history_is_what_it_was_although_its_totals_have_grown_since(trial: Make) -> None:
    """5 was returned, 3 of it cashed out before: an undo restores those 2, whatever was cashed out later."""
    run = trial(SLIP)
    run.snapshot("slips", "1", state="settled", cashed=3, returned=5)
    run.insert("voids", "2", kind="unwin", ref="1")
    run.update("slips", "1", state="settled", cashed=4, returned=6)
    run.insert("voids", "3", kind="undo", ref="2")
    assert run.events() == ["Win Rollback 1:w 2", "Win Approved 1:c2 1", "Win Approved 1:w2 2"]


@pytest.mark.parametrize("cashed", [0, 3])
def test_a_win_of_history_is_taken_back_as_it_was_although_a_total_has_begun_to_grow_since(
    trial: Make, cashed: int
) -> None:
    run = trial(SLIP.replace("compare: returned - cashed", "compare: returned"))
    run.snapshot("slips", "1", state="settled", cashed=cashed, returned=5)
    run.update("slips", "1", state="settled", cashed=cashed + 1, returned=5)
    run.insert("voids", "2", kind="unwin", ref="1")
    assert run.events()[-1] == f"Win Rollback 1:w {5 - cashed}"
