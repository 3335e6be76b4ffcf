"""Python functions beside a connector: typed, bounded in steps, and failing as a named poison."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from bridge.errors import ConfigError, MappingError
from bridge.mapping.language.functions import call_of, load_functions
from bridge.mapping.language.readers import Misuse
from bridge.row import Value


def _load(folder: Path, text: str, most_steps: int = 10_000) -> Mapping[str, Callable[..., Value]]:
    path = folder / "brand.py"
    path.write_text(dedent(text))
    return load_functions(path, most_steps)


def test_functions_of_the_file_are_found_and_give_values(tmp_path: Path) -> None:
    functions = _load(
        tmp_path,
        """
        from dataclasses import dataclass
        from decimal import Decimal
        from functools import reduce

        @dataclass
        class Pair:
            a: int

        def doubled(x: Decimal, *, times: int = 2) -> Decimal:
            return _twice(x) if times == 2 else x * times

        def _twice(x: Decimal) -> Decimal:
            return x + x
        """,
    )
    assert set(functions) == {"doubled"}
    assert functions["doubled"](Decimal("1.5")) == 3
    assert functions["doubled"](Decimal(2), times=3) == 6
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError(x)", "ValueError in line 3 of brand.py"),
        ("return x.nothing", "AttributeError in line 3"),
        ("return _below(x)", "ZeroDivisionError in line 5"),
        ("return 0.5", "returns a float"),
        ("return {'a': [0.5]}", "returns a float"),
        ("return object()", "returns a object"),
        ("\n  while True: pass", "more than 10000 steps"),
        ("\n  while True:\n   try: x = x\n   except Exception: pass", "more than 10000 steps"),
        ("return f(x)", "RecursionError"),
    ],
)
def test_a_failing_or_endless_function_is_a_named_poison(tmp_path: Path, body: str, words: str) -> None:
    text = f"\ndef f(x: str) -> str:\n  {body.strip()}\ndef _below(x: str) -> str:\n  return 1 / 0\n"
    functions = _load(tmp_path, text)
    before = sys.gettrace()
    with pytest.raises(MappingError) as caught:
        functions["f"]("a secret")
    assert caught.value.code == "function_failed"
    assert words in caught.value.reason
    assert "a secret" not in caught.value.reason
    assert sys.gettrace() is before


def test_a_call_is_checked_when_it_is_compiled(tmp_path: Path) -> None:
    functions = _load(tmp_path, "def f(x: int, *, by: int = 2) -> int:\n  return x * by\n")
    make = call_of("f", functions["f"])
    assert make([lambda scope: scope + 1], {"by": lambda scope: scope})(3) == 12
    with pytest.raises(Misuse, match="f: missing a required argument: 'x'") as caught:
        make([], {})
    assert "by: 'int' = 2" in caught.value.hint or "by: int = 2" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def f(x) -> int: return 1", 1, "no type is given for x"),
        ("\ndef f(x: int): return 1", 2, "no type is given for what it returns"),
        ("def units(x: int) -> int: return 1", 1, "the library has this name"),
        ("def f(:", 1, "this is no Python"),
        ("import nothing_like_this", 1, "ModuleNotFoundError"),
        ("x = 1\ny = x / 0", 2, "ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    (problem,) = caught.value.problems
    assert (problem.line, words in problem.message) == (line, True)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_functions(tmp_path / "missing.py")
