"""What a member with a fixed name must look for once after its start: partitions that nobody reads."""

from __future__ import annotations

import time
from collections.abc import Collection

from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources.confluent_brokers import LOG, ConfluentBrokers
from bridge.sources.sentences import group_of
from bridge.sources.settings import KafkaSettings
from bridge.sources.subscription import Subscription


class NamedStart:
    """To a member with a fixed name that starts again Kafka gives what the name had before, without a word to
    whoever shares out (KIP-345); topics and partitions that came meanwhile would never be read.
    """

    def __init__(self, settings: KafkaSettings, brokers: ConfluentBrokers) -> None:
        """Nothing is to be looked for before `begin`."""
        self._settings = settings
        self._brokers = brokers
        self._awaits_share = False
        self._look_at: float | None = None

    def begin(self) -> None:
        """The member asks to join."""
        self._awaits_share = self._settings.member is not None

    def given(self) -> None:
        """The member was given its share."""
        if self._awaits_share:
            self._awaits_share, self._look_at = False, time.monotonic()

    @property
    def due(self) -> bool:
        """Whether to ask `leaves_out` now: once after each start, and again while it could not be told."""
        return self._look_at is not None and time.monotonic() >= self._look_at

    def leaves_out(self, subscription: Subscription, mine: Collection[Partition]) -> bool:
        """Return whether to join the group anew.

        `mine` are the member's own.  Blocks for at most `request_timeout`.
        """
        self._look_at = time.monotonic() + self._settings.metadata_refresh.total_seconds()
        group = group_of(self._settings)
        try:
            left_out = self._brokers.leaves_out(group, subscription, mine)
        except SourceUnavailable as error:
            LOG.warning("whether each partition has a reader is not known: %s", error)
            return False
        if left_out is None:
            return False
        self._look_at = None
        if left_out:
            LOG.warning("the group %s leaves out partitions; joining it anew", group)
        return left_out
