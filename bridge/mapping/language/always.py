"""Conditions that say the same of every row, and sums that are meant as a day or a text: refused at load."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final

Misreading = tuple[str, str]
"""A message and a hint."""

_DAY: Final = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})\s*$")


def misread(node: ast.AST, text: str) -> Misreading | None:
    """Return what is wrong with a node that can be compiled and does not mean what its writer thinks."""
    if isinstance(node, ast.BoolOp):
        return _of_constant(node.values) or _of_opposites(node)
    if isinstance(node, ast.Compare):
        return _of_list(node)
    if isinstance(node, ast.BinOp):
        return _of_day(node, text) or _of_text(node)
    return None


def _of_constant(sides: Sequence[ast.expr]) -> Misreading | None:
    """Return what is wrong with `kind == "bet" or "freebet"`."""
    answers = any(_is_answer(side) for side in sides)
    for at, side in enumerate(sides):
        if not isinstance(side, ast.Constant) or isinstance(side.value, bool) or not side.value:
            continue
        if answers or (isinstance(side.value, str) and at < len(sides) - 1):
            said = ast.unparse(side)
            return f"{said} stands alone here and counts as true", 'to compare with several: x in ("a", "b")'
    return None


def _is_answer(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _of_opposites(node: ast.BoolOp) -> Misreading | None:
    """Return what is wrong with `kind != "bet" or kind != "win"`, and with `==` joined by `and`."""
    either = isinstance(node.op, ast.Or)
    seen: dict[str, object] = {}
    for side in node.values:
        if not isinstance(side, ast.Compare) or len(side.ops) != 1:
            continue
        right = side.comparators[0]
        if not isinstance(side.ops[0], ast.NotEq if either else ast.Eq) or not isinstance(right, ast.Constant):
            continue
        if seen.setdefault(ast.dump(side.left), right.value) != right.value:
            left = ast.unparse(side.left)
            if either:
                return "this is always true", f'for none of several: {left} not in ("a", "b")'
            return "this is never true", f'for one of several: {left} in ("a", "b")'
    return None


def _of_list(node: ast.Compare) -> Misreading | None:
    """Return what is wrong with `kind == ("bet", "win")`."""
    sides = [node.left, *node.comparators]
    for at, operation in enumerate(node.ops):
        lists = [isinstance(side, (ast.Tuple, ast.List)) for side in sides[at : at + 2]]
        if isinstance(operation, (ast.Eq, ast.NotEq)) and any(lists) and not all(lists):
            instead = "in" if isinstance(operation, ast.Eq) else "not in"
            return "one value is compared with a list", f'write x {instead} ("a", "b")'
    return None


def _of_day(node: ast.BinOp, text: str) -> Misreading | None:
    """Return what is wrong with 2026-11-22 without quotes: it is 1993."""
    found = _DAY.fullmatch(text)
    if found is None or not isinstance(node.op, ast.Sub):
        return None
    day = found.group(1)
    return f"{day} is a subtraction here", f'write date("{day}"), or moment("{day}T00:00:00Z")'


def _of_text(node: ast.BinOp) -> Misreading | None:
    """Return what is wrong with `reference + "-x"`: only numbers are added."""
    sides = (node.left, node.right)
    texts = [isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides]
    if not isinstance(node.op, ast.Add) or not any(texts) or all(isinstance(side, ast.Constant) for side in sides):
        return None
    return "a text cannot be added", 'to join texts, write text(a, "b"), or a template {text: "{a}b"}'
