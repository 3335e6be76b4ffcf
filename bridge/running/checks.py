"""What a running brand does now and then: look for new secrets and topics made anew, and forget what is old."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog

from bridge.brand import Brand
from bridge.contracts import Ledger
from bridge.errors import LedgerUnavailable, SourceUnavailable
from bridge.running.surroundings import Surroundings
from bridge.running.topic_ids import TopicIds, check_topic_ids
from bridge.sources import SourceHealth

LOG = structlog.get_logger(__name__)

SECRETS_EVERY_SECONDS: Final = 5.0
"""How often the secrets are read while Kafka is in trouble."""
TOPICS_EVERY_SECONDS: Final = 60.0


PRUNE_EVERY_SECONDS: Final = 60.0
PRUNE_AT_ONCE = 2_000
"""How much is forgotten at once: so little that it never holds up delivery."""
PRUNE_AGAIN_SECONDS: Final = 1.0
"""When more is left: a busy brand's rows come faster than so many a minute."""


class Watched(TopicIds, Protocol):
    """What the checks ask of a source; see `KafkaSource`."""

    def topics(self) -> Sequence[str]:
        """Return the names of the topics there that are subscribed to."""

    def health(self) -> SourceHealth:
        """Say how the source stands with its brokers."""


class RunningChecks:
    """The checks of one run, in the thread that takes in."""

    def __init__(
        self,
        surroundings: Surroundings,
        source: Watched,
        ledger: Ledger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._surroundings = surroundings
        self._used: Brand = surroundings.brand()
        self._source = source
        self._ledger = ledger
        self._clock = clock
        self._looked_at_secrets = self._looked_at_topics = clock()
        self._prune_at = clock() + PRUNE_EVERY_SECONDS

    def topics(self) -> None:
        """Raise TopicReplaced when a topic is not the one that was read before.

        Raises SourceUnavailable and LedgerUnavailable too.  Blocks for `request_timeout` at most.
        """
        self._looked_at_topics = self._clock()
        now_ms = time.time_ns() // 1_000_000
        check_topic_ids(self._ledger, self._source, self._source.topics(), now_ms)

    def now_and_then(self) -> None:
        """Do what is due.

        Raises TopicReplaced as `topics`, and SourceUnavailable when there are new secrets for Kafka.
        """
        now, health = self._clock(), self._source.health()
        if now >= self._prune_at:
            self._prune_at = now + (PRUNE_AGAIN_SECONDS if self._prune() else PRUNE_EVERY_SECONDS)
        if not health.connected or health.last_error is not None:
            if now - self._looked_at_secrets >= SECRETS_EVERY_SECONDS:
                self._looked_at_secrets = now
                self._secrets()
        elif now - self._looked_at_topics >= TOPICS_EVERY_SECONDS:
            try:
                self.topics()
            except (SourceUnavailable, LedgerUnavailable) as error:
                # Taking in goes on with what it has; its own trouble is told where it is met.
                LOG.warning("topics_not_checked", error=str(error))

    def _prune(self) -> bool:
        """Forget some of what is past its retention; return whether there is more."""
        day = datetime.now(UTC) - self._used.connector.ledger.retention
        try:
            return self._ledger.prune(day.date().isoformat(), PRUNE_AT_ONCE) >= PRUNE_AT_ONCE
        except LedgerUnavailable:
            # Taking in says so.
            return False

    def _secrets(self) -> None:
        if self._surroundings.brand().connector.source.kafka != self._used.connector.source.kafka:
            raise SourceUnavailable("the secrets for Kafka have changed: connecting anew with them")
