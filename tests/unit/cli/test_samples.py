"""What recent records and topics' settings show of money and order that would be lost."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bridge.brand import Brand
from bridge.online_checks import setting_findings
from bridge.records import SourceRecord
from bridge.samples import findings_of
from tests.support.cases import NAMES, example, recorded
from tests.support.changes import Database
from tests.support.trial import ROW, wallet

BETS = """
lookups: {game: {key: code}}
play:
  bets: {with: {money: amount}, event: {wager_amount: money, game_name: "game[code].name"},
         activities: {bet: {type: Bet}}}
"""


@pytest.fixture
def brand(tmp_path: Path) -> Brand:
    return wallet(tmp_path, BETS)


def bets(database: Database, *players: str, **columns: object) -> list[SourceRecord]:
    row = {**ROW, "code": "g", "amount": 5, **columns}
    return [database.insert("bets", {"id": at}, {**row, "player": player}) for at, player in enumerate(players)]


def in_partition(record: SourceRecord, number: int) -> SourceRecord:
    return msgspec.structs.replace(record, partition=number)


def found(brand: Brand, records: list[SourceRecord], partitions: int = 4) -> list[tuple[str, bool]]:
    return [
        (item.sentence, item.wrong)
        for item in findings_of(brand, "db.public.bets", records, partitions=partitions)
    ]


def test_a_snapshot_behind_records_of_the_log_is_told(brand: Brand) -> None:
    database = Database()
    first = database.snapshot("bets", {"id": 0}, {**ROW, "code": "g", "amount": 5})
    (streamed,) = bets(database, "a")
    later = database.snapshot("bets", {"id": 8}, {**ROW, "code": "g", "amount": 5})
    assert found(brand, [first, streamed]) == []
    assert found(brand, [streamed, in_partition(later, 1)]) == []
    ((sentence, wrong),) = found(brand, [first, streamed, later])
    assert not wrong
    assert sentence.startswith("rows of a snapshot lie behind records of the log")


def test_a_table_that_is_read_again_beside_the_stream_misses_nothing(brand: Brand) -> None:
    database = Database()
    (streamed,) = bets(database, "a")
    later = database.snapshot("bets", {"id": 8}, {**ROW, "code": "g", "amount": 5})
    assert later.value is not None
    later = msgspec.structs.replace(later, value=later.value.replace(b'"true"', b'"incremental"'))
    assert found(brand, [streamed, later]) == []


def test_records_that_are_well_show_nothing(brand: Brand) -> None:
    first, second, third = bets(Database(), "a", "b", "a")
    assert found(brand, [first, in_partition(second, 1), third]) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_cases_show_no_loss(name: str) -> None:
    for topic in example(name).topics().plays:
        records = [record for record in recorded(name) if record.topic == topic]
        assert records
        assert list(findings_of(example(name), topic, records, partitions=8)) == []


def test_a_player_in_two_partitions_is_found_once_there_are_two(brand: Brand) -> None:
    first, second, third = bets(Database(), "a", "b", "a")
    records = [first, second, in_partition(third, 1)]
    [(sentence, wrong)] = found(brand, records)
    assert sentence.startswith("rows of one player lie in several partitions (1 of 2 players")
    assert wrong
    assert found(brand, records, partitions=1) == []


def test_a_floating_point_column_that_a_rule_reads_is_found(brand: Brand) -> None:
    [record] = bets(Database(), "a")
    row = {
        "type": "struct",
        "fields": [{"field": "amount", "type": "double"}, {"field": "idle", "type": "double"}],
    }
    schema = {"type": "struct", "fields": [{**row, "field": "after"}]}
    value = msgspec.json.encode({"schema": schema, "payload": msgspec.json.decode(record.value or b"")})
    [(sentence, wrong)] = found(brand, [msgspec.structs.replace(record, value=value)])
    assert sentence.startswith("column amount comes as a floating-point number")
    assert wrong


def test_a_column_that_is_unavailable_in_updates_is_found(brand: Brand) -> None:
    database = Database()
    row = {**ROW, "code": "g", "amount": "__debezium_unavailable_value"}
    [(sentence, wrong)] = found(brand, [database.update("bets", {"id": 1}, row)])
    assert sentence.startswith("column amount is unavailable in some updates")
    assert not wrong


def test_records_without_a_position_or_a_sequence_are_found(brand: Brand) -> None:
    [record] = bets(Database(), "a")
    value = record.value or b""
    without_sequence = value.replace(b'"sequence":"[\\"0\\",\\"100\\"]"', b'"idle":1')
    assert without_sequence != value
    [(sentence, wrong)] = found(brand, [msgspec.structs.replace(record, value=without_sequence)])
    assert (sentence.partition(":")[0], wrong) == ("records have no source.sequence", False)
    without_position = without_sequence.replace(b'"lsn":100', b'"idle2":1')
    [(sentence, wrong)] = found(brand, [msgspec.structs.replace(record, value=without_position)])
    assert (sentence.partition(":")[0], wrong) == ("records do not tell their source position", True)


def test_records_that_cannot_be_read_are_counted_by_reason(brand: Brand) -> None:
    [record] = bets(Database(), "a")
    broken = msgspec.structs.replace(record, value=b"{")
    [(sentence, wrong)] = found(brand, [broken, broken, record])
    assert sentence.startswith("2 of the newest records cannot be read: ")
    assert wrong


@pytest.mark.parametrize(
    ("said", "play", "sentences"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "604800000"}, True, []),
        ({"cleanup.policy": "compact"}, False, []),
        ({"cleanup.policy": "delete", "retention.ms": "-1"}, False, []),
        ({"cleanup.policy": "compact"}, True, ["cleanup.policy has compact"]),
        (
            {"cleanup.policy": "compact,delete", "retention.ms": "3600000"},
            True,
            ["cleanup.policy has compact", "records are kept for 1 h only"],
        ),
        ({"cleanup.policy": "delete", "retention.ms": "1000"}, True, ["records are kept for 1 s only"]),
        (
            {"cleanup.policy": "delete", "retention.ms": "604800000"},
            False,
            ["look-up rows that do not change are gone after 7 days"],
        ),
    ],
)
def test_settings_of_a_topic_that_lose_records_are_found(
    said: dict[str, str], play: bool, sentences: list[str]
) -> None:
    shown = [item.sentence.partition(":")[0] for item in setting_findings("t", said, play=play)]
    assert shown == sentences


def test_a_player_whose_calls_lie_in_two_partitions_is_found(tmp_path: Path) -> None:
    calls = (
        "each: {action: actions}, key: action.id, activities: {bet: {type: Bet}}, event: {activity_id: action.id}"
    )
    brand = wallet(tmp_path, f"play: {{bets: {{{calls}}}}}")
    first, second = bets(Database(), "a", "a", actions=[{"id": 1}, {"id": 2}])
    [(sentence, _)] = found(brand, [first, in_partition(second, 1)])
    assert sentence.startswith("rows of one player lie in several partitions (1 of 1 players")
