"""Moments are made from their parts, which is quicker than a sum, and come out as the sum does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.decoders.moments import in_utc, moment_of_micros, timestamp
from tests.support.examples import examples

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = (datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
FIRST, LAST = ((year - EPOCH) // timedelta(microseconds=1) for year in YEARS)


@examples(5)
@given(st.integers(FIRST, LAST) | st.integers(-(10**7), 10**7) | st.sampled_from([FIRST, LAST]))
def test_a_count_of_microseconds_is_the_moment_so_long_after_1970(micros: int) -> None:
    found = moment_of_micros(micros)
    assert found == EPOCH + timedelta(microseconds=micros)
    assert found.tzinfo is UTC
    local = timestamp(micros)
    assert local == (EPOCH + timedelta(microseconds=micros)).replace(tzinfo=None)
    assert in_utc(local) == found
    assert in_utc(local).tzinfo is UTC
