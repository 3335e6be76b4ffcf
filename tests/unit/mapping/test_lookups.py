"""Look-up tables: keys, versions, filters, chains, and what a missing row does."""

from __future__ import annotations

import pytest

from bridge.mapping.state.frozen import encode_value, encode_versions
from bridge.mapping.state.remembered import Version
from bridge.row import Value
from tests.support.trial import Make, Trial


def with_rate(trial: Make, lookup: str, rate: str) -> Trial:
    return trial(f"""
wait: {{lookup: 10 minutes}}
lookups: {{rates: {lookup}}}
play:
  tx:
    activities: {{bet: {{type: Bet}}}}
    event: {{exchange_rate: "{rate}"}}
""")


class TestVersions:
    @pytest.fixture
    def run(self, trial: Make) -> Trial:
        return with_rate(trial, "{key: currency, as_of: since}", "rates[currency, moment(at)].rate")

    def add(self, run: Trial, key: int, since: str, rate: int) -> None:
        run.insert("rates", key, currency="EUR", since=since, rate=rate)

    def rate_at(self, run: Trial, at: str) -> object:
        run.insert("tx", at, amount=1, currency="EUR", at=at)
        return run.bodies()[-1]["exchange_rate"] if not run.held else None

    def test_the_one_in_force_counts_that_moment_included(self, trial: Make) -> None:
        run = with_rate(
            trial,
            "{key: currency, as_of: since, columns: {since: micros UTC}}",
            "rates[currency, moment(at)].rate",
        )
        for key, (since, rate) in enumerate(
            [(1767261600_000000, 2), (1767265200_000000, 3), (1767258000_000000, 1)]
        ):
            run.insert("rates", key, currency="EUR", since=since, rate=rate)
        assert self.rate_at(run, "2026-01-01T09:59:59.999999Z") == 1
        assert self.rate_at(run, "2026-01-01T10:00:00Z") == 2
        assert self.rate_at(run, "2026-01-01T10:59:59Z") == 2
        assert self.rate_at(run, "2026-01-01T11:00:00Z") == 3

    def test_before_the_first_there_is_none(self, trial: Make) -> None:
        run = with_rate(
            trial,
            "{key: currency, as_of: since, columns: {since: micros UTC}}",
            "rates[currency, moment(at)].rate",
        )
        run.insert("rates", 1, currency="EUR", since=1767261600_000000, rate=2)
        assert self.rate_at(run, "2026-01-01T09:00:00Z") is None
        run.wait(minutes=10)
        assert run.parked() == [("2026-01-01T09:00:00Z", "lookup_missing")]

    @pytest.mark.parametrize(
        ("column", "ever", "since"),
        [
            ("micros UTC", -9_223_372_036_832_400_000, 1767261600_000000),
            ("micros local Europe/Malta", -9_223_372_036_832_400_000, 1767265200_000000),
            ("iso", "-infinity", "2026-01-01T10:00:00Z"),
        ],
    )
    def test_one_that_postgres_has_valid_since_minus_infinity_is_the_first(
        self, trial: Make, column: str, ever: Value, since: Value
    ) -> None:
        lookup = f"{{key: currency, as_of: since, columns: {{since: {column}}}}}"
        run = with_rate(trial, lookup, "rates[currency, moment(at)].rate")
        run.insert("rates", 2, currency="EUR", since=since, rate=3)
        run.insert("rates", 1, currency="EUR", since=ever, rate=1)
        assert self.rate_at(run, "1999-01-01T00:00:00Z") == 1
        assert self.rate_at(run, "2026-01-01T10:00:00Z") == 3
        run.update("rates", 1, currency="EUR", since=ever, rate=2)
        assert self.rate_at(run, "2026-01-01T09:59:59Z") == 2
        run.delete("rates", 1, currency="EUR", since=ever)
        assert self.rate_at(run, "2026-01-01T09:59:58Z") is None

    def test_a_time_of_another_kind_is_parked_with_a_reason(self, run: Trial) -> None:
        self.add(run, 1, "2026-01-01T00:00:00Z", 2)
        run.insert("tx", "1", amount=1, currency="EUR")
        assert run.parked() == [("1", "wrong_time")]

    def test_a_version_can_be_corrected_and_deleted(self, trial: Make) -> None:
        run = with_rate(
            trial,
            "{key: currency, as_of: since, columns: {since: micros UTC}}",
            "rates[currency, moment(at)].rate",
        )
        run.insert("rates", 1, currency="EUR", since=1767258000_000000, rate=2)
        run.insert("rates", 2, currency="EUR", since=1767261600_000000, rate=3)
        run.update("rates", 2, currency="EUR", since=1767261600_000000, rate=4)
        assert self.rate_at(run, "2026-01-01T12:00:00Z") == 4
        run.delete("rates", 2, currency="EUR", since=1767261600_000000)
        assert self.rate_at(run, "2026-01-01T12:00:01Z") == 2

    def test_what_debezium_repeats_of_a_version_changes_nothing(self, trial: Make) -> None:
        run = with_rate(trial, "{key: currency, as_of: since}", "rates[currency, day].rate")
        first = run.insert("rates", 1, currency="EUR", since=5, rate=2)
        gone = run.insert("rates", 2, currency="EUR", since=6, rate=3)
        run.update("rates", 1, currency="EUR", since=5, rate=4)
        run.delete("rates", 2, currency="EUR", since=6)
        run.take(first)
        run.take(gone)
        run.insert("tx", "1", amount=1, currency="EUR", day=7)
        assert run.bodies()[0]["exchange_rate"] == 4

    def test_a_version_that_is_deleted_without_its_time_stays_and_the_change_is_parked(self, trial: Make) -> None:
        run = with_rate(trial, "{key: currency, as_of: since}", "rates[currency, day].rate")
        run.insert("rates", 1, currency="EUR", since=5, rate=2)
        run.delete("rates", 1, currency="EUR")
        run.insert("rates", 2, currency="EUR", since=6, rate=3)
        run.insert("tx", "1", amount=1, currency="EUR", day=5)
        assert (run.bodies()[0]["exchange_rate"], run.parked()) == (2, [("", "missing_column")])


