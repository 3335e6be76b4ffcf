"""Whether a topic is still the one that was read: one that was deleted and made again has other records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from bridge.contracts import Ledger
from bridge.errors import TopicReplaced

_SPACE: Final = "topic"


class TopicIds(Protocol):
    """Who knows the ids of topics; see `KafkaSource`."""

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """Return the id of each topic that is there."""


def check_topic_ids(ledger: Ledger, source: TopicIds, topics: Collection[str], now_ms: int) -> None:
    """Remember the ids of topics in the ledger; raise TopicReplaced when one that was read has another id now.

    A position alone does not tell: the new topic may have more records than were read of the old one.
    Raises SourceUnavailable and LedgerUnavailable.
    """
    found = source.topic_ids(topics)
    read = {at.topic for at, position in ledger.positions().items() if position > 0}
    transaction = ledger.begin(now_ms)
    try:
        transaction.prefetch((_SPACE, topic) for topic in found)
        for topic, number in sorted(found.items()):
            known = transaction.get(_SPACE, topic)
            if known == number.encode():
                continue
            if known is not None and topic in read:
                raise TopicReplaced(
                    f"the topic {topic} was deleted and made again since it was read: its positions mean nothing "
                    "now, and what was not read of the old one is gone; to read the new one from its start, begin "
                    "with a new group and a new ledger"
                )
            transaction.put(_SPACE, topic, number.encode())
        transaction.commit()
    finally:
        transaction.rollback()
