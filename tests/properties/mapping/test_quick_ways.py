"""Each short way of the hot path is held against the plain rule that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.decoders import decimals
from bridge.decoders.declarations import Declarations
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError, MappingError, PoisonRecord
from bridge.mapping.compiling.expressions import compile_condition, compile_expression
from bridge.mapping.language.readers import Kind, Reader
from bridge.mapping.state import frozen
from bridge.mapping.state.amounts import add_up
from bridge.mapping.state.frozen import decode_row, encode_row
from bridge.mapping.state.keys import LONGEST_KEY, as_key, key_text
from bridge.mapping.state.layered import Layered
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory, Sent, Took
from bridge.mapping.state.rows import UpdatedRow
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.scope_readers import column, kept
from bridge.records import SourcePosition
from bridge.row import UNAVAILABLE, Row
from tests.support.examples import examples

PLACEHOLDER = Placeholder()
MARKS = st.sampled_from(
    [*sorted(PLACEHOLDER.texts), PLACEHOLDER.raw, list(PLACEHOLDER.lists[0]), PLACEHOLDER.pair]
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
NAMES = ("a", "b", "c", "amount", "at")
RAW = st.dictionaries(st.sampled_from(NAMES), st.one_of(PLAIN, PLAIN, PLAIN, MARKS))


def outcome(ask: Callable[[], Any]) -> object:
    """Return what comes of a question: the value and its type, or why there is none."""
    try:
        value = ask()
    except PoisonRecord as poison:
        return "poison", poison.code, poison.reason
    return type(value), value


@examples(3)
@given(RAW, st.lists(st.sampled_from([*NAMES, "gone"]), max_size=8))
def test_a_column_is_what_it_decodes_to_however_often_it_is_asked(raw: dict[str, Any], asked: list[str]) -> None:
    decoders = Declarations({"t": {"amount": "decimal", "at": "micros UTC"}}, PLACEHOLDER).schemaless("t")

    def alone(name: str) -> Any:
        if name not in raw:
            raise MappingError("missing_column", f"the record has no column {name}")
        try:
            value = None if raw[name] is None else decoders.get(name, PLACEHOLDER.plain)(raw[name])
        except DecodeError as error:
            raise DecodeError(error.code, f"column {name}: {error.reason}") from None
        if value is UNAVAILABLE:
            raise MappingError("unavailable_column", f"column {name} is unavailable in this record")
        return value

    row = Row(raw, decoders, PLACEHOLDER)
    for name in asked:
        assert outcome(lambda: row[name]) == outcome(lambda: alone(name))  # noqa: B023 -- asked at once
    assert {name for name in NAMES if name in row} == set(raw)


@examples(2)
@given(RAW, RAW, st.lists(st.sampled_from([*NAMES, "gone"]), max_size=8))
def test_a_row_over_another_shows_the_same_however_often_it_is_asked(
    over: dict[str, Any], under: dict[str, Any], asked: list[str]
) -> None:
    def updated(name: str) -> Any:
        shown = Row(over, {}, PLACEHOLDER)
        hidden = name in over and shown.get(name) is UNAVAILABLE and name in under
        return Row(under, {})[name] if hidden else shown[name]

    def layered(name: str) -> Any:
        return (Row(over, {}, PLACEHOLDER) if name in over else Row(under, {}))[name]

    for plain, row in (
        (updated, UpdatedRow(Row(over, {}, PLACEHOLDER), Row(under, {}))),
        (layered, Layered(Row(over, {}, PLACEHOLDER), Row(under, {}))),
    ):
        for name in asked:
            assert outcome(lambda: row[name]) == outcome(lambda: plain(name))  # noqa: B023 -- asked at once


def scope_of(raw: dict[str, Any]) -> Scope:
    """Return the scope of a row about which nothing is remembered."""
    return Scope(TablePlan("t", append_only=True, snapshot="remember", holds="player"), Recall(), "", Row(raw, {}))


def _hidden(read: Reader) -> Reader:
    def hidden(scope: Any) -> Any:
        return read(scope)

    return hidden


class Names:
    """Names of columns, and of one row that is kept: told as such, or hidden behind readers that tell nothing."""

    def __init__(self, *, told: bool) -> None:
        self._told = told

    def name(self, name: str) -> Reader | None:
        """Return the reader of a column, or of the row that is named `kept`."""
        read = kept(name, lambda scope: Row(scope.row.raw, {})) if name == "kept" else column(name)
        return read if self._told else _hidden(read)

    def index(self, name: str) -> None:
        """Look nothing up."""

    def index_by(self, table: str, index: str) -> None:
        """Look nothing up."""

    def function(self, name: str) -> None:
        """Know the library alone."""

    def known(self) -> Collection[str]:
        """Return the columns."""
        return NAMES

    def kind(self, _name: str) -> Kind:
        """Know columns alone."""
        return "column"


@examples(2)
@given(
    st.sampled_from(
        [
            'a == "x"',
            'a != "x"',
            'a in ("x", "y")',
            'a not in ("x", "y")',
            "a == 1",
            "kept.a",
            "kept.gone",
            'kept.a == "x" and kept.b != "y"',
        ]
    ),
    st.fixed_dictionaries({name: st.one_of(PLAIN, st.sampled_from(["x", "y", 1])) for name in ("a", "b")}),
)
def test_what_is_told_of_a_reader_changes_no_answer(text: str, raw: dict[str, Any]) -> None:
    for compile_ in (compile_expression, compile_condition):
        told, hidden = (compile_(text, Names(told=told)) for told in (True, False))
        scope = scope_of(raw)
        for _ in range(2):  # the second time from what the first one kept
            assert outcome(lambda: told(scope)) == outcome(lambda: hidden(scope_of(raw)))  # noqa: B023 -- asked at once


NUMBERS = st.one_of(
    st.integers(0, 3),
    st.integers(-(10**40), 10**40),
    st.decimals(-(10**20), 10**20, places=18),
    st.sampled_from([Decimal("0.00"), Decimal("1E+5"), Decimal("1E-30")]),
)
PARTS = ("wager_amount", "bonus_wager_amount", "locked_wager_amount")


@examples(2)
@given(st.dictionaries(st.sampled_from(PARTS), st.one_of(NUMBERS, NUMBERS, st.none())))
def test_an_amount_is_the_exact_sum_of_its_parts(parts: dict[str, Any]) -> None:
    fields = dict(parts)
    add_up(fields)
    if not parts:
        assert "amount" not in fields
    elif None in parts.values():
        assert fields["amount"] is None
    else:
        assert Fraction(fields["amount"]) == sum(map(Fraction, parts.values()))


@given(
    st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False),
        st.sampled_from([Decimal("1E+5"), Decimal("-1.50E+3"), Decimal("1E-30"), Decimal("0E+2")]),
        st.integers(),
        st.booleans(),
        st.text(),
    )
)
def test_the_text_of_a_key_is_plain(value: Any) -> None:
    written = key_text(value)
    if isinstance(value, Decimal):
        plain = format(value, "f")
        assert written == as_key(plain.rstrip("0").rstrip(".") if "." in plain else plain)
    elif isinstance(value, bool):
        assert written == str(value).lower()
    else:
        assert written == as_key(str(value))


@given(st.text(st.characters()), st.integers(0, 300))
def test_a_key_is_a_text_that_a_ledger_keeps_and_no_other_text_has_it(text: str, times: int) -> None:
    key = as_key(text * times)
    assert "\0" not in key
    assert len(key.encode()) <= 4 * LONGEST_KEY
    assert as_key(key) == key != as_key(text * times + "!")


VALUES = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.just(datetime(2026, 3, 2, tzinfo=UTC)),
    st.just(date(2026, 3, 2)),
    st.just(UNAVAILABLE),
)
SENT = st.builds(
    Sent,
    st.sampled_from(["bet", "win"]),
    st.integers(1, 3),
    st.booleans(),
    st.integers(0, 10**12),
    st.text(max_size=3),
    st.one_of(st.none(), st.none(), VALUES, st.lists(VALUES, max_size=2)),
    st.one_of(st.none(), st.none(), VALUES),
    st.integers(1, 3),
    st.booleans(),
)
MEMORIES = st.builds(
    RowMemory,
    st.sampled_from(Ending),
    st.text(max_size=3),
    st.one_of(st.none(), st.just(SourcePosition("pg", (1, 2**40)))),
    st.text(max_size=3),
    st.lists(SENT, max_size=2),
    st.one_of(st.none(), st.just({}), st.dictionaries(st.text(max_size=2), VALUES, max_size=2)),
    st.one_of(st.none(), st.none(), st.dictionaries(st.text(max_size=2), VALUES, max_size=2)),
    st.booleans(),
    st.one_of(st.none(), st.just([]), st.just([Took("t", "k", "bet", 1, Decimal("1.50"))])),
    st.booleans(),
)


@examples(2)
@given(MEMORIES)
def test_what_is_remembered_of_a_row_is_kept_alike_on_both_ways(memory: RowMemory) -> None:
    kept_bytes = encode_row(memory)
    assert kept_bytes == frozen._encode_frozen(memory)
    assert decode_row(kept_bytes) == memory


@examples(3)
@given(st.from_regex(r"[-+]?[0-9²٣_.eE ]{0,8}", fullmatch=True))
@example("0E200000")
def test_the_text_of_a_number_is_taken_by_one_pattern(text: str) -> None:
    taken = outcome(lambda: decimals.decimal_from_text(text))
    if decimals._NUMBER.fullmatch(text) is None or abs(Decimal(text).adjusted()) > decimals._MOST_DIGITS:
        assert isinstance(taken, tuple)
        assert taken[0] == "poison"
    else:
        assert taken == (Decimal, Decimal(text))
