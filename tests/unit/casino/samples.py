"""Events to test with: one plain sample, and strategies for ordinary and for odd fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bridge.casino import FIELDS, PARTS_OF_AMOUNT

Fields = dict[str, Any]


def sample(**changes: Any) -> Fields:
    """Return the fields of a plain bet; a change that is `...` takes the field away."""
    fields: Fields = {
        "activity_id": "tx-1",
        "type": "Bet",
        "status": "Approved",
        "user_id": 52530,
        "round_id": "r-1",
        "game_id": "doa",
        "game_name": "Dead or Alive",
        "vendor_id": 1,
        "vendor_name": "Netent",
        "origin": "sub.example.com",
        "currency": "EUR",
        "timestamp": datetime(2019, 2, 1, 3, 30, 27, 721607, tzinfo=UTC),
        "is_round_end": False,
        "wager_amount": Decimal("20.00"),
        "bonus_wager_amount": 0,
        "locked_wager_amount": 0,
        "exchange_rate": 1,
    }
    fields.update(changes)
    return {name: value for name, value in fields.items() if value is not ...}


# Any text, but no half of a surrogate pair and no NUL; with quotes, backslashes and control characters.
good_texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
) | (st.sampled_from(['"', "\\", "\\u0000", ':""', "🚀 Würfel", "\u2028", "a:", "x" * 400]))
big_ints = st.integers() | st.sampled_from([2**63, -(2**63), 10**40, 10**99, 10**100 - 1])
# With more than a hundred digits behind the point a number is refused.
written = st.decimals(min_value=0, max_value=10**24, allow_nan=False).filter(
    lambda n: int(n.as_tuple().exponent) >= -100
)
money = written | st.sampled_from(
    [Decimal(text) for text in ("0E-8", "1E+3", "0.000000000000000001", "20.00", "-0", "1E-7", "1E-100", "1E+99")]
)
amounts = money | st.integers(0, 10**30)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-12))])
moments = st.datetimes(timezones=zones, min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)) | (  # noqa: DTZ001
    st.sampled_from(["2019-02-01T03:30:27Z", "2024-02-29T23:59:59.999999999+05:30"])
)
metas = st.dictionaries(
    good_texts, st.none() | st.booleans() | good_texts | st.just("") | amounts | big_ints, max_size=4
)


def _value(kind: str) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "text": good_texts | st.integers(-(2**70), 2**70),
        "type": st.sampled_from(["Bet", "Win", "Loss"]),
        "status": st.sampled_from(["Approved", "Rollback"]),
        "currency": st.sampled_from(["EUR", "SEK ", "USDT", "mBTC", "GC"]),
        "moment": moments,
        "boolean": st.booleans(),
        "number": amounts,
        "map": metas,
    }
    return kinds[kind]


_required = {name: _value(doc.kind) for name, doc in FIELDS.items() if doc.required and name != "amount"}
_required["exchange_rate"] = amounts.filter(lambda rate: rate > 0)
_parts = {name: _value("number") for name in PARTS_OF_AMOUNT}
_others = {
    name: st.none() | _value(doc.kind)
    for name, doc in FIELDS.items()
    if not doc.required and name not in PARTS_OF_AMOUNT
}

good_events: st.SearchStrategy[Fields] = st.one_of(
    st.fixed_dictionaries(_required | _parts, optional=_others),
    st.fixed_dictionaries(_required | {"amount": amounts}, optional=_others),
)
"""Events that hold to the contract."""

odd_values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 2**63, 10**100, -(10**100), 10**5000]),
    st.floats(),
    st.decimals(),
    st.sampled_from([Decimal(t) for t in ("sNaN", "-0", "1E+100", "1E-101", "1E+999999", "0E+500", "1.50E+3")]),
    st.text(),
    st.sampled_from(["", "\0", "a\0b", "\ud800", "bet", "eur", "EUR", "  EUR ", "E R", "Bet", "Rollback", "12"]),
    st.sampled_from([
        "2019-02-01T3:30:27Z", "2019-02-30T03:30:27Z", "0000-01-01T00:00:00Z", "2019-02-01 03:30:27Z",
        "2019-02-01T03:30:27", "2019-02-01T24:00:00Z", "2019-02-01T03:30:60Z", "2019-02-01T03:30:27Z\n",
        "٢٠١٩-02-01T03:30:27Z", "2019-02-01T03:30:27.Z", "2019-02-01T03:30:27+24:00",
    ]),
    st.binary(),
    st.datetimes(),
    st.datetimes(timezones=zones),
    st.dictionaries(st.text(max_size=3) | st.integers(), st.floats() | st.text() | st.none(), max_size=3),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@st.composite
def any_events(draw: st.DrawFn) -> Fields:
    """Draw a good event and spoil some of its fields, in every way that a mapping might."""
    fields = draw(good_events)
    names = st.sampled_from([*FIELDS, "unknown"])
    for name in draw(st.lists(names, max_size=3, unique=True)):
        if draw(st.booleans()):
            fields[name] = draw(odd_values)
        else:
            fields.pop(name, None)
    return fields
