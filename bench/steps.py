"""Where the time of taking in goes: CPU per event of each step, in one process, without Kafka and RabbitMQ.

    python -m bench steps [--events 50000] [--schema inline|avro] [--rollbacks 0.01] [--profile] [--json FILE]

The same code as a running bridge, step by step.  "wants" is how the mapper tells which rows a batch
needs, "read" how the ledger reads them; "map" is judging, the contract's check and the body.
`--schema` says how the records of play are written: without a schema, with it in each of them, or in
Avro with the schema in a registry, whose answer the decoder then has already.
`--profile` prints the functions that cost most instead of the table.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import pairwise
from pathlib import Path

from bench import wallet
from bench.avro_records import AvroForm, answer_of_play
from bridge.app import GC_THRESHOLDS
from bridge.brand import load_brand
from bridge.contracts import Decoder, Ledger
from bridge.decoders import DebeziumDecoder
from bridge.flow import Change
from bridge.ledger import open_ledger
from bridge.mapping.mapper import Mapper
from bridge.records import Partition, SourceRecord

BATCH = 500
TOPIC = "steps.public"


@dataclass
class Steps:
    """CPU microseconds per event of each step."""

    decode: float = 0.0
    wants: float = 0.0
    read: float = 0.0
    map: float = 0.0
    write: float = 0.0

    def to_event(self) -> float:
        """Return what it takes from a record to the bytes of its event."""
        return self.decode + self.wants + self.map

    def total(self) -> float:
        """Return the sum of all steps, the ledger's included."""
        return self.to_event() + self.read + self.write


class TakingIn:
    """Decoder, mapper and a ledger in a folder, as one brand has them."""

    def __init__(self, folder: Path) -> None:
        brand = load_brand(
            wallet.connector(folder, "127.0.0.1:1", "steps", "fasttrack.steps"),
            {"RABBITMQ_URL": "amqp://bench:bench@127.0.0.1/"},
        )
        self.decoder: Decoder = brand.decoder()
        if isinstance(self.decoder, DebeziumDecoder):
            answer_of_play(self.decoder)
        self.ledger: Ledger = open_ledger(str(folder / "ledger"), brand.connector.brand, create=True)
        self.mapper = Mapper(brand.plan, lambda _: None)
        self._seq = 0

    def take(self, records: Sequence[SourceRecord]) -> list[Steps]:
        """Take records in, batch by batch; return the microseconds per record of each batch."""
        return [self._batch(records[start : start + BATCH]) for start in range(0, len(records), BATCH)]

    def _batch(self, batch: Sequence[SourceRecord]) -> Steps:
        times = [time.process_time()]
        decoded = [self.decoder.decode(record) for record in batch]
        times.append(time.process_time())
        changes = [change for change in decoded if isinstance(change, Change)]
        transaction = self.ledger.begin(0)
        self.mapper.begin(transaction, 0)
        wanted = [place for change in changes for place in self.mapper.wants(change)]
        times.append(time.process_time())
        transaction.prefetch(wanted)
        times.append(time.process_time())
        for change in changes:
            self.mapper.take(change)
        times.append(time.process_time())
        last = batch[-1]
        transaction.advance({Partition(last.topic, last.partition): last.offset + 1})
        transaction.confirm(self._seq)
        deliveries = transaction.commit()
        self._seq = deliveries[-1].seq if deliveries else self._seq
        times.append(time.process_time())
        return Steps(*((after - before) / len(batch) * 1e6 for before, after in pairwise(times)))


_TYPES = {str: "string", int: "int64", bool: "boolean", type(None): "string"}


def with_schema(content: bytes) -> bytes:
    """Return JSON with its Connect schema beside it, as JsonConverter writes it."""
    payload = json.loads(content)
    schema = json.dumps(_schema(payload, None), separators=(",", ":")).encode()
    return b'{"schema":%b,"payload":%b}' % (schema, content)