def test_by_a_composite_key(trial: Make) -> None:
    run = with_rate(trial, "{key: [brand, currency]}", "rates[brand, currency].rate")
    run.insert("rates", 1, brand="a", currency="EUR", rate=2)
    run.insert("rates", 2, brand="b", currency="EUR", rate=3)
    run.insert("tx", "1", amount=1, brand="b", currency="EUR")
    assert run.bodies()[0]["exchange_rate"] == 3


def test_numbers_and_texts_name_the_same_row(trial: Make) -> None:
    run = with_rate(trial, "{key: id}", "rates[rate_id].rate")
    run.insert("rates", 7, rate=2)
    run.insert("tx", "1", amount=1, rate_id="7")
    run.insert("tx", "2", amount=1, rate_id=7)
    assert len(run.events()) == 2


class TestRowsOfOneKeyOfWhichOneCounts:
    """The rows of a currency, of which `where` leaves out all but one."""

    @pytest.fixture
    def run(self, trial: Make) -> Trial:
        return with_rate(trial, "{key: currency, where: active, missing: none}", "rates[currency].rate or 9")

    def rate(self, run: Trial) -> object:
        run.insert("tx", len(run.bodies()), amount=1, currency="EUR")
        return run.bodies()[-1]["exchange_rate"]

    @pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
    def test_a_snapshot_shows_it_wherever_it_is_read(self, run: Trial, order: tuple[int, ...]) -> None:
        for key in order:
            run.snapshot("rates", key, currency="EUR", rate=key, active=key == 2)
        assert self.rate(run) == 2

    def test_one_that_is_closed_once_the_next_is_there_does_not_hide_that(self, run: Trial) -> None:
        run.insert("rates", 1, currency="EUR", rate=1, active=True)
        run.insert("rates", 2, currency="EUR", rate=2, active=True)
        run.update("rates", 1, currency="EUR", rate=1, active=False)
        assert self.rate(run) == 2
        run.update("rates", 2, currency="EUR", rate=2, active=False)
        assert self.rate(run) == 9

    def test_one_that_is_closed_before_the_next_is_there_is_found_no_more(self, run: Trial) -> None:
        run.insert("rates", 1, currency="EUR", rate=1, active=True)
        run.update("rates", 1, currency="EUR", rate=1, active=False)
        assert self.rate(run) == 9
        run.insert("rates", 2, currency="EUR", rate=2, active=True)
        assert self.rate(run) == 2


def test_a_missing_row_parks_at_once_where_the_connector_says_so(trial: Make) -> None:
    run = with_rate(trial, "{key: id, missing: park}", "rates[rate_id].rate")
    run.insert("tx", "1", amount=1, rate_id="7")
    assert (run.held, run.parked()) == (0, [("1", "missing_lookup")])


def test_a_missing_row_can_be_null_and_have_a_fallback(trial: Make) -> None:
    run = with_rate(trial, "{key: id, missing: none}", "rates[rate_id].rate or 9")
    run.insert("tx", "1", amount=1, rate_id="7")
    assert run.bodies()[0]["exchange_rate"] == 9


def test_a_look_up_by_null_is_null_and_does_not_wait(trial: Make) -> None:
    run = with_rate(trial, "{key: id}", "rates[rate_id].rate or 9")
    run.insert("tx", "1", amount=1, rate_id=None)
    assert run.bodies()[0]["exchange_rate"] == 9


