"""What a preview says of all records together: rules that none came to, and what is most likely wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bridge.rehearsing.preview import Counts, Preview
from bridge.rehearsing.rehearsal import load_without_servers
from tests.support.cases import EXAMPLES, NAMES, recorded
from tests.support.changes import Database
from tests.support.trial import ROW, wallet

TX = """
lookups: {rates: {key: currency LOOKUP}}
play:
  tx:
    skip: {not play: SKIP}
    activities: {bet: {type: Bet, when: kind == "bet"}, win: {type: Win, when: kind == "win"}}
    reverses: {when: kind == "rollback", original: "tx[ref]"}
    event: {exchange_rate: RATE, EVENT}
"""


class Wallet:
    """A wallet on trial, whose rows are previewed."""

    def __init__(
        self,
        folder: Path,
        event: str = "wager_amount: amount",
        lookup: str = "",
        skip: str = 'kind == "deposit"',
    ) -> None:
        rate = "'rates[currency, at].rate'" if lookup else "'rates[currency].rate'"
        said = TX.replace("EVENT", event).replace("LOOKUP", lookup).replace("RATE", rate).replace("SKIP", skip)
        self.brand = wallet(folder, said)
        self.database = Database()
        self.records: list[Any] = []
        self._ids = count(1)
        self.look_up(currency="EUR", rate=1)

    def look_up(self, key: str = "EUR", **row: Any) -> None:
        self.records.append(self.database.insert("rates", {"id": key}, row))

    def row(self, kind: str = "bet", **row: Any) -> None:
        number = next(self._ids)
        own = {**ROW, "kind": kind, "amount": number, "currency": "EUR", "at": f"2026-01-01T00:00:{number:02}Z"}
        self.records.append(self.database.insert("tx", {"id": f"x{number}"}, {**own, **row}))

    def counts(self) -> Counts:
        shown = Preview(self.brand)
        list(shown.of(self.records))
        return shown.counts

    def notices(self) -> list[str]:
        return [sentence for sentence, _ in self.counts().notices]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_against_the_examples(name: str) -> None:
    shown = Preview(load_without_servers(EXAMPLES / f"{name}.yaml"))
    list(shown.of(recorded(name), wait_out=True))
    assert (shown.counts.notices, shown.counts.unmet) == ([], [])


class TestRulesThatNoRecordCameTo:
    """A condition that never holds is seen where every kind of record has been previewed."""

    def test_they_are_listed_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.row()
        keys = [rule.key for rule in run.counts().unmet]
        assert keys == ["play.tx.skip.not play", "play.tx.activities.win", "play.tx.reverses"]

    def test_a_rule_is_met_when_it_decides(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        for kind in ("bet", "win", "deposit"):
            run.row(kind)
        run.row("rollback", ref="x1", amount=None)
        assert run.counts().unmet == []

    def test_a_table_without_records_tells_nothing(self, tmp_path: Path) -> None:
        assert Wallet(tmp_path).counts().unmet == []


class TestReversalsThatTookNothing:
    """A reversal that names its bet by the wrong column is seen in a preview."""

    def test_all_of_them_are_told_with_their_reasons(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.row()
        for ref in ("y1", "y2"):
            run.row("rollback", ref=ref, amount=None)
        assert run.notices() == ["all 2 rows under play.tx.reverses took nothing back: waits for row tx (2)"]
        assert "play.tx.reverses" not in [rule.key for rule in run.counts().unmet]

    def test_one_alone_is_told_by_how_it_ended_at_last(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.row("rollback", ref="y1", amount=None)
        shown = Preview(run.brand)
        list(shown.of(run.records, wait_out=True))
        assert [sentence for sentence, _ in shown.counts.notices] == [
            "the one row under play.tx.reverses took nothing back: the row of tx that it names did not come"
        ]

    def test_rows_that_a_guard_of_the_table_took_are_not_among_them(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path, skip='ref == "y1"')
        run.row("rollback", ref="y1", amount=None)
        assert run.notices() == []
        assert "play.tx.reverses" in [rule.key for rule in run.counts().unmet]

    def test_one_that_took_something_is_enough(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.row()
        for ref in ("x1", "x1", "y2"):
            run.row("rollback", ref=ref, amount=None)
        assert run.notices() == []


class TestIds:
    """To Fast Track, what has one activity_id is one bet."""

    def test_one_of_two_bets(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path, "wager_amount: amount, activity_id: round")
        run.row(round="R1")
        run.row(round="R2")
        assert run.notices() == []
        run.row("win", round="R2")
        assert run.notices() == ["1 event of tx.win had the activity_id of another bet or win"]


class TestRowsUsedAgain:
    """A row that is overwritten with other play, and one whose `compare` changes with every job."""

    SPINS = """
