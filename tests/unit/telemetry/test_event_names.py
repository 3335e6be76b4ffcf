"""Every event that goes through structlog has a name in snake_case, written out where it is logged."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import bridge

METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls(source: str) -> Iterator[ast.Call]:
    """Yield the calls of methods that log, in a module that gets its logger from structlog."""
    if "structlog.get_logger(" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            owner = ast.unparse(node.func.value).lower()
            if owner.rpartition(".")[2].strip("_") in {"log", "logger"}:
                yield node


def has_event_name(call: ast.Call) -> bool:
    """Say whether the one positional argument is a snake_case literal, or a choice of two."""
    return len(call.args) == 1 and is_event_name(call.args[0])


def is_event_name(argument: ast.expr) -> bool:
    if isinstance(argument, ast.IfExp):
        return is_event_name(argument.body) and is_event_name(argument.orelse)
    return isinstance(argument, ast.Constant) and bool(
        re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", str(argument.value))
    )


def test_event_names_are_snake_case_literals() -> None:
    wrong = []
    for path in sorted(Path(bridge.__file__).parent.rglob("*.py")):
        wrong += [f"{path}:{call.lineno}" for call in calls(path.read_text()) if not has_event_name(call)]
    assert wrong == []


def test_the_check_sees_a_sentence_and_a_formatted_name() -> None:
    lines = (
        "_log = structlog.get_logger()",
        "_log.info('Bridge started')",
        "_log.info(f'x_{y}')",
        "_log.info('it_ran')",
    )
    source = "\n".join(lines)
    assert [has_event_name(call) for call in calls(source)] == [False, False, True]
