"""YAML as data with places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.yaml_source import MOST_VALUES, parse_yaml
from bridge.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("null", None),
        ("~", None),
        ("", None),
        ("none", "none"),
        ("7", 7),
        ("-7", -7),
        ("007", "007"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("0.10", Decimal("0.10")),
        ("-1.000000000000000001", Decimal("-1.000000000000000001")),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2026-11-21", "2026-11-21"),
        ("12:30:45", "12:30:45"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("=", "="),
        ("9" * 101, "9" * 101),
    ],
)
def test_scalars_are_what_they_look_like(written: str, value: Any) -> None:
    data = parse_yaml(f"x: {written}\n", "f").data
    assert data == {"x": value}
    assert type(data["x"]) is type(value)


def test_keys_are_typed_too() -> None:
    assert parse_yaml("{1: a, '1': b, 2.5: c, null: d, no: e}", "f").data == {
        1: "a",
        "1": "b",
        Decimal("2.5"): "c",
        None: "d",
        "no": "e",
    }


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "a stands here twice; first in line 1"),
        ("a: {b: 1, b: 2}", 1, 11, "b stands here twice"),
        ("1: a\ntrue: b", 2, 1, "stands here twice"),
        ("? [a]\n: 1", 1, 3, "a key is a text or a number"),
        ("a: &x {b: 1}\nc:\n  <<: *x", 3, 3, "<< is not part of this language"),
    ],
)
def test_a_problem_of_keys_is_noted_and_reading_goes_on(text: str, line: int, column: int, words: str) -> None:
    document = parse_yaml(text, "f.yaml")
    (problem,) = document.problems
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: b: c", 1, 5, "goes into quotes"),
        ("a: 1\n\tb: 2", 2, 1, "blanks, not with tabs"),
        ("a: *b", 1, 4, "text that begins with * goes into quotes"),
        ("a: &b [*b]", 1, 8, "undefined alias"),
        ("a: !!python/object:os.system x", 1, 4, "tags (!) are not allowed"),
        ("a: !!str 5", 1, 4, "tags (!) are not allowed"),
        ('a: "x" in y', 1, 8, ""),
        ("a: @x", 1, 4, "goes into quotes"),
        ("a: [1, 2", 1, 9, ""),
        ("a: 1\x00", 1, 5, "character that cannot be shown"),
        ("a: 1\n---\nb: 2", 1, 1, "more than one document"),
        ("", 1, 1, "holds nothing"),
        ("# only a comment", 1, 1, "holds nothing"),
        ('a: "\\UFFFFFFFF"', 0, 0, "no character"),
        ("a: " + "[" * 5000, 1, 44, "nests too deeply"),
        ("- " * 5000, 1, 83, "nests too deeply"),
        ("a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60)), 1, 10, "nests too deeply"),
        ("a: " + "[" * 60 + "]" * 60, 1, 44, "nests too deeply"),
        ("a" * 200_001, 0, 0, "longer than"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert words in str(problem)


def test_aliases_are_written_out_with_places_of_what_they_stand_for() -> None:
    document = parse_yaml("a: &x {b: [1]}\nc: *x\n", "f")
    assert document.data == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.places["c", "b", 0].line == 1
    assert document.places["c",].key_line == 2


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="says too much"):
        parse_yaml("\n".join(lines), "f")
    assert MOST_VALUES <= 100_000


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("x: abc + wrong", "wrong", (1, 10)),
        ("x:   abc + wrong", "wrong", (1, 12)),
        ("x: 'it''s' ", "s", (1, 9)),
        ('x: "a\\tb wrong"', "wrong", (1, 10)),
        ("x:\n  abc +\n  wrong", "wrong", (3, 3)),
        ("x: |\n  abc +\n    wrong\n", "wrong", (3, 5)),
        ("x: >-\n  abc +\n  wrong\n", "wrong", (3, 3)),
        ("- 1\n- x: [a, wrong]", "wrong", (2, 10)),
        ("x: {y: wrong}", "wrong", (1, 8)),
    ],
)
def test_a_character_inside_a_text_has_its_place(text: str, word: str, place: tuple[int, int]) -> None:
    document = parse_yaml(text, "f")
    texts = [found for found in document.places.values() if found.text is not None and word in found.text]
    assert [found.inside((found.text or "").index(word)) for found in texts] == [place]


plain = st.text("abcdefgh ()+-*/<=", min_size=1, max_size=30).map(str.strip).filter(lambda t: t[:1].isalpha())


@given(text=plain, offset=st.integers(0, 29), indent=st.integers(1, 5))
def test_the_column_inside_a_plain_text_is_exact(text: str, offset: int, indent: int) -> None:
    offset = min(offset, len(text) - 1)
    document = parse_yaml(f"k:\n{' ' * indent}x: {text}\n", "f")
    line, column = document.places["k", "x"].inside(offset)
    if not text[offset].isspace():
        assert (line, column) == (2, indent + 4 + offset)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_data_or_a_config_error(text: str) -> None:
    for yaml in (text, f"a: {text}", f"a: {{{text}}}"):
        try:
            parse_yaml(yaml, "f")
        except ConfigError as error:
            assert error.problems  # noqa: PT017