play:
  spins:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, COMPARE}}
    event: {activity_id: spin}
    again: {activity_id: {text: "{spin}:{n}"}}
"""

    def _notices(self, folder: Path, compare: str, **changes: Any) -> list[str]:
        database = Database()
        row = {**ROW, "spin": "a", "amount": 5, "touched": 1}
        records = [
            database.insert("spins", {"id": 1}, row),
            database.update("spins", {"id": 1}, {**row, **changes}),
        ]
        shown = Preview(wallet(folder, self.SPINS.replace("COMPARE", compare)))
        list(shown.of(records))
        return [sentence for sentence, _ in shown.counts.notices]

    def test_another_spin_in_the_row_of_one_that_was_sent(self, tmp_path: Path) -> None:
        told = "1 update of spins had another activity_id than what was sent of the row"
        assert self._notices(tmp_path, "compare: amount", spin="b") == [told]
        assert self._notices(tmp_path, "compare: amount", spin="b", amount=7) == [told]
        assert self._notices(tmp_path, "compare: amount", amount=7, touched=2) == []

    @pytest.mark.parametrize("rows", ["append-only", "mutable"])
    @pytest.mark.parametrize(
        ("second", "told"),
        [
            ({"spin": "b"}, ["1 new row of spins had the key of another, and an activity_id of its own"]),
            ({"spin": "a"}, []),
        ],
    )
    def test_a_new_row_that_is_taken_for_one_that_was_sent(
        self, tmp_path: Path, rows: str, second: Any, told: list[str]
    ) -> None:
        database, row = Database(), {**ROW, "amount": 5}
        said = self.SPINS.replace("rows: mutable\n    deleted: nothing", f"key: round\n    rows: {rows}")
        said = said.replace(
            "key: round", "key: round\n    deleted: nothing" if rows == "mutable" else "key: round"
        )
        records = [
            database.insert("spins", {"id": 1}, {**row, "spin": "a"}),
            database.insert("spins", {"id": 2}, {**row, **second}),
        ]
        shown = Preview(wallet(tmp_path, said.replace("COMPARE", "when: true")))
        list(shown.of(records))
        assert [sentence for sentence, _ in shown.counts.notices] == told

    def test_an_event_that_comes_again_although_nothing_that_counts_has_changed(self, tmp_path: Path) -> None:
        told = "1 event of spins.bet came again with the values that were taken back"
        assert self._notices(tmp_path, "compare: touched", touched=2) == [told]
        assert self._notices(tmp_path, "compare: touched", touched=2, amount=7) == []


class TestPartsTakenWhole:
    """A refund of 3 that takes back a bet of 10, because nobody has said `takes`."""

    REFUNDS = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet", SHARE}}
    event: {wager_amount: AMOUNT}
    reverses: {when: kind == "refund", original: "tx[ref]", TAKES}
"""

    def _notices(self, folder: Path, read: str, amount: Any, takes: str = "", share: str = "") -> list[str]:
        database = Database()
        records = [
            database.insert("tx", {"id": 1}, {**ROW, "kind": "bet", "amount": 10}),
            database.insert("tx", {"id": 2}, {**ROW, "kind": "refund", "ref": 1, "amount": amount}),
        ]
        text = self.REFUNDS.replace("AMOUNT", read).replace("TAKES", takes).replace("SHARE", share)
        shown = Preview(wallet(folder, text))
        list(shown.of(records))
        return [sentence for sentence, _ in shown.counts.notices]

    @pytest.mark.parametrize("read", ["amount", "abs(amount)", "amount / 1"])
    @pytest.mark.parametrize("of_refund", [3, -3])
    def test_one_with_a_smaller_amount_is_told(self, tmp_path: Path, read: str, of_refund: int) -> None:
        assert self._notices(tmp_path, read, of_refund) == [
            "1 row of tx took back all of a bet or win, and said a smaller amount"
        ]

    @pytest.mark.parametrize("of_refund", [10, -10, 0, None, "all of it"])
    def test_one_with_the_same_amount_or_none_is_not(self, tmp_path: Path, of_refund: Any) -> None:
        assert self._notices(tmp_path, "amount", of_refund) == []

    def test_one_that_takes_a_part_is_not(self, tmp_path: Path) -> None:
        assert self._notices(tmp_path, "left", 3, "takes: amount, partial: amount", "share: amount") == []


