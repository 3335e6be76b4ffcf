"""A topic that was deleted and made again is noticed by its id."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from bridge.errors import TopicReplaced
from bridge.ledger import SqliteLedger, open_sqlite
from bridge.records import Partition
from bridge.running.topic_ids import check_topic_ids

BETS = "db.public.bets"


class Topics:
    """The topics that are there, with their ids."""

    def __init__(self, **ids: str) -> None:
        self.ids = {name.replace("_", "."): number for name, number in ids.items()}

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """Return the ids of those that are asked for."""
        return {name: number for name, number in self.ids.items() if name in topics}


@pytest.fixture
def ledger() -> SqliteLedger:
    return open_sqlite(":memory:", "trial", create=True)


def read_up_to(ledger: SqliteLedger, position: int) -> None:
    transaction = ledger.begin(0)
    transaction.advance({Partition(BETS, 0): position})
    transaction.commit()


def test_a_topic_that_stays_is_well(ledger: SqliteLedger) -> None:
    for position in (1, 7):
        check_topic_ids(ledger, Topics(db_public_bets="a1"), [BETS], 0)
        read_up_to(ledger, position)


def test_a_topic_that_was_read_and_made_anew_stops_the_brand(ledger: SqliteLedger) -> None:
    check_topic_ids(ledger, Topics(db_public_bets="a1"), [BETS], 0)
    read_up_to(ledger, 7)
    for _ in range(2):
        with pytest.raises(TopicReplaced, match=f"the topic {BETS} was deleted and made again"):
            check_topic_ids(ledger, Topics(db_public_bets="b2"), [BETS], 0)


def test_a_topic_of_which_nothing_was_read_may_be_made_anew(ledger: SqliteLedger) -> None:
    check_topic_ids(ledger, Topics(db_public_bets="a1"), [BETS], 0)
    check_topic_ids(ledger, Topics(db_public_bets="b2"), [BETS], 0)
    read_up_to(ledger, 7)
    check_topic_ids(ledger, Topics(db_public_bets="b2"), [BETS], 0)


def test_a_ledger_from_before_ids_were_kept_learns_them(ledger: SqliteLedger) -> None:
    read_up_to(ledger, 7)
    check_topic_ids(ledger, Topics(db_public_bets="a1"), [BETS], 0)
    with pytest.raises(TopicReplaced):
        check_topic_ids(ledger, Topics(db_public_bets="b2"), [BETS], 0)


def test_a_topic_without_an_id_is_passed_over(ledger: SqliteLedger) -> None:
    check_topic_ids(ledger, Topics(db_public_bets="a1"), [BETS], 0)
    read_up_to(ledger, 7)
    check_topic_ids(ledger, Topics(), [BETS], 0)