def test_only_rows_that_pass_its_filter_are_found(trial: Make) -> None:
    run = with_rate(trial, "{key: currency, where: active, missing: none}", "rates[currency].rate or 9")
    run.insert("rates", 1, currency="EUR", active=True, rate=2)
    run.insert("tx", "1", amount=1, currency="EUR")
    run.update("rates", 1, currency="EUR", active=False, rate=2)
    run.insert("tx", "2", amount=1, currency="EUR")
    assert [event["exchange_rate"] for event in run.bodies()] == [2, 9]


def test_chains_wait_for_each_link_in_turn(trial: Make) -> None:
    run = trial("""
lookups: {players: {key: id}, brands: {key: id}, sites: {key: id}}
play:
  tx:
    with: {who: "players[player]", brand: "brands[who.brand_id]"}
    activities: {bet: {type: Bet}}
    event: {origin: "sites[brand.site_id].host"}
""")
    run.insert("tx", "1", amount=1)
    run.insert("players", "p1", brand_id="b1")
    assert run.held == 1
    run.insert("brands", "b1", site_id="s1")
    assert run.held == 1
    run.restart()
    run.insert("sites", "s1", host="a.example.com")
    assert (run.held, run.bodies()[0]["origin"]) == (0, "a.example.com")


def test_a_deleted_row_is_found_no_more(trial: Make) -> None:
    run = with_rate(trial, "{key: id, missing: none}", "rates[rate_id].rate or 9")
    run.insert("rates", "7", rate=2)
    run.delete("rates", "7", rate=2)
    run.insert("tx", "1", amount=1, rate_id="7")
    assert run.bodies()[0]["exchange_rate"] == 9


def test_what_debezium_repeats_of_a_deleted_row_does_not_bring_it_back(trial: Make) -> None:
    run = with_rate(trial, "{key: id, missing: none}", "rates[rate_id].rate or 9")
    written = run.insert("rates", "7", rate=2)
    run.delete("rates", "7", rate=2)
    run.take(written)
    run.insert("tx", "1", amount=1, rate_id="7")
    assert run.bodies()[0]["exchange_rate"] == 9


def remembered(run: Trial, key: str, data: bytes) -> None:
    transaction = run.play.ledger.begin(0)
    transaction.put("lookup:rates", key, data)
    transaction.commit()


def test_a_row_that_was_kept_without_its_position_is_still_found(trial: Make) -> None:
    run = with_rate(trial, "{key: id}", "rates[rate_id].rate")
    remembered(run, "7", encode_value({"rate": 2}))
    run.insert("tx", "1", amount=1, rate_id="7")
    assert run.bodies()[0]["exchange_rate"] == 2


def test_versions_become_one_row_when_the_connector_asks_for_none_any_more(trial: Make) -> None:
    run = with_rate(trial, "{key: currency}", "rates[currency].rate")
    remembered(run, "EUR", encode_versions([Version(5, {"rate": 2}), Version(6, {"rate": 3})]))
    run.insert("tx", "1", amount=1, currency="EUR")
    run.insert("rates", 1, currency="EUR", since=7, rate=4)
    run.insert("tx", "2", amount=1, currency="EUR")
    assert [event["exchange_rate"] for event in run.bodies()] == [3, 4]


def test_one_row_becomes_versions_when_the_connector_asks_for_them(trial: Make) -> None:
    run = with_rate(trial, "{key: currency, as_of: since}", "rates[currency, day].rate")
    remembered(run, "EUR", encode_versions([Version(None, {"rate": 2})]))
    run.insert("rates", 1, currency="EUR", since=5, rate=3)
    run.insert("rates", 2, currency="EUR", since=6, rate=4)
    run.insert("tx", "1", amount=1, currency="EUR", day=5)
    assert (run.bodies()[0]["exchange_rate"], run.parked()) == (3, [])


@pytest.mark.parametrize(("since", "code"), [(None, "no_key"), ("2026", "wrong_time")])
def test_a_version_that_cannot_be_put_in_order_is_parked_and_the_others_stay(
    trial: Make, since: object, code: str
) -> None:
    run = with_rate(trial, "{key: currency, as_of: since}", "rates[currency, day].rate")
    run.insert("rates", 1, currency="EUR", since=5, rate=2)
    run.insert("rates", 2, currency="EUR", since=since, rate=3)
    run.insert("rates", 3, currency="EUR", since=6, rate=4)
    assert run.parked() == [("", code)]
    run.insert("tx", "1", amount=1, currency="EUR", day=5)
    assert run.bodies()[0]["exchange_rate"] == 2


def test_a_row_whose_key_changes_is_found_by_the_new_one(trial: Make) -> None:
    run = with_rate(trial, "{key: id, missing: none}", "rates[rate_id].rate or 9")
    run.insert("rates", "7", rate=2)
    run.rename("rates", "7", "8", rate=2)
    for key in ("7", "8"):
        run.insert("tx", key, amount=1, rate_id=key)
    assert [event["exchange_rate"] for event in run.bodies()] == [9, 2]


