"""The benchmark's records say the same in each form, so that what they cost can be compared."""

from __future__ import annotations

import pytest

from bench.avro_records import answer_of_play
from bench.steps import TOPIC, play_records
from bridge.decoders import DebeziumDecoder
from bridge.flow import Change


def decoded(schema: str, events: int) -> list[Change]:
    decoder = DebeziumDecoder({"wallet_tx": {"created_at": "micros UTC", "amount": "decimal"}})
    answer_of_play(decoder)
    changes = [decoder.decode(record) for record in play_records(events, 0.1, schema=schema)]
    return [change for change in changes if isinstance(change, Change)]


@pytest.mark.parametrize("schema", ["inline", "avro"])
def test_records_with_a_schema_say_what_those_without_say(schema: str) -> None:
    # More than the thousand after which Avro is read by what was compiled for its schema.
    plain, other = decoded("schemaless", 1_200), decoded(schema, 1_200)

    assert len(plain) == len(other) == 1_200
    for one, same in zip(plain, other, strict=True):
        assert one.record.topic == same.record.topic == f"{TOPIC}.wallet_tx"
        assert (one.table, one.op, one.position, one.committed_us) == (
            same.table,
            same.op,
            same.position,
            same.committed_us,
        )
        assert one.after is not None
        assert same.after is not None
        assert {column: one.after[column] for column in one.after.columns()} == {
            column: same.after[column] for column in same.after.columns()
        }
        assert one.key is not None
        assert same.key is not None
        assert one.key["player_id"] == same.key["player_id"]
