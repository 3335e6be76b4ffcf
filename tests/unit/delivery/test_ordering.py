"""The window: what is sent when, and what is known of it after each kind of answer."""

from __future__ import annotations

import pytest

from bridge.delivery.retries import Cause
from tests.unit.delivery.windows import delivery, seqs, window


def test_an_event_waits_for_the_one_before_it_of_its_player_and_no_one_else_does() -> None:
    outbox = window()
    outbox.offer([delivery(1, "A"), delivery(2, "A"), delivery(3, "B")], 0.0)
    assert seqs(outbox.submit(0.0)) == [1, 3]
    outbox.confirm(1, multiple=False, now=0.0)
    assert seqs(outbox.submit(0.0)) == [2]


def test_a_refused_event_goes_before_the_later_ones_of_its_player() -> None:
    outbox = window()
    outbox.offer([delivery(1, "A"), delivery(2, "A")], 0.0)
    outbox.submit(0.0)
    outbox.reject(1, multiple=False, now=0.0)
    assert seqs(outbox.submit(0.0)) == [1]
    assert seqs(outbox.submit(0.0)) == []


def test_a_returned_event_is_not_confirmed_by_the_ack_that_follows() -> None:
    outbox = window()
    outbox.offer([delivery(1, "A"), delivery(2, "B")], 0.0)
    outbox.submit(0.0)
    outbox.return_unrouted("activity-1:Approved")
    outbox.confirm(2, multiple=True, now=0.0)
    assert outbox.confirmed_seq == 0
    assert outbox.retries[Cause.UNROUTABLE] == 1
    assert seqs(outbox.submit(0.0)) == [1]
    outbox.confirm(3, multiple=False, now=0.0)
    assert outbox.confirmed_seq == 2


def test_a_return_before_a_lost_connection_says_nothing_about_the_repeat() -> None:
    outbox = window()
    outbox.offer([delivery(1, "A")], 0.0)
    outbox.submit(0.0)
    outbox.return_unrouted("activity-1:Approved")
    outbox.lose_connection(Cause.CONNECTION_LOST)
    assert seqs(outbox.submit(0.0)) == [1]
    outbox.confirm(1, multiple=False, now=0.0)
    assert outbox.confirmed_seq == 1


def test_the_window_counts_what_is_confirmed_until_it_is_recorded() -> None:
    outbox = window(2)
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 6)], 0.0)
    assert seqs(outbox.submit(0.0)) == [1, 2]
    outbox.confirm(2, multiple=True, now=0.0)
    assert seqs(outbox.submit(0.0)) == []
    outbox.recorded(1)
    assert seqs(outbox.submit(0.0)) == [3]


def test_a_full_window_is_filled_up_in_runs_while_the_broker_has_enough() -> None:
    outbox = window(8)
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 21)], 0.0)
    assert seqs(outbox.submit(0.0)) == list(range(1, 9))
    outbox.confirm(1, multiple=False, now=0.0)
    outbox.recorded(1)
    assert seqs(outbox.submit(0.0)) == []
    assert outbox.full
    outbox.confirm(2, multiple=False, now=0.0)
    outbox.recorded(2)
    assert seqs(outbox.submit(0.0)) == [9, 10]


def test_what_is_left_of_a_window_goes_at_once_when_the_broker_has_little() -> None:
    outbox = window(8)
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 21)], 0.0)
    outbox.submit(0.0)
    outbox.confirm(7, multiple=True, now=0.0)
    outbox.recorded(1)
    assert seqs(outbox.submit(0.0)) == [9]


def test_tag_zero_with_multiple_confirms_everything_outstanding() -> None:
    outbox = window()
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 4)], 0.0)
    outbox.submit(0.0)
    outbox.confirm(0, multiple=True, now=0.0)
    assert outbox.confirmed_seq == 3


def test_after_a_lost_connection_the_unconfirmed_go_again_oldest_first_and_are_counted() -> None:
    outbox = window()
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 5)], 0.0)
    outbox.submit(0.0)
    outbox.confirm(2, multiple=False, now=0.0)
    outbox.lose_connection(Cause.TIMEOUT)
    assert seqs(outbox.submit(0.0)) == [1, 3, 4]
    assert (outbox.duplicates_sent, outbox.retries[Cause.TIMEOUT]) == (3, 3)
    outbox.confirm(3, multiple=True, now=0.0)
    assert outbox.confirmed_seq == 4


