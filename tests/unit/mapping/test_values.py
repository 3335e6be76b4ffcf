"""Value forms: templates, constants, case maps and maps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import MappingError
from bridge.mapping.compiling.values import compile_value
from bridge.mapping.language.readers import constant_of
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value
from tests.unit.mapping.columns import Columns

Problems = list[tuple[tuple[str | int, ...], str, str, int, int]]


def _value(form: Any, **columns: Value) -> Value:
    problems: Problems = []
    read = compile_value(form, Columns(*columns), lambda *problem: problems.append(problem))
    assert problems == []
    return read(columns)


def _problems(form: Any, *columns: str) -> Problems:
    problems: Problems = []
    compile_value(form, Columns(*columns), lambda *problem: problems.append(problem))
    return problems


@pytest.mark.parametrize(
    ("form", "result"),
    [
        ("id", 7),
        (5, 5),
        (True, True),
        (None, None),
        ({"text": "{id}:win:{n - 1}"}, "7:win:2"),
        ({"text": "tf"}, "tf"),
        ({"text": ""}, ""),
        ({"text": 5}, "5"),
        ({"text": "{{{id}}}"}, "{7}"),
        ({"text": "{'}' if id else '{'}x"}, "}x"),
        ({"text": "{amount}"}, "1.50"),
        ({"text": "a{nothing}b"}, None),
        ({"const": "x + y"}, "x + y"),
        ({"const": Decimal("1.0")}, Decimal("1.0")),
        (
            {"device": "kind", "none": "nothing", "deep": {"a": "id", "b": "nothing"}},
            {"device": "slot", "deep": {"a": 7}},
        ),
        ({"none": "nothing"}, None),
        ({}, None),
    ],
)
def test_a_form_gives_its_value(form: Any, result: Value) -> None:
    assert _value(form, id=7, n=3, kind="slot", amount=Decimal("1.50"), nothing=None) == result


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("slot", "Slots"),
        (1, "Live Casino"),
        (Decimal("1.0"), "Live Casino"),
        (True, "yes"),
        ("1", "other"),
        (False, "other"),
        (None, "nothing"),
        (["a"], "other"),
        (Decimal("2.5"), 5),
        ("made", "made up"),
    ],
)
def test_a_case_map_takes_numbers_by_value_and_keeps_kinds_apart(value: Value, result: Value) -> None:
    form = {"from": "kind", "slot": "Slots", 1: "Live Casino", None: "nothing", Decimal("2.5"): 5}
    form |= {"made": {"text": "{kind} up"}, "else": {"text": "other"}}
    bools = {"from": "kind", True: "yes", "else": {"text": "other"}}
    assert _value(bools if isinstance(value, bool) else form, kind=value) == result


@pytest.mark.parametrize(("case", "value"), [(1, True), (True, 1), (1, "1"), ("1", 1)])
def test_else_is_not_for_a_value_that_could_be_none_of_the_cases(case: Value, value: Value) -> None:
    with pytest.raises(MappingError) as caught:
        _value({"from": "kind", case: "one", "else": {"text": "other"}}, kind=value)
    assert (caught.value.code, caught.value.reason.split()[0]) == ("not_comparable", "kind")


def test_a_case_map_without_else_parks_what_it_does_not_know() -> None:
    with pytest.raises(MappingError) as caught:
        _value({"from": "kind", "slot": "Slots"}, kind="secret")
    assert caught.value.code == "no_case"
    assert "kind" in caught.value.reason
    assert "secret" not in caught.value.reason


def test_else_is_an_expression() -> None:
    assert _value({"from": "kind", "slot": "Slots", "else": "kind"}, kind="dice") == "dice"


def test_a_form_without_names_is_constant() -> None:
    for form in ({"text": "tf"}, {"const": 1}, {"a": {"const": 1}}, "1 + 1"):
        assert constant_of(compile_value(form, Columns(), lambda *_: None)) == _value(form)


def test_waiting_goes_through_a_template_and_a_case_map() -> None:
    for form in ({"text": "{late}:1"}, {"from": "late", "a": "b", "else": "1"}, {"a": "late"}):
        with pytest.raises(Waiting):
            _value(form)


def test_a_template_refuses_what_has_no_text() -> None:
    with pytest.raises(MappingError) as caught:
        _value({"text": "{items}:1"}, items=[1])
    assert caught.value.code == "not_text"
    assert "items" in caught.value.reason


@pytest.mark.parametrize(
    ("form", "path", "words", "column"),
    [
        ("idd", (), "unknown name idd", 1),
        ({"text": "{id}:{idd}"}, ("text",), "unknown name idd", 7),
        ({"text": "{id"}, ("text",), "{ has no }", 1),
        ({"text": "id}"}, ("text",), "} stands alone", 3),
        ({"text": "{}"}, ("text",), "an expression is missing", 2),
        ({"text": ["a"]}, ("text",), "a constant is", 1),
        ({"const": {}}, ("const",), "a constant is", 1),
        ({"from": "idd", "a": "b"}, ("from",), "unknown name idd", 1),
        ({"from": "id"}, (), "without cases", 1),
        ({"from": "id", "a": ["b"]}, ("a",), "a constant is", 1),
        ({"from": "id", "a": "b", "else": "idd"}, ("else",), "unknown name idd", 1),
        ({"meta": {"a": "idd + 1"}}, ("meta", "a"), "unknown name idd", 1),
        ({1: "id"}, (1,), "the keys of a map are texts", 1),
        (["id"], (), "a list is no value", 1),
    ],
)
def test_a_problem_has_its_path_and_column(form: Any, path: tuple[str, ...], words: str, column: int) -> None:
    ((where, message, _, line, at),) = _problems(form, "id")
    assert where == path
    assert words in message
    assert (line, at) == (1, column)


def test_every_problem_of_a_form_is_reported() -> None:
    assert len(_problems({"a": "x", "b": {"from": "y", "c": [], "else": "z"}, "d": "id"}, "id")) == 4


forms = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=12), st.sampled_from(["id", "{id}", "id + 1"])
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(["text", "const", "from", "else"]), st.text(max_size=3)), below),
    ),
    max_leaves=8,
)


@given(form=forms)
def test_any_form_gives_a_reader_or_problems(form: Any) -> None:
    problems: Problems = []
    read = compile_value(form, Columns("id"), lambda *problem: problems.append(problem))
    if not problems:
        try:
            read({"id": 5})
        except MappingError as error:
            assert error.code  # noqa: PT017


def test_constants_are_checked_as_what_the_whole_form_gives() -> None:
    seen: list[Value] = []
    form = {
        "from": "id",
        1: "A",
        2: {"x": 5},
        "else": {"from": "id", 3: {"y": {"from": "id", 4: "inner"}}, 5: "B"},
    }
    compile_value(form, Columns("id"), lambda *_: None, seen.append)
    assert seen == ["A", {"x": 5}, "B"]