class TestAmountsNotSent:
    """A payout that is corrected in its row, where nobody has said `compare`."""

    BETS = """
lookups: {LOOKUPS}
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {win: {type: Win, ACTIVITY}}
    event: {wager_amount: AMOUNT}
    again: {activity_id: {text: "{id}:{n}"}}
"""

    def _notices(
        self, folder: Path, activity: str = "when: true", read: str = "payout", lookups: str = "", **changes: Any
    ) -> list[str]:
        database = Database()
        row = {**ROW, "payout": 25, "note": ""}
        records = [
            database.insert("bets", {"id": 1}, row),
            database.update("bets", {"id": 1}, {**row, **changes}),
        ]
        text = self.BETS.replace("ACTIVITY", activity).replace("AMOUNT", read).replace("LOOKUPS", lookups)
        shown = Preview(wallet(folder, text))
        list(shown.of(records))
        return [sentence for sentence, _ in shown.counts.notices]

    TOLD = "1 update said another amount of bets.win than was sent, and nothing was sent of it"

    def test_an_update_that_says_another_is_told(self, tmp_path: Path) -> None:
        assert self._notices(tmp_path, payout=20) == [self.TOLD]

    def test_one_of_a_table_that_is_looked_up_too(self, tmp_path: Path) -> None:
        lookups = "later: {tables: bets, key: id}"
        assert self._notices(tmp_path, read='"later[id].payout"', lookups=lookups, payout=20) == [self.TOLD]

    @pytest.mark.parametrize("changes", [{"note": "seen"}, {"payout": None}, {"payout": "all of it"}])
    def test_one_that_says_none_or_the_same_is_not(self, tmp_path: Path, changes: Any) -> None:
        assert self._notices(tmp_path, **changes) == []

    @pytest.mark.parametrize("activity", ["compare: payout", "compare: payout if payout > 20 else win.amount"])
    def test_nor_what_is_compared(self, tmp_path: Path, activity: str) -> None:
        assert self._notices(tmp_path, activity, payout=20) == []


