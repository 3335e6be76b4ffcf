"""What expressions mean: exact numbers, nulls, kinds of values, and problems with their places."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.errors import MappingError
from bridge.mapping.compiling.expressions import (
    NOT_CONSTANT,
    ExpressionProblem,
    compile_condition,
    compile_expression,
    constant_of,
)
from bridge.mapping.state.waiting import Waiting
from bridge.row import Row, Value
from tests.unit.mapping.columns import Columns, evaluated


class Double(Decimal):
    """Stands for a column of binary doubles."""


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("0.1 + 0.2", Decimal("0.3")),
        ("0.123456789012345678 * 1", Decimal("0.123456789012345678")),
        ("123456789012345678901234567890.5 + 1", Decimal("123456789012345678901234567891.5")),
        ("1 / 8", Decimal("0.125")),
        ("6 / 3", Decimal(2)),
        ("-7 // 2", -4),
        ("-7.0 // 2", Decimal(-4)),
        ("7.5 % -2", Decimal("-0.5")),
        ("-7 % 2", 1),
        ("-(2 - 5)", 3),
        ("2 - -2.50", Decimal("4.50")),
        ('"a" if 1 < 2 else "b"', "a"),
        ("not 0", True),
        ("1 == 1.0", True),
        ("1 in (true, 1.0)", True),
        ('"b" not in ("a", "b")', False),
        ("1 < 2 < 3", True),
        ("3 > 2 > 2", False),
        ("none == null", True),
        ("null or 0 or 5", 5),
        ("0 and 1", 0),
        ("(1, 2)", (1, 2)),
        ('("a", "b")[1]', "b"),
    ],
)
def test_an_expression_of_constants_is_worked_out_at_load(text: str, result: Value) -> None:
    value = constant_of(compile_expression(text, Columns()))
    assert value == result
    assert type(value) is type(result)


@pytest.mark.parametrize("value", [7, True, Decimal("1.50"), None])
def test_a_number_or_a_word_of_the_yaml_is_itself(value: Any) -> None:
    assert compile_condition(value, Columns())(None) is bool(value)
    assert constant_of(compile_expression(value, Columns())) is value


def test_a_column_is_not_constant() -> None:
    assert constant_of(compile_expression("a", Columns("a"))) is NOT_CONSTANT


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a + 1", None),
        ("-a", None),
        ("a * b", None),
        ("a < 1", False),
        ("a >= 1", False),
        ("1 < b < a", False),
        ("a == null", True),
        ("a != null", False),
        ("a != 1", True),
        ("b != null", True),
        ("a.x.y", None),
        ("a[0]", None),
        ("a in (1, 2)", False),
        ("a in (1, null)", True),
        ("1 in a", False),
        ("units(a, 2)", None),
        ("a or b", 2),
        ("rates[a].rate", None),
        ("rates[a] == null", True),
    ],
)
def test_null_goes_through_arithmetic_and_is_never_smaller_or_larger(text: str, result: Value) -> None:
    assert evaluated(text, a=None, b=2, rates={}) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("row.amount", 5),
        ("data.bonus.amount", Decimal("0.10")),
        ('data["a name"][-1]', 2),
        ('data["a name"][9]', None),
        ("data.nothing.below", None),
        ("items.kind", ["x", "y"]),
        ('"x" in items.kind', True),
        ('"bonus" in data', True),
        ('"missing" in data', False),
        ("rates[currency].rate", 3),
        ("wallet_tx.by_ticket[currency]", "EUR"),
        ("half(data.even)", 4),
        ('row["amount"]', 5),
    ],
)
def test_attributes_and_look_ups_go_down_into_rows_structures_and_lists(text: str, result: Value) -> None:
    columns = {
        "row": Row({"amount": 5}, {}),
        "data": {"bonus": {"amount": Decimal("0.10")}, "a name": [1, 2], "even": 8},
        "items": [{"kind": "x"}, {"kind": "y"}],
        "currency": "EUR",
        "rates": {"EUR": Row({"rate": 3}, {})},
    }
    assert evaluated(text, **columns) == result


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("x + 1", "5", "not_a_number"),
        ("x + 1", True, "not_a_number"),
        ("x + 1", Double("1.5"), "double_money"),
        ("-x", "5", "not_a_number"),
        ("x + 1", Decimal("NaN"), "not_a_number"),
        ("x < 1", "5", "not_a_number"),
        ("x < 1", True, "not_a_number"),
        ("x < 1", Double("5"), "double_money"),
        ("1 / x", 3, "inexact_division"),
        ("1 / x", 0, "division_by_zero"),
        ("1 // x", Decimal("0.0"), "division_by_zero"),
        ("1 % x", 0, "division_by_zero"),
        ("x * x", 10**60, "inexact"),
        ("x * x", Decimal("1e60"), "inexact"),
        ("x + 0.1", 10**100, "inexact"),
        ("x.a", "{}", "not_a_structure"),
        ("x.a", 5, "not_a_structure"),
        ("x[0]", "text", "not_a_structure"),
        ('x["a"]', [1], "not_a_structure"),
        ('"a" in x', "abc", "not_a_list"),
        ("1 in x", 5, "not_a_list"),
        ('x < "a"', date(2026, 1, 1), "not_comparable"),
        ('x > moment("2026-01-01T00:00:00Z")', datetime(2026, 1, 1), "no_zone"),  # noqa: DTZ001
        ("x < y", [1], "not_comparable"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name_and_never_shown(text: str, value: Value, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        evaluated(text, x=value, y=value)
    assert caught.value.code == code
    assert "x" in caught.value.reason
    assert not isinstance(value, str) or repr(value) not in caught.value.reason


def test_a_column_in_other_capitals_is_told() -> None:
    with pytest.raises(MappingError, match="no column Stake; it has STAKE"):
        evaluated("row.Stake + 1", row=Row({"STAKE": 1}, {}))


def test_a_missing_column_says_so() -> None:
    with pytest.raises(MappingError) as caught:
        evaluated("row.amuont + 1", row=Row({"amount": 1}, {}))
    assert caught.value.code == "missing_column"


def test_moments_and_dates_compare_with_their_like() -> None:
    moment = datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert evaluated('at < moment("2026-11-22T00:00:00Z")', at=moment) is True
    assert evaluated('date(at) == date("2026-11-21")', at=moment) is True


class TestValuesOfDifferentKinds:
    """They are never equal, so a condition that compares them says the same of every row."""

    @pytest.mark.parametrize(
        ("condition", "value", "kinds"),
        [
            ('x == "1"', 1, "a number with text"),
            ('x != "1"', Decimal("1.0"), "a number with text"),
            ("x == 1", "1", "text with a number"),
            ("x == 1", True, "true or false with a number"),
            ("x == true", 1, "a number with true or false"),
            ("x != true", "Y", "text with true or false"),
            ('x in ("1", "2")', 1, "a number with text"),
            ("x not in (1, 2)", "1", "text with a number"),
            ("x in (1, none)", "1", "text with a number"),
            ('x == "2026-11-21"', datetime(2026, 11, 21, tzinfo=UTC), "a moment with text"),
            ('x == "a0"', b"\xa0", "bytes with text"),
            ("y == x", "5", "a number with text"),
            ("within(list, (x,))", 5, "text with a number"),
            ("where(parts, kind=x) == none", 1, "text with a number"),
        ],
    )
    def test_to_compare_them_is_refused(self, condition: str, value: Any, kinds: str) -> None:
        columns = {"x": value, "y": 5, "list": ["a"], "parts": [{"kind": "a"}]}
        with pytest.raises(MappingError) as caught:
            evaluated(condition, **columns)
        assert caught.value.code == "not_comparable"
        assert f"compares {kinds}, which are never equal" in caught.value.reason

    @pytest.mark.parametrize(
        ("condition", "value", "result"),
        [
            ("x == 1", Decimal("1.00"), True),
            ("x == 1", None, False),
            ("x != true", None, True),
            ('x == "a"', [], False),
            ('x in ("a", "b")', {}, False),
            ("x in (1, true)", True, True),
            ('x in (1, "b")', "c", False),
            ('x in ("a", none)', None, True),
            ("x in ()", 1, False),
        ],
    )
    def test_numbers_null_and_what_a_payload_holds_are_compared(
        self, condition: str, value: Any, result: bool
    ) -> None:
        assert evaluated(condition, x=value) is result

    def test_constants_are_refused_at_load(self) -> None:
        with pytest.raises(ExpressionProblem, match="never equal"):
            compile_expression('1 == "1"', Columns())


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("amuont + 1", 1, 1, "unknown name amuont", "did you mean amount?"),
        ("1 +\n  amuont", 2, 3, "unknown name amuont", "did you mean amount?"),
        ("   amuont", 1, 4, "unknown name amuont", "did you mean amount?"),
        ('"é" == amuont', 1, 8, "unknown name amuont", "did you mean amount?"),
        ("unts(amount, 2)", 1, 1, "unknown function unts", "did you mean units?"),
        ("1 + units", 1, 5, "unknown name units", "units is a function: units(x, places)"),
        ("amount = 3", 1, 8, "this is no expression", "to compare, write =="),
        ('amount == 1 or "x"', 1, 1, "'x' stands alone", 'x in ("a", "b")'),
        ("amount == 1 and 2", 1, 1, "2 stands alone", 'x in ("a", "b")'),
        ('amount == ("x" or "y")', 1, 12, "'x' stands alone", 'x in ("a", "b")'),
        ("amount != 1 or amount != 2", 1, 1, "this is always true", "amount not in"),
        ('amount + "-x"', 1, 1, "a text cannot be added", 'text(a, "b")'),
        ('"R-" + amount', 1, 1, "a text cannot be added", 'text(a, "b")'),
        ('1 * (amount + "-" + amount)', 1, 6, "a text cannot be added", '{text: "{a}b"}'),
        ("amount == 1 and amount == 2", 1, 1, "this is never true", "amount in"),
        ('amount == ("a", "b")', 1, 1, "one value is compared with a list", "write x in"),
        ('amount != ["a", "b"]', 1, 1, "one value is compared with a list", "write x not in"),
        ("amount > 2026-11-22", 1, 10, "2026-11-22 is a subtraction here", 'date("2026-11-22")'),
        ("amount > 2026-01-02", 1, None, "this is no expression", "date("),
        ("amount == 01", 1, None, "this is no expression", "no 0 in front"),
        ("amount == “x”", 1, 11, "this is no expression", "quotes are straight"),
        ("amount\u00a0- 1", 1, 7, "this is no expression", "does not break"),
        ("{amount}:x", 1, None, "this is no expression", "a template is written"),
        ("CASE WHEN amount THEN 1 END", 1, 6, "this is no expression", "a if condition else b"),
        ("class == 1", 1, 1, "this is no expression", 'for the column say column("class")'),
        ("", 1, 1, "an expression is missing", ""),
        ("1 + [x for x in amount]", 1, 5, "this is not part of the language", "lists have functions"),
        ("amount.strip()", 1, 1, "only functions can be called", "write name(x)"),
        ("amount is none", 1, 1, "is and is not are not part of the language", "write =="),
        ("amount ** 2", 1, 1, "this operator is not part of the language", ""),
        ("~amount", 1, 1, "this operator is not part of the language", ""),
        ("f'{amount}'", 1, 1, "this is not part of the language", "template"),
        ("1j", 1, 1, "this is not part of the language", ""),
        ("b'x'", 1, 1, "this is not part of the language", ""),
        ("units(amount)", 1, 1, "units: missing a required argument: 'places'", "units(x, places)"),
        ("units(amount, 2, 3)", 1, 1, "units: too many positional arguments", "units(x, places)"),
        ("round(amount, 2)", 1, 1, "round: missing a required argument: 'mode'", "mode="),
        ('round(amount, 2, mode="up and away")', 1, 1, "round: mode is one of: half up", "round("),
        ("round(amount, 2, mode=amount)", 1, 1, "round: mode must be a constant", "round("),
        ("rates[amount, 1]", 1, 1, "rates is looked up by currency", "it takes one"),
        ("amount[1, 2]", 1, 1, "there is no table amount", ""),
        ('amount in "abc"', 1, 1, "`in` needs a list", "contains"),
        ("1 / 0", 1, 1, "1 / 0 divides by zero", ""),
        ('"a" + 1', 1, 1, '"a" + 1 is text, where a number is needed', ""),
        ("amount # a note", 1, 8, "an expression holds no comment", "comment of the YAML"),
        ("units(*amount)", 1, 1, "* and ** are not part of the language", ""),
        ("1e200", 1, 1, "the number has more than 100 digits", ""),
        ("9" * 101, 1, 1, "the number has more than 100 digits", ""),
        ("1 + " * 2000 + "1", 1, 1, "longer than 4000 characters", ""),
        ("+".join(["1"] * 700), 1, 1, "the expression is too large", "with"),
        ("not " * 60 + "amount", 1, 1, "the expression is too large", "with"),
        ("(" * 900 + "1" + ")" * 900, 1, None, "", ""),
    ],
)
def test_a_problem_has_its_place_and_a_hint(
    text: str, line: int, column: int | None, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionProblem) as caught:
        compile_expression(text, Columns("amount"))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.line == line
    assert column is None or caught.value.column == column


@pytest.mark.parametrize(
    "text", ["late.x", "late + 1", "a and late", "units(late, 2)", "text(a, late)", "late == 1"]
)
def test_waiting_goes_right_through_a_value(text: str) -> None:
    with pytest.raises(Waiting) as caught:
        evaluated(text, a=True)
    assert (caught.value.space, caught.value.key) == ("lookup users", "7")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("late and no", False),
        ("no and late", False),
        ("late or yes", True),
        ("yes or late", True),
        ("not (late and no)", True),
        ("(late or yes) and yes", True),
        ("late.x and late.y and no", False),
        ("(late and no) or yes", True),
        ("yes if late or yes else no", True),
    ],
)
def test_a_condition_is_decided_over_a_side_that_waits(text: str, result: object) -> None:
    assert compile_condition(text, Columns("yes", "no"))({"yes": True, "no": False}) is result


@pytest.mark.parametrize(
    "text", ["late", "late and yes", "late or no", "not late", "(late or yes) and late", "late == 1"]
)
def test_a_condition_waits_where_the_answer_hangs_on_it(text: str) -> None:
    with pytest.raises(Waiting):
        compile_condition(text, Columns("yes", "no"))({"yes": True, "no": False})


def test_a_value_never_takes_the_other_side_of_an_or_while_one_waits() -> None:
    with pytest.raises(Waiting):
        evaluated("late or 5")


def test_what_is_compiled_is_bounded_in_what_it_looks_at() -> None:
    assert evaluated('x in ("a", "b", "c")', x=["unhashable"]) is False
    assert evaluated("(x, 2) == (3, 2)", x=3) is True


class TestATextAsACondition:
    """A flag that is kept as text must not turn round: "N" is not empty, and so would count as true."""

    @pytest.mark.parametrize("text", ["N", "n", "no", "false", "False", "F", "0", "off"])
    @pytest.mark.parametrize(
        "condition",
        [
            "flag",
            "not flag",
            "a > 0 and flag",
            "(1 if flag else 2) == 1",
            "(not flag) == true",
            "(flag and a) == 1",
        ],
    )
    def test_one_that_says_no_is_refused(self, text: str, condition: str) -> None:
        with pytest.raises(MappingError) as caught:
            compile_condition(condition, Columns("flag", "a"))({"flag": text, "a": 1})
        assert caught.value.code == "text_as_condition"
        assert caught.value.reason.startswith("flag is a text that says no")

    @pytest.mark.parametrize("value", [b"\0", b"\0\0", "AA=="])
    def test_bits_that_are_all_0_are_refused(self, value: Any) -> None:
        with pytest.raises(MappingError) as caught:
            compile_condition("flag", Columns("flag"))({"flag": value})
        assert caught.value.code == "text_as_condition"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [("Y", True), ("g7", True), ("", False), (None, False), (0, False), (b"\1", True), (b"", False)],
    )
    def test_all_else_counts_as_it_did(self, value: Any, expected: bool) -> None:
        assert compile_condition("flag", Columns("flag"))({"flag": value}) is expected
