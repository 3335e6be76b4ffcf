"""What recent records and topics' settings show of money and order that would be lost."""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import fastavro
import msgspec
import pytest

from bridge.brand import Brand
from bridge.checks.online import setting_findings
from bridge.checks.samples import findings_of
from bridge.records import SourceRecord
from tests.debezium.registry import registry_of
from tests.support.cases import NAMES, example, recorded
from tests.support.changes import Database
from tests.support.trial import ROW, wallet

BETS = """
lookups: {game: {key: code}}
play:
  bets: {with: {money: amount}, event: {wager_amount: money, game_name: "game[code].name"},
         activities: {bet: {type: Bet}}}
"""


AVRO = """
source: {kafka: "${KAFKA_BROKERS}", topics: "db.public.{table}", registry: {url: "URL"}}
"""

LEGS = """
play:
  txn:
    parts: {legs: {table: leg, one: leg, of: txn, count: legs}}
    event: {wager_amount: sum(legs.amount)}
    activities: {bet: {type: Bet}}
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


def test_a_topic_without_any_table_of_the_connector_is_told(brand: Brand) -> None:
    """Oracle writes capitals, and a topic may be called otherwise than its table: all play would be skipped."""
    database = Database()
    other = database.insert("BETS", {"id": 1}, {**ROW, "code": "g", "amount": 5})
    assert found(brand, [other, *bets(database, "a")]) == []
    said = "none of the newest records is of a table of the connector: they are of public.BETS"
    assert found(brand, [other]) == [(said, True)]
    assert found(brand, []) == []


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


def test_a_floating_point_column_is_found_in_records_of_a_schema_registry_too(tmp_path: Path) -> None:
    row = record_type("Value", id="long", amount="double", idle="double")
    source = record_type("Source", connector="string", name="string", schema="string", table="string", lsn="long")
    schema = record_type("Envelope", after=row, source=source, op="string")
    place = {"connector": "postgresql", "name": "db", "schema": "public", "table": "bets", "lsn": 5}
    written = BytesIO()
    value = {"after": {"id": 1, "amount": 0.5, "idle": 0.5}, "source": place, "op": "c"}
    fastavro.schemaless_writer(written, fastavro.parse_schema(schema), value)
    [record] = bets(Database(), "a")
    with registry_of({7: json.dumps(schema)}) as registry:
        brand = wallet(tmp_path, AVRO.replace("URL", registry.settings().url) + BETS)
        avro = msgspec.structs.replace(record, value=b"\0\0\0\0\7" + written.getvalue())
        sentences = [sentence for sentence, _ in found(brand, [avro])]
    assert [sentence.partition(": ")[0] for sentence in sentences] == [
        "column amount comes as a floating-point number",
        "records have no source.sequence",
    ]


def record_type(name: str, /, **fields: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": [{"name": at, "type": kind} for at, kind in fields.items()]}


def with_schema(record: SourceRecord, *columns: dict[str, object]) -> SourceRecord:
    schema = {"type": "struct", "fields": [{"type": "struct", "fields": columns, "field": "after"}]}
    value = msgspec.json.encode({"schema": schema, "payload": msgspec.json.decode(record.value or b"")})
    return msgspec.structs.replace(record, value=value)


def test_a_column_whose_null_arrives_as_its_default_is_found(brand: Brand) -> None:
    """`snapshot` of a streamed record is null, unless defaults are written for nulls."""
    [streamed] = bets(Database(), "a")
    kept = msgspec.structs.replace(
        streamed, value=(streamed.value or b"").replace(b'"snapshot":"false"', b'"snapshot":null')
    )
    snapshot = Database().snapshot("bets", {"id": 1}, {**ROW, "code": "g", "amount": 5})
    defaulted = {"field": "amount", "type": "int32", "optional": True, "default": 0}

    [(sentence, wrong)] = found(brand, [with_schema(streamed, defaulted)])
    assert (sentence, wrong) == ("column amount has a default, and a null in it arrives as that default", True)
    for unlike in ({"optional": False}, {"default": None}, {"field": "idle"}):
        assert found(brand, [with_schema(streamed, {**defaulted, **unlike})]) == []
    assert found(brand, [with_schema(record, defaulted) for record in (snapshot, kept)]) == []


def test_numbers_without_schema_that_look_like_floating_point_are_found(brand: Brand) -> None:
    database = Database()
    exact = [bets(database, "a", amount=Decimal(text))[0] for text in ("5.00", "12.30")]
    assert found(brand, exact) == []
    floating = [bets(database, "a", amount=Decimal(text))[0] for text in ("5.0", "12.35")]
    [(sentence, wrong)] = found(brand, floating)
    assert sentence.startswith("column amount comes as a number without schema")
    assert not wrong
    exact_type: dict[str, object] = {
        "field": "amount",
        "type": "bytes",
        "name": "org.apache.kafka.connect.data.Decimal",
    }
    assert found(brand, [with_schema(record, exact_type) for record in floating]) == []


def test_numbers_of_parts_are_looked_at_too(tmp_path: Path) -> None:
    brand = wallet(tmp_path, LEGS)
    database = Database()
    legs = [database.insert("leg", {"id": 1}, {"txn": 1, "amount": Decimal(text)}) for text in ("5.0", "1.25")]
    [(sentence, wrong)] = found(brand, legs)
    assert sentence.startswith("column amount comes as a number without schema")
    assert not wrong


def test_a_delete_whose_key_would_be_made_up_is_found(tmp_path: Path) -> None:
    mutable = BETS.replace("bets: {", "bets: {rows: mutable, deleted: nothing, ")
    row = {**ROW, "code": "g", "amount": 5}
    database = Database()
    by_player = database.update("bets", {"player": "p1"}, {**row, "id": 1})
    full = database.update("bets", {"player": "p1"}, {**row, "id": 1}, before={**row, "id": 1})
    by_id = database.update("bets", {"id": 1}, row)

    [(sentence, wrong)] = found(wallet(tmp_path, mutable), [by_player])
    assert sentence.startswith("message.key.columns names columns that a delete does not have")
    assert not wrong
    assert found(wallet(tmp_path, mutable), [full, by_id]) == []
    assert found(wallet(tmp_path, BETS), [by_player]) == []


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


def in_binlog(record: SourceRecord, position: int) -> SourceRecord:
    value = msgspec.json.decode(record.value or b"")
    place = {"connector": "mysql", "name": "db", "db": "public", "table": "bets", "file": "b.000001", "row": 0}
    value["source"] = {**place, "server_id": 1, "snapshot": "false", "pos": position}
    return msgspec.structs.replace(record, value=msgspec.json.encode(value))


def test_changes_of_a_compressed_binlog_that_share_a_position_are_found(brand: Brand) -> None:
    first, second = bets(Database(), "a", "b")
    shared = [in_binlog(record, 154) for record in (first, second)]
    [(sentence, wrong)] = found(brand, shared)
    assert sentence.startswith("several changes have one position in the binlog")
    assert wrong
    assert found(brand, [shared[0], shared[0], in_binlog(second, 300)]) == []

    _, __, moved = Database().rename("bets", {"id": 0}, {"id": 9}, {**ROW, "code": "g", "amount": 5})
    assert found(brand, [shared[0], in_binlog(moved, 154)]) == []
