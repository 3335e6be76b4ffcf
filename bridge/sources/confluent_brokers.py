"""Questions to the brokers through confluent-kafka's admin client, on connections of their own.

On the consumer's connections a question waits behind a fetch that waits for records: half a second
a partition, measured.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupState,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType  # type: ignore[attr-defined]

from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources.librdkafka import connection_config
from bridge.sources.patience import Patience
from bridge.sources.reading import Range
from bridge.sources.sentences import Trouble, known, unavailable
from bridge.sources.settings import Isolation, KafkaSettings
from bridge.sources.subscription import Subscription

LOG = logging.getLogger("bridge.sources.confluent")

T = TypeVar("T")

_TROUBLES = {
    KafkaError._AUTHENTICATION: Trouble.LOGIN,  # noqa: SLF001 - librdkafka's local codes are spelt so
    KafkaError.SASL_AUTHENTICATION_FAILED: Trouble.LOGIN,
    KafkaError._SSL: Trouble.TLS,  # noqa: SLF001
    KafkaError._RESOLVE: Trouble.NAME,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART: Trouble.TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Trouble.RIGHTS,
    KafkaError.GROUP_AUTHORIZATION_FAILED: Trouble.RIGHTS,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Trouble.RIGHTS,
}
_REFUSALS = (Trouble.LOGIN, Trouble.TLS)


def trouble_of(error: KafkaError) -> Trouble:
    """Return what kind of trouble an error of librdkafka is."""
    trouble = _TROUBLES.get(error.code(), Trouble.AWAY)
    # A port that speaks no TLS, or speaks it unasked, is only told apart by librdkafka's words.
    return Trouble.TLS if trouble is Trouble.AWAY and "SSL" in error.str() else trouble


def text_of(error: BaseException) -> str:
    """Return librdkafka's own words."""
    inner = error.args[0] if error.args else error
    return inner.str() if isinstance(inner, KafkaError) else str(inner)


