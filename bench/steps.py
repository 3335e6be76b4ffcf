"""Where the time of taking in goes: CPU per event of each step, in one process, without Kafka and RabbitMQ.

    python -m bench steps [--events 50000] [--rollbacks 0.01] [--profile] [--json FILE]

The same code as a running bridge, step by step: decode, prefetch, map (with the contract check and
the body), ledger.  `--profile` prints the functions that cost most instead of the table.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import wallet
from bridge.brand import load_brand
from bridge.contracts import Decoder, Ledger
from bridge.ledger import open_ledger
from bridge.mapping.mapper import Mapper
from bridge.records import Change, Decoded, Partition, SourceRecord

BATCH = 500
TOPIC = "steps.public"


@dataclass
class Steps:
    """CPU microseconds per event of each step."""

    decode: float = 0.0
    prefetch: float = 0.0
    map: float = 0.0
    ledger: float = 0.0

    def total(self) -> float:
        """Return the sum of all steps."""
        return self.decode + self.prefetch + self.map + self.ledger


class TakingIn:
    """Decoder, mapper and a ledger in a folder, as one brand has them."""

    def __init__(self, folder: Path) -> None:
        brand = load_brand(
            wallet.connector(folder, "127.0.0.1:1", "steps", "fasttrack.steps"),
            {"RABBITMQ_URL": "amqp://bench:bench@127.0.0.1/"},
        )
        self.decoder: Decoder = brand.decoder()
        self.ledger: Ledger = open_ledger(str(folder / "ledger"), brand.connector.brand, create=True)
        self.mapper = Mapper(brand.plan, lambda _: None)
        self._seq = 0

    def take(self, records: Sequence[SourceRecord], clock: Callable[[], float] = time.process_time) -> Steps:
        """Take records in, batch by batch; return the microseconds per record."""
        seconds = Steps()
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            began = clock()
            decoded = [self.decoder.decode(record) for record in batch]
            decoded_at = clock()
            seconds.decode += decoded_at - began
            self._map(decoded, batch[-1], seconds, clock)
        return Steps(*(round(value / max(len(records), 1) * 1e6, 2) for value in asdict(seconds).values()))

    def _map(
        self, decoded: Sequence[Decoded], last: SourceRecord, seconds: Steps, clock: Callable[[], float]
    ) -> None:
        changes = [change for change in decoded if isinstance(change, Change)]
        began = clock()
        transaction = self.ledger.begin(0)
        self.mapper.begin(transaction, 0)
        transaction.prefetch(wanted for change in changes for wanted in self.mapper.wants(change))
        fetched = clock()
        for change in changes:
            self.mapper.take(change)
        mapped = clock()
        transaction.advance({Partition(last.topic, last.partition): last.offset + 1})
        transaction.confirm(self._seq)
        deliveries = transaction.commit()
        self._seq = deliveries[-1].seq if deliveries else self._seq
        seconds.prefetch += fetched - began
        seconds.map += mapped - fetched
        seconds.ledger += clock() - mapped


def lookup_records() -> list[SourceRecord]:
    """Return the rows that play refers to."""
    tables = [("players", wallet.player_rows()), ("games", wallet.game_rows())]
    return [
        SourceRecord(f"{TOPIC}.{table}", 0, number, key, value, (), 0)
        for table, rows in tables
        for number, (key, value) in enumerate(rows)
    ]


def play_records(events: int, rollbacks: float) -> list[SourceRecord]:
    """Return play, with keys as Debezium writes them."""
    return [
        SourceRecord(f"{TOPIC}.wallet_tx", 0, number, wallet.key(player_id=int(player)), value, (), 0)
        for number, (player, _, value) in enumerate(wallet.plays(events, 1, rollbacks))
    ]


def main() -> None:
    """Measure and print one table, or a profile."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        taking_in = TakingIn(Path(folder))
        taking_in.take(lookup_records())
        plays = play_records(options.events, options.rollbacks)
        gc.collect()
        gc.freeze()
        if options.profile:
            with cProfile.Profile() as profile:
                taking_in.take(plays)
            pstats.Stats(profile).sort_stats("tottime").print_stats(options.lines)
            return
        half = len(plays) // 2
        first, second = taking_in.take(plays[:half]), taking_in.take(plays[half:])
        _show(first, second)
        if options.json is not None:
            found = {"events": options.events, "first_half": asdict(first), "second_half": asdict(second)}
            options.json.write_text(json.dumps(found, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench steps", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rollbacks", type=float, default=0.0, help="share of rollbacks of earlier rows")
    parser.add_argument("--profile", action="store_true", help="print the functions that cost most")
    parser.add_argument("--lines", type=int, default=45, help="lines of the profile")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args()


def _show(first: Steps, second: Steps) -> None:
    print("CPU µs per event    first half  second half")
    for name in (*asdict(first), "total"):
        ones = [getattr(steps, name) for steps in (first, second)]
        a, b = (value() if callable(value) else value for value in ones)
        print(f"{name:18} {a:11.1f} {b:12.1f}")
    print(f"peak memory (records included) {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()