class TestARowThatIsNotNamedByItsPrimaryKey:
    @pytest.fixture
    def run(self, trial: Make) -> Trial:
        return with_rate(trial, "{key: code, missing: none}", "rates[code].rate or 9")

    def rates(self, run: Trial, *codes: str) -> list[object]:
        for code in codes:
            run.insert("tx", code, amount=1, code=code)
        return [event["exchange_rate"] for event in run.bodies()]

    def test_is_found_by_its_new_key_alone_where_the_record_tells_the_old_one(self, run: Trial) -> None:
        run.insert("rates", 1, code="A", rate=2)
        run.update("rates", 1, before={"id": 1, "code": "A", "rate": 2}, code="B", rate=2)
        assert self.rates(run, "A", "B") == [9, 2]

    def test_does_not_come_back_when_debezium_repeats_it(self, run: Trial) -> None:
        written = run.insert("rates", 1, code="A", rate=2)
        run.update("rates", 1, before={"id": 1, "code": "A", "rate": 2}, code="B", rate=2)
        run.take(written)
        assert self.rates(run, "A", "B") == [9, 2]

    def test_leaves_the_row_that_has_its_old_key_now(self, run: Trial) -> None:
        run.insert("rates", 1, code="A", rate=2)
        run.insert("rates", 2, code="B", rate=3)
        run.update("rates", 1, before={"id": 1, "code": "A", "rate": 2}, code="B", rate=2)
        run.update("rates", 2, before={"id": 2, "code": "B", "rate": 3}, code="A", rate=3)
        assert self.rates(run, "A", "B") == [3, 2]

    def test_takes_no_other_row_with_it_when_it_is_deleted(self, run: Trial) -> None:
        run.insert("rates", 1, code="A", rate=2)
        run.insert("rates", 2, code="A", rate=3)
        run.delete("rates", 1, code="A", rate=2)
        assert self.rates(run, "A") == [3]

    def test_takes_no_row_with_it_whose_key_debezium_has_made_up(self, run: Trial) -> None:
        run.insert("rates", 1, code="A", rate=2)
        run.insert("rates", 2, code="EUR", rate=3)
        run.delete("rates", 1, code="EUR", rate=0)
        assert self.rates(run, "EUR") == [3]

    def test_of_versions_the_one_of_the_old_key_goes(self, trial: Make) -> None:
        run = with_rate(trial, "{key: code, as_of: since, missing: none}", "rates[code, day].rate or 9")
        run.insert("rates", 1, code="A", since=1, rate=2)
        run.insert("rates", 2, code="A", since=5, rate=3)
        run.update("rates", 2, before={"id": 2, "code": "A", "since": 5, "rate": 3}, code="B", since=5, rate=3)
        for code in ("A", "B"):
            run.insert("tx", code, amount=1, code=code, day=7)
        assert [event["exchange_rate"] for event in run.bodies()] == [2, 3]


def test_an_update_that_is_valid_from_later_is_one_more_version(trial: Make) -> None:
    run = with_rate(trial, "{key: id, as_of: since}", "rates[currency, day].rate")
    run.insert("rates", "EUR", since=1, rate=2)
    run.update("rates", "EUR", before={"id": "EUR", "since": 1, "rate": 2}, since=5, rate=3)
    for day in (4, 5):
        run.insert("tx", str(day), amount=1, currency="EUR", day=day)
    assert [event["exchange_rate"] for event in run.bodies()] == [2, 3]


def test_a_play_table_can_be_looked_up_too(trial: Make) -> None:
    run = trial("""
play:
  sessions:
    remember: [game]
    skip: {a session is no play: true}
    activities: {none_at_all: {type: Bet}}
  tx:
    activities: {bet: {type: Bet}}
    event: {game_id: "sessions[session].game"}
""")
    run.insert("tx", "1", amount=1, session="s1")
    assert run.held == 1
    run.insert("sessions", "s1", game="g7")
    assert run.bodies()[0]["game_id"] == "g7"


def test_a_key_that_is_null_parks_the_row(trial: Make) -> None:
    run = with_rate(trial, "{key: code}", "rates[rate_id].rate")
    run.insert("rates", "7", code=None, rate=2)
    assert run.parked() == [("", "no_key")]


def test_tables_by_pattern_are_one_look_up(trial: Make) -> None:
    run = with_rate(trial, '{key: id, tables: "rates_.*"}', "rates[rate_id].rate")
    run.insert("rates_2025", "7", rate=2)
    run.insert("tx", "1", amount=1, rate_id="7")
    assert run.bodies()[0]["exchange_rate"] == 2