class ConfluentBrokers:
    """The brokers, as those who answer questions.  Every answer has `request_timeout` as its deadline."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected before `connect`."""
        self._settings = settings
        self._timeout = settings.request_timeout.total_seconds()
        self._admin: AdminClient | None = None
        self._heard: KafkaError | None = None
        self.patience = Patience(self._timeout)

    def connect(self) -> None:
        """Wait until a broker answers; connecting again does nothing.

        Raises SourceUnavailable after `request_timeout`, within a second when a stop is asked for, and at once
        for a refused log-in or a failed TLS.
        """
        if self._admin is not None:
            return
        try:
            config = connection_config(self._settings) | {"error_cb": self._hear}
            admin = AdminClient(config, logger=LOG)
        except KafkaException as error:
            # A certificate or key that cannot be read.
            raise unavailable(self._settings, Trouble.TLS, text_of(error)) from error
        self.patience.wait(lambda seconds: self._asked_in_vain(admin, seconds), self._why)
        self._admin = admin

    def _asked_in_vain(self, admin: AdminClient, seconds: float) -> Exception | None:
        """Return why no broker has answered; None when one has.  Raises it where waiting is of no use."""
        try:
            admin.list_topics(timeout=seconds)
        except KafkaException as error:
            admin.poll(0)
            if self._heard is not None and trouble_of(self._heard) in _REFUSALS:
                raise self.unavailable(error) from error
            return error
        return None

    def close(self) -> None:
        """Let go of the connections."""
        self._admin = None

    def _hear(self, error: KafkaError) -> None:
        # That all brokers are down says less than why, which was said before it.
        if self._heard is None or error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001
            self._heard = error

    def unavailable(self, error: Exception) -> SourceUnavailable:
        """Return the error for a question that failed; where the client knows why, it says that."""
        found = self._why(error)
        self._heard = None
        return found

    def _why(self, error: Exception) -> SourceUnavailable:
        inner = error.args[0] if error.args else None
        cause = inner if isinstance(inner, KafkaError) else None
        if self._heard is not None and (cause is None or trouble_of(cause) is Trouble.AWAY):
            cause = self._heard
        if cause is None:
            return unavailable(self._settings, Trouble.AWAY, text_of(error))
        return unavailable(self._settings, trouble_of(cause), cause.str())

    def topics(self) -> Mapping[str, Sequence[Partition]]:
        """Return the partitions of every topic that is there."""
        found = self._ask(lambda admin: admin.list_topics(timeout=self._timeout)).topics
        return {
            name: [Partition(name, number) for number in sorted(topic.partitions)]
            for name, topic in found.items()
            if topic.error is None
        }

    def leaves_out(self, group: str, subscription: Subscription, mine: Collection[Partition]) -> bool | None:
        """Say whether a group leaves out a partition of what one member reads; None while it shares them out.

        `mine` are the member's own: with all of them the others need not be asked for.
        """
        there = {at for name, its in self.topics().items() if subscription.matches(name) for at in its}
        if there.issubset(mine):
            return False
        answers = self._ask(lambda admin: admin.describe_consumer_groups([group], request_timeout=self._timeout))
        found = self._result(answers[group])
        if found.state is not ConsumerGroupState.STABLE:
            return None
        for each in found.members:
            there -= {Partition(at.topic, at.partition) for at in each.assignment.topic_partitions}
        return bool(there)

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """See `KafkaSource.topic_ids`."""
        if not topics:
            return {}
        asked = TopicCollection(list(topics))
        answers = self._ask(lambda admin: admin.describe_topics(asked, request_timeout=self._timeout))
        ids = {name: self._described(answer) for name, answer in answers.items()}
        return {name: found for name, found in ids.items() if found is not None}

    def _described(self, answer: Future[Any]) -> str | None:
        try:
            said = str(answer.result(self._timeout + 1).topic_id)
        except KafkaException as error:
            inner = error.args[0]
            if inner.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED):
                return None
            raise self.unavailable(error) from error
        except FutureTimeoutError as error:
            raise unavailable(self._settings, Trouble.AWAY, "no answer in time") from error
        # librdkafka writes an id in base 64 without its padding; brokers without ids give all zeros.
        found = urlsafe_b64decode(said + "=" * (-len(said) % 4))
        return found.hex() if any(found) else None

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `Source.ends`."""
        return self._offsets(partitions, -1)

    def ranges(self, partitions: Collection[Partition]) -> Mapping[Partition, Range]:
        """See `KafkaSource.ranges`."""
        first, end = self._offsets(partitions, -2), self._offsets(partitions, -1)
        return {at: Range(first[at], end[at]) for at in partitions}

    def _offsets(self, partitions: Collection[Partition], which: int) -> dict[Partition, int]:
        # -1 and -2: the latest and the earliest offset, as Kafka's ListOffsets request counts.
        if not partitions:
            return {}
        committed_only = self._settings.isolation is Isolation.READ_COMMITTED
        level = IsolationLevel.READ_COMMITTED if committed_only else IsolationLevel.READ_UNCOMMITTED
        spec: Any = OffsetSpec
        asked = {TopicPartition(*at): spec.latest() if which == -1 else spec.earliest() for at in partitions}
        answers = self._ask(
            lambda admin: admin.list_offsets(asked, isolation_level=level, request_timeout=self._timeout)
        )
        found = {Partition(at.topic, at.partition): self._result(answer).offset for at, answer in answers.items()}
        return known(self._settings, found)

    def topic_settings(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See `KafkaSource.topic_settings`."""
        asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in self.topics().keys() & topics]
        if not asked:
            return {}
        answers = self._ask(lambda admin: admin.describe_configs(asked, request_timeout=self._timeout))
        return {
            resource.name: {name: str(entry.value) for name, entry in self._result(answer).items()}
            for resource, answer in answers.items()
        }

    def _ask(self, question: Callable[[AdminClient], T]) -> T:
        self.connect()
        if self._admin is None:
            raise SourceUnavailable("the source is closed")
        try:
            return question(self._admin)
        except KafkaException as error:
            raise self.unavailable(error) from error

    def _result(self, answer: Future[Any]) -> Any:
        try:
            return answer.result(self._timeout + 1)
        except KafkaException as error:
            raise self.unavailable(error) from error
        except FutureTimeoutError as error:
            raise unavailable(self._settings, Trouble.AWAY, "no answer in time") from error
