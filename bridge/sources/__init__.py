"""Where records come from: Kafka through one of two clients, files of recorded records, or memory."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.sources.reading import KafkaSource, Range, SourceHealth
from bridge.sources.settings import Client, KafkaSettings

__all__ = ["Client", "KafkaSettings", "KafkaSource", "Range", "SourceHealth", "open_source"]


def open_source(settings: KafkaSettings, topics: Sequence[str], patterns: Sequence[str] = ()) -> KafkaSource:
    """Return the adapter for the client that the settings name; nothing is connected yet.

    Only the chosen client's library is imported.  Raises ConfigError for a pattern that cannot be used.
    """
    if settings.client is Client.KAFKA_PYTHON:
        from bridge.sources.kafka_python import KafkaPythonSource  # noqa: PLC0415

        return KafkaPythonSource(settings, topics, patterns)
    from bridge.sources.confluent import ConfluentSource  # noqa: PLC0415

    return ConfluentSource(settings, topics, patterns)
