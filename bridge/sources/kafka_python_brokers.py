"""Questions to the brokers through kafka-python's admin client, and what its log says of their trouble."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, MemberToRemove, OffsetSpec
from kafka.errors import KafkaConfigurationError, KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.structs import TopicPartition

from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources.kafka_python_config import connection_config
from bridge.sources.kafka_python_repairs import bootstrap_in_steps, keep_last_words
from bridge.sources.patience import Patience
from bridge.sources.reading import Range
from bridge.sources.sentences import Trouble, known, unavailable
from bridge.sources.settings import Isolation, KafkaSettings, milliseconds

T = TypeVar("T")

_LIBRARY_LOG = logging.getLogger("kafka")
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1  # as the protocol counts isolation levels


def trouble_in(text: str) -> Trouble:
    """Return what kind of trouble the library's words describe; it has no codes for it."""
    for trouble, words in (
        (Trouble.TLS, ("SSL", "certificate", "CERTIFICATE")),
        (Trouble.LOGIN, ("Sasl", "SASL", "AuthenticationFailed", "Authentication failed")),
        (Trouble.NAME, ("DNS",)),
        (Trouble.RIGHTS, ("AuthorizationFailed", "not authorized")),
    ):
        if any(word in text for word in words):
            return trouble
    return Trouble.AWAY


def made(kind: Callable[..., T], config: Mapping[str, Any], prepare: Callable[[Any], None] = lambda _: None) -> T:
    """Make a client of the library; one that cannot connect leaves no thread behind, as it else would.

    `prepare` is given its connections before they are made.
    """
    networks: list[Any] = []

    def network(**said: Any) -> Any:
        networks.append(KafkaNetClient(**said))
        keep_last_words(networks[-1])
        prepare(networks[-1])
        return networks[-1]

    try:
        return kind(**config, kafka_client=network)
    except BaseException:
        for each in networks:
            each.close()
        raise


class Ear(logging.Handler):
    """Listens to the library's log: nothing else tells why a connection failed.

    The library repeats itself with every attempt, so its log goes nowhere else.
    """

    def __init__(self) -> None:
        """Hear nothing until `listen`."""
        super().__init__(logging.WARNING)
        self.last: str | None = None

    def listen(self) -> None:
        """Begin to hear."""
        _LIBRARY_LOG.propagate = False
        if _LIBRARY_LOG.level == logging.NOTSET:
            _LIBRARY_LOG.setLevel(logging.WARNING)
        _LIBRARY_LOG.addHandler(self)

    def stop(self) -> None:
        """Hear no more."""
        _LIBRARY_LOG.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep why a connection was lost; that it was lost says less than a reason heard before."""
        text = record.getMessage()
        for mark in ("Connection lost: ", "failed: "):
            _before, told, why = text.partition(mark)
            if told and (self.last is None or trouble_in(why) is not Trouble.AWAY):
                self.last = why
                return


class KafkaPythonBrokers:
    """The brokers, as those who answer questions.  Every answer has `request_timeout` as its deadline."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected before `connect`."""
        self._settings = settings
        self._timeout = settings.request_timeout.total_seconds()
        self._admin: Any = None
        self.ear = Ear()
        self.patience = Patience(self._timeout)

    def connect(self) -> None:
        """Wait until a broker answers; connecting again does nothing.

        Raises SourceUnavailable after `request_timeout`, and within a second when a stop is asked for; the
        library does not tell a refusal sooner.
        """
        if self._admin is not None:
            return
        self.ear.listen()
        timeout = max(1_000, milliseconds(self._settings.request_timeout))
        try:
            config = connection_config(self._settings) | {"request_timeout_ms": timeout}
            self._admin = made(KafkaAdminClient, config, self._be_patient)
        except KafkaError as error:
            raise self.unavailable(error) from error
        except OSError as error:
            raise unavailable(self._settings, Trouble.TLS, str(error)) from error

    def _be_patient(self, network: Any) -> None:
        bootstrap_in_steps(network, lambda step: self.patience.wait(step, self._why))

    def close(self) -> None:
        """Let go of the connections."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()
        self.ear.stop()

    def unavailable(self, error: Exception) -> SourceUnavailable:
        """Return the error for what failed; where the log says why, with that."""
        found = self._why(error)
        self.ear.last = None
        return found

    def _why(self, error: Exception) -> SourceUnavailable:
        if isinstance(error, KafkaConfigurationError):
            return unavailable(self._settings, Trouble.AWAY, str(error))
        text = self.ear.last or str(error) or type(error).__name__
        return unavailable(self._settings, trouble_in(f"{type(error).__name__} {text}"), text)

    def topics(self) -> Mapping[str, Sequence[Partition]]:
        """Return the partitions of every topic that is there."""
        return {
            topic["name"]: [
                Partition(topic["name"], number)
                for number in sorted(each["partition_index"] for each in topic["partitions"])
            ]
            for topic in self._described()
        }

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """See `KafkaSource.topic_ids`."""
        ids = {topic["name"]: str(topic.get("topic_id") or "").replace("-", "") for topic in self._described()}
        return {topic: ids[topic] for topic in topics if ids.get(topic, "").strip("0")}

    def _described(self) -> list[dict[str, Any]]:
        found = self._ask(lambda admin: admin.describe_topics())
        return [topic for topic in found if topic["error_code"] == 0]

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `Source.ends`."""
        return self._offsets(partitions, OffsetSpec.LATEST)

    def ranges(self, partitions: Collection[Partition]) -> Mapping[Partition, Range]:
        """See `KafkaSource.ranges`."""
        first, end = self._offsets(partitions, OffsetSpec.EARLIEST), self._offsets(partitions, OffsetSpec.LATEST)
        return {at: Range(first[at], end[at]) for at in partitions}

    def _offsets(self, partitions: Collection[Partition], which: object) -> dict[Partition, int]:
        if not partitions:
            return {}
        committed_only = self._settings.isolation is Isolation.READ_COMMITTED
        level = _READ_COMMITTED if committed_only else _READ_UNCOMMITTED
        asked = {TopicPartition(*at): which for at in partitions}
        found = self._ask(lambda admin: admin.list_partition_offsets(asked, isolation_level=level))
        return known(
            self._settings, {Partition(at.topic, at.partition): place.offset for at, place in found.items()}
        )

    def topic_settings(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See `KafkaSource.topic_settings`."""
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in self.topics().keys() & topics]
        if not asked:
            return {}
        found = self._ask(lambda admin: admin.describe_configs(asked, config_filter="all"))["topic"]
        return {
            topic: {name: str(entry["value"]) for name, entry in said.items()} for topic, said in found.items()
        }

    def remove_member(self, group: str, member_id: str) -> None:
        """Take a member out of its group; one that is no member any more is left alone.

        Raises SourceUnavailable after `request_timeout`.
        """
        self._ask(lambda admin: admin.remove_group_members(group, [MemberToRemove(member_id)]))

    def _ask(self, question: Callable[[Any], T]) -> T:
        self.connect()
        try:
            return question(self._admin)
        except KafkaError as error:
            raise self.unavailable(error) from error