def test_a_refusal_pauses_halves_what_is_in_flight_and_each_confirm_lets_one_more_in() -> None:
    outbox = window(4, first=1.0)
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 12)], 0.0)
    outbox.submit(0.0)
    outbox.reject(4, multiple=True, now=10.0)
    assert outbox.troubled
    assert outbox.resume_at == 11.0
    assert seqs(outbox.submit(10.9)) == []
    assert seqs(outbox.submit(11.0)) == [1, 2]
    outbox.confirm(6, multiple=True, now=11.0)
    outbox.recorded(2)
    assert seqs(outbox.submit(11.0)) == [3, 4, 5, 6]
    assert not outbox.troubled


def test_the_pauses_grow_while_everything_is_refused_and_begin_short_after_a_confirm() -> None:
    outbox = window(1, first=1.0)
    outbox.offer([delivery(1), delivery(2)], 0.0)
    now, pauses = 0.0, []
    for tag in range(1, 6):
        outbox.submit(now)
        outbox.reject(tag, multiple=False, now=now)
        pauses.append(outbox.resume_at - now)
        now = outbox.resume_at
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]
    outbox.submit(now)
    outbox.confirm(6, multiple=False, now=now)
    outbox.recorded(1)
    outbox.submit(now)
    outbox.reject(7, multiple=False, now=now)
    assert outbox.resume_at - now == 1.0


def test_finishing_submits_nothing_for_the_first_time() -> None:
    outbox = window(3)
    outbox.offer([delivery(1, "A"), delivery(2, "A"), delivery(3, "B"), delivery(4, "C"), delivery(5, "D")], 0.0)
    assert seqs(outbox.submit(0.0)) == [1, 3, 4]
    outbox.finish()
    assert not outbox.clean
    outbox.confirm(2, multiple=True, now=0.0)
    outbox.recorded(2)
    assert seqs(outbox.submit(0.0)) == []
    outbox.lose_connection(Cause.CONNECTION_LOST)
    assert not outbox.clean
    assert seqs(outbox.submit(0.0)) == [4]
    outbox.confirm(1, multiple=False, now=0.0)
    assert outbox.clean
    assert outbox.take_news() == [1, 3, 4]


def test_an_event_that_waits_behind_its_player_keeps_no_place_of_others() -> None:
    outbox = window(4)
    outbox.offer([delivery(1, "A"), delivery(2, "A"), *(delivery(seq, f"p{seq}") for seq in range(3, 9))], 0.0)
    assert seqs(outbox.submit(0.0)) == [1, 3, 4, 5]
    outbox.confirm(4, multiple=True, now=0.0)
    assert outbox.confirmed_seq == 1
    assert outbox.take_news() == [1, 3, 4, 5]
    assert outbox.take_news() == []
    outbox.recorded(4)
    assert seqs(outbox.submit(0.0)) == [2, 6, 7, 8]


def test_one_event_that_is_refused_for_ever_lets_so_many_pass_and_no_more() -> None:
    outbox = window(2)
    outbox.offer([delivery(seq, f"p{seq}") for seq in range(1, 101)], 0.0)
    sent: list[int] = []
    tag = 0
    for _ in range(500):
        for seq in seqs(outbox.submit(0.0)):
            tag += 1
            if seq == 1:
                outbox.reject(tag, multiple=False, now=0.0)
            else:
                sent.append(seq)
                outbox.confirm(tag, multiple=False, now=0.0)
        outbox.recorded(outbox.confirmed_count)
    assert sent == list(range(2, 33))
    while batch := outbox.submit(0.0):
        for _ in batch:
            tag += 1
            outbox.confirm(tag, multiple=False, now=0.0)
        outbox.recorded(outbox.confirmed_count)
    assert outbox.confirmed_seq == 100


def test_the_time_of_the_oldest_in_flight_moves_on_with_confirms() -> None:
    outbox = window()
    outbox.offer([delivery(1, "A"), delivery(2, "B")], 0.0)
    outbox.submit(1.0)
    outbox.offer([delivery(3, "C")], 2.0)
    outbox.submit(3.0)
    assert outbox.oldest_submitted_at() == 1.0
    outbox.confirm(2, multiple=False, now=3.0)
    assert outbox.oldest_submitted_at() == 1.0
    outbox.confirm(1, multiple=False, now=3.0)
    assert outbox.oldest_submitted_at() == 3.0
    assert outbox.waiting_since == 2.0
    outbox.restart_clocks(9.0)
    assert outbox.oldest_submitted_at() == 9.0
    outbox.confirm(3, multiple=False, now=9.0)
    assert outbox.oldest_submitted_at() is None
    assert outbox.waiting_since is None


def test_an_offer_out_of_order_is_refused() -> None:
    outbox = window()
    outbox.offer([delivery(5)], 0.0)
    with pytest.raises(ValueError, match="event 5 was offered after event 5"):
        outbox.offer([delivery(5)], 0.0)
    with pytest.raises(ValueError, match="event 6 was offered after event 7"):
        outbox.offer([delivery(7), delivery(6)], 0.0)
