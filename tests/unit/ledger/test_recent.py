"""The bounded memory of committed values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger.recent import Recent


@given(size=st.integers(1, 20), keys=st.lists(st.integers(0, 40)))
def test_it_never_holds_more_than_its_size_and_never_lies(size: int, keys: list[int]) -> None:
    recent = Recent(size)
    for key in keys:
        recent.keep(("s", str(key)), b"%d" % key)
        assert recent.get(("s", str(key))) == b"%d" % key
        assert len(recent) <= size + 1
    assert all(recent.get(("s", str(key))) in {None, b"%d" % key} for key in range(41))


def test_what_is_used_stays_and_what_is_not_goes() -> None:
    recent = Recent(4)
    recent.keep(("s", "used"), b"u")
    recent.keep(("s", "unused"), b"n")
    for number in range(10):
        recent.keep(("s", str(number)), b"")
        assert recent.get(("s", "used")) == b"u"
    assert recent.get(("s", "unused")) is None


def test_a_forgotten_value_is_gone_from_both_generations() -> None:
    recent = Recent(2)
    recent.keep(("s", "old"), b"o")
    recent.keep(("s", "young"), b"y")
    recent.get(("s", "old"))
    for key in ("old", "young"):
        recent.forget(("s", key))
        assert recent.get(("s", key)) is None


def test_of_size_nought_it_keeps_nothing() -> None:
    recent = Recent(0)
    recent.keep(("s", "k"), b"v")
    assert recent.get(("s", "k")) is None
