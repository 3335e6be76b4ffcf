"""How a consumer of librdkafka stands with its brokers, by its errors and its statistics."""

from __future__ import annotations

import time

import msgspec
from confluent_kafka import KafkaError

from bridge.sources.confluent_brokers import LOG, trouble_of
from bridge.sources.sentences import REFUSALS, Trouble, unavailable
from bridge.sources.settings import KafkaSettings
from bridge.sources.standing import TROUBLE_SECONDS, Standing


class _BrokerStatistics(msgspec.Struct):
    state: str


class _Statistics(msgspec.Struct):
    brokers: dict[str, _BrokerStatistics]


_STATISTICS = msgspec.json.Decoder(_Statistics)


class ConfluentStanding(Standing):
    """Told what the consumer's callbacks are told."""

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__(settings)
        self._trouble: tuple[Trouble, str] | None = None
        self._troubled_at = 0.0

    def last_error(self) -> str | None:
        """See `Standing.last_error`."""
        trouble = self._trouble
        return str(unavailable(self._settings, *trouble)) if trouble is not None else None

    def refused(self) -> bool:
        """See `Standing.refused`."""
        trouble = self._trouble
        return trouble is not None and trouble[0] in REFUSALS

    def hear(self, error: KafkaError) -> None:
        """Note an error."""
        all_down = error.code() == KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - librdkafka's local codes are spelt so
        if all_down:
            self.goes_down()
        # That all brokers are down says less than why, which was said before it.
        if not all_down or self._trouble is None:
            self._note(trouble_of(error), error.str())

    def _note(self, trouble: Trouble, text: str) -> None:
        # librdkafka repeats itself several times a second; one line for each kind of trouble is enough.
        if self._trouble is None or self._trouble[0] is not trouble:
            LOG.warning("%s", unavailable(self._settings, trouble, text))
        self._trouble = (trouble, text)
        self._troubled_at = time.monotonic()

    def look(self, statistics: str) -> None:
        """See in librdkafka's statistics whether a broker is connected."""
        connected = any(broker.state == "UP" for broker in _STATISTICS.decode(statistics).brokers.values())
        if not connected:
            self.goes_down()
        elif self.is_down:
            LOG.warning("Kafka at %s answers again", self._settings.brokers)
            self.comes_back()
            self._trouble = None
        elif time.monotonic() - self._troubled_at > TROUBLE_SECONDS:
            self._trouble = None

    def check_limit(self) -> None:
        """Raise SourceUnavailable when no broker has answered for longer than `unavailable_limit`."""
        if self.past_limit:
            trouble, text = self._trouble or (Trouble.AWAY, "no broker is connected")
            raise unavailable(self._settings, trouble, f"for {self.down_seconds:.0f} s: {text}")
