"""Nodes are tried in turn, with a wait after each round, and passwords are read anew."""

from __future__ import annotations

import pytest

from bridge.delivery.connecting import Nodes
from bridge.delivery.retries import Backoff


def nodes(*urls: str) -> Nodes:
    given = list(urls)
    return Nodes(lambda: given.pop(0) if len(given) > 1 else given[0], Backoff(1.0, 4.0, jitter=lambda: 1.0))


def test_all_nodes_are_tried_before_there_is_a_wait() -> None:
    tried, waits = [], []
    three = nodes("amqp://a,amqp://b,amqp://c")
    for _ in range(7):
        tried.append(three.next().host)
        waits.append(three.failed())
    assert tried == ["a", "b", "c", "a", "b", "c", "a"]
    assert waits == [0, 0, 1, 0, 0, 2, 0]


def test_after_a_lost_connection_there_is_a_wait_and_then_the_next_node() -> None:
    two = nodes("amqp://a,amqp://b")
    assert two.next().host == "a"
    assert two.lost() == 1.0
    assert two.next().host == "b"
    two.worked()
    assert two.lost() == 1.0


def test_the_url_is_read_before_every_attempt() -> None:
    rotated = nodes("amqp://u:old@a", "amqp://u:new@a")
    assert rotated.next().password == "old"
    rotated.failed()
    assert rotated.next().password == "new"


def test_a_url_that_cannot_be_read_waits_like_a_node_that_is_away() -> None:
    broken = nodes("", "", "amqp://a")
    for wait in (1.0, 2.0):
        with pytest.raises(ValueError, match="is empty"):
            broken.next()
        assert broken.failed() == wait
    assert broken.next().host == "a"
