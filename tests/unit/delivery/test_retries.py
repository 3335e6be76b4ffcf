"""How long the waits between attempts are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.retries import Backoff


def test_waits_double_up_to_the_longest_and_begin_again_after_a_reset() -> None:
    backoff = Backoff(0.1, 1.0, jitter=lambda: 1.0)
    assert [round(backoff.next(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.reset()
    assert backoff.next() == 0.1


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50))
def test_every_wait_lies_between_zero_and_the_limit_of_its_turn(draws: list[float]) -> None:
    chances = iter(draws)
    backoff = Backoff(0.1, 30.0, jitter=lambda: next(chances))
    for turn in range(len(draws)):
        assert 0 <= backoff.next() <= min(0.1 * 2**turn, 30.0)
