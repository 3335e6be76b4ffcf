"""Each case of a wallet comes out of its recording exactly: events, order, and the end of every change."""

from __future__ import annotations

import filecmp
import re
from collections import Counter
from functools import cache

import pytest

from tests.support.cases import (
    CASES,
    NAMES,
    ROOT,
    Play,
    example,
    expected,
    in_commit_order,
    per_player,
    play,
    recorded,
)
from tests.wallets.outcomes import assert_accounted_for

ORIGINALS = ROOT.parent / "shared" / "cases"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER = re.compile(r"-?\d[\w.+-]*")


@cache
def played(name: str) -> Play:
    brand = example(name)
    return play(brand, in_commit_order(brand, recorded(name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_every_player_are_the_expected_ones_in_order(name: str) -> None:
    assert per_player(played(name).events()) == per_player(expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_written_in_plain_digits(name: str) -> None:
    bodies = [delivery.body.decode() for delivery in played(name).ledger.unconfirmed(0, 10_000)]
    numbers = [number for body in bodies for number in _NUMBER.findall(_STRING.sub("", body))]
    assert len(numbers) > 4 * len(bodies)
    assert [number for number in numbers if not re.fullmatch(r"-?\d+(\.\d+)?", number)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_two_events_share_a_message_id(name: str) -> None:
    ids = Counter(delivery.message_id for delivery in played(name).ledger.unconfirmed(0, 10_000))
    assert [message for message, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_change_is_accounted_for_as_the_case_says(name: str) -> None:
    assert_accounted_for(name, played(name).ended())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_waits_at_the_end_of_the_story(name: str) -> None:
    assert played(name).mapper.held == 0
    assert list(played(name).ledger.held()) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_parked_keeps_its_record_byte_for_byte(name: str) -> None:
    records = set(recorded(name))
    parked = list(played(name).ledger.parked())
    assert parked
    assert all(item.record in records and item.reason for item in parked)


@pytest.mark.parametrize("name", NAMES)
def test_the_connector_is_short(name: str) -> None:
    lines = (ROOT / "connectors" / "examples" / f"{name}.yaml").read_text().splitlines()
    assert len(lines) <= 90


@pytest.mark.parametrize("name", NAMES)
def test_the_copies_of_the_case_equal_their_originals(name: str) -> None:
    if not ORIGINALS.is_dir():
        pytest.skip("the originals of the cases are not beside this checkout")
    files = sorted(path.name for path in (ORIGINALS / name).iterdir())
    _, differing, missing = filecmp.cmpfiles(ORIGINALS / name, CASES / name, files, shallow=False)
    assert (differing, missing) == ([], [])