class TestColumnsUnread:
    """A flag or a status that voids, and that the connector forgot."""

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            ({"gone": False}, {"gone": True}, "gone"),
            ({"mark": "N"}, {"mark": "Y"}, "mark"),
            ({"gone_at": None}, {"gone_at": "2026-01-01T10:00:00Z"}, "gone_at"),
            ({"seen_at": "2026-01-01T10:00:00Z"}, {"seen_at": "2026-01-01T11:00:00Z"}, ""),
            ({"note": None}, {"note": "seen"}, ""),
            ({"note": "seen"}, {"note": "a text that is far too long for a status"}, ""),
            ({"count": 1}, {"count": 2}, ""),
            ({"kind": "bet"}, {"kind": "void"}, ""),
        ],
    )
    @pytest.mark.parametrize("rows", ["append-only", "mutable"])
    def test_it_is_told(self, tmp_path: Path, rows: str, before: Any, after: Any, told: str) -> None:
        said = """activities: {bet: {type: Bet, when: 'kind in ("bet", "void")'}}"""
        deleted = "deleted: nothing, " if rows == "mutable" else ""
        database, row = Database(), {**ROW, "kind": "bet", "amount": 5}
        records = []
        for number in range(2):
            own = {**row, "round": f"R{number}"}
            records += [
                database.insert("tx", {"id": number}, {**own, **before}),
                database.update("tx", {"id": number}, {**own, **after}),
            ]
        brand = wallet(tmp_path, f"play: {{tx: {{rows: {rows}, {deleted}{said}}}}}")
        for read, sentences in ((2, []), (4, [f"2 updates of tx change {told}, which no rule reads"])):
            shown = Preview(brand)
            list(shown.of(records[:read]))
            assert [sentence for sentence, _ in shown.counts.notices] == (sentences if told else [])