def _schema(value: object, field: str | None) -> dict[str, object]:
    named: dict[str, object] = {} if field is None else {"field": field}
    if not isinstance(value, dict):
        moment = {"name": "io.debezium.time.MicroTimestamp", "version": 1} if field == "created_at" else {}
        return {"type": _TYPES[type(value)], "optional": True, **moment, **named}
    fields = [_schema(part, name) for name, part in value.items()]
    return {"type": "struct", "fields": fields, "optional": True, **named}


def lookup_records() -> list[SourceRecord]:
    """Return the rows that play refers to."""
    tables = [("players", wallet.player_rows(wallet.PLAYERS)), ("games", wallet.game_rows())]
    return [
        SourceRecord(f"{TOPIC}.{table}", 0, number, key, value, (), 0)
        for table, rows in tables
        for number, (key, value) in enumerate(rows)
    ]


Form = Callable[[bytes], bytes]
"""Brings JSON without schema to another form."""


def forms(schema: str) -> tuple[Form, Form]:
    """Return how keys and values are written."""
    if schema == "avro":
        avro = AvroForm()
        return avro.key, avro.value
    form = with_schema if schema == "inline" else bytes
    return form, form


def play_records(events: int, rollbacks: float, *, schema: str = "schemaless") -> list[SourceRecord]:
    """Return play, with keys as Debezium writes them, and its schema in each record or in a registry."""
    key_form, form = forms(schema)
    return [
        SourceRecord(
            f"{TOPIC}.wallet_tx", 0, number, key_form(wallet.key(player_id=int(player))), form(value), (), 0
        )
        for number, (player, _, value) in enumerate(wallet.plays(events, 1, rollbacks))
    ]


def main() -> None:
    """Measure and print one table, or a profile."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        taking_in = TakingIn(Path(folder))
        taking_in.take(lookup_records())
        plays = play_records(options.events, options.rollbacks, schema=options.schema)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        if options.profile:
            with cProfile.Profile() as profile:
                taking_in.take(plays)
            pstats.Stats(profile).sort_stats("tottime").print_stats(options.lines)
            return
        batches = taking_in.take(plays)
        half = len(batches) // 2
        figures = {
            "first half": _mean(batches[:half]),
            "second half": _mean(batches[half:]),
            "undisturbed": _undisturbed(batches),
        }
        _show(figures)
        if options.json is not None:
            found = {
                "events": options.events,
                "schema": options.schema,
                **{name: asdict(steps) for name, steps in figures.items()},
            }
            options.json.write_text(json.dumps(found, indent=2) + "\n")


def _mean(batches: Sequence[Steps]) -> Steps:
    return Steps(*(round(statistics.fmean(column), 2) for column in zip(*map(astuple, batches), strict=True)))


def _undisturbed(batches: Sequence[Steps]) -> Steps:
    """Return the best tenth of each step: what it costs while nothing else wants the processor's caches."""
    columns = zip(*map(astuple, batches), strict=True)
    return Steps(*(round(sorted(column)[len(column) // 10], 2) for column in columns))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench steps", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--schema", choices=("schemaless", "inline", "avro"), default="schemaless")
    parser.add_argument("--rollbacks", type=float, default=0.0, help="share of rollbacks of earlier rows")
    parser.add_argument("--profile", action="store_true", help="print the functions that cost most")
    parser.add_argument("--lines", type=int, default=45, help="lines of the profile")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args()


def _show(figures: Mapping[str, Steps]) -> None:
    print("CPU µs per event  " + "".join(f"{name:>13}" for name in figures))
    for step in asdict(Steps()):
        print(f"{step:18}" + "".join(f"{getattr(steps, step):13.1f}" for steps in figures.values()))
    print(f"{'decode+wants+map':18}" + "".join(f"{steps.to_event():13.1f}" for steps in figures.values()))
    print(f"{'total':18}" + "".join(f"{steps.total():13.1f}" for steps in figures.values()))
    print(f"peak memory (records included) {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()
