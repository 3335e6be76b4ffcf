"""What the adapters of all Kafka clients have in common: settings, state, and questions to the brokers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from bridge.contracts import AssignmentListener
from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources.patience import Patience
from bridge.sources.reading import Range, SourceHealth
from bridge.sources.sentences import missing_topics
from bridge.sources.settings import KafkaSettings, MissingTopics
from bridge.sources.standing import Standing
from bridge.sources.subscription import Subscription

# A topic that was made just now is not known to every broker at once.
_TOPIC_WAIT_SECONDS = 5.0
_TOPIC_LOOK_SECONDS = 0.1


class Brokers(Protocol):
    """The brokers through one client's own way to ask; see `KafkaSource` for what is answered."""

    patience: Patience
    """With which `connect` waits."""

    def connect(self) -> None:
        """Wait until a broker answers; connecting again does nothing.

        Raises SourceUnavailable after `request_timeout`, and within a second when a stop is asked for.
        """

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.ends`."""

    def ranges(self, partitions: Collection[Partition]) -> Mapping[Partition, Range]:
        """See `KafkaSource.ranges`."""

    def topics(self) -> Mapping[str, Sequence[Partition]]:
        """Return the partitions of every topic that is there."""

    def topic_settings(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See `KafkaSource.topic_settings`."""

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """See `KafkaSource.topic_ids`."""


class KafkaAdapter:
    """The part of a `KafkaSource` that does not depend on the client."""

    _brokers: Brokers
    _standing: Standing

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], patterns: Sequence[str] = ()) -> None:
        """Nothing is connected before `open` or `attach`.  Raises ConfigError for an unusable pattern."""
        self._settings = settings
        self._subscription = Subscription(topics, patterns) if topics or patterns else None
        self._consumer: Any = None
        self._listener: AssignmentListener | None = None
        self._positions: dict[tuple[str, int], int] = {}
        self._epochs: dict[tuple[str, int], int] = {}
        self._failure: BaseException | None = None
        self._commit_failures = 0

    def on_waiting(self, told: Callable[[SourceUnavailable], None], asked_to_stop: Callable[[], bool]) -> None:
        """See `KafkaSource.on_waiting`."""
        patience = self._brokers.patience
        patience.told, patience.asked_to_stop = told, asked_to_stop

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.ends`.  Raises SourceUnavailable after `request_timeout`."""
        return self._brokers.ends(partitions)

    def ranges(self, partitions: Collection[Partition]) -> Mapping[Partition, Range]:
        """See `KafkaSource.ranges`."""
        return self._brokers.ranges(partitions)

    def leader_epochs(self) -> Mapping[Partition, int]:
        """See `Source.leader_epochs`."""
        return {Partition(*at): epoch for at, epoch in self._epochs.items() if at in self._positions}

    def _learn_epochs(self, listener: AssignmentListener, partitions: Collection[Partition]) -> None:
        """Know of what is assigned under which leaders it was read before."""
        self._epochs = {(at.topic, at.number): epoch for at, epoch in listener.leader_epochs(partitions).items()}

    def _note_epoch(self, at: tuple[str, int], epoch: int | None) -> None:
        if epoch is not None and epoch >= 0:
            self._epochs[at] = epoch

    def partitions(self, topics: Collection[str]) -> Mapping[str, Sequence[Partition]]:
        """See `KafkaSource.partitions`."""
        found = self._brokers.topics()
        return {topic: found[topic] for topic in topics if topic in found}

    def topics(self) -> Sequence[str]:
        """See `KafkaSource.topics`."""
        subscription = self._subscription
        return sorted(topic for topic in self._brokers.topics() if subscription and subscription.matches(topic))

    def topic_settings(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See `KafkaSource.topic_settings`."""
        return self._brokers.topic_settings(topics)

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """See `KafkaSource.topic_ids`."""
        return self._brokers.topic_ids(topics)

    def health(self) -> SourceHealth:
        """See `KafkaSource.health`."""
        return self._standing.health(self._commit_failures)

    def _begin(self, listener: AssignmentListener) -> Subscription:
        """Look whether the brokers and the topics are there, and return what to subscribe to."""
        if self._subscription is None:
            raise ValueError("a source without topics can only be attached")
        self._brokers.connect()
        if self._settings.missing_topics is MissingTopics.ERROR:
            self._check_topics(self._subscription)
        self._listener = listener
        return self._subscription

    def _check_topics(self, subscription: Subscription) -> None:
        """Raise ConfigError when a topic is not there, after having looked for some seconds.

        Raises SourceUnavailable when a stop is asked for meanwhile.
        """
        timeout = self._settings.request_timeout.total_seconds()
        deadline = time.monotonic() + min(_TOPIC_WAIT_SECONDS, timeout)
        while missing := subscription.missing(self._brokers.topics()):
            if time.monotonic() >= deadline:
                raise missing_topics(self._settings, missing)
            if self._brokers.patience.asked_to_stop():
                raise SourceUnavailable(f"stopped while topics were waited for: {', '.join(missing)}")
            time.sleep(_TOPIC_LOOK_SECONDS)

    def _opened(self) -> Any:
        if self._consumer is None:
            raise SourceUnavailable("the source is not open")
        return self._consumer

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