class TestAmountsSent:
    """Cents that are sent as units, and a point in the wrong place."""

    @pytest.mark.parametrize(
        ("amounts", "currency", "told"),
        [
            ([5, 100] * 10, "EUR", "all 20 amounts of tx.bet are whole, up to 100 EUR"),
            ([5, 99] * 10, "EUR", ""),
            ([5, 100] * 9, "EUR", ""),
            ([5, 100, 0] * 6, "EUR", ""),
            ([*([5, 100] * 10), "2.50"], "EUR", ""),
            ([5, 100] * 10, "JPY", ""),
            (["0.005"] * 6 + ["2.50"] * 4, "EUR", "6 of 10 amounts of tx.bet have more places than EUR"),
            (["0.005"] * 5 + ["2.50"] * 5, "EUR", ""),
            (["0.005"] * 9, "EUR", ""),
            (["2.50000"] * 10, "EUR", ""),
            (["0.005"] * 10, "ETH", ""),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, amounts: list[Any], currency: str, told: str) -> None:
        run = Wallet(tmp_path, "wager_amount: number(amount), currency: currency")
        run.look_up("2", currency=currency, rate=1) if currency != "EUR" else None
        for amount in amounts:
            run.row(amount=amount, currency=currency)
        assert run.notices() == ([told] if told else [])


class TestColumnsPadded:
    """A column of char(n), whose texts are equal to nothing that a rule names."""

    @pytest.mark.parametrize(
        ("kinds", "columns", "told"),
        [
            (["bet  ", "win  ", "bonus"], "", []),
            (["bet  ", "win  ", "bonus", "bet  "], "", ["3 texts of kind in tx are padded with spaces"]),
            (["bet  ", "win  ", "bonus", "bet  "], "columns: {kind: trimmed}", []),
            (["bet ", "a bet ", "the bet ", "void"], "", []),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, kinds: list[str], columns: str, told: list[str]) -> None:
        connector = """
play:
  tx:
    COLUMNS
    skip: {no play: kind == "bonus"}
    activities: {bet: {type: Bet}}
"""
        database = Database()
        rows = [{**ROW, "round": f"R{at}", "kind": kind, "amount": 3} for at, kind in enumerate(kinds)]
        records = [database.insert("tx", {"id": str(at)}, row) for at, row in enumerate(rows)]
        shown = Preview(wallet(tmp_path, connector.replace("COLUMNS", columns or "key: id")))
        list(shown.of(records))
        assert [sentence for sentence, _ in shown.counts.notices] == told


class TestColumnsMissing:
    """A column that is misspelt where no rule reads it."""

    @pytest.mark.parametrize(
        ("said", "rows", "told"),
        [
            ("columns: {knd: trimmed}", 3, ["no record of tx has the column knd"]),
            ("watch: [kind, knd]", 3, ["no record of tx has the column knd"]),
            ("remember: [knd]", 3, ["no record of tx has the column knd"]),
            ("columns: {kind: trimmed}", 3, []),
            ("columns: {knd: trimmed}", 2, []),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, said: str, rows: int, told: list[str]) -> None:
        connector = """
play:
  tx:
    rows: mutable
    deleted: nothing
    SAID
    activities: {bet: {type: Bet}}
"""
        database = Database()
        records = [
            database.insert("tx", {"id": str(at)}, {**ROW, "round": f"R{at}", "kind": "bet", "amount": 3})
            for at in range(rows)
        ]
        shown = Preview(wallet(tmp_path, connector.replace("SAID", said)))
        list(shown.of(records))
        assert [sentence for sentence, _ in shown.counts.notices] == told

    def test_a_column_of_another_table_that_says_the_same_is_not(self, tmp_path: Path) -> None:
        connector = """
play:
  tx:
    columns: &columns {kind: trimmed, note: trimmed}
    activities: {bet: {type: Bet}}
  ty:
    columns: *columns
    activities: {bet: {type: Bet, event: {activity_id: {text: "y{id}"}}}}
"""
        database = Database()
        rows = [{**ROW, "round": f"R{at}", "amount": 3} for at in range(3)]
        records = [database.insert("tx", {"id": f"x{at}"}, {**row, "kind": "a"}) for at, row in enumerate(rows)]
        records += [database.insert("ty", {"id": f"y{at}"}, {**row, "note": "a"}) for at, row in enumerate(rows)]
        shown = Preview(wallet(tmp_path, connector))
        list(shown.of(records))
        assert shown.counts.notices == []


class TestTimesKept:
    """Rollbacks that have the time of their bet."""

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("event: {}", "all 3 Rollbacks of tx have the timestamp of what they take back"),
            ("event: {timestamp: at}", ""),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, said: str, told: str) -> None:
        connector = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses: {when: kind == "void", original: "tx[ref]", SAID}
"""
        database = Database()
        records = []
        for number in range(3):
            bet = {**ROW, "round": f"R{number}", "kind": "bet", "amount": 3, "at": "2026-01-01T10:00:00Z"}
            void = {**bet, "kind": "void", "ref": f"b{number}", "at": "2026-01-01T11:00:00Z"}
            records += [
                database.insert("tx", {"id": f"b{number}"}, bet),
                database.insert("tx", {"id": f"v{number}"}, void),
            ]
        shown = Preview(wallet(tmp_path, connector.replace("SAID", said)))
        list(shown.of(records))
        assert [sentence for sentence, _ in shown.counts.notices] == ([told] if told else [])


class TestWinsLeft:
    """A bet that goes, and a win of its round that nobody takes back."""

    ROUNDS = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet"}, win: {type: Win, when: kind == "win"}}
    reverses: {when: kind == "void", TAKES, event: {timestamp: committed_at}}
"""

    @pytest.mark.parametrize(
        ("takes", "won", "told"),
        [
            (
                'original: "tx[ref]"',
                5,
                "in 3 rounds every bet was taken back, and a win goes on standing: R1, say",
            ),
            ('original: "tx[ref]"', 0, ""),
            ("round: round", 5, ""),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, takes: str, won: int, told: str) -> None:
        database = Database()
        records = []
        for number in range(3):
            row = {**ROW, "round": f"R{number + 1}"}
            records += [
                database.insert("tx", {"id": f"b{number}"}, {**row, "kind": "bet", "amount": 3}),
                database.insert("tx", {"id": f"w{number}"}, {**row, "kind": "win", "amount": won}),
                database.insert("tx", {"id": f"v{number}"}, {**row, "kind": "void", "ref": f"b{number}"}),
            ]
        shown = Preview(wallet(tmp_path, self.ROUNDS.replace("TAKES", takes)))
        list(shown.of(records))
        assert [sentence for sentence, _ in shown.counts.notices] == ([told] if told else [])

    @pytest.mark.parametrize(("taken", "told"), [(2, 0), (3, 1)])
    def test_a_bet_of_which_a_part_is_left_stands(self, tmp_path: Path, taken: int, told: int) -> None:
        said = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}, win: {type: Win, when: kind == "win"}}
    event: {wager_amount: left if kind == "bet" else amount}
    reverses: {when: kind == "refund", original: "tx[ref]", takes: amount, partial: amount, event: EVENT}
"""
        database = Database()
        records = []
        for number in range(3):
            row = {**ROW, "round": f"R{number}"}
            records += [
                database.insert("tx", {"id": f"b{number}"}, {**row, "kind": "bet", "amount": 3}),
                database.insert("tx", {"id": f"w{number}"}, {**row, "kind": "win", "amount": 9}),
            ]
            for refund in range(taken):
                own = {**row, "kind": "refund", "ref": f"b{number}", "amount": 1}
                records.append(database.insert("tx", {"id": f"r{number}-{refund}"}, own))
        shown = Preview(wallet(tmp_path, said.replace("EVENT", "{timestamp: committed_at}")))
        list(shown.of(records))
        assert len(shown.counts.notices) == told


class TestLookUps:
    """Of several rows with one key, the last one read is looked up, whichever is meant."""

    @pytest.mark.parametrize(
        ("lookup", "told"),
        [("", ["in rates, several rows have one key (1 key): the last is looked up"]), (", as_of: since", [])],
    )
    def test_several_rows_of_one_key(self, tmp_path: Path, lookup: str, told: list[str]) -> None:
        run = Wallet(tmp_path, lookup=lookup)
        run.records.clear()
        run.look_up("1", currency="EUR", rate=1, since=1)
        run.look_up("2", currency="EUR", rate=2, since=2)
        run.row()
        assert run.notices() == told

    def test_a_row_that_is_written_again_or_deleted_is_one(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.look_up(currency="EUR", rate=2)
        run.records.append(run.database.delete("rates", {"id": "EUR"}, {"currency": "EUR"}))
        run.look_up("2", currency="EUR", rate=2)
        assert run.notices() == []


class TestTimes:
    """A wrong zone or unit is a whole number of hours away from the commit, or decades."""

    AT = datetime(2026, 1, 1, tzinfo=UTC)

    def _moments(self, hours: float) -> Iterator[str]:
        for second in range(12):
            yield (self.AT + timedelta(seconds=second, hours=hours)).isoformat()

    @pytest.mark.parametrize(
        ("hours", "said"),
        [(2, "2 hours after"), (-5.5, "5.5 hours before"), (0, ""), (0.01, ""), (1.3, ""), (720, "")],
    )
    def test_a_zone(self, tmp_path: Path, hours: float, said: str) -> None:
        run = Wallet(tmp_path)
        for at in self._moments(hours):
            run.row(at=at)
        assert run.notices() == ([f"the events of tx all have a timestamp {said} their commit"] if said else [])

    def test_a_unit(self, tmp_path: Path) -> None:
        run = Wallet(tmp_path)
        run.row(at="1970-01-21T18:41:42Z")
        assert run.notices() == ["1 event of tx had a timestamp before the year 2000"]


class TestValuesThatAreAllAlike:
    """Said of ten events and more."""

    @pytest.mark.parametrize(
        ("event", "told"),
        [
            ("wager_amount: amount, balance_after: details.bal", "balance_after is null in all 12 events of tx"),
            ("wager_amount: 'amount if kind == \"x\" else 0'", "all 12 events of tx have the amount 0"),
            ("wager_amount: amount, balance_after: none, bonus_wager_amount: 0", None),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, event: str, told: str | None) -> None:
        run = Wallet(tmp_path, event)
        for number in range(12):
            run.row(player=f"p{number % 3}", site=1, details={"balance": 5})
        assert run.notices() == ([told] if told else [])
        run.records = run.records[:9]
        assert run.notices() == []
