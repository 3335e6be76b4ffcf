"""Values of a column that rules name and that none of their rows can have: warnings, which stop nothing.

A misspelt `status == "DONE"` is no mistake of the language.  It is seen where another rule tells more of the
column: its `moves`, the `skip` that comes first, or a reversal that is asked before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.brand import Brand
from bridge.checks.trees import tree_of
from bridge.config.wallet import PlayTable
from bridge.errors import Problem
from bridge.mapping.compiling.checks import nodes_of, reversals_of
from bridge.mapping.compiling.reporting import Path
from bridge.mapping.compiling.watching import columns_of, listed
from bridge.mapping.language.syntax import did_you_mean

_ONE_OF = (ast.Eq, ast.In)
_NONE_OF = (ast.NotEq, ast.NotIn)


@dataclass(frozen=True, slots=True)
class Labels:
    """What a condition says of one column: that it is one of some values, or none of them."""

    column: str
    values: frozenset[Any]
    inside: bool

    def within(self, other: Labels) -> bool:
        """Return whether every value that this allows is one that the other allows."""
        if self.column != other.column:
            return False
        if self.inside:
            return self.values <= other.values if other.inside else not self.values & other.values
        return not other.inside and other.values <= self.values


def labels_of_moves(brand: Brand) -> Iterator[Problem]:
    """Yield comparisons of a column with a value that it never has: by its `moves`, another one is parked."""
    for name, table in brand.connector.play.items():
        known = {column: _named(moves) for column, moves in table.moves.items() if column not in table.with_}
        for path, condition in _asked_after_moves(table) if known else ():
            for said in _compared(condition):
                strange = sorted(set(map(str, said.values)) - known.get(said.column, set(map(str, said.values))))
                if strange:
                    message = f"{said.column} is never {strange[0]}: `moves` names no such value"
                    near = did_you_mean(strange[0], known[said.column])
                    hint = near or "write it under `moves` too, if the wallet has it"
                    yield brand.file.problem(("play", name, *path), message, hint)


def never_reached(brand: Brand) -> Iterator[Problem]:
    """Yield activities and reversals that no row comes to: `skip`, or another reversal, takes all of them."""
    for name, table in brand.connector.play.items():
        skips = [(f"skip `{reason}`", said) for reason, text in table.skip.items() for said in _enough(str(text))]
        changing = set(table.moves) | set(listed(table.watch)) | _columns_that_decide(table)
        if table.rows == "mutable":
            # Skip is not asked while something of the row stands.
            skips = [(by, said) for by, said in skips if said.column not in changing]
        rules: list[tuple[Path, Any]] = [
            (("activities", each, "when"), activity.when) for each, activity in table.activities.items()
        ]
        before = list(skips)
        for path, reversal in reversals_of(table):
            yield from _taken_before(brand, (name, *path, "when"), reversal.when, before)
            place = f"the reversal `when: {reversal.when}`"
            before += [(place, said) for said in _enough(str(reversal.when))]
        for path, when in rules:  # A row that changes may be a reversal later.
            yield from _taken_before(brand, (name, *path), when, skips if table.rows == "mutable" else before)


def _taken_before(brand: Brand, path: Path, when: Any, before: Sequence[tuple[str, Labels]]) -> Iterator[Problem]:
    """Yield the rule, if what it needs of a column is all taken by one that is asked before."""
    for said in needed(str(when)):
        for by, taken in before:
            if said.within(taken):
                message = f"no row comes here: {by} is asked first, and takes all of them"
                yield brand.file.problem(
                    ("play", *path),
                    message,
                    f"both speak of the same {said.column}: leave it out of one of them",
                )
                return


def _asked_after_moves(table: PlayTable) -> Iterator[tuple[Path, Any]]:
    """Yield what is asked of a row whose moves were looked at, and where it is written, under `with` too."""
    said = list(_written_after_moves(table))
    yield from said
    reached = _names_in((form for _, form in said), table) - _names_in(_asked_before_moves(table), table)
    yield from ((("with", name), table.with_[name]) for name in sorted(reached))


def _asked_before_moves(table: PlayTable) -> Iterator[Any]:
    """Yield what is asked also of a row that has a value which its moves do not name."""
    yield from (table.key, table.player, table.as_of, *table.skip.values(), *table.indexes.values())
    yield from (activity.when for activity in table.activities.values())
    yield from (reversal.when for _, reversal in reversals_of(table))


def _names_in(forms: Iterable[Any], table: PlayTable) -> set[str]:
    """Return the names under `with` that expressions ask for, also by way of other names."""
    names = {node.id for node in nodes_of(forms, table) if isinstance(node, ast.Name)}
    return names & table.with_.keys()


def _written_after_moves(table: PlayTable) -> Iterator[tuple[Path, Any]]:
    yield ("stands",), table.stands
    yield ("deleted",), table.deleted
    yield from ((("park", reason), text) for reason, text in table.park.items())
    yield from ((("event", field), form) for field, form in table.event.items())
    for each, activity in table.activities.items():
        yield ("activities", each, "stands"), activity.stands
        yield from ((("activities", each, "event", field), form) for field, form in activity.event.items())
        if activity.grows is not None:
            yield ("activities", each, "grows", "while"), activity.grows.while_
    for path, reversal in reversals_of(table):
        yield from (((*path, "park", reason), text) for reason, text in reversal.park.items())


def _columns_that_decide(table: PlayTable) -> set[str]:
    forms = [table.stands, *(activity.stands for activity in table.activities.values())]
    return {column for form in forms if form is not None for column in columns_of(form, table)}


def _enough(text: str) -> list[Labels]:
    """Return what is enough for a condition to hold: each of the sides of an `or` is."""
    tree = tree_of(text)
    sides = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or) else [tree]
    return [said for side in sides if (said := _labels(side)) is not None]


def needed(text: str) -> list[Labels]:
    """Return what must be so for a condition to hold: all sides of an `and` must."""
    tree = tree_of(text)
    sides = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return [said for side in sides if (said := _labels(side)) is not None]


def _compared(form: Any) -> Iterator[Labels]:
    """Yield every comparison of a column with values that stands in an expression."""
    tree = tree_of(form)
    for node in ast.walk(tree) if tree is not None else ():
        if (said := _labels(node)) is not None:
            yield said


def _labels(node: ast.AST | None) -> Labels | None:
    """Return what a comparison with constants says; None for anything else."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or isinstance(node.left, ast.Constant):
        return None
    operation, right = node.ops[0], node.comparators[0]
    if not isinstance(operation, _ONE_OF + _NONE_OF):
        return None
    items = right.elts if isinstance(right, (ast.Tuple, ast.List)) else [right]
    if isinstance(operation, (ast.In, ast.NotIn)) != isinstance(right, (ast.Tuple, ast.List)):
        return None
    values = [item.value for item in items if isinstance(item, ast.Constant)]
    if len(values) != len(items) or not values:
        return None
    return Labels(ast.unparse(node.left), frozenset(values), isinstance(operation, _ONE_OF))


def _named(moves: Mapping[str, list[Any]]) -> set[str]:
    """Return every value that the moves of a column name."""
    return {str(value) for to in moves.values() for value in to} | set(moves)
