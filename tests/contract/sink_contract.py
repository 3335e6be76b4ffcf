"""What every `Outbound` must do, whatever is behind it.  A subclass brings a `broker` fixture."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from bridge.contracts import Outbound
from bridge.flow import Delivery
from tests.support.eventually import eventually


class Broker(Protocol):
    """Something that takes events and can be made to refuse them."""

    def outbound(self, *, window: int = 1000, on_change: Callable[[], None] | None = None) -> Outbound:
        """Return a started sink; it is closed when the test ends."""

    def refuse(self) -> None:
        """Nack what comes from now on (some may still be taken)."""

    def unbind(self) -> None:
        """Return what comes from now on as unroutable."""

    def accept(self) -> None:
        """Take everything again."""

    def arrived(self) -> list[tuple[str, bytes]]:
        """Return message id and body of everything that arrived, in order; asked once, at the end."""


def deliveries(number: int, players: int, first_seq: int = 1) -> list[Delivery]:
    """Return events of random players, with gaps between their seqs."""
    chance = random.Random(number * players + first_seq)
    seq, made = first_seq - 1, []
    for _ in range(number):
        seq += chance.choice((1, 1, 1, 2, 5))
        body = f'{{"activity_id": "a{seq}"}}'.encode()
        player = f"p{chance.randrange(players)}"
        made.append(Delivery(seq=seq, message_id=f"a{seq}:Approved", player=player, body=body))
    return made


def settle(outbound: Outbound, within_seconds: float = 30.0) -> None:
    """Record what is confirmed until nothing is pending."""

    def done() -> bool:
        outbound.recorded(outbound.confirmed_number())
        return outbound.pending() == 0

    eventually(done, within_seconds=within_seconds, message="not everything was confirmed")


def check_arrivals(offered: Sequence[Delivery], arrived: Sequence[tuple[str, bytes]], repeated: int = 0) -> None:
    """Nothing lost, nothing invented, bodies untouched, first arrivals in order per player, few repeats."""
    by_id = {each.message_id: each for each in offered}
    assert {message_id for message_id, _ in arrived} == set(by_id)
    assert all(by_id[message_id].body == body for message_id, body in arrived)
    assert len(arrived) - len(by_id) <= repeated
    first: dict[str, list[int]] = {}
    for message_id in dict.fromkeys(message_id for message_id, _ in arrived):
        first.setdefault(by_id[message_id].player, []).append(by_id[message_id].seq)
    assert all(seqs == sorted(seqs) for seqs in first.values())


class SinkContract:
    """The promises of `Outbound`, tried on a real sink."""

    def test_everything_arrives_once_in_order_with_its_id_and_body(self, broker: Broker) -> None:
        offered = deliveries(2000, players=40)
        outbound = broker.outbound()
        for at in range(0, len(offered), 100):
            outbound.offer(offered[at : at + 100])
        settle(outbound)
        assert outbound.confirmed() == offered[-1].seq
        check_arrivals(offered, broker.arrived())

    def test_one_player_alone_arrives_in_order(self, broker: Broker) -> None:
        offered = deliveries(200, players=1)
        outbound = broker.outbound()
        outbound.offer(offered)
        settle(outbound)
        check_arrivals(offered, broker.arrived())

    def test_no_more_than_the_window_is_sent_before_it_is_recorded(self, broker: Broker) -> None:
        offered = deliveries(60, players=1000)
        outbound = broker.outbound(window=20)
        outbound.offer(offered)
        eventually(lambda: outbound.pending() == 40)
        seen = outbound.confirmed_number()
        assert seen == 20
        outbound.recorded(seen)
        eventually(lambda: outbound.pending() == 20)
        settle(outbound)
        check_arrivals(offered, broker.arrived())

    def test_nothing_is_confirmed_while_all_is_refused_and_all_arrives_afterwards(self, broker: Broker) -> None:
        offered = deliveries(300, players=20)
        outbound = broker.outbound()
        broker.unbind()
        outbound.offer(offered)
        outbound.recorded(outbound.confirmed_number())
        assert outbound.confirmed() == 0
        assert outbound.pending() == len(offered)
        broker.accept()
        settle(outbound)
        check_arrivals(offered, broker.arrived())

    def test_order_holds_through_nacks(self, broker: Broker) -> None:
        self._under_trouble(broker, broker.refuse)

    def test_order_holds_through_returns(self, broker: Broker) -> None:
        self._under_trouble(broker, broker.unbind)

    def _under_trouble(self, broker: Broker, trouble: Callable[[], None]) -> None:
        offered = deliveries(3000, players=30)
        outbound = broker.outbound(window=200)
        for at in range(0, len(offered), 100):
            if at % 1000 == 500:
                trouble()
            outbound.offer(offered[at : at + 100])
            outbound.recorded(outbound.confirmed_number())
            if at % 1000 == 900:
                broker.accept()
        broker.accept()
        settle(outbound)
        check_arrivals(offered, broker.arrived())

    def test_what_is_confirmed_is_told_once_and_none_of_it_is_missing(self, broker: Broker) -> None:
        offered = deliveries(2000, players=40)
        outbound = broker.outbound(window=100)
        outbound.offer(offered)
        told: list[int] = []

        def done() -> bool:
            number, upto = outbound.confirmed_number(), outbound.confirmed()
            told.extend(outbound.newly_confirmed())
            assert len(told) >= number
            assert set(told).issuperset(each.seq for each in offered if each.seq <= upto)
            outbound.recorded(len(told))
            return outbound.pending() == 0

        eventually(done, within_seconds=30, message="not everything was confirmed")
        told.extend(outbound.newly_confirmed())
        assert sorted(told) == [each.seq for each in offered]
        check_arrivals(offered, broker.arrived())

    def test_a_change_of_what_is_confirmed_is_told(self, broker: Broker) -> None:
        told: list[int] = []
        outbound = broker.outbound(on_change=lambda: told.append(1))
        told.clear()
        outbound.offer(deliveries(5, players=5))
        eventually(lambda: outbound.pending() == 0)
        eventually(lambda: told)

    def test_an_empty_offer_changes_nothing(self, broker: Broker) -> None:
        outbound = broker.outbound()
        outbound.offer([])
        assert (outbound.pending(), outbound.confirmed()) == (0, 0)
