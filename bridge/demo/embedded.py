"""The demo without a server: recorded changes through the whole bridge, into memory."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from bridge.brand import load_brand
from bridge.delivery.memory import MemoryOutbound
from bridge.demo.arrivals import Arrivals
from bridge.demo.brands import BRANDS, DemoBrand
from bridge.demo.comparing import Outcome
from bridge.demo.counted import counted
from bridge.demo.screen import Screen
from bridge.demo.truth import Truth, heard
from bridge.intake.intake import Intake
from bridge.ledger import open_ledger
from bridge.sources.file import FileSource
from bridge.sources.subscription import Subscription

RECORDED = Path(__file__).parent / "recorded"
RUN = "recorded"
"""What stands for the run's name in the topics of the recording."""
WHAT_IS_REAL = (
    "Real here: the changes (Debezium wrote them from PostgreSQL, when they were recorded), the decoder, both "
    "connectors and their rules, the contract check and the ledger on disk.  Not real: no PostgreSQL, Kafka or "
    "RabbitMQ runs, the changes come from a file, the events go into memory, and nothing is killed; "
    "`make demo` does all of that."
)


def play_recorded(screen: Screen, folder: Path = RECORDED) -> list[Outcome]:
    """Take in the recording of each brand, and return how it came out.  Takes a few seconds."""
    screen.say(WHAT_IS_REAL)
    with tempfile.TemporaryDirectory(prefix="wallet-bridge-demo-") as state:
        return [_brand(brand, screen, folder, Path(state)) for brand in BRANDS]


def truth_of(brand: DemoBrand, folder: Path = RECORDED) -> Truth:
    """Return what the generator knew when the recording was made."""
    with gzip.open(folder / f"{brand.name}.truth.json.gz", "rt", encoding="utf-8") as file:
        return heard(json.load(file))


def _brand(brand: DemoBrand, screen: Screen, folder: Path, state: Path) -> Outcome:
    screen.say(f"{brand.name}: {brand.says}")
    recording = state / f"{brand.name}.jsonl"
    recording.write_bytes(gzip.decompress((folder / f"{brand.name}.jsonl.gz").read_bytes()))
    nowhere = {"KAFKA_BROKERS": "nowhere:1", "RABBITMQ_URL": "amqp://nobody:nothing@nowhere/", "DEMO_NAME": RUN}
    loaded = load_brand(brand.connector, nowhere)
    outbound = MemoryOutbound()
    with_ledger = open_ledger(str(state / f"{brand.name}.ledger"), brand.name, create=True)
    try:
        source = FileSource([recording], Subscription(loaded.topics().names))
        intake = Intake(loaded, source, with_ledger, outbound)
        intake.open()
        while not source.exhausted or not intake.progress.taken:
            intake.step()
        intake.step()
        intake.drain(10.0)
    finally:
        with_ledger.close()
    arrivals = Arrivals()
    for delivery in outbound.taken:
        play = arrivals.take(delivery.message_id, delivery.body)
        if play is not None:
            screen.event(brand.name, play)
    return Outcome(brand.name, truth_of(brand, folder), arrivals, counted(state, brand.name, brand.table))
