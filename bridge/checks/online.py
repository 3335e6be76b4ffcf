"""What only servers can tell: whether a brand could run, and whether money or order would be lost.

Nothing is written anywhere, no group is joined, and nothing is committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from bridge.app import ledger_place
from bridge.brand import Brand
from bridge.checks.samples import sample_findings
from bridge.delivery.probing import probe
from bridge.errors import BridgeError, LedgerMismatch, SourceUnavailable
from bridge.ledger import open_ledger
from bridge.sources import KafkaSource, open_source
from bridge.sources.settings import MissingTopics

SHORT_RETENTION: Final = timedelta(days=3)
"""A bridge may stand still over a weekend."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found outside: what it is about, what is wrong, and what to do."""

    about: str
    sentence: str
    hint: str = ""
    wrong: bool = True
    """False for what loses nothing today."""


def check_online(brand: Brand, state: Path) -> list[Finding]:
    """Return what is wrong with a brand's surroundings.

    Blocks for `request_timeout` where Kafka does not answer, and `connect_timeout` per RabbitMQ node.
    """
    return [*_kafka(brand), *_rabbitmq(brand), *_ledger(brand, state)]


def _kafka(brand: Brand) -> Iterator[Finding]:
    settings, topics = brand.connector.source.kafka, brand.topics()
    source = open_source(settings, topics.names, topics.patterns)
    try:
        names = source.topics()
        there = source.partitions(names)
        yield from _missing(brand, names)
        yield from _topic_settings(brand, source, names)
        play = [topic for topic in names if topics.is_play(topic)]
        for finding in sample_findings(brand, play, {topic: len(there[topic]) for topic in play}):
            yield Finding(finding.about, finding.sentence, finding.hint, wrong=finding.wrong)
    except SourceUnavailable as error:
        yield Finding("Kafka", str(error))
    finally:
        source.close()


def _missing(brand: Brand, there: Collection[str]) -> Iterator[Finding]:
    settings, topics = brand.connector.source.kafka, brand.topics()
    waits = settings.missing_topics is MissingTopics.WAIT
    hint = "Debezium makes a topic with its first record: check the name, and the Debezium connector"
    for topic in topics.names:
        if topic not in there:
            yield Finding(f"topic {topic}", f"there is no such topic at {settings.brokers}", hint, wrong=not waits)
    for pattern in topics.patterns:
        if not any(re.match(pattern, topic) for topic in there):
            yield Finding("Kafka", f"no topic matches {pattern} at {settings.brokers}", hint, wrong=not waits)


def _topic_settings(brand: Brand, source: KafkaSource, names: Sequence[str]) -> Iterator[Finding]:
    try:
        said = source.topic_settings(names)
    except SourceUnavailable as error:
        sentence = f"the topics' settings cannot be asked for: {error}"
        yield Finding("Kafka", sentence, "give the bridge's user DescribeConfigs on its topics", wrong=False)
        return
    is_play = brand.topics().is_play
    for topic in names:
        yield from setting_findings(topic, said.get(topic, {}), play=is_play(topic))


def setting_findings(topic: str, said: Mapping[str, str], *, play: bool) -> Iterator[Finding]:
    """Yield what a topic's settings would lose."""
    about = f"topic {topic}"
    policies = said.get("cleanup.policy", "").split(",")
    retention = int(said.get("retention.ms", "-1"))
    kept = timedelta(milliseconds=retention)
    if play and "compact" in policies:
        sentence = "cleanup.policy has compact: earlier changes of a row are removed, perhaps before they are read"
        yield Finding(about, sentence, "set cleanup.policy=delete")
    if play and "delete" in policies and 0 <= retention < SHORT_RETENTION // timedelta(milliseconds=1):
        sentence = (
            f"records are kept for {_words(kept)} only: play is lost when the bridge stands still for longer"
        )
        yield Finding(about, sentence, "set retention.ms to a week or more", wrong=False)
    if not play and policies == ["delete"] and retention >= 0:
        sentence = f"look-up rows that do not change are gone after {_words(kept)}: a new ledger would miss them"
        yield Finding(about, sentence, "set cleanup.policy=compact", wrong=False)


def _words(duration: timedelta) -> str:
    if duration >= timedelta(days=2):
        return f"{duration.days} days"
    if duration >= timedelta(hours=1):
        return f"{duration // timedelta(hours=1)} h"
    return f"{duration.total_seconds():g} s"


def _rabbitmq(brand: Brand) -> Iterator[Finding]:
    settings = brand.connector.target.rabbitmq
    sentences = probe(settings)
    some_work = len(sentences) < len(settings.addresses)
    for sentence in sentences:
        yield Finding("RabbitMQ", sentence, wrong=not some_work)


def _ledger(brand: Brand, state: Path) -> Iterator[Finding]:
    place, name = ledger_place(brand, state), brand.connector.brand
    if not place.startswith(("postgresql://", "postgresql+psycopg://")):
        path = Path(place.removeprefix("sqlite:///"))
        yield from _ledger_file(path)
        if not path.exists():
            return
    try:
        open_ledger(place, name, create=False, read_only=True).close()
    except LedgerMismatch as error:
        yield Finding("ledger", str(error), wrong=not place.startswith("postgresql"))
    except BridgeError as error:
        yield Finding("ledger", str(error))


def _ledger_file(path: Path) -> Iterator[Finding]:
    folder = path.absolute().parent
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("ledger", f"this user may not write into {there}", "give it the right, or another --state")
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield Finding(
            "ledger", f"this user may not write {path}", "run the check as the user that runs the bridge"
        )
