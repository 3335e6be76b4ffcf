"""The functions of the library: every documented example, and what they refuse."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import MappingError
from bridge.mapping.compiling.expressions import ExpressionProblem, compile_expression
from bridge.mapping.language.library import LIBRARY
from bridge.mapping.language.library.patterns import MOST_STEPS, checked_pattern
from bridge.mapping.language.readers import Unfit
from bridge.row import FOREVER, SINCE_EVER, Row, Value
from tests.unit.mapping.columns import Columns, evaluated

EXAMPLES = [(function.name, *example) for function in LIBRARY.values() for example in function.examples]


class Double(Decimal):
    """Stands for a column of binary doubles."""


@pytest.mark.parametrize(("name", "text", "result"), EXAMPLES)
def test_each_documented_example_gives_what_it_says(name: str, text: str, result: str) -> None:
    assert name in text
    value, expected = evaluated(text), evaluated(result)
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, (int, Decimal))


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_each_function_is_documented_with_an_example(name: str) -> None:
    function = LIBRARY[name]
    assert function.examples
    assert function.doc.endswith(".") or ":" in function.doc.splitlines()[-1]
    assert function.signature.startswith(f"{name}(")


@pytest.mark.parametrize(
    ("text", "x", "code"),
    [
        ("units(x, 2)", "5", "not_a_number"),
        ("units(x, 2)", Double("5"), "double_money"),
        ("units(5, x)", -1, "out_of_range"),
        ("units(5, x)", Decimal("1.5"), "out_of_range"),
        ("units(5, x)", 31, "out_of_range"),
        ("minor(x, 2)", Decimal("1.005"), "inexact"),
        ("minor(x, 30)", Decimal("1e90"), "inexact"),
        ("units(x, 2)", 10**150, "inexact"),
        ("units(x, 2)", Decimal("1e999999999"), "out_of_range"),
        ('round(x, 2, mode="up")', Decimal("1e999999999"), "out_of_range"),
        ('round(x, 2, mode="up")', Decimal("1e99"), "inexact"),
        ('round(x, 2, mode="up", by=7)', Decimal("1e100"), "inexact"),
        ("digits(x, 2)", Decimal("1e999999999"), "out_of_range"),
        ("epoch_s(x)", Decimal("1e999999999"), "out_of_range"),
        ("abs(x)", 10**400, "out_of_range"),
        ("x * 1", Decimal("1e999999999"), "inexact"),
        ("x // 3", Decimal("1e999999"), "inexact"),
        ("text(x)", Decimal("1e-999999999"), "out_of_range"),
        ("number(x)", "1,5", "not_a_number"),
        ("number(x)", "NaN", "not_a_number"),
        ("number(x)", "Infinity", "not_a_number"),
        ("number(x)", "1_000", "not_a_number"),
        ("number(x)", "", "not_a_number"),
        ("number(x)", "٣", "not_a_number"),
        ("number(x)", "9" * 200, "not_a_number"),
        ("number(x)", True, "not_a_number"),
        ("number(x)", Double("0.1"), "double_money"),
        ("sum(x)", [1, "2"], "not_a_number"),
        ("sum(x)", 5, "not_a_list"),
        ("sum(x)", "abc", "not_a_list"),
        ("max(x, 1)", "a", "not_a_number"),
        ("min(x)", [{}], "not_comparable"),
        ('round(x, 2, mode="up")', "1", "not_a_number"),
        ('round(1, 2, mode="up", by=x)', 0, "division_by_zero"),
        ("moment(x)", "2026-11-21T23:00:00", "no_zone"),
        ("moment(x)", "0000-00-00 00:00:00Z", "bad_time"),
        ("moment(x)", "2026-02-30T00:00:00Z", "bad_time"),
        ("moment(x)", "yesterday", "bad_time"),
        ("moment(x)", 5, "not_a_moment"),
        ("moment(x)", "0001-01-01T00:00:00+14:00", "bad_time"),
        ('moment(x, "Europe/Malta")', "2026-10-25 02:30:00", "ambiguous_time"),
        ('moment(x, "Europe/Malta")', "2026-03-29 02:30:00", "missing_time"),
        ("date(x)", "2026-02-30", "bad_time"),
        ("date(x)", 5, "not_a_moment"),
        ("epoch_s(x)", 10**19, "bad_time"),
        ("epoch_s(x)", "5", "not_a_number"),
        ("epoch_ms(x)", 10**300, "out_of_range"),
        ('later(x, "1 day")', "2026-02-01", "not_a_moment"),
        ("seconds(x, x)", 5, "not_a_moment"),
        ("text(x)", [1], "not_text"),
        ("text(x)", b"a", "not_text"),
        ("text(x)", Double("0.1"), "double_money"),
        ("text(x)", datetime(2026, 1, 1), "no_zone"),  # noqa: DTZ001
        ("text(x)", 10**200, "out_of_range"),
        ("text(x)", Decimal("1e1000"), "out_of_range"),
        ("lower(x)", 5, "not_text"),
        ("split(x, x, 0)", "", "out_of_range"),
        ('replace("a", x, "b")', "", "out_of_range"),
        ("digits(x, 3)", -5, "out_of_range"),
        ("digits(x, 3)", Decimal("5.5"), "out_of_range"),
        ("json(x)", "{", "bad_json"),
        ("json(x)", '{"a": NaN}', "bad_json"),
        ("json(x)", "[" * 100_000, "bad_json"),
        ("json(x)", "1" * 5000, "bad_json"),
        ("json(x)", "1e99999", "bad_json"),
        ("json(x)", r'{"id": "\ud83d"}', "bad_json"),
        ("json(x)", r'[[{"\uDE00\ud83d": 1}]]', "bad_json"),
        ("json(x)", 5, "not_text"),
        ("within(x, 1)", 5, "not_a_list"),
        ("only(x, kind=1)", [{"kind": 1}, {"kind": 1}], "more_than_one"),
        ("where(x, kind=1)", ["text"], "not_a_structure"),
        ('extract(x, "^(a+)(b+)(c+)(d+)")', "a" * 9999, "too_long"),
        ("length(x)", 5, "not_text"),
    ],
)
def test_a_function_refuses_what_does_not_fit_and_names_the_expression(text: str, x: Value, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        evaluated(text, x=x)
    assert caught.value.code == code
    assert text in caught.value.reason


@pytest.mark.parametrize("name", sorted(set(LIBRARY) - {"first"}))
def test_a_null_makes_the_result_null(name: str) -> None:
    rest = {
        "units": "2", "minor": "2", "round": '2, mode="up"', "split": '":", 0', "replace": '"a", "b"',
        "starts": '"a"', "ends": '"a"', "contains": '"a"', "digits": "3", "extract": '"(a)"',
        "later": '"1 day"', "seconds": "x", "within": "(1, 2)",
    }  # fmt: skip
    arguments = f"x, {rest[name]}" if name in rest else "x"
    assert evaluated(f"{name}({arguments})", x=None) is None


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("sum(legs.debit)", Decimal("3.5")),
        ("count(legs)", 2),
        ('only(legs, wallet="CASH").debit', 1),
        ('only(legs, wallet="NONE").debit', None),
        ('count(where(legs, wallet="CASH"))', 1),
        ('within(legs.wallet, ("CASH", "BONUS"))', True),
        ('within(legs.wallet, ("CASH",), "PROMO")', False),
        ("max(legs.debit)", Decimal("2.5")),
        ("first(legs.nothing)", [None, None]),
    ],
)
def test_lists_of_rows_are_added_counted_and_searched(text: str, result: Value) -> None:
    legs = [{"wallet": "CASH", "debit": 1}, {"wallet": "BONUS", "debit": Decimal("2.5")}]
    assert evaluated(text, legs=legs) == result
    if "nothing" not in text:
        assert evaluated(text, legs=[Row(leg, {}) for leg in legs]) == result


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (clock_time(9, 5, 7, 120431), "2026-01-02 09:05:07.120431"),
        (clock_time(9, 5), "2026-01-02 09:05:00"),
        (clock_time(9, 5, tzinfo=UTC), "2026-01-02 09:05:00Z"),
    ],
)
def test_a_date_and_a_time_of_day_are_joined_to_a_moment(clock: clock_time, text: str) -> None:
    day = date(2026, 1, 2)
    assert evaluated('text(day, " ", at)', day=day, at=clock) == text
    zone = clock.tzinfo or ZoneInfo("Europe/Malta")
    moment = evaluated('moment(text(day, " ", at), "Europe/Malta")', day=day, at=clock)
    assert moment == datetime.combine(day, clock.replace(tzinfo=None), zone)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("until > at", True), ("until >= at", True), ("until < at", False), ("at <= until", True),
        ("at > until", False), ("until == until", True), ("until == at", False), ("until != at", True),
        ("until == null", False), ("until <= until", True), ("until < until", False), ("ever < day", True),
        ("ever < until", True), ("ever >= at", False), ("max(at, until) == until", True),
    ],
)  # fmt: skip
def test_infinity_is_before_or_after_every_other_time(text: str, result: bool) -> None:
    moment, day = datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2)
    assert evaluated(text, until=FOREVER, ever=SINCE_EVER, at=moment, day=day) is result


@pytest.mark.parametrize(
    "text", ["text(until)", 'until == "x"', "until > 1", "later(until, '1 day')", "date(until)"]
)
def test_infinity_is_nothing_else(text: str) -> None:
    with pytest.raises(MappingError):
        evaluated(text, until=FOREVER)


def test_a_double_is_taken_only_when_the_expression_says_so() -> None:
    assert evaluated('number(x, double="accept")', x=Double("0.1")) == Decimal("0.1")
    assert type(evaluated('number(x, double="accept") + 1', x=Double("0.1"))) is Decimal


def test_json_may_lie_in_bytes() -> None:
    assert evaluated("json(x).a", x='{"a": 1.10, "b": "é"}'.encode()) == Decimal("1.10")
    for data in (b"\xff{}", b"\xca\xfe", b""):
        with pytest.raises(MappingError) as error:
            evaluated("json(x)", x=data)
        assert error.value.code == "bad_json"


def test_json_text_keeps_every_digit() -> None:
    payload = '{"id": 9223372036854775809123, "amount": 0.100000000000000001, "list": [{"a b": "é"}]}'
    assert evaluated("json(p).id", p=payload) == 9223372036854775809123
    assert str(evaluated("json(p).amount", p=payload)) == "0.100000000000000001"
    assert evaluated('json(p).list[0]["a b"]', p=payload) == "é"
    assert evaluated("json(p)", p=r'["\ud83d\ude00", "\\ud83d"]') == ["😀", r"\ud83d"]
    assert evaluated("json(p).list[0].x.y", p=payload) is None


@pytest.mark.parametrize(
    ("local", "options", "utc"),
    [
        ("2026-10-25 02:30:00", 'twice="first"', datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 02:30:00", 'twice="second"', datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-29 02:30:00", 'never="later"', datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29 02:30:00", 'never="earlier"', datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2026-03-29 03:00:00", 'never="refuse"', datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25 03:00:00", 'twice="refuse"', datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
    ],
)
def test_hours_that_come_twice_or_never_follow_the_stated_choice(local: str, options: str, utc: datetime) -> None:
    assert evaluated(f'moment(x, "Europe/Malta", {options})', x=local) == utc
    naive = datetime.fromisoformat(local)
    assert evaluated(f'moment(x, "Europe/Malta", {options})', x=naive) == utc


@pytest.mark.parametrize(
    "text",
    [
        'moment(x, "Europe/Atlantis")',
        'moment(x, "../../etc/passwd")',
        'moment(x, "UTC", twice="both")',
        'later(x, "2 fortnights")',
        'number(x, double="maybe")',
        'round(x, 1, mode="")',
        'extract(x, "(")',
        'extract(x, "a", 1)',
        'extract(x, "(a)", "name")',
        "extract(x, x)",
    ],
)
def test_a_wrong_constant_is_found_at_load(text: str) -> None:
    with pytest.raises(ExpressionProblem) as caught:
        compile_expression(text, Columns("x"))
    assert "it is written" in caught.value.hint


@given(
    x=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6),
    places=st.integers(0, 8),
    mode=st.sampled_from(["half up", "half even", "half down", "up", "down", "floor", "ceiling"]),
    by=st.integers(-50, 50).filter(bool),
)
def test_rounding_a_quotient_rounds_once_and_as_decimal_rounds(
    x: Decimal, places: int, mode: str, by: int
) -> None:
    text = f'round(x, {places}, mode="{mode}", by=b)'
    result = evaluated(text, x=x, b=by)
    assert abs(Fraction(result) - Fraction(x) / by) < Fraction(1, 10**places)
    # A multiple of the divisor divides exactly, so both ways of rounding must agree.
    assert evaluated(text, x=x * by, b=by) == evaluated(f'round(x, {places}, mode="{mode}")', x=x)


@pytest.mark.parametrize(
    ("mode", "of_25", "of_35", "of_minus_25"),
    [
        ("half up", 3, 4, -3),
        ("half down", 2, 3, -2),
        ("half even", 2, 4, -2),
        ("up", 3, 4, -3),
        ("down", 2, 3, -2),
        ("floor", 2, 3, -3),
        ("ceiling", 3, 4, -2),
    ],
)
def test_each_mode_rounds_a_half_its_own_way(mode: str, of_25: int, of_35: int, of_minus_25: int) -> None:
    for x, expected in ((25, of_25), (35, of_35), (-25, of_minus_25)):
        assert evaluated(f'round(x, 0, mode="{mode}", by=10)', x=x) == expected
        assert evaluated(f'round(x, 0, mode="{mode}")', x=Decimal(x) / 10) == expected


@given(amount=st.integers(-(10**18), 10**18), places=st.integers(0, 18))
def test_units_and_minor_undo_each_other(amount: int, places: int) -> None:
    columns: dict[str, Any] = {"x": amount, "p": places}
    assert evaluated("minor(units(x, p), p)", **columns) == amount


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a+)+", "may not repeat a group"),
        ("(a|a)*", "may not repeat a group"),
        ("(?:a*){2,}", "may not repeat a group"),
        ("((a?){9}){9}", "may not repeat a group"),
        (r"(a)\1", "no back-references"),
        ("(?=a)a", "may hold only"),
        ("(?P<x>a)(?P=x)", "may hold only"),
        ("(?i)a", "may hold only"),
        ("(?<!a)b", "may hold only"),
        (".*" * 6, "take too long"),
        ("a?" * 40, "take too long"),
        ("(", "no regular expression"),
        ("a{99999999999999999999}", "no regular expression"),
    ],
)
def test_a_pattern_whose_work_cannot_be_bounded_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(Unfit) as caught:
        checked_pattern(pattern)
    assert words in caught.value.reason


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\d+)",
        r"^round=(\d+)$",
        "[a+*(]+x",
        r"\(a+\)",
        "(?:x-)?(a+)",
        "(?P<id>[0-9]{4})",
        "^([^:]*):([^:]*):(.*)$",
    ],
)
def test_a_common_pattern_may_search_a_long_text(pattern: str) -> None:
    assert checked_pattern(pattern).longest >= 200


@pytest.mark.parametrize("pattern", [r"(a+)b", r"^(a*)(a*)(a*)b", r"(a*)(a*)b", "(a?a?a?a?a?a?)b", r"(.*)x(.*)y"])
def test_the_worst_text_of_the_longest_length_ends_soon(pattern: str) -> None:
    text = "a" * checked_pattern(pattern).longest
    begun = time.process_time()
    assert evaluated(f'extract(x, r"{pattern}")', x=text) is None
    assert time.process_time() - begun < 10 * MOST_STEPS / 20_000_000


@given(pattern=st.text("ab()[]{}?*+|\\^$.,:<>P1=!#- ", max_size=14), text=st.text("ab1-", max_size=40))
def test_any_pattern_is_refused_or_runs(pattern: str, text: str) -> None:
    try:
        checked = checked_pattern(pattern)
    except Unfit as unfit:
        assert unfit.code == "bad_pattern"  # noqa: PT017
        return
    assert checked.longest >= 40
    checked.expression.search(text)


def test_number_takes_each_item_of_a_list() -> None:
    wins: list[Value] = [{"amount": "4.00"}, {"amount": Decimal("2.5")}, {"amount": "1"}]
    assert evaluated("sum(number(wins.amount))", wins=wins) == Decimal("7.50")
    assert evaluated("sum(number(wins.amount))", wins=[{"amount": "4"}, {"amount": None}]) is None
    assert evaluated("sum(number(wins.amount))", wins=[]) == 0


@pytest.mark.parametrize("amount", ["4,00", "", {"cents": 4}, [1]])
def test_number_refuses_an_item_that_is_none(amount: Value) -> None:
    with pytest.raises(MappingError) as refused:
        evaluated("number(wins.amount)", wins=[{"amount": "1"}, {"amount": amount}])
    assert refused.value.code == "not_a_number"
